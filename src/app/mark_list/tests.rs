//! The list against a plain sorted one.

use super::*;
use crate::annotation::{Event, EventId, Origin};
use crate::app::MarkFilter;
use proptest::prelude::*;

fn mark(id: u64, onset_secs: f64, length_secs: f64, status: Status) -> Mark {
    let label = ["Dog", "Cat", "Bell"][id as usize % 3];
    let span = Span::between(onset_secs, onset_secs + length_secs);
    Mark::of_event(&Event::new(EventId(id), span, label, status, Origin::Human))
}

fn no_rejected() -> Sieve {
    Sieve::new(MarkFilter { hidden_states: [Status::Rejected].into(), ..MarkFilter::default() }, Default::default())
}

/// Everything that can be asked of the list, answered by walking all marks.
fn assert_is(list: &MarkList, plain: &[Mark], span: Span) {
    assert!(list.iter().eq(plain.iter()));
    assert_eq!(list.len(), plain.len());
    let shown: Vec<&Mark> = plain.iter().filter(|mark| list.sieve.lets_through(mark)).collect();
    assert!(list.shown().eq(shown.iter().copied()));
    assert_eq!(list.shown_len(), shown.len());
    for (place, mark) in plain.iter().enumerate() {
        assert_eq!(list.place(mark.target), Some(place));
        assert_eq!(list.at(place), Some(mark));
        assert_eq!(list.get(mark.target), Some(mark));
        let shown_place = shown.iter().position(|shown| shown.target == mark.target);
        assert_eq!(list.shown_place(mark.target), shown_place);
        let before = plain[..place].iter().filter(|mark| list.sieve.lets_through(mark)).count();
        assert_eq!(list.shown_before(mark.target), Some(before));
    }
    assert_eq!(list.at(plain.len()), None);
    assert!(list.in_span(span).eq(plain.iter().filter(|mark| mark.is_in(span))));
    assert!(list.shown_in_span(span).eq(shown.iter().copied().filter(|mark| mark.is_in(span))));
    let before = shown.iter().filter(|mark| mark.span.onset_secs < span.onset_secs).count();
    assert_eq!(list.shown_before_secs(span.onset_secs), before);
    for place in [0, before, shown.len() / 2, shown.len(), shown.len() + 1, usize::MAX] {
        assert_eq!(list.shown_at(place), shown.get(place).copied());
        for state in Status::ALL {
            let next = shown.iter().copied().skip(place).find(|mark| mark.state == state);
            assert_eq!(list.next_shown_of(state, place), next);
            let previous = shown.iter().copied().take(place).rev().find(|mark| mark.state == state);
            assert_eq!(list.previous_shown_of(state, place), previous);
        }
    }
    for state in Status::ALL {
        assert_eq!(list.count(state), plain.iter().filter(|mark| mark.state == state).count());
        assert_eq!(list.shown_count(state), shown.iter().filter(|mark| mark.state == state).count());
    }
    for tally in list.labels() {
        assert_eq!(tally.all, plain.iter().filter(|mark| mark.has_label(&tally.label)).count());
        assert_eq!(tally.shown, shown.iter().filter(|mark| mark.has_label(&tally.label)).count());
    }
}

proptest! {
    #[test]
    fn any_changes_leave_the_list_that_sorting_gives(
        start in 0_usize..1500,
        steps in prop::collection::vec((0_u64..2000, 0_u32..50, 0_u32..9, 0_usize..5, 0_u8..8), 0..80),
        span in (0.0_f64..60.0, 0.0_f64..10.0),
        is_sifted: bool,
        at_once in 1_usize..40,
    ) {
        let first = |id: u64| mark(id, f64::from((id * 7919 % 977) as u32) / 17.0, f64::from((id % 5) as u32), Status::ALL[id as usize % 5]);
        let mut plain: Vec<Mark> = (0..start as u64).map(first).collect();
        let mut list = MarkList::new(plain.clone());
        if is_sifted {
            list.sift(no_rejected());
        }
        let mut list_at_once = list.clone();
        for some in steps.chunks(at_once) {
            let revision = list_at_once.revision();
            list_at_once.change_many(|list| for &(id, onset, length, status, kind) in some {
                match kind {
                    0 => drop(list.remove(Target::Event(EventId(id)))),
                    _ => list.insert(mark(id, f64::from(onset) / 3.0, f64::from(length), Status::ALL[status])),
                }
            });
            let told: Vec<Span> = list_at_once.changed_since(revision).unwrap().collect();
            for &(_, onset, length, _, kind) in some {
                let at = f64::from(onset) / 3.0;
                let is_in = |span: &Span| span.onset_secs <= at && at + f64::from(length) <= span.offset_secs;
                prop_assert!(kind == 0 || told.iter().any(is_in));
            }
        }
        for (id, onset, length, status, kind) in steps {
            let target = Target::Event(EventId(id));
            let revision = list.revision();
            plain.retain(|mark| mark.target != target);
            if kind == 0 {
                list.remove(target);
            } else {
                let mark = mark(id, f64::from(onset) / 3.0, f64::from(length), Status::ALL[status]);
                plain.push(mark.clone());
                let new_span = mark.span;
                list.insert(mark);
                prop_assert!(list.changed_since(revision).unwrap().any(|span| span == new_span));
            }
        }
        plain.sort_by(by_onset);
        let span = Span::between(span.0, span.0 + span.1);
        assert_is(&list, &plain, span);
        assert_is(&list_at_once, &plain, span);
    }
}

#[test]
fn blocks_are_cut_and_joined_and_none_is_left() {
    let mut list = MarkList::default();
    let mut plain = Vec::new();
    for id in 0..3000_u64 {
        let mark = mark(id, f64::from((id * 7919 % 3001) as u32), 1.0, Status::ALL[id as usize % 5]);
        plain.push(mark.clone());
        list.insert(mark);
    }
    plain.sort_by(by_onset);
    assert!(
        list.blocks.len() >= 3000 / MOST_IN_BLOCK && list.blocks.iter().all(|block| block.marks.len() <= MOST_IN_BLOCK)
    );
    assert_is(&list, &plain, Span::between(100.0, 120.0));
    for mark in plain.drain(20..) {
        assert_eq!(list.remove(mark.target), Some(mark));
    }
    assert_eq!(list.blocks.len(), 1);
    assert_is(&list, &plain, Span::between(0.0, 5.0));
    for mark in plain.drain(..) {
        list.remove(mark.target);
    }
    assert!(list.is_empty() && list.iter().next().is_none() && list.shown_at(0).is_none());
    list.insert(mark(7, 1.0, 1.0, Status::Accepted));
    assert_eq!(list.len(), 1);
}

#[test]
fn of_several_marks_with_one_target_one_stays() {
    let twice = vec![mark(1, 2.0, 1.0, Status::Accepted), mark(1, 3.0, 1.0, Status::Accepted)];
    let list = MarkList::new(twice.clone());
    assert!(list.iter().eq(&twice[..1]));
    assert_eq!(list.get(twice[0].target), Some(&twice[0]));
}
