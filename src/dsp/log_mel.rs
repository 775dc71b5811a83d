//! The log-mel front ends of models: from samples to frames of log band levels. Pure; knows no model by name.
//!
//! One set of parameters covers both families in use: TensorFlow's (YAMNet: plain frames, magnitude, `ln(x + offset)`)
//! and Kaldi's fbank (16-bit scale, mean removed, pre-emphasis, Povey window, power, `ln(max(x, floor))`).
//!
//! Frames and spectra are computed in 64 bits: beside a loud band, the rounding of a 32-bit FFT shows as errors of some thousandths in the
//! logarithm of a quiet one.

use super::mel::{MelBank, MelSpec};
use super::window::FrameWindow;
use realfft::num_complex::Complex64;
use realfft::{RealFftPlanner, RealToComplex};
use std::sync::Arc;

/// What is summed into bands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpectrumKind {
    /// Magnitudes |X|.
    Magnitude,
    /// Powers |X|².
    Power,
}

/// How a band's sum becomes a level.
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogRule {
    /// `ln(x + offset)`.
    Offset(f32),
    /// `ln(max(x, floor))`.
    Floor(f32),
}

/// All that defines a log-mel front end.
#[derive(Clone, Debug, PartialEq)]
pub struct LogMelSpec {
    /// The bands.
    pub mel: MelSpec,
    /// Samples of a frame, ≤ `mel.fft_size`; zeros follow up to the FFT length.
    pub window_samples: usize,
    /// Samples from one frame to the next.
    pub hop_samples: usize,
    /// The frame's window.
    pub window: FrameWindow,
    /// Magnitude or power.
    pub spectrum: SpectrumKind,
    /// The logarithm.
    pub log: LogRule,
    /// What samples of −1 to 1 are multiplied by (32768 for Kaldi's 16-bit scale).
    pub sample_scale: f32,
    /// Whether each frame's mean is taken away first.
    pub remove_mean: bool,
    /// Each sample less this much of the one before it, within the frame, the first less this much of itself; 0 for none.
    pub preemphasis: f32,
}

impl LogMelSpec {
    /// How many whole frames `sample_count` samples hold.
    pub fn frame_count(&self, sample_count: u64) -> u64 {
        let (window, hop) = (self.window_samples as u64, self.hop_samples as u64);
        if sample_count < window { 0 } else { (sample_count - window) / hop + 1 }
    }

    /// How many samples `frame_count` frames need.
    pub fn sample_count(&self, frame_count: u64) -> u64 {
        match frame_count {
            0 => 0,
            count => (count - 1) * self.hop_samples as u64 + self.window_samples as u64,
        }
    }
}

/// A log-mel front end for samples that come bit by bit. Frame `t` is made of the samples from `t · hop_samples` on.
pub struct LogMel {
    spec: LogMelSpec,
    window: Vec<f64>,
    fft: Arc<dyn RealToComplex<f64>>,
    bank: MelBank,
    /// Samples that later frames still need.
    pending: Vec<f32>,
    frame: Vec<f64>,
    bins: Vec<Complex64>,
    scratch: Vec<Complex64>,
    spectrum: Vec<f32>,
}

impl LogMel {
    /// A front end at the start of a recording.
    pub fn new(spec: LogMelSpec) -> Self {
        let fft = RealFftPlanner::new().plan_fft_forward(spec.mel.fft_size);
        Self {
            window: spec.window.weights(spec.window_samples),
            bank: MelBank::new(&spec.mel),
            pending: Vec::new(),
            frame: fft.make_input_vec(),
            bins: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            spectrum: vec![0.0; spec.mel.fft_size / 2 + 1],
            fft,
            spec,
        }
    }

    /// Number of bands of a frame.
    pub fn band_count(&self) -> usize {
        self.bank.band_count()
    }

    /// Forgets all samples, to begin at another place of the recording.
    pub fn restart(&mut self) {
        self.pending.clear();
    }

    /// Takes samples and appends the frames that became whole to `frames`, row-major `[frame × band]`.
    pub fn push(&mut self, samples: &[f32], frames: &mut Vec<f32>) {
        self.pending.extend_from_slice(samples);
        let ready = self.spec.frame_count(self.pending.len() as u64) as usize;
        let (bands, first) = (self.band_count(), frames.len());
        frames.resize(first + ready * bands, 0.0);
        for (index, out) in frames[first..].chunks_exact_mut(bands.max(1)).enumerate() {
            let onset = index * self.spec.hop_samples;
            self.load_frame(onset);
            self.write_levels(out);
        }
        let used = (ready * self.spec.hop_samples).min(self.pending.len());
        self.pending.drain(..used);
    }

    fn load_frame(&mut self, onset: usize) {
        let spec = &self.spec;
        let samples = &self.pending[onset..onset + spec.window_samples];
        let (own, padding) = self.frame.split_at_mut(spec.window_samples);
        padding.fill(0.0);
        let (scale, preemphasis) = (f64::from(spec.sample_scale), f64::from(spec.preemphasis));
        let mean = if spec.remove_mean { mean_of(samples) } else { 0.0 };
        for (out, &sample) in own.iter_mut().zip(samples) {
            *out = (f64::from(sample) - mean) * scale;
        }
        if preemphasis != 0.0 {
            for at in (1..own.len()).rev() {
                own[at] -= preemphasis * own[at - 1];
            }
            own[0] -= preemphasis * own[0];
        }
        for (out, weight) in own.iter_mut().zip(&self.window) {
            *out *= weight;
        }
    }

    fn write_levels(&mut self, out: &mut [f32]) {
        // The lengths are those the plan made, so that it cannot refuse.
        let done = self.fft.process_with_scratch(&mut self.frame, &mut self.bins, &mut self.scratch);
        debug_assert!(done.is_ok());
        for (level, bin) in self.spectrum.iter_mut().zip(&self.bins) {
            *level = bin.norm_sqr() as f32;
        }
        if self.spec.spectrum == SpectrumKind::Magnitude {
            self.spectrum.iter_mut().for_each(|level| *level = level.sqrt());
        }
        self.bank.apply(&self.spectrum, out);
        match self.spec.log {
            LogRule::Offset(offset) => out.iter_mut().for_each(|level| *level = (*level + offset).ln()),
            LogRule::Floor(floor) => out.iter_mut().for_each(|level| *level = level.max(floor).ln()),
        }
    }
}

fn mean_of(samples: &[f32]) -> f64 {
    let sum: f64 = samples.iter().map(|&sample| f64::from(sample)).sum();
    sum / samples.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> LogMelSpec {
        LogMelSpec {
            mel: MelSpec { sample_rate: 16_000, fft_size: 512, band_count: 64, low_hz: 125.0, high_hz: 7500.0 },
            window_samples: 400,
            hop_samples: 160,
            window: FrameWindow::HannPeriodic,
            spectrum: SpectrumKind::Magnitude,
            log: LogRule::Offset(0.001),
            sample_scale: 1.0,
            remove_mean: false,
            preemphasis: 0.0,
        }
    }

    #[test]
    fn pieces_of_any_length_give_the_same_frames() {
        let samples: Vec<f32> = (0..5000).map(|at| ((at * at) as f32 * 0.01).sin()).collect();
        let mut whole = Vec::new();
        LogMel::new(spec()).push(&samples, &mut whole);
        assert_eq!(whole.len() as u64, spec().frame_count(5000) * 64);
        for step in [1, 159, 401, 3000] {
            let (mut front_end, mut frames) = (LogMel::new(spec()), Vec::new());
            samples.chunks(step).for_each(|piece| front_end.push(piece, &mut frames));
            assert_eq!(frames, whole, "step {step}");
        }
    }

    #[test]
    fn silence_is_the_logarithm_of_the_offset() {
        let mut frames = Vec::new();
        LogMel::new(spec()).push(&[0.0; 400], &mut frames);
        assert!(frames.len() == 64 && frames.iter().all(|level| (level - 0.001_f32.ln()).abs() < 1e-6));
    }

    #[test]
    fn frames_and_samples_agree() {
        let spec = spec();
        assert_eq!((spec.frame_count(399), spec.frame_count(400), spec.frame_count(560)), (0, 1, 2));
        assert_eq!((spec.sample_count(0), spec.sample_count(96)), (0, 15_600));
    }
}
