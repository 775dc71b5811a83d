//! Carrying out a front end: what is done once for the whole recording as it is read, and what is done clip by clip beside the network.

use super::manifest::{FrontEnd, Layout};
use crate::dsp::{ClipMel, LogMel};

/// Makes stream frames of samples that come bit by bit.
pub(super) enum FeatureStream {
    LogMel(Box<LogMel>),
    Samples,
}

impl FeatureStream {
    /// At the start of a recording.
    pub fn new(front_end: &FrontEnd) -> Self {
        match front_end {
            FrontEnd::LogMel(spec) => Self::LogMel(Box::new(LogMel::new(spec.clone()))),
            FrontEnd::ClipMel(_) | FrontEnd::Waveform(_) => Self::Samples,
        }
    }

    /// Goes back to the start of a recording.
    pub fn restart(&mut self) {
        match self {
            Self::LogMel(front_end) => front_end.restart(),
            Self::Samples => {}
        }
    }

    /// Takes samples and appends the stream frames that became whole.
    pub fn push(&mut self, samples: &[f32], frames: &mut Vec<f32>) {
        match self {
            Self::LogMel(front_end) => front_end.push(samples, frames),
            Self::Samples => frames.extend_from_slice(samples),
        }
    }

    /// Goes on with so many samples of silence.
    pub fn push_silence(&mut self, mut sample_count: u64, frames: &mut Vec<f32>) {
        let silence = [0.0; 4096];
        while sample_count > 0 {
            let count = sample_count.min(silence.len() as u64);
            self.push(&silence[..count as usize], frames);
            sample_count -= count;
        }
    }
}

/// Makes the network's input of clips of stream frames; one for each thread that runs the network.
pub(super) struct ClipFeatures {
    kind: ClipKind,
    features: Vec<f32>,
}

enum ClipKind {
    /// The stream frames are the input.
    AsTheyAre,
    Scaled(f32),
    Mel {
        front_end: Box<ClipMel>,
        clip_samples: usize,
        clip_values: usize,
    },
}

impl ClipFeatures {
    /// For the clips of a layout.
    pub fn new(front_end: &FrontEnd, layout: Layout) -> Self {
        let clip_samples = layout.frames_at_once();
        let (frames, bands) = front_end.clip_features(clip_samples);
        let kind = match front_end {
            FrontEnd::LogMel(_) => ClipKind::AsTheyAre,
            FrontEnd::Waveform(spec) if spec.sample_scale == 1.0 => ClipKind::AsTheyAre,
            FrontEnd::Waveform(spec) => ClipKind::Scaled(spec.sample_scale),
            FrontEnd::ClipMel(spec) => {
                ClipKind::Mel { front_end: Box::new(ClipMel::new(*spec)), clip_samples, clip_values: frames * bands }
            }
        };
        Self { kind, features: Vec::new() }
    }

    /// The network's input for whole clips of stream frames, or for a piece of any length where the frames are the input.
    pub fn of<'a>(&'a mut self, frames: &'a [f32]) -> &'a [f32] {
        match &mut self.kind {
            ClipKind::AsTheyAre => return frames,
            ClipKind::Scaled(scale) => {
                self.features.clear();
                self.features.extend(frames.iter().map(|sample| sample * *scale));
            }
            ClipKind::Mel { front_end, clip_samples, clip_values } => {
                self.features.resize(frames.len() / *clip_samples * *clip_values, 0.0);
                let clips = frames.chunks_exact(*clip_samples).zip(self.features.chunks_exact_mut(*clip_values));
                clips.for_each(|(samples, out)| front_end.compute(samples, out));
            }
        }
        &self.features
    }
}
