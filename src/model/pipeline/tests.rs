//! The pipeline with stub networks: where rows lie, what is padded, and what many recordings do to each other.

use super::super::ShortClips;
use super::super::backend::{Backend, NetworkOutput};
use super::super::manifest::{ClipAxes, WaveformSpec};
use super::*;
use crate::audio::{AudioError, StreamSpec};
use crate::decision::Preset;
use crate::dsp::{ClipMel, ClipMelSpec, elementary};
use std::collections::BTreeMap;

/// A recording whose sample `n` is `n / 1000`.
struct Ramp(StreamSpec);

impl Ramp {
    fn boxed(frame_count: u64) -> Box<dyn SampleSource> {
        let format = "ramp".to_owned();
        Box::new(Self(StreamSpec { sample_rate: 16_000, channels: 1, frame_count, length_is_exact: true, format }))
    }
}

impl SampleSource for Ramp {
    fn spec(&self) -> &StreamSpec {
        &self.0
    }

    fn read(&mut self, first_frame: u64, out: &mut [f32]) -> Result<usize, AudioError> {
        let count = out.len().min(self.0.frame_count.saturating_sub(first_frame) as usize);
        out.iter_mut().take(count).enumerate().for_each(|(n, out)| *out = (first_frame as usize + n) as f32 / 1e6);
        Ok(count)
    }
}

/// Gives for each stretch of `row` values of its input their first one, and checks the shape.
struct FirstOfRow {
    row: usize,
    wants: fn(&[usize]) -> bool,
}

impl Backend for FirstOfRow {
    fn run_all(&mut self, input: &[f32], shape: &[usize]) -> Result<Vec<NetworkOutput>, String> {
        if !(self.wants)(shape) || shape.iter().product::<usize>() != input.len() {
            return Err(format!("the shape is {shape:?}"));
        }
        let values: Vec<f32> = input.chunks(self.row).map(|row| row[0]).collect();
        let shape = vec![values.len(), 1];
        Ok(vec![NetworkOutput { values, shape }])
    }
}

/// Clips of a second, 25 rows of 640 samples, 20 rows apart.
fn plan(front_end: FrontEnd, preset: Preset) -> Plan {
    let layout = Layout::FramedClips { clip_samples: 16_000, given_rows: 25, rows: 25, row_samples: 640, hop_rows: 20 };
    let hop_rows = if preset == Preset::Reference { 25 } else { 20 };
    let short = ShortClips::Pad;
    Plan {
        model: "stub".to_owned(),
        front_end,
        layout,
        framing: Some(Framing { clip_samples: 16_000, rows: 25, row_samples: 640, hop_rows, preset, short }),
        activation: Activation::None,
        output_axes: OutputAxes::RowMajor,
        padding: Padding { min_samples: 0, step_samples: 0 },
        axis: FrameAxis { first_onset_secs: 0.0, hop_secs: 0.04 },
        hop_frames: 640,
        clips_per_batch: 2,
        class_count: 1,
        embedding_size: 0,
    }
}

/// Keeps what comes of each recording.
#[derive(Default)]
struct Kept {
    rows: BTreeMap<usize, Vec<f32>>,
    padding: usize,
    ends: BTreeMap<usize, Result<f64, String>>,
    /// Recordings of which no more than this many rows are wanted.
    enough: Option<usize>,
    open: usize,
    most_open: usize,
}

impl Taker for Kept {
    fn begun(&mut self, number: usize, _duration_secs: f64) {
        assert!(self.rows.insert(number, Vec::new()).is_none(), "{number} begins twice");
        self.open += 1;
        self.most_open = self.most_open.max(self.open);
    }

    fn take(&mut self, number: usize, scores: &[f32], padding_rows: usize) -> bool {
        assert!(!self.ends.contains_key(&number), "{number} has ended");
        self.padding += padding_rows;
        let rows = self.rows.get_mut(&number).unwrap();
        rows.extend_from_slice(scores);
        self.enough.is_none_or(|enough| rows.len() < enough)
    }

    fn ended(&mut self, number: usize, outcome: Result<Heard, ModelError>) {
        let end = outcome.map(|heard| heard.duration_secs).map_err(|error| error.to_string());
        assert!(self.ends.insert(number, end).is_none(), "{number} ends twice");
        self.open -= usize::from(self.rows.contains_key(&number));
    }
}

const LANES: Lanes = Lanes { readers: 1, feature_makers: 0 };

fn stubs(wants: fn(&[usize]) -> bool, row: usize) -> Vec<Box<dyn Backend>> {
    (0..3).map(|_| -> Box<dyn Backend> { Box::new(FirstOfRow { row, wants }) }).collect()
}

fn ramp(number: usize, samples: u64) -> QueuedRecording {
    QueuedRecording { number, open: Box::new(move || Ok(Ramp::boxed(samples))) }
}

fn rows_of(plan: &Plan, wants: fn(&[usize]) -> bool, row: usize, samples: u64) -> (Vec<f32>, usize) {
    let mut kept = Kept::default();
    let mut queue = std::iter::once(ramp(7, samples));
    run(plan, &mut stubs(wants, row), LANES, &mut queue, &|| false, &mut kept).unwrap();
    assert_eq!(kept.ends.remove(&7), Some(Ok(samples as f64 / 16_000.0)));
    (kept.rows.remove(&7).unwrap(), kept.padding)
}

#[test]
fn rows_of_overlapping_clips_lie_where_their_samples_are() {
    for axes in [ClipAxes::BatchSamples, ClipAxes::BatchChannelSamples] {
        let wants: fn(&[usize]) -> bool = match axes {
            ClipAxes::BatchChannelSamples => |shape| shape.len() == 3 && shape[1..] == [1, 16_000],
            _ => |shape| shape.len() == 2 && shape[1] == 16_000,
        };
        let front_end = FrontEnd::Waveform(WaveformSpec { sample_rate: 16_000, axes, sample_scale: 2.0 });
        let plan = plan(front_end, Preset::Overlapping);
        for samples in [0, 1, 641, 15_999, 16_000, 16_639, 16_640, 50_000, 200_000] {
            let (rows, padding) = rows_of(&plan, wants, 640, samples);
            let count = if samples < 16_000 { samples.div_ceil(640) } else { samples / 640 };
            assert_eq!((rows.len(), padding), (count as usize, 0), "{samples}");
            // Fading between equal scores changes nothing.
            let is_right = |(row, &score): (usize, &f32)| (score - (row * 640) as f32 / 5e5).abs() < 1e-5;
            assert!(rows.iter().enumerate().all(is_right), "{samples}: {rows:?}");
        }
    }
}

#[test]
fn the_reference_goes_on_through_the_padding() {
    let spec = WaveformSpec { sample_rate: 16_000, axes: ClipAxes::BatchSamples, sample_scale: 1.0 };
    let plan = plan(FrontEnd::Waveform(spec), Preset::Reference);
    let (rows, padding) = rows_of(&plan, |shape| shape.len() == 2, 640, 50_000);
    assert_eq!((rows.len(), padding), (100, 100 - 79));
    assert!(rows[79..].iter().all(|&row| row == 0.0) && rows[78] > 0.0);
}

#[test]
fn clip_features_are_those_of_each_clip_alone() {
    let spec = ClipMelSpec::FMN;
    let plan = Plan { activation: Activation::Sigmoid, ..plan(FrontEnd::ClipMel(spec), Preset::Reference) };
    // The stub sees 128 bands of 100 frames; every 512th value makes 25 rows.
    let (rows, _) = rows_of(&plan, |shape| shape.len() == 4 && shape[1..] == [1, 128, 100], 512, 40_000);
    let mut front_end = ClipMel::new(spec);
    for clip in 0..3 {
        let samples: Vec<f32> =
            (0..16_000).map(|n| clip * 16_000 + n).map(|n| if n < 40_000 { n as f32 / 1e6 } else { 0.0 }).collect();
        let mut levels = vec![0.0; 12_800];
        front_end.compute(&samples, &mut levels);
        let mut expected: Vec<f32> = levels.chunks(512).map(|row| row[0]).collect();
        elementary::logistic(&mut expected);
        assert_eq!(rows[clip * 25..][..25], expected);
    }
}

/// A recording that breaks after a second, or whose reading panics.
struct Broken(StreamSpec, bool);

impl SampleSource for Broken {
    fn spec(&self) -> &StreamSpec {
        &self.0
    }

    fn read(&mut self, first_frame: u64, out: &mut [f32]) -> Result<usize, AudioError> {
        if first_frame > 16_000 {
            assert!(!self.1, "a decoder that panics");
            return Err(AudioError::Broken { path: "b.wav".into(), reason: "is torn".to_owned() });
        }
        out.fill(0.1);
        Ok(out.len())
    }
}

fn broken(number: usize, panics: bool) -> QueuedRecording {
    let spec = StreamSpec {
        sample_rate: 16_000,
        channels: 1,
        frame_count: 1 << 30,
        length_is_exact: true,
        format: "broken".to_owned(),
    };
    QueuedRecording { number, open: Box::new(move || Ok(Box::new(Broken(spec, panics)) as Box<dyn SampleSource>)) }
}

fn samples_plan() -> Plan {
    let spec = WaveformSpec { sample_rate: 16_000, axes: ClipAxes::BatchSamples, sample_scale: 2.0 };
    plan(FrontEnd::Waveform(spec), Preset::Overlapping)
}

/// Lengths of 200 recordings, some empty, most short.
fn lengths() -> Vec<u64> {
    (0..200).map(|n: u64| if n.is_multiple_of(17) { 0 } else { n * n * 7_919 % 90_000 }).collect()
}

#[test]
fn many_recordings_get_the_scores_that_each_gets_alone() {
    let plan = samples_plan();
    let alone: Vec<Vec<f32>> = lengths().iter().map(|&samples| rows_of(&plan, |_| true, 640, samples).0).collect();
    for lanes in [LANES, Lanes { readers: 4, feature_makers: 0 }, Lanes { readers: 3, feature_makers: 2 }] {
        let mut kept = Kept::default();
        let mut queue = lengths().into_iter().enumerate().map(|(number, samples)| ramp(number, samples));
        let time = run(&plan, &mut stubs(|_| true, 640), lanes, &mut queue, &|| false, &mut kept).unwrap();
        assert_eq!(kept.ends.len(), 200);
        for (number, samples) in lengths().into_iter().enumerate() {
            assert_eq!(kept.ends[&number], Ok(samples as f64 / 16_000.0));
            assert_eq!(kept.rows[&number], alone[number], "{number}");
        }
        // Read ahead, but not all at once.
        assert!(kept.most_open <= lanes.readers + lanes.most_batches(3), "{}", kept.most_open);
        assert!(time.threads == 3 && time.runs > 100 && time.run_secs > 0.0, "{time:?}");
    }
}

#[test]
fn what_fails_ends_alone() {
    let plan = samples_plan();
    let mut recordings: Vec<QueuedRecording> =
        lengths().into_iter().enumerate().map(|(number, samples)| ramp(number, samples)).collect();
    for number in (5..200).step_by(10) {
        recordings[number] = match number % 3 {
            0 => broken(number, false),
            1 => broken(number, true),
            _ => {
                let missing = || AudioError::Broken { path: "m.wav".into(), reason: "is gone".to_owned() };
                QueuedRecording { number, open: Box::new(move || Err(missing())) }
            }
        };
    }
    let mut kept = Kept::default();
    let lanes = Lanes { readers: 3, feature_makers: 1 };
    run(&plan, &mut stubs(|_| true, 640), lanes, &mut recordings.into_iter(), &|| false, &mut kept).unwrap();
    for (number, samples) in lengths().into_iter().enumerate() {
        match number % 10 {
            5 => {
                let told = kept.ends[&number].as_ref().unwrap_err();
                let expected = ["is torn", "panicked", "is gone"][number % 3];
                assert!(told.contains(expected), "{number}: {told}");
            }
            _ => assert_eq!(kept.ends[&number], Ok(samples as f64 / 16_000.0), "{number}"),
        }
    }
}

#[test]
fn a_network_that_fails_on_one_recording_goes_on_with_the_next() {
    let plan = samples_plan();
    // A lone clip is refused: that is each recording of less than two.
    let mut queue = [(0, 90_000), (1, 5_000), (2, 90_000)].into_iter().map(|(number, samples)| ramp(number, samples));
    let mut kept = Kept::default();
    run(&plan, &mut stubs(|shape| shape[0] > 1, 640), LANES, &mut queue, &|| false, &mut kept).unwrap();
    assert!(kept.ends[&1].as_ref().is_err_and(|told| told.contains("the shape is [1, 16000]")), "{:?}", kept.ends);
    assert_eq!((kept.ends.len(), kept.rows[&1].len()), (3, 0));
}

#[test]
fn a_recording_that_is_not_wanted_any_more_is_left() {
    let plan = samples_plan();
    let mut queue = (0..4).map(|number| ramp(number, 50_000_000));
    let mut kept = Kept { enough: Some(100), ..Kept::default() };
    let lanes = Lanes { readers: 2, feature_makers: 0 };
    let time = run(&plan, &mut stubs(|_| true, 640), lanes, &mut queue, &|| false, &mut kept).unwrap();
    assert!(kept.ends.values().all(|end| end.as_ref().is_err_and(|told| told == "cancelled")), "{:?}", kept.ends);
    assert!(kept.ends.len() == 4 && time.runs < 400, "{time:?}");
}

#[test]
fn cancelling_ends_everything_at_once() {
    let plan = samples_plan();
    let mut queue = (0..usize::MAX).map(|number| ramp(number, 50_000_000));
    let mut kept = Kept::default();
    let asked = std::cell::Cell::new(0);
    let is_cancelled = || {
        asked.set(asked.get() + 1);
        asked.get() > 50
    };
    let lanes = Lanes { readers: 4, feature_makers: 2 };
    let outcome = run(&plan, &mut stubs(|_| true, 640), lanes, &mut queue, &is_cancelled, &mut kept);
    assert!(matches!(outcome, Err(ModelError::Cancelled)));
}
