//! The help page: every command that has a key, by menu, and what the mouse does.

use super::widgets::weak;
use super::{label_menu_ui, theme};
use crate::app::{Command, Group, shortcut_text};
use eframe::egui::{self, Grid, RichText, ScrollArea, Ui, Window};

const GESTURES: [(&str, &str); 9] = [
    ("Drag on the spectrogram", "draw an event of the active label"),
    ("Drag an edge", "move onset or offset; the view follows at the border"),
    ("Drag a tag · Alt + drag an event", "move it whole"),
    ("Click · double-click an event", "select · play"),
    ("Click elsewhere", "put the playhead there"),
    ("Wheel · Ctrl + wheel", "move in time · zoom in time at the pointer"),
    ("Shift + wheel · Ctrl + Shift + wheel", "move in frequency · zoom in frequency"),
    ("Drag on the overview", "move the view"),
    ("Hold `", "look at the spectrogram without events"),
];

/// From this width on there is room for two columns.
const TWO_COLUMNS_POINTS: f32 = 880.0;

/// Draws the page, if it is shown.
pub fn show(context: &egui::Context, shown: &mut bool) {
    if *shown && context.input_mut(|input| input.consume_key(egui::Modifiers::NONE, egui::Key::Escape)) {
        *shown = false;
    }
    let room = context.content_rect().size() - egui::vec2(80.0, 120.0);
    let width = if room.x >= TWO_COLUMNS_POINTS { TWO_COLUMNS_POINTS } else { room.x.min(460.0) };
    let window = Window::new("Keys").open(shown).collapsible(false).resizable(false);
    window.anchor(egui::Align2::CENTER_CENTER, [0.0, 0.0]).show(context, |ui| {
        ui.set_width(width);
        let height = room.y.min(700.0);
        ScrollArea::vertical().max_height(height).min_scrolled_height(height).show(ui, |ui| page(ui, width));
    });
}

fn page(ui: &mut Ui, width: f32) {
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
    let lines: Vec<(String, String)> = Command::ALL
        .iter()
        .filter(|command| command.group() == group && !command.shortcuts().is_empty())
        .map(|command| {
            let keys: Vec<String> =
                command.shortcuts().iter().map(|shortcut| shortcut_text(&context, shortcut)).collect();
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
