//! The project on disk: a [`ProjectFile`] that is open while a person works, and told of every change.
//!
//! *Invariant*: when a change is told as kept, it survives the end of the process and a power cut; a change is kept whole or not at all.
//! *Invariant*: a new file takes the place of an old one only when it is complete, and a file is never changed by opening it if anything is
//! wrong with it.
//! Only this module knows how a project is stored; the rest of the program sees the state. `SCHEMA.md` says what the tables hold.

mod atomic;
mod changing;
mod checking;
mod connection;
mod copying;
mod event_rows;
mod export;
mod failure;
mod file;
mod generations;
mod local_clock;
mod lock;
mod log_rows;
mod opening;
mod packed;
mod paths;
mod recording_rows;
mod row;
mod schema;
mod scores;
mod tables;
mod version1;

pub use atomic::{AtomicFile, write_atomically};
pub use checking::{CheckReport, Recovered, check, recover};
pub use file::{Generation, ProjectFile, STEPS_READ_FIRST, ScoreSummary, Side};
pub use local_clock::local_offset_minutes;
pub use lock::{Lock, NoLock};
pub use opening::ReadOnly;
pub use scores::scores_path;

use crate::annotation::{Document, History, RecordingId};
use crate::decision::{DecisionRule, FrameScores};
use failure::Failure;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// The extension of a project file, without its dot.
pub const EXTENSION: &str = "earmark";

/// Everything that a project holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProjectState {
    /// The recordings and their events.
    pub document: Document,
    /// What can be taken back and done again.
    pub history: History,
    /// Scores of the models that were run.
    pub scores: Vec<StoredScores>,
    /// How the window showed the project; only the window knows what is in it.
    pub view: serde_json::Value,
}

/// The scores of one model on one recording, with what made them and what they were decided with.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredScores {
    /// Which recording.
    pub recording: RecordingId,
    /// The model folder's name.
    pub model: Arc<str>,
    /// The version that the model's manifest states.
    pub version: Arc<str>,
    /// Runtime and device in words, as the window shows them.
    pub runtime: String,
    /// The rule that makes events of the scores.
    pub rule: DecisionRule,
    /// The scores.
    pub scores: Arc<FrameScores>,
}

/// Why a project cannot be opened or saved. Each message names the file, the reason and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// The file system refuses to read.
    #[error("{path}: cannot be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Some other file.
    #[error("{path}: is not an Earmark project: {reason}")]
    NotAProject {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        reason: &'static str,
    },
    /// Written by a later version of the program.
    #[error(
        "{path}: was saved by a newer Earmark (file version {version}, this one reads up to {known}). Update Earmark to open it"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version that it states.
        version: i32,
        /// The newest version that this program reads.
        known: i32,
    },
    /// A project that cannot be read in whole. It was left as it is.
    #[error("{path}: is damaged and was left as it is: {reason}. {hint}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
        /// What can be done.
        hint: String,
    },
    /// The file that was opened is no longer where it was: deleted, moved away, or another one in its place.
    #[error(
        "{path}: is gone or was replaced by another file since it was opened, so nothing can be added to it. Nothing is lost as long as \
         Earmark is open: save the project under another name"
    )]
    Gone {
        /// Where it was.
        path: PathBuf,
    },
    /// The project was opened to be looked at only.
    #[error("{path}: cannot be changed: {reason}")]
    IsReadOnly {
        /// The file.
        path: PathBuf,
        /// Why, in words.
        reason: String,
    },
    /// A file of the text export cannot be written; the project itself is not concerned.
    #[error("{path}: cannot be written: {reason}. The project itself is not concerned; choose another folder")]
    CannotExport {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The file of scores beside the project cannot be used. No label is concerned.
    #[error(
        "{path}: scores cannot be read or kept: {reason}. No label is concerned; run the model again where scores are missing"
    )]
    Scores {
        /// The file of scores.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The project cannot be written; what was there before is unchanged.
    #[error(
        "{path}: cannot be saved: {reason}. The project is unchanged on disk; save it in another folder or under another name"
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl ProjectError {
    /// A damaged file, with what can be done about it.
    fn damaged(path: &Path, reason: String) -> Self {
        Self::Damaged { path: path.to_path_buf(), reason, hint: checking::hint(path) }
    }

    /// What reading has met.
    fn reading(path: &Path, failure: Failure) -> Self {
        match failure {
            Failure::Io(source) => Self::Read { path: path.to_path_buf(), source },
            Failure::Content(reason) => Self::damaged(path, reason),
        }
    }

    /// What writing has met.
    fn writing(path: &Path, reason: impl Into<String>) -> Self {
        Self::Write { path: path.to_path_buf(), reason: reason.into() }
    }
}

/// Writes a whole project in the place of what was at `path`, which is kept beside it as [`previous_path`], and leaves it closed.
///
/// # Errors
/// As [`ProjectFile::create`].
pub fn save(path: &Path, state: &ProjectState) -> Result<(), ProjectError> {
    ProjectFile::create(path, state)?.close()
}

/// Reads a whole project with all its scores, and leaves it closed.
///
/// # Errors
/// As [`ProjectFile::open`]; [`ProjectError::Scores`] if there are some that cannot be read.
pub fn load(path: &Path) -> Result<ProjectState, ProjectError> {
    let (file, mut state) = ProjectFile::open(path)?;
    for summary in file.scored_recordings()? {
        state.scores.extend(file.scores(summary.recording)?);
    }
    // It was only looked at; what could not be tidied up is tidied up the next time.
    let _ = file.close();
    Ok(state)
}

/// Where a project that was replaced by another one is kept: the same name with `~` after it.
pub fn previous_path(path: &Path) -> PathBuf {
    paths::with_suffix(path, "~")
}

/// Milliseconds since 1970-01-01 00:00 UTC, by the machine's clock, which may be wrong: nothing is ordered by it.
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
