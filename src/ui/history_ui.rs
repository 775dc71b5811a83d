//! The page "History" of the panel on the right: what was done, by whom and when, the newest first; a click goes back to a step.

use super::widgets::{list_row, text_in, weak};
use super::{icons, theme};
use crate::annotation::HistoryEntry;
use crate::app::{Request, Workbench, counted};
use eframe::egui::{Align2, Response, ScrollArea, Ui, vec2};

/// Draws the page.
pub fn show(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    let (redo, undo) = bench.step_counts();
    summary(ui, redo, undo);
    if redo + undo == 0 {
        return;
    }
    // The state before everything stands at the bottom as a row of its own.
    let rows = usize::try_from(redo + undo).unwrap_or(usize::MAX).saturating_add(1);
    ScrollArea::vertical().id_salt("history").auto_shrink([false, false]).show_rows(
        ui,
        theme::ROW_HEIGHT,
        rows,
        |ui, shown| {
            for place in shown {
                let place = place as u64;
                if row(ui, bench, place, redo, undo).clicked() {
                    requests.push(Request::GoToStep(place));
                }
            }
        },
    );
}

fn summary(ui: &mut Ui, redo: u64, undo: u64) {
    let steps = |count: u64| counted(usize::try_from(count).unwrap_or(usize::MAX), "step");
    let text = match (redo, undo) {
        (0, 0) => "Nothing has been done yet. Every change will stand here, also those of earlier sessions".to_owned(),
        (0, undo) => format!("{}. Click one to go back to it", steps(undo)),
        (redo, undo) => format!("{}, and {redo} taken back on top", steps(undo)),
    };
    ui.label(weak(text));
}

fn row(ui: &mut Ui, bench: &Workbench, place: u64, redo: u64, undo: u64) -> Response {
    let is_now = place == redo;
    if place == redo + undo {
        let response = line(ui, ("The beginning", "The beginning"), "", false, is_now);
        return response.on_hover_text("Take every step back");
    }
    let Some((step, done)) = bench.step_at(place) else {
        return line(ui, ("…", "A step that is being read"), "", false, false)
            .on_hover_text("Earlier steps are being read");
    };
    let (who, when) = who_and_when(bench, step);
    let count = if done { place - redo } else { redo - place };
    let steps = counted(usize::try_from(count).unwrap_or(usize::MAX), "step");
    let effect = match (done, count) {
        (true, 0) => "This is the present state".to_owned(),
        (true, _) => format!("Click to undo to here: takes {steps} back"),
        (false, _) => format!("Click to redo to here: does {steps} again"),
    };
    let title = sentence(&step.title);
    let taken_back = if done { "" } else { ", taken back" };
    let spoken = format!("{title}{taken_back}, {who}, {when}");
    let shown_when = if step.edited.by.is_empty() { when.clone() } else { format!("{who}, {when}") };
    line(ui, (&title, &spoken), &shown_when, done, is_now).on_hover_text(format!("{title}\n{who}, {when}\n{effect}"))
}

/// A row: what is shown, and what a screen reader says.
fn line(ui: &mut Ui, (shown, spoken): (&str, &str), when: &str, done: bool, is_now: bool) -> Response {
    list_row(ui, spoken, is_now, |ui, rect| {
        let colors = theme::colors(ui.visuals());
        let color = if done { ui.visuals().text_color() } else { colors.weak_text };
        let icon = if is_now { icons::CARET_RIGHT } else { "" };
        text_in(ui, rect, Align2::LEFT_CENTER, icon, 12.0, color);
        let taken = text_in(ui, rect, Align2::RIGHT_CENTER, when, 12.0, colors.weak_text);
        let mut middle = rect;
        middle.min += vec2(18.0, 0.0);
        middle.max.x -= taken + 8.0;
        text_in(ui, middle, Align2::LEFT_CENTER, shown, 13.0, color);
    })
}

fn who_and_when(bench: &Workbench, step: &HistoryEntry) -> (String, String) {
    let by = &step.edited.by;
    let who = if by.is_empty() { "no name".to_owned() } else { by.to_string() };
    (who, bench.moment_text(step.edited.at_ms))
}

/// The title with a large first letter.
fn sentence(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
