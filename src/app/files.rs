//! Opening, saving, importing and exporting: requests to the storage thread, and what its answers change.

use super::models::is_model_file;
use super::notices::Gravity;
use super::viewport::Viewport;
use super::workbench::{OpenRecording, Scored, Workbench};
use crate::annotation::{Fact, RecordingId};
use crate::format;
use crate::project::{self, ProjectState, StoredScores};
use crate::work::{DetectionStart, StorageRequest};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// How many reasons one notice lists.
pub(super) const LISTED_REASONS: usize = 6;

impl Workbench {
    /// Hands a request to the storage thread, and says so if there is none any more.
    pub(super) fn ask_storage(&mut self, request: StorageRequest) {
        if !self.storage.ask(request) {
            let text = "Nothing can be read or written any more: the storage thread has stopped. Start Earmark again";
            self.notices.add(Gravity::Failure, text);
        }
    }

    /// Some of what is to be opened, folders replaced by the recordings in them.
    pub(super) fn expanded(&mut self, files: Vec<PathBuf>, failures: &[String], is_first: bool) {
        if !failures.is_empty() {
            let more = failures.len().saturating_sub(LISTED_REASONS);
            let mut text = failures[..failures.len() - more].join("\n");
            if more > 0 {
                text += &format!("\n… and {more} more");
            }
            self.notices.add(Gravity::Failure, text);
        }
        self.open_files(files, is_first);
    }

    /// Opens recordings, a project or label files, told apart by their extension.
    fn open_files(&mut self, paths: Vec<PathBuf>, is_first: bool) {
        let mut recordings = Vec::new();
        for path in paths {
            match extension(&path).as_str() {
                project::EXTENSION => self.load_project(path),
                "tsv" | "csv" | "txt" => {
                    self.ask_storage(StorageRequest::ImportLabels(path));
                }
                _ if is_model_file(&path) => self.ask_for_import(path),
                _ => recordings.push(path),
            }
        }
        self.add_recordings(&recordings, is_first);
    }

    /// States the length of a recording, if that is news.
    pub(super) fn state_duration(&mut self, id: RecordingId, duration_secs: f64) {
        let known = self.document.recording(id).map(|recording| recording.duration_secs);
        if known.is_some_and(|known| known != duration_secs) {
            self.note(Fact::Duration { id, duration_secs });
        }
    }

    fn load_project(&mut self, path: PathBuf) {
        if self.is_unsaved() && self.document.total_counts().all() > 0 {
            let text = "Save the open project first (Ctrl+S): opening another one would lose its changes";
            self.notices.add(Gravity::Warning, text);
            return;
        }
        self.ask_storage(StorageRequest::LoadProject(path));
    }

    /// Puts a recording into the picture.
    pub(super) fn show_recording(&mut self, id: RecordingId) {
        if self.open.as_ref().is_some_and(|open| open.id == id) {
            return;
        }
        let Some(path) = self.document.recording(id).map(|recording| recording.path.clone()) else { return };
        let Some(spec) = self.specs.get(&id).cloned() else {
            self.opening = Some(id);
            self.look_now(id);
            return;
        };
        self.leave_recording();
        let first = (Viewport::first_of(spec.duration_secs()), 0.0);
        let (viewport, rest_secs) = self.left_views.get(&id).copied().unwrap_or(first);
        let tiles = self.take_neighbour(id).unwrap_or_else(|| self.engine_of(&path, &spec));
        let nyquist = f64::from(spec.sample_rate) / 2.0;
        let frequencies = self.frequency_ranges.get(&spec.sample_rate).copied().unwrap_or((0.0, nyquist));
        let file = self.sound_file(&path);
        self.player.load(Some(file));
        let shown_at = Some(Instant::now());
        self.open = Some(OpenRecording { id, spec, viewport, frequencies, rest_secs, tiles, previous: None, shown_at });
        self.make_room();
        self.refresh_predictions();
        self.list.follow_open(id);
    }

    /// Puts a recording into the picture, with so much of it in view.
    pub(super) fn show_recording_at(&mut self, id: RecordingId, onset_secs: f64, width_secs: f64) {
        let duration_secs = self.document.recording(id).map_or(0.0, |recording| recording.duration_secs);
        let mut viewport = Viewport::first_of(duration_secs);
        viewport.set_room(self.room_of(id));
        viewport.show(onset_secs, width_secs);
        let rest_secs = onset_secs.clamp(0.0, duration_secs);
        self.left_views.insert(id, (viewport, rest_secs));
        self.show_recording(id);
    }

    pub(super) fn leave_recording(&mut self) {
        // Once paused, the player no longer tells where it was.
        let playhead = self.playhead_secs();
        self.player.pause();
        self.selected = None;
        self.follow_decisions();
        if let Some(open) = self.open.take() {
            let id = open.id;
            self.left_views.insert(id, (open.viewport, playhead));
            self.keep_as_neighbour(open);
            self.shelve_scores(id);
        }
    }

    /// Saves the project under a path.
    pub(super) fn save_project_to(&mut self, mut path: PathBuf) {
        if extension(&path) != project::EXTENSION {
            path.as_mut_os_string().push(".");
            path.as_mut_os_string().push(project::EXTENSION);
        }
        let state = Box::new(self.project_state());
        self.ask_storage(StorageRequest::SaveProject { path, revision: self.revision, state });
    }

    fn project_state(&self) -> ProjectState {
        let scores = self.scored.iter().map(|(&recording, scored)| StoredScores {
            recording,
            model: scored.start.model.clone(),
            version: scored.start.version.clone(),
            runtime: scored.start.ran_on.clone(),
            rule: scored.rules.common,
            scores: scored.scores.clone(),
        });
        ProjectState {
            document: self.document.clone(),
            history: self.history.clone(),
            scores: scores.collect(),
            view: self.view_state(),
        }
    }

    fn view_state(&self) -> serde_json::Value {
        let open = self.open.as_ref().map(|open| {
            let view = open.viewport.span();
            serde_json::json!({
                "recording": open.id,
                "onset_secs": view.onset_secs,
                "width_secs": view.duration_secs(),
                "playhead_secs": self.playhead_secs(),
            })
        });
        let chosen: BTreeMap<RecordingId, &BTreeSet<usize>> = self
            .scored
            .iter()
            .filter(|(_, scored)| scored.chosen_by_user)
            .map(|(&id, scored)| (id, &scored.chosen))
            .collect();
        let ranges: Vec<(u32, f64, f64)> =
            self.frequency_ranges.iter().map(|(&rate, &(low, high))| (rate, low, high)).collect();
        serde_json::json!({
            "open": open,
            "label_order": self.label_order,
            "chosen_classes": chosen,
            "display": self.display,
            "frequency_ranges": ranges,
            "rules": self.rule_book,
            "filter": self.filter,
        })
    }

    /// A project was written.
    pub(super) fn project_saved(&mut self, path: PathBuf, revision: u64, result: Result<(), String>) {
        match result {
            Ok(()) => {
                self.notices.add(Gravity::Done, format!("Saved {}", path.display()));
                self.settings.remember_file(&path);
                self.saved_revision = revision;
                self.project_path = Some(path);
            }
            Err(reason) => self.notices.add(Gravity::Failure, reason),
        }
    }

    /// A project was read: it takes the place of what was open.
    pub(super) fn project_loaded(&mut self, path: PathBuf, result: Result<Box<ProjectState>, String>) {
        let state = match result {
            Ok(state) => *state,
            Err(reason) => {
                self.notices.add(Gravity::Failure, reason);
                return;
            }
        };
        self.leave_recording();
        self.player.load(None);
        self.runs.clear();
        self.batch = None;
        self.relocation = None;
        self.list.clear();
        self.specs.clear();
        self.clocks.clear();
        self.neighbours.clear();
        self.sound_files.get_mut().clear();
        self.left_views.clear();
        self.restore_display(&state.view);
        self.document = state.document;
        self.refresh_timeline();
        self.history = state.history;
        self.scored = restored_scores(state.scores, &state.view);
        self.restore_rules(&state.view);
        self.filter = serde_json::from_value(state.view["filter"].clone()).unwrap_or_default();
        self.restore_labels(&state.view);
        self.settings.remember_file(&path);
        self.project_path = Some(path);
        self.revision += 1;
        self.saved_revision = self.revision;
        self.opening = self.remember_view(&state.view).or_else(|| self.document.recordings().next().map(|(id, _)| id));
        self.survey_all();
        self.shelf_of_scores.clear();
        let scored: Vec<RecordingId> = self.scored.keys().copied().collect();
        for id in scored {
            self.summarise(id);
            self.shelve_scores(id);
        }
        self.refresh_predictions();
    }

    fn remember_view(&mut self, view: &serde_json::Value) -> Option<RecordingId> {
        let open = &view["open"];
        let id: RecordingId = serde_json::from_value(open["recording"].clone()).ok()?;
        let mut viewport = Viewport::first_of(self.document.recording(id)?.duration_secs);
        viewport.show(open["onset_secs"].as_f64()?, open["width_secs"].as_f64()?);
        self.left_views.insert(id, (viewport, open["playhead_secs"].as_f64().unwrap_or(0.0)));
        Some(id)
    }

    /// Writes the accepted and corrected events of all recordings.
    pub(super) fn export_to(&mut self, mut path: PathBuf) {
        if path.extension().is_none() {
            path.set_extension("tsv");
        }
        let labels = format::export(&self.document);
        let open_ends = self
            .document
            .recordings()
            .filter(|(id, recording)| recording.events.is_empty() && self.scored.contains_key(id));
        let undecided = open_ends.count();
        if undecided > 0 {
            let text = format!(
                "{} with predictions but no decision: exported as without events",
                counted(undecided, "recording")
            );
            self.notices.add(Gravity::Warning, text);
        }
        self.tell_all(Gravity::Warning, &path, labels.warnings.iter().map(ToString::to_string));
        self.ask_storage(StorageRequest::ExportLabels { path, labels });
    }

    /// Labels were written.
    pub(super) fn exported(&mut self, path: &Path, result: Result<(usize, usize), String>) {
        match result {
            Ok((events, recordings)) => {
                let (events, recordings) = (counted(events, "event"), counted(recordings, "recording"));
                self.notices.add(Gravity::Done, format!("Exported {events} of {recordings} to {}", path.display()));
            }
            Err(reason) => self.notices.add(Gravity::Failure, reason),
        }
    }

    /// Labels were read: they are added in one step of undo, and what did not fit is told.
    pub(super) fn imported(&mut self, path: &Path, result: Result<format::StrongLabels, String>) {
        let labels = match result {
            Ok(labels) => labels,
            Err(reason) => {
                self.notices.add(Gravity::Failure, reason);
                return;
            }
        };
        let import = format::import(&labels, &mut self.document);
        let unmatched = import.unmatched.iter().map(|(file, reason)| format!("{file}: {reason}"));
        let warnings = labels.warnings.iter().map(ToString::to_string).chain(import.warnings.iter().cloned());
        self.tell_all(Gravity::Warning, path, warnings.chain(unmatched));
        let added = counted(import.added, "event");
        if import.added > 0 && !self.perform(format!("import {added}"), import.edit) {
            return;
        }
        let already =
            if import.already_there > 0 { format!("; {} there already", import.already_there) } else { String::new() };
        let recordings = counted(import.matched_files, "recording");
        self.notices.add(Gravity::Done, format!("Imported {added} for {recordings}{already} from {}", path.display()));
    }

    fn tell_all(&mut self, gravity: Gravity, path: &Path, reasons: impl Iterator<Item = String>) {
        let mut reasons: Vec<String> = reasons.collect();
        if reasons.is_empty() {
            return;
        }
        let more = reasons.len().saturating_sub(LISTED_REASONS);
        reasons.iter().for_each(|reason| log::warn!("{}: {reason}", path.display()));
        reasons.truncate(LISTED_REASONS);
        if more > 0 {
            reasons.push(format!("… and {more} more (all are in the log)"));
        }
        self.notices.add(gravity, format!("{}:\n{}", path.display(), reasons.join("\n")));
    }
}

fn restored_scores(stored: Vec<StoredScores>, view: &serde_json::Value) -> BTreeMap<RecordingId, Scored> {
    let mut chosen: BTreeMap<RecordingId, BTreeSet<usize>> =
        serde_json::from_value(view["chosen_classes"].clone()).unwrap_or_default();
    stored
        .into_iter()
        .map(|stored| {
            (stored.recording, {
                let classes = chosen.remove(&stored.recording);
                scored_from(stored, classes)
            })
        })
        .collect()
}

fn scored_from(stored: StoredScores, chosen: Option<BTreeSet<usize>>) -> Scored {
    let start = DetectionStart {
        model: stored.model,
        version: stored.version,
        ran_on: stored.runtime,
        notes: Vec::new(),
        axis: stored.scores.axis,
        classes: stored.scores.classes.clone(),
        rule: stored.rule,
    };
    let chosen_by_user = chosen.is_some();
    Scored {
        start,
        scores: stored.scores,
        chosen: chosen.unwrap_or_default(),
        chosen_by_user,
        rules: stored.rule.into(),
    }
}

fn extension(path: &Path) -> String {
    path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// `1 event`, `2 events`.
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
