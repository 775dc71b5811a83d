//! Messages, above the transport bar on the right: they stay until they are read, and can be copied.

use super::{icons, theme};
use crate::app::{Gravity, Request, Workbench};
use eframe::egui::{self, Align2, Area, Frame, Id, Label, Order, RichText, ScrollArea, Ui, vec2};

const WIDTH: f32 = 380.0;
const SHOWN: usize = 4;

/// Draws the latest messages.
pub fn show(context: &egui::Context, bench: &Workbench, requests: &mut Vec<Request>) {
    let notices = bench.notices.list();
    if notices.is_empty() {
        return;
    }
    let area =
        Area::new(Id::unique("notices")).order(Order::Foreground).anchor(Align2::RIGHT_BOTTOM, vec2(-12.0, -56.0));
    area.accessible_name("Notices").show(context, |ui| {
        ui.set_width(WIDTH);
        let more = notices.len().saturating_sub(SHOWN);
        if more > 0 {
            Frame::popup(ui.style()).show(ui, |ui| ui.label(format!("{more} more below these")));
        }
        for notice in notices.iter().rev().take(SHOWN) {
            Frame::popup(ui.style()).show(ui, |ui| {
                ui.set_width(WIDTH - 16.0);
                ui.horizontal_top(|ui| {
                    let colors = theme::colors(ui.visuals());
                    let (icon, color) = match notice.gravity {
                        Gravity::Done => (icons::DONE, colors.success),
                        Gravity::Warning => (icons::WARNING, colors.warning),
                        Gravity::Failure => (icons::FAILURE, colors.failure),
                    };
                    ui.label(RichText::new(icon).size(16.0).color(color));
                    let width = ui.available_width() - 56.0;
                    ui.vertical(|ui| {
                        ui.set_width(width);
                        ScrollArea::vertical().id_salt(notice.id).max_height(110.0).show(ui, |ui| {
                            ui.add(Label::new(&notice.text).wrap().selectable(true));
                        });
                    });
                    buttons(ui, notice.id, &notice.text, requests);
                });
            });
            ui.add_space(theme::GRID);
        }
    });
}

fn buttons(ui: &mut Ui, id: u64, text: &str, requests: &mut Vec<Request>) {
    ui.spacing_mut().item_spacing.x = 0.0;
    let copy = ui.add(egui::Button::new(icons::COPY).frame_when_inactive(false)).accessible_name("Copy notice");
    if copy.on_hover_text("Copy this message").clicked() {
        ui.ctx().copy_text(text.to_owned());
    }
    let dismiss = ui.add(egui::Button::new(icons::CROSS).frame_when_inactive(false)).accessible_name("Dismiss notice");
    if dismiss.on_hover_text("Dismiss this message").clicked() {
        requests.push(Request::DismissNotice(id));
    }
}
