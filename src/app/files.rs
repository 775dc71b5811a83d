//! Opening files and showing recordings: requests to the storage thread, and what its answers change.

use super::importing::ImportRequest;
use super::models::is_model_file;
use super::notices::Gravity;
use super::viewport::Viewport;
use super::workbench::{OpenRecording, Workbench};
use crate::annotation::{Fact, RecordingId};
use crate::audio;
use crate::project;
use crate::work::{ProjectId, StorageRequest, label_extensions};
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
    pub(super) fn expanded(&mut self, project: ProjectId, files: Vec<PathBuf>, failures: &[String], is_first: bool) {
        if !self.is_for_this(project, || "Not all recordings of a folder were added".to_owned()) {
            return;
        }
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
        let (mut recordings, mut label_files) = (Vec::new(), Vec::new());
        for path in paths {
            match extension(&path).as_str() {
                project::EXTENSION => drop(self.load_project(path)),
                _ if is_model_file(&path) => self.ask_for_import(path),
                extension if is_label_file(extension) => label_files.push(path),
                _ => recordings.push(path),
            }
        }
        self.add_recordings(&recordings, is_first);
        if !label_files.is_empty() {
            self.change_import(ImportRequest::Read(label_files));
        }
    }

    /// States the length of a recording, if that is news.
    pub(super) fn state_duration(&mut self, id: RecordingId, duration_secs: f64) {
        let known = self.document.recording(id).map(|recording| recording.duration_secs);
        if known.is_some_and(|known| known != duration_secs) {
            self.note(Fact::Duration { id, duration_secs });
        }
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
        self.load_scores(id);
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

    pub(super) fn tell_all(&mut self, gravity: Gravity, path: &Path, reasons: impl Iterator<Item = String>) {
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

/// Whether files of an extension are read as labels.
fn is_label_file(extension: &str) -> bool {
    !audio::EXTENSIONS.contains(&extension)
        && label_extensions().iter().any(|known| known.eq_ignore_ascii_case(extension))
}

pub(super) fn extension(path: &Path) -> String {
    path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// `1 event`, `2 events`.
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
