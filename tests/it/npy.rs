//! Reading arrays of 32-bit floats as NumPy writes them, for tests. Stops at anything else.

/// Values row by row, and the length of each dimension.
pub type Array = (Vec<f32>, Vec<usize>);

/// Reads an `.npy` file.
pub fn read(path: &std::path::Path) -> Array {
    parse(&std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// The array in the content of an `.npy` file.
pub fn parse(bytes: &[u8]) -> Array {
    assert_eq!(&bytes[..6], b"\x93NUMPY");
    let header_end = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..header_end]).unwrap();
    assert!(header.contains("'<f4'") && header.contains("'fortran_order': False"), "{header}");
    let shape = header.split(['(', ')']).nth(1).unwrap();
    let shape: Vec<usize> = shape.split(',').filter_map(|size| size.trim().parse().ok()).collect();
    let values = bytes[header_end..].chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    (values.collect(), shape)
}
