//! Window functions. Owns their formulas; must not know about frames or hops.

use std::f64::consts::TAU;

/// The weights of a frame's samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FrameWindow {
    /// Hann, `0.5 − 0.5 cos(2πn / N)`, as for spectra: frames a quarter of it apart add up to a constant. `scipy.signal.get_window("hann", N)`.
    #[default]
    HannPeriodic,
    /// Hann, `0.5 − 0.5 cos(2πn / (N − 1))`, as for filters.
    HannSymmetric,
    /// Kaldi's: the symmetric Hann window to the power of 0.85.
    Povey,
    /// Hamming, periodic: `0.54 − 0.46 cos(2πn / N)`. `scipy.signal.get_window("hamming", N)`.
    Hamming,
    /// Blackman-Harris of four terms, periodic; side lobes below −92 dB. `scipy.signal.get_window("blackmanharris", N)`.
    BlackmanHarris,
    /// Kaiser with β = [`KAISER_BETA`], periodic; side lobes below −70 dB. `scipy.signal.get_window(("kaiser", 9.0), N)`.
    Kaiser,
}

/// β of [`FrameWindow::Kaiser`]: about the main lobe of Blackman-Harris' three-term kin.
pub const KAISER_BETA: f64 = 9.0;

impl FrameWindow {
    /// The weights of `len` samples, 0 to 1.
    pub fn weights(self, len: usize) -> Vec<f64> {
        let is_symmetric = matches!(self, Self::HannSymmetric | Self::Povey);
        let period = if is_symmetric { len.saturating_sub(1).max(1) } else { len.max(1) } as f64;
        (0..len).map(|n| self.weight(n as f64 / period)).collect()
    }

    /// The weight at a place of the period, 0 to 1.
    fn weight(self, place: f64) -> f64 {
        let cos = |times: f64| (TAU * times * place).cos();
        match self {
            Self::HannPeriodic | Self::HannSymmetric => 0.5 - 0.5 * cos(1.0),
            Self::Povey => (0.5 - 0.5 * cos(1.0)).powf(0.85),
            Self::Hamming => 0.54 - 0.46 * cos(1.0),
            Self::BlackmanHarris => 0.35875 - 0.48829 * cos(1.0) + 0.14128 * cos(2.0) - 0.01168 * cos(3.0),
            Self::Kaiser => kaiser_at(2.0 * place - 1.0, KAISER_BETA),
        }
    }
}

/// The Kaiser window at a place from −1 to 1; 0 beyond.
pub(super) fn kaiser_at(place: f64, beta: f64) -> f64 {
    let inside = 1.0 - place * place;
    if inside < 0.0 { 0.0 } else { bessel_i0(beta * inside.sqrt()) / bessel_i0(beta) }
}

/// The modified Bessel function of the first kind and order 0, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let quarter = 0.25 * x * x;
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
    while term > 1e-17 * sum {
        term *= quarter / (k * k);
        sum += term;
        k += 1.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarter_hops_of_the_periodic_window_add_up_to_two() {
        let window = FrameWindow::HannPeriodic.weights(64);
        for n in 0..16 {
            let sum: f64 = (0..4).map(|k| window[n + 16 * k]).sum();
            assert!((sum - 2.0).abs() < 1e-12);
        }
        assert_eq!((window[0], window[32]), (0.0, 1.0));
    }

    #[test]
    fn the_symmetric_windows_end_as_they_begin() {
        for window in [FrameWindow::HannSymmetric, FrameWindow::Povey] {
            let weights = window.weights(401);
            assert_eq!((weights[0], weights[200]), (0.0, 1.0));
            assert!(weights.iter().zip(weights.iter().rev()).all(|(a, b)| (a - b).abs() < 1e-12));
        }
        assert_eq!(FrameWindow::HannSymmetric.weights(1), [0.0]);
    }
}
