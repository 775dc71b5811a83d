//! What is done to the sound at the recording's own rate: a band let through, or a heterodyne. Each stage is a [`SampleSource`] over another
//! one; frames keep their numbers, and every frame is the same wherever reading began.

use std::f64::consts::TAU;

use super::looped::LoopedSource;
use super::tuning::{Front, heterodyne_band};
use crate::audio::{AudioError, SampleSource, StreamSpec};
use crate::dsp::BandFilter;

/// The recording with all that `front` asks for.
pub(super) fn source(looped: LoopedSource, front: Front) -> Box<dyn SampleSource> {
    let looped: Box<dyn SampleSource> = Box::new(looped);
    match front {
        Front::Plain => looped,
        Front::Band { low_hz, high_hz } => filtered(looped, low_hz, high_hz),
        Front::Heterodyne { centre_hz } => {
            let (centre_hz, reach_hz) = heterodyne_band(centre_hz, looped.spec().sample_rate);
            let band = filtered(looped, centre_hz - reach_hz, centre_hz + reach_hz);
            filtered(Box::new(Mixed { inner: band, centre_hz }), 0.0, reach_hz)
        }
    }
}

fn filtered(inner: Box<dyn SampleSource>, low_hz: f64, high_hz: f64) -> Box<dyn SampleSource> {
    match BandFilter::new(inner.spec().sample_rate, low_hz, high_hz) {
        Some(filter) => Box::new(Filtered::new(inner, filter)),
        None => inner,
    }
}

/// A source through a filter, in blocks that lie at fixed places.
struct Filtered {
    inner: Box<dyn SampleSource>,
    filter: BandFilter,
    channels: usize,
    /// The block that `output` holds, one vector a channel.
    standing_on: Option<u64>,
    output: Vec<Vec<f32>>,
    /// Interleaved frames of the block and around it.
    input: Vec<f32>,
    lane: Vec<f32>,
}

impl Filtered {
    fn new(inner: Box<dyn SampleSource>, filter: BandFilter) -> Self {
        let channels = inner.spec().channels;
        let output = vec![vec![0.0; filter.block()]; channels];
        let input = vec![0.0; (filter.block() + 2 * filter.reach()) * channels];
        Self { inner, filter, channels, standing_on: None, output, input, lane: Vec::new() }
    }

    fn stand_on(&mut self, block: u64) -> Result<(), AudioError> {
        if self.standing_on == Some(block) {
            return Ok(());
        }
        let follows = block.checked_sub(1).is_some_and(|before| self.standing_on == Some(before));
        self.standing_on = None;
        let (length, reach) = (self.filter.block(), self.filter.reach());
        // Of a block that follows, the first frames were the last of the one before.
        let known = if follows { 2 * reach } else { 0 };
        if follows {
            self.input.copy_within(length * self.channels.., 0);
        }
        let first = (block * length as u64) as i64 - reach as i64 + known as i64;
        read_padded(self.inner.as_mut(), first, &mut self.input[known * self.channels..])?;
        for (channel, output) in self.output.iter_mut().enumerate() {
            self.lane.clear();
            self.lane.extend(self.input.iter().skip(channel).step_by(self.channels));
            self.filter.filter(&self.lane, output);
        }
        self.standing_on = Some(block);
        Ok(())
    }
}

impl SampleSource for Filtered {
    fn spec(&self) -> &StreamSpec {
        self.inner.spec()
    }

    fn read(&mut self, first_frame: u64, out: &mut [f32]) -> Result<usize, AudioError> {
        let length = self.filter.block() as u64;
        let wanted = (out.len() / self.channels) as u64;
        let mut done = 0;
        while done < wanted {
            let frame = first_frame + done;
            self.stand_on(frame / length)?;
            // The end is known only once it was read.
            let left = self.inner.spec().frame_count.saturating_sub(frame);
            let at = frame % length;
            let frames = (length - at).min(wanted - done).min(left);
            if frames == 0 {
                break;
            }
            for (channel, output) in self.output.iter().enumerate() {
                let samples = &output[at as usize..(at + frames) as usize];
                let to = out[done as usize * self.channels..].iter_mut().skip(channel).step_by(self.channels);
                to.zip(samples).for_each(|(to, &from)| *to = from);
            }
            done += frames;
        }
        Ok(done as usize)
    }
}

/// Fills `out` from frame `first` on, with silence before the beginning and beyond the end.
fn read_padded(source: &mut dyn SampleSource, first: i64, out: &mut [f32]) -> Result<(), AudioError> {
    let channels = source.spec().channels;
    let wanted = out.len() / channels;
    let silent = usize::try_from(-first).unwrap_or(0).min(wanted);
    out[..silent * channels].fill(0.0);
    let from = u64::try_from(first).unwrap_or(0);
    let came = if silent < wanted { source.read(from, &mut out[silent * channels..])? } else { 0 };
    out[(silent + came) * channels..].fill(0.0);
    Ok(())
}

/// A source multiplied by an oscillator, so that a frequency near the oscillator's becomes their difference (and their sum).
struct Mixed {
    inner: Box<dyn SampleSource>,
    centre_hz: f64,
}

impl SampleSource for Mixed {
    fn spec(&self) -> &StreamSpec {
        self.inner.spec()
    }

    fn read(&mut self, first_frame: u64, out: &mut [f32]) -> Result<usize, AudioError> {
        let channels = self.inner.spec().channels;
        let came = self.inner.read(first_frame, out)?;
        let cycles = self.centre_hz / f64::from(self.inner.spec().sample_rate.max(1));
        for (frame, samples) in (first_frame..).zip(out.chunks_exact_mut(channels).take(came)) {
            let phase = (cycles * frame as f64).fract();
            // Half of the level goes to the sum, which is filtered away.
            let factor = (2.0 * (TAU * phase).cos()) as f32;
            samples.iter_mut().for_each(|sample| *sample *= factor);
        }
        Ok(came)
    }
}
