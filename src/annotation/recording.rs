//! A recording with its events and what was said about it as a whole.

use super::{Edited, Event, EventId};
use crate::time::Span;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Names a recording within a document, never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct RecordingId(pub u64);

/// A statement that nothing is missing: within the span, every event of these labels is annotated. Where such marks are, absence is
/// information.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct CompleteSpan {
    /// Where.
    pub span: Span,
    /// For which labels; empty for all.
    pub labels: Vec<Arc<str>>,
    /// Who said so, and when.
    pub edited: Edited,
}

/// A recording that is annotated, and its events in no particular order but that of their names.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Recording {
    /// Where the sound is.
    pub path: PathBuf,
    /// Length in seconds as far as it is known, ≥ 0.
    pub duration_secs: f64,
    /// The events by name.
    pub events: BTreeMap<EventId, Event>,
    /// A remark about the recording as a whole.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The annotator has said that work on it is done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_complete: bool,
    /// Where nothing is missing, by onset.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub complete_spans: Vec<CompleteSpan>,
    /// What its content is recognised by, if it was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
}

impl Recording {
    /// A recording without events.
    pub fn new(path: PathBuf, duration_secs: f64) -> Self {
        Self {
            path,
            duration_secs,
            events: BTreeMap::new(),
            note: String::new(),
            is_complete: false,
            complete_spans: Vec::new(),
            fingerprint: None,
        }
    }

    /// Whether nothing was said about it, so that it can be taken out without a loss.
    pub fn is_untouched(&self) -> bool {
        self.events.is_empty() && self.note.is_empty() && !self.is_complete && self.complete_spans.is_empty()
    }

    /// The events by onset, then offset, then name.
    pub fn events_by_onset(&self) -> Vec<&Event> {
        let mut events: Vec<&Event> = self.events.values().collect();
        events.sort_by(|a, b| {
            a.span
                .onset_secs
                .total_cmp(&b.span.onset_secs)
                .then(a.span.offset_secs.total_cmp(&b.span.offset_secs))
                .then(a.id.cmp(&b.id))
        });
        events
    }

    /// The file's name without its folders, as DCASE's *filename* column has it.
    pub fn file_name(&self) -> String {
        self.path
            .file_name()
            .map_or_else(|| self.path.display().to_string(), |name| name.to_string_lossy().into_owned())
    }
}
