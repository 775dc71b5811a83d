//! Finding recordings that are no longer where they were: by content where that is known; by name and length only if a person asks, who sees
//! what comes of it. (Recorders number their files alike, and cut them to equal lengths.) Reads only.

use super::folders::walk;
use super::thread::spawn;
use super::{CancelOnDrop, CancelToken, Update, UpdateSender};
use crate::annotation::RecordingId;
use crate::audio;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// Two lengths that differ by less, in seconds, are the same.
const SAME_LENGTH_SECS: f64 = 0.02;

/// A recording that is looked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Missing {
    /// Which.
    pub id: RecordingId,
    /// Where it was.
    pub path: PathBuf,
    /// Its length in seconds; 0 where it was never known.
    pub duration_secs: f64,
    /// What its content is recognised by, if that was ever looked at.
    pub fingerprint: Option<String>,
}

/// A recording that was found in another place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which.
    pub id: RecordingId,
    /// Where it is.
    pub path: PathBuf,
    /// Whether its content was recognised; else its name and length are the same.
    pub by_content: bool,
}

/// What a search has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relocated {
    /// Which search.
    pub number: u64,
    /// The recordings that were found.
    pub found: Vec<Found>,
    /// How many were looked for.
    pub missing: usize,
    /// How many files were passed.
    pub files: usize,
    /// Recordings of which several files have the name and the length: none of them is taken.
    pub ambiguous: usize,
    /// Whether a person asked for it.
    pub is_asked: bool,
    /// Whether it was stopped before it was through.
    pub is_cancelled: bool,
}

/// A search that goes on; dropped, it is cancelled.
pub struct Relocation {
    /// Its number.
    pub number: u64,
    _cancel: CancelOnDrop,
}

impl Relocation {
    /// Looks for recordings in folders and all folders in them, on a thread of its own; the answer comes as [`Update::Relocated`].
    /// `taken` are files that other recordings of the project are.
    pub fn start(
        number: u64,
        missing: Vec<Missing>,
        folders: Vec<PathBuf>,
        taken: HashSet<PathBuf>,
        is_asked: bool,
        updates: &UpdateSender,
    ) -> Self {
        let cancel = CancelOnDrop::default();
        let (token, told) = (cancel.0.clone(), updates.clone());
        spawn("finding recordings", updates, move || {
            let relocated = find(&missing, &folders, &taken, is_asked, &token);
            told.send(Update::Relocated(Relocated { number, ..relocated }));
        });
        Self { number, _cancel: cancel }
    }
}

fn find(
    missing: &[Missing],
    folders: &[PathBuf],
    taken: &HashSet<PathBuf>,
    is_asked: bool,
    cancel: &CancelToken,
) -> Relocated {
    let mut search = Search::new(missing, is_asked);
    let mut files = 0;
    let mut seen = HashSet::new();
    for folder in folders {
        // Folders may lie in each other.
        walk(folder, &mut |path| {
            let is_new = !taken.contains(&path) && seen.insert(path.clone());
            if is_new {
                files += 1;
                search.look_at(&path);
            }
            !cancel.is_cancelled() && !search.is_done()
        });
    }
    let (found, ambiguous) = search.finish();
    let is_cancelled = cancel.is_cancelled();
    Relocated { number: 0, found, missing: missing.len(), files, ambiguous, is_asked, is_cancelled }
}

struct Search<'a> {
    missing: &'a [Missing],
    /// Where the name alone may count, with the length.
    by_name: HashMap<String, Vec<usize>>,
    /// By the size of the file, which a fingerprint begins with.
    by_size: HashMap<u64, Vec<usize>>,
    by_content: HashMap<usize, PathBuf>,
    by_length: HashMap<usize, Vec<PathBuf>>,
}

impl<'a> Search<'a> {
    fn new(missing: &'a [Missing], is_asked: bool) -> Self {
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        let mut by_size: HashMap<u64, Vec<usize>> = HashMap::new();
        for (place, recording) in missing.iter().enumerate() {
            // Whose content is known is not taken for another one; and what has no length is alike with everything.
            if is_asked && recording.fingerprint.is_none() && recording.duration_secs > 0.0 {
                by_name.entry(name_of(&recording.path)).or_default().push(place);
            }
            if let Some(bytes) = recording.fingerprint.as_deref().and_then(size_in) {
                by_size.entry(bytes).or_default().push(place);
            }
        }
        Self { missing, by_name, by_size, by_content: HashMap::new(), by_length: HashMap::new() }
    }

    /// Whether every recording was recognised by its content.
    fn is_done(&self) -> bool {
        self.by_content.len() == self.missing.len()
    }

    fn look_at(&mut self, path: &Path) {
        let bytes = std::fs::metadata(path).map(|metadata| metadata.len()).unwrap_or_default();
        let alike = self.by_size.get(&bytes).cloned().unwrap_or_default();
        let open: Vec<usize> = alike.into_iter().filter(|place| !self.by_content.contains_key(place)).collect();
        if !open.is_empty()
            && let Ok(print) = audio::fingerprint(path).map(|print| print.to_string())
        {
            let is_it = |place: &&usize| self.missing[**place].fingerprint.as_ref() == Some(&print);
            // Of several recordings of the same content, the one of this name; one file is one recording.
            let same_name = |place: &&usize| name_of(&self.missing[**place].path) == name_of(path);
            let mut same: Vec<usize> = open.iter().filter(is_it).copied().collect();
            same.sort_by_key(|place| !same_name(&place));
            if let Some(&place) = same.first() {
                self.by_content.insert(place, path.to_path_buf());
                return;
            }
        }
        let named = self.by_name.get(&name_of(path)).cloned().unwrap_or_default();
        for place in named {
            if has_length(path, self.missing[place].duration_secs) {
                self.by_length.entry(place).or_default().push(path.to_path_buf());
            }
        }
    }

    fn finish(self) -> (Vec<Found>, usize) {
        let Self { missing, by_content, by_length, .. } = self;
        let ambiguous = by_length.values().filter(|paths| paths.len() > 1).count();
        let content = by_content.into_iter().map(|(place, path)| (place, path, true));
        let length = by_length.into_iter().filter(|(_, paths)| paths.len() == 1);
        let length = length.flat_map(|(place, paths)| paths.into_iter().map(move |path| (place, path, false)));
        let mut found: Vec<Found> = content
            .chain(length)
            .map(|(place, path, by_content)| Found { id: missing[place].id, path, by_content })
            .collect();
        found.sort_by_key(|found| found.id);
        (found, ambiguous)
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// The bytes that a fingerprint's text begins with.
fn size_in(fingerprint: &str) -> Option<u64> {
    fingerprint.split_once('-')?.0.parse().ok()
}

/// Whether a file is a recording of this length.
fn has_length(path: &Path, duration_secs: f64) -> bool {
    audio::open(path).is_ok_and(|source| (source.spec().duration_secs() - duration_secs).abs() <= SAME_LENGTH_SECS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sound file of so many frames at 8 kHz whose samples are all the same.
    fn wave(path: &Path, frames: u32, sample: i16) {
        let bytes = 2 * frames;
        let mut wave = b"RIFF".to_vec();
        wave.extend((36 + bytes).to_le_bytes());
        wave.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data");
        wave.extend(bytes.to_le_bytes());
        (0..frames).for_each(|_| wave.extend(sample.to_le_bytes()));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, wave).unwrap();
    }

    fn missing(id: u64, name: &str, secs: f64, fingerprint: Option<String>) -> Missing {
        Missing { id: RecordingId(id), path: Path::new("/gone").join(name), duration_secs: secs, fingerprint }
    }

    fn print(path: &Path) -> Option<String> {
        Some(audio::fingerprint(path).unwrap().to_string())
    }

    #[test]
    fn content_counts_more_than_the_name_and_the_name_only_with_its_length() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        wave(&at("deep/renamed.wav"), 8000, 1);
        wave(&at("a.wav"), 8000, 2);
        wave(&at("b.wav"), 4000, 3);
        wave(&at("c.wav"), 4000, 4);
        wave(&at("one/d.wav"), 800, 5);
        wave(&at("two/d.wav"), 800, 6);
        let wanted = [
            missing(0, "a.wav", 1.0, print(&at("deep/renamed.wav"))),
            missing(1, "b.wav", 0.5, None),
            missing(2, "c.wav", 9.0, None),
            missing(3, "d.wav", 0.1, None),
            missing(5, "c.wav", 0.0, None),
            missing(4, "b.wav", 1.0, print(&at("a.wav")).map(|print| print.replace('-', "-0"))),
        ];
        let folders = [folder.path().to_path_buf(), at("deep")];
        let relocated = find(&wanted, &folders, &HashSet::new(), true, &CancelToken::default());
        let found = |id: u64, name: &str, by_content| Found { id: RecordingId(id), path: at(name), by_content };
        assert_eq!(relocated.found, [found(0, "deep/renamed.wav", true), found(1, "b.wav", false)]);
        assert_eq!((relocated.missing, relocated.files, relocated.ambiguous), (6, 6, 1));
        let taken = HashSet::from([at("b.wav")]);
        let relocated = find(&wanted, &folders, &taken, true, &CancelToken::default());
        assert_eq!(relocated.found, [found(0, "deep/renamed.wav", true)], "a file is one recording");
        let relocated = find(&wanted, &folders, &HashSet::new(), false, &CancelToken::default());
        assert_eq!(relocated.found, [found(0, "deep/renamed.wav", true)], "unasked, only the content counts");
        assert_eq!(relocated.ambiguous, 0);
    }

    #[test]
    fn a_search_that_is_cancelled_says_so() {
        let folder = tempfile::tempdir().unwrap();
        wave(&folder.path().join("a.wav"), 80, 1);
        wave(&folder.path().join("b.wav"), 80, 1);
        let cancel = CancelToken::default();
        cancel.cancel();
        let wanted = [missing(0, "b.wav", 0.01, None)];
        let relocated = find(&wanted, &[folder.path().to_path_buf()], &HashSet::new(), true, &cancel);
        assert!(relocated.is_cancelled && relocated.found.is_empty());
    }
}
