//! Files of trained weights: PyTorch's zip archives and safetensors, read as named tensors and as nothing else.

use std::collections::BTreeMap;

/// A tensor of a checkpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// The size of each dimension; empty for a single number.
    pub shape: Vec<usize>,
    /// The values, row-major.
    pub values: Vec<f32>,
}

/// The tensors of a checkpoint, by name.
pub type Tensors = BTreeMap<String, Tensor>;
