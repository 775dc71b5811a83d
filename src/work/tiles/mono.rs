//! One channel of a recording, read from any position: silence before its beginning and after its end.

use crate::audio::{AudioError, SampleSource, mix_down};
use crate::spectrogram::Channel;

/// Interleaved samples asked for at once, at most.
const READ_SAMPLES: usize = 1 << 16;

/// Reads one channel of a source.
pub(in crate::work) struct MonoReader {
    source: Box<dyn SampleSource>,
    channel: Channel,
    channels: usize,
    interleaved: Vec<f32>,
    end: Option<u64>,
}

impl MonoReader {
    /// A reader of `channel`.
    pub(in crate::work) fn new(source: Box<dyn SampleSource>, channel: Channel) -> Self {
        let channels = source.spec().channels.max(1);
        let frames = (READ_SAMPLES / channels).max(1);
        Self { source, channel, channels, interleaved: vec![0.0; frames * channels], end: None }
    }

    /// The true length in samples, once the end was met.
    pub(in crate::work) fn end(&self) -> Option<u64> {
        self.end
    }

    /// What the source has to say, each once.
    pub(in crate::work) fn take_warnings(&mut self) -> Vec<String> {
        self.source.take_warnings()
    }

    /// Fills `out` with the samples from `first` on. Returns which part of `out` lies within the recording.
    pub(in crate::work) fn read(&mut self, first: i64, out: &mut [f32]) -> Result<std::ops::Range<usize>, AudioError> {
        let skipped = first.min(0).unsigned_abs().min(out.len() as u64) as usize;
        out[..skipped].fill(0.0);
        let mut filled = skipped;
        while filled < out.len() {
            let position = first.max(0) as u64 + (filled - skipped) as u64;
            if self.end.is_some_and(|end| position >= end) {
                break;
            }
            let wanted = (out.len() - filled).min(self.interleaved.len() / self.channels);
            let part = &mut out[filled..filled + wanted];
            let read = if self.channels == 1 {
                self.source.read(position, part)?.min(wanted)
            } else {
                let read = self.source.read(position, &mut self.interleaved[..wanted * self.channels])?.min(wanted);
                mix(&self.interleaved[..read * self.channels], self.channels, self.channel, &mut part[..read]);
                read
            };
            filled += read;
            if read < wanted {
                self.end = Some(self.end.unwrap_or(u64::MAX).min(position + read as u64));
            }
        }
        out[filled..].fill(0.0);
        Ok(skipped..filled)
    }
}

/// Takes one channel, or the mean of all, out of interleaved samples.
fn mix(interleaved: &[f32], channels: usize, channel: Channel, out: &mut [f32]) {
    match channel {
        Channel::Mix => mix_down(interleaved, channels, out),
        Channel::One(wanted) => {
            let frames = interleaved.chunks_exact(channels);
            let index = wanted.min(channels - 1);
            out.iter_mut().zip(frames).for_each(|(out, frame)| *out = frame[index]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_mixed_or_picked() {
        let interleaved = [1.0, 3.0, -1.0, 5.0];
        let mut out = [0.0; 2];
        mix(&interleaved, 2, Channel::Mix, &mut out);
        assert_eq!(out, [2.0, 2.0]);
        mix(&interleaved, 2, Channel::One(1), &mut out);
        assert_eq!(out, [3.0, 5.0]);
        mix(&interleaved, 2, Channel::One(7), &mut out);
        assert_eq!(out, [3.0, 5.0]);
    }
}
