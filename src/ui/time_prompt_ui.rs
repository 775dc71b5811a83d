//! A time to type, and going there.

use super::Panels;
use super::widgets::weak;
use crate::app::{Command, Request, Workbench};
use eframe::egui::{self, Align2, Area, Frame, Id, Key, Modifiers, Order, RichText, TextEdit, vec2};

const TITLE: &str = "Go to time";

/// A prompt that is open.
pub struct TimePrompt {
    text: String,
    /// Why what was confirmed last is no time to go to; empty after another letter.
    reason: String,
    fresh: bool,
}

impl TimePrompt {
    /// With what was typed already.
    pub fn new(text: String) -> Self {
        Self { text, reason: String::new(), fresh: true }
    }
}

/// Draws the prompt that is open, if one is.
pub fn show(context: &egui::Context, bench: &Workbench, panels: &mut Panels, requests: &mut Vec<Request>) {
    let Some(prompt) = &mut panels.time_prompt else { return };
    let mut closed = context.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
    let mut done = context.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
    let area =
        Area::new(Id::unique("time prompt")).order(Order::Foreground).anchor(Align2::CENTER_TOP, vec2(0.0, 96.0));
    area.accessible_name(TITLE).show(context, |ui| {
        Frame::window(ui.style()).show(ui, |ui| {
            ui.set_width(460.0);
            ui.label(RichText::new(TITLE).strong());
            let field = TextEdit::singleline(&mut prompt.text).desired_width(f32::INFINITY);
            let mut output = field.show(ui);
            let response = output.response.response.accessible_name(TITLE);
            if response.changed() {
                prompt.reason.clear();
            }
            if prompt.fresh {
                response.request_focus();
                prompt.fresh = false;
                let end = egui::text::CCursor::new(prompt.text.chars().count());
                output.state.cursor.set_char_range(Some(egui::text::CCursorRange::one(end)));
                output.state.store(ui.ctx(), response.id);
            }
            if prompt.reason.is_empty() {
                ui.label(weak(bench.time_hint()));
            } else {
                ui.label(RichText::new(&prompt.reason).color(ui.visuals().error_fg_color));
            }
            ui.horizontal(|ui| {
                done |= ui.add_enabled(!prompt.text.trim().is_empty(), egui::Button::new("Go")).clicked();
                closed |= ui.button("Cancel").clicked();
            });
        });
    });
    if done && !prompt.text.trim().is_empty() {
        match bench.time_request(&prompt.text) {
            Ok(request) => {
                requests.push(request);
                closed = true;
            }
            Err(reason) => {
                prompt.reason = reason;
                prompt.fresh = true;
            }
        }
    }
    if closed || !bench.can(Command::GoToTime) {
        panels.time_prompt = None;
    }
}
