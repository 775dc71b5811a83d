//! The recordings in clock order, in one strip: each a block at its place, what lies between them empty, the open one lit with the box of
//! what is in view. State is told by shape as well as colour.

use super::canvas_ui::{Canvas, row_name};
use super::file_row_ui::state_icon;
use super::widgets::text_in;
use crate::app::{Block, Request, TimeAxis, TimeScale, TimeUnit, Timeline, counted};
use crate::time::{Span, clock_text};
use eframe::egui::{
    self, Align2, FontId, Painter, Rect, Response, Sense, Stroke, StrokeKind, Ui, WidgetInfo, accesskit::Role, pos2,
    vec2,
};

/// Height of the strip, in points: ticks and blocks.
pub const TIMELINE_HEIGHT: f32 = 44.0;
const TICKS_HEIGHT: f32 = 14.0;
const TICK_POINTS: f32 = 84.0;
/// A block is drawn at least this wide, so that it can be seen and hit.
const LEAST_BLOCK: f32 = 3.0;
/// The closest look: a minute.
const LEAST_WIDTH_SECS: f64 = 60.0;
/// More blocks in view than this are drawn by the pixel, not one by one.
const DRAWN_BLOCKS: usize = 1500;
/// More blocks in view than this have no accessible names of their own.
const NAMED_BLOCKS: usize = 200;

/// Which stretch of the timeline the strip shows; all of it as long as nobody has zoomed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TimelineStretch(Option<(f64, f64)>);

impl TimelineStretch {
    /// Beginning and end in seconds from the timeline's zero.
    fn span(self, timeline: &Timeline) -> (f64, f64) {
        let end = timeline.end_secs().max(LEAST_WIDTH_SECS);
        match self.0 {
            Some((from, to)) if to - from < end => {
                let width = (to - from).max(LEAST_WIDTH_SECS.min(end));
                let from = from.clamp(0.0, (end - width).max(0.0));
                (from, from + width)
            }
            _ => {
                let margin = 0.01 * end;
                (-margin, end + margin)
            }
        }
    }
}

/// Draws the strip. Wheel: zoom; with Shift, or by dragging: pan; click: go there.
pub fn show(ui: &Ui, canvas: &Canvas<'_>, rect: Rect, stretch: &mut TimelineStretch, requests: &mut Vec<Request>) {
    if rect.height() < 1.0 {
        return;
    }
    let timeline = &canvas.bench.timeline;
    let (from, to) = stretch.span(timeline);
    let scale = TimeScale { span: Span { onset_secs: from, offset_secs: to }, left: rect.left(), width: rect.width() };
    let area = rect.with_min_y(rect.top() + TICKS_HEIGHT);
    let painter = ui.painter_at(rect);
    painter.rect_filled(area, 0.0, ui.visuals().extreme_bg_color);
    ticks(canvas, &painter, &scale, rect);
    let response = ui.interact(rect, ui.scope_id().with("timeline"), Sense::click_and_drag());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ScrollBar, true, "Timeline of recordings");
        let (recordings, gaps) = (timeline.blocks().len(), timeline.gaps().len());
        info.current_text_value = Some(format!("{}, {}", counted(recordings, "recording"), counted(gaps, "gap")));
        info
    });
    if let Some(at) = response.interact_pointer_pos().filter(|_| response.clicked()) {
        requests.push(Request::ShowClock { clock_secs: scale.secs_from_x(at.x) });
    }
    if response.dragged()
        && let Some((from, to)) = stretch.0
    {
        let by = scale.secs_of(response.drag_delta().x);
        stretch.0 = Some((from - by, to - by));
    }
    wheel(ui, &scale, rect, timeline, stretch);
    gaps(ui, canvas, &painter, &scale, area);
    let in_view = timeline.blocks_between(from, to);
    if in_view.len() > DRAWN_BLOCKS {
        crowd(canvas, &painter, &scale, area);
    } else {
        for (place, block) in in_view.iter().enumerate() {
            block_ui(ui, canvas, &painter, &scale, area, block, place < NAMED_BLOCKS, requests);
        }
    }
    view_box(ui, canvas, &painter, &scale, area);
    if response.hovered()
        && let Some(at) = response.hover_pos()
    {
        hover(canvas, response, scale.secs_from_x(at.x));
    }
    let date = zero_axis(timeline).and_then(|axis| axis.date_text(from.max(0.0))).unwrap_or_default();
    row_name(ui, rect.with_max_y(rect.top() + TICKS_HEIGHT), &date, canvas.colors.weak_text);
    let name = rect.with_min_y(rect.top() + TICKS_HEIGHT);
    row_name(ui, name, &counted(timeline.blocks().len(), "file"), canvas.colors.weak_text);
}

/// The strip counts clock time, whatever the ruler does.
fn zero_axis(timeline: &Timeline) -> Option<TimeAxis> {
    timeline.zero().map(|zero| TimeAxis { unit: TimeUnit::Clock, sample_rate: 1000, clock_start: Some(zero) })
}

fn ticks(canvas: &Canvas<'_>, painter: &Painter, scale: &TimeScale, rect: Rect) {
    let Some(axis) = zero_axis(&canvas.bench.timeline) else { return };
    for tick in axis.ticks(scale.span, scale.secs_of(TICK_POINTS)).ticks {
        let x = scale.x_from_secs(tick.secs);
        let color = if tick.is_midnight { canvas.colors.accent } else { canvas.colors.weak_text };
        let top = rect.top() + if tick.is_midnight { 0.0 } else { TICKS_HEIGHT - 4.0 };
        let bottom = if tick.is_midnight { rect.bottom() } else { rect.top() + TICKS_HEIGHT };
        painter.vline(x, top..=bottom, Stroke::new(1.0, color.gamma_multiply(0.6)));
        painter.text(pos2(x + 3.0, rect.top()), Align2::LEFT_TOP, tick.text, FontId::proportional(10.0), color);
    }
}

/// More recordings than can be told apart: of each stretch of a few pixels, whether there is one, and how far work on the first has come.
fn crowd(canvas: &Canvas<'_>, painter: &Painter, scale: &TimeScale, area: Rect) {
    let color = canvas.colors.waveform_peak;
    let columns = (area.width() / LEAST_BLOCK).ceil() as usize;
    for column in 0..columns {
        let left = area.left() + column as f32 * LEAST_BLOCK;
        let (from, to) = (scale.secs_from_x(left), scale.secs_from_x(left + LEAST_BLOCK));
        let Some(block) = canvas.bench.timeline.first_between(from, to) else { continue };
        let is_begun = canvas.bench.document.counts(block.id).all() > 0 || canvas.bench.scores_of(block.id).is_some();
        let rect = Rect::from_min_max(pos2(left, area.top() + 3.0), pos2(left + LEAST_BLOCK, area.bottom() - 3.0));
        painter.rect_filled(rect, 0.0, color.gamma_multiply(if is_begun { 1.0 } else { 0.5 }));
    }
}

/// Gaps as a line that joins the recordings, with their length where there is room.
fn gaps(ui: &Ui, canvas: &Canvas<'_>, painter: &Painter, scale: &TimeScale, area: Rect) {
    let view = scale.span;
    let in_view = canvas.bench.timeline.gaps_between(view.onset_secs, view.offset_secs);
    // Among so many none is wide enough to be seen.
    for &(from, to) in in_view.iter().filter(|_| in_view.len() <= DRAWN_BLOCKS) {
        let (left, right) = (scale.x_from_secs(from), scale.x_from_secs(to));
        if right < area.left() || left > area.right() {
            continue;
        }
        let (left, right) = (left.max(area.left()), right.min(area.right()));
        let dashes = egui::Shape::dashed_line(
            &[pos2(left, area.center().y), pos2(right, area.center().y)],
            Stroke::new(1.0, canvas.colors.line),
            3.0,
            3.0,
        );
        painter.extend(dashes);
        if right - left > 60.0 {
            let at = pos2(0.5 * (left + right), area.center().y);
            let galley =
                painter.layout_no_wrap(length_text(to - from), FontId::proportional(10.0), canvas.colors.weak_text);
            let place = Align2::CENTER_CENTER.anchor_size(at, galley.size());
            painter.rect_filled(place.expand2(vec2(3.0, 0.0)), 0.0, ui.visuals().extreme_bg_color);
            painter.galley(place.min, galley, canvas.colors.weak_text);
        }
    }
}

/// A length for reading, not for measuring: `3.2 s`, `12 min`, `5 h 20 min`, `2 d 4 h`.
pub fn length_text(secs: f64) -> String {
    let (minutes, hours) = ((secs / 60.0).round(), (secs / 3600.0).round());
    if secs < 60.0 {
        format!("{secs:.1} s")
    } else if secs < 600.0 {
        format!("{} min", clock_text(secs, 0))
    } else if minutes < 60.0 {
        format!("{minutes} min")
    } else if hours < 48.0 {
        format!("{} h {} min", (minutes / 60.0).floor(), minutes % 60.0)
    } else {
        format!("{} d {} h", (hours / 24.0).floor(), hours % 24.0)
    }
}

fn block_rect(canvas: &Canvas<'_>, scale: &TimeScale, area: Rect, block: &Block) -> Rect {
    let rows = canvas.bench.timeline.rows().min(4) as f32;
    let height = (area.height() - 4.0) / rows;
    let top = area.top() + 2.0 + (block.row.min(3) as f32) * height;
    let left = scale.x_from_secs(block.start_secs);
    let right = scale.x_from_secs(block.end_secs()).max(left + LEAST_BLOCK);
    Rect::from_min_max(pos2(left, top + 1.0), pos2(right, top + height - 1.0))
}

#[expect(clippy::too_many_arguments, reason = "what all blocks share")]
fn block_ui(
    ui: &Ui,
    canvas: &Canvas<'_>,
    painter: &Painter,
    scale: &TimeScale,
    area: Rect,
    block: &Block,
    is_named: bool,
    requests: &mut Vec<Request>,
) {
    let rect = block_rect(canvas, scale, area, block);
    if rect.right() < area.left() || rect.left() > area.right() {
        return;
    }
    let Some(recording) = canvas.bench.document.recording(block.id) else { return };
    let is_open = canvas.open.id == block.id;
    let state = canvas.bench.recording_state(block.id);
    let (icon, words) = (state_icon(state), state.words());
    let seen = rect.intersect(area.expand(2.0));
    // Untouched ones are hollow, those with predictions half full, those with events full.
    let level: f32 = match (recording.events.is_empty(), canvas.bench.scores_of(block.id).is_some()) {
        (false, _) => 1.0,
        (true, true) => 0.5,
        (true, false) => 0.0,
    };
    let color = canvas.colors.waveform_peak;
    if seen.width() <= LEAST_BLOCK && !is_open {
        // Of thousands, each is one shape.
        painter.rect_filled(seen, 0.0, color.gamma_multiply(0.5 + 0.5 * level));
        return;
    }
    painter.rect_filled(seen, 2.0, color.gamma_multiply(0.25));
    painter.rect_filled(seen.with_min_y(seen.bottom() - level * seen.height()), 2.0, color);
    let outline = if is_open { Stroke::new(2.0, canvas.colors.accent) } else { Stroke::new(1.0, color) };
    painter.rect_stroke(seen, 2.0, outline, StrokeKind::Inside);
    let text_color = ui.visuals().strong_text_color();
    if seen.width() > 14.0 && seen.height() > 9.0 {
        let text = if seen.width() > 60.0 { format!("{icon} {}", recording.file_name()) } else { icon.to_owned() };
        text_in(ui, seen.shrink2(vec2(3.0, 0.0)), Align2::LEFT_CENTER, &text, 10.0, text_color);
    }
    if is_named {
        // A control of its own for screen readers and keyboards; the pointer is the strip's.
        let response = ui.interact(seen, ui.scope_id().with(("block", block.id)), Sense::focusable_noninteractive());
        let name = format!("{} on the timeline, {words}", recording.file_name());
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_open, &name));
        if response.has_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter)) {
            requests.push(Request::ShowClock { clock_secs: block.start_secs });
        }
    }
}

fn view_box(ui: &Ui, canvas: &Canvas<'_>, painter: &Painter, scale: &TimeScale, area: Rect) {
    let Some(block) = canvas.bench.timeline.block(canvas.open.id) else { return };
    let view = canvas.scale.span;
    let left = scale.x_from_secs(block.start_secs + view.onset_secs);
    let right = scale.x_from_secs(block.start_secs + view.offset_secs).max(left + 3.0);
    let seen = Rect::from_x_y_ranges(left..=right, area.y_range());
    let line = ui.visuals().strong_text_color();
    painter.rect_filled(seen, 0.0, canvas.colors.accent.gamma_multiply(0.15));
    painter.rect_stroke(seen, 2.0, Stroke::new(1.0, line), StrokeKind::Inside);
    let playhead = scale.x_from_secs(block.start_secs + canvas.bench.playhead_secs());
    painter.vline(playhead, area.y_range(), Stroke::new(1.0, line));
}

fn hover(canvas: &Canvas<'_>, response: Response, clock_secs: f64) {
    let bench = canvas.bench;
    let Some(zero) = bench.timeline.zero() else { return };
    let text = match bench.timeline.at(clock_secs) {
        Some(block) => {
            let recording = bench.document.recording(block.id);
            let name = recording.map(|recording| recording.file_name()).unwrap_or_default();
            let words = bench.recording_state(block.id).words();
            let by = bench.clock_of(block.id).map(|start| start.source.words()).unwrap_or_default();
            let start = zero.plus_secs(block.start_secs);
            format!("{name}\n{start} by {by}\n{} long · {words}", clock_text(block.duration_secs, 1))
        }
        None => format!("No recording at {}", zero.plus_secs(clock_secs)),
    };
    response.on_hover_text_at_pointer(format!("{text}\nClick to go there, wheel to zoom, drag to move"));
}

/// The wheel zooms at the pointer; with Shift, or sideways, it moves.
fn wheel(ui: &Ui, scale: &TimeScale, rect: Rect, timeline: &Timeline, stretch: &mut TimelineStretch) {
    let Some(pointer) = ui.ctx().pointer_hover_pos().filter(|&at| rect.contains(at)) else { return };
    if ui.ctx().layer_id_at(pointer) != Some(ui.layer_id()) {
        return;
    }
    let (scroll, zoom, shift) =
        ui.input(|input| (input.smooth_scroll_delta, input.zoom_delta(), input.modifiers.shift));
    let (from, to) = (scale.span.onset_secs, scale.span.offset_secs);
    let sideways = if shift { scroll.x + scroll.y } else { scroll.x };
    if sideways != 0.0 {
        let by = scale.secs_of(sideways);
        stretch.0 = Some((from - by, to - by));
    } else if scroll.y != 0.0 || zoom != 1.0 {
        let factor = f64::from(zoom) * (0.004 * f64::from(scroll.y)).exp();
        let width = ((to - from) / factor).max(LEAST_WIDTH_SECS);
        let anchor = scale.secs_from_x(pointer.x);
        let onset = anchor - (anchor - from) / (to - from) * width;
        stretch.0 = (width < timeline.end_secs()).then_some((onset, onset + width));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_told_as_people_say_them() {
        let texts = [3.21, 75.0, 1500.0, 19_200.0, 187_200.0].map(length_text);
        assert_eq!(texts, ["3.2 s", "1:15 min", "25 min", "5 h 20 min", "2 d 4 h"]);
    }
}
