//! The picture of a recording: the engine that the window asks, and the threads that compute for it.
//!
//! Owns which tiles are computed, in which order, and which are kept. The window calls it each frame and never waits: every call
//! only looks at what is there. Must not draw.

mod built;
mod checkpoints;
mod columns;
mod frame_columns;
mod kept;
mod model_columns;
mod outcome;
mod overview;
mod pass;
mod peak_tap;
mod plane;
mod planes;
mod pool;
mod queue;
mod settings;
mod stretch;
mod transform;
mod view;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_channel::{Receiver, Sender};

use crate::audio::{AudioError, SampleSource, StreamSpec};
use crate::model::ModelInput;
use crate::spectrogram::{Channel, PictureKind, PyramidLayout, TileCache, TimeView, ValueScale, wave_block_samples};
use crate::work::{CancelOnDrop, CancelToken, Wake};

use built::{Mailbox, News};
pub(in crate::work) use columns::ColumnReader;
use frame_columns::FrameColumns;
use model_columns::ModelColumns;
use outcome::Outcome;
use overview::Overview;
use plane::Plane;
pub(in crate::work) use planes::PlaneReader;
use pool::Worker;
use queue::{Job, JobQueue};

pub use settings::{MOST_PLANES, PicturePlace, TileSettings};
pub use view::ViewTiles;

/// Opens the recording once more, for one more thread.
pub type SourceFactory = Arc<dyn Fn() -> Result<Box<dyn SampleSource>, AudioError> + Send + Sync>;

/// Columns of one plane of a recording, for those that want them in order and not as tiles.
pub(in crate::work) fn plane_columns(
    source: Box<dyn SampleSource>,
    layout: PyramidLayout,
    (kind, scale): (PictureKind, ValueScale),
    channel: Channel,
    model: Option<&ModelInput>,
) -> Result<ColumnReader, AudioError> {
    Ok(match model {
        Some(model) => ColumnReader::Model(Box::new(ModelColumns::new(source, model, layout, scale)?)),
        None => {
            let reader = PlaneReader::new(source, &[channel]);
            ColumnReader::Frames(Box::new(FrameColumns::new(reader, layout, kind, scale)))
        }
    })
}

/// What a thread needs to begin reading.
struct Opener {
    factory: SourceFactory,
    layout: PyramidLayout,
    kind: PictureKind,
    scale: ValueScale,
    planes: Vec<Channel>,
    /// What the model sees, if that is the picture.
    model: Option<Arc<ModelInput>>,
    /// Samples a second of the recording itself.
    sample_rate: u32,
    /// Channels of the recording itself.
    channels: usize,
    length_is_exact: bool,
    format: String,
}

impl Opener {
    fn open(&self) -> Result<ColumnReader, AudioError> {
        if let Some(model) = &self.model {
            let columns = ModelColumns::new((self.factory)()?, model, self.layout, self.scale)?;
            return Ok(ColumnReader::Model(Box::new(columns)));
        }
        let columns = FrameColumns::new(self.open_planes()?, self.layout, self.kind, self.scale);
        Ok(ColumnReader::Frames(Box::new(columns)))
    }

    fn open_planes(&self) -> Result<PlaneReader, AudioError> {
        Ok(PlaneReader::new((self.factory)()?, &self.planes))
    }

    /// Whether columns are counted in the recording's own samples, from the first one on.
    fn first_sample_is_first_column(&self) -> bool {
        self.model.is_none() && self.layout.first_sample == 0
    }

    fn is_model(&self) -> bool {
        self.model.is_some()
    }

    /// Says that computing broke, not reading.
    fn fault_text(what: &str) -> String {
        format!(
            "A fault of Earmark itself: {what} is missing. Open the recording again, and report it if that does not help"
        )
    }

    fn panic_text(&self, what: &str) -> String {
        format!("The decoder for {} failed: {what} is missing. Convert the recording to WAV and open that", self.format)
    }
}

/// Everything that is drawn of one recording: one or several *planes* (channels, or their mean), which are computed together. Dropping it
/// cancels all that is under way.
pub struct TileEngine {
    id: u64,
    layout: PyramidLayout,
    scale: ValueScale,
    kind: PictureKind,
    planes: Vec<Plane>,
    /// Samples a second of the recording itself; those of the layout are the model's where the picture shows what a model sees.
    sample_rate: u32,
    frame_count: u64,
    frames_read: u64,
    is_ended: bool,
    cache: TileCache,
    /// Levels and indices that cannot be computed.
    failed: HashSet<(u8, u64)>,
    notices: Vec<String>,
    told: HashSet<String>,
    requested: Vec<Job>,
    outcomes: Receiver<Outcome>,
    mailbox: Arc<Mailbox>,
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
        let (picture, notices) = settings.resolve(spec);
        let layout = picture.layout;
        // tidy: what is asked for bounds what comes; threads that waited here could not be cancelled.
        let (sender, outcomes) = crossbeam_channel::unbounded();
        let plane = |&channel: &Channel| Plane::new(layout, channel, wave_block_samples(spec.sample_rate));
        let engine = Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            layout,
            scale: picture.scale,
            kind: picture.kind,
            planes: picture.planes.iter().map(plane).collect(),
            sample_rate: spec.sample_rate.max(1),
            frame_count: spec.frame_count,
            frames_read: 0,
            is_ended: false,
            cache: TileCache::new(settings.cache_bytes),
            failed: HashSet::new(),
            notices,
            told: HashSet::new(),
            requested: Vec::new(),
            outcomes,
            mailbox: Arc::default(),
            queue: Arc::default(),
            _cancel_overview: CancelOnDrop::default(),
        };
        let opener = Arc::new(Opener {
            factory,
            layout,
            kind: picture.kind,
            scale: picture.scale,
            planes: picture.planes,
            model: picture.model,
            sample_rate: engine.sample_rate,
            channels: spec.channels.max(1),
            length_is_exact: spec.length_is_exact,
            format: spec.format.clone(),
        });
        engine.start_threads(&opener, settings, &sender, wake);
        engine
    }

    fn start_threads(&self, opener: &Arc<Opener>, settings: &TileSettings, outcomes: &Sender<Outcome>, wake: &Wake) {
        let threads = settings.threads.max(1);
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
            mailbox: Arc::clone(&self.mailbox),
            wake: Arc::clone(wake),
            helpers: threads,
            place: settings.place.clone(),
            worth_keeping: overview::WORTH_KEEPING,
            checkpoint_every: overview::CHECKPOINT_EVERY,
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

    /// What the bytes of the picture stand for.
    pub fn value_scale(&self) -> &ValueScale {
        &self.scale
    }

    /// A byte of the picture in words: `-42 dBFS`.
    pub fn value_text(&self, byte: u8) -> String {
        self.scale.value_text(byte)
    }

    /// What the picture shows. Not what was asked for, if that could not be done; a notice then says why.
    pub fn kind(&self) -> PictureKind {
        self.kind
    }

    /// Planes, 1 to [`MOST_PLANES`].
    pub fn plane_count(&self) -> usize {
        self.planes.len()
    }

    /// Which channel a plane shows.
    pub fn plane_channel(&self, plane: usize) -> Option<Channel> {
        self.planes.get(plane).map(Plane::channel)
    }

    /// The middle byte of each row of a plane over the whole recording, as far as it is known: `layout().rows(layout().base_level)` bytes,
    /// each for [`PyramidLayout::bins_per_row`] rows of the axis. For bands that are normalised.
    pub fn row_medians(&self, plane: usize) -> Arc<[u8]> {
        self.planes.get(plane).map_or_else(|| Arc::from([]), Plane::medians)
    }

    /// Takes in what the threads have done since the last call. Cheap. Returns whether anything new can be seen.
    pub fn poll(&mut self) -> bool {
        let news = self.mailbox.take();
        let mut is_changed = news.is_some();
        news.into_iter().for_each(|news| self.take_news(news));
        while let Ok(outcome) = self.outcomes.try_recv() {
            self.take_in(outcome);
            is_changed = true;
        }
        is_changed
    }

    fn take_news(&mut self, news: News) {
        self.planes.iter_mut().zip(news.planes).for_each(|(plane, update)| plane.apply(update));
        self.frames_read = self.frames_read.max(news.frames_read);
        self.frame_count = self.frame_count.max(news.frames_read);
        if let Some(frame_count) = news.ended {
            // Nothing at all is a file that went away, not a recording without length.
            if frame_count > 0 {
                self.frame_count = frame_count;
            }
            self.is_ended = true;
        }
    }

    fn take_in(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Tiles(tiles) => tiles.into_iter().for_each(|tile| self.cache.insert(tile)),
            Outcome::TilesFailed(level, index) => {
                self.failed.insert((level, index));
            }
            Outcome::Wave(job, waves) => {
                for (plane, wave) in self.planes.iter_mut().zip(waves) {
                    plane.fine_wave = Some((job, wave));
                }
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
        crate::time::secs_from_samples(self.frame_count, self.sample_rate)
    }

    /// Length at the layout's rate, in samples.
    fn layout_frames(&self) -> u64 {
        let (from, to) = (u128::from(self.sample_rate), u128::from(self.layout.sample_rate));
        u64::try_from((u128::from(self.frame_count) * to).div_ceil(from)).unwrap_or(u64::MAX)
    }

    /// What went wrong since the last call, each once.
    pub fn take_notices(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notices)
    }

    /// Bytes of all tiles, columns and peaks that are kept.
    pub fn byte_count(&self) -> usize {
        self.cache.byte_count() + self.planes.iter().map(Plane::byte_count).sum::<usize>()
    }
}
