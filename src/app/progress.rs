//! How far review is: what is decided and what is not, in the open recording and in all whose predictions are known.

use super::marks::{self, Mark, Target};
use super::workbench::{CLASSES_SHOWN_FIRST, Workbench};
use crate::annotation::{RecordingId, Status, StatusCounts};
use crate::decision::{Prediction, decide_class};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

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

/// What is known of one recording's predictions that are no events.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Open {
    /// How many events it had when that was counted.
    counts: StatusCounts,
    /// Predictions that nobody has decided about.
    predictions: usize,
}

/// What was counted of recordings, so that no frame needs to look through them.
#[derive(Clone, Debug, Default)]
pub(super) struct Counted {
    open: BTreeMap<RecordingId, Open>,
    /// The predictions of all of them.
    predictions: usize,
    /// Recordings up to this one have been counted, as far as their scores are there.
    to: Option<RecordingId>,
}

impl Counted {
    /// What is known of recordings is forgotten: a rule or scores have changed.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Whether a recording was looked through.
    pub(super) fn knows(&self, id: RecordingId) -> bool {
        self.open.contains_key(&id)
    }

    fn know(&mut self, id: RecordingId, open: Open) {
        let before = self.open.insert(id, open).map_or(0, |before| before.predictions);
        self.predictions = (self.predictions + open.predictions).saturating_sub(before);
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
        let counts = self.document.all_counts();
        let known = self.open.as_ref().and_then(|open| self.review.counted.open.get(&open.id));
        let elsewhere = self.review.counted.predictions.saturating_sub(known.map_or(0, |known| known.predictions));
        Progress { decided: counts.decided(), all: counts.all() + elsewhere + self.open_predictions() }
    }

    /// Predictions of the open recording that nobody has decided about.
    fn open_predictions(&self) -> usize {
        let Some(open) = &self.open else { return 0 };
        let events = self.document.counts(open.id).of(Status::Predicted);
        self.marks.count(Status::Predicted).saturating_sub(events)
    }

    /// Keeps in mind what is undecided in the open recording, which is left.
    pub(super) fn remember_undecided(&mut self) {
        if let Some(id) = self.open.as_ref().map(|open| open.id) {
            let open = Open { counts: self.document.counts(id), predictions: self.open_predictions() };
            self.review.counted.know(id, open);
        }
    }

    /// In review mode, counts what is undecided in one more recording whose scores are there; whether there may be others.
    pub(super) fn count_on(&mut self) -> bool {
        if !self.is_reviewing() {
            return false;
        }
        let from = self.review.counted.to.map_or(Bound::Unbounded, Bound::Excluded);
        let Some(id) = self.scored.range((from, Bound::Unbounded)).next().map(|(&id, _)| id) else { return false };
        self.review.counted.to = Some(id);
        self.recount(id);
        true
    }

    /// Counts what is undecided in a recording whose scores have come or gone.
    pub(super) fn recount(&mut self, id: RecordingId) {
        let counts = self.document.counts(id);
        let of_prediction = |mark: &&Mark| matches!(mark.target, Target::Prediction(_));
        let predictions = self.marks_of_recording(id).map_or(0, |marks| marks.iter().filter(of_prediction).count());
        self.review.counted.know(id, Open { counts, predictions });
    }

    /// How many events of a recording the queue would bring; none if its predictions are not known.
    pub(super) fn undecided_in(&mut self, id: RecordingId) -> Option<usize> {
        let counts = self.document.counts(id);
        if self.review.class.is_none()
            && let Some(open) = self.review.counted.open.get(&id).filter(|open| open.counts == counts)
        {
            return Some(open.predictions + counts.of(Status::Predicted));
        }
        let marks = self.marks_of_recording(id)?;
        let undecided = || marks.iter().filter(|mark| mark.state == Status::Predicted);
        let predictions = undecided().filter(|mark| matches!(mark.target, Target::Prediction(_))).count();
        self.review.counted.know(id, Open { counts, predictions });
        let class = self.review.class.as_deref();
        Some(undecided().filter(|mark| class.is_none_or(|class| *mark.label == *class)).count())
    }

    /// The marks of any recording, decided from its scores if they are there; none if it has neither scores nor undecided events.
    fn marks_of_recording(&self, id: RecordingId) -> Option<Vec<Mark>> {
        let recording = self.document.recording(id)?;
        let Some(scored) = self.scored.get(&id) else {
            let has_undecided = self.document.counts(id).of(Status::Predicted) > 0;
            return has_undecided.then(|| marks::marks(recording, &[], &[]).0);
        };
        let strongest = || -> BTreeSet<usize> {
            let reaches = |&class: &usize| scored.scores.peaks()[class] >= scored.rule_of(class).threshold;
            let by_peak = scored.scores.classes_by_peak(f32::MIN_POSITIVE).into_iter();
            by_peak.filter(reaches).take(CLASSES_SHOWN_FIRST).collect()
        };
        let chosen = if scored.chosen_by_user { scored.chosen.clone() } else { strongest() };
        let of_class = |class| decide_class(&scored.scores, class, &scored.rule_of(class), recording.duration_secs);
        let predictions: Vec<Prediction> = chosen.into_iter().flat_map(of_class).collect();
        Some(marks::marks(recording, &predictions, &scored.scores.classes).0)
    }
}
