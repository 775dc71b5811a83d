//! Running a model over recordings: the one thing that the window, the command line and the tests ask of this module.

use super::devices::DeviceChoice;
use super::folder::ModelFolder;
use super::framed_clips::Framing;
use super::manifest::{Layout, Padding};
use super::pipeline::{self, Plan};
use super::runtime::{self, OpenNetwork, RuntimeChoice, RuntimeReport, Wanted};
use super::{Manifest, ModelError};
use crate::audio::SampleSource;
use crate::decision::{DecisionRule, FrameAxis, Preset};
use std::sync::Arc;
use std::time::Instant;

/// Clips a run of the network on a CPU: more do not fit in its cache and are slower each.
const CLIPS_PER_BATCH_CPU: usize = 8;
/// Clips a run of the network on an accelerator.
const CLIPS_PER_BATCH_ACCELERATOR: usize = 64;
/// Clips a run if each gives many rows of scores: those are long, and one fills a CPU's cache by itself.
const FRAMED_CLIPS_PER_BATCH_CPU: usize = 1;
const FRAMED_CLIPS_PER_BATCH_ACCELERATOR: usize = 16;
/// More threads than this gain little and take the machine from its user.
const MOST_DEFAULT_THREADS: usize = 8;

/// What can be chosen about a detector.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DetectorOptions {
    /// The runtime.
    pub runtime: RuntimeChoice,
    /// The device.
    pub device: DeviceChoice,
    /// Seconds from one score to the next, one of the manifest's choices; its default if `None`.
    pub hop_secs: Option<f64>,
    /// Threads that run the network, 1 to 256; as many as there are processors, at most 8, if `None`.
    pub threads: Option<usize>,
    /// How recordings are cut into clips, if the model leaves a choice ([`crate::model::Manifest::has_presets`]).
    pub preset: Preset,
    /// What is done with recordings that are shorter than a clip, where the preset leaves a choice.
    pub short: ShortClips,
}

/// What fills up a recording that is shorter than the clip that a network wants. Only its own rows are kept in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShortClips {
    /// Silence after it.
    #[default]
    Pad,
    /// The recording again, as often as it takes.
    Repeat,
}

/// Scores as they come.
#[derive(Clone, Copy, Debug)]
pub struct ScoreBlock<'a> {
    /// Row-major `[frame × class]`, 0 to 1, following those of the block before.
    pub scores: &'a [f32],
    /// Rows in `scores`.
    pub frame_count: usize,
    /// How many of the last of them lie after the end of the recording, in silence that was put there; only with [`Preset::Reference`].
    pub padding_count: usize,
    /// How much of the recording has scores now, in seconds.
    pub done_secs: f64,
    /// Length of the recording as far as it is known, in seconds.
    pub duration_secs: f64,
}

/// What a detection came to.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSummary {
    /// Rows of scores in all.
    pub frame_count: usize,
    /// Length of the recording as decoded, in seconds.
    pub duration_secs: f64,
    /// How long the detection took, in seconds.
    pub elapsed_secs: f64,
    /// What went wrong without ending the decoding.
    pub warnings: Vec<String>,
}

/// A model that is ready to run.
pub struct Detector {
    folder: ModelFolder,
    network: OpenNetwork,
    hop_secs: f64,
    preset: Preset,
    short: ShortClips,
}

impl Detector {
    /// Reads the network, opens it on the best runtime and device of those chosen that can run it right, and says which in
    /// [`Detector::report`].
    pub fn load(folder: &ModelFolder, options: &DetectorOptions) -> Result<Self, ModelError> {
        let manifest = &folder.manifest;
        let hop_secs = match options.hop_secs {
            None => manifest.default_hop_secs(),
            Some(secs) => manifest.hop_choice_secs(secs).ok_or_else(|| unknown_hop(manifest, secs))?,
        };
        if options.preset == Preset::Reference && !manifest.has_presets() {
            return Err(ModelError::Preset { model: manifest.name.clone() });
        }
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = options.threads.unwrap_or(processors.min(MOST_DEFAULT_THREADS)).clamp(1, 256);
        let onnx = folder.network_bytes()?;
        let wanted = Wanted { runtime: options.runtime, device: options.device.clone(), threads };
        let network = runtime::open(folder, &onnx, &[], wanted)?;
        Ok(Self { folder: folder.clone(), network, hop_secs, preset: options.preset, short: options.short })
    }

    /// What runs the model, and why not what was wanted more.
    pub fn report(&self) -> &RuntimeReport {
        &self.network.report
    }

    /// The model.
    pub fn folder(&self) -> &ModelFolder {
        &self.folder
    }

    /// Where the scores lie on a recording.
    pub fn axis(&self) -> FrameAxis {
        self.folder.manifest.axis(self.hop_secs)
    }

    /// The model's own decision rule for its scores.
    pub fn rule(&self) -> DecisionRule {
        self.folder.manifest.rule(self.hop_secs, self.preset)
    }

    /// The class of each score of a row.
    pub fn classes(&self) -> Arc<[Arc<str>]> {
        self.folder.classes()
    }

    /// Scores the whole recording. `on_scores` gets the blocks in order on the caller's thread as they are computed; `is_cancelled` is
    /// asked on that thread some fifty times a second, and the run ends with [`ModelError::Cancelled`] soon after it says so.
    ///
    /// The scores cover the recording: the first one's stretch of time reaches back to 0, and the last score is repeated until the end
    /// of the recording is less than a hop away. A recording without samples gets no scores. With [`Preset::Reference`] the scores go on in
    /// the silence that fills up the last clip.
    pub fn run(
        &mut self,
        source: Box<dyn SampleSource>,
        is_cancelled: &dyn Fn() -> bool,
        on_scores: &mut dyn FnMut(ScoreBlock<'_>),
    ) -> Result<RunSummary, ModelError> {
        let began = Instant::now();
        let (axis, class_count) = (self.axis(), self.folder.labels.len());
        let mut duration_secs = source.spec().duration_secs();
        let plan = self.plan();
        let (mut frame_count, mut last_row) = (0_usize, Vec::new());
        let mut hand_on = |scores: &[f32], padding_count: usize, duration_secs: f64| {
            let rows = scores.len() / class_count;
            frame_count += rows;
            last_row.clear();
            last_row.extend_from_slice(&scores[scores.len() - class_count..]);
            let done_secs = (axis.first_onset_secs + frame_count as f64 * axis.hop_secs).min(duration_secs);
            on_scores(ScoreBlock { scores, frame_count: rows, padding_count, done_secs, duration_secs });
        };
        let mut take = |scores: &[f32], padding_count: usize| {
            if !scores.is_empty() {
                hand_on(scores, padding_count, duration_secs);
            }
        };
        let heard = pipeline::run(&plan, &mut self.network.backends, source, is_cancelled, &mut take);
        let failure = self.network.notice_failure();
        let mut heard = heard?;
        heard.warnings.extend(failure);
        duration_secs = heard.duration_secs;
        let missing = missing_rows(axis, frame_count, duration_secs);
        if missing > 0 {
            let rows = last_row.repeat(missing);
            frame_count += missing;
            on_scores(ScoreBlock {
                scores: &rows,
                frame_count: missing,
                padding_count: 0,
                done_secs: duration_secs,
                duration_secs,
            });
        }
        let elapsed_secs = began.elapsed().as_secs_f64();
        Ok(RunSummary { frame_count, duration_secs, elapsed_secs, warnings: heard.warnings })
    }

    fn plan(&self) -> Plan {
        let manifest = &self.folder.manifest;
        let hop_frames = manifest.hop_frames(self.hop_secs);
        let padding = match manifest.layout {
            Layout::Clips { .. } => {
                let step_samples = (hop_frames * manifest.front_end.hop_samples()) as u64;
                Padding { step_samples, ..manifest.padding }
            }
            Layout::Frames { .. } | Layout::FramedClips { .. } => manifest.padding,
        };
        Plan {
            model: manifest.name.clone(),
            front_end: manifest.front_end.clone(),
            layout: manifest.layout,
            framing: self.framing(),
            activation: manifest.network.activation,
            output_axes: manifest.network.output_axes,
            padding,
            axis: self.axis(),
            hop_frames,
            clips_per_batch: self.clips_per_batch(),
            class_count: self.folder.labels.len(),
        }
    }

    fn framing(&self) -> Option<Framing> {
        let Layout::FramedClips { clip_samples, rows, row_samples, hop_rows, .. } = self.folder.manifest.layout else {
            return None;
        };
        let (hop_rows, short) = match self.preset {
            Preset::Overlapping => (hop_rows, self.short),
            Preset::Reference => (rows, ShortClips::Pad),
        };
        Some(Framing { clip_samples, rows, row_samples, hop_rows, preset: self.preset, short })
    }

    fn clips_per_batch(&self) -> usize {
        let manifest = &self.folder.manifest;
        let good = match (manifest.has_presets(), self.network.is_cpu) {
            (false, true) => CLIPS_PER_BATCH_CPU,
            (false, false) => CLIPS_PER_BATCH_ACCELERATOR,
            (true, true) => FRAMED_CLIPS_PER_BATCH_CPU,
            (true, false) => FRAMED_CLIPS_PER_BATCH_ACCELERATOR,
        };
        good.min(manifest.clips_at_once.unwrap_or(good))
    }
}

/// How many more rows it takes until the end of the recording is less than a hop away.
fn missing_rows(axis: FrameAxis, frame_count: usize, duration_secs: f64) -> usize {
    let covered_secs = axis.first_onset_secs + frame_count as f64 * axis.hop_secs;
    // A little less than a whole hop is taken for one, so that rounding cannot leave a hop open.
    let hops = (duration_secs - covered_secs) / axis.hop_secs + 1e-6;
    if frame_count == 0 { 0 } else { hops.floor().max(0.0) as usize }
}

fn unknown_hop(manifest: &Manifest, found: f64) -> ModelError {
    let choices: Vec<String> = manifest.hop_choices_secs.iter().map(|secs| format!("{secs} s")).collect();
    ModelError::Hop { model: manifest.name.clone(), found, choices: choices.join(" or ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_score_reaches_the_end_of_the_recording() {
        let axis = FrameAxis { first_onset_secs: 0.4375, hop_secs: 0.1 };
        let frames = 11;
        for ticks in 0..200 {
            let duration = 1.5 + f64::from(ticks) * 0.0125;
            let all = frames + missing_rows(axis, frames, duration);
            assert_eq!(axis.span(all - 1, all, all, duration).offset_secs, duration, "{duration}");
        }
    }
}
