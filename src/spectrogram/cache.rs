//! Which computed tiles are kept: the least recently used go first when a bound in bytes is reached.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

use super::{Tile, TileKey};

/// Tiles within a bound of bytes.
#[derive(Debug, Default)]
pub struct TileCache {
    tiles: HashMap<TileKey, (Arc<Tile>, Cell<u64>)>,
    byte_count: usize,
    byte_limit: usize,
    least_bytes: usize,
    uses: Cell<u64>,
}

impl TileCache {
    /// An empty cache of at most `byte_limit` bytes of tiles.
    pub fn new(byte_limit: usize) -> Self {
        Self { byte_limit, ..Self::default() }
    }

    /// Makes room for `byte_count` bytes that are needed at the same time, whatever the bound.
    pub fn set_least(&mut self, byte_count: usize) {
        self.least_bytes = byte_count;
    }

    /// The tile, which is now the most recently used one.
    pub fn get(&self, key: &TileKey) -> Option<Arc<Tile>> {
        let (tile, last_use) = self.tiles.get(key)?;
        last_use.set(self.next_use());
        Some(Arc::clone(tile))
    }

    /// Whether the tile is there, without using it.
    pub fn contains(&self, key: &TileKey) -> bool {
        self.tiles.contains_key(key)
    }

    /// Keeps a tile (in place of an older one of the same key) and drops the least recently used ones beyond the bound.
    pub fn insert(&mut self, tile: Arc<Tile>) {
        self.byte_count += tile.bytes().len();
        if let Some((old, _)) = self.tiles.insert(tile.key, (tile, Cell::new(self.next_use()))) {
            self.byte_count -= old.bytes().len();
        }
        while self.byte_count > self.byte_limit.max(self.least_bytes) && self.tiles.len() > 1 {
            let oldest = self.tiles.iter().min_by_key(|(_, (_, last_use))| last_use.get()).map(|(key, _)| *key);
            let Some((tile, _)) = oldest.and_then(|key| self.tiles.remove(&key)) else { return };
            self.byte_count -= tile.bytes().len();
        }
    }

    /// Bytes of all tiles.
    pub fn byte_count(&self) -> usize {
        self.byte_count
    }

    fn next_use(&self) -> u64 {
        self.uses.set(self.uses.get() + 1);
        self.uses.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectrogram::Channel;

    fn tile(index: u64) -> Arc<Tile> {
        Arc::new(Tile::new(TileKey { channel: Channel::Mix, level: 0, index }, 10, 1, vec![0; 100]))
    }

    #[test]
    fn the_least_recently_used_tile_goes_first() {
        let mut cache = TileCache::new(300);
        for index in 0..3 {
            cache.insert(tile(index));
        }
        assert!(cache.get(&tile(0).key).is_some());
        cache.insert(tile(3));
        let kept: Vec<bool> = (0..4).map(|index| cache.contains(&tile(index).key)).collect();
        assert_eq!(kept, [true, false, true, true]);
        assert_eq!(cache.byte_count(), 300);
    }

    #[test]
    fn a_tile_replaces_the_one_of_its_key() {
        let mut cache = TileCache::new(300);
        cache.insert(tile(0));
        cache.insert(tile(0));
        assert_eq!(cache.byte_count(), 100);
    }
}
