//! Blocks of waveform peaks out of samples that come in pieces of any length, the same whatever the pieces are.

use crate::dsp::peaks::{PackedPeak, PeakSum};

/// Makes the peaks of a part of the recording.
#[derive(Clone, Debug)]
pub(super) struct PeakTap {
    block: usize,
    first: u64,
    end: u64,
    /// Samples of the block begun: a block is summed up at once, so that rounding does not depend on the pieces.
    begun: Vec<f32>,
    peaks: Vec<PackedPeak>,
    /// Blocks that were taken away.
    taken: u64,
    read_to: u64,
}

impl PeakTap {
    /// For blocks of `block` samples between samples `first` and `end`; others are left out.
    pub(super) fn new(block: u64, first: u64, end: u64) -> Self {
        let block = block.max(1) as usize;
        Self { block, first, end, begun: Vec::new(), peaks: Vec::new(), taken: 0, read_to: first }
    }

    /// Takes the samples from `at` on. They follow on those before, or begin before `first`.
    pub(super) fn add(&mut self, at: u64, samples: &[f32]) {
        let skipped = (self.read_to.saturating_sub(at)).min(samples.len() as u64) as usize;
        let room = self.end.saturating_sub(self.read_to);
        let wanted = &samples[skipped..];
        let mut samples = &wanted[..(wanted.len() as u64).min(room) as usize];
        self.read_to += samples.len() as u64;
        if !self.begun.is_empty() {
            let (now, later) = samples.split_at((self.block - self.begun.len()).min(samples.len()));
            self.begun.extend_from_slice(now);
            samples = later;
            if self.begun.len() == self.block {
                self.close();
            }
        }
        let blocks = samples.chunks_exact(self.block);
        self.begun.extend_from_slice(blocks.remainder());
        self.peaks.extend(blocks.filter_map(peak_of));
    }

    /// How far samples were taken in.
    pub(super) fn read_to(&self) -> u64 {
        self.read_to
    }

    /// Takes the peaks of the whole blocks before sample `end` away.
    pub(super) fn take_to(&mut self, end: u64) -> Vec<PackedPeak> {
        let wanted = (end.saturating_sub(self.first) / self.block as u64).saturating_sub(self.taken);
        let count = (wanted as usize).min(self.peaks.len());
        self.taken += count as u64;
        let later = self.peaks.split_off(count);
        std::mem::replace(&mut self.peaks, later)
    }

    /// The peaks up to sample `end`, the block begun included.
    pub(super) fn into_peaks_to(mut self, end: u64) -> Vec<PackedPeak> {
        self.close();
        let blocks = end.saturating_sub(self.first).div_ceil(self.block as u64).saturating_sub(self.taken);
        self.peaks.truncate(usize::try_from(blocks).unwrap_or(usize::MAX));
        self.peaks
    }

    /// Ends the block begun.
    fn close(&mut self) {
        self.peaks.extend(peak_of(&self.begun));
        self.begun.clear();
    }
}

fn peak_of(samples: &[f32]) -> Option<PackedPeak> {
    let mut sum = PeakSum::default();
    sum.add_samples(samples);
    sum.peak().map(PackedPeak::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::peaks::block_peaks;

    fn samples() -> Vec<f32> {
        (0..1000).map(|n| ((n * 31 % 97) as f32 - 48.0) / 50.0).collect()
    }

    fn expected(samples: &[f32]) -> Vec<PackedPeak> {
        block_peaks(samples, 64).into_iter().map(PackedPeak::from).collect()
    }

    #[test]
    fn pieces_of_any_length_make_the_same_blocks() {
        for piece in [1, 37, 64, 100, 1000] {
            let mut tap = PeakTap::new(64, 0, u64::MAX);
            let mut taken = Vec::new();
            for (n, samples) in samples().chunks(piece).enumerate() {
                tap.add((n * piece) as u64, samples);
                taken.extend(tap.take_to(300));
            }
            assert_eq!((tap.read_to(), taken.len()), (1000, 4));
            taken.extend(tap.into_peaks_to(1000));
            assert_eq!(taken, expected(&samples()), "pieces of {piece}");
        }
    }

    #[test]
    fn only_samples_of_the_part_count() {
        let mut tap = PeakTap::new(64, 128, 512);
        tap.add(100, &samples()[100..400]);
        tap.add(400, &samples()[400..]);
        assert_eq!(tap.read_to(), 512);
        assert_eq!(tap.clone().into_peaks_to(512), expected(&samples()[128..512]));
        assert_eq!(tap.into_peaks_to(256), expected(&samples()[128..256]));
    }
}
