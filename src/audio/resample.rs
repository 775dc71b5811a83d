//! A recording at another rate: output frame `n` is what sounds at second `n / rate`, exactly, from wherever reading begins.
//!
//! Owns the delay and the block borders of the resampler. Block borders lie at fixed places of the recording, so that a reader
//! that begins in the middle gives the same samples as one that came from the start. Memory does not grow with the recording.

use audioadapter_buffers::direct::SequentialSliceOfVecs;
use rubato::{Fft, FixedSync, Resampler as _, WindowFunction};

use super::{AudioError, SampleSource, mix_down};

/// Reads a recording mixed down or with all channels, at any rate.
pub struct Resampler {
    source: Box<dyn SampleSource>,
    is_mono: bool,
    rate: u32,
    converter: Option<Converter>,
    /// The next output frame.
    position: u64,
    /// Frames as the source gave them.
    raw: Vec<f32>,
}

/// What a resampler leaves that is done with its recording, for one between the same rates.
pub struct Spare {
    from: u32,
    to: u32,
    converter: Converter,
}

/// Frames that one call reads from the source.
const READ_FRAMES: usize = 4_096;

impl Resampler {
    /// All channels averaged into one, at `rate` hertz.
    pub fn mono(source: Box<dyn SampleSource>, rate: u32) -> Result<Self, AudioError> {
        Self::new(source, rate, true)
    }

    /// Every channel as it is, at `rate` hertz.
    pub fn all_channels(source: Box<dyn SampleSource>, rate: u32) -> Result<Self, AudioError> {
        Self::new(source, rate, false)
    }

    /// As [`Self::mono`], with what another resampler has left: of short recordings, making its filter anew takes longer than all else.
    pub fn mono_with(source: Box<dyn SampleSource>, rate: u32, spare: Option<Spare>) -> Result<Self, AudioError> {
        Self::with(source, rate, true, spare)
    }

    /// What the next resampler can use.
    pub fn into_spare(self) -> Option<Spare> {
        let (from, to) = (self.source.spec().sample_rate, self.rate);
        self.converter.map(|converter| Spare { from, to, converter })
    }

    fn new(source: Box<dyn SampleSource>, rate: u32, is_mono: bool) -> Result<Self, AudioError> {
        Self::with(source, rate, is_mono, None)
    }

    fn with(source: Box<dyn SampleSource>, rate: u32, is_mono: bool, spare: Option<Spare>) -> Result<Self, AudioError> {
        let channels = if is_mono { 1 } else { source.spec().channels };
        let rate = rate.max(1);
        let fits = |spare: &Spare, from| (spare.from, spare.to, spare.converter.input.len()) == (from, rate, channels);
        let converter = match (source.spec().sample_rate, spare) {
            (same, _) if same == rate => None,
            (from, Some(spare)) if fits(&spare, from) => Some(Converter { standing_on: None, ..spare.converter }),
            (from, _) => Some(Converter::new(from, rate, channels)?),
        };
        Ok(Self { source, is_mono, rate, converter, position: 0, raw: Vec::new() })
    }

    /// Channels of the output.
    pub fn channels(&self) -> usize {
        if self.is_mono { 1 } else { self.source.spec().channels }
    }

    /// Hertz of the output.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Frames of the whole output: the recording's frames × rate / own rate, rounded. As uncertain as the recording's length.
    pub fn frame_count(&self) -> u64 {
        let spec = self.source.spec();
        let (frames, from, to) = (u128::from(spec.frame_count), u128::from(spec.sample_rate), u128::from(self.rate));
        u64::try_from((2 * frames * to + from) / (2 * from)).unwrap_or(u64::MAX)
    }

    /// Reads on from output frame `frame`: `frame / rate` seconds.
    pub fn seek(&mut self, frame: u64) {
        self.position = frame;
    }

    /// The output frame that is read next.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Fills `out` with interleaved samples and returns how many frames came: fewer than `out.len() / channels()` only at the end.
    pub fn read(&mut self, out: &mut [f32]) -> Result<usize, AudioError> {
        let channels = self.channels();
        let wanted = out.len() / channels;
        let mut done = 0;
        while done < wanted {
            let rest = &mut out[done * channels..wanted * channels];
            let came = match self.converter {
                Some(_) => self.read_converted(rest)?,
                None => self.read_as_is(rest)?,
            };
            if came == 0 {
                break;
            }
            done += came;
            self.position += came as u64;
        }
        Ok(done)
    }

    /// What went wrong so far without ending the decoding.
    pub fn take_warnings(&mut self) -> Vec<String> {
        self.source.take_warnings()
    }

    fn read_as_is(&mut self, out: &mut [f32]) -> Result<usize, AudioError> {
        if !self.is_mono {
            return self.source.read(self.position, out);
        }
        let channels = self.source.spec().channels;
        let frames = out.len().min(READ_FRAMES);
        self.raw.resize(frames * channels, 0.0);
        let came = self.source.read(self.position, &mut self.raw)?;
        mix_down(&self.raw[..came * channels], channels, &mut out[..came]);
        Ok(came)
    }

    fn read_converted(&mut self, out: &mut [f32]) -> Result<usize, AudioError> {
        let Some(mut converter) = self.converter.take() else { return Ok(0) };
        let outcome = converter.stand_on(self.position, self);
        // A recording that ends early or late is known to do so only once its end was read.
        let left = self.frame_count().saturating_sub(self.position);
        let came = converter.copy_to(self.position, &mut out[..], left);
        self.converter = Some(converter);
        outcome.map(|()| came)
    }

    /// Fills one vector a channel from input frame `first` on, silence beyond the end.
    fn read_block(&mut self, first: u64, channels: &mut [Vec<f32>]) -> Result<(), AudioError> {
        let frames = channels.first().map_or(0, Vec::len);
        let source_channels = self.source.spec().channels;
        let mut done = 0;
        while done < frames {
            let ask = (frames - done).min(READ_FRAMES);
            self.raw.resize(ask * source_channels, 0.0);
            let came = self.source.read(first + done as u64, &mut self.raw)?;
            let raw = &self.raw[..came * source_channels];
            if self.is_mono {
                mix_down(raw, source_channels, &mut channels[0][done..done + came]);
            } else {
                for (index, channel) in channels.iter_mut().enumerate() {
                    let samples = raw.iter().skip(index).step_by(source_channels);
                    channel[done..done + came].iter_mut().zip(samples).for_each(|(to, &from)| *to = from);
                }
            }
            done += came;
            if came < ask {
                break;
            }
        }
        channels.iter_mut().for_each(|channel| channel[done..].fill(0.0));
        Ok(())
    }
}

/// The converter between two rates, which works in blocks of `in_frames` to `out_frames`.
struct Converter {
    fft: Fft<f32>,
    in_frames: u64,
    out_frames: u64,
    /// Output frames by which the converter is late.
    delay: u64,
    input: Vec<Vec<f32>>,
    output: Vec<Vec<f32>>,
    /// The block that `output` holds.
    standing_on: Option<u64>,
}

/// Least block on the input side. Shorter ones have a filter so short that it takes off the treble.
const MIN_IN_FRAMES: u64 = 8_192;
/// The same on the output side, for high rates brought far down.
const MIN_OUT_FRAMES: u64 = 2_048;

/// Samples of all channels in one block at most: some 500 MB with all that is made of it, met only by invented rates.
const MOST_BLOCK_SAMPLES: u64 = 1 << 25;

impl Converter {
    fn new(from: u32, to: u32, channels: usize) -> Result<Self, AudioError> {
        let divisor = u64::from(gcd(from, to));
        let (step_in, step_out) = (u64::from(from) / divisor, u64::from(to) / divisor);
        let steps = quick_length((MIN_IN_FRAMES.div_ceil(step_in)).max(MIN_OUT_FRAMES.div_ceil(step_out)));
        let (in_frames, out_frames) = (steps * step_in, steps * step_out);
        if (in_frames + out_frames).saturating_mul(channels as u64) > MOST_BLOCK_SAMPLES {
            return Err(refused(from, to, "the two rates have too little in common for so many channels"));
        }
        let fft = Fft::new_custom(
            from as usize,
            to as usize,
            in_frames as usize,
            1,
            channels,
            WindowFunction::BlackmanHarris2,
            FixedSync::Both,
        )
        .map_err(|error| refused(from, to, &error.to_string()))?;
        if (fft.fft_size_in() as u64, fft.fft_size_out() as u64) != (in_frames, out_frames) {
            return Err(refused(from, to, "its blocks are of another size"));
        }
        let (input, output) =
            (vec![vec![0.0; in_frames as usize]; channels], vec![vec![0.0; out_frames as usize]; channels]);
        Ok(Self { fft, in_frames, out_frames, delay: out_frames / 2, input, output, standing_on: None })
    }

    /// Makes `output` the block that holds output frame `frame`.
    fn stand_on(&mut self, frame: u64, reader: &mut Resampler) -> Result<(), AudioError> {
        let block = (frame + self.delay) / self.out_frames;
        if self.standing_on == Some(block) {
            return Ok(());
        }
        let follows = block.checked_sub(1).is_some_and(|before| self.standing_on == Some(before));
        self.standing_on = None;
        if !follows {
            self.fft.reset();
            if block > 0 {
                self.convert(block - 1, reader)?;
            }
        }
        self.convert(block, reader)?;
        self.standing_on = Some(block);
        Ok(())
    }

    fn convert(&mut self, block: u64, reader: &mut Resampler) -> Result<(), AudioError> {
        reader.read_block(block * self.in_frames, &mut self.input)?;
        let (channels, in_frames, out_frames) = (self.input.len(), self.in_frames as usize, self.out_frames as usize);
        let converted = SequentialSliceOfVecs::new(self.input.as_slice(), channels, in_frames)
            .ok()
            .zip(SequentialSliceOfVecs::new_mut(self.output.as_mut_slice(), channels, out_frames).ok());
        let outcome = converted.map(|(input, mut output)| self.fft.process_into_buffer(&input, &mut output, None));
        match outcome {
            Some(Ok(_)) => Ok(()),
            failed => {
                let reason =
                    failed.and_then(Result::err).map_or_else(|| "buffers do not fit".into(), |error| error.to_string());
                Err(refused(reader.source.spec().sample_rate, reader.rate, &reason))
            }
        }
    }

    /// Copies from output frame `frame` on, at most `left` frames, and returns how many.
    fn copy_to(&self, frame: u64, out: &mut [f32], left: u64) -> usize {
        let channels = self.output.len();
        let late = frame + self.delay;
        if self.standing_on != Some(late / self.out_frames) {
            return 0;
        }
        let offset = (late % self.out_frames) as usize;
        let frames = (self.out_frames as usize - offset)
            .min(out.len() / channels)
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        for (index, channel) in self.output.iter().enumerate() {
            let samples = channel[offset..offset + frames].iter();
            out.iter_mut().skip(index).step_by(channels).zip(samples).for_each(|(to, &from)| *to = from);
        }
        frames
    }
}

fn refused(from: u32, to: u32, reason: &str) -> AudioError {
    AudioError::Unsupported {
        path: "resampler".into(),
        reason: format!("cannot bring {from} Hz to {to} Hz ({reason}); convert the recording to a usual rate"),
    }
}

/// The least number from `least` on that is even and has no prime factors but 2, 3 and 5. Even, since then the delay, half a block, is a whole number
/// of frames on both sides; the rest, since Fourier transforms of such lengths are several times as fast as those with large prime factors (of
/// 48 kHz to 16 kHz the least even number of steps holds 683).
fn quick_length(least: u64) -> u64 {
    let is_quick = |length: &u64| {
        let mut rest = *length;
        for factor in [2, 3, 5] {
            while rest.is_multiple_of(factor) {
                rest /= factor;
            }
        }
        rest == 1
    };
    // There is a power of two before the double of any number.
    (least.max(2)..).find(|length| length.is_multiple_of(2) && is_quick(length)).unwrap_or(least)
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a.max(1) } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::super::StreamSpec;
    use super::*;

    struct Noise(StreamSpec, u64);

    impl SampleSource for Noise {
        fn spec(&self) -> &StreamSpec {
            &self.0
        }

        fn read(&mut self, first_frame: u64, out: &mut [f32]) -> Result<usize, AudioError> {
            let count = self.0.frame_count.saturating_sub(first_frame).min(out.len() as u64) as usize;
            for (place, sample) in out[..count].iter_mut().enumerate() {
                let bits = (first_frame + place as u64 + self.1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
                *sample = bits as f32 / (1 << 24) as f32 - 0.5;
            }
            Ok(count)
        }
    }

    fn noise(sample_rate: u32, frame_count: u64, seed: u64) -> Box<dyn SampleSource> {
        let format = "noise".to_owned();
        Box::new(Noise(StreamSpec { sample_rate, channels: 1, frame_count, length_is_exact: true, format }, seed))
    }

    #[test]
    fn blocks_are_of_lengths_that_transform_quickly() {
        let lengths = [0, 1, 2, 3, 19, 52, 2048, 2731, 4096, 4097].map(quick_length);
        assert_eq!(lengths, [2, 2, 2, 4, 20, 54, 2048, 2880, 4096, 4320]);
    }

    #[test]
    fn what_another_recording_has_left_changes_no_sample() {
        let mut out = vec![0.0; 40_000];
        let mut spare = None;
        for (from, seed) in [(48_000, 1), (48_000, 2), (44_100, 3), (16_000, 4), (48_000, 5), (48_000, 6)] {
            let mut fresh = Resampler::mono(noise(from, 30_000 + seed * 1_111, seed), 16_000).unwrap();
            let mut whole = vec![0.0; 40_000];
            let count = fresh.read(&mut whole).unwrap();
            let mut reused = Resampler::mono_with(noise(from, 30_000 + seed * 1_111, seed), 16_000, spare).unwrap();
            // One that was not read to its end leaves as much.
            let wanted = if seed % 2 == 0 { 100 } else { 40_000 };
            let came = reused.read(&mut out[..wanted]).unwrap();
            assert_eq!(came, count.min(wanted), "{from} {seed}");
            assert!(out[..came].iter().zip(&whole).all(|(a, b)| a.to_bits() == b.to_bits()), "{from} {seed}");
            spare = reused.into_spare();
            assert_eq!(spare.is_some(), from != 16_000);
        }
    }
}
