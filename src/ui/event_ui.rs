//! The selected event: its labels, times, frequencies, what was decided, where it came from, and what is remarked.

use super::event_drafts::EventDrafts;
use super::event_table_ui::grouped;
use super::widgets::{command_button, swatch, weak};
use super::{event_remarks_ui, icons, theme};
use crate::annotation::{Band, Event, Origin, Status};
use crate::app::{Command, EventChange, Mark, Request, Shape, Target, Workbench};
use crate::time::{CivilTime, Span};
use eframe::egui::{self, Button, DragValue, Grid, RichText, Ui};

/// An edge cannot be typed closer to the other one than this.
const SHORTEST_SECS: f64 = 0.005;
/// Longer names of labels are cut in their buttons; the tooltip has them whole.
const LONGEST_NAME: usize = 24;

/// Draws it, or what to do to have one.
pub fn show(ui: &mut Ui, bench: &Workbench, drafts: &mut EventDrafts, requests: &mut Vec<Request>) {
    drafts.follow(bench, requests);
    let Some(mark) = bench.selected_mark() else {
        ui.label(weak("Select an event, or drag on the spectrogram to draw one"));
        return;
    };
    if let Some(selection) = bench.selection() {
        ui.label(format!("{} events are selected; this is one of them:", grouped(selection.len())));
    }
    labels(ui, bench, mark, requests);
    decision(ui, bench, mark);
    Grid::new("event").num_columns(4).spacing([8.0, 4.0]).show(ui, |ui| {
        times(ui, mark, requests);
        frequencies(ui, bench, mark, requests);
    });
    origin(ui, bench, mark);
    ui.horizontal_wrapped(|ui| {
        if mark.state == Status::Predicted {
            command_button(ui, Command::Accept, true, requests);
            command_button(ui, Command::Reject, true, requests);
            command_button(ui, Command::Uncertain, true, requests);
        } else {
            command_button(ui, Command::Undecide, bench.can(Command::Undecide), requests);
            command_button(ui, Command::Reject, true, requests);
        }
    });
    event_remarks_ui::show(ui, mark.target, drafts, requests);
}

/// A line a label: the first is a button that changes it, `×` takes one away, `+` adds one.
fn labels(ui: &mut Ui, bench: &Workbench, mark: &Mark, requests: &mut Vec<Request>) {
    for (place, label) in mark.labels().enumerate() {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = theme::GRID;
            swatch(ui, theme::label_color_on(ui.visuals(), bench.label_place(label)));
            if place == 0 {
                let text = RichText::new(shortened(label)).family(theme::medium()).size(15.0);
                let button = ui.button(text).accessible_name("Label of the selected event");
                let hover = format!("{label}\n{}", Command::Relabel.hover_text(ui.ctx()));
                if button.on_hover_text(hover).clicked() {
                    requests.push(Request::Do(Command::Relabel));
                }
            } else {
                ui.add(egui::Label::new(shortened(label))).on_hover_text(&**label);
            }
            if !mark.more_labels.is_empty() {
                let name = format!("Take label {label} away");
                let cross = ui.add(Button::new(icons::CROSS).small().frame_when_inactive(false)).accessible_name(&name);
                if cross.on_hover_text(name).clicked() {
                    let change = EventChange::ToggleLabel(label.clone());
                    requests.push(Request::ChangeEvent { target: mark.target, change });
                }
            }
            if place == 0 {
                let add = ui.add(Button::new(icons::PLUS).small()).accessible_name(Command::AddLabel.name());
                if add.on_hover_text(Command::AddLabel.hover_text(ui.ctx())).clicked() {
                    requests.push(Request::Do(Command::AddLabel));
                }
            }
        });
    }
}

fn shortened(label: &str) -> String {
    if label.chars().count() <= LONGEST_NAME {
        return label.to_owned();
    }
    let kept: String = label.chars().take(LONGEST_NAME - 1).collect();
    format!("{}…", kept.trim_end())
}

/// What was decided, by whom and when.
fn decision(ui: &mut Ui, bench: &Workbench, mark: &Mark) {
    let score = mark.score.map(|score| format!(" · score {score:.2}")).unwrap_or_default();
    let mut text = format!("{}{score}", mark.state.text());
    let edited = event_of(bench, mark).and_then(|event| event.edited.as_ref());
    let hover = edited.map(|edited| {
        let by = if edited.by.is_empty() { "somebody who gave no name" } else { &edited.by };
        let at =
            CivilTime::from_unix_millis(edited.at_ms).map(|at| at.without_offset().to_string()).unwrap_or_default();
        let short = at.rsplit_once(':').map_or(at.as_str(), |(minutes, _)| minutes);
        let name = if edited.by.is_empty() { String::new() } else { format!("{by}, ") };
        text.push_str(&format!(" · {name}{short} UTC"));
        format!("Last changed by {by} at {at} UTC")
    });
    let line = ui.add(egui::Label::new(weak(text)).truncate());
    if let Some(hover) = hover {
        line.on_hover_text(hover);
    }
}

fn times(ui: &mut Ui, mark: &Mark, requests: &mut Vec<Request>) {
    let Span { onset_secs, offset_secs } = mark.span;
    let mut ask = |span| requests.push(Request::SetSpan { target: mark.target, span });
    // The text is rounded as in the table.
    let seconds = |limits: std::ops::RangeInclusive<f64>| Field {
        limits,
        speed: 0.005,
        suffix: " s",
        text: |secs| format!("{:.3}", (1e3 * secs).round() / 1e3),
    };
    if mark.is_point {
        if let Some(secs) = number(ui, "Time", onset_secs, &seconds(0.0..=f64::MAX)) {
            ask(Span::between(secs, secs));
        }
        ui.label(weak("Length"));
        ui.label("a point");
        ui.end_row();
        return;
    }
    // An edge stops at the other one.
    if let Some(secs) = number(ui, "Onset", onset_secs, &seconds(0.0..=offset_secs - SHORTEST_SECS)) {
        ask(Span::between(secs, offset_secs));
    }
    if let Some(secs) = number(ui, "Offset", offset_secs, &seconds(onset_secs + SHORTEST_SECS..=f64::MAX)) {
        ask(Span::between(onset_secs, secs));
    }
    ui.end_row();
    ui.label(weak("Length"));
    let duration_secs = (1e3 * offset_secs).round() / 1e3 - (1e3 * onset_secs).round() / 1e3;
    ui.label(RichText::new(format!("{duration_secs:.3} s")).monospace());
}

/// The band's two ends, and a button that gives it one or takes it away. Begins in the row of the length.
fn frequencies(ui: &mut Ui, bench: &Workbench, mark: &Mark, requests: &mut Vec<Request>) {
    let bounds = bench.bounds();
    let mut ask = |band| {
        let shape = Shape { band, ..mark.shape() };
        requests.push(Request::ChangeEvent { target: mark.target, change: EventChange::Shape(shape) });
    };
    if mark.is_point {
        return;
    }
    ui.label(weak("Band"));
    match mark.band {
        None => {
            let button = ui.add(Button::new("Add").small()).accessible_name("Add frequencies to the selected event");
            let hover = "All frequencies; give the event the band in view, as a box whose edges can be dragged";
            if button.on_hover_text(hover).clicked()
                && let Some((low_hz, high_hz)) = bench.open.as_ref().map(|open| open.frequencies)
            {
                // Not at the very border, where its edges would be hard to see.
                let room = 0.1 * (high_hz - low_hz);
                ask(Some(Band { low_hz: low_hz + room, high_hz: high_hz - room }));
            }
            ui.end_row();
        }
        Some(Band { low_hz, high_hz }) => {
            let button = ui.add(Button::new("Remove").small()).accessible_name("Take the frequencies away");
            if button.on_hover_text("Make it an event at all frequencies").clicked() {
                ask(None);
            }
            ui.end_row();
            let hertz = |limits: std::ops::RangeInclusive<f64>| Field {
                limits,
                speed: 10.0,
                suffix: " Hz",
                text: |hz| format!("{hz:.0}"),
            };
            if let Some(low_hz) = number(ui, "Low", low_hz, &hertz(0.0..=high_hz - 1.0)) {
                ask(Some(Band { low_hz, high_hz }));
            }
            if let Some(high_hz) = number(ui, "High", high_hz, &hertz(low_hz + 1.0..=bounds.top_hz)) {
                ask(Some(Band { low_hz, high_hz }));
            }
            ui.end_row();
        }
    }
}

/// How a number is shown and how far it goes.
struct Field {
    limits: std::ops::RangeInclusive<f64>,
    speed: f64,
    suffix: &'static str,
    text: fn(f64) -> String,
}

/// A name and a number that is dragged or typed; returns the number once it is let go or confirmed, so that it is one step of undo.
fn number(ui: &mut Ui, name: &str, value: f64, field: &Field) -> Option<f64> {
    ui.label(weak(name));
    let id = ui.scope_id().with(("number", name));
    let mut shown = ui.data(|kept| kept.get_temp::<f64>(id)).unwrap_or(value);
    let text = field.text;
    let drag = DragValue::new(&mut shown)
        .range(field.limits.clone())
        .clamp_existing_to_range(false)
        .speed(field.speed)
        .custom_formatter(move |value, _| text(value))
        .suffix(field.suffix)
        .update_while_editing(false);
    let response = ui.add(drag).accessible_name(format!("{name} of the selected event"));
    let response = response.on_hover_text(format!("{name} in{}: drag, or click and type", field.suffix));
    if response.dragged() {
        ui.data_mut(|kept| kept.insert_temp(id, shown));
        return None;
    }
    ui.data_mut(|kept| kept.remove_temp::<f64>(id));
    // A field that is left as it was has read its own rounded text.
    (text(shown) != text(value) && (response.changed() || response.drag_stopped())).then_some(shown)
}

fn event_of<'a>(bench: &'a Workbench, mark: &Mark) -> Option<&'a Event> {
    match mark.target {
        Target::Event(id) => bench.open.as_ref().and_then(|open| bench.document.event(open.id, id)),
        Target::Prediction(_) => None,
    }
}

/// Who proposed it, in one line; the tooltip has all that is known.
fn origin(ui: &mut Ui, bench: &Workbench, mark: &Mark) {
    let (text, hover) = match event_of(bench, mark).map(|event| &event.origin) {
        Some(Origin::Human) => ("Drawn by hand".to_owned(), String::new()),
        Some(Origin::Import) => ("Imported".to_owned(), String::new()),
        Some(Origin::Model(proposal)) => {
            let model = format!("{} {}", proposal.model, proposal.version);
            let span = proposal.span;
            let hover = format!(
                "Proposed by {model} as {:?}, {:.3} to {:.3} s, score {:.2}\n{}",
                proposal.label, span.onset_secs, span.offset_secs, proposal.score, proposal.parameters
            );
            let was =
                if mark.has_label(&proposal.label) { String::new() } else { format!(", as {:?}", proposal.label) };
            (format!("{}{was} · {}", model.trim_end(), proposal.parameters), hover)
        }
        None => {
            let scored = bench.scored_here();
            let model = scored.map(|scored| format!("{} {}", scored.start.model, scored.start.version));
            let model = model.unwrap_or_default();
            let rule = scored.map_or_else(|| bench.rule(), |scored| scored.rules.of(&mark.label)).text();
            let hover = format!("Proposed by {model}\n{rule}\nNobody has decided about it");
            (format!("{} · {rule}", model.trim_end()), hover)
        }
    };
    let line = ui.add(egui::Label::new(weak(text)).truncate());
    if !hover.is_empty() {
        line.on_hover_text(hover);
    }
}
