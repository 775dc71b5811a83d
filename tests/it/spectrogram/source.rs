//! Recordings out of a formula, and an engine that can be waited for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::time::Duration;

use earmark::audio::{AudioError, SampleSource, StreamSpec};
use earmark::spectrogram::TimeView;
use earmark::work::{TileEngine, TileSettings, Wake};

/// A number between −1 and 1 that depends on `n` alone.
pub fn noise(n: u64) -> f32 {
    let mut x = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x ^= x >> 29;
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((x >> 40) as f32 / 8_388_608.0) - 1.0
}

/// Samples between what neighbouring channels hold.
pub const CHANNEL_DELAY: u64 = 40_000;

/// What a recording is made of, and what is wrong with it.
#[derive(Clone)]
pub struct Synthetic {
    pub sample_rate: u32,
    /// Channel `c` is `c` × [`CHANNEL_DELAY`] samples ahead.
    pub channels: usize,
    pub frame_count: u64,
    pub sample: Arc<dyn Fn(u64) -> f32 + Send + Sync>,
    /// What the container says, if that is not the truth.
    pub claimed_frames: Option<u64>,
    /// Reading from here on fails.
    pub broken_from: Option<u64>,
    /// Opening fails.
    pub is_missing: bool,
    pub gate: Option<Arc<Gate>>,
    /// First sample and thread of every read.
    pub reads: Arc<Mutex<Vec<(u64, String)>>>,
    /// Told when a source is dropped.
    pub dropped: Option<mpsc::Sender<()>>,
}

impl Synthetic {
    pub fn new(sample_rate: u32, secs: f64, sample: impl Fn(u64) -> f32 + Send + Sync + 'static) -> Self {
        Self {
            sample_rate,
            channels: 1,
            frame_count: (secs * f64::from(sample_rate)) as u64,
            sample: Arc::new(sample),
            claimed_frames: None,
            broken_from: None,
            is_missing: false,
            gate: None,
            reads: Arc::default(),
            dropped: None,
        }
    }

    pub fn noise(sample_rate: u32, secs: f64) -> Self {
        Self::new(sample_rate, secs, |n| 0.25 * noise(n))
    }

    pub fn spec(&self) -> StreamSpec {
        StreamSpec {
            sample_rate: self.sample_rate,
            channels: self.channels,
            frame_count: self.claimed_frames.unwrap_or(self.frame_count),
            length_is_exact: self.claimed_frames.is_none(),
            format: "formula".to_owned(),
        }
    }

    /// A sample of a channel.
    pub fn at(&self, n: u64, channel: usize) -> f32 {
        (self.sample)(n + channel as u64 * CHANNEL_DELAY)
    }

    pub fn open(&self) -> Result<Box<dyn SampleSource>, AudioError> {
        if self.is_missing {
            return Err(AudioError::Unsupported { path: "formula".into(), reason: "is missing".to_owned() });
        }
        Ok(Box::new(Source { spec: self.spec(), of: self.clone() }))
    }
}

/// Holds readers up until it is opened.
#[derive(Default)]
pub struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
    pub waiting: AtomicU64,
}

impl Gate {
    pub fn open(&self) {
        *self.is_open.lock().expect("gate") = true;
        self.opened.notify_all();
    }

    fn pass(&self) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        drop(self.opened.wait_while(self.is_open.lock().expect("gate"), |is_open| !*is_open));
    }
}

struct Source {
    spec: StreamSpec,
    of: Synthetic,
}

impl SampleSource for Source {
    fn spec(&self) -> &StreamSpec {
        &self.spec
    }

    fn read(&mut self, first_frame: u64, out: &mut [f32]) -> Result<usize, AudioError> {
        let thread = std::thread::current().name().unwrap_or("").to_owned();
        self.of.reads.lock().expect("reads").push((first_frame, thread));
        if let Some(gate) = &self.of.gate {
            gate.pass();
        }
        let channels = self.of.channels;
        let wanted = (out.len() / channels) as u64;
        if self.of.broken_from.is_some_and(|place| first_frame + wanted > place) {
            return Err(AudioError::Broken { path: "formula".into(), reason: "is broken".to_owned() });
        }
        let count = (self.of.frame_count.saturating_sub(first_frame)).min(wanted) as usize;
        for (n, sample) in out[..count * channels].iter_mut().enumerate() {
            *sample = self.of.at(first_frame + (n / channels) as u64, n % channels);
        }
        Ok(count)
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        if let Some(dropped) = &self.of.dropped {
            let _ = dropped.send(());
        }
    }
}

/// An engine and the calls of its threads.
pub struct Watched {
    pub engine: TileEngine,
    woken: mpsc::Receiver<()>,
}

impl Watched {
    pub fn new(source: Synthetic, threads: usize) -> Self {
        Self::with(source, &TileSettings { threads, ..TileSettings::default() })
    }

    pub fn with(source: Synthetic, settings: &TileSettings) -> Self {
        let (sender, woken) = mpsc::channel();
        let spec = source.spec();
        let wake = move || {
            let _ = sender.send(());
        };
        let engine = TileEngine::new(Arc::new(move || source.open()), &spec, settings, &(Arc::new(wake) as Wake));
        Self { engine, woken }
    }

    /// Waits until what the view needs is there.
    pub fn wait_for(&mut self, view: &TimeView) {
        self.wait_until(|engine| {
            engine.set_view(*view);
            engine.is_view_complete()
        });
    }

    /// Waits for the end of the pass over the whole recording.
    pub fn wait_for_the_whole(&mut self) {
        self.wait_until(|engine| engine.known_duration_secs().is_some());
    }

    pub fn wait_until(&mut self, mut is_there: impl FnMut(&mut TileEngine) -> bool) {
        loop {
            self.engine.poll();
            if is_there(&mut self.engine) {
                return;
            }
            self.woken.recv_timeout(Duration::from_secs(60)).expect("the threads went silent");
        }
    }
}
