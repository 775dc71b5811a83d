//! ONNX graphs as values: reading, writing, and what can be counted in them. Pure: no files, no runtime.
//!
//! [`proto`] is the file format, [`GraphBuilder`] writes a graph node by node.

pub mod builder;
pub mod proto;

pub use builder::{GraphBuilder, Size, Value};
