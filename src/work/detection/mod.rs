//! The inference thread: runs models over the recordings that are queued, and says how far it is.
//!
//! Recordings that one model runs over in the same way go through one run of [`Detector::run_many`], those that are queued meanwhile included, so
//! that the next are read while the network is at work; [`flow`] says when.

mod flow;
#[cfg(test)]
mod tests;

use super::thread::{guarded, spawn};
use super::{CancelToken, DetectionEnd, DetectionStart, RunId, Update, UpdateSender};
use crate::model::{Detector, DetectorOptions, ModelError, ModelFolder};
use crossbeam_channel::{Receiver, Sender, unbounded};
use flow::{Flow, Intake};
use std::path::PathBuf;

/// Recordings that are read at the same time, at most.
const MOST_READERS: usize = 4;

/// One recording to run a model over.
pub struct DetectionJob {
    /// The run's name.
    pub run: RunId,
    /// Where its sound is.
    pub path: PathBuf,
    /// How long it is, in seconds, as far as is known.
    pub expected_secs: Option<f64>,
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
        let mut first = None;
        while let Some(job) = first.take().or_else(|| jobs.recv().ok()) {
            match self.run_from(job, jobs) {
                Ok(next) => first = next,
                Err(WindowGone) => return,
            }
        }
    }

    /// Runs over the recording of `job` and those that are queued after it, as long as they go with it. Gives the first that does not.
    fn run_from(
        &mut self,
        job: DetectionJob,
        jobs: &Receiver<DetectionJob>,
    ) -> Result<Option<DetectionJob>, WindowGone> {
        if job.cancel.is_cancelled() {
            return self.tell(job.run, DetectionEnd::Cancelled);
        }
        let (run, name) = (job.run, job.model.manifest.name.clone());
        let loaded = guarded(|| self.detector_for(&job).map(drop));
        let reason = match loaded {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(reason) => Some(format!("{name} failed: {reason}")),
        };
        let (Some((_, _, detector)), None) = (&mut self.detector, &reason) else {
            self.detector = None;
            let is_cancelled = job.cancel.is_cancelled();
            let end = match reason {
                Some(reason) if !is_cancelled => DetectionEnd::Failed(reason),
                _ => DetectionEnd::Cancelled,
            };
            return self.tell(run, end);
        };
        let flow = Flow::new(job, jobs, &self.updates);
        let outcome = guarded(|| {
            let start = start_of(detector);
            let watch = detector.device_watch();
            let (device, runtime) = (detector.report().device.clone(), detector.report().runtime.clone());
            let mut intake = Intake { flow: &flow, start, device, runtime, watch, is_failure_told: false };
            detector.run_many(&mut flow.queue(), readers(), &|| flow.is_over(), &mut intake).map(drop)
        });
        let reason = match outcome {
            Ok(Ok(())) | Ok(Err(ModelError::Cancelled)) => "it came to no end".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(reason) => {
                // Nobody knows what the panic left behind.
                self.detector = None;
                format!("{name} failed: {reason}")
            }
        };
        flow.finish(&reason)
    }

    fn tell(&self, run: RunId, end: DetectionEnd) -> Result<Option<DetectionJob>, WindowGone> {
        if self.updates.send(Update::DetectionEnded { run, end }) { Ok(None) } else { Err(WindowGone) }
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

/// There is no window any more that wants to know.
struct WindowGone;

fn readers() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from).clamp(2, MOST_READERS)
}

/// What is told of each recording that the detector begins.
fn start_of(detector: &Detector) -> DetectionStart {
    let (folder, report) = (detector.folder(), detector.report());
    DetectionStart {
        model: folder.id.as_str().into(),
        version: folder.manifest.version.as_str().into(),
        ran_on: format!("{} · {}", report.device, report.runtime),
        truth: report.truth.as_ref().map(|truth| truth.text()),
        notes: report.notes.clone(),
        axis: detector.axis(),
        classes: detector.classes(),
        rule: detector.rule(),
    }
}
