//! The list in which commands are given other keys.

use super::icons;
use super::theme;
use super::widgets::{text_in, weak};
use crate::app::{Command, KeyFile, Keymap, Request, Workbench, shortcut_text};
use crate::work::DialogPurpose;
use eframe::egui::{
    Align, Align2, Button, ComboBox, KeyboardShortcut, Layout, Rect, RichText, ScrollArea, Sense, TextEdit, Ui,
    UiBuilder, vec2,
};

const NAME_WIDTH: f32 = 300.0;

/// The list, as it is from frame to frame.
#[derive(Default)]
pub struct KeyList {
    /// What is searched.
    filter: String,
    /// The field for it had its focus given.
    focused: bool,
    /// Which key is waited for.
    pub capture: Option<Capture>,
}

/// A key that is waited for.
pub struct Capture {
    /// For which command.
    pub command: Command,
    /// The keys that it keeps beside the new one.
    pub kept: Vec<KeyboardShortcut>,
}

/// Draws the list, so high.
pub fn show(ui: &mut Ui, bench: &Workbench, list: &mut KeyList, height: f32, requests: &mut Vec<Request>) {
    head(ui, bench, list, requests);
    let keymap = Keymap::of(ui.ctx());
    let words: Vec<String> = list.filter.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let context = ui.ctx().clone();
    let fits = |command: &Command| {
        let keys: Vec<String> = keymap.keys(*command).iter().map(|key| shortcut_text(&context, key)).collect();
        let text = format!("{} {} {}", command.group().title(), command.name(), keys.join(" ")).to_lowercase();
        words.iter().all(|word| text.contains(word))
    };
    let commands: Vec<Command> = Command::ALL.iter().copied().filter(fits).collect();
    if commands.is_empty() {
        ui.label(weak("No command or key like that"));
    }
    let height = height - 72.0;
    let area = ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, false]);
    area.show_rows(ui, theme::ROW_HEIGHT, commands.len(), |ui, rows| {
        for &command in &commands[rows] {
            row(ui, bench, &keymap, command, list, requests);
        }
    });
}

fn head(ui: &mut Ui, bench: &Workbench, list: &mut KeyList, requests: &mut Vec<Request>) {
    ui.horizontal(|ui| {
        let hint = "Search a command or a key";
        let field = TextEdit::singleline(&mut list.filter).hint_text(hint).desired_width(240.0);
        let response = ui.add(field).accessible_name(hint);
        if !std::mem::replace(&mut list.focused, true) {
            response.request_focus();
        }
        set_of_keys(ui, bench, requests);
        if ui.button("Import…").on_hover_text("Take keys from a file").clicked() {
            requests.push(Request::AskForKeys(DialogPurpose::ImportKeys));
        }
        if ui.button("Export…").on_hover_text("Write all keys that are not Earmark's own to a file").clicked() {
            requests.push(Request::AskForKeys(DialogPurpose::ExportKeys));
        }
        let changed = !bench.settings.keys.changed.is_empty();
        let reset = ui.add_enabled(changed, Button::new("Reset all"));
        if reset.on_hover_text("Give every command the keys of the chosen set again").clicked() {
            requests.push(Request::ResetKeys(None));
        }
    });
    let text = match &list.capture {
        Some(capture) => {
            format!("Press the new key for \"{}\", Esc for none", capture.command.name().trim_end_matches('…'))
        }
        None => "Click a key to change it, + to add one; a key that another command has is taken from it".to_owned(),
    };
    ui.label(weak(text));
}

fn set_of_keys(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    let chosen = bench.settings.keys.preset.as_str();
    let shown = if chosen.is_empty() { "Earmark's own keys" } else { chosen };
    let combo = ComboBox::from_id_salt("set of keys").selected_text(shown).width(170.0);
    let response = combo.show_ui(ui, |ui| {
        let own = ("", "Earmark's own keys", String::new());
        let presets: Vec<KeyFile> = KeyFile::presets().collect();
        let others = presets.iter().map(|preset| (preset.name.as_str(), preset.name.as_str(), preset.about.clone()));
        for (name, text, about) in std::iter::once(own).chain(others) {
            let response = ui.selectable_label(name == chosen, text);
            if response.clicked() {
                requests.push(Request::SetKeyPreset(name.to_owned()));
            }
            if !about.is_empty() {
                response.on_hover_text(about);
            }
        }
    });
    response
        .response
        .accessible_name("Set of keys")
        .on_hover_text("Keys as another program has them; your own changes are given up");
}

fn row(
    ui: &mut Ui,
    bench: &Workbench,
    keymap: &Keymap,
    command: Command,
    list: &mut KeyList,
    requests: &mut Vec<Request>,
) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), theme::ROW_HEIGHT), Sense::hover());
    response.on_hover_text(command.tooltip());
    let name = command.name().trim_end_matches('…');
    let text_color = ui.visuals().text_color();
    text_in(ui, rect.with_max_x(rect.left() + NAME_WIDTH), Align2::LEFT_CENTER, name, 13.0, text_color);
    let keys_rect = Rect::from_min_max(rect.min + vec2(NAME_WIDTH + 8.0, 0.0), rect.max);
    let layout = Layout::left_to_right(Align::Center);
    ui.scope_builder(UiBuilder::new().max_rect(keys_rect).layout(layout).id_salt(command.id()), |ui| {
        let keys = keymap.keys(command).to_vec();
        let waits = list.capture.as_ref().is_some_and(|capture| capture.command == command);
        for (place, key) in keys.iter().enumerate() {
            let mut kept = keys.clone();
            kept.remove(place);
            key_ui(ui, command, key, kept, list, requests);
        }
        if waits {
            ui.label(RichText::new("press a key").color(theme::colors(ui.visuals()).accent));
        } else {
            let add = ui.button(icons::PLUS).accessible_name(format!("Add a key for {name}"));
            if add.on_hover_text("Add a key").clicked() {
                list.capture = Some(Capture { command, kept: keys });
            }
        }
        if bench.settings.keys.changed.contains_key(command.id()) {
            let reset = ui.button(icons::UNDO).accessible_name(format!("Reset the keys of {name}"));
            if reset.on_hover_text("The keys of the chosen set again").clicked() {
                requests.push(Request::ResetKeys(Some(command)));
            }
        }
    });
}

/// One key: click to change, cross to take away.
fn key_ui(
    ui: &mut Ui,
    command: Command,
    key: &KeyboardShortcut,
    kept: Vec<KeyboardShortcut>,
    list: &mut KeyList,
    requests: &mut Vec<Request>,
) {
    let name = command.name().trim_end_matches('…');
    let text = shortcut_text(ui.ctx(), key);
    ui.spacing_mut().item_spacing.x = 2.0;
    let change = ui.button(RichText::new(&text).monospace()).accessible_name(format!("Change {text} for {name}"));
    if change.on_hover_text("Press another key instead").clicked() {
        list.capture = Some(Capture { command, kept: kept.clone() });
    }
    let remove =
        ui.add(Button::new(icons::CROSS).frame(false)).accessible_name(format!("Take {text} away from {name}"));
    if remove.on_hover_text("Take this key away").clicked() {
        requests.push(Request::SetKeys { command, keys: kept });
    }
    ui.add_space(8.0);
}
