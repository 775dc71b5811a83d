//! Drafts: what a drag or a key that is held would make, with its times and frequencies beside the pointer.

use super::axis_ui::note;
use super::canvas_ui::Canvas;
use super::drag::Drag;
use super::spectrogram_ui::Sheet;
use crate::annotation::Band;
use crate::app::Shape;
use eframe::egui::{Align2, Color32, FontId, Painter, Pos2, Rangef, Rect, Stroke, StrokeKind, Ui, pos2};

/// Draws what a drag would make if it ended now.
pub fn paint(ui: &Ui, sheet: &Sheet<'_>, drag: &Drag) {
    let painter = ui.painter_at(sheet.rect);
    let canvas = sheet.canvas;
    let drafts = drag.drafts(canvas.bench.bounds(), canvas.frequencies().scale);
    let shapes = || drafts.iter().flatten().map(|(_, shape)| shape);
    shapes().for_each(|shape| paint_shape(sheet, &painter, shape));
    if let Some(secs) = drag.snapped_secs {
        painter.vline(canvas.scale.x_from_secs(secs), sheet.rect.y_range(), Stroke::new(3.0, canvas.colors.halo));
        painter.vline(canvas.scale.x_from_secs(secs), sheet.rect.y_range(), Stroke::new(1.0, canvas.colors.warning));
    }
    let texts: Vec<String> = shapes().map(|shape| shape_text(canvas, shape)).collect();
    if let Some(pointer) = ui.ctx().pointer_interact_pos() {
        beside(ui, &painter, sheet.rect, pointer, &texts);
    }
}

/// Draws the event that is being made by ear.
pub fn paint_held(ui: &Ui, sheet: &Sheet<'_>) {
    let canvas = sheet.canvas;
    let Some((_, span)) = canvas.bench.held_event().filter(|(recording, _)| *recording == canvas.open.id) else {
        return;
    };
    let painter = ui.painter_at(sheet.rect);
    let shape = Shape::of_time(span);
    paint_shape(sheet, &painter, &shape);
    let label = canvas.bench.active_label.as_deref().unwrap_or("Event");
    let text = format!("{label}  {}", shape_text(canvas, &shape));
    let at = pos2(canvas.scale.x_from_secs(span.onset_secs).max(sheet.rect.left()), sheet.rect.top() + 64.0);
    beside(ui, &painter, sheet.rect, at, &[text]);
}

fn paint_shape(sheet: &Sheet<'_>, painter: &Painter, shape: &Shape) {
    let (colors, scale) = (sheet.canvas.colors, &sheet.canvas.scale);
    let x = Rangef::new(scale.x_from_secs(shape.span.onset_secs), scale.x_from_secs(shape.span.offset_secs));
    for y in sheet.heights.strips(shape.band) {
        let region = Rect::from_x_y_ranges(x, y);
        painter.rect_filled(region, 0.0, colors.picture_accent.gamma_multiply(0.18));
        painter.rect_stroke(region, 0.0, Stroke::new(4.0, colors.halo), StrokeKind::Middle);
        painter.rect_stroke(region, 0.0, Stroke::new(2.0, colors.picture_accent), StrokeKind::Middle);
    }
}

/// When and at which frequencies, in the unit of the ruler.
fn shape_text(canvas: &Canvas<'_>, shape: &Shape) -> String {
    let axis = canvas.time_axis();
    let onset = axis.text(shape.span.onset_secs);
    let when = if shape.is_point {
        onset
    } else {
        format!("{onset} – {}  {}", axis.text(shape.span.offset_secs), axis.length_text(shape.span.duration_secs()))
    };
    match shape.band {
        Some(band) => format!("{when}  {}", band_text(band)),
        None if canvas.bench.settings.shaping.box_mode => format!("{when}  all frequencies"),
        None => when,
    }
}

/// `1200 – 3400 Hz`.
fn band_text(band: Band) -> String {
    format!("{:.0} – {:.0} Hz", band.low_hz, band.high_hz)
}

/// Lines beside a place, on the side where there is more room.
fn beside(ui: &Ui, painter: &Painter, rect: Rect, at: Pos2, lines: &[String]) {
    let width = |text: &String| {
        ui.fonts_mut(|fonts| fonts.layout_no_wrap(text.clone(), FontId::monospace(12.0), Color32::WHITE).size().x)
    };
    let width = lines.iter().map(width).fold(0.0, f32::max) + 30.0;
    let is_left = at.x + width > rect.right() && at.x - width > rect.left();
    let (align, shift) = if is_left { (Align2::RIGHT_BOTTOM, -14.0) } else { (Align2::LEFT_BOTTOM, 14.0) };
    let bottom = at.y.clamp(rect.top() + 20.0 + 22.0 * lines.len() as f32, rect.bottom()) - 10.0;
    for (place, line) in lines.iter().rev().enumerate() {
        note(painter, pos2(at.x + shift, bottom - 22.0 * place as f32), align, line);
    }
}
