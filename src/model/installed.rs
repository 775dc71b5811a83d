//! Models in the user's own folder: the note about where one came from, and taking one away.
//!
//! Touches nothing outside the folder it is given.

use super::ModelError;
use super::folder::MANIFEST_FILE;
use crate::project::write_atomically;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The note in a model folder.
pub const ORIGIN_FILE: &str = "origin.toml";
const LONGEST_NOTE: u64 = 1 << 16;

/// Where a downloaded model came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Its name in the catalogue.
    pub published: String,
    /// Where the checkpoint was fetched.
    pub address: String,
    /// The checkpoint's file name.
    pub file: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, in lower-case hexadecimal.
    pub sha256: String,
    /// Whether that checksum was known before; else it is that of what came.
    pub is_checked: bool,
}

impl Origin {
    /// Writes the note into a model folder.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), ModelError> {
        let path = folder.join(ORIGIN_FILE);
        let written = toml::to_string(self)
            .map_err(io::Error::other)
            .and_then(|text| write_atomically(&path, format!("# Written by Earmark.\n{text}").as_bytes()));
        written.map_err(|source| ModelError::Io { path, source })
    }

    /// Reads the note of a model folder; none if there is none, or it cannot be read.
    pub fn read(folder: &Path) -> Option<Self> {
        let path = folder.join(ORIGIN_FILE);
        let is_short = fs::metadata(&path).ok()?.len() <= LONGEST_NOTE;
        toml::from_str(&fs::read_to_string(path).ok().filter(|_| is_short)?).ok()
    }
}

/// A model folder that was taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// Where it was.
    pub path: PathBuf,
    /// How many bytes its files had.
    pub bytes: u64,
}

/// Takes the model called `id`, which lies at `path`, away from the user's folder of models.
///
/// # Errors
/// It does not lie directly in that folder, is no model folder, or cannot be removed. A symbolic link is removed, not what it points to.
pub fn remove(id: &str, path: &Path, user_folder: Option<&Path>) -> Result<Removed, ModelError> {
    let is_own = user_folder.is_some_and(|folder| {
        path.parent() == Some(folder) && path.file_name().is_some_and(|name| name.to_string_lossy() == id)
    });
    if !is_own {
        let folder = user_folder.map_or_else(|| "your data folder".to_owned(), |folder| folder.display().to_string());
        return Err(ModelError::NotRemovable { id: id.to_owned(), path: path.to_path_buf(), folder });
    }
    let refuse = |source| ModelError::Remove { path: path.to_path_buf(), source };
    if !path.join(MANIFEST_FILE).is_file() {
        return Err(refuse(io::Error::new(io::ErrorKind::NotFound, format!("it has no {MANIFEST_FILE}"))));
    }
    if fs::symlink_metadata(path).map_err(refuse)?.is_symlink() {
        fs::remove_file(path).map_err(refuse)?;
        return Ok(Removed { path: path.to_path_buf(), bytes: 0 });
    }
    let bytes = length_of(path);
    // The manifest goes first: what cannot be removed whole is no model any more.
    fs::remove_file(path.join(MANIFEST_FILE)).and_then(|()| fs::remove_dir_all(path)).map_err(refuse)?;
    Ok(Removed { path: path.to_path_buf(), bytes })
}

/// Bytes of the files directly in a folder and below, links not followed.
fn length_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let metadata = entry.metadata().ok()?;
            Some(if metadata.is_dir() { length_of(&entry.path()) } else { metadata.len() })
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(root: &Path, id: &str) -> PathBuf {
        let path = root.join(id);
        fs::create_dir_all(path.join("deep")).unwrap();
        fs::write(path.join(MANIFEST_FILE), "12345").unwrap();
        fs::write(path.join("deep/model.onnx"), "1234567").unwrap();
        path
    }

    #[test]
    fn a_note_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let origin = Origin {
            published: "fmn10_strong".into(),
            address: "https://example.org/\"a\"\n+b".into(),
            file: "b.pt".into(),
            bytes: 7,
            sha256: "ab".repeat(32),
            is_checked: true,
        };
        assert_eq!(Origin::read(folder.path()), None);
        origin.write(folder.path()).unwrap();
        assert_eq!(Origin::read(folder.path()), Some(origin));
        fs::write(folder.path().join(ORIGIN_FILE), "bytes = -1").unwrap();
        assert_eq!(Origin::read(folder.path()), None);
    }

    #[test]
    fn only_models_directly_in_the_users_folder_are_removed() {
        let root = tempfile::tempdir().unwrap();
        let (own, bundled) = (root.path().join("own"), root.path().join("bundled"));
        let (mine, other) = (folder_with(&own, "mine"), folder_with(&bundled, "other"));
        fs::create_dir(own.join("no-model")).unwrap();
        for (id, path) in
            [("other", &other), ("own", &own), ("mine", &own.join("x/../mine")), ("deep", &mine.join("deep"))]
        {
            let error = remove(id, path, Some(&own)).unwrap_err();
            assert!(matches!(error, ModelError::NotRemovable { .. }), "{error}");
        }
        assert!(matches!(remove("mine", &mine, None).unwrap_err(), ModelError::NotRemovable { .. }));
        assert!(matches!(
            remove("no-model", &own.join("no-model"), Some(&own)).unwrap_err(),
            ModelError::Remove { .. }
        ));
        assert!(own.join("no-model").is_dir() && other.join(MANIFEST_FILE).is_file());
        assert_eq!(remove("mine", &mine, Some(&own)).unwrap(), Removed { path: mine.clone(), bytes: 12 });
        assert!(!mine.exists() && other.join("deep/model.onnx").is_file());
    }

    #[cfg(unix)]
    #[test]
    fn of_a_link_only_the_link_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let own = root.path().join("own");
        fs::create_dir(&own).unwrap();
        let other = folder_with(root.path(), "other");
        std::os::unix::fs::symlink(&other, own.join("link")).unwrap();
        remove("link", &own.join("link"), Some(&own)).unwrap();
        assert!(!own.join("link").exists() && other.join("deep/model.onnx").is_file());
    }
}
