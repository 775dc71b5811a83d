//! Frame scores as the window keeps them, for measures over all thresholds.

use super::ScoreColumns;
use crate::decision::FrameScores;

/// Scores of one recording, of which nothing is copied but a class at a time.
pub struct FrameColumns {
    scores: FrameScores,
    borders_secs: Vec<f64>,
}

impl FrameColumns {
    /// The scores of a recording of `duration_secs`; a clone of [`FrameScores`] shares what it holds.
    pub fn new(scores: FrameScores, duration_secs: f64) -> Self {
        let borders_secs = scores.borders_secs(duration_secs);
        Self { scores, borders_secs }
    }
}

impl ScoreColumns for FrameColumns {
    fn borders_secs(&self, _class: usize) -> &[f64] {
        &self.borders_secs
    }

    fn column<'a>(&'a self, class: usize, scratch: &'a mut Vec<f64>) -> &'a [f64] {
        let frames = self.borders_secs.len().saturating_sub(1);
        scratch.clear();
        scratch.extend(self.scores.class_scores_between(class, 0, frames).into_iter().map(f64::from));
        scratch
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Collars, LabelledSpan, ScoredFile, ScoredSet, collar_curve};
    use super::*;
    use crate::decision::FrameAxis;
    use crate::time::Span;

    #[test]
    fn scores_of_the_window_are_measured_without_the_silence_after_the_end() {
        let axis = FrameAxis { first_onset_secs: 0.0, hop_secs: 0.5 };
        let mut scores = FrameScores::new(axis, vec!["Dog".into(), "Cat".into()].into());
        scores.push(&[0.0, 0.9, 0.0, 0.9, 0.0, 0.0, 0.0, 0.9, 0.0, 0.9]);
        let columns = FrameColumns::new(scores, 1.9);
        assert_eq!(columns.borders_secs(0), [0.0, 0.5, 1.0, 1.5, 1.9]);
        let file = ScoredFile { name: "a", duration_secs: 1.9, scores: &columns };
        let event = |onset, offset| LabelledSpan { file: "a", span: Span::between(onset, offset), label: "Cat" };
        let set = ScoredSet::new(vec!["Dog", "Cat"], vec![file], &[event(0.0, 1.0), event(1.5, 1.9)]).unwrap();
        let best = collar_curve(&set, 1, &Collars::default()).unwrap().best_f();
        assert_eq!((best.score.f, best.score.counts.true_positives), (1.0, 2));
    }
}
