//! Per-channel energy normalisation (Wang, Getreuer, Hughes, Lyon and Saurous 2017), with the parameters and the arithmetic of
//! `librosa.pcen`, on bins instead of mel bands: each bin's magnitude relative to what it has been lately.
//!
//! The smoother remembers without end, and a picture is computed from any place. So that it is the same wherever reading begins, the past
//! is cut at places that depend on the column alone: time is divided into cells of [`CELL_TIME_CONSTANTS`], and what is remembered in
//! a cell begins [`WARM_CELLS`] cells before it. That is 12 time constants, after which what was before weighs 6 millionths. At the
//! beginning of a recording the smoother begins as librosa's does.
//!
//! The scale is the one that librosa's documentation asks for: magnitudes of a transform whose window is not normalised, of samples of
//! −1 to 1, times 2^31.

use super::elementary::{exp, ln};
use super::stft::StftSpec;

/// Length of a cell, in time constants.
pub const CELL_TIME_CONSTANTS: f64 = 3.0;

/// Cells that are smoothed over before one that is shown.
pub const WARM_CELLS: u64 = 4;

/// Smoothers that run side by side: that of the cell under way and those of the next ones.
const SMOOTHERS: usize = WARM_CELLS as usize + 1;

/// The exponent of the compression is one half, which librosa calls `power`.
const SQRT_2: f32 = std::f32::consts::SQRT_2;

/// The parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PcenSpec {
    /// Time constant of the smoother, in seconds.
    pub time_constant_secs: f64,
    /// Exponent of the smoothed magnitude, 0 to 1.
    pub gain: f32,
    /// Added to the smoothed magnitude.
    pub eps: f32,
    /// What magnitudes are multiplied by.
    pub scale: f64,
}

impl PcenSpec {
    /// The defaults of `librosa.pcen` for samples of −1 to 1; `bias` is 2 and `power` ½.
    pub const LIBROSA: Self = Self { time_constant_secs: 0.4, gain: 0.98, eps: 1e-6, scale: 2_147_483_648.0 };
}

/// The smoothers of one plane.
#[derive(Clone, Debug)]
pub struct Pcen {
    spec: PcenSpec,
    /// Weight of the newest magnitude.
    newest: f32,
    /// From the root of a power relative to a full-scale sine to a magnitude.
    amplitude: f32,
    cell_columns: u64,
    /// Smoothed magnitudes; the smoother that began with cell `i` stands in place `i % SMOOTHERS`.
    smoothers: Vec<Vec<f32>>,
    is_running: [bool; SMOOTHERS],
    magnitudes: Vec<f32>,
    values: Vec<f32>,
}

impl Pcen {
    /// For columns of frames of a recording of `sample_rate` hertz.
    pub fn new(spec: PcenSpec, sample_rate: u32, stft: &StftSpec) -> Self {
        let columns = spec.time_constant_secs * f64::from(sample_rate.max(1)) / stft.hop as f64;
        let newest = ((1.0 + 4.0 * columns * columns).sqrt() - 1.0) / (2.0 * columns * columns);
        let window_sum: f64 = stft.window.weights(stft.frame_len).iter().sum();
        Self {
            spec,
            newest: newest as f32,
            amplitude: (spec.scale * 0.5 * window_sum) as f32,
            cell_columns: (CELL_TIME_CONSTANTS * columns).ceil().max(1.0) as u64,
            smoothers: vec![vec![0.0; stft.rows()]; SMOOTHERS],
            is_running: [false; SMOOTHERS],
            magnitudes: vec![0.0; stft.rows()],
            values: vec![0.0; stft.rows()],
        }
    }

    /// The column from which on all must be pushed so that `column` is right.
    pub fn first_column(&self, column: u64) -> u64 {
        (column / self.cell_columns).saturating_sub(WARM_CELLS) * self.cell_columns
    }

    /// Forgets all; the next column is that of [`Pcen::first_column`].
    pub fn restart(&mut self) {
        self.is_running = [false; SMOOTHERS];
    }

    /// Takes the powers of the next column, which is number `column`.
    pub fn push(&mut self, column: u64, power: &[f32]) {
        for (magnitude, &power) in self.magnitudes.iter_mut().zip(power) {
            *magnitude = power.sqrt() * self.amplitude;
        }
        let cell = column / self.cell_columns;
        let begins = column.is_multiple_of(self.cell_columns).then_some(cell as usize % SMOOTHERS);
        for place in 0..SMOOTHERS {
            if begins == Some(place) {
                self.is_running[place] = true;
                self.begin(place, cell == 0);
            } else if self.is_running[place] {
                smooth(&mut self.smoothers[place], &self.magnitudes, self.newest);
            }
        }
        let shown = cell.saturating_sub(WARM_CELLS) as usize % SMOOTHERS;
        let (gain, eps) = (-self.spec.gain, self.spec.eps);
        let magnitudes = self.magnitudes.iter().zip(&self.smoothers[shown]);
        for (value, (&magnitude, &smoothed)) in self.values.iter_mut().zip(magnitudes) {
            // √(x + 2) − √2, written so that small values keep their digits.
            let x = magnitude * exp(gain * ln(smoothed + eps));
            *value = x / ((x + 2.0).sqrt() + SQRT_2);
        }
    }

    /// The values of the column that was pushed last: 0 for silence, about 0.5 for what stands still.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Begins a smoother with the magnitudes at hand. At the beginning of a recording librosa's has been at 1 before, else it has
    /// been where it is now.
    fn begin(&mut self, place: usize, is_beginning: bool) {
        let smoother = &mut self.smoothers[place];
        if is_beginning {
            smoother.fill(1.0);
            smooth(smoother, &self.magnitudes, self.newest);
        } else {
            smoother.copy_from_slice(&self.magnitudes);
        }
    }
}

fn smooth(smoothed: &mut [f32], magnitudes: &[f32], newest: f32) {
    for (smoothed, &magnitude) in smoothed.iter_mut().zip(magnitudes) {
        *smoothed += newest * (magnitude - *smoothed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn powers(column: u64) -> Vec<f32> {
        let level = |row: u64| 10_f32.powi(-((column / 37 + row) as i32 * 7 % 11));
        (0..64).map(|row| level(row) * (1.0 + (column * row % 17) as f32)).collect()
    }

    #[test]
    fn a_column_is_the_same_wherever_reading_begins() {
        let stft = StftSpec::of_size(128);
        let mut whole = Pcen::new(PcenSpec::LIBROSA, 1_000, &stft);
        let expected: Vec<Vec<f32>> = (0..1_000)
            .map(|column| {
                whole.push(column, &powers(column));
                whole.values().to_vec()
            })
            .collect();
        for wanted in [0, 1, 38, 39, 40, 155, 156, 200, 500, 999] {
            let mut part = Pcen::new(PcenSpec::LIBROSA, 1_000, &stft);
            part.restart();
            let first = part.first_column(wanted);
            (first..=wanted).for_each(|column| part.push(column, &powers(column)));
            assert_eq!(part.values(), expected[wanted as usize], "column {wanted} from {first}");
        }
        // At least 8 time constants of 12.5 columns are smoothed over before any column but the first ones.
        assert!((156..1_000).all(|column| column - whole.first_column(column) >= 100));
    }

    #[test]
    fn what_stands_still_fades_and_silence_is_nothing() {
        let mut pcen = Pcen::new(PcenSpec::LIBROSA, 1_000, &StftSpec::of_size(128));
        for column in 0..300 {
            pcen.push(column, &[if column < 200 { 1e-4 } else { 0.0 }; 64]);
            if column == 0 {
                assert!(pcen.values().iter().all(|&value| value > 2.0), "an onset stands out");
            }
            if column == 199 {
                assert!(pcen.values().iter().all(|&value| (0.4..0.6).contains(&value)));
            }
        }
        assert!(pcen.values().iter().all(|&value| value == 0.0));
    }
}
