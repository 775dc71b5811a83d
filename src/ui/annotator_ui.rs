//! The question whose annotations these are: a strip above the transport bar that waits until there is time for it. Keys go on deciding, because
//! nothing here takes the focus by itself unless the user has asked for it.

use super::theme;
use super::widgets::weak;
use crate::app::{Request, Workbench};
use eframe::egui::{Button, Frame, Key, Label, Margin, Panel, RichText, TextEdit, Ui};

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
pub fn show(ui: &mut Ui, bench: &Workbench, prompt: &mut AnnotatorPrompt, requests: &mut Vec<Request>) {
    if !bench.asks_annotator {
        *prompt = AnnotatorPrompt::default();
        return;
    }
    if !std::mem::replace(&mut prompt.was_shown, true) {
        prompt.text.clone_from(&bench.settings.annotator);
    }
    let (mut keep, mut close) = (false, false);
    let frame = Frame::new().fill(ui.visuals().panel_fill).inner_margin(Margin::symmetric(8, 4));
    Panel::bottom("annotator").resizable(false).frame(frame).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.label(RichText::new("Whose annotations are these?").family(theme::medium()));
            let field = TextEdit::singleline(&mut prompt.text).desired_width(190.0).hint_text("Your name or initials");
            let response = ui.add(field).accessible_name(NAME);
            if std::mem::take(&mut prompt.wanted) {
                response.request_focus();
            }
            let confirmed = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            let has_name = !prompt.text.trim().is_empty();
            keep = confirmed && has_name;
            close = response.has_focus() && ui.input(|input| input.key_pressed(Key::Escape));
            keep |= ui.add_enabled(has_name, Button::new("Keep name")).clicked();
            let later = ui.button("No name").on_hover_text("Not asked again: Edit ▸ Annotator's name… tells it later");
            close |= later.clicked();
            ui.add(Label::new(weak("It will stand on every change. Keys go on working meanwhile")).truncate());
        });
    });
    if keep {
        requests.push(Request::SetAnnotator(prompt.text.clone()));
    } else if close {
        requests.push(Request::AskAnnotatorNoMore);
    }
}
