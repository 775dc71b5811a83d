//! Sound whose pitch follows its speed: the recording's samples, read at another rate. Owns where in the recording it is.

use super::chain::Place;
use super::reel::Reel;
use crate::audio::{AudioError, SampleSource};
use crate::dsp::Interpolator;

/// Frames between the recording's frames.
pub(super) struct Expanded {
    source: Box<dyn SampleSource>,
    channels: usize,
    /// Frames of the recording a frame of the output at speed 1.
    ratio: f64,
    /// The recording's frame before which it ends, if that is asked for.
    end: Option<f64>,
    reel: Reel,
    interpolator: Interpolator,
    /// The place of the next frame: a frame of the recording and the part of the way to the one after.
    whole: i64,
    part: f64,
    speed: f64,
    wanted_speed: f64,
}

/// While the speed changes, frames that have the same one.
const GLIDE_FRAMES: usize = 32;
/// How much nearer to the wanted speed each of these comes, in logarithms.
const GLIDE: f64 = 0.12;
/// From here on the rest of the way is not heard any more.
const NEAR: f64 = 0.002;

impl Expanded {
    /// From the recording's frame `from` on, before `end_secs`.
    pub(super) fn new(source: Box<dyn SampleSource>, rate: u32, speed: f64, from: f64, end_secs: Option<f64>) -> Self {
        let own_rate = f64::from(source.spec().sample_rate);
        let channels = source.spec().channels;
        let end = end_secs.map(|secs| (secs * own_rate).max(from + 1.0));
        let (whole, part) = (from.floor() as i64, from.fract());
        let (reel, interpolator) = (Reel::new(channels), Interpolator::default());
        let ratio = own_rate / f64::from(rate.max(1));
        Self { source, channels, ratio, end, reel, interpolator, whole, part, speed, wanted_speed: speed }
    }

    pub(super) fn channels(&self) -> usize {
        self.channels
    }

    /// Is glided to within some hundredths of a second.
    pub(super) fn set_speed(&mut self, speed: f64) {
        self.wanted_speed = speed;
    }

    /// What the next frame is.
    pub(super) fn place(&self) -> Place {
        Place { frame: self.whole as f64 + self.part, step: self.next_speed() * self.ratio }
    }

    fn next_speed(&self) -> f64 {
        let way = (self.wanted_speed / self.speed).ln();
        if way.abs() < NEAR { self.wanted_speed } else { self.speed * (GLIDE * way).exp() }
    }

    /// Gives at most `out`'s frames, all at one speed; none at the end.
    pub(super) fn read(&mut self, out: &mut [f32]) -> Result<usize, AudioError> {
        let is_gliding = self.speed != self.wanted_speed;
        self.speed = self.next_speed();
        let step = self.speed * self.ratio;
        let asked = out.len() / self.channels;
        let asked = if is_gliding { asked.min(GLIDE_FRAMES) } else { asked };
        let reach = Interpolator::reach(step) as i64;
        let (whole, part) = (self.whole, self.part);
        let place_of = |frame: usize| {
            let place = part + frame as f64 * step;
            (whole + place.floor() as i64, place - place.floor())
        };
        let from = whole + 1 - reach;
        let to = place_of(asked.saturating_sub(1)).0 + 1 + reach;
        let source = &mut self.source;
        let frames = self.reel.range(from, to, |frame, out| source.read(frame, out))?.len() / self.channels;
        let met = self.reel.end().map(|end| end as f64);
        let end = self.end.map_or(met, |end| Some(met.map_or(end, |met| met.min(end))));
        let here = whole as f64 + part;
        let left = end.map_or(f64::INFINITY, |end| ((end - here) / step - 1e-6).ceil().max(0.0));
        let given = asked.min(left as usize);
        let held = self.reel.range(from, from + frames as i64, |_, _| Ok(0))?;
        for (frame, out) in out.chunks_exact_mut(self.channels).take(given).enumerate() {
            let (whole, part) = place_of(frame);
            let around = &held[(whole + 1 - reach - from) as usize * self.channels..];
            let around = &around[..2 * reach as usize * self.channels];
            self.interpolator.frame_at(part, step, around, out);
        }
        (self.whole, self.part) = place_of(given);
        Ok(given)
    }
}
