//! All that the window shows and that commands change, without the window: tests drive it as panels do.

use super::answers::Answers;
use super::by_ear::HeldEvent;
use super::class_rules::{Focus, RuleScope};
use super::complexity::Complexity;
use super::crash_report;
use super::detection_batch::DetectionBatch;
use super::device_choice::Devices;
use super::display::Display;
use super::evaluation::Evaluation;
use super::exporting::LabelExport;
use super::gpu_support::GpuSupport;
use super::importing::{LabelImport, RequestNumbers};
use super::keeping_state::Keeping;
use super::label_looks::LabelLooks;
use super::label_sets::LabelSets;
use super::linting::Linting;
use super::listening::Listening;
use super::long_steps::{StepUnderWay, let_steps_go};
use super::mark_filter::MarkFilter;
use super::mark_list::MarkList;
use super::marks::{Mark, Target};
use super::models::{self, ModelShelf};
use super::notices::Notices;
use super::recording_list::RecordingList;
use super::review::Review;
use super::saving_picture::SavingPicture;
use super::score_shelf::ScoreShelf;
use super::scored::{Run, Scored};
use super::selection::Selection;
use super::settings::Settings;
use super::surveying::Surveying;
use super::timeline::Timeline;
use super::timeline_view::{Neighbour, TimelineOrder};
use super::viewport::Viewport;
use super::zooms::Zooms;
use crate::annotation::{Change, Document, Edit, Edited, Event, Fact, History, LabelSet, Recording, RecordingId};
use crate::audio::{ClockStart, SoundFile, StreamSpec};
use crate::decision::{DecisionRule, Decisions, Prediction, RuleBook};
use crate::model::registry::{self, ListedModel};
use crate::picture_cache::PictureCache;
use crate::playback::Player;
use crate::time::Span;
use crate::work::{
    Decider, DetectionQueue, DialogPurpose, KeepingQueue, Relocation, Storage, Survey, TileEngine, Unknown, Update,
    UpdateSender, Wake, update_channel,
};
use crossbeam_channel::Receiver;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The recording in the picture.
pub struct OpenRecording {
    /// Its name in the document.
    pub id: RecordingId,
    /// Rate, channels, format.
    pub spec: StreamSpec,
    /// What is in view.
    pub viewport: Viewport,
    /// The frequencies in view, lowest and highest, in hertz.
    pub frequencies: (f64, f64),
    /// Where the playhead rests while nothing plays, in seconds.
    pub rest_secs: f64,
    /// The pictures.
    pub tiles: TileEngine,
    /// The pictures as they were computed before, until the new ones have something to show.
    pub previous: Option<Previous>,
    /// When the recording was put into the picture; none after its first view has been told in the log.
    pub(super) shown_at: Option<Instant>,
}

/// Pictures of the open recording that are shown until new ones take their place.
pub struct Previous {
    /// The pictures.
    pub tiles: TileEngine,
    /// How they were displayed.
    pub display: Display,
    /// Since when others are computed.
    pub(super) since: Instant,
}

/// What the inspector panel shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Inspector {
    /// The events of the recording.
    #[default]
    Events,
    /// The model and its predictions.
    Model,
    /// How recordings are displayed.
    Display,
    /// What was done, by whom, and when.
    History,
    /// What is suspicious in the labels of the project.
    Check,
}

impl Inspector {
    /// All of them, in the order of their tabs.
    pub const ALL: [Self; 5] = [Self::Events, Self::Model, Self::Display, Self::Check, Self::History];

    /// What its tab is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Events => "Events",
            Self::Model => "Model",
            Self::Display => "Display",
            Self::Check => "Check",
            Self::History => "History",
        }
    }
}

/// The state of the program. Fields are read by panels and changed by requests only.
pub struct Workbench {
    /// Recordings and events.
    pub document: Document,
    /// What can be undone.
    pub history: History,
    /// A step of it that is made in pieces.
    pub(super) under_way: Option<StepUnderWay>,
    /// What the project file has still to be told.
    pub(super) unlogged: Vec<Change>,
    /// The project's file, if it has a name.
    pub project_path: Option<PathBuf>,
    /// How it is kept.
    pub keeping: Keeping,
    /// Whether it is asked whose annotations these are.
    pub asks_annotator: bool,
    /// Grows with every change of the document or of what is predicted.
    pub revision: u64,
    /// The recording in the picture.
    pub open: Option<OpenRecording>,
    /// The recording that shall be in the picture as soon as it is probed.
    pub opening: Option<RecordingId>,
    /// What the views of the other recordings were.
    pub left_views: BTreeMap<RecordingId, (Viewport, f64)>,
    /// What is known of each recording that was probed.
    pub specs: BTreeMap<RecordingId, StreamSpec>,
    /// The recordings that were looked at in vain, and why.
    pub unknown: BTreeMap<RecordingId, Unknown>,
    /// Which recordings are listed, in which order, and which are selected.
    pub list: RecordingList,
    /// When each recording was made, by everything that tells it, the most trustworthy first.
    pub clocks: BTreeMap<RecordingId, Vec<ClockStart>>,
    /// The recordings whose clock times are known, in their order.
    pub timeline: Timeline,
    /// How far it is to put them in order again.
    pub(super) timeline_order: TimelineOrder,
    /// Pictures of recordings before and after the open one on the timeline.
    pub neighbours: Vec<Neighbour>,
    /// How recordings are displayed, in this project.
    pub display: Display,
    /// The frequencies that were chosen last, in hertz, by sample rate.
    pub(super) frequency_ranges: BTreeMap<u32, (f64, f64)>,
    /// The files that were opened, with what was found out about them.
    pub(super) sound_files: RefCell<BTreeMap<PathBuf, SoundFile>>,
    /// What models have said.
    pub scored: BTreeMap<RecordingId, Scored>,
    /// What models have said, in short.
    pub shelf_of_scores: ScoreShelf,
    /// Model runs that are going on or come next; those after them wait in `batch`.
    pub runs: BTreeMap<RecordingId, Run>,
    /// All recordings that a model is being run over.
    pub batch: Option<DetectionBatch>,
    /// The predictions of the open recording, decided about or not.
    pub predictions: Vec<Prediction>,
    /// The rules of the models that this project has used, with their presets.
    pub rule_book: RuleBook,
    /// Whether a change of rules is for one class or for all.
    pub rule_scope: RuleScope,
    /// The class that was asked for in the decoding lane.
    pub(super) focus: Option<Focus>,
    /// What was decided about the open recording's classes.
    pub(super) decisions: Decisions,
    /// The request for decisions that has not been answered yet.
    pub(super) deciding: Option<u64>,
    /// Which of the predictions are answered.
    pub(super) answers: Answers,
    /// What the timeline and the table show, by onset.
    pub marks: MarkList,
    /// Of which recording the marks are.
    pub(super) marks_of: Option<RecordingId>,
    /// Which of the marks a person wants to see.
    pub filter: MarkFilter,
    /// What is selected.
    pub selected: Option<Target>,
    /// What is selected with it.
    pub(super) selection: Selection,
    /// The event that is being made by a key that is held.
    pub(super) held_event: Option<HeldEvent>,
    /// The label that new events take.
    pub active_label: Option<Arc<str>>,
    /// What was in view before the last zoom.
    pub zooms: Zooms,
    /// The label that an event was given last.
    pub(super) given_label: Option<Arc<str>>,
    /// All labels: the document's classes in their order, then the others in the order in which they came up.
    pub label_order: Vec<Arc<str>>,
    /// Their colours and keys, and which of them are shown.
    pub(super) label_looks: LabelLooks,
    /// Sets of labels that the user brings along.
    pub label_sets: LabelSets,
    /// Label files that are previewed.
    pub importing: Option<LabelImport>,
    /// Labels that are about to be exported.
    pub exporting: Option<LabelExport>,
    /// Numbers what is asked about both.
    pub(super) label_requests: RequestNumbers,
    /// Label names to search.
    pub label_set: Arc<LabelSet>,
    /// The models that are installed.
    pub models: Vec<ListedModel>,
    /// Work on models.
    pub shelf: ModelShelf,
    /// The hop for the next run, in seconds; none for the model's own default.
    pub hop_secs: Option<f64>,
    /// What was measured of models on this machine since the start.
    pub complexity: Complexity,
    /// The picture that is being drawn.
    pub saving_picture: Option<SavingPicture>,
    /// What is drawn over the spectrogram is shown.
    pub show_marks: bool,
    /// What is suspicious in the labels.
    pub linting: Linting,
    /// How the labels compare with something else.
    pub evaluation: Evaluation,
    /// What the panel on the right shows.
    pub inspector: Inspector,
    /// Which mode keys are for, and how far review is.
    pub review: Review,
    /// Choices of the user.
    pub settings: Settings,
    /// Where pictures are kept from one session to the next, if they are.
    pub pictures: Option<PictureCache>,
    /// Messages.
    pub notices: Notices,
    /// Sound.
    pub player: Player,
    /// How it is listened to, as far as that is not kept.
    pub listening: Listening,
    /// Whether the window shall close.
    pub quit: bool,
    /// Whether it was told that nothing can be heard; a person who asks for sound is told again.
    pub(super) silence_told: bool,
    pub(super) next_run: u64,
    /// Whether scores have come since predictions were decided last, and when that was.
    pub(super) predictions_stale: bool,
    pub(super) refreshed_at: Instant,
    /// A path that the window must ask for.
    pub(super) typed_dialog: Option<DialogPurpose>,
    pub(super) wake: Wake,
    /// The devices that can run models.
    pub devices: Devices,
    /// Getting what runs models on graphics processors.
    pub gpu: GpuSupport,
    pub(super) updates: UpdateSender,
    // Dropped before the threads that might wait for it.
    pub(super) received: Receiver<Update>,
    pub(super) detection: DetectionQueue,
    pub(super) survey: Survey,
    pub(super) surveying: Surveying,
    pub(super) relocation: Option<Relocation>,
    pub(super) decider: Decider,
    pub(super) storage: Storage,
    pub(super) keeper: KeepingQueue,
}

impl Workbench {
    /// An empty project. `wake` is called whenever a thread has something to show.
    pub fn new(settings: Settings, wake: Wake) -> Self {
        let (updates, received) = update_channel(wake.clone());
        let mut player = Player::new(wake.clone());
        let listed = registry::list();
        let label_set = models::label_set(&listed);
        player.set_gain(settings.volume);
        let mut bench = Self {
            document: Document::default(),
            history: History::default(),
            under_way: None,
            unlogged: Vec::new(),
            project_path: None,
            keeping: Keeping::default(),
            asks_annotator: false,
            revision: 0,
            open: None,
            opening: None,
            left_views: BTreeMap::new(),
            specs: BTreeMap::new(),
            unknown: BTreeMap::new(),
            list: RecordingList::default(),
            clocks: BTreeMap::new(),
            timeline: Timeline::default(),
            timeline_order: TimelineOrder::default(),
            neighbours: Vec::new(),
            display: settings.display.clone(),
            frequency_ranges: BTreeMap::new(),
            sound_files: RefCell::default(),
            scored: BTreeMap::new(),
            shelf_of_scores: ScoreShelf::default(),
            runs: BTreeMap::new(),
            batch: None,
            predictions: Vec::new(),
            rule_book: RuleBook::default(),
            rule_scope: RuleScope::default(),
            focus: None,
            decisions: Decisions::default(),
            deciding: None,
            answers: Answers::default(),
            marks: MarkList::default(),
            marks_of: None,
            filter: MarkFilter::default(),
            selected: None,
            selection: Selection::default(),
            held_event: None,
            active_label: settings.recent_labels.first().map(|label| label.as_str().into()),
            zooms: Zooms::default(),
            given_label: None,
            label_order: Vec::new(),
            label_looks: LabelLooks::default(),
            label_sets: LabelSets::default(),
            importing: None,
            exporting: None,
            label_requests: RequestNumbers::default(),
            label_set: Arc::new(label_set),
            models: listed,
            shelf: ModelShelf::new(&updates),
            hop_secs: None,
            complexity: Complexity::default(),
            saving_picture: None,
            show_marks: true,
            linting: Linting::default(),
            evaluation: Evaluation::default(),
            inspector: Inspector::default(),
            review: Review::default(),
            pictures: None,
            notices: Notices::default(),
            player,
            listening: Listening::default(),
            quit: false,
            devices: Devices::default(),
            gpu: GpuSupport::default(),
            detection: DetectionQueue::start(&updates),
            survey: Survey::start(&updates),
            surveying: Surveying::default(),
            relocation: None,
            decider: Decider::start(&updates),
            storage: Storage::start(&updates),
            keeper: KeepingQueue::start(&updates),
            settings,
            silence_told: false,
            next_run: 0,
            predictions_stale: false,
            refreshed_at: Instant::now(),
            typed_dialog: None,
            wake,
            updates,
            received,
        };
        bench.search_remembered_sets();
        bench
    }

    /// The open recording's entry in the document.
    pub fn recording(&self) -> Option<&Recording> {
        self.document.recording(self.open.as_ref()?.id)
    }

    /// What a model has said about the open recording.
    pub fn scored_here(&self) -> Option<&Scored> {
        self.scored.get(&self.open.as_ref()?.id)
    }

    /// The rule that is in force for the open recording's classes without one of their own.
    pub fn rule(&self) -> DecisionRule {
        self.scored_here().map(|scored| scored.rules.common).unwrap_or_default()
    }

    /// The mark of a target, if it is shown.
    pub fn mark(&self, target: Target) -> Option<&Mark> {
        self.marks.get(target)
    }

    /// The mark that is selected.
    pub fn selected_mark(&self) -> Option<&Mark> {
        self.mark(self.selected?)
    }

    /// The event that is selected, if it is not a prediction.
    pub fn selected_event(&self) -> Option<&Event> {
        match (self.open.as_ref(), self.selected?) {
            (Some(open), Target::Event(id)) => self.document.event(open.id, id),
            _ => None,
        }
    }

    /// Where the playhead is: what is heard now, or where it rests, in seconds.
    pub fn playhead_secs(&self) -> f64 {
        if self.player.is_playing() {
            self.player.position_secs()
        } else {
            self.open.as_ref().map_or(0.0, |open| open.rest_secs)
        }
    }

    /// Makes a change that can be undone; one that does not fit is told and leaves everything as it was.
    pub(super) fn perform(&mut self, title: impl Into<String>, edit: Edit) -> bool {
        if self.refuses_changes() {
            return false;
        }
        let edited = self.edited();
        match self.history.perform_and_forget(&mut self.document, title, edit, &edited) {
            Ok((entry, forgotten)) => {
                let_steps_go(forgotten);
                crash_report::note(&entry.title);
                self.forget_unread_redo();
                self.ask_whose_edits();
                self.changed_by(&entry);
                self.unlogged.push(Change::Step(Box::new(entry)));
                true
            }
            Err(error) => {
                self.notices.add(super::notices::Gravity::Failure, format!("Nothing was changed: {error}"));
                false
            }
        }
    }

    /// Makes a change that follows the files and is not undone.
    pub(super) fn note(&mut self, fact: Fact) {
        self.document.apply_fact(&fact);
        self.list.note(&fact);
        self.unlogged.push(Change::Fact(fact));
    }

    /// Who is at work, and when it is now.
    pub(super) fn edited(&self) -> Edited {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let at_ms = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
        Edited { by: self.settings.annotator.as_str().into(), at_ms }
    }

    /// The whole of the open recording as a span.
    pub(super) fn whole(&self) -> Span {
        Span::between(0.0, self.open.as_ref().map_or(0.0, |open| open.viewport.duration_secs()))
    }
}
