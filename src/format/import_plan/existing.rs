//! Which events a document has already of the recordings that are imported to, so that nothing is imported twice.

use super::ImportPlan;
use crate::annotation::{Document, Event, EventId, RecordingId};
use crate::time::Span;
use std::collections::{HashMap, HashSet};
use std::ops::Bound;
use std::sync::Arc;

/// What tells events of a document apart: the recording, onset and offset in whole microseconds, as they are written, the label, and
/// whether it must be a label.
type EventKey = (RecordingId, i64, i64, Arc<str>, bool);

fn event_key(recording: RecordingId, span: Span, label: &Arc<str>, is_label: bool) -> EventKey {
    let micros = |secs: f64| (secs * 1e6).round() as i64;
    (recording, micros(span.onset_secs), micros(span.offset_secs), label.clone(), is_label)
}

/// The events of the recordings of a plan, gathered in pieces of any size. Document and plan must stay the same until all are.
#[derive(Debug, Default)]
pub struct ExistingEvents {
    /// Labels answer for rows that become labels; whatever was decided answers for rows that become something else.
    keys: Vec<EventKey>,
    /// The place of the plan's file that comes next.
    next: usize,
    /// Its recording, if some of its events may be taken already, and the event that was taken last.
    begun: Option<RecordingId>,
    last: Option<EventId>,
    taken: HashSet<RecordingId>,
}

impl ExistingEvents {
    /// All of them.
    pub fn of(plan: &ImportPlan, document: &Document) -> Self {
        let mut existing = Self::default();
        existing.advance(plan, document, usize::MAX);
        existing
    }

    /// Gathers up to so many events and recordings more; returns whether that was all.
    pub fn advance(&mut self, plan: &ImportPlan, document: &Document, most: usize) -> bool {
        let mut left = most;
        while let Some(file) = plan.files.get(self.next) {
            if left == 0 {
                return false;
            }
            left -= 1;
            if let Ok(id) = file.recording
                && (self.begun == Some(id) || self.taken.insert(id))
            {
                self.begun = Some(id);
                if !self.take_events(document, id, &mut left) {
                    return false;
                }
            }
            (self.next, self.begun, self.last) = (self.next + 1, None, None);
        }
        true
    }

    /// Whether the recording's events are all taken.
    fn take_events(&mut self, document: &Document, id: RecordingId, left: &mut usize) -> bool {
        let Some(recording) = document.recording(id) else { return true };
        let after = self.last.map_or(Bound::Unbounded, Bound::Excluded);
        for (&event_id, event) in recording.events.range((after, Bound::Unbounded)) {
            if *left == 0 {
                return false;
            }
            *left -= 1;
            self.last = Some(event_id);
            for label in event.labels() {
                self.keys.push(event_key(id, event.span, label, false));
                if event.status.is_label() {
                    self.keys.push(event_key(id, event.span, label, true));
                }
            }
        }
        true
    }

    /// How often there is each of them.
    pub(super) fn counted(self) -> CountedEvents {
        let mut counts = HashMap::with_capacity(self.keys.len());
        for key in self.keys {
            *counts.entry(key).or_default() += 1;
        }
        CountedEvents { counts }
    }
}

/// Events of a document that have not answered for a row yet.
pub(super) struct CountedEvents {
    counts: HashMap<EventKey, usize>,
}

impl CountedEvents {
    /// Whether an event of the document answers for this one. Each answers for one row, so that a row that stands twice in the file is added
    /// once more.
    pub(super) fn take(&mut self, recording: RecordingId, event: &Event) -> bool {
        let key = event_key(recording, event.span, &event.label, event.status.is_label());
        match self.counts.get_mut(&key) {
            Some(count @ 1..) => {
                *count -= 1;
                true
            }
            _ => false,
        }
    }
}
