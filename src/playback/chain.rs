//! From the recording to samples at the output's rate, as a [`Tuning`] asks for it, and from one tuning to another without a click.
//!
//! ```text
//! recording ─ loop, fewer channels ─ band or heterodyne ─┬─ output's rate ─ time stretch ─┬─▶ ring
//!    (own rate)                         (own rate)       └─ interpolation ────────────────┘
//! ```
//!
//! Nothing here knows of threads or devices; all of it runs on the feeder, before the ring.

use super::expanded::Expanded;
use super::front;
use super::looped::{LoopedSource, SharedSource, Wrap};
use super::steady::Steady;
use super::tuning::{Front, Tuning};
use crate::audio::AudioError;

/// A moment of the recording and the pace there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    /// Frames of the recording, counted on through all rounds of a loop.
    pub(super) frame: f64,
    /// Frames of the recording a frame of the output.
    pub(super) step: f64,
}

/// What is played on what, whatever the tuning.
#[derive(Clone)]
pub(super) struct Course {
    pub(super) raw: SharedSource,
    pub(super) wrap: Option<Wrap>,
    /// The moment before which it ends, unless it is a loop or goes on to the end.
    pub(super) end_secs: Option<f64>,
    /// The output's.
    pub(super) rate: u32,
    pub(super) channels: usize,
}

/// Gives the frames of a course.
pub(super) struct Chain {
    course: Course,
    tuning: Tuning,
    front: Front,
    pace: Pace,
    /// The rest of what sounded before the tuning changed, to be faded out, and how much of it was.
    fading: Vec<f32>,
    faded: usize,
}

enum Pace {
    Steady(Box<Steady>),
    Expanded(Box<Expanded>),
}

/// How long one tuning fades into another.
const FADE_SECS: f64 = 0.012;

impl Chain {
    /// From the recording's frame `from` on.
    pub(super) fn new(course: Course, tuning: Tuning, from: f64) -> Result<Self, AudioError> {
        let tuning = tuning.within_bounds();
        let front = tuning.front();
        let pace = Pace::new(&course, &tuning, front, from)?;
        Ok(Self { course, tuning, front, pace, fading: Vec::new(), faded: 0 })
    }

    /// Channels of the frames given: at most those of the output.
    pub(super) fn channels(&self) -> usize {
        match &self.pace {
            Pace::Steady(steady) => steady.channels(),
            Pace::Expanded(expanded) => expanded.channels(),
        }
    }

    /// What the next frame is.
    pub(super) fn place(&self) -> Place {
        match &self.pace {
            Pace::Steady(steady) => steady.place(),
            Pace::Expanded(expanded) => expanded.place(),
        }
    }

    /// Goes on from where it is with another tuning.
    pub(super) fn retune(&mut self, tuning: Tuning) -> Result<(), AudioError> {
        let tuning = tuning.within_bounds();
        let front = tuning.front();
        let is_same_way = front == self.front && tuning.is_expanded() == self.tuning.is_expanded();
        self.tuning = tuning;
        if is_same_way {
            match &mut self.pace {
                Pace::Steady(steady) => steady.set_speed(tuning.speed),
                Pace::Expanded(expanded) => expanded.set_speed(tuning.speed),
            }
            return Ok(());
        }
        let from = self.place().frame;
        let frames = (FADE_SECS * f64::from(self.course.rate)) as usize;
        let mut fading = vec![0.0; frames * self.channels()];
        let mut came = 0;
        while came < fading.len() {
            match self.read(&mut fading[came..])? {
                0 => break,
                frames => came += frames * self.channels(),
            }
        }
        self.pace = Pace::new(&self.course, &tuning, front, from)?;
        (self.front, self.fading, self.faded) = (front, fading, 0);
        Ok(())
    }

    /// Gives at most `out`'s frames, all at one pace; none at the end.
    pub(super) fn read(&mut self, out: &mut [f32]) -> Result<usize, AudioError> {
        let channels = self.channels();
        let came = match &mut self.pace {
            Pace::Steady(steady) => steady.read(out)?,
            Pace::Expanded(expanded) => expanded.read(out)?,
        };
        let all = self.fading.len() / channels;
        for frame in out.chunks_exact_mut(channels).take(came.min(all - self.faded)) {
            let share = (self.faded as f32 + 0.5) / all as f32;
            let before = &self.fading[self.faded * channels..];
            frame.iter_mut().zip(before).for_each(|(new, old)| *new = old + share * (*new - old));
            self.faded += 1;
        }
        Ok(came)
    }
}

impl Pace {
    fn new(course: &Course, tuning: &Tuning, front: Front, from: f64) -> Result<Self, AudioError> {
        let looped = LoopedSource::new(course.raw.clone(), course.wrap.clone(), course.channels);
        let source = front::source(looped, front);
        let (rate, speed, end_secs) = (course.rate, tuning.speed, course.end_secs);
        Ok(if tuning.is_expanded() {
            Self::Expanded(Box::new(Expanded::new(source, rate, speed, from, end_secs)))
        } else {
            Self::Steady(Box::new(Steady::new(source, rate, speed, from, end_secs)?))
        })
    }
}
