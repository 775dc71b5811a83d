//! A row under the spectrogram with the errors of an evaluation, as long as its page is shown: told by shape and word.

use super::canvas_ui::{Canvas, row_name};
use super::evaluation_errors_ui::sign;
use super::widgets::text_in;
use crate::app::{EvaluationRequest, Request, Workbench};
use crate::time::Span;
use crate::work::evaluation::{ErrorKind, ErrorList, FoundError};
use eframe::egui::{Align2, Color32, Painter, Rect, Sense, Shape, Stroke, StrokeKind, Ui, pos2, vec2};

const HEIGHT: f32 = 22.0;
/// Of more errors than this in view, only where there are some is shown.
const MOST_MARKS: usize = 400;
/// Words are written where there is room for them, in points.
const LEAST_FOR_WORDS: f32 = 34.0;

/// How high the row shall be, in points; 0 if there is none.
pub fn height(bench: &Workbench) -> f32 {
    let has_errors = bench.evaluation.report.as_ref().is_some_and(|report| !report.errors.all().is_empty());
    if bench.evaluation.is_shown && has_errors { HEIGHT } else { 0.0 }
}

/// Draws the row.
pub fn show(ui: &Ui, canvas: &Canvas<'_>, rect: Rect, requests: &mut Vec<Request>) {
    let Some(report) = canvas.bench.evaluation.report.as_ref().filter(|_| rect.height() > 1.0) else { return };
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect.shrink2(vec2(0.0, 1.0)), 0.0, ui.visuals().extreme_bg_color);
    row_name(ui, rect, "Errors", ui.visuals().text_color());
    let near = report.errors.near(canvas.open.id, canvas.scale.span);
    let response = ui.interact(rect, ui.scope_id().with("errors"), Sense::click());
    if near.len() > MOST_MARKS {
        crowd(ui, &painter, canvas, rect, &report.errors, near.clone());
    } else {
        let errors = report.errors.all().get(near.clone()).unwrap_or_default();
        let bars: Vec<Rect> = errors.iter().map(|error| bar(canvas, rect, error.whole_span())).collect();
        for (place, (error, bar)) in errors.iter().zip(&bars).enumerate() {
            let is_current = canvas.bench.evaluation.current == Some(near.start + place);
            // Words end where the next error begins.
            let next = bars.get(place + 1).map_or(f32::INFINITY, |next| next.left());
            paint(ui, &painter, error, *bar, next, is_current);
        }
    }
    let Some(at) = response.hover_pos() else { return };
    let under = || {
        let errors = near.rev().take(MOST_MARKS).filter_map(|place| Some((place, report.errors.all().get(place)?)));
        let mut hit = errors.filter(|(_, error)| bar(canvas, rect, error.whole_span()).expand(1.0).contains(at));
        hit.next()
    };
    let Some((place, error)) = under() else { return };
    if response.clicked() {
        requests.push(Request::Evaluation(EvaluationRequest::GoTo(place)));
    }
    response.on_hover_text(format!("{}: {}\nClick to go there", error.kind.words(), error.text()));
}

fn bar(canvas: &Canvas<'_>, row: Rect, span: Span) -> Rect {
    let (left, right) = (canvas.scale.x_from_secs(span.onset_secs), canvas.scale.x_from_secs(span.offset_secs));
    Rect::from_min_max(pos2(left, row.top() + 3.0), pos2(right.max(left + 3.0), row.bottom() - 3.0))
}

fn paint(ui: &Ui, painter: &Painter, error: &FoundError, bar: Rect, next: f32, is_current: bool) {
    let (icon, color) = sign(ui.visuals(), error.kind);
    let stroke = Stroke::new(if is_current { 2.5 } else { 1.0 }, color);
    shape(painter, error.kind, bar, color, stroke);
    let seen = bar.with_max_x(bar.right().min(next)).intersect(painter.clip_rect()).shrink2(vec2(4.0, 0.0));
    if seen.width() > LEAST_FOR_WORDS {
        let text = format!("{icon} {} {}", error.kind.words(), error.label);
        text_in(ui, seen, Align2::LEFT_CENTER, &text, 11.0, ui.visuals().strong_text_color());
    }
}

/// Missed: an empty frame. False alarm: filled. Boundary: strong ends. Confusion: dashed.
fn shape(painter: &Painter, kind: ErrorKind, bar: Rect, color: Color32, stroke: Stroke) {
    match kind {
        ErrorKind::Missed => {
            painter.rect_stroke(bar, 2.0, stroke, StrokeKind::Inside);
        }
        ErrorKind::FalseAlarm => {
            painter.rect_filled(bar, 2.0, color.gamma_multiply(0.3));
            painter.hline(bar.x_range(), bar.bottom() - 0.5, stroke);
        }
        ErrorKind::Boundary => {
            painter.vline(bar.left() + 1.0, bar.y_range(), Stroke::new(stroke.width + 1.5, color));
            painter.vline(bar.right() - 1.0, bar.y_range(), Stroke::new(stroke.width + 1.5, color));
            painter.hline(bar.x_range(), bar.bottom() - 0.5, Stroke::new(1.0, color));
        }
        ErrorKind::Confusion => {
            let corners = [bar.left_top(), bar.right_top(), bar.right_bottom(), bar.left_bottom(), bar.left_top()];
            painter.extend(Shape::dashed_line(&corners, stroke, 4.0, 3.0));
        }
    }
}

/// Where there are errors, in as many steps as there are points of width.
fn crowd(ui: &Ui, painter: &Painter, canvas: &Canvas<'_>, row: Rect, list: &ErrorList, near: std::ops::Range<usize>) {
    let color = ui.visuals().text_color().gamma_multiply(0.5);
    let errors = list.all().get(near).unwrap_or_default();
    let mut next = 0;
    while let Some(error) = errors.get(next) {
        let bar = bar(canvas, row, error.whole_span());
        painter.rect_filled(bar, 0.0, color);
        let right = bar.left().max(row.left()) + 1.0;
        let after = errors.get(next + 1..).unwrap_or_default();
        next += 1 + after.partition_point(|other| canvas.scale.x_from_secs(other.whole_span().onset_secs) < right);
    }
}
