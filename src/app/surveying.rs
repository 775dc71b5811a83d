//! Finding out what the recordings of the project are: those in view first, then their neighbours, then all others in the background.

use super::files::LISTED_REASONS;
use super::notices::Gravity;
use super::workbench::Workbench;
use crate::annotation::{Fact, RecordingId};
use crate::work::{Surveyed, Unknown};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::files::counted;

/// What is still to be told of recordings that were opened.
#[derive(Default)]
pub struct Surveying {
    /// Asked for because somebody waits for them.
    asked: BTreeSet<RecordingId>,
    /// Cannot be read, and not told yet.
    untold: Vec<RecordingId>,
    /// Shall stand among the recent files once they are known to be recordings.
    to_remember: BTreeSet<RecordingId>,
    /// Were opened by their names and are new: one that turns out to be no recording is told and not kept in the list.
    named: BTreeSet<RecordingId>,
}

/// Of more files than this that are opened at once, none stands among the recent ones.
const REMEMBERED_AT_ONCE: usize = 8;

impl Workbench {
    /// Adds recordings to the project; the first is shown if `shows_first`.
    pub(super) fn add_recordings(&mut self, paths: &[PathBuf], shows_first: bool) {
        let is_known = |path: &PathBuf| self.document.recording_at(path).is_some();
        if !paths.iter().all(is_known) && self.refuses_changes() {
            return;
        }
        let mut fresh = Vec::new();
        for (place, path) in paths.iter().enumerate() {
            let (id, is_new) = self.add_recording(path);
            let is_known = self.specs.contains_key(&id);
            if is_new || !is_known {
                fresh.push((id, path.clone()));
            }
            if shows_first && place == 0 {
                self.opening = Some(id);
                self.look_now(id);
            }
            if shows_first && paths.len() <= REMEMBERED_AT_ONCE {
                if is_new {
                    self.surveying.named.insert(id);
                }
                self.surveying.to_remember.insert(id);
                if is_known {
                    self.settings.remember_file(path);
                }
            }
        }
        if let Some(id) = self.opening.filter(|id| shows_first && self.specs.contains_key(id)) {
            self.opening = None;
            self.show_recording(id);
        }
        self.survey.look_later(fresh);
    }

    /// The recording of a path, and whether the project had none.
    fn add_recording(&mut self, path: &Path) -> (RecordingId, bool) {
        if let Some(id) = self.document.recording_at(path) {
            return (id, false);
        }
        let id = self.document.next_recording_id();
        self.note(Fact::Added { id, path: path.to_path_buf() });
        (id, true)
    }

    /// Forgets what was found out about the recordings of the project before, and finds out about those of this one.
    pub(super) fn survey_all(&mut self) {
        self.survey.forget_all();
        self.surveying = Surveying::default();
        self.unknown.clear();
        let all = self.document.recordings().map(|(id, recording)| (id, recording.path.clone()));
        self.survey.look_later(all);
        if let Some(id) = self.opening {
            self.look_now(id);
        }
    }

    /// Has a recording looked at before all others.
    pub(super) fn look_now(&mut self, id: RecordingId) {
        if let Some(path) = self.document.recording(id).map(|recording| recording.path.clone())
            && self.surveying.asked.insert(id)
        {
            self.survey.look_now(id, path);
        }
    }

    /// Has the recordings looked at first that are seen in the list.
    pub(super) fn look_at_recordings(&mut self, seen: &[RecordingId]) {
        for &id in seen {
            if !self.specs.contains_key(&id) && !self.unknown.contains_key(&id) {
                self.look_now(id);
            }
        }
    }

    /// Whether every recording of the project was looked at.
    pub fn is_surveyed(&self) -> bool {
        self.specs.len() + self.unknown.len() >= self.document.recording_count()
    }

    /// Recordings were looked at.
    pub(super) fn surveyed(&mut self, batch: Vec<Surveyed>) {
        let mut without_print = Vec::new();
        for Surveyed { id, path, result, clocks } in batch {
            self.surveying.asked.remove(&id);
            // It may have gone or moved meanwhile.
            let Some(recording) = self.document.recording(id).filter(|recording| recording.path == path) else {
                continue;
            };
            let (has_print, has_length) = (recording.fingerprint.is_some(), recording.duration_secs > 0.0);
            match result {
                Ok(spec) => {
                    self.surveying.named.remove(&id);
                    // What a container says roughly takes no place of what was counted.
                    if spec.length_is_exact || !has_length {
                        self.state_duration(id, spec.duration_secs());
                    }
                    self.unknown.remove(&id);
                    if !clocks.is_empty() {
                        self.timeline_grows();
                    }
                    self.clocks.insert(id, clocks);
                    self.specs.insert(id, spec);
                    if !has_print {
                        without_print.push((id, path.clone()));
                    }
                    if self.surveying.to_remember.remove(&id) {
                        self.settings.remember_file(&path);
                    }
                    self.show_if_awaited(id);
                }
                Err(unknown) => self.cannot_be_known(id, unknown),
            }
        }
        self.list.states_changed();
        self.survey.take_fingerprints(without_print);
        if self.is_surveyed() {
            self.tell_unknown();
        }
    }

    fn show_if_awaited(&mut self, id: RecordingId) {
        let nothing_to_see = self.open.is_none() && self.opening.is_none();
        if self.opening == Some(id) || nothing_to_see {
            self.opening = None;
            self.show_recording(id);
        }
    }

    /// A recording is not there or cannot be read: its row says so, and one notice tells of all of them.
    fn cannot_be_known(&mut self, id: RecordingId, unknown: Unknown) {
        let is_named = self.surveying.named.remove(&id);
        let is_empty = self.document.counts(id).all() == 0 && self.scores_of(id).is_none();
        let was_awaited = self.opening == Some(id);
        if was_awaited {
            self.opening = None;
            if self.open.is_none() {
                self.show_any();
            }
        }
        if is_named && is_empty {
            self.notices.add(Gravity::Failure, unknown.reason());
            self.note(Fact::Removed { id });
            return;
        }
        if was_awaited {
            self.notices.add(Gravity::Failure, unknown.reason());
        } else if !self.unknown.contains_key(&id) {
            self.surveying.untold.push(id);
        }
        self.unknown.insert(id, unknown);
    }

    fn show_any(&mut self) {
        if let Some(&id) = self.specs.keys().next() {
            self.show_recording(id);
        }
    }

    /// Tells once of all recordings that cannot be read, and goes to look for those that are not there.
    fn tell_unknown(&mut self) {
        let untold = std::mem::take(&mut self.surveying.untold);
        let (mut missing, mut reasons) = (false, Vec::new());
        for id in untold {
            match self.unknown.get(&id) {
                Some(Unknown::NotFound(_)) => missing = true,
                Some(Unknown::Unreadable(reason)) => reasons.push(reason.clone()),
                None => {}
            }
        }
        if missing {
            self.look_for_missing();
        }
        let count = reasons.len();
        if count > 0 {
            reasons.iter().for_each(|reason| log::warn!("{reason}"));
            reasons.truncate(LISTED_REASONS);
            if count > LISTED_REASONS {
                reasons
                    .push(format!("… and {} more: the list shows them under \"Unreadable\"", count - LISTED_REASONS));
            }
            let text = format!("{} cannot be read:\n{}", counted(count, "recording"), reasons.join("\n"));
            self.notices.add(Gravity::Failure, text);
        }
    }

    /// What recordings are recognised by was found out.
    pub(super) fn fingerprints_came(&mut self, prints: Vec<(RecordingId, PathBuf, String)>) {
        for (id, path, fingerprint) in prints {
            let recording = self.document.recording(id);
            if recording
                .is_some_and(|recording| recording.path == path && recording.fingerprint.as_ref() != Some(&fingerprint))
            {
                self.note(Fact::Fingerprint { id, fingerprint });
            }
        }
    }
}
