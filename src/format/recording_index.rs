//! Which recording of a project the name in a label file means.
//!
//! Must not know events.

use super::{LabelledFile, segment_of};
use crate::annotation::{Document, RecordingId, folded};
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

/// Recordings whose lengths differ by less than so many seconds may be the same one.
const SAME_LENGTH_SECS: f64 = 0.05;

/// What is looked at to find a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownRecording {
    /// Its name in the document.
    pub id: RecordingId,
    /// Where the sound is.
    pub path: PathBuf,
    /// Length in seconds as far as it is known; 0 if it is not.
    pub duration_secs: f64,
}

/// The recordings of a document by their names.
#[derive(Clone, Debug, Default)]
pub struct RecordingIndex {
    recordings: HashMap<RecordingId, Indexed>,
    by_name: [HashMap<String, Vec<RecordingId>>; KEYS],
    /// By the video and the start of AudioSet's segments.
    by_segment: HashMap<(String, u64), Vec<RecordingId>>,
}

#[derive(Clone, Debug)]
struct Indexed {
    /// The path's parts from the file name upwards.
    parts: Vec<String>,
    duration_secs: f64,
}

const KEYS: usize = 4;

/// The keys under which a recording is looked for, the most exact one first: its name, its name in any case, that without its extension,
/// and that without accents, which systems write in different ways.
fn keys(name: &str) -> [String; KEYS] {
    let lower = name.to_lowercase();
    let stem = stem_of(&lower);
    let bare = folded(&stem);
    [name.to_owned(), lower, stem, bare]
}

fn stem_of(name: &str) -> String {
    Path::new(name).file_stem().map_or_else(|| name.to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// The parts of a path from the file name upwards, whichever separators it was written with.
pub(super) fn parts_upwards(path: &Path) -> Vec<String> {
    let names = path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    });
    let mut parts: Vec<String> = names.collect();
    parts.reverse();
    parts
}

/// The name of a recording within the name of its label file, where programs put words of their own behind it:
/// `rec.Table.1.selections`, `rec.BirdNET.results`, `rec_annotations`.
fn without_label_words(stem: &str) -> Option<&str> {
    let lower = stem.to_ascii_lowercase();
    let ends = [".table.", ".birdnet.", ".selections", ".labels", "_labels", "-labels", "_annotations", ".annotations"];
    let at = ends.iter().filter_map(|end| lower.rfind(end)).min()?;
    stem.get(..at).filter(|name| !name.is_empty())
}

impl RecordingIndex {
    /// All recordings of a document.
    pub fn of(document: &Document) -> Self {
        let recordings = document.recordings();
        Self::new(recordings.map(|(id, recording)| (id, recording.path.as_path(), recording.duration_secs)))
    }

    /// Recordings by name, path and length in seconds, 0 where it is not known.
    pub fn new<'a>(recordings: impl IntoIterator<Item = (RecordingId, &'a Path, f64)>) -> Self {
        let mut index = Self::default();
        for (id, path, duration_secs) in recordings {
            let parts = parts_upwards(path);
            let Some(name) = parts.first() else { continue };
            for (map, key) in index.by_name.iter_mut().zip(keys(name)) {
                map.entry(key).or_default().push(id);
            }
            if let Some(segment) = segment_of(name) {
                index.by_segment.entry((segment.video.to_owned(), segment.start_ms)).or_default().push(id);
            }
            index.recordings.insert(id, Indexed { parts, duration_secs });
        }
        index
    }

    /// The length of a recording in seconds, where it is known.
    pub fn duration_secs(&self, id: RecordingId) -> Option<f64> {
        self.recordings.get(&id).map(|recording| recording.duration_secs).filter(|secs| *secs > 0.0)
    }

    /// The name of a recording's file.
    pub fn file_name(&self, id: RecordingId) -> &str {
        self.recordings.get(&id).and_then(|recording| recording.parts.first()).map_or("", String::as_str)
    }

    /// The recording of a name or path: found by its file name (exactly; else whatever the case; else without extension; else without
    /// accents), and where several have it, by the folders that stand before it, then by length.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub fn find(&self, file: &LabelledFile) -> Result<RecordingId, String> {
        let parts: Vec<&str> = file.name.trim().split(['/', '\\']).rev().filter(|part| !part.is_empty()).collect();
        let name = parts.first().copied().unwrap_or_default();
        let of_segment = || self.by_segment.get(&segment_of(&file.name).map(|at| (at.video.to_owned(), at.start_ms))?);
        let candidates = (self.named(name).or_else(of_segment))
            .or_else(|| self.named(without_label_words(name)?))
            .ok_or("no recording of this name in the project")?;
        let shared = |id: &RecordingId| {
            let folders = self.recordings.get(id).map(|recording| &recording.parts[1..]).unwrap_or_default();
            let above = parts.get(1..).unwrap_or_default();
            let count = above.iter().zip(folders).take_while(|(a, b)| *a == *b).count();
            (count, above.len() == folders.len())
        };
        let most = candidates.iter().map(shared).max().unwrap_or_default();
        let best: Vec<RecordingId> = candidates.iter().filter(|id| shared(id) == most).copied().collect();
        let is_as_long = |id: &RecordingId| {
            let lengths = file.duration_secs.zip(self.duration_secs(*id));
            lengths.is_some_and(|(stated, known)| (stated - known).abs() < SAME_LENGTH_SECS)
        };
        let as_long: Vec<RecordingId> = best.iter().filter(|id| is_as_long(id)).copied().collect();
        match (&best[..], &as_long[..]) {
            (&[id], _) | (_, &[id]) => Ok(id),
            _ => Err(format!("{} recordings have this name: write their folders before it", candidates.len())),
        }
    }

    fn named(&self, name: &str) -> Option<&Vec<RecordingId>> {
        let [exact, lower, stem, bare] = keys(name);
        let [by_name, by_lower, by_stem, by_bare] = &self.by_name;
        // A name without extension may have a dot of its own, so it is tried whole first.
        (by_name.get(&exact).or_else(|| by_lower.get(&lower)))
            .or_else(|| by_stem.get(&lower))
            .or_else(|| by_stem.get(&stem))
            .or_else(|| by_bare.get(&folded(&lower)))
            .or_else(|| by_bare.get(&bare))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(paths: &[(&'static str, f64)]) -> RecordingIndex {
        let named = paths.iter().enumerate();
        RecordingIndex::new(named.map(|(id, (path, secs))| (RecordingId(id as u64), Path::new(*path), *secs)))
    }

    fn found(index: &RecordingIndex, file: &str) -> Option<u64> {
        index.find(&LabelledFile::named(file)).ok().map(|id| id.0)
    }

    #[test]
    fn recordings_are_found_by_name_then_case_then_stem_then_folder() {
        let index = index(&[("/x/one/a.wav", 0.0), ("/x/two/a.wav", 0.0), ("/x/b.v2.flac", 0.0), ("/x/C.WAV", 0.0)]);
        assert_eq!(found(&index, "a.wav"), None);
        assert_eq!(found(&index, "one/a.wav"), Some(0));
        assert_eq!(found(&index, "D:\\sets\\two\\a.wav"), Some(1));
        assert_eq!(found(&index, "b.v2"), Some(2));
        assert_eq!(found(&index, "elsewhere/b.v2.mp3"), Some(2));
        assert_eq!(found(&index, "c.wav"), Some(3));
        assert_eq!(found(&index, "c"), Some(3));
        assert_eq!(found(&index, "d.wav"), None);
        assert_eq!(found(&index, ""), None);
    }

    #[test]
    fn segments_of_audioset_are_found_under_either_of_their_names() {
        let index = index(&[("/x/Yb0RFKhbpFJA_30.000_40.000.wav", 0.0), ("/x/b0RFKhbpFJA_31000.flac", 0.0)]);
        assert_eq!(found(&index, "b0RFKhbpFJA_30000"), Some(0));
        assert_eq!(found(&index, "b0RFKhbpFJA_31.000_41.000.wav"), Some(1));
        assert_eq!(found(&index, "b0RFKhbpFJA_32000"), None);
    }

    #[test]
    fn accents_are_found_however_a_system_writes_them() {
        let index = index(&[("/x/Mo\u{308}we.wav", 0.0), ("/x/Reiher.wav", 0.0)]);
        assert_eq!(found(&index, "M\u{f6}we.wav"), Some(0));
        assert_eq!(found(&index, "möwe"), Some(0));
    }

    #[test]
    fn the_words_that_programs_put_behind_a_name_are_not_of_the_recording() {
        let index = index(&[("/x/rec.v1.wav", 0.0), ("/x/other.wav", 0.0)]);
        for name in
            ["rec.v1.Table.1.selections", "rec.v1.BirdNET.selection.table", "rec.v1_annotations", "rec.v1.labels"]
        {
            assert_eq!(found(&index, name), Some(0), "{name}");
        }
        assert_eq!(found(&index, "rec.v2"), None, "another version is another recording");
        assert_eq!(found(&index, "_labels"), None);
    }

    #[test]
    fn of_recordings_of_one_name_the_length_decides() {
        let index = index(&[("/x/one/a.wav", 10.0), ("/x/two/a.wav", 12.5)]);
        let stated = |secs| LabelledFile { duration_secs: Some(secs), ..LabelledFile::named("a.wav") };
        assert_eq!(index.find(&stated(12.52)), Ok(RecordingId(1)));
        assert!(index.find(&stated(11.0)).is_err());
    }
}
