//! Which tile lies in which layer of the texture array. Pure bookkeeping; must not touch the device.

use std::collections::HashMap;

use crate::spectrogram::TileKey;

/// A tile of one of several engines.
pub(super) type TileId = (u64, TileKey);

/// What a layer holds.
#[derive(Clone, Copy, Debug)]
struct Layer {
    id: Option<TileId>,
    columns: usize,
    /// Frame in which it was drawn last.
    frame: u64,
}

/// The layers of a texture array.
#[derive(Debug)]
pub(super) struct Residency {
    layers: Vec<Layer>,
    places: HashMap<TileId, usize>,
}

impl Residency {
    /// `count` empty layers.
    pub(super) fn new(count: usize) -> Self {
        Self { layers: vec![Layer { id: None, columns: 0, frame: 0 }; count], places: HashMap::new() }
    }

    /// Layer of a tile and the number of its columns there, which may be fewer than the tile has by now. Counts as drawn in `frame`.
    pub(super) fn find(&mut self, id: &TileId, frame: u64) -> Option<(usize, usize)> {
        let place = *self.places.get(id)?;
        self.layers[place].frame = frame;
        Some((place, self.layers[place].columns))
    }

    /// A layer to put a tile of `columns` columns into: its own, or the one that was drawn longest ago. `None` if all are drawn in
    /// this frame.
    pub(super) fn claim(&mut self, id: TileId, columns: usize, frame: u64) -> Option<usize> {
        let place = match self.places.get(&id) {
            Some(&place) => place,
            None => self.oldest(frame)?,
        };
        if let Some(old) = self.layers[place].id.replace(id) {
            self.places.remove(&old);
        }
        self.places.insert(id, place);
        self.layers[place] = Layer { id: Some(id), columns, frame };
        Some(place)
    }

    fn oldest(&self, frame: u64) -> Option<usize> {
        let free = |layer: &Layer| layer.id.is_none();
        let usable = self.layers.iter().enumerate().filter(|(_, layer)| free(layer) || layer.frame != frame);
        usable.min_by_key(|(_, layer)| (!free(layer), layer.frame)).map(|(place, _)| place)
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
    fn the_layer_drawn_longest_ago_is_given_away_but_never_one_of_this_frame() {
        let mut residency = Residency::new(2);
        assert_eq!(residency.claim(id(0), 256, 1), Some(0));
        assert_eq!(residency.claim(id(1), 256, 1), Some(1));
        assert_eq!(residency.claim(id(2), 256, 1), None);
        assert_eq!(residency.find(&id(0), 2), Some((0, 256)));
        assert_eq!(residency.claim(id(2), 256, 2), Some(1));
        assert_eq!(residency.find(&id(1), 2), None);
        assert_eq!(residency.claim(id(3), 256, 2), None);
    }

    #[test]
    fn a_grown_tile_stays_in_its_layer() {
        let mut residency = Residency::new(2);
        residency.claim(id(0), 10, 1);
        assert_eq!(residency.claim(id(0), 20, 1), Some(0));
        assert_eq!(residency.find(&id(0), 1), Some((0, 20)));
    }
}
