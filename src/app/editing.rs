//! Changes of spans and labels. Changing a prediction makes it a corrected event.

use super::deciding::accepted_status;
use super::marks::Target;
use super::shape::{SHORTEST_SECS, Shape};
use super::workbench::Workbench;
use crate::annotation::{Change, Direction, Edit, Event, RecordingId, Status, Stepped};
use crate::time::Span;
use std::sync::Arc;

/// How far a key moves an edge.
const NUDGE_SECS: f64 = 0.010;
/// How much is heard on each side of an edge that was moved.
const AROUND_EDGE_SECS: f64 = 0.15;

/// One end of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Where it begins.
    Onset,
    /// Where it ends.
    Offset,
}

impl Workbench {
    /// Gives a target another onset and offset, within the recording and not shorter than 5 ms. A point goes where its onset goes, or
    /// its offset if only that is another one.
    pub(super) fn set_span(&mut self, target: Target, span: Span) {
        let Some(before) = self.mark(target).map(|mark| mark.shape()) else { return };
        let span = match before.is_point {
            true if span.onset_secs == before.span.onset_secs => Span::between(span.offset_secs, span.offset_secs),
            true => Span::between(span.onset_secs, span.onset_secs),
            false => span,
        };
        self.set_shape(target, Shape { span, ..before });
    }

    /// Gives a target another label.
    pub(super) fn set_label(&mut self, target: Target, label: Arc<str>) {
        self.use_label(&label);
        if self.label_selection(target, &label) {
            return;
        }
        let Some(mark) = self.mark(target) else { return };
        let (place, is_there) = (self.queue_place(mark), mark.state.is_label());
        let is_review = self.is_reviewing() && self.selected == Some(target);
        if mark.label != label {
            let title = format!("label {label:?} instead of");
            if !self.change(target, &title, |event| event.label = label.clone()) {
                return;
            }
        } else if is_review && !is_there {
            // Whoever gives an event the label that it has already says that it is right.
            self.given_label = Some(label);
            return self.accept_selected();
        }
        self.given_label = Some(label);
        if is_review {
            self.note_decision();
            self.advance(&place);
        }
    }

    /// Gives the selected event the label that was given last.
    pub(super) fn repeat_label(&mut self) {
        if let (Some(target), Some(label)) = (self.selected, self.last_given_label().cloned()) {
            self.set_label(target, label);
        }
    }

    /// The label that an event was given last; before any was given, the active one.
    pub fn last_given_label(&self) -> Option<&Arc<str>> {
        self.given_label.as_ref().or(self.active_label.as_ref())
    }

    /// Notes a label as the active one, first among the recent ones.
    pub(super) fn use_label(&mut self, label: &Arc<str>) {
        self.settings.remember_label(label);
        self.active_label = Some(label.clone());
        self.learn_labels();
    }

    /// Draws an event of the active label at all frequencies and selects it.
    pub(super) fn draw(&mut self, span: Span) {
        self.draw_shape(Shape::of_time(span));
    }

    /// Draws one second from the playhead on.
    pub(super) fn draw_at_playhead(&mut self) {
        let onset = self.playhead_secs();
        self.draw(Span::between(onset, onset + 1.0));
    }

    /// Puts an edge of the selected event at the playhead; the other edge gives way if it must.
    pub(super) fn edge_to_playhead(&mut self, edge: Edge) {
        let secs = self.playhead_secs();
        self.move_edge(edge, |_| secs);
    }

    /// Moves an edge of the selected event by a step and plays around it.
    pub(super) fn nudge_edge(&mut self, edge: Edge, steps: f64) {
        self.nudge_edge_by(edge, steps * NUDGE_SECS);
    }

    /// The same by any length of time.
    pub(super) fn nudge_edge_by(&mut self, edge: Edge, by_secs: f64) {
        self.move_edge(edge, |secs| secs + by_secs);
        if let Some(mark) = self.selected_mark() {
            let secs = match edge {
                Edge::Onset => mark.span.onset_secs,
                Edge::Offset => mark.span.offset_secs,
            };
            self.play_span(Span::between(secs - AROUND_EDGE_SECS, secs + AROUND_EDGE_SECS), false);
        }
    }

    /// Moves the selected event as a whole by a step.
    pub(super) fn nudge_event(&mut self, steps: f64) {
        let limit = self.whole().offset_secs;
        if let Some((target, span)) = self.selected_mark().map(|mark| (mark.target, mark.span)) {
            self.set_span(target, span.moved(steps * NUDGE_SECS, limit));
        }
    }

    fn move_edge(&mut self, edge: Edge, to: impl Fn(f64) -> f64) {
        let Some(mark) = self.selected_mark() else { return };
        let (target, span) = (mark.target, mark.span);
        let moved = match edge {
            Edge::Onset => {
                let onset = to(span.onset_secs);
                Span::between(onset, span.offset_secs.max(onset + SHORTEST_SECS))
            }
            Edge::Offset => {
                let offset = to(span.offset_secs).max(SHORTEST_SECS);
                Span::between(span.onset_secs.min(offset - SHORTEST_SECS), offset)
            }
        };
        self.set_span(target, moved);
    }

    /// Applies a change to an event, or to the event that a prediction becomes by being changed; returns whether it was made.
    pub(super) fn change(&mut self, target: Target, verb: &str, change: impl FnOnce(&mut Event)) -> bool {
        let Some((recording, event, is_new)) = self.event_for(target, Status::Corrected) else { return false };
        let title = format!("{verb} {:?}", event.label);
        let event = changed(event, change);
        let id = event.id;
        let after = Some(Target::Event(id));
        let is_done = self.perform_renaming(title, put(recording, event, is_new), &[(target, after)]);
        if is_done {
            self.selected = after;
        }
        is_done
    }

    /// The open recording and the event of a target, or the event that a prediction would become, with whether it is such a new one.
    pub(super) fn event_for(&mut self, target: Target, of_prediction: Status) -> Option<(RecordingId, Event, bool)> {
        let recording = self.open.as_ref()?.id;
        match target {
            Target::Event(id) => Some((recording, self.document.event(recording, id)?.clone(), false)),
            Target::Prediction(key) => Some((recording, self.event_of_prediction(key, of_prediction)?, true)),
        }
    }

    /// Takes the last change back.
    pub(super) fn undo(&mut self) {
        if self.refuses_changes() || self.begin_long_step(Direction::Undo) {
            return;
        }
        let edited = self.edited();
        let leaving = self.history.next_undo().map(Edit::removed_recordings).unwrap_or_default();
        self.let_recordings_go(&leaving.into_iter().collect());
        let undone = self.history.undo(&mut self.document, &edited);
        self.after_history(undone);
    }

    /// Makes the change again that was taken back last.
    pub(super) fn redo(&mut self) {
        if self.refuses_changes() || self.begin_long_step(Direction::Redo) {
            return;
        }
        let edited = self.edited();
        let leaving = self.history.next_redo().map(Edit::removed_recordings).unwrap_or_default();
        self.let_recordings_go(&leaving.into_iter().collect());
        let redone = self.history.redo(&mut self.document, &edited);
        self.after_history(redone);
    }

    fn after_history(&mut self, result: Option<Stepped>) {
        match result {
            Some(Ok(entry)) => {
                super::crash_report::note(&format!("{:?}: {}", entry.direction, entry.title));
                self.changed_by(&entry);
                self.recordings_changed_by(&entry.edit);
                let touched = self.touched_by(&entry.inverse);
                self.unlogged.push(Change::Step(Box::new(entry)));
                self.show_touched(touched);
            }
            None => {}
            Some(Err((error, entry))) => {
                self.unlogged.push(Change::Step(Box::new(entry)));
                self.notices.add(super::notices::Gravity::Failure, format!("Nothing was changed: {error}"));
            }
        }
    }
}

/// An event after a person has changed what it says: decided about by that. What was rejected or put aside stays so wherever its edges are
/// moved; only another label says that it is there.
pub(super) fn changed(mut event: Event, change: impl FnOnce(&mut Event)) -> Event {
    let before = event.clone();
    if event.status == Status::Predicted {
        // What an imported file proposed is not kept beside the event, only that it was something else.
        event.status = Status::Corrected;
    }
    change(&mut event);
    // A label that came first stands there only.
    event.more_labels.retain(|other| *other != event.label);
    let stays = matches!(before.status, Status::Rejected | Status::Uncertain) && event.labels().eq(before.labels());
    event.status = if stays { before.status } else { accepted_status(&event) };
    event
}

/// The edit that brings an event into the document.
pub(super) fn put(recording: RecordingId, event: Event, is_new: bool) -> Edit {
    if is_new { Edit::Insert { recording, event } } else { Edit::Replace { recording, event } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotation::{EventId, Origin};

    #[test]
    fn what_was_rejected_or_put_aside_stays_so_until_it_has_another_label() {
        let event = |status| Event::new(EventId(1), Span::between(1.0, 2.0), "Dog", status, Origin::Import);
        let moved = |status| changed(event(status), |event| event.span = Span::between(1.5, 2.0)).status;
        assert_eq!(moved(Status::Rejected), Status::Rejected);
        assert_eq!(moved(Status::Uncertain), Status::Uncertain);
        assert_eq!(moved(Status::Predicted), Status::Corrected);
        assert_eq!(moved(Status::Accepted), Status::Accepted);
        let renamed = |status| changed(event(status), |event| event.label = "Cat".into()).status;
        assert!(renamed(Status::Rejected).is_label() && renamed(Status::Uncertain).is_label());
    }
}
