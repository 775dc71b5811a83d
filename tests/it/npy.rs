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

/// The numbers of an archive's arrays of 32-bit or 64-bit floats, row by row, by name.
pub fn archive(path: &std::path::Path) -> std::collections::BTreeMap<String, (Vec<f64>, Vec<usize>)> {
    use std::io::Read;
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let mut arrays = std::collections::BTreeMap::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let (mut bytes, name) = (Vec::new(), file.name().unwrap().trim_end_matches(".npy").to_owned());
        file.read_to_end(&mut bytes).unwrap();
        let header_end = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
        let header = std::str::from_utf8(&bytes[10..header_end]).unwrap();
        assert!(header.contains("'fortran_order': False"), "{header}");
        let shape = header.split(['(', ')']).nth(1).unwrap();
        let shape = shape.split(',').filter_map(|size| size.trim().parse().ok()).collect();
        let body = &bytes[header_end..];
        let numbers = if header.contains("'<f8'") {
            body.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect()
        } else {
            assert!(header.contains("'<f4'"), "{header}");
            body.as_chunks::<4>().0.iter().map(|b| f64::from(f32::from_le_bytes(*b))).collect()
        };
        arrays.insert(name, (numbers, shape));
    }
    arrays
}
