//! What a second press of a key would decide about, wherever events are shown.

use super::canvas_ui::Canvas;
use super::heights::Heights;
use super::icons;
use super::marks_ui::PlacedMark;
use super::theme::{self, Colors};
use super::widgets::text_in;
use crate::annotation::Status;
use crate::app::{Batch, Mark, Workbench};
use eframe::egui::{Align2, Color32, Painter, Rect, Stroke, StrokeKind, Ui, Vec2};

/// How wide a cross is at least, in points.
const LEAST_CROSS: f32 = 4.0;

fn color(batch: &Batch, colors: &Colors) -> Color32 {
    if batch.status() == Status::Accepted { colors.success } else { colors.failure }
}

/// Over the spectrogram, also where events are too many for outlines.
pub fn over_spectrogram(canvas: &Canvas<'_>, painter: &Painter, placed: &[PlacedMark<'_>], heights: &Heights) {
    let Some(batch) = canvas.bench.batch() else { return };
    let color = color(batch, canvas.colors);
    let meant = placed.iter().filter(|placed| batch.contains(placed.mark.target));
    for region in meant.flat_map(|placed| placed.regions(heights)) {
        painter.rect_filled(region, 0.0, color.gamma_multiply(0.22));
        painter.rect_stroke(region, 0.0, Stroke::new(4.0, canvas.colors.halo), StrokeKind::Inside);
        painter.rect_stroke(region, 0.0, Stroke::new(2.0, color), StrokeKind::Inside);
        if batch.status() == Status::Rejected {
            painter.line_segment([region.left_bottom(), region.right_top()], Stroke::new(2.0, color));
        }
    }
}

/// Over a bar of a lane or of the overview: filled, with a cross in it if it would be rejected.
pub fn around_bar(canvas: &Canvas<'_>, painter: &Painter, mark: &Mark, bar: Rect) {
    let Some(batch) = canvas.bench.batch().filter(|batch| batch.contains(mark.target)) else { return };
    painter.rect_filled(bar, 1.0, color(batch, canvas.colors));
    if batch.status() == Status::Rejected {
        let side = bar.height().min(bar.width().max(LEAST_CROSS));
        let cross = Rect::from_center_size(bar.center(), Vec2::splat(side));
        let stroke = Stroke::new(1.5, canvas.colors.halo);
        painter.line_segment([cross.left_top(), cross.right_bottom()], stroke);
        painter.line_segment([cross.left_bottom(), cross.right_top()], stroke);
    }
}

/// Behind a row of the table, with the sign of what becomes of it at the row's end.
pub fn behind_row(ui: &Ui, bench: &Workbench, mark: &Mark, rect: Rect) {
    if let Some(batch) = bench.batch().filter(|batch| batch.contains(mark.target)) {
        let color = color(batch, theme::colors(ui.visuals()));
        ui.painter().rect_filled(rect, 4.0, color.gamma_multiply(0.25));
        let sign = if batch.status() == Status::Accepted { icons::CHECK } else { icons::CROSS };
        text_in(ui, rect.shrink(2.0), Align2::RIGHT_CENTER, sign, 14.0, color);
    }
}
