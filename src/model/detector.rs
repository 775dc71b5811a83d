//! Running a model over recordings: the one thing that the window, the command line and the tests ask of this module.

use super::backend::Backend;
use super::child::Watch;
use super::covering::{Covering, ScoreTaker};
use super::devices::DeviceChoice;
use super::folder::ModelFolder;
use super::framed_clips::Framing;
use super::manifest::{FrontEnd, Layout, Padding};
use super::pipeline::{self, Lanes, NetworkTime, Plan, QueuedRecording};
use super::runtime::{self, OpenNetwork, RuntimeChoice, RuntimeReport, Wanted};
use super::{Manifest, ModelError};
use crate::audio::SampleSource;
use crate::decision::{DecisionRule, FrameAxis, Preset};
use std::collections::BTreeMap;
use std::sync::Arc;

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
    /// Whether embeddings are wanted beside the scores.
    pub embeddings: bool,
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
    /// Row-major `[frame × number]`, the embedding of each row; empty unless [`DetectorOptions::embeddings`] asks for them. Where clips overlap,
    /// embeddings fade over from one to the next as scores do.
    pub embeddings: &'a [f32],
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
    /// Clips of a run of the network, where that was chosen.
    batch: Option<usize>,
    /// 0 where none are wanted.
    embedding_size: usize,
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
        let threads = options.threads.unwrap_or(processors().min(MOST_DEFAULT_THREADS)).clamp(1, 256);
        let onnx = folder.network_bytes()?;
        let embedding = match (&manifest.network.embedding, options.embeddings) {
            (_, false) => None,
            (Some(embedding), true) => Some(embedding),
            (None, true) => return Err(ModelError::NoEmbeddings { model: manifest.name.clone() }),
        };
        let more: Vec<&str> = embedding.iter().map(|embedding| embedding.output.as_str()).collect();
        let wanted = Wanted { runtime: options.runtime, device: options.device.clone(), threads };
        let network = runtime::open(folder, &onnx, &more, &wanted)?;
        Ok(Self {
            folder: folder.clone(),
            network,
            hop_secs,
            preset: options.preset,
            short: options.short,
            batch: None,
            embedding_size: embedding.map_or(0, |embedding| embedding.size),
        })
    }

    /// One whose network is `backend`, whatever that makes of its input; scores as far apart as the model allows.
    pub(super) fn over(folder: &ModelFolder, backend: Box<dyn Backend>) -> Self {
        let report = RuntimeReport {
            runtime: String::new(),
            device: "CPU".to_owned(),
            threads: 1,
            truth: None,
            notes: Vec::new(),
        };
        Self {
            folder: folder.clone(),
            network: OpenNetwork { backends: vec![backend], report, is_cpu: true, watch: None },
            hop_secs: folder
                .manifest
                .hop_choices_secs
                .iter()
                .copied()
                .fold(folder.manifest.default_hop_secs(), f64::max),
            preset: Preset::default(),
            short: ShortClips::default(),
            batch: None,
            embedding_size: 0,
        }
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
        let mut alone = Alone { on_scores, outcome: Err(ModelError::Cancelled) };
        let mut queue = std::iter::once(QueuedRecording { number: 0, open: Box::new(move || Ok(source)) });
        let noted = self.report().notes.len();
        self.run_many(&mut queue, 1, is_cancelled, &mut alone)?;
        let mut summary = alone.outcome?;
        // What became of the device in the meantime.
        summary.warnings.extend_from_slice(&self.report().notes[noted..]);
        Ok(summary)
    }

    /// Scores recordings as they come from `queue`, up to `readers` of them read at the same time, so that the network need not wait
    /// between two. Each gets the scores that [`Self::run`] gives it, to the last bit, in order; the recordings mix. What goes wrong with one
    /// is told to `taker` and ends that one only. Memory depends neither on the number of recordings nor on their length.
    ///
    /// # Errors
    /// [`ModelError::Cancelled`] soon after `is_cancelled` says so; no thread could be had.
    pub fn run_many(
        &mut self,
        queue: &mut (dyn Iterator<Item = QueuedRecording> + Send),
        readers: usize,
        is_cancelled: &dyn Fn() -> bool,
        taker: &mut dyn ScoreTaker,
    ) -> Result<NetworkTime, ModelError> {
        let plan = self.plan();
        let (axis, class_count, embedding_size) = (plan.axis, plan.class_count, plan.embedding_size);
        let mut covering = Covering { axis, class_count, embedding_size, taker, open: BTreeMap::new() };
        let lanes = self.lanes(readers);
        let time = pipeline::run(&plan, &mut self.network.backends, lanes, queue, is_cancelled, &mut covering);
        // The report tells it from now on.
        self.network.notice_failure();
        time
    }

    /// Where the network has a device of its own, the processors are free to make its input.
    fn lanes(&self, readers: usize) -> Lanes {
        let readers = readers.clamp(1, 64);
        let makes_clips = matches!(self.folder.manifest.front_end, FrontEnd::ClipMel(_));
        if self.network.is_cpu || !makes_clips {
            return Lanes { readers, feature_makers: 0 };
        }
        Lanes { readers, feature_makers: processors().saturating_sub(1).clamp(1, 16) }
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
            embedding_size: self.embedding_size,
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

    /// Clips of a run of the network: as many as were chosen, or as are good for the device as far as is known, and no more than it takes.
    pub fn clips_per_batch(&self) -> usize {
        let manifest = &self.folder.manifest;
        let good = match (manifest.has_presets(), self.network.is_cpu) {
            (false, true) => CLIPS_PER_BATCH_CPU,
            (false, false) => CLIPS_PER_BATCH_ACCELERATOR,
            (true, true) => FRAMED_CLIPS_PER_BATCH_CPU,
            (true, false) => FRAMED_CLIPS_PER_BATCH_ACCELERATOR,
        };
        let chosen = self.batch.unwrap_or(good).max(1);
        chosen.min(manifest.clips_at_once.unwrap_or(chosen))
    }

    /// From now on, runs of the network take so many clips, if it takes as many. The last bits of scores may depend on it.
    pub fn set_batch(&mut self, clips: usize) {
        self.batch = Some(clips);
    }

    /// Numbers of the embedding that goes with each row of scores; 0 where none were asked for.
    pub fn embedding_size(&self) -> usize {
        self.embedding_size
    }

    /// Whether the network runs on the CPU.
    pub fn is_cpu(&self) -> bool {
        self.network.is_cpu
    }

    /// How many copies of the network run side by side.
    pub(super) fn copies(&self) -> usize {
        self.network.backends.len()
    }

    pub(super) fn watch(&self) -> Option<&Arc<Watch>> {
        self.network.watch.as_ref()
    }

    pub(super) fn backends_mut(&mut self) -> &mut [Box<dyn Backend>] {
        &mut self.network.backends
    }
}

/// Hands on the scores of the only recording of a run.
struct Alone<'a> {
    on_scores: &'a mut dyn FnMut(ScoreBlock<'_>),
    outcome: Result<RunSummary, ModelError>,
}

impl ScoreTaker for Alone<'_> {
    fn scores(&mut self, _number: usize, block: ScoreBlock<'_>) -> bool {
        (self.on_scores)(block);
        true
    }

    fn ended(&mut self, _number: usize, outcome: Result<RunSummary, ModelError>) {
        self.outcome = outcome;
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn unknown_hop(manifest: &Manifest, found: f64) -> ModelError {
    let choices: Vec<String> = manifest.hop_choices_secs.iter().map(|secs| format!("{secs} s")).collect();
    ModelError::Hop { model: manifest.name.clone(), found, choices: choices.join(" or ") }
}
