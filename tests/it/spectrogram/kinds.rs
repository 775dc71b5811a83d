//! What holds of every kind of picture: level upon level the maximum of the one below, from tiles and from the pass over the whole alike;
//! planes apart from each other; short events visible from afar; memory in bounds.

use std::sync::Arc;

use earmark::dsp::FrameWindow;
use earmark::spectrogram::{Channel, PictureKind, PictureSettings, PyramidLayout, TimeView};
use earmark::work::{MOST_PLANES, TileSettings};
use proptest::prelude::*;

use super::source::{CHANNEL_DELAY, Synthetic, Watched, noise};
use super::{model_input, plane_columns, whole_at_level};

const SECS: f64 = 21.3;

/// Noise with loud tones between, so that PCEN and reassignment have something to do.
fn lively() -> Synthetic {
    Synthetic::new(8_000, SECS, |n| {
        let secs = n as f64 / 8_000.0;
        let is_on = (n / 4_000) % 3 == 1;
        let tone = if is_on { 0.3 * (std::f64::consts::TAU * (700.0 + 40.0 * secs) * secs).sin() } else { 0.0 };
        tone as f32 + 0.02 * noise(n)
    })
}

fn settings(picture: PictureSettings, channels: Vec<Channel>) -> TileSettings {
    TileSettings { picture, channels, threads: 2, ..TileSettings::default() }
}

fn kind(kind: PictureKind) -> PictureSettings {
    PictureSettings { kind, ..PictureSettings::default() }
}

/// The maximum of each `group` rows of each `columns` columns.
fn reduced(columns: &[Vec<u8>], count: usize, group: usize) -> Vec<Vec<u8>> {
    let of_rows = |column: &Vec<u8>| -> Vec<u8> {
        column.chunks(group).map(|rows| rows.iter().copied().max().unwrap_or(0)).collect()
    };
    let merged = |columns: &[Vec<u8>]| {
        columns.iter().map(of_rows).reduce(|a, b| a.into_iter().zip(b).map(|(a, b)| a.max(b)).collect())
    };
    columns.chunks(count).filter_map(merged).collect()
}

/// Checks every plane, level by level, and returns the columns of level 0.
fn check_levels(watched: &mut Watched, secs: f64) -> Vec<Vec<Vec<u8>>> {
    let layout: PyramidLayout = *watched.engine.layout();
    watched.wait_for_the_whole();
    let planes = watched.engine.plane_count();
    let mut below: Vec<Vec<Vec<u8>>> = Vec::new();
    let mut finest = Vec::new();
    for level in 0..layout.base_level + 3 {
        let view = whole_at_level(watched, level, secs);
        watched.wait_for(&view);
        let now: Vec<_> = (0..planes).map(|plane| plane_columns(watched, &view, level, plane)).collect();
        for (plane, columns) in now.iter().enumerate() {
            assert!(columns.iter().all(|column| column.len() == layout.rows(level)));
            if level == 0 {
                continue;
            }
            let group = layout.bins_per_row(level) / layout.bins_per_row(level - 1);
            assert!(*columns == reduced(&below[plane], 2, group), "level {level} of plane {plane}");
        }
        if level == 0 {
            finest.clone_from(&now);
        }
        below = now;
    }
    assert_eq!(watched.engine.take_notices(), Vec::<String>::new());
    finest
}

fn any_settings() -> impl Strategy<Value = PictureSettings> {
    let windows = [FrameWindow::HannPeriodic, FrameWindow::Hamming, FrameWindow::BlackmanHarris, FrameWindow::Kaiser];
    let kinds = [PictureKind::Level, PictureKind::Reassigned, PictureKind::Pcen];
    let frames = prop::option::of(prop::sample::select(vec![128_usize, 256, 1_024, 4_096]));
    let sizes = (frames, prop::sample::select(vec![2_usize, 4, 8]), prop::sample::select(vec![1_usize, 2, 4]));
    (sizes, prop::sample::select(windows.to_vec()), prop::sample::select(kinds.to_vec())).prop_map(
        |((frame_len, hops, zero_padding), window, kind)| PictureSettings {
            frame_len,
            window,
            hops,
            zero_padding,
            kind,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn each_level_is_the_maximum_of_the_one_below(picture in any_settings(), planes in 1_usize..4) {
        let channels = [Channel::Mix, Channel::One(0), Channel::One(1)][..planes].to_vec();
        let mut watched = Watched::with(Synthetic { channels: 2, ..lively() }, &settings(picture, channels));
        check_levels(&mut watched, SECS);
    }
}

#[test]
fn what_a_model_sees_has_levels_too() {
    for model in [model_input::yamnet(), model_input::per_clip()] {
        let picture = kind(PictureKind::ModelInput);
        let settings = TileSettings { model_input: Some(Arc::new(model)), ..settings(picture, vec![Channel::Mix]) };
        check_levels(&mut Watched::with(lively(), &settings), SECS);
    }
}

#[test]
fn planes_are_the_channels_each_for_itself() {
    for kind in [PictureKind::Level, PictureKind::Reassigned, PictureKind::Pcen] {
        let picture = PictureSettings { kind, ..PictureSettings::default() };
        let channels = vec![Channel::One(2), Channel::One(0), Channel::Mix];
        let stacked = Synthetic { channels: 3, ..lively() };
        let mut together = Watched::with(stacked, &settings(picture.clone(), channels));
        let planes = check_levels(&mut together, SECS);
        assert_eq!(together.engine.plane_channel(0), Some(Channel::One(2)));
        assert_eq!(together.engine.plane_channel(3), None);
        let alone = |sample: Arc<dyn Fn(u64) -> f32 + Send + Sync>| {
            let mut watched =
                Watched::with(Synthetic { sample, ..lively() }, &settings(picture.clone(), vec![Channel::Mix]));
            check_levels(&mut watched, SECS).remove(0)
        };
        let of = lively().sample;
        let channel = |c: u64| {
            let of = Arc::clone(&of);
            alone(Arc::new(move |n| of(n + c * CHANNEL_DELAY)))
        };
        assert!(planes[0] == channel(2) && planes[1] == channel(0), "{kind:?}");
        assert!(planes[0] != planes[1] && planes[2] != planes[0]);
        let peaks = |plane| together.engine.peaks(earmark::time::Span::between(0.0, SECS), 50, plane);
        assert!(peaks(0) != peaks(1) && peaks(3) == vec![None; 50]);
    }
}

#[test]
fn a_channel_that_is_not_there_is_the_last_one_and_too_many_are_told() {
    let channels: Vec<Channel> = (0..20).map(Channel::One).collect();
    let mut watched =
        Watched::with(Synthetic { channels: 2, ..lively() }, &settings(kind(PictureKind::Level), channels));
    assert_eq!(watched.engine.plane_count(), MOST_PLANES);
    watched.wait_for_the_whole();
    let view = whole_at_level(&watched, 8, SECS);
    let last = plane_columns(&watched, &view, 8, MOST_PLANES - 1);
    assert_eq!(last, plane_columns(&watched, &view, 8, 1));
    assert_ne!(last, plane_columns(&watched, &view, 8, 0));
    let notices = watched.engine.take_notices();
    assert!(notices.len() == 1 && notices[0].starts_with("20 channels are too many"), "{notices:?}");
}

/// Bursts of 100 ms at −40 dB in an hour of softer noise (a quarter of that where columns cost more), at places that lie on no grid: each is seen at every level, in every kind of
/// picture, in the column where it sounds.
#[test]
fn bursts_of_100_ms_are_seen_in_an_hour_at_every_level() {
    const STEP: u64 = 8_000 * 61 + 1_237;
    let burst = |n: u64| {
        let phase = std::f64::consts::TAU * 1000.0 * n as f64 / 8000.0;
        let is_on = n >= STEP && n % STEP < 800;
        (if is_on { 0.01 * phase.sin() } else { 0.0 }) as f32 + 1e-4 * noise(n)
    };
    for of in [PictureKind::Level, PictureKind::Reassigned, PictureKind::Pcen] {
        let minutes = if of == PictureKind::Level { 60 } else { 15 };
        let source = Synthetic::new(8_000, 60.0 * minutes as f64, burst);
        let mut watched = Watched::with(source, &settings(kind(of), vec![Channel::Mix]));
        let layout = *watched.engine.layout();
        watched.wait_for_the_whole();
        let row = 32;
        for level in (0..layout.base_level + 8).step_by(2) {
            let column_secs = layout.column_secs(level);
            let mut shown = Vec::new();
            for n in (1..minutes - 1_u64).step_by(if level < layout.base_level { 12 } else { 1 }) {
                let middle = (n * STEP + 400) as f64 / 8_000.0;
                let width = 40.0 * column_secs;
                let view = TimeView { start_secs: middle - width, end_secs: middle + width, width_px: 50 };
                assert_eq!(layout.level_for(&view), level);
                watched.wait_for(&view);
                let byte = |secs: f64| {
                    let tiles = watched.engine.tiles_for_view(&view, 0);
                    let column = layout.column_at(level, secs).expect("a column");
                    let place = (column / 256 - tiles.slots.first_index) as usize;
                    let tile = tiles.candidates[place].first().expect("no hole");
                    assert_eq!(tile.key.level, level);
                    tile.column((column % 256) as usize)[row]
                };
                // A burst may sound over several columns: where it is loudest counts.
                let loudest = (0..5).map(|k| byte(middle + 0.02 * f64::from(k - 2))).max().expect("bytes");
                // Half a minute later nothing sounds but noise, as long as columns are shorter than that.
                shown.push((loudest, (column_secs < 20.0).then(|| byte(middle + 30.0_f64.min(0.9 * width)))));
            }
            let least = shown.iter().map(|(byte, _)| *byte).min().expect("bursts");
            let noise = shown.iter().filter_map(|(_, noise)| *noise).max();
            let value = watched.engine.value_scale().value_from_byte(least);
            match of {
                PictureKind::Level => assert!((-41.0..-39.0).contains(&value), "level {level}: {value} dB"),
                PictureKind::Reassigned => assert!(value > -42.0, "level {level}: {value} dB"),
                _ => assert!(value > 1.5, "level {level}: {value}"),
            }
            let is_clear = |noise: u8| noise + 40 < least;
            assert!(noise.is_none_or(is_clear), "{of:?}, level {level}: {noise:?} beside {least}");
        }
    }
}

#[test]
fn very_long_transforms_of_many_planes_stay_within_memory() {
    let picture = PictureSettings { frame_len: Some(16_384), zero_padding: 2, ..PictureSettings::default() };
    let channels: Vec<Channel> = (0..8).map(Channel::One).collect();
    let source = Synthetic { channels: 8, ..Synthetic::noise(48_000, 60.0) };
    let mut watched = Watched::with(source, &settings(picture, channels));
    let layout = *watched.engine.layout();
    assert_eq!((layout.stft.rows(), layout.rows(0), layout.rows(layout.base_level)), (16_384, 1_024, 512));
    let view = TimeView { start_secs: 0.0, end_secs: 60.0, width_px: 800 };
    watched.wait_for(&view);
    watched.wait_for_the_whole();
    let bytes = watched.engine.byte_count();
    assert!(bytes < 80 << 20, "{bytes} bytes");
    // A lone plane keeps twice as many rows as a texture's line is sure to hold, by two.
    let alone = PictureSettings { frame_len: Some(16_384), zero_padding: 2, ..PictureSettings::default() };
    let watched = Watched::with(Synthetic::noise(48_000, 1.0), &settings(alone, vec![Channel::Mix]));
    assert_eq!((watched.engine.layout().rows(0), watched.engine.layout().bins_per_row(0)), (8_192, 2));
}

#[test]
fn row_medians_are_those_of_the_base_level() {
    let mut watched = Watched::with(lively(), &settings(kind(PictureKind::Level), vec![Channel::Mix]));
    watched.wait_for_the_whole();
    let level = watched.engine.layout().base_level;
    let view = whole_at_level(&watched, level, SECS);
    let columns = plane_columns(&watched, &view, level, 0);
    let medians = watched.engine.row_medians(0);
    assert_eq!(medians.len(), columns[0].len());
    for (row, &median) in medians.iter().enumerate() {
        let mut bytes: Vec<u8> = columns.iter().map(|column| column[row]).collect();
        bytes.sort_unstable();
        assert_eq!(median, bytes[(bytes.len() - 1) / 2], "row {row}");
    }
}
