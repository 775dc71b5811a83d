//! Files of trained weights: PyTorch's zip archives and safetensors, read as named tensors and as nothing else.
//!
//! A PyTorch checkpoint is a Python pickle, which in Python may run any code. Here nothing is run: names of classes stay names, and what is
//! no tensor (optimizer state, hyper-parameters, callbacks) is passed over. What a file may cost in memory is bounded by its size.

mod archive;
mod error;
mod layout;
mod number;
mod pickle;
mod safetensors_file;
mod state_dict;
mod torch_file;

pub use error::CheckpointError;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

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

/// As many bytes from the start of a file as tell its kind.
const START_BYTES: usize = 512;

/// Reads the weights in the file at `path`, whatever its name ends in.
///
/// Numbers of every type become `f32`: 64-bit ones are rounded. Of a checkpoint with more than weights, those under `state_dict` are
/// read, or else those under one of the other usual keys (`model`, `ema`, …) if only one of them holds tensors.
///
/// # Errors
///
/// If the file cannot be read, is of another kind, is damaged, or holds no tensors or such as cannot be read; see [`CheckpointError`].
pub fn read(path: &Path) -> Result<Tensors, CheckpointError> {
    let io = |source| CheckpointError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    read_from(path, BufReader::new(file), length)
}

/// Reads weights from the bytes of a file. `name` is what messages call it.
///
/// # Errors
///
/// As [`read`].
pub fn from_bytes(name: &Path, bytes: &[u8]) -> Result<Tensors, CheckpointError> {
    read_from(name, Cursor::new(bytes), bytes.len() as u64)
}

fn read_from<R: Read + Seek>(path: &Path, mut reader: R, length: u64) -> Result<Tensors, CheckpointError> {
    let io = |source| CheckpointError::Io { path: path.to_owned(), source };
    let mut start = Vec::new();
    reader.by_ref().take(START_BYTES as u64).read_to_end(&mut start).map_err(io)?;
    reader.seek(SeekFrom::Start(0)).map_err(io)?;
    match Kind::of(&start) {
        Kind::Zip => torch_file::read(path, reader, length),
        Kind::SafeTensors => {
            let count = usize::try_from(length).unwrap_or(usize::MAX);
            number::Budget::for_file(length).take(path, count, 1, "the file")?;
            let mut bytes = number::room_for(path, "the file", count)?;
            reader.take(length).read_to_end(&mut bytes).map_err(io)?;
            safetensors_file::read(path, &bytes)
        }
        Kind::Legacy => Err(CheckpointError::Legacy { path: path.to_owned() }),
        Kind::Other(found, advice) => {
            Err(CheckpointError::Kind { path: path.to_owned(), found: found.to_owned(), advice: advice.to_owned() })
        }
    }
}

/// What the first bytes of a file say it is.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Zip,
    SafeTensors,
    Legacy,
    /// Something else, and what to do about it.
    Other(&'static str, &'static str),
}

impl Kind {
    fn of(start: &[u8]) -> Self {
        // The pickle of the number that opens a file of PyTorch before 1.6; before 0.1.10 it was a tar archive.
        const LEGACY: &[u8] = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
        let choose = "choose the file of weights itself";
        if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
            Self::Zip
        } else if start.get(2..).is_some_and(|rest| rest.starts_with(LEGACY)) || start.get(257..262) == Some(b"ustar") {
            Self::Legacy
        } else if safetensors_file::is_one(start) {
            Self::SafeTensors
        } else if start.is_empty() {
            Self::Other("an empty file", "copy or download it again")
        } else if start.starts_with(b"\x1f\x8b") {
            Self::Other("a gzip file", "unpack it first")
        } else if start.starts_with(b"version https://git-lfs") {
            Self::Other("a pointer of Git LFS", "fetch the file itself with git lfs pull")
        } else if start.starts_with(b"\x89HDF") {
            Self::Other("an HDF5 file", choose)
        } else if start.trim_ascii_start().starts_with(b"<") {
            Self::Other("a web page", "download the file itself")
        } else if matches!(start, [0x80, 2..=5, ..]) {
            Self::Other("a plain Python pickle", "save the weights with torch.save")
        } else {
            Self::Other("a file of another kind", choose)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_content() {
        assert_eq!(Kind::of(b"PK\x03\x04rest"), Kind::Zip);
        assert_eq!(Kind::of(b"\x40\0\0\0\0\0\0\0{\"a\""), Kind::SafeTensors);
        assert_eq!(Kind::of(b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."), Kind::Legacy);
        let mut tar = [0_u8; 512];
        tar[257..262].copy_from_slice(b"ustar");
        assert_eq!(Kind::of(&tar), Kind::Legacy);
        for start in
            [&b""[..], b"\x1f\x8b\x08", b"<html>", b"\x80\x04\x95", b"\x89HDF\r\n", b"PK", b"\0\0\0\0\0\0\0\0\0"]
        {
            assert!(matches!(Kind::of(start), Kind::Other(..)), "{start:?}");
        }
    }

    #[test]
    fn refusals_name_file_reason_and_remedy() {
        let message = |bytes: &[u8]| from_bytes(Path::new("w.pt"), bytes).unwrap_err().to_string();
        assert_eq!(
            message(b"\x1f\x8b\x08\x00"),
            "w.pt: is a gzip file, not a PyTorch checkpoint or a safetensors file: unpack it first"
        );
        let legacy = message(b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.");
        assert!(legacy.contains("before version 1.6") && legacy.contains("torch.save(torch.load("), "{legacy}");
        assert!(message(b"PK\x03\x04").contains("complete zip archive"));
        let missing = read(Path::new("no such folder/w.pt")).unwrap_err().to_string();
        assert!(missing.starts_with("no such folder/w.pt: cannot be read: "), "{missing}");
    }
}
