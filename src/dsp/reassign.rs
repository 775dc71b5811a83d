//! The reassigned spectrogram (Auger and Flandrin 1995): each bin's energy is moved from where the window put it to the moment and the
//! frequency that its phase tells. Two further transforms of the frame give these: one with the window times time, one with the
//! window's derivative. Pure.
//!
//! Energy is added up where it arrives, on a scale on which a steady full-scale sine is 0 dB. Energy stays where it is if it is too weak
//! for its phase to mean anything ([`STAY_BELOW_POWER`]), and if it would move by more than half a frame or out of the picture.

use std::collections::VecDeque;
use std::f64::consts::TAU;
use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex, num_complex::Complex32};

use super::stft::StftSpec;

/// Bins of less power than this (−100 dB relative to a full-scale sine) are not moved.
pub const STAY_BELOW_POWER: f32 = 1e-10;

/// The three transforms of a frame; allocates nothing after it was made.
pub struct Reassigner {
    spec: StftSpec,
    plan: Arc<dyn RealToComplex<f32>>,
    /// The window, the window times the distance in samples from the frame's middle, and its derivative by samples.
    windows: [Vec<f32>; 3],
    spectra: [Vec<Complex32>; 3],
    frame: Vec<f32>,
    scratch: Vec<Complex32>,
    /// What powers are multiplied by, so that the bins over which the window spreads a sine add up to its power.
    share: f32,
}

/// Where the phase of a bin says that its energy is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Displacement {
    /// Power of the bin, 1 for a full-scale sine in its middle.
    pub power: f32,
    /// By how much the energy lies later than the frame's middle, in samples. No number where there is no energy.
    pub later_samples: f32,
    /// By how much it lies higher than the bin, in bins.
    pub higher_bins: f32,
}

/// Columns of one plane that later frames may still add to.
#[derive(Clone, Debug)]
pub struct PendingColumns {
    first: u64,
    /// Powers of the columns from `first` on: as many as a frame reaches to each side, and its own.
    columns: VecDeque<Vec<f32>>,
}

impl Reassigner {
    /// Plans the transforms. The derivative is the central difference of the window as it repeats, as in `librosa.reassigned_spectrogram`.
    pub fn new(spec: StftSpec) -> Self {
        let plan = RealFftPlanner::<f32>::new().plan_fft_forward(spec.fft_size);
        let window = spec.window.weights(spec.frame_len);
        let (len, sum) = (window.len(), window.iter().sum::<f64>());
        let square_sum: f64 = window.iter().map(|weight| weight * weight).sum();
        let scaled = |value: f64| (value * 2.0 / sum) as f32;
        let by_time = |n: usize| window[n] * (n as f64 - 0.5 * len as f64);
        let derivative = |n: usize| 0.5 * (window[(n + 1) % len] - window[(n + len - 1) % len]);
        Self {
            spec,
            windows: [
                window.iter().map(|&weight| scaled(weight)).collect(),
                (0..len).map(|n| scaled(by_time(n))).collect(),
                (0..len).map(|n| scaled(derivative(n))).collect(),
            ],
            spectra: std::array::from_fn(|_| plan.make_output_vec()),
            frame: vec![0.0; spec.fft_size],
            scratch: plan.make_scratch_vec(),
            share: (sum * sum / (square_sum * spec.fft_size as f64)) as f32,
            plan,
        }
    }

    /// Columns by which energy is moved at most, in either direction.
    pub fn reach(&self) -> u64 {
        reach(&self.spec)
    }

    /// Transforms a frame of `frame_len` samples.
    pub fn transform(&mut self, samples: &[f32]) {
        for (window, spectrum) in self.windows.iter().zip(&mut self.spectra) {
            for ((out, &sample), &weight) in self.frame.iter_mut().zip(samples).zip(window) {
                *out = sample * weight;
            }
            // The transform leaves its own numbers behind.
            self.frame[self.spec.frame_len..].fill(0.0);
            // The buffers have the plan's own lengths, so that the transform cannot refuse.
            let done = self.plan.process_with_scratch(&mut self.frame, spectrum, &mut self.scratch);
            debug_assert!(done.is_ok());
        }
    }

    /// Where the energy of a bin of the frame that was transformed last is.
    pub fn displacement(&self, bin: usize) -> Displacement {
        let [plain, by_time, derivative] = [0, 1, 2].map(|n| self.spectra[n][bin]);
        let power = plain.norm_sqr();
        let later_samples = (by_time.re * plain.re + by_time.im * plain.im) / power;
        let radians = -(derivative.im * plain.re - derivative.re * plain.im) / power;
        Displacement { power, later_samples, higher_bins: radians * (self.spec.fft_size as f64 / TAU) as f32 }
    }

    /// Adds the energy of frame number `frame` to the columns where it belongs. A frame that holds anything but numbers counts as silence.
    pub fn push(&mut self, frame: u64, samples: &[f32], columns: &mut PendingColumns) {
        self.transform(samples);
        for bin in 0..self.spec.rows() {
            let energy = self.displacement(bin);
            if energy.power > 0.0 {
                let (column, row) = self.place(frame, bin, energy);
                columns.add(column, row, energy.power * self.share);
            }
        }
    }

    /// Where the energy of a bin belongs: column and bin.
    fn place(&self, frame: u64, bin: usize, energy: Displacement) -> (u64, usize) {
        let own = (frame, bin);
        if energy.power < STAY_BELOW_POWER {
            return own;
        }
        let Displacement { later_samples, higher_bins, .. } = energy;
        let hop = self.spec.hop as f32;
        let columns = ((0.5 * hop + later_samples) / hop).floor();
        let row = (bin as f32 + higher_bins).round();
        let is_near = later_samples.abs() <= 0.5 * self.spec.frame_len as f32;
        // Of absurd samples the quotient is as absurd.
        let column = (frame as i64).saturating_add(columns as i64);
        // Comparisons that what is not a number fails.
        if !is_near || column < 0 || !(row >= 0.0 && row < self.spec.rows() as f32) {
            return own;
        }
        (column as u64, row as usize)
    }
}

impl PendingColumns {
    /// At the beginning of a recording.
    pub fn new(spec: &StftSpec) -> Self {
        let reach = reach(spec);
        let columns = (0..=2 * reach).map(|_| vec![0.0; spec.rows()]).collect();
        Self { first: 0, columns }
    }

    /// Forgets all; the next column that is taken is `column`. Frames are then pushed from [`Reassigner::reach`] frames before on.
    pub fn restart(&mut self, column: u64) {
        self.first = column;
        self.columns.iter_mut().for_each(|powers| powers.fill(0.0));
    }

    /// Raises `greatest` to the powers of the next column, which is done once the frame `reach` after it was pushed.
    pub fn take(&mut self, greatest: &mut [f32]) {
        let Some(mut powers) = self.columns.pop_front() else { return };
        for (greatest, power) in greatest.iter_mut().zip(&mut powers) {
            *greatest = if *power > *greatest { *power } else { *greatest };
            *power = 0.0;
        }
        self.columns.push_back(powers);
        self.first += 1;
    }

    fn add(&mut self, column: u64, row: usize, power: f32) {
        let place = column.checked_sub(self.first).and_then(|place| usize::try_from(place).ok());
        if let Some(powers) = place.and_then(|place| self.columns.get_mut(place)) {
            powers[row] += power;
        }
    }
}

/// Columns in half a frame.
fn reach(spec: &StftSpec) -> u64 {
    (spec.frame_len / 2).div_ceil(spec.hop) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::FrameWindow;

    /// All columns of a signal of silence around `samples`.
    fn columns(spec: StftSpec, samples: &[f32]) -> Vec<Vec<f32>> {
        let (mut reassigner, mut pending) = (Reassigner::new(spec), PendingColumns::new(&spec));
        let at = |place: i64| if place < 0 { 0.0 } else { samples.get(place as usize).copied().unwrap_or(0.0) };
        let count = spec.columns(samples.len() as u64);
        let mut columns = Vec::new();
        for n in 0..count + reassigner.reach() {
            let first = spec.first_sample(n);
            let frame: Vec<f32> = (0..spec.frame_len as i64).map(|k| at(first + k)).collect();
            if n < count {
                reassigner.push(n, &frame, &mut pending);
            }
            if n >= reassigner.reach() {
                let mut powers = vec![0.0; spec.rows()];
                pending.take(&mut powers);
                columns.push(powers);
            }
        }
        columns
    }

    #[test]
    fn a_steady_sine_is_one_bin_of_its_own_power() {
        for window in
            [FrameWindow::HannPeriodic, FrameWindow::Hamming, FrameWindow::BlackmanHarris, FrameWindow::Kaiser]
        {
            for padding in [1, 2] {
                let spec = StftSpec::new(256, 4, padding, window);
                // Between two bins: 40.4 of 256.
                let sine: Vec<f32> = (0..8_000).map(|n| (TAU * 40.4 / 256.0 * f64::from(n)).sin() as f32).collect();
                let columns = columns(spec, &sine);
                let row = (40.4 * padding as f64).round() as usize;
                for powers in &columns[20..100] {
                    let db = 10.0 * powers[row].log10();
                    assert!(db.abs() < 0.1, "{window:?} {padding}: {db} dB");
                    let elsewhere: f32 =
                        powers.iter().enumerate().filter(|(n, _)| *n != row).map(|(_, power)| power).sum();
                    assert!(elsewhere < 0.02, "{window:?} {padding}: {elsewhere} elsewhere");
                }
            }
        }
    }

    #[test]
    fn a_click_is_one_column() {
        let spec = StftSpec::new(256, 8, 1, FrameWindow::HannPeriodic);
        let mut samples = vec![0.0; 4_000];
        samples[2_000] = 1.0;
        let columns = columns(spec, &samples);
        let sums: Vec<f32> = columns.iter().map(|powers| powers.iter().sum()).collect();
        let total: f32 = sums.iter().sum();
        assert!(sums[2_000 / spec.hop] > 0.98 * total, "{sums:?}");
    }

    #[test]
    fn absurd_samples_are_survived() {
        let spec = StftSpec::of_size(256);
        for exponent in 0..=38 {
            let samples: Vec<f32> =
                (0..2_000_u32).map(|n| 10_f32.powi(exponent) * ((n * n % 97) as f32 / 48.0 - 1.0)).collect();
            assert_eq!(columns(spec, &samples).len() as u64, spec.columns(2_000));
        }
    }

    #[test]
    fn what_is_not_a_number_counts_as_silence() {
        let columns = columns(StftSpec::of_size(64), &[f32::NAN; 200]);
        assert!(columns.iter().flatten().all(|&power| power == 0.0));
    }
}
