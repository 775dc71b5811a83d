//! Checkpoints in the safetensors format: a header in JSON, then the numbers.

use super::error::quoted;
use super::number::{Budget, Number, count_of, room_for};
use super::{CheckpointError, Tensor, Tensors};
use safetensors::{Dtype, SafeTensors};
use std::path::Path;

/// Whether a file that begins with `start` may be one: a length, then JSON.
pub(super) fn is_one(start: &[u8]) -> bool {
    start.get(8) == Some(&b'{')
}

/// Reads all tensors.
///
/// # Errors
///
/// If the header contradicts itself or the file, or a tensor has a type that is not read.
pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<Tensors, CheckpointError> {
    let file = SafeTensors::deserialize(bytes)
        .map_err(|reason| CheckpointError::SafeTensors { path: path.to_owned(), reason: reason.to_string() })?;
    let invalid = |reason: String| CheckpointError::SafeTensors { path: path.to_owned(), reason };
    let mut budget = Budget::for_file(bytes.len() as u64);
    let mut tensors = Tensors::new();
    for (name, view) in file.iter() {
        if count_of(view.shape()).is_none() {
            return Err(invalid(format!("tensor {} has an impossible shape {:?}", quoted(name), view.shape())));
        }
        let number = number_of(view.dtype()).ok_or_else(|| bad_type(path, name, view.dtype()))?;
        let count = view.data().len() / number.size();
        budget.take(path, count, size_of::<f32>(), &format!("tensor {}", quoted(name)))?;
        let mut values = room_for(path, name, count)?;
        number.append(view.data(), 0..count, &mut values);
        tensors.insert(name.to_owned(), Tensor { shape: view.shape().to_vec(), values });
    }
    if tensors.is_empty() {
        return Err(invalid("found no tensors, expected at least one".to_owned()));
    }
    Ok(tensors)
}

fn number_of(kind: Dtype) -> Option<Number> {
    Some(match kind {
        Dtype::F64 => Number::F64,
        Dtype::F32 => Number::F32,
        Dtype::F16 => Number::F16,
        Dtype::BF16 => Number::BF16,
        Dtype::I64 => Number::I64,
        Dtype::I32 => Number::I32,
        Dtype::I16 => Number::I16,
        Dtype::I8 => Number::I8,
        Dtype::U64 => Number::U64,
        Dtype::U32 => Number::U32,
        Dtype::U16 => Number::U16,
        Dtype::U8 => Number::U8,
        Dtype::BOOL => Number::Bool,
        _ => return None,
    })
}

fn bad_type(path: &Path, name: &str, kind: Dtype) -> CheckpointError {
    let quoted = quoted(name);
    CheckpointError::Tensor {
        path: path.to_owned(),
        tensor: quoted.trim_matches('"').to_owned(),
        found: format!("numbers of type {kind:?}"),
        expected: "floating-point numbers of 16, 32 or 64 bits, integers or truth values".to_owned(),
        advice: "save the weights again as float32".to_owned(),
    }
}
