//! The caller's own thread: brings the batches of each recording into order, joins clips where they overlap, and hands the rows on.

use super::super::ModelError;
use super::super::framed_clips::Seams;
use super::{BatchScores, Heard, Message, Plan, Taker};
use crossbeam_channel::{Receiver, RecvTimeoutError};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often the caller's thread looks whether the detection is still wanted.
const CANCEL_CHECK: Duration = Duration::from_millis(20);

/// A recording of which something is still under way.
struct Open {
    unwanted: Arc<AtomicBool>,
    seams: Option<Seams>,
    /// Batches that came before their turn.
    early: BTreeMap<usize, BatchScores>,
    /// The batch whose turn it is.
    next: usize,
    /// Batches that came back, scored or not.
    seen: usize,
    /// How many batches there are and how reading ended, once that is known.
    read: Option<(usize, Result<Heard, ModelError>)>,
    /// Whether the taker was told that it has ended.
    is_told: bool,
}

/// Hands scores on until all recordings have ended, or nobody wants them any more.
pub(super) fn collect(
    plan: &Plan,
    messages: &Receiver<Message>,
    permits: &Receiver<()>,
    is_cancelled: &dyn Fn() -> bool,
    taker: &mut dyn Taker,
) -> Result<(), ModelError> {
    let mut collector = Collector { plan, permits, taker, open: BTreeMap::new() };
    loop {
        let received = messages.recv_timeout(CANCEL_CHECK);
        if is_cancelled() {
            return Err(ModelError::Cancelled);
        }
        match received {
            Ok(message) => collector.take(message),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

struct Collector<'a> {
    plan: &'a Plan,
    permits: &'a Receiver<()>,
    taker: &'a mut dyn Taker,
    open: BTreeMap<usize, Open>,
}

impl Collector<'_> {
    fn take(&mut self, message: Message) {
        match message {
            Message::Begun { number, duration_secs, unwanted } => {
                let seams = self.plan.framing.map(|framing| Seams::new(&framing, self.plan.row_width()));
                let early = BTreeMap::new();
                let open = Open { unwanted, seams, early, next: 0, seen: 0, read: None, is_told: false };
                self.open.insert(number, open);
                self.taker.begun(number, duration_secs);
            }
            Message::Scored { number, index, result } => self.scored(number, index, result),
            Message::Ended { number, batches, outcome } => self.read_to_end(number, batches, outcome),
        }
    }

    fn scored(&mut self, number: usize, index: usize, result: Result<BatchScores, ModelError>) {
        let Some(open) = self.open.get_mut(&number) else { return };
        open.seen += 1;
        match result {
            _ if open.is_told => give_back(self.permits, 1),
            Err(error) => {
                give_back(self.permits, 1);
                self.give_up(number, error);
            }
            Ok(batch) => {
                open.early.insert(index, batch);
                self.hand_on(number);
            }
        }
        self.finish_if_all_is_seen(number);
    }

    /// Hands on all batches whose turn it is.
    fn hand_on(&mut self, number: usize) {
        let Some(open) = self.open.get_mut(&number) else { return };
        while let Some(batch) = open.early.remove(&open.next) {
            open.next += 1;
            give_back(self.permits, 1);
            let is_wanted = match &mut open.seams {
                Some(seams) => {
                    self.taker.take(number, &seams.join(&batch.onset_rows, &batch.scores), batch.padding_rows)
                }
                None => self.taker.take(number, &batch.scores, batch.padding_rows),
            };
            if !is_wanted {
                self.give_up(number, ModelError::Cancelled);
                return;
            }
        }
    }

    fn read_to_end(&mut self, number: usize, batches: usize, outcome: Result<Heard, ModelError>) {
        let Some(open) = self.open.get_mut(&number) else {
            // It could not even be opened.
            self.taker.ended(number, outcome);
            return;
        };
        // What was read before it broke off is still handed on.
        open.read = Some((batches, outcome));
        self.finish_if_all_is_seen(number);
    }

    /// Ends a recording before its time; batches that are still under way are dropped as they come.
    fn give_up(&mut self, number: usize, error: ModelError) {
        let Some(open) = self.open.get_mut(&number) else { return };
        open.unwanted.store(true, Ordering::Relaxed);
        give_back(self.permits, open.early.len());
        open.early.clear();
        if !std::mem::replace(&mut open.is_told, true) {
            self.taker.ended(number, Err(error));
        }
    }

    fn finish_if_all_is_seen(&mut self, number: usize) {
        let is_all = |open: &Open| open.read.as_ref().is_some_and(|(batches, _)| open.seen >= *batches);
        if !self.open.get(&number).is_some_and(is_all) {
            return;
        }
        let Some(mut open) = self.open.remove(&number) else { return };
        let (Some((_, outcome)), false) = (open.read, open.is_told) else { return };
        if let (Some(seams), Ok(_)) = (&mut open.seams, &outcome) {
            // Nothing comes after these that could be unwanted.
            let _ = self.taker.take(number, &seams.finish(), 0);
        }
        self.taker.ended(number, outcome);
    }
}

/// Lets so many more batches be cut.
fn give_back(permits: &Receiver<()>, count: usize) {
    for _ in 0..count {
        // Each batch has put one there before it was sent.
        let _ = permits.try_recv();
    }
}
