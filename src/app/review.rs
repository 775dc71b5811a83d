//! Review mode: what is undecided comes one after the other, through all recordings, and how far that is.

use super::batch::Batch;
use super::command::Command;
use super::looking_on::Looking;
use super::marks::{Mark, Target};
use super::notices::Gravity;
use super::pace::Pace;
use super::queue::{QueueOrder, QueuePlace, next_in_queue};
use super::workbench::Workbench;
use crate::annotation::{RecordingId, Status};
use crate::decision::DecisionRule;
use crate::time::Span;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

/// An event that is reviewed takes at least and at most such a share of the view; else the view is zoomed.
const LEAST_SHARE: f64 = 1.0 / 16.0;
const MOST_SHARE: f64 = 0.5;
/// The share that it is zoomed to.
const SHARE: f64 = 0.25;
/// What surrounds an event belongs to what it is: no view in review is narrower, in seconds.
const LEAST_WIDTH_SECS: f64 = 4.0;
/// What the queue has to say takes the place of what it said before.
pub(super) const ABOUT_QUEUE: &str = "queue";

/// What keys are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Looking around, drawing and changing events.
    #[default]
    Browse,
    /// Deciding about what is undecided, one event after the other.
    Review,
}

impl Mode {
    /// All of them, in the order of the switch.
    pub const ALL: [Self; 2] = [Self::Browse, Self::Review];

    /// What the window calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Browse => "Browse/Edit",
            Self::Review => "Review",
        }
    }
}

/// A change of how is reviewed.
#[derive(Clone, Debug, PartialEq)]
pub enum ReviewChange {
    /// Another mode.
    Mode(Mode),
    /// Another order of the queue.
    Order(QueueOrder),
    /// Only events of this class, or all.
    Class(Option<Arc<str>>),
}

/// The state of review.
#[derive(Clone, Debug)]
pub struct Review {
    /// What keys are for.
    pub mode: Mode,
    /// In review mode the next undecided event comes after each decision.
    pub auto_advance: bool,
    /// In review mode an event that a key brings is played.
    pub auto_play: bool,
    /// In which order undecided events come.
    pub order: QueueOrder,
    /// Only events of this class come; none for all.
    pub class: Option<Arc<str>>,
    /// How fast decisions are made.
    pub pace: Pace,
    /// What a second press of a key will do.
    pub(super) batch: Option<Batch>,
    /// The first event of the queue is selected as soon as this recording is in the picture and has one.
    pub(super) awaited: Option<RecordingId>,
    /// A look through the other recordings that is under way.
    pub(super) looking: Option<Looking>,
    /// The recordings that were gone to since the last event was brought, in vain.
    pub(super) looked_at: BTreeSet<RecordingId>,
    began: Instant,
}

impl Default for Review {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            auto_advance: true,
            auto_play: true,
            order: QueueOrder::default(),
            class: None,
            pace: Pace::default(),
            batch: None,
            awaited: None,
            looking: None,
            looked_at: BTreeSet::new(),
            began: Instant::now(),
        }
    }
}

impl Review {
    /// That of a project that is opened, with the queue as the project keeps it.
    pub(super) fn of_queue(kept: &serde_json::Value) -> Self {
        let order = serde_json::from_value(kept["order"].clone()).unwrap_or_default();
        let class = serde_json::from_value(kept["class"].clone()).unwrap_or_default();
        Self { order, class, ..Self::default() }
    }
}

impl Workbench {
    /// The class that the queue has alone; none outside review, where nothing would tell of it.
    pub(super) fn queue_class(&self) -> Option<&Arc<str>> {
        self.review.class.as_ref().filter(|_| self.is_reviewing())
    }

    /// The order of the queue; outside review that of time.
    fn queue_order(&self) -> QueueOrder {
        if self.is_reviewing() { self.review.order } else { QueueOrder::Time }
    }

    /// Whether keys are for review: what would be an accident there is off.
    pub fn is_reviewing(&self) -> bool {
        self.review.mode == Mode::Review
    }

    /// Whether the next undecided event comes after a decision: in review mode its own choice, else that of the settings.
    pub fn advances(&self) -> bool {
        if self.is_reviewing() { self.review.auto_advance } else { self.settings.auto_advance }
    }

    /// Whether an event that a key brings is played: in review mode its own choice, else that of the settings.
    pub fn plays_by_itself(&self) -> bool {
        if self.is_reviewing() { self.review.auto_play } else { self.settings.auto_play }
    }

    pub(super) fn toggle_advance(&mut self) {
        let is_review = self.is_reviewing();
        let flag = if is_review { &mut self.review.auto_advance } else { &mut self.settings.auto_advance };
        *flag = !*flag;
    }

    pub(super) fn toggle_auto_play(&mut self) {
        let is_review = self.is_reviewing();
        let flag = if is_review { &mut self.review.auto_play } else { &mut self.settings.auto_play };
        *flag = !*flag;
    }

    /// Changes how is reviewed.
    pub(super) fn change_review(&mut self, change: ReviewChange) {
        match change {
            ReviewChange::Mode(mode) => self.set_mode(mode),
            ReviewChange::Order(order) => self.review.order = order,
            ReviewChange::Class(class) => self.review.class = class,
        }
    }

    fn set_mode(&mut self, mode: Mode) {
        if self.review.mode == mode {
            return;
        }
        self.review.mode = mode;
        self.review.pace.pause();
        self.review.awaited = None;
        self.review.looking = None;
        self.review.looked_at.clear();
        self.review.batch = None;
        self.leave_others();
        if mode == Mode::Review {
            (self.review.auto_advance, self.review.auto_play) = (true, true);
            match self.selected_mark().filter(|mark| mark.state == Status::Predicted).map(|mark| mark.target) {
                Some(target) => self.bring(target),
                None => self.go_to_undecided(),
            }
        }
    }

    /// Does what a command of review says.
    pub(super) fn perform_review(&mut self, command: Command) {
        match command {
            Command::ToggleReview => {
                let is_review = self.is_reviewing();
                self.set_mode(if is_review { Mode::Browse } else { Mode::Review });
            }
            Command::Accept => self.accept_selected(),
            Command::Reject => self.reject_selected(),
            Command::Uncertain => self.put_selected_aside(),
            Command::Undecide => self.undecide_selected(),
            Command::AcceptShown => self.decide_shown(Status::Accepted),
            Command::RejectShown => self.decide_shown(Status::Rejected),
            Command::RejectBelow | Command::AcceptAbove => self.decide_by_score(command),
            Command::MarkViewComplete => self.mark_view_complete(),
            Command::MarkRecordingComplete => self.mark_recording_complete(),
            Command::ToggleAutoAdvance => self.toggle_advance(),
            Command::ToggleAutoPlay => self.toggle_auto_play(),
            Command::NextQueueOrder | Command::QueueThisClass if !self.is_reviewing() => {
                let text =
                    "Order and class of the queue are for review: go to review mode first (Review mode in the menu)";
                self.notices.renew(ABOUT_QUEUE, Gravity::Done, text);
            }
            Command::NextQueueOrder => self.review.order = self.review.order.next(),
            Command::QueueThisClass => self.toggle_queue_class(),
            _ => {}
        }
    }

    /// The queue has only the selected event's class, or all again.
    fn toggle_queue_class(&mut self) {
        let selected = self.selected_mark().map(|mark| mark.label.clone());
        self.review.class = if self.review.class.is_some() { None } else { selected };
    }

    /// The threshold that a class is decided with.
    pub fn class_threshold(&self, label: &str) -> f32 {
        self.scored_here().map_or(DecisionRule::default(), |scored| scored.rules.of(label)).threshold
    }

    /// Splits, unless keys are for review, where it would be an accident.
    pub(super) fn split_unless_reviewing(&mut self) {
        if self.is_reviewing() {
            let text = "Splitting is off in review: go back to browsing and editing first (Review mode in the menu)";
            self.notices.add(Gravity::Warning, text);
        } else {
            self.split_selected();
        }
    }

    /// Where a mark stands in the queue.
    pub(super) fn queue_place(&self, mark: &Mark) -> QueuePlace {
        QueuePlace::of(mark, self.queue_order(), self.class_threshold(&mark.label))
    }

    /// The undecided mark that comes after a place of the queue, else the first of all.
    pub(super) fn next_undecided(&self, after: Option<&QueuePlace>) -> Option<Target> {
        let (order, class) = (self.queue_order(), self.queue_class());
        if order == QueueOrder::Time && class.is_none() {
            return self.next_undecided_in_time(after);
        }
        let threshold = |mark: &Mark| self.class_threshold(&mark.label);
        next_in_queue(self.shown_marks(), order, class.map(|class| &**class), after, threshold)
    }

    /// The same in the order in which marks stand anyway: without looking at those before.
    fn next_undecided_in_time(&self, after: Option<&QueuePlace>) -> Option<Target> {
        let marks = &self.marks;
        let mut from = after.map_or(0, |after| marks.shown_before_secs(after.onset_secs()));
        while let Some(mark) = marks.next_shown_of(Status::Predicted, from) {
            if after.is_none_or(|after| self.queue_place(mark).is_after(after)) {
                return Some(mark.target);
            }
            from = marks.shown_place(mark.target)? + 1;
        }
        marks.next_shown_of(Status::Predicted, 0).map(|mark| mark.target)
    }

    /// Selects the next item of the queue: after the selected one, else in the order of time after the playhead.
    pub(super) fn go_to_undecided(&mut self) {
        let after = self.selected_mark().map(|mark| self.queue_place(mark));
        let here = self.playhead_secs();
        let is_by_time = self.queue_order() == QueueOrder::Time;
        let from_playhead = || {
            let class = self.queue_class();
            let later = self.marks.shown_from(self.marks.shown_before_secs(here));
            let mut undecided = later.filter(|mark| mark.state == Status::Predicted);
            undecided.find(|mark| class.is_none_or(|class| mark.label == *class)).map(|mark| mark.target)
        };
        let first = if after.is_none() && is_by_time { from_playhead() } else { None };
        match first.or_else(|| self.next_undecided(after.as_ref())) {
            Some(target) => self.bring(target),
            None if self.is_reviewing() => self.go_on_to_next_recording(),
            None => self.tell_nothing_here(),
        }
    }

    fn tell_nothing_here(&mut self) {
        let text = match self.marks.count(Status::Predicted) {
            0 => "Nothing is undecided in this recording; review mode goes on to the others".to_owned(),
            hidden => {
                format!("Nothing undecided is shown in this recording; {hidden} are hidden by a filter or their class")
            }
        };
        self.notices.renew(ABOUT_QUEUE, Gravity::Done, text);
    }

    /// Goes on after a decision about what stood at a place of the queue.
    pub(super) fn advance(&mut self, place: &QueuePlace) {
        if !self.advances() {
            return;
        }
        match self.next_undecided(Some(place)) {
            Some(target) => self.bring(target),
            None if self.is_reviewing() => self.go_on_to_next_recording(),
            None => {}
        }
    }

    /// Selects, shows and plays an event: in review mode in the middle, at a zoom at which it can be read.
    pub(super) fn bring(&mut self, target: Target) {
        self.review.awaited = None;
        self.review.looking = None;
        self.review.looked_at.clear();
        self.select_only(Some(target));
        self.reveal_selected();
        self.audition_selected();
    }

    /// Puts a span into the middle of the view.
    pub(super) fn centre(&mut self, span: Span) {
        if let Some(open) = &mut self.open {
            let width = review_width(span.duration_secs(), open.viewport.width_secs());
            open.viewport.show(span.centre_secs() - 0.5 * width, width);
        }
    }

    /// A decision was made just now.
    pub(super) fn note_decision(&mut self) {
        let now_secs = self.review.began.elapsed().as_secs_f64();
        self.review.pace.note(now_secs);
    }
}

/// How much is in view around an event of `duration_secs` that is reviewed: as much as before, if the event can be read so.
fn review_width(duration_secs: f64, width_secs: f64) -> f64 {
    let share = duration_secs / width_secs.max(f64::MIN_POSITIVE);
    let is_readable = width_secs >= LEAST_WIDTH_SECS && (LEAST_SHARE..=MOST_SHARE).contains(&share);
    if is_readable { width_secs } else { (duration_secs / SHARE).max(LEAST_WIDTH_SECS) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_view_is_zoomed_only_where_the_event_could_not_be_read() {
        assert_eq!(review_width(1.0, 10.0), 10.0);
        assert_eq!(review_width(0.05, 30.0), LEAST_WIDTH_SECS);
        assert_eq!(review_width(2.0, 60.0), 8.0);
        assert_eq!(review_width(20.0, 10.0), 80.0);
        assert_eq!(review_width(0.0, 2.0), LEAST_WIDTH_SECS);
    }

    #[test]
    fn a_project_keeps_its_queue_and_nothing_else_of_review() {
        let kept = serde_json::json!({ "order": QueueOrder::LeastCertain, "class": "Dog" });
        let review = Review::of_queue(&kept);
        assert_eq!((review.order, review.class.as_deref()), (QueueOrder::LeastCertain, Some("Dog")));
        assert_eq!(review.mode, Mode::Browse);
        let none = Review::of_queue(&serde_json::Value::Null);
        assert_eq!((none.order, none.class), (QueueOrder::Time, None));
    }
}
