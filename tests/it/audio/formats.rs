//! Every supported format: the right samples at the right places, from wherever one reads.

use earmark::audio::SoundFile;

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

/// Frames of a lossy fixture as ffmpeg decodes them: `lossy.tsv`.
fn second_opinions() -> Vec<(String, usize, Vec<f32>)> {
    let table = std::fs::read_to_string(super::folder().join("lossy.tsv")).unwrap();
    let rows = table.lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.split('\t').collect();
        let samples = cells[2].split(' ').map(|sample| sample.parse().unwrap()).collect();
        (cells[0].to_owned(), cells[1].parse().unwrap(), samples)
    });
    rows.collect()
}

#[test]
fn lossy_formats_begin_at_the_sample_at_which_ffmpeg_begins() {
    let opinions = second_opinions();
    assert_eq!(opinions.len(), fixtures().iter().filter(|fixture| fixture.kind == "lossy").count());
    for (name, first, wanted) in opinions {
        let mut source = open_fixture(&name);
        let channels = source.spec().channels;
        let mut out = vec![9.0; wanted.len() * channels];
        assert_eq!(source.read(first as u64, &mut out).unwrap(), wanted.len(), "{name}");
        let worst =
            |out: &[f32]| out.iter().step_by(channels).zip(&wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        let allowed = match name.as_str() {
            // Bands that AAC codes as noise are other noise in another decoder.
            "aac.aac" | "aac.m4a" | "aac.mkv" | "aac-fragmented.mp4" => 1e-2,
            name if name.starts_with("opus") => 2e-3,
            _ => 1e-4,
        };
        let error = worst(&out);
        assert!(error <= allowed, "{name}: differs by {error}");
        // Nothing here is so slow that a frame earlier or later would do.
        source.read(first as u64 + 1, &mut out).unwrap();
        assert!(worst(&out) > 2.0 * allowed, "{name}");
    }
}

/// Random places and lengths in each fixture; the seed is in every message.
const SEEKS: u64 = 50;
const SEED: u64 = 7;

#[test]
fn reading_anywhere_equals_reading_from_the_start() {
    for fixture in fixtures() {
        let file = SoundFile::new(super::folder().join(&fixture.name));
        let mut fresh = open_fixture(&fixture.name);
        let mut source = file.open().unwrap();
        let all = read_all(source.as_mut());
        let mut informed = file.open().unwrap();
        let frames = (all.len() / fixture.channels) as u64;
        let mut numbers = Numbers(SEED);
        for round in 0..SEEKS {
            // By a source that has met the end, one that has not, and one that knows what another found out.
            let reader = [&mut source, &mut fresh, &mut informed][round as usize % 3].as_mut();
            let first = numbers.next(frames);
            let mut out = vec![0.0; (1 + numbers.next(3_000) as usize) * fixture.channels];
            let read = reader.read(first, &mut out).unwrap();
            let told = format!("{} at {first} (round {round}, seed {SEED})", fixture.name);
            assert_eq!(read as u64, (frames - first).min((out.len() / fixture.channels) as u64), "{told}");
            let wanted = &all[first as usize * fixture.channels..][..read * fixture.channels];
            assert!(out.iter().all(|sample| sample.is_finite()));
            let worst = wanted.iter().zip(&out).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            let allowed = match fixture.name.as_str() {
                name if name.contains("opus") => 2e-3,
                // Bands that AAC codes as noise are other noise from run to run.
                "aac.aac" | "aac.mkv" | "aac-fragmented.mp4" => 1e-2,
                _ => 0.0,
            };
            assert!(worst <= allowed, "{told}: differs by {worst}");
        }
    }
}
