//! The annotations of a project: recordings with their events, label classes, and the edits that change them.

use super::{Edit, EditError, Event, EventId, Fact, LabelClass, Recording, RecordingId, StatusCounts};
use crate::time::Span;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a document consists of, before it was looked through.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct DocumentParts {
    /// All recordings with their events.
    pub recordings: BTreeMap<RecordingId, Recording>,
    /// The label classes in their order.
    #[serde(default)]
    pub label_classes: Vec<LabelClass>,
    /// The name that the next recording gets.
    pub next_recording: u64,
    /// The name that the next event gets.
    pub next_event: u64,
}

/// All recordings of a project with their events, and its label classes.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(from = "DocumentParts", into = "DocumentParts")]
pub struct Document {
    recordings: BTreeMap<RecordingId, Recording>,
    label_classes: Vec<LabelClass>,
    next_recording: u64,
    next_event: u64,
    /// Follow from the recordings.
    places: HashMap<PathBuf, Vec<RecordingId>>,
    counts: BTreeMap<RecordingId, StatusCounts>,
    label_counts: BTreeMap<Arc<str>, StatusCounts>,
    total_counts: StatusCounts,
    complete_count: usize,
}

impl From<DocumentParts> for Document {
    fn from(parts: DocumentParts) -> Self {
        let DocumentParts { recordings, label_classes, next_recording, next_event } = parts;
        let mut document = Self { label_classes, next_recording, next_event, ..Self::default() };
        for (id, recording) in recordings {
            document.put_place(&recording.path, id);
            recording.events.values().for_each(|event| document.count(id, event));
            document.complete_count += usize::from(recording.is_complete);
            document.recordings.insert(id, recording);
        }
        document
    }
}

impl From<Document> for DocumentParts {
    fn from(document: Document) -> Self {
        let Document { recordings, label_classes, next_recording, next_event, .. } = document;
        Self { recordings, label_classes, next_recording, next_event }
    }
}

impl Document {
    /// Adds a recording, or finds the one of the same path.
    pub fn add_recording(&mut self, path: &Path, duration_secs: f64) -> RecordingId {
        if let Some(id) = self.recording_at(path) {
            return id;
        }
        let id = self.next_recording_id();
        self.put_recording(id, Recording::new(path.to_path_buf(), duration_secs));
        id
    }

    /// The name that the next recording gets.
    pub fn next_recording_id(&self) -> RecordingId {
        RecordingId(self.next_recording)
    }

    /// The name that the next event gets; [`Self::new_event_id`] gives it.
    pub fn next_event_id(&self) -> EventId {
        EventId(self.next_event)
    }

    fn put_recording(&mut self, id: RecordingId, recording: Recording) {
        self.next_recording = self.next_recording.max(id.0.saturating_add(1));
        self.put_place(&recording.path, id);
        self.complete_count += usize::from(recording.is_complete);
        self.recordings.insert(id, recording);
    }

    /// Of several recordings in one place the first is the one that is found.
    fn put_place(&mut self, path: &Path, id: RecordingId) {
        let here = self.places.entry(path.to_path_buf()).or_default();
        if let Err(place) = here.binary_search(&id) {
            here.insert(place, id);
        }
    }

    fn leave_place(&mut self, path: &Path, id: RecordingId) {
        let Some(here) = self.places.get_mut(path) else { return };
        here.retain(|other| *other != id);
        if here.is_empty() {
            self.places.remove(path);
        }
    }

    /// The recording whose sound is at a path.
    pub fn recording_at(&self, path: &Path) -> Option<RecordingId> {
        self.places.get(path)?.first().copied()
    }

    /// States the length of a recording, as decoding has found it.
    pub fn set_duration(&mut self, id: RecordingId, duration_secs: f64) {
        if let Some(recording) = self.recordings.get_mut(&id) {
            recording.duration_secs = duration_secs;
        }
    }

    /// States where the sound of a recording is now.
    pub fn set_path(&mut self, id: RecordingId, path: &Path) {
        let Some(recording) = self.recordings.get_mut(&id) else { return };
        let before = std::mem::replace(&mut recording.path, path.to_path_buf());
        self.leave_place(&before, id);
        self.put_place(path, id);
    }

    /// Takes a recording out; one about which something was said stays.
    fn remove_untouched_recording(&mut self, id: RecordingId) -> Result<Recording, EditError> {
        if !self.recording_mut(id)?.is_untouched() {
            return Err(EditError::RecordingInUse(id));
        }
        let recording = self.recordings.remove(&id).ok_or(EditError::NoRecording(id))?;
        self.leave_place(&recording.path, id);
        Ok(recording)
    }

    /// Makes a change that is not undone.
    pub fn apply_fact(&mut self, fact: &Fact) {
        match fact {
            Fact::Added { id, path } => {
                if !self.recordings.contains_key(id) {
                    self.put_recording(*id, Recording::new(path.clone(), 0.0));
                }
            }
            Fact::Removed { id } => {
                // What has something in it, or is gone already, is left as it is.
                let _ = self.remove_untouched_recording(*id);
            }
            Fact::Duration { id, duration_secs } => self.set_duration(*id, *duration_secs),
            Fact::Path { id, path } => self.set_path(*id, path),
            Fact::Fingerprint { id, fingerprint } => {
                if let Some(recording) = self.recordings.get_mut(id) {
                    recording.fingerprint = Some(fingerprint.clone());
                }
            }
        }
    }

    /// The recordings in the order in which they were added.
    pub fn recordings(&self) -> impl DoubleEndedIterator<Item = (RecordingId, &Recording)> {
        self.recordings.iter().map(|(&id, recording)| (id, recording))
    }

    /// How many recordings there are.
    pub fn recording_count(&self) -> usize {
        self.recordings.len()
    }

    /// One recording.
    pub fn recording(&self, id: RecordingId) -> Option<&Recording> {
        self.recordings.get(&id)
    }

    /// One event.
    pub fn event(&self, recording: RecordingId, id: EventId) -> Option<&Event> {
        self.recordings.get(&recording)?.events.get(&id)
    }

    /// The label classes in their order.
    pub fn label_classes(&self) -> &[LabelClass] {
        &self.label_classes
    }

    /// One label class.
    pub fn label_class(&self, name: &str) -> Option<&LabelClass> {
        self.label_classes.iter().find(|class| &*class.name == name)
    }

    /// How many events of each status a recording has; known without looking through them.
    pub fn counts(&self, id: RecordingId) -> StatusCounts {
        self.counts.get(&id).copied().unwrap_or_default()
    }

    /// How many events of each status all recordings have; known without looking through them.
    pub fn total_counts(&self) -> StatusCounts {
        self.total_counts
    }

    /// How many recordings are marked as complete; known without looking through them.
    pub fn complete_count(&self) -> usize {
        self.complete_count
    }

    /// The recordings that were added with this name or after it.
    pub fn recordings_from(&self, first: RecordingId) -> impl Iterator<Item = (RecordingId, &Recording)> {
        self.recordings.range(first..).map(|(&id, recording)| (id, recording))
    }

    /// How many events of each status have a label, by name, over all recordings; known without looking through them.
    pub fn label_counts(&self) -> &BTreeMap<Arc<str>, StatusCounts> {
        &self.label_counts
    }

    /// A name for a new event, not used before and never given again.
    pub fn new_event_id(&mut self) -> EventId {
        let id = EventId(self.next_event);
        self.next_event += 1;
        id
    }

    /// Names for so many new events: the first of them; the others follow it.
    pub fn new_event_ids(&mut self, count: usize) -> EventId {
        let id = EventId(self.next_event);
        self.next_event = self.next_event.saturating_add(count as u64);
        id
    }

    /// Whether the document is one that edits can have made: a file can hold any. The error names what cannot be.
    pub fn check(&self) -> Result<(), &'static str> {
        let is_moment = |secs: f64| secs.is_finite() && secs >= 0.0;
        let is_span = |span: Span| {
            is_moment(span.onset_secs) && is_moment(span.offset_secs) && span.onset_secs <= span.offset_secs
        };
        for (id, recording) in &self.recordings {
            if id.0 >= self.next_recording {
                return Err("a recording has a name that is still to be given");
            }
            if !is_moment(recording.duration_secs) {
                return Err("a recording has an impossible length");
            }
            if !recording.complete_spans.iter().all(|complete| is_span(complete.span)) {
                return Err("a span that is marked complete has an impossible onset or offset");
            }
            for (event_id, event) in &recording.events {
                if event.id != *event_id || event_id.0 >= self.next_event {
                    return Err("an event has a name that is not its own");
                }
                if !is_span(event.span) {
                    return Err("an event has an impossible onset or offset");
                }
                let is_band = event.band.is_none_or(|band| {
                    is_moment(band.low_hz) && is_moment(band.high_hz) && band.low_hz <= band.high_hz
                });
                if !is_band {
                    return Err("an event has impossible frequencies");
                }
            }
        }
        Ok(())
    }

    /// Makes the change and returns the edit that undoes it; on an error the document is as it was.
    pub fn apply(&mut self, edit: Edit) -> Result<Edit, EditError> {
        match edit {
            Edit::Insert { recording, event } => {
                let id = event.id;
                if self.recording_mut(recording)?.events.contains_key(&id) {
                    return Err(EditError::NameInUse(id));
                }
                self.count(recording, &event);
                self.recording_mut(recording)?.events.insert(id, event);
                self.next_event = self.next_event.max(id.0.saturating_add(1));
                Ok(Edit::Remove { recording, id })
            }
            Edit::Remove { recording, id } => {
                let event = self.recording_mut(recording)?.events.remove(&id).ok_or(EditError::NoEvent(id))?;
                self.uncount(recording, &event);
                Ok(Edit::Insert { recording, event })
            }
            Edit::Replace { recording, event } => {
                let id = event.id;
                let slot = self.recording_mut(recording)?.events.get_mut(&id).ok_or(EditError::NoEvent(id))?;
                let before = std::mem::replace(slot, event.clone());
                self.uncount(recording, &before);
                self.count(recording, &event);
                Ok(Edit::Replace { recording, event: before })
            }
            Edit::SetNote { recording, note } => {
                let note = std::mem::replace(&mut self.recording_mut(recording)?.note, note);
                Ok(Edit::SetNote { recording, note })
            }
            Edit::SetComplete { recording, is_complete } => {
                let before = std::mem::replace(&mut self.recording_mut(recording)?.is_complete, is_complete);
                self.complete_count = self.complete_count + usize::from(is_complete) - usize::from(before);
                let is_complete = before;
                Ok(Edit::SetComplete { recording, is_complete })
            }
            Edit::SetCompleteSpans { recording, spans } => {
                let spans = std::mem::replace(&mut self.recording_mut(recording)?.complete_spans, spans);
                Ok(Edit::SetCompleteSpans { recording, spans })
            }
            Edit::SetLabelClasses { classes } => {
                Ok(Edit::SetLabelClasses { classes: std::mem::replace(&mut self.label_classes, classes) })
            }
            Edit::RemoveRecording { recording } => {
                let Recording { path, duration_secs, fingerprint, .. } = self.remove_untouched_recording(recording)?;
                Ok(Edit::InsertRecording { recording, path, duration_secs, fingerprint })
            }
            Edit::InsertRecording { recording, path, duration_secs, fingerprint } => {
                if self.recordings.contains_key(&recording) {
                    return Err(EditError::RecordingThere(recording));
                }
                self.put_recording(recording, Recording { fingerprint, ..Recording::new(path, duration_secs) });
                Ok(Edit::RemoveRecording { recording })
            }
            Edit::Many { edits } => self.apply_all(edits),
        }
    }

    fn apply_all(&mut self, edits: Vec<Edit>) -> Result<Edit, EditError> {
        let mut inverses = Vec::with_capacity(edits.len());
        let mut failure = None;
        for edit in edits {
            match self.apply(edit) {
                Ok(inverse) => inverses.push(inverse),
                Err(error) => {
                    failure = Some(error);
                    break;
                }
            }
        }
        inverses.reverse();
        let Some(error) = failure else { return Ok(Edit::Many { edits: inverses }) };
        for inverse in inverses {
            // Undoing what has just been done cannot fail.
            let _ = self.apply(inverse);
        }
        Err(error)
    }

    fn recording_mut(&mut self, id: RecordingId) -> Result<&mut Recording, EditError> {
        self.recordings.get_mut(&id).ok_or(EditError::NoRecording(id))
    }

    fn count(&mut self, recording: RecordingId, event: &Event) {
        self.counts.entry(recording).or_default().add(event);
        self.total_counts.add(event);
        for label in event.labels() {
            if let Some(counts) = self.label_counts.get_mut(label) {
                counts.add(event);
            } else {
                self.label_counts.entry(label.clone()).or_default().add(event);
            }
        }
    }

    fn uncount(&mut self, recording: RecordingId, event: &Event) {
        self.total_counts.remove(event);
        if let Some(counts) = self.counts.get_mut(&recording) {
            counts.remove(event);
            if counts.all() == 0 {
                self.counts.remove(&recording);
            }
        }
        for label in event.labels() {
            if let Some(counts) = self.label_counts.get_mut(label) {
                counts.remove(event);
                if counts.all() == 0 {
                    self.label_counts.remove(label);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotation::{Origin, Status};
    use proptest::prelude::*;

    fn event(id: u64, onset_secs: f64) -> Event {
        let span = Span::between(onset_secs, onset_secs + 1.0);
        Event::new(EventId(id), span, "Dog", Status::Accepted, Origin::Human)
    }

    fn document() -> (Document, RecordingId) {
        let mut document = Document::default();
        let id = document.add_recording(Path::new("a.wav"), 10.0);
        (document, id)
    }

    #[test]
    fn a_failing_step_leaves_the_document_as_it_was() {
        let (mut document, recording) = document();
        let before = document.clone();
        let edits = vec![Edit::Insert { recording, event: event(0, 1.0) }, Edit::Remove { recording, id: EventId(7) }];
        assert_eq!(document.apply(Edit::Many { edits }), Err(EditError::NoEvent(EventId(7))));
        assert_eq!(document.recordings, before.recordings);
    }

    #[test]
    fn a_recording_is_taken_out_only_if_nothing_was_said_and_comes_back_as_it_was() {
        let (mut document, recording) = document();
        let said = [
            Edit::Insert { recording, event: event(0, 1.0) },
            Edit::SetNote { recording, note: "wind".to_owned() },
            Edit::SetComplete { recording, is_complete: true },
            Edit::SetCompleteSpans {
                recording,
                spans: vec![crate::annotation::CompleteSpan {
                    span: Span::between(0.0, 1.0),
                    labels: Vec::new(),
                    edited: crate::annotation::Edited::default(),
                }],
            },
        ];
        for edit in said {
            let inverse = document.apply(edit).unwrap();
            let in_use = Err(EditError::RecordingInUse(recording));
            assert_eq!(document.apply(Edit::RemoveRecording { recording }), in_use);
            document.apply_fact(&Fact::Removed { id: recording });
            assert!(document.recording(recording).is_some());
            document.apply(inverse).unwrap();
        }
        let before = document.clone();
        let back = document.apply(Edit::RemoveRecording { recording }).unwrap();
        assert_eq!((document.recording_count(), document.recording_at(Path::new("a.wav"))), (0, None));
        let other = document.add_recording(Path::new("a.wav"), 3.0);
        document.apply(back.clone()).unwrap();
        assert_eq!(document.apply(back), Err(EditError::RecordingThere(recording)));
        assert_eq!(document.recording_at(Path::new("a.wav")), Some(recording));
        document.apply(Edit::RemoveRecording { recording: other }).unwrap();
        assert_eq!(document.recordings, before.recordings);
        assert_eq!(document.places, before.places);
    }

    #[test]
    fn what_no_edit_can_make_is_named() {
        let (mut document, recording) = document();
        document.apply(Edit::Insert { recording, event: event(3, 1.0) }).unwrap();
        assert_eq!(document.check(), Ok(()));
        for (onset_secs, offset_secs) in [(-1.0, 1.0), (2.0, 1.0), (0.0, f64::INFINITY), (f64::NAN, 1.0)] {
            let event = Event { span: Span { onset_secs, offset_secs }, ..event(3, 1.0) };
            document.apply(Edit::Replace { recording, event }).unwrap();
            assert!(document.check().is_err_and(|reason| reason.contains("onset")), "{onset_secs} to {offset_secs}");
        }
        document.apply(Edit::Replace { recording, event: event(3, 1.0) }).unwrap();
        document.next_event = 3;
        assert!(document.check().is_err_and(|reason| reason.contains("name")));
    }

    proptest! {
        #[test]
        fn the_inverse_undoes_any_edit(steps in prop::collection::vec((0_u8..4, 0_u64..6, 0.0_f64..9.0), 0..60)) {
            let (mut document, recording) = document();
            let mut states = vec![document.recordings.clone()];
            let mut inverses = Vec::new();
            for (kind, id, onset) in steps {
                let edit = match kind {
                    0 => Edit::Insert { recording, event: event(id, onset) },
                    1 => Edit::Remove { recording, id: EventId(id) },
                    2 => Edit::SetComplete { recording, is_complete: id % 2 == 0 },
                    _ => Edit::Replace { recording, event: event(id, onset) },
                };
                let applied = document.apply(edit);
                let now = document.recording(recording).unwrap();
                prop_assert_eq!(document.complete_count(), usize::from(now.is_complete));
                prop_assert_eq!(document.total_counts().all(), now.events.len());
                if let Ok(inverse) = applied {
                    inverses.push(inverse);
                    states.push(document.recordings.clone());
                } else {
                    prop_assert_eq!(&document.recordings, states.last().unwrap());
                }
            }
            while let Some(inverse) = inverses.pop() {
                prop_assert_eq!(&document.recordings, &states.pop().unwrap());
                document.apply(inverse).unwrap();
            }
            prop_assert_eq!(&document.recordings, &states.pop().unwrap());
        }
    }
}
