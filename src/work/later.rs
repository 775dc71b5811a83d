//! Values that a thread works out once, asked for by whoever wants them; and letting go of what takes long to free.

use super::UpdateSender;
use super::thread::{guarded, spawn};
use crossbeam_channel::{Receiver, TryRecvError, bounded};

/// A value that is being worked out. The thread ends with it; dropping this does not stop it, but nobody hears of it then.
#[derive(Debug)]
pub struct Later<T> {
    received: Receiver<Result<T, String>>,
}

impl<T: Send + 'static> Later<T> {
    /// Starts a thread; the window is woken when the value is there. None if no thread could be had, which is told.
    pub fn start(name: &str, updates: &UpdateSender, work: impl FnOnce() -> T + Send + 'static) -> Option<Self> {
        let (sender, received) = bounded(1);
        let told = updates.clone();
        spawn(name, updates, move || {
            // Whoever does not want it any more has dropped the other end.
            let _ = sender.send(guarded(work));
            told.wake();
        })?;
        Some(Self { received })
    }

    /// The value, once it is there; else why it will never be.
    pub fn poll(&self) -> Option<Result<T, String>> {
        match self.received.try_recv() {
            Ok(result) => Some(result),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err("the thread has stopped".to_owned())),
        }
    }
}

/// Frees something on a thread of its own: a million events take a tenth of a second, which the window does not have.
pub fn let_go<T: Send + 'static>(value: T) {
    // Where no thread can be had it is freed here.
    let _ = std::thread::Builder::new().name("letting go".to_owned()).spawn(move || drop(value));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::update_channel;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    fn waited<T: Send + 'static>(later: &Later<T>) -> Result<T, String> {
        let began = Instant::now();
        loop {
            if let Some(result) = later.poll() {
                return result;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "no value came");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn a_value_comes_and_a_panic_says_why_none_will() {
        let (woken, wakes) = bounded(8);
        let (updates, _received) = update_channel(Arc::new(move || _ = woken.try_send(())));
        let later = Later::start("sum", &updates, || 20 + 22).unwrap();
        assert_eq!(waited(&later), Ok(42));
        assert!(wakes.recv_timeout(Duration::from_secs(20)).is_ok(), "the window was not woken");
        let later = Later::<u8>::start("sum", &updates, || panic!("out of fingers")).unwrap();
        assert_eq!(waited(&later), Err("out of fingers".to_owned()));
    }
}
