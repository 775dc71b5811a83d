//! The page of keys: every command that has a key, by menu, and what the mouse does. [`key_list_ui`](super::key_list_ui) changes them.

use super::key_list_ui::{self, KeyList};
use super::widgets::weak;
use super::{keys, label_menu_ui, theme};
use crate::app::{Command, Group, Keymap, Request, Workbench, shortcut_text};
use eframe::egui::{self, Context, Event, Grid, Key, KeyboardShortcut, Modifiers, RichText, ScrollArea, Ui, Window};

const GESTURES: [(&str, &str); 11] = [
    ("Drag on the spectrogram", "draw an event of the active label"),
    ("Drag an edge", "move onset or offset; the view follows at the border"),
    ("Alt + drag an edge", "the same without magnetic edges; with them if they are off"),
    ("Shift + drag an edge that two events share", "move both"),
    ("Ctrl + click", "note a point of the active label"),
    ("Drag a tag · Alt + drag an event", "move it whole"),
    ("Click · double-click an event", "select · play"),
    ("Click elsewhere", "put the playhead there"),
    ("Wheel · Ctrl + wheel", "move in time · zoom in time at the pointer"),
    ("Shift + wheel · Ctrl + Shift + wheel", "move in frequency · zoom in frequency"),
    ("Drag on the overview", "move the view"),
];

/// From this width on there is room for two columns.
const TWO_COLUMNS_POINTS: f32 = 880.0;

/// The page, as it is from frame to frame.
#[derive(Default)]
pub struct KeysPage {
    /// Whether it is there.
    pub shown: bool,
    /// The list in which keys are changed; none while they are only read.
    list: Option<KeyList>,
}

impl KeysPage {
    /// Opens the page to read, or closes it.
    pub fn toggle(&mut self) {
        (self.shown, self.list) = (!self.shown, None);
    }

    /// Opens the page to change keys.
    pub fn change(&mut self) {
        (self.shown, self.list) = (true, Some(KeyList::default()));
    }

    /// If a key is waited for: takes the first one that is pressed for its command, or `Escape` for none.
    pub fn capture(&mut self, context: &Context) -> Option<Request> {
        let capture = self.list.as_mut().filter(|_| self.shown)?.capture.take()?;
        let mut pressed = None;
        context.input_mut(|input| {
            input.events.retain(|event| match event {
                Event::Key { key, physical_key, pressed: true, modifiers, .. } => {
                    pressed = pressed.or(Some((keys::placed(*key, *physical_key), *modifiers)));
                    false
                }
                Event::Text(_) => false,
                _ => true,
            });
        });
        let Some((key, modifiers)) = pressed else {
            self.list.as_mut()?.capture = Some(capture);
            return None;
        };
        if key == Key::Escape && modifiers.is_none() {
            return None;
        }
        let Modifiers { alt, shift, command, .. } = modifiers;
        let shortcut = KeyboardShortcut::new(Modifiers { alt, shift, command, ..Modifiers::NONE }, key);
        let mut keys = capture.kept;
        keys.retain(|&other| other != shortcut);
        keys.push(shortcut);
        Some(Request::SetKeys { command: capture.command, keys })
    }
}

/// Draws the page, if it is shown.
pub fn show(context: &Context, bench: &Workbench, page: &mut KeysPage, requests: &mut Vec<Request>) {
    if page.shown && context.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
        page.shown = false;
    }
    let room = context.content_rect().size() - egui::vec2(80.0, 120.0);
    let width = if room.x >= TWO_COLUMNS_POINTS { TWO_COLUMNS_POINTS } else { room.x.min(460.0) };
    let window = Window::new("Keys").open(&mut page.shown).collapsible(false).resizable(false);
    window.anchor(egui::Align2::CENTER_CENTER, [0.0, 0.0]).show(context, |ui| {
        ui.set_width(width);
        ui.horizontal(|ui| {
            for (name, changes) in [("Read", false), ("Change", true)] {
                if ui.selectable_label(page.list.is_some() == changes, name).clicked() {
                    page.list = changes.then(KeyList::default);
                }
            }
            let set = bench.settings.keys.preset.as_str();
            let set = if set.is_empty() { "Earmark's own keys" } else { set };
            let changed = if bench.settings.keys.changed.is_empty() { "" } else { ", changed" };
            ui.label(weak(format!("{set}{changed}")));
        });
        ui.separator();
        let height = room.y.min(700.0) - 40.0;
        match &mut page.list {
            Some(list) => key_list_ui::show(ui, bench, list, height, requests),
            None => {
                let area = ScrollArea::vertical().max_height(height).min_scrolled_height(height);
                area.show(ui, |ui| reading(ui, width));
            }
        }
    });
}

fn reading(ui: &mut Ui, width: f32) {
    if width < TWO_COLUMNS_POINTS {
        Group::ALL.into_iter().for_each(|group| group_ui(ui, group));
    } else {
        ui.columns(2, |columns| {
            for (place, group) in Group::ALL.into_iter().enumerate() {
                let column = usize::from(matches!(place, 3..=6));
                group_ui(&mut columns[column], group);
            }
        });
    }
    heading(ui, "Labels");
    table(ui, "labels", label_menu_ui::KEYS.map(|(keys, text)| (keys.to_owned(), text.to_owned())).into_iter());
    heading(ui, "Mouse");
    table(ui, "mouse", GESTURES.map(|(keys, text)| (keys.to_owned(), text.to_owned())).into_iter());
}

fn heading(ui: &mut Ui, title: &str) {
    ui.add_space(2.0 * theme::GRID);
    ui.label(RichText::new(title).family(theme::medium()).size(14.0));
}

fn group_ui(ui: &mut Ui, group: Group) {
    let context = ui.ctx().clone();
    let keymap = Keymap::of(&context);
    let lines: Vec<(String, String)> = Command::ALL
        .iter()
        .filter(|&&command| command.group() == group && !keymap.keys(command).is_empty())
        .map(|&command| {
            let keys: Vec<String> =
                keymap.keys(command).iter().map(|shortcut| shortcut_text(&context, shortcut)).collect();
            (keys.join(" · "), command.name().trim_end_matches('…').to_owned())
        })
        .collect();
    heading(ui, group.title());
    table(ui, group.title(), lines.into_iter());
}

fn table(ui: &mut Ui, id: &str, lines: impl Iterator<Item = (String, String)>) {
    Grid::new(("keys", id)).num_columns(2).spacing([16.0, 2.0]).min_col_width(190.0).show(ui, |ui| {
        for (keys, text) in lines {
            ui.label(RichText::new(keys).monospace());
            ui.label(weak(text));
            ui.end_row();
        }
    });
}
