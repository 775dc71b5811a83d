//! Recordings that are queued one after the other: what is told of each, whatever becomes of those beside it.

use super::*;
use crate::annotation::RecordingId;
use crate::audio;
use crate::model::{DeviceChoice, RuntimeChoice};
use crate::work::update_channel;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A WAVE file of tones and noise at 16 kHz, different for each seed.
fn record(path: &Path, seed: u32, frames: usize) {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let samples = (0..frames).flat_map(|frame| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = f64::from(state >> 8) / f64::from(1 << 23) - 1.0;
        let time = frame as f64 / 16_000.0;
        let tone = (std::f64::consts::TAU * (1_500.0 + 100.0 * f64::from(seed)) * time).sin() * (time * 2.0).sin();
        (((0.4 * tone + 0.05 * noise) * 32_767.0) as i16).to_le_bytes()
    });
    let samples: Vec<u8> = samples.collect();
    let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data".to_vec();
    bytes.extend_from_slice(&(samples.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&samples);
    let size = (bytes.len() as u32 - 8).to_le_bytes();
    bytes[4..8].copy_from_slice(&size);
    std::fs::write(path, bytes).unwrap();
}

fn model(id: &str) -> ModelFolder {
    ModelFolder::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(id)).unwrap()
}

fn options(threads: usize) -> DetectorOptions {
    let (runtime, device) = (RuntimeChoice::BuiltIn, DeviceChoice::Cpu);
    DetectorOptions { runtime, device, threads: Some(threads), ..DetectorOptions::default() }
}

/// What was told of a run.
#[derive(Default)]
struct Told {
    start: Option<DetectionStart>,
    scores: Vec<u32>,
    done_secs: f64,
    end: Option<DetectionEnd>,
}

impl Told {
    fn is_done(&self) -> bool {
        matches!(self.end, Some(DetectionEnd::Done { .. }))
    }

    fn is_cancelled(&self) -> bool {
        matches!(self.end, Some(DetectionEnd::Cancelled))
    }
}

/// The inference thread, and the window that it tells.
struct Bench {
    folder: tempfile::TempDir,
    queue: DetectionQueue,
    updates: Receiver<Update>,
    cancels: BTreeMap<u64, CancelToken>,
    told: BTreeMap<u64, Told>,
    /// Runs in the order in which they ended.
    ended: Vec<u64>,
}

impl Bench {
    fn new() -> Self {
        let (sender, updates) = update_channel(Arc::new(|| {}));
        let (cancels, told, ended) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        Self {
            folder: tempfile::tempdir().unwrap(),
            queue: DetectionQueue::start(&sender),
            updates,
            cancels,
            told,
            ended,
        }
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.path().join(format!("{number}.wav"))
    }

    fn record(&self, number: u64, frames: usize) {
        record(&self.path(number), number as u32, frames);
    }

    /// Queues what lies at the path of a number.
    fn push(&mut self, number: u64, options: DetectorOptions) {
        let cancel = CancelToken::default();
        let run = RunId { recording: RecordingId(number), number };
        let (path, model) = (self.path(number), model("bicycle-bell"));
        let job = DetectionJob { run, path, expected_secs: None, model, options, cancel: cancel.clone() };
        self.cancels.insert(number, cancel);
        assert!(self.queue.push(job));
    }

    /// Takes updates until something is so.
    fn until(&mut self, mut is_so: impl FnMut(&Self) -> bool) {
        let began = Instant::now();
        while !is_so(self) {
            assert!(began.elapsed() < Duration::from_secs(120), "waited in vain");
            let Ok(update) = self.updates.recv_timeout(Duration::from_millis(50)) else { continue };
            match update {
                Update::DetectionStarted { run, start } => {
                    let told = self.told.entry(run.number).or_default();
                    assert!(told.start.replace(*start).is_none() && told.end.is_none(), "{}", run.number);
                }
                Update::Scores { run, scores, done_secs, .. } => {
                    let told = self.told.entry(run.number).or_default();
                    assert!(told.start.is_some() && told.end.is_none(), "{}", run.number);
                    told.scores.extend(scores.iter().map(|score| score.to_bits()));
                    assert!(done_secs >= told.done_secs);
                    told.done_secs = done_secs;
                }
                Update::DetectionEnded { run, end } => {
                    self.ended.push(run.number);
                    assert!(self.told.entry(run.number).or_default().end.replace(end).is_none(), "{}", run.number);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn until_all_ended(&mut self) {
        self.until(|bench| bench.ended.len() == bench.cancels.len());
    }

    /// The scores that a recording gets alone.
    fn alone(&self, number: u64, options: &DetectorOptions) -> Vec<u32> {
        let mut detector = Detector::load(&model("bicycle-bell"), options).unwrap();
        let mut scores = Vec::new();
        let source = audio::open(&self.path(number)).unwrap();
        detector.run(source, &|| false, &mut |block| scores.extend(block.scores.iter().map(|s| s.to_bits()))).unwrap();
        scores
    }
}

#[test]
fn each_recording_of_many_gets_the_scores_that_it_gets_alone() {
    let mut bench = Bench::new();
    (0..40).for_each(|number| bench.record(number, 8_000 + 2_311 * number as usize));
    // Half of them come while the others are at work.
    (0..20).for_each(|number| bench.push(number, options(2)));
    bench.until(|bench| !bench.ended.is_empty());
    (20..40).for_each(|number| bench.push(number, options(2)));
    bench.until_all_ended();
    for number in 0..40 {
        let told = &bench.told[&number];
        assert!(told.is_done(), "{number}: {:?}", told.end);
        assert!(!told.scores.is_empty() && told.scores == bench.alone(number, &options(2)), "{number}");
    }
    // The thread waits for more.
    bench.record(40, 16_000);
    bench.push(40, options(2));
    bench.until_all_ended();
    assert!(bench.told[&40].is_done());
}

#[test]
fn a_recording_that_fails_is_told_and_the_others_are_scored() {
    let mut bench = Bench::new();
    [0, 1, 3, 5].into_iter().for_each(|number| bench.record(number, 16_000));
    std::fs::write(bench.path(4), "no recording").unwrap();
    (0..6).for_each(|number| bench.push(number, options(2)));
    bench.until_all_ended();
    for number in 0..6 {
        match &bench.told[&number].end {
            Some(DetectionEnd::Failed(reason)) if [2, 4].contains(&number) => {
                assert!(reason.contains(&format!("{number}.wav")), "{reason}");
                assert!(bench.told[&number].start.is_none());
            }
            Some(DetectionEnd::Done { .. }) if ![2, 4].contains(&number) => {}
            other => panic!("{number}: {other:?}"),
        }
    }
}

#[test]
fn long_recordings_are_scored_one_after_the_other() {
    let mut bench = Bench::new();
    (0..3).for_each(|number| bench.record(number, 16_000 * 150));
    (0..3).for_each(|number| bench.push(number, options(2)));
    for next in 1..3 {
        bench.until(|bench| bench.told.get(&next).is_some_and(|told| told.start.is_some()));
        let before = &bench.told[&(next - 1)];
        assert!(before.end.is_some() || before.done_secs > 80.0, "{next} began when {} s were done", before.done_secs);
    }
    bench.until_all_ended();
    assert_eq!(bench.ended, [0, 1, 2]);
}

#[test]
fn one_that_is_stopped_is_told_so_and_the_others_go_on() {
    let mut bench = Bench::new();
    bench.record(0, 16_000 * 600);
    (1..4).for_each(|number| bench.record(number, 16_000));
    (0..4).for_each(|number| bench.push(number, options(1)));
    bench.until(|bench| bench.told.get(&0).is_some_and(|told| !told.scores.is_empty()));
    // One that is at work, and one that waits.
    bench.cancels[&0].cancel();
    bench.cancels[&2].cancel();
    bench.until_all_ended();
    assert!(bench.told[&0].is_cancelled() && bench.told[&2].is_cancelled());
    assert!(bench.told[&2].start.is_none());
    assert!(bench.told[&0].done_secs < 599.0);
    assert!(bench.told[&1].is_done() && bench.told[&3].is_done());
}

#[test]
fn all_are_stopped_and_what_is_queued_afterwards_is_scored() {
    let mut bench = Bench::new();
    (0..8).for_each(|number| bench.record(number, 16_000 * 100));
    (0..8).for_each(|number| bench.push(number, options(1)));
    bench.until(|bench| bench.told.values().any(|told| !told.scores.is_empty()));
    bench.cancels.values().for_each(CancelToken::cancel);
    bench.record(8, 16_000);
    bench.push(8, options(1));
    bench.until_all_ended();
    assert!((0..8).filter(|number| bench.told[number].is_cancelled()).count() >= 7);
    assert!(bench.told[&8].is_done());
}

#[test]
fn recordings_of_another_choice_get_a_run_of_their_own() {
    let mut bench = Bench::new();
    (0..6).for_each(|number| bench.record(number, 16_000 + 1_000 * number as usize));
    let choice = |number: u64| options(1 + (number % 2) as usize);
    (0..6).for_each(|number| bench.push(number, choice(number)));
    bench.until_all_ended();
    for number in 0..6 {
        let told = &bench.told[&number];
        let threads = if number % 2 == 0 { "1 thread" } else { "2 threads" };
        assert!(told.is_done() && told.start.is_some(), "{number}, {threads}");
        assert!(told.scores == bench.alone(number, &choice(number)), "{number}, {threads}");
    }
    assert_eq!(bench.ended, [0, 1, 2, 3, 4, 5]);
}

#[test]
fn a_model_that_cannot_be_loaded_fails_each_of_its_recordings() {
    let mut bench = Bench::new();
    (0..3).for_each(|number| bench.record(number, 16_000));
    let odd = DetectorOptions { hop_secs: Some(12.5), ..options(1) };
    bench.push(0, odd.clone());
    bench.push(1, odd);
    bench.push(2, options(1));
    bench.until_all_ended();
    let failed =
        |number| matches!(&bench.told[&number].end, Some(DetectionEnd::Failed(reason)) if reason.contains("12.5"));
    assert!(failed(0) && failed(1) && bench.told[&2].is_done());
}

#[test]
fn the_thread_ends_with_the_window() {
    let mut bench = Bench::new();
    bench.record(0, 16_000 * 300);
    bench.push(0, options(1));
    bench.until(|bench| bench.told.get(&0).is_some_and(|told| !told.scores.is_empty()));
    let Bench { queue, updates, folder, .. } = bench;
    drop(updates);
    let began = Instant::now();
    let job = || DetectionJob {
        run: RunId { recording: RecordingId(1), number: 1 },
        path: folder.path().join("0.wav"),
        expected_secs: None,
        model: model("bicycle-bell"),
        options: options(1),
        cancel: CancelToken::default(),
    };
    while queue.push(job()) {
        assert!(began.elapsed() < Duration::from_secs(60), "it goes on for nobody");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A measurement, not a test: 200 recordings of 1 to 5 s, one after the other as before, and queued. Run with
/// `cargo test --release --lib detection -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
#[expect(clippy::print_stderr, reason = "what is measured is printed")]
fn two_hundred_short_recordings() {
    for (id, runtime) in [("yamnet", RuntimeChoice::Auto), ("bicycle-bell", RuntimeChoice::Auto)] {
        let options = DetectorOptions { runtime, device: DeviceChoice::Cpu, ..DetectorOptions::default() };
        let mut bench = Bench::new();
        (0..200).for_each(|number| bench.record(number, 16_000 + 321 * number as usize));
        let mut detector = Detector::load(&model(id), &options).unwrap();
        let mut singly = || {
            let began = Instant::now();
            for number in 0..200 {
                let source = audio::open(&bench.path(number)).unwrap();
                detector.run(source, &|| false, &mut |_| ()).unwrap();
            }
            began.elapsed().as_secs_f64()
        };
        let alone = singly().min(singly());
        // Two rounds each, of which the better counts; the first loads the model before.
        let mut queued = f64::INFINITY;
        for round in 0..3_u64 {
            let began = Instant::now();
            for number in 0..200 {
                let run = RunId { recording: RecordingId(number), number: 1_000 * round + number };
                let (path, cancel) = (bench.path(number), CancelToken::default());
                let expected_secs = Some((16_000 + 321 * number) as f64 / 16_000.0);
                let (model, options) = (model(id), options.clone());
                bench.cancels.insert(run.number, cancel.clone());
                assert!(bench.queue.push(DetectionJob { run, path, expected_secs, model, options, cancel }));
            }
            bench.until_all_ended();
            if round > 0 {
                queued = queued.min(began.elapsed().as_secs_f64());
            }
        }
        eprintln!("{id}: one after the other {alone:.2} s, queued {queued:.2} s: {:.2} times as fast", alone / queued);
    }
}
