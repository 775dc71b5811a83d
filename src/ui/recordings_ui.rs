//! The panel on the left: the recordings of the project with their state.

use super::widgets::{icon_button, list_row, section, text_in};
use super::{icons, theme};
use crate::annotation::{Recording, RecordingId};
use crate::app::{Command, Request, Workbench, counted};
use eframe::egui::{self, Align2, ScrollArea, Ui};

/// Draws the panel.
pub fn show(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    ui.horizontal(|ui| {
        section(ui, "Recordings");
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            icon_button(ui, Command::OpenRecordings, true, requests);
        });
    });
    let recordings: Vec<(RecordingId, &Recording)> = bench.document.recordings().collect();
    ScrollArea::vertical().id_salt("recordings").auto_shrink([false, false]).show_rows(
        ui,
        theme::ROW_HEIGHT,
        recordings.len(),
        |ui, rows| {
            for &(id, recording) in &recordings[rows] {
                recording_row(ui, bench, id, recording, requests);
            }
        },
    );
}

/// Untouched, predicted, in review, decided: told by the shape of the icon, and in words in the tooltip.
pub(super) fn state(bench: &Workbench, id: RecordingId, recording: &Recording) -> (&'static str, &'static str) {
    if bench.runs.contains_key(&id) {
        (icons::MAGIC, "the model is at work")
    } else if !recording.events.is_empty() {
        (icons::STATE_HALF, "has events")
    } else if bench.has_scores(id) {
        (icons::STATE_PREDICTED, "has predictions")
    } else {
        (icons::STATE_EMPTY, "untouched")
    }
}

fn recording_row(ui: &mut Ui, bench: &Workbench, id: RecordingId, recording: &Recording, requests: &mut Vec<Request>) {
    let (icon, words) = state(bench, id, recording);
    let name = recording.file_name();
    let selected = bench.open.as_ref().is_some_and(|open| open.id == id);
    let labels = recording.events.values().filter(|event| event.status.is_label()).count();
    let response = list_row(ui, &name, selected, |ui, rect| {
        let colors = theme::colors(ui.visuals());
        text_in(ui, rect, Align2::LEFT_CENTER, icon, 14.0, colors.weak_text);
        let count = if labels > 0 { labels.to_string() } else { String::new() };
        let taken = text_in(ui, rect, Align2::RIGHT_CENTER, &count, 12.0, colors.weak_text);
        let middle =
            egui::Rect::from_min_max(rect.min + egui::vec2(20.0, 0.0), rect.max - egui::vec2(taken + 6.0, 0.0));
        text_in(ui, middle, Align2::LEFT_CENTER, &name, 13.0, ui.visuals().text_color());
    });
    let length = crate::time::clock_text(recording.duration_secs, 1);
    let format =
        bench.specs.get(&id).map(|spec| format!("\n{} · {} Hz · {} ch", spec.format, spec.sample_rate, spec.channels));
    let hover = format!(
        "{}\n{length}{} · {words} · {}",
        recording.path.display(),
        format.unwrap_or_default(),
        counted(labels, "label")
    );
    if response.on_hover_text(hover).clicked() {
        requests.push(Request::ShowRecording(id));
    }
}
