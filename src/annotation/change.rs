//! What a project file is told, one entry after the other: its log.

use super::{Document, Edit, EditError, Edited, RecordingId};
use std::path::PathBuf;

/// Which way a step went through the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Something new; what could be redone is forgotten.
    Do,
    /// The last step was taken back.
    Undo,
    /// The step that was taken back last was done again.
    Redo,
    /// The last step could not be taken back any more and was forgotten; nothing was changed.
    ForgetUndo,
    /// The step that was taken back last could not be done again and was forgotten; nothing was changed.
    ForgetRedo,
}

/// One step through the history, as it was applied.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct LogEntry {
    /// Which way.
    pub direction: Direction,
    /// What was done, as the menu shows it after "Undo": `accept "Dog"`.
    pub title: String,
    /// The edit that was applied.
    pub edit: Edit,
    /// The edit that takes it back.
    pub inverse: Edit,
    /// Who, and when.
    pub edited: Edited,
}

/// Something that follows the files and is not undone.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// A recording came into the project.
    Added {
        /// Its name.
        id: RecordingId,
        /// Where it is.
        path: PathBuf,
    },
    /// A recording about which nothing was said was taken out, and no step of the history is about it.
    Removed {
        /// Which.
        id: RecordingId,
    },
    /// How long a recording is was found out.
    Duration {
        /// Which.
        id: RecordingId,
        /// Its length in seconds, ≥ 0.
        duration_secs: f64,
    },
    /// A recording was found in another place.
    Path {
        /// Which.
        id: RecordingId,
        /// Where it is now.
        path: PathBuf,
    },
    /// What a recording's content is recognised by was found out.
    Fingerprint {
        /// Which.
        id: RecordingId,
        /// The fingerprint.
        fingerprint: String,
    },
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A step that can be, or was, undone.
    Step(Box<LogEntry>),
    /// What is not undone.
    Fact(Fact),
}

impl Change {
    /// Makes the same change in a document: state is a fold of changes.
    pub fn apply(&self, document: &mut Document) -> Result<(), EditError> {
        match self {
            Self::Step(entry) if matches!(entry.direction, Direction::ForgetUndo | Direction::ForgetRedo) => Ok(()),
            Self::Step(entry) => document.apply(entry.edit.clone()).map(drop),
            Self::Fact(fact) => {
                document.apply_fact(fact);
                Ok(())
            }
        }
    }
}
