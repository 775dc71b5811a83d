//! Window functions. Owns their formulas; must not know about frames or hops.

use std::f64::consts::TAU;

/// The weights of a frame's samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FrameWindow {
    /// Hann, `0.5 − 0.5 cos(2πn / N)`, as for spectra: frames a quarter of it apart add up to a constant. `scipy.signal.get_window("hann", N)`.
    HannPeriodic,
    /// Hann, `0.5 − 0.5 cos(2πn / (N − 1))`, as for filters.
    HannSymmetric,
    /// Kaldi's: the symmetric Hann window to the power of 0.85.
    Povey,
}

impl FrameWindow {
    /// The weights of `len` samples, 0 to 1.
    pub fn weights(self, len: usize) -> Vec<f64> {
        let period = if self == Self::HannPeriodic { len } else { len.saturating_sub(1).max(1) } as f64;
        let hann = |n: usize| 0.5 - 0.5 * (TAU * n as f64 / period).cos();
        let power = if self == Self::Povey { 0.85 } else { 1.0 };
        (0..len).map(|n| hann(n).powf(power)).collect()
    }
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
