//! The threshold and the median filter that are best for each class, by frame scores and a reference.
//!
//! Each class is searched for itself; the values are those that [`DecisionRule`](crate::decision::DecisionRule) takes.

use super::{
    Collars, FScore, IntersectionRule, ScoreColumns, ScoredFile, ScoredSet, ThresholdCurve, Undefined, collar_curve,
    intersection_curve, segment_curve,
};
use crate::decision::{MedianEdges, OwnRule, median_filter};
use std::borrow::Cow;

/// Which F-score should be as great as possible.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// Event-based, with collars.
    Collar(Collars),
    /// Segment-based, with segments of so many seconds, > 0.
    Segment(f64),
    /// Intersection-based.
    Intersection(IntersectionRule),
}

impl Goal {
    /// The counts of a class at every threshold.
    ///
    /// # Errors
    /// Why the class has none.
    pub fn curve(&self, set: &ScoredSet<'_>, class: usize) -> Result<ThresholdCurve, Undefined> {
        match self {
            Self::Collar(collars) => collar_curve(set, class, collars),
            Self::Segment(secs) => segment_curve(set, class, *secs),
            Self::Intersection(rule) => intersection_curve(set, class, rule, None),
        }
    }
}

/// What is best for a class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BestSettings {
    /// The threshold in the middle of those that give the same; within 0 to 1, as rules take it.
    pub threshold: f32,
    /// Frames of the median filter; 1 for none.
    pub median_frames: usize,
    /// What they give.
    pub score: FScore,
}

impl BestSettings {
    /// The same as what a class has otherwise than the common rule.
    pub fn own_rule(&self) -> OwnRule {
        OwnRule { threshold: Some(self.threshold), median_frames: Some(self.median_frames), ..OwnRule::default() }
    }
}

/// Searches what is best for a class among median filters of `median_frames` and all thresholds. Of what gives the same, the shortest filter
/// and then the highest threshold is taken. Memory: the scores of the class in all files.
///
/// # Errors
/// Why the class has no F-score; [`Undefined::NoClass`] where `median_frames` is empty.
pub fn best_settings(
    set: &ScoredSet<'_>,
    class: usize,
    goal: &Goal,
    median_frames: &[usize],
    edges: MedianEdges,
) -> Result<BestSettings, Undefined> {
    set.measurable(class)?;
    let mut widths: Vec<usize> = median_frames.iter().map(|&width| width.max(1)).collect();
    widths.sort_unstable();
    widths.dedup();
    let mut best: Option<BestSettings> = None;
    for width in widths {
        let curve = filtered_curve(set, class, goal, width, edges)?;
        let found = curve.best_f();
        if best.is_none_or(|best| found.score.f > best.score.f) {
            // Infinite where nothing should be found, or all.
            let threshold = found.threshold.clamp(0.0, 1.0) as f32;
            best = Some(BestSettings { threshold, median_frames: width, score: found.score });
        }
    }
    best.ok_or(Undefined::NoClass)
}

/// The curve of a class after a median filter.
fn filtered_curve(
    set: &ScoredSet<'_>,
    class: usize,
    goal: &Goal,
    width: usize,
    edges: MedianEdges,
) -> Result<ThresholdCurve, Undefined> {
    if width == 1 {
        return goal.curve(set, class);
    }
    let mut scratch = Vec::new();
    let columns: Vec<OwnColumn> = set
        .files()
        .iter()
        .map(|file| {
            let column: Vec<f32> = file.scores.column(class, &mut scratch).iter().map(|&score| score as f32).collect();
            let scores = median_filter(&column, width, edges).into_iter().map(f64::from).collect();
            OwnColumn { borders_secs: Cow::Borrowed(file.scores.borders_secs(class)), class, scores }
        })
        .collect();
    let files = set.files().iter().zip(&columns).map(|(file, column)| ScoredFile { scores: column, ..*file });
    goal.curve(&set.with_files(files.collect()), class)
}

/// One class of a file as a search makes it; the others are not there.
pub(super) struct OwnColumn<'a> {
    pub borders_secs: Cow<'a, [f64]>,
    pub class: usize,
    pub scores: Vec<f64>,
}

impl ScoreColumns for OwnColumn<'_> {
    fn borders_secs(&self, _class: usize) -> &[f64] {
        &self.borders_secs
    }

    fn column<'a>(&'a self, class: usize, _scratch: &'a mut Vec<f64>) -> &'a [f64] {
        if class == self.class { &self.scores } else { &[] }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{LabelledSpan, ScoreTable, Values};
    use super::*;
    use crate::time::Span;

    #[test]
    fn a_filter_is_taken_where_it_helps() {
        // One event with a hole of a frame, and a click.
        let scores: Vec<f32> =
            "00000888808888000090000".chars().map(|c| c.to_digit(10).unwrap() as f32 / 10.0).collect();
        let borders: Vec<f64> = (0..=scores.len()).map(|frame| frame as f64 / 10.0).collect();
        let table = ScoreTable::new(Cow::Borrowed(&borders), Values::Single(Cow::Borrowed(&scores))).unwrap();
        let file = ScoredFile { name: "a", duration_secs: 2.3, scores: &table };
        let event = LabelledSpan { file: "a", span: Span::between(0.5, 1.4), label: "Dog" };
        let set = ScoredSet::new(vec!["Dog", "Cat"], vec![file], &[event]).unwrap();
        let goal = Goal::Collar(Collars { onset_secs: 0.05, offset_secs: 0.05, offset_share: 0.0 });
        let best = |widths: &[usize]| best_settings(&set, 0, &goal, widths, MedianEdges::Reflect);
        assert_eq!(best(&[1]).unwrap().score.f, 0.0);
        let found = best(&[5, 1, 3]).unwrap();
        assert_eq!((found.median_frames, found.score.f, found.threshold), (3, 1.0, 0.4));
        assert_eq!(found.own_rule().median_frames, Some(3));
        assert_eq!(best_settings(&set, 1, &goal, &[1], MedianEdges::Reflect), Err(Undefined::NoReference));
        assert_eq!(best(&[]), Err(Undefined::NoClass));
    }
}
