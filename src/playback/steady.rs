//! Sound whose pitch stays: brought to the output's rate first, then stretched. Owns where in the recording it is.

use super::chain::Place;
use super::reel::Reel;
use crate::audio::{AudioError, Resampler, SampleSource};
use crate::dsp::TimeStretch;

/// Frames at the output's rate, slower or faster.
pub(super) struct Steady {
    reader: Resampler,
    channels: usize,
    /// Frames of the recording a frame of the reader.
    ratio: f64,
    /// The frame of the reader before which it ends, if that is asked for.
    end: Option<f64>,
    reel: Reel,
    stretch: TimeStretch,
    wanted_speed: f64,
    /// The hop that is being given, from which frame of the reader on, at which speed, and how much of it was given.
    hop: Vec<f32>,
    hop_place: f64,
    hop_speed: f64,
    given: usize,
}

impl Steady {
    /// From the recording's frame `from` on, before `end_secs`.
    pub(super) fn new(
        source: Box<dyn SampleSource>,
        rate: u32,
        speed: f64,
        from: f64,
        end_secs: Option<f64>,
    ) -> Result<Self, AudioError> {
        let ratio = f64::from(source.spec().sample_rate) / f64::from(rate.max(1));
        let reader = Resampler::all_channels(source, rate)?;
        let channels = reader.channels();
        let mut stretch = TimeStretch::new(rate);
        let first = (from / ratio).round();
        stretch.start(first as i64);
        let end = end_secs.map(|secs| (secs * f64::from(rate)).round().max(first + 1.0));
        let hop = vec![0.0; stretch.hop() * channels];
        let given = stretch.hop();
        let reel = Reel::new(channels);
        let (hop_place, hop_speed) = (first, speed);
        Ok(Self { reader, channels, ratio, end, reel, stretch, wanted_speed: speed, hop, hop_place, hop_speed, given })
    }

    pub(super) fn channels(&self) -> usize {
        self.channels
    }

    /// Takes effect within a hop.
    pub(super) fn set_speed(&mut self, speed: f64) {
        self.wanted_speed = speed;
    }

    /// What the next frame is.
    pub(super) fn place(&self) -> Place {
        match self.given < self.stretch.hop() {
            true => Place {
                frame: (self.hop_place + self.hop_speed * self.given as f64) * self.ratio,
                step: self.hop_speed * self.ratio,
            },
            false => Place { frame: self.stretch.place() * self.ratio, step: self.wanted_speed * self.ratio },
        }
    }

    /// Gives at most `out`'s frames, all at one speed; none at the end.
    pub(super) fn read(&mut self, out: &mut [f32]) -> Result<usize, AudioError> {
        if self.given == self.stretch.hop() {
            self.next_hop()?;
        }
        let place = self.hop_place + self.hop_speed * self.given as f64;
        let met = self.reel.end().map(|end| end as f64);
        let end = self.end.map_or(met, |end| Some(met.map_or(end, |met| met.min(end))));
        let left = end.map_or(f64::INFINITY, |end| ((end - place) / self.hop_speed - 1e-6).ceil().max(0.0));
        let frames = (out.len() / self.channels).min(self.stretch.hop() - self.given).min(left as usize);
        let from = self.given * self.channels;
        out[..frames * self.channels].copy_from_slice(&self.hop[from..from + frames * self.channels]);
        self.given += frames;
        Ok(frames)
    }

    fn next_hop(&mut self) -> Result<(), AudioError> {
        let (speed, reader) = (self.wanted_speed, &mut self.reader);
        let needs = self.stretch.needs(speed);
        let source = self.reel.range(needs.start, needs.end, |frame, out| {
            reader.seek(frame);
            reader.read(out)
        })?;
        (self.hop_place, self.hop_speed, self.given) = (self.stretch.place(), speed, 0);
        self.stretch.next_hop(speed, self.channels, source, &mut self.hop);
        Ok(())
    }
}
