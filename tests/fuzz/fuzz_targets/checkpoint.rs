//! Any bytes given to the reader of checkpoints: it answers or refuses, and what it answers is whole.
//!
//! Bytes that begin as a pickle are put into an archive first, with storages beside them: no change to a pickle would outlive the
//! archive's checksum otherwise.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::io::{Cursor, Write};
use std::path::Path;
use zip::write::{SimpleFileOptions, ZipWriter};

fuzz_target!(|bytes: &[u8]| {
    if bytes.first() == Some(&0x80) {
        read(&archive(bytes));
    } else {
        read(bytes);
    }
});

fn read(bytes: &[u8]) {
    if let Ok(tensors) = earmark_fuzz::checkpoint::from_bytes(Path::new("fuzz.pt"), bytes) {
        for tensor in tensors.values() {
            assert_eq!(tensor.values.len(), tensor.shape.iter().product::<usize>());
        }
    }
}

fn archive(pickle: &[u8]) -> Vec<u8> {
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in [("a/data.pkl", pickle), ("a/data/0", &[7; 256]), ("a/data/1", &[0; 64])] {
        zip.start_file(name, options).expect("a member in memory");
        zip.write_all(bytes).expect("bytes in memory");
    }
    zip.finish().expect("an archive in memory").into_inner()
}
