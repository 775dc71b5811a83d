//! The program's state and what changes it: [`Workbench`], the [`Command`]s and [`Request`]s, and the window's frame around them.
//!
//! *Invariant*: panels (`ui`) read the workbench and emit requests; only [`Workbench::dispatch`] and [`Workbench::take_updates`] change it.

mod annotator;
mod answers;
mod batch;
mod by_ear;
mod class_rules;
mod command;
mod command_states;
mod completing;
mod complexity;
mod crash_report;
mod deciding;
mod decoding_lane;
mod detecting;
mod detection_batch;
mod device_choice;
mod dialogs;
mod dispatch;
mod display;
mod editing;
mod evaluation;
mod evaluation_errors;
mod evaluation_gathering;
mod exporting;
mod files;
mod frame_times;
mod go_to_time;
mod gpu_support;
mod graphics;
mod importing;
mod importing_many;
mod keeping;
mod keeping_marks;
mod keeping_state;
mod keeping_told;
mod kept_pictures;
mod keymap;
mod keys;
mod label_classes;
mod label_keys;
mod label_looks;
mod label_rename;
mod label_sets;
mod leaving;
mod linting;
mod listening;
mod long_steps;
mod looking_on;
mod mark_filter;
mod mark_list;
mod marks;
mod models;
mod navigating;
mod notices;
mod on_selection;
mod pace;
mod picture;
mod predicting;
mod progress;
mod project_state;
mod projects;
mod queue;
mod recording_list;
mod recording_state;
mod recordings;
mod relocating;
mod request;
mod review;
mod saving_picture;
mod score_shelf;
mod scored;
mod selection;
mod settings;
mod shape;
mod shaping;
mod snapping;
mod surveying;
mod time_axis;
mod timeline;
mod timeline_view;
mod trail;
mod viewport;
mod workbench;
mod zooms;

pub use batch::Batch;
pub use by_ear::HeldEvent;
pub use class_rules::{RuleChange, RuleScope};
pub use command::{Command, Group, shortcut_text};
pub use completing::complete_span_text;
pub use complexity::{Complexity, Measuring};
pub use decoding_lane::{DecodingSettings, LaneChange, MOST_CURVES};
pub use detection_batch::DetectionBatch;
pub use display::{ChannelView, ColorRange, Display, DisplayChange, MOST_PAGE_OVERLAP};
pub use editing::Edge;
pub use evaluation::{EstimateChoice, Evaluating, Evaluation, EvaluationRequest, chosen as evaluation_request};
pub use evaluation_errors::{ErrorFilter, Shown};
pub use exporting::{ExportRequest, ExportScope, ExportSettings, LabelExport};
pub use files::counted;
pub use frame_times::FrameTimes;
pub use gpu_support::{GpuRequest, GpuSupport, RunningGpuTask};
pub use importing::{ImportRequest, LabelImport};
pub use keeping_state::{Keeping, KeptIn};
pub use keymap::{KeyFile, KeySettings, Keymap};
pub use label_classes::LabelRequest;
pub use label_keys::DigitUse;
pub use label_looks::DIGITS;
pub use label_sets::{AskedSet, LabelSetRequest, LabelSets, SetUse};
pub use linting::{LintRequest, Linting};
pub use listening::{HeardEdge, Listening, ListeningSettings, khz_text, speed_text};
pub use long_steps::StepUnderWay;
pub use mark_filter::{MarkFilter, Sieve};
pub use mark_list::{LabelTally, MarkList};
pub use marks::{Mark, MarkOrigin, Target};
pub use models::{AskedImport, MODEL_EXTENSIONS, ModelShelf, RunningTask, bytes_text};
pub use notices::{Gravity, Notice};
pub use pace::Pace;
pub use progress::Progress;
pub use queue::QueueOrder;
pub use recording_list::{ListFilter, ListOrder, RecordingList};
pub use recording_state::RecordingState;
pub use recordings::{Choosing, ListRequest};
pub use request::Request;
pub use review::{Mode, Review, ReviewChange};
pub use saving_picture::SavingPicture;
pub use score_shelf::{ScoreShelf, ScoreSummary};
pub use scored::{CLASSES_SHOWN_FIRST, Scored};
pub use selection::Selection;
pub use settings::Settings;
pub use shape::{BandEdge, Bounds, Handle, Place, Shape, shared_edge};
pub use shaping::{EventChange, SHARED_SECS, ShapingSettings};
pub use time_axis::{Tick, Ticks, TimeAxis, TimeUnit};
pub use timeline::{Block, Timeline};
pub use timeline_view::Neighbour;
pub use viewport::{Room, TimeScale, Viewport};
pub use workbench::{Inspector, OpenRecording, Previous, Workbench};

use crate::ui::{Panels, SpectrogramPainter, key_requests, theme, window_ui};
use eframe::egui::{self, Theme, ViewportCommand};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the window looks at the playhead while something plays.
const PLAYING_FRAME: Duration = Duration::from_millis(16);

/// The window.
pub struct App {
    /// All state.
    pub bench: Workbench,
    panels: Panels,
    /// The settings as they are on disk, and where that is; none keeps them to this run.
    kept_settings: Option<(PathBuf, Settings)>,
    title: String,
    /// The keys and the contrast that the window has.
    installed_keys: Option<KeySettings>,
    installed_contrast: Option<bool>,
    frame_times: FrameTimes,
    /// What `logic` took of the frame under way.
    logic_time: Duration,
}

impl App {
    /// A window with the user's settings, which opens `files`.
    pub fn new(creation: &eframe::CreationContext<'_>, files: Vec<PathBuf>) -> Self {
        let path = Settings::path();
        let (settings, notice) = path.as_deref().map(Settings::load).unwrap_or_default();
        let data = keeping::data_folder();
        let mut app = Self::with_folder(creation, settings.clone(), files, data);
        if let Some(notice) = notice {
            app.bench.notices.add(Gravity::Warning, notice);
        }
        app.bench.keep_pictures();
        app.kept_settings = path.map(|path| (path, settings));
        app
    }

    /// A window with these settings, which are not kept, nor is a project without a name.
    pub fn with_settings(creation: &eframe::CreationContext<'_>, settings: Settings, files: Vec<PathBuf>) -> Self {
        Self::with_folder(creation, settings, files, None)
    }

    /// A window with these settings, which are not kept; projects without a name, and what is told of a crash, lie in the folder `data`.
    pub fn with_folder(
        creation: &eframe::CreationContext<'_>,
        settings: Settings,
        files: Vec<PathBuf>,
        data: Option<PathBuf>,
    ) -> Self {
        let context = creation.egui_ctx.clone();
        theme::install(&context);
        context.options_mut(|options| options.zoom_with_keyboard = false);
        let waking = context.clone();
        let mut bench = Workbench::new(settings, Arc::new(move || waking.request_repaint()));
        let device = creation.wgpu_render_state.as_ref();
        let painter = device.map_or_else(SpectrogramPainter::software, SpectrogramPainter::new);
        if let Some(data) = data {
            bench.keep_in(&data, !files.is_empty());
        }
        if !files.is_empty() {
            bench.dispatch(Request::Open(files));
        }
        Self {
            bench,
            panels: Panels::new(painter),
            kept_settings: None,
            title: String::new(),
            installed_keys: None,
            installed_contrast: None,
            frame_times: FrameTimes::default(),
            logic_time: Duration::ZERO,
        }
    }

    fn apply_settings(&mut self, context: &egui::Context) {
        context.set_theme(if self.bench.settings.dark { Theme::Dark } else { Theme::Light });
        if self.installed_contrast != Some(self.bench.settings.high_contrast) {
            theme::set_contrast(context, self.bench.settings.high_contrast);
            self.installed_contrast = Some(self.bench.settings.high_contrast);
        }
        if self.installed_keys.as_ref() != Some(&self.bench.settings.keys) {
            Keymap::new(&self.bench.settings.keys).install(context);
            self.installed_keys = Some(self.bench.settings.keys.clone());
        }
        if (context.zoom_factor() - self.bench.settings.scale).abs() > 1e-3 {
            context.set_zoom_factor(self.bench.settings.scale);
        }
        let name = self.bench.project_name();
        let note = self.bench.keeping_note();
        let note = if note.is_empty() { String::new() } else { format!(" ({note})") };
        let title = format!("{name}{note} – Earmark");
        if title != self.title {
            context.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.title = title;
        }
    }

    /// The window closes as soon as everything is on disk, without a question.
    fn see_to_closing(&mut self, context: &egui::Context) {
        let asked = context.input(|input| input.viewport().close_requested());
        if asked {
            self.commit_drafts();
        }
        if asked && !self.bench.may_close() {
            context.send_viewport_cmd(ViewportCommand::CancelClose);
        } else if !asked && (std::mem::take(&mut self.bench.quit) || self.bench.takes_leave()) {
            context.send_viewport_cmd(ViewportCommand::Close);
        }
    }

    /// What is being typed about events and recordings is not left behind with its project.
    fn commit_drafts(&mut self) {
        for request in self.panels.take_drafts() {
            self.bench.dispatch(request);
        }
    }

    /// Has changed settings written, as soon as no slider is held any more.
    fn keep_settings(&mut self, context: &egui::Context) {
        let held = context.input(|input| input.pointer.any_down());
        if let Some((path, kept)) = &mut self.kept_settings
            && !held
            && *kept != self.bench.settings
        {
            self.bench.keep_settings(path);
            *kept = self.bench.settings.clone();
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, context: &egui::Context, _frame: &mut eframe::Frame) {
        let began = Instant::now();
        if self.bench.is_leaving() {
            self.commit_drafts();
        }
        let panels = &mut self.panels;
        let more = self.bench.take_updates(|purpose, no_dialog| panels.ask_for_path(purpose, no_dialog));
        let next = self.bench.notices.tick(context.input(|input| input.time));
        if more {
            context.request_repaint();
        } else if self.bench.player.is_playing() {
            context.request_repaint_after(PLAYING_FRAME);
        } else if let Some(secs) = next {
            context.request_repaint_after(Duration::from_secs_f64(secs.max(0.0) + 0.05));
        }
        if let Some(wait) = self.bench.keeps_up_in() {
            context.request_repaint_after(wait + Duration::from_millis(50));
        }
        self.apply_settings(context);
        self.keep_settings(context);
        self.see_to_closing(context);
        self.logic_time = began.elapsed();
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let began = Instant::now();
        for request in key_requests(ui.ctx(), &self.bench, &mut self.panels) {
            self.bench.dispatch(request);
        }
        let requests = window_ui(ui, &self.bench, &mut self.panels);
        let changed = !requests.is_empty();
        for request in requests {
            self.bench.dispatch(request);
        }
        if self.bench.is_leaving() {
            self.commit_drafts();
        }
        // What a key did is on its way before it is seen.
        self.bench.keep_up();
        self.bench.look_at(self.panels.views());
        self.bench.look_at_recordings(self.panels.seen_recordings());
        self.bench.look_at_neighbours(self.panels.neighbour_views());
        if changed {
            ui.ctx().request_repaint();
        }
        let work = self.logic_time + began.elapsed();
        self.frame_times.add(work);
        if work > PLAYING_FRAME {
            log::debug!("a frame took {:.1} ms of our own work", 1e3 * work.as_secs_f64());
        }
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        log::info!("{}", self.frame_times);
    }
}

/// Opens the window and stays until it is closed.
///
/// # Errors
/// When the system offers no display or no graphics, with what can be done.
pub fn run(files: Vec<PathBuf>) -> anyhow::Result<()> {
    if let Some(data) = keeping::data_folder() {
        crash_report::install(keeping::crash_folder(&data));
    }
    let viewport = egui::ViewportBuilder::default()
        .with_title("Earmark")
        .with_app_id("earmark")
        .with_inner_size([1440.0, 900.0])
        .with_min_inner_size([900.0, 600.0])
        .with_drag_and_drop(true);
    let graphics = graphics::find();
    log::info!("graphics: {graphics}");
    let open = |renderer, files| {
        let options = eframe::NativeOptions { viewport: viewport.clone(), renderer, ..Default::default() };
        eframe::run_native("earmark", options, Box::new(move |creation| Ok(Box::new(App::new(creation, files)))))
    };
    let mut opened = open(graphics.renderer(), files.clone());
    if let (Err(error), graphics::Graphics::Software) = (&opened, &graphics) {
        log::warn!("no window by OpenGL ({error}); Vulkan is tried");
        opened = open(eframe::Renderer::Wgpu, files);
    }
    opened.map_err(|error| {
        anyhow::anyhow!(
            "no window could be opened: {error}\n\
             On Linux, a display (X11 or Wayland) and a graphics driver are needed: `cargo xtask setup` installs the packages.\n\
             Without a display, use the command line: `earmark detect --help`"
        )
    })
}
