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
            Ok(Ok(notes)) => notes.map(Ok),
            Ok(Err(_)) | Err(_) if cancel.is_cancelled() => None,
            Ok(Err(reason)) => Some(Err(reason)),
            Err(reason) => Some(Err(format!("{}: the picture cannot be drawn: {reason}", path.display()))),
        };
        told.send(Update::PictureSaved { path, result });
    });
    thread.is_some()
}

/// What should be known of the picture; nothing if it was stopped before it was written. Later, it is too late to stop it.
fn run(job: PictureJob, updates: &UpdateSender) -> Result<Option<Vec<String>>, String> {
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
        return Ok(None);
    }
    write_atomically(&path, &drawn.bytes)
        .map_err(|reason| format!("{}: cannot be written: {reason}. Choose another folder or name", path.display()))?;
    let mut notes = drawn.warnings;
    if drawn.events_left_out > 0 {
        notes.push(format!("{} events have no room on the page; show less time", drawn.events_left_out));
    }
    Ok(Some(notes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio;
    use crate::plot::page::{Page, TimeUnit};
    use crate::spectrogram::{Channel, FrequencyScale, FrequencyView, PictureSettings};
    use crate::work::{DrawingForm, update_channel};
    use std::path::Path;
    use std::sync::Arc;

    /// What is told of a picture of ten seconds into `folder`; with `stop`, it is stopped as soon as the recording is opened.
    fn told(folder: &Path, stop: bool) -> Option<Result<Vec<String>, String>> {
        let (updates, received) = update_channel(Arc::new(|| {}));
        let cancel = CancelToken::default();
        let stopped = cancel.clone();
        let recording = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/model/bell_10s_16k.wav");
        let page = Page {
            size: (400.0, 300.0),
            title: String::new(),
            description: String::new(),
            start_secs: 0.0,
            end_secs: 10.0,
            time: TimeUnit::Seconds,
            frequency: FrequencyView { low_hz: 0.0, high_hz: 8000.0, scale: FrequencyScale::Linear },
            panels: vec![String::new()],
            map: 0,
            levels: (0.0, 1.0),
            level_title: String::new(),
            events: Vec::new(),
            dark: false,
        };
        let drawing = Drawing {
            source: Arc::new(move || {
                if stop {
                    stopped.cancel();
                }
                audio::open(&recording)
            }),
            page,
            channels: vec![Channel::Mix],
            settings: PictureSettings::default(),
            any_overlap: true,
            model: None,
            colors: (None, None),
            gamma: 1.0,
            normalise: false,
            form: DrawingForm::Png(1.0),
            to_the_end: false,
        };
        assert!(save_picture(PictureJob { path: folder.join("a.png"), drawing, cancel: cancel.clone() }, &updates));
        loop {
            if let Update::PictureSaved { path, result } = received.recv().unwrap() {
                assert_eq!(path, folder.join("a.png"));
                return result;
            }
        }
    }

    #[test]
    fn a_picture_that_is_stopped_is_told_so_and_not_written() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(told(folder.path(), true), None);
        assert!(!folder.path().join("a.png").exists());
        assert_eq!(told(folder.path(), false), Some(Ok(Vec::new())));
        assert!(folder.path().join("a.png").exists());
    }
}
