//! Slower or faster without another pitch. Owns the choice and the joining of segments; must not know where frames come from.
//!
//! The method is WSOLA (Verhelst and Roelands, "An overlap-add technique based on waveform similarity (WSOLA) for high quality
//! time-scale modification of speech", ICASSP 1993): segments of 20 ms are laid over one another at half their length; each is taken
//! from where the waveform resembles most what would have followed the one before, at most 7.5 ms from where it belongs. Samples are
//! never filtered, so that pitch and timbre stay, and at speed 1 every sample stays as it is. Beyond the paper: a click that one
//! segment has is not taken up again or left out by the next, for the sake of which a segment may lie up to 15 ms beside its place.

use std::ops::Range;
use std::sync::Arc;

use realfft::{ComplexToReal, RealFftPlanner, RealToComplex, num_complex::Complex32};

/// Half a segment.
const HOP_SECS: f64 = 0.010;
/// How far a segment may lie from where it belongs.
const REACH_SECS: f64 = 0.007_5;
/// How much likeness (−1 to 1) the farthest segment must have over the nearest.
const FARNESS_COST: f64 = 0.02;
/// The likeness that is given up for not repeating a click and not leaving one out.
const CLICK_COST: f64 = 1.0;
/// The likeness that is given up for not lying farther away than usual.
const STRAY_COST: f64 = 0.95;
/// A click is a fifth of a hop that is louder than the mean around it by this factor of power.
const CLICK_POWER: f64 = 6.0;
/// Frames of both are bounded whatever the rate.
const MOST_FRAMES: usize = 1 << 16;

/// Stretches interleaved frames of one rate, a hop at a time.
pub struct TimeStretch {
    hop: usize,
    reach: usize,
    /// The source frame that belongs to the next frame given.
    place: f64,
    /// The source frame that follows the last segment's first half.
    natural: i64,
    likeness: Likeness,
}

/// Where the next segment comes from.
enum Choice {
    Fixed(i64),
    /// The best one with its first frame in this range.
    Within(Range<i64>),
}

impl TimeStretch {
    /// For frames at `sample_rate` hertz.
    pub fn new(sample_rate: u32) -> Self {
        let frames = |secs: f64| ((f64::from(sample_rate) * secs).round() as usize).clamp(1, MOST_FRAMES);
        let (hop, reach) = (frames(HOP_SECS), frames(REACH_SECS));
        Self { hop, reach, place: 0.0, natural: 0, likeness: Likeness::new(hop, reach) }
    }

    /// Goes on from a source frame, with a segment that begins there.
    pub fn start(&mut self, frame: i64) {
        self.place = frame as f64;
        self.natural = frame;
    }

    /// Frames that one call gives.
    pub fn hop(&self) -> usize {
        self.hop
    }

    /// The source frame that belongs to the next frame given; what sounds comes from at most 15 ms beside it.
    pub fn place(&self) -> f64 {
        self.place
    }

    /// The source frames that the next hop needs.
    pub fn needs(&self, speed: f64) -> Range<i64> {
        let hop = self.hop as i64;
        let (first, last) = match self.choice(speed) {
            Choice::Fixed(first) => (first, first),
            Choice::Within(firsts) => (firsts.start, firsts.end - 1),
        };
        first.min(self.natural)..last.max(self.natural) + hop
    }

    /// Gives the next hop of frames, at `speed` seconds of the source a second. `source` holds the frames of [`TimeStretch::needs`],
    /// `out` takes [`TimeStretch::hop`] of them; both have `channels` channels.
    pub fn next_hop(&mut self, speed: f64, channels: usize, source: &[f32], out: &mut [f32]) {
        let channels = channels.max(1);
        let needs = self.needs(speed);
        if source.len() < (needs.end - needs.start) as usize * channels || out.len() < self.hop * channels {
            out.fill(0.0);
            return;
        }
        let from = |frame: i64| &source[(frame - needs.start) as usize * channels..];
        let first = match self.choice(speed) {
            Choice::Fixed(first) => first,
            Choice::Within(firsts) => self.best_first(&firsts, &needs, channels, source),
        };
        let (old, new) = (from(self.natural), from(first));
        for frame in 0..self.hop {
            let samples = frame * channels..(frame + 1) * channels;
            let rise = rise((frame as f64 + 0.5) / self.hop as f64);
            for sample in samples {
                out[sample] =
                    if first == self.natural { new[sample] } else { old[sample] + rise * (new[sample] - old[sample]) };
            }
        }
        self.place += speed * self.hop as f64;
        self.natural = first + self.hop as i64;
    }

    /// The first frame of the next segment: as like as possible to what would follow, and without a click too many or too few.
    fn best_first(&mut self, firsts: &Range<i64>, needs: &Range<i64>, channels: usize, source: &[f32]) -> i64 {
        let (hop, natural) = (self.hop as i64, self.natural);
        let from = |frame: i64| &source[(frame - needs.start) as usize * channels..];
        self.likeness.compare(from(natural), from(firsts.start), channels);
        let click = click_in(source, channels, self.hop).map(|frame| needs.start + frame as i64);
        let click_cost = |first: i64| {
            let is_wrong = click.is_some_and(|click| {
                let is_repeated = first <= click && click < natural + hop;
                let is_left_out = natural + hop / 2 <= click && click < first;
                first != natural && (is_repeated || is_left_out)
            });
            if is_wrong { CLICK_COST } else { 0.0 }
        };
        let worth = |first: i64| {
            let lag = (first - firsts.start) as usize;
            let farness = lag.abs_diff(self.reach) as f64 / self.reach as f64;
            self.likeness.at(lag) - FARNESS_COST * farness - click_cost(first)
        };
        let best = firsts.clone().map(|first| (worth(first), first)).max_by(|a, b| a.0.total_cmp(&b.0));
        let middle = firsts.start + self.reach as i64;
        let may_stray = natural.abs_diff(middle) <= 2 * self.reach as u64;
        match best {
            Some((worth, _)) if may_stray && worth < 1.0 - STRAY_COST => natural,
            Some((_, first)) => first,
            None => middle,
        }
    }

    fn choice(&self, speed: f64) -> Choice {
        // The segment's middle is heard alone, at the end of this hop.
        let nearest = (self.place + speed * self.hop as f64).round() as i64 - self.hop as i64;
        let reach = self.reach as i64;
        if speed == 1.0 { Choice::Fixed(nearest) } else { Choice::Within(nearest - reach..nearest + reach + 1) }
    }
}

/// From 0 to 1, without corners.
fn rise(part: f64) -> f32 {
    (0.5 - 0.5 * (std::f64::consts::PI * part).cos()) as f32
}

/// Finds where a stretch of sound resembles another one most: the normalised cross-correlation, by FFT.
struct Likeness {
    hop: usize,
    reach: usize,
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    wanted: Vec<f32>,
    wanted_bins: Vec<Complex32>,
    region: Vec<f32>,
    region_bins: Vec<Complex32>,
    correlation: Vec<f32>,
    /// Of the region, up to each of its frames.
    energy: Vec<f64>,
    wanted_energy: f64,
}

impl Likeness {
    fn new(hop: usize, reach: usize) -> Self {
        let size = (hop + 2 * reach).next_power_of_two().max(16);
        let mut planner = RealFftPlanner::new();
        let (forward, inverse) = (planner.plan_fft_forward(size), planner.plan_fft_inverse(size));
        let (wanted_bins, region_bins) = (forward.make_output_vec(), forward.make_output_vec());
        let correlation = vec![0.0; size];
        let (wanted, region, energy, wanted_energy) = (Vec::new(), Vec::new(), Vec::new(), 0.0);
        Self {
            hop,
            reach,
            forward,
            inverse,
            wanted,
            wanted_bins,
            region,
            region_bins,
            correlation,
            energy,
            wanted_energy,
        }
    }

    /// Compares `wanted` (`hop` frames) with every stretch of `region` (`hop + 2 reach` frames).
    fn compare(&mut self, wanted: &[f32], region: &[f32], channels: usize) {
        let size = self.correlation.len();
        mix(wanted, channels, self.hop, size, &mut self.wanted);
        mix(region, channels, self.hop + 2 * self.reach, size, &mut self.region);
        let mut sum = 0.0;
        self.energy.clear();
        self.energy.push(0.0);
        self.energy.extend(self.region.iter().map(|&sample| {
            sum += f64::from(sample).powi(2);
            sum
        }));
        self.wanted_energy = self.wanted.iter().map(|&sample| f64::from(sample).powi(2)).sum();
        let transformed = self
            .forward
            .process(&mut self.wanted, &mut self.wanted_bins)
            .and(self.forward.process(&mut self.region, &mut self.region_bins));
        self.region_bins.iter_mut().zip(&self.wanted_bins).for_each(|(bin, wanted)| *bin *= wanted.conj());
        for place in [0, self.region_bins.len() - 1] {
            self.region_bins[place].im = 0.0;
        }
        let correlated = self.inverse.process(&mut self.region_bins, &mut self.correlation);
        if transformed.and(correlated).is_err() {
            self.correlation.fill(0.0);
        }
    }

    /// How like the stretch that begins `lag` frames after the region's start is: −1 to 1.
    fn at(&self, lag: usize) -> f64 {
        let there = (self.energy[lag + self.hop] - self.energy[lag]).max(0.0) + 1e-4 * self.wanted_energy;
        f64::from(self.correlation[lag]) / self.correlation.len() as f64 / (there * self.wanted_energy + 1e-24).sqrt()
    }
}

/// The frame of a click, if there is one: of the loudest fifth of a hop, if it is much louder than the mean.
fn click_in(frames: &[f32], channels: usize, hop: usize) -> Option<usize> {
    let length = (hop / 5).max(1);
    let energy = |part: &[f32]| part.iter().map(|&sample| f64::from(sample).powi(2)).sum::<f64>();
    let parts = || frames.chunks_exact(length * channels).map(energy).enumerate();
    let mean = parts().map(|(_, energy)| energy).sum::<f64>() / parts().count().max(1) as f64;
    let (place, loudest) = parts().max_by(|a, b| a.1.total_cmp(&b.1))?;
    (loudest > CLICK_POWER * mean).then_some(place * length + length / 2)
}

/// One channel of all, without its mean, filled up with silence. The channels have weights that differ, so that opposite ones do not
/// cancel each other.
fn mix(frames: &[f32], channels: usize, count: usize, size: usize, mixed: &mut Vec<f32>) {
    let weigh = |frame: &[f32]| -> f32 {
        frame.iter().enumerate().map(|(channel, sample)| sample / (1.0 + 0.4 * channel as f32)).sum()
    };
    mixed.clear();
    mixed.extend(frames.chunks_exact(channels).take(count).map(weigh));
    let mean = mixed.iter().map(|&sample| f64::from(sample)).sum::<f64>() / mixed.len().max(1) as f64;
    mixed.iter_mut().for_each(|sample| *sample -= mean as f32);
    mixed.resize(size, 0.0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    const RATE: u32 = 48_000;

    /// Stretches `source` (one channel) from its frame 4,800 on, for `hops` hops at each of the speeds.
    fn stretched(source: impl Fn(i64) -> f32, plan: &[(f64, usize)]) -> (Vec<f32>, f64) {
        let mut stretch = TimeStretch::new(RATE);
        stretch.start(4_800);
        let mut all = Vec::new();
        for &(speed, hops) in plan {
            for _ in 0..hops {
                let frames: Vec<f32> = stretch.needs(speed).map(&source).collect();
                let mut out = vec![0.0; stretch.hop()];
                stretch.next_hop(speed, 1, &frames, &mut out);
                all.extend(out);
            }
        }
        (all, stretch.place())
    }

    /// The frequency of the loudest bin in hertz, refined by a parabola through its neighbours (Hann window, log magnitude).
    fn pitch_hz(samples: &[f32]) -> f64 {
        let size = samples.len().next_power_of_two() / 2;
        let mut planner = RealFftPlanner::<f64>::new();
        let forward = planner.plan_fft_forward(size);
        let window = |n: usize| 0.5 - 0.5 * (TAU * n as f64 / size as f64).cos();
        let mut time: Vec<f64> = (0..size).map(|n| f64::from(samples[n]) * window(n)).collect();
        let mut bins = forward.make_output_vec();
        forward.process(&mut time, &mut bins).unwrap();
        let level: Vec<f64> = bins.iter().map(|bin| bin.norm_sqr().max(1e-30).ln()).collect();
        let top = (1..level.len() - 1).max_by(|&a, &b| level[a].total_cmp(&level[b])).unwrap();
        let (a, b, c) = (level[top - 1], level[top], level[top + 1]);
        (top as f64 + 0.5 * (a - c) / (a - 2.0 * b + c)) * f64::from(RATE) / size as f64
    }

    #[test]
    fn at_speed_one_every_sample_stays() {
        let source = |n: i64| ((n * n) % 1_013) as f32 / 1_013.0;
        let (out, place) = stretched(source, &[(1.0, 30)]);
        assert_eq!(out, (4_800..4_800 + out.len() as i64).map(source).collect::<Vec<f32>>());
        assert_eq!(place, 4_800.0 + out.len() as f64);
    }

    #[test]
    fn the_pitch_stays_and_the_duration_is_exact() {
        for hz in [90.0, 440.0, 3_000.0, 11_000.0] {
            for speed in [0.05, 0.1, 0.25, 0.5, 0.8, 1.5, 2.0, 4.0] {
                let source = |n: i64| (0.5 * (TAU * hz * n as f64 / f64::from(RATE)).sin()) as f32;
                let (out, place) = stretched(source, &[(speed, 150)]);
                let own = pitch_hz(&out);
                assert!((own / hz - 1.0).abs() < 0.005, "{hz} Hz at {speed}: {own}");
                assert!((place - 4_800.0 - speed * out.len() as f64).abs() < 1e-6);
                let power: f64 = out.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / out.len() as f64;
                assert!((power / 0.125 - 1.0).abs() < 0.1, "{hz} Hz at {speed}: power {power}");
            }
        }
    }

    #[test]
    fn a_click_stays_within_twenty_milliseconds_at_half_speed() {
        // A decaying burst of 2 ms in a quiet hiss, at several places relative to the hops.
        for at in [24_000, 24_111, 24_222, 24_333] {
            let source = |n: i64| {
                let hiss = ((n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as f64 / f64::from(1 << 24) - 0.5;
                let since = (n - at) as f64;
                let burst = if since >= 0.0 { (-since / 48.0).exp() * (since * 0.7).cos() } else { 0.0 };
                (0.002 * hiss + 0.8 * burst) as f32
            };
            let (out, _) = stretched(source, &[(0.5, 120)]);
            let energy: Vec<f64> = out.iter().map(|&x| f64::from(x).powi(2)).collect();
            let whole: f64 = energy.iter().sum();
            let most = energy.windows(960).map(|window| window.iter().sum::<f64>()).fold(0.0, f64::max);
            assert!(most > 0.97 * whole, "{at}: {}", most / whole);
            let centre = energy.iter().enumerate().map(|(n, e)| n as f64 * e).sum::<f64>() / whole;
            let wanted = (at - 4_800) as f64 / 0.5;
            assert!((centre - wanted).abs() < 0.02 * f64::from(RATE), "{at}: {centre} {wanted}");
        }
    }

    #[test]
    fn another_speed_makes_no_click_and_speed_one_comes_back_to_the_samples() {
        let source = |n: i64| (0.5 * (TAU * 500.0 * n as f64 / f64::from(RATE)).sin()) as f32;
        let (out, place) = stretched(source, &[(1.0, 5), (0.3, 9), (2.5, 9), (0.05, 9), (1.0, 12)]);
        // A sine of this kind never moves by more than 0.5 · 2π · 500 / 48,000 a sample.
        let steepest = out.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
        assert!(steepest < 1.5 * 0.0328, "{steepest}");
        let rest = 11 * 480;
        let first = place.round() as i64 - rest;
        assert_eq!(out[out.len() - rest as usize..], (first..first + rest).map(source).collect::<Vec<f32>>());
    }

    #[test]
    fn frames_that_are_missing_are_silence_and_no_panic() {
        let mut stretch = TimeStretch::new(0);
        let mut out = vec![1.0; 3];
        stretch.next_hop(0.5, 1, &[], &mut out);
        assert_eq!(out, [0.0; 3]);
        assert!(TimeStretch::new(u32::MAX).needs(4.0).end < i64::from(u32::MAX));
    }
}
