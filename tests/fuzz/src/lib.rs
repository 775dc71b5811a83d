//! The modules that are fuzzed, compiled by themselves: the whole library, with its runtimes and decoders instrumented, takes half an
//! hour to build, and these three a minute.

#[path = "../../../src/checkpoint/mod.rs"]
pub mod checkpoint;
#[path = "../../../src/onnx/mod.rs"]
pub mod onnx;
#[path = "../../../src/zoo/mod.rs"]
pub mod zoo;
