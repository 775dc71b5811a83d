//! The engine: requests, cancelling, broken recordings, memory, read-outs.

use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use earmark::spectrogram::TimeView;
use earmark::time::Span;

use super::source::{Gate, Synthetic, Watched};

fn view(start_secs: f64, end_secs: f64) -> TimeView {
    TimeView { start_secs, end_secs, width_px: 800 }
}

#[test]
fn what_is_no_longer_looked_at_is_not_computed() {
    let gate = Arc::new(Gate::default());
    let source = Synthetic { gate: Some(Arc::clone(&gate)), ..Synthetic::noise(8_000, 3_600.0) };
    let reads = Arc::clone(&source.reads);
    let mut watched = Watched::new(source, 1);
    watched.engine.set_view(view(1_000.0, 1_010.0));
    // Both threads stand at the gate: the pass at the beginning, the other at the first tile.
    while gate.waiting.load(Ordering::SeqCst) < 2 {
        std::thread::yield_now();
    }
    watched.engine.set_view(view(2_000.0, 2_010.0));
    gate.open();
    watched.wait_for(&view(2_000.0, 2_010.0));
    let reads = reads.lock().expect("reads");
    let of_tiles = |secs: std::ops::Range<u64>| {
        let is_inside = |first: &u64| (secs.start * 8_000..secs.end * 8_000).contains(first);
        reads.iter().filter(|(first, thread)| thread.starts_with("tiles-") && is_inside(first)).count()
    };
    assert_eq!(of_tiles(900..1_100), 1, "only the read that was under way");
    assert!(of_tiles(1_900..2_100) > 20);
}

#[test]
fn tiles_nearest_to_the_centre_come_first() {
    let gate = Arc::new(Gate::default());
    let source = Synthetic { gate: Some(Arc::clone(&gate)), ..Synthetic::noise(8_000, 600.0) };
    let reads = Arc::clone(&source.reads);
    let mut watched = Watched::new(source, 1);
    watched.engine.set_view(view(290.0, 310.0));
    gate.open();
    watched.wait_for(&view(290.0, 310.0));
    let reads = reads.lock().expect("reads");
    let (first, _) = reads.iter().find(|(_, thread)| thread == "tiles-0").expect("a read");
    // The tile (4.096 s at level 1) that holds the centre.
    let distance_secs = 300.0 - *first as f64 / 8_000.0;
    assert!((0.0..4.2).contains(&distance_secs), "first read {distance_secs} s before the centre");
}

#[test]
fn dropping_the_engine_ends_its_threads() {
    let (sender, dropped) = mpsc::channel();
    let source = Synthetic { dropped: Some(sender), ..Synthetic::noise(8_000, 86_400.0) };
    let reads = Arc::clone(&source.reads);
    let mut watched = Watched::new(source, 2);
    watched.engine.set_view(view(40_000.0, 70_000.0));
    watched.engine.set_view(view(40_000.0, 40_100.0));
    let has_read = |name: &str| reads.lock().expect("reads").iter().any(|(_, thread)| thread == name);
    while !(has_read("overview") && has_read("tiles-0") && has_read("tiles-1")) {
        std::thread::yield_now();
    }
    drop(watched);
    for _ in 0..3 {
        dropped.recv_timeout(Duration::from_secs(30)).expect("a thread still holds its source");
    }
}

#[test]
fn a_recording_that_cannot_be_opened_is_told_once() {
    let mut watched = Watched::new(Synthetic { is_missing: true, ..Synthetic::noise(8_000, 60.0) }, 2);
    watched.wait_for_the_whole();
    watched.wait_for(&view(0.0, 10.0));
    assert_eq!(watched.engine.take_notices(), ["formula: is missing"]);
    assert!(watched.engine.take_notices().is_empty());
    assert_eq!(watched.engine.progress(), 1.0);
    assert_eq!(watched.engine.known_duration_secs(), Some(60.0), "a file that went away keeps its length");
}

#[test]
fn what_can_be_decoded_of_a_broken_recording_is_shown() {
    let source = Synthetic { broken_from: Some(80_000), ..Synthetic::noise(8_000, 60.0) };
    let mut watched = Watched::new(source, 1);
    watched.wait_for_the_whole();
    assert_eq!(watched.engine.take_notices(), ["formula: is broken"]);
    let known = watched.engine.known_duration_secs().expect("the pass is over");
    assert!((9.5..=10.0).contains(&known), "{known} s");
    assert!(watched.engine.level_db_at(9.0, 1_000.0, 0).expect("known") > -80.0);
    assert_eq!(watched.engine.level_db_at(11.0, 1_000.0, 0), None);
}

#[test]
fn the_true_length_replaces_the_claimed_one() {
    for claimed in [0, 8_000 * 50, u64::MAX / 4] {
        let source = Synthetic { claimed_frames: Some(claimed), ..Synthetic::noise(8_000, 20.5) };
        let mut watched = Watched::new(source, 1);
        watched.wait_for(&view(0.0, 30.0));
        watched.wait_for_the_whole();
        assert_eq!(watched.engine.known_duration_secs(), Some(20.5));
        watched.wait_for(&view(0.0, 30.0));
        let tiles = watched.engine.tiles_for_view(&view(0.0, 30.0), 0);
        let columns: usize = tiles.candidates.iter().filter_map(|c| c.first()).map(|tile| tile.columns()).sum();
        assert_eq!(columns as u64, watched.engine.layout().columns(tiles.slots.level, 164_000));
    }
}

#[test]
fn a_coarser_tile_stands_in_until_the_right_one_is_there() {
    let mut watched = Watched::new(Synthetic::noise(8_000, 300.0), 1);
    watched.wait_for_the_whole();
    let tiles = watched.engine.tiles_for_view(&view(100.0, 110.0), 0);
    assert!(tiles.slots.count > 2);
    for candidates in &tiles.candidates {
        let first = candidates.first().expect("no hole");
        assert_eq!(first.key.level, watched.engine.layout().base_level);
    }
}

#[test]
fn memory_stays_within_its_bound() {
    let mut watched = Watched::new(Synthetic::noise(8_000, 3_600.0), 2);
    watched.wait_for_the_whole();
    for start in 0..30 {
        watched.wait_for(&view(f64::from(start) * 100.0, f64::from(start) * 100.0 + 20.0));
    }
    let bytes = watched.engine.byte_count();
    let bound = (24 << 20) + 11_000_000;
    assert!(bytes < bound, "{bytes} bytes");
    // What does not go away: at most 11 MB an hour, at 8 kHz far less.
    watched.engine.set_view(view(0.0, 3_600.0));
    assert!(watched.engine.is_view_complete(), "the whole needs no further pass");
}

#[test]
fn levels_and_peaks_are_read_out() {
    // A sine of −20 dB in the middle of bin 64 (2 kHz), from second 10 on.
    let sine = |n: u64| {
        let phase = std::f64::consts::TAU * 2000.0 * n as f64 / 8000.0;
        if n < 80_000 { 0.0 } else { (0.1 * (phase + 0.4).sin()) as f32 }
    };
    let mut watched = Watched::new(Synthetic::new(8_000, 20.0, sine), 1);
    watched.wait_for_the_whole();
    let engine = &watched.engine;
    assert!((engine.level_db_at(15.0, 2_000.0, 0).expect("known") + 20.0).abs() < 0.3);
    assert_eq!(engine.level_db_at(5.0, 2_000.0, 0), Some(-120.0));
    assert_eq!(engine.level_db_at(15.0, 4_100.0, 0), None);
    assert_eq!(engine.level_db_at(-1.0, 2_000.0, 0), None);
    let peaks = engine.peaks(Span::between(0.0, 20.0), 200, 0);
    assert_eq!(peaks.len(), 200);
    let loud = peaks[150].expect("known");
    assert!((loud.rms - 0.1 / 2_f32.sqrt()).abs() < 1e-3 && loud.max > 0.09 && loud.min < -0.09);
    assert_eq!(peaks[50].expect("known").max, 0.0);
}

#[test]
fn a_deep_zoom_shows_single_samples() {
    let ramp = |n: u64| (n % 1000) as f32 / 1000.0;
    let mut watched = Watched::new(Synthetic::new(8_000, 20.0, ramp), 1);
    let deep = TimeView { start_secs: 10.0, end_secs: 10.05, width_px: 400 };
    watched.wait_for(&deep);
    let peaks = watched.engine.peaks(Span::between(10.0, 10.05), 400, 0);
    for (n, peak) in peaks.into_iter().enumerate() {
        let peak = peak.expect("known");
        assert_eq!((peak.min, peak.max), (n as f32 / 1000.0, n as f32 / 1000.0));
    }
}

#[test]
fn a_deep_zoom_shows_single_samples_wherever_it_is_moved() {
    let ramp = |n: u64| (n % 1000) as f32 / 1000.0;
    let mut watched = Watched::new(Synthetic::new(8_000, 20.0, ramp), 1);
    // 600 samples, so that some of these places lie across the border of the stretches that are read.
    for first in (80_000..83_000).step_by(100) {
        let start_secs = f64::from(first) / 8_000.0;
        let deep = TimeView { start_secs, end_secs: start_secs + 0.075, width_px: 600 };
        watched.wait_for(&deep);
        let peaks = watched.engine.peaks(Span::between(deep.start_secs, deep.end_secs), 600, 0);
        let shown: Vec<f32> = peaks.into_iter().map(|peak| peak.expect("known").max).collect();
        let expected: Vec<f32> = (first..first + 600).map(|n| ramp(n as u64)).collect();
        assert_eq!(shown, expected, "from sample {first}");
    }
}
