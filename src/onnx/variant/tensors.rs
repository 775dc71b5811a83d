//! Constants of a graph as numbers, and numbers as constants.

use crate::onnx::proto::{ElementKind, Tensor};
use half::f16;

/// The numbers of a constant of 32-bit floats, row-major; none of any other, or if they are not as many as its sizes say.
pub(super) fn floats_of(tensor: &Tensor) -> Option<Vec<f32>> {
    if tensor.data_type != ElementKind::Float as i32 {
        return None;
    }
    let count = element_count(tensor)?;
    let numbers = if tensor.raw_data.is_empty() {
        tensor.float_data.clone()
    } else {
        tensor.raw_data.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    };
    (numbers.len() == count).then_some(numbers)
}

fn element_count(tensor: &Tensor) -> Option<usize> {
    tensor.dims.iter().try_fold(1_usize, |count, &size| count.checked_mul(usize::try_from(size).ok()?))
}

/// A constant of 32-bit floats.
pub(super) fn float_tensor(name: &str, dims: &[i64], numbers: &[f32]) -> Tensor {
    tensor(name, dims, ElementKind::Float, numbers.iter().flat_map(|number| number.to_le_bytes()).collect())
}

/// A constant of 16-bit floats: each number the nearest there is, of two that are as near the one that is even.
pub(super) fn half_tensor(name: &str, dims: &[i64], numbers: &[f32]) -> Tensor {
    let bytes = numbers.iter().flat_map(|&number| f16::from_f32_const(number).to_bits().to_le_bytes()).collect();
    tensor(name, dims, ElementKind::Float16, bytes)
}

/// A constant of 8-bit integers with a sign.
pub(super) fn int8_tensor(name: &str, dims: &[i64], numbers: &[i8]) -> Tensor {
    tensor(name, dims, ElementKind::Int8, numbers.iter().map(|number| number.to_le_bytes()[0]).collect())
}

/// A constant of 8-bit integers without a sign.
pub(super) fn uint8_tensor(name: &str, dims: &[i64], numbers: &[u8]) -> Tensor {
    tensor(name, dims, ElementKind::Uint8, numbers.to_vec())
}

/// A constant of 32-bit integers.
pub(super) fn int32_tensor(name: &str, dims: &[i64], numbers: &[i32]) -> Tensor {
    tensor(name, dims, ElementKind::Int32, numbers.iter().flat_map(|number| number.to_le_bytes()).collect())
}

fn tensor(name: &str, dims: &[i64], kind: ElementKind, raw_data: Vec<u8>) -> Tensor {
    Tensor { name: name.to_owned(), dims: dims.to_vec(), data_type: kind as i32, raw_data, ..Tensor::default() }
}
