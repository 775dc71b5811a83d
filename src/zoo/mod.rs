//! The EfficientSED family of networks: recognised in the tensors of a checkpoint and written as ONNX graphs.

pub mod complexity;
