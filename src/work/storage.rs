//! The storage thread: probes recordings, reads and writes projects and label files, in the order of the requests.
//!
//! It is never killed while it has something to write: dropping [`Storage`] waits until it is done.

use super::thread::{guarded, spawn};
use super::{Update, UpdateSender};
use crate::audio;
use crate::format::{self, StrongLabels};
use crate::project::{self, ProjectState};
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::path::PathBuf;
use std::thread::JoinHandle;

/// What the thread can be asked.
pub enum StorageRequest {
    /// What a recording holds.
    Probe(PathBuf),
    /// Read a project.
    LoadProject(PathBuf),
    /// Write a project.
    SaveProject {
        /// Where.
        path: PathBuf,
        /// The document's revision, to be told back.
        revision: u64,
        /// All of it.
        state: Box<ProjectState>,
    },
    /// Write labels.
    ExportLabels {
        /// Where.
        path: PathBuf,
        /// The labels.
        labels: StrongLabels,
    },
    /// Read labels.
    ImportLabels(PathBuf),
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
        let update =
            guarded(|| answer(request)).unwrap_or_else(|reason| Update::Failed { work: "storage".to_owned(), reason });
        updates.send(update);
    }
}

fn answer(request: StorageRequest) -> Update {
    match request {
        StorageRequest::Probe(path) => {
            let result = audio::open(&path).map(|source| source.spec().clone()).map_err(|error| error.to_string());
            Update::Probed { path, result }
        }
        StorageRequest::LoadProject(path) => {
            let result = project::load(&path).map(Box::new).map_err(|error| error.to_string());
            Update::ProjectLoaded { path, result }
        }
        StorageRequest::SaveProject { path, revision, state } => {
            let result = project::save(&path, &state).map_err(|error| error.to_string());
            Update::ProjectSaved { path, revision, result }
        }
        StorageRequest::ExportLabels { path, labels } => {
            let counts = (labels.rows.len(), labels.files.len());
            let result =
                format::write_file(format::ALL[0], &path, &labels).map(|_| counts).map_err(|error| error.to_string());
            Update::Exported { path, result }
        }
        StorageRequest::ImportLabels(path) => {
            let result = format::read_file(format::ALL[0], &path).map_err(|error| error.to_string());
            Update::Imported { path, result }
        }
    }
}
