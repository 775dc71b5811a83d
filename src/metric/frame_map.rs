//! Mean average precision over frames: each frame of each file is a decision about each class.
//!
//! The area under precision over recall in steps, ties of scores taken together: what scikit-learn's `average_precision_score` computes.

use super::{FrameRule, Measured, OperatingPoint, ScoredSet, ThresholdCurve, Undefined};

/// The counts of frames of a class at every threshold.
///
/// # Errors
/// [`Undefined::NoReference`] where no frame is active.
pub fn frame_curve(set: &ScoredSet<'_>, class: usize, rule: &FrameRule) -> Result<ThresholdCurve, Undefined> {
    let mut decisions: Vec<(f64, bool)> = Vec::new();
    let mut scratch = Vec::new();
    for (place, file) in set.files().iter().enumerate() {
        let column = file.scores.column(class, &mut scratch);
        let spans = set.targets_of(place, class).iter().map(|target| target.span);
        let labels = rule.labels(spans, column.len());
        decisions.extend(column.iter().map(|score| score + 0.0).zip(labels));
    }
    let curve = curve_of_decisions(decisions);
    if curve.reference == 0 { Err(Undefined::NoReference) } else { Ok(curve) }
}

/// The average precision of a class over frames, 0 to 1.
///
/// # Errors
/// As [`frame_curve`].
pub fn frame_average_precision(set: &ScoredSet<'_>, class: usize, rule: &FrameRule) -> Measured {
    frame_curve(set, class, rule)?.average_precision()
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
