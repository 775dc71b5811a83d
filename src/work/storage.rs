//! The storage thread: lists folders, reads and writes label files and settings, in the order of the requests.
//!
//! It is never killed while it has something to write: dropping [`Storage`] waits until it is done.

use super::label_files::{self, LabelFileTask};
use super::label_sets::{self, LabelSetTask};
use super::thread::{guarded, spawn};
use super::{ChartForm, ProjectId, Update, UpdateSender, folders};
use crate::picture_cache::PictureCache;
use crate::plot::{Chart, png, svg};
use crate::project;
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

/// What the thread can be asked.
pub enum StorageRequest {
    /// Which files are meant by these paths: a folder stands for the recordings in it.
    Expand {
        /// The paths.
        paths: Vec<PathBuf>,
        /// For which project.
        project: ProjectId,
    },
    /// Something about label files.
    LabelFiles(Box<LabelFileTask>),
    /// Write a chart.
    ExportChart {
        /// Where.
        path: PathBuf,
        /// The chart.
        chart: Box<Chart>,
        /// As what.
        form: ChartForm,
    },
    /// Write keys.
    WriteKeys {
        /// Where.
        path: PathBuf,
        /// All of them.
        text: String,
    },
    /// Read keys.
    ReadKeys(PathBuf),
    /// Something about a set of labels.
    LabelSet(Box<LabelSetTask>),
    /// Delete all kept pictures.
    ClearPictures(PictureCache),
    /// Delete kept pictures beyond the bound.
    TrimPictures(PictureCache),
    /// Keep the user's settings.
    KeepSettings {
        /// Where.
        path: PathBuf,
        /// All of them.
        text: String,
    },
}

/// Hands requests to the storage thread.
pub struct Storage {
    requests: Option<Sender<StorageRequest>>,
    thread: Option<JoinHandle<()>>,
}

impl Storage {
    /// Starts the thread; it sleeps until it is asked.
    pub fn start(updates: &UpdateSender) -> Self {
        // tidy: the window must never wait for a disk; a person's requests are few.
        let (requests, waiting) = unbounded();
        let told = updates.clone();
        let thread = spawn("storage", updates, move || serve(&waiting, &told));
        Self { requests: Some(requests), thread }
    }

    /// Queues a request; `false` if the thread is gone.
    pub fn ask(&self, request: StorageRequest) -> bool {
        self.requests.as_ref().is_some_and(|requests| requests.send(request).is_ok())
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            // A panic there has been told already.
            let _ = thread.join();
        }
    }
}

fn serve(requests: &Receiver<StorageRequest>, updates: &UpdateSender) {
    for request in requests {
        // A window that is gone does not stop what is still to be written.
        let update = guarded(|| answer(request, updates));
        let failed = |reason| Some(Update::Failed { work: "storage".to_owned(), reason });
        if let Some(update) = update.unwrap_or_else(failed) {
            updates.send(update);
        }
    }
}

fn answer(request: StorageRequest, updates: &UpdateSender) -> Option<Update> {
    let update = match request {
        StorageRequest::KeepSettings { path, text } => return keep_settings(&path, &text),
        StorageRequest::TrimPictures(cache) => {
            cache.trim();
            return None;
        }
        StorageRequest::Expand { paths, project } => {
            folders::expand(project, paths, &mut |update| updates.send(update));
            return None;
        }
        StorageRequest::ClearPictures(cache) => {
            Update::PicturesCleared { result: cache.clear().map_err(|error| error.to_string()) }
        }
        StorageRequest::LabelFiles(task) => Update::LabelFiles(label_files::carry_out(*task)),
        StorageRequest::WriteKeys { path, text } => {
            let written = project::write_atomically(&path, text.as_bytes());
            let result = written.map_err(|error| format!("{}: the keys cannot be written: {error}", path.display()));
            Update::KeysWritten { path, result }
        }
        StorageRequest::ReadKeys(path) => {
            let result = read_short_text(&path).map_err(|reason| format!("{}: {reason}", path.display()));
            Update::KeysRead { path, result }
        }
        StorageRequest::ExportChart { path, chart, form } => {
            let result = write_chart(&path, &chart, form);
            Update::ChartExported { path, result }
        }
        StorageRequest::LabelSet(task) => Update::LabelSet(label_sets::carry_out(*task)),
    };
    Some(update)
}

/// Size of a chart's page in points, and pixels a point.
const PAGE: (f64, f64) = (1000.0, 640.0);
const PIXELS_A_POINT: f32 = 2.0;

fn write_chart(path: &Path, chart: &Chart, form: ChartForm) -> Result<(), String> {
    let drawn = || svg::write(chart, PAGE.0, PAGE.1);
    let bytes = match form {
        ChartForm::Svg => Ok(drawn().into_bytes()),
        ChartForm::Png => png::render(&drawn(), PIXELS_A_POINT),
        ChartForm::Csv => Ok(chart.to_csv().into_bytes()),
    };
    let written = bytes.and_then(|bytes| project::write_atomically(path, &bytes).map_err(|error| error.to_string()));
    written.map_err(|reason| format!("{}: the chart cannot be written: {reason}", path.display()))
}

/// A file of keys has some kilobytes; more is something else.
const MOST_KEY_BYTES: u64 = 1 << 20;

fn read_short_text(path: &Path) -> Result<String, String> {
    let words = |error: std::io::Error| format!("the keys cannot be read: {error}");
    if std::fs::metadata(path).map_err(words)?.len() > MOST_KEY_BYTES {
        return Err("this is no file of keys: it is too large".to_owned());
    }
    std::fs::read_to_string(path).map_err(words)
}

fn keep_settings(path: &Path, text: &str) -> Option<Update> {
    let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    let reason = folder.and_then(|()| project::write_atomically(path, text.as_bytes())).err()?;
    Some(Update::SettingsNotKept { reason: format!("{}: settings cannot be written: {reason}", path.display()) })
}
