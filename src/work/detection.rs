//! The inference thread: runs one model over one recording after the other, and says how far it is.

use super::thread::{guarded, spawn};
use super::{CancelToken, DetectionEnd, DetectionStart, RunId, Update, UpdateSender};
use crate::audio;
use crate::model::{Detector, DetectorOptions, ModelError, ModelFolder};
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::cell::Cell;
use std::path::PathBuf;
use std::time::Instant;

/// One recording to run a model over.
pub struct DetectionJob {
    /// The run's name.
    pub run: RunId,
    /// Where its sound is.
    pub path: PathBuf,
    /// Which model.
    pub model: ModelFolder,
    /// With which runtime, device, hop.
    pub options: DetectorOptions,
    /// Whether it is still wanted.
    pub cancel: CancelToken,
}

/// Hands jobs to the inference thread, which lives as long as this.
pub struct DetectionQueue {
    jobs: Sender<DetectionJob>,
}

impl DetectionQueue {
    /// Starts the thread; it sleeps until there is a job.
    pub fn start(updates: &UpdateSender) -> Self {
        // tidy: the window must never wait here; the list of recordings, each queued once, bounds it.
        let (jobs, waiting) = unbounded();
        let told = updates.clone();
        spawn("inference", updates, move || Inference { updates: told, detector: None }.serve(&waiting));
        Self { jobs }
    }

    /// Queues a job; `false` if the thread is gone.
    pub fn push(&self, job: DetectionJob) -> bool {
        self.jobs.send(job).is_ok()
    }
}

/// What the thread owns: the model that was loaded last, so that the next recording need not load it again.
struct Inference {
    updates: UpdateSender,
    detector: Option<(PathBuf, DetectorOptions, Detector)>,
}

impl Inference {
    fn serve(mut self, jobs: &Receiver<DetectionJob>) {
        for job in jobs {
            let end = if job.cancel.is_cancelled() { DetectionEnd::Cancelled } else { self.run(&job) };
            if !self.updates.send(Update::DetectionEnded { run: job.run, end }) {
                return;
            }
        }
    }

    fn run(&mut self, job: &DetectionJob) -> DetectionEnd {
        let outcome = guarded(|| self.try_run(job));
        if outcome.is_err() {
            // Nobody knows what the panic left behind.
            self.detector = None;
        }
        match outcome {
            _ if job.cancel.is_cancelled() => DetectionEnd::Cancelled,
            Ok(Ok(end)) => end,
            Ok(Err(error)) => DetectionEnd::Failed(error.to_string()),
            Err(reason) => DetectionEnd::Failed(format!("{} failed: {reason}", job.model.manifest.name)),
        }
    }

    fn try_run(&mut self, job: &DetectionJob) -> Result<DetectionEnd, ModelError> {
        let updates = self.updates.clone();
        let detector = self.detector_for(job)?;
        let source = audio::open(&job.path)?;
        let start = DetectionStart {
            model: job.model.id.as_str().into(),
            version: job.model.manifest.version.as_str().into(),
            ran_on: format!("{} · {}", detector.report().device, detector.report().runtime),
            truth: detector.report().truth.as_ref().map(|truth| truth.text()),
            notes: detector.report().notes.clone(),
            axis: detector.axis(),
            classes: detector.classes(),
            rule: detector.rule(),
        };
        // A window that is gone wants no scores.
        let is_heard = Cell::new(updates.send(Update::DetectionStarted { run: job.run, start: Box::new(start) }));
        let started = Instant::now();
        let is_unwanted = || job.cancel.is_cancelled() || !is_heard.get();
        let summary = detector.run(source, &is_unwanted, &mut |block| {
            is_heard.set(updates.send(Update::Scores {
                run: job.run,
                scores: block.scores.to_vec(),
                done_secs: block.done_secs,
                elapsed_secs: started.elapsed().as_secs_f64(),
            }));
        })?;
        Ok(DetectionEnd::Done {
            duration_secs: summary.duration_secs,
            elapsed_secs: started.elapsed().as_secs_f64(),
            warnings: summary.warnings,
        })
    }

    fn detector_for(&mut self, job: &DetectionJob) -> Result<&mut Detector, ModelError> {
        let fits =
            matches!(&self.detector, Some((path, options, _)) if *path == job.model.path && *options == job.options);
        if !fits {
            self.detector = None;
        }
        match &mut self.detector {
            Some((_, _, detector)) => Ok(detector),
            slot => {
                let detector = Detector::load(&job.model, &job.options)?;
                Ok(&mut slot.insert((job.model.path.clone(), job.options.clone(), detector)).2)
            }
        }
    }
}
