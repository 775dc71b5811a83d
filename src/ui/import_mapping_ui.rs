//! Of label files that are previewed: what each label becomes, and which recordings and rows are left out. Changes nothing itself.

use super::choices::choice;
use super::long_list::LongList;
use super::theme;
use super::widgets::{text_in, weak};
use crate::app::{ImportRequest, LabelImport, Request, Workbench, counted};
use crate::format::{Happening, ImportPlan, LabelFate};
use crate::work::LabelsRead;
use eframe::egui::{
    Align, Align2, Key, Label, Layout, Sense, TextEdit, Ui, UiBuilder, WidgetInfo, accesskit::Role, vec2,
};
use std::sync::Arc;

/// More labels of the project than these are not offered one by one.
const MOST_OFFERED: usize = 200;

/// How the lists are scrolled, and which labels there are.
#[derive(Default)]
pub struct Mapping {
    labels: LongList,
    remarks: LongList,
    /// The label of the file for which another one is being typed, and what was typed.
    typed: Option<(Arc<str>, String)>,
}

impl Mapping {
    /// Draws both lists beside each other.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        bench: &Workbench,
        importing: &LabelImport,
        read: &LabelsRead,
        height: f32,
        requests: &mut Vec<Request>,
    ) {
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
        let (left, right) = rect.split_left_right_at_fraction(0.54);
        let part = |rect| UiBuilder::new().max_rect(rect).layout(Layout::top_down(Align::Min));
        let mut left_ui = ui.new_child(part(left.with_max_x(left.right() - 8.0)));
        self.labels_ui(&mut left_ui, bench, importing, read, requests);
        let mut right_ui = ui.new_child(part(right.with_min_x(right.left() + 8.0)));
        self.remarks_ui(&mut right_ui, importing, read);
    }

    fn labels_ui(
        &mut self,
        ui: &mut Ui,
        bench: &Workbench,
        importing: &LabelImport,
        read: &LabelsRead,
        requests: &mut Vec<Request>,
    ) {
        ui.horizontal(|ui| {
            ui.label(weak(format!("{} and what they become", counted(read.label_counts.len(), "label"))));
            let mapping = &importing.choices.mapping;
            let open = importing.suggestions.iter().filter(|(label, _)| !mapping.contains_key(*label)).count();
            if open > 0 {
                let text = format!("Take {}", counted(open, "suggestion"));
                let hover = "Labels that the project, or AudioSet's ontology, knows under another spelling, name or id";
                if ui.small_button(text).on_hover_text(hover).clicked() {
                    requests.push(ImportRequest::TakeSuggestions.into());
                }
            }
        });
        self.labels.show(ui, "Labels of the file", read.label_counts.len(), |ui, rows| {
            for (label, count) in read.label_counts.get(rows).unwrap_or_default() {
                label_ui(ui, bench, importing, (label, *count), &mut self.typed, requests);
            }
        });
    }

    fn remarks_ui(&mut self, ui: &mut Ui, importing: &LabelImport, read: &LabelsRead) {
        let Some(plan) = importing.plan.as_deref() else { return };
        let (found, all) = (plan.matched_count(), plan.files.len());
        let text = format!("{found} of {} found in the project", counted(all, "recording"));
        let color =
            if found < all { theme::colors(ui.visuals()).warning } else { theme::colors(ui.visuals()).weak_text };
        ui.label(eframe::egui::RichText::new(text).color(color));
        let count =
            [read.failures.len(), plan.unmatched.len(), plan.odd.len(), read.warnings.len(), plan.remarks.len()];
        let count: usize = count.into_iter().sum();
        if count == 0 && plan.left_out.all() == 0 {
            ui.label(weak("Nothing is left out or changed"));
            return;
        }
        ui.label(weak(counts_text(plan, read)));
        self.remarks.show(ui, "What is left out or changed", count, |ui, rows| {
            for place in rows {
                let text = line_of(place, importing, plan, read);
                let (rect, response) =
                    ui.allocate_exact_size(vec2(ui.available_width(), theme::ROW_HEIGHT), Sense::hover());
                response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &text));
                text_in(ui, rect, Align2::LEFT_CENTER, &text, 12.0, ui.visuals().text_color());
                response.on_hover_text(text);
            }
        });
    }
}

/// A line of the list: files that cannot be read, recordings that were not found, those that do not fit, what the files' reading told, and
/// rows.
fn line_of(mut place: usize, importing: &LabelImport, plan: &ImportPlan, read: &LabelsRead) -> String {
    let mut within = |length: usize| {
        let here = (place < length).then_some(place);
        place = place.wrapping_sub(if here.is_none() { length } else { 0 });
        here
    };
    let file = |place: &usize| plan.files.get(*place);
    if let Some(here) = within(read.failures.len()) {
        return read.failures.get(here).cloned().unwrap_or_default();
    }
    if let Some(here) = within(plan.unmatched.len()) {
        let Some(file) = plan.unmatched.get(here).and_then(file) else { return String::new() };
        let reason = file.recording.as_ref().err().map_or("", String::as_str);
        return format!("{}: {reason} ({} left out)", file.name, counted(file.rows, "row"));
    }
    if let Some(here) = within(plan.odd.len()) {
        let Some(file) = plan.odd.get(here).and_then(file) else { return String::new() };
        return format!("{}: {}", file.name, file.remark.as_deref().unwrap_or_default());
    }
    if let Some(here) = within(read.warnings.len()) {
        return read.warnings.get(here).cloned().unwrap_or_default();
    }
    let remark = plan.remarks.get(place).copied();
    remark.map(|remark| plan.remark_text(remark, &read.labels, &importing.index)).unwrap_or_default()
}

/// How many rows each thing happens to.
fn counts_text(plan: &ImportPlan, read: &LabelsRead) -> String {
    let left = plan.left_out;
    let mut parts = Vec::new();
    let mut tell = |count: usize, text: &str| {
        if count > 0 {
            parts.push(format!("{count} {text}"));
        }
    };
    tell(read.unreadable_rows, "unreadable");
    tell(left.unmatched, "of no recording here");
    tell(left.impossible, "with impossible times");
    tell(left.skipped, "skipped");
    tell(left.below_score, "below the score");
    let left_out =
        if parts.is_empty() { "No row is left out".to_owned() } else { format!("Left out: {}", parts.join(", ")) };
    let mut changed = Vec::new();
    for (happening, text) in [
        (Happening::Mended, "with times put right"),
        (Happening::Clamped, "end with their recording"),
        (Happening::PastEnd, "end after their recording"),
        (Happening::NoBand, "without their band"),
        (Happening::FullBand, "with all frequencies"),
        (Happening::ScoreAsField, "with the score as a field"),
    ] {
        let count = plan.count_of(happening);
        if count > 0 {
            changed.push(format!("{count} {text}"));
        }
    }
    if changed.is_empty() { left_out } else { format!("{left_out}. Taken: {}", changed.join(", ")) }
}

/// A label of the file with its count and what it becomes.
fn label_ui(
    ui: &mut Ui,
    bench: &Workbench,
    importing: &LabelImport,
    (label, count): (&Arc<str>, usize),
    typed: &mut Option<(Arc<str>, String)>,
    requests: &mut Vec<Request>,
) {
    ui.horizontal(|ui| {
        ui.set_height(theme::ROW_HEIGHT);
        let width = ui.available_width();
        let shown = if label.is_empty() { "(no label)" } else { label };
        ui.allocate_ui_with_layout(
            vec2((width - 270.0).max(60.0), theme::ROW_HEIGHT),
            Layout::left_to_right(Align::Center),
            |ui| {
                ui.set_min_width((width - 270.0).max(60.0));
                // What it may be meant by, as long as nothing was said about it.
                let open = importing.suggestions.get(label).filter(|_| !importing.choices.mapping.contains_key(label));
                let text = open.map_or_else(|| shown.to_owned(), |(meant, _)| format!("{shown}  (→ {meant}?)"));
                ui.add(Label::new(text).truncate()).on_hover_text(shown);
            },
        );
        ui.allocate_ui_with_layout(vec2(56.0, theme::ROW_HEIGHT), Layout::right_to_left(Align::Center), |ui| {
            ui.set_min_width(56.0);
            ui.label(weak(format!("{count} ×")));
        });
        let name = format!("What {shown} becomes");
        if typed.as_ref().is_some_and(|(of, _)| of == label) {
            if let Some(other) = typed_ui(ui, &name, typed) {
                requests.push(ImportRequest::Map(label.clone(), Some(LabelFate::Become(other))).into());
            }
            return;
        }
        let current = importing.choices.mapping.get(label).cloned();
        let all = fates(bench, importing, label, current.as_ref());
        match choice(ui, &name, "What rows with this label become", &Fate::Is(current), &all) {
            Some(Fate::Is(fate)) => requests.push(ImportRequest::Map(label.clone(), fate).into()),
            Some(Fate::Typed) => *typed = Some((label.clone(), String::new())),
            None => {}
        }
    });
}

/// What can be chosen for a label: what it becomes, none for itself, or that another one is typed.
#[derive(Clone, PartialEq)]
enum Fate {
    Is(Option<LabelFate>),
    Typed,
}

fn fates(
    bench: &Workbench,
    importing: &LabelImport,
    label: &Arc<str>,
    current: Option<&LabelFate>,
) -> Vec<(Fate, String)> {
    let become_other = |other: &Arc<str>| Fate::Is(Some(LabelFate::Become(other.clone())));
    let mut all = vec![(Fate::Is(None), "stays as it is".to_owned())];
    let suggested = importing.suggestions.get(label);
    if let Some((meant, likeness)) = suggested {
        all.push((become_other(meant), format!("→ {meant} ({})", likeness.text())));
    }
    all.push((Fate::Is(Some(LabelFate::Skip)), "is skipped".to_owned()));
    all.push((Fate::Typed, "another label…".to_owned()));
    let others = bench.listed_labels().iter().filter(|other| *other != label);
    let others = others.filter(|other| suggested.is_none_or(|(meant, _)| meant != *other)).take(MOST_OFFERED);
    all.extend(others.map(|other| (become_other(other), format!("→ {other}"))));
    if let Some(LabelFate::Become(other)) = current {
        let typed = become_other(other);
        if all.iter().all(|(fate, _)| *fate != typed) {
            all.push((typed, format!("→ {other}")));
        }
    }
    all
}

/// The field in which another label is typed; gives it when the field is left, unless by Escape or empty.
fn typed_ui(ui: &mut Ui, name: &str, typed: &mut Option<(Arc<str>, String)>) -> Option<Arc<str>> {
    let (_, text) = typed.as_mut()?;
    let field = TextEdit::singleline(text).desired_width(182.0).hint_text("Another label");
    let response = ui.add(field).accessible_name(name);
    if !response.lost_focus() {
        // The field stands where the choice was, and is typed into at once.
        response.request_focus();
        return None;
    }
    let (_, text) = typed.take()?;
    let is_dropped = ui.input(|input| input.key_pressed(Key::Escape)) || text.trim().is_empty();
    (!is_dropped).then(|| text.trim().into())
}

/// Why nothing can be imported now.
pub fn why_not(importing: &LabelImport) -> &'static str {
    match (&importing.read, &importing.plan) {
        _ if importing.is_working() => "The file is still being looked through",
        (Some(read), _) if read.is_waiting() => "Answer the question above first",
        (_, Some(plan)) if plan.matched_count() == 0 => "None of its recordings is in the project: open them first",
        _ => "No event is left",
    }
}

/// What the button would do, in short.
pub fn summary(importing: &LabelImport) -> String {
    let Some(plan) = importing.plan.as_deref() else { return String::new() };
    let events = plan.events.len();
    if events == 0 {
        return why_not(importing).to_owned();
    }
    let (labels, others) = (plan.label_count, events - plan.label_count);
    let mut parts = Vec::new();
    if labels > 0 {
        parts.push(counted(labels, "label"));
    }
    if others > 0 {
        parts.push(format!("{others} to be decided about"));
    }
    let mut text = format!("{} for {}", parts.join(" and "), counted(plan.matched_count(), "recording"));
    match importing.already_there {
        Some(0) => {}
        Some(there) => text += &format!("; {there} are there already and are not added again"),
        None => text += "; those that are there already are not added again",
    }
    text
}
