//! What edges that are dragged snap to: the playhead, edges of other events, spans that are marked complete, the recording's ends.

use super::canvas_ui::Canvas;
use super::drag::{Drag, DragKind};
use crate::app::{Edge, Target};

/// Of so many events in view at most the edges are looked at: where there are more, there is no room to snap to one of them.
const MOST_EVENTS: usize = 5_000;

/// Where the pointer's moment must be so that what is dragged snaps, and the moment that it snaps to; none if nothing is near.
pub fn snapped(canvas: &Canvas<'_>, drag: &Drag, pointer_secs: f64) -> Option<(f64, f64)> {
    let within_secs = canvas.scale.secs_of(canvas.bench.settings.shaping.snap_points);
    let by = pointer_secs - drag.from.secs;
    // How far the edges that may snap are from the pointer's moment.
    let edges: [Option<f64>; 2] = match drag.kind {
        DragKind::Draw { .. } | DragKind::Shared { .. } => [Some(0.0), None],
        DragKind::Resize { handle, .. } => [handle.time.map(|_: Edge| 0.0), None],
        DragKind::Move { before, .. } => {
            [before.span.onset_secs, before.span.offset_secs].map(|edge| Some(edge + by - pointer_secs))
        }
    };
    let places = || edges.into_iter().flatten();
    let mut best: Option<(f64, f64, f64)> = None;
    for_each_place(canvas, drag.targets(), |secs| {
        for from_pointer in places() {
            let distance = (pointer_secs + from_pointer - secs).abs();
            if distance <= within_secs && best.is_none_or(|(least, ..)| distance < least) {
                best = Some((distance, secs - from_pointer, secs));
            }
        }
    });
    best.map(|(_, pointer, secs)| (pointer, secs))
}

fn for_each_place(canvas: &Canvas<'_>, dragged: [Option<Target>; 2], mut see: impl FnMut(f64)) {
    let bench = canvas.bench;
    see(bench.playhead_secs());
    see(0.0);
    see(canvas.open.viewport.duration_secs());
    let view = canvas.scale.span;
    if let Some(recording) = bench.recording() {
        let complete = recording.complete_spans.iter().filter(|complete| complete.span.overlap_secs(view) > 0.0);
        complete
            .for_each(|complete| [complete.span.onset_secs, complete.span.offset_secs].into_iter().for_each(&mut see));
    }
    for mark in bench.marks.in_span(view).take(MOST_EVENTS).filter(|mark| !dragged.contains(&Some(mark.target))) {
        see(mark.span.onset_secs);
        see(mark.span.offset_secs);
    }
}
