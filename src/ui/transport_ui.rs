//! The bar of sound: playing, position, what the pointer is over, what is running.

use super::widgets::{icon_button, icon_button_showing, weak};
use super::{Panels, drawing_ui, icons, listening_ui, models_ui, theme};
use crate::app::{Command, Request, Workbench};
use crate::time::clock_text;
use eframe::egui::{self, Align, Layout, ProgressBar, RichText, Slider, Ui};

/// Below this there is no room for more than the percentage of a run beside what the pointer is over.
const WORDS_POINTS: f32 = 580.0;

/// Draws the bar.
pub fn show(ui: &mut Ui, bench: &Workbench, panels: &Panels, requests: &mut Vec<Request>) {
    ui.horizontal(|ui| {
        let open = bench.open.is_some();
        let playing = bench.player.is_playing();
        icon_button(ui, Command::PreviousEvent, open, requests);
        let icon = if playing { icons::PAUSE } else { icons::PLAY };
        icon_button_showing(ui, Command::PlayPause, icon, open, playing, requests);
        icon_button(ui, Command::NextEvent, open, requests);
        icon_button(ui, Command::PlayEvent, bench.selected.is_some(), requests);
        icon_button_showing(ui, Command::LoopEvent, icons::LOOP, open, bench.player.is_looping(), requests);
        volume(ui, bench, requests);
        listening_ui::show(ui, bench, requests);
        ui.separator();
        drawing_ui::show(ui, bench, requests);
        ui.separator();
        position(ui, bench);
        ui.separator();
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            step_under_way(ui, bench, requests);
            runs(ui, bench, requests);
            model_tasks(ui, bench, requests);
            saving_picture(ui, bench, requests);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                readout(ui, panels);
            });
        });
    });
}

fn volume(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    let mut volume = bench.settings.volume;
    ui.label(weak(icons::SPEAKER));
    ui.spacing_mut().slider_width = 64.0;
    let slider = Slider::new(&mut volume, 0.0..=1.0).show_value(false);
    let percent = (100.0 * bench.settings.volume).round();
    if ui.add(slider).accessible_name("Volume").on_hover_text(format!("Volume: {percent} %")).changed() {
        requests.push(Request::SetVolume(volume));
    }
}

fn position(ui: &mut Ui, bench: &Workbench) {
    let Some(open) = &bench.open else {
        ui.label(RichText::new("–:––.–––").monospace());
        return;
    };
    let axis = bench.time_axis();
    let text = format!("{} / {}", axis.text(bench.playhead_secs()), axis.whole_text(open.viewport.duration_secs()));
    let hover = format!("Playhead / length of the recording ({})", axis.shown_unit().name());
    ui.label(RichText::new(text).monospace()).on_hover_text(hover);
}

/// What the pointer is over.
fn readout(ui: &mut Ui, panels: &Panels) {
    ui.add(egui::Label::new(RichText::new(&panels.readout).monospace()).truncate());
}

/// A step about very many events, and a button that stops it.
fn step_under_way(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    let Some(step) = bench.step_under_way() else { return };
    let stop = egui::Button::new(icons::STOP).frame_when_inactive(false);
    let stop = ui.add_enabled(!step.is_stopping(), stop).accessible_name("Stop this step");
    if stop.on_hover_text("Stop; everything is as it was before").clicked() {
        requests.push(Request::StopStep);
    }
    let is_narrow = ui.available_width() < WORDS_POINTS;
    ui.add(ProgressBar::new(step.part()).desired_width(120.0).corner_radius(theme::GRID));
    let percent = format!("{:.0} %", 100.0 * step.part());
    let shown = if is_narrow { percent } else { format!("{} {percent}", step.text()) };
    ui.add(egui::Label::new(weak(shown)).truncate()).on_hover_text(step.text());
}

/// The picture that is being drawn into a file, and a button that stops it.
fn saving_picture(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    let Some(saving) = &bench.saving_picture else { return };
    let stop =
        ui.add(egui::Button::new(icons::STOP).frame_when_inactive(false)).accessible_name("Stop drawing the picture");
    if stop.on_hover_text("Stop drawing the picture; nothing is written").clicked() {
        requests.push(Request::StopPicture);
    }
    let name = saving.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let text = format!("Drawing {name} {:.0} %", 100.0 * saving.part);
    ui.label(weak(text)).on_hover_text(saving.path.display().to_string());
}

/// Downloads and imports of models; the page of models tells more.
fn model_tasks(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    let Some(text) = models_ui::short_text(bench) else { return };
    // Beside a model's run there is no room for more than the icon.
    let shown = if bench.runs.is_empty() {
        format!("{} {text}", icons::CLOUD_DOWNLOAD)
    } else {
        icons::CLOUD_DOWNLOAD.to_owned()
    };
    let button = ui.add(egui::Button::new(weak(shown)).frame_when_inactive(false)).accessible_name(&text);
    if button.on_hover_text(format!("{text}\nShow the page of models")).clicked() {
        requests.push(Request::Do(Command::GetModels));
    }
}

/// The model runs: progress, speed, stop.
fn runs(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    let is_narrow = ui.available_width() < WORDS_POINTS;
    let Some((&id, run)) = bench.runs.iter().max_by(|a, b| a.1.elapsed_secs.total_cmp(&b.1.elapsed_secs)) else {
        return;
    };
    icon_button(ui, Command::CancelDetection, true, requests);
    let Some(recording) = bench.document.recording(id) else { return };
    let fraction = (run.done_secs / recording.duration_secs.max(1e-3)).clamp(0.0, 1.0) as f32;
    let batch = bench.batch.as_ref().filter(|batch| batch.total() > 1);
    // Of many recordings, what all have come to counts.
    let shown_fraction = batch.map_or(fraction, |batch| (batch.over() as f32 + fraction) / batch.total() as f32);
    ui.add(ProgressBar::new(shown_fraction).desired_width(120.0).corner_radius(theme::GRID));
    let text = if let Some(batch) = batch {
        let left = batch.left_secs().map(|secs| format!(" · {} left", clock_text(secs, 0))).unwrap_or_default();
        format!("{} of {} recordings{left}", batch.over() + 1, batch.total())
    } else if run.elapsed_secs > 0.0 {
        let speed = run.done_secs / run.elapsed_secs;
        let left_secs = (recording.duration_secs - run.done_secs).max(0.0) / speed.max(1e-3);
        format!("{:.0} % · {speed:.0} × real time · {} left", 100.0 * fraction, clock_text(left_secs, 0))
    } else {
        "Loading model".to_owned()
    };
    let hover = format!("Detecting events in {}\n{text}", recording.file_name());
    let shown = if is_narrow { format!("{:.0} %", 100.0 * shown_fraction) } else { text };
    ui.label(weak(shown)).on_hover_text(hover);
}
