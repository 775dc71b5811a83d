//! Pictures of recordings, kept between sessions: a folder of files that can be made again, within a bound of bytes.
//!
//! Owns the files and which of them go. What was kept of a recording is found by its content, wherever it lies. Deleting any of the files,
//! or the folder, at any time loses nothing. Must not know how pictures are computed.

mod header;
mod reading;
#[cfg(test)]
mod tests;
mod writing;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use crate::audio::{AudioError, Fingerprint, fingerprint};

pub use header::Shape;
pub use reading::{Piece, StoredPicture};
pub use writing::{PictureParts, PlaneParts};

/// How the files' names end.
const EXTENSION: &str = "picture";

/// How the names of files begin that are being written.
const UNFINISHED_PREFIX: &str = ".writing-";

/// A file that was being written when the program ended is removed after this time.
const UNFINISHED_FOR: Duration = Duration::from_secs(3_600);

/// Why a kept picture cannot be used or kept. Nothing is lost: the picture is computed again.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The file system refuses.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file is not what it should be.
    #[error("{path}: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file is whole, but of another state of the recording.
    #[error("{path}: is of another state of the recording")]
    OtherState {
        /// The file.
        path: PathBuf,
    },
}

impl CacheError {
    fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    /// Whether there is no room.
    pub fn is_full(&self) -> bool {
        let is_full = |kind| matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        matches!(self, Self::Io { source, .. } if is_full(source.kind()))
    }

    fn damaged(path: &Path, reason: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), reason: reason.into() }
    }
}

/// Which picture of which recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureKey {
    recording: Fingerprint,
    /// When the recording was changed last, in seconds since 1970: tells apart what the fingerprint takes for the same.
    modified_secs: i64,
    /// SHA-256 of the words that say how the picture is computed.
    picture: [u8; 32],
}

impl PictureKey {
    /// The picture that is computed as `words` say, of the recording at `path`. Reads some of the file.
    ///
    /// # Errors
    /// The recording cannot be read.
    pub fn of_file(path: &Path, words: &str) -> Result<Self, AudioError> {
        let recording = fingerprint(path)?;
        let modified = fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
        let since_1970 = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let modified_secs = since_1970.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
        Ok(Self { recording, modified_secs, picture: Sha256::digest(words).into() })
    }

    /// The file's name: the same for all states of a recording that the fingerprint cannot tell apart, so that the last one replaces the
    /// others.
    fn file_name(&self) -> String {
        let mut digest = Sha256::new();
        digest.update(self.recording.file_bytes.to_le_bytes());
        digest.update(self.recording.sum);
        digest.update(self.picture);
        let sum: [u8; 32] = digest.finalize().into();
        let hex: String = sum[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{hex}.{EXTENSION}")
    }
}

/// A folder of pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureCache {
    folder: PathBuf,
    most_bytes: u64,
}

impl PictureCache {
    /// Pictures in `folder`, `most_bytes` in all. The folder is made when the first one is written.
    pub fn new(folder: PathBuf, most_bytes: u64) -> Self {
        Self { folder, most_bytes }
    }

    /// The user's own: in the system's folder for what can be made again, or in the one that `EARMARK_CACHE` names. `None` where the
    /// system has no such folder.
    pub fn of_user(most_bytes: u64) -> Option<Self> {
        let named = std::env::var_os("EARMARK_CACHE").filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let folder =
            named.or_else(|| Some(directories::ProjectDirs::from("", "", "earmark")?.cache_dir().to_path_buf()))?;
        Some(Self::new(folder.join("pictures"), most_bytes))
    }

    /// Whether anything may be kept: not with a bound of 0.
    pub fn may_keep(&self) -> bool {
        self.most_bytes > 0
    }

    /// Where the files lie.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What was kept of a picture, if anything was. A file that is damaged or foreign is deleted, and why is logged; one that cannot be read
    /// now, or is of another state of the recording, is left alone.
    pub fn open(&self, key: &PictureKey) -> Option<StoredPicture> {
        let path = self.folder.join(key.file_name());
        match StoredPicture::open(&path, key) {
            Ok(picture) => {
                // What was used last goes last. A disk that cannot be written keeps the old time.
                let _ = File::options().append(true).open(&path).and_then(|file| file.set_modified(SystemTime::now()));
                Some(picture)
            }
            Err(CacheError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => None,
            Err(CacheError::OtherState { .. }) => None,
            Err(error) => {
                self.discard(key, &error);
                None
            }
        }
    }

    /// Gives up what was kept of a picture, because of `error`. The file is deleted only if it is damaged: a drive that did not answer once
    /// may hold a good one.
    pub fn discard(&self, key: &PictureKey, error: &CacheError) {
        log::warn!("The picture is computed again: {error}");
        if matches!(error, CacheError::Damaged { .. }) {
            let _ = fs::remove_file(self.folder.join(key.file_name()));
        }
    }

    /// Keeps a picture in place of what was kept of it, and deletes those that were not used for the longest time, beyond the bound.
    ///
    /// # Errors
    /// The folder cannot be written or the disk is full; what was kept stays.
    pub fn keep(&self, key: &PictureKey, parts: &PictureParts) -> Result<(), CacheError> {
        if parts.file_bytes() > u128::from(self.most_bytes) {
            log::info!("A picture is not kept: it is larger than the cache may be");
            return Ok(());
        }
        fs::create_dir_all(&self.folder).map_err(|source| CacheError::io(&self.folder, source))?;
        let temporary = tempfile::Builder::new()
            .prefix(UNFINISHED_PREFIX)
            .tempfile_in(&self.folder)
            .map_err(|source| CacheError::io(&self.folder, source))?;
        let path = self.folder.join(key.file_name());
        parts.write(key, temporary.as_file()).map_err(|source| CacheError::io(&path, source))?;
        temporary.persist(&path).map_err(|error| CacheError::io(&path, error.error))?;
        self.trim();
        Ok(())
    }

    /// Bytes of all files.
    pub fn byte_count(&self) -> u64 {
        self.files().iter().map(|file| file.bytes).sum()
    }

    /// Deletes all pictures; how many, and their bytes.
    ///
    /// # Errors
    /// One of them cannot be deleted; others may be.
    pub fn clear(&self) -> Result<(usize, u64), CacheError> {
        let files = self.files();
        for file in &files {
            match fs::remove_file(&file.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(CacheError::io(&file.path, error)),
                _ => {}
            }
        }
        Ok((files.len(), files.iter().map(|file| file.bytes).sum()))
    }

    /// Deletes the files that were not used for the longest time, until the rest is within the bound.
    pub fn trim(&self) {
        let mut files = self.files();
        files.sort_by_key(|file| file.used);
        let mut sum: u64 = files.iter().map(|file| file.bytes).sum();
        for file in files {
            let is_left_over = file.is_unfinished && file.used.elapsed().is_ok_and(|age| age > UNFINISHED_FOR);
            if sum <= self.most_bytes && !is_left_over {
                continue;
            }
            if (is_left_over || !file.is_unfinished) && fs::remove_file(&file.path).is_ok() {
                sum -= file.bytes;
            }
        }
    }

    /// This cache's files in the folder; none if it cannot be read.
    fn files(&self) -> Vec<CacheFile> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        entries.flatten().filter_map(|entry| CacheFile::of(entry.path())).collect()
    }
}

struct CacheFile {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
    is_unfinished: bool,
}

impl CacheFile {
    fn of(path: PathBuf) -> Option<Self> {
        let is_unfinished = path.file_name()?.to_str()?.starts_with(UNFINISHED_PREFIX);
        let is_own = is_unfinished || path.extension() == Some(OsStr::new(EXTENSION));
        let metadata = path.symlink_metadata().ok().filter(|metadata| is_own && metadata.is_file())?;
        Some(Self { bytes: metadata.len(), used: metadata.modified().ok()?, path, is_unfinished })
    }
}
