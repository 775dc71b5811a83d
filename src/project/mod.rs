//! The project on disk, behind one interface: [`save`] and [`load`] a whole [`ProjectState`].
//!
//! *Invariant*: a file is replaced only by a complete new one, and never changed by reading it, whatever is wrong with it.
//! Only this module knows how a project is stored; the rest of the program sees the state.

mod atomic;
mod file;
mod local_clock;
mod paths;
mod store;

pub use atomic::{AtomicFile, write_atomically};
pub use file::{Generation, ProjectFile, ReadOnly, STEPS_READ_FIRST, ScoreSummary, Side};
pub use local_clock::local_offset_minutes;
pub use store::{load, save};

use crate::annotation::{Document, History, RecordingId};
use crate::decision::{DecisionRule, FrameScores};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    #[error("{path}: is damaged and was left as it is: {reason}. {}", previous_hint(path))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
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

/// Where the version before the last save is kept: the same name with `~` after it.
pub fn previous_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("~");
    PathBuf::from(name)
}

fn previous_hint(path: &Path) -> String {
    let previous = previous_path(path);
    if previous.exists() {
        format!("The version saved before it is {}: copy it under another name and open that", previous.display())
    } else {
        "Look for a copy in a backup".to_owned()
    }
}
