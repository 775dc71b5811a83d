//! Samples between the samples: band-limited interpolation at any place, for any ratio of rates. Pure.
//!
//! The method is that of Smith and Gossett, "A flexible sampling-rate conversion method" (ICASSP 1984): a windowed sinc, kept as a finely
//! stepped table, is laid over the samples around the place; where samples are skipped it is stretched, so that nothing folds over.

use std::sync::LazyLock;

use super::band_filter::{kaiser_beta, sinc};
use super::window::kaiser_at;

/// Zero crossings of the sinc on each side.
const CROSSINGS: usize = 48;
/// Steps of the table between two zero crossings.
const STEPS: usize = 512;
/// What folds over: −90 dB.
const ATTENUATION_DB: f64 = 90.0;
/// Where the slope between pass and stop has its middle, as a part of half the lower rate.
const CUTOFF: f64 = 0.94;

/// One half of the windowed sinc, computed once.
static TABLE: LazyLock<Vec<f32>> = LazyLock::new(|| {
    let beta = kaiser_beta(ATTENUATION_DB);
    let value = |index: usize| {
        let x = index as f64 / STEPS as f64;
        (sinc(x) * kaiser_at(x / CROSSINGS as f64, beta)) as f32
    };
    // Two beyond the end, for the interpolation within the table.
    (0..CROSSINGS * STEPS + 2).map(value).collect()
});

/// Interpolates between samples.
#[derive(Default)]
pub struct Interpolator {
    weights: Vec<f32>,
}

impl Interpolator {
    /// Frames that are needed on each side of a place, where `step` frames lie between two places.
    pub fn reach(step: f64) -> usize {
        (CROSSINGS as f64 / cutoff(step)).ceil() as usize + 1
    }

    /// One frame of as many channels as `out` has, at `part` (0 to 1) of the way between two frames. `frames` is interleaved and holds
    /// [`Interpolator::reach`] frames up to and with the one before the place, and as many after it.
    pub fn frame_at(&mut self, part: f64, step: f64, frames: &[f32], out: &mut [f32]) {
        let (reach, cutoff, channels) = (Self::reach(step), cutoff(step), out.len());
        let (scale, table) = (cutoff * STEPS as f64, TABLE.as_slice());
        self.weights.clear();
        let mut sum = 0.0;
        for index in 0..2 * reach {
            // The place lies `part` after the frame `reach − 1`.
            let distance = (index as f64 - (reach - 1) as f64 - part).abs() * scale;
            let place = distance as usize;
            let weight = match (table.get(place), table.get(place + 1)) {
                (Some(&here), Some(&next)) => here + (distance - place as f64) as f32 * (next - here),
                _ => 0.0,
            };
            sum += weight;
            self.weights.push(weight);
        }
        out.fill(0.0);
        for (frame, weight) in frames.chunks_exact(channels.max(1)).zip(&self.weights) {
            out.iter_mut().zip(frame).for_each(|(to, from)| *to += from * weight);
        }
        out.iter_mut().for_each(|sample| *sample /= sum);
    }
}

/// The lowest frequency that does not pass any more, as a part of half the rate of the frames.
fn cutoff(step: f64) -> f64 {
    CUTOFF / step.max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    /// Interpolates a tone of `cycles` a frame, every `step` frames, and returns it beside the tone itself.
    fn tone(cycles: f64, step: f64) -> (Vec<f64>, Vec<f64>) {
        let mut interpolator = Interpolator::default();
        let reach = Interpolator::reach(step);
        let source: Vec<f32> = (0..200_000).map(|n| (TAU * cycles * f64::from(n)).sin() as f32).collect();
        let places: Vec<f64> = (0..400).map(|n| reach as f64 + 0.123 + f64::from(n) * step).collect();
        let own = places.iter().map(|place| {
            let whole = *place as usize;
            let mut out = [0.0];
            let frames = &source[whole + 1 - reach..whole + 1 + reach];
            interpolator.frame_at(place - whole as f64, step, frames, &mut out);
            f64::from(out[0])
        });
        (own.collect(), places.iter().map(|place| (TAU * cycles * place).sin()).collect())
    }

    #[test]
    fn tones_are_met_between_the_samples() {
        for (cycles, step) in [(0.01, 0.05), (0.2, 0.4), (0.4, 0.9), (0.2, 1.7), (0.1, 4.0), (0.012, 32.0)] {
            let (own, wanted) = tone(cycles, step);
            let worst = own.iter().zip(&wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(worst < 1e-4, "{cycles} {step}: {worst}");
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_hold_is_gone() {
        for (cycles, step) in [(0.3, 2.0), (0.49, 4.0), (0.2, 32.0)] {
            let (own, _) = tone(cycles, step);
            let loudest = own.iter().map(|sample| sample.abs()).fold(0.0, f64::max);
            assert!(20.0 * loudest.log10() < -80.0, "{cycles} {step}: {loudest}");
        }
    }
}
