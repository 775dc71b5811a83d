//! Pairs between two sets, given who may go with whom.

use std::collections::HashMap;

/// For each on the left, its partner on the right, such that there are as many pairs as possible. `candidates[left]` lists the rights
/// that may go with it in ascending order, each below `right_count`.
///
/// In phases, each of which finds shortest augmenting paths that have nothing in common (Hopcroft and Karp 1973): O(candidates × √lefts) time. Of
/// several largest sets of pairs the one is taken that sed_eval takes, because who is left over decides what it counts as a
/// substitution: it looks from the rights, in the order in which the lefts name them.
pub fn maximum(candidates: &[Vec<usize>], right_count: usize) -> Vec<Option<usize>> {
    let mut search = Search::new(candidates, right_count);
    while search.phase() {}
    search.partner_of_left
}

/// How a right was reached within a phase.
#[derive(Clone, Copy)]
enum Before {
    /// It has no partner, so that a path may begin with it.
    Nothing,
    /// From its partner on the left.
    Left(usize),
    /// Not, or a path goes through it already.
    Gone,
}

struct Search {
    /// The rights that have a candidate, in the order in which they are first named.
    order: Vec<usize>,
    lefts_of: Vec<Vec<usize>>,
    partner_of_left: Vec<Option<usize>>,
    before_right: Vec<Before>,
    /// From which rights a left was reached; none if not, or if a path has been looked for through it.
    before_left: Vec<Option<Vec<usize>>>,
}

impl Search {
    /// Each right in turn has the first left that is free.
    fn new(candidates: &[Vec<usize>], right_count: usize) -> Self {
        let mut lefts_of = vec![Vec::new(); right_count];
        let mut order = Vec::new();
        for (left, rights) in candidates.iter().enumerate() {
            for &right in rights {
                if lefts_of[right].is_empty() {
                    order.push(right);
                }
                lefts_of[right].push(left);
            }
        }
        let mut partner_of_left = vec![None; candidates.len()];
        for &right in &order {
            if let Some(&left) = lefts_of[right].iter().find(|&&left| partner_of_left[left].is_none()) {
                partner_of_left[left] = Some(right);
            }
        }
        Self {
            order,
            lefts_of,
            partner_of_left,
            before_right: vec![Before::Gone; right_count],
            before_left: Vec::new(),
        }
    }

    /// Adds pairs along shortest paths; false if there is no path any more.
    fn phase(&mut self) -> bool {
        self.before_right.fill(Before::Gone);
        self.before_left = vec![None; self.partner_of_left.len()];
        for &right in &self.order {
            self.before_right[right] = Before::Nothing;
        }
        for &right in self.partner_of_left.iter().flatten() {
            self.before_right[right] = Before::Gone;
        }
        let is_free = |right: &usize| matches!(self.before_right[*right], Before::Nothing);
        let mut layer: Vec<usize> = self.order.iter().copied().filter(is_free).collect();
        let mut free_lefts = Vec::new();
        while !layer.is_empty() && free_lefts.is_empty() {
            layer = self.next_layer(&layer, &mut free_lefts);
        }
        for &left in &free_lefts {
            self.augment(left);
        }
        !free_lefts.is_empty()
    }

    /// The partners of the lefts that are first reached from `layer`; of those without a partner a list is made.
    fn next_layer(&mut self, layer: &[usize], free_lefts: &mut Vec<usize>) -> Vec<usize> {
        let mut reached: Vec<usize> = Vec::new();
        let mut from: HashMap<usize, Vec<usize>> = HashMap::new();
        for &right in layer {
            for &left in self.lefts_of[right].iter().filter(|&&left| self.before_left[left].is_none()) {
                from.entry(left)
                    .or_insert_with(|| {
                        reached.push(left);
                        Vec::new()
                    })
                    .push(right);
            }
        }
        let mut next = Vec::new();
        for left in reached {
            self.before_left[left] = from.remove(&left);
            if let Some(right) = self.partner_of_left[left] {
                next.push(right);
                self.before_right[right] = Before::Left(left);
            } else {
                free_lefts.push(left);
            }
        }
        next
    }

    /// Looks for a path from a left without a partner back to a right without one, and makes pairs along it.
    fn augment(&mut self, left: usize) {
        let mut path: Vec<(usize, std::vec::IntoIter<usize>, usize)> = Vec::new();
        if let Some(rights) = self.before_left[left].take() {
            path.push((left, rights.into_iter(), usize::MAX));
        }
        while let Some((_, rights, current)) = path.last_mut() {
            let Some(right) = rights.next() else {
                path.pop();
                continue;
            };
            *current = right;
            match std::mem::replace(&mut self.before_right[right], Before::Gone) {
                Before::Gone => {}
                Before::Left(next) => {
                    if let Some(rights) = self.before_left[next].take() {
                        path.push((next, rights.into_iter(), usize::MAX));
                    }
                }
                Before::Nothing => {
                    for (left, _, right) in path {
                        self.partner_of_left[left] = Some(right);
                    }
                    return;
                }
            }
        }
    }
}

/// For each on the left in turn, the first of its candidates that is still free.
pub fn greedy(candidates: &[Vec<usize>], right_count: usize) -> Vec<Option<usize>> {
    let mut is_taken = vec![false; right_count];
    candidates
        .iter()
        .map(|rights| {
            let right = rights.iter().copied().find(|&right| !is_taken[right])?;
            is_taken[right] = true;
            Some(right)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn most_pairs(candidates: &[Vec<usize>], taken: u32) -> usize {
        let Some((first, rest)) = candidates.split_first() else { return 0 };
        let with = first.iter().filter(|&&right| taken >> right & 1 == 0);
        with.map(|right| 1 + most_pairs(rest, taken | 1 << right)).max().unwrap_or(0).max(most_pairs(rest, taken))
    }

    #[test]
    fn the_greedy_way_can_miss_a_pair_that_the_maximum_has() {
        let candidates = [vec![0, 1], vec![0]];
        assert_eq!(greedy(&candidates, 2), [Some(0), None]);
        assert_eq!(maximum(&candidates, 2), [Some(1), Some(0)]);
    }

    proptest! {
        #[test]
        fn as_many_pairs_as_trying_everything_finds(
            named in prop::collection::vec(prop::collection::btree_set(0_usize..7, 0..4), 0..7)
        ) {
            let candidates: Vec<Vec<usize>> = named.into_iter().map(|rights| rights.into_iter().collect()).collect();
            let pairs = maximum(&candidates, 7);
            let mut rights: Vec<usize> = pairs.iter().flatten().copied().collect();
            prop_assert_eq!(rights.len(), most_pairs(&candidates, 0));
            prop_assert!(pairs.iter().zip(&candidates).all(|(pair, all)| pair.is_none_or(|right| all.contains(&right))));
            rights.sort_unstable();
            rights.dedup();
            prop_assert_eq!(rights.len(), pairs.iter().flatten().count());
        }
    }
}
