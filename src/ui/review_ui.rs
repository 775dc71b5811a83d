//! The status line: the mode, the queue, what the selected event is and what the keys do now, and how far review is.

use super::event_table_ui::grouped;
use super::widgets::{icon_button_showing, weak};
use super::{icons, theme};
use crate::annotation::Status;
use crate::app::{Batch, Command, Mode, Progress, QueueOrder, Request, ReviewChange, Workbench, complete_span_text};
use eframe::egui::{self, Align, Button, Frame, Label, Layout, Margin, RichText, ScrollArea, Stroke, Ui};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Below this width the project's count stands in the tooltip only, in points.
const WIDE_POINTS: f32 = 1200.0;
/// A tooltip lists so many spans.
const LISTED_SPANS: usize = 12;

/// Draws the line.
pub fn show(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    let is_wide = ui.available_width() >= WIDE_POINTS;
    ui.horizontal(|ui| {
        mode_switch(ui, bench, requests);
        let batch = bench.batch();
        if bench.review.mode == Mode::Review && batch.is_none() {
            queue_menu(ui, bench, requests);
            toggles(ui, bench, requests);
        }
        ui.separator();
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            progress(ui, bench, is_wide);
            complete(ui, bench);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| match batch {
                Some(batch) => batch_text(ui, batch),
                None => {
                    let text = hint_text(ui, bench);
                    ui.add(Label::new(weak(&text)).truncate()).on_hover_text(text);
                }
            });
        });
    });
}

/// Both modes beside each other, the one that is in force lit.
fn mode_switch(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    let line = theme::colors(ui.visuals()).line;
    Frame::new().stroke(Stroke::new(1.0, line)).corner_radius(5.0).inner_margin(Margin::same(1)).show(ui, |ui| {
        ui.spacing_mut().item_spacing.x = 1.0;
        for mode in Mode::ALL {
            let is_on = bench.review.mode == mode;
            let button = Button::new(RichText::new(mode.name()).family(theme::medium())).selected(is_on);
            let response = ui.add(button.frame_when_inactive(is_on)).accessible_name(format!("{} mode", mode.name()));
            let hover = match mode {
                Mode::Browse => "Browse, draw and change events",
                Mode::Review => "Decide about undecided events: after each decision the next one comes and plays",
            };
            let key = Command::ToggleReview.key_text(ui.ctx());
            if response.on_hover_text(format!("{hover}\n{key} changes the mode")).clicked() {
                requests.push(Request::Review(ReviewChange::Mode(mode)));
            }
        }
    });
}

/// The order of the queue and the class that it has.
fn queue_menu(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    let class = bench.review.class.as_deref().unwrap_or("all classes");
    let text = format!("{} · {class}", bench.review.order.text());
    let menu = ui.menu_button(text, |ui| {
        ui.set_min_width(220.0);
        for order in QueueOrder::ALL {
            let response = ui.selectable_label(bench.review.order == order, order.text());
            if response.on_hover_text(order.tooltip()).clicked() {
                requests.push(Request::Review(ReviewChange::Order(order)));
                ui.close();
            }
        }
        ui.separator();
        ScrollArea::vertical().max_height(280.0).show(ui, |ui| {
            if ui.selectable_label(bench.review.class.is_none(), "All classes").clicked() {
                requests.push(Request::Review(ReviewChange::Class(None)));
                ui.close();
            }
            for class in undecided_classes(bench) {
                if ui.selectable_label(bench.review.class.as_ref() == Some(&class), &*class).clicked() {
                    requests.push(Request::Review(ReviewChange::Class(Some(class))));
                    ui.close();
                }
            }
        });
    });
    let keys = [Command::NextQueueOrder, Command::QueueThisClass].map(|command| command.key_text(ui.ctx()));
    let hover = format!(
        "The queue of undecided events: {}\n{} next order, {} this class only",
        bench.review.order.tooltip(),
        keys[0],
        keys[1]
    );
    menu.response.accessible_name("Queue").on_hover_text(hover);
}

/// The classes that have undecided events here that are shown, and the chosen one.
fn undecided_classes(bench: &Workbench) -> Vec<Arc<str>> {
    let undecided = bench.marks.labels().filter(|tally| tally.undecided > 0).map(|tally| &tally.label);
    let classes: BTreeSet<&Arc<str>> = undecided.chain(&bench.review.class).collect();
    classes.into_iter().cloned().collect()
}

fn toggles(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    let advances = bench.advances();
    icon_button_showing(ui, Command::ToggleAutoAdvance, icons::NEXT, true, advances, requests);
    icon_button_showing(ui, Command::ToggleAutoPlay, icons::SPEAKER, true, bench.plays_by_itself(), requests);
}

/// What a second press of the same key does.
fn batch_text(ui: &mut Ui, batch: &Batch) {
    let colors = theme::colors(ui.visuals());
    let color = if batch.status() == Status::Accepted { colors.success } else { colors.failure };
    let (again, leave) = (batch.command.key_text(ui.ctx()), Command::Deselect.key_text(ui.ctx()));
    let text = format!("{} – press {again} again to do it, {leave} to leave", batch.text());
    ui.add(Label::new(RichText::new(text).family(theme::medium()).color(color)).truncate());
}

/// The selected event and the four keys that are of most use now.
pub fn hint_text(ui: &Ui, bench: &Workbench) -> String {
    let keys = |commands: [(Command, &str); 4]| {
        let texts = commands.map(|(command, words)| format!("{} {words}", command.key_text(ui.ctx())));
        texts.join("   ")
    };
    let is_review = bench.review.mode == Mode::Review;
    let (label, play) = ((Command::Relabel, "change label"), (Command::PlayEvent, "play"));
    let (next, accept, reject) =
        ((Command::NextUndecided, "next undecided"), (Command::Accept, "accept"), (Command::Reject, "reject"));
    let Some(mark) = bench.selected_mark() else {
        return if bench.open.is_none() {
            String::new()
        } else if bench.scored_here().is_none() && bench.runs.is_empty() && bench.progress_here().left() == 0 {
            format!("{} detect events   drag on the spectrogram to draw one", Command::Detect.key_text(ui.ctx()))
        } else {
            let mode = (Command::ToggleReview, if is_review { "browse and edit" } else { "review" });
            keys([next, (Command::NextEvent, "next event"), mode, (Command::ShowKeys, "all keys")])
        };
    };
    if let Some(selection) = bench.selection() {
        let (uncertain, merge) = ((Command::Uncertain, "uncertain"), (Command::MergeNext, "merge"));
        let several = keys([accept, reject, uncertain, merge]);
        let one = Command::Deselect.key_text(ui.ctx());
        return format!("{} events selected   {several}   {one} only one", grouped(selection.len()));
    }
    let can_undecide = bench.can(Command::Undecide);
    let commands = match (mark.state, is_review) {
        (Status::Predicted, true) => [accept, reject, (Command::Uncertain, "uncertain"), label],
        (Status::Predicted, false) => [accept, reject, label, play],
        (_, true) if can_undecide => [next, (Command::Undecide, "take back"), label, play],
        (_, false) if can_undecide => [(Command::Undecide, "take back"), reject, label, play],
        _ => [(Command::Reject, "delete"), label, play, next],
    };
    let score = mark.score.map(|score| format!(" {score:.2}")).unwrap_or_default();
    let length = if mark.is_point { "point".to_owned() } else { format!("{:.3} s", mark.span.duration_secs()) };
    format!("{}{score} · {length} · {}   {}", mark.label, mark.state.text(), keys(commands))
}

fn progress(ui: &mut Ui, bench: &Workbench, is_wide: bool) {
    let (here, project) = (bench.progress_here(), bench.progress());
    if project.all == 0 {
        return;
    }
    let words = |progress: Progress| format!("{} of {}", progress.decided, progress.all);
    let pace = bench.review.pace.text(here.left());
    let mut text = words(here);
    if is_wide && bench.document.recording_count() > 1 {
        text.push_str(&format!(" · project {}", words(project)));
    }
    if bench.review.mode == Mode::Review && !pace.is_empty() {
        text = format!("{text} · {pace}");
    }
    let hover = format!(
        "Decided about: {} events of this recording, {} of all recordings whose predictions are known\n\
         The pace is the median of the last 20 decisions without pauses over 30 s",
        words(here),
        words(project)
    );
    ui.label(text).on_hover_text(hover);
}

/// How much is complete, in words.
fn complete(ui: &mut Ui, bench: &Workbench) {
    let text = bench.complete_text();
    if text.is_empty() {
        return;
    }
    let spans = bench.complete_spans();
    let mut lines: Vec<String> = spans.iter().take(LISTED_SPANS).map(complete_span_text).collect();
    if spans.len() > LISTED_SPANS {
        lines.push(format!("and {} more", spans.len() - LISTED_SPANS));
    }
    ui.label(weak(text)).on_hover_text(lines.join("\n"));
    ui.add(egui::Separator::default().vertical());
}
