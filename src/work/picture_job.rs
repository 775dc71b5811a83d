//! The thread that draws a picture on paper and writes it, one at a time; it ends with it.

use super::thread::{guarded, spawn};
use super::{CancelToken, Drawing, Update, UpdateSender, draw};
use crate::project::write_atomically;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// What to draw, and where to.
pub struct PictureJob {
    /// The file to write.
    pub path: PathBuf,
    /// What is drawn.
    pub drawing: Drawing,
    /// Whether it is still wanted.
    pub cancel: CancelToken,
}

/// Starts drawing; progress and end come as updates. `false` if no thread could be had, which is told.
pub fn save_picture(job: PictureJob, updates: &UpdateSender) -> bool {
    let told = updates.clone();
    let thread = spawn("saving picture", updates, move || {
        let (path, cancel) = (job.path.clone(), job.cancel.clone());
        let result = match guarded(|| run(job, &told)) {
            _ if cancel.is_cancelled() => None,
            Ok(result) => Some(result),
            Err(reason) => Some(Err(format!("{}: the picture cannot be drawn: {reason}", path.display()))),
        };
        told.send(Update::PictureSaved { path, result });
    });
    thread.is_some()
}

fn run(job: PictureJob, updates: &UpdateSender) -> Result<Vec<String>, String> {
    let last = Mutex::new(Instant::now());
    let tell = |part: f64| {
        // Who finds it taken leaves telling to the other.
        let Ok(mut last) = last.try_lock() else { return };
        if last.elapsed() >= TELL_EVERY {
            *last = Instant::now();
            updates.send(Update::PictureProgress(part));
        }
    };
    let path = job.path;
    let drawn = draw(job.drawing, &job.cancel, &tell).map_err(|error| format!("{}: {error}", path.display()))?;
    if job.cancel.is_cancelled() {
        return Ok(Vec::new());
    }
    write_atomically(&path, &drawn.bytes)
        .map_err(|reason| format!("{}: cannot be written: {reason}. Choose another folder or name", path.display()))?;
    let mut notes = drawn.warnings;
    if drawn.events_left_out > 0 {
        notes.push(format!("{} events have no room on the page; show less time", drawn.events_left_out));
    }
    Ok(notes)
}
