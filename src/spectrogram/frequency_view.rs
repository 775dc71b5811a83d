//! The frequency axis: which range is shown, on which scale. The shader computes the same formulas.

/// How frequencies are spread over the height.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum FrequencyScale {
    /// Equal heights for equal differences.
    #[default]
    Linear,
    /// Equal heights for equal differences in mel, `2595·log10(1 + f/700)`.
    Mel,
    /// Equal heights for equal ratios.
    Log10,
    /// Equal heights for equal differences in Bark, `6·asinh(f/600)` (Wang, Sekey and Gersho 1992).
    Bark,
}

impl FrequencyScale {
    /// All scales, in the order of a menu.
    pub const ALL: [Self; 4] = [Self::Linear, Self::Mel, Self::Log10, Self::Bark];

    /// The frequency in the scale's own unit, which grows evenly with height.
    pub fn warp(self, hz: f64) -> f64 {
        match self {
            Self::Linear => hz,
            Self::Mel => (1.0 + hz / 700.0).ln(),
            Self::Log10 => hz.ln(),
            Self::Bark => (hz / 600.0).asinh(),
        }
    }

    /// The frequency in hertz of a value in the scale's own unit.
    pub fn unwarp(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Mel => 700.0 * value.exp_m1(),
            Self::Log10 => value.exp(),
            Self::Bark => 600.0 * value.sinh(),
        }
    }
}

/// The range of frequencies that is shown, low at the bottom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrequencyView {
    /// Frequency at the bottom, in hertz, ≥ 0. The logarithmic scale begins at [`FrequencyView::LOG_LOW_HZ`] at the lowest.
    pub low_hz: f64,
    /// Frequency at the top, in hertz, > `low_hz`.
    pub high_hz: f64,
    /// How the height is divided.
    pub scale: FrequencyScale,
}

impl FrequencyView {
    /// The lowest frequency of a logarithmic axis, in hertz.
    pub const LOG_LOW_HZ: f64 = 20.0;

    /// All frequencies of a recording.
    pub fn whole(sample_rate: u32, scale: FrequencyScale) -> Self {
        Self { low_hz: 0.0, high_hz: f64::from(sample_rate.max(2)) / 2.0, scale }
    }

    /// The borders in the scale's own unit: bottom, top.
    pub fn warped_borders(&self) -> (f64, f64) {
        let least = if self.scale == FrequencyScale::Log10 { Self::LOG_LOW_HZ } else { 0.0 };
        let low = self.low_hz.max(least);
        (self.scale.warp(low), self.scale.warp(self.high_hz.max(low * (1.0 + 1e-6) + 1e-6)))
    }

    /// Height of a frequency: 0 at the bottom, 1 at the top, beyond outside the range.
    pub fn y_from_hz(&self, hz: f64) -> f64 {
        let (low, high) = self.warped_borders();
        let least = if self.scale == FrequencyScale::Log10 { 1e-3 } else { 0.0 };
        (self.scale.warp(hz.max(least)) - low) / (high - low)
    }

    /// The frequency in hertz at a height, 0 at the bottom and 1 at the top.
    pub fn hz_from_y(&self, y: f64) -> f64 {
        let (low, high) = self.warped_borders();
        self.scale.unwarp(low + y * (high - low))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_and_frequencies_agree_on_every_scale() {
        for scale in FrequencyScale::ALL {
            let view = FrequencyView { low_hz: 100.0, high_hz: 12_000.0, scale };
            assert!((view.y_from_hz(100.0)).abs() < 1e-12 && (view.y_from_hz(12_000.0) - 1.0).abs() < 1e-12);
            for y in [-0.1, 0.0, 0.3, 0.77, 1.0, 1.2] {
                let hz = view.hz_from_y(y);
                assert!(hz < 0.0 || (view.y_from_hz(hz) - y).abs() < 1e-9, "{scale:?} {y} {hz}");
            }
        }
    }

    #[test]
    fn half_way_up_is_what_the_scale_says() {
        let middle = |scale| FrequencyView { low_hz: 100.0, high_hz: 10_000.0, scale }.hz_from_y(0.5);
        assert!((middle(FrequencyScale::Linear) - 5_050.0).abs() < 1e-9);
        assert!((middle(FrequencyScale::Log10) - 1_000.0).abs() < 1e-9);
        // 2595·log10(1 + 100/700) = 150.49 mel, 10 kHz = 3073.22 mel, their mean 1611.86 mel = 2225.75 Hz.
        assert!((middle(FrequencyScale::Mel) - 2_225.75).abs() < 0.01, "{}", middle(FrequencyScale::Mel));
    }

    #[test]
    fn a_logarithmic_axis_from_zero_begins_at_twenty_hertz() {
        let view = FrequencyView::whole(48_000, FrequencyScale::Log10);
        assert!((view.hz_from_y(0.0) - 20.0).abs() < 1e-9);
        assert!(view.y_from_hz(0.0) < 0.0);
    }
}
