//! Scores that are steps between borders of their own: those of bounding boxes, which are their confidence within and below all thresholds
//! elsewhere, so that measures over all thresholds take boxes like any other scores.

use super::ScoreColumns;
use crate::decision::{BoundingBox, BoxRule, bounding_boxes};
use crate::time::Span;
use std::sync::OnceLock;

/// The scores of one class of a file, as steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepScores {
    /// Where steps begin, and where the last one ends, in seconds, ascending: one more than scores; or nothing at all.
    pub borders_secs: Vec<f64>,
    /// The score of each step.
    pub scores: Vec<f64>,
}

impl StepScores {
    /// Boxes in order of time, in a file of `duration_secs`.
    pub fn of_boxes(boxes: &[BoundingBox], duration_secs: f64) -> Self {
        let (mut borders_secs, mut scores) = (vec![0.0], Vec::new());
        let mut step_until = |until: f64, score: f64| {
            if borders_secs.last().is_some_and(|&last| last < until) {
                borders_secs.push(until);
                scores.push(score);
            }
        };
        for found in boxes {
            step_until(found.span.onset_secs, f64::NEG_INFINITY);
            step_until(found.span.offset_secs, found.confidence);
        }
        step_until(duration_secs, f64::NEG_INFINITY);
        Self { borders_secs, scores }
    }

    /// The greater score of both at each moment; where one has none, that of the other.
    pub fn greater(&self, other: &Self) -> Self {
        let mut borders_secs = [self.borders_secs.as_slice(), &other.borders_secs].concat();
        borders_secs.sort_by(f64::total_cmp);
        borders_secs.dedup();
        let inner = borders_secs.len().saturating_sub(1);
        let at = |secs: &f64| self.score_at(*secs).max(other.score_at(*secs));
        let scores = borders_secs.iter().take(inner).map(at).collect();
        Self { borders_secs, scores }
    }

    /// What lies within a span, counted from its start.
    pub fn within(&self, span: Span) -> Self {
        let (mut borders_secs, mut scores) = (Vec::new(), Vec::new());
        for (borders, &score) in self.borders_secs.windows(2).zip(&self.scores) {
            let onset = borders[0].max(span.onset_secs) - span.onset_secs;
            let offset = borders[1].min(span.offset_secs) - span.onset_secs;
            if onset < offset {
                if borders_secs.is_empty() {
                    borders_secs.push(onset);
                }
                borders_secs.push(offset);
                scores.push(score);
            }
        }
        Self { borders_secs, scores }
    }

    /// Negative infinity where there is none.
    fn score_at(&self, secs: f64) -> f64 {
        let begun = self.borders_secs.partition_point(|&border| border <= secs);
        let step = begun.checked_sub(1).and_then(|place| self.scores.get(place));
        step.copied().unwrap_or(f64::NEG_INFINITY)
    }
}

/// The scores of a file with bounding boxes in their place, which are found in a class when it is asked for first. Memory: the boxes.
pub struct BoxScores<'a> {
    scores: &'a dyn ScoreColumns,
    duration_secs: f64,
    rule: BoxRule,
    of_class: Vec<OnceLock<StepScores>>,
}

impl<'a> BoxScores<'a> {
    /// Boxes in the scores of `class_count` classes of a file of `duration_secs`. Scores are not below 0.
    pub fn new(scores: &'a dyn ScoreColumns, class_count: usize, duration_secs: f64, rule: BoxRule) -> Self {
        Self { scores, duration_secs, rule, of_class: vec![OnceLock::new(); class_count] }
    }

    fn of(&self, class: usize) -> Option<&StepScores> {
        let found = || {
            let mut scratch = Vec::new();
            let column = self.scores.column(class, &mut scratch);
            let boxes = bounding_boxes(self.scores.borders_secs(class), column, &self.rule);
            StepScores::of_boxes(&boxes, self.duration_secs)
        };
        Some(self.of_class.get(class)?.get_or_init(found))
    }
}

impl ScoreColumns for BoxScores<'_> {
    fn borders_secs(&self, class: usize) -> &[f64] {
        self.of(class).map_or(&[], |steps| &steps.borders_secs)
    }

    fn column<'a>(&'a self, class: usize, _scratch: &'a mut Vec<f64>) -> &'a [f64] {
        self.of(class).map_or(&[], |steps| &steps.scores)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ScoreTable, Values};
    use super::*;
    use proptest::prelude::*;
    use std::borrow::Cow;

    const NONE: f64 = f64::NEG_INFINITY;

    #[test]
    fn boxes_have_their_confidence_and_nothing_lies_between_them() {
        let found = |onset, offset, confidence| BoundingBox { span: Span::between(onset, offset), confidence };
        let steps = StepScores::of_boxes(&[found(0.0, 1.0, 0.5), found(2.0, 3.5, 0.2)], 4.0);
        assert_eq!(steps.borders_secs, [0.0, 1.0, 2.0, 3.5, 4.0]);
        assert_eq!(steps.scores, [0.5, NONE, 0.2, NONE]);
        assert!(StepScores::of_boxes(&[], 0.0).scores.is_empty());
        let within = steps.within(Span::between(0.5, 3.0));
        assert_eq!((within.borders_secs, within.scores), (vec![0.0, 0.5, 1.5, 2.5], vec![0.5, NONE, 0.2]));
        assert!(steps.within(Span::between(4.0, 5.0)).scores.is_empty());
    }

    #[test]
    fn a_class_is_the_boxes_that_are_found_in_it() {
        let digits = |text: &str| text.bytes().map(|digit| f64::from(digit - b'0') / 10.0).collect::<Vec<f64>>();
        let values = [digits("0009990002220"), digits("0000000000000")].concat();
        let borders: Vec<f64> = (0..14).map(f64::from).collect();
        let table = ScoreTable::new(Cow::Borrowed(&borders), Values::compact(values.clone())).unwrap();
        let rule = BoxRule { filter_secs: 2.0, merge_difference: None, merge_ratio: Some(1.5) };
        let boxes = BoxScores::new(&table, 2, 13.0, rule);
        let expected = StepScores::of_boxes(&bounding_boxes(&borders, &values[..13], &rule), 13.0);
        assert_eq!(
            (boxes.borders_secs(0), boxes.column(0, &mut Vec::new())),
            (&*expected.borders_secs, &*expected.scores)
        );
        assert_eq!(expected.scores.iter().filter(|score| **score > 0.0).count(), 2);
        assert!(boxes.column(1, &mut Vec::new()).iter().all(|score| *score <= 0.0));
        assert!(boxes.column(2, &mut Vec::new()).is_empty());
    }

    proptest! {
        #[test]
        fn the_greater_of_two_is_so_at_each_moment(a in steps(), b in steps()) {
            let both = a.greater(&b);
            prop_assert!(both.borders_secs.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert_eq!(both.borders_secs.len().saturating_sub(1), both.scores.len());
            for tenth in 0..400 {
                let secs = f64::from(tenth) / 10.0;
                let of = |steps: &StepScores| (0..steps.scores.len())
                    .find(|&step| steps.borders_secs[step] <= secs && secs < steps.borders_secs[step + 1])
                    .map_or(NONE, |step| steps.scores[step]);
                prop_assert_eq!(of(&both), of(&a).max(of(&b)));
            }
        }
    }

    fn steps() -> impl Strategy<Value = StepScores> {
        prop::collection::vec((1_u8..5, 0_u8..9), 0..8).prop_map(|steps| {
            let (mut borders_secs, mut scores) = (vec![0.0], Vec::new());
            for (length, score) in steps {
                borders_secs.push(borders_secs[borders_secs.len() - 1] + f64::from(length));
                scores.push(f64::from(score) / 10.0);
            }
            StepScores { borders_secs, scores }
        })
    }
}
