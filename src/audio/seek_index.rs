//! Places in a recording, noted while it was first read, from which decoding can begin again.
//!
//! For containers that have no table of their own: streams of bare packets (MP3, ADTS), and those whose time stamps are too coarse to
//! say which sample a packet begins with (Matroska: whole milliseconds). All sources of one recording share one index, and a cache may
//! keep it as bytes. Must not read files; no lock is held but to look something up or to note it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::riff::le_u64;

/// A packet whose exact place is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The packet's time stamp, in the container's ticks.
    pub(super) time_stamp: i64,
    /// First frame that the packet decodes to; negative before the recording begins (encoder delay). Streams of bare packets are
    /// stamped in frames: there it is the time stamp again.
    pub(super) first_frame: i64,
    /// Byte of the file at which the packet begins; 0 where the container is asked to go there.
    pub(super) byte_offset: u64,
    /// Frames that the packet decodes to.
    pub(super) frames: u32,
    /// Tells whether a packet is the one that was noted: [`check_sum`] of its bytes.
    pub(super) check: u32,
}

/// FNV-1a of a packet's bytes, 64 bits folded into 32.
pub(super) fn check_sum(packet: &[u8]) -> u32 {
    let hash = fnv1a(packet);
    (hash ^ (hash >> 32)) as u32
}

fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Most places that are kept: 36 hours of one a second, 4 MB. Beyond that every second one goes.
const MOST_PLACES: usize = 1 << 17;

/// Places in rising order, and what else was found out about the recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Found {
    /// Size of the file that all this is about; 0 before it was opened.
    file_len: u64,
    /// When the file was changed last, as far as that is known.
    modified: Option<SystemTime>,
    /// Frames by count of the packets, where the container does not say.
    counted_frames: Option<u64>,
    /// Where the last packet ended.
    true_end: Option<u64>,
    places: Vec<Place>,
    /// How often every second place went.
    thinned: u32,
}

/// What was found out about one recording, shared by its sources.
#[derive(Debug, Default)]
pub(super) struct SeekIndex {
    found: Mutex<Found>,
}

impl SeekIndex {
    /// No step below leaves it half changed, so a thread that failed leaves it whole.
    fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be called when the recording is opened: forgets everything if the file has another size than before or was changed since.
    pub(super) fn meet_file(&self, file_len: u64, modified: Option<SystemTime>) {
        let mut found = self.found();
        let is_changed = found.modified.is_some_and(|before| modified.is_some_and(|now| now != before));
        if found.file_len != file_len || is_changed {
            *found = Found { file_len, ..Found::default() };
        }
        found.modified = modified.or(found.modified);
    }

    /// Notes a place if it is at least `spacing` frames after the last one.
    pub(super) fn note(&self, place: Place, spacing: i64) {
        let mut found = self.found();
        let spacing = spacing.saturating_mul(1 << found.thinned.min(32));
        let is_next = found.places.last().is_none_or(|last| {
            place.first_frame >= last.first_frame.saturating_add(spacing) && place.time_stamp > last.time_stamp
        });
        if is_next {
            found.places.push(place);
            if found.places.len() >= MOST_PLACES {
                let mut is_kept = false;
                found.places.retain(|_| {
                    is_kept = !is_kept;
                    is_kept
                });
                found.thinned += 1;
            }
        }
    }

    /// The last place at or before `frame`.
    pub(super) fn before(&self, frame: i64) -> Option<Place> {
        let found = self.found();
        let after = found.places.partition_point(|place| place.first_frame <= frame);
        after.checked_sub(1).map(|index| found.places[index])
    }

    /// Gives up all that was found out: it is of another file.
    pub(super) fn forget_all(&self) {
        let mut found = self.found();
        *found = Found { file_len: found.file_len, modified: found.modified, ..Found::default() };
    }

    pub(super) fn counted_frames(&self) -> Option<u64> {
        self.found().counted_frames
    }

    pub(super) fn set_counted_frames(&self, frames: u64) {
        self.found().counted_frames = Some(frames);
    }

    /// Where the recording truly ends, in frames, once a source has read to there in good order.
    pub(super) fn true_end(&self) -> Option<u64> {
        self.found().true_end
    }

    pub(super) fn set_true_end(&self, frames: u64) {
        self.found().true_end = Some(frames);
    }
}

/// Name and version of the bytes.
const MAGIC: &[u8; 8] = b"EarSeek1";
const HEAD_BYTES: usize = 8 + 5 * 8;
const PLACE_BYTES: usize = 3 * 8 + 2 * 4;
const CHECK_BYTES: usize = 8;
/// Stands for a number that is not known.
const UNKNOWN: u64 = u64::MAX;

impl SeekIndex {
    /// Everything that was found out, for [`SeekIndex::restore`] at another time.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let found = self.found();
        let mut bytes = Vec::with_capacity(HEAD_BYTES + found.places.len() * PLACE_BYTES + CHECK_BYTES);
        bytes.extend(MAGIC);
        let numbers = [found.counted_frames, found.true_end].map(|number| number.unwrap_or(UNKNOWN));
        let thinned = u64::from(found.thinned);
        for number in [found.file_len, numbers[0], numbers[1], found.places.len() as u64, thinned] {
            bytes.extend(number.to_le_bytes());
        }
        for place in &found.places {
            bytes.extend(place.time_stamp.to_le_bytes());
            bytes.extend(place.first_frame.to_le_bytes());
            bytes.extend(place.byte_offset.to_le_bytes());
            bytes.extend(place.frames.to_le_bytes());
            bytes.extend(place.check.to_le_bytes());
        }
        drop(found);
        bytes.extend(fnv1a(&bytes).to_le_bytes());
        bytes
    }

    /// Adds what [`SeekIndex::to_bytes`] gave to what is known; false, with nothing changed, if these bytes are anything else or know
    /// nothing more.
    pub(super) fn restore(&self, bytes: &[u8]) -> bool {
        let Some(restored) = Found::from_bytes(bytes) else { return false };
        let mut found = self.found();
        let is_of_this_file = found.file_len == 0 || found.file_len == restored.file_len;
        if !is_of_this_file {
            return false;
        }
        let has_more_places = restored.places.len() > found.places.len();
        let knows_more = has_more_places
            || found.true_end.is_none() && restored.true_end.is_some()
            || found.counted_frames.is_none() && restored.counted_frames.is_some();
        found.file_len = restored.file_len;
        found.true_end = found.true_end.or(restored.true_end);
        found.counted_frames = found.counted_frames.or(restored.counted_frames);
        if has_more_places {
            found.places = restored.places;
            found.thinned = restored.thinned;
        }
        knows_more
    }
}

impl Found {
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (content, check) = bytes.split_at_checked(bytes.len().checked_sub(CHECK_BYTES)?)?;
        let (head, places) = content.split_at_checked(HEAD_BYTES)?;
        if !head.starts_with(MAGIC) || fnv1a(content).to_le_bytes() != check {
            return None;
        }
        let number = |index: usize| le_u64(head, 8 + index * 8);
        let (places, rest) = places.as_chunks::<PLACE_BYTES>();
        if !rest.is_empty() || places.len() as u64 != number(3) || places.len() > MOST_PLACES {
            return None;
        }
        let known = |number: u64| Some(number).filter(|&number| number != UNKNOWN);
        let places: Vec<Place> = places.iter().map(Place::from_bytes).collect();
        let is_rising = places.is_sorted_by(|a, b| a.time_stamp < b.time_stamp && a.first_frame < b.first_frame);
        let thinned = u32::try_from(number(4)).ok()?;
        let (file_len, counted_frames, true_end) = (number(0), known(number(1)), known(number(2)));
        is_rising.then_some(Self { file_len, modified: None, counted_frames, true_end, places, thinned })
    }
}

impl Place {
    fn from_bytes(bytes: &[u8; PLACE_BYTES]) -> Self {
        let last = le_u64(bytes, 24);
        Self {
            time_stamp: le_u64(bytes, 0) as i64,
            first_frame: le_u64(bytes, 8) as i64,
            byte_offset: le_u64(bytes, 16),
            frames: last as u32,
            check: (last >> 32) as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(time_stamp: i64, first_frame: i64) -> Place {
        Place { time_stamp, first_frame, byte_offset: 77, frames: 20, check: time_stamp as u32 ^ 0xdead_beef }
    }

    fn index() -> SeekIndex {
        let index = SeekIndex::default();
        index.meet_file(1_000, None);
        for second in 0..5 {
            index.note(place(second * 1_000, second * 100 - 7), 100);
            index.note(place(second * 1_000 + 10, second * 100 + 13), 100);
        }
        index
    }

    #[test]
    fn the_last_place_before_a_frame_is_found() {
        let index = index();
        assert_eq!(index.before(-8), None);
        assert_eq!(index.before(-7).map(|place| place.time_stamp), Some(0));
        assert_eq!(index.before(292).map(|place| place.time_stamp), Some(2_000));
        assert_eq!(index.before(9_999).map(|place| place.time_stamp), Some(4_000));
    }

    #[test]
    fn a_file_of_another_size_is_another_file() {
        let index = index();
        index.set_true_end(500);
        index.meet_file(1_000, None);
        assert_eq!(index.true_end(), Some(500));
        index.meet_file(1_001, None);
        assert_eq!((index.before(9_999), index.true_end()), (None, None));
    }

    #[test]
    fn a_changed_file_of_the_same_size_is_another_file() {
        let index = index();
        let (then, now) = (SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(9));
        index.meet_file(1_000, Some(then));
        index.set_true_end(500);
        index.set_counted_frames(501);
        index.meet_file(1_000, Some(then));
        index.meet_file(1_000, None);
        assert_eq!((index.true_end(), index.counted_frames()), (Some(500), Some(501)));
        index.meet_file(1_000, Some(now));
        assert_eq!((index.before(9_999), index.true_end(), index.counted_frames()), (None, None, None));
    }

    #[test]
    fn a_place_that_is_wrong_makes_all_doubtful() {
        let index = index();
        index.set_true_end(500);
        index.set_counted_frames(501);
        index.forget_all();
        assert_eq!((index.before(9_999), index.true_end(), index.counted_frames()), (None, None, None));
        assert_eq!(index.found().file_len, 1_000);
    }

    #[test]
    fn what_is_restored_is_added_to_what_is_known() {
        let few = SeekIndex::default();
        few.meet_file(1_000, None);
        few.note(place(0, 0), 100);
        few.set_true_end(500);
        let many = index();
        many.set_counted_frames(501);
        let (few_bytes, many_bytes) = (few.to_bytes(), many.to_bytes());
        // The places of the one, and what only the other knows.
        assert!(many.restore(&few_bytes) && few.restore(&many_bytes));
        assert_eq!(*many.found(), *few.found());
        assert_eq!((few.true_end(), few.counted_frames()), (Some(500), Some(501)));
        assert_eq!(few.before(9_999).map(|place| place.time_stamp), Some(4_000));
        assert!(!few.restore(&many_bytes), "nothing new");
    }

    #[test]
    fn a_long_recording_has_fewer_places_a_second() {
        let index = SeekIndex::default();
        let count = MOST_PLACES as i64 * 3;
        (0..count).for_each(|second| index.note(place(second * 10, second * 100), 100));
        assert!(index.found().places.len() < MOST_PLACES);
        for frame in [0, 12_345, count * 50, count * 100] {
            let before = index.before(frame).unwrap().first_frame;
            assert!(before <= frame && frame - before <= 800, "{frame}: {before}");
        }
    }

    #[test]
    fn bytes_bring_everything_back_and_nothing_else_is_taken() {
        let index = index();
        index.set_counted_frames(499);
        index.set_true_end(500);
        let bytes = index.to_bytes();
        let restored = SeekIndex::default();
        assert!(restored.restore(&bytes));
        assert_eq!(*restored.found(), *index.found());
        // Of a file of another size.
        let other = SeekIndex::default();
        other.meet_file(5, None);
        assert!(!other.restore(&bytes));
        for len in 0..bytes.len() {
            assert!(!SeekIndex::default().restore(&bytes[..len]), "{len}");
        }
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x10;
            assert!(!SeekIndex::default().restore(&flipped), "{at}");
        }
        // Places in no order, with a right sum.
        let unsorted = SeekIndex::default();
        unsorted.found().places = vec![place(5, 5), place(4, 6)];
        assert!(!SeekIndex::default().restore(&unsorted.to_bytes()));
    }
}
