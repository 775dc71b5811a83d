//! What lies under the pointer: an edge, a corner or the inside of an event.

use super::canvas_ui::Canvas;
use super::heights::Heights;
use super::marks_ui::PlacedMark;
use crate::app::{BandEdge, Edge, Handle, SHARED_SECS, Shape, Target};
use crate::time::Span;
use eframe::egui::{CursorIcon, Pos2, Rect};

/// How close to an edge the pointer takes hold of it, in points; inside a narrow event only as far as a quarter of it.
pub const GRIP_POINTS: f32 = 8.0;
/// How far apart two edges that are one may be drawn, in points.
const SHARED_POINTS: f32 = 4.0;

/// What lies under the pointer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Under {
    /// An edge or a corner.
    Handle(Target, Handle, Shape),
    /// The inside.
    Inside(Target, Shape),
    /// No event.
    Nothing,
}

impl Under {
    /// The event.
    pub fn target(&self) -> Option<Target> {
        match *self {
            Self::Handle(target, ..) | Self::Inside(target, _) => Some(target),
            Self::Nothing => None,
        }
    }

    /// The pointer's look.
    pub fn cursor(&self, alt: bool) -> CursorIcon {
        match self {
            Self::Handle(_, handle, _) => match (handle.time, handle.frequency) {
                (Some(Edge::Onset), Some(BandEdge::High)) | (Some(Edge::Offset), Some(BandEdge::Low)) => {
                    CursorIcon::ResizeNwSe
                }
                (Some(_), Some(_)) => CursorIcon::ResizeNeSw,
                (None, Some(_)) => CursorIcon::ResizeVertical,
                _ => CursorIcon::ResizeHorizontal,
            },
            Self::Inside(..) if alt => CursorIcon::Grab,
            _ => CursorIcon::Crosshair,
        }
    }
}

/// Finds it. Edges go before insides, the selected event before others, and what has the pointer inside before what has it outside.
pub fn under(canvas: &Canvas<'_>, placed: &[PlacedMark<'_>], heights: &Heights, at: Pos2) -> Under {
    let near = placed.iter().filter(|placed| placed.x.expand(GRIP_POINTS).contains(at.x));
    let regions = || near.clone().flat_map(|placed| placed.regions(heights).map(move |region| (placed, region)));
    let grips = regions().filter_map(|(placed, region)| {
        let (handle, distance) = handle_at(region, placed.mark.is_point, placed.mark.band.is_some(), at)?;
        let is_other = canvas.bench.selected != Some(placed.mark.target);
        Some(((is_other, !region.contains(at), distance), placed, handle))
    });
    let order = |a: &(bool, bool, f32), b: &(bool, bool, f32)| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2));
    if let Some((_, placed, handle)) = grips.min_by(|a, b| order(&a.0, &b.0)) {
        return Under::Handle(placed.mark.target, handle, placed.mark.shape());
    }
    // Of several events the smallest: it could not be reached otherwise.
    let inside = regions().filter(|(_, region)| region.contains(at));
    let smallest = inside.min_by(|a, b| a.1.area().total_cmp(&b.1.area()));
    smallest.map_or(Under::Nothing, |(placed, _)| Under::Inside(placed.mark.target, placed.mark.shape()))
}

/// What of a region is held at a place, and how far it is, in points.
fn handle_at(region: Rect, is_point: bool, is_box: bool, at: Pos2) -> Option<(Handle, f32)> {
    let room = if is_box { GRIP_POINTS } else { 0.0 };
    if !region.y_range().expand(room).contains(at.y) {
        return None;
    }
    let held = |outward: f32, length: f32| (-GRIP_POINTS.min(0.25 * length)..=GRIP_POINTS).contains(&outward);
    let nearer = |first: f32, second: f32, length: f32| match (held(first, length), held(second, length)) {
        (true, true) => Some(first.abs() > second.abs()),
        (true, false) => Some(false),
        (false, true) => Some(true),
        (false, false) => None,
    };
    let (left, right) = (region.left() - at.x, at.x - region.right());
    if is_point {
        let handle = Handle { time: Some(Edge::Onset), frequency: None };
        return (left.abs() <= GRIP_POINTS).then_some((handle, left.abs()));
    }
    let time = nearer(left, right, region.width());
    let (above, below) = (region.top() - at.y, at.y - region.bottom());
    let frequency = if is_box { nearer(above, below, region.height()) } else { None };
    if time.is_none() && frequency.is_none() {
        return None;
    }
    let distance = |is_second: Option<bool>, first: f32, second: f32| {
        is_second.map_or(f32::INFINITY, |is_second| if is_second { second.abs() } else { first.abs() })
    };
    let handle = Handle {
        time: time.map(|is_right| if is_right { Edge::Offset } else { Edge::Onset }),
        frequency: frequency.map(|is_below| if is_below { BandEdge::Low } else { BandEdge::High }),
    };
    Some((handle, distance(time, left, right).min(distance(frequency, above, below))))
}

/// An event and its shape.
pub type Side = (Target, Shape);

/// The two events that share an edge, the one that ends there first: of several neighbours the nearest, of those the one of the same
/// label.
pub fn sharing(canvas: &Canvas<'_>, placed: &[PlacedMark<'_>], target: Target, edge: Edge) -> Option<(Side, Side)> {
    let own = canvas.bench.mark(target).filter(|mark| !mark.is_point)?;
    let within_secs = canvas.scale.secs_of(SHARED_POINTS).max(SHARED_SECS);
    let distance = |span: Span| match edge {
        Edge::Onset => (span.offset_secs - own.span.onset_secs).abs(),
        Edge::Offset => (span.onset_secs - own.span.offset_secs).abs(),
    };
    let others = placed.iter().map(|placed| placed.mark).filter(|mark| mark.target != target && !mark.is_point);
    let near = others.map(|mark| (distance(mark.span), mark)).filter(|(distance, _)| *distance <= within_secs);
    let nearest = near.min_by(|a, b| a.0.total_cmp(&b.0).then((a.1.label != own.label).cmp(&(b.1.label != own.label))));
    let (own, other) = ((target, own.shape()), nearest.map(|(_, mark)| (mark.target, mark.shape()))?);
    Some(match edge {
        Edge::Onset => (other, own),
        Edge::Offset => (own, other),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui::pos2;

    fn held(is_box: bool, x: f32, y: f32) -> Option<(Option<Edge>, Option<BandEdge>)> {
        let region = Rect::from_min_max(pos2(100.0, 200.0), pos2(180.0, 260.0));
        handle_at(region, false, is_box, pos2(x, y)).map(|(handle, _)| (handle.time, handle.frequency))
    }

    #[test]
    fn edges_and_corners_have_grips_of_eight_points_to_both_sides() {
        assert_eq!(held(false, 93.0, 230.0), Some((Some(Edge::Onset), None)));
        assert_eq!(held(false, 107.0, 201.0), Some((Some(Edge::Onset), None)), "a span in time has no corners");
        assert_eq!(held(false, 91.0, 230.0), None);
        assert_eq!(held(false, 187.0, 230.0), Some((Some(Edge::Offset), None)));
        assert_eq!(held(false, 187.0, 262.0), None);
        assert_eq!(held(true, 140.0, 195.0), Some((None, Some(BandEdge::High))));
        assert_eq!(held(true, 140.0, 263.0), Some((None, Some(BandEdge::Low))));
        assert_eq!(held(true, 176.0, 264.0), Some((Some(Edge::Offset), Some(BandEdge::Low))));
        assert_eq!(held(true, 102.0, 203.0), Some((Some(Edge::Onset), Some(BandEdge::High))));
        assert_eq!(held(true, 140.0, 230.0), None);
    }

    #[test]
    fn a_narrow_event_keeps_an_inside() {
        let region = Rect::from_min_max(pos2(100.0, 200.0), pos2(112.0, 400.0));
        let at = |x| handle_at(region, false, false, pos2(x, 300.0)).map(|(handle, _)| handle.time);
        assert_eq!((at(102.0), at(106.0), at(110.0)), (Some(Some(Edge::Onset)), None, Some(Some(Edge::Offset))));
    }
}
