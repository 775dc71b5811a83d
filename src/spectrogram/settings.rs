//! What a user chooses about how a picture is computed. Changing one of these computes the picture anew; what only colours it
//! (levels, colour map, axis, normalised bands) is not here. Must not know how it is computed.

use crate::dsp::FrameWindow;
use crate::dsp::stft::StftSpec;

/// Frames that can be chosen, in samples: powers of two.
pub const FRAME_LEN_RANGE: (usize, usize) = (128, 16_384);

/// Samples of a transform, at most: longer frames are padded less.
const MAX_FFT_SIZE: usize = 32_768;

/// What a byte of the picture stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PictureKind {
    /// Level of each frame and bin.
    #[default]
    Level,
    /// Level, with each bin's energy moved to where the phase says it is (Auger and Flandrin 1995).
    Reassigned,
    /// Per-channel energy normalisation (Wang et al. 2017): what stands still fades, what begins stands out.
    Pcen,
    /// The features that the chosen model sees, at its own rate and hop.
    ModelInput,
}

/// How the picture of a recording is computed. Missing fields take their defaults.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct PictureSettings {
    /// Samples in a frame, a power of two within [`FRAME_LEN_RANGE`]; `None` chooses by the sample rate.
    pub frame_len: Option<usize>,
    /// Weights of a frame's samples.
    pub window: FrameWindow,
    /// Frames in the length of one: 2 (half of each overlaps), 4 or 8.
    pub hops: usize,
    /// Length of the transform in frames: 1 (no zeros), 2 or 4.
    pub zero_padding: usize,
    /// What a byte stands for.
    pub kind: PictureKind,
}

impl Default for PictureSettings {
    fn default() -> Self {
        Self { frame_len: None, window: FrameWindow::HannPeriodic, hops: 4, zero_padding: 1, kind: PictureKind::Level }
    }
}

impl PictureSettings {
    /// The frames for a recording of `sample_rate` hertz. Values out of range, as a file may hold, are brought into it.
    pub fn stft(&self, sample_rate: u32) -> StftSpec {
        let (least, most) = FRAME_LEN_RANGE;
        let by_rate = StftSpec::frame_len_for(sample_rate);
        let frame_len = self.frame_len.map_or(by_rate, |len| len.clamp(least, most)).next_power_of_two();
        let padding = self.zero_padding.clamp(1, 4).min((MAX_FFT_SIZE / frame_len).max(1));
        StftSpec::new(frame_len, self.hops.clamp(2, 8), padding, self.window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_out_of_range_are_brought_into_it() {
        let hostile = PictureSettings { frame_len: Some(usize::MAX), hops: 0, zero_padding: 999, ..Default::default() };
        let spec = hostile.stft(48_000);
        assert_eq!((spec.frame_len, spec.hop, spec.fft_size), (16_384, 8_192, 32_768));
        let plain = PictureSettings::default().stft(48_000);
        assert_eq!(plain, StftSpec::for_sample_rate(48_000));
        let padded = PictureSettings { frame_len: Some(512), hops: 8, zero_padding: 4, ..Default::default() };
        let spec = padded.stft(384_000);
        assert_eq!((spec.frame_len, spec.hop, spec.fft_size, spec.rows()), (512, 64, 2_048, 1_024));
    }
}
