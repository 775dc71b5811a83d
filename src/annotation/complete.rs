//! Where nothing is missing: adding to such marks, taking away from them, and asking them. Pure.

use super::{CompleteSpan, Edited};
use crate::time::Span;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Moments closer than this are the same: a millisecond.
const SAME_SECS: f64 = 1e-3;

/// Whether all of `span` is marked for each of `labels`; without labels, whether it is marked for all that there are.
pub fn is_complete(marked: &[CompleteSpan], span: Span, labels: &[Arc<str>]) -> bool {
    if labels.is_empty() {
        return covers(marked.iter().filter(|complete| complete.labels.is_empty()), span);
    }
    labels.iter().all(|label| {
        covers(marked.iter().filter(|complete| complete.labels.is_empty() || complete.labels.contains(label)), span)
    })
}

/// Whether spans in order of their onsets leave no gap in `span`.
fn covers<'a>(marked: impl Iterator<Item = &'a CompleteSpan>, span: Span) -> bool {
    let mut until = span.onset_secs;
    for complete in marked {
        if complete.span.onset_secs <= until + SAME_SECS {
            until = until.max(complete.span.offset_secs);
        }
    }
    until >= span.offset_secs - SAME_SECS
}

/// Seconds that are marked for anything, each counted once.
pub fn complete_secs(marked: &[CompleteSpan]) -> f64 {
    let (mut secs, mut until) = (0.0, 0.0_f64);
    for complete in marked {
        secs += (complete.span.offset_secs - complete.span.onset_secs.max(until)).max(0.0);
        until = until.max(complete.span.offset_secs);
    }
    secs
}

/// The marks with `span` for `labels` (none: for all) among them. Spans for the same labels that overlap or touch are one.
pub fn with_complete(marked: &[CompleteSpan], span: Span, labels: &[Arc<str>], edited: &Edited) -> Vec<CompleteSpan> {
    let added = CompleteSpan { span, labels: sorted(labels), edited: edited.clone() };
    tidy(marked.iter().cloned().chain([added]).collect())
}

/// The marks without `span` for `labels` (none: for all). What is marked for all labels there is taken away from all of them: which ones
/// would be left is not known.
pub fn without_complete(marked: &[CompleteSpan], span: Span, labels: &[Arc<str>]) -> Vec<CompleteSpan> {
    let mut kept = Vec::new();
    for complete in marked {
        if complete.span.overlap_secs(span) <= 0.0 {
            kept.push(complete.clone());
            continue;
        }
        let outer = complete.span;
        let before = Span { offset_secs: span.onset_secs.min(outer.offset_secs), ..outer };
        let after = Span { onset_secs: span.offset_secs.max(outer.onset_secs), ..outer };
        let sides = [before, after].into_iter().filter(|side| side.duration_secs() > SAME_SECS);
        kept.extend(sides.map(|side| CompleteSpan { span: side, ..complete.clone() }));
        let left: Vec<Arc<str>> = complete.labels.iter().filter(|label| !labels.contains(label)).cloned().collect();
        if !labels.is_empty() && !left.is_empty() {
            let inner = Span::between(outer.onset_secs.max(span.onset_secs), outer.offset_secs.min(span.offset_secs));
            kept.push(CompleteSpan { span: inner, labels: left, edited: complete.edited.clone() });
        }
    }
    tidy(kept)
}

fn sorted(labels: &[Arc<str>]) -> Vec<Arc<str>> {
    labels.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

/// Spans for the same labels that overlap or touch become one, which is of whoever spoke last; all by onset.
fn tidy(mut spans: Vec<CompleteSpan>) -> Vec<CompleteSpan> {
    spans.sort_by(|a, b| a.labels.cmp(&b.labels).then(a.span.onset_secs.total_cmp(&b.span.onset_secs)));
    let mut tidied: Vec<CompleteSpan> = Vec::with_capacity(spans.len());
    for next in spans {
        match tidied.last_mut() {
            Some(last) if last.labels == next.labels && next.span.onset_secs <= last.span.offset_secs + SAME_SECS => {
                last.span.offset_secs = last.span.offset_secs.max(next.span.offset_secs);
                if next.edited.at_ms > last.edited.at_ms {
                    last.edited = next.edited;
                }
            }
            _ => tidied.push(next),
        }
    }
    tidied.sort_by(|a, b| a.span.onset_secs.total_cmp(&b.span.onset_secs).then_with(|| a.labels.cmp(&b.labels)));
    tidied
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn edited(at_ms: i64) -> Edited {
        Edited { by: "Ada".into(), at_ms }
    }

    fn labels(names: &[&str]) -> Vec<Arc<str>> {
        names.iter().map(|&name| name.into()).collect()
    }

    fn spans(marked: &[CompleteSpan]) -> Vec<(f64, f64, usize)> {
        marked
            .iter()
            .map(|complete| (complete.span.onset_secs, complete.span.offset_secs, complete.labels.len()))
            .collect()
    }

    #[test]
    fn pages_that_touch_become_one_span_and_a_page_in_the_middle_can_be_taken_out() {
        let dog = labels(&["Dog"]);
        let mut marked = with_complete(&[], Span::between(0.0, 10.0), &dog, &edited(1));
        marked = with_complete(&marked, Span::between(10.0, 20.0), &dog, &edited(2));
        assert_eq!(spans(&marked), [(0.0, 20.0, 1)]);
        assert_eq!(marked[0].edited.at_ms, 2);
        marked = without_complete(&marked, Span::between(5.0, 6.0), &dog);
        assert_eq!(spans(&marked), [(0.0, 5.0, 1), (6.0, 20.0, 1)]);
        assert!((complete_secs(&marked) - 19.0).abs() < 1e-9);
        assert!(!is_complete(&marked, Span::between(4.0, 7.0), &dog));
        assert!(is_complete(&marked, Span::between(6.0, 20.0), &dog));
    }

    #[test]
    fn labels_are_told_apart_and_all_means_each() {
        let marked = with_complete(&[], Span::between(0.0, 10.0), &labels(&["Dog", "Cat", "Dog"]), &edited(1));
        assert_eq!(spans(&marked), [(0.0, 10.0, 2)]);
        assert!(is_complete(&marked, Span::between(2.0, 3.0), &labels(&["Cat"])));
        assert!(!is_complete(&marked, Span::between(2.0, 3.0), &labels(&["Cat", "Cow"])));
        assert!(!is_complete(&marked, Span::between(2.0, 3.0), &[]));
        let less = without_complete(&marked, Span::between(2.0, 3.0), &labels(&["Cat"]));
        assert_eq!(spans(&less), [(0.0, 2.0, 2), (2.0, 3.0, 1), (3.0, 10.0, 2)]);
        let all = with_complete(&[], Span::between(0.0, 10.0), &[], &edited(1));
        assert!(is_complete(&all, Span::between(0.0, 10.0), &labels(&["Cow"])));
        assert_eq!(spans(&without_complete(&all, Span::between(0.0, 4.0), &labels(&["Cow"]))), [(4.0, 10.0, 0)]);
    }

    fn any_marks() -> impl Strategy<Value = Vec<CompleteSpan>> {
        prop::collection::vec((0_u32..40, 1_u32..15, 0_usize..4), 0..12).prop_map(|steps| {
            steps.into_iter().fold(Vec::new(), |marked, (onset, length, kind)| {
                let names = [&["Dog"][..], &["Cat"], &["Dog", "Cat"], &[]][kind];
                let span = Span::between(f64::from(onset), f64::from(onset + length));
                with_complete(&marked, span, &labels(names), &edited(1))
            })
        })
    }

    /// Which of the seconds 0 to 59 are marked for a label.
    fn seconds(marked: &[CompleteSpan], label: &str) -> Vec<bool> {
        let second = |at: u32| Span::between(f64::from(at), f64::from(at + 1));
        (0..60).map(|at| is_complete(marked, second(at), &labels(&[label]))).collect()
    }

    proptest! {
        #[test]
        fn what_is_added_is_complete_and_what_is_taken_away_is_not(
            marked in any_marks(),
            (onset, length) in (0_u32..40, 1_u32..15),
        ) {
            let span = Span::between(f64::from(onset), f64::from(onset + length));
            let dog = labels(&["Dog"]);
            let more = with_complete(&marked, span, &dog, &edited(2));
            let less = without_complete(&marked, span, &dog);
            for at in 0..60_u32 {
                let inside = (onset..onset + length).contains(&at);
                let place = at as usize;
                prop_assert_eq!(seconds(&more, "Dog")[place], inside || seconds(&marked, "Dog")[place]);
                prop_assert_eq!(seconds(&less, "Dog")[place], !inside && seconds(&marked, "Dog")[place]);
                prop_assert_eq!(seconds(&more, "Cat")[place], seconds(&marked, "Cat")[place]);
            }
            for list in [&more, &less] {
                prop_assert!(list.windows(2).all(|pair| pair[0].span.onset_secs <= pair[1].span.onset_secs));
                prop_assert!(list.iter().all(|complete| complete.span.duration_secs() > 0.0));
            }
            prop_assert_eq!(with_complete(&more, span, &dog, &edited(2)), more);
        }
    }
}
