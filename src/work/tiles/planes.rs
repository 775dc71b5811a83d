//! Planes of a recording (single channels or the mean of all), read together from any position: silence before the beginning and after
//! the end.

use std::ops::Range;

use crate::audio::{AudioError, SampleSource, mix_down};
use crate::spectrogram::Channel;

/// Interleaved samples asked for at once, at most.
const READ_SAMPLES: usize = 1 << 16;

/// Reads planes of a source, decoding once for all.
pub(in crate::work) struct PlaneReader {
    source: Box<dyn SampleSource>,
    planes: Vec<Channel>,
    channels: usize,
    interleaved: Vec<f32>,
    end: Option<u64>,
}

impl PlaneReader {
    /// A reader of one plane for each of `planes`.
    pub(in crate::work) fn new(source: Box<dyn SampleSource>, planes: &[Channel]) -> Self {
        let channels = source.spec().channels.max(1);
        let frames = (READ_SAMPLES / channels).max(1);
        Self { source, planes: planes.to_vec(), channels, interleaved: vec![0.0; frames * channels], end: None }
    }

    /// The true length in samples, once the end was met.
    pub(in crate::work) fn end(&self) -> Option<u64> {
        self.end
    }

    /// Planes that are read.
    pub(in crate::work) fn plane_count(&self) -> usize {
        self.planes.len()
    }

    /// What the source has to say, each once.
    pub(in crate::work) fn take_warnings(&mut self) -> Vec<String> {
        self.source.take_warnings()
    }

    /// Fills each of `out` (a buffer a plane, all of one length) from place `from` on with the samples from `first` on. Returns which part
    /// of the buffers lies within the recording.
    pub(in crate::work) fn read(
        &mut self,
        first: i64,
        out: &mut [Vec<f32>],
        from: usize,
    ) -> Result<Range<usize>, AudioError> {
        let len = out.first().map_or(0, Vec::len);
        let skipped = first.min(0).unsigned_abs().min(len.saturating_sub(from) as u64) as usize;
        let inside = from + skipped;
        out.iter_mut().for_each(|plane| plane[from..inside].fill(0.0));
        let mut filled = inside;
        while filled < len {
            let position = first.max(0) as u64 + (filled - inside) as u64;
            if self.end.is_some_and(|end| position >= end) {
                break;
            }
            let wanted = (len - filled).min(self.interleaved.len() / self.channels);
            let read = self.read_part(position, out, filled..filled + wanted)?;
            filled += read;
            if read < wanted {
                self.end = Some(self.end.unwrap_or(u64::MAX).min(position + read as u64));
            }
        }
        out.iter_mut().for_each(|plane| plane[filled..].fill(0.0));
        Ok(inside..filled)
    }

    fn read_part(&mut self, position: u64, out: &mut [Vec<f32>], part: Range<usize>) -> Result<usize, AudioError> {
        let wanted = part.len();
        if let ([plane], 1) = (&mut *out, self.channels) {
            return Ok(self.source.read(position, &mut plane[part])?.min(wanted));
        }
        let read = self.source.read(position, &mut self.interleaved[..wanted * self.channels])?.min(wanted);
        let interleaved = &self.interleaved[..read * self.channels];
        for (plane, &channel) in out.iter_mut().zip(&self.planes) {
            pick(interleaved, self.channels, channel, &mut plane[part.start..part.start + read]);
        }
        Ok(read)
    }
}

/// Takes one channel, or the mean of all, out of interleaved samples.
pub(super) fn pick(interleaved: &[f32], channels: usize, channel: Channel, out: &mut [f32]) {
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
    use crate::audio::StreamSpec;

    #[test]
    fn channels_are_mixed_or_picked() {
        let interleaved = [1.0, 3.0, -1.0, 5.0];
        let mut out = [0.0; 2];
        pick(&interleaved, 2, Channel::Mix, &mut out);
        assert_eq!(out, [2.0, 2.0]);
        pick(&interleaved, 2, Channel::One(1), &mut out);
        assert_eq!(out, [3.0, 5.0]);
        pick(&interleaved, 2, Channel::One(7), &mut out);
        assert_eq!(out, [3.0, 5.0]);
    }

    /// Frame `n` holds `10 n` and `10 n + 1`.
    struct Ramp(StreamSpec);

    impl SampleSource for Ramp {
        fn spec(&self) -> &StreamSpec {
            &self.0
        }

        fn read(&mut self, first_frame: u64, out: &mut [f32]) -> Result<usize, AudioError> {
            let count = self.0.frame_count.saturating_sub(first_frame).min(out.len() as u64 / 2) as usize;
            for (n, frame) in out.chunks_exact_mut(2).take(count).enumerate() {
                frame.copy_from_slice(&[
                    (10 * (first_frame as usize + n)) as f32,
                    (10 * (first_frame as usize + n) + 1) as f32,
                ]);
            }
            Ok(count)
        }
    }

    #[test]
    fn planes_are_silent_outside_the_recording() {
        let spec = StreamSpec {
            sample_rate: 8_000,
            channels: 2,
            frame_count: 3,
            length_is_exact: true,
            format: String::new(),
        };
        let mut reader = PlaneReader::new(Box::new(Ramp(spec)), &[Channel::One(1), Channel::Mix]);
        let mut out = vec![vec![9.0; 7]; 2];
        assert_eq!(reader.read(-2, &mut out, 1).ok(), Some(3..6));
        assert_eq!(out[0], [9.0, 0.0, 0.0, 1.0, 11.0, 21.0, 0.0]);
        assert_eq!(out[1], [9.0, 0.0, 0.0, 0.5, 10.5, 20.5, 0.0]);
        assert_eq!(reader.end(), Some(3));
    }
}
