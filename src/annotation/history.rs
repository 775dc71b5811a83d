//! Unlimited undo and redo: what was done, with the edit that undoes it.

use super::{Document, Edit, EditError};

/// One step: what the user did, in words, and the edit that takes it back (or does it again).
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct HistoryEntry {
    /// What was done, as the menu shows it after "Undo": `accept "Dog"`.
    pub title: String,
    /// The edit to apply when this step is taken back (undo side) or done again (redo side).
    pub edit: Edit,
}

/// Steps done and steps taken back.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct History {
    undo: Vec<HistoryEntry>,
    redo: Vec<HistoryEntry>,
}

impl History {
    /// Applies an edit to the document and remembers how to take it back; what could be redone is forgotten.
    pub fn perform(&mut self, document: &mut Document, title: impl Into<String>, edit: Edit) -> Result<(), EditError> {
        let inverse = document.apply(edit)?;
        self.undo.push(HistoryEntry { title: title.into(), edit: inverse });
        self.redo.clear();
        Ok(())
    }

    /// Takes the last step back; returns its title, `None` if there is none. A step that no longer fits the document (its recording was
    /// taken out) is an error once and then forgotten, so that the steps before it can still be reached.
    pub fn undo(&mut self, document: &mut Document) -> Result<Option<String>, EditError> {
        Self::step(&mut self.undo, &mut self.redo, document)
    }

    /// Does the step again that was taken back last; returns its title, `None` if there is none.
    pub fn redo(&mut self, document: &mut Document) -> Result<Option<String>, EditError> {
        Self::step(&mut self.redo, &mut self.undo, document)
    }

    fn step(
        from: &mut Vec<HistoryEntry>,
        to: &mut Vec<HistoryEntry>,
        document: &mut Document,
    ) -> Result<Option<String>, EditError> {
        let Some(HistoryEntry { title, edit }) = from.pop() else { return Ok(None) };
        let edit = document.apply(edit)?;
        to.push(HistoryEntry { title: title.clone(), edit });
        Ok(Some(title))
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
    fn undo_all_is_the_start_and_redo_all_is_the_end() {
        let mut document = Document::default();
        let mut history = History::default();
        let recording = document.add_recording(Path::new("a.wav"), 60.0);
        for step in 0..20_u32 {
            let event = Event {
                id: document.new_event_id(),
                span: Span::between(f64::from(step), f64::from(step) + 0.5),
                label: "Dog".into(),
                status: Status::Accepted,
                origin: Origin::Human,
            };
            history.perform(&mut document, "draw", Edit::Insert { recording, event }).unwrap();
        }
        let end = document.clone();
        while history.undo(&mut document).unwrap().is_some() {}
        assert!(document.recording(recording).unwrap().events.is_empty());
        while history.redo(&mut document).unwrap().is_some() {}
        assert_eq!(document, end);
        assert_eq!(history.undo_count(), 20);
    }
}
