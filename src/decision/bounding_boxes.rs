//! Sound event bounding boxes found by change points (cSEBBs): events whose extent does not depend on the threshold, each with one confidence.
//!
//! After Ebbers, Germain, Wichern and Le Roux (2024), *Sound event bounding boxes*, with the arithmetic of its reference program sebbs 1.0.2,
//! because on a plateau of scores it is the rounding that says where a change is.

use super::{FrameScores, Prediction};
use crate::time::Span;

/// How boxes are found.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct BoxRule {
    /// The length of the step filter in seconds, > 0: a change is the mean score of half of it after a moment less that of half of it before.
    pub filter_secs: f64,
    /// Two events become one only if their greatest scores exceed the least one between them by less than this; none for no such limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge_difference: Option<f64>,
    /// Two events become one only if their greatest scores are less than this many times the least one between them; none for no such
    /// limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge_ratio: Option<f64>,
}

impl Default for BoxRule {
    /// sebbs's own.
    fn default() -> Self {
        Self { filter_secs: 0.5, merge_difference: Some(1.0), merge_ratio: Some(2.0) }
    }
}

impl BoxRule {
    /// The rule in words: `step filter 0.5 s, merge difference 1, merge ratio 2`.
    pub fn text(&self) -> String {
        let difference = self.merge_difference.map(|most| format!(", merge difference {most}")).unwrap_or_default();
        let ratio = self.merge_ratio.map(|most| format!(", merge ratio {most}")).unwrap_or_default();
        format!("step filter {} s{difference}{ratio}", self.filter_secs)
    }
}

/// An event with a confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoundingBox {
    /// When it sounds.
    pub span: Span,
    /// The mean score within, on the scores' scale.
    pub confidence: f64,
}

/// Moments nearer than this are one, in seconds.
const SAME_SECS: f64 = 1e-7;
/// Breakpoints are rounded to this many a second.
const BREAKPOINTS_PER_SEC: f64 = 1e8;

/// A stretch between two changes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Segment {
    mean: f64,
    least: f64,
    greatest: f64,
}

impl Segment {
    const EMPTY: Self = Self { mean: 0.0, least: f64::INFINITY, greatest: 0.0 };
}

/// Stretches without and with an event in turn, beginning and ending without one: one bound more than segments.
struct Segments {
    bounds_secs: Vec<f64>,
    all: Vec<Segment>,
}

/// The boxes of a class in order of time. `borders_secs` are those of the frames, ascending from 0, one more than `scores`; scores are finite
/// and not below 0. Nothing is found where that does not hold.
pub fn bounding_boxes(borders_secs: &[f64], scores: &[f64], rule: &BoxRule) -> Vec<BoundingBox> {
    let is_ascending = borders_secs.windows(2).all(|pair| pair[0] < pair[1]);
    let is_sound = is_ascending && borders_secs.len() == scores.len() + 1 && rule.filter_secs > 0.0;
    if !is_sound || scores.is_empty() || !rule.filter_secs.is_finite() {
        return Vec::new();
    }
    let segments = merged(Changes::find(borders_secs, scores, rule.filter_secs), rule);
    let events = segments.bounds_secs[1..].chunks_exact(2).zip(segments.all[1..].chunks_exact(2));
    let found = events
        .map(|(bounds, event)| BoundingBox { span: Span::between(bounds[0], bounds[1]), confidence: event[0].mean });
    found.take(segments.all.len() / 2).collect()
}

/// The boxes of a class whose confidence is greater than `threshold`, as predictions: their score is the confidence. All scores of the class
/// are looked at, since on a plateau the rounding of what came before says where a change is.
pub fn decide_boxes(
    scores: &FrameScores,
    class: usize,
    rule: &BoxRule,
    threshold: f32,
    duration_secs: f64,
) -> Vec<Prediction> {
    // No mean is greater than the greatest score.
    if scores.peaks().get(class).is_none_or(|&peak| peak <= threshold) {
        return Vec::new();
    }
    let borders = scores.borders_secs(duration_secs);
    let column = scores.class_scores_between(class, 0, borders.len() - 1);
    let column: Vec<f64> = column.into_iter().map(f64::from).collect();
    let boxes = bounding_boxes(&borders, &column, rule).into_iter();
    boxes
        .filter(|found| found.confidence > f64::from(threshold))
        .map(|found| Prediction { class, span: found.span, score: found.confidence as f32 })
        .collect()
}

/// The step filter on its way through the scores.
struct Changes<'a> {
    borders: &'a [f64],
    scores: &'a [f64],
    filter_secs: f64,
    /// Places of the frames at the filter's start, middle and end, counted from 1; 0 is before all, and one more than there are after all.
    first: usize,
    centre: usize,
    last: usize,
    centre_secs: f64,
    /// Score × seconds in the halves before and after the middle.
    before: f64,
    after: f64,
}

impl<'a> Changes<'a> {
    fn find(borders: &'a [f64], scores: &'a [f64], filter_secs: f64) -> Segments {
        let mut filter = Self {
            borders,
            scores,
            filter_secs,
            first: 0,
            centre: 1,
            last: 1,
            centre_secs: 0.0,
            before: 0.0,
            after: 0.0,
        };
        filter.start();
        let end = borders[borders.len() - 1];
        let mut segments = Segments { bounds_secs: vec![0.0], all: vec![Segment::EMPTY] };
        let mut is_in_event = false;
        // The change at the last place, and at the one before it.
        let (mut change, mut earlier) = (filter.change(), None);
        let breakpoints = filter.breakpoints();
        for pair in breakpoints.windows(2) {
            let (previous, at) = (pair[0], pair[1]);
            let step = at - previous;
            if at < SAME_SECS || step < SAME_SECS || at > end {
                continue;
            }
            filter.slide(step);
            let next = filter.change();
            let is_peak = next <= change && earlier.is_none_or(|earlier| change > earlier);
            let is_trough = next > change && earlier.is_some_and(|earlier| change <= earlier);
            if (!is_in_event && is_peak) || (is_in_event && is_trough) {
                segments.bounds_secs.push(previous);
                segments.all.push(Segment::EMPTY);
                is_in_event = !is_in_event;
            }
            let score = filter.score(filter.centre);
            if let Some(segment) = segments.all.last_mut() {
                segment.mean += step * score;
                segment.least = segment.least.min(score);
                segment.greatest = segment.greatest.max(score);
            }
            filter.pass_borders();
            (earlier, change) = (Some(change), next);
        }
        if is_in_event {
            segments.bounds_secs.push(end);
            segments.all.push(Segment { mean: 0.0, least: 0.0, greatest: 0.0 });
        }
        segments.bounds_secs.push(end);
        segments.close();
        segments
    }

    /// Where the filter's start, middle or end comes upon a border: between them, the change is linear.
    fn breakpoints(&self) -> Vec<f64> {
        let half = self.filter_secs / 2.0;
        let round = |secs: f64| (secs * BREAKPOINTS_PER_SEC).round_ties_even() / BREAKPOINTS_PER_SEC;
        let ways = [-half, 0.0, half];
        // Each way ascends, so that sorting is merging.
        let mut places: Vec<f64> =
            ways.iter().flat_map(|&by| self.borders.iter().map(move |&border| round(border + by))).collect();
        places.sort_by(f64::total_cmp);
        places
    }

    fn score(&self, place: usize) -> f64 {
        place.checked_sub(1).and_then(|frame| self.scores.get(frame)).copied().unwrap_or(0.0)
    }

    /// Where the frame at `place` begins.
    fn onset(&self, place: usize) -> f64 {
        match place.checked_sub(1) {
            None => f64::NEG_INFINITY,
            Some(frame) => self.borders.get(frame).copied().unwrap_or(f64::INFINITY),
        }
    }

    /// Puts the middle at 0.
    fn start(&mut self) {
        let half = self.filter_secs / 2.0;
        while self.onset(self.last + 1) <= half {
            self.after += self.score(self.last) * (self.onset(self.last + 1) - self.onset(self.last));
            self.last += 1;
        }
        self.after += self.score(self.last) * (half - self.onset(self.last));
    }

    fn slide(&mut self, step: f64) {
        let (first, centre, last) = (self.score(self.first), self.score(self.centre), self.score(self.last));
        self.before -= step * first;
        self.before += step * centre;
        self.after -= step * centre;
        self.after += step * last;
        self.centre_secs += step;
    }

    fn change(&self) -> f64 {
        2.0 * (self.after - self.before) / self.filter_secs
    }

    fn pass_borders(&mut self) {
        let half = self.filter_secs / 2.0;
        let passes = |place: usize, at: f64| self.onset(place + 1) - at < SAME_SECS;
        let (centre, first, last) = (
            passes(self.centre, self.centre_secs),
            passes(self.first, self.centre_secs - half),
            passes(self.last, self.centre_secs + half),
        );
        self.centre += usize::from(centre);
        self.first += usize::from(first);
        self.last += usize::from(last);
    }
}

impl Segments {
    /// Makes means of sums.
    fn close(&mut self) {
        for (segment, bounds) in self.all.iter_mut().zip(self.bounds_secs.windows(2)) {
            segment.mean /= (bounds[1] - bounds[0]).max(SAME_SECS);
            segment.least = if segment.least.is_finite() { segment.least } else { 0.0 };
        }
        for end in [0, self.all.len() - 1] {
            self.all[end].least = 0.0;
        }
    }

    /// What the segments `range` are together.
    fn united(&self, range: std::ops::Range<usize>) -> Segment {
        let lengths = self.bounds_secs[range.start..=range.end].windows(2).map(|bounds| bounds[1] - bounds[0]);
        let parts = &self.all[range];
        let (mut secs, mut sum) = (0.0, 0.0);
        for (length, part) in lengths.zip(parts) {
            secs += length;
            sum += length * part.mean;
        }
        if secs == 0.0 {
            return Segment { mean: 0.0, least: 0.0, greatest: 0.0 };
        }
        Segment {
            mean: sum / (secs + 1e-6),
            least: parts.iter().map(|part| part.least).fold(f64::INFINITY, f64::min),
            greatest: parts.iter().map(|part| part.greatest).fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

/// Unites neighbouring events where what lies between them is nearly as loud as they are.
fn merged(segments: Segments, rule: &BoxRule) -> Segments {
    let count = segments.all.len();
    if count < 5 {
        return segments;
    }
    // The first and the last bound stay, and both bounds of each gap that stays.
    let mut kept = vec![0, 1];
    for gap in (2..count - 2).step_by(2) {
        let least = segments.all[gap].least + 1e-3;
        let is_near = |event: usize| {
            let greatest = segments.all[event].greatest + 1e-3;
            rule.merge_ratio.is_none_or(|most| greatest / least < most)
                && rule.merge_difference.is_none_or(|most| greatest - least < most)
        };
        if !(is_near(gap - 1) && is_near(gap + 1)) {
            kept.extend([gap, gap + 1]);
        }
    }
    kept.extend([count - 1, count]);
    let all = kept.windows(2).map(|pair| segments.united(pair[0]..pair[1])).collect();
    Segments { bounds_secs: kept.iter().map(|&place| segments.bounds_secs[place]).collect(), all }
}

#[cfg(test)]
mod tests {
    use super::super::FrameAxis;
    use super::*;
    use proptest::prelude::*;

    fn borders(frames: usize) -> Vec<f64> {
        (0..=frames).map(|frame| frame as f64 / 50.0).collect()
    }

    /// The example of the paper: a loud and a quiet bump of raised cosines.
    fn bumps() -> Vec<f64> {
        let bump = |at: usize, first: usize, length: usize| {
            let place = at.checked_sub(first).filter(|place| *place < length)?;
            Some((1.0 - (std::f64::consts::TAU * place as f64 / (length - 1) as f64).cos()) / 2.0)
        };
        (0..500).map(|at| 0.98 * bump(at, 15, 270).unwrap_or(0.0) + 0.2 * bump(at, 315, 170).unwrap_or(0.0)).collect()
    }

    #[test]
    fn both_bumps_are_found_whatever_their_height() {
        let rule = BoxRule { filter_secs: 1.0, ..BoxRule::default() };
        let found = bounding_boxes(&borders(500), &bumps(), &rule);
        let spans: Vec<_> = found.iter().map(|found| (found.span.onset_secs, found.span.offset_secs)).collect();
        // By sebbs 1.0.2.
        assert_eq!(spans, [(1.66, 4.34), (7.16, 8.84)]);
    }

    #[test]
    fn boxes_above_a_threshold_are_predictions() {
        let axis = FrameAxis { first_onset_secs: 0.0, hop_secs: 0.02 };
        let mut scores = FrameScores::new(axis, vec!["Dog".into()].into());
        scores.push(&bumps().into_iter().map(|score| score as f32).collect::<Vec<_>>());
        let rule = BoxRule { filter_secs: 1.0, ..BoxRule::default() };
        assert_eq!(decide_boxes(&scores, 0, &rule, 0.0, 10.0).len(), 2);
        let loud = decide_boxes(&scores, 0, &rule, 0.5, 10.0);
        assert_eq!(loud.len(), 1);
        assert!((loud[0].span.onset_secs - 1.66).abs() < 0.03 && loud[0].score > 0.5, "{loud:?}");
        assert!(decide_boxes(&scores, 0, &rule, 0.0, 0.0).is_empty());
    }

    proptest! {
        #[test]
        fn boxes_follow_each_other_within_the_recording(
            levels in prop::collection::vec(0_u8..20, 0..200),
            filter_secs in 0.001_f64..20.0,
            merge_difference in prop::option::of(0.0_f64..1.5),
            merge_ratio in prop::option::of(0.5_f64..5.0),
        ) {
            let scores: Vec<f64> = levels.iter().map(|&level| f64::from(level) / 20.0).collect();
            let rule = BoxRule { filter_secs, merge_difference, merge_ratio };
            let found = bounding_boxes(&borders(scores.len()), &scores, &rule);
            let end = scores.len() as f64 / 50.0;
            prop_assert!(found.iter().all(|found| found.span.offset_secs <= end + 1e-7 && (0.0..=1.0).contains(&found.confidence)));
            prop_assert!(found.windows(2).all(|pair| pair[0].span.offset_secs <= pair[1].span.onset_secs));
        }
    }
}
