//! What lies beside the open recording on the timeline, where the view reaches beyond it: the neighbours' pictures and waveforms at their
//! clock place, and the gaps between.

use super::axis_ui::note;
use super::bands::Band;
use super::canvas_ui::{Canvas, style_of};
use super::spectrogram_painter::SpectrogramPainter;
use super::timeline_ui::length_text;
use super::waveform_painter::{self, WaveStyle};
use crate::annotation::RecordingId;
use crate::app::Block;
use crate::spectrogram::TimeView;
use crate::work::TileEngine;
use eframe::egui::{Align2, Painter, Rect, Shape, Stroke, Ui, pos2};

/// Distance between the lines of a hatch, in points.
const HATCH_POINTS: f32 = 9.0;
/// Names and lengths are written where there is room for this, in points.
const LEAST_NOTE: f32 = 70.0;

/// The other recordings in view, with how far their beginning lies from that of the open one; the nearest to the centre first.
fn beside<'a>(canvas: &Canvas<'a>) -> Vec<(&'a Block, f64)> {
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
    found
}

/// What is in view of each, in seconds of its own.
pub fn views(canvas: &Canvas<'_>, view: &TimeView) -> Vec<(RecordingId, TimeView)> {
    beside(canvas).into_iter().map(|(block, shift)| (block.id, shifted(view, shift))).collect()
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
    for (block, shift) in beside(canvas) {
        let Some(tiles) = tiles_of(canvas, block, band) else { continue };
        let (style, view) = (style_of(&canvas.bench.display, tiles), shifted(view, shift));
        spectrogram.paint(painter, band.rect, tiles, band.plane, &view, &canvas.frequencies(), &style);
    }
}

/// Draws the neighbours' waveforms.
pub fn waveforms(canvas: &Canvas<'_>, painter: &Painter, band: &Band, view: &TimeView, style: &WaveStyle) {
    for (block, shift) in beside(canvas) {
        if let Some(tiles) = tiles_of(canvas, block, band) {
            waveform_painter::paint(painter, band.rect, tiles, band.plane, &shifted(view, shift), style);
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
    for (from, to) in canvas.bench.timeline.gaps() {
        gap(canvas, &painter, rect, from - here.start_secs, to - here.start_secs);
    }
    let line = Stroke::new(1.0, canvas.colors.accent);
    for secs in [0.0, duration] {
        let x = canvas.scale.x_from_secs(secs);
        painter.vline(x, rect.y_range(), Stroke::new(3.0, canvas.colors.halo));
        painter.vline(x, rect.y_range(), line);
    }
    for (block, shift) in beside(canvas) {
        let left = canvas.scale.x_from_secs(shift).max(rect.left());
        let right = canvas.scale.x_from_secs(shift + block.duration_secs).min(rect.right());
        // Events can be drawn in the open recording only: what lies beside it is a little darker.
        let region = Rect::from_x_y_ranges(left..=right, rect.y_range());
        painter.rect_filled(region, 0.0, canvas.colors.shade.gamma_multiply(0.45));
        painter.vline(left, rect.y_range(), Stroke::new(1.0, canvas.colors.weak_text));
        if right - left > LEAST_NOTE {
            let name = canvas.bench.document.recording(block.id).map(|recording| recording.file_name());
            let clip = painter.with_clip_rect(region.intersect(rect));
            note(&clip, pos2(left + 4.0, rect.top() + 4.0), Align2::LEFT_TOP, &name.unwrap_or_default());
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
