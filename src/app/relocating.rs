//! Recordings that are no longer where they were: looked for where the project and its other recordings lie, or where the user says, and
//! linked anew. Their labels stay in any case.

use super::files::counted;
use super::notices::Gravity;
use super::workbench::Workbench;
use crate::annotation::{Fact, RecordingId};
use crate::work::{Missing, Relocated, Relocation, Unknown};
use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;

/// Folders that are looked through by themselves, at most: the nearest tell the most.
const MOST_FOLDERS: usize = 64;

impl Workbench {
    /// The recordings that are not where they were.
    pub fn missing(&self) -> impl Iterator<Item = RecordingId> + '_ {
        self.unknown.iter().filter(|(_, unknown)| matches!(unknown, Unknown::NotFound(_))).map(|(&id, _)| id)
    }

    /// Looks for missing recordings in the folder of the project and in those where other recordings lie, by their content alone.
    pub(super) fn look_for_missing(&mut self) {
        let mut folders: Vec<PathBuf> = Vec::new();
        folders.extend(self.project_path.as_ref().and_then(|path| path.parent()).map(PathBuf::from));
        let found = self.specs.keys().filter_map(|&id| self.document.recording(id)?.path.parent());
        let known: BTreeSet<PathBuf> = found.map(PathBuf::from).collect();
        folders.extend(known.into_iter().take(MOST_FOLDERS));
        // A folder that was moved as a whole often lies beside where it was.
        let lost: BTreeSet<PathBuf> = self
            .missing()
            .filter_map(|id| {
                self.document.recording(id)?.path.ancestors().skip(1).find(|folder| folder.exists()).map(PathBuf::from)
            })
            .take(MOST_FOLDERS)
            .filter(|folder| folder.components().count() > 3)
            .collect();
        folders.extend(lost);
        folders.dedup();
        self.relocate(folders, false);
    }

    /// Looks for missing recordings in a folder that the user names, also by their names and lengths.
    pub(super) fn find_recordings_in(&mut self, folder: PathBuf) {
        if self.missing().next().is_none() {
            self.notices.add(Gravity::Done, "No recording is missing");
            return;
        }
        self.relocate(vec![folder], true);
    }

    fn relocate(&mut self, folders: Vec<PathBuf>, is_asked: bool) {
        let missing: Vec<Missing> = self
            .missing()
            .filter_map(|id| {
                let recording = self.document.recording(id)?;
                Some(Missing {
                    id,
                    path: recording.path.clone(),
                    duration_secs: recording.duration_secs,
                    fingerprint: recording.fingerprint.clone(),
                })
            })
            .collect();
        if missing.is_empty() {
            return;
        }
        let taken: HashSet<PathBuf> =
            self.specs.keys().filter_map(|&id| Some(self.document.recording(id)?.path.clone())).collect();
        self.next_run += 1;
        self.relocation = Some(Relocation::start(self.next_run, missing, folders, taken, is_asked, &self.updates));
    }

    /// Stops looking for missing recordings.
    pub(super) fn stop_relocation(&mut self) {
        self.relocation = None;
    }

    /// Whether missing recordings are being looked for.
    pub fn is_relocating(&self) -> bool {
        self.relocation.is_some()
    }

    /// A search for missing recordings has ended: what was found is linked anew.
    pub(super) fn relocated(&mut self, relocated: &Relocated) {
        if self.relocation.as_ref().is_none_or(|search| search.number != relocated.number) {
            return;
        }
        self.relocation = None;
        let (mut linked, mut by_content) = (0, 0);
        for found in &relocated.found {
            let is_free = self.document.recording_at(&found.path).is_none();
            let is_missing = matches!(self.unknown.get(&found.id), Some(Unknown::NotFound(_)));
            if is_free && is_missing {
                self.note(Fact::Path { id: found.id, path: found.path.clone() });
                self.unknown.remove(&found.id);
                self.survey.look_later([(found.id, found.path.clone())]);
                linked += 1;
                by_content += usize::from(found.by_content);
            }
        }
        if linked > 0 {
            self.revision += 1;
        }
        self.tell_relocated(relocated, linked, by_content);
    }

    fn tell_relocated(&mut self, relocated: &Relocated, linked: usize, by_content: usize) {
        let left = self.missing().count();
        let mut lines = Vec::new();
        if linked > 0 {
            let how = match linked - by_content {
                0 => "recognised by content".to_owned(),
                _ if by_content == 0 => "recognised by name and length".to_owned(),
                by_name => format!("{by_content} recognised by content, {by_name} by name and length"),
            };
            lines.push(format!("{} found in another place: {how}", counted(linked, "recording")));
        }
        if left > 0 {
            lines.push(format!(
                "{} not found; labels stay. \"Find recordings…\" looks in a folder that you name",
                counted(left, "recording")
            ));
        }
        if relocated.ambiguous > 0 {
            let count = counted(relocated.ambiguous, "recording");
            lines.push(format!("{count} of the same name and length lie in several places: none was taken"));
        }
        let gravity = if left == 0 { Gravity::Done } else { Gravity::Warning };
        self.notices.add(gravity, lines.join("\n"));
    }
}
