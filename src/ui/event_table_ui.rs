//! The events of the recording as a table, in step with the picture.

use super::widgets::{list_row, text_in, weak};
use super::{Panels, event_ui, icons, theme};
use crate::annotation::Status;
use crate::app::{Mark, Request, TimeUnit, Workbench, counted};
use eframe::egui::{Align2, Rect, ScrollArea, Ui, vec2};

/// Where columns begin and how wide they are, as shares of the row.
type Columns = [(&'static str, f32, f32); 4];
const COLUMNS: Columns = [("Onset", 0.10, 0.21), ("Offset", 0.31, 0.21), ("Label", 0.52, 0.34), ("Score", 0.86, 0.14)];
/// With times of day and samples, which are longer.
const WIDE_COLUMNS: Columns =
    [("Onset", 0.09, 0.28), ("Offset", 0.37, 0.28), ("Label", 0.65, 0.24), ("Score", 0.89, 0.11)];

fn columns(bench: &Workbench) -> &'static Columns {
    let is_wide = matches!(bench.time_axis().shown_unit(), TimeUnit::Clock | TimeUnit::Samples);
    if is_wide { &WIDE_COLUMNS } else { &COLUMNS }
}

/// Draws the selected event, and the table under it.
pub fn show(ui: &mut Ui, bench: &Workbench, panels: &mut Panels, requests: &mut Vec<Request>) {
    event_ui::show(ui, bench, requests);
    ui.separator();
    let marks: Vec<&Mark> = bench.shown_marks().collect();
    summary(ui, &marks);
    header(ui, columns(bench));
    let selected = bench.selected.and_then(|selected| marks.iter().position(|mark| mark.target == selected));
    let spacing = ui.spacing().item_spacing.y;
    let mut area = ScrollArea::vertical().auto_shrink([false, false]);
    if selected != panels.table_row
        && let Some(row) = selected
    {
        let row_height = theme::ROW_HEIGHT + spacing;
        let middle = row as f32 * row_height - 0.5 * (ui.available_height() - row_height);
        area = area.vertical_scroll_offset(middle.max(0.0));
    }
    panels.table_row = selected;
    area.show_rows(ui, theme::ROW_HEIGHT, marks.len(), |ui, rows| {
        for place in rows {
            row(ui, bench, marks[place], selected == Some(place), requests);
        }
    });
}

fn summary(ui: &mut Ui, marks: &[&Mark]) {
    let undecided = marks.iter().filter(|mark| mark.state == Status::Predicted).count();
    let text = match (marks.len(), undecided) {
        (0, _) => "No events yet".to_owned(),
        (all, 0) => format!("{}, all decided", counted(all, "event")),
        (all, undecided) => format!("{}, {undecided} undecided", counted(all, "event")),
    };
    ui.label(weak(text));
}

fn header(ui: &mut Ui, columns: &Columns) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), eframe::egui::Sense::hover());
    for &(title, left, width) in columns {
        text_in(
            ui,
            cell(rect.shrink2(vec2(6.0, 0.0)), left, width),
            Align2::LEFT_CENTER,
            title,
            11.0,
            theme::colors(ui.visuals()).weak_text,
        );
    }
}

fn cell(row: Rect, left: f32, width: f32) -> Rect {
    let min = row.left_top() + vec2(left * row.width(), 0.0);
    Rect::from_min_size(min, vec2(width * row.width() - 4.0, row.height()))
}

fn row(ui: &mut Ui, bench: &Workbench, mark: &Mark, selected: bool, requests: &mut Vec<Request>) {
    let response = list_row(ui, &format!("{} in the table", mark.spoken()), selected, |ui, rect| {
        super::batch_ui::behind_row(ui, bench, mark, rect);
        let (icon, color) = state_icon(ui, mark.state);
        text_in(ui, rect, Align2::LEFT_CENTER, icon, 14.0, color);
        let text_color = ui.visuals().text_color();
        let axis = bench.time_axis();
        let score = mark.score.map(|score| format!("{score:.2}")).unwrap_or_default();
        let texts = [axis.text(mark.span.onset_secs), axis.text(mark.span.offset_secs), mark.label.to_string(), score];
        for (place, (text, (_, left, width))) in texts.iter().zip(columns(bench)).enumerate() {
            let mut area = cell(rect, *left, *width);
            if place == 2 {
                let dot = Rect::from_center_size(area.left_center() + vec2(4.0, 0.0), vec2(8.0, 8.0));
                ui.painter().rect_filled(dot, 2.0, theme::label_color_on(ui.visuals(), bench.label_place(&mark.label)));
                area.min.x += 14.0;
            }
            text_in(ui, area, Align2::LEFT_CENTER, text, 13.0, text_color);
        }
    });
    if response.clicked() {
        requests.push(Request::SelectAndReveal(mark.target));
    }
    if response.double_clicked() {
        requests.push(Request::Do(crate::app::Command::PlayEvent));
    }
    response.on_hover_text(format!("{}\nClick to show, double-click to play", mark.spoken()));
}

/// The state as an icon, told by shape as well as colour.
fn state_icon(ui: &Ui, state: Status) -> (&'static str, eframe::egui::Color32) {
    let colors = theme::colors(ui.visuals());
    match state {
        Status::Predicted => (icons::STATE_PREDICTED, colors.accent),
        Status::Accepted => (icons::CHECK, colors.success),
        Status::Corrected => (icons::DONE, colors.success),
        Status::Rejected => (icons::CROSS, colors.weak_text),
        Status::Uncertain => (icons::QUESTION, colors.warning),
    }
}
