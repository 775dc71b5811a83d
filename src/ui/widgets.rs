//! Small controls that several panels share.

use super::theme;
use crate::app::{Choosing, Command, Request, Workbench};
use eframe::egui::{self, Align2, Button, Color32, Response, RichText, Sense, Ui, WidgetInfo, accesskit::Role, vec2};

/// A button that shows only a command's icon; its name, sentence and key are in the tooltip.
pub fn icon_button(ui: &mut Ui, command: Command, enabled: bool, requests: &mut Vec<Request>) -> Response {
    icon_button_showing(ui, command, command.icon(), enabled, false, requests)
}

/// The same with another icon, and lit if it is on.
pub fn icon_button_showing(
    ui: &mut Ui,
    command: Command,
    icon: &str,
    enabled: bool,
    on: bool,
    requests: &mut Vec<Request>,
) -> Response {
    let button =
        Button::new(RichText::new(icon).size(16.0)).selected(on).min_size(vec2(28.0, 28.0)).frame_when_inactive(on);
    let response = ui.add_enabled(enabled, button).accessible_name(command.name());
    let hover = command.hover_text(ui.ctx());
    let response = response.on_hover_text(hover.clone()).on_disabled_hover_text(hover);
    if response.clicked() {
        requests.push(Request::Do(command));
    }
    response
}

/// A button with icon and name.
pub fn command_button(ui: &mut Ui, command: Command, enabled: bool, requests: &mut Vec<Request>) -> Response {
    let text = if command.icon().is_empty() {
        command.name().to_owned()
    } else {
        format!("{} {}", command.icon(), command.name())
    };
    let response = ui.add_enabled(enabled, Button::new(text)).accessible_name(command.name());
    let hover = command.hover_text(ui.ctx());
    let response = response.on_hover_text(hover.clone()).on_disabled_hover_text(hover);
    if response.clicked() {
        requests.push(Request::Do(command));
    }
    response
}

/// A line of a menu: name and key, lit if it is something that is switched on.
pub fn menu_line(ui: &mut Ui, bench: &Workbench, command: Command, requests: &mut Vec<Request>) {
    let name = match bench.is_on(command) {
        Some(true) => format!("{}  {}", super::icons::CHECK, command.name()),
        Some(false) => format!("{}  {}", super::icons::UNCHECKED, command.name()),
        None => command.name().to_owned(),
    };
    let button = Button::new(name).shortcut_text(command.key_text(ui.ctx())).min_size(vec2(0.0, theme::ROW_HEIGHT));
    let response =
        ui.add_enabled(bench.can(command), button).accessible_name(command.name()).on_hover_text(command.tooltip());
    if response.clicked() {
        requests.push(Request::Do(command));
        ui.close();
    }
}

/// How what is clicked joins the selection: with Shift all up to it, with Ctrl it too.
pub fn choosing(modifiers: egui::Modifiers) -> Choosing {
    match (modifiers.shift, modifiers.command) {
        (true, _) => Choosing::Extend,
        (false, true) => Choosing::Toggle,
        (false, false) => Choosing::Only,
    }
}

/// Secondary text.
pub fn weak(text: impl Into<String>) -> RichText {
    RichText::new(text).weak()
}

/// The title of a section within a panel.
pub fn section(ui: &mut Ui, title: &str) {
    ui.add_space(theme::GRID);
    ui.label(RichText::new(title).family(theme::medium()));
}

/// A filled square in a label's colour.
pub fn swatch(ui: &mut Ui, color: Color32) {
    let (rect, _) = ui.allocate_exact_size(vec2(12.0, theme::ROW_HEIGHT), Sense::hover());
    ui.painter().rect_filled(egui::Rect::from_center_size(rect.center(), vec2(10.0, 10.0)), 2.0, color);
}

/// A row of a list: `paint` draws into it, `name` is what a screen reader says.
pub fn list_row(ui: &mut Ui, name: &str, selected: bool, paint: impl FnOnce(&Ui, egui::Rect)) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), theme::ROW_HEIGHT), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::ListItem, true, selected, name));
    let visuals = ui.visuals();
    if selected {
        ui.painter().rect_filled(rect, 4.0, visuals.selection.bg_fill);
    } else if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, 4.0, visuals.widgets.hovered.weak_bg_fill);
    }
    if ui.is_rect_visible(rect) {
        paint(ui, rect.shrink2(vec2(6.0, 0.0)));
    }
    response
}

/// Text on one line, cut with `…` where the width ends; returns the width it took.
pub fn text_in(ui: &Ui, rect: egui::Rect, align: Align2, text: &str, size: f32, color: Color32) -> f32 {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), egui::FontId::proportional(size), color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(rect.width().max(0.0));
    let galley = ui.painter().layout_job(job);
    let place = align.align_size_within_rect(galley.size(), rect);
    ui.painter().galley(place.min, galley.clone(), color);
    galley.size().x
}
