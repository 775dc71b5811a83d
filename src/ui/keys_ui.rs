//! The help page: every command that has a key, by menu, and what the mouse does.

use super::theme;
use super::widgets::weak;
use crate::app::{Command, Group};
use eframe::egui::{self, Grid, RichText, ScrollArea, Ui, Window};

const GESTURES: [(&str, &str); 9] = [
    ("Drag on the spectrogram", "draw an event of the active label"),
    ("Drag an edge", "move onset or offset; the view follows at the border"),
    ("Alt + drag an event", "move it whole"),
    ("Click · double-click an event", "select · play"),
    ("Click elsewhere", "put the playhead there"),
    ("Wheel · Ctrl + wheel", "move in time · zoom in time at the pointer"),
    ("Shift + wheel · Ctrl + Shift + wheel", "move in frequency · zoom in frequency"),
    ("Drag on the overview", "move the view"),
    ("Hold `", "look at the spectrogram without events"),
];

/// Draws the page, if it is shown.
pub fn show(context: &egui::Context, shown: &mut bool) {
    if *shown && context.input_mut(|input| input.consume_key(egui::Modifiers::NONE, egui::Key::Escape)) {
        *shown = false;
    }
    let size = context.content_rect().size() - egui::vec2(80.0, 120.0);
    Window::new("Keys")
        .open(shown)
        .collapsible(false)
        .resizable(false)
        .anchor(egui::Align2::CENTER_CENTER, [0.0, 0.0])
        .show(context, |ui| {
            ui.set_width(size.x.min(920.0));
            let height = size.y.min(700.0);
            ScrollArea::vertical().max_height(height).min_scrolled_height(height).show(ui, page);
        });
}

fn page(ui: &mut Ui) {
    ui.columns(2, |columns| {
        for (place, group) in Group::ALL.into_iter().enumerate() {
            let column = usize::from(matches!(place, 3..=6));
            group_ui(&mut columns[column], group);
        }
        let ui = &mut columns[1];
        heading(ui, "Mouse");
        table(ui, "mouse", GESTURES.map(|(keys, text)| (keys.to_owned(), text.to_owned())).into_iter());
    });
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
                command.shortcuts().iter().map(|shortcut| context.format_shortcut(shortcut)).collect();
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
