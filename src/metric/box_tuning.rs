//! Which parameters of bounding boxes are best for each class, by frame scores and a reference.
//!
//! As the grid search of sebbs: each candidate's boxes count as scores that are their confidence within and below all thresholds elsewhere.

use super::tuning::OwnColumn;
use super::{FScore, Goal, ScoredFile, ScoredSet, StepScores, Undefined};
use crate::decision::{BoxRule, bounding_boxes};
use std::borrow::Cow;

/// The candidates that sebbs tries: three filter lengths, and either a difference or a ratio for merging.
pub fn usual_box_rules() -> Vec<BoxRule> {
    let mut rules = Vec::new();
    for filter_secs in [0.32, 0.48, 0.64] {
        let unlimited = BoxRule { filter_secs, merge_difference: None, merge_ratio: None };
        rules.extend([0.15, 0.2, 0.3].map(|most| BoxRule { merge_difference: Some(most), ..unlimited }));
        rules.extend([1.5, 2.0, 3.0].map(|most| BoxRule { merge_ratio: Some(most), ..unlimited }));
    }
    rules
}

/// The parameters of boxes that are best for a class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BestBoxes {
    /// How boxes are found.
    pub rule: BoxRule,
    /// The confidence above which a box is an event: in the middle of those that give the same, within 0 to 1, as rules take it.
    pub threshold: f32,
    /// What they give.
    pub score: FScore,
}

/// Searches the best of some rules and all thresholds for a class; of what gives the same, the first rule.
///
/// # Errors
/// Why the class has no F-score; [`Undefined::NoClass`] where `rules` is empty.
pub fn best_boxes(set: &ScoredSet<'_>, class: usize, goal: &Goal, rules: &[BoxRule]) -> Result<BestBoxes, Undefined> {
    set.measurable(class)?;
    let mut best: Option<BestBoxes> = None;
    let mut scratch = Vec::new();
    for rule in rules {
        let columns: Vec<OwnColumn> = set
            .files()
            .iter()
            .map(|file| {
                let column = file.scores.column(class, &mut scratch);
                let boxes = bounding_boxes(file.scores.borders_secs(class), column, rule);
                let StepScores { borders_secs, scores } = StepScores::of_boxes(&boxes, file.duration_secs);
                OwnColumn { borders_secs: Cow::Owned(borders_secs), class, scores }
            })
            .collect();
        let files = set.files().iter().zip(&columns).map(|(file, column)| ScoredFile { scores: column, ..*file });
        let found = goal.curve(&set.with_files(files.collect()), class)?.best_f();
        if best.is_none_or(|best| found.score.f > best.score.f) {
            // Infinite where nothing should be found, or all.
            let threshold = found.threshold.clamp(0.0, 1.0) as f32;
            best = Some(BestBoxes { rule: *rule, threshold, score: found.score });
        }
    }
    best.ok_or(Undefined::NoClass)
}

#[cfg(test)]
mod tests {
    use super::super::{Collars, LabelledSpan, ScoreTable, Values};
    use super::*;
    use crate::time::Span;

    #[test]
    fn the_rule_is_taken_that_finds_the_event() {
        let scores: Vec<f32> =
            "00001888833888810000000".chars().map(|c| c.to_digit(10).unwrap() as f32 / 10.0).collect();
        let borders: Vec<f64> = (0..=scores.len()).map(|frame| frame as f64 / 10.0).collect();
        let table = ScoreTable::new(Cow::Borrowed(&borders), Values::Single(Cow::Borrowed(&scores))).unwrap();
        let file = ScoredFile { name: "a", duration_secs: 2.3, scores: &table };
        let event = LabelledSpan { file: "a", span: Span::between(0.5, 1.5), label: "Dog" };
        let set = ScoredSet::new(vec!["Dog"], vec![file], &[event]).unwrap();
        let goal = Goal::Collar(Collars { onset_secs: 0.05, offset_secs: 0.05, offset_share: 0.0 });
        let apart = BoxRule { filter_secs: 0.2, merge_difference: Some(0.1), merge_ratio: None };
        let together = BoxRule { merge_difference: Some(0.6), ..apart };
        let best = best_boxes(&set, 0, &goal, &[apart, together]).unwrap();
        assert_eq!((best.rule, best.score.f), (together, 1.0));
        assert_eq!(best_boxes(&set, 0, &goal, &[apart]).unwrap().score.f, 0.0);
        assert_eq!(usual_box_rules().len(), 18);
    }
}
