//! The row above the table that says which events are shown: words to search, and behind a button states, classes, origins and annotator.

use super::event_table_ui::state_icon;
use super::icons;
use super::widgets::weak;
use crate::annotation::Status;
use crate::app::{Command, LabelRequest, MarkFilter, MarkOrigin, Request, Workbench};
use eframe::egui::{Button, ComboBox, RichText, TextEdit, Ui};
use std::sync::Arc;

/// What the row keeps for itself.
#[derive(Default)]
pub struct FilterRow {
    is_open: bool,
    text: String,
}

/// Draws it.
pub fn show(ui: &mut Ui, bench: &Workbench, row: &mut FilterRow, requests: &mut Vec<Request>) {
    let filter = &bench.filter;
    ui.horizontal(|ui| {
        let is_filtered = !filter.is_open() || !bench.settings.show_rejected;
        let button = Button::new(RichText::new(icons::FILTER).size(15.0)).selected(row.is_open || is_filtered);
        let button = ui.add(button).accessible_name("Filter events");
        if button.on_hover_text("Choose which events are shown: by state, origin and annotator").clicked() {
            row.is_open = !row.is_open;
        }
        search(ui, filter, row, requests);
    });
    if row.is_open {
        states(ui, bench, requests);
        origins(ui, filter, requests);
        annotator(ui, bench, requests);
    }
}

/// Asks for all events to be shown.
pub fn show_all(bench: &Workbench, requests: &mut Vec<Request>) {
    requests.push(Request::SetFilter(MarkFilter::default()));
    if !bench.settings.show_rejected {
        requests.push(Request::Do(Command::ToggleRejected));
    }
    if bench.are_labels_hidden() {
        requests.push(LabelRequest::ShowAll.into());
    }
}

fn search(ui: &mut Ui, filter: &MarkFilter, row: &mut FilterRow, requests: &mut Vec<Request>) {
    let field =
        TextEdit::singleline(&mut row.text).hint_text("Filter by label or comment").desired_width(f32::INFINITY);
    let field = ui.add(field).accessible_name("Filter by label or comment");
    let field = field.on_hover_text("Show only events that have this in a label or in their comment");
    if field.changed() {
        requests.push(Request::SetFilter(MarkFilter { text: row.text.clone(), ..filter.clone() }));
    } else if !field.has_focus() && row.text != filter.text {
        // Another project, or all are shown again.
        row.text.clone_from(&filter.text);
    }
}

/// One chip a state, told by shape and by word.
fn states(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for status in Status::ALL {
            let is_shown = match status {
                Status::Rejected => bench.settings.show_rejected,
                _ => !bench.filter.hidden_states.contains(&status),
            };
            let (icon, color) = state_icon(ui, status);
            let text = format!("{icon} {}", status.text());
            let text =
                if is_shown { RichText::new(text).color(color) } else { RichText::new(text).weak().strikethrough() };
            if chip(ui, text, is_shown, &format!("{} events", status.text())) {
                requests.push(match status {
                    Status::Rejected => Request::Do(Command::ToggleRejected),
                    _ => {
                        let mut filter = bench.filter.clone();
                        toggle(&mut filter.hidden_states, status);
                        Request::SetFilter(filter)
                    }
                });
            }
        }
    });
}

fn origins(ui: &mut Ui, filter: &MarkFilter, requests: &mut Vec<Request>) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for origin in MarkOrigin::ALL {
            let is_shown = !filter.hidden_origins.contains(&origin);
            let text = RichText::new(origin.text());
            let text = if is_shown { text } else { text.weak().strikethrough() };
            if chip(ui, text, is_shown, &format!("events {}", origin.text())) {
                let mut filter = filter.clone();
                toggle(&mut filter.hidden_origins, origin);
                requests.push(Request::SetFilter(filter));
            }
        }
    });
}

/// Something that is shown or hidden; whether it was clicked.
fn chip(ui: &mut Ui, text: RichText, is_shown: bool, what: &str) -> bool {
    let verb = if is_shown { "Hide" } else { "Show" };
    let response = ui.add(Button::new(text).selected(is_shown)).accessible_name(format!("{verb} {what}"));
    response.on_hover_text(format!("{verb} {what}")).clicked()
}

fn toggle<T: Ord>(hidden: &mut std::collections::BTreeSet<T>, value: T) {
    if !hidden.remove(&value) {
        hidden.insert(value);
    }
}

fn annotator(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    let chosen = &bench.filter.annotator;
    let name_of = |name: &Option<Arc<str>>| match name.as_deref() {
        None => "anyone".to_owned(),
        Some("") => "no name".to_owned(),
        Some(name) => name.to_owned(),
    };
    ui.horizontal(|ui| {
        ui.label(weak("Changed last by"));
        let label = name_of(chosen);
        ComboBox::from_id_salt("annotator filter").selected_text(label).show_ui(ui, |ui| {
            let names = bench.marks.annotators().map(|name| Some(name.clone()));
            for name in std::iter::once(None).chain(names) {
                if ui.selectable_label(*chosen == name, name_of(&name)).clicked() {
                    requests.push(Request::SetFilter(MarkFilter { annotator: name, ..bench.filter.clone() }));
                }
            }
        });
    });
}
