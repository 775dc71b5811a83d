//! What stands where a recording will be: what Earmark does, and how to begin.

use super::widgets::{command_button, weak};
use super::{icons, theme};
use crate::app::{Command, Request, Workbench};
use eframe::egui::{self, Align2, RichText, Stroke, Ui, UiBuilder, vec2};

const FIRST_KEYS: [(Command, &str); 4] = [
    (Command::Detect, "let the model propose events"),
    (Command::Accept, "accept the selected event and go on"),
    (Command::Reject, "reject it and go on"),
    (Command::PlayPause, "play and pause"),
];
const RECENT_SHOWN: usize = 5;

/// Draws it.
pub fn show(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    let size = vec2(520.0, 470.0);
    let rect = Align2::CENTER_CENTER.align_size_within_rect(size, ui.max_rect());
    ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
        ui.vertical_centered(|ui| {
            ui.label(RichText::new(icons::WAVEFORM).size(40.0).color(theme::colors(ui.visuals()).accent));
            ui.add_space(2.0 * theme::GRID);
            ui.label(RichText::new("Strong labels, one key per decision").heading());
            ui.add_space(theme::GRID);
            ui.label(weak("Open recordings, let a model propose sound events, correct and export them"));
            ui.add_space(5.0 * theme::GRID);
            drop_zone(ui, requests);
            ui.add_space(5.0 * theme::GRID);
            first_keys(ui);
            recent(ui, bench, requests);
        });
    });
}

fn drop_zone(ui: &mut Ui, requests: &mut Vec<Request>) {
    let hovering = ui.ctx().input(|input| !input.raw.hovered_files.is_empty());
    let (rect, _) = ui.allocate_exact_size(vec2(420.0, 108.0), egui::Sense::hover());
    let colors = theme::colors(ui.visuals());
    let (color, width) = if hovering { (colors.accent, 2.0) } else { (colors.weak_text, 1.0) };
    let corners = [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom(), rect.left_top()];
    ui.painter().extend(egui::Shape::dashed_line(&corners, Stroke::new(width, color), 6.0, 4.0));
    // A child of its own, so that what stands below is not moved by it.
    let mut inside =
        ui.new_child(UiBuilder::new().max_rect(rect.shrink(20.0)).layout(egui::Layout::top_down(egui::Align::Center)));
    inside.label("Drop recordings here, or");
    inside.add_space(2.0 * theme::GRID);
    inside.allocate_ui(vec2(364.0, 28.0), |ui| {
        ui.horizontal(|ui| {
            command_button(ui, Command::OpenRecordings, true, requests);
            command_button(ui, Command::OpenFolder, true, requests);
            command_button(ui, Command::OpenExample, true, requests);
        });
    });
}

fn first_keys(ui: &mut Ui) {
    ui.allocate_ui(vec2(320.0, 0.0), |ui| {
        egui::Grid::new("first keys").num_columns(2).spacing(vec2(16.0, 4.0)).show(ui, |ui| {
            for (command, text) in FIRST_KEYS {
                ui.label(RichText::new(command.key_text(ui.ctx())).monospace().strong());
                ui.label(text);
                ui.end_row();
            }
        });
    });
}

fn recent(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    if bench.settings.recent_files.is_empty() {
        return;
    }
    ui.add_space(5.0 * theme::GRID);
    ui.label(weak("Recent"));
    for path in bench.settings.recent_files.iter().take(RECENT_SHOWN) {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if ui.link(name).on_hover_text(path.display().to_string()).clicked() {
            requests.push(Request::Open(vec![path.clone()]));
        }
    }
}
