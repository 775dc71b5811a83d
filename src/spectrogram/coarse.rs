//! The levels that the pass over the whole recording yields. They grow column by column and are kept for good: this is the part of
//! the picture whose memory grows with the recording (7 MB an hour at 48 kHz).
//!
//! [`CoarseBuilder`] makes them, on the thread of the pass; [`CoarseStore`] is what is drawn of them, and takes over ready-made tiles.
//! Every second level is kept; the ones between are made from the level below when they are asked for.

use std::sync::Arc;

use super::tile::raise;
use super::{Channel, PyramidLayout, TILE_COLUMNS, Tile, TileKey};

/// Columns of a kept level that make one of the next kept level.
const STEP: usize = 4;

/// Levels from one kept level to the next.
const STEP_LEVELS: u8 = 2;

/// What is new of one kept level.
#[derive(Debug)]
struct LevelUpdate {
    depth: usize,
    /// Tiles that are full now, in order.
    full: Vec<Arc<Tile>>,
    /// The one after them, as far as it is known.
    growing: Option<Arc<Tile>>,
}

/// What is new of the levels since an earlier update. Holds each tile once, however many updates it was put together of.
#[derive(Debug, Default)]
pub struct CoarseUpdate {
    levels: Vec<LevelUpdate>,
    is_finished: bool,
}

impl CoarseUpdate {
    /// Says that no more columns come.
    pub fn end() -> Self {
        Self { levels: Vec::new(), is_finished: true }
    }

    /// Adds a later update.
    pub fn absorb(&mut self, later: Self) {
        self.is_finished |= later.is_finished;
        for level in later.levels {
            match self.levels.iter_mut().find(|own| own.depth == level.depth) {
                Some(own) => {
                    own.full.extend(level.full);
                    own.growing = level.growing.or(own.growing.take());
                }
                None => self.levels.push(level),
            }
        }
    }
}

/// One kept level as it is drawn.
#[derive(Debug, Default)]
struct KeptLevel {
    full: Vec<Arc<Tile>>,
    growing: Option<Arc<Tile>>,
}

impl KeptLevel {
    /// Puts a tile at its place; one that would leave a gap is not taken.
    fn put(&mut self, tile: Arc<Tile>) {
        let (place, is_full) = (tile.key.index as usize, tile.columns() == TILE_COLUMNS as usize);
        if let Some(known) = self.full.get_mut(place) {
            if is_full {
                *known = tile;
            }
        } else if place == self.full.len() && is_full {
            self.full.push(tile);
            self.growing = None;
        } else if place == self.full.len() && self.growing.as_ref().is_none_or(|own| own.columns() <= tile.columns()) {
            self.growing = Some(tile);
        }
    }

    fn columns(&self) -> u64 {
        self.full.len() as u64 * TILE_COLUMNS + self.growing.as_ref().map_or(0, |tile| tile.columns() as u64)
    }

    fn tile(&self, index: u64) -> Option<Arc<Tile>> {
        let growing = self.growing.as_ref().filter(|tile| tile.key.index == index);
        self.full.get(usize::try_from(index).ok()?).or(growing).cloned()
    }
}

/// All levels from the base level on, as they are drawn.
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
        Self { layout, channel, levels: Vec::new(), is_finished: false }
    }

    /// Takes over what a builder has made: costs a pointer a tile.
    pub fn apply(&mut self, update: CoarseUpdate) {
        self.is_finished |= update.is_finished;
        for level in update.levels {
            if self.levels.len() <= level.depth {
                self.levels.resize_with(level.depth + 1, KeptLevel::default);
            }
            let kept = &mut self.levels[level.depth];
            level.full.into_iter().chain(level.growing).for_each(|tile| kept.put(tile));
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
        match (above.is_multiple_of(STEP_LEVELS), self.is_finished) {
            (true, _) => kept.columns(),
            (false, true) => kept.columns().div_ceil(2),
            (false, false) => kept.columns() / 2,
        }
    }

    /// Bytes of all columns.
    pub fn byte_count(&self) -> usize {
        let tiles = self.levels.iter().flat_map(|level| level.full.iter().chain(&level.growing));
        tiles.map(|tile| tile.bytes().len()).sum()
    }

    fn kept_tile(&self, level: u8, index: u64) -> Option<Arc<Tile>> {
        self.levels.get(usize::from((level - self.layout.base_level) / STEP_LEVELS))?.tile(index)
    }
}

/// One kept level that is being made.
#[derive(Debug, Default)]
struct BuiltLevel {
    full: Vec<Arc<Tile>>,
    /// Full tiles that were reported.
    reported: usize,
    growing: Vec<u8>,
    is_changed: bool,
    /// Maximum of the columns since the last whole group of [`STEP`], and their number.
    group: Vec<u8>,
    group_columns: usize,
}

/// Makes all levels from the base level on out of its columns.
#[derive(Debug)]
pub struct CoarseBuilder {
    layout: PyramidLayout,
    channel: Channel,
    levels: Vec<BuiltLevel>,
    is_finished: bool,
}

impl CoarseBuilder {
    /// No columns yet.
    pub fn new(layout: PyramidLayout, channel: Channel) -> Self {
        Self { layout, channel, levels: vec![BuiltLevel::default()], is_finished: false }
    }

    /// Goes on where an unfinished builder stopped. `levels` are its [`CoarseBuilder::levels`]; `None` if they do not fit together.
    pub fn restored(layout: PyramidLayout, channel: Channel, levels: Vec<Vec<Arc<Tile>>>) -> Option<Self> {
        let mut own = Self::new(layout, channel);
        let mut expected = None;
        for (depth, mut tiles) in levels.into_iter().enumerate() {
            let columns: usize = tiles.iter().map(|tile| tile.columns()).sum();
            if expected.is_some_and(|expected| expected != columns) {
                return None;
            }
            expected = Some(columns / STEP);
            if depth == own.levels.len() {
                own.levels.push(BuiltLevel::default());
            }
            let growing = tiles.pop_if(|tile| tile.columns() < TILE_COLUMNS as usize);
            let is_whole = |(n, tile): (usize, &Arc<Tile>)| {
                tile.key == own.key(depth, n as u64) && tile.columns() == TILE_COLUMNS as usize
            };
            if !tiles.iter().enumerate().all(is_whole) {
                return None;
            }
            let rows = own.rows();
            let level = &mut own.levels[depth];
            level.full = tiles;
            if let Some(growing) = growing {
                level.growing = growing.bytes().to_vec();
                level.is_changed = true;
                for column in (growing.columns() / STEP * STEP..growing.columns()).map(|n| growing.column(n)) {
                    level.group.resize(rows, 0);
                    raise(&mut level.group, column, 1);
                    level.group_columns += 1;
                }
            }
        }
        expected.is_none_or(|rest| rest == 0).then_some(own)
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

    /// Whether [`CoarseBuilder::finish`] was called.
    pub fn is_finished(&self) -> bool {
        self.is_finished
    }

    /// Columns of the base level.
    pub fn columns(&self) -> u64 {
        let base = &self.levels[0];
        base.full.len() as u64 * TILE_COLUMNS + (base.growing.len() / self.rows()) as u64
    }

    /// What is new since the last call.
    pub fn take_update(&mut self) -> CoarseUpdate {
        let is_finished = self.is_finished;
        let mut levels = Vec::new();
        for depth in 0..self.levels.len() {
            let growing = self.growing_tile(depth).filter(|_| self.levels[depth].is_changed);
            let level = &mut self.levels[depth];
            level.is_changed = false;
            let full = level.full[level.reported..].to_vec();
            level.reported = level.full.len();
            if !full.is_empty() || growing.is_some() {
                levels.push(LevelUpdate { depth, full, growing });
            }
        }
        CoarseUpdate { levels, is_finished }
    }

    /// All tiles of each kept level, the base level first; the last tile of a level may have fewer columns.
    pub fn levels(&self) -> Vec<Vec<Arc<Tile>>> {
        let of_depth = |(depth, level): (usize, &BuiltLevel)| {
            level.full.iter().cloned().chain(self.growing_tile(depth)).collect::<Vec<_>>()
        };
        self.levels.iter().enumerate().map(of_depth).collect()
    }

    fn rows(&self) -> usize {
        self.layout.rows(self.layout.base_level)
    }

    fn key(&self, depth: usize, index: u64) -> TileKey {
        coarse_key(&self.layout, self.channel, depth, index)
    }

    fn new_tile(&self, depth: usize, index: u64, bytes: Vec<u8>) -> Arc<Tile> {
        let bins_per_row = self.layout.bins_per_row(self.layout.base_level);
        Arc::new(Tile::new(self.key(depth, index), self.rows(), bins_per_row, bytes))
    }

    fn growing_tile(&self, depth: usize) -> Option<Arc<Tile>> {
        let level = &self.levels[depth];
        let index = level.full.len() as u64;
        (!level.growing.is_empty()).then(|| self.new_tile(depth, index, level.growing.clone()))
    }

    fn push_column(&mut self, depth: usize, column: &[u8]) {
        if depth == self.levels.len() {
            self.levels.push(BuiltLevel::default());
        }
        let tile_bytes = TILE_COLUMNS as usize * self.rows();
        let level = &mut self.levels[depth];
        level.is_changed = true;
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

/// Name of a tile of the kept level `depth` (0: the base level).
fn coarse_key(layout: &PyramidLayout, channel: Channel, depth: usize, index: u64) -> TileKey {
    TileKey { channel, level: layout.base_level.saturating_add(STEP_LEVELS.saturating_mul(depth as u8)), index }
}

/// Kept levels that were stored: how many columns each has, and how its tiles become ones again.
#[derive(Clone, Copy, Debug)]
pub struct StoredCoarse {
    /// Geometry.
    pub layout: PyramidLayout,
    /// The plane.
    pub channel: Channel,
}

impl StoredCoarse {
    /// Columns of each kept level, the base level first, for `columns` of the base level.
    pub fn columns_by_depth(columns: u64, is_finished: bool) -> Vec<u64> {
        let mut all = vec![columns];
        let mut columns = columns;
        while if is_finished { columns > 1 } else { columns >= STEP as u64 } {
            columns = if is_finished { columns.div_ceil(STEP as u64) } else { columns / STEP as u64 };
            all.push(columns);
        }
        all
    }

    /// The tile at `index` of the kept level `depth`.
    pub fn tile(&self, depth: usize, index: u64, bytes: Vec<u8>) -> Arc<Tile> {
        let base = self.layout.base_level;
        let key = coarse_key(&self.layout, self.channel, depth, index);
        Arc::new(Tile::new(key, self.layout.rows(base), self.layout.bins_per_row(base), bytes))
    }

    /// The update that shows tiles of a kept level.
    pub fn update(depth: usize, tiles: Vec<Arc<Tile>>) -> CoarseUpdate {
        CoarseUpdate { levels: vec![LevelUpdate { depth, full: tiles, growing: None }], is_finished: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::stft::StftSpec;

    fn filled(columns: usize) -> (CoarseStore, Vec<Vec<u8>>) {
        let layout = PyramidLayout::new(8_000, StftSpec::of_size(128));
        let base = base_columns(columns);
        let mut builder = CoarseBuilder::new(layout, Channel::Mix);
        base.iter().for_each(|column| builder.push(column));
        builder.finish();
        let mut store = CoarseStore::new(layout, Channel::Mix);
        store.apply(builder.take_update());
        (store, base)
    }

    fn base_columns(columns: usize) -> Vec<Vec<u8>> {
        let column = |n: usize| (0..64).map(|row| (n * 7919 % 251 + row * n % 5) as u8).collect();
        (0..columns).map(column).collect()
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
        let mut builder = CoarseBuilder::new(layout, Channel::Mix);
        builder.push(&[9; 3 * 64]);
        store.apply(builder.take_update());
        assert_eq!(store.tile(layout.base_level, 0).map(|tile| tile.columns()), Some(3));
        assert_eq!(store.tile(layout.base_level + 1, 0).map(|tile| tile.columns()), Some(1));
    }

    #[test]
    fn updates_in_any_portions_make_the_same_levels() {
        let (whole, base) = filled(1_111);
        let layout = whole.layout;
        for portion in [1, 7, 300, 2_000] {
            let mut builder = CoarseBuilder::new(layout, Channel::Mix);
            let (mut at_once, mut late) =
                (CoarseStore::new(layout, Channel::Mix), CoarseStore::new(layout, Channel::Mix));
            let mut waiting = CoarseUpdate::default();
            for columns in base.chunks(portion) {
                builder.push(&columns.concat());
                waiting.absorb(builder.take_update());
            }
            builder.finish();
            waiting.absorb(builder.take_update());
            late.apply(waiting);
            // Coarse levels first, as from a file.
            for (depth, tiles) in builder.levels().into_iter().enumerate().rev() {
                at_once.apply(StoredCoarse::update(depth, tiles));
            }
            at_once.apply(CoarseUpdate::end());
            for level in layout.base_level..layout.base_level + 12 {
                for store in [&at_once, &late] {
                    assert_eq!(store.columns(level), whole.columns(level), "portions of {portion}, level {level}");
                    assert!((0..6).all(|index| store.tile(level, index) == whole.tile(level, index)));
                }
            }
        }
    }

    #[test]
    fn an_unfinished_builder_goes_on_where_it_stopped() {
        let (whole, base) = filled(1_111);
        for stopped in [0, 1, 3, 4, 255, 256, 257, 700, 1_024, 1_111] {
            let mut builder = CoarseBuilder::new(whole.layout, Channel::Mix);
            base[..stopped].iter().for_each(|column| builder.push(column));
            let levels = builder.levels();
            let counts: Vec<u64> =
                levels.iter().map(|tiles| tiles.iter().map(|tile| tile.columns() as u64).sum()).collect();
            assert_eq!(counts, StoredCoarse::columns_by_depth(stopped as u64, false));
            let mut resumed = CoarseBuilder::restored(whole.layout, Channel::Mix, levels).expect("fits");
            assert_eq!(resumed.columns(), stopped as u64);
            base[stopped..].iter().for_each(|column| resumed.push(column));
            resumed.finish();
            let mut store = CoarseStore::new(whole.layout, Channel::Mix);
            store.apply(resumed.take_update());
            for level in whole.layout.base_level..whole.layout.base_level + 12 {
                assert!((0..6).all(|index| store.tile(level, index) == whole.tile(level, index)), "{stopped}, {level}");
            }
            assert_eq!(
                resumed
                    .levels()
                    .iter()
                    .map(|tiles| tiles.iter().map(|t| t.columns() as u64).sum())
                    .collect::<Vec<u64>>(),
                StoredCoarse::columns_by_depth(1_111, true)
            );
        }
    }

    #[test]
    fn levels_that_do_not_fit_together_are_not_taken() {
        let (whole, base) = filled(600);
        let mut builder = CoarseBuilder::new(whole.layout, Channel::Mix);
        base.iter().for_each(|column| builder.push(column));
        let mut levels = builder.levels();
        levels[1].pop();
        assert!(CoarseBuilder::restored(whole.layout, Channel::Mix, levels).is_none());
    }
}
