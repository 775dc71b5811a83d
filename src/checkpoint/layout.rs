//! How a tensor lies in its storage: read from the call that would build it, held against the storage, and followed.

use super::error::Mismatch;
use super::number::Number;
use super::pickle::{Object, Pickle, Value};
use std::rc::Rc;

/// Calls around calls: a parameter around a tensor.
const MOST_WRAPPERS: usize = 8;

/// Few tensors have more than six. A bound, since a pickle can show the same long tuple again and again.
const MOST_DIMENSIONS: usize = 32;

/// Keys are numbers in decimal.
const MOST_KEY_BYTES: usize = 255;

/// Numbers kept in a member of the archive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Storage {
    /// The member's name below `data/`.
    pub key: Rc<str>,
    pub number: Number,
    /// How many numbers the pickle says there are.
    pub count: usize,
}

/// A tensor as a checkpoint describes it. All its numbers lie within `storage.count`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layout {
    pub storage: Storage,
    /// Position of the first number in the storage.
    offset: usize,
    pub shape: Vec<usize>,
    /// Steps in numbers, one a dimension; 0 where the dimension has only one member.
    strides: Vec<usize>,
    /// The product of `shape`.
    pub count: usize,
}

impl Layout {
    /// The tensor that `value` stands for.
    ///
    /// # Errors
    ///
    /// If it is none, or none that can be read, or one that reaches beyond its storage.
    pub fn of(pickle: &Pickle, value: &Value) -> Result<Self, Mismatch> {
        let mut value = value;
        for _ in 0..MOST_WRAPPERS {
            let (maker, arguments) = called(pickle, value)?;
            match (maker, arguments) {
                ("_rebuild_parameter" | "_rebuild_parameter_with_state", [tensor, ..]) => value = tensor,
                ("_rebuild_tensor" | "_rebuild_tensor_v2", [storage, offset, shape, strides, ..]) => {
                    return Self::new(
                        storage_of(pickle, storage)?,
                        size(pickle, offset, "an offset")?,
                        sizes(pickle, shape, "a shape")?,
                        &sizes(pickle, strides, "strides")?,
                    );
                }
                _ => return Err(Mismatch::new(pickle.describe(value), "a dense tensor or parameter of PyTorch")),
            }
        }
        Err(Mismatch::new("parameters around parameters", "a tensor"))
    }

    fn new(storage: Storage, offset: usize, shape: Vec<usize>, strides: &[usize]) -> Result<Self, Mismatch> {
        if shape.len() != strides.len() {
            let found = format!("{} strides", strides.len());
            return Err(Mismatch::new(found, format!("one for each of {} dimensions", shape.len())));
        }
        let beyond = || {
            let found = format!("shape {shape:?} with strides {strides:?} from position {offset}");
            Mismatch::new(found, format!("a tensor within its storage of {} numbers", storage.count))
        };
        let count = super::number::count_of(&shape).ok_or_else(beyond)?;
        let reach = |end: usize, (size, stride): (&usize, &usize)| {
            size.checked_sub(1)?.checked_mul(*stride).and_then(|steps| end.checked_add(steps))
        };
        let last = shape.iter().zip(strides).try_fold(offset, reach);
        if count > 0 && last.is_none_or(|last| last >= storage.count) {
            return Err(beyond());
        }
        let strides = shape.iter().zip(strides).map(|(size, stride)| if *size > 1 { *stride } else { 0 }).collect();
        Ok(Self { storage, offset, shape, strides, count })
    }

    /// Appends the tensor's numbers, row-major, to `values`; `bytes` are the storage's, little-endian.
    pub fn append(&self, bytes: &[u8], values: &mut Vec<f32>) {
        let number = self.storage.number;
        if self.is_row_major() {
            number.append(bytes, self.offset..self.offset.saturating_add(self.count), values);
        } else {
            let positions = Positions { layout: self, index: vec![0; self.shape.len()], next: self.offset };
            number.append(bytes, positions.take(self.count), values);
        }
    }

    fn is_row_major(&self) -> bool {
        let mut step = 1_usize;
        for (size, stride) in self.shape.iter().zip(&self.strides).rev() {
            if *size > 1 && *stride != step {
                return false;
            }
            step = step.saturating_mul(*size);
        }
        true
    }
}

/// The positions of a tensor's numbers, row-major, starting again after the last.
struct Positions<'a> {
    layout: &'a Layout,
    index: Vec<usize>,
    next: usize,
}

impl Iterator for Positions<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let position = self.next;
        let dimensions = self.index.iter_mut().zip(&self.layout.shape).zip(&self.layout.strides);
        for ((index, size), stride) in dimensions.rev() {
            *index += 1;
            if *index < *size {
                self.next += stride;
                break;
            }
            *index = 0;
            self.next -= stride * (size - 1);
        }
        Some(position)
    }
}

/// Name and arguments of the function of `torch._utils` that would build `value`.
fn called<'a>(pickle: &'a Pickle, value: &Value) -> Result<(&'a str, &'a [Value]), Mismatch> {
    let no_tensor = || Mismatch::new(pickle.describe(value), "a tensor");
    let Some(Object::Call { callee, arguments }) = pickle.object(value) else { return Err(no_tensor()) };
    match (pickle.global(callee), pickle.tuple(arguments)) {
        (Some(("torch._utils", name)), Some(arguments)) => Ok((name, arguments)),
        _ => Err(no_tensor()),
    }
}

/// The storage that a persistent identifier names: `("storage", class, key, device, count)`. The device does not matter here.
fn storage_of(pickle: &Pickle, value: &Value) -> Result<Storage, Mismatch> {
    let Some(Object::Persistent(id)) = pickle.object(value) else {
        return Err(Mismatch::new(pickle.describe(value), "a storage"));
    };
    let expected = "a storage's kind, class, key, device and size";
    let Some([Value::Text(kind), class, key, _device, count, ..]) = pickle.tuple(id) else {
        return Err(Mismatch::new(format!("a storage named by {}", pickle.describe(id)), expected));
    };
    if **kind != *"storage" {
        return Err(Mismatch::new(super::error::quoted(kind), "\"storage\""));
    }
    let number = match pickle.global(class) {
        Some((module, name)) if module.starts_with("torch") => Number::of_storage_class(name),
        _ => None,
    };
    let number = number.ok_or_else(|| {
        let found = format!("numbers of the kind of {}", pickle.describe(class));
        Mismatch::new(found, "floating-point numbers of 16, 32 or 64 bits, integers or truth values")
    })?;
    let Value::Text(key) = key else { return Err(Mismatch::new(pickle.describe(key), "a storage's key")) };
    if key.len() > MOST_KEY_BYTES {
        return Err(Mismatch::new(
            super::error::quoted(key),
            format!("a storage's key of at most {MOST_KEY_BYTES} bytes"),
        ));
    }
    Ok(Storage { key: key.clone(), number, count: size(pickle, count, "a storage's size")? })
}

fn size(pickle: &Pickle, value: &Value, expected: &str) -> Result<usize, Mismatch> {
    match value {
        Value::Int(size) => {
            usize::try_from(*size).map_err(|_| Mismatch::new(size.to_string(), format!("{expected} of at least 0")))
        }
        _ => Err(Mismatch::new(pickle.describe(value), expected)),
    }
}

fn sizes(pickle: &Pickle, value: &Value, expected: &str) -> Result<Vec<usize>, Mismatch> {
    let members = pickle.tuple(value).ok_or_else(|| Mismatch::new(pickle.describe(value), expected))?;
    if members.len() > MOST_DIMENSIONS {
        return Err(Mismatch::new(format!("{} dimensions", members.len()), format!("at most {MOST_DIMENSIONS}")));
    }
    members.iter().map(|member| size(pickle, member, expected)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn storage(count: usize) -> Storage {
        Storage { key: "0".into(), number: Number::U8, count }
    }

    fn read(offset: usize, shape: &[usize], strides: &[usize]) -> Vec<f32> {
        let bytes: Vec<u8> = (0..24).collect();
        let layout = Layout::new(storage(24), offset, shape.to_vec(), strides).unwrap();
        let mut values = Vec::new();
        layout.append(&bytes, &mut values);
        assert_eq!(values.len(), layout.count);
        values
    }

    #[test]
    fn strides_and_offset_are_followed() {
        assert_eq!(read(0, &[2, 3], &[3, 1]), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(read(4, &[2, 2], &[2, 1]), [4.0, 5.0, 6.0, 7.0]);
        // The transpose of a 2 × 3 matrix, and every other column of a 3 × 8 one.
        assert_eq!(read(0, &[3, 2], &[1, 3]), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        assert_eq!(read(1, &[3, 2], &[8, 2]), [1.0, 3.0, 9.0, 11.0, 17.0, 19.0]);
        // One number repeated, a single number, nothing.
        assert_eq!(read(5, &[3], &[0]), [5.0, 5.0, 5.0]);
        assert_eq!(read(23, &[], &[]), [23.0]);
        assert_eq!(read(99, &[0, 7], &[7, 1]), [0.0; 0]);
        // The stride of a dimension with one member says nothing.
        assert_eq!(read(2, &[1, 2, 1], &[usize::MAX, 1, 77]), [2.0, 3.0]);
    }

    #[test]
    fn tensors_stay_within_their_storage() {
        let new =
            |offset, shape: &[usize], strides: &[usize]| Layout::new(storage(24), offset, shape.to_vec(), strides);
        assert!(new(0, &[24], &[1]).is_ok());
        assert!(new(1, &[24], &[1]).is_err());
        assert!(new(0, &[2, 2], &[23, 1]).is_err());
        assert!(new(usize::MAX, &[2], &[1]).is_err());
        assert!(new(0, &[usize::MAX, 2], &[0, 0]).is_err());
        assert!(new(0, &[3], &[usize::MAX]).is_err());
        let error = new(0, &[2, 3], &[1]).unwrap_err();
        assert_eq!(error, Mismatch::new("1 strides", "one for each of 2 dimensions"));
        let error = new(20, &[5], &[1]).unwrap_err();
        assert_eq!(
            error,
            Mismatch::new("shape [5] with strides [1] from position 20", "a tensor within its storage of 24 numbers")
        );
    }
}
