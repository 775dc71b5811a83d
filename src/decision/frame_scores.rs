//! A model's scores over a recording, frame by class, kept small: hours of hundreds of classes fit in memory.

mod bounds;
mod bytes;

pub use bytes::ScoreBytesError;

use crate::time::Span;
use bounds::{Bounds, Pyramid};
use std::ops::Range;
use std::sync::Arc;

/// Frames that are kept or dropped together.
const BLOCK_FRAMES: usize = 256;
/// A block of a class that never reaches this score is not stored; its frames read as 0.
const KEPT_SCORE: f32 = 0.01;
const QUANTUM: f32 = u16::MAX as f32;

/// Where the frames of a model lie on the recording.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct FrameAxis {
    /// When the first frame's own stretch of time begins, in seconds; what lies before it belongs to the first frame too.
    pub first_onset_secs: f64,
    /// From one frame to the next, in seconds, > 0.
    pub hop_secs: f64,
}

impl FrameAxis {
    /// When frame `frame` begins, in seconds; the first one begins with the recording.
    pub fn onset_secs(&self, frame: usize) -> f64 {
        if frame == 0 { 0.0 } else { self.border_secs(frame).max(0.0) }
    }

    /// Where `frame` begins and the frame before it ends, in seconds. Where frames begin with the recording and a whole number of them makes
    /// a second, it is the f64 nearest to the true quotient, as the reference programs have it: 3 frames of 0.1 s are 0.3 s.
    pub fn border_secs(&self, frame: usize) -> f64 {
        let per_second = (1.0 / self.hop_secs).round();
        if self.first_onset_secs == 0.0 && (per_second * self.hop_secs - 1.0).abs() < 1e-12 {
            return frame as f64 / per_second;
        }
        self.first_onset_secs + frame as f64 * self.hop_secs
    }

    /// The span from the start of `first` to the end of the frame before `after`; the last frame of all reaches to the end of the
    /// recording if that is less than a hop away.
    pub fn span(&self, first: usize, after: usize, frame_count: usize, duration_secs: f64) -> Span {
        let mut offset = self.border_secs(after);
        if after >= frame_count && duration_secs - offset < self.hop_secs {
            offset = duration_secs;
        }
        Span::between(self.onset_secs(first), offset).clipped(duration_secs)
    }

    /// The frame in whose stretch of time the moment lies, not bounded above.
    pub fn frame_at(&self, secs: f64) -> usize {
        ((secs - self.first_onset_secs) / self.hop_secs).floor().max(0.0) as usize
    }
}

type Block = Box<[u16; BLOCK_FRAMES]>;

/// All classes over the frames of one block.
#[derive(Clone, Debug, PartialEq)]
struct Slab {
    /// Per class: its scores, none where nothing was worth keeping.
    columns: Vec<Option<Block>>,
    /// Per class: the least and the greatest; none before the block is complete.
    bounds: bounds::Row,
}

impl Slab {
    /// A slab that is complete; none if nothing in it is kept.
    fn complete(columns: Vec<Option<Block>>) -> Option<Arc<Self>> {
        if columns.iter().all(Option::is_none) {
            return None;
        }
        let of_column = |column: &Option<Block>| column.as_ref().map_or(Bounds::QUIET, |block| Bounds::of(&block[..]));
        let bounds = columns.iter().map(of_column).collect();
        Some(Arc::new(Self { columns, bounds: Some(bounds) }))
    }
}

/// Frame scores of one recording by one model, `[frame × class]`, each 0 to 1 in steps of 1/65535; scores of a class below 0.01 over
/// 256 frames in a row are read as 0.
///
/// A clone shares all blocks but the one that is still growing: it costs a pointer a block, whatever the number of classes.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameScores {
    /// Where the frames lie.
    pub axis: FrameAxis,
    /// The classes, in the model's order.
    pub classes: Arc<[Arc<str>]>,
    frame_count: usize,
    /// The blocks so far, none where nothing was worth keeping of any class.
    slabs: Vec<Option<Arc<Slab>>>,
    /// What is known of many complete blocks at once.
    pyramid: Pyramid,
    peaks: Vec<f32>,
    /// The same in all clones, and in nothing else.
    origin: Arc<()>,
}

impl FrameScores {
    /// No frames yet.
    pub fn new(axis: FrameAxis, classes: Arc<[Arc<str>]>) -> Self {
        let count = classes.len();
        let (slabs, pyramid) = (Vec::new(), Pyramid::default());
        Self { axis, classes, frame_count: 0, slabs, pyramid, peaks: vec![0.0; count], origin: Arc::default() }
    }

    /// Whether one of the two is a clone of the other, to which frames may have been added.
    pub fn is_kin(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.origin, &other.origin)
    }

    /// How many frames there are.
    pub fn frame_count(&self) -> usize {
        self.frame_count
    }

    /// Where the frames within a recording of `duration_secs` begin, and where the last of them ends, in seconds, ascending: one more than there
    /// are such frames. Frames beyond the end, of silence that was scored, are none; without any frame there is only the end.
    pub fn borders_secs(&self, duration_secs: f64) -> Vec<f64> {
        let end = self.axis.span(0, self.frame_count, self.frame_count, duration_secs).offset_secs;
        let onsets = (0..self.frame_count).map(|frame| self.axis.onset_secs(frame));
        let mut borders: Vec<f64> = onsets.take_while(|&onset| onset < end).collect();
        borders.push(end);
        borders
    }

    /// Appends frames: `scores` is row-major `[frame × class]`; a last row that is not whole is ignored.
    pub fn push(&mut self, scores: &[f32]) {
        let class_count = self.classes.len();
        if class_count == 0 {
            return;
        }
        let mut rest = &scores[..scores.len() / class_count * class_count];
        while !rest.is_empty() {
            let open = BLOCK_FRAMES - self.frame_count % BLOCK_FRAMES;
            let (rows, after) = rest.split_at(rest.len().min(open * class_count));
            self.push_within_block(rows, class_count);
            rest = after;
        }
    }

    /// Appends rows that all belong to one block, class by class.
    fn push_within_block(&mut self, rows: &[f32], class_count: usize) {
        let (index, place) = (self.frame_count / BLOCK_FRAMES, self.frame_count % BLOCK_FRAMES);
        let count = rows.len() / class_count;
        self.slabs.resize(index + 1, None);
        let nothing = || Arc::new(Slab { columns: vec![None; class_count], bounds: None });
        let slab = Arc::make_mut(self.slabs[index].get_or_insert_with(nothing));
        for (class, (column, peak)) in slab.columns.iter_mut().zip(&mut self.peaks).enumerate() {
            let block = column.get_or_insert_with(|| Box::new([0; BLOCK_FRAMES]));
            let of_class = rows[class..].iter().step_by(class_count);
            for (kept, &score) in block[place..place + count].iter_mut().zip(of_class) {
                let score = if score.is_finite() { score.clamp(0.0, 1.0) } else { 0.0 };
                *peak = peak.max(score);
                // Nothing is below 0, so that cutting off rounds to the nearest.
                *kept = (score * QUANTUM + 0.5) as u16;
            }
        }
        if place + count == BLOCK_FRAMES {
            let mut columns = std::mem::take(&mut slab.columns);
            columns.iter_mut().for_each(drop_if_quiet);
            self.slabs[index] = Slab::complete(columns);
            self.grow_pyramid(index + 1);
        }
        self.frame_count += count;
    }

    /// Takes note that the first `blocks` blocks are complete.
    fn grow_pyramid(&mut self, blocks: usize) {
        let slabs = &self.slabs;
        self.pyramid.grow(blocks, |block| slabs[block].as_ref().and_then(|slab| slab.bounds.clone()));
    }

    /// The scores of one class over all frames.
    pub fn class_scores(&self, class: usize) -> Vec<f32> {
        self.class_scores_between(class, 0, self.frame_count)
    }

    /// The scores of one class over the frames `first..after`, cut to those that exist.
    pub fn class_scores_between(&self, class: usize, first: usize, after: usize) -> Vec<f32> {
        let after = after.min(self.frame_count);
        let mut scores = Vec::with_capacity(after.saturating_sub(first));
        let mut frame = first;
        while frame < after {
            let (place, end) = (frame % BLOCK_FRAMES, after.min(frame - frame % BLOCK_FRAMES + BLOCK_FRAMES));
            match self.block(frame / BLOCK_FRAMES, class) {
                Some(block) => {
                    let kept = &block[place..place + end - frame];
                    scores.extend(kept.iter().map(|&score| f32::from(score) / QUANTUM));
                }
                None => scores.resize(scores.len() + end - frame, 0.0),
            }
            frame = end;
        }
        scores
    }

    fn block(&self, block: usize, class: usize) -> Option<&Block> {
        self.slabs.get(block)?.as_ref()?.columns.get(class)?.as_ref()
    }

    /// One score; 0 outside.
    pub fn score(&self, frame: usize, class: usize) -> f32 {
        if frame >= self.frame_count {
            return 0.0;
        }
        let block = self.block(frame / BLOCK_FRAMES, class);
        block.map_or(0.0, |block| f32::from(block[frame % BLOCK_FRAMES]) / QUANTUM)
    }

    /// The greatest score of one class over the frames `first..after`, cut to those that exist; 0 for none.
    pub fn max_between(&self, class: usize, first: usize, after: usize) -> f32 {
        self.bounds_between(class, first, after).1
    }

    /// The least and the greatest score of one class over the frames `first..after`, cut to those that exist; both 0 for none. It takes a
    /// few hundred steps at most, however many frames these are.
    pub fn bounds_between(&self, class: usize, first: usize, after: usize) -> (f32, f32) {
        let after = after.min(self.frame_count);
        if first >= after {
            return (0.0, 0.0);
        }
        let complete = self.frame_count / BLOCK_FRAMES;
        let (first_whole, after_whole) = (first.div_ceil(BLOCK_FRAMES), (after / BLOCK_FRAMES).min(complete));
        let bounds = if first_whole > after_whole {
            self.bounds_within(class, first, after)
        } else {
            let whole = self.pyramid.over(class, first_whole, after_whole, |block| self.block_bounds(block, class));
            let head = self.bounds_within(class, first, first_whole * BLOCK_FRAMES);
            let tail = self.bounds_within(class, after_whole * BLOCK_FRAMES, after);
            [head, whole, tail].into_iter().flatten().reduce(Bounds::and)
        };
        let bounds = bounds.unwrap_or(Bounds::QUIET);
        (f32::from(bounds.low) / QUANTUM, f32::from(bounds.high) / QUANTUM)
    }

    /// The bounds over frames of one block; none for no frame.
    fn bounds_within(&self, class: usize, first: usize, after: usize) -> Option<Bounds> {
        let place = first % BLOCK_FRAMES;
        let block = (first < after).then(|| self.block(first / BLOCK_FRAMES, class))?;
        Some(block.map_or(Bounds::QUIET, |block| Bounds::of(&block[place..place + after - first])))
    }

    /// The bounds over a block that is complete.
    fn block_bounds(&self, block: usize, class: usize) -> Bounds {
        let row = self.slabs.get(block).and_then(Option::as_ref).and_then(|slab| slab.bounds.as_ref());
        row.and_then(|row| row.get(class)).copied().unwrap_or(Bounds::QUIET)
    }

    /// Stretches of frames, in order and apart, outside of which no score of a class within `reach` frames is greater than `level`.
    pub(super) fn stretches_above(&self, class: usize, level: f32, reach: usize) -> Vec<Range<usize>> {
        let complete = self.frame_count / BLOCK_FRAMES;
        let mut stretches: Vec<Range<usize>> = Vec::new();
        for block in 0..self.frame_count.div_ceil(BLOCK_FRAMES) {
            let frames = block * BLOCK_FRAMES..((block + 1) * BLOCK_FRAMES).min(self.frame_count);
            let bounds = if block < complete {
                self.block_bounds(block, class)
            } else {
                self.bounds_within(class, frames.start, frames.end).unwrap_or(Bounds::QUIET)
            };
            if f32::from(bounds.high) / QUANTUM > level {
                let reached =
                    frames.start.saturating_sub(reach)..frames.end.saturating_add(reach).min(self.frame_count);
                match stretches.last_mut() {
                    Some(last) if reached.start <= last.end => last.end = reached.end,
                    _ => stretches.push(reached),
                }
            }
        }
        stretches
    }

    /// The greatest score of each class, in the model's order.
    pub fn peaks(&self) -> &[f32] {
        &self.peaks
    }

    /// The place of a class in the model's list.
    pub fn class_of(&self, label: &str) -> Option<usize> {
        self.classes.iter().position(|class| **class == *label)
    }

    /// The classes that reach `score` anywhere, strongest first.
    pub fn classes_by_peak(&self, score: f32) -> Vec<usize> {
        let mut classes: Vec<usize> = (0..self.peaks.len()).filter(|&class| self.peaks[class] >= score).collect();
        classes.sort_by(|&a, &b| self.peaks[b].total_cmp(&self.peaks[a]).then(a.cmp(&b)));
        classes
    }

    /// Bytes that the scores take in memory.
    pub fn memory_bytes(&self) -> usize {
        let kept = |slab: &Arc<Slab>| slab.columns.iter().flatten().count();
        self.slabs.iter().flatten().map(kept).sum::<usize>() * BLOCK_FRAMES * 2
    }
}

fn drop_if_quiet(block: &mut Option<Block>) {
    let kept = (KEPT_SCORE * QUANTUM) as u16;
    if block.as_ref().is_some_and(|block| block.iter().all(|&score| score < kept)) {
        *block = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scores() -> FrameScores {
        let classes: Vec<Arc<str>> = vec!["Dog".into(), "Cat".into()];
        FrameScores::new(FrameAxis { first_onset_secs: 0.43, hop_secs: 0.1 }, classes.into())
    }

    #[test]
    fn quiet_blocks_take_no_memory_and_loud_ones_are_exact_to_the_quantum() {
        let mut scores = scores();
        for frame in 0..1000 {
            scores.push(&[frame as f32 / 1000.0, 0.005]);
        }
        assert_eq!(scores.frame_count(), 1000);
        assert!((scores.score(777, 0) - 0.777).abs() < 1.0 / 65535.0);
        assert_eq!(scores.score(100, 1), 0.0);
        // Four blocks of the loud class, and the quiet class's last, unfinished one.
        assert_eq!(scores.memory_bytes(), 5 * BLOCK_FRAMES * 2);
        assert_eq!(scores.classes_by_peak(0.1), vec![0]);
    }

    #[test]
    fn the_maximum_of_a_stretch_is_that_of_its_frames() {
        let mut scores = scores();
        for frame in 0..1000_u32 {
            scores.push(&[((frame * 7919) % 1000) as f32 / 1000.0, 0.0]);
        }
        for (first, after) in [(0, 1), (250, 260), (0, 1000), (513, 768), (999, 5000), (40, 40), (1000, 1001)] {
            let slow = scores.class_scores_between(0, first, after).into_iter().fold(0.0, f32::max);
            assert_eq!(scores.max_between(0, first, after), slow, "{first}..{after}");
        }
    }

    proptest! {
        #[test]
        fn bounds_are_those_of_a_walk_over_all_frames(
            levels in prop::collection::vec(0_u8..40, 1..40),
            frame_count in 0_usize..40_000,
            ranges in prop::collection::vec((0_usize..45_000, 0_usize..45_000), 1..20),
        ) {
            let mut scores = scores();
            // Stretches of some hundred frames, some of them quiet, so that blocks are dropped.
            let score = |frame: usize, class: usize| {
                let level = f32::from(levels[(frame / 300 + class) % levels.len()]) / 40.0;
                if level < 0.3 { 0.001 } else { level - (frame % 7) as f32 * 0.01 }
            };
            let rows: Vec<f32> = (0..frame_count).flat_map(|frame| [score(frame, 0), score(frame, 1)]).collect();
            rows.chunks(1000).for_each(|rows| scores.push(rows));
            let columns = [scores.class_scores(0), scores.class_scores(1)];
            for (a, b) in ranges {
                let (first, after) = (a.min(b), a.max(b));
                for (class, column) in columns.iter().enumerate() {
                    let slow = column.get(first.min(frame_count)..after.min(frame_count)).unwrap_or_default();
                    let expected = if slow.is_empty() {
                        (0.0, 0.0)
                    } else {
                        (slow.iter().copied().fold(1.0, f32::min), slow.iter().copied().fold(0.0, f32::max))
                    };
                    prop_assert_eq!(scores.bounds_between(class, first, after), expected, "{}..{}", first, after);
                }
            }
        }
    }

    #[test]
    fn a_clone_shares_what_is_complete_and_is_left_alone_by_what_comes_later() {
        let mut scores = scores();
        scores.push(&[0.5; 2 * 700]);
        let before = scores.clone();
        scores.push(&[0.9; 2 * 100]);
        assert_eq!((before.frame_count(), before.max_between(0, 0, 800)), (700, before.score(0, 0)));
        assert!(scores.max_between(0, 0, 800) > 0.89);
        let shared = |block: usize| match (&scores.slabs[block], &before.slabs[block]) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            _ => false,
        };
        assert!(shared(0) && shared(1) && !shared(2));
    }

    #[test]
    fn the_axis_covers_the_recording_from_end_to_end() {
        let axis = FrameAxis { first_onset_secs: 0.43, hop_secs: 0.1 };
        assert_eq!(axis.span(0, 1, 20, 2.45).onset_secs, 0.0);
        assert_eq!(axis.span(5, 20, 20, 2.45).offset_secs, 2.45);
        assert_eq!(axis.frame_at(0.5), 0);
        assert_eq!(axis.frame_at(0.54), 1);
    }

    #[test]
    fn borders_of_whole_frames_a_second_are_rounded_once() {
        let axis = FrameAxis { first_onset_secs: 0.0, hop_secs: 0.04 };
        for frame in 0..100_000_usize {
            assert_eq!(axis.border_secs(frame), (4 * frame) as f64 / 100.0);
        }
    }
}
