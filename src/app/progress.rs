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
        Progress { decided: counts.decided(), all: counts.all() + self.shelf_of_scores.undecided() }
    }

    /// How many events of a recording the queue would bring; none if that is not known.
    pub(super) fn undecided_in(&mut self, id: RecordingId) -> Option<usize> {
        if let Some(class) = self.review.class.clone() {
            let of_class = |mark: &&Mark| mark.state == Status::Predicted && mark.label == class;
            return Some(self.marks_of_recording(id)?.iter().filter(of_class).count());
        }
        if self.scored.contains_key(&id) {
            self.summarise(id);
        }
        let predictions = self.scores_of(id).map(|summary| summary.undecided);
        let events = self.document.counts(id).of(Status::Predicted);
        (predictions.is_some() || events > 0).then(|| predictions.unwrap_or_default() + events)
    }

    /// The marks of a recording that is not open, decided from its scores if they are in memory; none if it has neither scores nor
    /// undecided events.
    fn marks_of_recording(&self, id: RecordingId) -> Option<Vec<Mark>> {
        let recording = self.document.recording(id)?;
        let Some(scored) = self.scored.get(&id) else {
            let has_undecided = self.document.counts(id).of(Status::Predicted) > 0;
            return has_undecided.then(|| marks::marks(recording, &[], &[]).0);
        };
        let chosen = if scored.chosen_by_user { scored.chosen.clone() } else { scored.strongest() };
        let of_class = |class| decide_class(&scored.scores, class, &scored.rule_of(class), recording.duration_secs);
        let predictions: Vec<Prediction> = chosen.into_iter().flat_map(of_class).collect();
        Some(marks::marks(recording, &predictions, &scored.scores.classes).0)
    }
}
