//! The annotations of a project: a list of recordings, each with its events, and the edits that change them.

use super::{Event, EventId};
use crate::time::Span;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Names a recording within a document, never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct RecordingId(pub u64);

/// A recording that is annotated, and its events in no particular order but that of their names.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Recording {
    /// Where the sound is.
    pub path: PathBuf,
    /// Length in seconds as far as it is known, ≥ 0.
    pub duration_secs: f64,
    /// The events by name.
    pub events: BTreeMap<EventId, Event>,
}

impl Recording {
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

/// A change of the events of one document; `Many` is one step of undo.
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
        }
    }
}

/// Why an edit does not fit the document; nothing was changed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EditError {
    /// The recording is not in the document.
    #[error("the recording is no longer in the project")]
    NoRecording(RecordingId),
    /// The event is not in the recording.
    #[error("the event is no longer in the recording")]
    NoEvent(EventId),
    /// The name is in use.
    #[error("an event of that name exists already")]
    NameInUse(EventId),
}

/// All recordings of a project with their events.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Document {
    recordings: BTreeMap<RecordingId, Recording>,
    next_recording: u64,
    next_event: u64,
}

impl Document {
    /// Adds a recording, or finds the one of the same path.
    pub fn add_recording(&mut self, path: &Path, duration_secs: f64) -> RecordingId {
        if let Some((&id, _)) = self.recordings.iter().find(|(_, recording)| recording.path == path) {
            return id;
        }
        let id = RecordingId(self.next_recording);
        self.next_recording += 1;
        self.recordings.insert(id, Recording { path: path.to_path_buf(), duration_secs, events: BTreeMap::new() });
        id
    }

    /// States the length of a recording, as decoding has found it.
    pub fn set_duration(&mut self, id: RecordingId, duration_secs: f64) {
        if let Some(recording) = self.recordings.get_mut(&id) {
            recording.duration_secs = duration_secs;
        }
    }

    /// States where the sound of a recording is now.
    pub fn set_path(&mut self, id: RecordingId, path: &Path) {
        if let Some(recording) = self.recordings.get_mut(&id) {
            recording.path = path.to_path_buf();
        }
    }

    /// Takes a recording out; one that has events stays. Returns whether it is gone.
    pub fn remove_empty_recording(&mut self, id: RecordingId) -> bool {
        let is_empty = self.recordings.get(&id).is_some_and(|recording| recording.events.is_empty());
        is_empty && self.recordings.remove(&id).is_some()
    }

    /// The recordings in the order in which they were added.
    pub fn recordings(&self) -> impl Iterator<Item = (RecordingId, &Recording)> {
        self.recordings.iter().map(|(&id, recording)| (id, recording))
    }

    /// One recording.
    pub fn recording(&self, id: RecordingId) -> Option<&Recording> {
        self.recordings.get(&id)
    }

    /// One event.
    pub fn event(&self, recording: RecordingId, id: EventId) -> Option<&Event> {
        self.recordings.get(&recording)?.events.get(&id)
    }

    /// A name for a new event, not used before and never given again.
    pub fn new_event_id(&mut self) -> EventId {
        let id = EventId(self.next_event);
        self.next_event += 1;
        id
    }

    /// Whether the document is one that edits can have made: a file can hold any. The error names what cannot be.
    pub fn check(&self) -> Result<(), &'static str> {
        let is_moment = |secs: f64| secs.is_finite() && secs >= 0.0;
        for (id, recording) in &self.recordings {
            if id.0 >= self.next_recording {
                return Err("a recording has a name that is still to be given");
            }
            if !is_moment(recording.duration_secs) {
                return Err("a recording has an impossible length");
            }
            for (event_id, event) in &recording.events {
                let Span { onset_secs, offset_secs } = event.span;
                if event.id != *event_id || event_id.0 >= self.next_event {
                    return Err("an event has a name that is not its own");
                }
                if !(is_moment(onset_secs) && is_moment(offset_secs) && onset_secs <= offset_secs) {
                    return Err("an event has an impossible onset or offset");
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
                let events = self.events_mut(recording)?;
                if events.contains_key(&id) {
                    return Err(EditError::NameInUse(id));
                }
                events.insert(id, event);
                self.next_event = self.next_event.max(id.0.saturating_add(1));
                Ok(Edit::Remove { recording, id })
            }
            Edit::Remove { recording, id } => {
                let event = self.events_mut(recording)?.remove(&id).ok_or(EditError::NoEvent(id))?;
                Ok(Edit::Insert { recording, event })
            }
            Edit::Replace { recording, event } => {
                let id = event.id;
                let slot = self.events_mut(recording)?.get_mut(&id).ok_or(EditError::NoEvent(id))?;
                Ok(Edit::Replace { recording, event: std::mem::replace(slot, event) })
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

    fn events_mut(&mut self, id: RecordingId) -> Result<&mut BTreeMap<EventId, Event>, EditError> {
        self.recordings.get_mut(&id).map(|recording| &mut recording.events).ok_or(EditError::NoRecording(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotation::{Origin, Status};
    use proptest::prelude::*;

    fn event(id: u64, onset_secs: f64) -> Event {
        Event {
            id: EventId(id),
            span: Span::between(onset_secs, onset_secs + 1.0),
            label: "Dog".into(),
            status: Status::Accepted,
            origin: Origin::Human,
        }
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
        fn the_inverse_undoes_any_edit(steps in prop::collection::vec((0_u8..3, 0_u64..6, 0.0_f64..9.0), 0..60)) {
            let (mut document, recording) = document();
            let mut states = vec![document.recordings.clone()];
            let mut inverses = Vec::new();
            for (kind, id, onset) in steps {
                let edit = match kind {
                    0 => Edit::Insert { recording, event: event(id, onset) },
                    1 => Edit::Remove { recording, id: EventId(id) },
                    _ => Edit::Replace { recording, event: event(id, onset) },
                };
                if let Ok(inverse) = document.apply(edit) {
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
