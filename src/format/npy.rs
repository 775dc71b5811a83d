//! The header of NumPy's array files (format 1.0) of 32-bit floats in rows.

/// Bytes before the values; NumPy wants a multiple of 64.
const HEADER_BYTES: usize = 128;

/// What stands before the values of an array of `rows` × `columns`, of the same length for all of them, so that it can be written again once
/// the number of rows is known.
pub fn npy_header(rows: u64, columns: usize) -> Vec<u8> {
    let text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend_from_slice(&(HEADER_BYTES as u16 - 10).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes.resize(HEADER_BYTES - 1, b' ');
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_header_has_room_for_any_shape() {
        let header = npy_header(u64::MAX, usize::MAX);
        assert_eq!((header.len(), header.last()), (HEADER_BYTES, Some(&b'\n')));
        assert!(header.windows(3).any(|bytes| bytes == b", }"));
    }

    proptest! {
        #[test]
        fn the_header_says_its_own_length_and_the_shape(rows: u64, columns: usize) {
            let header = npy_header(rows, columns);
            prop_assert_eq!(&header[..8], b"\x93NUMPY\x01\x00");
            let length = usize::from(u16::from_le_bytes([header[8], header[9]]));
            prop_assert!(length + 10 == header.len() && header.len().is_multiple_of(64));
            let text = std::str::from_utf8(&header[10..]).unwrap();
            let shape = format!("'shape': ({rows}, {columns})");
            let is_closed = text.trim_end().ends_with('}');
            prop_assert!(text.contains(&shape) && is_closed);
        }
    }
}
