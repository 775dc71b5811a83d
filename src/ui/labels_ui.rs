//! The labels below the recordings: colour, key, name, how many events, whether they are shown. Changes nothing itself.

use super::label_menu_ui::{self, LabelForm};
use super::widgets::{section, text_in, weak};
use super::{icons, theme};
use crate::app::{Command, LabelRequest, Request, Workbench, counted};
use eframe::egui::{
    self, Align, Align2, Button, EventFilter, FontId, Frame, Id, Key, Layout, Margin, Modifiers, Panel, Rect, Response,
    RichText, ScrollArea, Sense, Stroke, StrokeKind, TextEdit, Ui, WidgetInfo, accesskit::Role, pos2, vec2,
};
use std::sync::Arc;

/// From so many labels on, the list can be searched.
const MANY: usize = 12;
/// Width of the eye at the end of a row, in points.
const EYE_WIDTH: f32 = 22.0;

/// What the panel keeps for itself.
#[derive(Default)]
pub struct LabelsPanel {
    filter: String,
    /// The places of the labels that fit the filter, and what they were found for.
    found: Vec<usize>,
    found_for: (String, u64),
    /// The label that is dragged to another place.
    dragged: Option<Arc<str>>,
    /// The row that is to be brought into view.
    reveal: Option<usize>,
    /// The label that gets another name, while that is typed.
    pub(super) form: Option<LabelForm>,
    /// Something about labels is open that Escape closes.
    pub(super) takes_escape: bool,
}

impl LabelsPanel {
    /// Finds the labels that have what was typed, if something has changed.
    fn find(&mut self, bench: &Workbench) {
        let wanted = (self.filter.trim().to_lowercase(), bench.label_stamp());
        if self.found_for != wanted {
            let fits = |(place, label): (usize, &Arc<str>)| label.to_lowercase().contains(&wanted.0).then_some(place);
            self.found = bench.listed_labels().iter().enumerate().filter_map(fits).collect();
            self.found_for = wanted;
        }
    }
}

/// Draws the panel at the foot of the one that `ui` is.
pub fn panel(ui: &mut Ui, bench: &Workbench, panel: &mut LabelsPanel, requests: &mut Vec<Request>) {
    let rows = bench.listed_labels().len();
    let height = |most: usize, share: f32| {
        (rows.clamp(2, most) as f32 * (theme::ROW_HEIGHT + 1.0) + 64.0).min(share * ui.available_height())
    };
    Panel::bottom("labels")
        .resizable(true)
        .default_size(height(12, 0.6))
        // It grows with the list, as long as the recordings keep their room.
        .size_range(height(8, 0.4)..=0.8 * ui.available_height().max(200.0))
        .frame(Frame::new().inner_margin(Margin { top: 4, ..Margin::ZERO }))
        .show(ui, |ui| show(ui, bench, panel, requests));
}

fn show(ui: &mut Ui, bench: &Workbench, panel: &mut LabelsPanel, requests: &mut Vec<Request>) {
    header(ui, bench, panel, requests);
    label_menu_ui::form_ui(ui, bench, &mut panel.form, requests);
    let labels = bench.listed_labels();
    if labels.is_empty() {
        ui.label(weak("Labels appear here as soon as events have them, or a label set is imported"));
    }
    if labels.len() >= MANY {
        let field = TextEdit::singleline(&mut panel.filter).hint_text("Search labels").desired_width(f32::INFINITY);
        ui.add(field).accessible_name("Search labels");
    } else {
        panel.filter.clear();
    }
    panel.find(bench);
    let mut area = ScrollArea::vertical().id_salt("labels").auto_shrink([false, false]);
    let spacing = 1.0;
    ui.spacing_mut().item_spacing.y = spacing;
    if let Some(row) = panel.reveal.take() {
        let middle = row as f32 * (theme::ROW_HEIGHT + spacing) - 0.5 * ui.available_height();
        area = area.vertical_scroll_offset(middle.max(0.0));
    }
    area.show_rows(ui, theme::ROW_HEIGHT, panel.found.len(), |ui, rows| {
        for row in rows {
            if let Some(label) = panel.found.get(row).and_then(|&place| labels.get(place)) {
                row_ui(ui, bench, panel, row, label, requests);
            }
        }
        see_to_drop(ui, panel);
    });
}

fn header(ui: &mut Ui, bench: &Workbench, panel: &mut LabelsPanel, requests: &mut Vec<Request>) {
    ui.horizontal(|ui| {
        section(ui, "Labels");
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let dots = Button::new(RichText::new(icons::DOTS).size(16.0)).frame_when_inactive(false);
            let menu = egui::containers::menu::MenuButton::from_button(dots);
            let (button, _) = menu.ui(ui, |ui| label_menu_ui::panel_menu(ui, bench, &mut panel.form, requests));
            button.accessible_name("Menu of labels").on_hover_text("What can be done with labels");
            if bench.are_labels_hidden() {
                let button = Button::new(RichText::new(icons::EYE).size(16.0));
                let button = ui.add(button).accessible_name("Show all labels");
                if button.on_hover_text("Some labels are hidden: show all again").clicked() {
                    requests.push(LabelRequest::ShowAll.into());
                }
            }
        });
    });
}

fn row_id(label: &str) -> Id {
    Id::unique("label row").with(label)
}

fn row_ui(
    ui: &mut Ui,
    bench: &Workbench,
    panel: &mut LabelsPanel,
    row: usize,
    label: &Arc<str>,
    requests: &mut Vec<Request>,
) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), theme::ROW_HEIGHT), Sense::hover());
    let (body, eye) = rect.split_left_right_at_x(rect.right() - EYE_WIDTH);
    let response = ui.interact(body, row_id(label), Sense::click_and_drag());
    let is_active = bench.active_label.as_ref() == Some(label);
    let (labels, undecided) = bench.label_count(label);
    let digit = bench.digit_of_label(label);
    let key = digit.map(|digit| format!(", key {digit}")).unwrap_or_default();
    let spoken = format!("{label}{key}, {}, {undecided} undecided", counted(labels, "label"));
    response.widget_info(|| WidgetInfo::selected(Role::ListItem, true, is_active, &spoken));
    paint_row(ui, bench, label, body, &response, is_active);
    eye_ui(ui, bench, label, eye, requests);
    let given = if bench.last_given_label() == Some(label) { given_text(ui) } else { String::new() };
    let hover = format!(
        "{label} · {} · {undecided} undecided\n{}{}\nDrag or Alt+↑ Alt+↓ to reorder · right-click for more",
        counted(labels, "label"),
        if is_active { "New events take this label" } else { "Click: new events take this label" },
        given,
    );
    if response.clicked() {
        requests.push(Request::SetActiveLabel(label.clone()));
    }
    see_to_keys(ui, panel, row, label, bench, &response, requests);
    if response.drag_started() {
        panel.dragged = Some(label.clone());
    }
    show_drop_place(ui, panel, row, rect, bench, requests);
    response.context_menu(|ui| label_menu_ui::menu(ui, bench, label, &mut panel.form, requests));
    if panel.dragged.is_none() {
        response.on_hover_text(hover);
    }
}

fn given_text(ui: &Ui) -> String {
    let key = Command::SameLabel.key_text(ui.ctx());
    if key.is_empty() { "\nGiven last".to_owned() } else { format!("\nGiven last: {key} gives it again") }
}

fn paint_row(ui: &Ui, bench: &Workbench, label: &str, rect: Rect, response: &Response, is_active: bool) {
    if !ui.is_rect_visible(rect) {
        return;
    }
    let visuals = ui.visuals();
    let colors = theme::colors(visuals);
    let painter = ui.painter();
    if is_active {
        painter.rect_filled(rect, 4.0, visuals.selection.bg_fill);
        // Told by shape too: a bar at the edge.
        painter.rect_filled(rect.with_max_x(rect.left() + 3.0), 1.0, colors.accent);
    } else if response.hovered() {
        painter.rect_filled(rect, 4.0, visuals.widgets.hovered.weak_bg_fill);
    }
    if response.has_focus() {
        painter.rect_stroke(rect, 4.0, Stroke::new(1.0, colors.accent), StrokeKind::Inside);
    }
    let is_shown = bench.is_label_shown(label);
    let swatch = Rect::from_center_size(pos2(rect.left() + 13.0, rect.center().y), vec2(10.0, 10.0));
    let color = theme::label_color_on(visuals, bench.label_place(label));
    if is_shown {
        painter.rect_filled(swatch, 2.0, color);
    } else {
        painter.rect_stroke(swatch, 2.0, Stroke::new(1.5, color), StrokeKind::Inside);
    }
    if let Some(digit) = bench.digit_of_label(label) {
        let at = pos2(rect.left() + 27.0, rect.center().y);
        painter.text(at, Align2::CENTER_CENTER, digit, FontId::monospace(11.0), colors.weak_text);
    }
    let (labels, undecided) = bench.label_count(label);
    let count = match (labels, undecided) {
        (0, 0) => String::new(),
        (labels, 0) => labels.to_string(),
        (labels, undecided) => format!("{labels} / {undecided}?"),
    };
    let inner = rect.with_max_x(rect.right() - 4.0);
    let taken = text_in(ui, inner, Align2::RIGHT_CENTER, &count, 12.0, colors.weak_text);
    let rest = Rect::from_x_y_ranges(rect.left() + 36.0..=inner.right() - taken - 6.0, rect.y_range());
    let color = if is_shown { visuals.text_color() } else { colors.weak_text };
    text_in(ui, rest, Align2::LEFT_CENTER, label, 13.0, color);
}

/// An open eye, or a closed one.
fn eye_ui(ui: &mut Ui, bench: &Workbench, label: &Arc<str>, rect: Rect, requests: &mut Vec<Request>) {
    let is_shown = bench.is_label_shown(label);
    let response = ui.interact(rect, row_id(label).with("eye"), Sense::click());
    let name = format!("Show events of {label}");
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, is_shown, &name));
    let colors = theme::colors(ui.visuals());
    let is_lit = response.hovered() || response.has_focus();
    if response.has_focus() {
        ui.painter().rect_stroke(rect, 4.0, Stroke::new(1.0, colors.accent), StrokeKind::Inside);
    }
    let color = if is_lit { ui.visuals().strong_text_color() } else { colors.weak_text };
    let icon = if is_shown { icons::EYE } else { icons::EYE_CLOSED };
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, icon, FontId::proportional(14.0), color);
    let verb = if is_shown { "Hide" } else { "Show" };
    if response.on_hover_text(format!("{verb} the events of {label}\nAlt + click: only these")).clicked() {
        let request = if ui.input(|input| input.modifiers.alt) {
            LabelRequest::ShowOnly(label.clone())
        } else {
            LabelRequest::Show { label: label.clone(), is_shown: !is_shown }
        };
        requests.push(request.into());
    }
}

/// ↑ and ↓ go from row to row; with Alt they move the row.
fn see_to_keys(
    ui: &Ui,
    panel: &mut LabelsPanel,
    row: usize,
    label: &Arc<str>,
    bench: &Workbench,
    response: &Response,
    requests: &mut Vec<Request>,
) {
    if !response.has_focus() {
        return;
    }
    let filter = EventFilter { vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let pressed = |modifiers, key| ui.input_mut(|input| input.consume_key(modifiers, key));
    let step = |up, down| if up { -1 } else { isize::from(down) };
    let moved = step(pressed(Modifiers::ALT, Key::ArrowUp), pressed(Modifiers::ALT, Key::ArrowDown));
    let gone = step(pressed(Modifiers::NONE, Key::ArrowUp), pressed(Modifiers::NONE, Key::ArrowDown));
    if moved != 0
        && let Some(place) = bench.listed_labels().iter().position(|own| own == label)
    {
        let to = if moved < 0 { place.checked_sub(1) } else { Some(place + 2) };
        if let Some(to) = to.filter(|&to| to <= bench.listed_labels().len()) {
            requests.push(LabelRequest::Move { label: label.clone(), to }.into());
        }
    }
    let next = row.checked_add_signed(gone).filter(|_| gone != 0);
    let next = next.and_then(|next| Some((next, bench.listed_labels().get(*panel.found.get(next)?)?)));
    if let Some((next, label)) = next {
        ui.memory_mut(|memory| memory.request_focus(row_id(label)));
        panel.reveal = (!is_in_view(ui, response.rect, gone)).then_some(next);
    }
}

/// Whether the row beside this one can be seen whole.
fn is_in_view(ui: &Ui, rect: Rect, step: isize) -> bool {
    let next = rect.translate(vec2(0.0, step as f32 * (rect.height() + 1.0)));
    ui.clip_rect().y_range().contains(next.top()) && ui.clip_rect().y_range().contains(next.bottom())
}

/// A line where the dragged label would go, and its going there.
fn show_drop_place(
    ui: &Ui,
    panel: &mut LabelsPanel,
    row: usize,
    rect: Rect,
    bench: &Workbench,
    requests: &mut Vec<Request>,
) {
    let Some(dragged) = &panel.dragged else { return };
    let Some(at) = ui.input(|input| input.pointer.interact_pos()) else { return };
    if !rect.y_range().contains(at.y) || !ui.clip_rect().y_range().contains(at.y) {
        return;
    }
    let is_below = at.y > rect.center().y;
    let y = if is_below { rect.bottom() } else { rect.top() };
    ui.painter().hline(rect.x_range(), y, Stroke::new(2.0, theme::colors(ui.visuals()).accent));
    if ui.input(|input| input.pointer.any_released()) {
        // With a filter the list has gaps; the place counts in the whole list.
        if let Some(&place) = panel.found.get(row).filter(|&&place| place < bench.listed_labels().len()) {
            let to = place + usize::from(is_below);
            requests.push(LabelRequest::Move { label: dragged.clone(), to }.into());
        }
    }
}

fn see_to_drop(ui: &Ui, panel: &mut LabelsPanel) {
    if panel.dragged.is_some() && !ui.input(|input| input.pointer.any_down()) {
        panel.dragged = None;
    }
}
