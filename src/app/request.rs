//! What panels ask for: they draw and emit these, and change nothing themselves.

use super::class_rules::RuleChange;
use super::command::Command;
use super::decoding_lane::LaneChange;
use super::display::DisplayChange;
use super::evaluation::EvaluationRequest;
use super::exporting::ExportRequest;
use super::gpu_support::GpuRequest;
use super::importing::ImportRequest;
use super::label_classes::LabelRequest;
use super::label_sets::LabelSetRequest;
use super::linting::LintRequest;
use super::mark_filter::MarkFilter;
use super::marks::Target;
use super::recordings::{Choosing, ListRequest};
use super::review::ReviewChange;
use super::shape::Shape;
use super::shaping::{EventChange, ShapingSettings};
use crate::annotation::RecordingId;
use crate::decision::DecisionRule;
use crate::decision::Preset;
use crate::model::ShortClips;
use crate::model::bench::charts::Against;
use crate::model::import::ImportOptions;
use crate::model::variant::Precision;
use crate::playback::ListeningMode;
use crate::project::Generation;
use crate::time::Span;
use crate::work::{ChartForm, DialogPurpose};
use eframe::egui::KeyboardShortcut;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

/// One wish of the user.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Something with a name of its own.
    Do(Command),
    /// Open recordings, a project or label files.
    Open(Vec<PathBuf>),
    /// Save the project here.
    SaveProjectTo(PathBuf),
    /// Write a copy of the project here.
    CopyProjectTo(PathBuf),
    /// Write everything as text into this folder.
    ExportTextTo(PathBuf),
    /// Open a version of the project as one of its own.
    OpenVersion(Generation),
    /// Go to a step of the history, by its place from the newest.
    GoToStep(u64),
    /// Whose annotations these are.
    SetAnnotator(String),
    /// Do not ask for the annotator's name any more.
    AskAnnotatorNoMore,
    /// Something about labels that are exported.
    ExportLabels(ExportRequest),
    /// Something about labels that are imported.
    ImportLabels(ImportRequest),
    /// Show another recording of the list.
    ShowRecording(RecordingId),
    /// Select an event or prediction, or nothing.
    Select(Option<Target>),
    /// Select, and bring into view.
    SelectAndReveal(Target),
    /// Select an event with others.
    SelectMore(Target, Choosing),
    /// Give a target another onset and offset.
    SetSpan {
        /// Of what.
        target: Target,
        /// Its new span.
        span: Span,
    },
    /// Give a target another label.
    SetLabel {
        /// Of what.
        target: Target,
        /// Its new label.
        label: Arc<str>,
    },
    /// Change something else that is said about a target.
    ChangeEvent {
        /// Of what.
        target: Target,
        /// What.
        change: EventChange,
    },
    /// Draw an event of the active label.
    Draw(Span),
    /// Draw an event of the active label in this shape.
    DrawShape(Shape),
    /// Move the edge that two targets share.
    MoveShared {
        /// The one that ends there.
        left: Target,
        /// The one that begins there.
        right: Target,
        /// Where to.
        secs: f64,
    },
    /// The key that makes an event by ear was let go.
    EndByEar,
    /// Draw events in another way.
    SetShaping(ShapingSettings),
    /// The label that new events take.
    SetActiveLabel(Arc<str>),
    /// Something about what is suspicious in the labels.
    Findings(LintRequest),
    /// Something about the evaluation.
    Evaluation(EvaluationRequest),
    /// Something about labels.
    Labels(LabelRequest),
    /// Something about sets of labels.
    LabelSet(LabelSetRequest),
    /// Put the playhead somewhere.
    Seek(f64),
    /// Put the playhead somewhere in the open recording and bring it into view.
    GoTo(f64),
    /// Move the view later by so many seconds.
    Pan(f64),
    /// Move the view later by so many seconds, but no further out of the open recording than it is, and never into another one.
    Scroll(f64),
    /// Zoom by a factor around a moment.
    Zoom {
        /// The moment that keeps its place.
        anchor_secs: f64,
        /// > 1 zooms in.
        factor: f64,
    },
    /// Show exactly this.
    ShowSpan(Span),
    /// Another frequency range, in hertz.
    ShowFrequencies {
        /// Lower end.
        low_hz: f64,
        /// Upper end.
        high_hz: f64,
    },
    /// Another rule from scores to predictions for all classes.
    SetRule(DecisionRule),
    /// Another rule for a class, a preset, or for what changes are.
    Rule(RuleChange),
    /// Another look of the decoding lane.
    DecodingLane(LaneChange),
    /// Which events are shown.
    SetFilter(MarkFilter),
    /// The classes whose predictions are shown.
    ChooseClasses(BTreeSet<usize>),
    /// The model to run next, by name.
    SetModel(String),
    /// The hop to run it with, in seconds; none for its default.
    SetHop(Option<f64>),
    /// The runtime to run it with: `auto`, `onnxruntime`, `built-in`.
    SetRuntime(String),
    /// The device to run it on: `auto`, `cpu` or the name of one.
    SetDevice(String),
    /// List the devices that there are, if they are not listed yet.
    ListDevices,
    /// Something about getting GPU support.
    Gpu(GpuRequest),
    /// Another way to display recordings.
    Display(DisplayChange),
    /// Show a moment of the timeline: the recording that was made then, around that moment.
    ShowClock {
        /// Seconds from the timeline's zero.
        clock_secs: f64,
    },
    /// Another mode, order or class of review.
    Review(ReviewChange),
    /// Loudness of playback, 0 to 1.
    SetVolume(f32),
    /// Seconds of the recording heard in a second.
    SetSpeed(f64),
    /// What becomes of the pitch.
    SetListeningMode(ListeningMode),
    /// The frequency in hertz that a heterodyne makes audible; none for the one that fits the view.
    SetHeterodyne(Option<f64>),
    /// What is heard before and after an event that is played, in seconds.
    SetRolls {
        /// Before.
        pre_secs: f64,
        /// After.
        post_secs: f64,
    },
    /// Show the events or the model on the right.
    ShowInspector(super::workbench::Inspector),
    /// How recordings are cut into clips where a model leaves a choice.
    SetPreset(Preset),
    /// What fills up recordings that are shorter than a clip.
    SetShortClips(ShortClips),
    /// Ask with a form how this file is to be imported as a model.
    AskForImport(PathBuf),
    /// Take this file of class names into that form.
    TakeModelLabels(PathBuf),
    /// Ask for a file of class names.
    AskForModelLabels,
    /// Close that form.
    DropImport,
    /// Make a model of a file.
    ImportModel {
        /// The file.
        path: PathBuf,
        /// How.
        options: Box<ImportOptions>,
    },
    /// Download a published model, by its name in the catalogue.
    GetModel(&'static str),
    /// Stop a task about models.
    CancelModelTask(u64),
    /// Make a variant of an installed model that computes in smaller numbers.
    VaryModel(String, Precision),
    /// Take a model away from the user's folder.
    RemoveModel(String),
    /// Measure networks of the EfficientSED family on this machine, by name.
    Measure(Vec<String>),
    /// Stop measuring; what was measured before stays.
    StopMeasuring,
    /// Save a picture of what is in view here.
    SavePictureTo(PathBuf),
    /// Stop drawing a picture.
    StopPicture,
    /// Stop the step that is under way; all is as it was before it.
    StopStep,
    /// Ask where to write a chart.
    AskForChart(Against, ChartForm),
    /// Write a chart here.
    ExportChartTo {
        /// Where.
        path: PathBuf,
        /// Which.
        against: Against,
        /// As what.
        form: ChartForm,
    },
    /// Something about the list of recordings.
    List(ListRequest),
    /// Give a command these keys and no others; whoever had them loses them.
    SetKeys {
        /// Which.
        command: Command,
        /// Its keys, the one to show first.
        keys: Vec<KeyboardShortcut>,
    },
    /// Give a command the keys that the chosen set of keys has for it; none for all commands.
    ResetKeys(Option<Command>),
    /// Choose a set of keys by name; changes of one's own are given up.
    SetKeyPreset(String),
    /// Ask where to write keys, or which to read.
    AskForKeys(DialogPurpose),
    /// Write the keys here.
    ExportKeysTo(PathBuf),
    /// Read keys from here.
    ImportKeysFrom(PathBuf),
    /// A notice was read.
    DismissNotice(u64),
}

impl From<LabelRequest> for Request {
    fn from(request: LabelRequest) -> Self {
        Self::Labels(request)
    }
}

impl From<LabelSetRequest> for Request {
    fn from(request: LabelSetRequest) -> Self {
        Self::LabelSet(request)
    }
}

impl From<ImportRequest> for Request {
    fn from(request: ImportRequest) -> Self {
        Self::ImportLabels(request)
    }
}

impl From<ExportRequest> for Request {
    fn from(request: ExportRequest) -> Self {
        Self::ExportLabels(request)
    }
}

impl From<Command> for Request {
    fn from(command: Command) -> Self {
        Self::Do(command)
    }
}
