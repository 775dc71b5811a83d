//! The keeping thread: what is to be kept of projects is written in the order of the requests, and waits behind nothing else.
//!
//! It is never killed while it has something to write: dropping [`KeepingQueue`] waits until it is done.

use super::keeper::{Keeper, ProjectId, ProjectNews, ProjectRequest};
use super::thread::{guarded, spawn};
use super::{Update, UpdateSender};
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::thread::JoinHandle;

/// Hands requests to the keeping thread.
pub struct KeepingQueue {
    requests: Option<Sender<(ProjectId, ProjectRequest)>>,
    thread: Option<JoinHandle<()>>,
}

impl KeepingQueue {
    /// Starts the thread; it sleeps until it is asked.
    pub fn start(updates: &UpdateSender) -> Self {
        // tidy: the window must never wait for a disk; it sends the changes of a frame at most once they are made, and a person makes few.
        let (requests, waiting) = unbounded();
        let told = updates.clone();
        let thread = spawn("keeping", updates, move || serve(&waiting, &told));
        Self { requests: Some(requests), thread }
    }

    /// Queues a request; `false` if the thread is gone.
    pub fn ask(&self, project: ProjectId, request: ProjectRequest) -> bool {
        self.requests.as_ref().is_some_and(|requests| requests.send((project, request)).is_ok())
    }
}

impl Drop for KeepingQueue {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            // A panic there has been told already.
            let _ = thread.join();
        }
    }
}

fn serve(requests: &Receiver<(ProjectId, ProjectRequest)>, updates: &UpdateSender) {
    let mut keeper = Keeper::default();
    for (project, request) in requests {
        // A window that is gone does not stop what is still to be written.
        let answers = guarded(|| [keeper.answer(project, request), keeper.warnings(project)]);
        let answers = answers.unwrap_or_else(|reason| {
            updates.send(Update::Failed { work: "keeping".to_owned(), reason: reason.clone() });
            // Whoever waits for an answer must not do so for ever. What was to be kept is tried again.
            [Some(ProjectNews::Appended(Err(reason))), None]
        });
        for news in answers.into_iter().flatten() {
            updates.send(Update::Project(project, news));
        }
    }
}
