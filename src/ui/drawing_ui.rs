//! How events are drawn: spans or boxes, in words in the bar below, and a page of what edges snap to and how late a hand is.

use super::widgets::{section, weak};
use super::{icons, theme};
use crate::app::{Command, Request, ShapingSettings, Workbench};
use eframe::egui::{self, DragValue, Grid, Popup, PopupCloseBehavior, RectAlign, Ui};

/// Draws the two words and the button beside them.
pub fn show(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    let settings = &bench.settings.shaping;
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.x = theme::GRID;
        let key = Command::ToggleBoxes.key_text(ui.ctx());
        let modes = [
            (false, "Time", "Drags draw spans at all frequencies"),
            (true, "Box", "Drags draw boxes in time and frequency"),
        ];
        for (box_mode, name, what) in modes {
            let is_on = settings.box_mode == box_mode;
            let button = ui.selectable_label(is_on, name).accessible_name(format!("Draw: {name}"));
            if button.on_hover_text(format!("{what} ({key} changes)")).clicked() && !is_on {
                requests.push(Request::Do(Command::ToggleBoxes));
            }
        }
        let button = egui::Button::new(icons::CARET_UP).frame_when_inactive(false);
        let button = ui.add(button).accessible_name("Drawing").on_hover_text("Drawing: snapping, reaction delay");
        let popup = Popup::menu(&button).align(RectAlign::TOP_START);
        popup.close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| page(ui, settings, requests));
    });
}

fn page(ui: &mut Ui, settings: &ShapingSettings, requests: &mut Vec<Request>) {
    section(ui, "Drawing");
    let mut wanted = settings.clone();
    let fill = ui.visuals().text_edit_bg_color();
    ui.visuals_mut().widgets.inactive.weak_bg_fill = fill;
    Grid::new("drawing").num_columns(2).spacing([3.0 * theme::GRID, theme::GRID]).show(ui, |ui| {
        ui.label(weak("Edges"));
        let snap = ui.checkbox(&mut wanted.snap, "Magnetic while they are dragged");
        snap.on_hover_text(
            "To the playhead, edges of other events and spans that are marked complete. Hold Alt for the other way",
        );
        ui.end_row();
        ui.label(weak("Snap within"));
        let points =
            DragValue::new(&mut wanted.snap_points).range(1.0..=40.0).speed(0.1).max_decimals(0).suffix(" points");
        ui.add(points)
            .accessible_name("Snap within")
            .on_hover_text("How near the pointer must be: drag, or click and type");
        ui.end_row();
        ui.label(weak("Reaction delay"));
        let delay =
            DragValue::new(&mut wanted.reaction_delay_ms).range(0.0..=2000.0).speed(1.0).max_decimals(0).suffix(" ms");
        let key = Command::RecordByEar.key_text(ui.ctx());
        let hover = format!("How late a hand follows what is heard: taken off an event that is made by holding {key}");
        ui.add(delay).accessible_name("Reaction delay").on_hover_text(hover);
        ui.end_row();
    });
    if wanted != *settings {
        requests.push(Request::SetShaping(wanted));
    }
}
