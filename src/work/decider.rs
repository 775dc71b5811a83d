//! The thread that makes predictions of scores while a threshold is dragged: the newest request counts, and what comes in the meantime is
//! shown.

use super::thread::{guarded, spawn};
use super::{Update, UpdateSender};
use crate::decision::{Decided, ToDecide};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a request is worked on before a newer one takes its place.
const LEAST_WORK: Duration = Duration::from_millis(40);

/// What waits for the thread.
#[derive(Default)]
struct Waiting {
    request: Option<ToDecide>,
    is_closed: bool,
}

#[derive(Default)]
struct Mailbox {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

impl Mailbox {
    fn with<T>(&self, act: impl FnOnce(&mut Waiting) -> T) -> T {
        act(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits for a request; none if there will be no more.
    fn next(&self) -> Option<ToDecide> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let is_idle = |waiting: &mut Waiting| waiting.request.is_none() && !waiting.is_closed;
        let mut waiting = self.changed.wait_while(waiting, is_idle).unwrap_or_else(PoisonError::into_inner);
        if waiting.is_closed { None } else { waiting.request.take() }
    }
}

/// Hands requests to the deciding thread, which lives as long as this.
pub struct Decider {
    mailbox: Arc<Mailbox>,
}

impl Decider {
    /// Starts the thread; it sleeps until there is a request.
    pub fn start(updates: &UpdateSender) -> Self {
        let mailbox = Arc::new(Mailbox::default());
        let (theirs, told) = (mailbox.clone(), updates.clone());
        spawn("decider", updates, move || serve(&theirs, &told));
        Self { mailbox }
    }

    /// Asks for decisions in the place of all that was asked for before and is not begun yet.
    pub fn ask(&self, request: ToDecide) {
        self.mailbox.with(|waiting| waiting.request = Some(request));
        self.mailbox.changed.notify_one();
    }

    /// Takes back what is not begun yet.
    pub fn forget(&self) {
        self.mailbox.with(|waiting| waiting.request = None);
    }
}

impl Drop for Decider {
    fn drop(&mut self) {
        self.mailbox.with(|waiting| waiting.is_closed = true);
        self.mailbox.changed.notify_one();
    }
}

fn serve(mailbox: &Mailbox, updates: &UpdateSender) {
    while let Some(mut request) = mailbox.next() {
        let is_overtaken = || mailbox.with(|waiting| waiting.request.is_some() || waiting.is_closed);
        let update = match guarded(|| decide(&mut request, &is_overtaken)) {
            Ok(decided) => Update::Decided(decided),
            Err(reason) => Update::Failed { work: "decider".to_owned(), reason },
        };
        if !updates.send(update) {
            return;
        }
    }
}

/// Decides about all classes, or, if there is a newer request, as many as could be in a moment.
fn decide(request: &mut ToDecide, is_overtaken: &dyn Fn() -> bool) -> Vec<Decided> {
    let began = Instant::now();
    let mut all = Vec::new();
    while let Some(decided) = request.decide_next() {
        all.push(decided);
        if began.elapsed() >= LEAST_WORK && is_overtaken() {
            break;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{DecisionRule, Decisions, FrameAxis, FrameScores};
    use crate::work::update_channel;

    fn scores(frame_count: usize) -> Arc<FrameScores> {
        let classes: Vec<Arc<str>> = (0..4).map(|class| format!("class {class}").into()).collect();
        let mut scores = FrameScores::new(FrameAxis { first_onset_secs: 0.0, hop_secs: 0.1 }, classes.into());
        let rows: Vec<f32> = (0..4 * frame_count).map(|place| ((place / 4) % 100) as f32 / 100.0).collect();
        scores.push(&rows);
        Arc::new(scores)
    }

    #[test]
    fn the_newest_request_is_always_answered() {
        let (sender, receiver) = update_channel(Arc::new(|| {}));
        let decider = Decider::start(&sender);
        let (mut decisions, scores) = (Decisions::default(), scores(20_000));
        let rule = |step: u32| DecisionRule { threshold: 0.2 + 0.001 * step as f32, ..DecisionRule::default() };
        for step in 0..200 {
            let request = decisions.stale(&scores, 2000.0, (0..4).map(|class| (class, rule(step))));
            decider.ask(request.unwrap());
        }
        while let Ok(update) = receiver.recv_timeout(Duration::from_secs(30)) {
            let Update::Decided(all) = update else { panic!("{update:?}") };
            all.into_iter().for_each(|decided| assert!(decisions.take(decided)));
            if decisions.stale(&scores, 2000.0, (0..4).map(|class| (class, rule(199)))).is_none() {
                return;
            }
        }
        panic!("the last request was never answered");
    }

    #[test]
    fn a_request_that_is_overtaken_gives_what_it_has() {
        let mut decisions = Decisions::default();
        let rule = DecisionRule { threshold: 0.5, ..DecisionRule::default() };
        let mut request = decisions.stale(&scores(300), 30.0, (0..4).map(|class| (class, rule))).unwrap();
        let asked = std::cell::Cell::new(0);
        let all = decide(&mut request, &|| {
            asked.set(asked.get() + 1);
            true
        });
        // On a machine that is slow enough to be asked at all, one class at least is decided.
        assert!(if asked.get() == 0 { all.len() == 4 } else { !all.is_empty() });
    }
}
