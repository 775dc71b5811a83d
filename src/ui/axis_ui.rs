//! Axes: the time ruler, the frequency axis and the colour scale.

use super::canvas_ui::Canvas;
use super::picture_ui;
use crate::app::Request;
use crate::spectrogram::colormap;
use crate::time::clock_text;
use eframe::egui::{
    self, Align2, Color32, FontId, Mesh, Rect, Sense, Shape, Stroke, Ui, WidgetInfo, accesskit::Role, pos2, vec2,
};

/// Least distance between labelled ticks, in points.
const TICK_POINTS: f32 = 90.0;
const FREQUENCY_TICK_POINTS: f32 = 26.0;
const TEXT: f32 = 11.0;

/// Steps of a time axis: 1, 2, 5 and their tens below a minute, then what clocks have.
const TIME_STEPS_SECS: [f64; 25] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0,
    900.0, 1800.0, 3600.0, 7200.0, 14_400.0, 21_600.0,
];

/// The least step whose ticks are far enough apart, and how many decimals tell them apart.
fn time_step(secs_per_point: f64) -> (f64, usize) {
    let least = secs_per_point * f64::from(TICK_POINTS);
    let step = TIME_STEPS_SECS.into_iter().find(|&step| step >= least).unwrap_or(86_400.0);
    let decimals = if step >= 1.0 { 0 } else { (-step.log10()).ceil() as usize };
    (step, decimals)
}

/// Draws the time ruler; a click or drag puts the playhead there.
pub fn ruler(ui: &mut Ui, canvas: &Canvas<'_>, rect: Rect, requests: &mut Vec<Request>) {
    let response = ui.interact(rect, ui.scope_id().with("ruler"), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Slider, true, "Time ruler"));
    if let Some(at) = response.interact_pointer_pos() {
        requests.push(Request::Seek(canvas.scale.secs_from_x(at.x)));
    }
    let painter = ui.painter_at(rect.expand2(vec2(0.0, 1.0)));
    let (step, decimals) = time_step(canvas.scale.secs_of(1.0));
    let span = canvas.scale.span;
    let (first, last) = ((span.onset_secs / step).floor() as i64, (span.offset_secs / step).ceil() as i64);
    for tick in first..=last {
        let secs = tick as f64 * step;
        let x = canvas.scale.x_from_secs(secs);
        painter.vline(x, rect.bottom() - 7.0..=rect.bottom(), Stroke::new(1.0, canvas.colors.weak_text));
        painter.text(
            pos2(x + 4.0, rect.top() + 3.0),
            Align2::LEFT_TOP,
            clock_text(secs, decimals),
            FontId::proportional(TEXT),
            canvas.colors.weak_text,
        );
        for part in 1..5 {
            let x = canvas.scale.x_from_secs(secs + step * f64::from(part) / 5.0);
            painter.vline(x, rect.bottom() - 3.0..=rect.bottom(), Stroke::new(1.0, canvas.colors.line));
        }
    }
    response.on_hover_text_at_pointer("Click or drag: put the playhead here");
}

/// `500`, `2 k`, `12.5 k`.
fn hz_text(hz: f64) -> String {
    if hz < 1000.0 { format!("{hz:.0}") } else { format!("{} k", (hz / 100.0).round() / 10.0) }
}

/// Candidates for frequency ticks, the ones that should stand in front.
fn frequency_ticks(low_hz: f64, high_hz: f64) -> Vec<f64> {
    let mut ticks = vec![0.0];
    if low_hz * 4.0 > high_hz {
        // A narrow range: even steps of 1, 2 or 5.
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
    let painter = ui.painter_at(Rect::from_min_max(
        pos2(rect.left() - width, rect.top() - 6.0),
        pos2(rect.left(), rect.bottom() + 6.0),
    ));
    let view = canvas.frequencies();
    let mut taken: Vec<f32> = Vec::new();
    for hz in frequency_ticks(view.low_hz, view.high_hz) {
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
    let unit = pos2(rect.left() - 8.0, rect.top() - 4.0);
    ui.painter().text(unit, Align2::RIGHT_BOTTOM, "Hz", FontId::proportional(TEXT), canvas.colors.weak_text);
}

/// Draws the colour scale at the right of the spectrogram; a click opens the picture's settings.
pub fn levels(ui: &mut Ui, canvas: &Canvas<'_>, rect: Rect, requests: &mut Vec<Request>) {
    let style = canvas.style();
    let bar = Rect::from_min_size(rect.min, vec2(10.0, rect.height()));
    let mut mesh = Mesh::default();
    let colors = &colormap::ALL[style.colormap].colors;
    for (place, pair) in colors.windows(2).enumerate() {
        let y = |place: usize| bar.bottom() - bar.height() * place as f32 / (colors.len() - 1) as f32;
        gradient(
            &mut mesh,
            Rect::from_min_max(pos2(bar.left(), y(place + 1)), pos2(bar.right(), y(place))),
            color(pair[1]),
            color(pair[0]),
        );
    }
    ui.painter().add(Shape::mesh(mesh));
    let span = style.brightest - style.darkest;
    let step = if rect.height() < 160.0 { 40.0 } else { 20.0 };
    let mut db = (style.darkest / step).ceil() * step;
    while db <= style.brightest {
        let y = bar.bottom() - bar.height() * (db - style.darkest) / span;
        let text_y = y.clamp(rect.top() + 6.0, rect.bottom() - 6.0);
        ui.painter().text(
            pos2(bar.right() + 4.0, text_y),
            Align2::LEFT_CENTER,
            format!("{db:.0}"),
            FontId::proportional(TEXT),
            canvas.colors.weak_text,
        );
        db += step;
    }
    ui.painter().text(
        rect.left_top() - vec2(0.0, 4.0),
        Align2::LEFT_BOTTOM,
        "dBFS",
        FontId::proportional(TEXT),
        canvas.colors.weak_text,
    );
    let response = ui.interact(rect, ui.scope_id().with("levels"), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Picture settings"));
    let response = response.on_hover_text("Click: colours, levels and frequency axis of the spectrogram");
    picture_ui::popup(&response, canvas, requests);
}

fn color([red, green, blue]: [u8; 3]) -> Color32 {
    Color32::from_rgb(red, green, blue)
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
    let galley = painter.layout_no_wrap(text.to_owned(), FontId::monospace(12.0), Color32::WHITE);
    let rect = align.anchor_size(at, galley.size() + vec2(10.0, 6.0));
    painter.rect_filled(rect, 3.0, Color32::from_black_alpha(190));
    painter.galley(rect.min + vec2(5.0, 3.0), galley, Color32::WHITE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_far_enough_apart_and_labelled_exactly() {
        for exponent in -60..30 {
            let secs_per_point = 10_f64.powf(f64::from(exponent) / 10.0);
            let (step, decimals) = time_step(secs_per_point);
            assert!(step >= secs_per_point * f64::from(TICK_POINTS) || step == 86_400.0);
            let scaled = step * 10_f64.powi(decimals as i32);
            assert!((scaled - scaled.round()).abs() < 1e-6, "{step} {decimals}");
        }
    }

    #[test]
    fn frequencies_are_short() {
        assert_eq!([0.0, 500.0, 2000.0, 12_500.0].map(hz_text), ["0", "500", "2 k", "12.5 k"]);
    }
}
