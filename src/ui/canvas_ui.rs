//! The middle of the window: overview, ruler, waveform, spectrogram, score curves and lanes over one time axis.

use super::theme::{self, Colors, GRID, ROW_HEIGHT};
use super::timeline_ui::{self, TIMELINE_HEIGHT};
use super::{
    Panels, axis_ui, bands, beside_ui, decoding_lane_ui, evaluation_marks_ui, lanes_ui, overview_ui, spectrogram_ui,
    waveform_painter,
};
use crate::app::{Display, OpenRecording, Request, TimeAxis, TimeScale, Workbench};
use crate::spectrogram::{FrequencyScale, FrequencyView, TimeView, colormap};
use crate::time::Span;
use crate::ui::spectrogram_painter::Style;
use crate::work::TileEngine;
use eframe::egui::{self, Align2, FontId, Pos2, Rect, Stroke, Ui, pos2, vec2};

const AXIS_WIDTH: f32 = 64.0;
const SCALE_WIDTH: f32 = 52.0;
const OVERVIEW_HEIGHT: f32 = 44.0;
const RULER_HEIGHT: f32 = 24.0;
const LANES_RESERVED: usize = 8;
/// Beside the page of evaluation, a canvas lower than this has neither waveform nor score curves, in points.
const LOW_HEIGHT: f32 = 380.0;
/// The part of the room that the decoding lane takes at most.
const MOST_DECODING: f32 = 0.4;
/// How much one notch of the wheel zooms frequencies, per point.
const FREQUENCY_ZOOM: f64 = 0.004;

/// What the parts of the canvas share.
pub struct Canvas<'a> {
    /// All state.
    pub bench: &'a Workbench,
    /// The recording in the picture.
    pub open: &'a OpenRecording,
    /// The common time axis.
    pub scale: TimeScale,
    /// The theme's colours.
    pub colors: &'static Colors,
}

impl Canvas<'_> {
    /// The frequency axis.
    pub fn frequencies(&self) -> FrequencyView {
        let (low_hz, high_hz) = self.open.frequencies;
        FrequencyView { low_hz, high_hz, scale: frequency_scale(&self.bench.display.frequency_scale) }
    }

    /// The colours of the spectrogram.
    pub fn style(&self) -> Style {
        style_of(&self.bench.display, &self.open.tiles)
    }

    /// How moments are told.
    pub fn time_axis(&self) -> TimeAxis {
        self.bench.time_axis()
    }

    /// What is in view, for a picture of that width.
    pub fn time_view(&self, width_points: f32, pixels_per_point: f32) -> TimeView {
        time_view(self.scale.span, width_points, pixels_per_point)
    }
}

/// The colours that display settings ask for.
pub fn style_of(display: &Display, tiles: &TileEngine) -> Style {
    let colormap = colormap::index_of(&display.colormap).unwrap_or_default();
    let (darkest, brightest) = display.color_range(tiles.kind(), tiles.value_scale());
    Style { colormap, darkest, brightest, gamma: display.gamma, normalise: display.normalise }
}

/// A span over so many pixels.
pub fn time_view(span: Span, width_points: f32, pixels_per_point: f32) -> TimeView {
    let width_px = (width_points * pixels_per_point).round().max(1.0) as u32;
    TimeView { start_secs: span.onset_secs, end_secs: span.offset_secs, width_px }
}

/// The scale of a setting; unknown words are linear.
pub fn frequency_scale(name: &str) -> FrequencyScale {
    match name {
        "mel" => FrequencyScale::Mel,
        "log" => FrequencyScale::Log10,
        "bark" => FrequencyScale::Bark,
        _ => FrequencyScale::Linear,
    }
}

/// Where the parts of the canvas lie.
struct Rows {
    timeline: Rect,
    overview: Rect,
    ruler: Rect,
    waveform: Rect,
    spectrogram: Rect,
    errors: Rect,
    decoding: Rect,
    lanes: Rect,
}

impl Rows {
    fn new(
        all: Rect,
        timeline: bool,
        waveform_height: f32,
        errors_height: f32,
        decoding_height: f32,
        lanes: usize,
    ) -> Self {
        let middle = Rect::from_min_max(
            pos2(all.left() + AXIS_WIDTH, all.top() + GRID),
            pos2(all.right() - SCALE_WIDTH, all.bottom() - GRID),
        );
        let mut top = middle.top();
        let mut take = |height: f32| {
            let rect = Rect::from_min_size(pos2(middle.left(), top), vec2(middle.width().max(1.0), height.max(0.0)));
            top += height;
            rect
        };
        let timeline = take(if timeline { TIMELINE_HEIGHT } else { 0.0 });
        let overview = take(OVERVIEW_HEIGHT);
        let ruler = take(RULER_HEIGHT);
        let waveform = take(waveform_height);
        let fixed = timeline.height() + OVERVIEW_HEIGHT + RULER_HEIGHT + waveform.height();
        let rest = (middle.height() - fixed).max(1.0);
        let decoding_height = decoding_height.min(MOST_DECODING * rest);
        let decoding_gap = if decoding_height > 0.0 { 2.0 * GRID } else { 0.0 };
        let errors_gap = if errors_height > 0.0 { GRID } else { 0.0 };
        let rest = rest - decoding_height - decoding_gap - errors_height - errors_gap;
        // As high as a few lanes, however many there are: the picture must not jump while events come and go.
        let lanes_height = (lanes as f32 * lanes_ui::LANE_HEIGHT).min(0.35 * rest);
        let gap = if lanes > 0 { GRID } else { 0.0 };
        let spectrogram = take(rest - lanes_height - gap);
        take(errors_gap);
        let errors = take(errors_height);
        take(decoding_gap);
        let decoding = take(decoding_height);
        take(gap);
        Self { timeline, overview, ruler, waveform, spectrogram, errors, decoding, lanes: take(lanes_height) }
    }
}

/// A press on the canvas, a drag too, ends typing elsewhere: the keys after it mean commands again.
fn leave_text_fields(ui: &Ui) {
    let is_pressed = ui.input(|input| {
        input.pointer.any_pressed() && input.pointer.interact_pos().is_some_and(|at| ui.max_rect().contains(at))
    });
    if is_pressed && ui.ctx().text_edit_focused() && ui.ui_contains_pointer() {
        ui.memory_mut(|memory| memory.focused().into_iter().for_each(|field| memory.surrender_focus(field)));
    }
}

/// Draws the canvas.
pub fn show(ui: &mut Ui, bench: &Workbench, panels: &mut Panels, requests: &mut Vec<Request>) {
    panels.readout.clear();
    leave_text_fields(ui);
    let Some(open) = &bench.open else {
        let text = if bench.opening.is_some() { "Opening…" } else { "Choose a recording on the left" };
        ui.centered_and_justified(|ui| ui.label(text));
        return;
    };
    let lanes = if bench.settings.show_lanes { lanes_ui::labels(bench) } else { Vec::new() };
    let reserved = if lanes.is_empty() { 0 } else { LANES_RESERVED };
    // In a low window, the spectrogram needs the room beside the page of evaluation.
    let is_low = bench.evaluation.is_shown && ui.max_rect().height() < LOW_HEIGHT;
    let waveform_height = if bench.settings.show_waveform && !is_low { bands::waveform_height(open) } else { 0.0 };
    let decoding_height = if is_low { 0.0 } else { decoding_lane_ui::height(bench) };
    let errors_height = evaluation_marks_ui::height(bench);
    let rows =
        Rows::new(ui.max_rect(), bench.shows_timeline(), waveform_height, errors_height, decoding_height, reserved);
    let scale = TimeScale { span: open.viewport.span(), left: rows.ruler.left(), width: rows.ruler.width() };
    let canvas = Canvas { bench, open, scale, colors: theme::colors(ui.visuals()) };
    let pixels_per_point = ui.ctx().pixels_per_point();
    panels.views = vec![
        canvas.time_view(rows.spectrogram.width(), pixels_per_point),
        time_view(Span::between(0.0, open.viewport.duration_secs()), rows.overview.width(), pixels_per_point),
    ];
    panels.neighbour_views = beside_ui::views(&canvas, &panels.views[0]);
    timeline_ui::show(ui, &canvas, rows.timeline, &mut panels.timeline, requests);
    overview_ui::show(ui, &canvas, rows.overview, panels, requests);
    axis_ui::ruler(ui, &canvas, rows.ruler, requests);
    waveform(ui, &canvas, rows.waveform);
    spectrogram_ui::show(ui, &canvas, rows.spectrogram, panels, requests);
    for band in bands::bands(&canvas, rows.spectrogram) {
        axis_ui::frequencies(ui, &canvas, band.rect, AXIS_WIDTH);
    }
    let unit = rows.spectrogram.left_top() - vec2(8.0, 4.0);
    ui.painter().text(unit, Align2::RIGHT_BOTTOM, "Hz", FontId::proportional(11.0), canvas.colors.weak_text);
    axis_ui::levels(
        ui,
        &canvas,
        Rect::from_min_size(
            rows.spectrogram.right_top() + vec2(8.0, 0.0),
            vec2(SCALE_WIDTH - 8.0, rows.spectrogram.height()),
        ),
        requests,
    );
    evaluation_marks_ui::show(ui, &canvas, rows.errors, requests);
    decoding_lane_ui::show(ui, &canvas, rows.decoding, panels, requests);
    lanes_ui::show(ui, &canvas, &lanes, rows.lanes, AXIS_WIDTH, &mut panels.lane_tiles, requests);
    wheel(
        ui,
        &canvas,
        rows.ruler.union(rows.spectrogram).union(rows.decoding).union(rows.lanes),
        rows.spectrogram,
        panels.drag.is_some(),
        requests,
    );
    playhead(ui, &canvas, &rows);
    follow_playhead(&canvas, panels, requests);
}

fn waveform(ui: &Ui, canvas: &Canvas<'_>, rect: Rect) {
    if rect.height() < 1.0 {
        return;
    }
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 0.0, ui.visuals().extreme_bg_color);
    let view = canvas.time_view(rect.width(), ui.ctx().pixels_per_point());
    let style =
        waveform_painter::WaveStyle { peak: canvas.colors.waveform_peak, rms: canvas.colors.waveform_rms, gain: 1.0 };
    for band in bands::bands(canvas, rect) {
        beside_ui::waveforms(canvas, &painter, &band, &view, &style);
        let lane = band.rect.shrink2(vec2(0.0, if band.rect.height() > 30.0 { 2.0 } else { 0.5 }));
        waveform_painter::paint(&painter, lane, &canvas.open.tiles, band.plane, &view, &style);
    }
}

/// Wheel: pan; with Ctrl (or a pinch): zoom at the pointer; with Shift: frequencies.
fn wheel(ui: &Ui, canvas: &Canvas<'_>, rect: Rect, spectrogram: Rect, is_dragging: bool, requests: &mut Vec<Request>) {
    let Some(pointer) = ui.ctx().pointer_hover_pos().filter(|&at| rect.contains(at)) else { return };
    if ui.ctx().layer_id_at(pointer) != Some(ui.layer_id()) {
        return;
    }
    let (scroll, zoom, modifiers) = ui.input(|input| (input.smooth_scroll_delta, input.zoom_delta(), input.modifiers));
    if modifiers.shift {
        let by = if scroll.y == 0.0 { scroll.x } else { scroll.y };
        let zooms = modifiers.command || zoom != 1.0;
        frequency_wheel(canvas, spectrogram, pointer, by, if zooms { Some(zoom) } else { None }, requests);
    } else if zoom != 1.0 {
        requests.push(Request::Zoom { anchor_secs: canvas.scale.secs_from_x(pointer.x), factor: f64::from(zoom) });
    } else if scroll != egui::Vec2::ZERO {
        let by_secs = -canvas.scale.secs_of(scroll.x + scroll.y);
        requests.push(if is_dragging { Request::Scroll(by_secs) } else { Request::Pan(by_secs) });
    }
}

fn frequency_wheel(
    canvas: &Canvas<'_>,
    rect: Rect,
    pointer: Pos2,
    by: f32,
    zoom: Option<f32>,
    requests: &mut Vec<Request>,
) {
    let view = canvas.frequencies();
    let rect = bands::band_at(canvas, rect, pointer.y).rect;
    let hz_at = |y: f64| view.hz_from_y(y);
    let range = match zoom {
        Some(zoom) => {
            let anchor = f64::from((rect.bottom() - pointer.y) / rect.height().max(1.0)).clamp(0.0, 1.0);
            let factor = if zoom == 1.0 { (-f64::from(by) * FREQUENCY_ZOOM).exp() } else { 1.0 / f64::from(zoom) };
            (hz_at(anchor - anchor * factor), hz_at(anchor + (1.0 - anchor) * factor))
        }
        None if by != 0.0 => {
            let step = f64::from(by / rect.height().max(1.0));
            (hz_at(step), hz_at(1.0 + step))
        }
        None => return,
    };
    if range != (hz_at(0.0), hz_at(1.0)) {
        requests
            .push(Request::ShowFrequencies { low_hz: range.0.max(0.0), high_hz: range.1.max(range.0.max(0.0) + 1.0) });
    }
}

fn playhead(ui: &Ui, canvas: &Canvas<'_>, rows: &Rows) {
    let x = canvas.scale.x_from_secs(canvas.bench.playhead_secs());
    let area = rows.ruler.union(rows.spectrogram).union(rows.decoding).union(rows.lanes);
    let painter = ui.painter_at(area.expand(1.0));
    if !(area.left()..=area.right()).contains(&x) {
        return;
    }
    let (top, bottom) = (rows.ruler.bottom(), area.bottom());
    painter.vline(x, top..=bottom, Stroke::new(3.0, canvas.colors.halo));
    painter.vline(x, top..=bottom, Stroke::new(1.0, canvas.colors.playhead));
    let knob = vec![pos2(x - 5.0, top - 8.0), pos2(x + 5.0, top - 8.0), pos2(x, top)];
    painter.add(egui::Shape::convex_polygon(knob, canvas.colors.accent, Stroke::NONE));
}

/// While something plays, the view turns the page when the playhead leaves it.
fn follow_playhead(canvas: &Canvas<'_>, panels: &Panels, requests: &mut Vec<Request>) {
    let (at, view) = (canvas.bench.playhead_secs(), canvas.scale.span);
    if canvas.bench.player.is_playing()
        && panels.drag.is_none()
        && at >= view.offset_secs
        && at < view.offset_secs + view.duration_secs()
    {
        requests.push(Request::ShowSpan(Span::between(at, at + view.duration_secs())));
    }
}

/// A name at the left of a row, in the width of the axis.
pub fn row_name(ui: &Ui, row: Rect, text: &str, color: egui::Color32) {
    let rect = Rect::from_min_max(
        pos2(row.left() - AXIS_WIDTH + 1.0, row.top()),
        pos2(row.left() - 4.0, row.top() + ROW_HEIGHT.min(row.height())),
    );
    super::widgets::text_in(ui, rect, Align2::RIGHT_CENTER, text, 11.0, color);
}
