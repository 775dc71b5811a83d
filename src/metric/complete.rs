//! Evaluation where only parts are annotated: which estimated events may count as false alarms.
//!
//! Reference events are known wherever they are. That there is *no* event is known only where somebody has marked that nothing is missing
//! ([`CompleteSpan`]). So, once there is such a mark:
//!
//! - An estimated event that meets a reference event of its label (overlaps it, or is nearer than the collar) is judged, as always.
//! - One that does not is a false alarm if all of it lies within spans marked complete for its label, and is **left out** otherwise:
//!   nobody knows whether it is right.
//! - Of segments, only those within spans marked complete can be true negatives or false positives.
//!
//! Without any mark, everything counts.

use super::{Boundaries, Evaluated, EventBased, LabelledSpan, grouped, united_across};
use crate::annotation::CompleteSpan;
use crate::time::Span;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Moments closer than this are the same, as in [`annotation`](crate::annotation): a millisecond.
pub(super) const SAME_SECS: f64 = 1e-3;

/// Where nothing is missing in the recordings of one evaluation.
#[derive(Clone, Debug)]
pub struct Completeness<'a> {
    by_file: BTreeMap<&'a str, &'a [CompleteSpan]>,
}

impl<'a> Completeness<'a> {
    /// The marks of recordings by name. `None` if there is no mark at all, so that everything counts; where there is one, recordings without a
    /// mark are not known to be complete anywhere.
    pub fn new(marks: impl IntoIterator<Item = (&'a str, &'a [CompleteSpan])>) -> Option<Self> {
        let by_file: BTreeMap<_, _> = marks.into_iter().filter(|(_, spans)| !spans.is_empty()).collect();
        (!by_file.is_empty()).then_some(Self { by_file })
    }

    /// Where a recording is complete for a label: spans in order that neither overlap nor touch.
    pub fn spans(&self, file: &str, label: &str) -> Vec<Span> {
        let marks = self.by_file.get(file).copied().unwrap_or_default();
        let is_for = |mark: &&CompleteSpan| mark.labels.is_empty() || mark.labels.iter().any(|one| &**one == label);
        united_across(marks.iter().filter(is_for).map(|mark| mark.span).collect(), SAME_SECS)
    }

    /// For each estimated event, whether it is left out: it meets no reference event of its label and recording, where gaps of at most
    /// `reach_secs` (the collar, ≥ 0) count as met, and it is not known that there is none.
    pub fn left_out(
        &self,
        reference: &[LabelledSpan<'_>],
        estimated: &[LabelledSpan<'_>],
        reach_secs: f64,
    ) -> Vec<bool> {
        let mut left_out = vec![false; estimated.len()];
        let references = grouped(reference);
        for ((label, file), places) in grouped(estimated) {
            let complete = self.spans(file, label);
            let known = references.get(&(label, file)).map(Vec::as_slice).unwrap_or_default();
            let meeting = Meeting::new(known.iter().map(|&place| reference[place].span));
            for place in places {
                let span = estimated[place].span;
                left_out[place] = !meeting.meets(span, reach_secs) && !covers(&complete, span);
            }
        }
        left_out
    }
}

/// Which estimated events are left out of an evaluation, by their places; none without marks.
pub(super) fn left_out(
    reference: &[LabelledSpan<'_>],
    estimated: &[LabelledSpan<'_>],
    rule: &EventBased,
    complete: Option<&Completeness<'_>>,
) -> Vec<bool> {
    // What agrees with a reference event must count as meeting it.
    let reach_secs = match rule.boundaries {
        Boundaries::Both | Boundaries::OnsetOnly => rule.collar_secs,
        Boundaries::OffsetOnly => {
            reference.iter().map(|event| rule.offset_collar_secs(event.span)).fold(rule.collar_secs, f64::max)
        }
    };
    complete
        .map_or_else(|| vec![false; estimated.len()], |complete| complete.left_out(reference, estimated, reach_secs))
}

/// The estimated events that are not left out, and how many are, in words.
pub(super) fn judged<'a>(
    evaluated: &Evaluated<'a>,
    rule: &EventBased,
) -> (Cow<'a, [LabelledSpan<'a>]>, Option<String>) {
    let Evaluated { reference, estimated, complete, .. } = *evaluated;
    if complete.is_none() {
        return (Cow::Borrowed(estimated), None);
    }
    let left_out = left_out(reference, estimated, rule, complete);
    let judged: Vec<_> = estimated.iter().zip(&left_out).filter(|(_, out)| !**out).map(|(event, _)| *event).collect();
    let count = estimated.len() - judged.len();
    let note = format!("{count} estimated events are left out: nobody marked that nothing is missing there");
    (Cow::Owned(judged), (count > 0).then_some(note))
}

/// Whether one of the spans, in order and apart from each other, covers all of `span`.
fn covers(complete: &[Span], span: Span) -> bool {
    let after = complete.partition_point(|one| one.onset_secs <= span.onset_secs + SAME_SECS);
    complete[..after].last().is_some_and(|one| one.offset_secs >= span.offset_secs - SAME_SECS)
}

/// Spans by onset, with the latest offset up to each, so that a meeting is found without walking them.
struct Meeting {
    spans: Vec<Span>,
}

impl Meeting {
    fn new(spans: impl Iterator<Item = Span>) -> Self {
        let mut spans: Vec<Span> = spans.collect();
        spans.sort_by(|a, b| a.onset_secs.total_cmp(&b.onset_secs));
        let mut latest_secs = f64::NEG_INFINITY;
        for span in &mut spans {
            latest_secs = latest_secs.max(span.offset_secs);
            span.offset_secs = latest_secs;
        }
        Self { spans }
    }

    fn meets(&self, span: Span, reach_secs: f64) -> bool {
        let after = self.spans.partition_point(|one| one.onset_secs <= span.offset_secs + reach_secs);
        self.spans[..after].last().is_some_and(|one| one.offset_secs >= span.onset_secs - reach_secs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotation::Edited;
    use std::sync::Arc;

    fn mark(onset: f64, offset: f64, labels: &[&str]) -> CompleteSpan {
        let labels = labels.iter().map(|&label| Arc::from(label)).collect();
        CompleteSpan { span: Span::between(onset, offset), labels, edited: Edited::default() }
    }

    fn event(file: &'static str, onset: f64, offset: f64, label: &'static str) -> LabelledSpan<'static> {
        LabelledSpan { file, span: Span::between(onset, offset), label }
    }

    #[test]
    fn without_a_mark_everything_counts() {
        assert!(Completeness::new([("a", [].as_slice())]).is_none());
    }

    #[test]
    fn only_what_is_wholly_within_marks_for_its_label_is_a_false_alarm() {
        // Two marks that touch are one; the second is for dogs only.
        let marks = [mark(0.0, 5.0, &[]), mark(5.0, 10.0, &["dog"])];
        let complete = Completeness::new([("a", marks.as_slice()), ("b", &[])]).unwrap();
        let reference = [event("a", 20.0, 21.0, "dog")];
        let cases = [
            (event("a", 1.0, 2.0, "cat"), false),
            (event("a", 4.0, 6.0, "cat"), true),
            (event("a", 4.0, 6.0, "dog"), false),
            (event("a", 9.0, 10.5, "dog"), true),
            (event("a", 20.5, 30.0, "dog"), false),
            (event("a", 21.1, 22.0, "dog"), false),
            (event("a", 21.3, 22.0, "dog"), true),
            (event("a", 20.5, 20.8, "cat"), true),
            (event("b", 1.0, 2.0, "dog"), true),
        ];
        let estimated = cases.map(|(event, _)| event);
        assert_eq!(complete.left_out(&reference, &estimated, 0.2), cases.map(|(_, left_out)| left_out));
    }
}
