//! The threads of a detection: one reads the recording, some make features of clips and run the network, and the caller's own takes the scores
//! in order. Bounded channels between them hold memory down; dropping the caller's end stops the others.

use super::ModelError;
use super::backend::Backend;
use super::features::{ClipFeatures, FeatureStream};
use super::framed_clips::{ClipCutter, Framing, Seams};
use super::manifest::{Activation, FrontEnd, Layout, OutputAxes, Padding};
use super::planner::{Batch, Cut, Planner};
use crate::audio::{Resampler, SampleSource};
use crate::decision::FrameAxis;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, Scope, ScopedJoinHandle};
use std::time::Duration;

/// How often the caller's thread looks whether the detection is still wanted.
const CANCEL_CHECK: Duration = Duration::from_millis(20);

/// All that a detection needs to know of the model.
#[derive(Clone)]
pub(super) struct Plan {
    pub model: String,
    pub front_end: FrontEnd,
    pub layout: Layout,
    /// Only for clips that give many rows.
    pub framing: Option<Framing>,
    pub activation: Activation,
    pub output_axes: OutputAxes,
    pub padding: Padding,
    pub axis: FrameAxis,
    pub hop_frames: usize,
    pub clips_per_batch: usize,
    pub class_count: usize,
}

/// What the reading thread saw.
pub(super) struct Heard {
    /// Length of the recording, in seconds.
    pub duration_secs: f64,
    /// What went wrong without ending the decoding.
    pub warnings: Vec<String>,
}

/// The rows of a batch, `[row × class]`.
struct BatchScores {
    scores: Vec<f32>,
    onset_rows: Vec<usize>,
    padding_rows: usize,
}

type Scored = (usize, Result<BatchScores, ModelError>);

/// Runs the detection; `take` gets the scores batch by batch in order, row-major `[frame × class]`, and how many of the last rows lie after the
/// end of the recording.
pub(super) fn run(
    plan: &Plan,
    backends: &mut [Box<dyn Backend>],
    source: Box<dyn SampleSource>,
    is_cancelled: &dyn Fn() -> bool,
    take: &mut dyn FnMut(&[f32], usize),
) -> Result<Heard, ModelError> {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (batch_sender, batches) = bounded::<(usize, Batch)>(backends.len() + 1);
        let (score_sender, scores) = bounded::<Scored>(backends.len() + 1);
        let stop = &stop;
        let reader = spawn(scope, "features", move || read(plan, source, &batch_sender, stop))?;
        let mut workers = Vec::new();
        for (index, backend) in backends.iter_mut().enumerate() {
            let (batches, score_sender) = (batches.clone(), score_sender.clone());
            let worker = move || work(plan, backend.as_mut(), &batches, &score_sender);
            workers.push(spawn(scope, &format!("inference-{index}"), worker)?);
        }
        // Only the threads hold these ends now, so that each channel closes when its last sender or receiver is done.
        drop((batches, score_sender));
        let collected = collect(plan, &scores, is_cancelled, take);
        stop.store(true, Ordering::Relaxed);
        drop(scores);
        let heard = join(plan, reader);
        for worker in workers {
            join(plan, worker)?;
        }
        collected?;
        heard?
    })
}

fn spawn<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: &str,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, T>, ModelError> {
    Builder::new().name(name.to_owned()).spawn_scoped(scope, work).map_err(|error| ModelError::Inference {
        model: format!("the {name} thread"),
        reason: format!("it could not be started: {error}"),
    })
}

fn join<T>(plan: &Plan, handle: ScopedJoinHandle<'_, T>) -> Result<T, ModelError> {
    let name = handle.thread().name().unwrap_or("a").to_owned();
    let failed = |_| ModelError::Inference { model: plan.model.clone(), reason: format!("the {name} thread panicked") };
    handle.join().map_err(failed)
}

/// Reads the recording to its end, makes what features the whole recording has, and sends batches.
fn read(
    plan: &Plan,
    source: Box<dyn SampleSource>,
    batches: &Sender<(usize, Batch)>,
    stop: &AtomicBool,
) -> Result<Heard, ModelError> {
    let rate = plan.front_end.sample_rate();
    let mut source = Resampler::mono(source, rate)?;
    let mut stream = FeatureStream::new(&plan.front_end);
    let mut cutter = Cutter::new(plan);
    let mut samples = vec![0.0_f32; rate as usize / 2];
    let (mut sample_count, mut sent, mut is_wanted) = (0_u64, 0_usize, true);
    // A failed send means that nobody wants scores any more: there is nothing left to do and nothing to say.
    let mut send = |batch: Batch| {
        sent += 1;
        batches.send((sent - 1, batch)).is_ok()
    };
    while is_wanted && !stop.load(Ordering::Relaxed) {
        let count = source.read(&mut samples)?;
        if count == 0 {
            break;
        }
        sample_count += count as u64;
        stream.push(&samples[..count], cutter.frames_mut());
        while let (true, Some(batch)) = (is_wanted, cutter.ready()) {
            is_wanted = send(batch);
        }
    }
    if is_wanted && sample_count > 0 {
        stream.push_silence(plan.padding.padded(sample_count) - sample_count, cutter.frames_mut());
        while cutter.rest(plan, sample_count).is_some_and(&mut send) {}
    }
    let duration_secs = sample_count as f64 / f64::from(rate);
    Ok(Heard { duration_secs, warnings: source.take_warnings() })
}

/// Cuts the stream as the layout wants it.
enum Cutter {
    Frames(Planner),
    Clips(ClipCutter),
}

impl Cutter {
    fn new(plan: &Plan) -> Self {
        let planner = |cut| Planner::new(cut, plan.front_end.stream_bands(), plan.hop_frames, plan.clips_per_batch);
        match (plan.layout, plan.framing) {
            (_, Some(framing)) => Self::Clips(ClipCutter::new(framing, plan.clips_per_batch)),
            (Layout::Frames { piece_frames, context_before_frames, context_after_frames, .. }, None) => {
                Self::Frames(planner(Cut::Pieces { piece_frames, context_before_frames, context_after_frames }))
            }
            (Layout::Clips { .. } | Layout::FramedClips { .. }, None) => {
                Self::Frames(planner(Cut::Clips { frame_count: plan.layout.frames_at_once() }))
            }
        }
    }

    /// Where new stream frames are to be appended.
    fn frames_mut(&mut self) -> &mut Vec<f32> {
        match self {
            Self::Frames(planner) => planner.frames_mut(),
            Self::Clips(cutter) => cutter.samples_mut(),
        }
    }

    fn ready(&mut self) -> Option<Batch> {
        match self {
            Self::Frames(planner) => planner.ready(),
            Self::Clips(cutter) => cutter.ready(),
        }
    }

    fn rest(&mut self, plan: &Plan, sample_count: u64) -> Option<Batch> {
        match self {
            Self::Frames(planner) => planner.rest(plan.row_count(sample_count)),
            Self::Clips(cutter) => cutter.rest(sample_count),
        }
    }
}

impl Plan {
    /// How many rows of scores a recording of `sample_count` samples gets from the network: those of its frames with the silence after
    /// it, less those that would begin after its end.
    fn row_count(&self, sample_count: u64) -> usize {
        let frames = self.front_end.frame_count(self.padding.padded(sample_count)) as usize;
        let rows = match self.layout {
            Layout::Frames { .. } => frames,
            Layout::Clips { .. } | Layout::FramedClips { .. } => {
                frames.saturating_sub(self.layout.frames_at_once()) / self.hop_frames + 1
            }
        };
        let duration_secs = sample_count as f64 / f64::from(self.front_end.sample_rate());
        let inside = ((duration_secs - self.axis.first_onset_secs) / self.axis.hop_secs).ceil().max(1.0) as usize;
        rows.min(inside)
    }
}

/// Runs the network on batches until there are no more.
fn work(plan: &Plan, backend: &mut dyn Backend, batches: &Receiver<(usize, Batch)>, scores: &Sender<Scored>) {
    let mut features = ClipFeatures::new(&plan.front_end, plan.layout);
    for (index, batch) in batches {
        let result = score(plan, backend, &mut features, batch);
        let result = result.map_err(|reason| ModelError::Inference { model: plan.model.clone(), reason });
        if scores.send((index, result)).is_err() {
            return;
        }
    }
}

fn score(
    plan: &Plan,
    backend: &mut dyn Backend,
    features: &mut ClipFeatures,
    batch: Batch,
) -> Result<BatchScores, String> {
    let shape = plan.layout.input_shape(&plan.front_end, batch.frame_count);
    let input = features.of(&batch.input);
    let rows = plan.layout.row_count(batch.frame_count);
    let run = |backend: &mut dyn Backend| {
        let output = backend.run(input, &shape)?;
        output.into_scores(rows, plan.class_count, plan.activation, plan.output_axes)
    };
    let mut scores = match run(backend) {
        Err(reason) if backend.give_up(&reason) => run(backend)?,
        scores => scores?,
    };
    if let Layout::FramedClips { given_rows, rows, .. } = plan.layout {
        drop_unused_rows(&mut scores, given_rows * plan.class_count, rows * plan.class_count);
    }
    scores.truncate((batch.skip_rows + batch.keep_rows) * plan.class_count);
    scores.drain(..batch.skip_rows * plan.class_count);
    Ok(BatchScores { scores, onset_rows: batch.onset_rows, padding_rows: batch.padding_rows })
}

/// Keeps the first `used` of every `given` scores.
fn drop_unused_rows(scores: &mut Vec<f32>, given: usize, used: usize) {
    if used < given {
        let clips = scores.len() / given;
        (1..clips).for_each(|clip| scores.copy_within(clip * given..clip * given + used, clip * used));
        scores.truncate(clips * used);
    }
}

/// Hands scores on in order until the workers are done, one fails, or nobody wants them any more.
fn collect(
    plan: &Plan,
    scores: &Receiver<Scored>,
    is_cancelled: &dyn Fn() -> bool,
    take: &mut dyn FnMut(&[f32], usize),
) -> Result<(), ModelError> {
    let mut seams = plan.framing.map(|framing| Seams::new(&framing, plan.class_count));
    let mut early: BTreeMap<usize, BatchScores> = BTreeMap::new();
    let mut next = 0;
    loop {
        let received = scores.recv_timeout(CANCEL_CHECK);
        if is_cancelled() {
            return Err(ModelError::Cancelled);
        }
        match received {
            Ok((index, result)) => drop(early.insert(index, result?)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        while let Some(batch) = early.remove(&next) {
            match &mut seams {
                Some(seams) => take(&seams.join(&batch.onset_rows, &batch.scores), batch.padding_rows),
                None => take(&batch.scores, batch.padding_rows),
            }
            next += 1;
        }
    }
    if let Some(seams) = &mut seams {
        take(&seams.finish(), 0);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::ShortClips;
    use super::super::backend::NetworkOutput;
    use super::super::manifest::{ClipAxes, WaveformSpec};
    use super::*;
    use crate::audio::{AudioError, StreamSpec};
    use crate::decision::Preset;
    use crate::dsp::{ClipMel, ClipMelSpec, elementary};

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
        let layout =
            Layout::FramedClips { clip_samples: 16_000, given_rows: 25, rows: 25, row_samples: 640, hop_rows: 20 };
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
        }
    }

    fn rows_of(plan: &Plan, wants: fn(&[usize]) -> bool, row: usize, samples: u64) -> (Vec<f32>, usize) {
        let mut backends: Vec<Box<dyn Backend>> =
            (0..3).map(|_| -> Box<dyn Backend> { Box::new(FirstOfRow { row, wants }) }).collect();
        let (mut rows, mut padding) = (Vec::new(), 0);
        let heard = run(plan, &mut backends, Ramp::boxed(samples), &|| false, &mut |scores, padding_rows| {
            rows.extend_from_slice(scores);
            padding += padding_rows;
        });
        assert_eq!(heard.unwrap().duration_secs, samples as f64 / 16_000.0);
        (rows, padding)
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

    #[test]
    fn rows_that_reach_past_the_clip_are_dropped() {
        let mut scores = vec![0.0, 1.0, 9.0, 2.0, 3.0, 9.0];
        drop_unused_rows(&mut scores, 3, 2);
        assert_eq!(scores, [0.0, 1.0, 2.0, 3.0]);
    }
}
