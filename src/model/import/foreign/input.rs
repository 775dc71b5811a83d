//! What an input's number of axes and their sizes tell about what a network takes.

use crate::model::ClipAxes;
use crate::onnx::outline::Port;
use std::fmt;

/// A dimension up to this is taken for bands, a longer one for samples.
const MOST_BANDS: usize = 512;

/// What a network can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// Samples of −1 to 1.
    Waveform,
    /// Log-mel frames as YAMNet has them.
    YamnetMel,
    /// Kaldi's log filter banks of 16-bit samples.
    KaldiFbank,
    /// Log-mel clips of the EfficientSED networks.
    FmnMel,
}

impl InputKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Waveform, Self::YamnetMel, Self::KaldiFbank, Self::FmnMel];

    /// Its word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waveform => "waveform",
            Self::YamnetMel => "yamnet-mel",
            Self::KaldiFbank => "kaldi-fbank",
            Self::FmnMel => "fmn-mel",
        }
    }

    /// The shapes of its inputs, in words.
    fn shapes(self) -> &'static str {
        match self {
            Self::Waveform => "samples as [n], [clip, n], [clip, 1, n] or [clip, n, 1]",
            Self::YamnetMel | Self::KaldiFbank => {
                "frames [frame, band] or [1, frame, band], or clips [clip, frame, band]"
            }
            Self::FmnMel => "maps [clip, 1, 128, frame]",
        }
    }
}

impl fmt::Display for InputKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

/// How the input's axes are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axes {
    /// Samples, and how many of them if that is fixed.
    Samples(ClipAxes, Option<usize>),
    /// `[clip, frame, band]`.
    Clips { frames: usize, bands: usize },
    /// `[frame, band]`, with a leading axis of 1 if so.
    Frames { has_batch: bool, bands: usize },
    /// `[clip, 1, band, frame]`.
    Maps { frames: Option<usize> },
}

/// The kind that is given, or else the likeliest, and how the axes are to be read.
pub(super) fn read(input: &Port, given: Option<InputKind>) -> Result<(InputKind, Axes), String> {
    let axes = axes_of(&input.sizes, given == Some(InputKind::Waveform));
    let likely = match axes {
        Some(Axes::Samples(..)) => InputKind::Waveform,
        Some(Axes::Maps { .. }) => InputKind::FmnMel,
        Some(Axes::Clips { bands: 80, .. } | Axes::Frames { bands: 80, .. }) => InputKind::KaldiFbank,
        Some(Axes::Clips { .. } | Axes::Frames { .. }) => InputKind::YamnetMel,
        None => {
            let known: Vec<String> = [InputKind::Waveform, InputKind::YamnetMel, InputKind::FmnMel]
                .map(|kind| kind.shapes().to_owned())
                .to_vec();
            return Err(format!("its input {input} has none of the shapes that are known: {}", known.join("; ")));
        }
    };
    let kind = given.unwrap_or(likely);
    let fits = match axes {
        Some(Axes::Clips { .. } | Axes::Frames { .. }) => matches!(kind, InputKind::YamnetMel | InputKind::KaldiFbank),
        _ => kind == likely,
    };
    match axes {
        Some(axes) if fits => Ok((kind, axes)),
        _ => Err(format!(
            "its input {input} does not fit --input {kind}; expected {}; by its shape it could be {likely}",
            kind.shapes()
        )),
    }
}

fn axes_of(sizes: &[Option<usize>], is_waveform: bool) -> Option<Axes> {
    let bands = |size: &Option<usize>| size.filter(|&size| !is_waveform && size <= MOST_BANDS);
    let is_many = |size: &Option<usize>| is_waveform || size.is_none_or(|size| size > MOST_BANDS);
    Some(match sizes {
        [samples] => Axes::Samples(ClipAxes::Samples, *samples),
        [_, last] => match bands(last) {
            Some(bands) => Axes::Frames { has_batch: false, bands },
            None => Axes::Samples(ClipAxes::BatchSamples, *last),
        },
        [_, Some(1), samples] if is_many(samples) => Axes::Samples(ClipAxes::BatchChannelSamples, *samples),
        [_, samples, Some(1)] if is_many(samples) => Axes::Samples(ClipAxes::BatchSamplesChannel, *samples),
        [_, frames, last] => match (frames, bands(last)?) {
            (Some(frames), bands) => Axes::Clips { frames: *frames, bands },
            (None, bands) => Axes::Frames { has_batch: true, bands },
        },
        [_, Some(1), Some(128), frames] => Axes::Maps { frames: *frames },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::outline::FLOATS;

    fn told(sizes: &[Option<usize>], kind: Option<InputKind>) -> Result<(InputKind, Axes), String> {
        read(&Port { name: "x".to_owned(), sizes: sizes.to_vec(), holds: FLOATS }, kind)
    }

    #[test]
    fn shapes_tell_what_a_network_takes() {
        let samples = |axes, count| (InputKind::Waveform, Axes::Samples(axes, count));
        for (sizes, expected) in [
            (&[None][..], samples(ClipAxes::Samples, None)),
            (&[None, None], samples(ClipAxes::BatchSamples, None)),
            (&[None, Some(16_000)], samples(ClipAxes::BatchSamples, Some(16_000))),
            (&[None, Some(1), None], samples(ClipAxes::BatchChannelSamples, None)),
            (&[None, Some(43_844), Some(1)], samples(ClipAxes::BatchSamplesChannel, Some(43_844))),
            (&[None, Some(80)], (InputKind::KaldiFbank, Axes::Frames { has_batch: false, bands: 80 })),
            (&[Some(1), None, Some(64)], (InputKind::YamnetMel, Axes::Frames { has_batch: true, bands: 64 })),
            (&[None, Some(96), Some(64)], (InputKind::YamnetMel, Axes::Clips { frames: 96, bands: 64 })),
            (&[None, Some(1), Some(128), Some(1000)], (InputKind::FmnMel, Axes::Maps { frames: Some(1000) })),
        ] {
            assert_eq!(told(sizes, None), Ok(expected), "{sizes:?}");
        }
        let short = told(&[None, Some(512)], Some(InputKind::Waveform));
        assert_eq!(short, Ok(samples(ClipAxes::BatchSamples, Some(512))));
    }

    #[test]
    fn what_does_not_fit_is_refused_with_what_would() {
        let refused = told(&[None, Some(3), Some(224), Some(224)], None).unwrap_err();
        assert!(refused.contains("\"x\" [?, 3, 224, 224] has none of the shapes"), "{refused}");
        let refused = told(&[None, None], Some(InputKind::FmnMel)).unwrap_err();
        assert!(refused.contains("expected maps [clip, 1, 128, frame]"), "{refused}");
        assert!(refused.ends_with("it could be waveform"), "{refused}");
    }
}
