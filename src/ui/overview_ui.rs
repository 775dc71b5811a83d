//! The whole recording in one strip: its spectrogram, its events, and the box of what is in view.

use super::canvas_ui::{Canvas, row_name, time_view};
use super::{Panels, bands, batch_ui, complete_ui, lanes_ui, theme};
use crate::annotation::Status;
use crate::app::{Mark, Request, TimeScale};
use crate::spectrogram::FrequencyView;
use crate::time::Span;
use eframe::egui::{Rect, Sense, Stroke, StrokeKind, Ui, WidgetInfo, accesskit::Role, pos2};

const RIBBON_HEIGHT: f32 = 6.0;
/// With more events than this, not each has a bar of its own.
const MOST_BARS: usize = 2000;

/// Draws the strip; a click or drag moves the view.
pub fn show(ui: &mut Ui, canvas: &Canvas<'_>, rect: Rect, panels: &Panels, requests: &mut Vec<Request>) {
    let duration_secs = canvas.open.viewport.duration_secs();
    let whole = TimeScale { span: Span::between(0.0, duration_secs), left: rect.left(), width: rect.width() };
    let picture = rect.with_max_y(rect.bottom() - RIBBON_HEIGHT);
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 0.0, canvas.colors.picture_background);
    let view = time_view(whole.span, picture.width(), ui.ctx().pixels_per_point());
    let frequencies = FrequencyView::whole(canvas.open.spec.sample_rate, canvas.frequencies().scale);
    for band in bands::bands(canvas, picture) {
        bands::paint(canvas, &painter, &panels.painter, &band, &view, &frequencies);
    }
    ribbon(&painter, canvas, &whole, rect.with_min_y(picture.bottom()));
    view_box(&painter, canvas, &whole, rect);
    let complete = picture.with_min_y(picture.bottom() - complete_ui::STRIP_HEIGHT);
    complete_ui::strip(ui, canvas, &whole, complete, "Complete in the recording");
    let progress = canvas.open.tiles.progress();
    if progress < 1.0 {
        row_name(ui, rect, &format!("{:.0} %", 100.0 * progress), canvas.colors.weak_text);
    }
    let response = ui.interact(rect, ui.scope_id().with("overview"), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::ScrollBar, true, "Overview of the whole recording"));
    if let Some(at) = response.interact_pointer_pos() {
        let width = canvas.scale.span.duration_secs();
        // Here the view stays within the recording, also where it could go beyond.
        let onset = (whole.secs_from_x(at.x) - 0.5 * width).clamp(0.0, (duration_secs - width).max(0.0));
        requests.push(Request::ShowSpan(Span { onset_secs: onset, offset_secs: onset + width }));
    }
}

/// Where events are: undecided ones hollow, labels filled, rejected ones as a line, uncertain ones as dots. Of many, one for each point of width is drawn.
fn ribbon(painter: &eframe::egui::Painter, canvas: &Canvas<'_>, whole: &TimeScale, rect: Rect) {
    let marks = &canvas.bench.marks;
    if marks.shown_len() <= MOST_BARS {
        marks.shown().for_each(|mark| bar(painter, canvas, whole, rect, mark));
        return;
    }
    let mut after = 0;
    for column in 0..rect.width() as usize {
        let before = after;
        after = marks.shown_before_secs(whole.secs_from_x(rect.left() + column as f32 + 1.0));
        if after > before
            && let Some(mark) = marks.shown_at(before + (after - before) / 2)
        {
            bar(painter, canvas, whole, rect, mark);
        }
    }
}

fn bar(painter: &eframe::egui::Painter, canvas: &Canvas<'_>, whole: &TimeScale, rect: Rect, mark: &Mark) {
    let (left, right) = (whole.x_from_secs(mark.span.onset_secs), whole.x_from_secs(mark.span.offset_secs));
    let bar = Rect::from_min_max(pos2(left, rect.top() + 1.0), pos2(right.max(left + 1.5), rect.bottom() - 1.0));
    let color = theme::label_color(canvas.bench.label_place(&mark.label));
    match mark.state {
        Status::Predicted => {
            for y in [bar.top() + 0.5, bar.bottom() - 0.5] {
                painter.hline(bar.x_range(), y, Stroke::new(1.0, color));
            }
        }
        Status::Accepted | Status::Corrected => {
            painter.rect_filled(bar, 0.0, color);
        }
        Status::Rejected => {
            painter.hline(bar.x_range(), bar.center().y, Stroke::new(1.0, color));
        }
        Status::Uncertain => lanes_ui::dots(painter, bar, color),
    }
    batch_ui::around_bar(canvas, painter, mark, bar);
}

fn view_box(painter: &eframe::egui::Painter, canvas: &Canvas<'_>, whole: &TimeScale, rect: Rect) {
    let view = canvas.scale.span;
    let (left, right) = (whole.x_from_secs(view.onset_secs), whole.x_from_secs(view.offset_secs));
    let seen = rect.with_min_x(left).with_max_x(right.max(left + 3.0));
    painter.rect_filled(rect.with_max_x(seen.left()), 0.0, canvas.colors.shade);
    painter.rect_filled(rect.with_min_x(seen.right()), 0.0, canvas.colors.shade);
    painter.rect_stroke(seen, 2.0, Stroke::new(1.0, canvas.colors.picture_accent), StrokeKind::Inside);
    let playhead = whole.x_from_secs(canvas.bench.playhead_secs());
    painter.vline(playhead, rect.y_range(), Stroke::new(1.0, canvas.colors.playhead));
}
