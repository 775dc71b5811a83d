//! The marks follow the document and the predictions: by single ones after an edit, anew after much.

use super::answers::Answers;
use super::mark_filter::{MarkFilter, Sieve};
use super::marks::{self, Mark, Target, predicted_mark};
use super::workbench::Workbench;
use crate::annotation::{Edit, Event, EventId, LogEntry, RecordingId, Status};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// After an edit of more events than this, and more than a sixteenth of all, all marks are made anew.
const MANY_EDITED: usize = 2000;

impl Workbench {
    /// Notes that an edit was made, or taken back: only the marks that it is about follow.
    pub(super) fn changed_by(&mut self, entry: &LogEntry) {
        self.revision += 1;
        let here = self.open.as_ref().map(|open| open.id);
        let Some(recording) = here.filter(|_| here == self.marks_of) else {
            self.refresh_marks();
            return;
        };
        let mut before = BTreeMap::new();
        let is_few = events_before(&entry.inverse, recording, &mut before, MANY_EDITED.max(self.marks.len() / 16));
        if !is_few {
            self.refresh_marks();
            return;
        }
        self.replace_event_marks(&self.scored_classes(), recording, before);
        self.follow_pieces();
    }

    /// A piece of a long step was made: the marks that it is about follow. `events` are those of the open recording, as they were before.
    pub(super) fn follow_piece(&mut self, events: BTreeMap<EventId, Option<Event>>) {
        let here = self.open.as_ref().map(|open| open.id);
        if let Some(recording) = here.filter(|_| here == self.marks_of) {
            self.replace_event_marks(&self.scored_classes(), recording, events);
        }
    }

    /// What follows from the marks as they are now.
    pub(super) fn follow_pieces(&mut self) {
        self.sift();
        self.learn_labels();
        self.forget_gone_selection();
    }

    /// Puts events and undecided predictions together again, all of them.
    pub(super) fn refresh_marks(&mut self) {
        let classes = self.scored_classes();
        self.marks_of = self.open.as_ref().map(|open| open.id);
        let (marks, answers) = match self.recording() {
            Some(recording) => marks::marks(recording, &self.predictions, &classes),
            None => Default::default(),
        };
        self.answers = answers;
        self.marks.set_all(marks);
        self.sift();
        self.learn_labels();
        self.forget_gone_selection();
    }

    /// Predictions have changed, events have not.
    pub(super) fn predictions_changed(&mut self) {
        let here = self.open.as_ref().map(|open| open.id);
        let Some(recording) = self.recording().filter(|_| here == self.marks_of) else {
            self.refresh_marks();
            return;
        };
        let classes = self.scored_classes();
        let mut answers = Answers::new(&self.predictions, &classes);
        if !self.predictions.is_empty() {
            recording.events.values().for_each(|event| drop(answers.add(event)));
        }
        let mut wanted: HashMap<Target, Mark> = answers
            .open()
            .filter_map(|place| predicted_mark(&self.predictions, &classes, place))
            .map(|mark| (mark.target, mark))
            .collect();
        let mut gone = Vec::new();
        for target in std::mem::replace(&mut self.answers, answers).open_targets() {
            if self.marks.get(target).is_some_and(|mark| wanted.get(&target) == Some(mark)) {
                wanted.remove(&target);
            } else {
                gone.push(target);
            }
        }
        if gone.len() + wanted.len() > MANY_EDITED {
            self.refresh_marks();
            return;
        }
        gone.into_iter().for_each(|target| drop(self.marks.remove(target)));
        wanted.into_values().for_each(|mark| self.marks.insert(mark));
        self.learn_labels();
        self.forget_gone_selection();
    }

    /// Another filter of the events that are shown.
    pub(super) fn set_filter(&mut self, filter: MarkFilter) {
        if filter != self.filter {
            self.filter = filter;
            self.revision += 1;
        }
    }

    /// Lets the list of marks know what is to be shown.
    pub(super) fn sift(&mut self) {
        let hidden = self.document.label_classes().iter().filter(|class| class.is_hidden);
        let hidden: BTreeSet<Arc<str>> = hidden.map(|class| class.name.clone()).collect();
        let mut filter = self.filter.clone();
        if !self.settings.show_rejected {
            filter.hidden_states.insert(Status::Rejected);
        }
        self.marks.sift(Sieve::new(filter, hidden));
    }

    fn scored_classes(&self) -> Arc<[Arc<str>]> {
        self.scored_here().map(|scored| scored.scores.classes.clone()).unwrap_or_default()
    }

    fn replace_event_marks(
        &mut self,
        classes: &[Arc<str>],
        recording: RecordingId,
        before: BTreeMap<EventId, Option<Event>>,
    ) {
        let Self { marks, answers, predictions, document, .. } = self;
        let mark_of = |place: usize| predicted_mark(predictions, classes, place);
        marks.change_many(|marks| {
            for (id, before) in before {
                let after = document.event(recording, id);
                let opened = before.map(|event| answers.remove(&event)).unwrap_or_default();
                let closed = after.map(|event| answers.add(event)).unwrap_or_default();
                match after {
                    Some(event) => marks.insert(Mark::of_event(event)),
                    None => drop(marks.remove(Target::Event(id))),
                }
                for mark in opened.into_iter().filter(|place| !closed.contains(place)).filter_map(mark_of) {
                    marks.insert(mark);
                }
                for mark in closed.into_iter().filter_map(mark_of) {
                    marks.remove(mark.target);
                }
            }
        });
    }

    fn forget_gone_selection(&mut self) {
        if self.selected.is_some_and(|selected| self.mark(selected).is_none()) {
            self.selected = None;
        }
    }
}

/// What the events of a recording that a piece of a step was about had been before it, told by the edit that takes it back.
pub(super) fn events_of(inverse: &Edit, recording: Option<RecordingId>) -> BTreeMap<EventId, Option<Event>> {
    let mut before = BTreeMap::new();
    if let Some(recording) = recording {
        events_before(inverse, recording, &mut before, usize::MAX);
    }
    before
}

/// What the events of a recording that an edit was about had been before it, told by the edit that takes it back; false if they are more
/// than `most`.
fn events_before(
    inverse: &Edit,
    recording: RecordingId,
    before: &mut BTreeMap<EventId, Option<Event>>,
    most: usize,
) -> bool {
    match inverse {
        // What is told last of an event was so first: an inverse goes backwards.
        Edit::Insert { recording: of, event } | Edit::Replace { recording: of, event } if *of == recording => {
            before.insert(event.id, Some(event.clone()));
        }
        Edit::Remove { recording: of, id } if *of == recording => {
            before.insert(*id, None);
        }
        Edit::Many { edits } => {
            return edits.iter().all(|edit| events_before(edit, recording, before, most));
        }
        _ => {}
    }
    before.len() <= most
}

#[cfg(test)]
mod tests;
