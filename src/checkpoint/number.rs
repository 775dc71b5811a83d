//! The types of number that tensors are made of, and how their bytes become `f32`.

use super::CheckpointError;
use std::path::Path;

/// A type of number, little-endian in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Number {
    F64,
    F32,
    F16,
    BF16,
    I64,
    I32,
    I16,
    I8,
    U64,
    U32,
    U16,
    U8,
    Bool,
}

impl Number {
    /// The type held by a storage class of PyTorch: `FloatStorage`.
    pub fn of_storage_class(name: &str) -> Option<Self> {
        Some(match name {
            "DoubleStorage" => Self::F64,
            "FloatStorage" => Self::F32,
            "HalfStorage" => Self::F16,
            "BFloat16Storage" => Self::BF16,
            "LongStorage" => Self::I64,
            "IntStorage" => Self::I32,
            "ShortStorage" => Self::I16,
            "CharStorage" => Self::I8,
            "ByteStorage" => Self::U8,
            "BoolStorage" => Self::Bool,
            _ => return None,
        })
    }

    /// Bytes of one number: 1, 2, 4 or 8.
    pub const fn size(self) -> usize {
        match self {
            Self::F64 | Self::I64 | Self::U64 => 8,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F16 | Self::BF16 | Self::I16 | Self::U16 => 2,
            Self::I8 | Self::U8 | Self::Bool => 1,
        }
    }

    /// The numbers in `bytes` at `positions` (counted in numbers), appended to `values`. A position outside is left out;
    /// callers check the count.
    pub fn append(self, bytes: &[u8], positions: impl Iterator<Item = usize>, values: &mut Vec<f32>) {
        match self {
            Self::F64 => gather(bytes, positions, values, |b| f64::from_le_bytes(b) as f32),
            Self::F32 => gather(bytes, positions, values, f32::from_le_bytes),
            Self::F16 => gather(bytes, positions, values, |b| f16_to_f32(u16::from_le_bytes(b))),
            Self::BF16 => gather(bytes, positions, values, |b| f32::from_bits(u32::from(u16::from_le_bytes(b)) << 16)),
            Self::I64 => gather(bytes, positions, values, |b| i64::from_le_bytes(b) as f32),
            Self::I32 => gather(bytes, positions, values, |b| i32::from_le_bytes(b) as f32),
            Self::I16 => gather(bytes, positions, values, |b| f32::from(i16::from_le_bytes(b))),
            Self::I8 => gather(bytes, positions, values, |b| f32::from(i8::from_le_bytes(b))),
            Self::U64 => gather(bytes, positions, values, |b| u64::from_le_bytes(b) as f32),
            Self::U32 => gather(bytes, positions, values, |b| u32::from_le_bytes(b) as f32),
            Self::U16 => gather(bytes, positions, values, |b| f32::from(u16::from_le_bytes(b))),
            Self::U8 => gather(bytes, positions, values, |[b]: [u8; 1]| f32::from(b)),
            Self::Bool => gather(bytes, positions, values, |[b]: [u8; 1]| f32::from(u8::from(b != 0))),
        }
    }
}

fn gather<const SIZE: usize>(
    bytes: &[u8],
    positions: impl Iterator<Item = usize>,
    values: &mut Vec<f32>,
    convert: impl Fn([u8; SIZE]) -> f32,
) {
    let (numbers, _) = bytes.as_chunks::<SIZE>();
    values.extend(positions.filter_map(|position| numbers.get(position).map(|number| convert(*number))));
}

/// IEEE 754 binary16 as `f32`, exactly.
fn f16_to_f32(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let exponent = u32::from(bits >> 10) & 0x1f;
    let fraction = u32::from(bits & 0x3ff);
    match exponent {
        // Subnormal: a multiple of 2^-24, which an f32 holds exactly.
        0 => f32::from_bits((fraction as f32 * 2.0_f32.powi(-24)).to_bits() | sign),
        0x1f => f32::from_bits(sign | 0x7f80_0000 | (fraction << 13)),
        _ => f32::from_bits(sign | ((exponent + 127 - 15) << 23) | (fraction << 13)),
    }
}

/// The count of numbers of a tensor; none if a product of some of its sizes exceeds what a machine can count, even where another
/// size is 0.
pub(super) fn count_of(shape: &[usize]) -> Option<usize> {
    let most = shape.iter().try_fold(1_usize, |count, size| count.checked_mul(*size.max(&1)))?;
    Some(if shape.contains(&0) { 0 } else { most })
}

/// What may still be taken of a resource whose total a file bounds.
pub(super) struct Budget {
    limit: u64,
    left: u64,
}

impl Budget {
    /// What no checkpoint may exceed: 4 GiB.
    const MOST: u64 = 4 << 30;

    /// For a file of `file_bytes`. Even a file of zeros that were deflated, or of views of one number, may grow to 256 MiB; a large
    /// file by what its types and names can need; a small one that claims gigabytes is refused.
    pub fn for_file(file_bytes: u64) -> Self {
        let limit = file_bytes.saturating_mul(64).saturating_add(256 << 20).min(Self::MOST);
        Self { limit, left: limit }
    }

    /// Takes `count` × `size` bytes for `what`.
    ///
    /// # Errors
    ///
    /// If that is more than is left.
    pub fn take(&mut self, path: &Path, count: usize, size: usize, what: &str) -> Result<(), CheckpointError> {
        let bytes = (count as u64).saturating_mul(size as u64);
        self.left = self.left.checked_sub(bytes).ok_or_else(|| CheckpointError::TooLarge {
            path: path.to_owned(),
            what: what.to_owned(),
            found: (self.limit - self.left).saturating_add(bytes),
            limit: self.limit,
        })?;
        Ok(())
    }
}

/// An empty vector with room for `count` values.
///
/// # Errors
///
/// If the system has no memory for it.
pub(super) fn room_for<T>(path: &Path, what: &str, count: usize) -> Result<Vec<T>, CheckpointError> {
    let mut values = Vec::new();
    let bytes = (count as u64).saturating_mul(size_of::<T>() as u64);
    let (path, what) = (path.to_owned(), what.to_owned());
    values.try_reserve_exact(count).map_err(|_| CheckpointError::NoMemory { path, what, bytes })?;
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(number: Number, bytes: &[u8]) -> Vec<f32> {
        let mut values = Vec::new();
        number.append(bytes, 0..bytes.len() / number.size(), &mut values);
        values
    }

    #[test]
    fn half_precision_is_exact_at_its_corners() {
        // Values from the table of IEEE 754 binary16.
        let cases = [
            (0x0000, 0.0),
            (0x0001, 5.960_464_5e-8),
            (0x03ff, 6.097_555e-5),
            (0x0400, 6.103_515_6e-5),
            (0x3555, 0.333_251_95),
            (0x3c00, 1.0),
            (0x3c01, 1.000_976_6),
            (0x7bff, 65504.0),
            (0x7c00, f32::INFINITY),
            (0xc000, -2.0),
            (0xfc00, f32::NEG_INFINITY),
        ];
        for (bits, expected) in cases {
            assert_eq!(f16_to_f32(bits), expected, "{bits:#06x}");
        }
        assert!(f16_to_f32(0x7e00).is_nan());
        assert!(f16_to_f32(0x8000).is_sign_negative());
    }

    #[test]
    fn every_type_is_read_with_its_sign_and_width() {
        assert_eq!(read(Number::F64, &(-1.5_f64).to_le_bytes()), [-1.5]);
        assert_eq!(read(Number::F32, &[0x00, 0x00, 0x80, 0x3f, 0x00, 0x00, 0x00, 0xc0]), [1.0, -2.0]);
        assert_eq!(read(Number::BF16, &[0x80, 0x3f, 0x49, 0xc0]), [1.0, -3.140_625]);
        assert_eq!(read(Number::I64, &(-3_i64).to_le_bytes()), [-3.0]);
        assert_eq!(read(Number::I32, &(-70_000_i32).to_le_bytes()), [-70_000.0]);
        assert_eq!(read(Number::I16, &(-300_i16).to_le_bytes()), [-300.0]);
        assert_eq!(read(Number::I8, &[0xff]), [-1.0]);
        assert_eq!(read(Number::U64, &u64::MAX.to_le_bytes()), [18_446_744_073_709_551_615.0]);
        assert_eq!(read(Number::U32, &u32::MAX.to_le_bytes()), [4_294_967_295.0]);
        assert_eq!(read(Number::U16, &[0xff, 0xff]), [65535.0]);
        assert_eq!(read(Number::U8, &[0xff]), [255.0]);
        assert_eq!(read(Number::Bool, &[0, 1, 2]), [0.0, 1.0, 1.0]);
    }

    #[test]
    fn a_budget_is_shared_by_all_that_is_taken() {
        let mut budget = Budget::for_file(1);
        let path = Path::new("a.pt");
        assert!(budget.take(path, 32 << 20, 4, "a").is_ok());
        assert!(budget.take(path, 32 << 20, 4, "b").is_ok());
        let error = budget.take(path, 1 << 20, 4, "c").unwrap_err().to_string();
        assert_eq!(
            error,
            "a.pt: with c it would take 272629760 bytes, expected at most 268435520: check that this is the right file"
        );
        assert!(budget.take(path, usize::MAX, 8, "d").is_err());
    }
}
