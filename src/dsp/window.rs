//! Window functions. Owns their formulas; must not know about frames or hops.

use std::f64::consts::TAU;

/// The periodic Hann window `0.5 − 0.5·cos(2πn/len)` of `len` samples, as `scipy.signal.get_window("hann", len)` gives it.
///
/// Periodic (not symmetric), so that frames a quarter of the window apart add up to a constant.
pub fn hann_periodic(len: usize) -> Vec<f32> {
    (0..len).map(|n| (0.5 - 0.5 * (TAU * n as f64 / len as f64).cos()) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarter_hops_add_up_to_two() {
        let window = hann_periodic(64);
        for n in 0..16 {
            let sum: f32 = (0..4).map(|k| window[n + 16 * k]).sum();
            assert!((sum - 2.0).abs() < 1e-6);
        }
        assert_eq!(window[0], 0.0);
        assert_eq!(window[32], 1.0);
    }
}
