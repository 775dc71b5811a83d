//! The levels that the pass over the whole recording yields. They grow column by column and are kept for good: this is the part of
//! the picture whose memory grows with the recording (7 MB an hour at 48 kHz).
//!
//! Every second level is kept; the ones between are made from the level below when they are asked for.

use std::sync::Arc;

use super::tile::raise;
use super::{Channel, PyramidLayout, TILE_COLUMNS, Tile, TileKey};

/// Columns of a kept level that make one of the next kept level.
const STEP: usize = 4;

/// Levels from one kept level to the next.
const STEP_LEVELS: u8 = 2;

/// One kept level.
#[derive(Debug, Default)]
struct KeptLevel {
    full: Vec<Arc<Tile>>,
    growing: Vec<u8>,
    /// Maximum of the columns since the last whole group of [`STEP`], and their number.
    group: Vec<u8>,
    group_columns: usize,
}

/// All levels from the base level on.
#[derive(Debug)]
pub struct CoarseStore {
    layout: PyramidLayout,
    channel: Channel,
    levels: Vec<KeptLevel>,
    is_finished: bool,
}

impl CoarseStore {
    /// No columns yet.
    pub fn new(layout: PyramidLayout, channel: Channel) -> Self {
        Self { layout, channel, levels: vec![KeptLevel::default()], is_finished: false }
    }

    /// Appends base-level columns, one after the other.
    pub fn push(&mut self, columns: &[u8]) {
        for column in columns.chunks_exact(self.rows()) {
            self.push_column(0, column);
        }
    }

    /// Says that no more columns come: groups begun are closed.
    pub fn finish(&mut self) {
        self.is_finished = true;
        let mut depth = 0;
        while depth < self.levels.len() {
            let level = &mut self.levels[depth];
            let is_top = level.full.is_empty() && level.growing.len() <= level.group.len();
            let group = std::mem::take(&mut level.group);
            if std::mem::take(&mut level.group_columns) > 0 && !is_top {
                self.push_column(depth + 1, &group);
            }
            depth += 1;
        }
    }

    /// The tile with all its columns that are known so far; `None` if none are, or below the base level.
    pub fn tile(&self, level: u8, index: u64) -> Option<Arc<Tile>> {
        level.checked_sub(self.layout.base_level)?;
        if self.is_kept(level) {
            return self.kept_tile(level, index);
        }
        let children = [self.kept_tile(level - 1, 2 * index), self.kept_tile(level - 1, 2 * index + 1)];
        let children = [children[0].as_deref(), children[1].as_deref()];
        let parent = Tile::parent(children, self.channel, self.layout.bins_per_row(level), self.is_finished)?;
        (parent.columns() > 0).then(|| Arc::new(parent))
    }

    /// Whether the tiles of a level are kept, so that asking for one costs next to nothing.
    pub fn is_kept(&self, level: u8) -> bool {
        level >= self.layout.base_level && (level - self.layout.base_level).is_multiple_of(STEP_LEVELS)
    }

    /// Columns known at a level, without making its tiles.
    pub fn columns(&self, level: u8) -> u64 {
        let Some(above) = level.checked_sub(self.layout.base_level) else { return 0 };
        let Some(kept) = self.levels.get(usize::from(above / STEP_LEVELS)) else { return 0 };
        let columns = kept.full.len() as u64 * TILE_COLUMNS + (kept.growing.len() / self.rows()) as u64;
        match (above.is_multiple_of(STEP_LEVELS), self.is_finished) {
            (true, _) => columns,
            (false, true) => columns.div_ceil(2),
            (false, false) => columns / 2,
        }
    }

    /// Bytes of all columns.
    pub fn byte_count(&self) -> usize {
        let of_level = |level: &KeptLevel| {
            level.full.iter().map(|tile| tile.bytes().len()).sum::<usize>() + level.growing.capacity()
        };
        self.levels.iter().map(of_level).sum()
    }

    fn rows(&self) -> usize {
        self.layout.rows(self.layout.base_level)
    }

    fn key(&self, depth: usize, index: u64) -> TileKey {
        TileKey { channel: self.channel, level: self.layout.base_level + STEP_LEVELS * depth as u8, index }
    }

    fn new_tile(&self, depth: usize, index: u64, bytes: Vec<u8>) -> Arc<Tile> {
        let bins_per_row = self.layout.bins_per_row(self.layout.base_level);
        Arc::new(Tile::new(self.key(depth, index), self.rows(), bins_per_row, bytes))
    }

    fn kept_tile(&self, level: u8, index: u64) -> Option<Arc<Tile>> {
        let depth = usize::from((level - self.layout.base_level) / STEP_LEVELS);
        let kept = self.levels.get(depth)?;
        if let Some(tile) = kept.full.get(index as usize) {
            return Some(Arc::clone(tile));
        }
        let is_growing = index == kept.full.len() as u64 && !kept.growing.is_empty();
        is_growing.then(|| self.new_tile(depth, index, kept.growing.clone()))
    }

    fn push_column(&mut self, depth: usize, column: &[u8]) {
        if depth == self.levels.len() {
            self.levels.push(KeptLevel::default());
        }
        let tile_bytes = TILE_COLUMNS as usize * self.rows();
        let level = &mut self.levels[depth];
        level.growing.extend_from_slice(column);
        level.group.resize(column.len(), 0);
        raise(&mut level.group, column, 1);
        level.group_columns += 1;
        if level.growing.len() == tile_bytes {
            let (bytes, index) = (std::mem::take(&mut level.growing), level.full.len() as u64);
            let tile = self.new_tile(depth, index, bytes);
            self.levels[depth].full.push(tile);
        }
        let level = &mut self.levels[depth];
        if level.group_columns == STEP {
            let group = std::mem::take(&mut level.group);
            level.group_columns = 0;
            self.push_column(depth + 1, &group);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::stft::StftSpec;

    fn filled(columns: usize) -> (CoarseStore, Vec<Vec<u8>>) {
        let layout = PyramidLayout::new(8_000, StftSpec::of_size(128));
        let mut store = CoarseStore::new(layout, Channel::Mix);
        let column = |n: usize| (0..64).map(|row| (n * 7919 % 251 + row * n % 5) as u8).collect();
        let base: Vec<Vec<u8>> = (0..columns).map(column).collect();
        base.iter().for_each(|column| store.push(column));
        store.finish();
        (store, base)
    }

    #[test]
    fn every_level_is_the_maximum_of_the_base_columns() {
        let (store, base) = filled(1_111);
        let base_level = store.layout.base_level;
        for above in 0..8_u8 {
            let columns: Vec<Vec<u8>> = (0..)
                .map_while(|index| store.tile(base_level + above, index))
                .flat_map(|tile| (0..tile.columns()).map(|n| tile.column(n).to_vec()).collect::<Vec<_>>())
                .collect();
            let expected: Vec<Vec<u8>> = base
                .chunks(1 << above)
                .map(|group| (0..64).map(|row| group.iter().map(|c| c[row]).max().unwrap_or(0)).collect())
                .collect();
            assert_eq!(columns, expected, "level {above} above the base");
            assert_eq!(store.columns(base_level + above), expected.len() as u64);
        }
    }

    #[test]
    fn there_is_one_column_at_the_top_and_nothing_above() {
        let (store, _) = filled(16);
        assert_eq!(store.columns(store.layout.base_level + 4), 1);
        assert!(store.tile(store.layout.base_level + 6, 0).is_none());
        assert!(store.tile(store.layout.base_level - 1, 0).is_none());
    }

    #[test]
    fn growing_tiles_show_what_is_known() {
        let layout = PyramidLayout::new(8_000, StftSpec::of_size(128));
        let mut store = CoarseStore::new(layout, Channel::Mix);
        assert!(store.tile(layout.base_level, 0).is_none());
        store.push(&[9; 3 * 64]);
        assert_eq!(store.tile(layout.base_level, 0).map(|tile| tile.columns()), Some(3));
        assert_eq!(store.tile(layout.base_level + 1, 0).map(|tile| tile.columns()), Some(1));
    }
}
