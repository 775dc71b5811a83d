//! Changes of shape and what else is said about an event: boxes, points, shared edges, splitting and merging, labels, remarks and fields.

use super::deciding::accepted_status;
use super::editing::{changed, put};
use super::marks::{Mark, Target};
use super::notices::Gravity;
use super::shape::{Bounds, Shape, shared_edge};
use super::workbench::Workbench;
use crate::annotation::{Edit, Event, Origin, RecordingId, Status};
use crate::time::Span;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How far two edges that are one may lie apart, in seconds.
pub const SHARED_SECS: f64 = 0.001;
/// The greatest reaction delay, in milliseconds.
const MOST_DELAY_MS: f64 = 2_000.0;
/// The farthest that an edge jumps to what it snaps to, in points.
const MOST_SNAP_POINTS: f32 = 40.0;

/// How events are drawn.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct ShapingSettings {
    /// Drags draw boxes in time and frequency, else spans at all frequencies.
    pub box_mode: bool,
    /// Edges that are dragged snap to the playhead, other edges and spans that are marked complete; with Alt it is the other way round.
    pub snap: bool,
    /// How close they must be for that, in points, 1 to 40.
    pub snap_points: f32,
    /// How long after a sound a key is pressed or let go, in milliseconds, 0 to 2000.
    pub reaction_delay_ms: f64,
}

impl Default for ShapingSettings {
    fn default() -> Self {
        Self { box_mode: false, snap: false, snap_points: 8.0, reaction_delay_ms: 150.0 }
    }
}

impl ShapingSettings {
    pub(super) fn within_bounds(mut self) -> Self {
        let usual = Self::default();
        let points = if self.snap_points.is_finite() { self.snap_points } else { usual.snap_points };
        let delay_ms =
            if self.reaction_delay_ms.is_finite() { self.reaction_delay_ms } else { usual.reaction_delay_ms };
        self.snap_points = points.clamp(1.0, MOST_SNAP_POINTS);
        self.reaction_delay_ms = delay_ms.clamp(0.0, MOST_DELAY_MS);
        self
    }
}

/// What can be said about an event, each change one step of undo.
#[derive(Clone, Debug, PartialEq)]
pub enum EventChange {
    /// When and at which frequencies it is.
    Shape(Shape),
    /// Gives it a label more, or takes away one that it has.
    ToggleLabel(Arc<str>),
    /// Another remark.
    Comment(String),
    /// Other fields of the user's own, all of them.
    Fields(BTreeMap<String, String>),
}

impl Workbench {
    /// Changes what is said about a target.
    pub(super) fn change_event(&mut self, target: Target, change: EventChange) {
        match change {
            EventChange::Shape(shape) => self.set_shape(target, shape),
            EventChange::ToggleLabel(label) => self.toggle_label(target, &label),
            EventChange::Comment(comment) => self.remark(target, "comment on", |event| event.comment = comment),
            EventChange::Fields(fields) => self.remark(target, "change fields of", |event| event.fields = fields),
        }
    }

    /// What there is of the open recording.
    pub fn bounds(&self) -> Bounds {
        let sample_rate = self.open.as_ref().map_or(48_000, |open| open.spec.sample_rate);
        Bounds { duration_secs: self.whole().offset_secs, top_hz: 0.5 * f64::from(sample_rate.max(2)) }
    }

    /// Gives a target another shape, as far as the recording has room for it.
    pub(super) fn set_shape(&mut self, target: Target, shape: Shape) {
        let shape = shape.within(self.bounds());
        let Some(before) = self.mark(target).map(Mark::shape) else { return };
        if let Some(verb) = shape.verb_since(before) {
            self.change(target, verb, |event| shape.give_to(event));
        }
    }

    /// Draws an event of the active label and selects it. A span shorter than 5 ms was a slip of the hand.
    pub(super) fn draw_shape(&mut self, shape: Shape) {
        let Some(recording) = self.open.as_ref().map(|open| open.id) else { return };
        let span = shape.span.clipped(self.whole().offset_secs);
        let kept = shape.within(self.bounds());
        if shape.is_point || span.duration_secs() >= kept.span.duration_secs() {
            self.insert_drawn(recording, kept);
        }
    }

    /// Draws a span in a recording that may no longer be the open one.
    pub(super) fn draw_in(&mut self, recording: RecordingId, span: Span) {
        let Some(duration_secs) = self.document.recording(recording).map(|recording| recording.duration_secs) else {
            return;
        };
        let bounds = Bounds { duration_secs, ..self.bounds() };
        self.insert_drawn(recording, Shape::of_time(span).within(bounds));
    }

    fn insert_drawn(&mut self, recording: RecordingId, kept: Shape) {
        let label = self.active_label.clone().unwrap_or_else(|| "Event".into());
        let id = self.document.new_event_id();
        let title = format!("draw {label:?}");
        let mut event = Event::new(id, kept.span, label.clone(), Status::Accepted, Origin::Human);
        kept.give_to(&mut event);
        let is_here = self.open.as_ref().is_some_and(|open| open.id == recording);
        if self.perform(title, Edit::Insert { recording, event }) {
            self.given_label = Some(label);
            if is_here {
                self.selected = Some(Target::Event(id));
            }
        }
    }

    /// Notes a moment of the active label at the playhead.
    pub(super) fn point_at_playhead(&mut self) {
        self.draw_shape(Shape::point(self.playhead_secs()));
    }

    /// Draws from the end of the last event before the playhead to the playhead; without one, from the recording's beginning. Whatever
    /// its label, but not what was rejected or nobody has decided about.
    pub(super) fn draw_from_previous(&mut self) {
        let playhead_secs = self.playhead_secs();
        let ends = self.marks.iter().take_while(|mark| mark.span.onset_secs < playhead_secs);
        let ends = ends.filter(|mark| mark.state.is_label() || mark.state == Status::Uncertain);
        let last = ends.map(|mark| mark.span.offset_secs).filter(|&end| end <= playhead_secs).fold(0.0, f64::max);
        self.draw(Span::between(last, playhead_secs));
    }

    /// Moves the edge that two targets share: `left` ends there and `right` begins there.
    pub(super) fn move_shared(&mut self, left: Target, right: Target, secs: f64) {
        let spans = self.mark(left).zip(self.mark(right)).map(|(left, right)| (left.span, right.span));
        let Some((left_span, right_span)) = spans else { return };
        let secs = shared_edge(left_span, right_span, secs);
        if left_span.offset_secs == secs && right_span.onset_secs == secs {
            return;
        }
        let selected = self.selected;
        let wanted =
            [(left, Span::between(left_span.onset_secs, secs)), (right, Span::between(secs, right_span.offset_secs))];
        let mut edits = Vec::new();
        let mut kept = None;
        let mut names: Vec<String> = Vec::new();
        for (target, span) in wanted {
            let Some((recording, event, is_new)) = self.event_for(target, Status::Corrected) else { return };
            let event = changed(event, |event| event.span = span);
            if selected == Some(target) || kept.is_none() {
                kept = Some(Target::Event(event.id));
            }
            names.push(format!("{:?}", event.label));
            edits.push(put(recording, event, is_new));
        }
        if self.perform(format!("move the edge between {}", names.join(" and ")), Edit::Many { edits }) {
            self.selected = kept;
        }
    }

    /// Cuts the selected event in two at the playhead; both parts keep all that is said about it. The second part is selected.
    pub(super) fn split_selected(&mut self) {
        let at = self.playhead_secs();
        let Some(target) = self.selected else { return };
        let Some((left, right)) = self.mark(target).and_then(|mark| mark.shape().split(at)) else {
            let text = "Nothing was split: put the playhead inside the selected event";
            self.notices.add(Gravity::Done, text);
            return;
        };
        let Some((recording, event, is_new)) = self.event_for(target, Status::Corrected) else { return };
        let part = |event: Event, shape: Shape| changed(event, |event| shape.give_to(event));
        let id = self.document.new_event_id();
        let second = part(Event { id, ..event.clone() }, right);
        let title = format!("split {:?}", event.label);
        let edits = vec![put(recording, part(event, left), is_new), Edit::Insert { recording, event: second }];
        if self.perform(title, Edit::Many { edits }) {
            self.selected = Some(Target::Event(id));
        }
    }

    /// Makes one event of the selected one and the next one of the same label, as far as they are shown; of several selected ones, one of
    /// all.
    pub(super) fn merge_with_next(&mut self) {
        if self.merge_selection() {
            return;
        }
        let Some((first, label)) = self.selected_mark().map(|mark| (mark.target, mark.label.clone())) else { return };
        let from = self.marks.shown_before(first).unwrap_or_default();
        let is_next = |mark: &&Mark| mark.target != first && mark.label == label && mark.state != Status::Rejected;
        let next = self.marks.shown_from(from).find(is_next).map(|mark| mark.target);
        let Some(second) = next else {
            self.notices.add(Gravity::Done, format!("Nothing was merged: no {label:?} follows"));
            return;
        };
        let Some((recording, event, is_new)) = self.event_for(first, Status::Corrected) else { return };
        let Some((_, other, other_is_new)) = self.event_for(second, Status::Corrected) else { return };
        let other_id = other.id;
        let merged = merged(event, &other);
        let id = merged.id;
        let mut edits = vec![put(recording, merged, is_new)];
        if !other_is_new {
            edits.push(Edit::Remove { recording, id: other_id });
        }
        if self.perform(format!("merge two {label:?}"), Edit::Many { edits }) {
            self.selected = Some(Target::Event(id));
        }
    }

    /// Gives a target a label more, or takes away one that it has. (Its only one stays: an event without a label says nothing.)
    pub(super) fn toggle_label(&mut self, target: Target, label: &Arc<str>) {
        if self.toggle_label_of_selection(target, label) {
            return;
        }
        let Some(mark) = self.mark(target) else { return };
        if !mark.has_label(label) {
            self.settings.remember_label(label);
            if self.change(target, &format!("add label {label:?} to"), |event| event.add_label(label.clone())) {
                self.given_label = Some(label.clone());
            }
        } else if mark.more_labels.is_empty() {
            let text = format!(
                "{label:?} is the event's only label and stays: give it another one first, or remove the event"
            );
            self.notices.add(Gravity::Done, text);
        } else {
            self.change(target, &format!("take label {label:?} from"), |event| {
                event.remove_label(label);
            });
        }
    }

    /// Changes what is said about a target without deciding about it: a prediction becomes an undecided event. (One that has become an
    /// event already is no target any more.)
    fn remark(&mut self, target: Target, verb: &str, change: impl FnOnce(&mut Event)) {
        if self.mark(target).is_none() {
            return;
        }
        let Some((recording, before, is_new)) = self.event_for(target, Status::Predicted) else { return };
        let mut event = before.clone();
        change(&mut event);
        if event == before {
            return;
        }
        let (id, title) = (event.id, format!("{verb} {:?}", event.label));
        self.perform_renaming(title, put(recording, event, is_new), &[(target, Some(Target::Event(id)))]);
    }
}

/// One event of two. The first one's name and origin stay; nothing that is said about the second one is lost.
pub(super) fn merged(first: Event, second: &Event) -> Event {
    let shape = Shape::of_event(&first).union(Shape::of_event(second));
    let status = (first.status == second.status && !first.status.is_label()).then_some(first.status);
    let mut event = first;
    if event.status == Status::Predicted {
        event.status = Status::Corrected;
    }
    shape.give_to(&mut event);
    second.labels().for_each(|label| event.add_label(label.clone()));
    if event.comment.is_empty() {
        event.comment.clone_from(&second.comment);
    } else if !second.comment.is_empty() && second.comment != event.comment {
        event.comment = format!("{}\n{}", event.comment, second.comment);
    }
    for (name, value) in &second.fields {
        let own = event.fields.entry(name.clone()).or_insert_with(|| value.clone());
        if own != value {
            *own = format!("{own}; {value}");
        }
    }
    event.status = status.filter(|&status| status != Status::Predicted).unwrap_or_else(|| accepted_status(&event));
    event
}
