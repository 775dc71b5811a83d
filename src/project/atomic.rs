//! Putting a complete new file in the place of an old one, so that a crash leaves the one or the other, never half of each.
//!
//! Must not know what is in the file.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::{Builder, TempPath};

/// A new file under a temporary name beside its target, thrown away unless [`AtomicFile::commit`] puts it in the target's place.
#[derive(Debug)]
pub struct AtomicFile {
    temporary: TempPath,
    target: PathBuf,
    old_permissions: Option<Permissions>,
}

impl AtomicFile {
    /// Starts an empty file beside `path`. A symbolic link is followed, so that the file it points to is replaced and not the link.
    ///
    /// # Errors
    /// The folder is missing or cannot be written, or the target is marked read-only.
    pub fn beside(path: &Path) -> io::Result<Self> {
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let old_permissions = fs::metadata(&target).ok().map(|metadata| metadata.permissions());
        if old_permissions.as_ref().is_some_and(Permissions::readonly) {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file is marked read-only"));
        }
        let name = target
            .file_name()
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"))?
            .to_string_lossy()
            .into_owned();
        let prefix = format!(".{name}.");
        let mut builder = Builder::new();
        builder.prefix(&prefix).suffix(".tmp");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As any other new file: the user's mask applies to this mode.
            builder.permissions(Permissions::from_mode(0o666));
        }
        let temporary = builder.tempfile_in(folder_of(&target))?.into_temp_path();
        Ok(Self { temporary, target, old_permissions })
    }

    /// Where the new content is to be written.
    pub fn path(&self) -> &Path {
        &self.temporary
    }

    /// The file that will be replaced, links followed.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Flushes the new file to the disk and puts it in the target's place, with the permissions that the old one had.
    ///
    /// # Errors
    /// The file system refuses; the old file is then as it was.
    pub fn commit(self) -> io::Result<()> {
        // Opened for writing, because Windows flushes no file that is open for reading only.
        fs::OpenOptions::new().write(true).open(&self.temporary)?.sync_all()?;
        if let Some(permissions) = self.old_permissions {
            // Some file systems know no permissions; the content matters more.
            let _ = fs::set_permissions(&self.temporary, permissions);
        }
        let folder = folder_of(&self.target).to_path_buf();
        self.temporary.persist(&self.target).map_err(|error| error.error)?;
        if cfg!(unix) {
            // Makes the new name itself survive a power cut; not every file system can, and the file is whole either way.
            let _ = File::open(folder).and_then(|folder| folder.sync_all());
        }
        Ok(())
    }
}

/// Writes `bytes` as the whole content of `path`, or leaves `path` as it was.
///
/// # Errors
/// As [`AtomicFile::beside`] and [`AtomicFile::commit`]; the message does not name the file, so the caller must.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let file = AtomicFile::beside(path)?;
    fs::OpenOptions::new().write(true).open(file.path())?.write_all(bytes)?;
    file.commit()
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_made_and_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tsv");
        for content in ["first", "a second and longer one", ""] {
            write_atomically(&path, content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(names(folder.path()), ["a.tsv"]);
    }

    #[test]
    fn a_file_that_is_not_committed_leaves_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tsv");
        write_atomically(&path, b"old").unwrap();
        let file = AtomicFile::beside(&path).unwrap();
        fs::write(file.path(), b"half of the ne").unwrap();
        drop(file);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["a.tsv"]);
    }

    #[test]
    fn a_read_only_file_and_a_missing_folder_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tsv");
        write_atomically(&path, b"old").unwrap();
        let mut permissions = fs::metadata(&path).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions).unwrap();
        assert_eq!(write_atomically(&path, b"new").unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        let nowhere = folder.path().join("no such folder").join("a.tsv");
        assert_eq!(write_atomically(&nowhere, b"new").unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[cfg(unix)]
    #[test]
    fn permissions_and_links_are_kept() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("a.tsv"), folder.path().join("link.tsv"));
        write_atomically(&path, b"old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        write_atomically(&link, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
}
