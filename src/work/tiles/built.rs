//! What the pass over the whole makes, kept by the thread of the pass, and what of it the engine has not seen yet.

use std::sync::{Arc, Mutex, PoisonError};

use crate::dsp::peaks::PackedPeak;
use crate::picture_cache::{PictureParts, PlaneParts, Shape};
use crate::spectrogram::{Channel, CoarseBuilder, CoarseUpdate, PyramidLayout, RowMedians, WaveBuilder, WaveUpdate};

/// What is new of a plane. Tiles and pages are handed over as they are.
#[derive(Debug, Default)]
pub(super) struct PlaneUpdate {
    pub(super) coarse: CoarseUpdate,
    pub(super) wave: WaveUpdate,
    /// The middle byte of each row, if columns have come.
    pub(super) medians: Option<Arc<[u8]>>,
}

impl PlaneUpdate {
    fn absorb(&mut self, later: Self) {
        self.coarse.absorb(later.coarse);
        self.wave.absorb(later.wave);
        self.medians = later.medians.or(self.medians.take());
    }
}

/// News of the pass.
#[derive(Debug, Default)]
pub(super) struct News {
    /// What is new, of each plane.
    pub(super) planes: Vec<PlaneUpdate>,
    /// Samples that the pass has read in all.
    pub(super) frames_read: u64,
    /// Samples that could be decoded, if the pass is over: at the end of the recording or where it cannot be decoded any further.
    pub(super) ended: Option<u64>,
}

/// Where the pass leaves its news and the engine takes them. A window that sleeps finds all of them as one: the mailbox holds each tile
/// once, however long nobody looks.
#[derive(Debug, Default)]
pub(super) struct Mailbox(Mutex<Option<News>>);

impl Mailbox {
    /// Adds news to what waits.
    pub(super) fn put(&self, later: News) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(news) = waiting.as_mut() else {
            *waiting = Some(later);
            return;
        };
        news.planes.resize_with(news.planes.len().max(later.planes.len()), PlaneUpdate::default);
        news.planes.iter_mut().zip(later.planes).for_each(|(own, later)| own.absorb(later));
        news.frames_read = news.frames_read.max(later.frames_read);
        news.ended = later.ended.or(news.ended);
    }

    /// Takes all news.
    pub(super) fn take(&self) -> Option<News> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A part of what the pass makes: columns of the base level, the peaks of their samples, and how far that reaches.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// Of each plane.
    pub(super) columns: Vec<Vec<u8>>,
    /// Of each plane.
    pub(super) peaks: Vec<Vec<PackedPeak>>,
    /// Samples that were read in all.
    pub(super) frames_read: u64,
}

/// One plane.
#[derive(Debug)]
struct BuiltPlane {
    coarse: CoarseBuilder,
    wave: WaveBuilder,
    counts: RowMedians,
    counted: u64,
}

/// All that the pass has made so far.
#[derive(Debug)]
pub(super) struct Built {
    planes: Vec<BuiltPlane>,
    rows: usize,
    frames_read: u64,
}

impl Built {
    /// Nothing yet.
    pub(super) fn new(layout: PyramidLayout, channels: &[Channel]) -> Self {
        let rows = layout.rows(layout.base_level);
        let plane = |&channel: &Channel| BuiltPlane {
            coarse: CoarseBuilder::new(layout, channel),
            wave: WaveBuilder::default(),
            counts: RowMedians::new(rows),
            counted: 0,
        };
        Self { planes: channels.iter().map(plane).collect(), rows, frames_read: 0 }
    }

    /// Goes on where a kept picture stopped; `None` if it does not fit together.
    pub(super) fn restored(layout: PyramidLayout, channels: &[Channel], parts: PictureParts) -> Option<Self> {
        let mut built = Self::new(layout, channels);
        built.frames_read = parts.shape.frames_read;
        for ((plane, &channel), parts) in built.planes.iter_mut().zip(channels).zip(parts.planes) {
            parts.tiles.first()?.iter().for_each(|tile| plane.counts.push(tile.bytes()));
            plane.coarse = CoarseBuilder::restored(layout, channel, parts.tiles)?;
            plane.wave = WaveBuilder::restored(parts.peaks)?;
        }
        let is_even = |plane: &BuiltPlane| {
            plane.coarse.columns() == parts.shape.columns && plane.wave.len() as u64 == parts.shape.blocks
        };
        built.planes.iter().all(is_even).then_some(built)
    }

    /// Adds what comes next.
    pub(super) fn push(&mut self, part: &Part) {
        for ((plane, columns), peaks) in self.planes.iter_mut().zip(&part.columns).zip(&part.peaks) {
            plane.coarse.push(columns);
            plane.counts.push(columns);
            plane.wave.push(peaks);
        }
        self.frames_read = part.frames_read;
    }

    /// Says that nothing comes any more.
    pub(super) fn finish(&mut self) {
        self.planes.iter_mut().for_each(|plane| plane.coarse.finish());
    }

    /// Columns of the base level.
    pub(super) fn columns(&self) -> u64 {
        self.planes.first().map_or(0, |plane| plane.coarse.columns())
    }

    /// Samples that were read.
    pub(super) fn frames_read(&self) -> u64 {
        self.frames_read
    }

    /// What is new since the last call.
    pub(super) fn take_news(&mut self) -> News {
        let update = |plane: &mut BuiltPlane| {
            let is_new = plane.counts.columns() != plane.counted;
            plane.counted = plane.counts.columns();
            PlaneUpdate {
                coarse: plane.coarse.take_update(),
                wave: plane.wave.take_update(),
                medians: is_new.then(|| Arc::from(plane.counts.medians())),
            }
        };
        News { planes: self.planes.iter_mut().map(update).collect(), frames_read: self.frames_read, ended: None }
    }

    /// All of it, to be kept with `notes`.
    pub(super) fn parts(&self, notes: Vec<u8>) -> PictureParts {
        let first = self.planes.first();
        let shape = Shape {
            planes: self.planes.len(),
            rows: self.rows,
            columns: self.columns(),
            blocks: first.map_or(0, |plane| plane.wave.len() as u64),
            frames_read: self.frames_read,
            is_finished: first.is_some_and(|plane| plane.coarse.is_finished()),
        };
        let parts = |plane: &BuiltPlane| PlaneParts { tiles: plane.coarse.levels(), peaks: plane.wave.levels() };
        PictureParts { shape, notes, planes: self.planes.iter().map(parts).collect() }
    }
}
