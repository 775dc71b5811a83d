//! What a model folder says about its network: `model.toml`, read and checked. A manifest is hostile input: nothing of it is used before
//! every number has been found sensible, and each refusal names the field, what was found and what was expected.

mod check;
mod front_end;
mod raw;

use crate::decision::{DecisionRule, FrameAxis, MedianEdges, Preset};

pub use front_end::{ClipAxes, FrontEnd, WaveformSpec};
pub use raw::{Activation, EmbeddingOutput, OutputAxes};

/// The checked manifest of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// What the model is called in the window and in reports.
    pub name: String,
    /// Its version, kept with each prediction.
    pub version: String,
    /// One line about it.
    pub summary: String,
    /// SPDX identifier of the network's licence.
    pub licence: String,
    /// File in the folder that holds the licence text and the attribution.
    pub licence_file: String,
    /// Who made it.
    pub attribution: String,
    /// Where it comes from, and what was changed.
    pub source: String,
    /// The network's file and names.
    pub network: Network,
    /// From samples to features.
    pub front_end: FrontEnd,
    /// How features become clips and scores become frames.
    pub layout: Layout,
    /// The hops between scores that can be chosen, in seconds, the default first.
    pub hop_choices_secs: Vec<f64>,
    /// How much silence is put after the recording.
    pub padding: Padding,
    /// File in the folder that holds the classes.
    pub labels_file: String,
    /// The most clips that the network takes in one run; as many as are good for the device if `None`.
    pub clips_at_once: Option<usize>,
    /// The default decision rule.
    pub decision: Decision,
    /// An input and what the network must make of it.
    pub self_check: SelfCheck,
}

/// The network's file and the names within.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// File in the folder.
    pub file: String,
    /// Its SHA-256, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Name of the input that takes features.
    pub input: String,
    /// Name of the output that gives scores.
    pub output: String,
    /// What is still to be done to the output.
    pub activation: Activation,
    /// In which order it gives scores.
    pub output_axes: OutputAxes,
    /// Where it gives embeddings, row-major, one for each row of scores; most networks do not.
    pub embedding: Option<EmbeddingOutput>,
}

/// The default decision rule, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision {
    /// Threshold, 0 to 1.
    pub threshold: f32,
    /// The lower threshold down to which events are extended, 0 to 1.
    pub hysteresis: Option<f32>,
    /// Width of the median filter; 0 for none.
    pub median_secs: f64,
    /// What the median filter sees at the ends.
    pub median_edges: MedianEdges,
    /// Gaps of at most this are closed.
    pub merge_gap_secs: f64,
    /// Events shorter than this are dropped.
    pub min_duration_secs: f64,
}

/// What the network sees at once. Frames are stream frames of the front end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Layout {
    /// Clips of `frame_count` frames: `[clip, …]` → `[clip, class]`. A score belongs to the middle of its clip.
    Clips {
        /// Frames of a clip.
        frame_count: usize,
    },
    /// Any number of frames: `[frame, band]` → `[frame, class]`, with a leading axis of 1 if `batch_axis`. Long recordings are seen in
    /// overlapping pieces; the network's own reach decides whether that changes anything.
    Frames {
        /// Whether a leading axis of length 1 is wanted.
        batch_axis: bool,
        /// Frames whose scores are kept of each piece.
        piece_frames: usize,
        /// Frames seen before those.
        context_before_frames: usize,
        /// Frames seen after those.
        context_after_frames: usize,
    },
    /// Clips of which each gives rows of scores from its beginning on: `[clip, …]` → `[clip, row, class]`. Row `i` covers the samples
    /// `[i · row_samples, (i + 1) · row_samples)` of its clip.
    FramedClips {
        /// Samples of a clip.
        clip_samples: usize,
        /// Rows of scores that the network gives for a clip.
        given_rows: usize,
        /// Rows that are used, the first ones: those that begin and end within the clip.
        rows: usize,
        /// Samples of a row.
        row_samples: usize,
        /// Rows from one clip to the next with [`Preset::Overlapping`].
        hop_rows: usize,
    },
}

/// Silence after the recording: up to `min_samples`, and from there to a whole number of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Padding {
    /// Samples that are always there.
    pub min_samples: u64,
    /// Samples of a step; 0 for no rounding up.
    pub step_samples: u64,
}

/// An input by formula and the scores it must give.
#[derive(Clone, Debug, PartialEq)]
pub struct SelfCheck {
    /// Frames of the network's features (log-mel frames or samples), of all clips together; feature `[f, b]` is `mean + spread · sin(0.7 f + 1.3 b + 0.01 f b)`.
    pub frame_count: usize,
    /// Middle of the features.
    pub mean: f64,
    /// Their greatest distance from it.
    pub spread: f64,
    /// How far a score may be off.
    pub tolerance: f32,
    /// Row, class and score.
    pub expected: Vec<(usize, usize, f32)>,
}

impl Manifest {
    /// The hop between scores that is used unless another is chosen, in seconds.
    pub fn default_hop_secs(&self) -> f64 {
        self.hop_choices_secs.first().copied().unwrap_or_else(|| self.frame_hop_secs())
    }

    /// From one stream frame to the next, in seconds.
    pub fn frame_hop_secs(&self) -> f64 {
        self.front_end.hop_samples() as f64 / f64::from(self.front_end.sample_rate())
    }

    /// The choice that `secs` means, if it is one.
    pub fn hop_choice_secs(&self, secs: f64) -> Option<f64> {
        self.hop_choices_secs.iter().copied().find(|choice| (choice - secs).abs() < 1e-6)
    }

    /// What a score sees of the recording, in seconds: a clip, or a frame's window.
    pub fn seen_secs(&self) -> f64 {
        let samples = match self.layout {
            Layout::Clips { frame_count } => self.front_end.sample_count(frame_count as u64),
            Layout::Frames { .. } => self.front_end.sample_count(1),
            Layout::FramedClips { clip_samples, .. } => clip_samples as u64,
        };
        samples as f64 / f64::from(self.front_end.sample_rate())
    }

    /// Where the scores lie on the recording. Rows of clips lie one after the other from the start on. Other scores belong to a hop's length
    /// around the middle of what they see; what lies before the first middle and after the last one belongs to those too.
    pub fn axis(&self, hop_secs: f64) -> FrameAxis {
        let first_onset_secs = match self.layout {
            Layout::FramedClips { .. } => 0.0,
            Layout::Clips { .. } | Layout::Frames { .. } => (0.5 * (self.seen_secs() - hop_secs)).max(0.0),
        };
        FrameAxis { first_onset_secs, hop_secs }
    }

    /// Stream frames from one score to the next.
    pub fn hop_frames(&self, hop_secs: f64) -> usize {
        ((hop_secs / self.frame_hop_secs()).round() as usize).max(1)
    }

    /// Width of the default median filter in scores `hop_secs` apart: odd, 1 for none.
    pub fn median_frames(&self, hop_secs: f64) -> usize {
        let width = (self.decision.median_secs / hop_secs).round() as usize;
        if width < 2 { 1 } else { width | 1 }
    }

    /// Whether it can be chosen how recordings are cut into clips.
    pub fn has_presets(&self) -> bool {
        matches!(self.layout, Layout::FramedClips { .. })
    }

    /// The default rule for scores `hop_secs` apart. That of [`Preset::Reference`] has nothing that the reference program does not do.
    pub fn rule(&self, hop_secs: f64, preset: Preset) -> DecisionRule {
        let decision = &self.decision;
        let rule = DecisionRule {
            threshold: decision.threshold,
            median_frames: self.median_frames(hop_secs),
            median_edges: decision.median_edges,
            preset: self.has_presets().then_some(preset),
            ..DecisionRule::default()
        };
        if rule.preset == Some(Preset::Reference) {
            return DecisionRule { median_edges: MedianEdges::Reflect, ..rule };
        }
        DecisionRule {
            hysteresis: decision.hysteresis,
            merge_gap_secs: decision.merge_gap_secs,
            min_duration_secs: decision.min_duration_secs,
            ..rule
        }
    }
}

impl Layout {
    /// The most stream frames that the network sees in one clip or piece.
    pub fn frames_at_once(&self) -> usize {
        match *self {
            Self::Clips { frame_count } => frame_count,
            Self::Frames { piece_frames, context_before_frames, context_after_frames, .. } => {
                piece_frames + context_before_frames + context_after_frames
            }
            Self::FramedClips { clip_samples, .. } => clip_samples,
        }
    }

    /// The dimensions of the network's input for `frame_count` stream frames.
    pub fn input_shape(&self, front_end: &FrontEnd, frame_count: usize) -> Vec<usize> {
        match *self {
            Self::Clips { frame_count: clip } | Self::FramedClips { clip_samples: clip, .. } => {
                front_end.clips_shape(frame_count / clip.max(1), clip)
            }
            Self::Frames { batch_axis: true, .. } => vec![1, frame_count, front_end.stream_bands()],
            Self::Frames { batch_axis: false, .. } => vec![frame_count, front_end.stream_bands()],
        }
    }

    /// How many rows of scores the network gives for `frame_count` stream frames.
    pub fn row_count(&self, frame_count: usize) -> usize {
        match *self {
            Self::Clips { frame_count: clip } => frame_count / clip.max(1),
            Self::Frames { .. } => frame_count,
            Self::FramedClips { clip_samples, given_rows, .. } => frame_count / clip_samples.max(1) * given_rows,
        }
    }
}

impl Padding {
    /// How many samples a recording of `sample_count` has with its silence.
    pub fn padded(&self, sample_count: u64) -> u64 {
        let over = sample_count.saturating_sub(self.min_samples);
        match self.step_samples {
            0 => self.min_samples + over,
            step => self.min_samples + over.div_ceil(step) * step,
        }
    }
}
