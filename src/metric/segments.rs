//! Sets of segments as sorted ranges of their numbers, so that neither time nor memory depends on how long or how many segments are.

use std::ops::Range;

/// Ranges in ascending order that neither overlap nor touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Segments(Vec<Range<usize>>);

impl Segments {
    /// The segments of a range in any order become a set; empty ranges are nothing.
    pub fn of(ranges: impl IntoIterator<Item = Range<usize>>) -> Self {
        let mut ranges: Vec<Range<usize>> = ranges.into_iter().filter(|range| !range.is_empty()).collect();
        ranges.sort_unstable_by_key(|range| range.start);
        let mut united: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match united.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => united.push(range),
            }
        }
        Self(united)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.iter().map(Range::len).sum()
    }

    /// The ranges.
    pub fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        self.0.iter().cloned()
    }

    /// What is in both.
    pub fn common(&self, other: &Self) -> Self {
        let (mut left, mut right) = (self.0.as_slice(), other.0.as_slice());
        let mut common = Vec::new();
        while let (Some((a, rest_left)), Some((b, rest_right))) = (left.split_first(), right.split_first()) {
            let both = a.start.max(b.start)..a.end.min(b.end);
            if !both.is_empty() {
                common.push(both);
            }
            if a.end <= b.end { left = rest_left } else { right = rest_right }
        }
        Self(common)
    }

    /// What is in either.
    pub fn union(&self, other: &Self) -> Self {
        Self::of(self.ranges().chain(other.ranges()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn listed(segments: &Segments) -> BTreeSet<usize> {
        segments.ranges().flatten().collect()
    }

    proptest! {
        #[test]
        fn sets_of_ranges_are_sets(
            a in prop::collection::vec((0_usize..30, 0_usize..6), 0..6),
            b in prop::collection::vec((0_usize..30, 0_usize..6), 0..6),
        ) {
            let [a, b] = [a, b].map(|ranges| Segments::of(ranges.into_iter().map(|(from, length)| from..from + length)));
            let (all_a, all_b) = (listed(&a), listed(&b));
            prop_assert_eq!(a.len(), all_a.len());
            prop_assert_eq!(listed(&a.common(&b)), all_a.intersection(&all_b).copied().collect());
            prop_assert_eq!(listed(&a.union(&b)), all_a.union(&all_b).copied().collect());
            prop_assert_eq!(a.union(&b), Segments::of(all_a.union(&all_b).map(|&at| at..at + 1)));
        }
    }
}
