//! The thread that measures models, one measurement at a time; it ends with it.

use super::thread::{guarded, spawn};
use super::{CancelToken, Update, UpdateSender};
use crate::model::ModelError;
use crate::model::bench::{self, Settings, Subject};

/// Networks that take turns with each other: more would take much memory.
const TOGETHER: usize = 6;

/// What to measure.
pub struct MeasuringJob {
    /// Networks of the EfficientSED family by name, with random weights.
    pub networks: Vec<String>,
    /// How.
    pub settings: Settings,
    /// Whether it is still wanted.
    pub cancel: CancelToken,
}

/// Starts measuring; progress and end come as updates. `false` if no thread could be had, which is told.
pub fn measure(job: MeasuringJob, updates: &UpdateSender) -> bool {
    let told = updates.clone();
    let thread = spawn("measuring", updates, move || {
        let end = match guarded(|| run(&job, &told)) {
            _ if job.cancel.is_cancelled() => None,
            Ok(result) => Some(result),
            Err(reason) => Some(Err(format!("Measuring failed: {reason}"))),
        };
        told.send(Update::MeasuringEnded(end));
    });
    thread.is_some()
}

fn run(job: &MeasuringJob, updates: &UpdateSender) -> Result<Vec<bench::Measured>, String> {
    let mut measured = Vec::new();
    for (turn, names) in job.networks.chunks(TOGETHER).enumerate() {
        let tell = |name: &str, part: f64| {
            let done = (turn * TOGETHER) as f64 + part * names.len() as f64;
            let part = done / job.networks.len() as f64;
            updates.send(Update::MeasuringProgress(bench::Progress { name: name.to_owned(), part }));
        };
        let mut subjects = Vec::new();
        for name in names {
            if job.cancel.is_cancelled() {
                return Ok(measured);
            }
            tell(name, 0.1 * subjects.len() as f64 / names.len() as f64);
            subjects.push(Subject::untrained(name).map_err(|error| error.to_string())?);
        }
        let is_cancelled = || job.cancel.is_cancelled();
        let told = &mut |progress: &bench::Progress| tell(&progress.name, 0.1 + 0.9 * progress.part);
        match bench::measure(&subjects, &job.settings, &is_cancelled, told) {
            Err(ModelError::Cancelled) => return Ok(measured),
            result => measured.extend(result.map_err(|error| error.to_string())?),
        }
    }
    Ok(measured)
}
