//! What a model has said about a recording, and the run that is about to say more.

use super::score_shelf::ScoreSummary;
use crate::decision::{ClassRules, DecisionRule, FrameScores};
use crate::work::{CancelOnDrop, DetectionStart, RunId};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many classes are shown as long as the user has not chosen.
pub const CLASSES_SHOWN_FIRST: usize = 8;

/// What a model has said about a recording.
pub struct Scored {
    /// Which model, on which runtime.
    pub start: DetectionStart,
    /// Its scores.
    pub scores: Arc<FrameScores>,
    /// The classes whose predictions are shown.
    pub chosen: BTreeSet<usize>,
    /// Whether the user chose them; else they are the strongest.
    pub chosen_by_user: bool,
    /// The rules that turn the scores into predictions.
    pub rules: ClassRules,
}

impl Scored {
    /// The rule of a class.
    pub fn rule_of(&self, class: usize) -> DecisionRule {
        self.scores.classes.get(class).map_or(self.rules.common, |label| self.rules.of(label))
    }
}

/// A model run that is waiting or going on.
pub struct Run {
    /// Its name.
    pub id: RunId,
    /// Dropped, it is cancelled.
    pub cancel: CancelOnDrop,
    /// Whether the model is at work, and it does not wait any more.
    pub has_begun: bool,
    /// How far it is, in seconds of the recording.
    pub done_secs: f64,
    /// Time since it began, in seconds; 0 while it waits.
    pub elapsed_secs: f64,
    /// What an earlier run said about the recording, as far as that was in memory, and in short.
    pub(super) before: Option<Scored>,
    pub(super) summary_before: Option<ScoreSummary>,
}
