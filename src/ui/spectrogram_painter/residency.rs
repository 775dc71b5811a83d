//! Which tile lies in which place of the texture array. Pure bookkeeping; must not touch the device.

use std::collections::HashMap;

use crate::spectrogram::TileKey;

/// A tile of one of several engines.
pub(super) type TileId = (u64, TileKey);

/// What a place holds.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    id: Option<TileId>,
    columns: usize,
    /// Rows of the tile that one row here stands for.
    group: usize,
    /// Frame in which it was drawn last.
    frame: u64,
}

/// The places of a texture array.
#[derive(Debug)]
pub(super) struct Residency {
    places: Vec<Place>,
    by_id: HashMap<TileId, usize>,
    frame: u64,
    is_short: bool,
}

impl Residency {
    /// `count` empty places.
    pub(super) fn new(count: usize) -> Self {
        Self { places: vec![Place::default(); count], by_id: HashMap::new(), frame: 0, is_short: false }
    }

    /// Number of places.
    pub(super) fn place_count(&self) -> usize {
        self.places.len()
    }

    /// Adds empty places, up to `count`.
    pub(super) fn grow(&mut self, count: usize) {
        self.places.resize(count.max(self.places.len()), Place::default());
    }

    /// What is asked for from now on is drawn in `frame`. If that is another one than before, whether there were too few places in that.
    pub(super) fn begin_frame(&mut self, frame: u64) -> Option<bool> {
        if frame == self.frame {
            return None;
        }
        self.frame = frame;
        Some(std::mem::take(&mut self.is_short))
    }

    /// Place of a tile, the number of its columns there, which may be fewer than the tile has by now, and how many of its rows are one.
    /// Counts as drawn.
    pub(super) fn find(&mut self, id: &TileId) -> Option<(usize, usize, usize)> {
        let number = *self.by_id.get(id)?;
        let place = &mut self.places[number];
        place.frame = self.frame;
        Some((number, place.columns, place.group))
    }

    /// A place to put a tile of `columns` columns into: its own, or the one that was drawn longest ago. `None` if all are drawn in
    /// this frame.
    pub(super) fn claim(&mut self, id: TileId, columns: usize, group: usize) -> Option<usize> {
        let number = self.by_id.get(&id).copied().or_else(|| self.oldest());
        self.is_short |= number.is_none();
        let number = number?;
        if let Some(old) = self.places[number].id.replace(id) {
            self.by_id.remove(&old);
        }
        self.by_id.insert(id, number);
        self.places[number] = Place { id: Some(id), columns, group, frame: self.frame };
        Some(number)
    }

    fn oldest(&self) -> Option<usize> {
        let free = |place: &Place| place.id.is_none();
        let usable = self.places.iter().enumerate().filter(|(_, place)| free(place) || place.frame != self.frame);
        usable.min_by_key(|(_, place)| (!free(place), place.frame)).map(|(number, _)| number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectrogram::Channel;

    fn id(index: u64) -> TileId {
        (1, TileKey { channel: Channel::Mix, level: 0, index })
    }

    #[test]
    fn the_place_drawn_longest_ago_is_given_away_but_never_one_of_this_frame() {
        let mut residency = Residency::new(2);
        residency.begin_frame(1);
        assert_eq!(residency.claim(id(0), 256, 1), Some(0));
        assert_eq!(residency.claim(id(1), 256, 1), Some(1));
        assert_eq!(residency.claim(id(2), 256, 1), None);
        assert_eq!(residency.begin_frame(2), Some(true));
        assert_eq!(residency.begin_frame(2), None);
        assert_eq!(residency.find(&id(0)), Some((0, 256, 1)));
        assert_eq!(residency.claim(id(2), 256, 1), Some(1));
        assert_eq!(residency.find(&id(1)), None);
        assert_eq!(residency.claim(id(3), 256, 1), None);
        residency.grow(3);
        assert_eq!(residency.claim(id(3), 256, 1), Some(2));
        assert_eq!(residency.find(&id(0)), Some((0, 256, 1)));
    }

    #[test]
    fn a_grown_tile_stays_in_its_place() {
        let mut residency = Residency::new(2);
        residency.begin_frame(1);
        residency.claim(id(0), 10, 1);
        assert_eq!(residency.claim(id(0), 20, 2), Some(0));
        assert_eq!(residency.find(&id(0)), Some((0, 20, 2)));
    }
}
