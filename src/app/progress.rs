//! How far review is: what is decided and what is not, in the open recording and in all whose predictions are known.

use super::marks::{self, Mark};
use super::workbench::Workbench;
use crate::annotation::{RecordingId, Status};
use crate::decision::{Prediction, decide_class};

/// How far review is, in events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Decided about.
    pub decided: usize,
    /// Decided or not.
    pub all: usize,
}

impl Progress {
    /// Not decided yet.
    pub fn left(self) -> usize {
        self.all.saturating_sub(self.decided)
    }
}

impl Workbench {
    /// How far the open recording is.
    pub fn progress_here(&self) -> Progress {
        let Some(open) = &self.open else { return Progress::default() };
        let decided = self.document.counts(open.id).decided();
        Progress { decided, all: decided + self.marks.count(Status::Predicted) }
    }

    /// How far the project is, as far as predictions are known.
    pub fn progress(&self) -> Progress {
        let counts = self.document.total_counts();
        let mut predictions = self.shelf_of_scores.undecided();
        if let Some(id) = self.open.as_ref().map(|open| open.id) {
            // The summaries follow at the next frame only.
            let noted = self.scores_of(id).map_or(0, |summary| summary.undecided);
            let events = self.document.counts(id).of(Status::Predicted);
            predictions = (predictions + self.marks.count(Status::Predicted)).saturating_sub(noted + events);
        }
        Progress { decided: counts.decided(), all: counts.all() + predictions }
    }

    /// How many events of a recording that is not open the queue would bring; none if that cannot be told without its scores or its file.
    pub(super) fn undecided_in(&mut self, id: RecordingId) -> Option<usize> {
        let sieve = self.marks.sieve();
        if sieve.hides_all_undecided() {
            return Some(0);
        }
        let is_whole = self.queue_class().is_none() && !sieve.may_hide_undecided();
        if is_whole && self.scored.contains_key(&id) {
            self.summarise(id);
        }
        let predictions = self.scores_of(id).map_or(0, |summary| summary.undecided);
        let events = self.document.counts(id).of(Status::Predicted);
        if predictions + events == 0 && !self.scored.contains_key(&id) {
            return Some(0);
        }
        if self.unknown.contains_key(&id) {
            return None;
        }
        if is_whole {
            return Some(predictions + events);
        }
        let count = self.meant_in(id);
        let is_all_known = predictions == 0 || self.scored.contains_key(&id);
        (count > 0 || is_all_known).then_some(count)
    }

    /// How many events of a recording the queue would bring, as far as its scores are in memory.
    fn meant_in(&self, id: RecordingId) -> usize {
        let Some(recording) = self.document.recording(id) else { return 0 };
        let (sieve, class) = (self.marks.sieve(), self.queue_class());
        let is_meant = |mark: &Mark| {
            mark.state == Status::Predicted
                && class.is_none_or(|class| mark.label == *class)
                && sieve.lets_through(mark)
        };
        let Some(scored) = self.scored.get(&id) else {
            let undecided = recording.events.values().filter(|event| event.status == Status::Predicted);
            return undecided.map(Mark::of_event).filter(is_meant).count();
        };
        let chosen = if scored.chosen_by_user { scored.chosen.clone() } else { scored.strongest() };
        let classes = &scored.scores.classes;
        let is_wanted = |place: &usize| class.is_none_or(|class| classes.get(*place) == Some(class));
        let of_class = |class| decide_class(&scored.scores, class, &scored.rule_of(class), recording.duration_secs);
        let predictions: Vec<Prediction> = chosen.into_iter().filter(is_wanted).flat_map(of_class).collect();
        marks::marks(recording, &predictions, classes).0.iter().filter(|mark| is_meant(mark)).count()
    }
}
