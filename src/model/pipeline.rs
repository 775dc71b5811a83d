//! The threads of a detection: one reads the recording and makes features, some run the network, and the caller's own takes the scores in
//! order. Bounded channels between them hold memory down; dropping the caller's end stops the others.

use super::ModelError;
use super::backend::Backend;
use super::manifest::{Activation, Layout, Padding};
use super::planner::{Batch, Planner};
use crate::audio::{Resampler, SampleSource};
use crate::decision::FrameAxis;
use crate::dsp::{LogMel, LogMelSpec};
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
    pub front_end: LogMelSpec,
    pub layout: Layout,
    pub activation: Activation,
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

type Scored = (usize, Result<Vec<f32>, ModelError>);

/// Runs the detection; `take` gets the scores batch by batch in order, row-major `[frame × class]`.
pub(super) fn run(
    plan: &Plan,
    backends: &mut [Box<dyn Backend>],
    source: Box<dyn SampleSource>,
    is_cancelled: &dyn Fn() -> bool,
    take: &mut dyn FnMut(&[f32]),
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
        let collected = collect(&scores, is_cancelled, take);
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

/// Reads the recording to its end, makes features, and sends batches.
fn read(
    plan: &Plan,
    source: Box<dyn SampleSource>,
    batches: &Sender<(usize, Batch)>,
    stop: &AtomicBool,
) -> Result<Heard, ModelError> {
    let rate = plan.front_end.mel.sample_rate;
    let mut source = Resampler::mono(source, rate)?;
    let mut front_end = LogMel::new(plan.front_end.clone());
    let mut planner = Planner::new(plan.layout, front_end.band_count(), plan.hop_frames, plan.clips_per_batch);
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
        front_end.push(&samples[..count], planner.frames_mut());
        while let (true, Some(batch)) = (is_wanted, planner.ready()) {
            is_wanted = send(batch);
        }
    }
    if is_wanted && sample_count > 0 {
        push_silence(&mut front_end, planner.frames_mut(), plan.padding.padded(sample_count) - sample_count);
        let rows = plan.row_count(sample_count);
        while planner.rest(rows).is_some_and(&mut send) {}
    }
    let duration_secs = sample_count as f64 / f64::from(rate);
    Ok(Heard { duration_secs, warnings: source.take_warnings() })
}

fn push_silence(front_end: &mut LogMel, frames: &mut Vec<f32>, mut sample_count: u64) {
    let silence = [0.0; 4096];
    while sample_count > 0 {
        let count = sample_count.min(silence.len() as u64);
        front_end.push(&silence[..count as usize], frames);
        sample_count -= count;
    }
}

impl Plan {
    /// How many rows of scores a recording of `sample_count` samples gets from the network: those of its frames with the silence after
    /// it, less those that would begin after its end.
    fn row_count(&self, sample_count: u64) -> usize {
        let frames = self.front_end.frame_count(self.padding.padded(sample_count)) as usize;
        let rows = match self.layout {
            Layout::Clips { frame_count } => frames.saturating_sub(frame_count) / self.hop_frames + 1,
            Layout::Frames { .. } => frames,
        };
        let duration_secs = sample_count as f64 / f64::from(self.front_end.mel.sample_rate);
        let inside = ((duration_secs - self.axis.first_onset_secs) / self.axis.hop_secs).ceil().max(1.0) as usize;
        rows.min(inside)
    }
}

/// Runs the network on batches until there are no more.
fn work(plan: &Plan, backend: &mut dyn Backend, batches: &Receiver<(usize, Batch)>, scores: &Sender<Scored>) {
    for (index, batch) in batches {
        let result =
            score(plan, backend, &batch).map_err(|reason| ModelError::Inference { model: plan.model.clone(), reason });
        if scores.send((index, result)).is_err() {
            return;
        }
    }
}

fn score(plan: &Plan, backend: &mut dyn Backend, batch: &Batch) -> Result<Vec<f32>, String> {
    let shape = plan.layout.input_shape(batch.frame_count, plan.front_end.mel.band_count);
    let output = backend.run(&batch.input, &shape)?;
    let rows = plan.layout.row_count(batch.frame_count);
    let mut scores = output.into_scores(rows, plan.class_count, plan.activation)?;
    scores.truncate((batch.skip_rows + batch.keep_rows) * plan.class_count);
    scores.drain(..batch.skip_rows * plan.class_count);
    Ok(scores)
}

/// Hands scores on in order until the workers are done, one fails, or nobody wants them any more.
fn collect(
    scores: &Receiver<Scored>,
    is_cancelled: &dyn Fn() -> bool,
    take: &mut dyn FnMut(&[f32]),
) -> Result<(), ModelError> {
    let mut early: BTreeMap<usize, Vec<f32>> = BTreeMap::new();
    let mut next = 0;
    loop {
        let received = scores.recv_timeout(CANCEL_CHECK);
        if is_cancelled() {
            return Err(ModelError::Cancelled);
        }
        match received {
            Ok((index, result)) => drop(early.insert(index, result?)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
        while let Some(rows) = early.remove(&next) {
            take(&rows);
            next += 1;
        }
    }
}
