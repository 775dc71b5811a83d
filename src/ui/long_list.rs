//! A list of rows of one height, a million of them too: only those in view are drawn, and where it is scrolled to is counted in rows, so
//! that rows far down stand as exactly as the first.

use super::theme;
use eframe::egui::{Rect, Sense, Ui, UiBuilder, WidgetInfo, accesskit::Role, pos2, vec2};
use std::ops::Range;

const BAR_WIDTH: f32 = 8.0;
const LEAST_THUMB: f32 = 28.0;

/// How a list is scrolled.
#[derive(Default)]
pub struct LongList {
    /// The row at the top, and how much of it is hidden.
    first: f64,
    /// The row to bring into view in the next frame.
    wanted: Option<usize>,
    /// Where within the thumb it was taken hold of, in points.
    grip: f32,
}

impl LongList {
    /// Brings a row into view when the list is drawn next; one that is in view stays where it is.
    pub fn reveal(&mut self, row: usize) {
        self.wanted = Some(row);
    }

    /// Says that the row at the top stands elsewhere among all now.
    pub fn keep_first(&mut self, row: usize) {
        self.first = row as f64 + self.first.fract();
    }

    /// Draws the list over all the room there is. `draw` draws rows below each other; returns which they were.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        name: &str,
        rows: usize,
        draw: impl FnOnce(&mut Ui, Range<usize>),
    ) -> Range<usize> {
        let row_height = theme::ROW_HEIGHT + ui.spacing().item_spacing.y;
        let (rect, _) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
        let visible = f64::from((rect.height() / row_height).max(0.0));
        self.scroll(ui, rect, row_height);
        if let Some(row) = self.wanted.take()
            && !(self.first..=self.first + visible - 1.0).contains(&(row as f64))
        {
            self.first = row as f64 - 0.5 * (visible - 1.0);
        }
        let most = (rows as f64 - visible).max(0.0);
        self.first = self.first.clamp(0.0, most);
        let mut list = rect;
        if most > 0.0 {
            list.max.x -= BAR_WIDTH + 2.0;
            self.bar(ui, Rect::from_min_max(pos2(rect.right() - BAR_WIDTH, rect.top()), rect.max), name, visible, most);
        }
        let first = self.first.floor() as usize;
        let after = ((self.first + visible).ceil() as usize).min(rows);
        let top = list.top() - (self.first.fract() as f32) * row_height;
        let inner = Rect::from_min_max(pos2(list.left(), top), list.max);
        ui.scope_builder(UiBuilder::new().max_rect(inner).id_salt(name), |ui| {
            ui.set_clip_rect(ui.clip_rect().intersect(list));
            draw(ui, first..after);
        });
        first..after
    }

    fn scroll(&mut self, ui: &Ui, rect: Rect, row_height: f32) {
        if ui.rect_contains_pointer(rect) {
            let by = ui.input_mut(|input| std::mem::take(&mut input.smooth_scroll_delta.y));
            self.first -= f64::from(by / row_height);
        }
    }

    fn bar(&mut self, ui: &Ui, rail: Rect, name: &str, visible: f64, most: f64) {
        let height = (rail.height() * (visible / (visible + most)) as f32).max(LEAST_THUMB).min(rail.height());
        let room = (rail.height() - height).max(1.0);
        let thumb_at = |first: f64| {
            let top = rail.top() + room * (first / most) as f32;
            Rect::from_min_size(pos2(rail.left(), top), vec2(BAR_WIDTH, height))
        };
        let response = ui.interact(rail, ui.scope_id().with((name, "scroll bar")), Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::labeled(Role::ScrollBar, true, format!("{name}: scroll bar")));
        if let Some(at) = response.interact_pointer_pos() {
            let thumb = thumb_at(self.first);
            if response.drag_started() || response.is_pointer_button_down_on() && self.grip < 0.0 {
                // Beside the thumb, its middle comes to the pointer.
                self.grip = if thumb.contains(at) { at.y - thumb.top() } else { 0.5 * height };
            }
            let grip = if self.grip < 0.0 { 0.5 * height } else { self.grip };
            self.first = (f64::from((at.y - grip - rail.top()) / room) * most).clamp(0.0, most);
        } else {
            self.grip = -1.0;
        }
        let visuals = ui.style().interact(&response);
        ui.painter().rect_filled(rail, 4.0, ui.visuals().extreme_bg_color.gamma_multiply(0.6));
        ui.painter().rect_filled(thumb_at(self.first), 4.0, visuals.bg_fill);
    }
}
