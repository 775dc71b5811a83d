//! What the rules need of a document, small and by value, gathered in pieces of any size.

use crate::annotation::{Band, CompleteSpan, Document, Event, EventId, RecordingId, Status};
use crate::time::Span;
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

/// Of an event, what rules look at.
#[derive(Clone, Debug)]
pub(super) struct LintEvent {
    pub id: EventId,
    pub span: Span,
    pub band: Option<Band>,
    /// Its first label, by its place in [`Snapshot::labels`].
    pub label: u32,
    /// Its other labels.
    pub more_labels: Box<[u32]>,
    pub status: Status,
    pub is_point: bool,
    /// It has a comment or fields, which must not be lost.
    pub has_remarks: bool,
    /// A model proposed it, and it was accepted with the same onset and offset.
    pub is_as_proposed: bool,
}

/// A recording with its events in the order of their names.
#[derive(Clone, Debug)]
pub(super) struct LintRecording {
    pub id: RecordingId,
    pub duration_secs: f64,
    pub nyquist_hz: Option<f64>,
    pub is_complete: bool,
    pub complete_spans: Vec<CompleteSpan>,
    pub events: Vec<LintEvent>,
}

/// A document as the rules see it.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub(super) labels: Vec<Arc<str>>,
    pub(super) recordings: Vec<LintRecording>,
}

/// A snapshot that is being made. The document must stay the same until it is finished.
#[derive(Debug, Default)]
pub struct Gathering {
    snapshot: Snapshot,
    places: HashMap<Arc<str>, u32>,
    last_label: Option<(Arc<str>, u32)>,
    nyquist_hz: BTreeMap<RecordingId, f64>,
    /// The recording that was begun last, and its event that was taken last.
    at: Option<(RecordingId, Option<EventId>)>,
}

impl Gathering {
    /// Nothing is gathered yet. `nyquist_hz` says how high frequencies can be in those recordings of which that is known.
    pub fn new(nyquist_hz: BTreeMap<RecordingId, f64>) -> Self {
        Self { nyquist_hz, ..Self::default() }
    }

    /// Gathers up to so many events and recordings more; returns whether that was all.
    pub fn advance(&mut self, document: &Document, most: usize) -> bool {
        let mut left = most;
        if let Some((id, last)) = self.at
            && !self.take_events(document, id, last, &mut left)
        {
            return false;
        }
        let next = self.at.map_or(0, |(id, _)| id.0.saturating_add(1));
        for (id, recording) in document.recordings_from(RecordingId(next)) {
            if left == 0 {
                return false;
            }
            left -= 1;
            self.at = Some((id, None));
            self.snapshot.recordings.push(LintRecording {
                id,
                duration_secs: recording.duration_secs,
                nyquist_hz: self.nyquist_hz.get(&id).copied(),
                is_complete: recording.is_complete,
                complete_spans: recording.complete_spans.clone(),
                events: Vec::with_capacity(recording.events.len()),
            });
            if !self.take_events(document, id, None, &mut left) {
                return false;
            }
        }
        true
    }

    /// What was gathered.
    pub fn finish(self) -> Snapshot {
        self.snapshot
    }

    /// Whether the recording's events are all taken.
    fn take_events(&mut self, document: &Document, id: RecordingId, last: Option<EventId>, left: &mut usize) -> bool {
        let Some(recording) = document.recording(id) else { return true };
        let after = last.map_or(Bound::Unbounded, Bound::Excluded);
        for event in recording.events.range((after, Bound::Unbounded)).map(|(_, event)| event) {
            if *left == 0 {
                return false;
            }
            *left -= 1;
            let event = self.small(event);
            self.at = Some((id, Some(event.id)));
            self.snapshot.recordings.last_mut().into_iter().for_each(|recording| recording.events.push(event.clone()));
        }
        true
    }

    fn small(&mut self, event: &Event) -> LintEvent {
        let same = |a: Span, b: Span| {
            (a.onset_secs - b.onset_secs).abs() < 1e-6 && (a.offset_secs - b.offset_secs).abs() < 1e-6
        };
        let proposal = event.origin.proposal();
        LintEvent {
            id: event.id,
            span: event.span,
            band: event.band,
            label: self.place_of(&event.label),
            more_labels: event.more_labels.iter().map(|label| self.place_of(label)).collect(),
            status: event.status,
            is_point: event.is_point,
            has_remarks: !event.comment.is_empty() || !event.fields.is_empty(),
            is_as_proposed: event.status == Status::Accepted
                && proposal.is_some_and(|proposal| same(proposal.span, event.span)),
        }
    }

    fn place_of(&mut self, label: &Arc<str>) -> u32 {
        // Neighbours often share their label, as one text.
        if let Some((last, place)) = &self.last_label
            && Arc::ptr_eq(last, label)
        {
            return *place;
        }
        let place = self.places.get(label).copied().unwrap_or_else(|| {
            let place = self.snapshot.labels.len() as u32;
            self.snapshot.labels.push(label.clone());
            self.places.insert(label.clone(), place);
            place
        });
        self.last_label = Some((label.clone(), place));
        place
    }
}
