//! Speed, pitch, heterodyne, band: what comes out is measured, and the playhead is held against it.

use std::f64::consts::TAU;
use std::time::Duration;

use super::{Desk, LATENCY, wave};
use earmark::playback::{ListeningMode, PlaybackEvent, Tuning};
use earmark::time::Span;
use proptest::prelude::*;

const OUT_RATE: u32 = 48_000;

/// A recording that is a sum of tones, each of an amplitude and a frequency in hertz.
fn tones(rate: u32, secs: f64, tones: &[(f64, f64)]) -> Vec<u8> {
    let value = |frame: f64| -> f64 {
        tones.iter().map(|(amplitude, hz)| amplitude * (TAU * hz * frame / f64::from(rate)).sin()).sum()
    };
    let frames = (secs * f64::from(rate)) as u32;
    wave(rate, (0..frames).map(|frame| (value(f64::from(frame)) * 32_767.0).round() as i16))
}

/// The amplitude of a tone in what was heard, in dB of full scale (Hann window: neighbours ten cycles away do not count).
fn level_db(samples: &[f32], rate: u32, hz: f64) -> f64 {
    let count = samples.len() as f64;
    let (mut re, mut im) = (0.0, 0.0);
    for (n, &sample) in samples.iter().enumerate() {
        let weight = (1.0 - (TAU * (n as f64 + 0.5) / count).cos()) * f64::from(sample);
        let phase = TAU * hz * n as f64 / f64::from(rate);
        re += weight * phase.cos();
        im += weight * phase.sin();
    }
    20.0 * (2.0 * re.hypot(im) / count).max(1e-9).log10()
}

/// The loudest frequency in hertz among all from 50 to 2,000 Hz, in steps of 2 Hz.
fn loudest_hz(samples: &[f32], rate: u32) -> f64 {
    let candidates = (0..975).map(|n| 50.0 + 2.0 * f64::from(n));
    candidates.max_by(|&a, &b| level_db(samples, rate, a).total_cmp(&level_db(samples, rate, b))).unwrap()
}

fn tuning(speed: f64, mode: ListeningMode) -> Tuning {
    Tuning { speed, mode, ..Tuning::default() }
}

/// What is heard of a recording from its second `from` on, after the first tenth of a second.
fn heard(recording: &[u8], tuning: Tuning, from: f64, frames: usize) -> Vec<f32> {
    let mut desk = Desk::playing(recording, OUT_RATE, 1);
    desk.player.set_tuning(tuning);
    desk.player.play(from);
    desk.sound(OUT_RATE as usize / 10);
    desk.sound(frames)
}

#[test]
fn ultrasound_expanded_to_a_tenth_of_the_speed_is_a_tenth_of_the_pitch() {
    let recording = tones(192_000, 1.0, &[(0.5, 20_000.0), (0.25, 70_000.0)]);
    let heard = heard(&recording, tuning(0.1, ListeningMode::Expanded), 0.1, 24_000);
    assert!((level_db(&heard, OUT_RATE, 2_000.0) + 6.02).abs() < 0.05);
    assert!((level_db(&heard, OUT_RATE, 7_000.0) + 12.04).abs() < 0.05);
    for hz in [1_000.0, 4_000.0, 20_000.0] {
        assert!(level_db(&heard, OUT_RATE, hz) < -70.0, "{hz} Hz");
    }
}

#[test]
fn faster_and_expanded_moves_the_pitch_up_and_folds_nothing_over() {
    // At four times the speed 10 kHz would be 40 kHz, which would fold over to 8 kHz.
    let recording = tones(48_000, 4.0, &[(0.3, 1_000.0), (0.3, 10_000.0)]);
    let heard = heard(&recording, tuning(4.0, ListeningMode::Expanded), 0.1, 24_000);
    assert!((level_db(&heard, OUT_RATE, 4_000.0) + 10.46).abs() < 0.05);
    assert!(level_db(&heard, OUT_RATE, 8_000.0) < -70.0);
}

#[test]
fn slower_and_faster_with_the_pitch_kept() {
    let recording = tones(44_100, 4.0, &[(0.5, 880.0)]);
    for speed in [0.1, 0.5, 2.0] {
        let heard = heard(&recording, tuning(speed, ListeningMode::PitchKept), 0.5, 9_600);
        let hz = loudest_hz(&heard, OUT_RATE);
        assert!((hz / 880.0 - 1.0).abs() < 0.005, "{speed}: {hz}");
        assert!((level_db(&heard, OUT_RATE, 880.0) + 6.02).abs() < 0.5, "{speed}");
    }
}

#[test]
fn a_span_lasts_as_long_as_its_speed_says() {
    let recording = tones(44_100, 3.0, &[(0.5, 880.0)]);
    for mode in [ListeningMode::PitchKept, ListeningMode::Expanded] {
        for speed in [0.25, 0.5, 2.0] {
            let mut desk = Desk::playing(&recording, OUT_RATE, 1);
            desk.player.set_tuning(tuning(speed, mode));
            desk.player.play_span(Span::between(1.0, 1.4), false);
            let wanted = (0.4 / speed * f64::from(OUT_RATE)).round() as usize;
            desk.sound(wanted - 2);
            let mut rest = 0;
            while desk.player.is_playing() {
                rest += desk.callback(64).1;
                if desk.player.take_events() == [PlaybackEvent::Ended] {
                    break;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            assert!(rest <= 4, "{mode:?} {speed}: {rest} frames too many");
        }
    }
}

#[test]
fn a_heterodyne_makes_the_difference_audible_and_nothing_else() {
    let recording = tones(192_000, 1.0, &[(0.25, 41_000.0), (0.5, 60_000.0), (0.2, 1_500.0)]);
    let tuned = Tuning { heterodyne_hz: 40_000.0, ..tuning(1.0, ListeningMode::Heterodyne) };
    let heard = heard(&recording, tuned, 0.1, 24_000);
    assert!((level_db(&heard, OUT_RATE, 1_000.0) + 12.04).abs() < 0.1);
    // 60 kHz would be 20 kHz, the sum 81 kHz would fold over to 15 kHz, 1.5 kHz would come through as it is.
    for hz in [20_000.0, 15_000.0, 1_500.0, 9_500.0, 2_000.0] {
        assert!(level_db(&heard, OUT_RATE, hz) < -70.0, "{hz} Hz: {}", level_db(&heard, OUT_RATE, hz));
    }
}

#[test]
fn a_heterodyne_tuned_beyond_the_recording_hears_its_highest_band() {
    // 22.05 kHz less 5 kHz is the highest it can be tuned to.
    let recording = tones(44_100, 1.0, &[(0.25, 16_050.0), (0.25, 20_050.0), (0.25, 9_000.0)]);
    let tuned = Tuning { heterodyne_hz: 40_000.0, ..tuning(1.0, ListeningMode::Heterodyne) };
    let heard = heard(&recording, tuned, 0.1, 24_000);
    for hz in [1_000.0, 3_000.0] {
        assert!((level_db(&heard, OUT_RATE, hz) + 12.04).abs() < 0.1, "{hz} Hz: {}", level_db(&heard, OUT_RATE, hz));
    }
    for hz in [9_000.0, 8_050.0, 7_000.0, 11_000.0] {
        assert!(level_db(&heard, OUT_RATE, hz) < -70.0, "{hz} Hz: {}", level_db(&heard, OUT_RATE, hz));
    }
}

#[test]
fn a_band_alone_is_heard() {
    let recording = tones(48_000, 2.0, &[(0.2, 1_000.0), (0.2, 5_000.0), (0.2, 9_000.0)]);
    let banded = Tuning { band_hz: Some((4_000.0, 6_000.0)), ..Tuning::default() };
    let heard = heard(&recording, banded, 0.3, 24_000);
    assert!((level_db(&heard, OUT_RATE, 5_000.0) + 13.98).abs() < 0.05);
    for hz in [1_000.0, 9_000.0] {
        assert!(level_db(&heard, OUT_RATE, hz) < -80.0, "{hz} Hz");
    }
}

#[test]
fn a_band_delays_nothing() {
    // A burst of 5 kHz that is loudest at second 0.5.
    let value = |n: f64| (-((n - 24_000.0) / 480.0).powi(2)).exp() * (TAU * 5_000.0 * n / 48_000.0).cos();
    let recording = wave(48_000, (0..48_000).map(|n| (20_000.0 * value(f64::from(n))) as i16));
    let mut desk = Desk::playing(&recording, OUT_RATE, 1);
    desk.player.set_tuning(Tuning { band_hz: Some((4_000.0, 6_000.0)), ..Tuning::default() });
    desk.player.play(0.25);
    let heard = desk.sound(24_000);
    let energy: Vec<f64> = heard.iter().map(|&sample| f64::from(sample).powi(2)).collect();
    let centre = energy.iter().enumerate().map(|(n, e)| n as f64 * e).sum::<f64>() / energy.iter().sum::<f64>();
    assert!((centre - 12_000.0).abs() < 1.0, "{centre}");
}

#[test]
fn a_recording_at_384_khz_plays() {
    let recording = tones(384_000, 1.0, &[(0.25, 3_000.0), (0.25, 50_000.0)]);
    let heard = heard(&recording, Tuning::default(), 0.1, 12_000);
    assert!((level_db(&heard, OUT_RATE, 3_000.0) + 12.04).abs() < 0.05);
    // 50 kHz would fold over to 2 kHz.
    assert!(level_db(&heard, OUT_RATE, 2_000.0) < -70.0);
}

/// A loop of whole periods must sound as if there were no seam, at another rate and through every stage.
#[test]
fn a_seam_is_a_place_like_any_other() {
    let recording = tones(44_100, 2.0, &[(0.5, 441.0)]);
    let band_hz = Some((300.0, 2_000.0));
    for tuning in [Tuning::default(), tuning(0.5, ListeningMode::Expanded), Tuning { band_hz, ..Tuning::default() }] {
        let mut desk = Desk::playing(&recording, OUT_RATE, 1);
        desk.player.set_tuning(tuning);
        // 44 periods of 100 frames.
        desk.player.play_span(Span::between(0.5, 0.5 + 4_400.0 / 44_100.0), true);
        let heard = desk.sound(OUT_RATE as usize);
        let hz = if tuning.mode == ListeningMode::Expanded { 220.5 } else { 441.0 };
        let middle = &heard[4_800..];
        let phase = TAU * hz / f64::from(OUT_RATE);
        // A sine follows x[n+1] = 2 cos(φ) x[n] − x[n−1]; the noise of 16 bits is some 1e-5 of it.
        let worst = middle
            .windows(3)
            .map(|x| (f64::from(x[2]) - 2.0 * phase.cos() * f64::from(x[1]) + f64::from(x[0])).abs())
            .fold(0.0, f64::max);
        assert!(worst < 2e-4, "{tuning:?}: {worst}");
    }
}

/// A tone whose amplitude tells the time: it rises evenly from 0 to 0.8 over two seconds. Its 2 kHz, however slow or fast, have whole
/// periods in 50 ms.
fn time_code() -> Vec<u8> {
    let value = |n: f64| 0.8 * n / 96_000.0 * (TAU * 2_000.0 * n / 48_000.0).sin();
    wave(48_000, (0..96_000).map(|n| (32_767.0 * value(f64::from(n))).round() as i16))
}

/// The second that the amplitude in a stretch of the time code tells: that of its middle.
fn told_secs(samples: &[f32]) -> f64 {
    let power: f64 = samples.iter().map(|&sample| f64::from(sample).powi(2)).sum::<f64>() / samples.len() as f64;
    (2.0 * power).sqrt() / 0.8 * 2.0
}

fn any_tuning() -> impl Strategy<Value = Tuning> {
    let speed = prop::sample::select(vec![0.05, 0.1, 0.25, 0.5, 0.9, 1.0, 1.0, 1.3, 2.0, 4.0]);
    let mode = prop::sample::select(ListeningMode::ALL.to_vec());
    let band_hz = prop::option::of(Just((1_500.0, 2_500.0)));
    (speed, mode, band_hz).prop_map(|(speed, mode, band_hz)| Tuning { speed, mode, heterodyne_hz: 2_500.0, band_hz })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_playhead_is_right_at_every_tuning_and_never_jumps(
        tunings in prop::collection::vec(any_tuning(), 1..5),
        is_looped in any::<bool>(),
    ) {
        let rate = 24_000;
        let mut desk = Desk::playing(&time_code(), rate, 1);
        desk.player.set_tuning(tunings[0]);
        let span = Span::between(0.4, 1.9);
        desk.player.play_span(span, is_looped);
        desk.sound(1);
        let window = 1_200;
        let window_secs = window as f64 / f64::from(rate);
        let (mut checks, mut last, mut has_wrapped) = (0, 0.4, false);
        'all: for &tuning in &tunings {
            desk.player.set_tuning(tuning);
            for round in 0..11 {
                let block = desk.sound_or_end(window);
                if block.len() < window {
                    break 'all;
                }
                // Where the last frame given is heard.
                let heard_before = |secs: f64| {
                    desk.player.position_secs_at(desk.now() + LATENCY - Duration::from_secs_f64(secs))
                };
                let (end, begin) = (heard_before(0.0), heard_before(window_secs));
                let is_wrapped = end < last;
                prop_assert!(!is_wrapped || (is_looped && last > 1.9 - 4.0 * window_secs), "from {last} back to {end}");
                prop_assert!(end - last < 4.0 * window_secs + 0.002, "from {last} to {end}");
                last = end;
                has_wrapped |= is_wrapped;
                // Until the ring has run through the tuning before and the fade from it, the amplitude tells nothing.
                let is_settled = round > 4 && (end - begin - tuning.speed * window_secs).abs() < 1e-4;
                // A stretched sound may come from 15 ms to either side, around a seam from both its sides.
                let is_near_seam = (has_wrapped && begin < 0.43) || end > 1.87;
                if is_settled && !is_wrapped && !is_near_seam {
                    let told = told_secs(&block);
                    let wanted = 0.5 * (begin + end);
                    // The root mean square of a rising amplitude is a little over its middle.
                    let spread = (end - begin).powi(2) / 24.0 / wanted;
                    prop_assert!((told - spread - wanted).abs() < 0.02, "{tuning:?}: told {told}, playhead {wanted}");
                    checks += 1;
                }
            }
        }
        prop_assert!(checks > 0 || !is_looped);
    }
}

#[test]
fn another_tuning_makes_no_click() {
    let recording = tones(48_000, 30.0, &[(0.5, 600.0)]);
    let mut desk = Desk::playing(&recording, OUT_RATE, 1);
    desk.player.play(1.0);
    let mut heard = desk.sound(2_000);
    let band_hz = Some((400.0, 1_000.0));
    for tuning in [
        tuning(0.5, ListeningMode::PitchKept),
        tuning(0.5, ListeningMode::Expanded),
        tuning(0.3, ListeningMode::Expanded),
        Tuning { band_hz, ..tuning(0.3, ListeningMode::Expanded) },
        Tuning { band_hz, ..Tuning::default() },
        tuning(1.7, ListeningMode::Expanded),
        Tuning::default(),
    ] {
        desk.player.set_tuning(tuning);
        heard.extend(desk.sound(14_000));
    }
    // The steepest tone is 1,020 Hz: 0.5 · 2π · 1,020 / 48,000 a sample; fades add a little.
    let steepest = heard.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
    assert!(steepest < 1.15 * 0.0668, "{steepest}");
}
