//! A model's scores over a recording, frame by class, kept small: hours of hundreds of classes fit in memory.

mod bytes;

pub use bytes::ScoreBytesError;

use crate::time::Span;
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

/// Frame scores of one recording by one model, `[frame × class]`, each 0 to 1 in steps of 1/65535; scores of a class below 0.01 over
/// 256 frames in a row are read as 0.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameScores {
    /// Where the frames lie.
    pub axis: FrameAxis,
    /// The classes, in the model's order.
    pub classes: Arc<[Arc<str>]>,
    frame_count: usize,
    /// Per class: the blocks so far, `None` where nothing was worth keeping.
    columns: Vec<Vec<Option<Box<[u16; BLOCK_FRAMES]>>>>,
    peaks: Vec<f32>,
}

impl FrameScores {
    /// No frames yet.
    pub fn new(axis: FrameAxis, classes: Arc<[Arc<str>]>) -> Self {
        let count = classes.len();
        Self { axis, classes, frame_count: 0, columns: vec![Vec::new(); count], peaks: vec![0.0; count] }
    }

    /// How many frames there are.
    pub fn frame_count(&self) -> usize {
        self.frame_count
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
        for (class, (column, peak)) in self.columns.iter_mut().zip(&mut self.peaks).enumerate() {
            column.resize(index + 1, None);
            let block = column[index].get_or_insert_with(|| Box::new([0; BLOCK_FRAMES]));
            let of_class = rows[class..].iter().step_by(class_count);
            for (kept, &score) in block[place..place + count].iter_mut().zip(of_class) {
                let score = if score.is_finite() { score.clamp(0.0, 1.0) } else { 0.0 };
                *peak = peak.max(score);
                // Nothing is below 0, so that cutting off rounds to the nearest.
                *kept = (score * QUANTUM + 0.5) as u16;
            }
            if place + count == BLOCK_FRAMES {
                drop_if_quiet(&mut column[index]);
            }
        }
        self.frame_count += count;
    }

    /// The scores of one class over all frames.
    pub fn class_scores(&self, class: usize) -> Vec<f32> {
        self.class_scores_between(class, 0, self.frame_count)
    }

    /// The scores of one class over the frames `first..after`, cut to those that exist.
    pub fn class_scores_between(&self, class: usize, first: usize, after: usize) -> Vec<f32> {
        (first..after.min(self.frame_count)).map(|frame| self.score(frame, class)).collect()
    }

    /// One score; 0 outside.
    pub fn score(&self, frame: usize, class: usize) -> f32 {
        if frame >= self.frame_count {
            return 0.0;
        }
        match self.columns.get(class).and_then(|column| column.get(frame / BLOCK_FRAMES)) {
            Some(Some(block)) => f32::from(block[frame % BLOCK_FRAMES]) / QUANTUM,
            _ => 0.0,
        }
    }

    /// The greatest score of one class over the frames `first..after`, cut to those that exist; 0 for none.
    pub fn max_between(&self, class: usize, first: usize, after: usize) -> f32 {
        let after = after.min(self.frame_count);
        let Some(column) = self.columns.get(class).filter(|_| first < after) else { return 0.0 };
        let blocks = column.iter().enumerate().take(after.div_ceil(BLOCK_FRAMES)).skip(first / BLOCK_FRAMES);
        let greatest = blocks.filter_map(|(block, scores)| {
            let start = block * BLOCK_FRAMES;
            let range = first.saturating_sub(start)..(after - start).min(BLOCK_FRAMES);
            scores.as_ref()?.get(range)?.iter().copied().max()
        });
        f32::from(greatest.max().unwrap_or_default()) / QUANTUM
    }

    /// The greatest score of each class, in the model's order.
    pub fn peaks(&self) -> &[f32] {
        &self.peaks
    }

    /// The classes that reach `score` anywhere, strongest first.
    pub fn classes_by_peak(&self, score: f32) -> Vec<usize> {
        let mut classes: Vec<usize> = (0..self.peaks.len()).filter(|&class| self.peaks[class] >= score).collect();
        classes.sort_by(|&a, &b| self.peaks[b].total_cmp(&self.peaks[a]).then(a.cmp(&b)));
        classes
    }

    /// Bytes that the scores take in memory.
    pub fn memory_bytes(&self) -> usize {
        self.columns.iter().flatten().flatten().count() * BLOCK_FRAMES * 2
    }
}

fn drop_if_quiet(block: &mut Option<Box<[u16; BLOCK_FRAMES]>>) {
    let kept = (KEPT_SCORE * QUANTUM) as u16;
    if block.as_ref().is_some_and(|block| block.iter().all(|&score| score < kept)) {
        *block = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
