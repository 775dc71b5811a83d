//! The table of an evaluation: all events, the mean of classes, and each class; sorted, searched, and only the rows that are seen are drawn.

use super::long_list::LongList;
use super::widgets::{list_row, text_in};
use super::{icons, theme};
use crate::app::{ErrorFilter, EvaluationRequest};
use crate::work::evaluation::{ClassRow, Column, EvaluationReport};
use eframe::egui::accesskit::Role;
use eframe::egui::{Align2, CursorIcon, Rect, Response, Sense, TextEdit, Ui, WidgetInfo, pos2, vec2};
use std::sync::Arc;

const COLUMN_WIDTH: f32 = 58.0;
const LEAST_NAME: f32 = 120.0;
/// Columns in the order in which they find room.
const BY_NEED: [Column; Column::ALL.len()] = [
    Column::CollarF,
    Column::Reference,
    Column::Estimated,
    Column::SegmentF,
    Column::IntersectionF,
    Column::Psds1,
    Column::CollarPrecision,
    Column::CollarRecall,
    Column::BestF,
    Column::BestThreshold,
    Column::Psds2,
];

/// By which column it is sorted, and whether downwards.
type Sorting = (Column, bool);

/// What the table keeps for itself.
#[derive(Default)]
pub struct ClassTable {
    query: String,
    /// By name without one.
    sorting: Option<Sorting>,
    list: LongList,
    /// The rows in their order, for as long as nothing that decides it has changed.
    order: Order,
}

#[derive(Default)]
struct Order {
    of: Option<(Arc<EvaluationReport>, String, Option<Sorting>)>,
    places: Vec<usize>,
}

impl ClassTable {
    /// The places of the rows that are shown, in order.
    fn follow(&mut self, report: &Arc<EvaluationReport>) {
        let is_same = self.order.of.as_ref().is_some_and(|(of, query, sorting)| {
            Arc::ptr_eq(of, report) && *query == self.query && *sorting == self.sorting
        });
        if !is_same {
            self.order.places = sorted(&report.classes, &self.query, self.sorting);
            self.order.of = Some((report.clone(), self.query.clone(), self.sorting));
        }
    }
}

/// The places of the rows whose labels hold all words of a query; what has no value stands last in any order.
fn sorted(rows: &[ClassRow], query: &str, sorting: Option<Sorting>) -> Vec<usize> {
    let words: Vec<String> = query.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let fits = |row: &ClassRow| {
        let label = row.label.to_lowercase();
        words.iter().all(|word| label.contains(word))
    };
    let mut places: Vec<usize> = (0..rows.len()).filter(|&place| rows.get(place).is_some_and(fits)).collect();
    if let Some((column, is_descending)) = sorting {
        places.sort_by(|&a, &b| match (rows[a].value(column), rows[b].value(column)) {
            (Ok(a), Ok(b)) if is_descending => b.total_cmp(a),
            (Ok(a), Ok(b)) => a.total_cmp(b),
            (a, b) => b.is_ok().cmp(&a.is_ok()),
        });
    }
    places
}

/// Draws the table. A click on a class lists its errors and shows its curves.
pub fn show(
    ui: &mut Ui,
    report: &Arc<EvaluationReport>,
    filter: &ErrorFilter,
    table: &mut ClassTable,
    asked: &mut Vec<EvaluationRequest>,
) {
    let columns = columns(ui.available_width());
    head_ui(ui, &columns, table);
    for row in [&report.overall, &report.mean] {
        if row_ui(ui, row, &columns, false).clicked() {
            asked.push(EvaluationRequest::Filter(ErrorFilter { class: None, ..filter.clone() }));
        }
    }
    let line = ui.available_rect_before_wrap();
    ui.painter().hline(line.x_range(), line.top() - 1.0, (1.0, theme::colors(ui.visuals()).line));
    table.follow(report);
    let (list, places) = (&mut table.list, &table.order.places);
    list.show(ui, "Classes", places.len(), |ui, seen| {
        for row in places.get(seen).unwrap_or_default().iter().filter_map(|&place| report.classes.get(place)) {
            let is_selected = filter.class.as_ref() == Some(&row.label);
            if row_ui(ui, row, &columns, is_selected).clicked() {
                let class = (!is_selected).then(|| row.label.clone());
                asked.push(EvaluationRequest::Filter(ErrorFilter { class, pair: None, ..filter.clone() }));
            }
        }
    });
}

/// The columns for which there is room, in their own order.
fn columns(width: f32) -> Vec<Column> {
    let count = ((width - LEAST_NAME) / COLUMN_WIDTH).max(1.0) as usize;
    let wanted = &BY_NEED[..count.min(BY_NEED.len())];
    Column::ALL.into_iter().filter(|column| wanted.contains(column)).collect()
}

/// Where the cell of a column lies, counted from the right.
fn cell(row: Rect, from_right: usize) -> Rect {
    let right = row.right() - from_right as f32 * COLUMN_WIDTH;
    Rect::from_min_max(pos2(right - COLUMN_WIDTH, row.top()), pos2(right - 4.0, row.bottom()))
}

fn head_ui(ui: &mut Ui, columns: &[Column], table: &mut ClassTable) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 24.0), Sense::hover());
    let rect = rect.shrink2(vec2(6.0, 0.0)).with_max_x(rect.right() - 16.0);
    let name = Rect::from_min_max(rect.min, pos2(rect.right() - columns.len() as f32 * COLUMN_WIDTH, rect.bottom()));
    let search = TextEdit::singleline(&mut table.query).hint_text("Search classes");
    ui.put(name.shrink2(vec2(0.0, 1.0)).with_max_x(name.right() - 8.0), search).accessible_name("Search classes");
    let weak_text = theme::colors(ui.visuals()).weak_text;
    for (place, &column) in columns.iter().enumerate() {
        let place = cell(rect, columns.len() - 1 - place);
        let response = ui.interact(place, ui.scope_id().with(("sort by", column.title())), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Sort by {}", column.title())));
        let sorted = table.sorting.filter(|(sorted, _)| *sorted == column);
        let arrow = match sorted {
            None => "",
            Some((_, true)) => icons::CARET_DOWN,
            Some((_, false)) => icons::CARET_UP,
        };
        let is_lit = sorted.is_some() || response.hovered() || response.has_focus();
        let color = if is_lit { ui.visuals().strong_text_color() } else { weak_text };
        text_in(ui, place, Align2::RIGHT_CENTER, format!("{arrow} {}", column.title()).trim(), 12.0, color);
        if response.clicked() {
            table.sorting = match sorted {
                None => Some((column, true)),
                Some((_, true)) => Some((column, false)),
                Some((_, false)) => None,
            };
        }
        let hover = format!("{}\nClick: sort by it", column.explanation());
        response.on_hover_text(hover).on_hover_cursor(CursorIcon::PointingHand);
    }
}

fn row_ui(ui: &mut Ui, row: &ClassRow, columns: &[Column], is_selected: bool) -> Response {
    let texts: Vec<String> = columns.iter().map(|&column| column.text(row.value(column))).collect();
    let spoken = columns
        .iter()
        .zip(&texts)
        .fold(row.label.to_string(), |spoken, (column, text)| format!("{spoken}, {} {text}", column.title()));
    let mut inner = Rect::NOTHING;
    let response = list_row(ui, &spoken, is_selected, |ui, rect| {
        inner = rect.with_max_x(rect.right() - 10.0);
        let color = ui.visuals().text_color();
        let weak_text = theme::colors(ui.visuals()).weak_text;
        let name = inner.with_max_x(inner.right() - columns.len() as f32 * COLUMN_WIDTH);
        text_in(ui, name, Align2::LEFT_CENTER, &row.label, 13.0, color);
        for (place, (&column, text)) in columns.iter().zip(&texts).enumerate() {
            let color = if row.value(column).is_ok() { color } else { weak_text };
            text_in(ui, cell(inner, columns.len() - 1 - place), Align2::RIGHT_CENTER, text, 13.0, color);
        }
    });
    let Some(at) = response.hover_pos() else { return response };
    let under = (0..columns.len()).find(|&place| cell(inner, columns.len() - 1 - place).x_range().contains(at.x));
    let hover = match under.and_then(|place| columns.get(place)) {
        None => row.label.to_string(),
        Some(&column) => match row.value(column) {
            Ok(_) => format!("{}: {}\n{}", row.label, column.text(row.value(column)), column.explanation()),
            Err(why) => format!("{}: n/a: {why}\n{}", row.label, column.explanation()),
        },
    };
    response.on_hover_text(hover)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Undefined;
    use crate::work::evaluation::Missing;

    #[test]
    fn rows_without_a_value_stand_last_whichever_way_it_is_sorted() {
        let row = |label: &str, f: Option<f64>| {
            let value = f.ok_or(Missing::Undefined(Undefined::NoReference));
            ClassRow { label: label.into(), values: [value; Column::ALL.len()] }
        };
        let rows = [row("Cat", None), row("Dog", Some(0.2)), row("Cow", Some(0.9)), row("Hot dog", Some(0.5))];
        assert_eq!(sorted(&rows, "", Some((Column::CollarF, true))), [2, 3, 1, 0]);
        assert_eq!(sorted(&rows, "", Some((Column::CollarF, false))), [1, 3, 2, 0]);
        assert_eq!(sorted(&rows, "DOG", None), [1, 3]);
    }

    #[test]
    fn columns_that_find_room_keep_their_order() {
        assert_eq!(columns(10_000.0), Column::ALL);
        assert_eq!(columns(LEAST_NAME + 3.5 * COLUMN_WIDTH), [Column::Reference, Column::Estimated, Column::CollarF]);
    }
}
