//! Very many short recordings: the scores of each are those that it gets alone, to the last bit.

use super::{record, recordings, root};
use earmark::audio;
use earmark::model::{
    Detector, DetectorOptions, DeviceChoice, ModelError, ModelFolder, QueuedRecording, RunSummary, RuntimeChoice,
    ScoreBlock, ScoreTaker, Work,
};
use std::collections::BTreeMap;
use std::path::PathBuf;

fn detector(id: &str, runtime: RuntimeChoice) -> Detector {
    let folder = ModelFolder::open(&root().join("models").join(id)).unwrap();
    let options =
        DetectorOptions { runtime, device: DeviceChoice::Cpu, threads: Some(2), ..DetectorOptions::default() };
    Detector::load(&folder, &options).unwrap()
}

#[derive(Default)]
struct Kept {
    scores: BTreeMap<usize, Vec<u32>>,
    ends: BTreeMap<usize, RunSummary>,
}

impl ScoreTaker for Kept {
    fn scores(&mut self, number: usize, block: ScoreBlock<'_>) -> bool {
        self.scores.entry(number).or_default().extend(block.scores.iter().map(|score| score.to_bits()));
        true
    }

    fn ended(&mut self, number: usize, outcome: Result<RunSummary, ModelError>) {
        assert!(self.ends.insert(number, outcome.unwrap()).is_none());
    }
}

fn assert_as_alone(mut detector: Detector, paths: &[PathBuf], readers: usize) {
    let mut together = Kept::default();
    let mut queue = paths
        .iter()
        .cloned()
        .enumerate()
        .map(|(number, path)| QueuedRecording { number, open: Box::new(move || audio::open(&path)) });
    detector.run_many(&mut queue, readers, &|| false, &mut together).unwrap();
    assert_eq!(together.ends.len(), paths.len());
    for (number, path) in paths.iter().enumerate() {
        let mut alone = Vec::new();
        let mut keep = |block: ScoreBlock<'_>| alone.extend(block.scores.iter().map(|score| score.to_bits()));
        let summary = detector.run(audio::open(path).unwrap(), &|| false, &mut keep).unwrap();
        assert!(!alone.is_empty() && together.scores[&number] == alone, "{}", path.display());
        let end = &together.ends[&number];
        assert_eq!((end.frame_count, end.duration_secs), (summary.frame_count, summary.duration_secs));
    }
}

#[test]
fn a_thousand_short_recordings_are_scored_as_each_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let paths = recordings(folder.path(), 1_000);
    assert_as_alone(detector("bicycle-bell", RuntimeChoice::BuiltIn), &paths, 4);
}

#[test]
fn clips_of_one_recording_do_not_mix_with_those_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = (0..40).map(|n| folder.path().join(format!("{n}.wav"))).collect();
    paths.iter().enumerate().for_each(|(n, path)| record(path, n as u32, 2_000 + n * 1_234));
    assert_as_alone(detector("yamnet", RuntimeChoice::OnnxRuntime), &paths, 3);
}

#[test]
fn the_size_of_batches_is_one_that_was_measured() {
    let mut detector = detector("yamnet", RuntimeChoice::OnnxRuntime);
    let long = Work { recordings: 100_000, mean_secs: 600.0 };
    let choice = detector.measure_batch(long, &|| false).unwrap().unwrap();
    assert!(choice.measured.iter().any(|(clips, speed)| *clips == choice.clips && *speed > 0.0), "{choice:?}");
    assert_eq!(detector.clips_per_batch(), choice.clips);
    detector.set_batch(3);
    assert_eq!(detector.clips_per_batch(), 3);
    assert!(matches!(detector.measure_batch(long, &|| true), Err(ModelError::Cancelled)));
    // However many recordings there are: a batch holds clips of one only, and these have one each; and little work is not worth it.
    for work in [Work { mean_secs: 0.1, ..long }, Work { recordings: 1, mean_secs: 10.0 }] {
        assert_eq!(detector.measure_batch(work, &|| false).unwrap(), None, "{work:?}");
    }
}
