//! Any bytes given to the reader of checkpoints: it answers or refuses, and what it answers is whole; and any tensors given to what
//! recognises networks: it writes one that is an ONNX file, or refuses.
//!
//! Bytes that begin as a pickle are put into an archive first, with storages beside them: no change to a pickle would outlive the
//! archive's checksum otherwise. Bytes that begin with `#` are a list of tensors, `name size size …` a line, with equal values: no change to
//! bytes would ever make the three hundred tensors of a network.
#![no_main]

use earmark_fuzz::checkpoint::{self, Tensor, Tensors};
use earmark_fuzz::onnx::outline::Outline;
use earmark_fuzz::zoo::{Network, Time, complexity};
use libfuzzer_sys::fuzz_target;
use std::io::{Cursor, Write};
use std::path::Path;
use zip::write::{SimpleFileOptions, ZipWriter};

/// Values in all tensors of a list, so that a run stays short.
const MOST_VALUES: usize = 4_000_000;

fuzz_target!(|bytes: &[u8]| match bytes.first() {
    Some(0x80) => read(&archive(bytes)),
    Some(b'#') => recognise(&listed(&String::from_utf8_lossy(bytes))),
    _ => read(bytes),
});

fn read(bytes: &[u8]) {
    if let Ok(tensors) = checkpoint::from_bytes(Path::new("fuzz.pt"), bytes) {
        for tensor in tensors.values() {
            assert_eq!(tensor.values.len(), tensor.shape.iter().product::<usize>());
        }
        recognise(&tensors);
    }
}

fn recognise(tensors: &Tensors) {
    let Ok(network) = Network::recognise(tensors) else { return };
    let _ = complexity::of(&network.architecture);
    let _ = network.architecture.to_string();
    if let Ok(onnx) = network.to_onnx(Time::Fixed(1000)) {
        let outline = Outline::read(&onnx).expect("what is written is read");
        assert_eq!(outline.outputs[0].sizes.last(), Some(&Some(network.architecture.strong_classes)));
    }
    let _ = network.to_onnx(Time::Open);
}

fn listed(text: &str) -> Tensors {
    let mut left = MOST_VALUES;
    let tensor = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let name = words.next()?.to_owned();
        let shape: Vec<usize> = words.map(|word| word.parse().ok()).collect::<Option<_>>()?;
        let count = shape.iter().try_fold(1_usize, |count, &size| count.checked_mul(size))?;
        left = left.checked_sub(count)?;
        Some((name, Tensor { shape, values: vec![0.5; count] }))
    };
    text.lines().skip(1).filter_map(tensor).collect()
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
