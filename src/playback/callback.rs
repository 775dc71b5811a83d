//! What runs on the device's thread: takes samples from the ring, through rodio's mixer, and notes when they are heard.
//!
//! Nothing here may lock, allocate, log or read a file once it is made; a test counts allocations.

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rodio::Source;
use rodio::mixer::{MixerSource, mixer};

use super::output::OutputFormat;
use super::playhead::{Heard, OutputClock, Shared};
use super::ring::Ring;

/// The end that an output pulls: a whole number of frames at a time, from one thread.
pub struct Pull {
    mixer: MixerSource,
    clock: Arc<OutputClock>,
    run: Arc<Run>,
    format: OutputFormat,
}

/// What the source, which the mixer owns, tells of the frames it gave. One thread writes and reads it.
#[derive(Default)]
struct Run {
    /// Frames given, silent ones too.
    given: AtomicU64,
    /// Frames given that were not silence for want of samples.
    sounding: AtomicU64,
    /// The frame (of those given) with which the last unbroken run of sound began, and the one after it.
    first: AtomicU64,
    end: AtomicU64,
}

impl Pull {
    pub(super) fn new(ring: Arc<Ring>, shared: Arc<Shared>, clock: Arc<OutputClock>, format: OutputFormat) -> Self {
        let channels = NonZero::new(format.channels).unwrap_or(NonZero::<u16>::MIN);
        let sample_rate = NonZero::new(format.sample_rate).unwrap_or(NonZero::<u32>::MIN);
        let run = Arc::new(Run::default());
        let (input, mixer) = mixer(channels, sample_rate);
        let taken = ring.written();
        input.add(RingSource {
            ring,
            shared,
            clock: Arc::clone(&clock),
            run: Arc::clone(&run),
            channels,
            sample_rate,
            channel: 0,
            taken,
            epoch: 0,
            played: 0,
            is_sounding: false,
            gain: 1.0,
        });
        Self { mixer, clock, run, format }
    }

    /// What is pulled.
    pub fn format(&self) -> OutputFormat {
        self.format
    }

    /// Fills `out`, whose first frame is heard at `at + latency`, and returns how many of its frames were not silence for want of
    /// samples.
    pub fn fill<T>(&mut self, out: &mut [T], at: Instant, latency: Duration, convert: impl Fn(f32) -> T) -> usize {
        let (begun, sounding) = (self.run.given.load(Ordering::Relaxed), self.run.sounding.load(Ordering::Relaxed));
        for sample in out.iter_mut() {
            *sample = convert(self.mixer.next().unwrap_or(0.0));
        }
        self.note_heard(begun, at, latency);
        (self.run.sounding.load(Ordering::Relaxed) - sounding) as usize
    }

    fn note_heard(&self, begun: u64, at: Instant, latency: Duration) {
        let (first, end) = (self.run.first.load(Ordering::Relaxed).max(begun), self.run.end.load(Ordering::Relaxed));
        let latency_ns = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.clock.latency_ns.store(latency_ns, Ordering::Relaxed);
        if end <= first {
            return;
        }
        let played = self.clock.played.load(Ordering::Relaxed);
        let offset_secs = (first - begun) as f64 / f64::from(self.format.sample_rate);
        let heard_ns = self.clock.nanos(at) as f64 + latency_ns as f64 + offset_secs * 1e9;
        self.clock.set_heard(Heard {
            epoch: self.clock.played_epoch.load(Ordering::Relaxed),
            frame: played - (end - first).min(played),
            end: played,
            at_ns: heard_ns as i64,
        });
    }
}

/// The ring as a source of rodio: never ends, silent while there is nothing to play.
struct RingSource {
    ring: Arc<Ring>,
    shared: Arc<Shared>,
    clock: Arc<OutputClock>,
    run: Arc<Run>,
    channels: NonZero<u16>,
    sample_rate: NonZero<u32>,
    /// The channel that is given next.
    channel: u16,
    /// The ring's position from which the current frame comes.
    taken: u64,
    epoch: u64,
    /// Frames of the epoch that were given.
    played: u64,
    is_sounding: bool,
    gain: f32,
}

impl RingSource {
    fn begin_frame(&mut self) {
        // In this order: samples that are seen as written belong to an epoch that is then seen as fed.
        let written = self.ring.written();
        let fed = self.clock.fed.load(Ordering::Acquire);
        let was_sounding = self.is_sounding;
        if fed != self.shared.wanted.load(Ordering::Acquire) {
            // All there is belongs to something that is no longer wanted.
            self.taken = self.taken.max(written);
            self.ring.release_to(self.taken);
            self.is_sounding = false;
            return;
        }
        let is_new = fed != self.epoch;
        if is_new {
            self.epoch = fed;
            self.taken = self.clock.fed_from.load(Ordering::Relaxed);
            self.ring.release_to(self.taken);
            self.played = 0;
        }
        self.is_sounding = written >= self.taken + u64::from(self.channels.get());
        if self.is_sounding && (is_new || !was_sounding) {
            self.run.first.store(self.run.given.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self.follow_gain();
    }

    /// Goes to a new loudness within some milliseconds, so that it does not click.
    fn follow_gain(&mut self) {
        let wanted = f32::from_bits(self.shared.gain.load(Ordering::Relaxed));
        let rest = wanted - self.gain;
        self.gain = if rest.abs() < 1e-4 { wanted } else { self.gain + rest * 0.01 };
    }

    fn end_frame(&mut self) {
        let given = self.run.given.load(Ordering::Relaxed) + 1;
        self.run.given.store(given, Ordering::Relaxed);
        if self.is_sounding {
            self.taken += u64::from(self.channels.get());
            self.ring.release_to(self.taken);
            self.played += 1;
            self.run.end.store(given, Ordering::Relaxed);
            self.run.sounding.store(self.run.sounding.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
            self.clock.played.store(self.played, Ordering::Relaxed);
            self.clock.played_epoch.store(self.epoch, Ordering::Release);
        }
    }
}

impl Iterator for RingSource {
    type Item = f32;

    fn next(&mut self) -> Option<f32> {
        if self.channel == 0 {
            self.begin_frame();
        }
        let sample =
            if self.is_sounding { self.ring.sample(self.taken + u64::from(self.channel)) * self.gain } else { 0.0 };
        self.channel += 1;
        if self.channel == self.channels.get() {
            self.channel = 0;
            self.end_frame();
        }
        Some(sample)
    }
}

impl Source for RingSource {
    fn current_span_len(&self) -> Option<usize> {
        None
    }

    fn channels(&self) -> NonZero<u16> {
        self.channels
    }

    fn sample_rate(&self) -> NonZero<u32> {
        self.sample_rate
    }

    fn total_duration(&self) -> Option<Duration> {
        None
    }
}
