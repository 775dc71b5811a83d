//! The rule that turns one class's scores into events, and its result.

use super::{FrameScores, median_filter};
use crate::time::Span;

/// How scores become events.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct DecisionRule {
    /// A frame is active if its filtered score is greater than this, 0 to 1.
    pub threshold: f32,
    /// Median filter over this many frames; 0 and 1 mean none.
    pub median_frames: usize,
    /// Events of a class with a gap of at most this many seconds between them become one.
    pub merge_gap_secs: f64,
    /// Events shorter than this many seconds are dropped.
    pub min_duration_secs: f64,
}

impl Default for DecisionRule {
    fn default() -> Self {
        Self { threshold: 0.2, median_frames: 1, merge_gap_secs: 0.0, min_duration_secs: 0.0 }
    }
}

impl DecisionRule {
    /// The rule in words, as it is kept with each event that comes of it.
    pub fn text(&self) -> String {
        format!(
            "threshold {} · median {} · gap {} s · minimum {} s",
            self.threshold, self.median_frames, self.merge_gap_secs, self.min_duration_secs
        )
    }
}

/// An event that a model proposes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// The class, by its place in the model's list.
    pub class: usize,
    /// When it sounds.
    pub span: Span,
    /// The greatest unfiltered score within the span, 0 to 1.
    pub score: f32,
}

/// The events of one class, by onset, within a recording of `duration_secs`.
pub fn decide_class(scores: &FrameScores, class: usize, rule: &DecisionRule, duration_secs: f64) -> Vec<Prediction> {
    if scores.peaks().get(class).is_none_or(|&peak| peak <= rule.threshold) {
        return Vec::new();
    }
    let raw = scores.class_scores(class);
    let filtered = median_filter(&raw, rule.median_frames);
    let mut runs: Vec<(usize, usize)> = Vec::new();
    let mut frame = 0;
    while frame < filtered.len() {
        let length = filtered[frame..].iter().take_while(|&&score| score > rule.threshold).count();
        if length > 0 {
            push_run(&mut runs, (frame, frame + length), rule.merge_gap_secs / scores.axis.hop_secs);
        }
        frame += length + 1;
    }
    runs.into_iter()
        .map(|(first, after)| Prediction {
            class,
            span: scores.axis.span(first, after, raw.len(), duration_secs),
            score: raw[first..after].iter().copied().fold(0.0, f32::max),
        })
        .filter(|prediction| prediction.span.duration_secs() >= rule.min_duration_secs.max(f64::MIN_POSITIVE))
        .collect()
}

fn push_run(runs: &mut Vec<(usize, usize)>, run: (usize, usize), merge_gap_frames: f64) {
    match runs.last_mut() {
        Some(last) if (run.0 - last.1) as f64 <= merge_gap_frames + 1e-9 => last.1 = run.1,
        _ => runs.push(run),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::FrameAxis;
    use std::sync::Arc;

    fn spans(row: &str, rule: &DecisionRule) -> Vec<(f64, f64)> {
        let classes: Vec<Arc<str>> = vec!["Dog".into()];
        let mut scores = FrameScores::new(FrameAxis { first_onset_secs: 0.0, hop_secs: 1.0 }, classes.into());
        for digit in row.chars() {
            scores.push(&[digit.to_digit(10).unwrap() as f32 / 10.0]);
        }
        decide_class(&scores, 0, rule, row.len() as f64)
            .iter()
            .map(|prediction| (prediction.span.onset_secs, prediction.span.offset_secs))
            .collect()
    }

    #[test]
    fn runs_above_the_threshold_become_events() {
        let rule = DecisionRule { threshold: 0.45, ..DecisionRule::default() };
        assert_eq!(spans("0990055", &rule), vec![(1.0, 3.0), (5.0, 7.0)]);
        assert_eq!(spans("9", &rule), vec![(0.0, 1.0)]);
        assert_eq!(spans("000", &rule), vec![]);
    }

    #[test]
    fn gaps_are_merged_and_short_events_dropped() {
        let rule =
            DecisionRule { threshold: 0.45, merge_gap_secs: 1.0, min_duration_secs: 2.0, ..DecisionRule::default() };
        assert_eq!(spans("9099000900", &rule), vec![(0.0, 4.0)]);
    }

    #[test]
    fn the_median_filter_takes_single_frames_away() {
        let rule = DecisionRule { threshold: 0.45, median_frames: 3, ..DecisionRule::default() };
        assert_eq!(spans("0900999090", &rule), vec![(4.0, 8.0)]);
    }
}
