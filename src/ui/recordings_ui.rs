//! The panel on the left: the recordings of the project with their state, and the labels with their colours.

use super::file_list_ui::{self, FileList};
use super::theme;
use super::widgets::{list_row, section, swatch, text_in, weak};
use crate::app::{Request, Workbench};
use eframe::egui::{Align2, ScrollArea, Ui};

/// Draws the panel.
pub fn show(ui: &mut Ui, bench: &Workbench, files: &mut FileList, requests: &mut Vec<Request>) {
    let labels = bench.listed_labels();
    let height = ui.available_height() - labels_height(labels.len());
    ui.scope(|ui| file_list_ui::show(ui, bench, files, height, requests));
    ui.separator();
    section(ui, "Labels");
    if labels.is_empty() {
        ui.label(weak("Accepted and drawn events appear here with their labels"));
    }
    ScrollArea::vertical().id_salt("labels").auto_shrink([false, false]).show(ui, |ui| {
        for label in labels {
            label_row(ui, bench, label, bench.label_count(label).0, requests);
        }
    });
}

fn labels_height(labels: usize) -> f32 {
    40.0 + theme::ROW_HEIGHT * (labels.clamp(2, 10) as f32 + 1.0)
}

fn label_row(ui: &mut Ui, bench: &Workbench, label: &std::sync::Arc<str>, count: usize, requests: &mut Vec<Request>) {
    let active = bench.active_label.as_ref() == Some(label);
    ui.horizontal(|ui| {
        swatch(ui, theme::label_color_on(ui.visuals(), bench.label_place(label)));
        let response = list_row(ui, label, active, |ui, rect| {
            let count = count.to_string();
            let taken = text_in(ui, rect, Align2::RIGHT_CENTER, &count, 12.0, theme::colors(ui.visuals()).weak_text);
            let rest = rect.with_max_x(rect.max.x - taken - 6.0);
            text_in(ui, rest, Align2::LEFT_CENTER, label, 13.0, ui.visuals().text_color());
        });
        let hover = if active { "New events take this label" } else { "Let new events take this label" };
        if response.on_hover_text(hover).clicked() {
            requests.push(Request::SetActiveLabel(label.clone()));
        }
    });
}
