//! What would be exported, in which format, and what the format cannot hold of it, before anything is written. Reads and changes nothing
//! itself.

use super::choices::choice;
use super::import_labels_ui::warning;
use super::theme;
use super::widgets::weak;
use crate::annotation::Status;
use crate::app::{ExportRequest, ExportScope, ExportSettings, LabelExport, Request, Workbench, counted};
use crate::format::ALL;
use eframe::egui::{self, Align2, Button, Grid, Key, Label, Modifiers, Popup, ScrollArea, Ui, Window};

/// Width of the page, and the most height of what would be written, in points.
const WIDTH: f32 = 560.0;
const OUTCOME_HEIGHT: f32 = 150.0;

/// What the page keeps for itself.
#[derive(Default)]
pub struct ExportPage {
    /// The button has been given the keyboard once.
    was_ready: bool,
}

/// Draws the page, if labels are about to be exported.
pub fn show(context: &egui::Context, bench: &Workbench, page: &mut ExportPage, requests: &mut Vec<Request>) {
    let Some(exporting) = &bench.exporting else {
        *page = ExportPage::default();
        return;
    };
    let is_free = !Popup::is_any_open(context) && !context.text_edit_focused();
    let is_left = is_free && context.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
    let is_confirmed = is_free
        && context.memory(|memory| memory.focused().is_none())
        && context.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
    let mut shown = true;
    let window = Window::new("Export labels").open(&mut shown).collapsible(false).resizable(false);
    let window = window.pivot(Align2::CENTER_CENTER).default_pos(context.content_rect().center());
    window.constrain_to(context.content_rect()).show(context, |ui| {
        ui.set_width(WIDTH.min(context.content_rect().width() - 48.0));
        page_ui(ui, bench, exporting, page, requests);
    });
    if is_confirmed {
        requests.push(ExportRequest::Ask.into());
    }
    if is_left || !shown {
        requests.push(ExportRequest::Drop.into());
    }
}

fn page_ui(
    ui: &mut Ui,
    bench: &Workbench,
    exporting: &LabelExport,
    page: &mut ExportPage,
    requests: &mut Vec<Request>,
) {
    let mut settings = bench.settings.export.clone();
    Grid::new("export").num_columns(2).spacing([16.0, 10.0]).show(ui, |ui| {
        ui.label(weak("Format"));
        format_ui(ui, &mut settings);
        ui.end_row();
        ui.label(weak("Events"));
        ui.vertical(|ui| events_ui(ui, bench, exporting, &mut settings));
        ui.end_row();
        ui.label(weak("Recordings"));
        ui.horizontal(|ui| scope_ui(ui, bench, &mut settings));
        ui.end_row();
        ui.label(weak("Files"));
        ui.vertical(|ui| files_ui(ui, bench, exporting, &mut settings));
        ui.end_row();
    });
    if settings != bench.settings.export {
        requests.push(ExportRequest::Set(settings).into());
    }
    ui.separator();
    let outcome = ScrollArea::vertical().max_height(OUTCOME_HEIGHT).auto_shrink([false, true]);
    outcome.show(ui, |ui| outcome_ui(ui, bench, exporting));
    ui.separator();
    ui.horizontal(|ui| {
        let folder = bench.exports_folder();
        let button =
            ui.button(if folder { "Export to folder…" } else { "Export…" }).accessible_name("Export these labels");
        if !std::mem::replace(&mut page.was_ready, true) {
            button.request_focus();
        }
        if button.on_hover_text("Choose where to write (Enter)").clicked() {
            requests.push(ExportRequest::Ask.into());
        }
        if ui.add(Button::new("Cancel")).on_hover_text("Export nothing (Esc)").clicked() {
            requests.push(ExportRequest::Drop.into());
        }
    });
}

fn format_ui(ui: &mut Ui, settings: &mut ExportSettings) {
    let formats = ALL.iter().filter(|format| format.can_write());
    let all: Vec<(&'static str, String)> = formats.map(|format| (format.id(), format.name().to_owned())).collect();
    let current = settings.format().id();
    if let Some(id) = choice(ui, "Format to export", "Which format the file has", &current, &all) {
        settings.format = id.to_owned();
    }
}

fn events_ui(ui: &mut Ui, bench: &Workbench, exporting: &LabelExport, settings: &mut ExportSettings) {
    let counts = bench.document.total_counts();
    ui.label(format!("Labels ({})", counts.labels()));
    let holds = settings.format().holds();
    for (status, text, is_on) in [
        (Status::Predicted, "Predictions too", &mut settings.predictions),
        (Status::Uncertain, "Uncertain events too", &mut settings.uncertain),
        (Status::Rejected, "Rejected predictions too, as what is not there", &mut settings.rejected),
    ] {
        let of_models = if status == Status::Predicted { bench.shelf_of_scores.undecided() } else { 0 };
        let count = counts.of(status) + of_models;
        let is_held = holds.status || (holds.predictions && status == Status::Predicted);
        let mut shown = *is_on && is_held;
        let checkbox = egui::Checkbox::new(&mut shown, format!("{text} ({count})"));
        let response = ui.add_enabled(is_held && count > 0, checkbox);
        let why = if is_held { "There are none" } else { "This format cannot say what was decided" };
        if response.on_disabled_hover_text(why).changed() {
            *is_on = shown;
        }
    }
    let mut scores = settings.scores && holds.scores;
    let checkbox = egui::Checkbox::new(&mut scores, "Scores of accepted predictions");
    let response = ui.add_enabled(holds.scores, checkbox);
    let hover = "The model's score beside each label that it proposed";
    if response.on_hover_text(hover).on_disabled_hover_text("This format has no scores").changed() {
        settings.scores = scores;
    }
    let overlaps = exporting.weighed.as_ref().map_or(0, |weighed| weighed.overlaps);
    let can_unite = overlaps > 0 || settings.unites;
    let checkbox = egui::Checkbox::new(
        &mut settings.unites,
        format!("Unite labels of one class that overlap or touch ({overlaps})"),
    );
    let hover =
        "Some evaluation programs (PSDS) stop at labels of one class that overlap; only the file has them united";
    ui.add_enabled(can_unite, checkbox).on_hover_text(hover).on_disabled_hover_text("There are none");
}

fn scope_ui(ui: &mut Ui, bench: &Workbench, settings: &mut ExportSettings) {
    for (scope, text, count) in [
        (ExportScope::All, "All", bench.document.recording_count()),
        (ExportScope::Selected, "Selected", bench.list.selection.len()),
        (ExportScope::Done, "Done", bench.document.complete_count()),
    ] {
        if ui.radio(settings.scope == scope, format!("{text} ({count})")).clicked() {
            settings.scope = scope;
        }
    }
}

fn files_ui(ui: &mut Ui, bench: &Workbench, exporting: &LabelExport, settings: &mut ExportSettings) {
    let folder = bench.exports_folder();
    let is_forced = folder && !settings.per_recording;
    let several = exporting.weighed.as_ref().is_some_and(|weighed| weighed.labels.files.len() > 1);
    ui.horizontal(|ui| {
        let one = ui.add_enabled(!is_forced, egui::RadioButton::new(!folder, "One file"));
        let why = "This format holds one recording a file";
        if one.on_disabled_hover_text(why).clicked() {
            settings.per_recording = false;
        }
        if ui.add_enabled(several || folder, egui::RadioButton::new(folder, "A file for each recording")).clicked() {
            settings.per_recording = true;
        }
    });
    if folder {
        let hover = "Label files of the same names in that folder are replaced; else they stay as they are";
        ui.checkbox(&mut settings.replaces, "Replace files that are there").on_hover_text(hover);
    }
}

/// What would be written, and what is lost.
fn outcome_ui(ui: &mut Ui, bench: &Workbench, exporting: &LabelExport) {
    let Some(weighed) = &exporting.weighed else {
        ui.horizontal(|ui| {
            ui.add(egui::Spinner::new().size(14.0));
            ui.label(weak("Looking…"));
        });
        return;
    };
    let labels = &weighed.labels;
    ui.horizontal(|ui| {
        let (events, recordings) = (counted(labels.rows.len(), "event"), counted(labels.files.len(), "recording"));
        ui.label(format!("{events} of {recordings} will be written"));
        if exporting.is_working() {
            ui.add(egui::Spinner::new().size(14.0));
        }
    });
    let name = bench.settings.export.format().name();
    if weighed.losses.is_empty() {
        ui.label(weak(format!("{name} holds all that is said about them")));
    } else {
        warning(ui, &format!("{name} cannot hold:"));
        for loss in &weighed.losses {
            ui.add(Label::new(format!("   {loss}")).wrap());
        }
    }
    if exporting.left_behind > 0 {
        let recordings = counted(exporting.left_behind, "recording");
        let text = if bench.exports_predictions() {
            format!("The predictions of {recordings} are not in memory and are not exported: show them before")
        } else {
            format!("{recordings} with predictions but no decision: exported as without events")
        };
        warning(ui, &text);
    }
    ui.add_space(theme::GRID);
}
