//! The spectrogram with its events, and what the mouse does there: select, draw, drag edges, move.

use super::canvas_ui::Canvas;
use super::drag::{Drag, DragKind};
use super::heights::Heights;
use super::hit::{self, Under};
use super::marks_ui::{self, PlacedMark};
use super::widgets::{choosing, menu_line};
use super::{Panels, bands, batch_ui, beside_ui, complete_ui, draft_ui, magnet};
use crate::app::{Choosing, Command, Handle, Place, Request, Shape};
use eframe::egui::{
    self, CursorIcon, Modifiers, Pos2, Rect, Response, Sense, Stroke, StrokeKind, Ui, WidgetInfo, accesskit::Role,
};

/// A drag that goes less far up or down is one in time alone.
const UPRIGHT_POINTS: f32 = 5.0;
/// How close to the border a drag scrolls, and how fast at most, in points and widths a second.
const BORDER_POINTS: f32 = 28.0;
const SCROLL_WIDTHS_PER_SEC: f64 = 0.8;
/// More events than this in view get no accessible names of their own; the table has them all.
const NAMED_MARKS: usize = 150;

/// What gestures and drafts share.
pub struct Sheet<'a> {
    /// The canvas.
    pub canvas: &'a Canvas<'a>,
    /// Where the spectrogram lies.
    pub rect: Rect,
    /// Where frequencies lie.
    pub heights: Heights,
}

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
    panels.canvas_focused = keeps_focus(ui, &response, !panels.is_page_open());
    // Keys may have opened another recording.
    panels.drag = panels.drag.filter(|drag| drag.recording == canvas.open.id);
    let peeking = !canvas.bench.show_marks || panels.peek_key.is_some();
    let sheet = Sheet { canvas, rect, heights: Heights::of(canvas, rect) };
    let placed = if peeking { Vec::new() } else { marks_ui::place(canvas, &painter, rect, &sheet.heights) };
    let dense = !peeking && marks_ui::is_dense(canvas, &placed);
    gestures(ui, &sheet, &response, &placed, panels, requests);
    if dense {
        marks_ui::paint_density(canvas, &painter, &placed, &sheet.heights, rect);
    } else {
        let dragged = panels.drag.map(|drag| drag.targets()).unwrap_or_default();
        marks_ui::paint(canvas, &painter, &placed, &sheet.heights, dragged);
        tags(ui, &sheet, &placed, panels, requests);
    }
    batch_ui::over_spectrogram(canvas, &painter, &placed, &sheet.heights);
    let complete = rect.with_min_y(rect.bottom() - complete_ui::STRIP_HEIGHT);
    complete_ui::strip(ui, canvas, &canvas.scale, complete, "Complete in view");
    if panels.canvas_focused {
        painter.rect_stroke(rect, 0.0, Stroke::new(1.0, canvas.colors.accent), StrokeKind::Inside);
    }
    if let Some(drag) = panels.drag {
        draft_ui::paint(ui, &sheet, &drag);
    }
    draft_ui::paint_held(ui, &sheet);
    read_out(ui, canvas, rect, &response, panels);
    context_menu(&response, canvas, requests);
}

/// A click gives the spectrogram the focus. As long as it has it, Tab goes from event to event (unless a
/// page is open, which it leads into) and arrows move edges; Escape leaves it.
fn keeps_focus(ui: &Ui, response: &Response, tab: bool) -> bool {
    if response.clicked() {
        response.request_focus();
    }
    if response.has_focus() {
        let own = egui::EventFilter { tab, horizontal_arrows: true, vertical_arrows: true, escape: false };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, own));
    }
    response.has_focus()
}

/// Tags are controls of their own: they can be clicked, focused and named, and dragging one moves its event.
fn tags(ui: &Ui, sheet: &Sheet<'_>, placed: &[PlacedMark<'_>], panels: &mut Panels, requests: &mut Vec<Request>) {
    let canvas = sheet.canvas;
    let with_tags = placed.iter().filter_map(|placed| Some((placed.mark, placed.tag?)));
    for (mark, tag) in with_tags.take(NAMED_MARKS) {
        let id = ui.scope_id().with(("tag", mark.target));
        let response = ui.interact(tag, id, Sense::click_and_drag());
        let selected = canvas.bench.is_selected(mark.target);
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, mark.spoken()));
        let choosing = choosing(ui.input(|input| input.modifiers));
        if response.clicked() && choosing != Choosing::Only {
            requests.push(Request::SelectMore(mark.target, choosing));
        } else if response.clicked() || (response.secondary_clicked() && !selected) {
            requests.push(Request::Select(Some(mark.target)));
        }
        if response.double_clicked() && choosing == Choosing::Only {
            requests.push(Request::Do(Command::PlayEvent));
        }
        if response.drag_started_by(egui::PointerButton::Primary)
            && let Some(origin) = ui.input(|input| input.pointer.press_origin())
        {
            let kind = DragKind::Move { target: mark.target, before: mark.shape() };
            panels.drag = Some(drag_from(sheet, kind, origin, false));
        }
        context_menu(&response, canvas, requests);
        response
            .on_hover_text(format!("{}\nDrag to move; Ctrl+click or Shift+click to select more", mark.spoken()))
            .on_hover_cursor(CursorIcon::Grab);
    }
}

fn gestures(
    ui: &Ui,
    sheet: &Sheet<'_>,
    response: &Response,
    placed: &[PlacedMark<'_>],
    panels: &mut Panels,
    requests: &mut Vec<Request>,
) {
    let Sheet { canvas, rect, heights } = sheet;
    let modifiers = ui.input(|input| input.modifiers);
    if response.hovered() && panels.drag.is_none() {
        let hovered = response.hover_pos().map(|at| hit::under(canvas, placed, heights, at));
        let icon = match hovered {
            Some(Under::Handle(target, Handle { time: Some(edge), .. }, _))
                if modifiers.shift && hit::sharing(canvas, placed, target, edge).is_some() =>
            {
                CursorIcon::ResizeColumn
            }
            Some(under) => under.cursor(modifiers.alt),
            None => CursorIcon::Crosshair,
        };
        ui.ctx().set_cursor_icon(icon);
    }
    if response.drag_started_by(egui::PointerButton::Primary) {
        let origin = ui.input(|input| input.pointer.press_origin());
        if let Some(origin) = origin.filter(|origin| rect.contains(*origin)) {
            panels.drag = Some(begin(sheet, placed, origin, modifiers));
        }
    }
    // Whoever took hold of it, the spectrogram or a tag: the drag follows the pointer until the button is let go.
    if let Some(drag) = &mut panels.drag {
        carry_on(ui, sheet, drag, requests);
        let (down, released) = ui.input(|input| (input.pointer.primary_down(), input.pointer.primary_released()));
        if released {
            requests.extend(drag.request(canvas.bench.bounds(), canvas.frequencies().scale));
        }
        if released || !down {
            panels.drag = None;
        }
    }
    clicks(sheet, response, placed, modifiers, requests);
}

fn begin(sheet: &Sheet<'_>, placed: &[PlacedMark<'_>], origin: Pos2, modifiers: Modifiers) -> Drag {
    let canvas = sheet.canvas;
    let (kind, by_alt) = match hit::under(canvas, placed, &sheet.heights, origin) {
        Under::Handle(target, handle, before) => {
            let shared = handle.time.filter(|_| modifiers.shift);
            match shared.and_then(|edge| hit::sharing(canvas, placed, target, edge)) {
                Some((left, right)) => (DragKind::Shared { left, right }, false),
                None => (DragKind::Resize { target, handle, before }, false),
            }
        }
        Under::Inside(target, before) if modifiers.alt => (DragKind::Move { target, before }, true),
        Under::Inside(..) | Under::Nothing => (DragKind::Draw { is_box: false }, false),
    };
    drag_from(sheet, kind, origin, by_alt)
}

fn drag_from(sheet: &Sheet<'_>, kind: DragKind, origin: Pos2, began_with_alt: bool) -> Drag {
    let plane = sheet.heights.plane_at(origin.y);
    let from = Place { secs: sheet.canvas.scale.secs_from_x(origin.x), hz: sheet.heights.hz_at(plane, origin.y) };
    let recording = sheet.canvas.open.id;
    Drag { recording, kind, plane, from, from_y: origin.y, began_with_alt, at: from, snapped_secs: None }
}

/// Follows the pointer, and scrolls at the border, to the end of the recording.
fn carry_on(ui: &Ui, sheet: &Sheet<'_>, drag: &mut Drag, requests: &mut Vec<Request>) {
    let Sheet { canvas, rect, heights } = sheet;
    let Some(at) = ui.ctx().pointer_interact_pos() else { return };
    let is_upright = (at.y - drag.from_y).abs() >= UPRIGHT_POINTS;
    if let DragKind::Draw { is_box } = &mut drag.kind {
        *is_box = is_upright && canvas.bench.settings.shaping.box_mode;
    }
    let secs = canvas.scale.secs_from_x(at.x.clamp(rect.left(), rect.right()));
    // A hand that moves an event in time is never quite level.
    let is_level = matches!(drag.kind, DragKind::Move { .. }) && !is_upright;
    let hz = if is_level { drag.from.hz } else { heights.hz_at(drag.plane, at.y) };
    let is_inverted = ui.input(|input| input.modifiers.alt) && !drag.began_with_alt;
    let snaps = canvas.bench.settings.shaping.snap != is_inverted;
    let snapped = if snaps { magnet::snapped(canvas, drag, secs) } else { None };
    drag.at = Place { secs: snapped.map_or(secs, |(pointer_secs, _)| pointer_secs), hz };
    drag.snapped_secs = snapped.map(|(_, secs)| secs);
    let beyond = (at.x - (rect.right() - BORDER_POINTS)).max(0.0) - (rect.left() + BORDER_POINTS - at.x).max(0.0);
    if beyond != 0.0 {
        let share = f64::from((beyond / BORDER_POINTS).clamp(-1.0, 1.0));
        let elapsed = f64::from(ui.input(|input| input.stable_dt)).min(0.1);
        requests.push(Request::Scroll(share * SCROLL_WIDTHS_PER_SEC * elapsed * canvas.scale.span.duration_secs()));
        ui.ctx().request_repaint();
    }
}

fn clicks(
    sheet: &Sheet<'_>,
    response: &Response,
    placed: &[PlacedMark<'_>],
    modifiers: Modifiers,
    requests: &mut Vec<Request>,
) {
    let Some(at) = response.interact_pointer_pos() else { return };
    let secs = sheet.canvas.scale.secs_from_x(at.x);
    let target = hit::under(sheet.canvas, placed, &sheet.heights, at).target();
    let choosing = choosing(modifiers);
    if let Some(target) = target.filter(|_| response.clicked() && choosing != Choosing::Only) {
        requests.push(Request::SelectMore(target, choosing));
    } else if response.clicked() && modifiers.command {
        requests.push(Request::DrawShape(Shape::point(secs)));
    } else if response.double_clicked() {
        requests.push(Request::Select(target));
        requests.push(Request::Do(if target.is_some() { Command::PlayEvent } else { Command::PlayPause }));
    } else if response.clicked() {
        requests.push(Request::Select(target));
        requests.push(Request::Seek(secs));
    } else if response.secondary_clicked()
        && let Some(target) = target.filter(|&target| !sheet.canvas.bench.is_selected(target))
    {
        requests.push(Request::Select(Some(target)));
    }
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
    const COMMANDS: [Command; 11] = [
        Command::Accept,
        Command::Reject,
        Command::Uncertain,
        Command::Undecide,
        Command::Relabel,
        Command::AddLabel,
        Command::Split,
        Command::MergeNext,
        Command::PlayEvent,
        Command::LoopEvent,
        Command::FitEvent,
    ];
    response.context_menu(|ui| {
        ui.set_min_width(200.0);
        COMMANDS.into_iter().for_each(|command| menu_line(ui, canvas.bench, command, requests));
    });
}
