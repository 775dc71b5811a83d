//! A steep filter that lets a band of frequencies through, without delay. Owns its design and the FFT of a block; must not know where
//! samples come from.
//!
//! The design is the windowed sinc with a Kaiser window (Kaiser, "Nonrecursive digital filter design using the I₀-sinh window function",
//! ISCAS 1974): linear phase, so that reading half its length ahead takes all delay away.

use std::sync::Arc;

use realfft::{ComplexToReal, RealFftPlanner, RealToComplex, num_complex::Complex32};

use super::window::kaiser_at;

/// What is let through outside the band: −80 dB.
const ATTENUATION_DB: f64 = 80.0;
/// The narrowest slope between pass and stop, in hertz: narrower ones ring for longer than 40 ms on each side.
const LEAST_SLOPE_HZ: f64 = 60.0;
/// The slope as a part of the band's width.
const SLOPE: f64 = 0.1;
/// The longest filter, met by invented rates only.
const MOST_TAPS: usize = (1 << 15) - 1;
/// The least FFT.
const LEAST_FFT: usize = 4_096;

/// Lets frequencies between two borders through unchanged and everything beyond a short slope not at all (−80 dB).
pub struct BandFilter {
    reach: usize,
    block: usize,
    response: Vec<Complex32>,
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    time: Vec<f32>,
    bins: Vec<Complex32>,
    scratch: Vec<Complex32>,
}

impl BandFilter {
    /// A filter for samples at `sample_rate` hertz. Borders in hertz; `None` where the band leaves out nothing.
    pub fn new(sample_rate: u32, low_hz: f64, high_hz: f64) -> Option<Self> {
        Self::of_taps(&band_taps(sample_rate, low_hz, high_hz)?)
    }

    fn of_taps(taps: &[f64]) -> Option<Self> {
        let size = (4 * taps.len()).next_power_of_two().max(LEAST_FFT);
        let mut planner = RealFftPlanner::new();
        let (forward, inverse) = (planner.plan_fft_forward(size), planner.plan_fft_inverse(size));
        let mut time = vec![0.0; size];
        // The inverse transform multiplies by its size.
        time.iter_mut().zip(taps).for_each(|(to, tap)| *to = (tap / size as f64) as f32);
        let mut response = forward.make_output_vec();
        let scratch_len = forward.get_scratch_len().max(inverse.get_scratch_len());
        let mut scratch = vec![Complex32::default(); scratch_len];
        forward.process_with_scratch(&mut time, &mut response, &mut scratch).ok()?;
        let bins = forward.make_output_vec();
        let (reach, block) = (taps.len() / 2, size - (taps.len() - 1));
        Some(Self { reach, block, response, forward, inverse, time, bins, scratch })
    }

    /// Samples that are needed on each side of a block.
    pub fn reach(&self) -> usize {
        self.reach
    }

    /// Samples that one call gives.
    pub fn block(&self) -> usize {
        self.block
    }

    /// Filters one block of one channel: `input` holds [`BandFilter::block`] samples with [`BandFilter::reach`] more on each side, `out`
    /// takes the block. Slices of other lengths are cut or filled up with silence.
    pub fn filter(&mut self, input: &[f32], out: &mut [f32]) {
        let came = input.len().min(self.time.len());
        self.time[..came].copy_from_slice(&input[..came]);
        self.time[came..].fill(0.0);
        let forward = self.forward.process_with_scratch(&mut self.time, &mut self.bins, &mut self.scratch);
        self.bins.iter_mut().zip(&self.response).for_each(|(bin, response)| *bin *= response);
        // What rounding leaves as imaginary parts of a real signal's first and last bin is none.
        for place in [0, self.bins.len() - 1] {
            self.bins[place].im = 0.0;
        }
        let inverse = self.inverse.process_with_scratch(&mut self.bins, &mut self.time, &mut self.scratch);
        if forward.and(inverse).is_err() {
            self.time.fill(0.0);
        }
        let first = 2 * self.reach;
        out.iter_mut().zip(&self.time[first..]).for_each(|(to, &from)| *to = from);
    }
}

/// The taps of the filter, an odd number; `None` where nothing would be left out.
fn band_taps(sample_rate: u32, low_hz: f64, high_hz: f64) -> Option<Vec<f64>> {
    let rate = f64::from(sample_rate.max(1));
    let nyquist = 0.5 * rate;
    let clean = |hz: f64, default: f64| if hz.is_nan() { default } else { hz.clamp(0.0, nyquist) };
    let (one, other) = (clean(low_hz, 0.0), clean(high_hz, nyquist));
    let (low, high) = (one.min(other), one.max(other));
    // Harris' rule of thumb for the length of a Kaiser window: (A − 7.95) / 14.36 taps for a slope as wide as the sample rate.
    let taps_per_rate = (ATTENUATION_DB - 7.95) / 14.36;
    let slope = (SLOPE * (high - low)).max(LEAST_SLOPE_HZ).max(taps_per_rate * rate / (MOST_TAPS - 2) as f64);
    // The slopes lie outside the band.
    let low_cut = Some(low - 0.5 * slope).filter(|&cut| cut > 0.0);
    let high_cut = Some(high + 0.5 * slope).filter(|&cut| cut < nyquist);
    if low_cut.is_none() && high_cut.is_none() {
        return None;
    }
    let reach = ((taps_per_rate * rate / slope / 2.0).ceil() as usize).clamp(8, MOST_TAPS / 2);
    let window = kaiser(2 * reach + 1, kaiser_beta(ATTENUATION_DB));
    // A low pass at the upper border less a low pass at the lower one; without an upper border all that sounds.
    let low_pass = |cut: f64, n: f64| 2.0 * cut / rate * sinc(2.0 * cut / rate * n);
    let tap = |index: usize| {
        let n = index as f64 - reach as f64;
        let upper = high_cut.map_or(if index == reach { 1.0 } else { 0.0 }, |cut| low_pass(cut, n));
        (upper - low_cut.map_or(0.0, |cut| low_pass(cut, n))) * window[index]
    };
    Some((0..=2 * reach).map(tap).collect())
}

/// `sin(πx) / (πx)`.
pub(super) fn sinc(x: f64) -> f64 {
    let angle = std::f64::consts::PI * x;
    if angle.abs() < 1e-9 { 1.0 } else { angle.sin() / angle }
}

/// The Kaiser window's shape for a side band of −`attenuation_db` (> 50).
pub(super) fn kaiser_beta(attenuation_db: f64) -> f64 {
    0.1102 * (attenuation_db - 8.7)
}

/// The symmetric Kaiser window of `len` samples, as `scipy.signal.windows.kaiser`.
fn kaiser(len: usize, beta: f64) -> Vec<f64> {
    let half = (len.max(2) - 1) as f64 / 2.0;
    (0..len).map(|n| kaiser_at((n as f64 - half) / half, beta)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    /// `scipy.signal.windows.kaiser(9, 7.85726)`, scipy 1.17.1, first five values.
    const KAISER_9: [f64; 5] = [0.002672620819, 0.086856293659, 0.376120226939, 0.792345872984, 1.000000000000];

    #[test]
    fn the_window_is_that_of_scipy() {
        let window = kaiser(9, 7.85726);
        for (own, reference) in window.iter().zip(KAISER_9) {
            assert!((own - reference).abs() < 1e-9, "{own} {reference}");
        }
    }

    /// The level in dB of a tone after the filter, relative to before, over one block in the middle of the tone.
    fn gain_db(filter: &mut BandFilter, rate: f64, hz: f64) -> f64 {
        let input: Vec<f32> =
            (0..filter.block() + 2 * filter.reach()).map(|n| (TAU * hz * n as f64 / rate).sin() as f32).collect();
        let mut out = vec![0.0; filter.block()];
        filter.filter(&input, &mut out);
        let power: f64 = out.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / out.len() as f64;
        10.0 * (2.0 * power).max(1e-20).log10()
    }

    #[test]
    fn a_band_passes_and_what_lies_beyond_its_slopes_does_not() {
        for (rate, low, high) in [(48_000, 2_000.0, 4_000.0), (384_000, 20_000.0, 60_000.0), (8_000, 300.0, 500.0)] {
            let mut filter = BandFilter::new(rate, low, high).unwrap();
            let slope = (0.1 * (high - low)).max(60.0);
            for hz in [low, 0.5 * (low + high), high] {
                assert!(gain_db(&mut filter, f64::from(rate), hz).abs() < 0.02, "{rate} {hz}");
            }
            for hz in [0.3 * low, low - slope, high + slope, 0.48 * f64::from(rate)] {
                let gain = gain_db(&mut filter, f64::from(rate), hz);
                assert!(gain < -75.0, "{rate} {hz}: {gain} dB");
            }
        }
    }

    #[test]
    fn one_border_is_enough_and_none_is_no_filter() {
        assert!(BandFilter::new(48_000, 0.0, 24_000.0).is_none());
        assert!(BandFilter::new(48_000, f64::NAN, f64::INFINITY).is_none());
        let mut high_pass = BandFilter::new(48_000, 10_000.0, 24_000.0).unwrap();
        assert!(gain_db(&mut high_pass, 48_000.0, 23_000.0).abs() < 0.02);
        assert!(gain_db(&mut high_pass, 48_000.0, 8_000.0) < -75.0);
        let mut low_pass = BandFilter::new(48_000, 0.0, 1_000.0).unwrap();
        assert!(gain_db(&mut low_pass, 48_000.0, 1_000.0).abs() < 0.02);
        assert!(gain_db(&mut low_pass, 48_000.0, 1_200.0) < -75.0);
    }

    #[test]
    fn a_click_stays_where_it_is() {
        let mut filter = BandFilter::new(48_000, 2_000.0, 8_000.0).unwrap();
        let mut input = vec![0.0; filter.block() + 2 * filter.reach()];
        input[filter.reach() + 777] = 1.0;
        let mut out = vec![0.0; filter.block()];
        filter.filter(&input, &mut out);
        let loudest = (0..out.len()).max_by(|&a, &b| out[a].abs().total_cmp(&out[b].abs())).unwrap();
        assert_eq!(loudest, 777);
    }

    #[test]
    fn no_rate_and_no_band_makes_it_fail_or_grow() {
        for rate in [0, 1, 7, 6_144_000, u32::MAX] {
            for (low, high) in [(0.0, 0.0), (-5.0, 3.0), (1e9, 2e9), (10.0, 11.0), (f64::NAN, 5.0)] {
                if let Some(mut filter) = BandFilter::new(rate, low, high) {
                    assert!(filter.reach() <= MOST_TAPS / 2);
                    let mut out = vec![0.0; filter.block()];
                    filter.filter(&[1.0; 100], &mut out);
                    assert!(out.iter().all(|sample| sample.is_finite()));
                }
            }
        }
    }
}
