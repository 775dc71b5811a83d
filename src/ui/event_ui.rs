//! The selected event: its label, onset, offset, state, and where it came from.

use super::theme;
use super::widgets::{command_button, swatch, weak};
use crate::annotation::{Origin, Status};
use crate::app::{Command, Mark, Request, Target, Workbench};
use crate::time::Span;
use eframe::egui::{DragValue, Grid, RichText, Ui};

/// An edge cannot be typed closer to the other one than this.
const SHORTEST_SECS: f64 = 0.005;

/// Draws it, or what to do to have one.
pub fn show(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    let Some(mark) = bench.selected_mark() else {
        ui.label(weak("Select an event, or drag on the spectrogram to draw one"));
        return;
    };
    ui.horizontal(|ui| {
        swatch(ui, theme::label_color_on(ui.visuals(), bench.label_place(&mark.label)));
        let text = RichText::new(&*mark.label).family(theme::medium()).size(15.0);
        let button = ui.button(text).accessible_name("Label of the selected event");
        if button.on_hover_text(Command::Relabel.hover_text(ui.ctx())).clicked() {
            requests.push(Request::Do(Command::Relabel));
        }
        let score = mark.score.map(|score| format!(" {score:.2}")).unwrap_or_default();
        ui.label(weak(format!("{}{score}", mark.state.text())));
    });
    Grid::new("event").num_columns(2).spacing([12.0, 4.0]).show(ui, |ui| {
        times(ui, mark, requests);
        ui.label(weak("Duration"));
        let duration_secs = (1e3 * mark.span.offset_secs).round() / 1e3 - (1e3 * mark.span.onset_secs).round() / 1e3;
        ui.label(RichText::new(format!("{duration_secs:.3} s")).monospace());
        ui.end_row();
        ui.label(weak("Origin"));
        ui.label(origin(bench, mark));
        ui.end_row();
    });
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
}

fn times(ui: &mut Ui, mark: &Mark, requests: &mut Vec<Request>) {
    let Span { mut onset_secs, mut offset_secs } = mark.span;
    let mut changed = false;
    let limits = [0.0..=offset_secs - SHORTEST_SECS, onset_secs + SHORTEST_SECS..=f64::MAX];
    for ((name, secs), limits) in [("Onset", &mut onset_secs), ("Offset", &mut offset_secs)].into_iter().zip(limits) {
        ui.label(weak(name));
        // An edge stops at the other one; the text is rounded as in the table.
        let value = DragValue::new(secs)
            .range(limits)
            .clamp_existing_to_range(false)
            .speed(0.005)
            .custom_formatter(|secs, _| format!("{:.3}", (1e3 * secs).round() / 1e3))
            .suffix(" s")
            .update_while_editing(false);
        let response = ui.add(value).accessible_name(format!("{name} of the selected event"));
        changed |= response.on_hover_text(format!("{name} in seconds: drag, or click and type")).changed();
        ui.end_row();
    }
    if changed {
        requests.push(Request::SetSpan { target: mark.target, span: Span::between(onset_secs, offset_secs) });
    }
}

fn origin(bench: &Workbench, mark: &Mark) -> String {
    let event = match mark.target {
        Target::Event(id) => bench.open.as_ref().and_then(|open| bench.document.event(open.id, id)),
        Target::Prediction(_) => None,
    };
    match event.map(|event| &event.origin) {
        Some(Origin::Human) => "drawn by hand".to_owned(),
        Some(Origin::Import) => "imported".to_owned(),
        Some(Origin::Model(proposal)) if proposal.label != mark.label => {
            format!("{}, as {:?}", proposal.model, proposal.label)
        }
        Some(Origin::Model(proposal)) => proposal.model.to_string(),
        None => bench.scored_here().map(|scored| scored.start.model.to_string()).unwrap_or_default(),
    }
}
