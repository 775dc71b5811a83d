//! From the manifest as written to the one that can be relied on: ranges, file names, times that are whole frames.

use super::raw::{RawInput, RawLayout, RawManifest, RawSelfCheck, RawTime};
use super::{Layout, Manifest, Network, Padding, SelfCheck};
use crate::dsp::{LogMelSpec, LogRule, MelSpec};
use crate::model::ModelError;
use std::fmt::Display;
use std::path::Path;

/// The only form of manifest there is so far.
const FORMAT: u32 = 1;
/// The longest clip, piece or context, in seconds: what is seen at once must fit in memory.
const LONGEST_SECS: f64 = 600.0;
const MOST_SELF_CHECK_FRAMES: usize = 2000;
/// The most features that are seen at once: 200 MB of them.
const MOST_FEATURES: usize = 50_000_000;

impl Manifest {
    /// Reads and checks the manifest `text`; `path` is for messages.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ModelError> {
        let raw: RawManifest = toml::from_str(text).map_err(|error| ModelError::Syntax {
            path: path.to_path_buf(),
            reason: error.to_string().trim_end().to_owned(),
        })?;
        Checker { path }.manifest(raw)
    }
}

struct Checker<'a> {
    path: &'a Path,
}

impl Checker<'_> {
    fn refuse(&self, field: &str, found: impl Display, expected: impl Display) -> ModelError {
        ModelError::Field {
            path: self.path.to_path_buf(),
            field: field.to_owned(),
            found: found.to_string(),
            expected: expected.to_string(),
        }
    }

    fn manifest(&self, raw: RawManifest) -> Result<Manifest, ModelError> {
        self.range("format", raw.format, FORMAT, FORMAT)?;
        self.texts(&raw)?;
        let front_end = self.front_end(&raw.input)?;
        let hop_secs = raw.input.hop_samples as f64 / f64::from(raw.input.sample_rate);
        let layout = self.layout(&raw.time, hop_secs)?;
        self.range("features seen at once", layout.frames_at_once().saturating_mul(raw.input.bands), 1, MOST_FEATURES)?;
        let hop_choices_secs = self.hop_choices(&raw.time, layout, hop_secs)?;
        let padding = self.padding(&raw.time, layout, &front_end)?;
        let self_check = self.self_check(&raw.self_check, layout)?;
        self.range("decision.threshold", raw.decision.threshold, 0.0, 1.0)?;
        self.range("decision.median_secs", raw.decision.median_secs, 0.0, 60.0)?;
        let network = Network {
            file: raw.network.file,
            sha256: raw.network.sha256,
            input: raw.network.input,
            output: raw.network.output,
            activation: raw.network.activation,
        };
        Ok(Manifest {
            name: raw.name,
            version: raw.version,
            summary: raw.summary,
            licence: raw.licence,
            licence_file: raw.licence_file,
            attribution: raw.attribution,
            source: raw.source,
            network,
            front_end,
            layout,
            hop_choices_secs,
            padding,
            labels_file: raw.labels.file,
            threshold: raw.decision.threshold,
            median_secs: raw.decision.median_secs,
            self_check,
        })
    }

    fn texts(&self, raw: &RawManifest) -> Result<(), ModelError> {
        for (field, text) in [
            ("name", &raw.name),
            ("version", &raw.version),
            ("licence", &raw.licence),
            ("network.input", &raw.network.input),
            ("network.output", &raw.network.output),
        ] {
            if text.trim().is_empty() || text.len() > 200 || text.chars().any(char::is_control) {
                return Err(self.refuse(field, format!("{text:?}"), "a text of 1 to 200 characters on one line"));
            }
        }
        for (field, file) in [
            ("network.file", &raw.network.file),
            ("labels.file", &raw.labels.file),
            ("licence_file", &raw.licence_file),
        ] {
            // A manifest must not reach outside its folder.
            let is_plain = !file.is_empty() && !file.starts_with('.') && !file.contains(['/', '\\', ':', '\0']);
            if !is_plain {
                return Err(self.refuse(field, format!("{file:?}"), "the name of a file in the model folder"));
            }
        }
        let digest = &raw.network.sha256;
        let is_hex = digest.len() == 64 && digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if is_hex { Ok(()) } else { Err(self.refuse("network.sha256", digest, "64 lower-case hexadecimal digits")) }
    }

    fn front_end(&self, raw: &RawInput) -> Result<LogMelSpec, ModelError> {
        if raw.kind != "log_mel" {
            return Err(self.refuse("input.kind", format!("{:?}", raw.kind), "\"log_mel\""));
        }
        self.range("input.sample_rate", raw.sample_rate, 1000, 384_000)?;
        self.range("input.window_samples", raw.window_samples, 2, 65_536)?;
        self.range("input.hop_samples", raw.hop_samples, 1, raw.window_samples)?;
        self.range("input.fft_size", raw.fft_size, raw.window_samples, 65_536)?;
        self.range("input.bands", raw.bands, 1, 1024)?;
        let half_rate = f64::from(raw.sample_rate) / 2.0;
        self.range("input.low_hz", raw.low_hz, 0.0, half_rate)?;
        self.range("input.high_hz", raw.high_hz, 0.0, half_rate)?;
        if raw.high_hz <= raw.low_hz {
            return Err(self.refuse(
                "input.high_hz",
                raw.high_hz,
                format!("more than low_hz, which is {}", raw.low_hz),
            ));
        }
        let (LogRule::Offset(least) | LogRule::Floor(least)) = raw.log;
        self.range("input.log", least, 1e-30, 1.0)?;
        self.range("input.sample_scale", raw.sample_scale, 1e-6, 1e6)?;
        self.range("input.preemphasis", raw.preemphasis, 0.0, 1.0)?;
        let mel = MelSpec {
            sample_rate: raw.sample_rate,
            fft_size: raw.fft_size,
            band_count: raw.bands,
            low_hz: raw.low_hz,
            high_hz: raw.high_hz,
        };
        Ok(LogMelSpec {
            mel,
            window_samples: raw.window_samples,
            hop_samples: raw.hop_samples,
            window: raw.window,
            spectrum: raw.spectrum,
            log: raw.log,
            sample_scale: raw.sample_scale,
            remove_mean: raw.remove_mean,
            preemphasis: raw.preemphasis,
        })
    }

    fn layout(&self, raw: &RawTime, hop_secs: f64) -> Result<Layout, ModelError> {
        let frames = |field: &str, secs: Option<f64>, least: usize| match secs {
            Some(secs) => self.whole_frames(field, secs, hop_secs, least),
            None => Err(self.refuse(field, "nothing", "seconds, for this layout")),
        };
        let absent = |field: &str, secs: Option<f64>| match secs {
            Some(secs) => Err(self.refuse(field, secs, "nothing, for this layout")),
            None => Ok(()),
        };
        if raw.layout == RawLayout::Clips {
            absent("time.piece_secs", raw.piece_secs)?;
            absent("time.context_before_secs", raw.context_before_secs)?;
            absent("time.context_after_secs", raw.context_after_secs)?;
            absent("time.pad_min_secs", raw.pad_min_secs)?;
            absent("time.pad_step_secs", raw.pad_step_secs)?;
            return Ok(Layout::Clips { frame_count: frames("time.clip_secs", raw.clip_secs, 1)? });
        }
        absent("time.clip_secs", raw.clip_secs)?;
        Ok(Layout::Frames {
            batch_axis: raw.layout == RawLayout::BatchedFrames,
            piece_frames: frames("time.piece_secs", raw.piece_secs, 1)?,
            context_before_frames: frames("time.context_before_secs", raw.context_before_secs, 0)?,
            context_after_frames: frames("time.context_after_secs", raw.context_after_secs, 0)?,
        })
    }

    fn hop_choices(&self, raw: &RawTime, layout: Layout, hop_secs: f64) -> Result<Vec<f64>, ModelError> {
        let field = "time.hop_choices_secs";
        let found = || format!("{:?}", raw.hop_choices_secs);
        match layout {
            Layout::Frames { .. } if raw.hop_choices_secs.is_empty() => Ok(vec![hop_secs]),
            Layout::Frames { .. } => Err(self.refuse(field, found(), "nothing, for this layout: one score a frame")),
            Layout::Clips { .. } if raw.hop_choices_secs.is_empty() || raw.hop_choices_secs.len() > 20 => {
                Err(self.refuse(field, found(), "1 to 20 hops, the default first"))
            }
            Layout::Clips { frame_count } => {
                for &choice in &raw.hop_choices_secs {
                    let frames = self.whole_frames(field, choice, hop_secs, 1)?;
                    self.range(field, frames as f64 * hop_secs, hop_secs, frame_count as f64 * hop_secs)?;
                }
                Ok(raw.hop_choices_secs.clone())
            }
        }
    }

    fn padding(&self, raw: &RawTime, layout: Layout, front_end: &LogMelSpec) -> Result<Padding, ModelError> {
        let rate = f64::from(front_end.mel.sample_rate);
        let samples = |field: &str, secs: Option<f64>| match secs {
            None => Ok(0),
            Some(secs) => self.range(field, secs, 0.0, LONGEST_SECS).map(|()| (secs * rate).round() as u64),
        };
        let least = match layout {
            Layout::Clips { frame_count } => front_end.sample_count(frame_count as u64),
            Layout::Frames { .. } => front_end.sample_count(1),
        };
        let min_samples = samples("time.pad_min_secs", raw.pad_min_secs)?.max(least);
        Ok(Padding { min_samples, step_samples: samples("time.pad_step_secs", raw.pad_step_secs)? })
    }

    fn self_check(&self, raw: &RawSelfCheck, layout: Layout) -> Result<SelfCheck, ModelError> {
        self.range("self_check.frames", raw.frames, 1, MOST_SELF_CHECK_FRAMES)?;
        self.range("self_check.mean", raw.mean, -1e6, 1e6)?;
        self.range("self_check.spread", raw.spread, 0.0, 1e6)?;
        self.range("self_check.tolerance", raw.tolerance, 1e-6, 0.05)?;
        let rows = match layout {
            Layout::Clips { frame_count } if raw.frames.is_multiple_of(frame_count) => raw.frames / frame_count,
            Layout::Clips { frame_count } => {
                let expected = format!("a multiple of the {frame_count} frames of a clip");
                return Err(self.refuse("self_check.frames", raw.frames, expected));
            }
            Layout::Frames { .. } => raw.frames,
        };
        if raw.expected.is_empty() || raw.expected.iter().any(|&(row, _, _)| row >= rows) {
            let expected = format!("at least one [row, class, score] with rows of 0 to {}", rows - 1);
            return Err(self.refuse("self_check.expected", format!("{:?}", raw.expected), expected));
        }
        Ok(SelfCheck {
            frame_count: raw.frames,
            mean: raw.mean,
            spread: raw.spread,
            tolerance: raw.tolerance,
            expected: raw.expected.clone(),
        })
    }

    fn whole_frames(&self, field: &str, secs: f64, hop_secs: f64, least: usize) -> Result<usize, ModelError> {
        self.range(field, secs, least as f64 * hop_secs, LONGEST_SECS)?;
        let frames = secs / hop_secs;
        if (frames - frames.round()).abs() > 1e-4 {
            return Err(self.refuse(field, secs, format!("a multiple of the hop of {hop_secs} s")));
        }
        Ok(frames.round() as usize)
    }

    fn range<T: PartialOrd + Display + Copy>(
        &self,
        field: &str,
        found: T,
        least: T,
        most: T,
    ) -> Result<(), ModelError> {
        // Not a number is in no range.
        if found >= least && found <= most {
            return Ok(());
        }
        let expected = if least == most { least.to_string() } else { format!("{least} to {most}") };
        Err(self.refuse(field, found, expected))
    }
}
