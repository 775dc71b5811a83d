//! The preview of a set of labels: what each column means, what the rows become, what is left out. Reads and changes nothing itself.

use super::choices::choice;
use super::theme;
use super::widgets::weak;
use crate::app::{AskedSet, LabelSetRequest, Request, SetUse, Workbench, counted};
use crate::format::label_set::{Column, Remark, Separator};
use eframe::egui::{
    self, Align2, Button, Grid, Key, Label, Modifiers, Popup, Rect, RichText, ScrollArea, Sense, Ui, Window, vec2,
};

/// Size of the page as long as nobody has changed it, and the least one, in points.
const FIRST_SIZE: egui::Vec2 = vec2(860.0, 600.0);
const LEAST_SIZE: egui::Vec2 = vec2(560.0, 360.0);
const ROWS_SHOWN: usize = 20;
const COLUMN_WIDTH: f32 = 150.0;
/// From so many labels on it is better only to search them.
const MANY_LABELS: usize = 1000;

/// Draws the page, if a file is previewed.
pub fn show(context: &egui::Context, bench: &Workbench, requests: &mut Vec<Request>) {
    let Some(asked) = &bench.label_sets.asked else { return };
    let is_left =
        !Popup::is_any_open(context) && context.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
    let room = context.content_rect().shrink2(vec2(24.0, 48.0));
    let size = FIRST_SIZE.min(room.size());
    let mut shown = true;
    let window = Window::new("Import label set").open(&mut shown).collapsible(false).resizable(true);
    let window = window.default_rect(Rect::from_center_size(room.center(), size)).min_size(LEAST_SIZE);
    window.constrain_to(context.content_rect()).show(context, |ui| page_ui(ui, asked, requests));
    if is_left || !shown {
        requests.push(LabelSetRequest::Drop.into());
    }
}

fn page_ui(ui: &mut Ui, asked: &AskedSet, requests: &mut Vec<Request>) {
    let name = asked.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let title = Label::new(RichText::new(name).family(theme::medium())).truncate();
    ui.add(title).on_hover_text(asked.path.display().to_string());
    ui.horizontal(|ui| {
        ui.label(weak("Columns are separated by"));
        let all = Separator::ALL.map(|separator| (separator, separator.text().to_owned()));
        let hover = "What stands between the cells of a row";
        if let Some(separator) = choice(ui, "Separator", hover, &asked.reading.table.separator, &all) {
            requests.push(LabelSetRequest::Separator(separator).into());
        }
        let mut has_header = asked.reading.has_header;
        let hover = "The first row names the columns and is no label";
        if ui.checkbox(&mut has_header, "First row is a header").on_hover_text(hover).changed() {
            requests.push(LabelSetRequest::Header(has_header).into());
        }
    });
    if let Some(note) = &asked.reading.encoding_note {
        warning(ui, note);
    }
    if asked.reading.table.rows_left_out > 0 {
        warning(ui, &format!("{} at the end are left out", counted(asked.reading.table.rows_left_out, "row")));
    }
    ui.separator();
    let below = 176.0;
    let height = (ui.available_height() - below).max(100.0);
    ScrollArea::both().id_salt("rows").max_height(height).auto_shrink([false, false]).show(ui, |ui| {
        rows_ui(ui, asked, requests);
    });
    ui.separator();
    counts_ui(ui, asked);
    rejects_ui(ui, asked);
    ui.separator();
    end_ui(ui, asked, requests);
}

fn warning(ui: &mut Ui, text: &str) {
    let color = theme::colors(ui.visuals()).warning;
    ui.label(RichText::new(format!("{} {text}", super::icons::WARNING)).color(color));
}

/// The first rows, with what each column means above it.
fn rows_ui(ui: &mut Ui, asked: &AskedSet, requests: &mut Vec<Request>) {
    let reading = &asked.reading;
    let titles = reading.table.rows.first().filter(|_| reading.has_header);
    Grid::new("label set").striped(true).spacing([12.0, 4.0]).min_col_width(24.0).show(ui, |ui| {
        ui.label(weak("Line"));
        for (place, column) in reading.columns.iter().enumerate() {
            let title = titles.and_then(|row| row.cells.get(place)).map_or("", String::as_str);
            let name = format!("Meaning of column {}", place + 1);
            let hover = if title.is_empty() { name.clone() } else { format!("{name}: {title}") };
            let all = Column::ALL.map(|column| (column, column.text().to_owned()));
            ui.push_id(place, |ui| {
                ui.set_width(COLUMN_WIDTH);
                if let Some(meaning) = choice(ui, &name, &hover, column, &all) {
                    requests.push(LabelSetRequest::Column(place, meaning).into());
                }
            });
        }
        ui.end_row();
        let header = titles.map(|row| (row, true));
        for (row, is_header) in header.into_iter().chain(reading.rows().iter().take(ROWS_SHOWN).map(|row| (row, false)))
        {
            ui.label(weak(row.line.to_string()));
            for (place, column) in reading.columns.iter().enumerate() {
                let cell = row.cells.get(place).map_or("", String::as_str);
                let text = RichText::new(cell);
                let text = match column {
                    _ if is_header => text.strong(),
                    Column::Ignored => text.weak(),
                    _ => text,
                };
                ui.scope(|ui| {
                    ui.set_width(COLUMN_WIDTH);
                    ui.add(Label::new(text).truncate());
                });
            }
            ui.end_row();
        }
    });
    let more = reading.rows().len().saturating_sub(ROWS_SHOWN);
    if more > 0 {
        ui.label(weak(format!("… and {}", counted(more, "row more").replace("row mores", "rows more"))));
    }
}

fn counts_ui(ui: &mut Ui, asked: &AskedSet) {
    let outcome = &asked.outcome;
    let names: usize = outcome.labels.iter().map(|label| label.synonyms.len()).sum();
    let mut parts = vec![
        format!("{} of {}", counted(outcome.labels.len(), "label"), counted(asked.reading.rows().len(), "row")),
        counted(names, "other name"),
    ];
    let count =
        |has: fn(&crate::format::label_set::SetLabel) -> bool| outcome.labels.iter().filter(|label| has(label)).count();
    parts.push(format!("{} with a parent", count(|label| !label.parent.is_empty())));
    parts.push(counted(count(|label| label.key.is_some()), "key"));
    parts.push(counted(count(|label| label.color.is_some()), "colour"));
    ui.label(parts.join(" · "));
}

/// Every row that is left out and every remark, with its line.
fn rejects_ui(ui: &mut Ui, asked: &AskedSet) {
    let (rejects, remarks) = (&asked.outcome.rejects, &asked.outcome.remarks);
    let text = match (rejects.len(), remarks.len()) {
        (0, 0) => "No row is left out".to_owned(),
        (rejects, 0) => format!("{} left out", counted(rejects, "row")),
        (rejects, remarks) => format!("{} left out, {}", counted(rejects, "row"), counted(remarks, "remark")),
    };
    ui.label(weak(text));
    let height = ui.text_style_height(&egui::TextStyle::Body);
    let lines: usize = rejects.len() + remarks.len();
    ScrollArea::vertical().id_salt("rejects").max_height(72.0).auto_shrink([false, false]).show_rows(
        ui,
        height,
        lines,
        |ui, shown| {
            let all =
                rejects.iter().map(|reject| (reject, "left out")).chain(remarks.iter().map(|remark| (remark, "")));
            for (Remark { line, text }, what) in all.skip(shown.start).take(shown.len()) {
                let what = if what.is_empty() { String::new() } else { format!("{what}: ") };
                let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
                let color = theme::colors(ui.visuals()).weak_text;
                super::widgets::text_in(
                    ui,
                    rect,
                    Align2::LEFT_CENTER,
                    &format!("Line {line}: {what}{text}"),
                    12.0,
                    color,
                );
            }
        },
    );
}

fn end_ui(ui: &mut Ui, asked: &AskedSet, requests: &mut Vec<Request>) {
    let count = asked.outcome.labels.len();
    if count > MANY_LABELS {
        ui.label(weak("So many labels make a long list: Only search keeps them in the palette"));
    }
    ui.horizontal(|ui| {
        for (set_use, text, hover) in [
            (SetUse::Add, "Add to classes", "Put these labels after the project's; one step of undo"),
            (
                SetUse::Replace,
                "Replace classes",
                "Make these the project's labels; events keep theirs; one step of undo",
            ),
            (SetUse::Search, "Only search", "Find these labels in the palette, in all projects, and list none"),
        ] {
            let button = ui.add_enabled(count > 0, Button::new(text));
            if button
                .on_hover_text(hover)
                .on_disabled_hover_text("There is no label: which column has the names?")
                .clicked()
            {
                requests.push(LabelSetRequest::Take(set_use).into());
            }
        }
        if ui.button("Cancel").on_hover_text("Take nothing (Esc)").clicked() {
            requests.push(LabelSetRequest::Drop.into());
        }
    });
}
