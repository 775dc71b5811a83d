//! Axes: the time ruler, the frequency axis and the colour scale.

use super::canvas_ui::{Canvas, row_name};
use super::theme::map_color;
use crate::app::{Command, Request, Tick, Ticks, TimeUnit};
use crate::spectrogram::{FrequencyScale, FrequencyView, colormap};
use eframe::egui::text::{LayoutJob, TextWrapping};
use eframe::egui::{
    self, Align2, Color32, FontId, Mesh, Rect, Sense, Shape, Stroke, Ui, WidgetInfo, accesskit::Role, pos2, vec2,
};

/// Least distance between labelled ticks, in points.
/// Axes lower than this have no room for a number, in points.
const LEAST_FOR_TEXT: f32 = 14.0;
const TICK_POINTS: f32 = 90.0;
const FREQUENCY_TICK_POINTS: f32 = 26.0;
const TEXT: f32 = 11.0;

/// Draws the time ruler; a click or drag puts the playhead there.
pub fn ruler(ui: &mut Ui, canvas: &Canvas<'_>, rect: Rect, requests: &mut Vec<Request>) {
    let response = ui.interact(rect, ui.scope_id().with("ruler"), Sense::click_and_drag());
    let axis = canvas.time_axis();
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Slider, true, "Time ruler");
        let view = canvas.scale.span;
        let (from, to) = (axis.text(view.onset_secs), axis.text(view.offset_secs));
        info.current_text_value = Some(format!("{from} to {to}, {}", axis.shown_unit().name()));
        info
    });
    if let Some(at) = response.interact_pointer_pos() {
        requests.push(Request::Seek(canvas.scale.secs_from_x(at.x)));
    }
    let painter = ui.painter_at(rect.expand2(vec2(0.0, 1.0)));
    let span = canvas.scale.span;
    let Ticks { ticks, step_secs } = axis.ticks(span, canvas.scale.secs_of(TICK_POINTS));
    for Tick { secs, text, is_midnight } in ticks {
        let x = canvas.scale.x_from_secs(secs);
        let color = if is_midnight { canvas.colors.accent } else { canvas.colors.weak_text };
        painter.vline(x, rect.bottom() - 7.0..=rect.bottom(), Stroke::new(1.0, color));
        painter.text(pos2(x + 4.0, rect.top() + 3.0), Align2::LEFT_TOP, text, FontId::proportional(TEXT), color);
        for part in 1..5 {
            let x = canvas.scale.x_from_secs(secs + step_secs * f64::from(part) / 5.0);
            painter.vline(x, rect.bottom() - 3.0..=rect.bottom(), Stroke::new(1.0, canvas.colors.line));
        }
    }
    let name = axis.date_text(span.onset_secs.max(0.0)).unwrap_or_else(|| unit_text(axis.shown_unit()).to_owned());
    row_name(ui, rect, &name, canvas.colors.weak_text);
    response.on_hover_text_at_pointer(ruler_text(canvas));
}

/// What stands at the left of the ruler.
fn unit_text(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Hms => "h:mm:ss",
        TimeUnit::Seconds => "s",
        TimeUnit::Samples => "samples",
        TimeUnit::Clock => "clock",
    }
}

fn ruler_text(canvas: &Canvas<'_>) -> String {
    let hint = "Click or drag: put the playhead here";
    let clock = canvas.bench.clock_of(canvas.open.id);
    match (canvas.bench.display.time_unit, clock) {
        (TimeUnit::Clock, None) => format!("{hint}\nNo clock time is known of this recording: hours, minutes, seconds"),
        (TimeUnit::Clock, Some(start)) => {
            let offset = start.at.offset_text().map(|offset| format!(" {offset}")).unwrap_or_default();
            format!("{hint}\nClock time by {}{offset}: began at {}", start.source.words(), start.at)
        }
        _ => hint.to_owned(),
    }
}

/// `500`, `2 k`, `12.5 k`.
fn hz_text(hz: f64) -> String {
    if hz < 1000.0 { format!("{hz:.0}") } else { format!("{} k", (hz / 100.0).round() / 10.0) }
}

/// Candidates for frequency ticks, the ones that should stand in front.
fn frequency_ticks(view: &FrequencyView) -> Vec<f64> {
    let (low_hz, high_hz) = (view.low_hz, view.high_hz);
    let mut ticks = vec![0.0];
    if view.scale == FrequencyScale::Linear || low_hz * 4.0 > high_hz {
        // An even or narrow range: even steps of 1, 2 or 5.
        let least = (high_hz - low_hz) / 12.0;
        let tens = 10_f64.powf(least.log10().floor());
        let step =
            [1.0, 2.0, 5.0].map(|digit| digit * tens).into_iter().find(|&step| step >= least).unwrap_or(10.0 * tens);
        let (first, last) = ((low_hz / step).ceil() as i64, (high_hz / step).floor() as i64);
        ticks.extend((first..=last).map(|tick| tick as f64 * step));
    } else {
        for digits in [[1.0, 2.0, 5.0], [3.0, 7.0, 1.5]] {
            ticks.extend(
                [10_000.0, 1_000.0, 100.0, 100_000.0, 10.0_f64].iter().flat_map(|ten| digits.map(|digit| digit * ten)),
            );
        }
    }
    ticks.retain(|hz| (low_hz..=high_hz).contains(hz));
    ticks
}

/// Draws the frequency axis at the left of the spectrogram.
pub fn frequencies(ui: &Ui, canvas: &Canvas<'_>, rect: Rect, width: f32) {
    if rect.height() < LEAST_FOR_TEXT {
        return;
    }
    let painter = ui.painter_at(Rect::from_min_max(
        pos2(rect.left() - width, rect.top() - 6.0),
        pos2(rect.left(), rect.bottom() + 6.0),
    ));
    let view = canvas.frequencies();
    let mut taken: Vec<f32> = Vec::new();
    for hz in frequency_ticks(&view) {
        let y = rect.bottom() - (view.y_from_hz(hz) as f32) * rect.height();
        let free = taken.iter().all(|other| (other - y).abs() >= FREQUENCY_TICK_POINTS);
        if !free || y < rect.top() - 1.0 || y > rect.bottom() + 1.0 || !y.is_finite() {
            continue;
        }
        taken.push(y);
        painter.hline(rect.left() - 5.0..=rect.left(), y, Stroke::new(1.0, canvas.colors.weak_text));
        let text_y = y.clamp(rect.top() + 6.0, rect.bottom() - 6.0);
        painter.text(
            pos2(rect.left() - 8.0, text_y),
            Align2::RIGHT_CENTER,
            hz_text(hz),
            FontId::proportional(TEXT),
            canvas.colors.weak_text,
        );
    }
}

/// Draws the colour scale at the right of the spectrogram; a click opens the display settings.
pub fn levels(ui: &mut Ui, canvas: &Canvas<'_>, rect: Rect, requests: &mut Vec<Request>) {
    if rect.height() < LEAST_FOR_TEXT {
        return;
    }
    let style = canvas.style();
    let bar = Rect::from_min_size(rect.min, vec2(10.0, rect.height()));
    let mut mesh = Mesh::default();
    let colors = &colormap::ALL[style.colormap].colors;
    for (place, pair) in colors.windows(2).enumerate() {
        let y = |place: usize| bar.bottom() - bar.height() * place as f32 / (colors.len() - 1) as f32;
        gradient(
            &mut mesh,
            Rect::from_min_max(pos2(bar.left(), y(place + 1)), pos2(bar.right(), y(place))),
            map_color(pair[1]),
            map_color(pair[0]),
        );
    }
    ui.painter().add(Shape::mesh(mesh));
    let span = style.brightest - style.darkest;
    let step = value_step(span, if rect.height() < 160.0 { 3.0 } else { 6.0 });
    let decimals = if step >= 1.0 { 0 } else { (-step.log10()).ceil() as usize };
    let (first, last) = ((style.darkest / step).ceil() as i64, (style.brightest / step).floor() as i64);
    for place in first..=last {
        let value = place as f32 * step;
        let y = bar.bottom() - bar.height() * (value - style.darkest) / span;
        let text_y = y.clamp(rect.top() + 6.0, rect.bottom() - 6.0);
        ui.painter().text(
            pos2(bar.right() + 4.0, text_y),
            Align2::LEFT_CENTER,
            format!("{value:.decimals$}"),
            FontId::proportional(TEXT),
            canvas.colors.weak_text,
        );
    }
    let scale = canvas.open.tiles.value_scale();
    let unit = if style.normalise && scale.is_decibels() { "+ dB" } else { scale.unit };
    ui.painter().text(
        rect.left_top() - vec2(0.0, 4.0),
        Align2::LEFT_BOTTOM,
        unit,
        FontId::proportional(TEXT),
        canvas.colors.weak_text,
    );
    let response = ui.interact(rect, ui.scope_id().with("levels"), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Colour scale"));
    if response.on_hover_text(Command::ShowDisplay.hover_text(ui.ctx())).clicked() {
        requests.push(Request::Do(Command::ShowDisplay));
    }
}

/// Steps of a value axis: 1, 2, 5 and their tens, `most` of them at most.
fn value_step(span: f32, most: f32) -> f32 {
    let least = (span / most).max(1e-4);
    let ten = 10_f32.powf(least.log10().floor());
    [1.0, 2.0, 5.0].map(|digit| digit * ten).into_iter().find(|&step| step >= least).unwrap_or(10.0 * ten)
}

fn gradient(mesh: &mut Mesh, rect: Rect, top: Color32, bottom: Color32) {
    let first = mesh.vertices.len() as u32;
    mesh.colored_vertex(rect.left_top(), top);
    mesh.colored_vertex(rect.right_top(), top);
    mesh.colored_vertex(rect.right_bottom(), bottom);
    mesh.colored_vertex(rect.left_bottom(), bottom);
    mesh.add_triangle(first, first + 1, first + 2);
    mesh.add_triangle(first, first + 2, first + 3);
}

/// Text with a dark ground, for notes over pictures.
pub fn note(painter: &egui::Painter, at: egui::Pos2, align: Align2, text: &str) {
    note_within(painter, at, align, text, f32::INFINITY);
}

/// A note that takes no more than `width` points; what has no room is cut off with `…`.
pub fn note_within(painter: &egui::Painter, at: egui::Pos2, align: Align2, text: &str, width: f32) {
    let mut job = LayoutJob::simple_singleline(text.to_owned(), FontId::monospace(12.0), Color32::WHITE);
    job.wrap = TextWrapping::truncate_at_width((width - 10.0).max(0.0));
    let galley = painter.layout_job(job);
    let rect = align.anchor_size(at, galley.size() + vec2(10.0, 6.0));
    painter.rect_filled(rect, 3.0, Color32::from_black_alpha(190));
    painter.galley(rect.min + vec2(5.0, 3.0), galley, Color32::WHITE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_round_steps() {
        assert_eq!([value_step(70.0, 6.0), value_step(3.0, 6.0), value_step(50.0, 3.0)], [20.0, 0.5, 20.0]);
    }

    #[test]
    fn a_linear_axis_has_even_ticks() {
        let view = FrequencyView::whole(384_000, FrequencyScale::Linear);
        let ticks = frequency_ticks(&view);
        assert_eq!((ticks[1], ticks[2], ticks[10]), (0.0, 20_000.0, 180_000.0));
    }

    #[test]
    fn frequencies_are_short() {
        assert_eq!([0.0, 500.0, 2000.0, 12_500.0].map(hz_text), ["0", "500", "2 k", "12.5 k"]);
    }
}
