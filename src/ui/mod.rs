//! Drawing and gestures. Panels read the [`Workbench`], emit [`Request`]s and change nothing else; what they keep for themselves (a drag that
//! is going on, a text that is being typed) is in [`Panels`].

pub mod icons;
pub mod theme;

mod about_ui;
mod annotator_ui;
mod axis_ui;
mod bands;
mod batch_ui;
mod beside_ui;
mod canvas_ui;
mod choices;
mod complete_ui;
mod complexity_ui;
mod decoding_lane_ui;
mod display_ui;
mod draft_ui;
mod drag;
mod drawing_ui;
mod empty_ui;
mod evaluation_curves_ui;
mod evaluation_errors_ui;
mod evaluation_marks_ui;
mod evaluation_table_ui;
mod evaluation_ui;
mod event_drafts;
mod event_remarks_ui;
mod event_table_ui;
mod event_ui;
mod export_labels_ui;
mod file_list_ui;
mod file_row_ui;
mod filter_ui;
mod gpu_support_ui;
mod heights;
mod history_ui;
mod hit;
mod import_form_ui;
mod import_labels_ui;
mod import_mapping_ui;
mod key_list_ui;
mod keys;
mod keys_ui;
mod label_menu_ui;
mod label_set_ui;
mod labels_ui;
mod lane_tiles;
mod lanes_ui;
mod lint_ui;
mod listening_ui;
mod long_list;
mod magnet;
mod marks_ui;
mod menu_ui;
mod model_ui;
mod models_ui;
mod notices_ui;
mod outline_ui;
mod overview_ui;
mod palette_ui;
mod path_prompt_ui;
mod published_ui;
mod review_ui;
mod rule_ui;
mod score_curve;
mod spectrogram_ui;
mod sub_lanes;
mod tags;
mod time_prompt_ui;
mod timeline_ui;
mod transport_ui;
mod versions_ui;
mod widgets;

pub mod spectrogram_painter;
pub mod waveform_painter;

use crate::annotation::RecordingId;
use crate::app::{Command, Inspector, Request, Workbench};
use crate::spectrogram::TimeView;
use crate::work::{DialogPurpose, ProjectId};
use annotator_ui::AnnotatorPrompt;
pub use canvas_ui::frequency_scale;
use complexity_ui::ComplexityPage;
use drag::Drag;
use eframe::egui::{self, CentralPanel, Frame, Margin, Panel};
use event_drafts::EventDrafts;
use file_list_ui::FileList;
use keys_ui::KeysPage;
use labels_ui::LabelsPanel;
use models_ui::ModelsPage;
use palette_ui::Palette;
use path_prompt_ui::PathPrompt;
pub use spectrogram_painter::SpectrogramPainter;
use time_prompt_ui::TimePrompt;
use timeline_ui::TimelineStretch;

/// What the panels keep for themselves from frame to frame.
pub struct Panels {
    painter: SpectrogramPainter,
    drag: Option<Drag>,
    palette: Option<Palette>,
    path_prompt: Option<PathPrompt>,
    time_prompt: Option<TimePrompt>,
    /// The list of recordings.
    files: FileList,
    keys: KeysPage,
    about_shown: bool,
    complexity: ComplexityPage,
    models: ModelsPage,
    annotator: AnnotatorPrompt,
    versions_shown: bool,
    class_filter: String,
    /// The name under which rules shall be saved.
    preset_name: String,
    /// What is being typed about the selected event.
    event: EventDrafts,
    /// The key that is held to make an event by ear.
    held_key: Option<egui::Key>,
    /// The key that is held to look beneath events.
    peek_key: Option<egui::Key>,
    labels: LabelsPanel,
    import_labels: import_labels_ui::ImportPage,
    export_labels: export_labels_ui::ExportPage,
    /// A page is open that a press of Enter confirms.
    takes_enter: bool,
    /// The table of events, and how it is scrolled.
    table: event_table_ui::EventTable,
    /// The page of evaluation.
    evaluation: evaluation_ui::EvaluationPage,
    /// The page of findings.
    lint: lint_ui::LintPage,
    /// What the lanes show of very many events.
    lane_tiles: lane_tiles::LaneTiles,
    /// A menu or drop-down was open in the last frame: keys are its own.
    popup_open: bool,
    /// What was typed before the text field it is meant for was there.
    typed_ahead: String,
    /// The spectrogram has the focus: Tab goes from event to event there.
    canvas_focused: bool,
    /// What the pointer is over, as text for the transport bar.
    readout: String,
    /// What the pictures show, the most important one first.
    views: Vec<TimeView>,
    /// What is in view of recordings beside the open one, the nearest to the centre first.
    neighbour_views: Vec<(RecordingId, TimeView)>,
    /// What the strip of the timeline shows.
    timeline: TimelineStretch,
    /// The project that all this is about.
    project: Option<ProjectId>,
}

impl Panels {
    /// Nothing is open.
    pub fn new(painter: SpectrogramPainter) -> Self {
        Self {
            painter,
            drag: None,
            palette: None,
            path_prompt: None,
            time_prompt: None,
            files: FileList::default(),
            keys: KeysPage::default(),
            about_shown: false,
            complexity: ComplexityPage::default(),
            models: ModelsPage::default(),
            annotator: AnnotatorPrompt::default(),
            versions_shown: false,
            class_filter: String::new(),
            preset_name: String::new(),
            event: EventDrafts::default(),
            held_key: None,
            peek_key: None,
            labels: LabelsPanel::default(),
            import_labels: import_labels_ui::ImportPage::default(),
            export_labels: export_labels_ui::ExportPage::default(),
            takes_enter: false,
            table: event_table_ui::EventTable::default(),
            evaluation: evaluation_ui::EvaluationPage::default(),
            lint: lint_ui::LintPage::default(),
            lane_tiles: lane_tiles::LaneTiles::default(),
            popup_open: false,
            typed_ahead: String::new(),
            canvas_focused: false,
            readout: String::new(),
            views: Vec::new(),
            neighbour_views: Vec::new(),
            timeline: TimelineStretch::default(),
            project: None,
        }
    }

    /// What is being typed about an event or a recording is to be kept now, before its project is left.
    pub fn take_drafts(&mut self) -> Vec<Request> {
        let mut requests = self.event.take();
        requests.extend(self.files.take_note());
        requests
    }

    /// Forgets what was about a project that is no longer in the window.
    fn follow_project(&mut self, bench: &Workbench) {
        let project = Some(bench.keeping.project());
        if self.project == project {
            return;
        }
        self.project = project;
        drop(self.take_drafts());
        self.drag = None;
        self.palette = None;
        self.versions_shown = false;
        self.path_prompt.take_if(|prompt| prompt.is_of_project());
    }

    /// Asks for a path in the window; `no_dialog` says that the system has no dialog to show.
    pub fn ask_for_path(&mut self, purpose: DialogPurpose, no_dialog: bool) {
        self.path_prompt = Some(PathPrompt::new(purpose, no_dialog));
    }

    /// What the pictures show, the most important one first.
    pub fn views(&self) -> &[TimeView] {
        &self.views
    }

    /// What is in view of recordings beside the open one, in seconds of each.
    pub fn neighbour_views(&self) -> &[(RecordingId, TimeView)] {
        &self.neighbour_views
    }

    /// The recordings whose rows are seen in the list.
    pub fn seen_recordings(&self) -> &[RecordingId] {
        self.files.seen()
    }

    /// Does what a command opens in the window; hands back what is not for the panels.
    fn take(&mut self, command: Command, bench: &Workbench) -> Option<Command> {
        match command {
            Command::CommandPalette => self.palette = Some(Palette::commands(std::mem::take(&mut self.typed_ahead))),
            Command::Relabel => self.palette = Some(Palette::labels(bench, std::mem::take(&mut self.typed_ahead))),
            Command::AddLabel => {
                let typed = std::mem::take(&mut self.typed_ahead);
                self.palette = bench.can(command).then(|| Palette::more_labels(bench, typed));
            }
            Command::EditComment if bench.can(command) => {
                self.event.focus_comment = true;
                self.event.comment.push_str(&std::mem::take(&mut self.typed_ahead));
                return Some(command);
            }
            Command::OpenPath => self.path_prompt = Some(PathPrompt::new(DialogPurpose::Open, false)),
            Command::GoToTime => {
                let typed = std::mem::take(&mut self.typed_ahead);
                self.time_prompt = bench.can(command).then(|| TimePrompt::new(typed));
            }
            Command::NoteRecording | Command::SearchRecordings => {
                let typed = std::mem::take(&mut self.typed_ahead);
                match command {
                    Command::NoteRecording => self.files.begin_note(bench, &typed),
                    _ => self.files.search(),
                }
                // Both are in the panel on the left.
                return (!bench.settings.show_recordings).then_some(Command::ToggleRecordings);
            }
            Command::ShowKeys => self.keys.toggle(),
            Command::ChangeKeys => self.keys.change(),
            Command::ShowComplexity => self.complexity.shown = !self.complexity.shown,
            Command::GetModels => self.models.shown = !self.models.shown,
            Command::ShowVersions => {
                self.versions_shown = bench.can(command);
                return Some(command);
            }
            Command::SetAnnotator => {
                self.annotator.want();
                return Some(command);
            }
            Command::About => self.about_shown = !self.about_shown,
            Command::Deselect if self.drag.take().is_some() => {}
            _ => return Some(command),
        }
        None
    }
}

/// What the user asks for by keys. Taken before the window is drawn, so that the frame shows what the key did.
pub fn key_requests(context: &egui::Context, bench: &Workbench, panels: &mut Panels) -> Vec<Request> {
    panels.follow_project(bench);
    // A key is let go also where the window loses the focus while it is down, and whatever else is open.
    let is_let_go = panels.held_key.take_if(|key| !context.input(|input| input.key_down(*key))).is_some();
    panels.peek_key.take_if(|key| !context.input(|input| input.key_down(*key)));
    let mut requests: Vec<Request> = is_let_go.then_some(Request::EndByEar).into_iter().collect();
    if let Some(request) = panels.keys.capture(context) {
        requests.push(request);
        return requests;
    }
    if panels.is_modal() {
        return requests;
    }
    let pressed = keys::pressed(context, panels);
    panels.typed_ahead = pressed.typed;
    panels.held_key = pressed.held.or(panels.held_key);
    panels.peek_key = pressed.peek.or(panels.peek_key);
    requests.extend(pressed.requests.into_iter().filter_map(|request| panels.filter(request, bench)));
    requests
}

/// Draws the whole window and returns what the user asks for with the pointer and in text fields.
pub fn window_ui(ui: &mut egui::Ui, bench: &Workbench, panels: &mut Panels) -> Vec<Request> {
    let mut requests: Vec<Request> = Vec::new();
    let bar = Frame::new().fill(ui.visuals().panel_fill).inner_margin(Margin::symmetric(8, 4));
    Panel::top("menu").resizable(false).frame(bar).show(ui, |ui| menu_ui::show(ui, bench, &mut requests));
    Panel::bottom("status").resizable(false).frame(bar).show(ui, |ui| review_ui::show(ui, bench, &mut requests));
    Panel::bottom("transport")
        .resizable(false)
        .frame(bar)
        .show(ui, |ui| transport_ui::show(ui, bench, panels, &mut requests));
    annotator_ui::show(ui, bench, &mut panels.annotator, &mut requests);
    if bench.document.recordings().next().is_none() {
        CentralPanel::default().show(ui, |ui| empty_ui::show(ui, bench, &mut requests));
    } else {
        if bench.evaluation.is_shown {
            let most = (ui.available_height() - evaluation_ui::LEFT_HEIGHT).max(evaluation_ui::LEAST_HEIGHT);
            Panel::bottom("evaluation")
                .default_size(evaluation_ui::FIRST_HEIGHT.min(most))
                .size_range(evaluation_ui::LEAST_HEIGHT..=most)
                .frame(bar)
                .show(ui, |ui| evaluation_ui::show(ui, bench, &mut panels.evaluation, &mut requests));
        }
        side_panels_ui(ui, bench, panels, &mut requests);
        let canvas = Frame::new().fill(ui.visuals().panel_fill);
        CentralPanel::default().frame(canvas).show(ui, |ui| canvas_ui::show(ui, bench, panels, &mut requests));
    }
    overlays_ui(ui.ctx(), bench, panels, &mut requests);
    requests.extend(dropped_files(ui.ctx()));
    // This frame's popups are known only now.
    panels.popup_open = ui.ctx().any_popup_open();
    requests.into_iter().filter_map(|request| panels.filter(request, bench)).collect()
}

fn side_panels_ui(ui: &mut egui::Ui, bench: &Workbench, panels: &mut Panels, requests: &mut Vec<Request>) {
    let frame = Frame::new().fill(ui.visuals().panel_fill).inner_margin(Margin::same(8));
    // A small window leaves the picture its room.
    let window_width = ui.available_width();
    let (left_width, right_width) =
        ((0.155 * window_width).clamp(150.0, 230.0), (0.23 * window_width).clamp(280.0, 340.0));
    if bench.settings.show_recordings {
        Panel::left("recordings").default_size(left_width).size_range(150.0..=420.0).frame(frame).show(ui, |ui| {
            labels_ui::panel(ui, bench, &mut panels.labels, requests);
            file_list_ui::show(ui, bench, &mut panels.files, requests);
        });
    }
    if bench.settings.show_inspector {
        Panel::right("inspector").default_size(right_width).size_range(280.0..=560.0).frame(frame).show(ui, |ui| {
            ui.horizontal(|ui| {
                for inspector in Inspector::ALL {
                    if ui.selectable_label(bench.inspector == inspector, inspector.name()).clicked() {
                        requests.push(Request::ShowInspector(inspector));
                    }
                }
            });
            ui.separator();
            match bench.inspector {
                Inspector::Events => event_table_ui::show(ui, bench, panels, requests),
                Inspector::Model => model_ui::show(ui, bench, panels, requests),
                Inspector::Display => display_ui::show(ui, bench, requests),
                Inspector::Check => lint_ui::show(ui, bench, &mut panels.lint, requests),
                Inspector::History => history_ui::show(ui, bench, requests),
            }
        });
    }
}

fn overlays_ui(context: &egui::Context, bench: &Workbench, panels: &mut Panels, requests: &mut Vec<Request>) {
    notices_ui::show(context, bench, requests);
    palette_ui::show(context, bench, panels, requests);
    path_prompt_ui::show(context, panels, requests);
    time_prompt_ui::show(context, bench, panels, requests);
    keys_ui::show(context, bench, &mut panels.keys, requests);
    complexity_ui::show(context, bench, &mut panels.complexity, requests);
    models_ui::show(context, bench, &mut panels.models, requests);
    gpu_support_ui::show(context, bench, requests);
    label_set_ui::show(context, bench, requests);
    import_labels_ui::show(context, bench, &mut panels.import_labels, requests);
    export_labels_ui::show(context, bench, &mut panels.export_labels, requests);
    panels.takes_enter = bench.importing.is_some() || bench.exporting.is_some();
    let asks = bench.label_sets.asked.is_some() || bench.gpu.is_shown;
    panels.labels.takes_escape = panels.labels.form.is_some() || asks || panels.takes_enter;
    about_ui::show(context, bench, panels.painter.drawn_by(), &mut panels.about_shown);
    versions_ui::show(context, bench, &mut panels.versions_shown, requests);
}

fn dropped_files(context: &egui::Context) -> Option<Request> {
    let paths: Vec<_> =
        context.input(|input| input.raw.dropped_files.iter().map(|file| file.path().to_path_buf()).collect());
    (!paths.is_empty()).then_some(Request::Open(paths))
}

impl Panels {
    fn is_modal(&self) -> bool {
        self.palette.is_some() || self.path_prompt.is_some() || self.time_prompt.is_some()
    }

    /// Whether a page lies over the window: Escape is its own, and Tab goes into it.
    fn is_page_open(&self) -> bool {
        let is_shown = self.keys.shown || self.about_shown || self.complexity.shown || self.models.shown;
        is_shown || self.versions_shown || self.labels.takes_escape
    }

    fn filter(&mut self, request: Request, bench: &Workbench) -> Option<Request> {
        match request {
            Request::Do(command) => self.take(command, bench).map(Request::Do),
            request => Some(request),
        }
    }
}
