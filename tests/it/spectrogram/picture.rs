//! The painted picture, read back from the (software) graphics device.

use earmark::spectrogram::colormap;
use earmark::spectrogram::{FrequencyScale, FrequencyView, TimeView};
use earmark::ui::spectrogram_painter::{SpectrogramPainter, Style};
use earmark::ui::waveform_painter::{self, WaveStyle};
use eframe::egui::{self, Color32, vec2};
use egui_kittest::Harness;

use super::source::{Synthetic, Watched, noise};

pub const WIDTH: usize = 400;
pub const HEIGHT: usize = 200;
pub const HOLE: [u8; 4] = [255, 0, 255, 255];

/// Only a picture on a background whose colour no colour map has.
pub struct PictureApp {
    pub watched: Watched,
    pub painter: SpectrogramPainter,
    pub view: TimeView,
    pub frequency: FrequencyView,
    pub style: Style,
    /// Draws the waveform in the upper half and a second picture, of the whole, in the lower half.
    is_split: bool,
}

impl eframe::App for PictureApp {
    fn ui(&mut self, ui: &mut egui::Ui, _: &mut eframe::Frame) {
        let rect = egui::Rect::from_min_size(egui::Pos2::ZERO, vec2(WIDTH as f32, HEIGHT as f32));
        ui.painter().rect_filled(rect, 0.0, Color32::from_rgb(HOLE[0], HOLE[1], HOLE[2]));
        let engine = &self.watched.engine;
        if self.is_split {
            let (top, bottom) = rect.split_top_bottom_at_fraction(0.5);
            self.painter.paint(ui.painter(), top, engine, 0, &self.view, &self.frequency, &self.style);
            let whole = TimeView { start_secs: 0.0, end_secs: 10.0, ..self.view };
            let (strip, wave) = bottom.split_top_bottom_at_fraction(0.5);
            self.painter.paint(ui.painter(), strip, engine, 0, &whole, &self.frequency, &self.style);
            let colors = WaveStyle { peak: Color32::GREEN, rms: Color32::WHITE, gain: 1.0 };
            waveform_painter::paint(ui.painter(), wave, engine, 0, &whole, &colors);
        } else {
            let height = HEIGHT as f32 / engine.plane_count() as f32;
            for plane in 0..engine.plane_count() {
                let strip = rect.with_min_y(height * plane as f32).with_max_y(height * (plane + 1) as f32);
                self.painter.paint(ui.painter(), strip, engine, plane, &self.view, &self.frequency, &self.style);
            }
        }
    }
}

/// Pixels of a rendered window.
pub struct Pixels(pub Vec<[u8; 4]>);

impl Pixels {
    pub fn at(&self, x: usize, y: usize) -> [u8; 4] {
        self.0[y * WIDTH + x]
    }

    /// Line of the brightest pixel of a column, for the map `gray`.
    pub fn ridge(&self, x: usize) -> usize {
        (0..HEIGHT).filter(|&y| self.at(x, y) != HOLE).max_by_key(|&y| self.at(x, y)[0]).expect("lines")
    }
}

/// A chirp from 500 Hz to 3500 Hz in 10 s, at −20 dB.
fn chirp_hz(secs: f64) -> f64 {
    500.0 + 300.0 * secs
}

pub fn chirp() -> Synthetic {
    Synthetic::new(8_000, 10.0, |n| {
        let secs = n as f64 / 8000.0;
        (0.1 * (std::f64::consts::TAU * (500.0 + 150.0 * secs) * secs).sin()) as f32 + 1e-5 * noise(n)
    })
}

fn harness<'a>(start_secs: f64, end_secs: f64, scale: FrequencyScale) -> Harness<'a, PictureApp> {
    let view = TimeView { start_secs, end_secs, width_px: WIDTH as u32 };
    harness_of(Watched::new(chirp(), 2), view, scale)
}

/// A window with the picture of an engine, from 0 to 4000 Hz, levels in shades of gray.
pub fn harness_of<'a>(mut watched: Watched, view: TimeView, scale: FrequencyScale) -> Harness<'a, PictureApp> {
    watched.wait_for_the_whole();
    watched.wait_for(&view);
    Harness::builder().with_size(vec2(WIDTH as f32, HEIGHT as f32)).wgpu().build_eframe(|cc| PictureApp {
        watched,
        painter: SpectrogramPainter::new(cc.wgpu_render_state.as_ref().expect("wgpu")),
        view,
        frequency: FrequencyView { low_hz: 0.0, high_hz: 4000.0, scale },
        style: Style {
            colormap: colormap::index_of("gray").expect("a map"),
            darkest: -100.0,
            brightest: 0.0,
            gamma: 1.0,
            normalise: false,
        },
        is_split: false,
    })
}

/// Draws a few frames, so that all tiles are on the device, and reads the last one.
pub fn rendered(harness: &mut Harness<'_, PictureApp>) -> Pixels {
    for _ in 0..3 {
        harness.step();
        harness.render().expect("a picture");
    }
    harness.step();
    let image = harness.render().expect("a picture");
    assert_eq!((image.width() as usize, image.height() as usize), (WIDTH, HEIGHT));
    if let Ok(folder) = std::env::var("EARMARK_PICTURES") {
        let name = std::thread::current().name().unwrap_or("picture").replace(':', "-");
        image.save(format!("{folder}/{name}.png")).expect("saved");
    }
    Pixels(image.as_raw().chunks_exact(4).map(|p| [p[0], p[1], p[2], p[3]]).collect())
}

pub fn check_ridge(harness: &mut Harness<'_, PictureApp>) {
    let pixels = rendered(harness);
    let app = harness.state();
    for x in (5..WIDTH - 5).step_by(13) {
        let secs = app.view.start_secs + (x as f64 + 0.5) * app.view.secs_per_px();
        if !(0.1..9.9).contains(&secs) {
            continue;
        }
        let expected = (1.0 - app.frequency.y_from_hz(chirp_hz(secs))) * HEIGHT as f64 - 0.5;
        let ridge = pixels.ridge(x) as f64;
        assert!((ridge - expected).abs() <= 2.0, "at {secs} s the ridge is at line {ridge}, not {expected}");
        assert!(pixels.at(x, ridge as usize)[0] > 180, "at {secs} s the ridge is dark");
        let far = ((expected + 60.0) as usize) % HEIGHT;
        assert!(pixels.at(x, far)[0] < 90, "at {secs} s, line {far} is bright");
    }
}

#[test]
fn the_ridge_of_a_chirp_is_where_its_frequency_is() {
    check_ridge(&mut harness(0.0, 10.0, FrequencyScale::Linear));
}

#[test]
fn the_ridge_is_right_when_zoomed_in() {
    check_ridge(&mut harness(4.0, 5.0, FrequencyScale::Linear));
}

#[test]
fn the_ridge_is_right_on_a_logarithmic_axis() {
    check_ridge(&mut harness(0.0, 10.0, FrequencyScale::Log10));
}

#[test]
fn the_ridge_is_right_on_a_bark_axis() {
    check_ridge(&mut harness(0.0, 10.0, FrequencyScale::Bark));
}

#[test]
fn the_ridge_is_right_on_a_mel_axis_far_out() {
    check_ridge(&mut harness(-10.0, 30.0, FrequencyScale::Mel));
}

#[test]
fn outside_the_recording_and_above_half_the_rate_nothing_is_drawn() {
    let mut harness = harness(-5.0, 15.0, FrequencyScale::Linear);
    harness.state_mut().frequency.high_hz = 8000.0;
    let pixels = rendered(&mut harness);
    for y in (0..HEIGHT).step_by(7) {
        assert_eq!((pixels.at(50, y), pixels.at(350, y)), (HOLE, HOLE));
        assert_eq!(pixels.at(200, y) == HOLE, y < HEIGHT / 2, "line {y}");
    }
    // The recording's borders are at pixels 100 and 300.
    assert_eq!((pixels.at(99, 150), pixels.at(300, 150)), (HOLE, HOLE));
    assert!(pixels.at(100, 150) != HOLE && pixels.at(299, 150) != HOLE);
}

#[test]
fn colours_levels_and_axis_change_without_another_tile() {
    let mut harness = harness(0.0, 10.0, FrequencyScale::Linear);
    let gray = rendered(&mut harness);
    let uploads = harness.state().painter.upload_count();
    assert!(uploads > 0);
    let magma = colormap::index_of("magma").expect("a map");
    harness.state_mut().style.colormap = magma;
    let coloured = rendered(&mut harness);
    let colors = &colormap::ALL[magma].colors;
    let differing = (0..WIDTH * HEIGHT).filter(|&n| gray.0[n] != coloured.0[n]).count();
    assert!(differing > WIDTH * HEIGHT / 2);
    for n in (0..WIDTH * HEIGHT).step_by(97) {
        let expected = colors[usize::from(gray.0[n][0])];
        assert!((0..3).all(|c| coloured.0[n][c].abs_diff(expected[c]) <= 1), "pixel {n}");
    }
    harness.state_mut().style.darkest = -40.0;
    harness.state_mut().frequency.scale = FrequencyScale::Mel;
    assert!(rendered(&mut harness).0 != coloured.0);
    assert_eq!(harness.state().painter.upload_count(), uploads);
}

#[test]
fn several_pictures_share_a_frame() {
    let mut harness = harness(4.0, 5.0, FrequencyScale::Linear);
    harness.state_mut().is_split = true;
    let whole = TimeView { start_secs: 0.0, end_secs: 10.0, width_px: WIDTH as u32 };
    harness.state_mut().watched.wait_for(&whole);
    let pixels = rendered(&mut harness);
    let brightest = |x: usize, lines: std::ops::Range<usize>| lines.max_by_key(|&y| pixels.at(x, y)[0]).expect("lines");
    // 4.5 s, 1850 Hz in the upper picture (100 lines); 2.5 s, 1250 Hz in the strip below (50 lines).
    assert!(brightest(200, 0..100).abs_diff(53) <= 2);
    assert!(brightest(100, 100..150).abs_diff(134) <= 2);
    // The waveform of ±0.1 around line 175.
    assert_eq!(pixels.at(200, 175), [255, 255, 255, 255]);
    assert_eq!(pixels.at(200, 160), HOLE);
    let green = (150..200).filter(|&y| pixels.at(200, y) == [0, 255, 0, 255]).count();
    assert!((1..=4).contains(&green), "{green} green lines");
}

#[test]
fn the_processor_draws_what_the_shader_draws() {
    let narrow = FrequencyView { low_hz: 900.0, high_hz: 1500.0, scale: FrequencyScale::Linear };
    let whole = |scale| FrequencyView { low_hz: 0.0, high_hz: 4000.0, scale };
    // Below, between and above the levels; inside and beyond the recording; axes on which a pixel covers many rows and few.
    let scenes = [
        (0.0, 10.0, whole(FrequencyScale::Linear), false),
        (-2.0, 14.0, whole(FrequencyScale::Mel), false),
        (4.0, 4.3, narrow, false),
        (2.0, 8.0, whole(FrequencyScale::Log10), true),
        (0.0, 5.0, whole(FrequencyScale::Bark), false),
        (1.0, 1.05, whole(FrequencyScale::Linear), true),
    ];
    for (start_secs, end_secs, frequency, normalise) in scenes {
        let mut harness = harness(start_secs, end_secs, frequency.scale);
        harness.state_mut().frequency = frequency;
        harness.state_mut().style.normalise = normalise;
        harness.state_mut().style.gamma = 0.7;
        let by_device = rendered(&mut harness);
        harness.state_mut().painter = SpectrogramPainter::software();
        let by_processor = rendered(&mut harness);
        assert!(harness.state().painter.upload_count() > 0);
        let scene = format!("{start_secs}–{end_secs} s, {frequency:?}");
        let is_hole = |pixels: &Pixels, n: usize| pixels.0[n] == HOLE;
        assert!((0..WIDTH * HEIGHT).all(|n| is_hole(&by_device, n) == is_hole(&by_processor, n)), "{scene}: other holes");
        let apart = (0..WIDTH * HEIGHT).filter(|&n| by_device.0[n][0].abs_diff(by_processor.0[n][0]) > 2).count();
        // Where a row's or column's border falls on a pixel's within the shader's 32 bits, either may be right.
        assert!(apart * 200 < WIDTH * HEIGHT, "{scene}: {apart} pixels differ");
    }
}

#[test]
fn the_processor_draws_again_only_what_has_changed() {
    let mut harness = harness(0.0, 10.0, FrequencyScale::Linear);
    harness.state_mut().painter = SpectrogramPainter::software();
    rendered(&mut harness);
    assert_eq!(harness.state().painter.upload_count(), 1);
    harness.state_mut().view.end_secs = 9.0;
    rendered(&mut harness);
    assert_eq!(harness.state().painter.upload_count(), 2);
}
