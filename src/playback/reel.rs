//! A stretch of sound that moves along: what was read stays for as long as it may be asked for again.

use crate::audio::AudioError;

/// Interleaved frames around the place where reading is.
pub(super) struct Reel {
    channels: usize,
    /// The number of the first frame held.
    first: i64,
    frames: Vec<f32>,
    /// Where the source ended, once that was met.
    end: Option<u64>,
}

impl Reel {
    pub(super) fn new(channels: usize) -> Self {
        Self { channels: channels.max(1), first: 0, frames: Vec::new(), end: None }
    }

    /// The frame before which the source ended, once that was met.
    pub(super) fn end(&self) -> Option<u64> {
        self.end
    }

    /// The frames from `from` up to `to`, silence before the beginning and beyond the end. `read` fills a slice from a frame on and
    /// returns how many frames came, fewer only at the end.
    pub(super) fn range(
        &mut self,
        from: i64,
        to: i64,
        mut read: impl FnMut(u64, &mut [f32]) -> Result<usize, AudioError>,
    ) -> Result<&[f32], AudioError> {
        let held = (self.frames.len() / self.channels) as i64;
        if from < self.first || from > self.first + held {
            self.first = from;
            self.frames.clear();
        } else {
            self.frames.drain(..(from - self.first) as usize * self.channels);
            self.first = from;
        }
        let next = self.first + (self.frames.len() / self.channels) as i64;
        if next < to {
            let start = self.frames.len();
            self.frames.resize(start + (to - next) as usize * self.channels, 0.0);
            let silent = (-next).clamp(0, to - next) as usize;
            let fresh = &mut self.frames[start + silent * self.channels..];
            let wanted = fresh.len() / self.channels;
            let frame = next.max(0) as u64;
            if wanted > 0 && self.end.is_none_or(|end| frame < end) {
                let came = read(frame, fresh)?;
                fresh[came * self.channels..].fill(0.0);
                if came < wanted {
                    self.end = Some(frame + came as u64);
                }
            }
        }
        Ok(&self.frames[..(to - from).max(0) as usize * self.channels])
    }
}
