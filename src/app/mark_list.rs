//! The marks of a recording in their order, a million of them too: kept in blocks, so that one mark comes or goes, a place is found, or a
//! span is looked through without looking at all of them.

mod shown;

use super::mark_filter::Sieve;
use super::marks::{Mark, Target, by_onset};
use crate::annotation::Status;
use crate::time::Span;
use std::cmp::Ordering;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// A block with more marks than this is cut in two.
const MOST_IN_BLOCK: usize = 512;
/// How full blocks are when they are made.
const FILL: usize = 384;
/// Neighbours with together no more marks than this become one block.
const FEW_IN_TWO: usize = 192;
/// Changes of which it is remembered where they were.
const MOST_NOTED: usize = 64;
/// Of more changes at once than this it is remembered from where to where they were.
const MOST_TOLD_APART: usize = 16;

/// Marks that follow each other, with what can be said of all of them.
#[derive(Clone, Debug)]
struct Block {
    /// Its name; its place in the list changes.
    id: u32,
    marks: Vec<Mark>,
    /// Which of them the filter lets through.
    shown: Vec<bool>,
    /// The latest offset, in seconds.
    reach_secs: f64,
    counts: [u32; Status::ALL.len()],
    shown_counts: [u32; Status::ALL.len()],
}

impl Block {
    fn new(id: u32, marks: Vec<Mark>, sieve: &Sieve) -> Self {
        let shown = marks.iter().map(|mark| sieve.lets_through(mark)).collect();
        let counts = [0; Status::ALL.len()];
        let mut block = Self { id, marks, shown, reach_secs: 0.0, counts, shown_counts: counts };
        block.sum_up();
        block
    }

    fn sum_up(&mut self) {
        self.reach_secs = f64::NEG_INFINITY;
        self.counts = Default::default();
        self.shown_counts = Default::default();
        for (mark, &is_shown) in self.marks.iter().zip(&self.shown) {
            self.reach_secs = self.reach_secs.max(mark.span.offset_secs);
            self.counts[mark.state as usize] += 1;
            self.shown_counts[mark.state as usize] += u32::from(is_shown);
        }
    }

    fn shown_before(&self, place: usize) -> usize {
        self.shown.iter().take(place).filter(|&&is_shown| is_shown).count()
    }

    fn shown_len(&self) -> usize {
        self.shown_counts.iter().map(|&count| count as usize).sum()
    }

    fn shown_marks(&self) -> impl DoubleEndedIterator<Item = &Mark> {
        self.marks.iter().zip(&self.shown).filter(|(_, is_shown)| **is_shown).map(|(mark, _)| mark)
    }
}

/// How many marks have a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelTally {
    /// The label.
    pub label: Arc<str>,
    /// All of them.
    pub all: usize,
    /// Those that the filter lets through.
    pub shown: usize,
    /// Those of these that nobody has decided about.
    pub undecided: usize,
}

/// Marks by onset, then offset, then label, and which of them are shown.
#[derive(Clone, Debug, Default)]
pub struct MarkList {
    blocks: Vec<Block>,
    /// How many marks, and how many shown ones, stand before each block; one more entry than blocks.
    starts: Vec<(usize, usize)>,
    /// In which block each target stands, by the block's name.
    homes: HashMap<Target, u32>,
    /// Where the blocks stand, by name.
    positions: Vec<u32>,
    free_ids: Vec<u32>,
    /// In the order in which the labels came up.
    tallies: Vec<LabelTally>,
    tally_places: HashMap<Arc<str>, usize>,
    /// How many have frequencies.
    banded: usize,
    annotators: BTreeSet<Arc<str>>,
    sieve: Sieve,
    revision: u64,
    /// Where the last changes were, by the revision that they made.
    noted: Vec<(u64, Span)>,
    /// While many marks come and go: the block from which on `starts` is out of date, and where changes were.
    put_off: Option<usize>,
    changed: Vec<Span>,
}

impl PartialEq for MarkList {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter()) && self.shown().eq(other.shown())
    }
}

impl MarkList {
    /// Marks in any order, all of them shown.
    pub fn new(marks: Vec<Mark>) -> Self {
        let mut list = Self::default();
        list.set_all(marks);
        list
    }

    /// Puts others in the place of all marks, in any order; of several with one target one stays.
    pub fn set_all(&mut self, mut marks: Vec<Mark>) {
        marks.sort_unstable_by(by_onset);
        self.blocks.clear();
        self.free_ids.clear();
        self.homes.clear();
        self.homes.reserve(marks.len());
        self.tallies.clear();
        self.tally_places.clear();
        self.banded = 0;
        self.annotators.clear();
        let mut rest = marks.into_iter().peekable();
        while rest.peek().is_some() {
            let id = self.blocks.len() as u32;
            let homes = &mut self.homes;
            let fresh = rest.by_ref().filter(|mark| is_fresh(homes, mark.target, id));
            let marks: Vec<Mark> = fresh.take(FILL).collect();
            if !marks.is_empty() {
                self.blocks.push(Block::new(id, marks, &self.sieve));
            }
        }
        self.place_blocks();
        self.tally_all();
        self.revision += 1;
        self.noted.clear();
    }

    /// Which marks are shown from now on.
    pub fn sift(&mut self, sieve: Sieve) {
        if sieve == self.sieve {
            return;
        }
        self.sieve = sieve;
        for block in &mut self.blocks {
            block.shown.clear();
            block.shown.extend(block.marks.iter().map(|mark| self.sieve.lets_through(mark)));
            block.sum_up();
        }
        self.count_from(0);
        self.tallies.iter_mut().for_each(|tally| (tally.all, tally.shown, tally.undecided) = (0, 0, 0));
        self.banded = 0;
        self.tally_all();
        self.revision += 1;
        self.noted.clear();
    }

    /// Grows with every change.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Where marks changed after a revision; none if that is not known, or everywhere.
    pub fn changed_since(&self, revision: u64) -> Option<impl Iterator<Item = Span>> {
        let first = self.noted.first().map_or(self.revision, |&(first, _)| first - 1);
        let later = move |noted: &(u64, Span)| (noted.0 > revision).then_some(noted.1);
        (revision >= first).then(|| self.noted.iter().filter_map(later))
    }

    /// Adds a mark, in the place of the one with the same target if there is one.
    pub fn insert(&mut self, mark: Mark) {
        self.remove(mark.target);
        self.note(mark.span);
        let is_shown = self.sieve.lets_through(&mark);
        self.tally(&mark, 1, isize::from(is_shown));
        if self.blocks.is_empty() {
            self.homes.insert(mark.target, 0);
            self.free_ids.clear();
            self.blocks.push(Block::new(0, vec![mark], &self.sieve));
            self.place_blocks();
            return;
        }
        let mut position = self.block_for(|first| by_onset(first, &mark));
        if self.blocks[position].marks.len() >= MOST_IN_BLOCK {
            self.split(position);
            position = self.block_for(|first| by_onset(first, &mark));
        }
        let block = &mut self.blocks[position];
        let place = block.marks.partition_point(|other| by_onset(other, &mark).is_lt());
        self.homes.insert(mark.target, block.id);
        block.marks.insert(place, mark);
        block.shown.insert(place, is_shown);
        block.sum_up();
        self.count_from(position);
    }

    /// Makes room for so many more marks, so that they come without a pause in between.
    pub fn reserve(&mut self, more: usize) {
        self.homes.reserve(more);
    }

    /// Lets many marks come and go: places are counted once, at the end. In between no place may be asked for.
    pub fn change_many(&mut self, changes: impl FnOnce(&mut Self)) {
        self.put_off = Some(usize::MAX);
        changes(self);
        if let Some(first) = self.put_off.take().filter(|&first| first < usize::MAX) {
            self.count_from(first);
        }
        let changed = std::mem::take(&mut self.changed);
        if changed.len() > MOST_TOLD_APART {
            let onset_secs = changed.iter().map(|span| span.onset_secs).fold(f64::INFINITY, f64::min);
            let offset_secs = changed.iter().map(|span| span.offset_secs).fold(f64::NEG_INFINITY, f64::max);
            self.note(Span { onset_secs, offset_secs });
        } else {
            changed.into_iter().for_each(|span| self.note(span));
        }
    }

    /// Takes a target's mark away.
    pub fn remove(&mut self, target: Target) -> Option<Mark> {
        let (position, place) = self.find(target)?;
        self.homes.remove(&target);
        let block = &mut self.blocks[position];
        let mark = block.marks.remove(place);
        let was_shown = block.shown.remove(place);
        block.sum_up();
        let few = block.marks.len();
        self.tally(&mark, -1, -isize::from(was_shown));
        self.note(mark.span);
        let next = self.blocks.get(position + 1).map(|next| next.marks.len());
        if few == 0 {
            self.free_ids.push(self.blocks.remove(position).id);
            self.place_blocks();
        } else if next.is_some_and(|next| few + next <= FEW_IN_TWO) {
            self.join(position);
        } else {
            self.count_from(position);
        }
        Some(mark)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.starts.last().map_or(0, |start| start.0)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// All of them in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Mark> {
        self.blocks.iter().flat_map(|block| &block.marks)
    }

    /// The mark of a target.
    pub fn get(&self, target: Target) -> Option<&Mark> {
        let (position, place) = self.find(target)?;
        self.blocks[position].marks.get(place)
    }

    /// The place of a target's mark in the order.
    pub fn place(&self, target: Target) -> Option<usize> {
        let (position, place) = self.find(target)?;
        Some(self.starts[position].0 + place)
    }

    /// The mark at a place of the order.
    pub fn at(&self, place: usize) -> Option<&Mark> {
        let position = self.starts.partition_point(|start| start.0 <= place).checked_sub(1)?;
        self.blocks.get(position)?.marks.get(place - self.starts[position].0)
    }

    /// The marks that share time with a span, and points and marks of no length in it, in order.
    pub fn in_span(&self, span: Span) -> impl Iterator<Item = &Mark> {
        self.blocks_in(span).flat_map(|block| &block.marks).filter(move |mark| mark.is_in(span))
    }

    /// How many have a state, shown or not.
    pub fn count(&self, state: Status) -> usize {
        self.blocks.iter().map(|block| block.counts[state as usize] as usize).sum()
    }

    /// The labels that marks have, in the order in which they came up; a mark counts for each of its labels.
    pub fn labels(&self) -> impl Iterator<Item = &LabelTally> {
        self.tallies.iter().filter(|tally| tally.all > 0)
    }

    /// Whether any has frequencies.
    pub fn has_bands(&self) -> bool {
        self.banded > 0
    }

    /// Everybody who changed one of the marks last, or of those that were there since all were made anew.
    pub fn annotators(&self) -> impl Iterator<Item = &Arc<str>> {
        self.annotators.iter()
    }

    fn blocks_in(&self, span: Span) -> impl Iterator<Item = &Block> {
        let begins = |block: &Block| block.marks.first().is_some_and(|mark| mark.span.onset_secs < span.offset_secs);
        let after = self.blocks.partition_point(begins);
        self.blocks[..after].iter().filter(move |block| block.reach_secs >= span.onset_secs)
    }

    /// The block in which something stands that compares with marks as given, or would stand.
    fn block_for(&self, compare: impl Fn(&Mark) -> Ordering) -> usize {
        let before = |block: &Block| block.marks.first().is_some_and(|first| compare(first).is_le());
        self.blocks.partition_point(before).saturating_sub(1)
    }

    fn find(&self, target: Target) -> Option<(usize, usize)> {
        let id = *self.homes.get(&target)?;
        let position = *self.positions.get(id as usize)? as usize;
        let place = self.blocks.get(position)?.marks.iter().position(|mark| mark.target == target)?;
        Some((position, place))
    }

    fn split(&mut self, position: usize) {
        let id = self.free_ids.pop().unwrap_or(self.blocks.len() as u32);
        let block = &mut self.blocks[position];
        let marks = block.marks.split_off(block.marks.len() / 2);
        block.shown.truncate(block.marks.len());
        block.sum_up();
        marks.iter().for_each(|mark| {
            self.homes.insert(mark.target, id);
        });
        self.blocks.insert(position + 1, Block::new(id, marks, &self.sieve));
        self.place_blocks();
    }

    fn join(&mut self, position: usize) {
        let next = self.blocks.remove(position + 1);
        self.free_ids.push(next.id);
        let block = &mut self.blocks[position];
        next.marks.iter().for_each(|mark| {
            self.homes.insert(mark.target, block.id);
        });
        block.marks.extend(next.marks);
        block.shown.extend(next.shown);
        block.sum_up();
        self.place_blocks();
    }

    fn place_blocks(&mut self) {
        self.positions.resize(self.blocks.len() + self.free_ids.len(), 0);
        for (position, block) in self.blocks.iter().enumerate() {
            self.positions[block.id as usize] = position as u32;
        }
        self.count_from(0);
    }

    fn count_from(&mut self, position: usize) {
        if let Some(first) = &mut self.put_off {
            *first = position.min(*first);
            return;
        }
        let (mut all, mut shown) = self.starts.get(position).copied().filter(|_| position > 0).unwrap_or_default();
        self.starts.truncate(position);
        for block in &self.blocks[position..] {
            self.starts.push((all, shown));
            all += block.marks.len();
            shown += block.shown_len();
        }
        self.starts.push((all, shown));
    }

    fn note(&mut self, span: Span) {
        if self.put_off.is_some() {
            self.changed.push(span);
            return;
        }
        self.revision += 1;
        if self.noted.len() >= MOST_NOTED {
            self.noted.drain(..MOST_NOTED / 2);
        }
        self.noted.push((self.revision, span));
    }

    fn tally_all(&mut self) {
        let blocks = std::mem::take(&mut self.blocks);
        for (mark, &is_shown) in blocks.iter().flat_map(|block| block.marks.iter().zip(&block.shown)) {
            self.tally(mark, 1, isize::from(is_shown));
        }
        self.blocks = blocks;
    }

    fn tally(&mut self, mark: &Mark, all: isize, shown: isize) {
        if let Some(name) = &mark.by
            && !self.annotators.contains(name)
        {
            self.annotators.insert(name.clone());
        }
        if mark.band.is_some() {
            self.banded = self.banded.saturating_add_signed(all);
        }
        for label in mark.labels() {
            let place = self.tally_places.get(label).copied().unwrap_or_else(|| {
                self.tally_places.insert(label.clone(), self.tallies.len());
                self.tallies.push(LabelTally { label: label.clone(), all: 0, shown: 0, undecided: 0 });
                self.tallies.len() - 1
            });
            let tally = &mut self.tallies[place];
            tally.all = tally.all.saturating_add_signed(all);
            tally.shown = tally.shown.saturating_add_signed(shown);
            // The queue knows an event by its first label.
            if mark.state == Status::Predicted && *label == mark.label {
                tally.undecided = tally.undecided.saturating_add_signed(shown);
            }
        }
    }
}

fn is_fresh(homes: &mut HashMap<Target, u32>, target: Target, id: u32) -> bool {
    match homes.entry(target) {
        Entry::Vacant(entry) => {
            entry.insert(id);
            true
        }
        Entry::Occupied(_) => false,
    }
}

#[cfg(test)]
mod tests;
