//! The project file as the program holds it while a project is open: one writer, every change a transaction.
//!
//! Owns the interface; what the tables hold is in `SCHEMA.md`.

use super::{ProjectError, ProjectState, StoredScores};
use crate::annotation::{Change, Document, HistoryEntry, RecordingId};
use crate::decision::DecisionRule;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many steps of each side of the history are read at opening; the others when they are asked for.
pub const STEPS_READ_FIRST: u64 = 2000;

/// An open project file.
pub struct ProjectFile {
    path: PathBuf,
    read_only: Option<ReadOnly>,
}

/// Why a project was opened without the right to change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadOnly {
    /// Another Earmark has it open.
    OpenElsewhere {
        /// Who, as `process 4711 on atlas, since 2026-11-25 09:30`; none if that cannot be read.
        holder: Option<String>,
    },
    /// The file or its folder cannot be written.
    NotWritable {
        /// The system's reason.
        reason: String,
    },
}

/// One side of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Steps that can be taken back.
    Undo,
    /// Steps that can be done again.
    Redo,
}

/// A state of the annotations that is kept inside the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    /// The last entry of the log that it holds; names the generation.
    pub seq: u64,
    /// When it was kept: milliseconds since 1970-01-01 00:00 UTC.
    pub at_ms: i64,
    /// How many recordings it has.
    pub recordings: u64,
    /// How many events it has.
    pub events: u64,
}

/// What is known of a recording's scores without reading them.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreSummary {
    /// Which recording.
    pub recording: RecordingId,
    /// The model folder's name.
    pub model: Arc<str>,
    /// The version that the model's manifest states.
    pub version: Arc<str>,
    /// Runtime and device in words.
    pub runtime: String,
    /// The rule that makes events of the scores.
    pub rule: DecisionRule,
    /// How many predictions that rule makes, if it was told.
    pub predictions: Option<u64>,
}

impl ProjectFile {
    /// Writes a whole new project in the place of what is at `path`, and holds it open.
    ///
    /// # Errors
    /// [`ProjectError::Write`]; what was at `path` is then as it was.
    pub fn create(path: &Path, _state: &ProjectState) -> Result<Self, ProjectError> {
        Err(unfinished(path))
    }

    /// Opens a project; [`Self::read_only`] says whether it can be changed. The state is without scores ([`Self::scores`]) and with the
    /// newest steps of its history ([`Self::steps_unread`]).
    ///
    /// # Errors
    /// All but [`ProjectError::Write`] and [`ProjectError::Gone`]; the file is then as it was.
    pub fn open(path: &Path) -> Result<(Self, ProjectState), ProjectError> {
        Err(unfinished(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Why it cannot be changed, if it cannot.
    pub fn read_only(&self) -> Option<&ReadOnly> {
        self.read_only.as_ref()
    }

    /// What went wrong without costing a label, in words for a notice: a checkpoint, a generation or scores that failed. Each is told once.
    pub fn take_warnings(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// Keeps changes, in order, all or none. When it returns, they survive a power cut.
    ///
    /// # Errors
    /// [`ProjectError::Gone`], [`ProjectError::Write`], [`ProjectError::IsReadOnly`]; nothing is kept then, and the same changes can be
    /// appended later, together with those that came after them.
    pub fn append(&mut self, _changes: &[Change]) -> Result<(), ProjectError> {
        Err(unfinished(&self.path))
    }

    /// How many steps of a side the opened state lacks because they are older than those that were read.
    pub fn steps_unread(&self, _side: Side) -> u64 {
        0
    }

    /// Steps before those that were read, the oldest first: at most `count`, the newest of the first `before`. Hand them to
    /// [`crate::annotation::History::put_before`].
    ///
    /// # Errors
    /// [`ProjectError::Read`] and [`ProjectError::Damaged`].
    pub fn earlier_steps(&self, _side: Side, _before: u64, _count: u64) -> Result<Vec<HistoryEntry>, ProjectError> {
        Err(unfinished(&self.path))
    }

    /// Keeps how the window shows the project.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub fn keep_view(&mut self, _view: &serde_json::Value) -> Result<(), ProjectError> {
        Err(unfinished(&self.path))
    }

    /// Keeps scores in the side file, in the place of those that the recording had.
    ///
    /// # Errors
    /// [`ProjectError::Scores`]; labels are not concerned.
    pub fn keep_scores(&mut self, _scores: &StoredScores, _predictions: Option<u64>) -> Result<(), ProjectError> {
        Err(unfinished(&self.path))
    }

    /// Keeps another rule for scores that are kept.
    ///
    /// # Errors
    /// [`ProjectError::Scores`].
    pub fn keep_rule(
        &mut self,
        _recording: RecordingId,
        _rule: &DecisionRule,
        _predictions: Option<u64>,
    ) -> Result<(), ProjectError> {
        Err(unfinished(&self.path))
    }

    /// The scores of a recording, if there are any.
    ///
    /// # Errors
    /// [`ProjectError::Scores`].
    pub fn scores(&self, _recording: RecordingId) -> Result<Option<StoredScores>, ProjectError> {
        Err(unfinished(&self.path))
    }

    /// The recordings that have scores.
    ///
    /// # Errors
    /// [`ProjectError::Scores`].
    pub fn scored_recordings(&self) -> Result<Vec<ScoreSummary>, ProjectError> {
        Err(unfinished(&self.path))
    }

    /// The states that are kept inside the file, the newest first.
    ///
    /// # Errors
    /// [`ProjectError::Read`] and [`ProjectError::Damaged`].
    pub fn generations(&self) -> Result<Vec<Generation>, ProjectError> {
        Err(unfinished(&self.path))
    }

    /// A state that is kept inside the file.
    ///
    /// # Errors
    /// [`ProjectError::Read`] and [`ProjectError::Damaged`].
    pub fn state_at(&self, _generation: &Generation) -> Result<Document, ProjectError> {
        Err(unfinished(&self.path))
    }

    /// Writes a copy that stands for itself, with the scores. This file stays the open one.
    ///
    /// # Errors
    /// [`ProjectError::Write`]; what was at `path` is then as it was.
    pub fn copy_to(&self, _path: &Path) -> Result<(), ProjectError> {
        Err(unfinished(&self.path))
    }

    /// Writes everything as text into a folder, which is made: one JSON value a line in `recordings.jsonl`, `events.jsonl`,
    /// `label_classes.jsonl` and `log.jsonl`. Returns the files.
    ///
    /// # Errors
    /// [`ProjectError::Write`] names the file that cannot be written.
    pub fn export_text(&self, _folder: &Path) -> Result<Vec<PathBuf>, ProjectError> {
        Err(unfinished(&self.path))
    }

    /// Leaves one complete file and gives the lock back. Dropping does the same, but tells nothing.
    ///
    /// # Errors
    /// [`ProjectError::Write`]; all that was appended is kept nevertheless.
    pub fn close(self) -> Result<(), ProjectError> {
        Ok(())
    }
}

fn unfinished(path: &Path) -> ProjectError {
    ProjectError::Write { path: path.to_path_buf(), reason: "this part is being built".to_owned() }
}
