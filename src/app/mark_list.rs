//! The marks of a recording in their order, and how to find one without looking at all of them.

use super::marks::{Mark, Target, by_onset};
use crate::time::Span;
use std::collections::HashMap;

/// Marks by onset, then offset, then label.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MarkList {
    marks: Vec<Mark>,
    places: HashMap<Target, usize>,
}

impl MarkList {
    /// Marks in any order.
    pub fn new(mut marks: Vec<Mark>) -> Self {
        marks.sort_by(by_onset);
        let places = marks.iter().enumerate().map(|(place, mark)| (mark.target, place)).collect();
        Self { marks, places }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.marks.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// All of them in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Mark> {
        self.marks.iter()
    }

    /// The mark of a target.
    pub fn get(&self, target: Target) -> Option<&Mark> {
        self.at(self.place(target)?)
    }

    /// The place of a target's mark in the order.
    pub fn place(&self, target: Target) -> Option<usize> {
        self.places.get(&target).copied()
    }

    /// The mark at a place of the order.
    pub fn at(&self, place: usize) -> Option<&Mark> {
        self.marks.get(place)
    }

    /// The marks that share time with a span, and points and marks of no length in it, in order.
    pub fn in_span(&self, span: Span) -> impl Iterator<Item = &Mark> {
        let after = self.marks.partition_point(|mark| mark.span.onset_secs < span.offset_secs);
        self.marks[..after]
            .iter()
            .filter(move |mark| mark.span.overlap_secs(span) > 0.0 || span.contains(mark.span.onset_secs))
    }
}
