//! Segment-based counts at every threshold: time is cut into segments, and each is a decision.
//!
//! Reproduces sed_scores_eval 0.0.4: a segment's score is the greatest of the frames that touch it, after rounding borders to a microsecond.

use super::frame_map::curve_of_decisions;
use super::scored_set::Target;
use super::{ScoredSet, ThresholdCurve, Undefined};

/// Beyond this many segments a file counts as one that has no sensible length.
const MOST_SEGMENTS: f64 = 1e8;

/// Segment-based counts of a class at every threshold, with segments of `segment_secs` > 0 from each file's start to its duration.
///
/// # Errors
/// [`Undefined::NoReference`], [`Undefined::Connected`].
pub fn segment_curve(set: &ScoredSet<'_>, class: usize, segment_secs: f64) -> Result<ThresholdCurve, Undefined> {
    set.measurable(class)?;
    let mut decisions: Vec<(f64, bool)> = Vec::new();
    let mut scratch = Vec::new();
    for (place, file) in set.files().iter().enumerate() {
        let borders: Vec<f64> = file.scores.borders_secs(class).iter().map(|&border| to_microseconds(border)).collect();
        let column = file.scores.column(class, &mut scratch);
        let count = (file.duration_secs / segment_secs).ceil();
        let count = if count.is_finite() { count.clamp(0.0, MOST_SEGMENTS) as usize } else { 0 };
        decide_segments(&borders, column, set.targets_of(place, class), segment_secs, count, &mut decisions);
    }
    Ok(curve_of_decisions(decisions))
}

fn to_microseconds(secs: f64) -> f64 {
    (secs * 1e6).round_ties_even() / 1e6
}

/// The score of each segment of a file, and whether a reference event touches it.
fn decide_segments(
    borders: &[f64],
    column: &[f64],
    targets: &[Target],
    segment_secs: f64,
    count: usize,
    decisions: &mut Vec<(f64, bool)>,
) {
    let last = borders.len().saturating_sub(1);
    for segment in 0..count {
        let onset = to_microseconds(segment as f64 * segment_secs);
        let offset = to_microseconds((segment + 1) as f64 * segment_secs);
        let first = borders.partition_point(|&border| border <= onset).saturating_sub(1);
        let after = borders.partition_point(|&border| border < offset).min(last);
        let frames = column.get(first..after).unwrap_or_default();
        // Beyond the frames, the reference program takes 0, whatever the scale of scores.
        let score = frames.iter().copied().reduce(f64::max).unwrap_or(0.0);
        let before = targets.partition_point(|target| target.span.offset_secs <= onset);
        let is_target = targets.get(before).is_some_and(|target| target.span.onset_secs < offset && onset < offset);
        decisions.push((score + 0.0, is_target));
    }
}
