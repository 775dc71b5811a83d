//! Resampling: nothing moves in time, nothing is lost at the ends, from wherever one begins.

use earmark::audio::{AudioError, Resampler, SampleSource, StreamSpec};

/// A recording made by a formula of channel and second.
struct Made {
    spec: StreamSpec,
    /// Frames after which it ends, whatever `spec` says.
    true_frames: u64,
    value: fn(usize, u64, f64) -> f64,
}

fn made(sample_rate: u32, channels: usize, frame_count: u64, value: fn(usize, u64, f64) -> f64) -> Box<Made> {
    let spec = StreamSpec { sample_rate, channels, frame_count, length_is_exact: true, format: "made".into() };
    Box::new(Made { spec, true_frames: frame_count, value })
}

impl SampleSource for Made {
    fn spec(&self) -> &StreamSpec {
        &self.spec
    }

    fn read(&mut self, first_frame: u64, out: &mut [f32]) -> Result<usize, AudioError> {
        let wanted = (out.len() / self.spec.channels) as u64;
        let left = self.true_frames.saturating_sub(first_frame);
        if wanted > left {
            self.spec.frame_count = self.true_frames;
        }
        let frames = wanted.min(left) as usize;
        for (index, sample) in out[..frames * self.spec.channels].iter_mut().enumerate() {
            let frame = first_frame + (index / self.spec.channels) as u64;
            let secs = frame as f64 / f64::from(self.spec.sample_rate);
            *sample = (self.value)(index % self.spec.channels, frame, secs) as f32;
        }
        Ok(frames)
    }
}

fn tone(_channel: usize, _frame: u64, secs: f64) -> f64 {
    0.5 * (std::f64::consts::TAU * 1_000.0 * secs).sin()
}

fn read_all(resampler: &mut Resampler) -> Vec<f32> {
    let mut all = Vec::new();
    let mut block = vec![0.0; 1_013 * resampler.channels()];
    loop {
        let frames = resampler.read(&mut block).unwrap();
        all.extend_from_slice(&block[..frames * resampler.channels()]);
        if frames < 1_013 {
            return all;
        }
    }
}

const RATES: [(u32, u32); 9] = [
    (44_100, 16_000),
    (48_000, 16_000),
    (384_000, 16_000),
    (8_000, 16_000),
    (16_000, 16_000),
    (44_100, 48_000),
    (22_050, 44_100),
    (250_000, 32_000),
    (44_099, 16_000),
];

#[test]
fn a_tone_keeps_its_phase_at_every_rate() {
    for (from, to) in RATES {
        let frames = u64::from(from) * 2 + 37;
        let mut resampler = Resampler::mono(made(from, 1, frames, tone), to).unwrap();
        let out = read_all(&mut resampler);
        let wanted_len = (frames as f64 * f64::from(to) / f64::from(from)).round() as usize;
        assert_eq!(out.len(), wanted_len, "{from} to {to}");
        // At the ends the silence outside the recording is heard through the filter: a tenth of a second at most.
        let edge = to as usize / 10 + 8_192 * to as usize / from as usize;
        assert!(out.iter().all(|sample| sample.is_finite()), "{from} to {to}");
        let worst = (edge..out.len() - edge)
            .map(|n| (f64::from(out[n]) - tone(0, 0, n as f64 / f64::from(to))).abs())
            .fold(0.0, f64::max);
        assert!(worst < 1e-3, "{from} to {to}: {worst}");
    }
}

#[test]
fn an_impulse_stays_where_it_is() {
    for (from, to) in RATES {
        // One second in, and at the very first frame.
        for secs in [1_u64, 0] {
            let value = if secs == 1 {
                |_: usize, frame: u64, secs: f64| if frame > 0 && secs == 1.0 { 1.0 } else { 0.0 }
            } else {
                |_: usize, frame: u64, _: f64| if frame == 0 { 1.0 } else { 0.0 }
            };
            let mut resampler = Resampler::mono(made(from, 1, u64::from(from) * 2, value), to).unwrap();
            let out = read_all(&mut resampler);
            let peak = out.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0;
            assert_eq!(peak as u64, secs * u64::from(to), "{from} to {to}");
        }
    }
}

#[test]
fn beginning_in_the_middle_gives_the_same_samples() {
    for (from, to) in RATES {
        let new = || Resampler::mono(made(from, 1, u64::from(from), tone), to).unwrap();
        let all = read_all(&mut new());
        for first in [1, 777, all.len() / 3, all.len() - 5] {
            let mut resampler = new();
            resampler.seek(first as u64);
            let mut out = vec![0.0; 300];
            let frames = resampler.read(&mut out).unwrap();
            assert_eq!(out[..frames], all[first..(first + 300).min(all.len())], "{from} to {to} at {first}");
        }
        let mut beyond = new();
        beyond.seek(all.len() as u64 + 3);
        assert_eq!(beyond.read(&mut [0.0; 8]).unwrap(), 0);
    }
}

#[test]
fn channels_are_averaged_or_kept() {
    let level = |channel: usize, _: u64, _: f64| [0.1, 0.2, 0.6][channel];
    for to in [16_000, 8_000] {
        let mono = read_all(&mut Resampler::mono(made(16_000, 3, 16_000, level), to).unwrap());
        assert!((mono[mono.len() / 2] - 0.3).abs() < 1e-4, "{to}");
        let all = read_all(&mut Resampler::all_channels(made(16_000, 3, 16_000, level), to).unwrap());
        let middle = all.len() / 6 * 3;
        let frame = &all[middle..middle + 3];
        assert!(frame.iter().zip([0.1, 0.2, 0.6]).all(|(a, b)| (a - b).abs() < 1e-4), "{to}: {frame:?}");
    }
}

#[test]
fn a_recording_that_ends_early_ends_the_output_early() {
    for (from, to) in RATES {
        let mut source = made(from, 1, u64::from(from) * 3, tone);
        source.true_frames = u64::from(from);
        let out = read_all(&mut Resampler::mono(source, to).unwrap());
        assert_eq!(out.len(), to as usize, "{from} to {to}");
    }
}
