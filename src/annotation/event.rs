//! One labelled span, with where it came from and what was decided about it.

use crate::time::Span;
use std::sync::Arc;

/// Names an event within a document, unique over all its recordings and never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct EventId(pub u64);

/// What was decided about an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// A human says that it is there: drawn by hand, or a prediction taken as it was.
    Accepted,
    /// A prediction that is there, after its onset, offset or label was changed.
    Corrected,
    /// A prediction that is not there; kept, because it is a hard negative for training.
    Rejected,
    /// A human could not tell.
    Uncertain,
}

impl Status {
    /// Whether the event is exported as a strong label.
    pub fn is_label(self) -> bool {
        matches!(self, Self::Accepted | Self::Corrected)
    }

    /// The word that the window shows.
    pub fn text(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Corrected => "corrected",
            Self::Rejected => "rejected",
            Self::Uncertain => "uncertain",
        }
    }
}

/// Who or what proposed an event first.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Origin {
    /// Drawn by a person.
    Human,
    /// Read from an annotation file.
    Import,
    /// Proposed by a model.
    Model {
        /// The model folder's name.
        model: Arc<str>,
        /// The version that the model's manifest states.
        version: Arc<str>,
        /// The class that the model proposed; the event's label may have been changed since.
        label: Arc<str>,
        /// The span that the model proposed; the event's span may have been changed since.
        span: Span,
        /// The greatest score within the proposed span, 0 to 1.
        score: f32,
        /// The threshold and median filter it was decided with, as text.
        parameters: Arc<str>,
    },
}

/// A labelled span of a recording.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Event {
    /// The event's name within its document.
    pub id: EventId,
    /// When it sounds.
    pub span: Span,
    /// What sounds: DCASE's *event_label*.
    pub label: Arc<str>,
    /// What was decided about it.
    pub status: Status,
    /// Who or what proposed it.
    pub origin: Origin,
}
