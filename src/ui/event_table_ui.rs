//! The events of the recording as a table, in step with the picture.

use super::filter_ui::{self, FilterRow};
use super::long_list::LongList;
use super::widgets::{choosing, list_row, text_in, weak};
use super::{Panels, event_ui, icons, theme};
use crate::annotation::{Band, Status};
use crate::app::{Choosing, Mark, Request, Target, TimeUnit, Workbench};
use eframe::egui::{Align2, Rect, ScrollArea, Ui, vec2};

/// How wide the bar at the left of a selected row is, in points.
const SELECTED_BAR: f32 = 3.0;

/// Where columns begin and how wide they are, as shares of the row.
type Columns = &'static [(&'static str, f32, f32)];
const COLUMNS: Columns = &[("Onset", 0.10, 0.21), ("Offset", 0.31, 0.21), ("Label", 0.52, 0.34), ("Score", 0.86, 0.14)];
/// With times of day and samples, which are longer.
const WIDE_COLUMNS: Columns =
    &[("Onset", 0.09, 0.28), ("Offset", 0.37, 0.28), ("Label", 0.65, 0.24), ("Score", 0.89, 0.11)];
/// Where events have frequencies.
const BAND_COLUMNS: Columns = &[
    ("Onset", 0.09, 0.18),
    ("Offset", 0.27, 0.18),
    ("Label", 0.45, 0.19),
    ("Score", 0.64, 0.11),
    ("Low Hz", 0.75, 0.125),
    ("High Hz", 0.875, 0.125),
];
const WIDE_BAND_COLUMNS: Columns = &[
    ("Onset", 0.08, 0.23),
    ("Offset", 0.31, 0.23),
    ("Label", 0.54, 0.15),
    ("Score", 0.69, 0.09),
    ("Low Hz", 0.78, 0.11),
    ("High Hz", 0.89, 0.11),
];

/// In a row narrower than this, in points, labels get the room of the frequencies, which the selected event tells above the table.
const ROOM_FOR_BANDS: f32 = 440.0;

fn columns(bench: &Workbench, row_width: f32) -> Columns {
    let is_wide = matches!(bench.time_axis().shown_unit(), TimeUnit::Clock | TimeUnit::Samples);
    match (bench.marks.has_bands() && row_width >= ROOM_FOR_BANDS, is_wide) {
        (false, false) => COLUMNS,
        (false, true) => WIDE_COLUMNS,
        (true, false) => BAND_COLUMNS,
        (true, true) => WIDE_BAND_COLUMNS,
    }
}

/// What the table keeps for itself.
#[derive(Default)]
pub struct EventTable {
    list: LongList,
    /// What was brought into view last.
    revealed: Option<Target>,
    /// The event in the first row, when the marks were as they were at that revision: it keeps its place while others come and go.
    anchor: Option<(u64, Target)>,
    filter: FilterRow,
}

/// Draws the selected event, and the table under it.
pub fn show(ui: &mut Ui, bench: &Workbench, panels: &mut Panels, requests: &mut Vec<Request>) {
    // The table keeps its room.
    let most = (0.6 * ui.available_height()).max(180.0);
    let area = ScrollArea::vertical().id_salt("selected event").max_height(most).auto_shrink([false, true]);
    area.show(ui, |ui| event_ui::show(ui, bench, &mut panels.event, requests));
    ui.separator();
    let table = &mut panels.table;
    filter_ui::show(ui, bench, &mut table.filter, requests);
    summary(ui, bench, requests);
    let columns = columns(bench, ui.available_width());
    header(ui, columns);
    let marks = &bench.marks;
    let rows = marks.shown_len();
    if let Some((revision, target)) = table.anchor
        && revision != marks.revision()
        && let Some(place) = marks.shown_before(target)
    {
        table.list.keep_first(place);
    }
    let selected = bench.selected.and_then(|selected| marks.shown_place(selected));
    if bench.selected != table.revealed {
        selected.into_iter().for_each(|row| table.list.reveal(row));
        table.revealed = bench.selected;
    }
    let shown = table.list.show(ui, "Events", rows, |ui, rows| {
        for mark in marks.shown_from(rows.start).take(rows.len()) {
            row_ui(ui, bench, (mark, columns), requests);
        }
    });
    table.anchor = marks.shown_at(shown.start).map(|mark| (marks.revision(), mark.target));
}

fn summary(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    let marks = &bench.marks;
    let (all, shown) = (marks.len(), marks.shown_len());
    if shown < all {
        ui.horizontal(|ui| {
            ui.label(weak(format!("{} of {} shown", grouped(shown), grouped(all))));
            let button = ui.link("Show all").on_hover_text("Show all events again: no filter, all classes");
            if button.clicked() {
                filter_ui::show_all(bench, requests);
            }
        });
        return;
    }
    let text = match (all, marks.count(Status::Predicted)) {
        (0, _) => "No events yet".to_owned(),
        (all, 0) => format!("{}, all decided", counted_grouped(all)),
        (all, undecided) => format!("{}, {} undecided", counted_grouped(all), grouped(undecided)),
    };
    ui.label(weak(text));
}

fn counted_grouped(count: usize) -> String {
    format!("{} event{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// A number with a comma after every third digit from the right.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn header(ui: &mut Ui, columns: Columns) {
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

fn row_ui(ui: &mut Ui, bench: &Workbench, (mark, columns): (&Mark, Columns), requests: &mut Vec<Request>) {
    let selected = bench.is_selected(mark.target);
    let response = list_row(ui, &format!("{} in the table", mark.spoken()), selected, |ui, rect| {
        if selected {
            let bar = Rect::from_min_size(rect.left_top() - vec2(6.0, 0.0), vec2(SELECTED_BAR, rect.height()));
            ui.painter().rect_filled(bar, 0.0, theme::colors(ui.visuals()).accent);
        }
        super::batch_ui::behind_row(ui, bench, mark, rect);
        let (icon, color) = state_icon(ui, mark.state);
        text_in(ui, rect, Align2::LEFT_CENTER, icon, 14.0, color);
        let text_color = ui.visuals().text_color();
        let axis = bench.time_axis();
        let score = mark.score.map(|score| format!("{score:.2}")).unwrap_or_default();
        let offset = if mark.is_point { "point".to_owned() } else { axis.text(mark.span.offset_secs) };
        let hz = |hz: fn(Band) -> f64| mark.band.map(|band| format!("{:.0}", hz(band))).unwrap_or_default();
        let labels = mark.more_labels.iter().fold(mark.label.to_string(), |labels, more| format!("{labels} + {more}"));
        let texts =
            [axis.text(mark.span.onset_secs), offset, labels, score, hz(|band| band.low_hz), hz(|band| band.high_hz)];
        for (place, (text, (_, left, width))) in texts.iter().zip(columns).enumerate() {
            let mut area = cell(rect, *left, *width);
            if place == 2 {
                let dot = Rect::from_center_size(area.left_center() + vec2(4.0, 0.0), vec2(8.0, 8.0));
                ui.painter().rect_filled(dot, 2.0, theme::label_color_on(ui.visuals(), bench.label_place(&mark.label)));
                area.min.x += 14.0;
            }
            text_in(ui, area, Align2::LEFT_CENTER, text, 13.0, text_color);
        }
    });
    let choosing = choosing(ui.input(|input| input.modifiers));
    if response.clicked() && choosing == Choosing::Only {
        requests.push(Request::SelectAndReveal(mark.target));
    } else if response.clicked() {
        requests.push(Request::SelectMore(mark.target, choosing));
    }
    if response.double_clicked() && choosing == Choosing::Only {
        requests.push(Request::Do(crate::app::Command::PlayEvent));
    }
    response.on_hover_ui(|ui| {
        let changed = bench.changed_text_of(mark.target).map(|text| format!("\nChanged by {text}")).unwrap_or_default();
        ui.label(format!(
            "{}{changed}\nClick to show, double-click to play; Ctrl+click or Shift+click to select more",
            mark.spoken()
        ));
    });
}

/// The state as an icon, told by shape as well as colour.
pub(super) fn state_icon(ui: &Ui, state: Status) -> (&'static str, eframe::egui::Color32) {
    let colors = theme::colors(ui.visuals());
    match state {
        Status::Predicted => (icons::STATE_PREDICTED, colors.accent),
        Status::Accepted => (icons::CHECK, colors.success),
        Status::Corrected => (icons::DONE, colors.success),
        Status::Rejected => (icons::CROSS, colors.weak_text),
        Status::Uncertain => (icons::QUESTION, colors.warning),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_grouped() {
        let texts = [0, 12, 999, 1000, 123_456, 1_000_000].map(grouped);
        assert_eq!(texts, ["0", "12", "999", "1,000", "123,456", "1,000,000"]);
    }
}
