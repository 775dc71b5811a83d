//! Several events selected at once: which they are, and how they come to be selected.
//!
//! One of them is the selected one, which keys about a single event act on. The others stay selected for as long as that one does: whoever
//! selects something without asking for more has one event selected. What is not shown is never among them.

use super::mark_list::MarkList;
use super::marks::{Mark, Target};
use super::notices::Gravity;
use super::recordings::Choosing;
use super::workbench::Workbench;
use crate::annotation::{Edit, Event, EventId, RecordingId};
use std::collections::HashSet;

/// What is said about the selection takes the place of what was said before.
pub(super) const ABOUT_SELECTION: &str = "selection";
/// Of fewer than one event in so many, each is looked for; of more, all events are looked through once.
const FEW_IN: usize = 64;

/// The events that are selected together.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    targets: HashSet<Target>,
    /// The selected one among them.
    focused: Option<Target>,
    recording: Option<RecordingId>,
    /// Where a range of events begins.
    anchor: Option<Target>,
    /// The state of the marks in which all of them were shown.
    revision: u64,
}

/// Of a step about more events than this, the first is selected when it was taken back.
const MOST_TOUCHED: usize = 2000;

/// The events of a recording that a step was about, with what they were before if they are gone now.
pub(super) type Touched = Option<(RecordingId, Vec<(EventId, Option<Box<Event>>)>)>;

/// What stands for a target after an edit; none where it is gone.
pub(super) type Renamed = (Target, Option<Target>);

impl Selection {
    /// How many events are selected.
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// Whether this one is among them.
    pub fn contains(&self, target: Target) -> bool {
        self.targets.contains(&target)
    }

    /// All of them by onset.
    fn in_order<'a>(&self, marks: &'a MarkList) -> Vec<&'a Mark> {
        if FEW_IN * self.len() > marks.len() {
            return marks.iter().filter(|mark| self.contains(mark.target)).collect();
        }
        let mut found: Vec<&Mark> = self.targets.iter().filter_map(|&target| marks.get(target)).collect();
        found.sort_unstable_by(|a, b| super::marks::by_onset(a, b));
        found
    }

    /// Lets go of those that are not shown any more.
    fn keep_shown(&mut self, marks: &MarkList) {
        if self.revision == marks.revision() {
            return;
        }
        self.revision = marks.revision();
        if FEW_IN * self.len() > marks.len() {
            self.targets =
                marks.shown().map(|mark| mark.target).filter(|target| self.targets.contains(target)).collect();
        } else {
            self.targets.retain(|&target| marks.shown_place(target).is_some());
        }
    }

    fn rename(&mut self, renamed: &[Renamed]) {
        for &(before, after) in renamed {
            if self.targets.remove(&before) {
                self.targets.extend(after);
            }
            if self.anchor == Some(before) {
                self.anchor = after;
            }
        }
    }

    fn first(&self) -> Option<Target> {
        self.targets.iter().min().copied()
    }
}

impl Workbench {
    /// The events that are selected together, if they are more than one.
    pub fn selection(&self) -> Option<&Selection> {
        let selection = &self.selection;
        let is_here = self.open.as_ref().is_some_and(|open| selection.recording == Some(open.id));
        let holds = is_here && selection.len() > 1 && selection.focused.is_some();
        (holds && selection.focused == self.selected).then_some(selection)
    }

    /// Whether a target is selected, alone or with others.
    pub fn is_selected(&self, target: Target) -> bool {
        self.selected == Some(target) || self.selection().is_some_and(|selection| selection.contains(target))
    }

    /// How many events are selected.
    pub fn selected_count(&self) -> usize {
        self.selection().map_or(usize::from(self.selected.is_some()), Selection::len)
    }

    /// Selects this and nothing else.
    pub(super) fn select_only(&mut self, target: Option<Target>) {
        self.selection = Selection::default();
        self.selected = target;
    }

    /// Selects an event as well: the way to it from the one where the range began, or it beside the others.
    pub(super) fn select_more(&mut self, target: Target, choosing: Choosing) {
        match choosing {
            // In review one event comes after the other.
            _ if self.is_reviewing() => self.select_and_reveal(target),
            Choosing::Only => self.select_and_reveal(target),
            Choosing::Extend => self.select_range(target),
            Choosing::Toggle => self.toggle_selected(target),
        }
    }

    /// Selects all events of the recording that are shown.
    pub(super) fn select_all(&mut self) {
        if self.refuses_several() {
            return;
        }
        let targets: HashSet<Target> = self.marks.shown().map(|mark| mark.target).collect();
        if targets.is_empty() {
            self.notices.renew(ABOUT_SELECTION, Gravity::Done, "No events are shown that could be selected");
            return;
        }
        if self.selected.is_none_or(|selected| !targets.contains(&selected)) {
            self.selected = self.marks.shown_at(0).map(|mark| mark.target);
        }
        let anchor = self.selected;
        self.hold(Selection { targets, anchor, revision: self.marks.revision(), ..Selection::default() });
    }

    /// Takes the next event (`step` 1) or the previous one (−1) into the selection, or the last one out of it on the way back.
    pub(super) fn extend_selection(&mut self, step: isize) {
        if self.refuses_several() {
            return;
        }
        let Some(selected) = self.selected else { return self.step_event(step) };
        let place = self.marks.shown_place(selected).and_then(|place| place.checked_add_signed(step));
        if let Some(target) = place.and_then(|place| self.marks.shown_at(place)).map(|mark| mark.target) {
            self.select_range(target);
        }
    }

    fn refuses_several(&mut self) -> bool {
        if self.is_reviewing() {
            let text = "In review one event comes after the other: to select several, go back to browsing and editing \
                        first (Review mode in the menu)";
            self.notices.renew(ABOUT_SELECTION, Gravity::Warning, text);
        }
        self.is_reviewing()
    }

    fn select_range(&mut self, target: Target) {
        let began = self.selection().and_then(|selection| selection.anchor).or(self.selected);
        let anchor = began.filter(|&anchor| self.marks.shown_place(anchor).is_some()).unwrap_or(target);
        let places = self.marks.shown_place(anchor).zip(self.marks.shown_place(target));
        let Some((from, to)) = places else { return self.select_and_reveal(target) };
        let way = self.marks.shown_from(from.min(to)).take(from.abs_diff(to) + 1);
        let targets = way.map(|mark| mark.target).collect();
        self.selected = Some(target);
        let revision = self.marks.revision();
        self.hold(Selection { targets, anchor: Some(anchor), revision, ..Selection::default() });
        self.reveal_selected();
    }

    fn toggle_selected(&mut self, target: Target) {
        let holds = self.selection().is_some();
        let mut selection = std::mem::take(&mut self.selection);
        if !holds {
            let targets = self.selected.into_iter().collect();
            selection = Selection { targets, ..Selection::default() };
        }
        if selection.targets.remove(&target) {
            if self.selected == Some(target) {
                self.selected = selection.first();
            }
            selection.anchor = Some(target);
        } else if self.marks.shown_place(target).is_some() {
            selection.targets.insert(target);
            selection.anchor = Some(target);
            self.selected = Some(target);
        }
        self.hold(selection);
    }

    /// From now on these are selected; the selected one stays if it is among them.
    fn hold(&mut self, mut selection: Selection) {
        if selection.len() < 2 {
            self.selection = Selection::default();
            return;
        }
        if self.selected.is_none_or(|selected| !selection.contains(selected)) {
            self.selected = selection.first();
        }
        selection.focused = self.selected;
        selection.recording = self.open.as_ref().map(|open| open.id);
        self.selection = selection;
    }

    /// What is not shown any more is not selected with others any more. Looks at events only after something has changed.
    pub(super) fn keep_selection(&mut self) {
        if self.selection.is_empty() {
            return;
        }
        let holds = self.selection().is_some();
        let mut selection = std::mem::take(&mut self.selection);
        if holds {
            selection.keep_shown(&self.marks);
            self.hold(selection);
        }
    }

    /// Lets go of all but the selected one; false if there are no others.
    pub(super) fn leave_others(&mut self) -> bool {
        let holds = self.selection().is_some();
        self.selection = Selection::default();
        holds
    }

    /// The selected events by onset, if they are more than one.
    pub(super) fn several_selected(&self) -> Option<Vec<&Mark>> {
        self.selection().map(|selection| selection.in_order(&self.marks))
    }

    /// What an edit was about, told by the edit that takes it back: events of one recording, with what they were before if they are gone now.
    /// Of very many, the first only.
    pub(super) fn touched_by(&self, inverse: &Edit) -> Touched {
        let (recording, first) = inverse.first_event()?;
        let mut events = Vec::new();
        if !inverse.each_event(&mut |of, id, before| {
            if of == recording && self.document.event(of, id).is_some() {
                events.push((id, None));
            } else if of == recording {
                events.push((id, before.cloned().map(Box::new)));
            }
            events.len() <= MOST_TOUCHED
        }) {
            events.retain(|(id, _)| *id == first);
        }
        Some((recording, events))
    }

    /// Shows what a step of the history was about, selected: its events, or the predictions that events have become again.
    pub(super) fn show_touched(&mut self, touched: Touched) {
        let Some((recording, events)) = touched else { return };
        self.show_recording(recording);
        let target_of = |(id, gone): (EventId, Option<Box<Event>>)| {
            let target = Target::Event(id);
            if self.mark(target).is_some() { Some(target) } else { self.prediction_of(&*gone?) }
        };
        let targets: Vec<Target> = events.into_iter().filter_map(target_of).collect();
        self.select_only(targets.first().copied());
        if !self.is_reviewing() {
            let revision = self.marks.revision();
            let targets = targets.into_iter().filter(|&target| self.marks.shown_place(target).is_some()).collect();
            self.hold(Selection { targets, revision, ..Selection::default() });
        }
        self.reveal_selected();
    }

    /// Makes a change after which targets have other names; what was selected stays so.
    pub(super) fn perform_renaming(&mut self, title: impl Into<String>, edit: Edit, renamed: &[Renamed]) -> bool {
        let (selected, holds) = (self.selected, self.selection().is_some());
        let mut selection = std::mem::take(&mut self.selection);
        let is_done = self.perform(title, edit);
        if is_done {
            let after =
                renamed.iter().find(|(before, _)| Some(*before) == selected).map_or(selected, |&(_, after)| after);
            self.selected = after.filter(|&after| self.mark(after).is_some());
            selection.rename(renamed);
        }
        if holds {
            self.hold(selection);
        }
        is_done
    }
}

#[cfg(test)]
mod tests;
