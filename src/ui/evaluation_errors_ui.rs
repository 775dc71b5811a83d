//! The errors of an evaluation, by kind and class, each with the way to its place; and which labels are taken for which.

use super::long_list::LongList;
use super::widgets::{list_row, text_in, weak};
use super::{icons, theme};
use crate::app::{Command, ErrorFilter, EvaluationRequest, Workbench};
use crate::time::clock_text;
use crate::work::evaluation::{ConfusedPair, ErrorKind, EvaluationReport, FoundError};
use eframe::egui::{Align2, Color32, Rect, Ui, Visuals, pos2};
use std::sync::Arc;

const KIND_WIDTH: f32 = 92.0;

/// The sign and colour of a kind: told by shape first.
pub fn sign(visuals: &Visuals, kind: ErrorKind) -> (&'static str, Color32) {
    let colors = theme::colors(visuals);
    match kind {
        ErrorKind::Missed => (icons::EYE_CLOSED, colors.failure),
        ErrorKind::FalseAlarm => (icons::WARNING, colors.warning),
        ErrorKind::Boundary => (icons::ARROWS_HORIZONTAL, colors.accent),
        ErrorKind::Confusion => (icons::SWAP, colors.weak_text),
    }
}

/// Draws the list of errors.
pub fn errors(
    ui: &mut Ui,
    bench: &Workbench,
    report: &EvaluationReport,
    list: &mut LongList,
    asked: &mut Vec<EvaluationRequest>,
) {
    let evaluation = &bench.evaluation;
    filter_ui(ui, bench, asked);
    let places = &evaluation.shown.places;
    if places.is_empty() {
        let all = report.errors.all().is_empty();
        ui.label(weak(if all { "No errors" } else { "No errors of these kinds" }));
        return;
    }
    list.show(ui, "Errors", places.len(), |ui, seen| {
        for &place in places.get(seen).unwrap_or_default() {
            if let Some(error) = report.errors.all().get(place)
                && error_row(ui, bench, error, evaluation.current == Some(place))
            {
                asked.push(EvaluationRequest::GoTo(place));
            }
        }
    });
}

fn filter_ui(ui: &mut Ui, bench: &Workbench, asked: &mut Vec<EvaluationRequest>) {
    let evaluation = &bench.evaluation;
    let filter = &evaluation.filter;
    ui.horizontal_wrapped(|ui| {
        for kind in ErrorKind::ALL {
            let text = format!("{} ({})", kind.plural(), evaluation.shown.counts[kind as usize]);
            let hover = "Click: list these or not";
            if ui.selectable_label(filter.kinds[kind as usize], text).on_hover_text(hover).clicked() {
                let mut filter = filter.clone();
                filter.kinds[kind as usize] = !filter.kinds[kind as usize];
                asked.push(EvaluationRequest::Filter(filter));
            }
        }
        if let Some(class) = &filter.class
            && chip(ui, class)
        {
            asked.push(EvaluationRequest::Filter(ErrorFilter { class: None, ..filter.clone() }));
        }
        if let Some((label, taken_for)) = &filter.pair
            && chip(ui, &format!("{label} taken for {taken_for}"))
        {
            asked.push(EvaluationRequest::Filter(ErrorFilter { pair: None, ..filter.clone() }));
        }
    });
}

/// What errors are filtered by, with a cross; whether it was clicked away.
fn chip(ui: &mut Ui, text: &str) -> bool {
    let button = ui.button(format!("{text} {}", icons::CROSS)).accessible_name(format!("Not only {text}"));
    button.on_hover_text("Click: list the errors of all classes").clicked()
}

fn error_row(ui: &mut Ui, bench: &Workbench, error: &FoundError, is_current: bool) -> bool {
    let text = error.text();
    let time = clock_text(error.whole_span().onset_secs, 2);
    let name = bench.document.recording(error.recording).map(|recording| recording.file_name()).unwrap_or_default();
    let place = format!("{name} {time}");
    let response = list_row(ui, &format!("{}: {text}, {place}", error.kind.words()), is_current, |ui, rect| {
        let (icon, color) = sign(ui.visuals(), error.kind);
        let weak_text = theme::colors(ui.visuals()).weak_text;
        text_in(ui, rect, Align2::LEFT_CENTER, icon, 14.0, color);
        let kind = rect.with_min_x(rect.left() + 20.0).with_max_x(rect.left() + KIND_WIDTH);
        text_in(ui, kind, Align2::LEFT_CENTER, error.kind.words(), 12.0, weak_text);
        let half = rect.with_min_x(rect.left() + 0.62 * rect.width());
        let taken = text_in(ui, half, Align2::RIGHT_CENTER, &place, 11.0, weak_text);
        let middle = Rect::from_min_max(
            pos2(rect.left() + KIND_WIDTH + 4.0, rect.top()),
            pos2(rect.right() - taken - 8.0, rect.bottom()),
        );
        text_in(ui, middle, Align2::LEFT_CENTER, &text, 13.0, ui.visuals().text_color());
    });
    let keys = [Command::NextError, Command::PreviousError].map(|command| command.key_text(ui.ctx())).join(", ");
    response
        .on_hover_text(format!("{}: {text}\n{place}\nClick to go there; next, previous: {keys}", error.kind.words()))
        .clicked()
}

/// Draws which labels are taken for which; whether one was clicked, so that its errors are listed.
pub fn pairs(
    ui: &mut Ui,
    filter: &ErrorFilter,
    report: &EvaluationReport,
    list: &mut LongList,
    asked: &mut Vec<EvaluationRequest>,
) -> bool {
    if report.confused.is_empty() {
        ui.label(weak("No event overlaps one of another label that it could be taken for"));
        return false;
    }
    let mut is_clicked = false;
    list.show(ui, "Confusions", report.confused.len(), |ui, seen| {
        for pair in report.confused.get(seen).unwrap_or_default() {
            if pair_row(ui, pair, filter) {
                let pair = Some((pair.label.clone(), pair.taken_for.clone()));
                let mut kinds = filter.kinds;
                kinds[ErrorKind::Confusion as usize] = true;
                asked.push(EvaluationRequest::Filter(ErrorFilter { class: None, pair, kinds }));
                is_clicked = true;
            }
        }
    });
    is_clicked
}

fn pair_row(ui: &mut Ui, pair: &ConfusedPair, filter: &ErrorFilter) -> bool {
    let ConfusedPair { label, taken_for, events, overlap_secs } = pair;
    let count = if *events == 1 { "1 event".to_owned() } else { format!("{events} events") };
    let (text, numbers) = (format!("{label} taken for {taken_for}"), format!("{count}, {overlap_secs:.1} s"));
    let is_chosen = |(a, b): &(Arc<str>, Arc<str>)| a == label && b == taken_for;
    let is_selected = filter.pair.as_ref().is_some_and(is_chosen);
    let response = list_row(ui, &format!("{text}, {numbers}"), is_selected, |ui, rect| {
        let weak_text = theme::colors(ui.visuals()).weak_text;
        let taken = text_in(ui, rect, Align2::RIGHT_CENTER, &numbers, 12.0, weak_text);
        let left = rect.with_max_x(rect.right() - taken - 8.0);
        text_in(ui, left, Align2::LEFT_CENTER, &text, 13.0, ui.visuals().text_color());
    });
    response.on_hover_text("Click: list these errors").clicked()
}
