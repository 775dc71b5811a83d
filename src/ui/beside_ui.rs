//! What lies beside the open recording on the timeline, where the view reaches beyond it: the neighbours' pictures and waveforms at their
//! clock place, and the gaps between.

use super::axis_ui::{note, note_within};
use super::bands::Band;
use super::canvas_ui::{Canvas, style_of};
use super::spectrogram_painter::SpectrogramPainter;
use super::theme::label_color;
use super::timeline_ui::length_text;
use super::waveform_painter::{self, WaveStyle};
use crate::annotation::{RecordingId, Status};
use crate::app::Block;
use crate::spectrogram::TimeView;
use crate::work::TileEngine;
use eframe::egui::{Align2, Painter, Rect, Shape, Stroke, Ui, pos2, vec2};

/// Distance between the lines of a hatch, in points.
const HATCH_POINTS: f32 = 9.0;
/// Events of a neighbour that are drawn, at most.
const MOST_EVENTS: usize = 2000;
/// Names and lengths are written where there is room for this, in points.
const LEAST_NOTE: f32 = 70.0;

/// What is seen of a recording beside the open one. Where recordings overlap, each moment is one recording's: the open one's, else the
/// nearest one's to the centre.
struct Beside<'a> {
    block: &'a Block,
    /// How far its beginning lies from that of the open one, in seconds.
    shift: f64,
    /// Beginning and end of what is seen, in seconds of the open recording.
    seen: (f64, f64),
}

impl Beside<'_> {
    /// Where it lies on the screen.
    fn region(&self, canvas: &Canvas<'_>, rect: Rect) -> Rect {
        let left = canvas.scale.x_from_secs(self.seen.0).max(rect.left());
        let right = canvas.scale.x_from_secs(self.seen.1).min(rect.right());
        Rect::from_x_y_ranges(left..=right.max(left), rect.y_range())
    }

    /// A painter that paints there and nowhere else.
    fn clipped(&self, canvas: &Canvas<'_>, painter: &Painter, rect: Rect) -> Painter {
        painter.with_clip_rect(self.region(canvas, rect).intersect(painter.clip_rect()))
    }
}

/// The other recordings in view, the nearest to the centre first; one that is seen on both sides of another comes twice.
fn beside<'a>(canvas: &Canvas<'a>) -> Vec<Beside<'a>> {
    let bench = canvas.bench;
    if !bench.shows_timeline() {
        return Vec::new();
    }
    let view = canvas.scale.span;
    let centre = 0.5 * (view.onset_secs + view.offset_secs);
    let Some(here) = bench.timeline.block(canvas.open.id) else { return Vec::new() };
    let in_view = |block: &'a Block| {
        let shift = block.start_secs - here.start_secs;
        let is_seen = shift < view.offset_secs && shift + block.duration_secs > view.onset_secs;
        (is_seen && block.id != here.id).then_some((block, shift))
    };
    let distance = |(block, shift): &(&Block, f64)| (shift - centre).max(centre - shift - block.duration_secs).max(0.0);
    let mut found: Vec<(&Block, f64)> = bench.timeline.blocks().iter().filter_map(in_view).collect();
    found.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
    let duration = canvas.open.viewport.duration_secs();
    let free = vec![(view.onset_secs, view.offset_secs.min(0.0)), (view.onset_secs.max(duration), view.offset_secs)];
    let spans: Vec<(f64, f64)> = found.iter().map(|(block, shift)| (*shift, shift + block.duration_secs)).collect();
    let cuts = cut(free, &spans);
    cuts.into_iter().map(|(place, seen)| Beside { block: found[place].0, shift: found[place].1, seen }).collect()
}

/// Shares out what is free: each span in turn takes what is left of it. Returns which span has taken what; nothing is empty.
fn cut(mut free: Vec<(f64, f64)>, spans: &[(f64, f64)]) -> Vec<(usize, (f64, f64))> {
    let mut taken = Vec::new();
    free.retain(|(from, to)| to > from);
    for (place, &(from, to)) in spans.iter().enumerate() {
        if free.is_empty() {
            break;
        }
        let mut left = Vec::with_capacity(free.len() + 1);
        for (free_from, free_to) in free {
            let own = (from.max(free_from), to.min(free_to));
            if own.1 > own.0 {
                taken.push((place, own));
                left.extend([(free_from, own.0), (own.1, free_to)].into_iter().filter(|(from, to)| to > from));
            } else {
                left.push((free_from, free_to));
            }
        }
        free = left;
    }
    taken
}

/// What is in view of each, in seconds of its own.
pub fn views(canvas: &Canvas<'_>, view: &TimeView) -> Vec<(RecordingId, TimeView)> {
    let mut views: Vec<(RecordingId, f64, (f64, f64))> = Vec::new();
    for Beside { block, shift, seen } in beside(canvas) {
        match views.iter_mut().find(|(id, ..)| *id == block.id) {
            Some((.., whole)) => *whole = (whole.0.min(seen.0), whole.1.max(seen.1)),
            None => views.push((block.id, shift, seen)),
        }
    }
    views.into_iter().map(|(id, shift, seen)| (id, shifted(&part(view, seen), shift))).collect()
}

/// The part of a view that shows a stretch, of as many seconds a pixel as the whole.
fn part(view: &TimeView, (from, to): (f64, f64)) -> TimeView {
    let secs_per_px = view.secs_per_px();
    let first = ((from - view.start_secs) / secs_per_px).floor().max(0.0);
    let end = ((to - view.start_secs) / secs_per_px).ceil().min(f64::from(view.width_px)).max(first + 1.0);
    TimeView {
        start_secs: view.start_secs + first * secs_per_px,
        end_secs: view.start_secs + end * secs_per_px,
        width_px: (end - first) as u32,
    }
}

fn shifted(view: &TimeView, by_secs: f64) -> TimeView {
    TimeView { start_secs: view.start_secs - by_secs, end_secs: view.end_secs - by_secs, ..*view }
}

/// The pictures of a neighbour, if there are any for that band.
fn tiles_of<'a>(canvas: &Canvas<'a>, block: &Block, band: &Band) -> Option<&'a TileEngine> {
    let neighbour = canvas.bench.neighbours.iter().find(|neighbour| neighbour.id == block.id)?;
    (band.plane < neighbour.tiles.plane_count()).then_some(&neighbour.tiles)
}

/// Draws the neighbours' spectrograms, as far as they are known.
pub fn pictures(
    canvas: &Canvas<'_>,
    painter: &Painter,
    spectrogram: &SpectrogramPainter,
    band: &Band,
    view: &TimeView,
) {
    for beside in beside(canvas) {
        let Some(tiles) = tiles_of(canvas, beside.block, band) else { continue };
        let (style, view) = (style_of(&canvas.bench.display, tiles), shifted(view, beside.shift));
        let painter = beside.clipped(canvas, painter, band.rect);
        spectrogram.paint(&painter, band.rect, tiles, band.plane, &view, &canvas.frequencies(), &style);
    }
}

/// Draws the neighbours' waveforms.
pub fn waveforms(canvas: &Canvas<'_>, painter: &Painter, band: &Band, view: &TimeView, style: &WaveStyle) {
    for beside in beside(canvas) {
        if let Some(tiles) = tiles_of(canvas, beside.block, band) {
            let painter = beside.clipped(canvas, painter, band.rect);
            waveform_painter::paint(&painter, band.rect, tiles, band.plane, &shifted(view, beside.shift), style);
        }
    }
}

/// Draws where recordings begin and end, and hatches what no recording covers.
pub fn borders(ui: &Ui, canvas: &Canvas<'_>, rect: Rect) {
    let view = canvas.scale.span;
    let duration = canvas.open.viewport.duration_secs();
    if view.onset_secs >= 0.0 && view.offset_secs <= duration {
        return;
    }
    let Some(here) = canvas.bench.timeline.block(canvas.open.id) else { return };
    let painter = ui.painter_at(rect);
    for &(from, to) in canvas.bench.timeline.gaps() {
        gap(canvas, &painter, rect, from - here.start_secs, to - here.start_secs);
    }
    let line = Stroke::new(1.0, canvas.colors.picture_accent);
    for secs in [0.0, duration] {
        let x = canvas.scale.x_from_secs(secs);
        painter.vline(x, rect.y_range(), Stroke::new(3.0, canvas.colors.halo));
        painter.vline(x, rect.y_range(), line);
    }
    for beside in beside(canvas) {
        // Events can be drawn in the open recording only: what lies beside it is a little darker.
        let region = beside.region(canvas, rect);
        painter.rect_filled(region, 0.0, canvas.colors.shade.gamma_multiply(0.45));
        painter.vline(region.left(), rect.y_range(), Stroke::new(1.0, canvas.colors.weak_text));
        let clip = beside.clipped(canvas, &painter, rect);
        events(canvas, &clip, rect, beside.block, beside.shift);
        if region.width() > LEAST_NOTE {
            let name = canvas.bench.document.recording(beside.block.id).map(|recording| recording.file_name());
            let name = name.unwrap_or_default();
            note_within(&clip, region.left_top() + vec2(4.0, 4.0), Align2::LEFT_TOP, &name, region.width() - 8.0);
        }
    }
}

/// The events of a neighbour, to be seen but not to be taken hold of.
fn events(canvas: &Canvas<'_>, painter: &Painter, rect: Rect, block: &Block, shift: f64) {
    let Some(recording) = canvas.bench.document.recording(block.id) else { return };
    let shown = recording.events.values().filter(|event| event.status != Status::Rejected).take(MOST_EVENTS);
    for event in shown {
        let left = canvas.scale.x_from_secs(shift + event.span.onset_secs);
        let right = canvas.scale.x_from_secs(shift + event.span.offset_secs).max(left + 1.0);
        if right < rect.left() || left > rect.right() {
            continue;
        }
        let color = label_color(canvas.bench.label_place(&event.label));
        let bar = Rect::from_x_y_ranges(left..=right, rect.top()..=rect.top() + 3.0);
        painter.rect_filled(bar, 0.0, color);
        for x in [left, right] {
            painter.vline(x, rect.y_range(), Stroke::new(1.0, color.gamma_multiply(0.6)));
        }
    }
}

fn gap(canvas: &Canvas<'_>, painter: &Painter, rect: Rect, from_secs: f64, to_secs: f64) {
    let left = canvas.scale.x_from_secs(from_secs).max(rect.left());
    let right = canvas.scale.x_from_secs(to_secs).min(rect.right());
    if right <= left {
        return;
    }
    let region = Rect::from_x_y_ranges(left..=right, rect.y_range());
    let clip = painter.with_clip_rect(region.intersect(painter.clip_rect()));
    let line = Stroke::new(1.0, canvas.colors.weak_text.gamma_multiply(0.5));
    // The hatch keeps its place in time, so that it moves with the picture.
    let origin = canvas.scale.x_from_secs(from_secs).max(-1e5);
    let first = ((left - origin - rect.height()) / HATCH_POINTS).floor();
    let mut x = origin + first * HATCH_POINTS;
    while x < right {
        clip.add(Shape::line_segment([pos2(x, rect.bottom()), pos2(x + rect.height(), rect.top())], line));
        x += HATCH_POINTS;
    }
    let length = length_text(to_secs - from_secs);
    if right - left > 2.5 * LEAST_NOTE {
        note(&clip, region.center(), Align2::CENTER_CENTER, &format!("no recording, {length}"));
    } else if right - left > LEAST_NOTE {
        note(&clip, region.center(), Align2::CENTER_CENTER, &length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_recordings_overlap_each_moment_is_of_one() {
        // The open one lasts from 0 to 30; the second begins before it ends, the third lies within the second, the fourth around all.
        let free = vec![(-20.0, 0.0), (30.0, 80.0)];
        let spans = [(25.0, 50.0), (35.0, 45.0), (-10.0, 60.0), (-5.0, 28.0)];
        let cuts = cut(free, &spans);
        assert_eq!(cuts, [(0, (30.0, 50.0)), (2, (-10.0, 0.0)), (2, (50.0, 60.0))]);
        assert!(cut(vec![(5.0, 0.0), (30.0, 30.0)], &spans).is_empty());
    }

    #[test]
    fn a_part_of_a_view_has_pixels_as_wide_as_the_whole() {
        let view = TimeView { start_secs: -20.0, end_secs: 80.0, width_px: 1000 };
        let seen = part(&view, (30.0, 50.05));
        assert_eq!((seen.width_px, seen.start_secs), (201, 30.0));
        assert!((seen.secs_per_px() - view.secs_per_px()).abs() < 1e-12 && seen.end_secs >= 50.05);
        assert_eq!(part(&view, (79.99, 80.0)).width_px, 1);
    }
}
