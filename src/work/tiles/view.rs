//! What a view needs of the engine: which tiles to compute, which to draw, levels and peaks to read.

use std::sync::Arc;

use crate::dsp::peaks::Peak;
use crate::spectrogram::{TILE_COLUMNS, Tile, TileKey, TimeView, ViewSlots};
use crate::time::Span;

use super::TileEngine;
use super::plane::Plane;
use super::queue::Job;

/// Levels above the base level that are looked at for a stand-in: a tile of the highest is longer than any recording.
const COARSER_LEVELS: u8 = 20;

/// What to draw of a view: for each tile's place what may stand there.
#[derive(Clone, Debug)]
pub struct ViewTiles {
    /// Places of the tiles.
    pub slots: ViewSlots,
    /// For each place the tiles that cover it, the right one first, then ever coarser ones. Empty where nothing is known.
    pub candidates: Vec<Vec<Arc<Tile>>>,
}

impl TileEngine {
    /// What to draw of a plane in a view. Where the right tile is not there yet, a coarser one stands in.
    pub fn tiles_for_view(&self, view: &TimeView, plane: usize) -> ViewTiles {
        let level = self.layout.level_for(view);
        let slots = self.layout.slots(view, level, self.layout_frames());
        let candidates = (0..slots.count).map(|n| self.candidates(plane, level, slots.first_index + n)).collect();
        ViewTiles { slots, candidates }
    }

    fn candidates(&self, plane: usize, level: u8, index: u64) -> Vec<Arc<Tile>> {
        let above = |above: u8| {
            let rise = u32::from(above - level);
            self.known_tile(plane, above, index.checked_shr(rise).unwrap_or(0))
        };
        let coarsest = level.max(self.layout.base_level) + 1;
        let mut near: Vec<Arc<Tile>> = (level..=coarsest).filter_map(above).collect();
        if near.is_empty() {
            // A kept picture is read coarse levels first.
            near.extend((coarsest + 1..=coarsest + COARSER_LEVELS).find_map(above));
        }
        near
    }

    /// The tile with what is known of it; `None` if that is nothing.
    fn known_tile(&self, plane: usize, level: u8, index: u64) -> Option<Arc<Tile>> {
        let plane = self.planes.get(plane)?;
        if level < self.layout.base_level {
            let key = TileKey { channel: plane.channel(), level, index };
            return self.cache.get(&key).filter(|tile| tile.columns() > 0);
        }
        plane.coarse_tile(level, index)
    }

    /// Bytes of all tiles that the views show at once, and of those beside them.
    pub(super) fn bytes_for(&self, views: &[TimeView]) -> usize {
        let of_view = |view: &TimeView| {
            let level = self.layout.level_for(view);
            let tile_bytes = self.layout.rows(level) * TILE_COLUMNS as usize;
            (self.layout.slots(view, level, self.layout_frames()).count as usize + 2) * tile_bytes
        };
        self.planes.len() * views.iter().map(of_view).sum::<usize>()
    }

    /// What the views lack, most urgent first: peaks in detail, then for each view its tiles from the centre outwards, then the tiles
    /// beside the views.
    pub(super) fn jobs_for(&self, views: &[TimeView]) -> Vec<Job> {
        let mut jobs: Vec<Job> = views.first().and_then(|view| self.wave_job(view)).into_iter().collect();
        let mut beside = Vec::new();
        for view in views {
            let level = self.layout.level_for(view);
            if level >= self.layout.base_level {
                continue;
            }
            let slots = self.layout.slots(view, level, self.layout_frames());
            let centre =
                (slots.left_column + slots.columns_per_px * f64::from(view.width_px) / 2.0) / TILE_COLUMNS as f64;
            let mut places: Vec<u64> = (0..slots.count).collect();
            places.sort_by(|a, b| (*a as f64 + 0.5 - centre).abs().total_cmp(&(*b as f64 + 0.5 - centre).abs()));
            jobs.extend(places.iter().filter_map(|place| self.missing(level, slots.first_index + place)));
            if slots.count > 0 {
                beside.extend(self.missing(level, slots.first_index + slots.count));
                beside.extend(slots.first_index.checked_sub(1).and_then(|index| self.missing(level, index)));
            }
        }
        for job in beside {
            if !jobs.contains(&job) {
                jobs.push(job);
            }
        }
        jobs
    }

    fn missing(&self, level: u8, index: u64) -> Option<Job> {
        let is_inside = index.checked_mul(TILE_COLUMNS)? < self.layout.columns(level, self.layout_frames());
        let is_kept = |plane: &Plane| self.cache.contains(&TileKey { channel: plane.channel(), level, index });
        let is_known = self.planes.iter().all(is_kept) || self.failed.contains(&(level, index));
        (is_inside && !is_known).then_some(Job::Tiles { level, index })
    }

    /// The peaks in detail that a deep zoom needs. The stretch lies on a grid as wide as the view, so that scrolling asks seldom.
    fn wave_job(&self, view: &TimeView) -> Option<Job> {
        let rate = f64::from(self.sample_rate);
        let samples_per_px = view.secs_per_px() * rate;
        // All planes are read together: what is known of one is known of all.
        let plane = self.planes.first()?;
        if samples_per_px >= plane.wave.block_samples() as f64 {
            return None;
        }
        let first = (view.start_secs.max(0.0) * rate).floor() as u64;
        let end = ((view.end_secs.max(0.0) * rate).ceil() as u64).min(self.frame_count);
        let is_known = plane.fine_wave.as_ref().is_some_and(|(_, wave)| wave.covers(first, end, samples_per_px));
        if end <= first || is_known {
            return None;
        }
        let block = 1_u64 << (samples_per_px.max(1.0).log2().floor() as u32);
        let cell = (view.duration_secs() * rate).ceil().max(64.0) as u64;
        let cell = cell.next_power_of_two().max(block);
        let first_sample = first / cell * cell;
        let blocks = ((end.div_ceil(cell) * cell - first_sample) / block) as usize;
        let job = Job::Wave { first_sample, block, blocks };
        // At the end of a recording that is shorter than it says, the same stretch is never enough: it is asked for once.
        let is_done = plane.fine_wave.as_ref().is_some_and(|(done, _)| *done == job);
        (!is_done).then_some(job)
    }

    /// The byte at a moment and a frequency of a plane, from the finest tile that is there: what it stands for,
    /// [`TileEngine::value_scale`] says. `None` outside the recording or the rows, and where nothing is known yet.
    pub fn byte_at(&self, secs: f64, hz: f64, plane: usize) -> Option<u8> {
        let row = self.layout.row_from_hz(hz);
        let (low, high) = self.layout.axis.drawn_rows();
        if !(row >= low && row <= high && secs >= 0.0 && secs < self.duration_secs()) {
            return None;
        }
        let row = (row.round().max(0.0) as usize).min(self.layout.axis.count() - 1);
        (0..=self.layout.base_level).find_map(|level| {
            let column = self.layout.column_at(level, secs)?;
            let tile = self.known_tile(plane, level, column / TILE_COLUMNS)?;
            tile.column((column % TILE_COLUMNS) as usize).get(row / tile.bins_per_row).copied()
        })
    }

    /// The value at a moment and a frequency of a plane, in the unit of [`TileEngine::value_scale`], as [`TileEngine::byte_at`].
    pub fn value_at(&self, secs: f64, hz: f64, plane: usize) -> Option<f32> {
        self.byte_at(secs, hz, plane).map(|byte| self.scale.value_from_byte(byte))
    }

    /// The level at a moment and a frequency of a plane, in decibels relative to a full-scale sine; −120 means that or less. `None` also where
    /// the picture shows no levels.
    pub fn level_db_at(&self, secs: f64, hz: f64, plane: usize) -> Option<f32> {
        self.value_at(secs, hz, plane).filter(|_| self.scale.is_decibels())
    }

    /// Waveform peaks of a plane, of `width` pixels over a stretch of time; `None` where nothing is known. Shows single samples as soon as
    /// [`TileEngine::set_views`] was told of a view (the first one) that needs them and they were read.
    pub fn peaks(&self, range: Span, width: usize, plane: usize) -> Vec<Option<Peak>> {
        let Some(plane) = self.planes.get(plane) else { return vec![None; width] };
        let rate = f64::from(self.sample_rate);
        let first = range.onset_secs * rate;
        let samples_per_px = (range.duration_secs() * rate / width.max(1) as f64).max(1e-6);
        let end = first + samples_per_px * width as f64;
        if let Some((_, wave)) = &plane.fine_wave
            && wave.covers(first.max(0.0) as u64, (end as u64).min(self.frame_count), samples_per_px)
        {
            return wave.peaks(first, samples_per_px, width);
        }
        plane.wave.peaks(first, samples_per_px, width)
    }
}
