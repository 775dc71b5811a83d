//! What the results of a recording are called, so that no two recordings have a result in one place: also where the disk takes capitals and
//! small letters for the same, and where folders of results lie within each other.

use super::ArchiveError;
use super::ArchiveSpec;
use super::journal::{Entry, FILE_NAME, Known, path_text};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Where the events of the recording called `name` go.
pub(super) fn events_path(spec: &ArchiveSpec, name: &str, stem: &str) -> PathBuf {
    spec.folder.join(below(name, &spec.events.file_name_of(stem)))
}

/// Where its scores go, if they are wanted.
pub(super) fn scores_path(spec: &ArchiveSpec, name: &str, stem: &str) -> Option<PathBuf> {
    let (folder, form) = spec.scores.as_ref()?;
    Some(folder.join(below(name, &format!("{stem}.{}", form.id()))))
}

/// Where its embeddings go, if they are wanted.
pub(super) fn embeddings_path(spec: &ArchiveSpec, name: &str, stem: &str) -> Option<PathBuf> {
    let (folder, form) = spec.embeddings.as_ref()?;
    Some(folder.join(below(name, &format!("{stem}.{}", form.id()))))
}

/// A file in the folder of the recording called `name`.
fn below(name: &str, file: &str) -> String {
    match name.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{file}"),
        None => file.to_owned(),
    }
}

/// Which names of results are taken.
pub(super) struct ResultNames {
    /// In small letters.
    taken: HashSet<String>,
}

impl ResultNames {
    /// Those of all that was done before, and the journal's.
    pub fn of(known: &Known) -> Self {
        let files = known.done.values().flat_map(|entry| &entry.results);
        let taken = files.map(|result| result.file.to_lowercase());
        Self { taken: taken.chain([FILE_NAME.to_owned()]).collect() }
    }

    /// Keeps a place for a file that is no recording's.
    pub fn reserve(&mut self, folder: &Path, path: &Path) -> Result<(), ArchiveError> {
        match self.taken.insert(path_text(folder, path).to_lowercase()) {
            true => Ok(()),
            false => Err(ArchiveError::JointTaken { path: path.to_path_buf() }),
        }
    }

    /// What the results of a recording are called without their extensions: its name without its own; with it where another recording has that
    /// one already. One that was done before, as `entry` says, keeps what it has.
    pub fn choose(&mut self, spec: &ArchiveSpec, name: &str, entry: Option<&Entry>) -> String {
        let own: HashSet<&str> = entry.iter().flat_map(|entry| &entry.results).map(|result| &*result.file).collect();
        let file_name = name.rsplit('/').next().unwrap_or(name);
        let short = Path::new(file_name).file_stem().map_or(file_name.into(), |stem| stem.to_string_lossy());
        let results = |stem: &str| {
            let more = scores_path(spec, name, stem).into_iter().chain(embeddings_path(spec, name, stem));
            let all = std::iter::once(events_path(spec, name, stem)).chain(more);
            all.map(|path| path_text(&spec.folder, &path)).collect::<Vec<_>>()
        };
        let is_free = |stem: &str| {
            let is_free = |file: &String| own.contains(file.as_str()) || !self.taken.contains(&file.to_lowercase());
            results(stem).iter().all(is_free)
        };
        let mut stem = if is_free(&short) { short.into_owned() } else { file_name.to_owned() };
        while !is_free(&stem) {
            stem.push('_');
        }
        let chosen = results(&stem);
        self.taken.extend(chosen.iter().map(|file| file.to_lowercase()));
        stem
    }
}

#[cfg(test)]
mod tests {
    use super::super::{EmbeddingForm, EventForm, ScoreForm};
    use super::*;
    use crate::decision::DecisionRule;
    use crate::format;

    fn spec(to: &str, scores: Option<&str>) -> ArchiveSpec {
        ArchiveSpec {
            inputs: Vec::new(),
            is_recursive: true,
            folder: "/out".into(),
            events: EventForm::by_id(to).unwrap(),
            scores: scores.map(|folder| (folder.into(), ScoreForm::Tsv)),
            embeddings: Some(("/out/e".into(), EmbeddingForm::Npy)),
            joint: None,
            rule: DecisionRule::default(),
            classes: [0].into(),
            may_replace: false,
        }
    }

    fn chosen(spec: &ArchiveSpec, names: &[&str]) -> Vec<String> {
        let mut taken = ResultNames::of(&Known::default());
        names.iter().map(|name| taken.choose(spec, name, None)).collect()
    }

    #[test]
    fn no_two_recordings_have_a_result_in_one_place() {
        let dcase = spec("dcase", None);
        assert_eq!(chosen(&dcase, &["a.flac", "a.wav", "b/a.wav"]), ["a", "a.wav", "a"]);
        assert_eq!(chosen(&dcase, &["a.wav", "A.wav", "A.WAV"]), ["a", "A.wav", "A.WAV_"], "disks without capitals");
        let within = spec("dcase", Some("/out/day1"));
        assert_eq!(chosen(&within, &["a.wav", "day1/a.wav"]), ["a", "a.wav"], "scores of the one, events of the other");
        let jsonl = chosen(&dcase, &["earmark-archive.wav"]);
        assert_eq!(jsonl, ["earmark-archive"]);
    }

    #[test]
    fn each_format_gives_each_recording_a_file() {
        for to in EventForm::ids() {
            let names = chosen(&spec(to, None), &["a.wav", "b.wav", "a.flac"]);
            assert_eq!(names, ["a", "b", "a.flac"], "{to}");
        }
        assert!(format::ALL.iter().any(|format| format.file_name_of("a") == format.file_name_of("b")));
    }

    #[test]
    fn the_joint_table_has_a_place_of_its_own() {
        let mut names = ResultNames::of(&Known::default());
        names.reserve(Path::new("/out"), Path::new("/out/all.tsv")).unwrap();
        assert_eq!(names.choose(&spec("dcase", None), "all.wav", None), "all.wav");
        let told = names.reserve(Path::new("/out"), Path::new("/out/all.wav.tsv")).unwrap_err().to_string();
        assert!(told.contains("/out/all.wav.tsv"), "{told}");
    }
}
