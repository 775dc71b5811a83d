//! The manifest as it stands in the file, field by field, nothing checked but types and names.

use super::ClipAxes;
use crate::decision::MedianEdges;
use crate::dsp::{FrameWindow, LogRule, SpectrumKind};

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawManifest {
    pub format: u32,
    pub name: String,
    pub version: String,
    pub summary: String,
    pub licence: String,
    pub licence_file: String,
    pub attribution: String,
    pub source: String,
    pub network: RawNetwork,
    pub input: RawInput,
    pub time: RawTime,
    pub labels: RawLabels,
    pub decision: RawDecision,
    pub self_check: RawSelfCheck,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNetwork {
    pub file: String,
    pub sha256: String,
    pub input: String,
    pub output: String,
    pub activation: Activation,
    #[serde(default)]
    pub output_axes: OutputAxes,
    pub embedding: Option<EmbeddingOutput>,
}

/// The output of a network that gives an embedding for each row of scores.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingOutput {
    /// Its name.
    pub output: String,
    /// Numbers of an embedding, 1 to 65,536.
    pub size: usize,
}

/// What is still to be done to a network's output to make scores of 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// Nothing: the network ends with it.
    None,
    /// The logistic function: the network gives logits.
    Sigmoid,
}

/// In which order a network gives the scores of many rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputAxes {
    /// `[clip, row, class]`: all classes of a row beside each other.
    #[default]
    RowMajor,
    /// `[clip, class, row]`: all rows of a class beside each other.
    ClassMajor,
}

/// From samples to what the network takes; `kind` says which of these it is.
#[derive(Debug, serde::Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum RawInput {
    LogMel(RawLogMel),
    /// All is fixed by the kind.
    FmnMel {},
    Waveform(RawWaveform),
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLogMel {
    pub sample_rate: u32,
    pub window_samples: usize,
    pub hop_samples: usize,
    pub fft_size: usize,
    pub window: FrameWindow,
    pub spectrum: SpectrumKind,
    pub bands: usize,
    pub low_hz: f64,
    pub high_hz: f64,
    pub log: LogRule,
    #[serde(default = "one")]
    pub sample_scale: f32,
    #[serde(default)]
    pub remove_mean: bool,
    #[serde(default)]
    pub preemphasis: f32,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWaveform {
    pub sample_rate: u32,
    #[serde(rename = "layout")]
    pub axes: ClipAxes,
    #[serde(default = "one")]
    pub sample_scale: f32,
}

fn one() -> f32 {
    1.0
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTime {
    pub layout: RawLayout,
    pub clip_secs: Option<f64>,
    #[serde(default)]
    pub hop_choices_secs: Vec<f64>,
    pub piece_secs: Option<f64>,
    pub context_before_secs: Option<f64>,
    pub context_after_secs: Option<f64>,
    pub pad_min_secs: Option<f64>,
    pub pad_step_secs: Option<f64>,
    pub rows_per_clip: Option<usize>,
    pub row_secs: Option<f64>,
    pub clip_hop_secs: Option<f64>,
    pub clips_at_once: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawLayout {
    Clips,
    Frames,
    BatchedFrames,
    FramedClips,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLabels {
    pub file: String,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDecision {
    pub threshold: f32,
    pub median_secs: f64,
    #[serde(default)]
    pub median_edges: MedianEdges,
    pub hysteresis: Option<f32>,
    #[serde(default)]
    pub merge_gap_secs: f64,
    #[serde(default)]
    pub min_duration_secs: f64,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSelfCheck {
    pub frames: usize,
    pub mean: f64,
    pub spread: f64,
    pub tolerance: f32,
    pub expected: Vec<(usize, usize, f32)>,
}
