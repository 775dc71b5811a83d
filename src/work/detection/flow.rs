//! Which recordings a run takes next and when, and what is told of each. Runs no network.
//!
//! *Invariant*: a recording is begun only once those before it are nearly done, so that they are scored in the order in which they were queued, and
//! the network waits for none of them.
//!
//! *Invariant*: of each job that was taken its end is told, whatever becomes of the run; or the job is handed back.

use super::{DetectionJob, WindowGone};
use crate::audio;
use crate::model::{DetectorOptions, DeviceWatch, ModelError, QueuedRecording, RunSummary, ScoreBlock, ScoreTaker};
use crate::work::{DetectionEnd, DetectionStart, RunId, Update, UpdateSender};
use crossbeam_channel::{Receiver, TryRecvError};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Sound that is under way before another recording is begun, in seconds: what a fast network needs while the next one is opened.
const AHEAD_SECS: f64 = 60.0;
/// How often it is looked whether another recording can be begun.
const GLANCE: Duration = Duration::from_millis(4);
/// If the thread that takes scores was not heard of for so long, no other recording is begun.
const SILENCE: Duration = Duration::from_secs(10);

/// A run over recordings that come one after the other.
pub(super) struct Flow<'a> {
    jobs: &'a Receiver<DetectionJob>,
    updates: &'a UpdateSender,
    /// What the run's detector does.
    does: (PathBuf, DetectorOptions),
    state: Mutex<State>,
}

struct State {
    /// The job that the run was begun for, until it is taken.
    first: Option<DetectionJob>,
    /// Jobs that were taken and have not ended, by their numbers.
    under_way: BTreeMap<usize, UnderWay>,
    next_number: usize,
    /// A job that another detector must do.
    other: Option<DetectionJob>,
    /// No further job is taken.
    is_ending: bool,
    /// Nobody wants to know any more.
    is_window_gone: bool,
    /// When the thread that takes scores was heard of last.
    heard: Instant,
}

/// A recording that was begun, or is about to be.
struct UnderWay {
    job: DetectionJob,
    began: Option<Instant>,
    duration_secs: Option<f64>,
    done_secs: f64,
    /// On what it began to run, in words.
    ran_on: String,
}

impl UnderWay {
    /// How much of it is left, in seconds; as much as may be under way where that is not known.
    fn left_secs(&self) -> f64 {
        self.duration_secs.or(self.job.expected_secs).map_or(AHEAD_SECS, |secs| (secs - self.done_secs).max(0.0))
    }
}

impl<'a> Flow<'a> {
    pub fn new(first: DetectionJob, jobs: &'a Receiver<DetectionJob>, updates: &'a UpdateSender) -> Self {
        let does = (first.model.path.clone(), first.options.clone());
        let state = State {
            first: Some(first),
            under_way: BTreeMap::new(),
            next_number: 0,
            other: None,
            is_ending: false,
            is_window_gone: false,
            heard: Instant::now(),
        };
        Self { jobs, updates, does, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The recordings of the run, each as soon as its turn has come. Waits for that; ends once nothing is under way and nothing is queued.
    pub fn queue(&self) -> impl Iterator<Item = QueuedRecording> + Send {
        std::iter::from_fn(move || self.next())
    }

    fn next(&self) -> Option<QueuedRecording> {
        loop {
            let cancelled = match self.take_turn() {
                Turn::Of(recording) => return Some(recording),
                Turn::Nobodys => return None,
                Turn::Cancelled(run) => run,
                Turn::Later => {
                    std::thread::sleep(GLANCE);
                    continue;
                }
            };
            self.send(Update::DetectionEnded { run: cancelled, end: DetectionEnd::Cancelled });
        }
    }

    fn take_turn(&self) -> Turn {
        let mut state = self.state();
        if state.is_ending || state.other.is_some() || state.heard.elapsed() > SILENCE {
            return Turn::Nobodys;
        }
        let left_secs: f64 = state.under_way.values().map(UnderWay::left_secs).sum();
        if left_secs >= AHEAD_SECS {
            return Turn::Later;
        }
        let job = match state.first.take().map_or_else(|| self.jobs.try_recv(), Ok) {
            Ok(job) => job,
            // Whoever queues jobs may do so when one ends.
            Err(TryRecvError::Empty) if !state.under_way.is_empty() => return Turn::Later,
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => return Turn::Nobodys,
        };
        if job.cancel.is_cancelled() {
            return Turn::Cancelled(job.run);
        }
        if (&job.model.path, &job.options) != (&self.does.0, &self.does.1) {
            state.other = Some(job);
            return Turn::Nobodys;
        }
        let number = state.next_number;
        state.next_number += 1;
        let path = job.path.clone();
        state
            .under_way
            .insert(number, UnderWay { job, began: None, duration_secs: None, done_secs: 0.0, ran_on: String::new() });
        Turn::Of(QueuedRecording { number, open: Box::new(move || audio::open(&path)) })
    }

    fn send(&self, update: Update) -> bool {
        let is_heard = self.updates.send(update);
        if !is_heard {
            self.state().is_window_gone = true;
        }
        is_heard
    }

    /// Whether the run is to be stopped: the window is gone, or all that is under way was cancelled. Asked on the thread that takes scores.
    pub fn is_over(&self) -> bool {
        let mut state = self.state();
        state.heard = Instant::now();
        let mut under_way = state.under_way.values();
        let is_unwanted = !state.under_way.is_empty() && under_way.all(|recording| recording.job.cancel.is_cancelled());
        // From here on no job is taken that would end with the others.
        state.is_ending |= is_unwanted || state.is_window_gone;
        is_unwanted || state.is_window_gone
    }

    /// Tells the ends that were not told, for this reason where they are not cancelled, and hands back the job that comes next.
    pub fn finish(self, reason: &str) -> Result<Option<DetectionJob>, WindowGone> {
        let Self { updates, state, .. } = self;
        let mut state = state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let left = std::mem::take(&mut state.under_way).into_values().map(|recording| recording.job);
        for job in left.chain(state.first.take()) {
            let end = match job.cancel.is_cancelled() {
                true => DetectionEnd::Cancelled,
                false => DetectionEnd::Failed(reason.to_owned()),
            };
            state.is_window_gone |= !updates.send(Update::DetectionEnded { run: job.run, end });
        }
        if state.is_window_gone { Err(WindowGone) } else { Ok(state.other) }
    }
}

/// Whose turn it is.
enum Turn {
    Of(QueuedRecording),
    Cancelled(RunId),
    /// Not yet to be said.
    Later,
    /// The run takes no more.
    Nobodys,
}

/// Takes what comes of the recordings of a run, and tells the window.
pub(super) struct Intake<'a> {
    pub flow: &'a Flow<'a>,
    /// What is told of each recording that begins.
    pub start: DetectionStart,
    /// The device and the runtime, in words.
    pub device: String,
    pub runtime: String,
    pub watch: DeviceWatch,
    /// Whether it was told that the device has failed.
    pub is_failure_told: bool,
}

impl Intake<'_> {
    /// What runs the model once its device was given up.
    fn on_cpu(&self) -> String {
        format!("CPU · {}", self.runtime)
    }
}

impl ScoreTaker for Intake<'_> {
    fn begun(&mut self, number: usize, duration_secs: f64) {
        let mut start = self.start.clone();
        if self.watch.failure().is_some() {
            (start.ran_on, start.truth) = (self.on_cpu(), None);
        }
        let run = {
            let mut state = self.flow.state();
            let Some(recording) = state.under_way.get_mut(&number) else { return };
            recording.ran_on.clone_from(&start.ran_on);
            recording.began = Some(Instant::now());
            recording.duration_secs = Some(duration_secs);
            recording.job.run
        };
        self.flow.send(Update::DetectionStarted { run, start: Box::new(start) });
    }

    fn scores(&mut self, number: usize, block: ScoreBlock<'_>) -> bool {
        let (run, elapsed_secs) = {
            let mut state = self.flow.state();
            let Some(recording) = state.under_way.get_mut(&number) else { return false };
            if recording.job.cancel.is_cancelled() {
                return false;
            }
            recording.done_secs = block.done_secs;
            recording.duration_secs = Some(block.duration_secs);
            (recording.job.run, elapsed_secs(recording))
        };
        let scores = block.scores.to_vec();
        self.flow.send(Update::Scores { run, scores, done_secs: block.done_secs, elapsed_secs })
    }

    fn ended(&mut self, number: usize, outcome: Result<RunSummary, ModelError>) {
        let Some(recording) = self.flow.state().under_way.remove(&number) else { return };
        let end = match outcome {
            _ if recording.job.cancel.is_cancelled() => DetectionEnd::Cancelled,
            Ok(summary) => {
                let mut warnings = summary.warnings;
                // What became of the device in the meantime is told once.
                let failure = self.watch.failure();
                let has_changed = failure.is_some() && recording.ran_on != self.on_cpu();
                let ran_on = has_changed.then(|| format!("{}, then {}", self.device, self.on_cpu()));
                warnings.extend(failure.filter(|_| !std::mem::replace(&mut self.is_failure_told, true)));
                let (duration_secs, elapsed_secs) = (summary.duration_secs, elapsed_secs(&recording));
                DetectionEnd::Done { duration_secs, elapsed_secs, warnings, ran_on }
            }
            Err(error) => DetectionEnd::Failed(error.to_string()),
        };
        self.flow.send(Update::DetectionEnded { run: recording.job.run, end });
    }
}

fn elapsed_secs(recording: &UnderWay) -> f64 {
    recording.began.map_or(0.0, |began| began.elapsed().as_secs_f64())
}
