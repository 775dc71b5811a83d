//! The one way in which results reach the window: a closed list of updates through one bounded channel.

use super::evaluation::{EvaluationReport, Tuned};
use super::keeper::{ProjectId, ProjectNews};
use super::{GpuNews, LabelFileNews, LabelSetNews, ModelEnd, Relocated, Surveyed};
use crate::annotation::RecordingId;
use crate::annotation::lint::Report;
use crate::decision::{Decided, DecisionRule, FrameAxis};
use crate::model::DeviceList;
use crate::model::acquire::Stage;
use crate::model::bench::{self, charts::Against};
use crate::model::registry::ListedModel;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::path::PathBuf;
use std::sync::Arc;

/// Updates that may wait for the window; a thread that has more to say waits itself.
const WAITING_UPDATES: usize = 256;

/// The form of a chart's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChartForm {
    /// A drawing.
    Svg,
    /// A picture.
    Png,
    /// A table.
    Csv,
}

impl ChartForm {
    /// All forms.
    pub const ALL: [Self; 3] = [Self::Svg, Self::Png, Self::Csv];

    /// The file name's ending.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png => "png",
            Self::Csv => "csv",
        }
    }
}

/// Which question a file dialog asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialogPurpose {
    /// Recordings, projects or label files to open.
    Open,
    /// A folder whose recordings are to be opened.
    OpenFolder,
    /// Where to save the project.
    SaveProject,
    /// Where to write a copy of the project.
    CopyProject,
    /// In which folder to write everything as text.
    ExportText,
    /// Which labels to import.
    ImportLabels,
    /// Which labels to evaluate.
    EvaluatedLabels,
    /// Which folder of frame scores to evaluate.
    EvaluatedScores,
    /// Which table says what labels stand for when they are evaluated.
    EvaluationMap,
    /// Which set of labels to preview.
    LabelSet,
    /// Where to write the label classes.
    ExportLabelClasses,
    /// Where to export labels of a format, by its id.
    ExportLabels(&'static str),
    /// Into which folder to export labels of a format, by its id, a file for each recording.
    ExportLabelsFolder(&'static str),
    /// Which file to make a model of.
    ImportModel,
    /// Which wheel with GPU support to take.
    GpuWheel,
    /// Which file has the names of the classes of a model that is being imported.
    ModelLabels,
    /// Where to save a picture of what is in view.
    SavePicture,
    /// In which folder to look for recordings that are missing.
    FindRecordings,
    /// Where to write the keys.
    ExportKeys,
    /// Which keys to read.
    ImportKeys,
    /// Where to write a chart, in which form.
    ExportChart(Against, ChartForm),
}

impl DialogPurpose {
    /// Whether the answer is about the project that was in the window when it was asked.
    pub fn is_of_project(self) -> bool {
        !matches!(
            self,
            Self::ImportModel
                | Self::ModelLabels
                | Self::GpuWheel
                | Self::ExportKeys
                | Self::ImportKeys
                | Self::ExportChart(..)
        )
    }
}

/// Names one run of a model over a recording: what comes of an earlier run of the same recording is told apart from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunId {
    /// Which recording.
    pub recording: RecordingId,
    /// Never the same for two runs.
    pub number: u64,
}

/// What a model run says when it begins.
#[derive(Clone, Debug)]
pub struct DetectionStart {
    /// The model folder's name.
    pub model: Arc<str>,
    /// The version that its manifest states.
    pub version: Arc<str>,
    /// Which device and runtime run it, in words: `CPU · ONNX Runtime 1.31.1`.
    pub ran_on: String,
    /// What an accelerator was measured to do with the model, in words.
    pub truth: Option<String>,
    /// Why no other runtime or device that was wanted more.
    pub notes: Vec<String>,
    /// Where its frames lie.
    pub axis: FrameAxis,
    /// Its classes.
    pub classes: Arc<[Arc<str>]>,
    /// The model's own rule for scores that came about like these.
    pub rule: DecisionRule,
}

/// How a model run ended.
#[derive(Clone, Debug)]
pub enum DetectionEnd {
    /// The whole recording was scored: its length and the time it took, in seconds.
    Done {
        /// Length of the recording.
        duration_secs: f64,
        /// Time from start to end.
        elapsed_secs: f64,
        /// What went wrong without ending the decoding.
        warnings: Vec<String>,
        /// On what it ran, in words, if that is no longer what was told at its start.
        ran_on: Option<String>,
    },
    /// The user stopped it.
    Cancelled,
    /// It failed, for this reason.
    Failed(String),
}

/// A result of work on another thread.
#[derive(Debug)]
pub enum Update {
    /// Folders among the paths to open were replaced by the recordings in them: some of what was asked for at once.
    Expanded {
        /// For which project that was asked.
        project: ProjectId,
        /// What to open.
        files: Vec<PathBuf>,
        /// Which folders gave nothing, and why.
        failures: Vec<String>,
        /// Whether nothing of the same request came before.
        is_first: bool,
    },
    /// Recordings were looked at.
    Surveyed(Vec<Surveyed>),
    /// What recordings are recognised by, with the path where each was read.
    Fingerprints(Vec<(RecordingId, PathBuf, String)>),
    /// Recordings that were missing may have been found.
    Relocated(Relocated),
    /// Something came of a task about a set of labels.
    LabelSet(LabelSetNews),
    /// A model was loaded and starts on a recording.
    DetectionStarted {
        /// Which run.
        run: RunId,
        /// Who runs where.
        start: Box<DetectionStart>,
    },
    /// The next frames of a recording.
    Scores {
        /// Which run.
        run: RunId,
        /// Row-major `[frame × class]`.
        scores: Vec<f32>,
        /// How far the model has come, in seconds of the recording.
        done_secs: f64,
        /// Time since the model started on it, in seconds.
        elapsed_secs: f64,
    },
    /// Scores were turned into predictions, class by class.
    Decided(Vec<Decided>),
    /// A model run is over.
    DetectionEnded {
        /// Which run.
        run: RunId,
        /// How.
        end: DetectionEnd,
    },
    /// The devices that can run models were listed.
    Devices(DeviceList),
    /// Something came of getting GPU support.
    GpuSupport(GpuNews),
    /// What became of a request about a project.
    Project(ProjectId, ProjectNews),
    /// Something came of a task about label files.
    LabelFiles(LabelFileNews),
    /// A chart was written.
    ChartExported {
        /// Where.
        path: PathBuf,
        /// Why it could not be written.
        result: Result<(), String>,
    },
    /// How much of a picture is drawn, 0 to 1.
    PictureProgress(f64),
    /// A picture was drawn and written.
    PictureSaved {
        /// Where.
        path: PathBuf,
        /// What should be known of it, or why it could not be; none if the user stopped it.
        result: Option<Result<Vec<String>, String>>,
    },
    /// How far measuring models has come.
    MeasuringProgress(bench::Progress),
    /// Measuring models is over: what was measured, or why it ended; none if the user stopped it.
    MeasuringEnded(Option<Result<Vec<bench::Measured>, String>>),
    /// How far a task about models has come.
    ModelTaskProgress {
        /// Which.
        number: u64,
        /// What is being done.
        stage: Stage,
    },
    /// A task about models is over.
    ModelTaskEnded {
        /// Which.
        number: u64,
        /// How.
        end: ModelEnd,
        /// The models that are installed now.
        models: Vec<ListedModel>,
    },
    /// Labels were checked.
    LabelsChecked {
        /// The revision of the project that was looked at.
        revision: u64,
        /// What was found, or why nothing could be.
        result: Result<Box<Report>, String>,
    },
    /// How much of an evaluation is done, 0 to 1.
    EvaluationProgress {
        /// Which.
        number: u64,
        /// How much.
        part: f64,
    },
    /// Labels were evaluated.
    Evaluated {
        /// Which job.
        number: u64,
        /// What it gives, or why nothing.
        result: Result<Box<EvaluationReport>, String>,
    },
    /// The best rules of classes were looked for.
    Tuned {
        /// Which job.
        number: u64,
        /// What was found, or why nothing.
        result: Result<Box<Tuned>, String>,
    },
    /// A file dialog was answered; no paths if it was closed or could not be shown.
    Chosen {
        /// Its question.
        purpose: DialogPurpose,
        /// The project that was in the window.
        project: ProjectId,
        /// The answer.
        paths: Vec<PathBuf>,
        /// Whether the system has no dialog to show.
        unavailable: bool,
    },
    /// The program came to an unforeseen end the last time, or several times.
    CrashReports {
        /// What is known of it.
        reports: Vec<PathBuf>,
        /// The project that was open, if it has a name.
        project: Option<PathBuf>,
    },
    /// Kept pictures were deleted.
    PicturesCleared {
        /// How many and their bytes, or why not all.
        result: Result<(usize, u64), String>,
    },
    /// Keys were written.
    KeysWritten {
        /// Where.
        path: PathBuf,
        /// Why not.
        result: Result<(), String>,
    },
    /// A file of keys was read.
    KeysRead {
        /// Which.
        path: PathBuf,
        /// Its text, or why not.
        result: Result<String, String>,
    },
    /// The user's settings could not be written.
    SettingsNotKept {
        /// Why.
        reason: String,
    },
    /// Work on a thread came to an unforeseen end.
    Failed {
        /// What it was about.
        work: String,
        /// What is known.
        reason: String,
    },
}

/// Wakes the window, which sleeps as long as nothing happens. Called on other threads, often, and must return at once.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// Where threads put their updates.
#[derive(Clone)]
pub struct UpdateSender {
    sender: Sender<Update>,
    wake: Wake,
}

impl UpdateSender {
    /// Hands an update over, waiting while too many are waiting; `false` if the window is gone.
    pub fn send(&self, update: Update) -> bool {
        let sent = self.sender.send(update).is_ok();
        self.wake();
        sent
    }

    /// Wakes the window, for what reaches it in another way.
    pub fn wake(&self) {
        (self.wake)();
    }
}

/// The channel between the threads and the window.
pub fn update_channel(wake: Wake) -> (UpdateSender, Receiver<Update>) {
    let (sender, receiver) = bounded(WAITING_UPDATES);
    (UpdateSender { sender, wake }, receiver)
}
