//! The rule that turns scores into events, and its result.

use super::filter::{MedianEdges, MedianWindow};
use super::run_peaks::RunPeak;
use super::runs::{Run, RunFinder};
use super::{BoxRule, FrameAxis, FrameScores, decide_boxes};
use crate::time::Span;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How a recording is cut into clips for a network that gives many frames a clip, and how its scores become events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// Clips overlap and the scores fade over from one to the next; nothing beyond the recording's end is scored.
    #[default]
    Overlapping,
    /// What the networks' own program does, to the last digit: clips without overlap, the last one filled up with silence that is scored
    /// like the rest, and events in that silence kept with no length.
    Reference,
}

impl Preset {
    /// What it is called in rules and messages.
    pub fn text(self) -> &'static str {
        match self {
            Self::Overlapping => "overlapping clips",
            Self::Reference => "as the reference program",
        }
    }
}

/// How scores become events.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct DecisionRule {
    /// A frame is active if its filtered score is greater than this, 0 to 1; a bounding box is an event if its confidence is.
    pub threshold: f32,
    /// Events are bounding boxes that are found like this. Hysteresis, the median filter and the gap that is closed say nothing then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boxes: Option<BoxRule>,
    /// Once a frame is active, so are those before and after it as long as their filtered score is greater than this; none, or nothing less
    /// than `threshold`, for no such extension.
    #[serde(default)]
    pub hysteresis: Option<f32>,
    /// Median filter over this many frames; 0 and 1 mean none.
    pub median_frames: usize,
    /// What the filter sees before the first and after the last frame.
    #[serde(default)]
    pub median_edges: MedianEdges,
    /// Events of a class with a gap of at most this many seconds between them become one.
    pub merge_gap_secs: f64,
    /// Events shorter than this many seconds are dropped.
    pub min_duration_secs: f64,
    /// How the scores came about, if the model leaves a choice.
    #[serde(default)]
    pub preset: Option<Preset>,
}

impl Default for DecisionRule {
    fn default() -> Self {
        Self {
            threshold: 0.2,
            boxes: None,
            hysteresis: None,
            median_frames: 1,
            median_edges: MedianEdges::Zeros,
            merge_gap_secs: 0.0,
            min_duration_secs: 0.0,
            preset: None,
        }
    }
}

impl DecisionRule {
    /// The rule in words, as it is kept with each event that comes of it.
    pub fn text(&self) -> String {
        let hysteresis = self.hysteresis.map(|lower| format!(" · hysteresis {lower}")).unwrap_or_default();
        let preset = self.preset.map(|preset| format!(" · {}", preset.text())).unwrap_or_default();
        if let Some(boxes) = &self.boxes {
            let (threshold, minimum) = (self.threshold, self.min_duration_secs);
            return format!("threshold {threshold} · bounding boxes, {} · minimum {minimum} s{preset}", boxes.text());
        }
        format!(
            "threshold {}{hysteresis} · median {} · gap {} s · minimum {} s{preset}",
            self.threshold, self.median_frames, self.merge_gap_secs, self.min_duration_secs
        )
    }

    /// The lower threshold that is drawn and applied: none where events are bounding boxes.
    pub fn lower_threshold(&self) -> Option<f32> {
        self.hysteresis.filter(|_| self.boxes.is_none())
    }

    /// Frames of the median filter that is applied; 1 for none.
    pub fn applied_median(&self) -> usize {
        if self.boxes.is_some() { 1 } else { self.median_frames.max(1) }
    }

    /// What a filtered score must be above to lie in an event: the lower threshold, or the threshold where that extends nothing.
    pub fn lowest_level(&self) -> f32 {
        self.hysteresis.filter(|&lower| lower < self.threshold).unwrap_or(self.threshold)
    }

    /// Merges runs by class and time, and gives those that are long enough with their spans; none without length.
    fn merged(&self, runs: &[Run], axis: FrameAxis, frame_count: usize, duration_secs: f64) -> Vec<(Run, Span)> {
        let runs = runs.iter().map(|&run| (run, RunPeak::default()));
        let merged = self.merged_with_peaks(runs, axis, frame_count, duration_secs);
        merged.into_iter().map(|(run, _, span)| (run, span)).collect()
    }

    /// The same with the greatest score of each, gaps that were closed included.
    fn merged_with_peaks(
        &self,
        runs: impl Iterator<Item = (Run, RunPeak)>,
        axis: FrameAxis,
        frame_count: usize,
        duration_secs: f64,
    ) -> Vec<(Run, f32, Span)> {
        let gap_frames = self.merge_gap_secs / axis.hop_secs + 1e-9;
        let mut merged: Vec<(Run, f32)> = Vec::new();
        for (run, peak) in runs {
            match merged.last_mut() {
                Some((last, most)) if last.class == run.class && (run.first - last.after) as f64 <= gap_frames => {
                    last.after = run.after;
                    *most = most.max(peak.before).max(peak.own);
                }
                _ => merged.push((run, peak.own)),
            }
        }
        let span = |(run, peak): (Run, f32)| (run, peak, axis.span(run.first, run.after, frame_count, duration_secs));
        merged.into_iter().map(span).filter(|(_, _, span)| self.is_long_enough(*span)).collect()
    }

    /// Whether an event is not dropped for its length; one without any always is.
    fn is_long_enough(&self, span: Span) -> bool {
        // A little less than the minimum is taken for it: seconds are not exact.
        span.duration_secs() >= (self.min_duration_secs - 1e-9).max(f64::MIN_POSITIVE)
    }
}

/// An event that a model proposes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// The class, by its place in the model's list.
    pub class: usize,
    /// When it sounds.
    pub span: Span,
    /// The greatest unfiltered score within the span, 0 to 1; of a bounding box, its confidence, which is the mean.
    pub score: f32,
}

/// The events of one class, by onset, within a recording of `duration_secs`. Stretches where nothing can reach the rule's thresholds cost
/// no more than a look at each block of 256 frames; bounding boxes need all frames.
pub fn decide_class(scores: &FrameScores, class: usize, rule: &DecisionRule, duration_secs: f64) -> Vec<Prediction> {
    if let Some(boxes) = &rule.boxes {
        let mut found = decide_boxes(scores, class, boxes, rule.threshold, duration_secs);
        found.retain(|prediction| rule.is_long_enough(prediction.span));
        return found;
    }
    if scores.peaks().get(class).is_none_or(|&peak| peak <= rule.threshold) {
        return Vec::new();
    }
    // Where no frame within the filter's width is above the lower threshold, none is active; so that each stretch stands for itself.
    let reach = MedianWindow::new(rule.median_frames, rule.median_edges).width();
    let mut runs: Vec<Run> = Vec::new();
    for frames in scores.stretches_above(class, rule.lowest_level(), reach) {
        let mut finder = RunFinder::new(rule, 1);
        finder.push(&scores.class_scores_between(class, frames.start, frames.end));
        let placed = |run: Run| Run { class, first: run.first + frames.start, after: run.after + frames.start };
        runs.extend(finder.finish().0.into_iter().map(placed));
    }
    let prediction =
        |(run, span): (Run, Span)| Prediction { class, span, score: scores.max_between(class, run.first, run.after) };
    rule.merged(&runs, scores.axis, scores.frame_count(), duration_secs).into_iter().map(prediction).collect()
}

/// Makes events of scores as they come. By thresholds, each score counts as it is, and none is kept but those that the median filter still
/// needs. Bounding boxes need all scores: they are kept, and count, as [`FrameScores`] keeps them.
pub struct EventFinder {
    rule: DecisionRule,
    axis: FrameAxis,
    class_count: usize,
    finding: Finding,
}

/// What has been seen so far.
enum Finding {
    Runs(Box<RunFinder>),
    /// The scores of the wanted classes, and which these are.
    Scores(FrameScores, Vec<usize>),
}

impl EventFinder {
    /// For rows of `class_count` scores.
    pub fn new(rule: &DecisionRule, axis: FrameAxis, class_count: usize) -> Self {
        Self::of_classes(rule, axis, class_count, &(0..class_count).collect())
    }

    /// For rows of `class_count` scores, of which only the events of some classes are asked for; others may be found too.
    pub fn of_classes(rule: &DecisionRule, axis: FrameAxis, class_count: usize, wanted: &BTreeSet<usize>) -> Self {
        let finding = match rule.boxes {
            None => Finding::Runs(Box::new(RunFinder::new(rule, class_count))),
            Some(_) => {
                let wanted: Vec<usize> = wanted.range(..class_count).copied().collect();
                let names: Vec<Arc<str>> = wanted.iter().map(|class| class.to_string().into()).collect();
                Finding::Scores(FrameScores::new(axis, names.into()), wanted)
            }
        };
        Self { rule: *rule, axis, class_count, finding }
    }

    /// The same with the greatest scores of events: ask for them by [`Self::finish_with_scores`].
    pub fn with_scores(rule: &DecisionRule, axis: FrameAxis, class_count: usize, wanted: &BTreeSet<usize>) -> Self {
        let mut finder = Self::of_classes(rule, axis, class_count, wanted);
        if let Finding::Runs(runs) = finder.finding {
            finder.finding = Finding::Runs(Box::new(runs.with_peaks()));
        }
        finder
    }

    /// Takes the next rows `[frame × class]`.
    pub fn push(&mut self, scores: &[f32]) {
        match &mut self.finding {
            Finding::Runs(runs) => runs.push(scores),
            Finding::Scores(kept, wanted) if wanted.len() == self.class_count => kept.push(scores),
            Finding::Scores(kept, wanted) => {
                for row in scores.chunks_exact(self.class_count.max(1)) {
                    let row: Vec<f32> = wanted.iter().filter_map(|&class| row.get(class)).copied().collect();
                    kept.push(&row);
                }
            }
        }
    }

    /// Bytes of the scores that are kept; 0 where none are.
    pub fn kept_bytes(&self) -> usize {
        match &self.finding {
            Finding::Runs(_) => 0,
            Finding::Scores(kept, _) => kept.memory_bytes(),
        }
    }

    /// The events within a recording of `duration_secs`, by class and onset. With [`Preset::Reference`] they are what the reference program
    /// lists: nothing merged or dropped, and those in the silence after the recording with no length at its end.
    pub fn finish(self, duration_secs: f64) -> Vec<(usize, Span)> {
        self.finish_with_scores(duration_secs).into_iter().map(|event| (event.class, event.span)).collect()
    }

    /// The same events, with the scores of those of a finder that was made for it; else the scores say nothing.
    pub fn finish_with_scores(self, duration_secs: f64) -> Vec<Prediction> {
        let (runs, frame_count) = match self.finding {
            Finding::Runs(runs) => runs.finish_with_peaks(),
            Finding::Scores(kept, wanted) => {
                let decided = wanted.into_iter().enumerate().flat_map(|(place, class)| {
                    let found = decide_class(&kept, place, &self.rule, duration_secs);
                    found.into_iter().map(move |prediction| Prediction { class, ..prediction })
                });
                return decided.collect();
            }
        };
        if self.rule.preset == Some(Preset::Reference) {
            let border = |frame| self.axis.border_secs(frame);
            let span = |run: Run| Span::between(border(run.first), border(run.after)).clipped(duration_secs);
            let event = |(run, peak): (Run, RunPeak)| Prediction { class: run.class, span: span(run), score: peak.own };
            return runs.into_iter().map(event).collect();
        }
        let events = self.rule.merged_with_peaks(runs.into_iter(), self.axis, frame_count, duration_secs);
        events.into_iter().map(|(run, score, span)| Prediction { class: run.class, span, score }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const AXIS: FrameAxis = FrameAxis { first_onset_secs: 0.0, hop_secs: 1.0 };

    fn rows(row: &str) -> Vec<f32> {
        row.chars().map(|digit| digit.to_digit(10).unwrap() as f32 / 10.0).collect()
    }

    /// The same by both ways: all scores at once, and as they come.
    fn spans(row: &str, rule: &DecisionRule) -> Vec<(f64, f64)> {
        let classes: Vec<Arc<str>> = vec!["Dog".into()];
        let mut scores = FrameScores::new(AXIS, classes.into());
        let mut finder = EventFinder::new(rule, AXIS, 1);
        for score in rows(row) {
            scores.push(&[score]);
            finder.push(&[score]);
        }
        let duration_secs = row.len() as f64;
        let kept: Vec<Span> =
            decide_class(&scores, 0, rule, duration_secs).iter().map(|prediction| prediction.span).collect();
        let found: Vec<Span> = finder.finish(duration_secs).into_iter().map(|(_, span)| span).collect();
        assert_eq!(kept, found);
        found.iter().map(|span| (span.onset_secs, span.offset_secs)).collect()
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

    #[test]
    fn hysteresis_extends_events_and_begins_none() {
        let rule = DecisionRule { threshold: 0.45, hysteresis: Some(0.15), ..DecisionRule::default() };
        assert_eq!(spans("0229200220", &rule), vec![(1.0, 5.0)]);
        let rule = DecisionRule { hysteresis: Some(0.6), ..rule };
        assert_eq!(spans("0229200550", &rule), vec![(3.0, 4.0), (7.0, 9.0)]);
    }

    #[test]
    fn the_reference_keeps_events_after_the_end_without_length() {
        let rule = DecisionRule { threshold: 0.45, preset: Some(Preset::Reference), ..DecisionRule::default() };
        let events = |rule: &DecisionRule| {
            let mut finder = EventFinder::new(rule, AXIS, 1);
            finder.push(&rows("0909900990"));
            finder.finish(4.5).iter().map(|(_, span)| (span.onset_secs, span.offset_secs)).collect::<Vec<_>>()
        };
        assert_eq!(events(&rule), [(1.0, 2.0), (3.0, 4.5), (4.5, 4.5)]);
        assert_eq!(events(&DecisionRule { preset: Some(Preset::Overlapping), ..rule }), [(1.0, 2.0), (3.0, 4.5)]);
    }

    /// By one pass over all frames of the class.
    fn plain(scores: &FrameScores, rule: &DecisionRule, duration_secs: f64) -> Vec<Prediction> {
        let raw = scores.class_scores(0);
        let mut finder = RunFinder::new(rule, 1);
        finder.push(&raw);
        let (runs, frame_count) = finder.finish();
        let score = |run: Run| raw[run.first..run.after].iter().copied().fold(0.0, f32::max);
        let events = rule.merged(&runs, scores.axis, frame_count, duration_secs).into_iter();
        events.map(|(run, span)| Prediction { class: 0, span, score: score(run) }).collect()
    }

    proptest! {
        #[test]
        fn passing_over_quiet_stretches_changes_nothing(
            bursts in prop::collection::vec((0_usize..9000, 1_usize..90, 1_u8..20), 0..12),
            frame_count in 1_usize..9000,
            width in 0_usize..700,
            levels in (0_u8..20, 0_u8..24),
            merge_gap_secs in 0.0_f64..300.0,
            is_reflected: bool,
        ) {
            let mut row = vec![0.0_f32; frame_count];
            for (first, length, level) in bursts {
                for (place, score) in row.iter_mut().skip(first).take(length).enumerate() {
                    *score = f32::from(level) / 20.0 - (place % 5) as f32 * 0.01;
                }
            }
            let mut scores = FrameScores::new(AXIS, vec!["Dog".into()].into());
            scores.push(&row);
            let rule = DecisionRule {
                threshold: f32::from(levels.0) / 20.0,
                hysteresis: (levels.1 < 20).then_some(f32::from(levels.1) / 20.0),
                median_frames: width,
                median_edges: if is_reflected { MedianEdges::Reflect } else { MedianEdges::Zeros },
                merge_gap_secs,
                ..DecisionRule::default()
            };
            let duration_secs = frame_count as f64;
            prop_assert_eq!(decide_class(&scores, 0, &rule, duration_secs), plain(&scores, &rule, duration_secs));
            let mut finder = EventFinder::with_scores(&rule, AXIS, 1, &BTreeSet::from([0]));
            scores.class_scores(0).chunks(37).for_each(|rows| finder.push(rows));
            prop_assert_eq!(finder.finish_with_scores(duration_secs), plain(&scores, &rule, duration_secs));
        }
    }

    proptest! {
        #[test]
        fn a_rule_with_bounding_boxes_gives_those_that_are_long_enough(
            levels in prop::collection::vec((0_u8..20, 0_u8..20), 0..600),
            filter_secs in 0.5_f64..9.0,
            threshold in 0_u8..20,
            median_frames in 0_usize..9,
            min_duration_secs in 0.0_f64..6.0,
        ) {
            let axis = FrameAxis { first_onset_secs: 0.25, hop_secs: 0.5 };
            let boxes = BoxRule { filter_secs, ..BoxRule::default() };
            let rule = DecisionRule {
                threshold: f32::from(threshold) / 20.0,
                boxes: Some(boxes),
                // Says nothing.
                hysteresis: Some(0.01),
                merge_gap_secs: 3.0,
                median_frames,
                min_duration_secs,
                ..DecisionRule::default()
            };
            let mut scores = FrameScores::new(axis, vec!["Dog".into(), "Cat".into()].into());
            let mut finder = EventFinder::of_classes(&rule, axis, 2, &BTreeSet::from([1]));
            for (dog, cat) in levels {
                let row = [dog, cat].map(|level| f32::from(level) / 20.0);
                scores.push(&row);
                finder.push(&row);
            }
            let duration_secs = scores.frame_count() as f64 * 0.5;
            let mut expected = decide_boxes(&scores, 1, &boxes, rule.threshold, duration_secs);
            expected.retain(|found| found.span.duration_secs() >= min_duration_secs - 1e-9);
            prop_assert_eq!(decide_class(&scores, 1, &rule, duration_secs), expected.clone());
            let expected: Vec<(usize, Span)> = expected.into_iter().map(|found| (1, found.span)).collect();
            prop_assert_eq!(finder.finish(duration_secs), expected);
        }
    }

    #[test]
    fn only_bounding_boxes_keep_scores() {
        let rule = DecisionRule { boxes: Some(BoxRule::default()), ..DecisionRule::default() };
        let wanted = BTreeSet::from([0, 2]);
        for (rule, bytes) in [(DecisionRule::default(), 0), (rule, 2 * 256 * 2)] {
            let mut finder = EventFinder::of_classes(&rule, AXIS, 3, &wanted);
            finder.push(&[0.5; 3 * 10]);
            assert_eq!(finder.kept_bytes(), bytes);
        }
    }

    #[test]
    fn rules_of_earlier_versions_can_be_read() {
        let old = r#"{"threshold":0.35,"median_frames":7,"merge_gap_secs":0.1,"min_duration_secs":0.2}"#;
        let rule: DecisionRule = serde_json::from_str(old).unwrap();
        assert_eq!(rule.text(), "threshold 0.35 · median 7 · gap 0.1 s · minimum 0.2 s");
        let rule = DecisionRule { hysteresis: Some(0.1), preset: Some(Preset::Reference), ..rule };
        let again: DecisionRule = serde_json::from_str(&serde_json::to_string(&rule).unwrap()).unwrap();
        assert_eq!(again, rule);
        assert!(rule.text().contains("hysteresis 0.1") && rule.text().ends_with("as the reference program"));
        let boxes = BoxRule { merge_difference: None, ..BoxRule::default() };
        let rule = DecisionRule { boxes: Some(boxes), preset: None, ..rule };
        let again: DecisionRule = serde_json::from_str(&serde_json::to_string(&rule).unwrap()).unwrap();
        assert_eq!(again, rule);
        let text = "threshold 0.35 · bounding boxes, step filter 0.5 s, merge ratio 2 · minimum 0.2 s";
        assert_eq!(rule.text(), text);
    }
}
