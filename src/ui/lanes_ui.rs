//! One thin row for each label under the spectrogram: its events as bars over the model's score curve.

use super::canvas_ui::{Canvas, row_name};
use super::lane_tiles::{LaneTile, LaneTiles, state_bit};
use super::sub_lanes::{SubLanes, sub_lanes};
use super::theme::label_color_on;
use super::widgets::choosing;
use crate::annotation::Status;
use crate::app::{Choosing, Mark, Request, Workbench};
use crate::time::Span;
use eframe::egui::{
    self, Color32, Pos2, Rect, ScrollArea, Sense, Shape, Stroke, StrokeKind, Ui, UiBuilder, pos2, vec2,
};
use std::sync::Arc;

/// Height of one lane, in points.
pub const LANE_HEIGHT: f32 = 22.0;
const DASH: (f32, f32) = (4.0, 3.0);
/// Between the dots of what was put aside, in points.
const DOT_STEP: f32 = 4.0;
/// With more events than this in view, lanes show where events are and not each of them.
const MOST_BARS: usize = 1500;

/// The labels that have lanes: all those of the recording's events and predictions that are not hidden, in the order in which labels came
/// up.
pub fn labels(bench: &Workbench) -> Vec<Arc<str>> {
    let with_shown = bench.marks.labels().filter(|tally| tally.shown > 0);
    let shown: std::collections::HashSet<&Arc<str>> = with_shown.map(|tally| &tally.label).collect();
    let is_wanted = |label: &&Arc<str>| shown.contains(label) && bench.is_label_shown(label);
    bench.label_order.iter().filter(is_wanted).cloned().collect()
}

/// Draws the lanes.
pub fn show(
    ui: &mut Ui,
    canvas: &Canvas<'_>,
    labels: &[Arc<str>],
    rect: Rect,
    axis_width: f32,
    tiles: &mut LaneTiles,
    requests: &mut Vec<Request>,
) {
    if labels.is_empty() || rect.height() < LANE_HEIGHT {
        return;
    }
    let all = rect.with_min_x(rect.left() - axis_width);
    let contents = contents(canvas, tiles);
    ui.scope_builder(UiBuilder::new().max_rect(all), |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        // The wheel moves in time here, as over the spectrogram.
        let area = ScrollArea::vertical()
            .auto_shrink([false, false])
            .scroll_source(egui::containers::scroll_area::ScrollSource::SCROLL_BAR);
        area.show_rows(ui, LANE_HEIGHT, labels.len(), |ui, rows| {
            for label in &labels[rows] {
                let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), LANE_HEIGHT), Sense::hover());
                let lane = Rect::from_x_y_ranges(rect.x_range(), row.y_range());
                lane_ui(ui, canvas, label, lane, &contents, requests);
            }
        });
    });
}

/// What is in view: single events, or where events are if those are too many.
enum Contents<'a> {
    Marks(Vec<&'a Mark>),
    Tiles(Vec<Arc<LaneTile>>),
}

fn contents<'a>(canvas: &'a Canvas<'_>, tiles: &mut LaneTiles) -> Contents<'a> {
    let (marks, view) = (&canvas.bench.marks, canvas.scale.span);
    let in_view: Vec<&Mark> = marks.shown_in_span(view).take(MOST_BARS + 1).collect();
    if in_view.len() <= MOST_BARS {
        return Contents::Marks(in_view);
    }
    Contents::Tiles(tiles.of_view(marks, canvas.open.id, view, canvas.scale.secs_of(1.0)))
}

fn lane_ui(
    ui: &Ui,
    canvas: &Canvas<'_>,
    label: &Arc<str>,
    lane: Rect,
    contents: &Contents<'_>,
    requests: &mut Vec<Request>,
) {
    let color = label_color_on(ui.visuals(), canvas.bench.label_place(label));
    let painter = ui.painter_at(lane);
    painter.rect_filled(lane.shrink2(vec2(0.0, 1.0)), 0.0, ui.visuals().extreme_bg_color);
    row_name(ui, lane, label, ui.visuals().text_color());
    score_curve(&painter, canvas, label, lane, color);
    let bars = Bars { canvas, lane };
    let place = |span: Span| bars.bar(span, 0, 1);
    let mut selected_bar = None;
    let ring = Stroke::new(2.0, canvas.colors.accent);
    match contents {
        Contents::Marks(marks) => {
            for (mark, bar) in bars.of_label(marks, label) {
                paint_bar(&painter, mark.state, bar, color);
                super::batch_ui::around_bar(canvas, &painter, mark, bar);
                if canvas.bench.selected == Some(mark.target) {
                    selected_bar = Some(bar);
                } else if canvas.bench.is_selected(mark.target) {
                    painter.rect_stroke(bar.expand(1.0), 2.0, ring, StrokeKind::Outside);
                }
            }
        }
        Contents::Tiles(tiles) => {
            for (span, states) in tiles.iter().flat_map(|tile| tile.runs(label)) {
                paint_states(&painter, states, place(span), color);
            }
        }
    }
    let selected = canvas.bench.selected_mark().filter(|mark| mark.has_label(label));
    if let Some(mark) = selected {
        let bar = selected_bar.unwrap_or_else(|| place(mark.span)).expand(1.0);
        painter.rect_stroke(bar, 2.0, ring, StrokeKind::Outside);
    }
    let response = ui.interact(lane, ui.scope_id().with(("lane", label)), Sense::click());
    if let Some(at) = response.interact_pointer_pos().filter(|_| response.clicked()) {
        let secs = canvas.scale.secs_from_x(at.x);
        let here = Span { onset_secs: secs, offset_secs: secs + 1e-9 };
        let mut hits = canvas.bench.marks.shown_in_span(here).filter(|mark| mark.has_label(label));
        let hit = match contents {
            Contents::Marks(marks) => bars.under(marks, label, at).map(|mark| mark.target),
            Contents::Tiles(_) => hits.find(|mark| mark.span.contains(secs)).map(|mark| mark.target),
        };
        match (hit, choosing(ui.input(|input| input.modifiers))) {
            (Some(hit), choosing @ (Choosing::Extend | Choosing::Toggle)) => {
                requests.push(Request::SelectMore(hit, choosing));
            }
            _ => requests.extend([Request::Select(hit), Request::Seek(secs)]),
        }
    }
    response.on_hover_text(&**label);
}

/// Where the bars of a lane lie.
struct Bars<'a> {
    canvas: &'a Canvas<'a>,
    lane: Rect,
}

impl Bars<'_> {
    fn bar(&self, span: Span, row: usize, rows: usize) -> Rect {
        let scale = &self.canvas.scale;
        let (left, right) = (scale.x_from_secs(span.onset_secs), scale.x_from_secs(span.offset_secs));
        let (top, height) = (self.lane.top() + 4.0, self.lane.height() - 8.0);
        let step = height / rows as f32;
        let gap = if rows > 1 { 1.0 } else { 0.0 };
        let top = top + row as f32 * step;
        Rect::from_min_max(pos2(left, top), pos2(right.max(left + 2.0), top + step - gap))
    }

    fn of_label<'a>(&self, marks: &[&'a Mark], label: &str) -> Vec<(&'a Mark, Rect)> {
        let own: Vec<&Mark> = marks.iter().copied().filter(|mark| mark.has_label(label)).collect();
        let SubLanes { rows, count } = sub_lanes(own.iter().map(|mark| mark.span));
        own.into_iter().zip(rows).map(|(mark, row)| (mark, self.bar(mark.span, row, count))).collect()
    }

    /// The event whose bar is there, else one whose time it is.
    fn under<'a>(&self, marks: &[&'a Mark], label: &str, at: Pos2) -> Option<&'a Mark> {
        let bars = self.of_label(marks, label);
        let near = bars.iter().filter(|(_, bar)| bar.x_range().expand(2.0).contains(at.x));
        let distance = |bar: &Rect| (bar.center().y - at.y).abs();
        near.min_by(|a, b| distance(&a.1).total_cmp(&distance(&b.1))).map(|(mark, _)| *mark)
    }
}

/// Where there are events of several states, the one that says most is seen.
fn paint_states(painter: &egui::Painter, states: u8, bar: Rect, color: Color32) {
    let has = |state: Status| states & state_bit(state) != 0;
    let labels = has(Status::Accepted) || has(Status::Corrected);
    if labels {
        painter.rect_filled(bar, 0.0, color);
    } else if has(Status::Predicted) {
        painter.rect_filled(bar, 0.0, color.gamma_multiply(0.4));
    } else if has(Status::Uncertain) {
        dots(painter, bar, color);
    } else {
        painter.hline(bar.x_range(), bar.center().y, Stroke::new(1.0, color));
    }
}

/// A row of dots through the middle of a bar: what was put aside.
pub fn dots(painter: &egui::Painter, bar: Rect, color: Color32) {
    let ends = [bar.left_center() + vec2(1.0, 0.0), bar.right_center()];
    painter.extend(Shape::dotted_line(&ends, color, DOT_STEP, 1.0));
}

fn paint_bar(painter: &egui::Painter, state: Status, bar: Rect, color: Color32) {
    match state {
        Status::Accepted | Status::Corrected => {
            painter.rect_filled(bar, 2.0, color);
        }
        Status::Rejected => {
            painter.hline(bar.x_range(), bar.center().y, Stroke::new(1.0, color));
        }
        Status::Uncertain => {
            painter.rect_filled(bar, 2.0, color.gamma_multiply(0.25));
            dots(painter, bar, color);
        }
        Status::Predicted => {
            painter.rect_filled(bar, 2.0, color.gamma_multiply(0.25));
            let corners = [bar.left_top(), bar.right_top(), bar.right_bottom(), bar.left_bottom(), bar.left_top()];
            painter.extend(Shape::dashed_line(&corners, Stroke::new(1.0, color), DASH.0, DASH.1));
        }
    }
}

/// The greatest score in each point of width, as a filled curve.
fn score_curve(painter: &egui::Painter, canvas: &Canvas<'_>, label: &Arc<str>, lane: Rect, color: Color32) {
    let Some(scored) = canvas.bench.scored_here() else { return };
    let Some(class) = scored.scores.classes.iter().position(|class| class == label) else { return };
    let scores = &scored.scores;
    let mut mesh = egui::Mesh::default();
    let color = color.gamma_multiply(0.35);
    // The view may begin before the recording, where there are no scores.
    let mut x = lane.left().max(canvas.scale.x_from_secs(0.0));
    while x < lane.right() {
        let frame_at = |x: f32| scores.axis.frame_at(canvas.scale.secs_from_x(x));
        let (first, last) = (frame_at(x), frame_at(x + 1.0));
        let score = scores.max_between(class, first, last.max(first + 1));
        if score > 0.0 {
            let bar = Rect::from_min_max(
                pos2(x, lane.bottom() - 1.0 - score * (lane.height() - 2.0)),
                pos2(x + 1.0, lane.bottom() - 1.0),
            );
            mesh.add_colored_rect(bar, color);
        }
        x += 1.0;
    }
    painter.add(Shape::mesh(mesh));
}
