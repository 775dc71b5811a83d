//! Which parameters of bounding boxes are best for each class, by frame scores and a reference.
//!
//! As the grid search of sebbs: each candidate's boxes count as scores that are their confidence within and below all thresholds elsewhere.

use super::tuning::OwnColumn;
use super::{FScore, Goal, ScoredFile, ScoredSet, Undefined};
use crate::decision::{BoundingBox, BoxRule, bounding_boxes};
use std::borrow::Cow;

/// The candidates that sebbs tries: three filter lengths, and either a difference or a ratio for merging.
pub fn usual_box_rules() -> Vec<BoxRule> {
    let mut rules = Vec::new();
    for filter_secs in [0.32, 0.48, 0.64] {
        let unlimited = BoxRule { filter_secs, merge_difference: f64::INFINITY, merge_ratio: f64::INFINITY };
        rules.extend([0.15, 0.2, 0.3].map(|merge_difference| BoxRule { merge_difference, ..unlimited }));
        rules.extend([1.5, 2.0, 3.0].map(|merge_ratio| BoxRule { merge_ratio, ..unlimited }));
    }
    rules
}

/// The parameters of boxes that are best for a class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BestBoxes {
    /// How boxes are found.
    pub rule: BoxRule,
    /// The confidence above which a box is an event.
    pub threshold: f64,
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
                let boxes = bounding_boxes(file.scores.borders_secs(), column, rule);
                column_of_boxes(&boxes, class, file.duration_secs)
            })
            .collect();
        let files = set.files().iter().zip(&columns).map(|(file, column)| ScoredFile { scores: column, ..*file });
        let found = goal.curve(&set.with_files(files.collect()), class)?.best_f();
        if best.is_none_or(|best| found.score.f > best.score.f) {
            best = Some(BestBoxes { rule: *rule, threshold: found.threshold, score: found.score });
        }
    }
    best.ok_or(Undefined::NoClass)
}

/// Boxes as scores between their borders.
fn column_of_boxes(boxes: &[BoundingBox], class: usize, duration_secs: f64) -> OwnColumn<'static> {
    let (mut borders, mut scores) = (vec![0.0], Vec::new());
    let mut frame_until = |until: f64, score: f64| {
        if borders.last().is_some_and(|&last| last < until) {
            borders.push(until);
            scores.push(score);
        }
    };
    for found in boxes {
        frame_until(found.span.onset_secs, f64::NEG_INFINITY);
        frame_until(found.span.offset_secs, found.confidence);
    }
    frame_until(duration_secs, f64::NEG_INFINITY);
    OwnColumn { borders_secs: Cow::Owned(borders), class, scores }
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
        let apart = BoxRule { filter_secs: 0.2, merge_difference: 0.1, merge_ratio: f64::INFINITY };
        let together = BoxRule { merge_difference: 0.6, ..apart };
        let best = best_boxes(&set, 0, &goal, &[apart, together]).unwrap();
        assert_eq!((best.rule, best.score.f), (together, 1.0));
        assert_eq!(best_boxes(&set, 0, &goal, &[apart]).unwrap().score.f, 0.0);
        assert_eq!(usual_box_rules().len(), 18);
    }
}
