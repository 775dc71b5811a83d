//! How far work on a recording has come, in one word: told by shape and word in every list.

use super::workbench::Workbench;
use crate::annotation::RecordingId;
use crate::work::Unknown;

/// How far work on a recording has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordingState {
    /// There is no file at its path.
    NotFound,
    /// Its file cannot be read.
    Unreadable,
    /// A model is at work on it.
    AtWork,
    /// A model will be at work on it.
    Waiting,
    /// Some of its events were decided about.
    InReview,
    /// A model has proposed events, and nobody has decided about any.
    Predicted,
    /// Nothing was done.
    Untouched,
    /// The annotator has said that work on it is done.
    Complete,
}

impl RecordingState {
    /// All states, those first that ask for something.
    pub const ALL: [Self; 8] = [
        Self::NotFound,
        Self::Unreadable,
        Self::AtWork,
        Self::Waiting,
        Self::InReview,
        Self::Predicted,
        Self::Untouched,
        Self::Complete,
    ];

    /// What it is called.
    pub fn words(self) -> &'static str {
        match self {
            Self::NotFound => "not found",
            Self::Unreadable => "unreadable",
            Self::AtWork => "model at work",
            Self::Waiting => "waiting for the model",
            Self::InReview => "in review",
            Self::Predicted => "predicted",
            Self::Untouched => "untouched",
            Self::Complete => "done",
        }
    }
}

impl Workbench {
    /// How far work on a recording has come.
    pub fn recording_state(&self, id: RecordingId) -> RecordingState {
        match self.unknown.get(&id) {
            Some(Unknown::NotFound(_)) => return RecordingState::NotFound,
            Some(Unknown::Unreadable(_)) => return RecordingState::Unreadable,
            None => {}
        }
        if self.runs.get(&id).is_some_and(|run| run.has_begun) {
            RecordingState::AtWork
        } else if self.is_waiting_for_model(id) {
            RecordingState::Waiting
        } else if self.document.recording(id).is_some_and(|recording| recording.is_complete) {
            RecordingState::Complete
        } else if self.document.counts(id).decided() > 0 {
            RecordingState::InReview
        } else if self.document.counts(id).all() > 0 || self.scores_of(id).is_some() {
            RecordingState::Predicted
        } else {
            RecordingState::Untouched
        }
    }

    /// Of how many events of a recording it was decided, and how many there are with the predictions.
    pub fn decided_of(&self, id: RecordingId) -> (usize, usize) {
        let counts = self.document.counts(id);
        let predictions = self.scores_of(id).map_or(0, |summary| summary.undecided);
        (counts.decided(), counts.all() + predictions)
    }

    /// Of how many events of all recordings it was decided, and how many there are with the predictions.
    pub fn decided_of_all(&self) -> (usize, usize) {
        let counts = self.document.total_counts();
        (counts.decided(), counts.all() + self.shelf_of_scores.undecided())
    }
}
