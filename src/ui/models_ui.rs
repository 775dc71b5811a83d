//! The page of models: what is installed, what can be downloaded, what goes on. Downloads, imports and removes nothing itself.

use super::import_form_ui::{self, ImportForm};
use super::published_ui::{self, Sorting};
use super::widgets::{command_button, text_in, weak};
use super::{icons, theme};
use crate::app::{Command, Request, RunningTask, Workbench, bytes_text, counted};
use crate::model::acquire::Stage;
use crate::model::download::Progress;
use crate::model::registry::ListedModel;
use crate::model::variant::{Precision, VariantNote};
use eframe::egui::{
    self, Align, Align2, Button, Key, Layout, Modifiers, Popup, ProgressBar, Rect, ScrollArea, Sense, TextEdit, Ui,
    WidgetInfo, Window, accesskit::Role, pos2, vec2,
};

/// Size of the page as long as nobody has changed it, and the least one, in points.
const FIRST_SIZE: egui::Vec2 = vec2(980.0, 640.0);
const LEAST_SIZE: egui::Vec2 = vec2(720.0, 360.0);
/// Room for the buttons at the end of a row, in points.
pub(super) const BUTTONS_WIDTH: f32 = 214.0;
/// Height of a row, in points.
pub(super) const ROW_HEIGHT: f32 = 28.0;
const PROGRESS_WIDTH: f32 = 200.0;

/// What the page keeps for itself.
#[derive(Default)]
pub struct ModelsPage {
    /// Whether it is shown.
    pub shown: bool,
    list: List,
    filter: String,
    sorting: Sorting,
    /// The model that shall be removed if that is confirmed.
    pub(super) to_remove: Option<String>,
    form: ImportForm,
}

/// Which list is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum List {
    #[default]
    Published,
    Installed,
}

/// Draws the page, if it is shown or asks for a file to import.
pub fn show(context: &egui::Context, bench: &Workbench, page: &mut ModelsPage, requests: &mut Vec<Request>) {
    let asked = bench.shelf.asked.is_some();
    if !asked && bench.shelf.tasks.is_empty() {
        // What was typed is kept only as long as it may be needed once more.
        page.form = ImportForm::default();
    }
    if !page.shown && !asked {
        return;
    }
    page.shown = true;
    if !Popup::is_any_open(context) && context.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
        page.shown = asked;
        page.to_remove = None;
        if asked {
            requests.push(Request::DropImport);
        }
    }
    let room = context.content_rect().shrink2(vec2(24.0, 48.0));
    let size = FIRST_SIZE.min(room.size());
    let mut shown = page.shown;
    let window = Window::new("Models").open(&mut shown).collapsible(false).resizable(true);
    let window = window.default_rect(Rect::from_center_size(room.center(), size)).min_size(LEAST_SIZE);
    window.constrain_to(context.content_rect()).show(context, |ui| page_ui(ui, bench, page, requests));
    if !shown && asked {
        requests.push(Request::DropImport);
    }
    page.shown = shown;
}

fn page_ui(ui: &mut Ui, bench: &Workbench, page: &mut ModelsPage, requests: &mut Vec<Request>) {
    tasks_ui(ui, bench, requests);
    if let Some(asked) = &bench.shelf.asked {
        import_form_ui::show(ui, asked, &mut page.form, requests);
        ui.separator();
    }
    ui.horizontal(|ui| {
        let published = published_ui::rows(&page.filter, Sorting::default()).len();
        let installed = installed(bench, &page.filter).len();
        for (list, name) in [
            (List::Published, format!("Published ({published})")),
            (List::Installed, format!("Installed ({installed})")),
        ] {
            if ui.selectable_label(page.list == list, name).clicked() {
                (page.list, page.to_remove) = (list, None);
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            command_button(ui, Command::ImportModel, true, requests);
            let filter = TextEdit::singleline(&mut page.filter).hint_text("Filter models").desired_width(220.0);
            ui.add(filter)
                .accessible_name("Filter models")
                .on_hover_text("Show only models whose name or description holds this");
        });
    });
    ui.add_space(theme::GRID);
    match page.list {
        List::Published => {
            published_ui::show(ui, bench, &page.filter, &mut page.sorting, &mut page.to_remove, requests);
        }
        List::Installed => installed_ui(ui, bench, page, requests),
    }
}

/// What is waiting or going on, one line each.
fn tasks_ui(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    for task in &bench.shelf.tasks {
        ui.horizontal(|ui| {
            // The rest of a bar must be seen on a white page too.
            ui.visuals_mut().extreme_bg_color = ui.visuals().text_edit_bg_color();
            match task.part() {
                Some(part) => {
                    let text = format!("{:.0} %", 100.0 * part);
                    ui.add(ProgressBar::new(part as f32).desired_width(PROGRESS_WIDTH).text(text));
                }
                None => {
                    let size = vec2(PROGRESS_WIDTH, ui.spacing().interact_size.y);
                    ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
                        ui.set_min_width(PROGRESS_WIDTH);
                        if task.stage.is_some() {
                            ui.add(egui::Spinner::new().size(16.0));
                        }
                    });
                }
            }
            let cancel = Button::new("Cancel");
            let button =
                ui.add_enabled(task.is_cancellable(), cancel).accessible_name(format!("Cancel: {}", task.title));
            let hover = match task.published {
                Some(_) => "Stop the download; what has arrived is kept, and Get continues it",
                None => "Stop it; nothing is left behind",
            };
            if button
                .on_hover_text(hover)
                .on_disabled_hover_text("An import takes a few seconds and is not stopped")
                .clicked()
            {
                requests.push(Request::CancelModelTask(task.number));
            }
            ui.add(egui::Label::new(format!("{} · {}", task.title, stage_text(task))).truncate());
        });
    }
    if !bench.shelf.tasks.is_empty() {
        ui.separator();
    }
}

/// How far a task is, in words.
pub fn stage_text(task: &RunningTask) -> String {
    match &task.stage {
        None => "waiting".to_owned(),
        Some(Stage::Importing) => "writing and trying the network".to_owned(),
        Some(Stage::Varying(_)) => "comparing it with its model on the bundled example".to_owned(),
        Some(Stage::Fetching(progress)) => fetching_text(progress),
    }
}

/// `3.2 MB of 15.5 MB · 1.1 MB/s · 12 s left`.
pub(super) fn fetching_text(at: &Progress) -> String {
    let mut parts = vec![match at.total {
        Some(total) => format!("{} of {}", bytes_text(at.bytes), bytes_text(total)),
        None => bytes_text(at.bytes),
    }];
    if at.failed_attempts > 0 {
        parts.push("the connection broke, trying again".to_owned());
    } else if at.bytes_per_sec >= 1.0 {
        parts.push(format!("{}/s", bytes_text(at.bytes_per_sec as u64)));
        if let Some(total) = at.total {
            let left_secs = total.saturating_sub(at.bytes) as f64 / at.bytes_per_sec;
            parts.push(match left_secs.ceil() {
                secs if secs < 120.0 => format!("{secs:.0} s left"),
                secs => format!("{:.0} min left", (secs / 60.0).ceil()),
            });
        }
    }
    parts.join(" · ")
}

fn installed<'a>(bench: &'a Workbench, filter: &str) -> Vec<&'a ListedModel> {
    let wanted = filter.trim().to_lowercase();
    let fits = |listed: &&ListedModel| {
        let summary = listed.folder.as_ref().map(|folder| folder.manifest.summary.to_lowercase()).unwrap_or_default();
        listed.id.to_lowercase().contains(&wanted) || summary.contains(&wanted)
    };
    bench.models.iter().filter(fits).collect()
}

fn installed_ui(ui: &mut Ui, bench: &Workbench, page: &mut ModelsPage, requests: &mut Vec<Request>) {
    let models = installed(bench, &page.filter);
    if models.is_empty() {
        ui.label(weak(if bench.models.is_empty() { "No model is installed" } else { "No model fits the filter" }));
    }
    ScrollArea::vertical().auto_shrink([false, false]).show_rows(ui, ROW_HEIGHT, models.len(), |ui, range| {
        for listed in models.get(range).unwrap_or_default() {
            installed_row(ui, bench, listed, &mut page.to_remove, requests);
        }
    });
}

fn installed_row(
    ui: &mut Ui,
    bench: &Workbench,
    listed: &ListedModel,
    to_remove: &mut Option<String>,
    requests: &mut Vec<Request>,
) {
    let is_chosen = bench.settings.model == listed.id;
    let (licence, summary) = match &listed.folder {
        Ok(folder) => (folder.manifest.licence.clone(), folder.manifest.summary.clone()),
        Err(error) => ("–".to_owned(), format!("cannot be used: {error}")),
    };
    let rect = row(ui, &format!("Installed: {}", listed.id), is_chosen, &installed_hover(listed));
    let color = ui.visuals().text_color();
    let weak_color = theme::colors(ui.visuals()).weak_text;
    let widths = (0.30 * rect.width(), 0.22 * rect.width());
    let cell = |left: f32, width: f32| {
        Rect::from_min_size(pos2(rect.left() + left, rect.top()), vec2(width - 12.0, rect.height()))
    };
    text_in(ui, cell(0.0, widths.0), Align2::LEFT_CENTER, &listed.id, 13.0, color);
    let summary_width = rect.width() - BUTTONS_WIDTH - widths.0 - widths.1;
    text_in(ui, cell(widths.0, summary_width), Align2::LEFT_CENTER, &summary, 13.0, weak_color);
    text_in(ui, cell(widths.0 + summary_width, widths.1), Align2::LEFT_CENTER, &licence, 13.0, weak_color);
    buttons(ui, rect, |ui| {
        installed_buttons(ui, bench, listed, to_remove, requests);
    });
}

fn installed_hover(listed: &ListedModel) -> String {
    let place = listed.path.display();
    match &listed.folder {
        Ok(folder) => {
            let manifest = &folder.manifest;
            let variant = folder.variant.iter().flat_map(VariantNote::lines);
            let variant = variant.map(|(word, line)| format!("\n{word}: {line}")).collect::<String>();
            let classes = match folder.labels.len() {
                1 => "1 class".to_owned(),
                count => format!("{count} classes"),
            };
            format!(
                "{}\n{classes} · version {}\nLicence: {}\nBy {}{variant}\n{place}",
                manifest.summary, manifest.version, manifest.licence, manifest.attribution
            )
        }
        Err(error) => format!("{error}\n{place}"),
    }
}

/// Buttons for a model that is installed, from right to left: remove it, use it, make a variant of it.
pub(super) fn installed_buttons(
    ui: &mut Ui,
    bench: &Workbench,
    listed: &ListedModel,
    to_remove: &mut Option<String>,
    requests: &mut Vec<Request>,
) {
    let id = &listed.id;
    if to_remove.as_deref() == Some(id) {
        if ui.button("Keep").accessible_name(format!("Keep {id}")).clicked() {
            *to_remove = None;
        }
        let hover = "Remove its folder for good; a published model can be downloaded again";
        let button = ui.button("Remove for good").accessible_name(format!("Remove {id} for good"));
        if button.on_hover_text(hover).clicked() {
            requests.push(Request::RemoveModel(id.clone()));
            *to_remove = None;
        }
        return;
    }
    let is_own = bench.shelf.is_own(listed);
    let button = ui.add_enabled(is_own, Button::new(icons::TRASH)).accessible_name(format!("Remove {id}"));
    let hover = format!("Remove {id} from your models");
    if button
        .on_hover_text(hover)
        .on_disabled_hover_text("Not in your own folder of models: it is not removed here")
        .clicked()
    {
        *to_remove = Some(id.clone());
    }
    if bench.settings.model == *id {
        ui.label(weak(format!("{} In use", icons::CHECK))).on_hover_text("The next detection runs this model");
    } else if ui
        .add_enabled(listed.folder.is_ok(), Button::new("Use"))
        .accessible_name(format!("Use {id}"))
        .on_hover_text("Let the next detection run this model")
        .clicked()
    {
        requests.push(Request::SetModel(id.clone()));
    }
    variant_menu(ui, bench, listed, requests);
}

/// What smaller numbers there are to compute in; nothing for what cannot be used, or is a variant itself.
fn variant_menu(ui: &mut Ui, bench: &Workbench, listed: &ListedModel, requests: &mut Vec<Request>) {
    if !listed.folder.as_ref().is_ok_and(|folder| folder.variant.is_none()) {
        return;
    }
    let menu = ui.menu_button("Variant", |ui| {
        for (precision, name, hover) in [
            (
                Precision::Float16,
                "float16: half the size",
                "16-bit floats: faster on graphics cards, hardly on processors",
            ),
            (
                Precision::Int8,
                "int8: a quarter of the size",
                "8-bit whole numbers: faster on processors; scores change more",
            ),
        ] {
            let is_there = bench.models.iter().any(|model| model.id == format!("{}-{precision}", listed.id));
            let button = ui.add_enabled(!is_there, Button::new(name));
            let button = button.on_hover_text(hover).on_disabled_hover_text("It is there already");
            if button.clicked() {
                requests.push(Request::VaryModel(listed.id.clone(), precision));
            }
        }
    });
    let hover = "Make a model of it that computes in smaller numbers, and see on the bundled example what that changes";
    menu.response.accessible_name(format!("Variants of {}", listed.id)).on_hover_text(hover);
}

/// A row of a list over the whole width: its ground, its name for screen readers, what it tells under the pointer.
pub(super) fn row(ui: &mut Ui, name: &str, selected: bool, hover: &str) -> Rect {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_HEIGHT), Sense::hover());
    response.widget_info(|| WidgetInfo::selected(Role::ListItem, true, selected, name));
    if selected {
        ui.painter().rect_filled(rect, 4.0, ui.visuals().selection.bg_fill.gamma_multiply(0.5));
    } else if response.hovered() {
        ui.painter().rect_filled(rect, 4.0, ui.visuals().widgets.hovered.weak_bg_fill.gamma_multiply(0.4));
    }
    if !hover.is_empty() {
        response.on_hover_text(hover);
    }
    rect.shrink2(vec2(6.0, 0.0))
}

/// Room for buttons at the end of a row, filled from the right.
pub(super) fn buttons(ui: &mut Ui, row: Rect, add: impl FnOnce(&mut Ui)) {
    let place = Rect::from_min_max(pos2(row.right() - BUTTONS_WIDTH, row.top()), row.max);
    let builder = egui::UiBuilder::new().max_rect(place).layout(Layout::right_to_left(Align::Center));
    ui.scope_builder(builder, add);
}

/// For the bar at the bottom: what goes on, in a few words.
pub fn short_text(bench: &Workbench) -> Option<String> {
    let tasks = &bench.shelf.tasks;
    let first = tasks.iter().find(|task| task.stage.is_some()).or_else(|| tasks.first())?;
    let part = first.part().map(|part| format!(" · {:.0} %", 100.0 * part)).unwrap_or_default();
    let more = if tasks.len() > 1 { format!(" · {} more", counted(tasks.len() - 1, "task")) } else { String::new() };
    Some(format!("{}{part}{more}", first.title))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_told_as_far_as_it_is_known() {
        let at = Progress { bytes: 3_200_000, total: Some(15_500_000), bytes_per_sec: 1.1e6, failed_attempts: 0 };
        assert_eq!(fetching_text(&at), "3.2 MB of 15.5 MB · 1.1 MB/s · 12 s left");
        assert_eq!(fetching_text(&Progress { total: None, bytes_per_sec: 0.0, ..at }), "3.2 MB");
        let broken = Progress { failed_attempts: 2, ..at };
        assert_eq!(fetching_text(&broken), "3.2 MB of 15.5 MB · the connection broke, trying again");
    }
}
