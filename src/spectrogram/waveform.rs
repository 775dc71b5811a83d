//! Waveform peaks of a whole recording as a pyramid, and of a short stretch in full detail.

use crate::dsp::peaks::{PackedPeak, Peak, PeakSum};

/// Peaks of one level that make one of the next.
const STEP: u64 = 4;

/// Samples in a block of the pyramid's lowest level: the power of two from 8 ms up (512 at 44.1 and 48 kHz).
pub fn wave_block_samples(sample_rate: u32) -> u64 {
    (u64::from(sample_rate) / 125).max(16).next_power_of_two()
}

/// Peaks of all blocks of a recording so far; 2.7 MB an hour at 48 kHz.
#[derive(Debug)]
pub struct WaveStore {
    block: u64,
    levels: Vec<Vec<PackedPeak>>,
    groups: Vec<PeakSum>,
}

impl WaveStore {
    /// No blocks yet; each will be of `block` samples.
    pub fn new(block: u64) -> Self {
        Self { block: block.max(1), levels: vec![Vec::new()], groups: vec![PeakSum::default()] }
    }

    /// Samples in a block.
    pub fn block_samples(&self) -> u64 {
        self.block
    }

    /// Appends the peaks of the next blocks.
    pub fn push(&mut self, peaks: &[PackedPeak]) {
        peaks.iter().for_each(|&peak| self.push_at(0, peak));
    }

    /// Peaks of `count` pixels of `samples_per_px` samples each, from sample `first` on (which may be negative); `None` where
    /// nothing is known.
    pub fn peaks(&self, first: f64, samples_per_px: f64, count: usize) -> Vec<Option<Peak>> {
        let finer = (samples_per_px / self.block as f64).max(1.0).log(STEP as f64).floor() as usize;
        let level = finer.min(self.levels.len() - 1);
        let block = self.block * STEP.pow(level as u32);
        let blocks = &self.levels[level];
        let known = self.levels[0].len() as u64 * self.block;
        // The group begun is not in the level yet; the finest level fills that gap.
        let rest = (blocks.len() as u64 * STEP.pow(level as u32)) as usize;
        reduce(first, samples_per_px, count, |from, to| {
            let mut sum = PeakSum::default();
            add_blocks(&mut sum, blocks, block, from, to);
            if to > blocks.len() as f64 * block as f64 && level > 0 && from < known as f64 {
                let tail = self.levels[0].get(rest..).unwrap_or(&[]);
                let start = (rest as u64 * self.block) as f64;
                add_blocks(&mut sum, tail, self.block, (from - start).max(0.0), to - start);
            }
            sum.peak()
        })
    }

    /// Bytes of all peaks.
    pub fn byte_count(&self) -> usize {
        self.levels.iter().map(|level| level.capacity() * size_of::<PackedPeak>()).sum()
    }

    fn push_at(&mut self, level: usize, peak: PackedPeak) {
        if level == self.levels.len() {
            self.levels.push(Vec::new());
            self.groups.push(PeakSum::default());
        }
        self.levels[level].push(peak);
        self.groups[level].add_peak(peak.into(), 1);
        if self.groups[level].weight() == STEP
            && let Some(sum) = std::mem::take(&mut self.groups[level]).peak()
        {
            self.push_at(level + 1, sum.into());
        }
    }
}

/// Peaks of a short stretch in the detail that a deep zoom needs.
#[derive(Clone, Debug)]
pub struct FineWave {
    /// First sample of the stretch.
    pub first_sample: u64,
    /// Samples in a block, 1 or more.
    pub block: u64,
    /// One peak a block.
    pub peaks: Vec<Peak>,
}

impl FineWave {
    /// Whether samples `first` to `end` lie in the stretch, with blocks no longer than `samples_per_px`.
    pub fn covers(&self, first: u64, end: u64, samples_per_px: f64) -> bool {
        let own_end = self.first_sample + self.peaks.len() as u64 * self.block;
        first >= self.first_sample && end <= own_end && self.block as f64 <= samples_per_px.max(1.0)
    }

    /// As [`WaveStore::peaks`].
    pub fn peaks(&self, first: f64, samples_per_px: f64, count: usize) -> Vec<Option<Peak>> {
        let first = first - self.first_sample as f64;
        reduce(first, samples_per_px, count, |from, to| {
            let mut sum = PeakSum::default();
            let (start, end) = block_range(self.peaks.len(), self.block, from, to);
            self.peaks[start..end].iter().for_each(|&peak| sum.add_peak(peak, 1));
            sum.peak()
        })
    }
}

/// Asks for the peak of each pixel's samples `[from, to)`.
fn reduce(first: f64, samples_per_px: f64, count: usize, of: impl Fn(f64, f64) -> Option<Peak>) -> Vec<Option<Peak>> {
    let edge = |px: usize| first + px as f64 * samples_per_px;
    (0..count).map(|px| if edge(px + 1) <= 0.0 { None } else { of(edge(px).max(0.0), edge(px + 1)) }).collect()
}

/// The blocks that samples `[from, to)` touch by more than rounding.
fn block_range(blocks: usize, block: u64, from: f64, to: f64) -> (usize, usize) {
    const ROUNDING: f64 = 1e-6;
    let start = ((from / block as f64 + ROUNDING).floor() as usize).min(blocks);
    let end = ((to / block as f64 - ROUNDING).ceil() as usize).max(start + 1).min(blocks);
    (start, end)
}

fn add_blocks(sum: &mut PeakSum, blocks: &[PackedPeak], block: u64, from: f64, to: f64) {
    let (start, end) = block_range(blocks.len(), block, from, to);
    blocks[start..end].iter().for_each(|&peak| sum.add_peak(peak.into(), 1));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(blocks: usize) -> WaveStore {
        let mut store = WaveStore::new(100);
        let peak = |n: usize| Peak { min: -(n as f32) / 1000.0, max: n as f32 / 1000.0, rms: 0.25 };
        store.push(&(0..blocks).map(|n| PackedPeak::from(peak(n))).collect::<Vec<_>>());
        store
    }

    #[test]
    fn every_zoom_sees_the_greatest_sample_of_a_pixel() {
        let store = store(999);
        for blocks_per_px in [1_usize, 3, 4, 17, 64, 500] {
            let count = 999_usize.div_ceil(blocks_per_px);
            let peaks = store.peaks(0.0, (blocks_per_px * 100) as f64, count);
            for (px, peak) in peaks.iter().enumerate() {
                let expected = ((px + 1) * blocks_per_px).min(999) - 1;
                let max = peak.expect("known").max;
                assert!(max >= expected as f32 / 1000.0 - 1e-6, "{blocks_per_px} a pixel, pixel {px}: {max}");
                // A block of the level above may reach over the pixel's border, by less than its own length.
                assert!(max <= (expected + blocks_per_px) as f32 / 1000.0 + 1e-3);
            }
        }
    }

    #[test]
    fn outside_nothing_is_known() {
        let peaks = store(10).peaks(-200.0, 100.0, 14);
        let known: Vec<bool> = peaks.iter().map(Option::is_some).collect();
        let expected: Vec<bool> = (0..14).map(|px| (2..12).contains(&px)).collect();
        assert_eq!(known, expected);
    }

    #[test]
    fn the_pyramid_costs_a_third_more_than_its_base() {
        let store = store(100_000);
        let count: usize = store.levels.iter().map(Vec::len).sum();
        assert!(count < 134_000);
    }

    #[test]
    fn fine_peaks_are_the_samples_themselves() {
        let peaks = (0..50).map(|n| Peak { min: n as f32, max: n as f32, rms: n as f32 }).collect();
        let wave = FineWave { first_sample: 1000, block: 1, peaks };
        assert!(wave.covers(1000, 1050, 0.5) && !wave.covers(999, 1050, 0.5) && !wave.covers(1000, 1051, 2.0));
        let drawn = wave.peaks(1010.0, 0.5, 4);
        let values: Vec<f32> = drawn.iter().map(|peak| peak.expect("known").max).collect();
        assert_eq!(values, [10.0, 10.0, 11.0, 11.0]);
    }
}
