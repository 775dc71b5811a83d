//! The preview of label files: their format and what it leaves open, the first rows, what labels become, what is left out. Reads and changes
//! nothing itself.

use super::choices::choice;
use super::import_mapping_ui::{self, Mapping};
use super::theme;
use super::widgets::{text_in, weak};
use crate::app::{ImportRequest, LabelImport, Request, Workbench, counted};
use crate::format::{self, Choice, ImportAs, LabelFate, Likelihood, Question, StrongLabel};
use crate::work::LabelsRead;
use eframe::egui::{
    self, Align2, Button, DragValue, Key, Label, Modifiers, Popup, Rect, RichText, ScrollArea, Sense, TextEdit, Ui,
    Window, vec2,
};
use std::collections::HashMap;

/// Size of the page as long as nobody has changed it, and the least one, in points.
const FIRST_SIZE: egui::Vec2 = vec2(940.0, 680.0);
const LEAST_SIZE: egui::Vec2 = vec2(620.0, 420.0);
const ROWS_SHOWN: usize = 20;
/// Widths of the columns of times, scores and bands, in points.
const NARROW: f32 = 84.0;

/// What the page keeps for itself.
#[derive(Default)]
pub struct ImportPage {
    mapping: Mapping,
    /// What is being typed as the answer to a question that has none to choose from.
    typed: HashMap<Choice, String>,
    /// The button has been given the keyboard once.
    was_ready: bool,
}

/// Draws the page, if label files are previewed.
pub fn show(context: &egui::Context, bench: &Workbench, page: &mut ImportPage, requests: &mut Vec<Request>) {
    let Some(importing) = &bench.importing else {
        *page = ImportPage::default();
        return;
    };
    let is_free = !Popup::is_any_open(context) && !context.text_edit_focused();
    let is_left = is_free && context.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
    let is_confirmed = is_free
        && context.memory(|memory| memory.focused().is_none())
        && context.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
    let room = context.content_rect().shrink2(vec2(24.0, 48.0));
    let size = FIRST_SIZE.min(room.size());
    let mut shown = true;
    let window = Window::new("Import labels").open(&mut shown).collapsible(false).resizable(true);
    let window = window.default_rect(Rect::from_center_size(room.center(), size)).min_size(LEAST_SIZE.min(size));
    window.constrain_to(context.content_rect()).show(context, |ui| page_ui(ui, bench, importing, page, requests));
    if is_confirmed && importing.ready().is_some() {
        requests.push(ImportRequest::Take.into());
    }
    if is_left || !shown {
        requests.push(ImportRequest::Drop.into());
    }
}

fn page_ui(
    ui: &mut Ui,
    bench: &Workbench,
    importing: &LabelImport,
    page: &mut ImportPage,
    requests: &mut Vec<Request>,
) {
    ui.horizontal(|ui| {
        let title = Label::new(RichText::new(importing.name()).family(theme::medium())).truncate();
        let paths: Vec<String> = importing.paths.iter().take(20).map(|path| path.display().to_string()).collect();
        ui.add(title).on_hover_text(paths.join("\n"));
        if importing.is_working() {
            ui.add(egui::Spinner::new().size(14.0));
            ui.label(weak(if importing.read.is_none() { "Reading…" } else { "Looking…" }));
        }
    });
    let Some(read) = &importing.read else {
        ui.add_space(theme::GRID);
        if ui.button("Cancel").on_hover_text("Import nothing (Esc)").clicked() {
            requests.push(ImportRequest::Drop.into());
        }
        return;
    };
    reading_ui(ui, importing, read, page, requests);
    if let Some(reason) = &importing.failure {
        warning(ui, reason);
    }
    ui.separator();
    let height = ui.available_height();
    // The end of the page keeps its room; rows and labels share the rest.
    let lists = (height - 96.0).max(160.0);
    ui.label(weak(rows_title(read)));
    ScrollArea::vertical()
        .id_salt("rows")
        .max_height((0.42 * lists).max(70.0))
        .auto_shrink([false, true])
        .show(ui, |ui| rows_ui(ui, importing, read));
    ui.separator();
    let below = (ui.available_height() - 84.0).max(80.0);
    page.mapping.show(ui, bench, importing, read, below, requests);
    ui.separator();
    becoming_ui(ui, importing, read, requests);
    end_ui(ui, importing, page, requests);
}

pub(super) fn warning(ui: &mut Ui, text: &str) {
    let color = theme::colors(ui.visuals()).warning;
    ui.add(Label::new(RichText::new(format!("{} {text}", super::icons::WARNING)).color(color)).wrap());
}

/// Format and questions.
fn reading_ui(
    ui: &mut Ui,
    importing: &LabelImport,
    read: &LabelsRead,
    page: &mut ImportPage,
    requests: &mut Vec<Request>,
) {
    ui.horizontal_wrapped(|ui| {
        ui.label(weak("Format"));
        let name = |id: &str| format::by_id(id).map_or_else(|| id.to_owned(), |format| format.name().to_owned());
        let all: Vec<(&'static str, String)> = read
            .candidates
            .iter()
            .map(|(id, likelihood)| match likelihood {
                Likelihood::Certain => (*id, name(id)),
                Likelihood::Likely => (*id, format!("{} (likely)", name(id))),
                Likelihood::Possible | Likelihood::No => (*id, format!("{} (possible)", name(id))),
            })
            .collect();
        let current = importing.reading.format.unwrap_or(read.format);
        let hover = "Which format the file has; the most likely one is in front";
        if let Some(id) = choice(ui, "Format", hover, &current, &all) {
            requests.push(ImportRequest::Format(id).into());
        }
        for question in &read.labels.questions {
            question_ui(ui, importing, question, page, requests);
        }
        if importing.counts_samples() {
            ui.label(weak("Sample rate"));
            let mut rate = importing.reading.sample_rate.unwrap_or(44_100.0);
            let drag = DragValue::new(&mut rate).range(1.0..=10_000_000.0).speed(100.0).suffix(" Hz");
            let hover = "The recordings' sample rate, as times are in samples";
            if ui.add(drag).accessible_name("Sample rate").on_hover_text(hover).changed() {
                requests.push(ImportRequest::SampleRate(rate).into());
            }
        }
        ui.label(weak("Time expansion"));
        let mut factor = importing.reading.time_expansion.unwrap_or(1.0);
        let drag = DragValue::new(&mut factor).range(1.0..=1000.0).speed(0.1).max_decimals(3).prefix("× ");
        let hover = "How many times slower the recordings play than the sound was; 10 for most expanded bat recordings";
        if ui.add(drag).accessible_name("Time expansion").on_hover_text(hover).changed() {
            requests.push(ImportRequest::TimeExpansion(factor).into());
        }
    });
}

fn question_ui(
    ui: &mut Ui,
    importing: &LabelImport,
    question: &Question,
    page: &mut ImportPage,
    requests: &mut Vec<Request>,
) {
    let current = importing.answer_to(question).map(str::to_owned);
    let text = RichText::new(&question.text);
    // What cannot go on without an answer stands out.
    let text = if current.is_none() { text.color(theme::colors(ui.visuals()).warning) } else { text.weak() };
    ui.label(text);
    if question.answers.is_empty() {
        let typed = page.typed.entry(question.choice).or_insert_with(|| current.clone().unwrap_or_default());
        let response = ui.add(TextEdit::singleline(typed).desired_width(190.0)).accessible_name(&question.text);
        if response.lost_focus() && !typed.trim().is_empty() && current.as_deref() != Some(typed.trim()) {
            requests.push(ImportRequest::Answer(question.choice, typed.trim().to_owned()).into());
        }
        return;
    }
    let mut all: Vec<(Option<String>, String)> =
        question.answers.iter().map(|answer| (Some(answer.clone()), answer.clone())).collect();
    if current.is_none() {
        all.push((None, "Choose…".to_owned()));
    }
    if let Some(Some(answer)) = choice(ui, &question.text, &question.text, &current, &all) {
        requests.push(ImportRequest::Answer(question.choice, answer).into());
    }
}

fn rows_title(read: &LabelsRead) -> String {
    let rows = read.labels.rows.len();
    let first = if rows > ROWS_SHOWN { format!("The first {ROWS_SHOWN} of ") } else { String::new() };
    let files = if read.files.len() > 1 { format!(" in {}", counted(read.files.len(), "file")) } else { String::new() };
    format!("{first}{}{files}, {}", counted(rows, "row"), counted(read.labels.files.len(), "recording"))
}

/// The first rows as they will be.
fn rows_ui(ui: &mut Ui, importing: &LabelImport, read: &LabelsRead) {
    let rows = &read.labels.rows;
    let (has_scores, has_bands) = (read.scores.is_some(), rows.iter().take(ROWS_SHOWN).any(|row| row.band.is_some()));
    let width = ui.available_width() - 8.0;
    let narrow = 2.0 + if has_scores { 0.8 } else { 0.0 } + if has_bands { 1.6 } else { 0.0 };
    let wide = ((width - narrow * NARROW) / 2.0).max(80.0);
    let line = |ui: &mut Ui, cells: &[(String, f32, bool)], is_title: bool| {
        let height = ui.text_style_height(&egui::TextStyle::Body) + 4.0;
        let (rect, response) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
        let spoken: Vec<&str> = cells.iter().map(|(text, _, _)| text.as_str()).collect();
        let spoken = spoken.join(", ");
        response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, &spoken));
        let colors = theme::colors(ui.visuals());
        let color = if is_title { colors.weak_text } else { ui.visuals().text_color() };
        let mut left = rect.left();
        for (text, width, is_number) in cells {
            let cell = Rect::from_min_size(egui::pos2(left, rect.top()), vec2(*width - 8.0, height));
            let align = if *is_number { Align2::RIGHT_CENTER } else { Align2::LEFT_CENTER };
            text_in(ui, cell, align, text, 13.0, color);
            left += width + if *is_number { 8.0 } else { 0.0 };
        }
    };
    let cells = |texts: [String; 6]| -> Vec<(String, f32, bool)> {
        let [file, onset, offset, label, score, band] = texts;
        let mut cells =
            vec![(file, wide, false), (onset, NARROW - 8.0, true), (offset, NARROW - 8.0, true), (label, wide, false)];
        if has_scores {
            cells.push((score, 0.8 * NARROW - 8.0, true));
        }
        if has_bands {
            cells.push((band, 1.6 * NARROW - 8.0, true));
        }
        cells
    };
    let titles = ["Recording", "Onset (s)", "Offset (s)", "Label", "Score", "Band (Hz)"].map(str::to_owned);
    line(ui, &cells(titles), true);
    for row in rows.iter().take(ROWS_SHOWN) {
        line(ui, &cells(texts_of(row, importing)), false);
    }
    if rows.is_empty() {
        let text = if read.is_waiting() { "No row is read before the question above is answered" } else { "No events" };
        ui.label(weak(text));
    }
}

fn texts_of(row: &StrongLabel, importing: &LabelImport) -> [String; 6] {
    let labels: Vec<String> = row
        .labels()
        .map(|label| match importing.choices.mapping.get(label) {
            None if label.is_empty() => "(no label)".to_owned(),
            None => label.to_string(),
            Some(LabelFate::Become(other)) => format!("{label} → {other}"),
            Some(LabelFate::Skip) => format!("{label} (skipped)"),
        })
        .collect();
    let onset = format!("{:.3}", row.span.onset_secs);
    let offset = if row.is_point { "point".to_owned() } else { format!("{:.3}", row.span.offset_secs) };
    let score = row.score.map(|score| format!("{score:.3}")).unwrap_or_default();
    let band = row.band.map(|band| format!("{:.0} – {:.0}", band.low_hz, band.high_hz)).unwrap_or_default();
    [row.filename.to_string(), onset, offset, labels.join(", "), score, band]
}

/// What the events become.
fn becoming_ui(ui: &mut Ui, importing: &LabelImport, read: &LabelsRead, requests: &mut Vec<Request>) {
    ui.horizontal_wrapped(|ui| {
        if read.scores.is_some() || read.has_status {
            ui.label(weak("Events become"));
            let stated = if read.has_status { "what the file says" } else { "predictions, where they have scores" };
            let all = [
                (ImportAs::Stated, stated.to_owned()),
                (ImportAs::Labels, "labels".to_owned()),
                (ImportAs::Predictions, "predictions to be decided about".to_owned()),
            ];
            let hover = "Labels are accepted; predictions come up in review";
            if let Some(import_as) = choice(ui, "Events become", hover, &importing.choices.import_as, &all) {
                requests.push(ImportRequest::As(import_as).into());
            }
        }
        if let Some((least, most)) = read.scores.filter(|(least, most)| most > least) {
            ui.label(weak("Score at least"));
            let mut score = importing.choices.least_score.unwrap_or(least);
            let speed = (most - least) / 200.0;
            let drag = DragValue::new(&mut score).range(least..=most).speed(speed).max_decimals(3);
            let hover = format!("Rows with a lower score are left out; they are from {least} to {most}");
            if ui.add(drag).accessible_name("Score at least").on_hover_text(hover).changed() {
                requests.push(ImportRequest::LeastScore((score > least).then_some(score)).into());
            }
        }
        let impossible = |plan: &format::ImportPlan| {
            plan.count_of(format::Happening::Impossible) + plan.count_of(format::Happening::Mended)
        };
        let count = importing.plan.as_deref().map_or(0, impossible);
        if count > 0 {
            let mut mends = importing.choices.mends_times;
            let text = format!("Put impossible times right ({count})");
            let hover = "Negative onsets become 0, and events that end before they begin are turned round; else these rows are left out";
            if ui.checkbox(&mut mends, text).on_hover_text(hover).changed() {
                requests.push(ImportRequest::MendTimes(mends).into());
            }
        }
    });
}

fn end_ui(ui: &mut Ui, importing: &LabelImport, page: &mut ImportPage, requests: &mut Vec<Request>) {
    ui.horizontal(|ui| {
        let ready = importing.ready();
        let count = importing.plan.as_deref().map_or(0, |plan| plan.events.len());
        let button = ui.add_enabled(ready.is_some(), Button::new(format!("Import {}", counted(count, "event"))));
        let button = button.accessible_name("Import these events").on_hover_text("One step of undo (Enter)");
        if ready.is_some() && !std::mem::replace(&mut page.was_ready, true) {
            button.request_focus();
        }
        if button.on_disabled_hover_text(import_mapping_ui::why_not(importing)).clicked() {
            requests.push(ImportRequest::Take.into());
        }
        if ui.button("Cancel").on_hover_text("Import nothing (Esc)").clicked() {
            requests.push(ImportRequest::Drop.into());
        }
        ui.add(Label::new(weak(import_mapping_ui::summary(importing))).truncate());
    });
}
