//! Pairs between two sets, given who may go with whom.

use std::collections::VecDeque;

/// For each on the left, its partner on the right, such that there are as many pairs as possible. `candidates[left]` lists the rights
/// that may go with it, each below `right_count`.
///
/// Augmenting paths, each found breadth first (Kuhn 1955, Berge 1957): O(lefts × candidates) time.
pub fn maximum(candidates: &[Vec<usize>], right_count: usize) -> Vec<Option<usize>> {
    let mut partner_of_left = vec![None; candidates.len()];
    let mut partner_of_right = vec![None; right_count];
    // Which left reached a right in which search; stamped, so that it needs no clearing.
    let mut reached_from = vec![(usize::MAX, 0); right_count];
    for start in 0..candidates.len() {
        let mut queue = VecDeque::from([start]);
        let mut free = None;
        'search: while let Some(left) = queue.pop_front() {
            for &right in &candidates[left] {
                if reached_from[right].0 == start {
                    continue;
                }
                reached_from[right] = (start, left);
                match partner_of_right[right] {
                    Some(next) => queue.push_back(next),
                    None => {
                        free = Some(right);
                        break 'search;
                    }
                }
            }
        }
        // Along the path, each left takes the right by which it was left behind.
        while let Some(right) = free {
            let left = reached_from[right].1;
            free = partner_of_left[left].replace(right);
            partner_of_right[right] = Some(left);
            if left == start {
                break;
            }
        }
    }
    partner_of_left
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
            candidates in prop::collection::vec(prop::collection::vec(0_usize..7, 0..4), 0..7)
        ) {
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
