//! The remark about the selected event, and its fields.

use super::event_drafts::EventDrafts;
use super::widgets::{text_in, weak};
use super::{icons, theme};
use crate::app::{Command, Request, Target};
use eframe::egui::{Align2, Button, Id, Key, KeyboardShortcut, Modifiers, Sense, TextEdit, Ui, vec2};

const NAME_WIDTH: f32 = 84.0;
const CROSS_WIDTH: f32 = 28.0;

/// Draws them.
pub fn show(ui: &mut Ui, target: Target, drafts: &mut EventDrafts, requests: &mut Vec<Request>) {
    comment(ui, target, drafts, requests);
    let mut removed = None;
    let mut is_done = false;
    for (name, value) in &mut drafts.fields {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = theme::GRID;
            let (rect, label) = ui.allocate_exact_size(vec2(NAME_WIDTH, theme::ROW_HEIGHT), Sense::hover());
            text_in(ui, rect, Align2::LEFT_CENTER, name, 13.0, theme::colors(ui.visuals()).weak_text);
            label.on_hover_text(name.as_str());
            let width = ui.available_width() - CROSS_WIDTH;
            let field = ui.add(TextEdit::singleline(value).desired_width(width)).accessible_name(name);
            is_done |= field.lost_focus();
            let words = format!("Remove field {name}");
            let cross = ui.add(Button::new(icons::CROSS).frame_when_inactive(false)).accessible_name(&words);
            if cross.on_hover_text(words).clicked() {
                removed = Some(name.clone());
            }
        });
    }
    if let Some(name) = removed {
        drafts.fields.remove(&name);
        is_done = true;
    }
    is_done |= new_field(ui, drafts);
    if is_done {
        requests.extend(drafts.fields_request(target));
    }
}

fn comment(ui: &mut Ui, target: Target, drafts: &mut EventDrafts, requests: &mut Vec<Request>) {
    let id = Id::unique("comment of the selected event");
    let is_focused = ui.memory(|memory| memory.has_focus(id));
    // Ctrl+Enter, too, because other programs take it so, and it must not mark the recording as done.
    let confirms = is_focused
        && ui.input_mut(|input| {
            !input.modifiers.shift
                && (input.consume_key(Modifiers::COMMAND, Key::Enter) || input.consume_key(Modifiers::NONE, Key::Enter))
        });
    let new_line = KeyboardShortcut::new(Modifiers::SHIFT, Key::Enter);
    let hint = format!("Comment ({})", Command::EditComment.key_text(ui.ctx()));
    // One line until there is more to say.
    let rows = if is_focused || drafts.comment.contains('\n') { 3 } else { 1 };
    let field = TextEdit::multiline(&mut drafts.comment).id(id).hint_text(hint).desired_rows(rows);
    let field = field.desired_width(f32::INFINITY).return_key(Some(new_line));
    let response = ui.add(field).accessible_name("Comment on the selected event");
    let response = response.on_hover_text("Enter keeps the comment, Shift+Enter begins a line");
    if std::mem::take(&mut drafts.focus_comment) {
        response.request_focus();
        response.scroll_to_me(None);
    }
    if confirms {
        response.surrender_focus();
    }
    if confirms || response.lost_focus() {
        requests.extend(drafts.comment_request(target));
    }
}

/// A button that adds a field, or the name and value that are being typed. Returns whether a field has come.
fn new_field(ui: &mut Ui, drafts: &mut EventDrafts) -> bool {
    let Some((name, value)) = &mut drafts.new_field else {
        let button = ui.add(Button::new(weak(format!("{} Add field", icons::PLUS))).small().frame_when_inactive(false));
        let button = button.accessible_name("Add field");
        if button.on_hover_text("Say something under a name of your own: quality, species, recordist").clicked() {
            drafts.new_field = Some(Default::default());
        }
        return false;
    };
    let mut is_added = false;
    let mut is_given_up = false;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::GRID;
        let name_field = TextEdit::singleline(name).hint_text("Name").desired_width(NAME_WIDTH - theme::GRID);
        ui.add(name_field).accessible_name("Name of the new field");
        let width = ui.available_width() - 2.0 * CROSS_WIDTH - theme::GRID;
        let value_field = TextEdit::singleline(value).hint_text("Value").desired_width(width);
        let value_field = ui.add(value_field).accessible_name("Value of the new field");
        let enters = value_field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let has_name = !name.trim().is_empty();
        let add = ui.add_enabled(has_name, Button::new(icons::CHECK)).accessible_name("Add the field");
        is_added = has_name && (add.on_hover_text("Add the field").clicked() || enters);
        let cross = ui.add(Button::new(icons::CROSS).frame_when_inactive(false)).accessible_name("Add no field");
        is_given_up = cross.on_hover_text("Add no field").clicked();
    });
    if is_added && let Some((name, value)) = drafts.new_field.take() {
        drafts.fields.insert(name.trim().to_owned(), value.trim().to_owned());
    }
    if is_given_up {
        drafts.new_field = None;
    }
    is_added
}
