//! Named threads whose panics become updates instead of silence.
//!
//! A thread that serves one request after the other guards each of them, so that it lives on.

use super::{Update, UpdateSender};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;

/// Starts a thread; if its work panics, or no thread can be had, the window is told.
pub fn spawn(name: &str, updates: &UpdateSender, work: impl FnOnce() + Send + 'static) -> Option<JoinHandle<()>> {
    let told = updates.clone();
    let name = name.to_owned();
    let thread_name = name.clone();
    let started = std::thread::Builder::new().name(name.clone()).spawn(move || {
        if let Err(reason) = guarded(work) {
            told.send(Update::Failed { work: thread_name, reason });
        }
    });
    match started {
        Ok(handle) => Some(handle),
        Err(error) => {
            updates.send(Update::Failed { work: name, reason: format!("no thread could be started: {error}") });
            None
        }
    }
}

/// Does the work; a panic becomes an error with what it said.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| panic_text(panic.as_ref()))
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "an unforeseen error".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::update_channel;
    use std::sync::Arc;

    #[test]
    fn a_panic_reaches_the_window() {
        let (sender, receiver) = update_channel(Arc::new(|| {}));
        spawn("storage", &sender, || panic!("out of paper")).unwrap().join().unwrap();
        let Ok(Update::Failed { work, reason }) = receiver.try_recv() else { panic!("no update") };
        assert_eq!((work.as_str(), reason.as_str()), ("storage", "out of paper"));
    }
}
