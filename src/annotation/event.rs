//! One labelled span, with where it came from and what was decided about it.

use crate::time::Span;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Names an event within a document, unique over all its recordings and never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct EventId(pub u64);

/// What was decided about an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nothing yet: proposed by a model outside this project, say in a file that was imported.
    Predicted,
    /// A human says that it is there: drawn by hand, or a prediction taken as it was.
    Accepted,
    /// A prediction that is there, after its onset, offset, frequencies or label was changed.
    Corrected,
    /// A prediction that is not there; kept, because it is a hard negative for training.
    Rejected,
    /// A human could not tell.
    Uncertain,
}

impl Status {
    /// All of them, in the order in which a life goes through them.
    pub const ALL: [Self; 5] = [Self::Predicted, Self::Accepted, Self::Corrected, Self::Rejected, Self::Uncertain];

    /// Whether the event is exported as a strong label.
    pub fn is_label(self) -> bool {
        matches!(self, Self::Accepted | Self::Corrected)
    }

    /// The word that the window shows.
    pub fn text(self) -> &'static str {
        match self {
            Self::Predicted => "predicted",
            Self::Accepted => "accepted",
            Self::Corrected => "corrected",
            Self::Rejected => "rejected",
            Self::Uncertain => "uncertain",
        }
    }
}

/// What a model proposed, as it was when it was decided about.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Proposal {
    /// The model folder's name.
    pub model: Arc<str>,
    /// The version that the model's manifest states.
    pub version: Arc<str>,
    /// The class that the model proposed; the event's label may have been changed since.
    pub label: Arc<str>,
    /// The span that the model proposed; the event's span may have been changed since.
    pub span: Span,
    /// The greatest score within the proposed span, 0 to 1.
    pub score: f32,
    /// The threshold and median filter it was decided with, as text.
    pub parameters: Arc<str>,
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
    Model(Arc<Proposal>),
}

impl Origin {
    /// What a model proposed, if one did.
    pub fn proposal(&self) -> Option<&Proposal> {
        match self {
            Self::Model(proposal) => Some(proposal),
            Self::Human | Self::Import => None,
        }
    }
}

/// The frequencies of an event that is a box in time and frequency.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Band {
    /// Lower end in hertz, ≥ 0.
    pub low_hz: f64,
    /// Upper end in hertz, ≥ `low_hz`.
    pub high_hz: f64,
}

/// Who changed something, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Edited {
    /// The annotator's name; empty if it was never told.
    pub by: Arc<str>,
    /// Milliseconds since 1970-01-01 00:00 UTC, by the clock of the machine.
    pub at_ms: i64,
}

/// A labelled span, or moment, of a recording.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Event {
    /// The event's name within its document.
    pub id: EventId,
    /// When it sounds; of a point, onset and offset are the same.
    pub span: Span,
    /// A moment, not a span.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_point: bool,
    /// The frequencies where it sounds; none for an event in time alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub band: Option<Band>,
    /// What sounds: DCASE's *event_label*.
    pub label: Arc<str>,
    /// What else the same sound is called: all other labels, in the order in which they were given, none of them twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_labels: Vec<Arc<str>>,
    /// What was decided about it.
    pub status: Status,
    /// Who or what proposed it.
    pub origin: Origin,
    /// A remark.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// Fields of the user's own, and columns of imported files that have no other place, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// Who changed it last, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<Edited>,
}

impl Event {
    /// A span with one label and nothing else said about it.
    pub fn new(id: EventId, span: Span, label: impl Into<Arc<str>>, status: Status, origin: Origin) -> Self {
        Self {
            id,
            span,
            is_point: false,
            band: None,
            label: label.into(),
            more_labels: Vec::new(),
            status,
            origin,
            comment: String::new(),
            fields: BTreeMap::new(),
            edited: None,
        }
    }

    /// All its labels, the first one first.
    pub fn labels(&self) -> impl Iterator<Item = &Arc<str>> {
        std::iter::once(&self.label).chain(&self.more_labels)
    }

    /// Whether it has this label among others.
    pub fn has_label(&self, label: &str) -> bool {
        self.labels().any(|own| &**own == label)
    }

    /// Adds a label after those that it has, if it is not one of them.
    pub fn add_label(&mut self, label: Arc<str>) {
        if !self.has_label(&label) {
            self.more_labels.push(label);
        }
    }

    /// Takes a label away, and returns whether it did: of its only label an event is not robbed. After the first one, the second takes its
    /// place.
    pub fn remove_label(&mut self, label: &str) -> bool {
        if self.more_labels.is_empty() || !self.has_label(label) {
            return false;
        }
        if &*self.label == label {
            self.label = self.more_labels.remove(0);
        } else {
            self.more_labels.retain(|own| &**own != label);
        }
        true
    }
}
