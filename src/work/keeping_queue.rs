//! The keeping thread: what is to be kept of projects is written in the order of the requests, but changes that wait already are written
//! before anything that may take long. Changes that come while something long is under way wait until it is done.
//!
//! It is not killed while it has something to write: dropping [`KeepingQueue`] waits until it is done, unless the user has given it up
//! ([`KeepingQueue::abandon`]).

use super::keeper::{Keeper, ProjectId, ProjectNews, ProjectRequest};
use super::thread::{guarded, spawn};
use super::{Update, UpdateSender};
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::collections::{BTreeSet, VecDeque};
use std::thread::JoinHandle;

/// Hands requests to the keeping thread.
pub struct KeepingQueue {
    requests: Option<Sender<(ProjectId, ProjectRequest)>>,
    /// None too if it was given up.
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

    /// Gives up what is not written yet: the user would rather lose it than wait for a disk that does not answer.
    pub fn abandon(&mut self) {
        self.thread = None;
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

type Asked = (ProjectId, ProjectRequest);

/// What is done next; none when all is done and nobody can ask any more.
fn next(requests: &Receiver<Asked>, waiting: &mut VecDeque<Asked>) -> Option<Asked> {
    if waiting.is_empty() {
        waiting.push_back(requests.recv().ok()?);
    }
    waiting.extend(requests.try_iter());
    let place = if waiting.front().is_some_and(|(_, request)| request.is_long()) { first_changes(waiting) } else { 0 };
    waiting.remove(place)
}

/// The place of the first changes that may be written at once; 0 without any.
fn first_changes(waiting: &VecDeque<Asked>) -> usize {
    let mut held = BTreeSet::new();
    let found = waiting.iter().position(|(project, request)| {
        let is_free = matches!(request, ProjectRequest::Append(_)) && !held.contains(project);
        if !is_free && !request.lets_changes_pass() {
            held.insert(*project);
        }
        is_free
    });
    found.unwrap_or(0)
}

fn serve(requests: &Receiver<(ProjectId, ProjectRequest)>, updates: &UpdateSender) {
    let mut keeper = Keeper::default();
    let mut waiting = VecDeque::new();
    while let Some((project, request)) = next(requests, &mut waiting) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn changes_are_written_before_what_takes_long_but_never_into_another_file() {
        let (sender, requests) = unbounded();
        let (one, other) = (ProjectId(1), ProjectId(2));
        let path = || PathBuf::from("a.earmark");
        let append = || ProjectRequest::Append(Vec::new());
        let copy = || ProjectRequest::CopyTo { path: path(), opens: false };
        let asked = [
            (one, copy()),
            (other, ProjectRequest::MoveTo { path: path(), leave_nothing: false }),
            (other, append()),
            (one, ProjectRequest::KeepView(serde_json::Value::Null)),
            (one, append()),
            (one, ProjectRequest::Close { discard: false }),
        ];
        asked.into_iter().for_each(|asked| sender.send(asked).unwrap());
        drop(sender);
        let mut waiting = VecDeque::new();
        let order: Vec<String> = std::iter::from_fn(|| next(&requests, &mut waiting))
            .map(|(project, request)| {
                let text = format!("{request:?}");
                format!("{} {}", project.0, text.split([' ', '(']).next().unwrap())
            })
            .collect();
        assert_eq!(order, ["1 Append", "1 CopyTo", "2 MoveTo", "2 Append", "1 KeepView", "1 Close"]);
    }
}
