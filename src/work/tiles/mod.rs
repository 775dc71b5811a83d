//! The picture of a recording: the engine that the window asks, and the threads that compute for it.
//!
//! Owns which tiles are computed, in which order, and which are kept. The window calls it each frame and never waits: every call
//! only looks at what is there. Must not draw.

mod columns;
mod mono;
mod outcome;
mod overview;
mod pool;
mod queue;
mod view;

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_channel::{Receiver, Sender};

use crate::audio::{AudioError, SampleSource, StreamSpec};
use crate::spectrogram::{
    Channel, CoarseStore, FineWave, PictureSettings, PyramidLayout, TileCache, TileKey, TimeView, WaveStore,
    wave_block_samples,
};
use crate::work::{CancelOnDrop, CancelToken, Wake};

use columns::ColumnReader;
pub(in crate::work) use mono::MonoReader;
use outcome::Outcome;
use overview::Overview;
use pool::Worker;
use queue::{Job, JobQueue};

pub use view::ViewTiles;

/// Bytes of the coarse tiles that are made for drawing, at most: two pictures of a 4K screen.
const COARSE_CACHE_BYTES: usize = 16 << 20;

/// Opens the recording once more, for one more thread.
pub type SourceFactory = Arc<dyn Fn() -> Result<Box<dyn SampleSource>, AudioError> + Send + Sync>;

/// How the picture is computed.
#[derive(Clone, Debug, PartialEq)]
pub struct TileSettings {
    /// What a byte of the picture stands for, and of which frames.
    pub picture: PictureSettings,
    /// What of the channels is shown.
    pub channel: Channel,
    /// Threads that compute what is in view, ≥ 1.
    pub threads: usize,
    /// Bytes of tiles that are kept for scrolling back. What the pass over the whole yields comes on top.
    pub cache_bytes: usize,
}

impl Default for TileSettings {
    /// One thread a core (8 at most) and 24 MB of tiles: 96 of them at 48 kHz, several screens.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            picture: PictureSettings::default(),
            channel: Channel::Mix,
            threads: cores.clamp(1, 8),
            cache_bytes: 24 << 20,
        }
    }
}

/// What a thread needs to begin reading.
struct Opener {
    factory: SourceFactory,
    layout: PyramidLayout,
    channel: Channel,
    format: String,
}

impl Opener {
    fn open(&self) -> Result<ColumnReader, AudioError> {
        Ok(ColumnReader::new(MonoReader::new((self.factory)()?, self.channel), self.layout))
    }

    fn panic_text(&self, what: &str) -> String {
        format!("The decoder for {} failed: {what} is missing. Convert the recording to WAV and open that", self.format)
    }
}

/// Everything that is drawn of one recording. Dropping it cancels all that is under way.
pub struct TileEngine {
    id: u64,
    layout: PyramidLayout,
    channel: Channel,
    frame_count: u64,
    frames_read: u64,
    is_ended: bool,
    cache: TileCache,
    /// Levels from the base level on, and tiles cut out of them for drawing (whose making changes nothing that can be seen).
    coarse: CoarseStore,
    coarse_tiles: RefCell<TileCache>,
    wave: WaveStore,
    /// Peaks in full detail, and the job that they answer.
    fine_wave: Option<(Job, FineWave)>,
    failed: HashSet<TileKey>,
    notices: Vec<String>,
    told: HashSet<String>,
    requested: Vec<Job>,
    outcomes: Receiver<Outcome>,
    queue: Arc<JobQueue>,
    _cancel_overview: CancelOnDrop,
}

impl Drop for TileEngine {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl TileEngine {
    /// Starts the threads for a recording. `factory` opens it for a thread, `spec` is what is known of it, `wake` is called when
    /// results wait. Failures become notices.
    pub fn new(factory: SourceFactory, spec: &StreamSpec, settings: &TileSettings, wake: &Wake) -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        let layout = PyramidLayout::new(spec.sample_rate, settings.picture.stft(spec.sample_rate));
        let channel = settings.channel;
        // tidy: what is asked for bounds what comes; threads that waited here could not be cancelled.
        let (sender, outcomes) = crossbeam_channel::unbounded();
        let engine = Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            layout,
            channel,
            frame_count: spec.frame_count,
            frames_read: 0,
            is_ended: false,
            cache: TileCache::new(settings.cache_bytes),
            coarse: CoarseStore::new(layout, channel),
            coarse_tiles: RefCell::new(TileCache::new(COARSE_CACHE_BYTES)),
            wave: WaveStore::new(wave_block_samples(layout.sample_rate)),
            fine_wave: None,
            failed: HashSet::new(),
            notices: Vec::new(),
            told: HashSet::new(),
            requested: Vec::new(),
            outcomes,
            queue: Arc::default(),
            _cancel_overview: CancelOnDrop::default(),
        };
        let opener = Arc::new(Opener { factory, layout, channel, format: spec.format.clone() });
        engine.start_threads(&opener, settings.threads.max(1), &sender, wake);
        engine
    }

    fn start_threads(&self, opener: &Arc<Opener>, threads: usize, outcomes: &Sender<Outcome>, wake: &Wake) {
        let start = |name: String, run: Box<dyn FnOnce() + Send>| {
            if let Err(error) = std::thread::Builder::new().name(name).spawn(run) {
                // The receiver is in `self`, so that this cannot fail.
                let text = format!("The picture cannot be computed: no thread can be started ({error})");
                let _ = outcomes.send(Outcome::Notice(text));
            }
        };
        for number in 0..threads {
            let (opener, queue) = (Arc::clone(opener), Arc::clone(&self.queue));
            let worker = Worker { opener, queue, outcomes: outcomes.clone(), wake: Arc::clone(wake) };
            start(format!("tiles-{number}"), Box::new(move || worker.run()));
        }
        let overview = Overview {
            opener: Arc::clone(opener),
            queue: Arc::clone(&self.queue),
            outcomes: outcomes.clone(),
            wake: Arc::clone(wake),
            cancel: CancelToken::clone(&self._cancel_overview.0),
        };
        start("overview".to_owned(), Box::new(move || overview.run()));
    }

    /// A number that no other engine of this process has, for caches beyond the engine.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Geometry of the pyramid.
    pub fn layout(&self) -> &PyramidLayout {
        &self.layout
    }

    /// Takes in what the threads have done since the last call. Cheap. Returns whether anything new can be seen.
    pub fn poll(&mut self) -> bool {
        let mut is_changed = false;
        while let Ok(outcome) = self.outcomes.try_recv() {
            self.take_in(outcome);
            is_changed = true;
        }
        is_changed
    }

    fn take_in(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Tile(tile) => self.cache.insert(tile),
            Outcome::TileFailed(key) => {
                self.failed.insert(key);
            }
            Outcome::Wave(job, wave) => self.fine_wave = Some((job, wave)),
            Outcome::Overview { columns, peaks, frames_read } => {
                self.coarse.push(&columns);
                self.wave.push(&peaks);
                self.frames_read = frames_read;
                self.frame_count = self.frame_count.max(frames_read);
            }
            Outcome::OverviewEnded { frame_count } => {
                self.coarse.finish();
                // Nothing at all is a file that went away, not a recording without length.
                if frame_count > 0 {
                    self.frame_count = frame_count;
                }
                self.is_ended = true;
            }
            Outcome::Notice(text) => {
                // All threads meet the same broken place: it is told once.
                if self.told.insert(text.clone()) {
                    self.notices.push(text);
                }
            }
        }
    }

    /// Says what is looked at now, as [`TileEngine::set_views`] with one view.
    pub fn set_view(&mut self, view: TimeView) {
        self.set_views(&[view]);
    }

    /// Says what is looked at now, the most important view first. What these views lack is computed, nearest to their centres first;
    /// what only earlier views lacked is given up. To be called each frame; costs next to nothing if nothing changed.
    pub fn set_views(&mut self, views: &[TimeView]) {
        self.cache.set_least(self.bytes_for(views));
        let jobs = self.jobs_for(views);
        if jobs != self.requested {
            self.queue.replace(&jobs);
            self.requested = jobs;
        }
    }

    /// Whether everything that the last views need is there.
    pub fn is_view_complete(&self) -> bool {
        self.requested.is_empty()
    }

    /// How far the pass over the whole recording has come, 0 to 1.
    pub fn progress(&self) -> f32 {
        if self.is_ended {
            return 1.0;
        }
        (self.frames_read as f64 / self.frame_count.max(1) as f64).min(0.999) as f32
    }

    /// The true length in seconds, as soon as the pass has ended; what the container says if nothing could be decoded.
    pub fn known_duration_secs(&self) -> Option<f64> {
        self.is_ended.then(|| self.duration_secs())
    }

    /// The length in seconds: what the container says until the pass has ended, then the true one.
    pub fn duration_secs(&self) -> f64 {
        crate::time::secs_from_samples(self.frame_count, self.layout.sample_rate)
    }

    /// What went wrong since the last call, each once.
    pub fn take_notices(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notices)
    }

    /// Bytes of all tiles, columns and peaks that are kept.
    pub fn byte_count(&self) -> usize {
        let fine = self.fine_wave.as_ref().map_or(0, |(_, wave)| size_of_val(wave.peaks.as_slice()));
        let tiles = self.cache.byte_count() + self.coarse_tiles.borrow().byte_count();
        tiles + self.coarse.byte_count() + self.wave.byte_count() + fine
    }
}
