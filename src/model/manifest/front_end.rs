//! What stands between samples and the network, and how much of it is done for the whole recording at once. Computes nothing.

use crate::dsp::{ClipMelSpec, LogMelSpec};

/// From samples to what the network takes.
///
/// The recording comes as a row of *stream frames*, which the layout cuts into clips or pieces: frames of log-mel levels where those
/// depend on their own samples only, and the samples themselves where the rest is done clip by clip.
#[derive(Clone, Debug, PartialEq)]
pub enum FrontEnd {
    /// Log-mel levels, computed once for the whole recording.
    LogMel(LogMelSpec),
    /// Log-mel levels that depend on where a clip begins and ends, `[clip, 1, band, frame]`.
    ClipMel(ClipMelSpec),
    /// The samples.
    Waveform(WaveformSpec),
}

/// A network that takes samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WaveformSpec {
    /// Sample rate in hertz.
    pub sample_rate: u32,
    /// The axes of the network's input.
    pub axes: ClipAxes,
    /// What samples of −1 to 1 are multiplied by.
    pub sample_scale: f32,
}

/// The axes of an input of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClipAxes {
    /// `[sample]`: one clip at a time.
    Samples,
    /// `[clip, sample]`.
    BatchSamples,
    /// `[clip, 1, sample]`.
    BatchChannelSamples,
    /// `[clip, sample, 1]`.
    BatchSamplesChannel,
}

impl FrontEnd {
    /// The rate at which recordings are needed, in hertz.
    pub fn sample_rate(&self) -> u32 {
        match self {
            Self::LogMel(spec) => spec.mel.sample_rate,
            Self::ClipMel(spec) => spec.mel.sample_rate,
            Self::Waveform(spec) => spec.sample_rate,
        }
    }

    /// Samples from one stream frame to the next.
    pub fn hop_samples(&self) -> usize {
        match self {
            Self::LogMel(spec) => spec.hop_samples,
            Self::ClipMel(_) | Self::Waveform(_) => 1,
        }
    }

    /// Numbers in a stream frame.
    pub fn stream_bands(&self) -> usize {
        match self {
            Self::LogMel(spec) => spec.mel.band_count,
            Self::ClipMel(_) | Self::Waveform(_) => 1,
        }
    }

    /// How many whole stream frames `sample_count` samples hold.
    pub fn frame_count(&self, sample_count: u64) -> u64 {
        match self {
            Self::LogMel(spec) => spec.frame_count(sample_count),
            Self::ClipMel(_) | Self::Waveform(_) => sample_count,
        }
    }

    /// How many samples `frame_count` stream frames need.
    pub fn sample_count(&self, frame_count: u64) -> u64 {
        match self {
            Self::LogMel(spec) => spec.sample_count(frame_count),
            Self::ClipMel(_) | Self::Waveform(_) => frame_count,
        }
    }

    /// Frames and bands of the features of a clip of `frame_count` stream frames, as the network sees them.
    pub fn clip_features(&self, frame_count: usize) -> (usize, usize) {
        match self {
            Self::LogMel(spec) => (frame_count, spec.mel.band_count),
            Self::ClipMel(spec) => (spec.frame_count(frame_count), spec.mel.band_count),
            Self::Waveform(_) => (frame_count, 1),
        }
    }

    /// The dimensions of an input of `clip_count` clips of `frame_count` stream frames each.
    pub fn clips_shape(&self, clip_count: usize, frame_count: usize) -> Vec<usize> {
        let (frames, bands) = self.clip_features(frame_count);
        match self {
            Self::LogMel(_) => vec![clip_count, frames, bands],
            Self::ClipMel(_) => vec![clip_count, 1, bands, frames],
            Self::Waveform(spec) => match spec.axes {
                ClipAxes::Samples => vec![clip_count * frames],
                ClipAxes::BatchSamples => vec![clip_count, frames],
                ClipAxes::BatchChannelSamples => vec![clip_count, 1, frames],
                ClipAxes::BatchSamplesChannel => vec![clip_count, frames, 1],
            },
        }
    }
}
