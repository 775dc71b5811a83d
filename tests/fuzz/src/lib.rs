//! The modules that are fuzzed, compiled by themselves: the whole library, with its runtimes instrumented, takes half an hour to build, and
//! these some minutes.

#[path = "../../../src/audio/mod.rs"]
pub mod audio;
#[path = "../../../src/checkpoint/mod.rs"]
pub mod checkpoint;
#[path = "../../../src/onnx/mod.rs"]
pub mod onnx;
#[path = "../../../src/zoo/mod.rs"]
pub mod zoo;

// The module has a folder beside its file, which is only found without a path of its own.
#[path = "../../../src"]
mod beside {
    pub mod time;
}
pub use beside::time;
