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
    harness_of(Watched::with(source, &settings), WHOLE, FrequencyScale::Linear)
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

/// A steady tone of 1 kHz at −10 dB, over soft noise, and each `every_secs` seconds 100 ms of a far softer one of 3 kHz (−50 dB).
fn hum_and_bursts(every_secs: u64) -> Synthetic {
    Synthetic::new(8_000, 10.0, move |n| {
        let tone = |hz: f64| (std::f64::consts::TAU * hz * n as f64 / 8_000.0).sin();
        let is_on = (4_000..4_800).contains(&(n % (8_000 * every_secs)));
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
    let mut level = harness(hum_and_bursts(1), kind(PictureKind::Level), vec![Channel::Mix]);
    let mut pcen = harness(hum_and_bursts(1), kind(PictureKind::Pcen), vec![Channel::Mix]);
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
    // Bursts in less than half of the base level's columns.
    let mut harness = harness(hum_and_bursts(4), kind(PictureKind::Level), vec![Channel::Mix]);
    with_default_colors(&mut harness, false);
    let plain = rendered(&mut harness);
    let uploads = harness.state().painter.upload_count();
    with_default_colors(&mut harness, true);
    let normalised = rendered(&mut harness);
    for second in [0, 4, 8] {
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
        let mut harness = harness_of(Watched::with(chirp(), &settings), WHOLE, FrequencyScale::Linear);
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

/// For channel `c` a tone of `500 + 200 c` hertz: each holds what the one before it holds [`CHANNEL_DELAY`] samples later.
fn chord(channels: usize, sample_rate: u32) -> Synthetic {
    let secs = CHANNEL_DELAY as f64 / f64::from(sample_rate);
    let tone = move |n: u64| {
        let hz = 500.0 + 200.0 * (n / CHANNEL_DELAY) as f64;
        (0.1 * (std::f64::consts::TAU * hz * n as f64 / f64::from(sample_rate)).sin()) as f32
    };
    Synthetic { channels, ..Synthetic::new(sample_rate, secs, tone) }
}

/// Draws until nothing is sent to the device any more.
fn settle(harness: &mut Harness<'_, PictureApp>) {
    let (mut last, mut quiet) = (0, 0);
    for _ in 0..500 {
        harness.step();
        harness.render().expect("a picture");
        let uploads = harness.state().painter.upload_count();
        quiet = if uploads == last { quiet + 1 } else { 0 };
        last = uploads;
        if quiet == 4 {
            return;
        }
    }
    panic!("tiles are sent again and again");
}

/// The last ones have more tiles in a picture than the texture array has room for at first: it grows, and where it cannot grow rows
/// are grouped.
#[test]
fn channels_are_stacked_without_holes_and_without_sending_them_again() {
    let short = PictureSettings { frame_len: Some(128), hops: 8, ..PictureSettings::default() };
    let long = PictureSettings { frame_len: Some(4_096), zero_padding: 4, hops: 8, ..PictureSettings::default() };
    for (channels, sample_rate, picture, width_px) in [
        (2, 8_000, PictureSettings::default(), WIDTH as u32),
        (8, 8_000, PictureSettings::default(), WIDTH as u32),
        (16, 8_000, long, WIDTH as u32),
        (16, 8_000, short, 1_600),
    ] {
        let planes = (0..channels).map(Channel::One).collect();
        let settings = TileSettings { picture, channels: planes, threads: 2, ..TileSettings::default() };
        let view = TimeView { start_secs: 0.0, end_secs: 5.0, width_px };
        let source = chord(channels, sample_rate);
        let mut harness = harness_of(Watched::with(source, &settings), view, FrequencyScale::Linear);
        settle(&mut harness);
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

/// Two planes of 4096 rows and some fifty tiles each would take more than 96 MB: rows are grouped, and the tones are still where they are.
#[test]
fn more_than_fits_into_the_texture_is_drawn_with_fewer_rows() {
    let picture = PictureSettings { frame_len: Some(4_096), zero_padding: 4, hops: 8, ..PictureSettings::default() };
    let channels = vec![Channel::One(0), Channel::Mix];
    let settings = TileSettings { picture, channels, threads: 2, ..TileSettings::default() };
    let tone = |n: u64| (0.1 * (std::f64::consts::TAU * 1000.0 * n as f64 / 8_000.0).sin()) as f32;
    let source = Synthetic::new(8_000, 820.0, tone);
    let view = TimeView { start_secs: 0.0, end_secs: 820.0, width_px: 6_400 };
    let mut harness = harness_of(Watched::with(source, &settings), view, FrequencyScale::Linear);
    assert_eq!(harness.state().watched.engine.tiles_for_view(&view, 0).slots.count, 51);
    assert_eq!(harness.state().watched.engine.layout().rows(0), 4_096);
    settle(&mut harness);
    let pixels = rendered(&mut harness);
    assert!(pixels.0.iter().all(|&pixel| pixel != HOLE));
    for x in (3..WIDTH - 3).step_by(19) {
        for (top, bottom) in [(0, 100), (100, 200)] {
            let ridge = (top..bottom).max_by_key(|&y| pixels.at(x, y)[0]).expect("lines");
            assert!(ridge.abs_diff(bottom - 25) <= 1, "line {ridge} at {x}");
            assert!(pixels.at(x, ridge)[0] > 180);
        }
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
