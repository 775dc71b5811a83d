//! What is shown of all marks: the part of [`MarkList`] that knows nothing of the others.

use super::{Block, MarkList};
use crate::annotation::Status;
use crate::app::mark_filter::Sieve;
use crate::app::marks::{Mark, Target};
use crate::time::Span;

impl MarkList {
    /// The sieve that is in force.
    pub fn sieve(&self) -> &Sieve {
        &self.sieve
    }

    /// How many are shown.
    pub fn shown_len(&self) -> usize {
        self.starts.last().map_or(0, |start| start.1)
    }

    /// How many of those that are shown have a state.
    pub fn shown_count(&self, state: Status) -> usize {
        self.blocks.iter().map(|block| block.shown_counts[state as usize] as usize).sum()
    }

    /// All that are shown, in order.
    pub fn shown(&self) -> impl DoubleEndedIterator<Item = &Mark> {
        self.blocks.iter().flat_map(Block::shown_marks)
    }

    /// Those shown that [`Self::in_span`] finds.
    pub fn shown_in_span(&self, span: Span) -> impl Iterator<Item = &Mark> {
        self.blocks_in(span).flat_map(Block::shown_marks).filter(move |mark| mark.is_in(span))
    }

    /// The place of a target's mark among those that are shown; none if it is not.
    pub fn shown_place(&self, target: Target) -> Option<usize> {
        let (position, place) = self.find(target)?;
        let block = &self.blocks[position];
        block.shown[place].then(|| self.starts[position].1 + block.shown_before(place))
    }

    /// How many of those that are shown stand before a target's mark, be that shown or not.
    pub fn shown_before(&self, target: Target) -> Option<usize> {
        let (position, place) = self.find(target)?;
        Some(self.starts[position].1 + self.blocks[position].shown_before(place))
    }

    /// The mark at a place among those that are shown.
    pub fn shown_at(&self, place: usize) -> Option<&Mark> {
        self.shown_from(place).next()
    }

    /// Those that are shown from a place among them on.
    pub fn shown_from(&self, place: usize) -> impl Iterator<Item = &Mark> {
        let position = self.starts.partition_point(|start| start.1 <= place).saturating_sub(1).min(self.blocks.len());
        let skipped = place - self.starts.get(position).map_or(0, |start| start.1).min(place);
        self.blocks[position..].iter().flat_map(Block::shown_marks).skip(skipped)
    }

    /// How many of those that are shown begin before a moment.
    pub fn shown_before_secs(&self, secs: f64) -> usize {
        let begins = |block: &Block| block.marks.first().is_some_and(|mark| mark.span.onset_secs < secs);
        let Some(position) = self.blocks.partition_point(begins).checked_sub(1) else { return 0 };
        let block = &self.blocks[position];
        let place = block.marks.partition_point(|mark| mark.span.onset_secs < secs);
        self.starts[position].1 + block.shown_before(place)
    }

    /// The first one of a state at or after a place among those that are shown.
    pub fn next_shown_of(&self, state: Status, place: usize) -> Option<&Mark> {
        let position = self.starts.partition_point(|start| start.1 <= place).saturating_sub(1).min(self.blocks.len());
        let skipped = place - self.starts.get(position).map_or(0, |start| start.1).min(place);
        let here = self.blocks.get(position)?.shown_marks().skip(skipped);
        let later = self.blocks[position + 1..].iter().filter(|block| block.shown_counts[state as usize] > 0);
        here.chain(later.flat_map(Block::shown_marks)).find(|mark| mark.state == state)
    }

    /// The last one of a state before a place among those that are shown.
    pub fn previous_shown_of(&self, state: Status, place: usize) -> Option<&Mark> {
        let position = self.starts.partition_point(|start| start.1 <= place).saturating_sub(1).min(self.blocks.len());
        let ahead = place - self.starts.get(position).map_or(0, |start| start.1).min(place);
        let here = self.blocks.get(position).into_iter().flat_map(move |block| {
            let count = block.shown_len();
            block.shown_marks().rev().skip(count.saturating_sub(ahead))
        });
        let earlier = self.blocks[..position].iter().rev().filter(|block| block.shown_counts[state as usize] > 0);
        here.chain(earlier.flat_map(|block| block.shown_marks().rev())).find(|mark| mark.state == state)
    }
}
