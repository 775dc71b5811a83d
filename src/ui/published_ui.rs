//! The table of published models: their authors' numbers, sorted and filtered, and a button to get each. Downloads nothing itself.

use super::models_ui::{BUTTONS_WIDTH, ROW_HEIGHT, buttons, installed_buttons, row};
use super::widgets::{text_in, weak};
use super::{icons, theme};
use crate::app::{Request, RunningTask, Workbench, bytes_text};
use crate::model::catalogue::{self, PSDS1_MEANING, Published, Training};
use eframe::egui::{
    Align2, Button, CursorIcon, Label, Rect, ScrollArea, Sense, Ui, WidgetInfo, accesskit::Role, pos2, vec2,
};

/// Room for the one button of a model that is not installed, in points.
const ONE_BUTTON_WIDTH: f32 = 84.0;

/// What a table can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Name,
    Psds1,
    Parameters,
    Macs,
}

impl Column {
    fn title(self) -> &'static str {
        match self {
            Self::Name => "Model",
            Self::Psds1 => "PSDS1",
            Self::Parameters => "Parameters",
            Self::Macs => "MACs",
        }
    }

    fn hover(self) -> String {
        match self {
            Self::Name => "The checkpoint's name".to_owned(),
            Self::Psds1 => format!("How good it is: greater is better. {PSDS1_MEANING}"),
            Self::Parameters => "How large it is: numbers that were learnt, in millions".to_owned(),
            Self::Macs => {
                "How much it computes: multiplications and additions for a clip of 10 s in thousand millions, as the paper counts them; \
                 a GRU's recurrence is left out"
                    .to_owned()
            }
        }
    }

    /// Where it stands in a row of this width: left end and width, in points.
    fn place(self, row_width: f32) -> (f32, f32) {
        let numbers = [70.0, 88.0, 78.0];
        let name = (0.36 * (row_width - BUTTONS_WIDTH)).clamp(200.0, 290.0);
        match self {
            Self::Name => (0.0, name),
            Self::Psds1 => (name, numbers[0]),
            Self::Parameters => (name + numbers[0], numbers[1]),
            Self::Macs => (name + numbers[0] + numbers[1], numbers[2]),
        }
    }

    const ALL: [Self; 4] = [Self::Name, Self::Psds1, Self::Parameters, Self::Macs];
}

/// By what the table is sorted, and which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sorting {
    column: Column,
    is_descending: bool,
}

impl Default for Sorting {
    /// The best first.
    fn default() -> Self {
        Self { column: Column::Psds1, is_descending: true }
    }
}

/// The published models that fit the filter, sorted; what is not known stands last in any order.
pub(super) fn rows(filter: &str, sorting: Sorting) -> Vec<&'static Published> {
    let wanted: Vec<String> = filter.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let fits = |model: &&Published| {
        let text = format!("{} {}", model.name, model.remark).to_lowercase();
        wanted.iter().all(|word| text.contains(word))
    };
    let mut models: Vec<&Published> = catalogue::published().iter().filter(fits).collect();
    let key = |model: &Published| match sorting.column {
        Column::Name => None,
        Column::Psds1 => model.psds1,
        Column::Parameters => model.parameters.map(|quantity| quantity.value as f64),
        Column::Macs => model.macs.map(|quantity| quantity.value as f64),
    };
    models.sort_by(|a, b| {
        let direction = |order: std::cmp::Ordering| if sorting.is_descending { order.reverse() } else { order };
        match (key(a), key(b)) {
            _ if sorting.column == Column::Name => direction(a.name.cmp(b.name)),
            (Some(a), Some(b)) => direction(a.total_cmp(&b)),
            (a, b) => b.is_some().cmp(&a.is_some()),
        }
    });
    models
}

/// Draws the table.
pub(super) fn show(
    ui: &mut Ui,
    bench: &Workbench,
    filter: &str,
    sorting: &mut Sorting,
    to_remove: &mut Option<String>,
    requests: &mut Vec<Request>,
) {
    header(ui, sorting);
    let models = rows(filter, *sorting);
    if models.is_empty() {
        ui.label(weak("No published model fits the filter"));
    }
    let note = format!("≈ read off the paper's figure. {PSDS1_MEANING}");
    let note_height = if ui.available_width() > 800.0 { 24.0 } else { 42.0 };
    let height = (ui.available_height() - note_height).max(3.0 * ROW_HEIGHT);
    let area = ScrollArea::vertical().auto_shrink([false, false]).max_height(height);
    area.show_rows(ui, ROW_HEIGHT, models.len(), |ui, range| {
        for model in models.get(range).unwrap_or_default() {
            model_row(ui, bench, model, to_remove, requests);
        }
    });
    ui.add(Label::new(weak(note)).wrap());
}

fn header(ui: &mut Ui, sorting: &mut Sorting) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
    let rect = rect.shrink2(vec2(6.0, 0.0));
    let color = theme::colors(ui.visuals()).weak_text;
    for column in Column::ALL {
        let place = cell(rect, column.place(rect.width()));
        let response = ui.interact(place, ui.scope_id().with(("sort by", column.title())), Sense::click());
        let name = format!("Sort by {}", column.title());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
        let is_sorted = sorting.column == column;
        let arrow = match (is_sorted, sorting.is_descending) {
            (false, _) => "",
            (true, true) => icons::CARET_DOWN,
            (true, false) => icons::CARET_UP,
        };
        let is_lit = is_sorted || response.hovered() || response.has_focus();
        let color = if is_lit { ui.visuals().strong_text_color() } else { color };
        let (align, text) = match column {
            Column::Name => (Align2::LEFT_CENTER, format!("{} {arrow}", column.title())),
            _ => (Align2::RIGHT_CENTER, format!("{arrow} {}", column.title())),
        };
        text_in(ui, place, align, text.trim(), 12.0, color);
        if response.clicked() {
            let is_descending = if is_sorted { !sorting.is_descending } else { column == Column::Psds1 };
            *sorting = Sorting { column, is_descending };
        }
        response.on_hover_text(format!("{name}\n{}", column.hover())).on_hover_cursor(CursorIcon::PointingHand);
    }
    let (left, width) = licence_place(rect.width());
    text_in(ui, cell(rect, (left, width)), Align2::LEFT_CENTER, "Licence", 12.0, color);
    text_in(ui, cell(rect, remark_place(rect.width())), Align2::LEFT_CENTER, "Remark", 12.0, color);
}

fn licence_place(row_width: f32) -> (f32, f32) {
    let (left, width) = Column::Macs.place(row_width);
    (left + width + 8.0, 60.0)
}

fn remark_place(row_width: f32) -> (f32, f32) {
    let (left, width) = licence_place(row_width);
    (left + width, (row_width - BUTTONS_WIDTH - left - width).max(0.0))
}

fn cell(row: Rect, (left, width): (f32, f32)) -> Rect {
    Rect::from_min_size(pos2(row.left() + left, row.top()), vec2((width - 8.0).max(0.0), row.height()))
}

fn model_row(
    ui: &mut Ui,
    bench: &Workbench,
    model: &'static Published,
    to_remove: &mut Option<String>,
    requests: &mut Vec<Request>,
) {
    let listed = bench.models.iter().find(|listed| listed.id == model.name);
    let is_chosen = listed.is_some_and(|listed| listed.id == bench.settings.model);
    let numbers = Numbers::of(model);
    let spoken = format!(
        "{}: PSDS1 {}, {} parameters, {} MACs{}",
        model.name,
        numbers.psds1,
        numbers.parameters,
        numbers.macs,
        if listed.is_some() { ", installed" } else { "" }
    );
    let rect = row(ui, &spoken, is_chosen, &hover(model));
    let color = ui.visuals().text_color();
    let weak_color = theme::colors(ui.visuals()).weak_text;
    let name_color = if model.is_released() { color } else { weak_color };
    let texts = [model.name, &numbers.psds1, &numbers.parameters, &numbers.macs];
    for (column, text) in Column::ALL.into_iter().zip(texts) {
        let align = if column == Column::Name { Align2::LEFT_CENTER } else { Align2::RIGHT_CENTER };
        let color = if column == Column::Name { name_color } else { color };
        text_in(ui, cell(rect, column.place(rect.width())), align, text, 13.0, color);
    }
    let licence = model.checkpoint.map_or("–", |checkpoint| checkpoint.licence);
    text_in(ui, cell(rect, licence_place(rect.width())), Align2::LEFT_CENTER, licence, 13.0, weak_color);
    let (left, mut width) = remark_place(rect.width());
    if listed.is_none() && bench.shelf.getting(model).is_none() {
        // One button leaves room.
        width = (rect.width() - ONE_BUTTON_WIDTH - left).max(0.0);
    }
    text_in(ui, cell(rect, (left, width)), Align2::LEFT_CENTER, model.remark, 13.0, weak_color);
    buttons(ui, rect, |ui| match (listed, bench.shelf.getting(model)) {
        (_, Some(task)) => getting_ui(ui, model, task, requests),
        (Some(listed), None) => installed_buttons(ui, bench, listed, to_remove, requests),
        (None, None) => get_button(ui, model, requests),
    });
}

/// A download under way, from right to left: stop it, how far it is.
fn getting_ui(ui: &mut Ui, model: &Published, task: &RunningTask, requests: &mut Vec<Request>) {
    let button = ui.add_enabled(task.is_cancellable(), Button::new("Cancel"));
    if button.accessible_name(format!("Cancel {}", model.name)).clicked() {
        requests.push(Request::CancelModelTask(task.number));
    }
    let text = match (task.part(), task.stage) {
        (Some(part), _) => format!("{:.0} %", 100.0 * part),
        (None, None) => "Waiting".to_owned(),
        (None, Some(_)) => "Getting".to_owned(),
    };
    ui.label(weak(text));
}

fn get_button(ui: &mut Ui, model: &'static Published, requests: &mut Vec<Request>) {
    let Some(checkpoint) = &model.checkpoint else {
        ui.label(weak("Not released"))
            .on_hover_text("Its authors released no checkpoint: only what they measured is known");
        return;
    };
    let length = checkpoint.bytes.map(|bytes| format!(", {}", bytes_text(bytes))).unwrap_or_default();
    let button = ui.button(format!("{} Get", icons::CLOUD_DOWNLOAD)).accessible_name(format!("Get {}", model.name));
    let hover = format!("Download {}{length} from\n{}\nand make a model of it", checkpoint.file, checkpoint.address);
    if button.on_hover_text(hover).clicked() {
        requests.push(Request::GetModel(model.name));
    }
}

/// A model's numbers as text.
struct Numbers {
    psds1: String,
    parameters: String,
    macs: String,
}

impl Numbers {
    fn of(model: &Published) -> Self {
        let unknown = || "–".to_owned();
        let mark = if model.psds1_is_read_off { "≈ " } else { "" };
        Self {
            psds1: model.psds1.map_or_else(unknown, |score| format!("{mark}{score:.2}")),
            parameters: model.parameters.map_or_else(unknown, |count| format!("{:.2} M", count.value as f64 / 1e6)),
            macs: model.macs.map_or_else(unknown, |count| format!("{:.2} G", count.value as f64 / 1e9)),
        }
    }
}

fn hover(model: &Published) -> String {
    let mut lines = vec![match model.training {
        Training::Strong => "447 classes of AudioSet Strong, 25 scores a second".to_owned(),
        Training::AdvancedDistillation => {
            "447 classes of AudioSet Strong, 25 scores a second; trained on AudioSet Weak too".to_owned()
        }
        Training::Weak => "527 tags of whole clips, as a start for training: not for finding events".to_owned(),
    }];
    if model.psds1_is_read_off {
        lines.push("PSDS1 is read off the paper's figure (about ±0.05)".to_owned());
    }
    if let Some(more) = model.macs_not_counted {
        lines.push(format!("The recurrence adds {:.2} G MACs that the paper does not count", more.value as f64 / 1e9));
    }
    if !model.remark.is_empty() {
        lines.push(model.remark.to_owned());
    }
    if let Some(checkpoint) = &model.checkpoint {
        lines.push(format!("Licence {} · {}", checkpoint.licence, checkpoint.address));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_both_ways_and_what_is_not_known_stands_last() {
        let names = |column, is_descending| -> Vec<&str> {
            rows("", Sorting { column, is_descending }).iter().map(|model| model.name).collect()
        };
        let best = names(Column::Psds1, true);
        assert_eq!((best[0], best.len()), ("fmn30+gru-768_strong", catalogue::published().len()));
        assert!(best[best.len() - 1].ends_with("_weak"));
        assert_eq!(names(Column::Psds1, false)[0], "fmn04_strong");
        assert!(names(Column::Psds1, false).last().unwrap().ends_with("_weak"));
        assert_eq!(names(Column::Parameters, false)[0], "fmn04_strong");
        assert_eq!(names(Column::Macs, false)[0], "fmn04+gru-104_strong");
        assert_eq!(names(Column::Macs, true)[0], "fmn10+tcn-1024");
        assert_eq!(names(Column::Name, false)[0], "fmn04+gru-104_strong");
    }

    #[test]
    fn each_word_of_the_filter_must_fit() {
        let fitting = rows("fmn10 GRU", Sorting::default());
        assert_eq!(fitting.len(), 4);
        assert!(fitting.iter().all(|model| model.name.starts_with("fmn10+gru")));
        assert!(rows("zebra", Sorting::default()).is_empty());
    }

    #[test]
    fn columns_stand_beside_each_other_also_in_a_narrow_page() {
        for width in [660.0, 900.0, 1600.0] {
            let ends = Column::ALL.map(|column| column.place(width));
            for pair in ends.windows(2) {
                assert_eq!(pair[0].0 + pair[0].1, pair[1].0);
            }
            let (left, room) = remark_place(width);
            assert!(room >= 0.0 && left + room <= width - BUTTONS_WIDTH + 60.0, "{width}: {left} + {room}");
        }
    }
}
