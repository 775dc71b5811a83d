//! The thread that evaluates a snapshot of a project, one at a time: estimated events against reference events, frame scores over all
//! thresholds, and what is best for each class.
//!
//! Must not know the window: what is compared was gathered before, and what comes of it is a value.

mod estimate;
mod found_error;
mod frame_measures;
mod job;
mod label_columns;
mod label_map;
mod measures;
mod report;
mod score_folder;
mod sections;
mod settings;
mod tuning;

pub use found_error::{ConfusedPair, ErrorKind, ErrorList, EstimatedName, FoundError};
pub use job::{EstimateSource, EvaluatedRecording, EvaluationJob, KnownEvent};
pub use report::{ClassCurves, ClassRow, Column, EvaluationReport, Missing, NoScores, Summary, Value};
pub use settings::{EvaluationSettings, GoalKind, WhichRecordings};
pub use tuning::{BestFound, BestOfClass, BestWay, Tuned, Tuning};

use super::thread::{guarded, spawn};
use super::{CancelToken, Update, UpdateSender};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Why work came to no end.
#[derive(Debug)]
enum Stopped {
    /// It is no longer wanted.
    Cancelled,
    /// What is wrong, and what to do.
    Failed(String),
}

/// Says how far work is, and whether it is still wanted.
struct Progress<'a> {
    cancel: &'a CancelToken,
    tell: &'a (dyn Fn(f64) + Sync),
}

impl Progress<'_> {
    /// So much is done, 0 to 1.
    fn reach(&self, part: f64) -> Result<(), Stopped> {
        if self.cancel.is_cancelled() {
            return Err(Stopped::Cancelled);
        }
        (self.tell)(part);
        Ok(())
    }

    /// The same for work that is the part `from..to` of all.
    fn within<'b>(&'b self, told: &'b (dyn Fn(f64) + Sync)) -> Progress<'b> {
        Progress { cancel: self.cancel, tell: told }
    }
}

/// Starts to evaluate; progress and result come as updates with the job's number. One that is cancelled says no more. `false` if no thread
/// could be had, which is told.
pub fn evaluate(job: EvaluationJob, updates: &UpdateSender) -> bool {
    with_thread(
        job,
        updates,
        |job, progress| {
            let began = Instant::now();
            score_folder::load(job, progress)?;
            let mut report = measures::report(job, progress)?;
            report.elapsed_secs = began.elapsed().as_secs_f64();
            Ok(Box::new(report))
        },
        |number, result| Update::Evaluated { number, result },
    )
}

/// Starts to look for what is best for each class; the same otherwise.
pub fn tune(job: EvaluationJob, tuning: Tuning, updates: &UpdateSender) -> bool {
    with_thread(
        job,
        updates,
        move |job, progress| tuning::tuned(job, tuning, progress).map(Box::new),
        |number, result| Update::Tuned { number, result },
    )
}

fn with_thread<T: Send + 'static>(
    mut job: EvaluationJob,
    updates: &UpdateSender,
    work: impl FnOnce(&mut EvaluationJob, &Progress<'_>) -> Result<T, Stopped> + Send + 'static,
    update: impl FnOnce(u64, Result<T, String>) -> Update + Send + 'static,
) -> bool {
    let told = updates.clone();
    let (number, cancel) = (job.number, job.cancel.clone());
    let thread = spawn("evaluation", updates, move || {
        // A hundred steps are enough for a bar.
        let told_percent = AtomicU64::new(0);
        let tell = |part: f64| {
            let percent = (100.0 * part) as u64;
            if told_percent.fetch_max(percent, Ordering::Relaxed) < percent {
                told.send(Update::EvaluationProgress { number, part });
            }
        };
        let progress = Progress { cancel: &cancel, tell: &tell };
        let result = match guarded(|| work(&mut job, &progress)) {
            Ok(Err(Stopped::Cancelled)) => return,
            Ok(Err(Stopped::Failed(reason))) | Err(reason) => Err(reason),
            Ok(Ok(result)) => Ok(result),
        };
        if !cancel.is_cancelled() {
            told.send(update(number, result));
        }
    });
    thread.is_some()
}
