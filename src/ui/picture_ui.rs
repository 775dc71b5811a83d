//! Settings of the picture: colour map, levels, frequency axis. None of them computes a spectrum again.

use super::canvas_ui::Canvas;
use super::widgets::{section, weak};
use crate::app::Request;
use crate::spectrogram::colormap;
use eframe::egui::{Grid, Popup, PopupCloseBehavior, RectAlign, Response, Slider, SliderClamping, Ui};

/// Opens at a click on the colour scale, beside it.
pub fn popup(response: &Response, canvas: &Canvas<'_>, requests: &mut Vec<Request>) {
    let popup = Popup::menu(response).align(RectAlign::LEFT_START);
    popup.close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        ui.set_min_width(360.0);
        section(ui, "Spectrogram");
        Grid::new("picture").num_columns(2).spacing([12.0, 4.0]).show(ui, |ui| choices(ui, canvas, requests));
        if ui.button("Show all frequencies").on_hover_text("From 0 Hz to half the sample rate").clicked() {
            let high_hz = f64::from(canvas.open.spec.sample_rate) / 2.0;
            requests.push(Request::ShowFrequencies { low_hz: 0.0, high_hz });
        }
    });
}

fn choices(ui: &mut Ui, canvas: &Canvas<'_>, requests: &mut Vec<Request>) {
    let settings = &canvas.bench.settings;
    ui.label(weak("Colour map"));
    let maps = colormap::ALL.iter().map(|map| (map.name, map.name));
    requests.extend(buttons(ui, &settings.colormap, maps).map(Request::SetColormap));
    ui.end_row();
    let (mut floor_db, mut ceiling_db) = (settings.floor_db, settings.ceiling_db);
    let mut changed = false;
    for (name, db, range) in
        [("Darkest at", &mut floor_db, -140.0..=-20.0), ("Brightest at", &mut ceiling_db, -100.0..=20.0)]
    {
        ui.label(weak(name));
        let slider = Slider::new(db, range).clamping(SliderClamping::Edits).suffix(" dB").fixed_decimals(0);
        changed |= ui.add(slider).accessible_name(name).changed();
        ui.end_row();
    }
    if changed {
        requests.push(Request::SetLevels { floor_db, ceiling_db });
    }
    ui.label(weak("Frequency axis"));
    let scales = [("linear", "Linear"), ("mel", "Mel"), ("log", "Logarithmic"), ("bark", "Bark")];
    requests.extend(buttons(ui, &settings.frequency_scale, scales.into_iter()).map(Request::SetFrequencyScale));
    ui.end_row();
}

/// One button a choice, the current one lit. (A drop-down would close the popup that it stands in.)
fn buttons(ui: &mut Ui, current: &str, all: impl Iterator<Item = (&'static str, &'static str)>) -> Option<String> {
    let mut chosen = None;
    ui.horizontal_wrapped(|ui| {
        ui.set_max_width(260.0);
        for (value, text) in all {
            if ui.selectable_label(value == current, text).clicked() {
                chosen = Some(value.to_owned());
            }
        }
    });
    chosen
}
