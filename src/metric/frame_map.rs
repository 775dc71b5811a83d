//! Mean average precision over frames: each frame of each file is a decision about each class.
//!
//! The area under precision over recall in steps, ties of scores taken together: what scikit-learn's `average_precision_score` computes.

use super::{Measured, OperatingPoint, ScoredSet, ThresholdCurve, Undefined};

/// The counts of frames of a class at every threshold. A frame should be active where a reference event touches it.
///
/// # Errors
/// [`Undefined::NoReference`] where no frame should be active.
pub fn frame_curve(set: &ScoredSet<'_>, class: usize) -> Result<ThresholdCurve, Undefined> {
    let mut decisions: Vec<(f64, bool)> = Vec::new();
    let mut scratch = Vec::new();
    for (place, file) in set.files().iter().enumerate() {
        let column = file.scores.column(class, &mut scratch);
        let borders = file.scores.borders_secs(class);
        let start = decisions.len();
        decisions.extend(column.iter().map(|score| (score + 0.0, false)));
        for target in set.targets_of(place, class) {
            let first = borders.partition_point(|&border| border <= target.span.onset_secs).saturating_sub(1);
            let after = borders.partition_point(|&border| border < target.span.offset_secs).min(column.len());
            if let Some(frames) = decisions.get_mut(start + first..start + after) {
                frames.iter_mut().for_each(|frame| frame.1 = true);
            }
        }
    }
    let curve = curve_of_decisions(decisions);
    if curve.reference == 0 { Err(Undefined::NoReference) } else { Ok(curve) }
}

/// The average precision of a class over frames, 0 to 1.
///
/// # Errors
/// As [`frame_curve`].
pub fn frame_average_precision(set: &ScoredSet<'_>, class: usize) -> Measured {
    frame_curve(set, class)?.average_precision()
}

/// Counts at every threshold of decisions that stand for themselves: a score each, and whether it should be active.
pub(super) fn curve_of_decisions(mut decisions: Vec<(f64, bool)>) -> ThresholdCurve {
    decisions.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let reference = decisions.iter().filter(|(_, is_target)| *is_target).count();
    let mut point = OperatingPoint::NOTHING;
    let mut points = vec![point];
    for level in decisions.chunk_by(|a, b| a.0 == b.0) {
        let hits = level.iter().filter(|(_, is_target)| *is_target).count();
        point.below = level[0].0;
        point.true_positives += hits as u32;
        point.false_positives += (level.len() - hits) as u32;
        points.push(point);
    }
    ThresholdCurve { points, reference, negatives: Some(decisions.len() - reference) }
}

#[cfg(test)]
mod tests {
    use super::super::{LabelledSpan, ScoreTable, ScoredFile, Values};
    use super::*;
    use crate::time::Span;
    use std::borrow::Cow;

    #[test]
    fn frames_that_an_event_touches_should_be_active() {
        let borders = Cow::Owned(vec![0.0, 1.0, 2.0, 3.0, 4.0]);
        let table = ScoreTable::new(borders, Values::compact(vec![0.1, 0.4, 0.35, 0.8])).unwrap();
        let file = ScoredFile { name: "a", duration_secs: 4.0, scores: &table };
        let event = |onset, offset| LabelledSpan { file: "a", span: Span::between(onset, offset), label: "Dog" };
        // The second frame touches nothing; events beyond the frames count for none.
        let reference = [event(2.5, 3.1), event(9.0, 10.0)];
        let set = ScoredSet::new(vec!["Dog", "Cat"], vec![file], &reference).unwrap();
        // scikit-learn: average_precision_score([0, 0, 1, 1], [.1, .4, .35, .8]).
        assert!((frame_average_precision(&set, 0).unwrap() - 0.8333333333333333).abs() < 1e-15);
        assert_eq!(frame_average_precision(&set, 1), Err(Undefined::NoReference));
    }
}
