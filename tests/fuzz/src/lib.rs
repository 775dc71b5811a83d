//! The modules that are fuzzed, compiled by themselves: the whole library, with its runtimes instrumented, takes half an hour to build, and
//! these some minutes.

#[path = "../../../src/annotation/mod.rs"]
pub mod annotation;
#[path = "../../../src/audio/mod.rs"]
pub mod audio;
#[path = "../../../src/checkpoint/mod.rs"]
pub mod checkpoint;
#[path = "../../../src/decision/mod.rs"]
pub mod decision;
#[path = "../../../src/format/mod.rs"]
pub mod format;
pub mod labels;
#[path = "../../../src/metric/mod.rs"]
pub mod metric;
#[path = "../../../src/onnx/mod.rs"]
pub mod onnx;
#[path = "../../../src/zoo/mod.rs"]
pub mod zoo;

// Of the project, what writes files is enough.
#[path = "../../../src/project"]
pub mod project {
    mod atomic;
    pub use atomic::*;
}

// The module has a folder beside its file, which is only found without a path of its own.
#[path = "../../../src"]
mod beside {
    pub mod time;
}
pub use beside::time;
