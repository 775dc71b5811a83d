//! What the callback tells the window: which frame is heard when. The callback's part is atomics only.

use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering, fence};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::timeline::Timeline;

/// State that window, feeder and callback share for the life of the player.
pub(super) struct Shared {
    /// The epoch that the window wants to hear.
    pub(super) wanted: AtomicU64,
    /// Loudness as the bits of an `f32`.
    pub(super) gain: AtomicU32,
    /// Which moment is heard when. Of window and feeder only, for some nanoseconds each time: never of the callback.
    pub(super) timeline: Mutex<Option<Timeline>>,
}

impl Default for Shared {
    fn default() -> Self {
        let gain = AtomicU32::new(1.0_f32.to_bits());
        Self { wanted: AtomicU64::new(0), gain, timeline: Mutex::new(None) }
    }
}

impl Shared {
    /// By the feeder only.
    pub(super) fn set_timeline(&self, timeline: Option<Timeline>) {
        *self.timeline.lock().unwrap_or_else(PoisonError::into_inner) = timeline;
    }

    /// The second of the recording that is heard at `now`; `None` before the feeder has taken up the epoch.
    pub(super) fn secs_at(&self, epoch: u64, now: Instant) -> Option<f64> {
        let timeline = self.timeline.lock().unwrap_or_else(PoisonError::into_inner);
        timeline.as_ref().filter(|timeline| timeline.epoch == epoch).map(|timeline| timeline.secs_at(now))
    }
}

/// What one opening of the output has been given and has played: shared by feeder and callback, and read by the window.
pub(super) struct OutputClock {
    /// The epoch that the feeder writes, and the ring's position with which it begins (written first).
    pub(super) fed: AtomicU64,
    pub(super) fed_from: AtomicU64,
    /// The output's rate.
    pub(super) rate: u32,
    /// Frames of the epoch `played_epoch` that were given to the output.
    pub(super) played: AtomicU64,
    pub(super) played_epoch: AtomicU64,
    /// Nanoseconds from the callback to the sound, last known.
    pub(super) latency_ns: AtomicU64,
    anchor: Anchor,
    beginning: Instant,
}

/// One moment at which one frame is heard. Read and written as a whole by a version that is odd while it changes.
#[derive(Default)]
struct Anchor {
    version: AtomicU64,
    epoch: AtomicU64,
    frame: AtomicU64,
    /// Frames known to be given to the output: none after is heard.
    end: AtomicU64,
    at_ns: AtomicI64,
}

/// What an anchor says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) epoch: u64,
    /// Frames of the epoch before the one heard at `at_ns`.
    pub(super) frame: u64,
    pub(super) end: u64,
    pub(super) at_ns: i64,
}

impl OutputClock {
    /// For an output of `rate` frames a second, opened at `beginning`.
    pub(super) fn new(rate: u32, beginning: Instant) -> Self {
        Self {
            fed: AtomicU64::new(0),
            fed_from: AtomicU64::new(0),
            rate,
            played: AtomicU64::new(0),
            played_epoch: AtomicU64::new(0),
            latency_ns: AtomicU64::new(0),
            anchor: Anchor::default(),
            beginning,
        }
    }

    /// Nanoseconds of `at` on this clock; negative before it was made.
    pub(super) fn nanos(&self, at: Instant) -> i64 {
        let signed = |duration: Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        match at.checked_duration_since(self.beginning) {
            Some(since) => signed(since),
            None => -signed(self.beginning.duration_since(at)),
        }
    }

    /// By the callback only.
    pub(super) fn set_heard(&self, heard: Heard) {
        let anchor = &self.anchor;
        let version = anchor.version.load(Ordering::Relaxed);
        anchor.version.store(version + 1, Ordering::Relaxed);
        fence(Ordering::Release);
        anchor.epoch.store(heard.epoch, Ordering::Relaxed);
        anchor.frame.store(heard.frame, Ordering::Relaxed);
        anchor.end.store(heard.end, Ordering::Relaxed);
        anchor.at_ns.store(heard.at_ns, Ordering::Relaxed);
        anchor.version.store(version + 2, Ordering::Release);
    }

    fn heard(&self) -> Heard {
        let anchor = &self.anchor;
        loop {
            let before = anchor.version.load(Ordering::Acquire);
            let heard = Heard {
                epoch: anchor.epoch.load(Ordering::Relaxed),
                frame: anchor.frame.load(Ordering::Relaxed),
                end: anchor.end.load(Ordering::Relaxed),
                at_ns: anchor.at_ns.load(Ordering::Relaxed),
            };
            fence(Ordering::Acquire);
            // The callback writes for a few nanoseconds every few milliseconds: one more round is enough.
            if before.is_multiple_of(2) && anchor.version.load(Ordering::Relaxed) == before {
                return heard;
            }
            std::hint::spin_loop();
        }
    }

    /// Frames of `epoch` that were heard by `now`; `None` before its first callback.
    pub(super) fn heard_frames_at(&self, epoch: u64, now: Instant) -> Option<f64> {
        let heard = self.heard();
        if heard.epoch != epoch {
            return None;
        }
        let rate = f64::from(self.rate);
        let elapsed_secs = (self.nanos(now) - heard.at_ns) as f64 * 1e-9;
        let frame = heard.frame as f64 + elapsed_secs * rate;
        Some(frame.clamp(0.0, heard.end as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_playhead_runs_between_callbacks_and_stops_at_what_was_given() {
        let start = Instant::now();
        let clock = OutputClock::new(1_000, start);
        let at = |millis| start + Duration::from_millis(millis);
        clock.set_heard(Heard { epoch: 3, frame: 100, end: 150, at_ns: clock.nanos(at(40)) });
        assert_eq!(clock.heard_frames_at(2, at(40)), None);
        assert_eq!(clock.heard_frames_at(3, at(40)), Some(100.0));
        assert_eq!(clock.heard_frames_at(3, at(60)), Some(120.0));
        assert_eq!(clock.heard_frames_at(3, at(10)), Some(70.0));
        assert_eq!(clock.heard_frames_at(3, at(900)), Some(150.0));
    }
}
