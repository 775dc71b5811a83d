//! Pictures' numbers against SciPy and librosa. `tests/data/spectrogram/make-settings-reference.py` says how theirs were made.
#![allow(clippy::print_stdout, reason = "measured errors are worth seeing")]

use std::f64::consts::TAU;

use earmark::dsp::decibel::db_from_power;
use earmark::dsp::pcen::{Pcen, PcenSpec};
use earmark::dsp::reassign::Reassigner;
use earmark::dsp::stft::{Stft, StftSpec};
use earmark::dsp::{FrameWindow, mel_from_hz};
use earmark::spectrogram::FrequencyScale;

use super::source::noise;

fn numbers(name: &str) -> Vec<f32> {
    let path = format!("{}/tests/data/spectrogram/{name}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(path).expect("reference numbers");
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

/// The generator's noise in double precision, for sums that are rounded once.
fn noise64(n: u64) -> f64 {
    f64::from(noise(n))
}

fn frame(samples: &[f32], first: i64, len: usize) -> Vec<f32> {
    let at = |place: i64| if place < 0 { 0.0 } else { samples.get(place as usize).copied().unwrap_or(0.0) };
    (0..len as i64).map(|k| at(first + k)).collect()
}

/// Levels within 1e-4 dB of SciPy's, the softest at −75 dB. (Where bins of a frame differ by more than 60 dB, the single precision of our
/// transform shows in the soft ones: `the_stft_is_scipys`.)
#[test]
fn the_stft_is_scipys_for_each_window_overlap_and_padding() {
    let reference = numbers("scipy-settings.f32");
    let samples: Vec<f32> =
        (0..4000_u64).map(|n| (0.3 * noise64(n) + 0.05 * (TAU * 1234.5 * n as f64 / 8000.0).sin()) as f32).collect();
    let windows = [FrameWindow::HannPeriodic, FrameWindow::Hamming, FrameWindow::BlackmanHarris, FrameWindow::Kaiser];
    let (mut place, mut worst) = (0, 0.0_f32);
    for window in windows {
        for (hops, padding) in [(2, 1), (4, 2), (8, 4)] {
            let spec = StftSpec::new(256, hops, padding, window);
            let mut stft = Stft::new(spec);
            for column in [0, 5, 23] {
                let mut power = vec![0.0; spec.rows()];
                stft.accumulate_max(&frame(&samples, spec.first_sample(column), 256), &mut power);
                let expected = &reference[place..place + spec.rows()];
                place += spec.rows();
                for (&power, &expected) in power.iter().zip(expected) {
                    worst = worst.max((db_from_power(power) - expected).abs());
                }
            }
        }
    }
    println!("levels: {worst:.1e} dB");
    assert_eq!(place, reference.len());
    assert!(worst < 1e-4, "{worst} dB");
}

/// Times within 0.01 samples and frequencies within 0.001 bins of librosa's, wherever a bin is within 60 dB of the frame's loudest. librosa
/// counts time from between the two middle samples of a frame and calls that its middle; a click shows that half a sample must come off.
#[test]
fn energy_is_moved_to_where_librosa_says() {
    let reference = numbers("librosa-reassigned.f32");
    let chirp = |n: u64| {
        let secs = n as f64 / 8000.0;
        (0.5 * (TAU * (500.0 * secs + 0.5 * 4000.0 * secs * secs)).sin()) as f32
    };
    let clicks = |n: u64| match n {
        1000 => 1.0,
        1100 => 0.5,
        _ => 0.0,
    };
    let signals: [(&dyn Fn(u64) -> f32, u64); 4] = [(&chirp, 512), (&chirp, 2048), (&clicks, 960), (&clicks, 832)];
    let spec = StftSpec::of_size(256);
    let mut reassigner = Reassigner::new(spec);
    let (mut worst_time, mut worst_hz, mut compared) = (0.0_f32, 0.0_f32, 0);
    for ((signal, first), expected) in signals.into_iter().zip(reference.chunks_exact(3 * 128)) {
        let frame: Vec<f32> = (first..first + 256).map(signal).collect();
        reassigner.transform(&frame);
        let loudest = expected.iter().step_by(3).copied().fold(0.0, f32::max);
        for (bin, expected) in expected.chunks_exact(3).enumerate() {
            let [magnitude, later, hz] = [expected[0], expected[1], expected[2]];
            let ours = reassigner.displacement(bin);
            // The sum of the window's weights is 128.
            let own = ours.power.sqrt() * 64.0;
            assert!((own - magnitude).abs() < 1e-5 * loudest, "bin {bin}: {own} for {magnitude}");
            if magnitude > 1e-3 * loudest {
                worst_time = worst_time.max((ours.later_samples - (later - 0.5)).abs());
                worst_hz = worst_hz.max((bin as f32 + ours.higher_bins - hz / 31.25).abs());
                compared += 1;
            }
        }
    }
    println!("reassigned: {worst_time:.1e} samples, {worst_hz:.1e} bins in {compared} bins");
    assert!(worst_time < 0.01 && worst_hz < 0.001, "{worst_time} samples, {worst_hz} bins");
    assert!(compared > 200, "only {compared} bins were compared");
    // The first click alone, at sample 40 of 256.
    let frame: Vec<f32> = (960..1216).map(|n| if n == 1000 { 1.0 } else { 0.0 }).collect();
    reassigner.transform(&frame);
    assert!((1..128).all(|bin| (reassigner.displacement(bin).later_samples + 88.0).abs() < 0.01));
}

/// Within 1e-4 of librosa's values, which are 0.003 to 7, although ours forget what was more than 12 time constants ago.
#[test]
fn pcen_is_librosas() {
    let reference = numbers("librosa-pcen.f32");
    let samples: Vec<f32> = (0..16 * 8000_u64)
        .map(|n| {
            let tone = if n / 6000 % 4 == 1 { 0.2 * (TAU * 1000.0 * n as f64 / 8000.0).sin() } else { 0.0 };
            (0.01 * noise64(n) + tone) as f32
        })
        .collect();
    let spec = StftSpec::of_size(256);
    let (mut stft, mut pcen) = (Stft::new(spec), Pcen::new(PcenSpec::LIBROSA, 8_000, &spec));
    let wanted = [0, 1, 10, 100, 449, 450, 700, 1000, 1350, 1999];
    let (mut row, mut worst) = (0, 0.0_f32);
    for column in 0..2000 {
        let mut power = vec![0.0; spec.rows()];
        stft.accumulate_max(&frame(&samples, spec.first_sample(column), 256), &mut power);
        pcen.push(column, &power);
        if wanted.contains(&column) {
            for (&ours, &expected) in pcen.values().iter().zip(&reference[128 * row..]) {
                worst = worst.max((ours - expected).abs());
            }
            row += 1;
        }
    }
    println!("PCEN: {worst:.1e}");
    assert_eq!(row, wanted.len());
    assert!(worst < 1e-4, "{worst}");
}

/// `librosa.hz_to_mel(hz, htk=True)` and `6 * numpy.arcsinh(hz / 600)` (Wang, Sekey and Gersho 1992).
#[test]
fn mel_and_bark_are_those_of_the_formulas() {
    for (hz, mel, bark) in [
        (125.0, 185.168_582_650_059_16, 1.241_129_928_965_249_5),
        (1000.0, 999.985_537_139_624_4, 7.702_773_976_459_156),
        (8000.0, 2_840.023_046_708_319, 19.708_905_833_596_873),
    ] {
        // HTK's own 1127 is 2595 / ln 10 to six digits.
        assert!((mel_from_hz(hz) / mel - 1.0).abs() < 1e-5, "{hz} Hz");
        // An axis may be in any multiple of the unit.
        let on_axis = |scale: FrequencyScale| scale.warp(hz) / scale.warp(1000.0);
        assert!((on_axis(FrequencyScale::Mel) - mel / 999.985_537_139_624_4).abs() < 1e-9, "{hz} Hz");
        assert!((on_axis(FrequencyScale::Bark) - bark / 7.702_773_976_459_156).abs() < 1e-9, "{hz} Hz");
    }
}
