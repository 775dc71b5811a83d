//! One decision about many events at once. Those beyond the view are shown first: a second press of the key does it.

use super::command::Command;
use super::marks::Target;
use super::notices::Gravity;
use super::review::ABOUT_QUEUE;
use super::workbench::Workbench;
use crate::annotation::{RecordingId, Status};
use std::collections::HashSet;
use std::sync::Arc;

/// What a second press of a key will do. It holds as long as nothing else is changed or selected.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The command whose second press does it.
    pub command: Command,
    /// The class.
    pub label: Arc<str>,
    /// Below or above which score.
    pub score: f32,
    targets: HashSet<Target>,
    recording: RecordingId,
    selected: Target,
    revision: u64,
}

impl Batch {
    /// How many events it is about.
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Whether it is about none.
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// Whether it is about this one.
    pub fn contains(&self, target: Target) -> bool {
        self.targets.contains(&target)
    }

    /// What it makes of them.
    pub fn status(&self) -> Status {
        if self.command == Command::AcceptAbove { Status::Accepted } else { Status::Rejected }
    }

    /// `Reject 37 × Dog below 0.41`.
    pub fn text(&self) -> String {
        let (verb, side) = if self.command == Command::AcceptAbove { ("Accept", "above") } else { ("Reject", "below") };
        format!("{verb} {} × {} {side} {:.2}", self.len(), self.label, self.score)
    }
}

impl Workbench {
    /// What the next press of a key does to many events, as long as it holds.
    pub fn batch(&self) -> Option<&Batch> {
        self.review.batch.as_ref().filter(|batch| {
            batch.revision == self.revision
                && Some(batch.selected) == self.selected
                && self.open.as_ref().is_some_and(|open| open.id == batch.recording)
        })
    }

    /// Decides in one step about every undecided event in view that has the selected one's label: they are seen, so one press is enough.
    pub(super) fn decide_shown(&mut self, status: Status) {
        let (Some(open), Some(selected)) = (&self.open, self.selected_mark()) else { return };
        let (view, label, place) = (open.viewport.span(), selected.label.clone(), self.queue_place(selected));
        let is_meant = |mark: &&super::Mark| mark.state == Status::Predicted && mark.label == label;
        let targets: Vec<Target> = self.marks.shown_in_span(view).filter(is_meant).map(|mark| mark.target).collect();
        let verb = if status == Status::Rejected { "reject" } else { "accept" };
        let text = format!("{verb} {} × {label:?}", targets.len());
        if self.decide_all(&targets, status, &text) {
            self.advance(&place);
        }
    }

    /// At the first press, shows which undecided events of the selected one's class score less (or more) than it; at the second, decides
    /// about them.
    pub(super) fn decide_by_score(&mut self, command: Command) {
        if let Some(batch) = self.batch().filter(|batch| batch.command == command).cloned() {
            return self.decide_batch(&batch);
        }
        let (Some(open), Some(selected)) = (&self.open, self.selected_mark()) else { return };
        let Some(score) = selected.score else {
            let text = format!(
                "{:?} has no score to compare others with: select an event that a model proposed",
                selected.label
            );
            self.notices.renew(ABOUT_QUEUE, Gravity::Warning, text);
            return;
        };
        let is_above = command == Command::AcceptAbove;
        let is_meant = |mark: &&super::Mark| {
            mark.state == Status::Predicted
                && mark.label == selected.label
                && mark.score.is_some_and(|other| if is_above { other > score } else { other < score })
        };
        let targets: HashSet<Target> = self.shown_marks().filter(is_meant).map(|mark| mark.target).collect();
        let batch = Batch {
            command,
            label: selected.label.clone(),
            score,
            targets,
            recording: open.id,
            selected: selected.target,
            revision: self.revision,
        };
        if batch.is_empty() {
            let side = if is_above { "above" } else { "below" };
            let text = format!("No undecided {:?} of this recording scores {side} {score:.2}", batch.label);
            self.notices.renew(ABOUT_QUEUE, Gravity::Done, text);
            self.review.batch = None;
        } else {
            self.review.batch = Some(batch);
        }
    }

    fn decide_batch(&mut self, batch: &Batch) {
        self.review.batch = None;
        let is_meant = |mark: &&super::Mark| batch.contains(mark.target);
        let targets: Vec<Target> = self.marks.iter().filter(is_meant).map(|mark| mark.target).collect();
        let (verb, side) = if batch.status() == Status::Accepted { ("accept", "above") } else { ("reject", "below") };
        let text = format!("{verb} {} × {:?} {side} {:.2}", targets.len(), batch.label, batch.score);
        self.decide_all(&targets, batch.status(), &text);
    }

    /// Decides about many events in one step of undo and says how many; whether anything was changed.
    fn decide_all(&mut self, targets: &[Target], status: Status, text: &str) -> bool {
        let many = self.decisions_about(targets, status);
        if !self.perform_many(text, many) {
            return false;
        }
        self.review.pace.pause();
        self.notices.add(Gravity::Done, format!("Done: {text} (one step of undo)"));
        true
    }

    /// What does not hold any more does not come back with the selection.
    pub(super) fn forget_stale_batch(&mut self) {
        if self.review.batch.is_some() && self.batch().is_none() {
            self.review.batch = None;
        }
    }

    /// Leaves what would be done next, else all but one of what is selected, else that.
    pub(super) fn leave_selection(&mut self) {
        if self.batch().is_none() && !self.leave_others() {
            self.selected = None;
        }
        self.review.batch = None;
    }
}
