//! The recordings of an archive: files and folders as the list of what is in them, with the names that results are kept under.

use super::ArchiveError;
use crate::work::folders;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// What of a file says whether it is the one that a result was made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct FileState {
    /// Its length.
    pub bytes: u64,
    /// When it was changed last, in nanoseconds since 1970; 0 where the file system does not say.
    pub modified_ns: i64,
}

impl FileState {
    pub fn of(metadata: &Metadata) -> Self {
        let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let modified_ns = since.and_then(|since| i64::try_from(since.as_nanos()).ok()).unwrap_or(0);
        Self { bytes: metadata.len(), modified_ns }
    }

    /// As the file is now; none where it cannot be asked.
    pub fn now(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().map(|metadata| Self::of(&metadata))
    }
}

/// A recording of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    /// Where it is, absolute.
    pub path: PathBuf,
    /// What it is called in results: its path below the folder that was given, with `/`.
    pub name: String,
    /// As it was when it was listed; nothing is known of one that is not there.
    pub state: FileState,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// In the order of the inputs, each folder's files by name.
    pub recordings: Vec<Listed>,
    /// Folders that could not be read, and bounds that were met.
    pub failures: Vec<String>,
}

/// Lists the recordings of `inputs`: files as they are, folders with all that is in them if `is_recursive`.
pub(super) fn list(inputs: &[PathBuf], is_recursive: bool) -> Result<Listing, ArchiveError> {
    let mut listing = Listing::default();
    for input in inputs {
        let path = std::path::absolute(input).unwrap_or_else(|_| input.clone());
        if !path.is_dir() {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
            let state = FileState::now(&path).unwrap_or_default();
            listing.recordings.push(Listed { path, name, state });
            continue;
        }
        if !is_recursive {
            return Err(ArchiveError::Folder { path: input.clone() });
        }
        let before = listing.recordings.len();
        let walked = folders::walk(&path, &mut |file| {
            let name = name_below(&path, &file);
            let state = FileState::now(&file).unwrap_or_default();
            listing.recordings.push(Listed { path: file, name, state });
            true
        });
        if listing.recordings.len() == before && walked.failures.is_empty() {
            listing.failures.push(format!("{}: there is no recording in this folder", input.display()));
        }
        listing.failures.extend(walked.failures);
    }
    check_names(&listing.recordings)?;
    Ok(listing)
}

fn name_below(folder: &Path, file: &Path) -> String {
    let below = file.strip_prefix(folder).unwrap_or(file);
    let parts: Vec<_> = below.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// Two recordings of one name would have one result.
fn check_names(recordings: &[Listed]) -> Result<(), ArchiveError> {
    let mut order: Vec<&Listed> = recordings.iter().collect();
    order.sort_by(|a, b| a.name.cmp(&b.name));
    match order.windows(2).find(|pair| pair[0].name == pair[1].name) {
        Some(pair) => Err(ArchiveError::SameName { one: pair[0].path.clone(), other: pair[1].path.clone() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_become_names_below_them() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b/2.flac", "b/deep/1.WAV", "a.wav", "notes.txt"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"12").unwrap();
        }
        let inputs = [folder.path().to_path_buf(), PathBuf::from("/no/such/x.wav")];
        let listing = list(&inputs, true).unwrap();
        let names: Vec<&str> = listing.recordings.iter().map(|listed| listed.name.as_str()).collect();
        assert_eq!(names, ["a.wav", "b/2.flac", "b/deep/1.WAV", "x.wav"]);
        assert!(listing.recordings[0].state.bytes == 2 && listing.recordings[0].state.modified_ns > 0);
        assert_eq!(listing.recordings[3].state, FileState::default());
        let told = list(&inputs, false).unwrap_err().to_string();
        assert!(told.contains("--recursive"), "{told}");
        let twice = [folder.path().join("b"), folder.path().join("b")];
        assert!(matches!(list(&twice, true), Err(ArchiveError::SameName { .. })));
    }
}
