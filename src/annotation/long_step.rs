//! A step of the history that is made in pieces: of a million events, each piece takes as long as its caller wants to spend.
//!
//! Owns [`LongStep`]. Until the step is finished neither the history nor the log knows of it, so that whoever stops in between has it as it
//! was; the document shows what is done so far.

use super::{Direction, Document, Edit, EditError, Edited, History, HistoryEntry, LogEntry};

/// Edits that are looked through to say how many there are.
const LOOKED_AT: usize = 1 << 13;

/// A step that is under way.
#[derive(Debug)]
pub struct LongStep {
    direction: Direction,
    title: String,
    /// Who makes the step.
    edited: Edited,
    /// Who made it before, where it is taken back or made again.
    edited_before: Edited,
    edits: Vec<Edit>,
    /// Of each level of `edits`, the edit that comes next.
    place: Vec<usize>,
    done: usize,
    count: usize,
    /// What takes the pieces back that were made, for the history and, once more, for the log: copied piece by piece, not all at the end.
    inverses: Vec<Edit>,
    logged: Vec<Edit>,
}

impl LongStep {
    /// A step that is new. All its events are stamped already.
    pub fn new(title: String, edits: Vec<Edit>, edited: Edited) -> Self {
        let step = HistoryEntry { title, edit: Edit::Many { edits }, edited: edited.clone() };
        Self::of(Direction::Do, step, edited)
    }

    fn of(direction: Direction, step: HistoryEntry, edited: Edited) -> Self {
        let HistoryEntry { title, edit, edited: edited_before } = step;
        let edits = match edit {
            Edit::Many { edits } => edits,
            single => vec![single],
        };
        let count = count_of(&edits);
        let (inverses, logged) = (Vec::new(), Vec::new());
        Self { direction, title, edited, edited_before, edits, place: vec![0], done: 0, count, inverses, logged }
    }

    /// Which way it goes.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// What the step is called.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// How much of it is in the document, 0 to 1.
    pub fn part(&self) -> f32 {
        (self.done as f32 / self.count.max(1) as f32).min(1.0)
    }

    /// Makes up to so many edits more; returns the edit that takes them back, or none if all are made. After an error the edits of this call
    /// are not made, those of earlier ones are.
    pub fn advance(&mut self, document: &mut Document, most: usize) -> Result<Option<&Edit>, EditError> {
        let mut inverses = Vec::new();
        while inverses.len() < most
            && let Some(edit) = next_edit(&self.edits, &mut self.place)
        {
            match document.apply(edit.clone()) {
                Ok(inverse) => inverses.push(inverse),
                Err(error) => {
                    for inverse in inverses.into_iter().rev() {
                        // Undoing what has just been done cannot fail.
                        let _ = document.apply(inverse);
                    }
                    return Err(error);
                }
            }
        }
        if inverses.is_empty() {
            return Ok(None);
        }
        self.done += inverses.len();
        inverses.reverse();
        let piece = Edit::Many { edits: inverses };
        self.logged.push(piece.clone());
        self.inverses.push(piece);
        Ok(self.inverses.last())
    }

    /// Takes the last piece back that was made; returns the edit that would make it again, or none if none is left.
    pub fn retreat(&mut self, document: &mut Document) -> Option<Edit> {
        let piece = self.inverses.pop()?;
        self.logged.pop();
        if let Edit::Many { edits } = &piece {
            self.done = self.done.saturating_sub(edits.len());
        }
        // Undoing what was done last cannot fail.
        document.apply(piece).ok()
    }
}

/// The next single edit in order, of edits of which some may be several.
fn next_edit<'a>(edits: &'a [Edit], place: &mut Vec<usize>) -> Option<&'a Edit> {
    loop {
        let (&next, above) = place.split_last()?;
        let mut level = edits;
        for &at in above {
            let Edit::Many { edits } = level.get(at)? else { return None };
            level = edits;
        }
        match level.get(next) {
            Some(Edit::Many { .. }) => place.push(0),
            found => {
                if found.is_none() {
                    place.pop();
                }
                if let Some(last) = place.last_mut() {
                    *last += 1;
                }
                if found.is_some() {
                    return found;
                }
            }
        }
    }
}

/// How many single edits there are; of very many, only the first are looked at.
fn count_of(edits: &[Edit]) -> usize {
    let of_edit = |edit: &Edit| if let Edit::Many { edits } = edit { edits.len() } else { 1 };
    let looked_at: usize = edits.iter().take(LOOKED_AT).map(of_edit).sum();
    looked_at + edits.len().saturating_sub(LOOKED_AT)
}

impl Edit {
    /// Whether this is about more than so many events, so that it is made as a [`LongStep`]. Steps that take out or bring back recordings
    /// are not: who shows recordings must know of all of them at once.
    pub fn is_long(&self, most: usize) -> bool {
        let Self::Many { edits } = self else { return false };
        let is_of_recordings =
            matches!(edits.first(), Some(Self::RemoveRecording { .. } | Self::InsertRecording { .. }));
        !is_of_recordings && count_of(edits) > most
    }
}

impl History {
    /// Begins to take the last step back.
    pub fn begin_undo(&mut self, edited: &Edited) -> Option<LongStep> {
        Some(LongStep::of(Direction::Undo, self.undo.pop()?, edited.clone()))
    }

    /// Begins to make the step again that was taken back last.
    pub fn begin_redo(&mut self, edited: &Edited) -> Option<LongStep> {
        Some(LongStep::of(Direction::Redo, self.redo.pop()?, edited.clone()))
    }

    /// All of a step is made: what is to be logged, and the steps that cannot be done again any more. Freeing those may take long, which
    /// can be left to another thread.
    pub fn finish(&mut self, step: LongStep) -> (LogEntry, Vec<HistoryEntry>) {
        let LongStep { direction, title, edited, edits, mut inverses, mut logged, .. } = step;
        inverses.reverse();
        logged.reverse();
        let made = HistoryEntry { title: title.clone(), edit: Edit::Many { edits: inverses }, edited: edited.clone() };
        let mut forgotten = Vec::new();
        match direction {
            Direction::Undo => self.redo.push(made),
            Direction::Redo => self.undo.push(made),
            Direction::Do | Direction::ForgetUndo | Direction::ForgetRedo => {
                self.undo.push(made);
                forgotten = std::mem::take(&mut self.redo);
            }
        }
        let (edit, inverse) = (Edit::Many { edits }, Edit::Many { edits: logged });
        (LogEntry { direction, title, edit, inverse, edited }, forgotten)
    }

    /// A step was stopped and all its pieces were taken back: the history is as it was before it began. Returns a new step, which nobody
    /// will make.
    pub fn give_up(&mut self, step: LongStep) -> Option<LongStep> {
        let side = match step.direction {
            Direction::Undo => &mut self.undo,
            Direction::Redo => &mut self.redo,
            Direction::Do | Direction::ForgetUndo | Direction::ForgetRedo => return Some(step),
        };
        side.push(HistoryEntry {
            title: step.title,
            edit: Edit::Many { edits: step.edits },
            edited: step.edited_before,
        });
        None
    }

    /// A step does not fit the document and all its pieces were taken back: it is forgotten, which is to be logged. None for a new step.
    pub fn forget(&mut self, step: LongStep) -> Option<LogEntry> {
        let direction = match step.direction {
            Direction::Undo => Direction::ForgetUndo,
            Direction::Redo => Direction::ForgetRedo,
            Direction::Do | Direction::ForgetUndo | Direction::ForgetRedo => return None,
        };
        let (edit, inverse) = (Edit::Many { edits: step.edits }, Edit::Many { edits: Vec::new() });
        Some(LogEntry { direction, title: step.title, edit, inverse, edited: step.edited })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotation::{Event, EventId, Origin, RecordingId, Status};
    use crate::time::Span;
    use proptest::prelude::*;
    use std::path::Path;

    fn event(id: u64, onset_secs: f64) -> Event {
        let span = Span::between(onset_secs, onset_secs + 1.0);
        Event::new(EventId(id), span, "Dog", Status::Accepted, Origin::Human)
    }

    fn edited(at_ms: i64) -> Edited {
        Edited { by: "Ada".into(), at_ms }
    }

    /// A recording with six events.
    fn document() -> (Document, RecordingId) {
        let mut document = Document::default();
        let recording = document.add_recording(Path::new("a.wav"), 60.0);
        for id in 0..6 {
            document.apply(Edit::Insert { recording, event: event(id, id as f64) }).unwrap();
        }
        (document, recording)
    }

    /// Edits of which any may be several, which may have none.
    fn edits(recording: RecordingId) -> impl Strategy<Value = Edit> {
        let single = (0_u8..4, 0_u64..12, 0.0_f64..50.0).prop_map(move |(kind, id, onset)| match kind {
            0 => Edit::Insert { recording, event: event(id, onset) },
            1 => Edit::Remove { recording, id: EventId(id) },
            _ => Edit::Replace { recording, event: event(id, onset) },
        });
        let several = |inner| prop::collection::vec(inner, 0..5).prop_map(|edits| Edit::Many { edits });
        prop::collection::vec(single.prop_recursive(3, 24, 5, several), 0..20).prop_map(|edits| Edit::Many { edits })
    }

    fn make(step: &mut LongStep, document: &mut Document, most: usize) -> Result<(), EditError> {
        while step.advance(document, most)?.is_some() {}
        Ok(())
    }

    proptest! {
        #[test]
        fn made_in_pieces_a_step_is_what_it_is_at_once(
            edit in edits(RecordingId(0)),
            most in 1_usize..5,
            stop_after in 0_usize..12,
        ) {
            let (mut whole, _) = document();
            let (mut document, _) = document();
            let start = document.clone();
            let applied = whole.apply(edit.clone());
            let mut history = History::default();
            let Edit::Many { edits } = edit.clone() else { unreachable!() };

            // Stopped in between, nothing has happened.
            let mut step = LongStep::new("step".to_owned(), edits.clone(), edited(1));
            for _ in 0..stop_after {
                if !matches!(step.advance(&mut document, most), Ok(Some(_))) {
                    break;
                }
            }
            while step.retreat(&mut document).is_some() {}
            prop_assert!(document.recordings().eq(start.recordings()));
            prop_assert_eq!(step.part(), 0.0);
            prop_assert!(history.give_up(step).is_some() && history == History::default());

            let mut step = LongStep::new("step".to_owned(), edits, edited(1));
            let made = make(&mut step, &mut document, most);
            prop_assert_eq!(made.is_err(), applied.is_err());
            if applied.is_err() {
                while step.retreat(&mut document).is_some() {}
                prop_assert!(document.recordings().eq(start.recordings()));
                return Ok(());
            }
            prop_assert_eq!(&document, &whole);
            let (entry, _) = history.finish(step);
            prop_assert_eq!((&entry.edit, entry.direction), (&edit, Direction::Do));
            let end = document.clone();

            // What the log says makes the same of the start, and takes it back.
            let mut logged = start.clone();
            logged.apply(entry.edit.clone()).unwrap();
            prop_assert_eq!(&logged, &end);
            logged.apply(entry.inverse.clone()).unwrap();
            prop_assert!(logged.recordings().eq(start.recordings()));

            // There and back, and back stopped in between.
            let before = history.clone();
            let mut step = history.begin_undo(&edited(2)).unwrap();
            let _ = step.advance(&mut document, most);
            while step.retreat(&mut document).is_some() {}
            prop_assert!(history.give_up(step).is_none() && history == before && document == end);
            let mut step = history.begin_undo(&edited(2)).unwrap();
            make(&mut step, &mut document, most).unwrap();
            prop_assert_eq!(history.finish(step).0.direction, Direction::Undo);
            prop_assert!(document.recordings().eq(start.recordings()));
            let mut step = history.begin_redo(&edited(3)).unwrap();
            make(&mut step, &mut document, most).unwrap();
            prop_assert_eq!(history.finish(step).0.direction, Direction::Redo);
            prop_assert_eq!(&document, &end);
            // And at once what was made in pieces.
            history.undo(&mut document, &edited(4)).unwrap().unwrap();
            prop_assert!(document.recordings().eq(start.recordings()));
        }
    }

    #[test]
    fn a_step_that_does_not_fit_any_more_is_forgotten() {
        let (mut document, recording) = document();
        let mut history = History::default();
        let edits = (0..6).map(|id| Edit::Remove { recording, id: EventId(id) }).collect();
        history.perform(&mut document, "remove all", Edit::Many { edits }, &edited(1)).unwrap();
        document.apply(Edit::Insert { recording, event: event(0, 9.0) }).unwrap();
        let start = document.clone();
        let mut step = history.begin_undo(&edited(2)).unwrap();
        assert_eq!(make(&mut step, &mut document, 4), Err(EditError::NameInUse(EventId(0))));
        assert!(step.retreat(&mut document).is_some() && step.retreat(&mut document).is_none());
        assert!(document.recordings().eq(start.recordings()));
        assert_eq!(history.forget(step).map(|entry| entry.direction), Some(Direction::ForgetUndo));
        assert_eq!((history.undo_count(), history.redo_steps().len()), (0, 0));
    }

    #[test]
    fn what_is_long_is_counted_over_all_levels_and_recordings_come_at_once() {
        let remove = |id| Edit::Remove { recording: RecordingId(0), id: EventId(id) };
        let many = |ids: std::ops::Range<u64>| Edit::Many { edits: ids.map(remove).collect() };
        assert!(many(0..4).is_long(3) && !many(0..3).is_long(3) && !remove(0).is_long(0));
        assert!(Edit::Many { edits: vec![many(0..2), many(2..4)] }.is_long(3));
        let gone = |id| Edit::RemoveRecording { recording: RecordingId(id) };
        assert!(!Edit::Many { edits: (0..9).map(gone).collect() }.is_long(3));
    }
}
