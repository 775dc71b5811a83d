//! Moving through a recording, its events and the list of recordings.

use super::marks::{MarkState, Target};
use super::workbench::Workbench;
use crate::annotation::{RecordingId, Status};

/// How far paging goes: all but a tenth of what is in view.
const PAGE: f64 = 0.9;

impl Workbench {
    /// Selects something and shows it.
    pub(super) fn select_and_reveal(&mut self, target: Target) {
        self.selected = Some(target);
        self.reveal_selected();
    }

    /// Brings what is selected into view.
    pub(super) fn reveal_selected(&mut self) {
        if let Some(span) = self.selected_mark().map(|mark| mark.span)
            && let Some(open) = &mut self.open
        {
            open.viewport.reveal_span(span);
        }
    }

    /// Selects the next mark (`step` 1) or the previous one (−1) by onset, and plays it if the user wants that.
    pub(super) fn step_event(&mut self, step: isize) {
        let shown: Vec<Target> = self.shown_marks().map(|mark| mark.target).collect();
        let here = self.playhead_secs();
        let next = match self.selected.and_then(|selected| shown.iter().position(|&target| target == selected)) {
            Some(place) => place.checked_add_signed(step),
            None if step > 0 => self.shown_marks().position(|mark| mark.span.onset_secs >= here),
            None => self.shown_marks().filter(|mark| mark.span.onset_secs < here).count().checked_sub(1),
        };
        if let Some(&target) = next.and_then(|place| shown.get(place)) {
            self.select_and_reveal(target);
            self.audition_selected();
        }
    }

    /// Selects the next undecided event after the selected one or the playhead.
    pub(super) fn go_to_undecided(&mut self) {
        let from = self.selected_mark().map_or(self.playhead_secs(), |mark| mark.span.onset_secs + 1e-6);
        if let Some(target) = self.next_undecided(from) {
            self.select_and_reveal(target);
            self.audition_selected();
        }
    }

    /// The marks that are shown: rejected ones only if the user wants them.
    pub fn shown_marks(&self) -> impl Iterator<Item = &super::marks::Mark> {
        let show_rejected = self.settings.show_rejected;
        self.marks.iter().filter(move |mark| show_rejected || mark.state != MarkState::Decided(Status::Rejected))
    }

    /// Shows the next page (1) or the previous one (−1).
    pub(super) fn page(&mut self, pages: f64) {
        if let Some(open) = &mut self.open {
            let by = pages * PAGE * open.viewport.width_secs();
            open.viewport.pan(by);
        }
    }

    /// Zooms around the playhead if it is in view, else around the middle.
    pub(super) fn zoom(&mut self, factor: f64) {
        let playhead = self.playhead_secs();
        if let Some(open) = &mut self.open {
            let view = open.viewport.span();
            let anchor = if view.contains(playhead) { playhead } else { view.centre_secs() };
            open.viewport.zoom_at(anchor, factor);
        }
    }

    /// Shows the recording `step` places further down the list.
    pub(super) fn step_recording(&mut self, step: isize) {
        let ids: Vec<RecordingId> = self.document.recordings().map(|(id, _)| id).collect();
        let here = self.open.as_ref().and_then(|open| ids.iter().position(|&id| id == open.id)).unwrap_or(0);
        if let Some(&id) = here.checked_add_signed(step).and_then(|place| ids.get(place)) {
            self.show_recording(id);
        }
    }
}
