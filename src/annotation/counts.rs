//! How many events of each status there are, kept while events come and go.

use super::{Event, Status};

/// Events by status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatusCounts {
    counts: [usize; Status::ALL.len()],
}

impl StatusCounts {
    /// How many events have this status.
    pub fn of(&self, status: Status) -> usize {
        self.counts[status as usize]
    }

    /// How many there are in all.
    pub fn all(&self) -> usize {
        self.counts.iter().sum()
    }

    /// How many are exported as strong labels.
    pub fn labels(&self) -> usize {
        self.of(Status::Accepted) + self.of(Status::Corrected)
    }

    /// How many were decided about.
    pub fn decided(&self) -> usize {
        self.all() - self.of(Status::Predicted)
    }

    pub(super) fn add(&mut self, event: &Event) {
        self.counts[event.status as usize] += 1;
    }

    pub(super) fn remove(&mut self, event: &Event) {
        let count = &mut self.counts[event.status as usize];
        *count = count.saturating_sub(1);
    }
}
