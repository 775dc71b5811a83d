//! What is needed of a wheel, put in its place: unpacked beside it, checked, and moved there in one step each.
//!
//! *Invariant*: a file in its place is whole and has the checksum of its release.

use super::GpuSupportError;
use crate::runtime_library::wheels::Release;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use zip::ZipArchive;

const PIECE_BYTES: usize = 1 << 18;

/// A folder within that of the libraries, locked against other programs that fetch them, and removed in the end.
pub(super) struct Workplace {
    path: PathBuf,
    folder: PathBuf,
    _lock: File,
}

impl Workplace {
    /// Makes it, empty. The lock is that of the set-up.
    pub fn open(folder: &Path) -> Result<Self, GpuSupportError> {
        fs::create_dir_all(folder).map_err(|error| GpuSupportError::io(folder, error))?;
        let lock_path = folder.join(".set-up.lock");
        let lock = File::create(&lock_path).map_err(|error| GpuSupportError::io(&lock_path, error))?;
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(GpuSupportError::Busy { folder: folder.to_path_buf() }),
            // Some file systems have no locks; the checksums are then what guards.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let path = folder.join(".unfinished");
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(GpuSupportError::io(&path, error)),
            _ => {}
        }
        fs::create_dir(&path).map_err(|error| GpuSupportError::io(&path, error))?;
        Ok(Self { path, folder: folder.to_path_buf(), _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Moves checked files into the folder, in their order: the one that is looked for comes last.
    pub fn keep(&self, files: &[PathBuf]) -> Result<(), GpuSupportError> {
        for file in files {
            let target = self.folder.join(file.file_name().unwrap_or_default());
            fs::rename(file, &target).map_err(|error| GpuSupportError::io(&target, error))?;
        }
        Ok(())
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            log::warn!("{}: cannot be removed: {error}", self.path.display());
        }
    }
}

/// Unpacks what is needed of a wheel into `folder`, if the wheel is that of the release.
pub(super) fn from_wheel(
    release: &Release,
    wheel: &Path,
    folder: &Path,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<(), GpuSupportError> {
    // What was fetched just now has been checked; what lay there may have been there for long.
    if digest(wheel, is_cancelled)? != release.wheel.sha256 {
        let reason = "has not the checksum of its release".to_owned();
        return Err(GpuSupportError::Wheel { path: wheel.to_path_buf(), reason });
    }
    from_checked_wheel(release, wheel, folder, is_cancelled)
}

/// The same of a wheel whose checksum was compared.
pub(super) fn from_checked_wheel(
    release: &Release,
    wheel: &Path,
    folder: &Path,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<(), GpuSupportError> {
    let workplace = Workplace::open(folder)?;
    let unreadable = |reason: String| GpuSupportError::Wheel { path: wheel.to_path_buf(), reason };
    let file = File::open(wheel).map_err(|error| GpuSupportError::io(wheel, error))?;
    let mut archive = ZipArchive::new(file).map_err(|error| unreadable(error.to_string()))?;
    let mut files = Vec::new();
    for (name, expected) in release.files {
        let mut member = archive
            .by_name(&format!("{}/{name}", release.module))
            .map_err(|error| unreadable(format!("{name} cannot be read: {error}")))?;
        let path = workplace.path().join(name);
        let mut target = File::create(&path).map_err(|error| GpuSupportError::io(&path, error))?;
        let length = member.size();
        let mut bounded = member.by_ref().take(length);
        let mut write = |bytes: &[u8]| target.write_all(bytes).map_err(|error| GpuSupportError::io(&path, error));
        let read = |error: std::io::Error| unreadable(format!("{name} cannot be read: {error}"));
        let found = digest_of(&mut bounded, read, &mut write, is_cancelled)?;
        if found != *expected {
            return Err(GpuSupportError::OtherLibrary { name: (*name).to_owned(), found });
        }
        target.sync_all().map_err(|error| GpuSupportError::io(&path, error))?;
        files.push(path);
    }
    workplace.keep(&files)
}

/// SHA-256 of a file in lower-case hexadecimal.
pub(super) fn digest(path: &Path, is_cancelled: &dyn Fn() -> bool) -> Result<String, GpuSupportError> {
    let mut file = File::open(path).map_err(|error| GpuSupportError::io(path, error))?;
    digest_of(&mut file, |error| GpuSupportError::io(path, error), &mut |_| Ok(()), is_cancelled)
}

fn digest_of(
    reader: &mut dyn Read,
    unreadable: impl Fn(std::io::Error) -> GpuSupportError,
    write: &mut dyn FnMut(&[u8]) -> Result<(), GpuSupportError>,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<String, GpuSupportError> {
    let (mut hasher, mut piece) = (Sha256::new(), vec![0; PIECE_BYTES]);
    loop {
        if is_cancelled() {
            return Err(GpuSupportError::Cancelled);
        }
        match reader.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => {
                let bytes = piece.get(..count).unwrap_or_default();
                hasher.update(bytes);
                write(bytes)?;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(error)),
        }
    }
    Ok(hasher.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
