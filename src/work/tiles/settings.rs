//! What is asked of the engine, and what it makes of it for one recording.

use std::sync::Arc;

use crate::audio::StreamSpec;
use crate::model::ModelInput;
use crate::spectrogram::{Channel, PictureKind, PictureSettings, PyramidLayout, ValueScale};

/// Planes of a picture, at most.
pub const MOST_PLANES: usize = 16;

/// How the picture is computed.
#[derive(Clone, Debug, PartialEq)]
pub struct TileSettings {
    /// What a byte of the picture stands for, and of which frames.
    pub picture: PictureSettings,
    /// What of the channels is shown, a plane each: 1 to [`MOST_PLANES`].
    pub channels: Vec<Channel>,
    /// The front end of the chosen model, for [`PictureKind::ModelInput`].
    pub model_input: Option<Arc<ModelInput>>,
    /// Threads that compute what is in view, ≥ 1.
    pub threads: usize,
    /// Bytes of tiles that are kept for scrolling back. What the pass over the whole yields comes on top.
    pub cache_bytes: usize,
}

impl Default for TileSettings {
    /// The mean of all channels, one thread a core (8 at most) and 24 MB of tiles: 96 of them at 48 kHz, several screens.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            picture: PictureSettings::default(),
            channels: vec![Channel::Mix],
            model_input: None,
            threads: cores.clamp(1, 8),
            cache_bytes: 24 << 20,
        }
    }
}

/// What is computed.
pub(super) struct Picture {
    pub(super) layout: PyramidLayout,
    pub(super) scale: ValueScale,
    pub(super) kind: PictureKind,
    pub(super) planes: Vec<Channel>,
    pub(super) model: Option<Arc<ModelInput>>,
}

impl TileSettings {
    /// What can be computed of a recording, and what to tell the user if that is not what was asked for.
    pub(super) fn resolve(&self, spec: &StreamSpec) -> (Picture, Vec<String>) {
        let mut notices = Vec::new();
        let mut kind = self.picture.kind;
        let model = self.model_input.clone().filter(|_| kind == PictureKind::ModelInput);
        if kind == PictureKind::ModelInput && model.is_none() {
            notices.push(
                "No model is chosen whose input can be shown: the picture shows levels. Choose a model first"
                    .to_owned(),
            );
            kind = PictureKind::Level;
        }
        let mut planes = self.channels.clone();
        if planes.len() > MOST_PLANES {
            notices.push(format!(
                "{} channels are too many for one picture: the first {MOST_PLANES} are shown. Choose others in the display settings",
                planes.len()
            ));
            planes.truncate(MOST_PLANES);
        }
        if model.is_some() && planes.as_slice() != [Channel::Mix] && spec.channels > 1 {
            notices.push("A model hears the mean of all channels: one picture is shown".to_owned());
        }
        if planes.is_empty() || model.is_some() {
            planes = vec![Channel::Mix];
        }
        let own = |kind: PictureKind| kind.value_scale().unwrap_or(ValueScale::DECIBELS);
        let (layout, scale) = match &model {
            Some(model) => (model.layout(), model.value_scale()),
            None => (PyramidLayout::new(spec.sample_rate, self.picture.stft(spec.sample_rate)), own(kind)),
        };
        let frames =
            u128::from(spec.frame_count) * u128::from(layout.sample_rate) / u128::from(spec.sample_rate.max(1));
        let frames = u64::try_from(frames).unwrap_or(u64::MAX);
        let layout = layout.for_planes(planes.len()).for_length(frames, planes.len());
        (Picture { layout, scale, kind, planes, model }, notices)
    }
}
