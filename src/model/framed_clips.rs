//! Cutting samples into clips that give many rows of scores each, and putting those rows together again. Pure; knows no network.
//!
//! With [`Preset::Overlapping`] clips overlap by a stretch in which the scores fade over from one clip to the next: at its edge a clip sees
//! nothing of what lies beyond, and there it has no say. The last clip begins where it ends with the recording, so that no silence is scored.
//! With [`Preset::Reference`] clips follow each other and the last one is filled up with silence.

use super::ShortClips;
use super::planner::Batch;
use crate::decision::Preset;

/// How a recording is cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Framing {
    /// Samples of a clip.
    pub clip_samples: usize,
    /// Rows of a clip.
    pub rows: usize,
    /// Samples of a row.
    pub row_samples: usize,
    /// Rows from one clip to the next, at most `rows`.
    pub hop_rows: usize,
    /// Whether clips overlap.
    pub preset: Preset,
    /// What fills up a recording that is shorter than a clip.
    pub short: ShortClips,
}

impl Framing {
    /// Rows that begin before the end of a recording of `sample_count` samples.
    fn rows_inside(&self, sample_count: u64) -> usize {
        sample_count.div_ceil(self.row_samples as u64) as usize
    }

    fn onset_sample(&self, row: usize) -> u64 {
        row as u64 * self.row_samples as u64
    }
}

/// Collects samples and cuts batches of clips.
pub(super) struct ClipCutter {
    framing: Framing,
    clips_per_batch: usize,
    /// The samples from `first_sample` on.
    samples: Vec<f32>,
    first_sample: u64,
    /// Where the next clip begins.
    next_row: usize,
    is_done: bool,
}

impl ClipCutter {
    /// At the start of a recording; clips come in batches of `clips_per_batch` or fewer.
    pub fn new(framing: Framing, clips_per_batch: usize) -> Self {
        Self { framing, clips_per_batch, samples: Vec::new(), first_sample: 0, next_row: 0, is_done: false }
    }

    /// Where new samples are to be appended.
    pub fn samples_mut(&mut self) -> &mut Vec<f32> {
        &mut self.samples
    }

    /// The next batch that is complete whatever comes later.
    pub fn ready(&mut self) -> Option<Batch> {
        let whole = self.whole_clips();
        (whole >= self.clips_per_batch).then(|| self.cut_whole(self.clips_per_batch))
    }

    /// The next of the last batches, once all `sample_count` > 0 samples are there.
    pub fn rest(&mut self, sample_count: u64) -> Option<Batch> {
        let whole = self.whole_clips();
        if whole > 0 {
            return Some(self.cut_whole(whole.min(self.clips_per_batch)));
        }
        if std::mem::replace(&mut self.is_done, true) {
            return None;
        }
        let (clip, inside) = (self.framing.clip_samples as u64, self.framing.rows_inside(sample_count));
        match self.framing.preset {
            Preset::Reference => {
                let rows = self.framing.rows;
                let is_open = self.framing.onset_sample(self.next_row) < sample_count;
                let padding = (self.next_row + rows).saturating_sub(inside).min(rows);
                is_open.then(|| self.cut_last(self.next_row, rows, padding))
            }
            Preset::Overlapping if sample_count < clip => Some(self.cut_last(0, self.framing.rows.min(inside), 0)),
            Preset::Overlapping => {
                let row = ((sample_count - clip) / self.framing.row_samples as u64) as usize;
                let last_row = self.next_row - self.framing.hop_rows;
                (row > last_row).then(|| self.cut_last(row, self.framing.rows, 0))
            }
        }
    }

    /// How many clips from the next one on are there as a whole.
    fn whole_clips(&self) -> usize {
        let Framing { clip_samples, row_samples, hop_rows, .. } = self.framing;
        let available = self.first_sample + self.samples.len() as u64;
        match available.checked_sub(self.framing.onset_sample(self.next_row) + clip_samples as u64) {
            Some(over) => (over / (hop_rows * row_samples) as u64) as usize + 1,
            None => 0,
        }
    }

    fn cut_whole(&mut self, clips: usize) -> Batch {
        let Framing { clip_samples, rows, hop_rows, .. } = self.framing;
        let onset_rows: Vec<usize> = (0..clips).map(|clip| self.next_row + clip * hop_rows).collect();
        let mut input = Vec::with_capacity(clips * clip_samples);
        for &row in &onset_rows {
            let first = self.place_of(row);
            input.extend_from_slice(&self.samples[first..first + clip_samples]);
        }
        self.next_row += clips * hop_rows;
        self.forget();
        Batch { input, frame_count: clips * clip_samples, keep_rows: clips * rows, onset_rows, ..Batch::default() }
    }

    /// A clip of what is left from `row` on, filled up; the first `keep_rows` of its rows are kept.
    fn cut_last(&mut self, row: usize, keep_rows: usize, padding_rows: usize) -> Batch {
        let clip_samples = self.framing.clip_samples;
        let sound = &self.samples[self.place_of(row)..];
        let mut input = Vec::with_capacity(clip_samples);
        input.extend_from_slice(&sound[..sound.len().min(clip_samples)]);
        if self.framing.short == ShortClips::Repeat {
            while input.len() < clip_samples && !sound.is_empty() {
                let count = sound.len().min(clip_samples - input.len());
                input.extend_from_slice(&sound[..count]);
            }
        }
        input.resize(clip_samples, 0.0);
        Batch { input, frame_count: clip_samples, keep_rows, onset_rows: vec![row], padding_rows, ..Batch::default() }
    }

    fn place_of(&self, row: usize) -> usize {
        (self.framing.onset_sample(row) - self.first_sample) as usize
    }

    /// Drops the samples before the last clip that was cut: the last clip of all begins after it, but may begin right after it.
    fn forget(&mut self) {
        let needed = self.framing.onset_sample(self.next_row - self.framing.hop_rows);
        let unneeded = needed.saturating_sub(self.first_sample);
        self.samples.drain(..unneeded as usize);
        self.first_sample += unneeded;
    }
}

/// Puts the rows of clips together as they come in order.
pub(super) struct Seams {
    class_count: usize,
    rows: usize,
    /// Rows over which two clips fade.
    fade_rows: usize,
    /// The last `fade_rows` rows of the clip before.
    held: Vec<f32>,
    /// The row after those.
    after_row: usize,
}

impl Seams {
    /// For clips cut by `framing`.
    pub fn new(framing: &Framing, class_count: usize) -> Self {
        let fade_rows = framing.rows - framing.hop_rows;
        Self { class_count, rows: framing.rows, fade_rows, held: Vec::new(), after_row: 0 }
    }

    /// Takes the clips of a batch, `scores` being their rows one clip after the other, and gives the rows that are final now.
    pub fn join(&mut self, onset_rows: &[usize], scores: &[f32]) -> Vec<f32> {
        let mut joined = Vec::with_capacity(scores.len() + self.held.len());
        for (&onset_row, clip) in onset_rows.iter().zip(scores.chunks((self.rows * self.class_count).max(1))) {
            self.join_clip(onset_row, clip, &mut joined);
        }
        joined
    }

    fn join_clip(&mut self, onset_row: usize, clip: &[f32], joined: &mut Vec<f32>) {
        let fading = self.held.len() / self.class_count;
        // What the clip before has said for good is not said again.
        let known = (self.after_row - fading).saturating_sub(onset_row).min(clip.len() / self.class_count);
        let clip = &clip[known * self.class_count..];
        let (seam, fresh) = clip.split_at((fading * self.class_count).min(clip.len()));
        for (row, (old, new)) in
            self.held.chunks_exact(self.class_count).zip(seam.chunks_exact(self.class_count)).enumerate()
        {
            let share = (row + 1) as f32 / (fading + 1) as f32;
            joined.extend(old.iter().zip(new).map(|(old, new)| old + share * (new - old)));
        }
        let last = fresh.len().saturating_sub(self.fade_rows * self.class_count);
        joined.extend_from_slice(&fresh[..last]);
        self.held.clear();
        self.held.extend_from_slice(&fresh[last..]);
        self.after_row = onset_row + known + clip.len() / self.class_count;
    }

    /// The last rows, once no clip follows.
    pub fn finish(&mut self) -> Vec<f32> {
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Clips of 10 rows of 4 samples, 8 rows apart.
    fn framing(preset: Preset, short: ShortClips) -> Framing {
        let hop_rows = if preset == Preset::Reference { 10 } else { 8 };
        Framing { clip_samples: 40, rows: 10, row_samples: 4, hop_rows, preset, short }
    }

    /// Cuts a recording whose sample `n` is `n + 1`, read in pieces of 7.
    fn cut(framing: Framing, samples: usize, clips_per_batch: usize) -> Vec<Batch> {
        let mut cutter = ClipCutter::new(framing, clips_per_batch);
        let mut batches = Vec::new();
        for first in (0..samples).step_by(7) {
            cutter.samples_mut().extend((first..(first + 7).min(samples)).map(|n| (n + 1) as f32));
            batches.extend(std::iter::from_fn(|| cutter.ready()));
            assert!(cutter.samples.len() <= 40 * (clips_per_batch + 1) + 7, "{}", cutter.samples.len());
        }
        batches.extend(std::iter::from_fn(|| cutter.rest(samples as u64)));
        batches
    }

    /// A network that says of each row which of the recording's rows it is, and of those in silence −1.
    fn rows_of(framing: Framing, batches: &[Batch]) -> Vec<f32> {
        let mut seams = Seams::new(&framing, 1);
        let mut joined = Vec::new();
        for batch in batches {
            assert_eq!(batch.input.len(), batch.onset_rows.len() * 40);
            let row = |samples: &[f32]| if samples[0] > 0.0 { (samples[0] - 1.0) / 4.0 } else { -1.0 };
            let scores: Vec<f32> = batch.input.chunks(4).map(row).take(batch.keep_rows).collect();
            joined.extend(seams.join(&batch.onset_rows, &scores));
        }
        joined.extend(seams.finish());
        joined
    }

    #[test]
    fn overlapping_clips_score_each_row_once_and_no_silence() {
        let framing = framing(Preset::Overlapping, ShortClips::Pad);
        for samples in 1..300 {
            for clips_per_batch in [1, 3] {
                let batches = cut(framing, samples, clips_per_batch);
                let rows = rows_of(framing, &batches);
                // A row that is not whole counts only where a clip was filled up anyway.
                let count = if samples < 40 { samples.div_ceil(4) } else { samples / 4 };
                let expected: Vec<f32> = (0..count).map(|row| row as f32).collect();
                assert_eq!(rows.len(), count, "{samples}");
                assert!(rows.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-4), "{samples}: {rows:?}");
                let is_silent = |batch: &Batch| batch.input.contains(&0.0);
                assert_eq!(batches.iter().any(is_silent), samples < 40, "{samples}");
            }
        }
    }

    #[test]
    fn the_reference_has_no_overlap_and_keeps_the_rows_of_the_silence() {
        let framing = framing(Preset::Reference, ShortClips::Pad);
        for samples in [1, 39, 40, 41, 80, 93] {
            let batches = cut(framing, samples, 2);
            let rows = rows_of(framing, &batches);
            assert_eq!(rows.len(), samples.div_ceil(40) * 10, "{samples}");
            let sound = samples.div_ceil(4);
            assert!(rows[..sound].iter().enumerate().all(|(row, &found)| found == row as f32), "{samples}: {rows:?}");
            assert!(rows[sound..].iter().all(|&found| found == -1.0), "{samples}: {rows:?}");
            assert_eq!(batches.iter().map(|batch| batch.padding_rows).sum::<usize>(), rows.len() - sound, "{samples}");
        }
    }

    #[test]
    fn seams_fade_from_one_clip_to_the_next() {
        let framing = framing(Preset::Overlapping, ShortClips::Pad);
        let mut seams = Seams::new(&framing, 1);
        let mut joined = seams.join(&[0, 8], &[[0.0; 10], [3.0; 10]].concat());
        // The last clip begins anywhere; what is known goes before it.
        joined.extend(seams.join(&[11], &[6.0; 10]));
        joined.extend(seams.finish());
        let expected = [[0.0; 8].as_slice(), &[1.0, 2.0], &[3.0; 6], &[4.0, 5.0], &[6.0; 3]].concat();
        assert_eq!(joined, expected);
    }

    #[test]
    fn short_recordings_are_filled_up_with_silence_or_with_themselves() {
        let padded = cut(framing(Preset::Overlapping, ShortClips::Pad), 15, 1);
        assert_eq!((padded.len(), padded[0].keep_rows), (1, 4));
        assert!(padded[0].input[15..].iter().all(|&sample| sample == 0.0));
        let repeated = cut(framing(Preset::Overlapping, ShortClips::Repeat), 15, 1);
        assert_eq!((repeated.len(), repeated[0].keep_rows), (1, 4));
        assert!(repeated[0].input.iter().enumerate().all(|(n, &sample)| sample == (n % 15 + 1) as f32));
    }
}
