//! The page of evaluation, along the foot of the window so that the spectrogram stays in view: what is compared, how, and tabs for what came
//! of it. Computes nothing itself.

use super::evaluation_curves_ui::{self, CurveChoice};
use super::evaluation_errors_ui;
use super::evaluation_table_ui::{self, ClassTable};
use super::long_list::LongList;
use super::widgets::{text_in, weak};
use super::{icons, theme};
use crate::app::{Command, EstimateChoice, EvaluationRequest, Request, Workbench, counted};
use crate::work::evaluation::{EvaluationReport, EvaluationSettings, GoalKind, Tuning, WhichRecordings};
use eframe::egui::{
    self, Align, Align2, Button, ComboBox, DragValue, Layout, ProgressBar, Rect, Sense, Ui, UiBuilder, pos2, vec2,
};

/// Height of the page as long as nobody has changed it, and bounds, in points.
pub const FIRST_HEIGHT: f32 = 300.0;
pub const LEAST_HEIGHT: f32 = 170.0;
/// So much is left to the spectrogram and what is beside it, in points.
pub const LEFT_HEIGHT: f32 = 280.0;
/// The part of the width that the table takes.
const TABLE_PART: f32 = 0.56;
const GAP: f32 = 12.0;

/// What the page keeps for itself.
#[derive(Default)]
pub struct EvaluationPage {
    tab: Tab,
    settings_shown: bool,
    table: ClassTable,
    errors: LongList,
    /// The error that was in view last.
    revealed: Option<usize>,
    pairs: LongList,
    curves: CurveChoice,
}

/// What stands beside the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Tab {
    #[default]
    Errors,
    Confusions,
    Curves,
}

/// Draws the page.
pub fn show(ui: &mut Ui, bench: &Workbench, page: &mut EvaluationPage, requests: &mut Vec<Request>) {
    let mut asked = Vec::new();
    // Whatever is shown, the page is as high as it was made.
    ui.set_min_height(ui.available_height());
    title_ui(ui, bench, page, requests, &mut asked);
    compared_ui(ui, bench, &mut asked);
    if page.settings_shown {
        settings_ui(ui, &bench.settings.evaluation, &mut asked);
    }
    let evaluation = &bench.evaluation;
    match (&evaluation.report, &evaluation.failure) {
        (_, Some(failure)) => {
            ui.add_space(theme::GRID);
            ui.horizontal_wrapped(|ui| {
                ui.colored_label(theme::colors(ui.visuals()).warning, icons::WARNING);
                ui.label(failure);
            });
        }
        (Some(report), None) => {
            notes_ui(ui, bench, report);
            body_ui(ui, bench, report, page, &mut asked);
        }
        (None, None) => {
            ui.label(weak("Computing…"));
        }
    }
    requests.extend(asked.into_iter().map(Request::Evaluation));
}

fn title_ui(
    ui: &mut Ui,
    bench: &Workbench,
    page: &mut EvaluationPage,
    requests: &mut Vec<Request>,
    asked: &mut Vec<EvaluationRequest>,
) {
    ui.horizontal(|ui| {
        ui.label(egui::RichText::new("Evaluation").family(theme::medium()));
        let summary = bench.evaluation.report.as_ref().map(|report| summary_text(report)).unwrap_or_default();
        let buttons = 560.0_f32.min(0.66 * ui.available_width());
        let (rect, response) =
            ui.allocate_exact_size(vec2((ui.available_width() - buttons).max(40.0), theme::ROW_HEIGHT), Sense::hover());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, &summary));
        text_in(ui, rect, Align2::LEFT_CENTER, &summary, 13.0, ui.visuals().text_color());
        response.on_hover_text(&summary);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let close = ui.button(icons::CROSS).accessible_name("Close evaluation");
            if close.on_hover_text(Command::Evaluate.hover_text(ui.ctx())).clicked() {
                requests.push(Command::Evaluate.into());
            }
            if ui.selectable_label(page.settings_shown, "Settings").on_hover_text("How is evaluated").clicked() {
                page.settings_shown = !page.settings_shown;
            }
            work_ui(ui, bench, asked);
        });
    });
}

/// What was compared: `42 reference events of 6 recordings · 51 predictions of yamnet under the rules in force`.
fn summary_text(report: &EvaluationReport) -> String {
    let summary = &report.summary;
    format!(
        "{} of {} are the reference · {} are compared: {}",
        counted(summary.reference, "labelled event"),
        counted(summary.recordings, "recording"),
        summary.estimated,
        summary.estimate
    )
}

/// What is under way, or what can be begun.
fn work_ui(ui: &mut Ui, bench: &Workbench, asked: &mut Vec<EvaluationRequest>) {
    let evaluation = &bench.evaluation;
    if evaluation.is_at_work() {
        if ui.button("Stop").clicked() {
            asked.push(EvaluationRequest::Stop);
        }
        let part = evaluation.working().map_or(0.0, |working| working.part as f32);
        let text = match evaluation.working() {
            None => "Gathering…".to_owned(),
            Some(working) => {
                let what = match working.tuning {
                    None => "Computing",
                    Some(Tuning::Thresholds) => "Best thresholds",
                    Some(Tuning::Boxes) => "Best boxes",
                };
                format!("{what} · {:.0} %", 100.0 * part)
            }
        };
        ui.visuals_mut().extreme_bg_color = ui.visuals().text_edit_bg_color();
        ui.add(ProgressBar::new(part).desired_width(170.0).text(text));
        return;
    }
    let is_old = bench.is_evaluation_old();
    let name = if is_old { "Compute again" } else { "Compute" };
    if ui.button(name).on_hover_text("Evaluate the labels and rules as they are now").clicked() {
        asked.push(EvaluationRequest::Compute);
    }
    let scores = matches!(evaluation.estimate, EstimateChoice::Predictions(_)) && evaluation.report.is_some();
    let goal = bench.settings.evaluation.goal.words();
    let ways = [
        (Tuning::Thresholds, "Best thresholds", "Best thresholds", "the threshold and median filter"),
        (Tuning::Boxes, "Best boxes", "Best bounding boxes", "the bounding boxes between change points"),
    ];
    for (tuning, text, name, what) in ways {
        let hover = format!(
            "Find {what} of each class that give the best {goal} (see Settings), and take them over as the classes' rules. They are found on \
             the recordings that are measured here, so that others will do worse"
        );
        let button = ui.add_enabled(scores, Button::new(text)).accessible_name(name);
        if button.on_hover_text(&hover).on_disabled_hover_text("Needs the predictions of a model").clicked() {
            asked.push(EvaluationRequest::Tune(tuning));
        }
    }
    if evaluation.can_take_back() {
        let hover = "Put the rules back in force that were there before the best ones";
        if ui.button("Take back").on_hover_text(hover).clicked() {
            asked.push(EvaluationRequest::TakeBack);
        }
    }
    if is_old && evaluation.report.is_some() {
        let color = theme::colors(ui.visuals()).warning;
        ui.colored_label(color, format!("{} out of date", icons::WARNING))
            .on_hover_text("Labels, rules or settings have changed since");
    }
}

fn compared_ui(ui: &mut Ui, bench: &Workbench, asked: &mut Vec<EvaluationRequest>) {
    let (evaluation, settings) = (&bench.evaluation, bench.settings.evaluation);
    ui.horizontal_wrapped(|ui| {
        ui.label(weak("Reference: labels of recordings"));
        let combo = ComboBox::from_id_salt("evaluated recordings").selected_text(settings.recordings.words());
        let response = combo.show_ui(ui, |ui| {
            for which in WhichRecordings::ALL {
                if ui.selectable_label(settings.recordings == which, which.words()).clicked() {
                    asked.push(EvaluationRequest::Settings(EvaluationSettings { recordings: which, ..settings }));
                }
            }
        });
        let hover = "Accepted and corrected events of these recordings are taken to be right";
        response.response.accessible_name("Which recordings are evaluated").on_hover_text(hover);
        ui.label(weak("Compare"));
        let combo = ComboBox::from_id_salt("estimate").width(240.0).selected_text(estimate_text(&evaluation.estimate));
        let response = combo.show_ui(ui, |ui| estimates_ui(ui, bench, asked));
        response.response.accessible_name("What is compared with the reference");
        let name = evaluation.label_map.as_ref().map_or_else(
            || "Label map…".to_owned(),
            |path| format!("Label map: {}", path.file_name().unwrap_or(path.as_os_str()).to_string_lossy()),
        );
        let hover = "A table of two columns that says which labels of the reference those of the estimate stand for, such as the \
                     classes of a model: estimated label, TAB, reference label. What is not in it is left out";
        if ui.button(name).on_hover_text(hover).clicked() {
            asked.push(EvaluationRequest::AskForMap);
        }
        if evaluation.label_map.is_some()
            && ui.button(icons::CROSS).accessible_name("No label map").on_hover_text("Labels stand for themselves").clicked()
        {
            asked.push(EvaluationRequest::Map(None));
        }
    });
}

fn estimate_text(estimate: &EstimateChoice) -> String {
    match estimate {
        EstimateChoice::Predictions(None) => "predictions under the rules in force".to_owned(),
        EstimateChoice::Predictions(Some(model)) => format!("predictions of {model}"),
        EstimateChoice::Annotator(name) => annotator_text(name),
        EstimateChoice::Scores(path) => {
            format!("scores in {}", path.file_name().unwrap_or(path.as_os_str()).to_string_lossy())
        }
        EstimateChoice::File(path) => {
            format!("file {}", path.file_name().unwrap_or(path.as_os_str()).to_string_lossy())
        }
    }
}

fn annotator_text(name: &str) -> String {
    if name.is_empty() { "labels without an annotator's name".to_owned() } else { format!("labels of {name}") }
}

fn estimates_ui(ui: &mut Ui, bench: &Workbench, asked: &mut Vec<EvaluationRequest>) {
    let evaluation = &bench.evaluation;
    let mut choice = |ui: &mut Ui, estimate: EstimateChoice, text: String| {
        if ui.selectable_label(evaluation.estimate == estimate, text).clicked() {
            asked.push(EvaluationRequest::Compare(estimate));
        }
    };
    let own = EstimateChoice::Predictions(None);
    let text = estimate_text(&own);
    choice(ui, own, text);
    for (model, count) in &evaluation.models {
        let text = format!("predictions of {model} ({})", counted(*count, "recording"));
        choice(ui, EstimateChoice::Predictions(Some(model.clone())), text);
    }
    for (name, count) in &evaluation.annotators {
        let text = format!("{} ({count}) against all others", annotator_text(name));
        choice(ui, EstimateChoice::Annotator(name.clone()), text);
    }
    if ui.selectable_label(false, "a label file…").clicked() {
        asked.push(EvaluationRequest::AskForLabels);
    }
    let hover = "Another model's: a folder with a file NAME.tsv for each recording, as `earmark detect --scores` and sed_scores_eval write them";
    if ui.selectable_label(false, "scores from a folder…").on_hover_text(hover).clicked() {
        asked.push(EvaluationRequest::AskForScores);
    }
}

fn settings_ui(ui: &mut Ui, settings: &EvaluationSettings, asked: &mut Vec<EvaluationRequest>) {
    let mut changed = *settings;
    let number = |ui: &mut Ui, name: &str, value: &mut f64, range: (f64, f64), hover: &str| {
        ui.label(weak(name));
        let (speed, decimals) = (0.01, 2);
        let drag = DragValue::new(value).range(range.0..=range.1).speed(speed).max_decimals(decimals);
        ui.add(drag).accessible_name(name).on_hover_text(hover);
    };
    ui.horizontal_wrapped(|ui| {
        let hover = "Onsets may differ by so many seconds; offsets too, or by the share beside it";
        number(ui, "Collar (s)", &mut changed.collar_secs, (0.0, 60.0), hover);
        let hover = "Offsets may differ by this share of the reference event's length, where that is more than the collar";
        number(ui, "Offset share", &mut changed.offset_share, (0.0, 1.0), hover);
        number(ui, "Segment (s)", &mut changed.segment_secs, (0.01, 3600.0), "How long segments are");
        let hover = "Share of an estimated event that reference events must cover (DTC)";
        number(ui, "Detection share", &mut changed.detection_share, (0.0, 1.0), hover);
        let hover = "Share of a reference event that estimated events must cover (GTC)";
        number(ui, "Reference share", &mut changed.reference_share, (0.0, 1.0), hover);
        ui.label(weak("Best"));
        let combo = ComboBox::from_id_salt("goal").selected_text(settings.goal.words()).show_ui(ui, |ui| {
            for goal in GoalKind::ALL {
                ui.selectable_value(&mut changed.goal, goal, goal.words());
            }
        });
        let hover = "The F-score that is drawn over thresholds, and that best thresholds and boxes make as great as possible";
        combo.response.accessible_name("Which F-score is best").on_hover_text(hover);
        let hover = "A model has many classes that nobody annotated: what it finds of them is left out. Without a tick, each is a false alarm";
        ui.checkbox(&mut changed.only_reference_classes, "Only classes of the reference").on_hover_text(hover);
    });
    if changed != *settings {
        asked.push(EvaluationRequest::Settings(changed));
    }
}

/// What the user should know, on one line; all of it where the pointer rests.
fn notes_ui(ui: &mut Ui, bench: &Workbench, report: &EvaluationReport) {
    let notes: Vec<&str> =
        bench.evaluation.tuned_text.iter().map(String::as_str).chain(report.notes.iter().map(String::as_str)).collect();
    if notes.is_empty() {
        return;
    }
    let text = notes.join(". ");
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, &text));
    let color = theme::colors(ui.visuals()).weak_text;
    let taken = text_in(ui, rect, Align2::LEFT_CENTER, icons::NOTE, 13.0, color);
    text_in(ui, rect.with_min_x(rect.left() + taken + 6.0), Align2::LEFT_CENTER, &text, 12.0, color);
    response.on_hover_text(notes.join("\n"));
}

fn body_ui(
    ui: &mut Ui,
    bench: &Workbench,
    report: &std::sync::Arc<EvaluationReport>,
    page: &mut EvaluationPage,
    asked: &mut Vec<EvaluationRequest>,
) {
    let (rect, _) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
    let middle = rect.left() + TABLE_PART * rect.width();
    let left = Rect::from_min_max(rect.min, pos2(middle - 0.5 * GAP, rect.bottom()));
    let right = Rect::from_min_max(pos2(middle + 0.5 * GAP, rect.top()), rect.max);
    ui.scope_builder(UiBuilder::new().max_rect(left).id_salt("table"), |ui| {
        evaluation_table_ui::show(ui, report, &bench.evaluation.filter, &mut page.table, asked);
    });
    ui.painter().vline(middle, rect.y_range(), egui::Stroke::new(1.0, theme::colors(ui.visuals()).line));
    ui.scope_builder(UiBuilder::new().max_rect(right).id_salt("tabs"), |ui| {
        ui.horizontal(|ui| {
            for (tab, name) in [
                (Tab::Errors, format!("Errors ({})", bench.evaluation.shown.places.len())),
                (Tab::Confusions, format!("Confusions ({})", report.confused.len())),
                (Tab::Curves, "Curves".to_owned()),
            ] {
                if ui.selectable_label(page.tab == tab, name).clicked() {
                    page.tab = tab;
                }
            }
            if page.tab == Tab::Curves {
                evaluation_curves_ui::choice(ui, &mut page.curves);
            }
        });
        match page.tab {
            Tab::Errors => {
                if page.revealed != bench.evaluation.current {
                    page.revealed = bench.evaluation.current;
                    let place = page.revealed.and_then(|now| bench.evaluation.shown.places.binary_search(&now).ok());
                    place.into_iter().for_each(|place| page.errors.reveal(place));
                }
                evaluation_errors_ui::errors(ui, bench, report, &mut page.errors, asked);
            }
            Tab::Confusions => {
                if evaluation_errors_ui::pairs(ui, &bench.evaluation.filter, report, &mut page.pairs, asked) {
                    page.tab = Tab::Errors;
                }
            }
            Tab::Curves => evaluation_curves_ui::show(ui, bench, report, page.curves),
        }
    });
}
