//! Where nothing is missing: a hatched strip, over the whole recording and over what is in view.

use super::canvas_ui::Canvas;
use crate::app::{TimeScale, complete_span_text};
use eframe::egui::{Rect, Sense, Shape, Stroke, Ui, WidgetInfo, accesskit::Role, pos2};

/// The strip's height, in points.
pub const STRIP_HEIGHT: f32 = 6.0;
/// From one line of the hatching to the next, in points.
const HATCH_POINTS: f32 = 5.0;
/// Strips that are narrower are drawn so wide, in points.
const LEAST_POINTS: f32 = 2.0;

/// Draws what is complete into `rect`, whose time axis is `scale`; the pointer is told what and for which labels.
pub fn strip(ui: &Ui, canvas: &Canvas<'_>, scale: &TimeScale, rect: Rect, name: &'static str) {
    let spans = canvas.bench.complete_spans();
    if spans.is_empty() {
        return;
    }
    let painter = ui.painter_at(rect);
    for complete in spans.iter().filter(|complete| complete.span.overlap_secs(scale.span) > 0.0) {
        let left = scale.x_from_secs(complete.span.onset_secs).max(rect.left());
        let right = scale.x_from_secs(complete.span.offset_secs).min(rect.right()).max(left + LEAST_POINTS);
        let area = rect.with_min_x(left).with_max_x(right);
        painter.rect_filled(area, 0.0, canvas.colors.halo);
        let stroke = Stroke::new(1.5, canvas.colors.success);
        let clipped = painter.with_clip_rect(area);
        // The hatching begins at fixed places, so that neighbours do not shift against each other.
        let first = (left / HATCH_POINTS).floor() * HATCH_POINTS - STRIP_HEIGHT;
        let count = ((right - first) / HATCH_POINTS).ceil().clamp(0.0, 4_000.0) as usize;
        let line = |place: usize| {
            let x = first + place as f32 * HATCH_POINTS;
            Shape::line_segment([pos2(x, area.bottom()), pos2(x + area.height(), area.top())], stroke)
        };
        clipped.extend((0..=count).map(line));
        for x in [left, right] {
            clipped.vline(x, area.y_range(), Stroke::new(2.0, canvas.colors.success));
        }
    }
    let response = ui.interact(rect, ui.scope_id().with(("complete", name)), Sense::hover());
    response
        .widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{name}, {}", canvas.bench.complete_text())));
    let Some(secs) = response.hover_pos().map(|at| scale.secs_from_x(at.x)) else { return };
    let here = spans.iter().filter(|complete| complete.span.contains(secs)).map(complete_span_text);
    let text = here.take(8).collect::<Vec<_>>().join("\n");
    if !text.is_empty() {
        response.on_hover_text_at_pointer(text);
    }
}
