//! Places in a recording, noted while it was first decoded, from which decoding can begin again.
//!
//! For containers whose time stamps are too coarse to say which sample a packet begins with (Matroska: whole milliseconds).

/// A packet whose exact place is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The packet's time stamp, in the container's ticks.
    pub(super) time_stamp: i64,
    /// First frame that the packet decodes to; negative before the recording begins (encoder delay).
    pub(super) first_frame: i64,
    /// Frames that the packet decodes to.
    pub(super) frames: i64,
}

/// Places in rising order, about one a second: a day of sound takes 2 MB.
#[derive(Debug, Default)]
pub(super) struct SeekIndex {
    places: Vec<Place>,
}

impl SeekIndex {
    /// Notes a place if it is at least `spacing` frames after the last one.
    pub(super) fn note(&mut self, place: Place, spacing: i64) {
        let is_next = self.places.last().is_none_or(|last| {
            place.first_frame >= last.first_frame.saturating_add(spacing) && place.time_stamp > last.time_stamp
        });
        if is_next {
            self.places.push(place);
        }
    }

    /// The last place at or before `frame`.
    pub(super) fn before(&self, frame: i64) -> Option<Place> {
        let after = self.places.partition_point(|place| place.first_frame <= frame);
        after.checked_sub(1).map(|index| self.places[index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_place_before_a_frame_is_found() {
        let mut index = SeekIndex::default();
        for second in 0..5 {
            index.note(Place { time_stamp: second * 1_000, first_frame: second * 100 - 7, frames: 20 }, 100);
            index.note(Place { time_stamp: second * 1_000 + 10, first_frame: second * 100 + 13, frames: 20 }, 100);
        }
        assert_eq!(index.before(-8), None);
        assert_eq!(index.before(-7).map(|place| place.time_stamp), Some(0));
        assert_eq!(index.before(292).map(|place| place.time_stamp), Some(2_000));
        assert_eq!(index.before(9_999).map(|place| place.time_stamp), Some(4_000));
    }
}
