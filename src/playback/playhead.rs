//! What the callback tells the window: which frame is heard when. All atomics.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering, fence};
use std::time::{Duration, Instant};

/// State that window, feeder and callback share for the life of the player.
pub(super) struct Shared {
    /// The epoch that the window wants to hear.
    pub(super) wanted: AtomicU64,
    /// The epoch that the feeder writes, and the ring's position with which it begins (written first).
    pub(super) fed: AtomicU64,
    pub(super) fed_from: AtomicU64,
    /// Where a loop goes back, in output frames.
    pub(super) loop_end: AtomicU64,
    /// The output's rate, 0 before it is open.
    pub(super) rate: AtomicU32,
    /// Loudness as the bits of an `f32`.
    pub(super) gain: AtomicU32,
    /// Frames of the epoch `played_epoch` that were given to the output.
    pub(super) played: AtomicU64,
    pub(super) played_epoch: AtomicU64,
    /// Nanoseconds from the callback to the sound, last known.
    pub(super) latency_ns: AtomicU64,
    anchor: Anchor,
    beginning: OnceLock<Instant>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            wanted: AtomicU64::new(0),
            fed: AtomicU64::new(0),
            fed_from: AtomicU64::new(0),
            loop_end: AtomicU64::new(0),
            rate: AtomicU32::new(0),
            gain: AtomicU32::new(1.0_f32.to_bits()),
            played: AtomicU64::new(0),
            played_epoch: AtomicU64::new(0),
            latency_ns: AtomicU64::new(0),
            anchor: Anchor::default(),
            beginning: OnceLock::from(Instant::now()),
        }
    }
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

impl Shared {
    /// Nanoseconds of `at` on the player's clock; negative before the player was made.
    pub(super) fn nanos(&self, at: Instant) -> i64 {
        let beginning = *self.beginning.get_or_init(|| at);
        let signed = |duration: Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        match at.checked_duration_since(beginning) {
            Some(since) => signed(since),
            None => -signed(beginning.duration_since(at)),
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
    pub(super) fn heard_frames_at(&self, epoch: u64, now: Instant) -> Option<u64> {
        let heard = self.heard();
        if heard.epoch != epoch {
            return None;
        }
        let rate = f64::from(self.rate.load(Ordering::Relaxed));
        let elapsed_secs = (self.nanos(now) - heard.at_ns) as f64 * 1e-9;
        let frame = heard.frame as f64 + elapsed_secs * rate;
        Some(frame.clamp(0.0, heard.end as f64) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_playhead_runs_between_callbacks_and_stops_at_what_was_given() {
        let shared = Shared::default();
        shared.rate.store(1_000, Ordering::Relaxed);
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        shared.set_heard(Heard { epoch: 3, frame: 100, end: 150, at_ns: shared.nanos(at(40)) });
        assert_eq!(shared.heard_frames_at(2, at(40)), None);
        assert_eq!(shared.heard_frames_at(3, at(40)), Some(100));
        assert_eq!(shared.heard_frames_at(3, at(60)), Some(120));
        assert_eq!(shared.heard_frames_at(3, at(10)), Some(70));
        assert_eq!(shared.heard_frames_at(3, at(900)), Some(150));
    }
}
