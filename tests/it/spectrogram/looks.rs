//! The painted picture with each setting, read back from the (software) graphics device: what must be seen is seen.

use std::sync::Arc;

use earmark::dsp::FrameWindow;
use earmark::spectrogram::{Channel, FrequencyScale, PictureKind, PictureSettings, TimeView};
use earmark::work::TileSettings;
use egui_kittest::Harness;

use super::model_input;
use super::picture::{HEIGHT, HOLE, PictureApp, Pixels, WIDTH, check_ridge, chirp, harness_of, rendered};
use super::source::{CHANNEL_DELAY, Synthetic, Watched, noise};

const WHOLE: TimeView = TimeView { start_secs: 0.0, end_secs: 10.0, width_px: WIDTH as u32 };

fn harness<'a>(source: Synthetic, picture: PictureSettings, channels: Vec<Channel>) -> Harness<'a, PictureApp> {
    let settings = TileSettings { picture, channels, threads: 2, ..TileSettings::default() };
    harness_of(Watched::with(source, settings), WHOLE, FrequencyScale::Linear)
}

fn kind(kind: PictureKind) -> PictureSettings {
    PictureSettings { kind, ..PictureSettings::default() }
}

/// Uses the colours that the kind has by default.
fn with_default_colors(harness: &mut Harness<'_, PictureApp>, is_normalised: bool) {
    let app = harness.state_mut();
    let engine = &app.watched.engine;
    let (darkest, brightest) = engine.value_scale().default_colors(engine.kind(), is_normalised);
    (app.style.darkest, app.style.brightest, app.style.normalise) = (darkest, brightest, is_normalised);
}

/// Line of a frequency in a picture from 0 to 4000 Hz.
fn line(hz: f64) -> usize {
    ((1.0 - hz / 4000.0) * HEIGHT as f64) as usize
}

/// The brightest of the lines around one.
fn brightness(pixels: &Pixels, x: usize, line: usize) -> u8 {
    (line.saturating_sub(2)..(line + 3).min(HEIGHT)).map(|y| pixels.at(x, y)[0]).max().expect("lines")
}

/// A steady tone of 1 kHz at −10 dB, over soft noise, and each second 100 ms of a far softer one of 3 kHz (−50 dB).
fn hum_and_bursts() -> Synthetic {
    Synthetic::new(8_000, 10.0, |n| {
        let tone = |hz: f64| (std::f64::consts::TAU * hz * n as f64 / 8_000.0).sin();
        let is_on = n % 8_000 >= 4_000 && n % 8_000 < 4_800;
        (0.3 * tone(1000.0) + if is_on { 0.003 * tone(3000.0) } else { 0.0 }) as f32 + 2e-4 * noise(n)
    })
}

#[test]
fn the_ridge_is_right_with_each_window_overlap_and_padding() {
    for (window, hops, zero_padding, frame_len) in [
        (FrameWindow::Hamming, 2, 1, Some(256)),
        (FrameWindow::BlackmanHarris, 8, 2, Some(512)),
        (FrameWindow::Kaiser, 4, 4, Some(512)),
        (FrameWindow::HannPeriodic, 8, 1, Some(128)),
    ] {
        let picture = PictureSettings { window, hops, zero_padding, frame_len, kind: PictureKind::Level };
        check_ridge(&mut harness(chirp(), picture, vec![Channel::Mix]));
    }
}

#[test]
fn a_reassigned_ridge_is_where_it_was_and_thinner() {
    let mut plain = harness(chirp(), kind(PictureKind::Level), vec![Channel::Mix]);
    let mut thin = harness(chirp(), kind(PictureKind::Reassigned), vec![Channel::Mix]);
    check_ridge(&mut thin);
    let bright = |pixels: &Pixels| (0..WIDTH * HEIGHT).filter(|&n| pixels.0[n][0] > 150).count();
    let (plain, thin) = (bright(&rendered(&mut plain)), bright(&rendered(&mut thin)));
    assert!(thin * 3 < plain * 2, "{thin} bright pixels of {plain}");
}

#[test]
fn pcen_shows_what_begins_and_not_what_stands_still() {
    let mut level = harness(hum_and_bursts(), kind(PictureKind::Level), vec![Channel::Mix]);
    let mut pcen = harness(hum_and_bursts(), kind(PictureKind::Pcen), vec![Channel::Mix]);
    with_default_colors(&mut level, false);
    with_default_colors(&mut pcen, false);
    let (level, pcen) = (rendered(&mut level), rendered(&mut pcen));
    // 40 pixels a second; the bursts stand at 0.5 s to 0.6 s of each.
    for second in 1..10 {
        let (on, off) = (40 * second + 22, 40 * second + 10);
        let (hum, burst) = (line(1000.0), line(3000.0));
        assert!(brightness(&level, on, hum) > brightness(&level, on, burst), "the hum is louder");
        assert!(brightness(&pcen, on, burst) > 150, "second {second}: {}", brightness(&pcen, on, burst));
        assert!(brightness(&pcen, off, hum) < 70, "second {second}: {}", brightness(&pcen, off, hum));
    }
}

#[test]
fn normalised_bands_take_the_hum_away_and_send_nothing() {
    let mut harness = harness(hum_and_bursts(), kind(PictureKind::Level), vec![Channel::Mix]);
    with_default_colors(&mut harness, false);
    let plain = rendered(&mut harness);
    let uploads = harness.state().painter.upload_count();
    with_default_colors(&mut harness, true);
    let normalised = rendered(&mut harness);
    for second in 1..10 {
        let (on, off) = (40 * second + 22, 40 * second + 10);
        let (hum, burst) = (line(1000.0), line(3000.0));
        assert!(brightness(&plain, off, hum) > 200 && brightness(&normalised, off, hum) < 100);
        assert!(brightness(&normalised, on, burst) > brightness(&normalised, off, hum) + 60);
        assert!(brightness(&normalised, on, burst) > brightness(&normalised, off, burst) + 60);
    }
    assert_eq!(harness.state().painter.upload_count(), uploads);
    assert!(normalised.0.iter().all(|&pixel| pixel != HOLE));
}

#[test]
fn what_a_model_sees_is_drawn_where_its_bands_are() {
    for model in [model_input::yamnet(), model_input::per_clip()] {
        let picture = kind(PictureKind::ModelInput);
        let settings =
            TileSettings { picture, model_input: Some(Arc::new(model)), threads: 2, ..TileSettings::default() };
        let mut harness = harness_of(Watched::with(chirp(), settings), WHOLE, FrequencyScale::Linear);
        with_default_colors(&mut harness, false);
        let (lowest_hz, _) = harness.state().watched.engine.layout().axis.hz_range();
        let pixels = rendered(&mut harness);
        for x in (20..WIDTH - 20).step_by(17) {
            let hz = 500.0 + 300.0 * (x as f64 + 0.5) / 40.0;
            // A band at 3.5 kHz is 200 Hz wide: ten lines.
            assert!(pixels.ridge(x).abs_diff(line(hz)) <= 7, "{hz} Hz at line {}", pixels.ridge(x));
            assert!(pixels.at(x, pixels.ridge(x))[0] > 120);
        }
        // Below the lowest band is nothing.
        assert_eq!(pixels.at(200, HEIGHT - 1) == HOLE, lowest_hz > 20.0, "{lowest_hz}");
        harness.state_mut().frequency.high_hz = 9000.0;
        let pixels = rendered(&mut harness);
        assert_eq!(pixels.at(200, 2), HOLE);
    }
}

/// A tone for each channel, 200 Hz apart.
fn chord(channels: usize) -> Synthetic {
    let tone = |n: u64| {
        let hz = 500.0 + 200.0 * (n / CHANNEL_DELAY) as f64;
        (0.1 * (std::f64::consts::TAU * hz * n as f64 / 8_000.0).sin()) as f32
    };
    Synthetic { channels, ..Synthetic::new(8_000, 5.0, tone) }
}

#[test]
fn channels_are_stacked_without_holes_and_without_sending_them_again() {
    for (channels, picture) in [
        (2, PictureSettings::default()),
        (8, PictureSettings::default()),
        (16, PictureSettings { frame_len: Some(4_096), zero_padding: 4, hops: 8, ..PictureSettings::default() }),
    ] {
        let planes = (0..channels).map(Channel::One).collect();
        let settings = TileSettings { picture, channels: planes, threads: 2, ..TileSettings::default() };
        let view = TimeView { start_secs: 0.0, end_secs: 5.0, width_px: WIDTH as u32 };
        let mut harness = harness_of(Watched::with(chord(channels), settings), view, FrequencyScale::Linear);
        (0..6).for_each(|_| harness.step());
        let pixels = rendered(&mut harness);
        assert!(pixels.0.iter().all(|&pixel| pixel != HOLE), "{channels} channels");
        let height = HEIGHT as f64 / channels as f64;
        for channel in 0..channels {
            let (top, bottom) = ((channel as f64 * height).ceil() as usize, ((channel + 1) as f64 * height) as usize);
            let ridge = (top..bottom).max_by_key(|&y| pixels.at(200, y)[0]).expect("lines");
            let expected = height * (channel as f64 + 1.0 - (500.0 + 200.0 * channel as f64) / 4000.0) - 0.5;
            assert!((ridge as f64 - expected).abs() <= 1.5, "channel {channel} of {channels}: {ridge}, not {expected}");
            assert!(pixels.at(200, ridge)[0] > 180);
        }
        let uploads = harness.state().painter.upload_count();
        rendered(&mut harness);
        assert_eq!(harness.state().painter.upload_count(), uploads, "{channels} channels");
    }
}

#[test]
fn the_longest_transforms_are_drawn_in_full_detail() {
    // Two tones 0.5 Hz apart at 48 kHz cannot be told apart, 6 Hz apart they can, by bins of 1.5 Hz.
    let tones = |n: u64| {
        let tone = |hz: f64| 0.1 * (std::f64::consts::TAU * hz * n as f64 / 48_000.0).sin();
        (tone(1000.0) + tone(1012.0)) as f32
    };
    let picture = PictureSettings { frame_len: Some(16_384), zero_padding: 2, ..PictureSettings::default() };
    let mut harness = harness(Synthetic::new(48_000, 10.0, tones), picture, vec![Channel::Mix]);
    (harness.state_mut().frequency.low_hz, harness.state_mut().frequency.high_hz) = (980.0, 1032.0);
    harness.state_mut().style.darkest = -60.0;
    (0..10).for_each(|_| harness.step());
    let pixels = rendered(&mut harness);
    let line = |hz: f64| ((1032.0 - hz) / 52.0 * HEIGHT as f64) as usize;
    let at = |hz: f64| brightness(&pixels, 200, line(hz));
    assert!(
        at(1000.0) > 150 && at(1012.0) > 150 && at(1006.0) < at(1000.0) - 25,
        "{} {} {}",
        at(1000.0),
        at(1006.0),
        at(1012.0)
    );
    assert!(at(985.0) < 60);
}
