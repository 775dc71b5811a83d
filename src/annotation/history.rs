//! Unlimited undo and redo: what was done, with the edit that undoes it.

use super::{Direction, Document, Edit, EditError, Edited, LogEntry};

/// One step: what the user did, in words, and the edit that takes it back (or does it again).
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct HistoryEntry {
    /// What was done, as the menu shows it after "Undo": `accept "Dog"`.
    pub title: String,
    /// The edit to apply when this step is taken back (undo side) or done again (redo side).
    pub edit: Edit,
    /// Who did it, took it back, or did it again: the last of these, and when.
    #[serde(default)]
    pub edited: Edited,
}

/// Steps done and steps taken back.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct History {
    pub(super) undo: Vec<HistoryEntry>,
    pub(super) redo: Vec<HistoryEntry>,
}

/// What came of an attempt to undo or redo.
pub type Stepped = Result<LogEntry, (EditError, LogEntry)>;

impl History {
    /// Steps that were taken earlier, the oldest first on both sides.
    pub fn new(undo: Vec<HistoryEntry>, redo: Vec<HistoryEntry>) -> Self {
        Self { undo, redo }
    }

    /// Steps that were taken before all that are known here, the oldest first; `undo_count` grows by them.
    pub fn put_before(&mut self, mut undo: Vec<HistoryEntry>, mut redo: Vec<HistoryEntry>) {
        undo.append(&mut self.undo);
        redo.append(&mut self.redo);
        (self.undo, self.redo) = (undo, redo);
    }

    /// Applies an edit to the document and remembers how to take it back; what could be redone is forgotten. Every event that is written
    /// is stamped. Returns what is to be logged.
    pub fn perform(
        &mut self,
        document: &mut Document,
        title: impl Into<String>,
        edit: Edit,
        edited: &Edited,
    ) -> Result<LogEntry, EditError> {
        self.perform_and_forget(document, title, edit, edited).map(|(entry, _)| entry)
    }

    /// The same; also returns the steps that cannot be done again any more. Freeing those may take long, which can be left to another
    /// thread.
    pub fn perform_and_forget(
        &mut self,
        document: &mut Document,
        title: impl Into<String>,
        mut edit: Edit,
        edited: &Edited,
    ) -> Result<(LogEntry, Vec<HistoryEntry>), EditError> {
        let title = title.into();
        edit.stamp(edited);
        let inverse = document.apply(edit.clone())?;
        self.undo.push(HistoryEntry { title: title.clone(), edit: inverse.clone(), edited: edited.clone() });
        let forgotten = std::mem::take(&mut self.redo);
        Ok((LogEntry { direction: Direction::Do, title, edit, inverse, edited: edited.clone() }, forgotten))
    }

    /// Takes the last step back; `None` if there is none. A step that no longer fits the document (its recording was taken out) is an
    /// error once and then forgotten, so that the steps before it can still be reached; that is to be logged too.
    pub fn undo(&mut self, document: &mut Document, edited: &Edited) -> Option<Stepped> {
        Self::step([Direction::Undo, Direction::ForgetUndo], &mut self.undo, &mut self.redo, document, edited)
    }

    /// Does the step again that was taken back last; `None` if there is none. Errors as with [`Self::undo`].
    pub fn redo(&mut self, document: &mut Document, edited: &Edited) -> Option<Stepped> {
        Self::step([Direction::Redo, Direction::ForgetRedo], &mut self.redo, &mut self.undo, document, edited)
    }

    fn step(
        [direction, forget]: [Direction; 2],
        from: &mut Vec<HistoryEntry>,
        to: &mut Vec<HistoryEntry>,
        document: &mut Document,
        edited: &Edited,
    ) -> Option<Stepped> {
        let HistoryEntry { title, edit, .. } = from.pop()?;
        let (title_kept, edited) = (title.clone(), edited.clone());
        Some(match document.apply(edit.clone()) {
            Ok(inverse) => {
                to.push(HistoryEntry { title: title_kept, edit: inverse.clone(), edited: edited.clone() });
                Ok(LogEntry { direction, title, edit, inverse, edited })
            }
            Err(error) => {
                let nothing = Edit::Many { edits: Vec::new() };
                Err((error, LogEntry { direction: forget, title, edit, inverse: nothing, edited }))
            }
        })
    }

    /// The steps that can be taken back, the oldest first.
    pub fn undo_steps(&self) -> &[HistoryEntry] {
        &self.undo
    }

    /// The steps that can be done again, the one to be done last first.
    pub fn redo_steps(&self) -> &[HistoryEntry] {
        &self.redo
    }

    /// The edit that the last undo made has its opposite here: what can be redone next.
    pub fn next_redo(&self) -> Option<&Edit> {
        self.redo.last().map(|entry| &entry.edit)
    }

    /// What can be undone next.
    pub fn next_undo(&self) -> Option<&Edit> {
        self.undo.last().map(|entry| &entry.edit)
    }

    /// What the next undo takes back.
    pub fn undo_title(&self) -> Option<&str> {
        self.undo.last().map(|entry| entry.title.as_str())
    }

    /// What the next redo does again.
    pub fn redo_title(&self) -> Option<&str> {
        self.redo.last().map(|entry| entry.title.as_str())
    }

    /// How many steps can be taken back; differs from an earlier value if anything was done since.
    pub fn undo_count(&self) -> usize {
        self.undo.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotation::{Event, Origin, Status};
    use crate::time::Span;
    use std::path::Path;

    #[test]
    fn what_was_taken_out_comes_back_before_the_steps_that_are_about_it() {
        let (mut document, mut history) = (Document::default(), History::default());
        let edited = Edited { by: "Ada".into(), at_ms: 7 };
        let ids = ["a.wav", "b.wav"].map(|path| document.add_recording(Path::new(path), 60.0));
        let notes = ids.map(|recording| Edit::SetNote { recording, note: "rain".to_owned() });
        history.perform(&mut document, "note", Edit::Many { edits: notes.to_vec() }, &edited).unwrap();
        let empty = Edit::SetNote { recording: ids[0], note: String::new() };
        history.perform(&mut document, "no note", empty, &edited).unwrap();
        history.perform(&mut document, "remove", Edit::RemoveRecording { recording: ids[0] }, &edited).unwrap();
        for _ in 0..3 {
            history.undo(&mut document, &edited).unwrap().unwrap();
        }
        assert!(ids.iter().all(|&id| document.recording(id).is_some_and(|recording| recording.note.is_empty())));
        for _ in 0..3 {
            history.redo(&mut document, &edited).unwrap().unwrap();
        }
        assert_eq!((document.recording_count(), document.recording(ids[0])), (1, None));
    }

    #[test]
    fn undo_all_is_the_start_and_redo_all_is_the_end() {
        let mut document = Document::default();
        let mut history = History::default();
        let edited = Edited { by: "Ada".into(), at_ms: 7 };
        let recording = document.add_recording(Path::new("a.wav"), 60.0);
        for step in 0..20_u32 {
            let span = Span::between(f64::from(step), f64::from(step) + 0.5);
            let event = Event::new(document.new_event_id(), span, "Dog", Status::Accepted, Origin::Human);
            history.perform(&mut document, "draw", Edit::Insert { recording, event }, &edited).unwrap();
        }
        let end = document.clone();
        assert!(end.recording(recording).unwrap().events.values().all(|event| event.edited == Some(edited.clone())));
        while let Some(step) = history.undo(&mut document, &edited) {
            assert_eq!(step.unwrap().direction, Direction::Undo);
        }
        assert!(document.recording(recording).unwrap().events.is_empty());
        while let Some(step) = history.redo(&mut document, &edited) {
            assert_eq!(step.unwrap().direction, Direction::Redo);
        }
        assert_eq!(document, end);
        assert_eq!(history.undo_count(), 20);
    }
}
