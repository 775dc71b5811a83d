//! What the tile threads have to do: the window replaces the list, a thread takes its first job.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::work::CancelToken;

/// One piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Job {
    /// Compute a tile of each plane.
    Tiles { level: u8, index: u64 },
    /// Read the peaks of blocks of `block` samples in detail.
    Wave { first_sample: u64, block: u64, blocks: usize },
}

#[derive(Default)]
struct State {
    wanted: VecDeque<Job>,
    running: Vec<(Job, CancelToken)>,
    is_closed: bool,
}

/// The list of jobs, most urgent first, shared by the window and the threads.
#[derive(Default)]
pub(super) struct JobQueue {
    state: Mutex<State>,
    ready: Condvar,
    idle: Condvar,
}

impl JobQueue {
    /// Makes `jobs` the list. Jobs of an earlier list that are not in it are dropped, and cancelled if a thread is at them.
    pub(super) fn replace(&self, jobs: &[Job]) {
        let mut state = self.state();
        for (job, cancel) in &state.running {
            if !jobs.contains(job) {
                cancel.cancel();
            }
        }
        let is_running = |job: &Job| state.running.iter().any(|(other, cancel)| other == job && !cancel.is_cancelled());
        let wanted = jobs.iter().filter(|job| !is_running(job)).copied().collect();
        state.wanted = wanted;
        drop(state);
        self.ready.notify_all();
    }

    /// Waits for a job; `None` when the queue was closed.
    pub(super) fn take(&self) -> Option<(Job, CancelToken)> {
        let mut state = self.state();
        loop {
            if state.is_closed {
                return None;
            }
            if let Some(job) = state.wanted.pop_front() {
                let cancel = CancelToken::default();
                state.running.push((job, cancel.clone()));
                return Some((job, cancel));
            }
            state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Says that a job taken is done, failed or given up.
    pub(super) fn done(&self, job: Job) {
        let mut state = self.state();
        if let Some(place) = state.running.iter().position(|(other, _)| *other == job) {
            state.running.remove(place);
        }
        if state.wanted.is_empty() && state.running.is_empty() {
            self.idle.notify_all();
        }
    }

    /// Waits until nothing is wanted, but no longer than `longest`.
    pub(super) fn wait_until_idle(&self, longest: Duration) {
        let is_busy = |state: &mut State| !(state.is_closed || state.wanted.is_empty() && state.running.is_empty());
        drop(self.idle.wait_timeout_while(self.state(), longest, is_busy));
    }

    /// Ends all threads: none gets another job, and running ones are cancelled.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        state.wanted.clear();
        state.running.iter().for_each(|(_, cancel)| cancel.cancel());
        drop(state);
        self.ready.notify_all();
        self.idle.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the list whole: every change to it is one assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(first_sample: u64) -> Job {
        Job::Wave { first_sample, block: 1, blocks: 1 }
    }

    #[test]
    fn a_new_list_drops_and_cancels_what_is_no_longer_wanted() {
        let queue = JobQueue::default();
        queue.replace(&[job(1), job(2), job(3)]);
        let (first, first_cancel) = queue.take().expect("a job");
        let (second, second_cancel) = queue.take().expect("a job");
        assert_eq!((first, second), (job(1), job(2)));
        queue.replace(&[job(4), job(2)]);
        assert!(first_cancel.is_cancelled() && !second_cancel.is_cancelled());
        assert_eq!(queue.take().map(|(job, _)| job), Some(job(4)));
        // A cancelled job that is wanted again is begun anew.
        queue.replace(&[job(1)]);
        assert_eq!(queue.take().map(|(job, _)| job), Some(job(1)));
    }

    #[test]
    fn a_closed_queue_gives_nothing() {
        let queue = JobQueue::default();
        queue.replace(&[job(1), job(2)]);
        let (_, cancel) = queue.take().expect("a job");
        queue.close();
        assert!(cancel.is_cancelled());
        assert!(queue.take().is_none());
        queue.wait_until_idle(Duration::from_secs(600));
    }
}
