//! ONNX graphs as values: reading, writing, and what can be counted in them. Pure: no files, no runtime.
//!
//! [`proto`] is the file format, [`GraphBuilder`] writes a graph node by node, [`shapes`] tells the sizes of its values and [`cost`] what it
//! multiplies. [`variant`] rewrites a network for smaller numbers.

pub mod builder;
pub mod cost;
pub mod outline;
pub mod proto;
pub mod shapes;
pub mod substitutes;
pub mod variant;

pub use builder::{GraphBuilder, Size, Value};
