//! What is kept of one plane of a recording, other than the tiles that can be computed again.

use std::cell::RefCell;
use std::sync::Arc;

use crate::spectrogram::{
    Channel, CoarseStore, FineWave, PyramidLayout, TILE_COLUMNS, Tile, TileCache, TileKey, WaveStore,
};

use super::built::PlaneUpdate;
use super::queue::Job;

/// Bytes of the coarse tiles that are made for drawing, at most: two pictures of a 4K screen.
const COARSE_CACHE_BYTES: usize = 16 << 20;

/// One plane.
pub(super) struct Plane {
    channel: Channel,
    /// Levels from the base level on, and tiles cut out of them for drawing (whose making changes nothing that can be seen).
    coarse: CoarseStore,
    coarse_tiles: RefCell<TileCache>,
    medians: Arc<[u8]>,
    pub(super) wave: WaveStore,
    /// Peaks in full detail, and the job that they answer.
    pub(super) fine_wave: Option<(Job, FineWave)>,
}

impl Plane {
    /// Nothing is known yet; peaks will be of `wave_block` samples.
    pub(super) fn new(layout: PyramidLayout, channel: Channel, wave_block: u64) -> Self {
        let rows = layout.rows(layout.base_level);
        Self {
            channel,
            coarse: CoarseStore::new(layout, channel),
            coarse_tiles: RefCell::new(TileCache::new(COARSE_CACHE_BYTES)),
            medians: Arc::from(vec![0; rows]),
            wave: WaveStore::new(wave_block),
            fine_wave: None,
        }
    }

    /// What it shows.
    pub(super) fn channel(&self) -> Channel {
        self.channel
    }

    /// Takes over what the pass over the whole has made.
    pub(super) fn apply(&mut self, update: PlaneUpdate) {
        self.coarse.apply(update.coarse);
        self.wave.apply(update.wave);
        if let Some(medians) = update.medians {
            self.medians = medians;
        }
    }

    /// The middle byte of each row of the base level, as far as it is known.
    pub(super) fn medians(&self) -> Arc<[u8]> {
        Arc::clone(&self.medians)
    }

    /// The tile of the base level or above with what is known of it; `None` if that is nothing.
    pub(super) fn coarse_tile(&self, level: u8, index: u64) -> Option<Arc<Tile>> {
        let first = index.checked_mul(TILE_COLUMNS)?;
        let columns = self.coarse.columns(level).checked_sub(first)?.min(TILE_COLUMNS) as usize;
        if self.coarse.is_kept(level) {
            return self.coarse.tile(level, index);
        }
        let key = TileKey { channel: self.channel, level, index };
        let mut tiles = self.coarse_tiles.borrow_mut();
        if let Some(tile) = tiles.get(&key).filter(|tile| tile.columns() == columns) {
            return Some(tile);
        }
        let tile = self.coarse.tile(level, index)?;
        tiles.insert(Arc::clone(&tile));
        Some(tile)
    }

    /// Bytes of all columns and peaks.
    pub(super) fn byte_count(&self) -> usize {
        let fine = self.fine_wave.as_ref().map_or(0, |(_, wave)| size_of_val(wave.peaks.as_slice()));
        let coarse = self.coarse.byte_count() + self.coarse_tiles.borrow().byte_count();
        coarse + self.wave.byte_count() + fine
    }
}
