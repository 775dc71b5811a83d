//! The threads of a detection: some read recordings, some run the network, and the caller's own takes the scores, those of each recording in
//! order. While the network is at work on one recording the next ones are read ahead, so that it waits for none of them.
//!
//! *Invariant*: a batch holds clips of one recording only, so that its scores are those that the recording gets alone, to the last bit.
//!
//! *Invariant*: no more than [`Lanes::most_batches`] batches are between the thread that cut them and the caller, so that memory depends
//! neither on the number of recordings nor on their length. Dropping the caller's end stops all threads.

mod collecting;
mod reading;
mod scoring;

use super::ModelError;
use super::backend::Backend;
use super::framed_clips::Framing;
use super::manifest::{Activation, FrontEnd, Layout, OutputAxes, Padding};
use super::planner::Batch;
use crate::audio::{AudioError, SampleSource};
use crate::decision::FrameAxis;
use collecting::collect;
use crossbeam_channel::bounded;
use scoring::RunClock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{Builder, Scope, ScopedJoinHandle};

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
    /// Numbers of the embedding that goes with each row of scores; 0 where none is wanted.
    pub embedding_size: usize,
}

impl Plan {
    /// Numbers of a row on its way: its scores, and after them its embedding. Both are cut, joined and dropped alike.
    pub fn row_width(&self) -> usize {
        self.class_count + self.embedding_size
    }
}

/// How many threads do what beside those that run the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lanes {
    /// Recordings that are read at the same time, at least 1.
    pub readers: usize,
    /// Threads that make features of clips; 0 where those that run the network do it, as is best where both share the processors.
    pub feature_makers: usize,
}

impl Lanes {
    /// Batches that are under way at most: two for each network, so that one waits while one runs, and one for each thread before.
    fn most_batches(self, networks: usize) -> usize {
        2 * networks + self.readers + self.feature_makers
    }
}

/// A recording that waits for its turn.
pub struct QueuedRecording {
    /// Its place in the caller's list.
    pub number: usize,
    /// Opens it, on the thread that will read it.
    pub open: Box<dyn FnOnce() -> Result<Box<dyn SampleSource>, AudioError> + Send>,
}

/// What the reading thread saw.
pub(super) struct Heard {
    /// Length of the recording, in seconds.
    pub duration_secs: f64,
    /// What went wrong without ending the decoding.
    pub warnings: Vec<String>,
}

/// Takes what comes of recordings, on the caller's thread. Each recording begins once and ends once, unless the whole run is cancelled;
/// the calls about different recordings mix.
pub(super) trait Taker {
    /// A recording was opened, `duration_secs` long as far as is known.
    fn begun(&mut self, number: usize, duration_secs: f64);

    /// Its next rows, of [`Plan::row_width`] numbers each, of which the last `padding_rows` lie after its end. Returns whether more are wanted.
    fn take(&mut self, number: usize, rows: &[f32], padding_rows: usize) -> bool;

    /// It has ended; [`ModelError::Cancelled`] if no more scores were wanted.
    fn ended(&mut self, number: usize, outcome: Result<Heard, ModelError>);
}

/// A batch on its way.
struct Travelling {
    number: usize,
    /// Which batch of its recording.
    index: usize,
    batch: Batch,
    /// Whether the batch's input is what the network takes already.
    is_made: bool,
    /// Set once nobody wants the recording's scores.
    unwanted: Arc<AtomicBool>,
}

/// The rows of a batch, of [`Plan::row_width`] numbers each.
struct BatchScores {
    scores: Vec<f32>,
    onset_rows: Vec<usize>,
    padding_rows: usize,
}

/// What reaches the caller's thread. A recording's beginning comes before its scores; its end may overtake them.
enum Message {
    Begun { number: usize, duration_secs: f64, unwanted: Arc<AtomicBool> },
    Scored { number: usize, index: usize, result: Result<BatchScores, ModelError> },
    Ended { number: usize, batches: usize, outcome: Result<Heard, ModelError> },
}

/// Recordings in their order, handed to whichever thread asks.
type Queue<'a> = Mutex<&'a mut (dyn Iterator<Item = QueuedRecording> + Send)>;

/// What the network's threads did.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NetworkTime {
    /// Threads that called the network's runtime.
    pub threads: usize,
    /// Seconds inside the runtime's own call, all threads together.
    pub run_secs: f64,
    /// Calls.
    pub runs: u64,
}

/// Scores recordings as they come from `queue`. An error ends all; what goes wrong with one recording is told to `taker` and ends that one.
pub(super) fn run(
    plan: &Plan,
    backends: &mut [Box<dyn Backend>],
    lanes: Lanes,
    queue: &mut (dyn Iterator<Item = QueuedRecording> + Send),
    is_cancelled: &dyn Fn() -> bool,
    taker: &mut dyn Taker,
) -> Result<NetworkTime, ModelError> {
    let (stop, clock, queue) = (AtomicBool::new(false), RunClock::default(), Mutex::new(queue));
    let (stop, clock, queue): (&AtomicBool, &RunClock, &Queue<'_>) = (&stop, &clock, &queue);
    let most = lanes.most_batches(backends.len());
    let threads = backends.len();
    let collected = std::thread::scope(|scope| {
        let (permits, returned) = bounded::<()>(most);
        // Neither of these ever fills up: there are as many places as permits, and two more for each recording that is being read.
        let (cut_sender, cut) = bounded::<Travelling>(most);
        let (message_sender, messages) = bounded::<Message>(most + 2 * lanes.readers);
        let mut handles = Vec::new();
        for reader in 0..lanes.readers {
            let out = reading::Wires {
                permits: permits.clone(),
                batches: cut_sender.clone(),
                messages: message_sender.clone(),
            };
            let work = move || reading::read_all(plan, queue, &out, stop);
            handles.push(spawn(scope, &format!("features-{reader}"), work)?);
        }
        let mut ready = cut;
        if lanes.feature_makers > 0 {
            let (made_sender, made) = bounded::<Travelling>(most);
            for maker in 0..lanes.feature_makers {
                let (raw, made_sender) = (ready.clone(), made_sender.clone());
                let work = move || scoring::make_features(plan, &raw, &made_sender);
                handles.push(spawn(scope, &format!("clip-features-{maker}"), work)?);
            }
            ready = made;
        }
        for (index, backend) in backends.iter_mut().enumerate() {
            let (batches, messages) = (ready.clone(), message_sender.clone());
            let work = move || scoring::work(plan, backend.as_mut(), &batches, &messages, clock);
            handles.push(spawn(scope, &format!("inference-{index}"), work)?);
        }
        // Only the threads hold these ends now, so that each channel closes when its last sender or receiver is done.
        drop((permits, cut_sender, ready, message_sender));
        let collected = collect(plan, &messages, &returned, is_cancelled, taker);
        stop.store(true, Ordering::Relaxed);
        drop((messages, returned));
        for handle in handles {
            join(plan, handle)?;
        }
        collected
    });
    collected.map(|()| NetworkTime { threads, run_secs: clock.secs(), runs: clock.runs() })
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
    handle.join().map_err(|_| panicked(plan, &name))
}

/// What a panic of a thread becomes.
fn panicked(plan: &Plan, name: &str) -> ModelError {
    ModelError::Inference { model: plan.model.clone(), reason: format!("the {name} thread panicked") }
}

#[cfg(test)]
mod tests;
