//! Integration tests: the picture of a recording, from samples to pixels.

// The helpers of tests may fail a test.

mod engine;
mod kept;
mod kinds;
mod looks;
mod model_input;
mod picture;
mod reference;
mod source;

use earmark::dsp::decibel::{byte_from_power, db_from_power};
use earmark::dsp::stft::{Stft, StftSpec};
use earmark::spectrogram::TimeView;

use source::{Synthetic, Watched};

/// Powers of all STFT columns of a signal, by one straight loop.
fn straight_powers(samples: &[f32], spec: StftSpec) -> Vec<Vec<f32>> {
    let mut stft = Stft::new(spec);
    let column = |n: u64| {
        let first = spec.first_sample(n);
        let at = |place: i64| if place < 0 { 0.0 } else { samples.get(place as usize).copied().unwrap_or(0.0) };
        let frame: Vec<f32> = (0..spec.frame_len as i64).map(|k| at(first + k)).collect();
        let mut power = vec![0.0; spec.rows()];
        stft.accumulate_max(&frame, &mut power);
        power
    };
    (0..spec.columns(samples.len() as u64)).map(column).collect()
}

/// A view of the whole that is shown at `level`.
fn whole_at_level(watched: &Watched, level: u8, secs: f64) -> TimeView {
    let columns = secs / watched.engine.layout().column_secs(level);
    TimeView { start_secs: 0.0, end_secs: secs, width_px: (columns / 1.5).ceil().max(1.0) as u32 }
}

/// All columns that the engine draws for the view, one after the other; panics on a hole or a stand-in.
fn drawn_columns(watched: &Watched, view: &TimeView, level: u8) -> Vec<Vec<u8>> {
    plane_columns(watched, view, level, 0)
}

/// The same of one of several planes.
fn plane_columns(watched: &Watched, view: &TimeView, level: u8, plane: usize) -> Vec<Vec<u8>> {
    let tiles = watched.engine.tiles_for_view(view, plane);
    assert_eq!(tiles.slots.level, level);
    let exact = tiles.candidates.iter().map(|candidates| candidates.first().expect("no hole"));
    exact
        .inspect(|tile| assert_eq!(tile.key.level, level))
        .flat_map(|tile| (0..tile.columns()).map(|n| tile.column(n).to_vec()).collect::<Vec<_>>())
        .collect()
}

#[test]
fn the_stft_is_scipys() {
    let bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/spectrogram/scipy-stft-8khz.f32"));
    let bytes = bytes.expect("golden file");
    let numbers: Vec<f32> = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    let (samples, levels) = numbers.split_at(4000);
    let spec = StftSpec::for_sample_rate(8_000);
    let powers = straight_powers(samples, spec);
    assert_eq!((powers.len(), powers[0].len()), (63, 128));
    let mut compared = 0;
    for (ours, reference) in powers.concat().into_iter().zip(levels) {
        let difference = (db_from_power(ours) - reference).abs();
        // Single precision ends some 150 dB below the loudest bin of a frame: softer bins may differ by more.
        if *reference > -75.0 {
            assert!(difference < 1e-3, "{} dB for {reference}", db_from_power(ours));
            compared += 1;
        } else if *reference > -110.0 {
            assert!(difference < 0.1, "{} dB for {reference}", db_from_power(ours));
        }
    }
    assert!(compared > 7_500, "only {compared} levels were compared");
}

#[test]
fn every_level_is_the_maximum_of_one_straight_stft() {
    let noise = Synthetic::noise(8_000, 21.3);
    let samples: Vec<f32> = (0..noise.frame_count).map(|n| (noise.sample)(n)).collect();
    let mut watched = Watched::new(noise, 2);
    let layout = *watched.engine.layout();
    assert_eq!((layout.stft.fft_size, layout.base_level), (256, 6));
    let powers = straight_powers(&samples, layout.stft);
    watched.wait_for_the_whole();
    for level in 0..layout.base_level + 3 {
        let view = whole_at_level(&watched, level, 21.3);
        watched.wait_for(&view);
        let columns = drawn_columns(&watched, &view, level);
        let greatest = |group: &[Vec<f32>]| -> Vec<u8> {
            let of_row = |row: usize| group.iter().map(|power| power[row]).fold(0.0, f32::max);
            (0..128).map(|row| byte_from_power(of_row(row))).collect()
        };
        let expected: Vec<Vec<u8>> = powers.chunks(1 << level).map(greatest).collect();
        assert_eq!(columns.len(), expected.len(), "level {level}");
        assert!(columns == expected, "level {level} differs");
    }
}

#[test]
fn rows_are_halved_by_maximum_at_the_base_level() {
    let mut watched = Watched::new(Synthetic::noise(48_000, 6.0), 1);
    let layout = *watched.engine.layout();
    assert_eq!((layout.rows(layout.base_level - 1), layout.rows(layout.base_level)), (1024, 512));
    watched.wait_for_the_whole();
    let level = layout.base_level;
    let fine_view = whole_at_level(&watched, level - 1, 6.0);
    watched.wait_for(&fine_view);
    let fine = drawn_columns(&watched, &fine_view, level - 1);
    let coarse = drawn_columns(&watched, &whole_at_level(&watched, level, 6.0), level);
    let expected: Vec<Vec<u8>> = fine
        .chunks(2)
        .map(|pair| {
            (0..512).map(|row| pair.iter().map(|c| c[2 * row].max(c[2 * row + 1])).max().unwrap_or(0)).collect()
        })
        .collect();
    assert!(coarse == expected);
}

#[test]
fn a_short_tone_is_visible_at_every_level() {
    // 100 ms of 1 kHz (the middle of bin 32) at −40 dB, in two minutes of softer noise.
    let tone = |n: u64| {
        let phase = std::f64::consts::TAU * 1000.0 * n as f64 / 8000.0;
        let is_on = (500_123..500_923).contains(&n);
        (if is_on { 0.01 * phase.sin() } else { 0.0 }) as f32 + 1e-4 * source::noise(n)
    };
    let mut watched = Watched::new(Synthetic::new(8_000, 120.0, tone), 2);
    let layout = *watched.engine.layout();
    watched.wait_for_the_whole();
    for level in 0..layout.base_level + 6 {
        let view = whole_at_level(&watched, level, 120.0);
        watched.wait_for(&view);
        let columns = drawn_columns(&watched, &view, level);
        let column = 500_500 / layout.column_samples(level);
        let db = earmark::dsp::decibel::db_from_byte(columns[column as usize][32]);
        assert!((-41.0..-39.0).contains(&db), "level {level}: {db} dB");
    }
}
