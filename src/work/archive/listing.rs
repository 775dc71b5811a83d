//! The recordings of an archive: files and folders as the list of what is in them, with the names that results are kept under.

use super::ArchiveError;
use crate::work::folders;
use sha2::{Digest, Sha256};
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::{File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Time zones are whole quarters of an hour apart, and at most so far.
const ZONE_STEP_NS: u64 = 900_000_000_000;
const MOST_ZONES_NS: u64 = 26 * 4 * ZONE_STEP_NS;

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

    /// Whether it is the same but for a time that is off by hours. Memory cards keep times of day without their zone: in another zone, and from
    /// summer to winter, all their files seem to have changed.
    pub fn differs_by_time_zone(self, other: Self) -> bool {
        let apart = self.modified_ns.abs_diff(other.modified_ns);
        self.bytes == other.bytes && apart > 0 && apart.is_multiple_of(ZONE_STEP_NS) && apart <= MOST_ZONES_NS
    }

    /// As the file is now; none where it cannot be asked.
    pub fn now(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().map(|metadata| Self::of(&metadata))
    }
}

/// Bytes at the start of a recording that tell it from others: its header, and some hundredths of a second of noise.
const HEAD_BYTES: u64 = 16 << 10;

/// What a recording begins with, as a short text; empty where it cannot be read. Recorders that keep to one schedule make files of one name,
/// length and time of change: what tells them apart is what is in them.
pub(super) fn head_of(path: &Path) -> String {
    let mut head = Vec::new();
    match File::open(path).and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut head)) {
        Ok(_) => hex_sum(&head),
        Err(_) => String::new(),
    }
}

/// 64 bits of the SHA-256 sum of some bytes in hexadecimal digits.
pub(super) fn hex_sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
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
            let name = text_of(path.file_name().unwrap_or(path.as_os_str()));
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
    let parts: Vec<_> = below.components().map(|part| text_of(part.as_os_str())).collect();
    parts.join("/")
}

/// A name as text: what is no Unicode as its bytes, so that two such names stay two.
fn text_of(name: &OsStr) -> String {
    let mut text = String::new();
    for part in name.as_encoded_bytes().utf8_chunks() {
        text.push_str(part.valid());
        for byte in part.invalid() {
            // A text takes everything.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
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

    #[cfg(unix)]
    #[test]
    fn names_that_are_no_unicode_stay_apart() {
        use std::os::unix::ffi::OsStrExt;
        let folder = tempfile::tempdir().unwrap();
        for name in [&b"bl\xe4.wav"[..], b"bl\xf6.wav", b"line\nbreak.wav"] {
            std::fs::write(folder.path().join(OsStr::from_bytes(name)), name).unwrap();
        }
        let listing = list(&[folder.path().to_path_buf()], true).unwrap();
        let names: Vec<&str> = listing.recordings.iter().map(|listed| listed.name.as_str()).collect();
        assert_eq!(names, ["bl%E4.wav", "bl%F6.wav", "line\nbreak.wav"]);
        let heads: Vec<String> = listing.recordings.iter().map(|listed| head_of(&listed.path)).collect();
        assert!(heads[0] != heads[1] && heads[0].len() == 16, "{heads:?}");
        assert_eq!(head_of(Path::new("/no/such/x.wav")), "");
    }
}
