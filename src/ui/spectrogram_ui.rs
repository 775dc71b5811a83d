//! The spectrogram with its events, and what the mouse does there: select, draw, drag edges, move.

use super::axis_ui::note;
use super::canvas_ui::Canvas;
use super::drag::{Drag, DragKind};
use super::marks_ui::{self, PlacedMark};
use super::widgets::menu_line;
use super::{Panels, bands, beside_ui};
use crate::app::{Command, Edge, Request, Target};
use crate::time::Span;
use eframe::egui::{
    self, Align2, CursorIcon, Key, Modifiers, Pos2, Rect, Response, Sense, Stroke, StrokeKind, Ui, WidgetInfo,
    accesskit::Role, pos2,
};

/// How close to an edge the pointer takes hold of it, in points.
const GRIP_POINTS: f32 = 6.0;
/// How close to the border a drag scrolls, and how fast at most, in points and widths a second.
const BORDER_POINTS: f32 = 28.0;
const SCROLL_WIDTHS_PER_SEC: f64 = 0.8;
/// More events than this in view get no accessible names of their own; the table has them all.
const NAMED_MARKS: usize = 150;

/// Draws it.
pub fn show(ui: &mut Ui, canvas: &Canvas<'_>, rect: Rect, panels: &mut Panels, requests: &mut Vec<Request>) {
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 0.0, canvas.colors.picture_background);
    let view = canvas.time_view(rect.width(), ui.ctx().pixels_per_point());
    for band in bands::bands(canvas, rect) {
        let painter = painter.with_clip_rect(band.rect);
        beside_ui::pictures(canvas, &painter, &panels.painter, &band, &view);
        bands::paint(canvas, &painter, &panels.painter, &band, &view, &canvas.frequencies());
    }
    bands::names(ui, canvas, rect);
    beside_ui::borders(ui, canvas, rect);
    let response = ui.interact(rect, ui.scope_id().with("spectrogram"), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, "Spectrogram"));
    // Keys may have opened another recording.
    panels.drag = panels.drag.filter(|drag| drag.recording == canvas.open.id);
    let peeking = !canvas.bench.show_marks || ui.input(|input| input.key_down(Key::Backtick));
    let placed = if peeking { Vec::new() } else { marks_ui::place(canvas, &painter, rect) };
    let dense = !peeking && marks_ui::is_dense(canvas, &placed);
    gestures(ui, canvas, rect, &response, &placed, panels, requests);
    if dense {
        marks_ui::paint_density(canvas, &painter, &placed, rect);
    } else {
        marks_ui::paint(canvas, &painter, &placed, panels.drag.and_then(|drag| drag.target()));
        tags(ui, canvas, &placed, panels, requests);
    }
    if let Some(drag) = panels.drag {
        paint_draft(ui, canvas, &drag, rect);
    }
    read_out(ui, canvas, rect, &response, panels);
    context_menu(&response, canvas, requests);
}

/// Tags are controls of their own: they can be clicked, focused and named, and dragging one moves its event.
fn tags(ui: &Ui, canvas: &Canvas<'_>, placed: &[PlacedMark<'_>], panels: &mut Panels, requests: &mut Vec<Request>) {
    let with_tags = placed.iter().filter_map(|placed| Some((placed.mark, placed.tag?)));
    for (mark, tag) in with_tags.take(NAMED_MARKS) {
        let id = ui.scope_id().with(("tag", mark.target));
        let response = ui.interact(tag, id, Sense::click_and_drag());
        let selected = canvas.bench.selected == Some(mark.target);
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, mark.spoken()));
        if response.clicked() || response.secondary_clicked() {
            requests.push(Request::Select(Some(mark.target)));
        }
        if response.double_clicked() {
            requests.push(Request::Do(Command::PlayEvent));
        }
        if response.drag_started_by(egui::PointerButton::Primary)
            && let Some(origin) = ui.input(|input| input.pointer.press_origin())
        {
            let at_secs = canvas.scale.secs_from_x(origin.x);
            let kind = DragKind::Move { target: mark.target, before: mark.span, anchor_secs: at_secs };
            panels.drag = Some(Drag { recording: canvas.open.id, kind, at_secs });
        }
        context_menu(&response, canvas, requests);
        response.on_hover_text(format!("{}\nDrag to move", mark.spoken())).on_hover_cursor(CursorIcon::Grab);
    }
}

/// What lies under the pointer.
enum Under {
    Edge(Target, Edge, Span),
    Inside(Target, Span),
    Nothing,
}

fn under(canvas: &Canvas<'_>, placed: &[PlacedMark<'_>], at: Pos2) -> Under {
    let selected_first = |placed: &&PlacedMark<'_>| canvas.bench.selected != Some(placed.mark.target);
    let mut edges: Vec<(f32, &PlacedMark<'_>, Edge)> = Vec::new();
    for placed in placed.iter().filter(|placed| placed.region.y_range().contains(at.y)) {
        edges.push(((placed.region.left() - at.x).abs(), placed, Edge::Onset));
        edges.push(((placed.region.right() - at.x).abs(), placed, Edge::Offset));
    }
    edges.retain(|(distance, ..)| *distance <= GRIP_POINTS);
    let nearest =
        edges.into_iter().min_by(|a, b| selected_first(&a.1).cmp(&selected_first(&b.1)).then(a.0.total_cmp(&b.0)));
    if let Some((_, placed, edge)) = nearest {
        return Under::Edge(placed.mark.target, edge, placed.mark.span);
    }
    // Of several events the shortest: it could not be reached otherwise.
    let inside = placed.iter().filter(|placed| placed.region.contains(at));
    let shortest = inside.min_by(|a, b| a.mark.span.duration_secs().total_cmp(&b.mark.span.duration_secs()));
    shortest.map_or(Under::Nothing, |placed| Under::Inside(placed.mark.target, placed.mark.span))
}

fn gestures(
    ui: &Ui,
    canvas: &Canvas<'_>,
    rect: Rect,
    response: &Response,
    placed: &[PlacedMark<'_>],
    panels: &mut Panels,
    requests: &mut Vec<Request>,
) {
    let modifiers = ui.input(|input| input.modifiers);
    if response.hovered() && panels.drag.is_none() {
        let icon = match response.hover_pos().map(|at| under(canvas, placed, at)) {
            Some(Under::Edge(..)) => CursorIcon::ResizeHorizontal,
            Some(Under::Inside(..)) if modifiers.alt => CursorIcon::Grab,
            _ => CursorIcon::Crosshair,
        };
        ui.ctx().set_cursor_icon(icon);
    }
    if response.drag_started_by(egui::PointerButton::Primary) {
        let origin = ui.input(|input| input.pointer.press_origin());
        if let Some(origin) = origin.filter(|origin| rect.contains(*origin)) {
            panels.drag = Some(begin(canvas, placed, origin, modifiers));
        }
    }
    // Whoever took hold of it, the spectrogram or a tag: the drag follows the pointer until the button is let go.
    if let Some(drag) = &mut panels.drag {
        carry_on(ui, canvas, rect, drag, requests);
        let (down, released) = ui.input(|input| (input.pointer.primary_down(), input.pointer.primary_released()));
        if released {
            requests.push(drag.request(canvas.open.viewport.duration_secs()));
        }
        if released || !down {
            panels.drag = None;
        }
    }
    clicks(canvas, response, placed, requests);
}

fn begin(canvas: &Canvas<'_>, placed: &[PlacedMark<'_>], origin: Pos2, modifiers: Modifiers) -> Drag {
    let at_secs = canvas.scale.secs_from_x(origin.x);
    let kind = match under(canvas, placed, origin) {
        Under::Edge(target, edge, before) => DragKind::Edge { target, edge, before },
        Under::Inside(target, before) if modifiers.alt => DragKind::Move { target, before, anchor_secs: at_secs },
        Under::Inside(..) | Under::Nothing => DragKind::Draw { anchor_secs: at_secs },
    };
    Drag { recording: canvas.open.id, kind, at_secs }
}

/// Follows the pointer, and scrolls at the border, to the end of the recording.
fn carry_on(ui: &Ui, canvas: &Canvas<'_>, rect: Rect, drag: &mut Drag, requests: &mut Vec<Request>) {
    let Some(at) = ui.ctx().pointer_interact_pos() else { return };
    drag.at_secs = canvas.scale.secs_from_x(at.x.clamp(rect.left(), rect.right()));
    let beyond = (at.x - (rect.right() - BORDER_POINTS)).max(0.0) - (rect.left() + BORDER_POINTS - at.x).max(0.0);
    if beyond != 0.0 {
        let share = f64::from((beyond / BORDER_POINTS).clamp(-1.0, 1.0));
        let elapsed = f64::from(ui.input(|input| input.stable_dt)).min(0.1);
        requests.push(Request::Scroll(share * SCROLL_WIDTHS_PER_SEC * elapsed * canvas.scale.span.duration_secs()));
        ui.ctx().request_repaint();
    }
}

fn clicks(canvas: &Canvas<'_>, response: &Response, placed: &[PlacedMark<'_>], requests: &mut Vec<Request>) {
    let Some(at) = response.interact_pointer_pos() else { return };
    let target = match under(canvas, placed, at) {
        Under::Edge(target, ..) | Under::Inside(target, _) => Some(target),
        Under::Nothing => None,
    };
    if response.double_clicked() {
        requests.push(Request::Select(target));
        requests.push(Request::Do(if target.is_some() { Command::PlayEvent } else { Command::PlayPause }));
    } else if response.clicked() {
        requests.push(Request::Select(target));
        requests.push(Request::Seek(canvas.scale.secs_from_x(at.x)));
    } else if response.secondary_clicked() && target.is_some() {
        requests.push(Request::Select(target));
    }
}

fn paint_draft(ui: &Ui, canvas: &Canvas<'_>, drag: &Drag, rect: Rect) {
    let span = drag.draft(canvas.open.viewport.duration_secs());
    let (left, right) = (canvas.scale.x_from_secs(span.onset_secs), canvas.scale.x_from_secs(span.offset_secs));
    let region = Rect::from_min_max(pos2(left, rect.top()), pos2(right, rect.bottom()));
    let painter = ui.painter_at(rect);
    painter.rect_filled(region, 0.0, canvas.colors.accent.gamma_multiply(0.18));
    painter.rect_stroke(region, 0.0, Stroke::new(4.0, canvas.colors.halo), StrokeKind::Middle);
    painter.rect_stroke(region, 0.0, Stroke::new(2.0, canvas.colors.accent), StrokeKind::Middle);
    let axis = canvas.time_axis();
    let (onset, offset) = (axis.text(span.onset_secs), axis.text(span.offset_secs));
    let text = format!("{onset} – {offset}  {}", axis.length_text(span.duration_secs()));
    let Some(pointer) = ui.ctx().pointer_interact_pos() else { return };
    // To the left of the pointer where there is more room.
    let width = ui.fonts_mut(|fonts| {
        fonts.layout_no_wrap(text.clone(), egui::FontId::monospace(12.0), egui::Color32::WHITE).size().x + 30.0
    });
    let is_left = pointer.x + width > rect.right() && pointer.x - width > rect.left();
    let align = if is_left { Align2::RIGHT_BOTTOM } else { Align2::LEFT_BOTTOM };
    let shift = if is_left { -14.0 } else { 14.0 };
    note(&painter, pos2(pointer.x + shift, pointer.y.clamp(rect.top() + 40.0, rect.bottom()) - 10.0), align, &text);
}

/// Time, frequency and level under the pointer.
fn read_out(ui: &Ui, canvas: &Canvas<'_>, rect: Rect, response: &Response, panels: &mut Panels) {
    // Also over a tag, which lies on top.
    let pointer = ui.ctx().pointer_hover_pos().filter(|&at| rect.contains(at));
    let Some(at) = pointer.filter(|&at| ui.ctx().layer_id_at(at) == Some(response.layer_id)) else { return };
    let secs = canvas.scale.secs_from_x(at.x);
    let band = bands::band_at(canvas, rect, at.y);
    let height = f64::from((band.rect.bottom() - at.y) / band.rect.height().max(1.0));
    let hz = canvas.frequencies().hz_from_y(height.clamp(0.0, 1.0));
    let tiles = &canvas.open.tiles;
    let level = tiles.byte_at(secs, hz, band.plane).map_or_else(|| "–".to_owned(), |byte| tiles.value_text(byte));
    let channel = band.name.map(|name| format!("{name}  ")).unwrap_or_default();
    panels.readout = format!("{channel}{}  {hz:.0} Hz  {level}", canvas.time_axis().text(secs));
    let painter = ui.painter_at(rect);
    painter.hline(rect.x_range(), at.y, Stroke::new(1.0, canvas.colors.playhead.gamma_multiply(0.25)));
    painter.vline(at.x, rect.y_range(), Stroke::new(1.0, canvas.colors.playhead.gamma_multiply(0.25)));
}

fn context_menu(response: &Response, canvas: &Canvas<'_>, requests: &mut Vec<Request>) {
    const COMMANDS: [Command; 8] = [
        Command::Accept,
        Command::Reject,
        Command::Uncertain,
        Command::Undecide,
        Command::Relabel,
        Command::PlayEvent,
        Command::LoopEvent,
        Command::FitEvent,
    ];
    response.context_menu(|ui| {
        ui.set_min_width(200.0);
        COMMANDS.into_iter().for_each(|command| menu_line(ui, canvas.bench, command, requests));
    });
}
