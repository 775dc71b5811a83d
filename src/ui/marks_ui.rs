//! Events over the spectrogram: outlines whose shape tells their state, with tags that never hide each other.

use super::canvas_ui::Canvas;
use super::theme::{label_color, text_on};
use crate::annotation::Status;
use crate::app::{Mark, Target};
use crate::time::Span;
use eframe::egui::{Align2, Color32, FontId, Painter, Rect, Shape, Stroke, StrokeKind, Vec2, pos2, vec2};

pub const TAG_HEIGHT: f32 = 18.0;
/// From this share of events without room for their tags on, density is shown instead of outlines.
const DENSE_SHARE: f32 = 0.35;
/// With more events than this in view, those under the pointer alone are placed: there is no room for outlines.
const MOST_PLACED: usize = 1000;
/// How far around the pointer that is, in points.
const AROUND_POINTER: f32 = 8.0;
const DASH: (f32, f32) = (6.0, 4.0);
const DOT: (f32, f32) = (1.5, 3.5);

/// An event in view, with its place on the screen.
pub struct PlacedMark<'a> {
    /// The event.
    pub mark: &'a Mark,
    /// From its tag down to the bottom.
    pub region: Rect,
    /// Its tag; none where all rows are taken.
    pub tag: Option<Rect>,
    text: String,
}

/// The events in view, with tags stacked where they would overlap. One that finds no free row has none, but for the selected event.
pub fn place<'a>(canvas: &'a Canvas<'_>, painter: &Painter, rect: Rect) -> Vec<PlacedMark<'a>> {
    let view = canvas.scale.span;
    let rows = ((0.5 * rect.height() / TAG_HEIGHT) as usize).max(1);
    let mut ends: Vec<f32> = vec![f32::NEG_INFINITY; rows];
    in_view(canvas, painter, view)
        .into_iter()
        .map(|mark| {
            let (left, right) =
                (canvas.scale.x_from_secs(mark.span.onset_secs), canvas.scale.x_from_secs(mark.span.offset_secs));
            let text = tag_text(mark);
            let wanted = painter.layout_no_wrap(text.clone(), tag_font(), Color32::WHITE).size().x + 10.0;
            let tag_left = left.max(rect.left());
            let tag_right = (tag_left + wanted).min(rect.right()).max(tag_left + 4.0);
            let selected = canvas.bench.selected == Some(mark.target);
            let free = ends.iter().position(|&end| end <= tag_left).or_else(|| selected.then(|| soonest(&ends)));
            let row = free.unwrap_or(rows);
            if let Some(end) = free.and_then(|row| ends.get_mut(row)) {
                *end = tag_right.max(right.min(rect.right())) + 2.0;
            }
            let top = rect.top() + 2.0 + row as f32 * TAG_HEIGHT;
            let region = Rect::from_min_max(pos2(left, top), pos2(right.max(left + 1.0), rect.bottom()));
            let tag = Rect::from_min_max(pos2(tag_left, top), pos2(tag_right, top + TAG_HEIGHT - 2.0));
            let tag = free.is_some().then_some(tag);
            PlacedMark { mark, region, tag, text }
        })
        .collect()
}

fn soonest(ends: &[f32]) -> usize {
    ends.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(row, _)| row)
}

fn tag_font() -> FontId {
    FontId::proportional(12.0)
}

fn tag_text(mark: &Mark) -> String {
    match (mark.state, mark.score) {
        (Status::Predicted, Some(score)) => format!("{} {score:.2}", mark.label),
        (Status::Uncertain, _) => format!("{} ?", mark.label),
        _ => mark.label.to_string(),
    }
}

/// The events that are shown and in view, and the selected one also if the filter hides it.
fn in_view<'a>(canvas: &'a Canvas<'_>, painter: &Painter, view: Span) -> Vec<&'a Mark> {
    let marks = &canvas.bench.marks;
    let mut found: Vec<&Mark> = if is_crowded(canvas) {
        let pointer = painter.ctx().pointer_hover_pos();
        let near = pointer.map(|at| [-AROUND_POINTER, AROUND_POINTER].map(|by| canvas.scale.secs_from_x(at.x + by)));
        let near = near.map(|[onset_secs, offset_secs]| Span { onset_secs, offset_secs });
        near.into_iter().flat_map(|near| marks.shown_in_span(near)).take(MOST_PLACED).collect()
    } else {
        marks.shown_in_span(view).collect()
    };
    if let Some(selected) = canvas.bench.selected_mark().filter(|mark| mark.is_in(view))
        && !found.iter().any(|mark| mark.target == selected.target)
    {
        found.push(selected);
    }
    found
}

/// Whether more events are in view than can be told apart.
fn is_crowded(canvas: &Canvas<'_>) -> bool {
    canvas.bench.marks.shown_in_span(canvas.scale.span).nth(MOST_PLACED).is_some()
}

/// Whether there are so many events in so little room that outlines would be a smear.
pub fn is_dense(canvas: &Canvas<'_>, placed: &[PlacedMark<'_>]) -> bool {
    let homeless = placed.iter().filter(|placed| placed.tag.is_none()).count();
    (placed.len() > 40 && homeless as f32 > DENSE_SHARE * placed.len() as f32) || is_crowded(canvas)
}

/// Draws how many events begin where, if single ones cannot be told apart, and the selected one.
pub fn paint_density(canvas: &Canvas<'_>, painter: &Painter, placed: &[PlacedMark<'_>], rect: Rect) {
    const BIN_POINTS: f32 = 4.0;
    let marks = &canvas.bench.marks;
    let bins = (rect.width() / BIN_POINTS) as usize + 1;
    let edge = |bin: usize| marks.shown_before_secs(canvas.scale.secs_from_x(rect.left() + bin as f32 * BIN_POINTS));
    let edges: Vec<usize> = (0..=bins).map(edge).collect();
    let counts = || edges.windows(2).map(|pair| pair[1].saturating_sub(pair[0]));
    let most = counts().max().unwrap_or(1).max(1) as f32;
    for (bin, count) in counts().enumerate().filter(|(_, count)| *count > 0) {
        let height = (60.0 * count as f32 / most).max(1.5);
        let min = pos2(rect.left() + bin as f32 * BIN_POINTS, rect.top() + 2.0);
        painter.rect_filled(
            Rect::from_min_size(min, vec2(BIN_POINTS - 1.0, height)),
            0.0,
            canvas.colors.accent.gamma_multiply(0.8),
        );
    }
    let selected: Vec<&PlacedMark<'_>> =
        placed.iter().filter(|placed| canvas.bench.selected == Some(placed.mark.target)).collect();
    selected.iter().for_each(|placed| paint_region(canvas, painter, placed, true));
}

/// Draws all of them, the selected one last.
pub fn paint(canvas: &Canvas<'_>, painter: &Painter, placed: &[PlacedMark<'_>], dragged: Option<Target>) {
    let selected = canvas.bench.selected;
    let is_selected = |placed: &&PlacedMark<'_>| selected == Some(placed.mark.target);
    let is_drawn = |placed: &&PlacedMark<'_>| dragged != Some(placed.mark.target);
    let drawn: Vec<&PlacedMark<'_>> = placed.iter().filter(is_drawn).collect();
    let (front, back): (Vec<_>, Vec<_>) = drawn.into_iter().partition(is_selected);
    back.iter().for_each(|placed| paint_region(canvas, painter, placed, false));
    front.iter().for_each(|placed| paint_region(canvas, painter, placed, true));
    // Tags after all lines, so that they can be read.
    for (placed, selected) in back.iter().map(|placed| (placed, false)).chain(front.iter().map(|placed| (placed, true)))
    {
        let color = label_color(canvas.bench.label_place(&placed.mark.label));
        paint_tag(painter, placed, color, selected.then_some(canvas.colors.accent));
    }
}

fn paint_region(canvas: &Canvas<'_>, painter: &Painter, placed: &PlacedMark<'_>, selected: bool) {
    let color = label_color(canvas.bench.label_place(&placed.mark.label));
    let outline = if selected { canvas.colors.accent } else { color };
    let region = placed.region;
    if selected {
        painter.rect_filled(region, 0.0, canvas.colors.accent.gamma_multiply(0.12));
    }
    let width = if selected { 2.0 } else { 1.0 };
    paint_outline(canvas, painter, region, placed.mark.state, Stroke::new(width, outline));
    if selected {
        for x in [region.left(), region.right()] {
            let grip = Rect::from_center_size(pos2(x, region.center().y), vec2(6.0, 28.0));
            painter.rect(grip, 3.0, outline, Stroke::new(1.0, canvas.colors.halo), StrokeKind::Outside);
        }
    }
}

fn paint_outline(canvas: &Canvas<'_>, painter: &Painter, region: Rect, state: Status, stroke: Stroke) {
    let halo = Stroke::new(stroke.width + 2.0, canvas.colors.halo);
    let (left, right) = ([region.left_top(), region.left_bottom()], [region.right_top(), region.right_bottom()]);
    let sides = [left, right, [region.left_top(), region.right_top()]];
    for [from, to] in sides {
        painter.line_segment([from, to], halo);
    }
    let pattern = match state {
        Status::Predicted => Some(DASH),
        Status::Uncertain => Some(DOT),
        Status::Accepted | Status::Corrected | Status::Rejected => None,
    };
    for [from, to] in sides {
        match pattern {
            Some((dash, gap)) => painter.extend(Shape::dashed_line(&[from, to], stroke, dash, gap)),
            None => drop(painter.line_segment([from, to], stroke)),
        }
    }
    match state {
        Status::Rejected => {
            painter.line_segment(
                [region.left_top(), region.right_bottom()],
                Stroke::new(1.0, stroke.color.gamma_multiply(0.7)),
            );
            painter.line_segment(
                [region.right_top(), region.left_bottom()],
                Stroke::new(1.0, stroke.color.gamma_multiply(0.7)),
            );
        }
        Status::Corrected => {
            for (x, inward) in [(region.left(), 6.0), (region.right(), -6.0)] {
                let y = region.bottom();
                let notch = vec![pos2(x, y - 8.0), pos2(x + inward, y), pos2(x, y)];
                painter.add(Shape::convex_polygon(notch, stroke.color, Stroke::NONE));
            }
        }
        _ => {}
    }
}

fn paint_tag(painter: &Painter, placed: &PlacedMark<'_>, color: Color32, accent: Option<Color32>) {
    let Some(tag) = placed.tag else { return };
    let filled = matches!(placed.mark.state, Status::Accepted | Status::Corrected);
    let ground = accent.or(filled.then_some(color));
    let text_color = ground.map_or(color, text_on);
    let edge = Stroke::new(1.0, if accent.is_some() { Color32::WHITE } else { color });
    painter.rect(tag, 2.0, ground.unwrap_or(Color32::from_black_alpha(200)), edge, StrokeKind::Inside);
    let clip = painter.clip_rect().intersect(tag);
    let at = tag.left_center() + Vec2::new(5.0, 0.0);
    let galley = painter.layout_no_wrap(placed.text.clone(), tag_font(), text_color);
    let place = Align2::LEFT_CENTER.anchor_size(at, galley.size());
    painter.with_clip_rect(clip).galley(place.min, galley, text_color);
    if placed.mark.state == Status::Rejected {
        painter.with_clip_rect(clip).hline(place.x_range(), place.center().y, Stroke::new(1.0, text_color));
    }
}
