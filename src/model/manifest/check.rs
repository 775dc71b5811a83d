//! From the manifest as written to the one that can be relied on: ranges, file names, times that are whole frames.

use super::raw::{RawDecision, RawInput, RawLayout, RawLogMel, RawManifest, RawSelfCheck, RawTime, RawWaveform};
use super::{ClipAxes, Decision, FrontEnd, Layout, Manifest, Network, Padding, SelfCheck, WaveformSpec};
use crate::dsp::{ClipMelSpec, LogMelSpec, LogRule, MelSpec};
use crate::model::ModelError;
use std::fmt::Display;
use std::path::Path;

/// The only form of manifest there is so far.
const FORMAT: u32 = 1;
/// The longest clip, piece or context, in seconds: what is seen at once must fit in memory.
const LONGEST_SECS: f64 = 600.0;
const MOST_SELF_CHECK_FRAMES: usize = 2000;
/// The most samples of a self-check of a network that takes samples.
const MOST_SELF_CHECK_SAMPLES: usize = 10_000_000;
/// The most features that are seen at once: 200 MB of them.
const MOST_FEATURES: usize = 50_000_000;
/// Most numbers of an embedding.
const MOST_EMBEDDING: usize = 1 << 16;

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
        let hop_secs = front_end.hop_samples() as f64 / f64::from(front_end.sample_rate());
        let layout = self.layout(&raw.time, &front_end, hop_secs)?;
        let at_once = layout.frames_at_once().saturating_mul(front_end.stream_bands());
        self.range("features seen at once", at_once, 1, MOST_FEATURES)?;
        let hop_choices_secs = self.hop_choices(&raw.time, layout, &front_end)?;
        let padding = self.padding(&raw.time, layout, &front_end)?;
        let clips_at_once = self.clips_at_once(&raw.time, layout, &front_end)?;
        let self_check = self.self_check(&raw.self_check, &front_end, layout, clips_at_once)?;
        let decision = self.decision(&raw.decision)?;
        if let Some(embedding) = &raw.network.embedding {
            self.range("network.embedding.size", embedding.size, 1, MOST_EMBEDDING)?;
        }
        let network = Network {
            file: raw.network.file,
            sha256: raw.network.sha256,
            input: raw.network.input,
            output: raw.network.output,
            activation: raw.network.activation,
            output_axes: raw.network.output_axes,
            embedding: raw.network.embedding,
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
            clips_at_once,
            decision,
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

    fn decision(&self, raw: &RawDecision) -> Result<Decision, ModelError> {
        self.range("decision.threshold", raw.threshold, 0.0, 1.0)?;
        self.range("decision.hysteresis", raw.hysteresis.unwrap_or(0.0), 0.0, raw.threshold)?;
        self.range("decision.median_secs", raw.median_secs, 0.0, 60.0)?;
        self.range("decision.merge_gap_secs", raw.merge_gap_secs, 0.0, 60.0)?;
        self.range("decision.min_duration_secs", raw.min_duration_secs, 0.0, 60.0)?;
        Ok(Decision {
            threshold: raw.threshold,
            hysteresis: raw.hysteresis,
            median_secs: raw.median_secs,
            median_edges: raw.median_edges,
            merge_gap_secs: raw.merge_gap_secs,
            min_duration_secs: raw.min_duration_secs,
        })
    }

    fn front_end(&self, raw: &RawInput) -> Result<FrontEnd, ModelError> {
        match raw {
            RawInput::LogMel(raw) => self.log_mel(raw).map(FrontEnd::LogMel),
            RawInput::FmnMel {} => Ok(FrontEnd::ClipMel(ClipMelSpec::FMN)),
            RawInput::Waveform(raw) => self.waveform(raw).map(FrontEnd::Waveform),
        }
    }

    fn waveform(&self, raw: &RawWaveform) -> Result<WaveformSpec, ModelError> {
        self.range("input.sample_rate", raw.sample_rate, 1000, 384_000)?;
        self.range("input.sample_scale", raw.sample_scale, 1e-6, 1e6)?;
        Ok(WaveformSpec { sample_rate: raw.sample_rate, axes: raw.axes, sample_scale: raw.sample_scale })
    }

    fn log_mel(&self, raw: &RawLogMel) -> Result<LogMelSpec, ModelError> {
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

    fn layout(&self, raw: &RawTime, front_end: &FrontEnd, hop_secs: f64) -> Result<Layout, ModelError> {
        let is_stream = matches!(front_end, FrontEnd::LogMel(_));
        let is_frames = matches!(raw.layout, RawLayout::Frames | RawLayout::BatchedFrames);
        if is_frames && !is_stream {
            return Err(self.refuse("time.layout", "frames", "clips or framed_clips, for this kind of input"));
        }
        if raw.layout == RawLayout::FramedClips && is_stream {
            return Err(self.refuse("time.layout", "framed_clips", "clips or frames, for this kind of input"));
        }
        self.absent_times(raw)?;
        match raw.layout {
            RawLayout::Clips => self.clips(raw, front_end, hop_secs),
            RawLayout::Frames | RawLayout::BatchedFrames => self.frames(raw, hop_secs),
            RawLayout::FramedClips => self.framed_clips(raw, front_end),
        }
    }

    /// Refuses times that say nothing about the layout.
    fn absent_times(&self, raw: &RawTime) -> Result<(), ModelError> {
        let is_frames = matches!(raw.layout, RawLayout::Frames | RawLayout::BatchedFrames);
        let is_framed = raw.layout == RawLayout::FramedClips;
        let count = |count: Option<usize>| count.map(|count| count as f64);
        for (field, found, is_known) in [
            ("time.clip_secs", raw.clip_secs, !is_frames),
            ("time.piece_secs", raw.piece_secs, is_frames),
            ("time.context_before_secs", raw.context_before_secs, is_frames),
            ("time.context_after_secs", raw.context_after_secs, is_frames),
            ("time.pad_min_secs", raw.pad_min_secs, is_frames),
            ("time.pad_step_secs", raw.pad_step_secs, is_frames),
            ("time.rows_per_clip", count(raw.rows_per_clip), is_framed),
            ("time.row_secs", raw.row_secs, is_framed),
            ("time.clip_hop_secs", raw.clip_hop_secs, is_framed),
            ("time.clips_at_once", count(raw.clips_at_once), !is_frames),
        ] {
            if let (Some(found), false) = (found, is_known) {
                return Err(self.refuse(field, found, "nothing, for this layout"));
            }
        }
        Ok(())
    }

    fn needed<T>(&self, field: &str, found: Option<T>, what: &str) -> Result<T, ModelError> {
        found.ok_or_else(|| self.refuse(field, "nothing", format!("{what}, for this layout")))
    }

    fn clips(&self, raw: &RawTime, front_end: &FrontEnd, hop_secs: f64) -> Result<Layout, ModelError> {
        let secs = self.needed("time.clip_secs", raw.clip_secs, "seconds")?;
        let frame_count = self.whole_frames("time.clip_secs", secs, hop_secs, 1)?;
        self.clip_is_long_enough(front_end, frame_count)?;
        Ok(Layout::Clips { frame_count })
    }

    fn clip_is_long_enough(&self, front_end: &FrontEnd, clip_samples: usize) -> Result<(), ModelError> {
        match front_end {
            FrontEnd::ClipMel(spec) => {
                let least = spec.least_samples();
                self.range("time.clip_secs in samples", clip_samples, least, usize::MAX)
            }
            FrontEnd::LogMel(_) | FrontEnd::Waveform(_) => Ok(()),
        }
    }

    fn frames(&self, raw: &RawTime, hop_secs: f64) -> Result<Layout, ModelError> {
        let frames = |field: &str, secs: Option<f64>, least: usize| {
            self.whole_frames(field, self.needed(field, secs, "seconds")?, hop_secs, least)
        };
        Ok(Layout::Frames {
            batch_axis: raw.layout == RawLayout::BatchedFrames,
            piece_frames: frames("time.piece_secs", raw.piece_secs, 1)?,
            context_before_frames: frames("time.context_before_secs", raw.context_before_secs, 0)?,
            context_after_frames: frames("time.context_after_secs", raw.context_after_secs, 0)?,
        })
    }

    fn framed_clips(&self, raw: &RawTime, front_end: &FrontEnd) -> Result<Layout, ModelError> {
        let sample_secs = 1.0 / f64::from(front_end.sample_rate());
        let clip_secs = self.needed("time.clip_secs", raw.clip_secs, "seconds")?;
        let clip_samples = self.whole_frames("time.clip_secs", clip_secs, sample_secs, 1)?;
        self.clip_is_long_enough(front_end, clip_samples)?;
        let given_rows =
            self.needed("time.rows_per_clip", raw.rows_per_clip, "how many rows of scores a clip gives")?;
        self.range("time.rows_per_clip", given_rows, 1, clip_samples)?;
        let row_secs = raw.row_secs.unwrap_or(clip_secs / given_rows as f64);
        let row_samples = self.whole_frames("time.row_secs", row_secs, sample_secs, 1)?;
        self.range("time.row_secs", row_secs, sample_secs, clip_secs)?;
        let rows = given_rows.min(clip_samples / row_samples);
        let most_secs = (rows * row_samples) as f64 * sample_secs;
        let hop_secs = raw.clip_hop_secs.unwrap_or(most_secs);
        let hop_rows = self.whole_frames("time.clip_hop_secs", hop_secs, row_samples as f64 * sample_secs, 1)?;
        self.range("time.clip_hop_secs", hop_rows, 1, rows)?;
        Ok(Layout::FramedClips { clip_samples, given_rows, rows, row_samples, hop_rows })
    }

    fn clips_at_once(&self, raw: &RawTime, layout: Layout, front_end: &FrontEnd) -> Result<Option<usize>, ModelError> {
        let has_no_batch = matches!(front_end, FrontEnd::Waveform(spec) if spec.axes == ClipAxes::Samples);
        let most = if has_no_batch { 1 } else { 256 };
        self.range("time.clips_at_once", raw.clips_at_once.unwrap_or(1), 1, most)?;
        let is_frames = matches!(layout, Layout::Frames { .. });
        Ok(if has_no_batch && !is_frames { Some(1) } else { raw.clips_at_once })
    }

    fn hop_choices(&self, raw: &RawTime, layout: Layout, front_end: &FrontEnd) -> Result<Vec<f64>, ModelError> {
        let rate = f64::from(front_end.sample_rate());
        let hop_secs = front_end.hop_samples() as f64 / rate;
        let field = "time.hop_choices_secs";
        let found = || format!("{:?}", raw.hop_choices_secs);
        match layout {
            Layout::Frames { .. } if raw.hop_choices_secs.is_empty() => Ok(vec![hop_secs]),
            Layout::FramedClips { row_samples, .. } if raw.hop_choices_secs.is_empty() => {
                Ok(vec![row_samples as f64 / rate])
            }
            Layout::Frames { .. } | Layout::FramedClips { .. } => {
                Err(self.refuse(field, found(), "nothing, for this layout: one score a frame"))
            }
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

    fn padding(&self, raw: &RawTime, layout: Layout, front_end: &FrontEnd) -> Result<Padding, ModelError> {
        let rate = f64::from(front_end.sample_rate());
        let samples = |field: &str, secs: Option<f64>| match secs {
            None => Ok(0),
            Some(secs) => self.range(field, secs, 0.0, LONGEST_SECS).map(|()| (secs * rate).round() as u64),
        };
        let least = match layout {
            Layout::Clips { frame_count } => front_end.sample_count(frame_count as u64),
            Layout::Frames { .. } => front_end.sample_count(1),
            Layout::FramedClips { .. } => 0,
        };
        let min_samples = samples("time.pad_min_secs", raw.pad_min_secs)?.max(least);
        Ok(Padding { min_samples, step_samples: samples("time.pad_step_secs", raw.pad_step_secs)? })
    }

    fn self_check(
        &self,
        raw: &RawSelfCheck,
        front_end: &FrontEnd,
        layout: Layout,
        clips_at_once: Option<usize>,
    ) -> Result<SelfCheck, ModelError> {
        let is_samples = matches!(front_end, FrontEnd::Waveform(_));
        let most = if is_samples { MOST_SELF_CHECK_SAMPLES } else { MOST_SELF_CHECK_FRAMES };
        self.range("self_check.frames", raw.frames, 1, most)?;
        self.range("self_check.mean", raw.mean, -1e6, 1e6)?;
        self.range("self_check.spread", raw.spread, 0.0, 1e6)?;
        self.range("self_check.tolerance", raw.tolerance, 1e-6, 0.05)?;
        let rows = match layout {
            Layout::Frames { .. } => raw.frames,
            Layout::Clips { frame_count: clip } | Layout::FramedClips { clip_samples: clip, .. } => {
                let (clip_frames, _) = front_end.clip_features(clip);
                if !raw.frames.is_multiple_of(clip_frames) {
                    let expected = format!("a multiple of the {clip_frames} frames of a clip");
                    return Err(self.refuse("self_check.frames", raw.frames, expected));
                }
                if let Some(most) = clips_at_once {
                    self.range("self_check.frames", raw.frames, clip_frames, most * clip_frames)?;
                }
                layout.row_count(raw.frames / clip_frames * clip)
            }
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
