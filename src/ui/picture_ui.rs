//! Settings of the picture: colour map, levels, frequency axis. None of them computes a spectrum again.

use super::canvas_ui::Canvas;
use super::choices::choice;
use super::colormap;
use super::widgets::{section, weak};
use crate::app::Request;
use eframe::egui::{Grid, Popup, PopupCloseBehavior, Response, Slider, SliderClamping};

/// Opens at a click on the colour scale.
pub fn popup(response: &Response, canvas: &Canvas<'_>, requests: &mut Vec<Request>) {
    let settings = &canvas.bench.settings;
    Popup::menu(response).at_pointer_fixed().close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        ui.set_min_width(300.0);
        section(ui, "Spectrogram");
        Grid::new("picture").num_columns(2).spacing([12.0, 4.0]).show(ui, |ui| {
            ui.label(weak("Colour map"));
            let maps: Vec<(String, String)> =
                colormap::ALL.iter().map(|map| (map.name.to_owned(), map.name.to_owned())).collect();
            requests.extend(
                choice(ui, "Colour map", "Colours from soft to loud", &settings.colormap, &maps)
                    .map(Request::SetColormap),
            );
            ui.end_row();
            let (mut floor_db, mut ceiling_db) = (settings.floor_db, settings.ceiling_db);
            ui.label(weak("Darkest at"));
            let floor = ui
                .add(
                    Slider::new(&mut floor_db, -140.0..=-20.0)
                        .clamping(SliderClamping::Edits)
                        .suffix(" dB")
                        .fixed_decimals(0),
                )
                .accessible_name("Darkest at");
            ui.end_row();
            ui.label(weak("Brightest at"));
            let ceiling = ui
                .add(
                    Slider::new(&mut ceiling_db, -100.0..=0.0)
                        .clamping(SliderClamping::Edits)
                        .suffix(" dB")
                        .fixed_decimals(0),
                )
                .accessible_name("Brightest at");
            ui.end_row();
            if floor.changed() || ceiling.changed() {
                requests.push(Request::SetLevels { floor_db, ceiling_db });
            }
            ui.label(weak("Frequency axis"));
            let scales = [("linear", "Linear"), ("mel", "Mel"), ("log", "Logarithmic")]
                .map(|(value, text)| (value.to_owned(), text.to_owned()));
            requests.extend(
                choice(ui, "Frequency axis", "Spacing of the frequencies", &settings.frequency_scale, &scales)
                    .map(Request::SetFrequencyScale),
            );
            ui.end_row();
        });
        if ui.button("Show all frequencies").on_hover_text("From 0 Hz to half the sample rate").clicked() {
            requests
                .push(Request::ShowFrequencies { low_hz: 0.0, high_hz: f64::from(canvas.open.spec.sample_rate) / 2.0 });
        }
    });
}
