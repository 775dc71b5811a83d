//! Events laid out in tiers, for formats whose tiers hold one event after the other: which tier an event came from, and how events that
//! overlap are spread over several.
//!
//! Must not know how tiers are written.

use super::StrongLabel;
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

/// The name of the field that keeps the tier of an event.
pub(super) const TIER_FIELD: &str = "tier";

/// The tier of events that came from none.
const SPANS: &str = "events";

/// The tier of points that came from none, where they need one of their own.
const POINTS: &str = "points";

/// Events one after the other.
#[derive(Debug)]
pub(super) struct Tier<'a> {
    /// Its name, unlike that of all others.
    pub name: String,
    /// Whether it holds points instead of spans.
    pub is_points: bool,
    /// Its events by onset, none of which begins before the one before it ends.
    pub rows: Vec<Labelled<'a>>,
}

/// An event and one of its labels.
pub(super) type Labelled<'a> = (&'a StrongLabel, &'a Arc<str>);

/// Whether a tier's name is one that [`lay_out`] gives, so that it says nothing about the events.
pub(super) fn says_nothing(name: &str) -> bool {
    [SPANS, POINTS].iter().any(|own| {
        name.strip_prefix(own).is_some_and(|rest| {
            rest.is_empty() || rest.strip_prefix(' ').is_some_and(|number| number.parse::<u32>().is_ok())
        })
    })
}

/// The tiers of events, in the order in which their names first appear. `points_apart` gives events without length tiers of their own.
pub(super) fn lay_out<'a>(rows: impl Iterator<Item = Labelled<'a>>, points_apart: bool) -> Vec<Tier<'a>> {
    let mut groups: Vec<(&str, bool, Vec<Labelled<'_>>)> = Vec::new();
    let mut places: HashMap<(&str, bool), usize> = HashMap::new();
    for (row, label) in rows {
        let is_point = points_apart && row.span.offset_secs <= row.span.onset_secs;
        let named = row.fields().iter().find(|(name, _)| &**name == TIER_FIELD).map(|(_, tier)| tier.as_str());
        let name = named.unwrap_or(if is_point { POINTS } else { SPANS });
        let place = *places.entry((name, is_point)).or_insert_with(|| {
            groups.push((name, is_point, Vec::new()));
            groups.len() - 1
        });
        groups[place].2.push((row, label));
    }
    let mut names: HashSet<String> = HashSet::new();
    let mut tiers = Vec::new();
    for (name, is_points, mut rows) in groups {
        rows.sort_by(|(a, _), (b, _)| a.span.onset_secs.total_cmp(&b.span.onset_secs));
        for rows in in_lanes(rows) {
            tiers.push(Tier { name: unused(name, &mut names), is_points, rows });
        }
    }
    tiers
}

/// The name, or else with the least number after it that makes it another one.
fn unused(name: &str, names: &mut HashSet<String>) -> String {
    let mut candidate = name.to_owned();
    let mut number = 1;
    while !names.insert(candidate.clone()) {
        number += 1;
        candidate = format!("{name} {number}");
    }
    candidate
}

/// Events by onset, each in the first lane that is free where it begins. A point needs its moment for itself.
fn in_lanes(rows: Vec<Labelled<'_>>) -> Vec<Vec<Labelled<'_>>> {
    let mut lanes: Vec<Vec<Labelled<'_>>> = Vec::new();
    let mut free: BTreeSet<usize> = BTreeSet::new();
    let mut busy: BinaryHeap<Reverse<(Moment, usize)>> = BinaryHeap::new();
    for (row, label) in rows {
        let onset = Moment(row.span.onset_secs);
        let is_free = |until: Moment, lane: usize| {
            let holds_this_moment = lanes[lane].last().is_some_and(|(last, _)| last.span.onset_secs == onset.0);
            until < onset || (until == onset && !holds_this_moment)
        };
        let mut freed = Vec::new();
        while let Some(Reverse((until, lane))) = busy.peek().copied() {
            if !is_free(until, lane) {
                break;
            }
            busy.pop();
            freed.push(lane);
        }
        free.extend(freed);
        let lane = free.pop_first().unwrap_or(lanes.len());
        if lane == lanes.len() {
            lanes.push(Vec::new());
        }
        lanes[lane].push((row, label));
        busy.push(Reverse((Moment(row.span.offset_secs.max(row.span.onset_secs)), lane)));
    }
    lanes
}

/// A time in seconds that can be sorted.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Moment(f64);

impl Eq for Moment {}

impl Ord for Moment {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Moment {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;
    use proptest::prelude::*;

    fn row(onset_secs: f64, offset_secs: f64) -> StrongLabel {
        StrongLabel::new("a.wav", Span { onset_secs, offset_secs }, "x")
    }

    fn labelled(rows: &[StrongLabel]) -> impl Iterator<Item = Labelled<'_>> {
        rows.iter().map(|row| (row, &row.event_label))
    }

    #[test]
    fn events_that_overlap_get_a_tier_each_and_those_that_touch_share_one() {
        let rows = [row(0.0, 2.0), row(1.0, 3.0), row(2.0, 4.0), row(2.5, 2.75), row(5.0, 5.0), row(5.0, 5.0)];
        let tiers = lay_out(labelled(&rows), true);
        let drawn: Vec<String> = tiers
            .iter()
            .map(|tier| {
                let rows: Vec<_> = tier
                    .rows
                    .iter()
                    .map(|(row, _)| format!("{}-{}", row.span.onset_secs, row.span.offset_secs))
                    .collect();
                format!("{}: {}", tier.name, rows.join(" "))
            })
            .collect();
        assert_eq!(drawn, ["events: 0-2 2-4", "events 2: 1-3", "events 3: 2.5-2.75", "points: 5-5", "points 2: 5-5"]);
        assert!(tiers.iter().all(|tier| says_nothing(&tier.name)));
        assert!(!says_nothing("birds") && !says_nothing("events of today") && !says_nothing("eventsx"));
    }

    #[test]
    fn names_of_tiers_are_unlike_each_other() {
        let named = |tier: &str, onset_secs: f64| {
            let mut row = row(onset_secs, onset_secs + 1.0);
            row.particulars_mut().fields.push((TIER_FIELD.into(), tier.to_owned()));
            row
        };
        let rows = [named("b 2", 0.0), named("b", 0.0), named("b", 0.5)];
        let names: Vec<String> = lay_out(labelled(&rows), true).into_iter().map(|tier| tier.name).collect();
        assert_eq!(names, ["b 2", "b", "b 3"]);
    }

    proptest! {
        #[test]
        fn no_tier_has_an_overlap_and_no_event_is_lost(spans in prop::collection::vec((0_u8..20, 0_u8..6), 0..30)) {
            let rows: Vec<_> =
                spans.iter().map(|&(at, long)| row(f64::from(at), f64::from(at) + f64::from(long))).collect();
            for points_apart in [true, false] {
                let tiers = lay_out(labelled(&rows), points_apart);
                prop_assert_eq!(tiers.iter().map(|tier| tier.rows.len()).sum::<usize>(), rows.len());
                for pair in tiers.iter().flat_map(|tier| tier.rows.windows(2)) {
                    prop_assert!(pair[0].0.span.offset_secs <= pair[1].0.span.onset_secs);
                }
            }
            let most = (0..26).map(|at| {
                let covers = |row: &&StrongLabel| (row.span.onset_secs..row.span.offset_secs).contains(&f64::from(at));
                rows.iter().filter(covers).count()
            }).max();
            let lanes = lay_out(labelled(&rows), true).iter().filter(|tier| !tier.is_points).count();
            prop_assert_eq!(lanes, most.unwrap_or(0));
        }
    }
}
