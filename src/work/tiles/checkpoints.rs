//! Keeps an unfinished pass from time to time, so that whatever ends the program costs little of it. Files are written by a thread of their
//! own: the pass goes on meanwhile, and only the tiles themselves are shared with it.

use std::cell::{Cell, RefCell};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::built::Built;
use super::kept::Keeper;

/// What is kept while a pass is under way.
pub(super) struct Checkpoints {
    keeper: Keeper,
    every: Duration,
    last: Cell<Instant>,
    writing: RefCell<Option<JoinHandle<()>>>,
}

impl Checkpoints {
    /// Not more often than `every`.
    pub(super) fn new(keeper: Keeper, every: Duration) -> Self {
        Self { keeper, every, last: Cell::new(Instant::now()), writing: RefCell::default() }
    }

    /// Keeps what was made so far, if it is time and the file before it is written.
    pub(super) fn step(&self, built: &Built, warnings: &[String]) {
        let mut writing = self.writing.borrow_mut();
        let is_writing = writing.as_ref().is_some_and(|thread| !thread.is_finished());
        if self.last.get().elapsed() < self.every || is_writing {
            return;
        }
        self.last.set(Instant::now());
        let (keeper, parts, warnings) = (self.keeper.clone(), built.parts(Vec::new()), warnings.to_vec());
        // What cannot be kept now is told at the end of the pass. Without a thread the next time may do.
        let keep = move || drop(keeper.keep(parts, &warnings));
        *writing = std::thread::Builder::new().name("checkpoint".to_owned()).spawn(keep).ok();
    }

    /// Waits for the file that is being written, so that no older state replaces what is kept from now on.
    pub(super) fn wait(&self) {
        if let Some(thread) = self.writing.take() {
            let _ = thread.join();
        }
    }
}
