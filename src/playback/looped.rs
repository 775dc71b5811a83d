//! The recording as playing goes through it: once, or from a loop's end back to its beginning for ever, with the output's channels at
//! most. All that is done to the sound comes after, so that a seam is a place like any other.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::channels;
use crate::audio::{AudioError, SampleSource, StreamSpec};
use crate::time::MAX_SAMPLES;

/// A recording that several chains read, one after the other, on one thread.
pub(super) type SharedSource = Arc<Mutex<Box<dyn SampleSource>>>;

/// Where a loop goes back, in frames of the recording.
#[derive(Clone, Debug)]
pub(super) struct Wrap {
    pub(super) first: u64,
    /// The frame before which it goes back: earlier than asked for where the recording ends before. > `first`.
    pub(super) end: Arc<AtomicU64>,
}

impl Wrap {
    pub(super) fn new(first: u64, end: u64) -> Self {
        Self { first, end: Arc::new(AtomicU64::new(end.max(first + 1))) }
    }

    /// The frame of the recording at `place`, which counts frames on and on through all rounds.
    pub(super) fn frame_at(&self, place: f64) -> f64 {
        let (first, end) = (self.first as f64, self.end.load(Ordering::Relaxed) as f64);
        if place < end { place } else { first + (place - first) % (end - first) }
    }
}

/// Reads frames by a number that counts on through all rounds of a loop.
pub(super) struct LoopedSource {
    raw: SharedSource,
    raw_channels: usize,
    spec: StreamSpec,
    wrap: Option<Wrap>,
    buffer: Vec<f32>,
    /// The whole of a short loop, which would else be sought again and again.
    kept: Vec<f32>,
}

/// Frames that one call reads from the recording.
const READ_FRAMES: usize = 4_096;
/// Loops up to this length are kept.
const KEPT_FRAMES: u64 = 1 << 16;

impl LoopedSource {
    /// `channels`: those of the output.
    pub(super) fn new(raw: SharedSource, wrap: Option<Wrap>, channels: usize) -> Self {
        let raw_spec = raw.lock().unwrap_or_else(PoisonError::into_inner).spec().clone();
        let raw_channels = raw_spec.channels.max(1);
        let spec = StreamSpec { channels: channels::folded(raw_channels, channels), ..raw_spec };
        let mut looped = Self { raw, raw_channels, spec, wrap, buffer: Vec::new(), kept: Vec::new() };
        if looped.wrap.is_some() {
            looped.spec.frame_count = MAX_SAMPLES;
        }
        looped
    }

    /// Reads at most `out`'s frames from frame `frame` of the recording on; fewer only at its end.
    fn read_raw(&mut self, frame: u64, out: &mut [f32]) -> Result<usize, AudioError> {
        let channels = self.spec.channels;
        let wanted = out.len() / channels;
        let mut raw = self.raw.lock().unwrap_or_else(PoisonError::into_inner);
        let mut done = 0;
        while done < wanted {
            let ask = (wanted - done).min(READ_FRAMES);
            self.buffer.resize(ask * self.raw_channels, 0.0);
            let came = raw.read(frame + done as u64, &mut self.buffer)?;
            let taken = &self.buffer[..came * self.raw_channels];
            channels::fold(taken, self.raw_channels, channels, &mut out[done * channels..(done + came) * channels]);
            done += came;
            if came < ask {
                break;
            }
        }
        if self.wrap.is_none() {
            let known = raw.spec().frame_count;
            self.spec.frame_count = if done < wanted { frame + done as u64 } else { known.max(frame + done as u64) };
        }
        Ok(done)
    }

    /// Reads from `place` up to the next seam at most.
    fn read_round(&mut self, wrap: &Wrap, place: u64, out: &mut [f32]) -> Result<usize, AudioError> {
        let (first, end) = (wrap.first, wrap.end.load(Ordering::Relaxed));
        let frame = if place < end { place } else { first + (place - first) % (end - first) };
        let wanted = (out.len() / self.spec.channels).min(usize::try_from(end - frame).unwrap_or(usize::MAX));
        let out = &mut out[..wanted * self.spec.channels];
        if frame >= first && end - first <= KEPT_FRAMES {
            return self.read_kept(wrap, frame, out);
        }
        let came = self.read_raw(frame, out)?;
        if came < wanted {
            self.end_sooner(wrap, frame + came as u64);
        }
        Ok(came)
    }

    fn read_kept(&mut self, wrap: &Wrap, frame: u64, out: &mut [f32]) -> Result<usize, AudioError> {
        let channels = self.spec.channels;
        if self.kept.is_empty() {
            let length = (wrap.end.load(Ordering::Relaxed) - wrap.first) as usize;
            let mut kept = vec![0.0; length * channels];
            let came = self.read_raw(wrap.first, &mut kept)?;
            if came < length {
                self.end_sooner(wrap, wrap.first + came as u64);
            }
            // Where nothing came, one frame of silence goes round.
            kept.truncate(came.max(1) * channels);
            self.kept = kept;
        }
        let from = (frame - wrap.first) as usize * channels;
        let there = self.kept.get(from..).unwrap_or_default();
        let count = there.len().min(out.len());
        out[..count].copy_from_slice(&there[..count]);
        Ok(count / channels)
    }

    /// The recording has turned out to end before the loop does.
    fn end_sooner(&self, wrap: &Wrap, end: u64) {
        wrap.end.fetch_min(end.max(wrap.first + 1), Ordering::Relaxed);
    }
}

impl SampleSource for LoopedSource {
    fn spec(&self) -> &StreamSpec {
        &self.spec
    }

    fn read(&mut self, first_frame: u64, out: &mut [f32]) -> Result<usize, AudioError> {
        let Some(wrap) = self.wrap.clone() else { return self.read_raw(first_frame, out) };
        let channels = self.spec.channels;
        let wanted = out.len() / channels;
        let (mut done, mut in_vain) = (0, 0);
        while done < wanted && in_vain < 2 {
            let came = self.read_round(&wrap, first_frame + done as u64, &mut out[done * channels..])?;
            done += came;
            // Once in vain is where the end was found to be nearer than was thought.
            in_vain = if came == 0 { in_vain + 1 } else { 0 };
        }
        Ok(done)
    }
}
