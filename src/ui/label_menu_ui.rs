//! What can be done with one label: its menu, and the field for another name. Changes nothing itself.

use super::theme;
use super::widgets::{menu_line, weak};
use crate::app::{Command, DIGITS, LabelRequest, LabelSetRequest, Request, Workbench, counted};
use eframe::egui::{self, Button, Frame, Key, Margin, Modifiers, RichText, TextEdit, Ui, WidgetInfo, accesskit::Role};
use std::sync::Arc;

/// What the digit keys do, for the help page.
pub const KEYS: [(&str, &str); 4] = [
    ("1 … 9, 0", "give the label of this key; again on an event of several labels: take it away"),
    ("Alt + 1 … 0", "add the label to those of the event, or take it away"),
    ("Shift + 1 … 0", "let new events take the label; touch no event"),
    ("Alt + ↑ · Alt + ↓", "move the focused label in the list"),
];

/// So many labels are proposed to merge into.
const PROPOSED: usize = 6;

/// Another name that is typed for a label.
pub struct LabelForm {
    label: Arc<str>,
    /// Into one of the list; else any name.
    is_merge: bool,
    text: String,
    is_fresh: bool,
}

/// The menu of a label.
pub fn menu(
    ui: &mut Ui,
    bench: &Workbench,
    label: &Arc<str>,
    form: &mut Option<LabelForm>,
    requests: &mut Vec<Request>,
) {
    ui.set_min_width(190.0);
    for (text, is_merge, hover) in [
        ("Rename…", false, "Give all its events another label, in all recordings; one step of undo"),
        ("Merge into…", true, "Make it one with another label, in all recordings; one step of undo"),
    ] {
        if ui.button(text).on_hover_text(hover).clicked() {
            let typed = if is_merge { String::new() } else { label.to_string() };
            *form = Some(LabelForm { label: label.clone(), is_merge, text: typed, is_fresh: true });
            ui.close();
        }
    }
    ui.menu_button("Assign key", |ui| key_menu(ui, bench, label, requests));
    ui.menu_button("Colour", |ui| color_menu(ui, bench, label, requests));
    ui.separator();
    let is_shown = bench.is_label_shown(label);
    let text = if is_shown { "Hide" } else { "Show" };
    let request = LabelRequest::Show { label: label.clone(), is_shown: !is_shown };
    line(ui, text, "Show or hide its events", request, requests);
    line(ui, "Only this", "Hide the events of all other labels", LabelRequest::ShowOnly(label.clone()), requests);
    let is_unused = bench.events_with_label(label) == 0;
    ui.add_enabled_ui(is_unused, |ui| {
        let hover = "Take it out of the list; no event has it";
        line(ui, "Delete unused", hover, LabelRequest::DeleteUnused(label.clone()), requests);
    });
}

fn line(ui: &mut Ui, text: &str, hover: &str, request: LabelRequest, requests: &mut Vec<Request>) {
    if ui.button(text).on_hover_text(hover).on_disabled_hover_text("Events have it").clicked() {
        requests.push(request.into());
        ui.close();
    }
}

fn key_menu(ui: &mut Ui, bench: &Workbench, label: &Arc<str>, requests: &mut Vec<Request>) {
    for digit in DIGITS {
        let owner = bench.label_of_digit(digit);
        let text = owner.map_or_else(|| digit.to_string(), |owner| format!("{digit}   {owner}"));
        let request = LabelRequest::Key { label: label.clone(), digit: Some(digit) };
        line(ui, &text, "By its place on the keyboard, whatever sign is on it", request, requests);
    }
    ui.separator();
    let request = LabelRequest::Key { label: label.clone(), digit: None };
    let hover = "The first labels without a key of their own get the free digits";
    line(ui, "By its place in the list", hover, request, requests);
}

fn color_menu(ui: &mut Ui, bench: &Workbench, label: &Arc<str>, requests: &mut Vec<Request>) {
    for color in 0..theme::LABEL_COLORS {
        let Ok(place) = u8::try_from(color) else { continue };
        let mark = if bench.label_place(label) == color { super::icons::CHECK } else { "" };
        let text =
            RichText::new(format!("■  Colour {} {mark}", color + 1)).color(theme::label_color_on(ui.visuals(), color));
        let request = LabelRequest::Color { label: label.clone(), color: place };
        let button = ui.add(Button::new(text)).accessible_name(format!("Colour {}", color + 1));
        if button.clicked() {
            requests.push(request.into());
            ui.close();
        }
    }
}

/// The menu of the panel: of the active label first, so that it can be reached by keys.
pub fn panel_menu(ui: &mut Ui, bench: &Workbench, form: &mut Option<LabelForm>, requests: &mut Vec<Request>) {
    if let Some(label) = bench.active_label.as_ref().filter(|label| bench.listed_labels().contains(label)) {
        ui.menu_button(format!("Active label: {label}"), |ui| menu(ui, bench, label, form, requests));
        ui.separator();
    }
    for command in [Command::ShowAllLabels, Command::ImportLabelSet, Command::ExportLabelClasses] {
        menu_line(ui, bench, command, requests);
    }
    let sets = &bench.settings.label_sets;
    ui.add_enabled_ui(!sets.is_empty(), |ui| {
        ui.menu_button("Recent label sets", |ui| {
            for set in sets {
                let name = set.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                ui.menu_button(name, |ui| {
                    if ui.button("Import…").on_hover_text(set.path.display().to_string()).clicked() {
                        requests.push(LabelSetRequest::Preview(set.path.clone()).into());
                        ui.close();
                    }
                    if ui.button("Search no more").on_hover_text("The palette forgets it; the file stays").clicked() {
                        requests.push(LabelSetRequest::Forget(set.path.clone()).into());
                        ui.close();
                    }
                });
            }
        });
    });
}

/// The field for another name, if one is asked for.
pub fn form_ui(ui: &mut Ui, bench: &Workbench, form: &mut Option<LabelForm>, requests: &mut Vec<Request>) {
    let Some(open) = form else { return };
    let mut is_done = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
    let frame = Frame::group(ui.style()).inner_margin(Margin::same(6));
    frame.show(ui, |ui| {
        let title = if open.is_merge { "Merge" } else { "Rename" };
        let link = if open.is_merge { "into" } else { "to" };
        ui.add(egui::Label::new(format!("{title} {} {link}", open.label)).truncate());
        let name = if open.is_merge { "Label to merge into" } else { "New name of the label" };
        let field = ui.add(TextEdit::singleline(&mut open.text).desired_width(f32::INFINITY)).accessible_name(name);
        if std::mem::take(&mut open.is_fresh) {
            field.request_focus();
        }
        let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if open.is_merge {
            proposals_ui(ui, bench, open);
        }
        let outcome = outcome(bench, open);
        ui.add(egui::Label::new(weak(outcome.text)).wrap());
        ui.horizontal(|ui| {
            let button = ui.add_enabled(outcome.is_possible, Button::new(outcome.verb));
            if outcome.is_possible && (button.clicked() || entered) {
                let (from, to) = (open.label.clone(), open.text.trim().into());
                requests.push(LabelRequest::Rename { from, to }.into());
                is_done = true;
            }
            is_done |= ui.button("Cancel").clicked();
        });
    });
    if is_done {
        *form = None;
    }
}

/// The labels of the list that have what was typed.
fn proposals_ui(ui: &mut Ui, bench: &Workbench, open: &mut LabelForm) {
    let typed = open.text.trim().to_lowercase();
    let labels = bench.listed_labels().iter().filter(|label| **label != open.label && ***label != *open.text);
    let fits: Vec<&Arc<str>> = labels.filter(|label| label.to_lowercase().contains(&typed)).take(PROPOSED).collect();
    for label in fits {
        let response = ui.add(Button::selectable(false, &**label).truncate());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Into {label}")));
        if response.clicked() {
            open.text = label.to_string();
        }
    }
}

/// What would become of it.
struct FormOutcome {
    verb: &'static str,
    text: String,
    is_possible: bool,
}

fn outcome(bench: &Workbench, open: &LabelForm) -> FormOutcome {
    let to = open.text.trim();
    let events = counted(bench.events_with_label(&open.label), "event");
    let is_other = !to.is_empty() && to != &*open.label;
    let is_there = is_other && bench.listed_labels().iter().any(|label| &**label == to);
    let text = match (is_there, open.is_merge) {
        (true, _) => {
            let own = counted(bench.events_with_label(to), "event");
            format!("{events} join {own} of {to}; the labels become one")
        }
        (false, true) => format!("{events}; choose a label of the list"),
        (false, false) => format!("{events}, in all recordings; one step of undo"),
    };
    let verb = if is_there || open.is_merge { "Merge" } else { "Rename" };
    FormOutcome { verb, text, is_possible: is_there || (is_other && !open.is_merge) }
}
