//! Events over the spectrogram: outlines whose shape tells their state, with tags that never hide each other.

use super::canvas_ui::Canvas;
use super::heights::Heights;
use super::outline_ui;
use super::tags::Tags;
use super::theme::{label_color, text_on};
use crate::annotation::Status;
use crate::app::{Mark, Target};
use crate::time::Span;
use eframe::egui::{Align2, Color32, FontId, Painter, Rangef, Rect, Stroke, StrokeKind, Vec2, pos2, vec2};

/// From this share of events without room for their tags on, density is shown instead of outlines.
const DENSE_SHARE: f32 = 0.35;
/// With more events than this in view, those under the pointer alone are placed: there is no room for outlines.
const MOST_PLACED: usize = 1000;
/// How far around the pointer that is, in points.
const AROUND_POINTER: f32 = 8.0;

/// An event in view, with its place on the screen.
pub struct PlacedMark<'a> {
    /// The event.
    pub mark: &'a Mark,
    /// From its onset to its offset; of a point, both are the same.
    pub x: Rangef,
    /// The top of its tag.
    top: f32,
    /// Its tag; none where there is no room.
    pub tag: Option<Rect>,
    text: String,
}

impl PlacedMark<'_> {
    /// Where it lies: a box once in each channel, all else from its tag down to the bottom.
    pub fn regions(&self, heights: &Heights) -> impl Iterator<Item = Rect> {
        let right = if self.mark.is_point { self.x.min } else { self.x.max.max(self.x.min + 1.0) };
        let x = Rangef::new(self.x.min, right);
        let is_box = self.mark.band.is_some();
        heights.strips(self.mark.band).map(move |y| {
            let y = if is_box { y } else { Rangef::new(self.top.min(y.max), y.max) };
            Rect::from_x_y_ranges(x, y)
        })
    }
}

/// The events in view, with tags stacked where they would overlap. One that finds no free place has none, but for the selected event.
pub fn place<'a>(canvas: &'a Canvas<'_>, painter: &Painter, rect: Rect, heights: &Heights) -> Vec<PlacedMark<'a>> {
    let view = canvas.scale.span;
    let mut tags = Tags::new(rect);
    in_view(canvas, painter, view)
        .into_iter()
        .filter_map(|mark| {
            let x = Rangef::new(
                canvas.scale.x_from_secs(mark.span.onset_secs),
                canvas.scale.x_from_secs(mark.span.offset_secs),
            );
            let text = tag_text(mark);
            let wanted = painter.layout_no_wrap(text.clone(), tag_font(), Color32::WHITE).size().x + 10.0;
            let left = x.min.max(rect.left());
            let ends = Rangef::new(left, (left + wanted).min(rect.right()).max(left + 4.0));
            let selected = canvas.bench.selected == Some(mark.target);
            // A box that is not among the frequencies in view is not seen.
            let strip = heights.strips(mark.band).next()?;
            let (top, tag) = if mark.band.is_some() {
                tags.beside_box(ends, strip.min.max(rect.top()), selected)
            } else {
                tags.on_top(ends, x.max.min(rect.right()), selected)
            };
            Some(PlacedMark { mark, x, top, tag, text })
        })
        .collect()
}

fn tag_font() -> FontId {
    FontId::proportional(12.0)
}

fn tag_text(mark: &Mark) -> String {
    match (mark.state, mark.score) {
        (Status::Predicted, Some(score)) => format!("{} {score:.2}", mark.label_text()),
        (Status::Uncertain, _) => format!("{} ?", mark.label_text()),
        _ => mark.label_text().into_owned(),
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
pub fn paint_density(canvas: &Canvas<'_>, painter: &Painter, placed: &[PlacedMark<'_>], heights: &Heights, rect: Rect) {
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
            canvas.colors.picture_accent.gamma_multiply(0.8),
        );
    }
    let selected: Vec<&PlacedMark<'_>> =
        placed.iter().filter(|placed| canvas.bench.is_selected(placed.mark.target)).collect();
    selected.iter().for_each(|placed| paint_outline(canvas, painter, placed, heights, true));
}

/// Draws all of them but those that are dragged, the selected one last.
pub fn paint(
    canvas: &Canvas<'_>,
    painter: &Painter,
    placed: &[PlacedMark<'_>],
    heights: &Heights,
    dragged: [Option<Target>; 2],
) {
    let is_selected = |placed: &&PlacedMark<'_>| canvas.bench.is_selected(placed.mark.target);
    let is_drawn = |placed: &&PlacedMark<'_>| !dragged.contains(&Some(placed.mark.target));
    let drawn: Vec<&PlacedMark<'_>> = placed.iter().filter(is_drawn).collect();
    let (front, back): (Vec<_>, Vec<_>) = drawn.into_iter().partition(is_selected);
    let all = || back.iter().map(|placed| (placed, false)).chain(front.iter().map(|placed| (placed, true)));
    all().for_each(|(placed, selected)| paint_outline(canvas, painter, placed, heights, selected));
    // Tags after all lines, so that they can be read.
    for (placed, selected) in all() {
        let color = label_color(canvas.bench.label_place(&placed.mark.label));
        paint_tag(painter, placed, color, selected.then_some(canvas.colors.picture_accent));
    }
}

fn paint_outline(canvas: &Canvas<'_>, painter: &Painter, placed: &PlacedMark<'_>, heights: &Heights, selected: bool) {
    let color = label_color(canvas.bench.label_place(&placed.mark.label));
    let has_grips = canvas.bench.selected == Some(placed.mark.target);
    let look = outline_ui::Look { color, state: placed.mark.state, selected, has_grips };
    placed.regions(heights).for_each(|region| match (placed.mark.is_point, placed.mark.band) {
        (true, _) => outline_ui::paint_point(canvas, painter, region, look),
        (false, Some(_)) => outline_ui::paint_box(canvas, painter, region, look),
        (false, None) => outline_ui::paint_span(canvas, painter, region, look),
    });
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
