//! Moving through a recording, its events and the list of recordings.

use super::marks::Target;
use super::workbench::Workbench;
use crate::annotation::RecordingId;
use std::time::Duration;

/// What is left of a recording is no page of its own if it is shorter than this.
const SHORTEST_PAGE_SECS: f64 = 0.001;

/// What a step may spend on the list before it is taken.
const LIST_BUDGET: Duration = Duration::from_millis(4);

impl Workbench {
    /// Selects something and shows it.
    pub(super) fn select_and_reveal(&mut self, target: Target) {
        self.select_only(Some(target));
        self.reveal_selected();
    }

    /// Brings what is selected into view.
    pub(super) fn reveal_selected(&mut self) {
        let Some(span) = self.selected_mark().map(|mark| mark.span) else { return };
        if self.is_reviewing() {
            self.centre(span);
        } else if let Some(open) = &mut self.open {
            open.viewport.reveal_span(span);
        }
    }

    /// Selects the next mark (`step` 1) or the previous one (−1) by onset, and plays it if the user wants that.
    pub(super) fn step_event(&mut self, step: isize) {
        let marks = &self.marks;
        let place = match self.selected.and_then(|selected| Some((selected, marks.shown_before(selected)?))) {
            // One that is not shown itself stands before the one at its place.
            Some((selected, before)) if step > 0 => before + usize::from(marks.shown_place(selected).is_some()),
            None if step > 0 => marks.shown_before_secs(self.playhead_secs()),
            Some((_, before)) => before.wrapping_sub(1),
            None => marks.shown_before_secs(self.playhead_secs()).wrapping_sub(1),
        };
        // In review, those of the queue's class alone, but decided ones too.
        let class = self.queue_class();
        let on_from_there = (0..).map_while(|steps: isize| marks.shown_at(place.wrapping_add_signed(steps * step)));
        let meant = on_from_there.into_iter().find(|mark| class.is_none_or(|class| mark.label == *class));
        if let Some(target) = meant.map(|mark| mark.target) {
            self.select_and_reveal(target);
            self.audition_selected();
        }
    }

    /// The marks that are shown: those that the filter lets through, and rejected ones only if the user wants them.
    pub fn shown_marks(&self) -> impl DoubleEndedIterator<Item = &super::marks::Mark> {
        self.marks.shown()
    }

    /// Shows the next page (1) or the previous one (−1): of this recording, and after its last the first of the next recording.
    pub(super) fn page(&mut self, step: isize) {
        let overlap = self.display.page_overlap;
        let Some(open) = &mut self.open else { return };
        let (view, duration) = (open.viewport.span(), open.viewport.duration_secs());
        let is_last = if step > 0 {
            view.offset_secs >= duration - SHORTEST_PAGE_SECS
        } else {
            view.onset_secs <= SHORTEST_PAGE_SECS
        };
        if is_last {
            self.page_to_recording(step);
            return;
        }
        let onset = view.onset_secs + step as f64 * (1.0 - overlap) * view.duration_secs();
        // A page ends with the recording, also where the view could go beyond.
        let onset = onset.min(duration - view.duration_secs()).max(0.0);
        open.viewport.show(onset, view.duration_secs());
    }

    /// Shows the first page of the recording after this one, or the last page of the one before it.
    fn page_to_recording(&mut self, step: isize) {
        let Some(open) = &self.open else { return };
        let (here, width) = (open.id, open.viewport.width_secs());
        let beside = self.timeline.beside(here, step);
        let Some(id) = beside.or_else(|| self.beside_in_list(here, step)) else { return };
        let duration_secs = self.document.recording(id).map_or(0.0, |recording| recording.duration_secs);
        let onset = if step > 0 { 0.0 } else { duration_secs - width };
        self.show_recording_at(id, onset, width);
    }

    /// The recording `step` places further down the list.
    fn beside_in_list(&mut self, here: RecordingId, step: isize) -> Option<RecordingId> {
        self.work_on_list(LIST_BUDGET);
        self.list.beside(here, step)
    }

    /// Zooms around the playhead if it is in view, else around the middle.
    pub(super) fn zoom(&mut self, factor: f64) {
        let playhead = self.playhead_secs();
        if let Some(open) = &mut self.open {
            let view = open.viewport.span();
            let anchor = if view.contains(playhead) { playhead } else { view.centre_secs() };
            open.viewport.zoom_at(anchor, factor);
        }
        self.follow_centre();
    }

    /// Shows the recording `step` places further down the list.
    pub(super) fn step_recording(&mut self, step: isize) {
        // Before the first one is shown, the list begins with the one that is on its way.
        let here = self.opening.or_else(|| self.open.as_ref().map(|open| open.id));
        if let Some(id) = here.and_then(|here| self.beside_in_list(here, step)) {
            self.show_recording_of_list(id);
        }
    }
}
