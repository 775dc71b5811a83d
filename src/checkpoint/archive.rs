//! The zip archive that `torch.save` writes: its members by name, each held against the file before memory is taken for it.
//! Knows nothing of what the members hold.

use super::CheckpointError;
use super::number::{Budget, room_for};
use std::io::{Read, Seek};
use std::path::Path;
use zip::read::{ArchiveOffset, Config};
use zip::{CompressionMethod, ZipArchive};

/// Deflate makes at most 1032 bytes of one.
const MOST_INFLATION: u64 = 1032;

/// Text members such as `byteorder` are a word.
const MOST_WORD_BYTES: u64 = 64;

/// An archive with one folder at its top, which holds `data.pkl`.
pub(super) struct Archive<'a, R> {
    path: &'a Path,
    zip: ZipArchive<R>,
    file_bytes: u64,
    /// The folder with the slash: `model/`.
    stem: String,
    /// What may still be read of members, so that many that lie over each other cost no more than a file can hold.
    budget: Budget,
}

impl<'a, R: Read + Seek> Archive<'a, R> {
    /// Reads the list of members.
    ///
    /// # Errors
    ///
    /// If it is broken, or is not that of one checkpoint.
    pub fn open(path: &'a Path, reader: R, file_bytes: u64) -> Result<Self, CheckpointError> {
        // The archive begins with the file. Left to find that out, the crate takes the second member for the first where
        // `torch.save`'s unneeded zip64 record is as long as the first one's entry in the list.
        let config = Config { archive_offset: ArchiveOffset::Known(0) };
        let zip = ZipArchive::with_config(config, reader)
            .map_err(|reason| broken(path, "the archive", reason.to_string(), "a complete zip archive"))?;
        let stem = stem(path, &zip)?;
        Ok(Self { path, zip, file_bytes, stem, budget: Budget::for_file(file_bytes) })
    }

    /// The bytes of a member, at most `most_bytes`.
    ///
    /// # Errors
    ///
    /// If there is no such member, or it is damaged, larger, or packed in another way than `torch.save` does or deflate.
    pub fn member(&mut self, name: &str, most_bytes: u64) -> Result<Vec<u8>, CheckpointError> {
        let full_name = format!("{}{name}", self.stem);
        let path = self.path;
        let fail = |found: String, expected: &str| broken(path, &full_name, found, expected);
        let member =
            self.zip.by_name(&full_name).map_err(|reason| fail(reason.to_string(), "a member of the archive"))?;
        let (size, packed) = (member.size(), member.compressed_size());
        let most_size = match member.compression() {
            CompressionMethod::Stored => packed,
            CompressionMethod::Deflated => packed.saturating_mul(MOST_INFLATION),
            other => return Err(fail(format!("{other} compression"), "a stored or deflated member")),
        };
        if packed > self.file_bytes || size > most_size {
            let found = format!("{size} bytes packed into {packed}");
            return Err(fail(found, &format!("at most what {} bytes of file can hold", self.file_bytes)));
        }
        let count = usize::try_from(size).unwrap_or(usize::MAX);
        if size > most_bytes {
            let (what, path) = (full_name, path.to_owned());
            return Err(CheckpointError::TooLarge { path, what, found: size, limit: most_bytes });
        }
        self.budget.take(path, count, 1, &full_name)?;
        let mut bytes = room_for(path, &full_name, count)?;
        let read = member.take(size.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|reason| fail(format!("damaged bytes ({reason})"), "those that were written"))?;
        if bytes.len() != count {
            return Err(fail(format!("{} bytes", bytes.len()), &format!("{count} as the archive says")));
        }
        Ok(bytes)
    }

    /// Whether there is such a member.
    pub fn has(&self, name: &str) -> bool {
        self.zip.index_for_name(&format!("{}{name}", self.stem)).is_some()
    }

    /// Whether storages were written by a big-endian machine. Archives without the member are from little-endian ones.
    ///
    /// # Errors
    ///
    /// If the member says neither.
    pub fn is_big_endian(&mut self) -> Result<bool, CheckpointError> {
        if !self.has("byteorder") {
            return Ok(false);
        }
        match self.member("byteorder", MOST_WORD_BYTES)?.trim_ascii() {
            b"little" => Ok(false),
            b"big" => Ok(true),
            other => {
                let found = super::error::quoted(&String::from_utf8_lossy(other));
                Err(broken(self.path, &format!("{}byteorder", self.stem), found, "\"little\" or \"big\""))
            }
        }
    }
}

/// The one folder that holds `data.pkl`, with its slash; empty if that lies at the top.
fn stem<R: Read + Seek>(path: &Path, zip: &ZipArchive<R>) -> Result<String, CheckpointError> {
    let names = zip.file_names().filter_map(Result::ok);
    let stems = names.filter_map(|name| name.strip_suffix("data.pkl").map(str::to_owned));
    let mut stems = stems.filter(|stem| stem.is_empty() || (stem.ends_with('/') && stem.matches('/').count() == 1));
    match (stems.next(), stems.next()) {
        (Some(stem), None) => Ok(stem),
        (None, _) => {
            let found = "a zip archive without data.pkl".to_owned();
            let advice = "choose the file that torch.save wrote".to_owned();
            Err(CheckpointError::Kind { path: path.to_owned(), found, advice })
        }
        (Some(_), Some(_)) => Err(broken(path, "the archive", "more than one data.pkl".to_owned(), "one checkpoint")),
    }
}

fn broken(path: &Path, member: &str, found: String, expected: &str) -> CheckpointError {
    let (member, expected) = (member.escape_debug().to_string(), expected.to_owned());
    CheckpointError::Archive { path: path.to_owned(), member, found, expected }
}
