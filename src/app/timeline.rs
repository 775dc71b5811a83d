//! Recordings in clock order: which was made when, what lies between them. Pure.

use crate::annotation::RecordingId;
use crate::audio::ClockStart;
use crate::time::CivilTime;
use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashMap};

/// One recording of the timeline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block {
    /// Which.
    pub id: RecordingId,
    /// When it began, in seconds from the timeline's zero, ≥ 0.
    pub start_secs: f64,
    /// Its length in seconds, ≥ 0.
    pub duration_secs: f64,
    /// Which of several rows it stands in: blocks of one row do not overlap. Rows begin at 0.
    pub row: usize,
}

impl Block {
    /// When it ended.
    pub fn end_secs(&self) -> f64 {
        self.start_secs + self.duration_secs
    }
}

/// The recordings whose clock times are known, by their beginning.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    blocks: Vec<Block>,
    zero: Option<CivilTime>,
    /// Where each recording stands in `blocks`.
    places: HashMap<RecordingId, usize>,
    longest_secs: f64,
    gaps: Vec<(f64, f64)>,
    rows: usize,
    end_secs: f64,
}

/// Recordings that a clock puts this close together follow each other without a gap: clocks and lengths are rounded.
const TOUCHING_SECS: f64 = 0.05;

impl Timeline {
    /// The timeline of recordings with their beginning and length: in true time, or by what the clocks showed if the offset from UTC of
    /// any of them is not known.
    pub fn new(recordings: impl IntoIterator<Item = (RecordingId, ClockStart, f64)>) -> Self {
        let mut recordings: Vec<_> = recordings.into_iter().collect();
        // True time orders clocks of known offsets, and what they showed all others. Both at once would be no order at all.
        if recordings.iter().any(|(_, start, _)| start.at.offset_minutes().is_none()) {
            recordings.iter_mut().for_each(|(_, start, _)| start.at = start.at.without_offset());
        }
        let Some(zero) =
            recordings.iter().map(|(_, start, _)| start.at).min_by(|a, b| a.secs_since(*b).total_cmp(&0.0))
        else {
            return Self::default();
        };
        let block = |&(id, start, duration_secs): &(RecordingId, ClockStart, f64)| Block {
            id,
            start_secs: start.at.secs_since(zero).max(0.0),
            duration_secs: if duration_secs.is_finite() { duration_secs.max(0.0) } else { 0.0 },
            row: 0,
        };
        let mut blocks: Vec<Block> = recordings.iter().map(block).collect();
        blocks.sort_by(|a, b| a.start_secs.total_cmp(&b.start_secs).then(a.id.cmp(&b.id)));
        let rows = give_rows(&mut blocks);
        let end_secs = blocks.iter().map(Block::end_secs).fold(0.0, f64::max);
        let longest_secs = blocks.iter().map(|block| block.duration_secs).fold(0.0, f64::max);
        let places = blocks.iter().enumerate().map(|(place, block)| (block.id, place)).collect();
        Self { gaps: gaps_between(&blocks), rows, end_secs, longest_secs, places, blocks, zero: Some(zero) }
    }

    /// The recordings by their beginning.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The clock time of second 0; none where there is no recording.
    pub fn zero(&self) -> Option<CivilTime> {
        self.zero
    }

    /// Whether there is something to see that a list does not show.
    pub fn is_of_use(&self) -> bool {
        self.blocks.len() >= 2
    }

    /// When the last recording ended, in seconds from zero.
    pub fn end_secs(&self) -> f64 {
        self.end_secs
    }

    /// How many rows keep blocks apart, ≥ 1.
    pub fn rows(&self) -> usize {
        self.rows.max(1)
    }

    /// One recording.
    pub fn block(&self, id: RecordingId) -> Option<&Block> {
        self.blocks.get(*self.places.get(&id)?)
    }

    /// The recordings of which some may lie between two moments, and no fewer.
    pub fn blocks_between(&self, from: f64, to: f64) -> &[Block] {
        let first = self.blocks.partition_point(|block| block.start_secs < from - self.longest_secs);
        let after = self.blocks.partition_point(|block| block.start_secs <= to);
        self.blocks.get(first..after).unwrap_or_default()
    }

    /// A recording that goes on or begins between two moments, the one that began last before the first if that still goes on.
    pub fn first_between(&self, from: f64, to: f64) -> Option<&Block> {
        let next = self.blocks.partition_point(|block| block.start_secs <= from);
        let before = next.checked_sub(1).and_then(|place| self.blocks.get(place));
        let goes_on = before.filter(|block| block.end_secs() > from);
        goes_on.or_else(|| self.blocks.get(next).filter(|block| block.start_secs < to))
    }

    /// The gaps of which some may lie between two moments.
    pub fn gaps_between(&self, from: f64, to: f64) -> &[(f64, f64)] {
        let first = self.gaps.partition_point(|gap| gap.1 < from);
        let after = self.gaps.partition_point(|gap| gap.0 <= to);
        self.gaps.get(first..after).unwrap_or_default()
    }

    /// The recording that was going on at a moment, of several the one that began last.
    pub fn at(&self, clock_secs: f64) -> Option<&Block> {
        let going_on = |block: &&Block| (block.start_secs..block.end_secs()).contains(&clock_secs);
        self.blocks_between(clock_secs, clock_secs).iter().rev().find(going_on)
    }

    /// The recording that is nearest to a moment.
    pub fn nearest(&self, clock_secs: f64) -> Option<&Block> {
        let distance = |block: &Block| (block.start_secs - clock_secs).max(clock_secs - block.end_secs()).max(0.0);
        self.at(clock_secs).or_else(|| self.blocks.iter().min_by(|a, b| distance(a).total_cmp(&distance(b))))
    }

    /// The recording `step` places further on.
    pub fn beside(&self, id: RecordingId, step: isize) -> Option<RecordingId> {
        let place = *self.places.get(&id)?;
        self.blocks.get(place.checked_add_signed(step)?).map(|block| block.id)
    }

    /// Which recording goes on when this one ends, else the next one that begins; and from which of its seconds on nothing is heard twice.
    pub fn after_end(&self, id: RecordingId) -> Option<(RecordingId, f64)> {
        let place = *self.places.get(&id)?;
        let end = self.blocks.get(place)?.end_secs();
        let later = self.blocks.get(place + 1..)?;
        let next = later.iter().find(|block| block.end_secs() > end + TOUCHING_SECS)?;
        let from = end - next.start_secs;
        Some((next.id, if from > TOUCHING_SECS { from } else { 0.0 }))
    }

    /// The stretches between recordings, as beginning and end; recordings that touch have none.
    pub fn gaps(&self) -> &[(f64, f64)] {
        &self.gaps
    }
}

/// Gives each block, by their beginning, the first row that is free by then; returns how many rows there are.
fn give_rows(blocks: &mut [Block]) -> usize {
    let mut rows = 0;
    let mut free: BinaryHeap<Reverse<usize>> = BinaryHeap::new();
    let mut busy: BinaryHeap<Reverse<(Moment, usize)>> = BinaryHeap::new();
    for block in blocks {
        while let Some(&Reverse((end, row))) = busy.peek()
            && end.0 <= block.start_secs + TOUCHING_SECS
        {
            busy.pop();
            free.push(Reverse(row));
        }
        block.row = free.pop().map_or(rows, |Reverse(row)| row);
        rows = rows.max(block.row + 1);
        busy.push(Reverse((Moment(block.end_secs()), block.row)));
    }
    rows
}

/// Seconds in order.
#[derive(Clone, Copy, PartialEq)]
struct Moment(f64);

impl Eq for Moment {}

impl PartialOrd for Moment {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Moment {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

fn gaps_between(blocks: &[Block]) -> Vec<(f64, f64)> {
    let mut gaps = Vec::new();
    let mut end = None;
    for block in blocks {
        match end {
            Some(end) if block.start_secs > end + TOUCHING_SECS => gaps.push((end, block.start_secs)),
            _ => {}
        }
        end = Some(end.map_or(block.end_secs(), |end: f64| end.max(block.end_secs())));
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::ClockSource;
    use crate::time::CivilDate;

    fn start(hour: i64, minute: i64) -> ClockStart {
        let date = CivilDate::new(2026, 5, 1).unwrap();
        ClockStart { at: CivilTime::new(date, hour, minute, 0, 0).unwrap(), source: ClockSource::FileName }
    }

    #[test]
    fn recordings_stand_in_clock_order_with_their_gaps() {
        let minutes = 60.0;
        let timeline = Timeline::new([
            (RecordingId(0), start(5, 30), 10.0 * minutes),
            (RecordingId(1), start(5, 0), 30.0 * minutes),
            (RecordingId(2), start(6, 0), 10.0 * minutes),
            (RecordingId(3), start(6, 5), 10.0 * minutes),
        ]);
        let order: Vec<u64> = timeline.blocks().iter().map(|block| block.id.0).collect();
        assert_eq!(order, [1, 0, 2, 3]);
        assert_eq!(timeline.zero(), Some(start(5, 0).at));
        assert_eq!(timeline.gaps(), [(40.0 * minutes, 60.0 * minutes)]);
        assert_eq!(timeline.end_secs(), 75.0 * minutes);
        let rows: Vec<usize> = timeline.blocks().iter().map(|block| block.row).collect();
        assert_eq!((rows, timeline.rows()), (vec![0, 0, 0, 1], 2), "overlapping recordings stand in two rows");
        let at = |minute: f64| timeline.at(minute * minutes).map(|block| block.id.0);
        assert_eq!(
            [at(0.0), at(29.9), at(30.0), at(50.0), at(66.0), at(75.0)],
            [Some(1), Some(1), Some(0), None, Some(3), None]
        );
        assert_eq!(timeline.nearest(57.0 * minutes).map(|block| block.id.0), Some(2));
        assert_eq!(timeline.nearest(1e9).map(|block| block.id.0), Some(3));
        assert_eq!(timeline.beside(RecordingId(1), 1), Some(RecordingId(0)));
        assert_eq!(timeline.beside(RecordingId(1), -1), None);
        let after = |id: u64| timeline.after_end(RecordingId(id)).map(|(id, from)| (id.0, from / minutes));
        assert_eq!([after(1), after(0), after(2), after(3)], [Some((0, 0.0)), Some((2, 0.0)), Some((3, 5.0)), None]);
    }

    #[test]
    fn what_lies_between_two_moments_is_found_without_looking_at_all() {
        let timeline = Timeline::new((0..50).map(|id| (RecordingId(id), start(5, id as i64), 30.0)));
        assert_eq!((timeline.rows(), timeline.gaps().len()), (1, 49));
        let between = |from: f64, to: f64| -> Vec<u64> {
            timeline.blocks_between(from, to).iter().map(|block| block.id.0).collect()
        };
        assert_eq!(between(125.0, 185.0), [2, 3], "one is long over, and one that is over could still go on");
        assert_eq!(between(-9.0, -1.0), [] as [u64; 0]);
        let first = |from: f64, to: f64| timeline.first_between(from, to).map(|block| block.id.0);
        assert_eq!(
            [first(125.0, 130.0), first(155.0, 170.0), first(155.0, 200.0), first(-5.0, 0.0)],
            [Some(2), None, Some(3), None]
        );
        assert_eq!(timeline.gaps_between(100.0, 160.0), [(90.0, 120.0), (150.0, 180.0)]);
        let together = Timeline::new((0..200).map(|id| (RecordingId(id), start(5, 0), 30.0)));
        assert_eq!((together.rows(), together.blocks()[199].row), (200, 199));
    }

    #[test]
    fn clocks_of_which_some_have_an_offset_are_ordered_by_what_they_showed() {
        let with = |id: u64, hour: i64, offset: Option<i64>| {
            let start = start(hour, 0);
            let at = offset.map_or(start.at, |minutes| start.at.with_offset(minutes).unwrap());
            (RecordingId(id), ClockStart { at, ..start }, 60.0)
        };
        // In true time 1 began before 0; of 2 nobody knows.
        let mixed = [with(0, 5, Some(0)), with(1, 6, Some(120)), with(2, 7, None)];
        let starts = |recordings: &[(RecordingId, ClockStart, f64)]| -> Vec<(u64, f64)> {
            let timeline = Timeline::new(recordings.iter().copied());
            timeline.blocks().iter().map(|block| (block.id.0, block.start_secs)).collect()
        };
        assert_eq!(starts(&mixed), [(0, 0.0), (1, 3600.0), (2, 7200.0)]);
        assert_eq!(starts(&mixed[..2]), [(1, 0.0), (0, 3600.0)]);
    }

    #[test]
    fn nothing_is_no_timeline() {
        let timeline = Timeline::new([]);
        assert!(!timeline.is_of_use() && timeline.gaps().is_empty() && timeline.nearest(3.0).is_none());
    }
}
