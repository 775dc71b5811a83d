//! What can be changed and taken back: one value each.

use super::{CompleteSpan, Edited, Event, EventId, LabelClass, RecordingId, path_text};
use std::path::{Path, PathBuf};

/// A change of one document that can be undone; `Many` is one step of undo.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "edit", rename_all = "snake_case")]
pub enum Edit {
    /// Adds an event under a name that is not in use.
    Insert {
        /// Which recording.
        recording: RecordingId,
        /// The new event.
        event: Event,
    },
    /// Takes an event away.
    Remove {
        /// Which recording.
        recording: RecordingId,
        /// The event's name.
        id: EventId,
    },
    /// Puts another state in the place of the event of the same name.
    Replace {
        /// Which recording.
        recording: RecordingId,
        /// The event's new state.
        event: Event,
    },
    /// Another remark about a recording.
    SetNote {
        /// Which recording.
        recording: RecordingId,
        /// The remark; empty for none.
        note: String,
    },
    /// Work on a recording is done, or not.
    SetComplete {
        /// Which recording.
        recording: RecordingId,
        /// Whether it is done.
        is_complete: bool,
    },
    /// Where in a recording nothing is missing.
    SetCompleteSpans {
        /// Which recording.
        recording: RecordingId,
        /// All such spans, by onset.
        spans: Vec<CompleteSpan>,
    },
    /// Another list of label classes.
    SetLabelClasses {
        /// All of them, in their order.
        classes: Vec<LabelClass>,
    },
    /// Takes out a recording about which nothing was said.
    RemoveRecording {
        /// Which.
        recording: RecordingId,
    },
    /// Brings a recording back under the name that it had.
    InsertRecording {
        /// Its name, which is not in use.
        recording: RecordingId,
        /// Where the sound is.
        #[serde(with = "path_text")]
        path: PathBuf,
        /// Length in seconds, ≥ 0.
        duration_secs: f64,
        /// What its content is recognised by, if it was looked at.
        fingerprint: Option<String>,
    },
    /// Several edits, in order, all or none.
    Many {
        /// The edits.
        edits: Vec<Edit>,
    },
}

impl Edit {
    /// The first event that the edit is about, if it is about any.
    pub fn first_event(&self) -> Option<(RecordingId, EventId)> {
        match self {
            Self::Insert { recording, event } | Self::Replace { recording, event } => Some((*recording, event.id)),
            Self::Remove { recording, id } => Some((*recording, *id)),
            Self::Many { edits } => edits.iter().find_map(Self::first_event),
            Self::SetNote { .. }
            | Self::SetComplete { .. }
            | Self::SetCompleteSpans { .. }
            | Self::SetLabelClasses { .. }
            | Self::RemoveRecording { .. }
            | Self::InsertRecording { .. } => None,
        }
    }

    /// Tells of each event that the edit is about, in order, with the state that it writes, for as long as `go_on` returns true; returns
    /// whether that was all.
    pub fn each_event(&self, go_on: &mut impl FnMut(RecordingId, EventId, Option<&Event>) -> bool) -> bool {
        match self {
            Self::Insert { recording, event } | Self::Replace { recording, event } => {
                go_on(*recording, event.id, Some(event))
            }
            Self::Remove { recording, id } => go_on(*recording, *id, None),
            Self::Many { edits } => edits.iter().all(|edit| edit.each_event(go_on)),
            _ => true,
        }
    }

    /// The recordings that the edit takes out.
    pub fn removed_recordings(&self) -> Vec<RecordingId> {
        match self {
            Self::RemoveRecording { recording } => vec![*recording],
            Self::Many { edits } => edits.iter().flat_map(Self::removed_recordings).collect(),
            _ => Vec::new(),
        }
    }

    /// The recordings that the edit brings back, with their places.
    pub fn inserted_recordings(&self) -> Vec<(RecordingId, &Path)> {
        match self {
            Self::InsertRecording { recording, path, .. } => vec![(*recording, path)],
            Self::Many { edits } => edits.iter().flat_map(Self::inserted_recordings).collect(),
            _ => Vec::new(),
        }
    }

    /// Notes in every event that the edit writes who made it, and when.
    pub fn stamp(&mut self, edited: &Edited) {
        match self {
            Self::Insert { event, .. } | Self::Replace { event, .. } => event.edited = Some(edited.clone()),
            Self::Many { edits } => edits.iter_mut().for_each(|edit| edit.stamp(edited)),
            _ => {}
        }
    }
}

/// Why an edit does not fit the document; nothing was changed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EditError {
    /// The recording is not in the document.
    #[error("the recording is no longer in the project")]
    NoRecording(RecordingId),
    /// Something was said about the recording, so that it cannot be taken out.
    #[error("the recording has events, a note or a mark that it is complete")]
    RecordingInUse(RecordingId),
    /// A recording of that name is in the document.
    #[error("the recording is in the project already")]
    RecordingThere(RecordingId),
    /// The event is not in the recording.
    #[error("the event is no longer in the recording")]
    NoEvent(EventId),
    /// The name is in use.
    #[error("an event of that name exists already")]
    NameInUse(EventId),
}
