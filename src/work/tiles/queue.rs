//! What the tile threads have to do: the window replaces the list, a thread takes its first job.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::work::CancelToken;

use super::stretch::Segment;

/// One piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Job {
    /// Compute a tile of each plane.
    Tiles { level: u8, index: u64 },
    /// Read the peaks of blocks of `block` samples in detail.
    Wave { first_sample: u64, block: u64, blocks: usize },
}

/// What a thread gets to do.
pub(super) enum Task {
    /// Something that is looked at, and by which number it is [`JobQueue::done`].
    Job(u64, Job, CancelToken),
    /// A piece of the pass over the whole, for want of something that is looked at.
    Segment(Segment),
}

#[derive(Default)]
struct State {
    wanted: VecDeque<Job>,
    /// Bounded by the pass, which reads only so far ahead.
    segments: VecDeque<Segment>,
    /// Jobs taken. A cancelled one may be there beside the same one begun anew, so each has its own number.
    running: Vec<(u64, Job, CancelToken)>,
    taken: u64,
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
        for (_, job, cancel) in &state.running {
            if !jobs.contains(job) {
                cancel.cancel();
            }
        }
        let is_running =
            |job: &Job| state.running.iter().any(|(_, other, cancel)| other == job && !cancel.is_cancelled());
        let wanted = jobs.iter().filter(|job| !is_running(job)).copied().collect();
        state.wanted = wanted;
        drop(state);
        self.ready.notify_all();
    }

    /// Waits for something to do; `None` when the queue was closed. Jobs come before segments.
    pub(super) fn take(&self) -> Option<Task> {
        let mut state = self.state();
        loop {
            if state.is_closed {
                return None;
            }
            if let Some(job) = state.wanted.pop_front() {
                let cancel = CancelToken::default();
                let number = state.taken;
                state.taken += 1;
                state.running.push((number, job, cancel.clone()));
                return Some(Task::Job(number, job, cancel));
            }
            if let Some(segment) = state.segments.pop_front() {
                return Some(Task::Segment(segment));
            }
            state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Offers a piece of the pass to threads that have nothing else to do.
    pub(super) fn offer(&self, segment: Segment) {
        let mut state = self.state();
        if !state.is_closed {
            state.segments.push_back(segment);
            self.ready.notify_one();
        }
    }

    /// Takes back the first segment that was offered and that nobody has begun.
    pub(super) fn take_back(&self) -> Option<Segment> {
        self.state().segments.pop_front()
    }

    /// Says that the job taken under this number is done, failed or given up.
    pub(super) fn done(&self, number: u64) {
        let mut state = self.state();
        state.running.retain(|(other, ..)| *other != number);
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
        state.segments.clear();
        state.running.iter().for_each(|(.., cancel)| cancel.cancel());
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

    fn taken(queue: &JobQueue) -> Option<(Job, CancelToken)> {
        match queue.take()? {
            Task::Job(_, job, cancel) => Some((job, cancel)),
            Task::Segment(_) => None,
        }
    }

    fn job(first_sample: u64) -> Job {
        Job::Wave { first_sample, block: 1, blocks: 1 }
    }

    #[test]
    fn a_new_list_drops_and_cancels_what_is_no_longer_wanted() {
        let queue = JobQueue::default();
        queue.replace(&[job(1), job(2), job(3)]);
        let (first, first_cancel) = taken(&queue).expect("a job");
        let (second, second_cancel) = taken(&queue).expect("a job");
        assert_eq!((first, second), (job(1), job(2)));
        queue.replace(&[job(4), job(2)]);
        assert!(first_cancel.is_cancelled() && !second_cancel.is_cancelled());
        assert_eq!(taken(&queue).map(|(job, _)| job), Some(job(4)));
        // A cancelled job that is wanted again is begun anew.
        queue.replace(&[job(1)]);
        assert_eq!(taken(&queue).map(|(job, _)| job), Some(job(1)));
    }

    #[test]
    fn the_end_of_a_cancelled_job_is_not_that_of_the_same_one_begun_anew() {
        let queue = JobQueue::default();
        let take = || match queue.take() {
            Some(Task::Job(number, _, cancel)) => (number, cancel),
            _ => panic!("no job"),
        };
        queue.replace(&[job(1)]);
        let (old, _) = take();
        queue.replace(&[]);
        queue.replace(&[job(1)]);
        let (new, cancel) = take();
        // The new one ends first: the old one is still at work, and the third would be begun anew.
        queue.done(new);
        queue.replace(&[job(1)]);
        let (third, third_cancel) = take();
        queue.done(old);
        queue.replace(&[]);
        assert!(third_cancel.is_cancelled() && !cancel.is_cancelled());
        queue.done(third);
        queue.wait_until_idle(Duration::from_secs(600));
    }

    #[test]
    fn a_closed_queue_gives_nothing() {
        let queue = JobQueue::default();
        queue.replace(&[job(1), job(2)]);
        let (_, cancel) = taken(&queue).expect("a job");
        queue.close();
        assert!(cancel.is_cancelled());
        assert!(taken(&queue).is_none());
        queue.wait_until_idle(Duration::from_secs(600));
    }
}
