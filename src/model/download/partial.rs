//! A file that has arrived in part: its bytes, and where and of which version of the file they are, so that it can be continued.
//!
//! Knows files, no servers.

use super::error::DownloadError;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const PIECE_BYTES: usize = 1 << 18;
/// Longer validators are not kept.
const LONGEST_VALIDATOR: usize = 512;

/// An unfinished file, locked against other processes: `NAME.part`, and beside it `NAME.part.from`.
#[derive(Debug)]
pub(super) struct Partial {
    path: PathBuf,
    note_path: PathBuf,
    file: File,
    length: u64,
    address: String,
    validator: Option<String>,
}

impl Partial {
    /// Opens or begins the unfinished file of `name` in `folder`; what came from another address is dropped.
    pub fn open(folder: &Path, name: &str, address: &str) -> Result<Self, DownloadError> {
        let (path, note_path) = (folder.join(format!("{name}.part")), folder.join(format!("{name}.part.from")));
        let refuse = |source| failure(&path, source);
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(refuse)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(DownloadError::Busy { path }),
            // Some file systems have no locks; the checksum or the length is then what guards.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let length = file.seek(SeekFrom::End(0)).map_err(refuse)?;
        let note = fs::read_to_string(&note_path).unwrap_or_default();
        let mut lines = note.lines();
        let is_ours = lines.next() == Some(address);
        let validator = lines.next().filter(|line| is_ours && is_usable(line)).map(str::to_owned);
        let mut partial = Self { path, note_path, file, length, address: address.to_owned(), validator };
        if !is_ours {
            partial.restart(None)?;
        }
        Ok(partial)
    }

    /// How many bytes are there.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// What the server called the version of the file these bytes are of.
    pub fn validator(&self) -> Option<&str> {
        self.validator.as_deref()
    }

    /// Drops what is there, and notes of which version what comes next will be.
    pub fn restart(&mut self, validator: Option<&str>) -> Result<(), DownloadError> {
        self.validator = validator.filter(|text| is_usable(text)).map(str::to_owned);
        let emptied = if self.length > 0 { self.file.set_len(0) } else { Ok(()) };
        emptied.and_then(|()| self.file.rewind()).map_err(|source| failure(&self.path, source))?;
        self.length = 0;
        let note = format!("{}\n{}\n", self.address, self.validator.as_deref().unwrap_or_default());
        fs::write(&self.note_path, note).map_err(|source| failure(&self.note_path, source))
    }

    /// Adds bytes at the end.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), DownloadError> {
        self.file.write_all(bytes).map_err(|source| failure(&self.path, source))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// SHA-256 of all that is there, as it stands on the disk.
    pub fn digest(&mut self, is_cancelled: &dyn Fn() -> bool) -> Result<String, DownloadError> {
        let refuse = |source| failure(&self.path, source);
        self.file.flush().and_then(|()| self.file.sync_all()).map_err(refuse)?;
        self.file.rewind().map_err(refuse)?;
        let digest = digest_of(&mut self.file, &self.path, is_cancelled)?;
        self.file.seek(SeekFrom::End(0)).map_err(refuse)?;
        Ok(digest)
    }

    /// Puts the finished file in the place of `target`.
    pub fn finish(self, target: &Path) -> Result<(), DownloadError> {
        let Self { path, note_path, file, .. } = self;
        // Windows renames no file that is open without sharing.
        drop(file);
        fs::rename(&path, target).map_err(|source| failure(target, source))?;
        let _ = fs::remove_file(note_path);
        Ok(())
    }

    /// Throws the file away.
    pub fn discard(self) {
        let Self { path, note_path, file, .. } = self;
        drop(file);
        let _ = fs::remove_file(path);
        let _ = fs::remove_file(note_path);
    }
}

/// SHA-256 of what `reader` gives, in lower-case hexadecimal.
pub(super) fn digest_of(
    reader: &mut dyn Read,
    path: &Path,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<String, DownloadError> {
    let (mut hasher, mut piece) = (Sha256::new(), vec![0; PIECE_BYTES]);
    loop {
        if is_cancelled() {
            return Err(DownloadError::Cancelled);
        }
        match reader.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => hasher.update(piece.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(source) => return Err(failure(path, source)),
        }
    }
    Ok(hasher.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// An error of the file system as an error of the download.
pub(super) fn failure(path: &Path, source: io::Error) -> DownloadError {
    let path = path.to_path_buf();
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => DownloadError::DiskFull { path },
        _ => DownloadError::Io { path, source },
    }
}

/// Whether a validator fits in a line and in a request.
fn is_usable(text: &str) -> bool {
    let is_printable = |byte: u8| (b' '..=b'~').contains(&byte);
    !text.is_empty() && text.len() <= LONGEST_VALIDATOR && text.bytes().all(is_printable)
}
