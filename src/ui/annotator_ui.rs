//! The question whose annotations these are: a line above the transport bar that waits until there is time for it. Keys go on deciding, because
//! nothing here takes the focus by itself unless the user has asked for it.

use super::theme;
use super::widgets::weak;
use crate::app::{Request, Workbench};
use eframe::egui::{self, Align2, Area, Frame, Id, Key, Order, RichText, TextEdit, vec2};

/// What is typed.
#[derive(Default)]
pub struct AnnotatorPrompt {
    text: String,
    was_shown: bool,
    /// The user has asked for it, and wants to type at once.
    wanted: bool,
}

impl AnnotatorPrompt {
    /// The user asks for the prompt.
    pub fn want(&mut self) {
        self.wanted = true;
        self.was_shown = false;
    }
}

const NAME: &str = "Annotator's name";

/// Draws the question, as long as it stands.
pub fn show(context: &egui::Context, bench: &Workbench, prompt: &mut AnnotatorPrompt, requests: &mut Vec<Request>) {
    if !bench.asks_annotator {
        *prompt = AnnotatorPrompt::default();
        return;
    }
    if !std::mem::replace(&mut prompt.was_shown, true) {
        prompt.text.clone_from(&bench.settings.annotator);
    }
    let (mut keep, mut close) = (false, false);
    let area =
        Area::new(Id::unique("annotator")).order(Order::Foreground).anchor(Align2::LEFT_BOTTOM, vec2(12.0, -56.0));
    area.accessible_name("Whose annotations are these?").show(context, |ui| {
        Frame::popup(ui.style()).show(ui, |ui| {
            ui.set_width(400.0);
            ui.label(RichText::new("Whose annotations are these?").family(theme::medium()));
            ui.label(weak(
                "The name stands on every change from now on. Keys go on working as long as you do not click here",
            ));
            ui.horizontal(|ui| {
                let field =
                    TextEdit::singleline(&mut prompt.text).desired_width(190.0).hint_text("Your name or initials");
                let response = ui.add(field).accessible_name(NAME);
                if std::mem::take(&mut prompt.wanted) {
                    response.request_focus();
                }
                let confirmed = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
                let has_name = !prompt.text.trim().is_empty();
                keep = confirmed && has_name;
                close = response.has_focus() && ui.input(|input| input.key_pressed(Key::Escape));
                keep |= ui.add_enabled(has_name, egui::Button::new("Keep name")).clicked();
                let later =
                    ui.button("No name").on_hover_text("Not asked again: Edit ▸ Annotator's name… tells it later");
                close |= later.clicked();
            });
        });
    });
    if keep {
        requests.push(Request::SetAnnotator(prompt.text.clone()));
    } else if close {
        requests.push(Request::AskAnnotatorNoMore);
    }
}
