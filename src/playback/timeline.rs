//! Which moment of the recording each frame given to the output is. Written by the feeder, read by the window; the callback knows nothing
//! of it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::chain::Place;
use super::looped::Wrap;
use super::playhead::OutputClock;

/// Of one epoch on one opening of the output.
pub(super) struct Timeline {
    pub(super) epoch: u64,
    clock: Arc<OutputClock>,
    source_rate: u32,
    wrap: Option<Wrap>,
    /// From which frame of the epoch on the pace is which; never empty.
    stretches: VecDeque<(u64, Place)>,
}

/// What was heard so long ago is not asked for any more, in seconds: the longest latency and more.
const KEPT_SECS: f64 = 4.0;
/// Below this, in frames of the recording, two places are the same.
const SAME: f64 = 1e-3;

impl Timeline {
    pub(super) fn new(epoch: u64, clock: Arc<OutputClock>, source_rate: u32, wrap: Option<Wrap>, start: Place) -> Self {
        Self { epoch, clock, source_rate, wrap, stretches: VecDeque::from([(0, start)]) }
    }

    /// Notes that the epoch's frame `frame` is `place`. Frames come in order.
    pub(super) fn note(&mut self, frame: u64, place: Place) {
        let known = self.stretches.back().is_some_and(|(first, start)| {
            start.step == place.step && (place_after(start, frame - first) - place.frame).abs() < SAME
        });
        if known {
            return;
        }
        let kept = (KEPT_SECS * f64::from(self.clock.rate)) as u64;
        let needed = self.clock.played.load(Ordering::Relaxed).saturating_sub(kept);
        while self.stretches.get(1).is_some_and(|(first, _)| *first < needed) {
            self.stretches.pop_front();
        }
        self.stretches.push_back((frame, place));
    }

    /// The second of the recording that is heard at `now`.
    pub(super) fn secs_at(&self, now: Instant) -> f64 {
        self.secs_of(self.clock.heard_frames_at(self.epoch, now).unwrap_or(0.0))
    }

    /// The second of the recording that the epoch's frame `frame` is.
    fn secs_of(&self, frame: f64) -> f64 {
        let stretch = self.stretches.iter().rev().find(|(first, _)| *first as f64 <= frame).or(self.stretches.front());
        let place = stretch.map_or(0.0, |(first, start)| start.frame + (frame - *first as f64).max(0.0) * start.step);
        let frame = self.wrap.as_ref().map_or(place, |wrap| wrap.frame_at(place));
        frame / f64::from(self.source_rate.max(1))
    }
}

fn place_after(start: &Place, frames: u64) -> f64 {
    start.frame + frames as f64 * start.step
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(wrap: Option<Wrap>) -> Timeline {
        Timeline::new(
            1,
            Arc::new(OutputClock::new(1_000, Instant::now())),
            1_000,
            wrap,
            Place { frame: 1_000.0, step: 1.0 },
        )
    }

    #[test]
    fn a_loop_comes_back_to_its_onset() {
        let timeline = timeline(Some(Wrap::new(1_000, 1_500)));
        for (frame, secs) in [(499.0, 1.499), (500.0, 1.0), (1_250.0, 1.25)] {
            assert!((timeline.secs_of(frame) - secs).abs() < 1e-12, "{frame}");
        }
    }

    #[test]
    fn paces_follow_each_other_and_old_ones_are_forgotten() {
        let mut timeline = timeline(None);
        timeline.note(100, Place { frame: 1_100.0, step: 1.0 });
        timeline.note(200, Place { frame: 1_200.0, step: 0.1 });
        timeline.note(300, Place { frame: 1_210.0, step: 0.1 });
        assert_eq!(timeline.stretches.len(), 2);
        assert!((timeline.secs_of(150.0) - 1.15).abs() < 1e-12);
        assert!((timeline.secs_of(400.0) - 1.22).abs() < 1e-12);
        timeline.clock.played.store(1_000_000, Ordering::Relaxed);
        for frame in (1_000..900_000).step_by(100) {
            timeline.note(frame, Place { frame: frame as f64, step: 1.0 + frame as f64 });
        }
        assert!(timeline.stretches.len() < 10, "{}", timeline.stretches.len());
    }
}
