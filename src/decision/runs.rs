//! Runs of active frames, found while scores come: which frames of each class stay above a threshold after a median filter.
//!
//! The median of a window is greater than a threshold exactly if the majority of its frames are. So the filter is a count of frames above the
//! threshold, which needs no sorting, gives the same frames to the last bit, and is done for all classes side by side.

use super::DecisionRule;
use super::filter::{MedianEdges, MedianWindow, reflected};
use super::run_peaks::{RunPeak, RunPeaks};

/// Classes that are compared at once.
const GROUP: usize = 8;

/// Frames in a row in which one class is active.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Run {
    /// The class.
    pub class: usize,
    /// The first active frame.
    pub first: usize,
    /// The frame after the last active one.
    pub after: usize,
}

/// Finds runs. Memory grows with their number and the filter's width only.
pub(super) struct RunFinder {
    class_count: usize,
    upper: MajorityFilter,
    /// Only with hysteresis.
    lower: Option<MajorityFilter>,
    /// Per class: 1 if the last frame was active.
    was_active: Vec<u8>,
    /// Per class: 1 if the upper threshold was reached since the run began.
    has_reached: Vec<u8>,
    /// Per class: where the run began that is going on.
    began: Vec<usize>,
    active: Vec<u8>,
    reached: Vec<u8>,
    frame: usize,
    runs: Vec<Run>,
    /// Only where the scores of runs are wanted.
    peaks: Option<RunPeaks>,
}

impl RunFinder {
    /// For the thresholds and the filter of `rule`.
    pub fn new(rule: &DecisionRule, class_count: usize) -> Self {
        let filter = |threshold| MajorityFilter::new(rule, threshold, class_count);
        // Filled up with classes that are never active.
        let groups = class_count.next_multiple_of(GROUP);
        Self {
            class_count,
            upper: filter(rule.threshold),
            lower: rule.hysteresis.filter(|&lower| lower < rule.threshold).map(filter),
            was_active: vec![0; groups],
            has_reached: vec![0; groups],
            began: vec![0; class_count],
            active: vec![0; groups],
            reached: vec![0; groups],
            frame: 0,
            runs: Vec::new(),
            peaks: None,
        }
    }

    /// Finds the greatest scores of runs, too.
    pub fn with_peaks(mut self) -> Self {
        self.peaks = Some(RunPeaks::new(self.class_count));
        self
    }

    /// Takes rows `[frame × class]`.
    pub fn push(&mut self, scores: &[f32]) {
        if self.class_count == 0 {
            return;
        }
        self.upper.push(scores);
        self.lower.iter_mut().for_each(|lower| lower.push(scores));
        self.peaks.iter_mut().for_each(|peaks| peaks.push(scores));
        self.decide(false);
    }

    /// All runs by class and time, and how many frames there were.
    pub fn finish(mut self) -> (Vec<Run>, usize) {
        self.end();
        self.runs.sort_unstable();
        (self.runs, self.frame)
    }

    /// The same, each with its greatest scores if those are wanted.
    pub fn finish_with_peaks(mut self) -> (Vec<(Run, RunPeak)>, usize) {
        self.end();
        let peaks = self.peaks.map(RunPeaks::of_runs).unwrap_or_default();
        let peaks = peaks.into_iter().chain(std::iter::repeat(RunPeak::default()));
        let mut runs: Vec<(Run, RunPeak)> = self.runs.into_iter().zip(peaks).collect();
        runs.sort_unstable_by_key(|(run, _)| *run);
        (runs, self.frame)
    }

    /// Decides what is left, and ends all runs.
    fn end(&mut self) {
        self.decide(true);
        self.active.fill(0);
        self.follow();
    }

    fn decide(&mut self, is_all: bool) {
        while self.upper.next(is_all, &mut self.reached) {
            match &mut self.lower {
                // Both filters have seen the same frames, so that both can go on.
                Some(lower) => {
                    lower.next(is_all, &mut self.active);
                    self.has_reached.iter_mut().zip(&self.reached).for_each(|(has, reached)| *has |= reached);
                }
                None => std::mem::swap(&mut self.active, &mut self.reached),
            }
            self.follow();
            self.frame += 1;
        }
    }

    /// Begins and ends runs where `active` differs from the frame before.
    fn follow(&mut self) {
        let (was_active, _) = self.was_active.as_chunks::<GROUP>();
        let (active, _) = self.active.as_chunks::<GROUP>();
        for (group, (was, is)) in was_active.iter().zip(active).enumerate() {
            // Most classes stay as they are: one comparison for eight.
            let mut changed = u64::from_le_bytes(*was) ^ u64::from_le_bytes(*is);
            while changed != 0 {
                let place = changed.trailing_zeros() as usize / 8;
                let class = group * GROUP + place;
                if is[place] == 1 {
                    self.began[class] = self.frame;
                    self.peaks.iter_mut().for_each(|peaks| peaks.begin(class));
                } else {
                    let is_run = self.lower.is_none() || self.has_reached[class] == 1;
                    if is_run {
                        self.runs.push(Run { class, first: self.began[class], after: self.frame });
                    }
                    self.peaks.iter_mut().for_each(|peaks| peaks.end(class, is_run));
                    self.has_reached[class] = 0;
                }
                changed &= changed - 1;
            }
        }
        self.peaks.iter_mut().for_each(|peaks| peaks.take(self.frame));
        self.was_active.copy_from_slice(&self.active);
    }
}

/// Says frame by frame in which classes the median of the frames around is greater than a threshold.
struct MajorityFilter {
    threshold: f32,
    window: MedianWindow,
    edges: MedianEdges,
    class_count: usize,
    /// Rows of 1 where a score is greater than the threshold, from frame `first` on.
    marks: Vec<u8>,
    first: usize,
    /// Frames so far.
    received: usize,
    /// The frame to decide next.
    next: usize,
    /// Per class: marks in the window of the frame that was decided last.
    counts: Vec<u16>,
    /// A row without a mark.
    nothing: Vec<u8>,
}

impl MajorityFilter {
    fn new(rule: &DecisionRule, threshold: f32, class_count: usize) -> Self {
        Self {
            threshold,
            window: MedianWindow::new(rule.median_frames, rule.median_edges),
            edges: rule.median_edges,
            class_count,
            marks: Vec::new(),
            first: 0,
            received: 0,
            next: 0,
            counts: vec![0; class_count],
            nothing: vec![0; class_count],
        }
    }

    fn push(&mut self, scores: &[f32]) {
        let rows = scores.len() / self.class_count;
        let threshold = self.threshold;
        self.forget();
        self.marks.extend(scores[..rows * self.class_count].iter().map(|&score| u8::from(score > threshold)));
        self.received += rows;
    }

    /// Decides the next frame into `active` if all frames that count for it are there, or all there are (`is_all`).
    fn next(&mut self, is_all: bool, active: &mut [u8]) -> bool {
        let (frame, window) = (self.next, self.window);
        // By reflection, the first windows see frames as far behind as those they miss before.
        let needed = (frame + window.after + 1).max(window.before.saturating_sub(frame));
        if frame >= self.received || (!is_all && needed > self.received) {
            return false;
        }
        let (centre, before, after) = (frame as isize, window.before as isize, window.after as isize);
        if frame == 0 {
            for index in -before..after {
                let marks = Self::row(&self.marks, self.place_of(index), &self.nothing);
                self.counts.iter_mut().zip(marks).for_each(|(count, &mark)| *count += u16::from(mark));
            }
        }
        let leaving = if frame == 0 { None } else { self.place_of(centre - before - 1) };
        let entering = Self::row(&self.marks, self.place_of(centre + after), &self.nothing);
        let leaving = Self::row(&self.marks, leaving, &self.nothing);
        let majority = window.majority() as u16;
        let changes = entering.iter().zip(leaving);
        for ((active, count), (&entering, &leaving)) in active.iter_mut().zip(&mut self.counts).zip(changes) {
            *count = *count + u16::from(entering) - u16::from(leaving);
            *active = u8::from(*count >= majority);
        }
        self.next += 1;
        true
    }

    /// Where the row of frame `index` stands in `marks`, or that of the frame that counts for it outside; `None` for zeros.
    fn place_of(&self, index: isize) -> Option<usize> {
        let frame = match self.edges {
            MedianEdges::Zeros if index < 0 || index >= self.received as isize => return None,
            MedianEdges::Zeros => index as usize,
            MedianEdges::Reflect => reflected(index, self.received),
        };
        Some((frame - self.first) * self.class_count)
    }

    fn row<'a>(marks: &'a [u8], place: Option<usize>, nothing: &'a [u8]) -> &'a [u8] {
        place.map_or(nothing, |place| &marks[place..place + nothing.len()])
    }

    /// Drops the rows that no later frame counts, when they are the most.
    fn forget(&mut self) {
        let unneeded = self.next.saturating_sub(self.window.before + 1).saturating_sub(self.first);
        if 2 * unneeded * self.class_count > self.marks.len() {
            self.marks.drain(..unneeded * self.class_count);
            self.first += unneeded;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::median_filter;
    use super::*;
    use proptest::prelude::*;

    fn runs(rule: &DecisionRule, classes: usize, scores: &[f32], step: usize) -> Vec<Run> {
        let mut finder = RunFinder::new(rule, classes);
        scores.chunks(step * classes).for_each(|rows| finder.push(rows));
        let (runs, frames) = finder.finish();
        assert_eq!(frames, scores.len() / classes);
        runs
    }

    /// By filtering each class with the sorted window, and then looking for runs above the lower threshold that hold one above the upper.
    fn plain(rule: &DecisionRule, classes: usize, scores: &[f32]) -> Vec<Run> {
        let mut found = Vec::new();
        for class in 0..classes {
            let column: Vec<f32> = scores.iter().skip(class).step_by(classes).copied().collect();
            let filtered = median_filter(&column, rule.median_frames, rule.median_edges);
            let lower = rule.hysteresis.map_or(rule.threshold, |lower| lower.min(rule.threshold));
            let mut frame = 0;
            while frame < filtered.len() {
                let length = filtered[frame..].iter().take_while(|&&score| score > lower).count();
                if filtered[frame..frame + length].iter().any(|&score| score > rule.threshold) {
                    found.push(Run { class, first: frame, after: frame + length });
                }
                frame += length.max(1);
            }
        }
        found
    }

    proptest! {
        #[test]
        fn counting_gives_the_runs_of_the_sorted_window(
            levels in prop::collection::vec(0_u8..20, 0..400),
            width in 0_usize..40,
            step in 1_usize..30,
            thresholds in (0_u8..20, 0_u8..24),
            is_reflected: bool,
        ) {
            let classes = 3;
            let scores: Vec<f32> = levels[..levels.len() / classes * classes].iter().map(|&l| f32::from(l) / 20.0).collect();
            let rule = DecisionRule {
                threshold: f32::from(thresholds.0) / 20.0,
                hysteresis: (thresholds.1 < 20).then_some(f32::from(thresholds.1) / 20.0),
                median_frames: width,
                median_edges: if is_reflected { MedianEdges::Reflect } else { MedianEdges::Zeros },
                ..DecisionRule::default()
            };
            prop_assert_eq!(runs(&rule, classes, &scores, step), plain(&rule, classes, &scores));
        }
    }

    #[test]
    fn memory_does_not_grow_with_the_recording() {
        let rule = DecisionRule { threshold: 0.5, median_frames: 9, ..DecisionRule::default() };
        let mut finder = RunFinder::new(&rule, 10);
        for _ in 0..1000 {
            finder.push(&[0.7; 10 * 25]);
            assert!(finder.upper.marks.len() < 10 * 100);
        }
        assert_eq!(finder.finish().0.len(), 10);
    }

    #[test]
    fn no_width_and_no_score_makes_it_panic() {
        let rule = DecisionRule { median_frames: usize::MAX, threshold: f32::NAN, ..DecisionRule::default() };
        assert_eq!(runs(&rule, 1, &[f32::NAN, 0.5, f32::INFINITY], 2), vec![]);
        assert_eq!(RunFinder::new(&rule, 0).finish(), (vec![], 0));
    }
}
