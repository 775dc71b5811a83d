//! Outlines of events on the spectrogram. Their shape tells the state: dashed, solid, notched, crossed or dotted.

use super::canvas_ui::Canvas;
use crate::annotation::Status;
use eframe::egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, pos2, vec2};

const DASH: (f32, f32) = (6.0, 4.0);
const DOT: (f32, f32) = (1.5, 3.5);
/// The length of the bars that show where an edge can be taken hold of, and the width of all grips, in points.
const GRIP_LENGTH: f32 = 28.0;
const GRIP: f32 = 8.0;
/// Half the width of a point's diamond.
const DIAMOND: f32 = 6.0;

/// How an event looks.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Its label's colour.
    pub color: Color32,
    /// What was decided about it.
    pub state: Status,
    /// It is selected, alone or with others.
    pub selected: bool,
    /// It is the one whose edges keys move.
    pub has_grips: bool,
}

impl Look {
    fn stroke(self, canvas: &Canvas<'_>) -> Stroke {
        if self.selected { Stroke::new(2.0, canvas.colors.picture_accent) } else { Stroke::new(1.0, self.color) }
    }
}

/// A span at all frequencies: open below.
pub fn paint_span(canvas: &Canvas<'_>, painter: &Painter, region: Rect, look: Look) {
    let sides = [
        [region.left_top(), region.left_bottom()],
        [region.right_top(), region.right_bottom()],
        [region.left_top(), region.right_top()],
    ];
    paint_outline(canvas, painter, region, &sides, look);
    if look.has_grips {
        for x in [region.left(), region.right()] {
            grip(canvas, painter, pos2(x, region.center().y), vec2(GRIP, GRIP_LENGTH));
        }
    }
}

/// A box in time and frequency.
pub fn paint_box(canvas: &Canvas<'_>, painter: &Painter, region: Rect, look: Look) {
    let corners = [region.left_top(), region.right_top(), region.right_bottom(), region.left_bottom()];
    let sides = [0, 1, 2, 3].map(|place: usize| [corners[place], corners[(place + 1) % 4]]);
    paint_outline(canvas, painter, region, &sides, look);
    if look.has_grips {
        let middles = [region.center_top(), region.right_center(), region.center_bottom(), region.left_center()];
        // Grips of a small box would hide it.
        let is_small = region.width().min(region.height()) < 3.0 * GRIP;
        let shown = corners.into_iter().chain(middles.into_iter().filter(|_| !is_small));
        shown.for_each(|at| grip(canvas, painter, at, vec2(GRIP, GRIP)));
    }
}

/// A moment: a line with a diamond.
pub fn paint_point(canvas: &Canvas<'_>, painter: &Painter, region: Rect, look: Look) {
    let x = region.left();
    let line = [[pos2(x, region.top()), pos2(x, region.bottom())]];
    let stroke = look.stroke(canvas);
    paint_lines(canvas, painter, &line, look.state, stroke);
    let at = pos2(x, region.center().y);
    let diamond =
        vec![at - vec2(DIAMOND, 0.0), at - vec2(0.0, DIAMOND), at + vec2(DIAMOND, 0.0), at + vec2(0.0, DIAMOND)];
    painter.add(Shape::closed_line(diamond.clone(), Stroke::new(stroke.width + 2.0, canvas.colors.halo)));
    let ground = if look.state.is_label() { stroke.color } else { canvas.colors.picture_background };
    painter.add(Shape::convex_polygon(diamond, ground, Stroke::new(stroke.width, stroke.color)));
    if look.state == Status::Rejected {
        let (step, thin) = (vec2(0.5 * DIAMOND, 0.5 * DIAMOND), Stroke::new(1.0, stroke.color));
        painter.line_segment([at - step, at + step], thin);
        painter.line_segment([at + vec2(-step.x, step.y), at + vec2(step.x, -step.y)], thin);
    }
}

fn grip(canvas: &Canvas<'_>, painter: &Painter, at: Pos2, size: eframe::egui::Vec2) {
    let rect = Rect::from_center_size(at, size);
    painter.rect(rect, 2.0, canvas.colors.picture_accent, Stroke::new(1.0, canvas.colors.halo), StrokeKind::Outside);
}

fn paint_outline(canvas: &Canvas<'_>, painter: &Painter, region: Rect, sides: &[[Pos2; 2]], look: Look) {
    if look.selected {
        painter.rect_filled(region, 0.0, canvas.colors.picture_accent.gamma_multiply(0.12));
    }
    let stroke = look.stroke(canvas);
    paint_lines(canvas, painter, sides, look.state, stroke);
    match look.state {
        Status::Rejected => {
            let thin = Stroke::new(1.0, stroke.color.gamma_multiply(0.7));
            painter.line_segment([region.left_top(), region.right_bottom()], thin);
            painter.line_segment([region.right_top(), region.left_bottom()], thin);
        }
        Status::Corrected => {
            let size = 8.0_f32.min(0.5 * region.height());
            for (x, inward) in [(region.left(), 6.0), (region.right(), -6.0)] {
                let y = region.bottom();
                let notch = vec![pos2(x, y - size), pos2(x + inward, y), pos2(x, y)];
                painter.add(Shape::convex_polygon(notch, stroke.color, Stroke::NONE));
            }
        }
        Status::Predicted | Status::Accepted | Status::Uncertain => {}
    }
}

fn paint_lines(canvas: &Canvas<'_>, painter: &Painter, lines: &[[Pos2; 2]], state: Status, stroke: Stroke) {
    let halo = Stroke::new(stroke.width + 2.0, canvas.colors.halo);
    for &line in lines {
        painter.line_segment(line, halo);
    }
    let pattern = match state {
        Status::Predicted => Some(DASH),
        Status::Uncertain => Some(DOT),
        Status::Accepted | Status::Corrected | Status::Rejected => None,
    };
    for &line in lines {
        match pattern {
            Some((dash, gap)) => painter.extend(Shape::dashed_line(&line, stroke, dash, gap)),
            None => {
                painter.line_segment(line, stroke);
            }
        }
    }
}
