//! Every supported format: the right samples at the right places, from wherever one reads.

use super::{Fixture, Numbers, fixtures, open_fixture, read_all};

/// The chirp in the fixtures: phase 2π(150 t + 300 t²), amplitude 0.5.
fn chirp(secs: f64) -> f64 {
    if secs < 0.0 { 0.0 } else { 0.5 * (std::f64::consts::TAU * (150.0 * secs + 300.0 * secs * secs)).sin() }
}

fn fnv1a(bytes: impl Iterator<Item = u8>) -> String {
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

fn hash(kind: &str, samples: &[f32]) -> String {
    match kind {
        "s16" => fnv1a(samples.iter().flat_map(|&x| ((f64::from(x) * 32_768.0).round() as i16).to_le_bytes())),
        "s32" => fnv1a(samples.iter().flat_map(|&x| ((f64::from(x) * 2_147_483_648.0).round() as i32).to_le_bytes())),
        _ => fnv1a(samples.iter().flat_map(|&x| x.to_le_bytes())),
    }
}

/// The lag in frames, positive if the samples are late, at which they fit the chirp best, and the error there relative to it.
fn lag(samples: &[f32], sample_rate: u32) -> (i64, f64) {
    let rate = f64::from(sample_rate);
    let (first, count) = (sample_rate as usize, sample_rate as usize / 2);
    let score = |lag: i64| -> f64 {
        (first..first + count).step_by(11).map(|n| f64::from(samples[n]) * chirp((n as i64 - lag) as f64 / rate)).sum()
    };
    let reach = i64::from(sample_rate) / 12;
    let best = (-reach..=reach).map(|lag| (lag, score(lag))).max_by(|a, b| a.1.total_cmp(&b.1)).unwrap().0;
    let wanted = |n: usize| chirp((n as i64 - best) as f64 / rate);
    let error: f64 = (first..first + count).map(|n| (f64::from(samples[n]) - wanted(n)).powi(2)).sum();
    let power: f64 = (first..first + count).map(|n| wanted(n).powi(2)).sum();
    (best, (error / power).sqrt())
}

#[test]
fn lossless_formats_give_every_sample() {
    for fixture in fixtures().iter().filter(|fixture| fixture.kind != "lossy") {
        let mut source = open_fixture(&fixture.name);
        check_spec(fixture, source.as_ref());
        let claimed = source.spec().clone();
        let samples = read_all(source.as_mut());
        assert_eq!(samples.len() as u64, fixture.frames * fixture.channels as u64, "{}", fixture.name);
        assert_eq!(hash(&fixture.kind, &samples), fixture.hash, "{}", fixture.name);
        assert_eq!(source.take_warnings(), Vec::<String>::new(), "{}", fixture.name);
        // The CAF's writer counted the last packet's padding as sound.
        let too_many = if fixture.name == "alac.caf" { 288 } else { 0 };
        assert!(
            claimed.frame_count == fixture.frames + too_many || !claimed.length_is_exact,
            "{}: {claimed:?}",
            fixture.name
        );
        assert_eq!(source.spec().frame_count, fixture.frames, "{}", fixture.name);
    }
}

#[test]
fn lossy_formats_are_in_time() {
    for fixture in fixtures().iter().filter(|fixture| fixture.kind == "lossy") {
        let mut source = open_fixture(&fixture.name);
        check_spec(fixture, source.as_ref());
        let claimed = source.spec().clone();
        let samples = read_all(source.as_mut());
        let (lag, error) = lag(&samples, fixture.sample_rate);
        let told = format!("{}: {} frames of {claimed:?}, lag {lag}, error {error:.4}", fixture.name, samples.len());
        let (frames, wanted_lag) = expected(fixture);
        assert_eq!(samples.len() as u64, frames, "{told}");
        assert!((lag - wanted_lag).abs() <= i64::from(fixture.sample_rate) / 16_000, "{told}");
        assert!(error < 0.2, "{told}");
        assert!(claimed.frame_count.abs_diff(frames) <= u64::from(fixture.sample_rate) / 20, "{told}");
        assert!(!claimed.length_is_exact || claimed.frame_count == frames, "{told}");
        assert_eq!(source.spec().frame_count, frames, "{told}");
        assert_eq!(source.take_warnings(), Vec::<String>::new(), "{told}");
    }
}

/// Frames, and frames by which the sound is late: as ffmpeg decodes it, but for what the container says and ffmpeg leaves.
fn expected(fixture: &Fixture) -> (u64, i64) {
    match fixture.name.as_str() {
        // The edit list says the true length; ffmpeg gives the last packet's padding too.
        "aac.m4a" => (48_000, 0),
        // What the container says of padding at the end is not heeded.
        "opus.webm" => (144_648, 0),
        // No word of the encoder's delay in these.
        "aac.aac" | "vbr.aac" | "aac.mkv" | "aac-fragmented.mp4" => (fixture.frames, 1_024),
        "no-index.mp3" | "vbr-bare.mp3" => (fixture.frames, 1_105),
        "layer-2.mp2" => (fixture.frames, 481),
        _ => (fixture.frames, 0),
    }
}

fn check_spec(fixture: &Fixture, source: &dyn earmark::audio::SampleSource) {
    let spec = source.spec();
    assert_eq!((spec.sample_rate, spec.channels), (fixture.sample_rate, fixture.channels), "{}", fixture.name);
}

#[test]
fn reading_anywhere_equals_reading_from_the_start() {
    for fixture in fixtures() {
        let mut source = open_fixture(&fixture.name);
        let all = read_all(source.as_mut());
        let frames = (all.len() / fixture.channels) as u64;
        let mut numbers = Numbers(7);
        let mut fresh = open_fixture(&fixture.name);
        for round in 0..20 {
            // Half of the reads by a source that has met the end, half by one that has not.
            let reader = if round % 2 == 0 { &mut source } else { &mut fresh };
            let first = numbers.next(frames);
            let mut out = vec![0.0; (1 + numbers.next(3_000) as usize) * fixture.channels];
            let read = reader.read(first, &mut out).unwrap();
            assert_eq!(
                read as u64,
                (frames - first).min((out.len() / fixture.channels) as u64),
                "{} at {first}",
                fixture.name
            );
            let wanted = &all[first as usize * fixture.channels..][..read * fixture.channels];
            assert!(out.iter().all(|sample| sample.is_finite()));
            let worst = wanted.iter().zip(&out).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            let allowed = match fixture.name.as_str() {
                name if name.contains("opus") => 2e-3,
                // AAC with noise substitution: the decoder's noise differs from run to run.
                "aac.aac" | "aac.mkv" | "aac-fragmented.mp4" => 1e-2,
                _ => 0.0,
            };
            assert!(worst <= allowed, "{} at {first} ({round}): differs by {worst}", fixture.name);
        }
    }
}
