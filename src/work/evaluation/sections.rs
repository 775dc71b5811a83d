//! The stretches of time in which frame scores are measured: whole recordings, or, once it is marked anywhere that nothing is missing, what is
//! marked so. A threshold curve cannot leave single detections out, but it can leave time out.

use super::job::{EvaluationJob, Keys};
use crate::time::Span;
use std::sync::Arc;

/// Moments closer than this are the same: a millisecond.
const SAME_SECS: f64 = 1e-3;

/// A stretch of a recording that is measured as if it were a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// What measures call it: the same for no two.
    pub name: String,
    /// The recording, by its place in the job.
    pub recording: usize,
    /// Where it lies in the recording.
    pub span: Span,
    /// It is the whole recording, so that nothing is cut.
    pub is_whole: bool,
}

impl Section {
    /// What of a span of the recording lies in the section, counted from its start; none if nothing does. Of a whole recording, nothing is cut.
    pub fn cut(&self, span: Span) -> Option<Span> {
        if self.is_whole {
            return Some(span);
        }
        let onset_secs = span.onset_secs.max(self.span.onset_secs) - self.span.onset_secs;
        let offset_secs = span.offset_secs.min(self.span.offset_secs) - self.span.onset_secs;
        (onset_secs < offset_secs).then_some(Span { onset_secs, offset_secs })
    }
}

/// The sections of the recordings that have scores, in order: where nothing is missing of any of the labels.
pub fn sections(job: &EvaluationJob, keys: &Keys, labels: &[Arc<str>]) -> Vec<Section> {
    let complete = keys.completeness(job);
    let mut sections = Vec::new();
    for (place, (recording, key)) in job.recordings.iter().zip(&keys.keys).enumerate() {
        if recording.scores.is_none() {
            continue;
        }
        let whole = Span { onset_secs: 0.0, offset_secs: recording.duration_secs };
        let mut spans = vec![whole];
        if let Some(complete) = &complete {
            let of_labels = labels.iter().map(|label| complete.spans(key, label));
            spans = of_labels.fold(spans, |spans, marked| common(&spans, &marked));
        }
        for (count, span) in spans.into_iter().enumerate() {
            let is_whole = span.onset_secs <= SAME_SECS && span.offset_secs >= whole.offset_secs - SAME_SECS;
            let (name, span) = if is_whole { (key.clone(), whole) } else { (format!("{key} {count}"), span) };
            sections.push(Section { name, recording: place, span, is_whole });
        }
    }
    sections
}

/// What two lists of spans, each in order and apart, have in common, but for what is shorter than a millisecond.
fn common(a: &[Span], b: &[Span]) -> Vec<Span> {
    let (mut left, mut right) = (a, b);
    let mut common = Vec::new();
    while let (Some((one, rest_left)), Some((other, rest_right))) = (left.split_first(), right.split_first()) {
        let onset_secs = one.onset_secs.max(other.onset_secs);
        let offset_secs = one.offset_secs.min(other.offset_secs);
        if offset_secs - onset_secs > SAME_SECS {
            common.push(Span { onset_secs, offset_secs });
        }
        if one.offset_secs <= other.offset_secs { left = rest_left } else { right = rest_right }
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spans(drawn: Vec<(u8, u8)>) -> Vec<Span> {
        let mut end = 0.0;
        let mut next = |(gap, length): (u8, u8)| {
            let onset_secs = end + f64::from(gap);
            end = onset_secs + f64::from(length);
            Span { onset_secs, offset_secs: end }
        };
        drawn.into_iter().map(&mut next).collect()
    }

    proptest! {
        #[test]
        fn what_is_common_lies_in_both(
            a in prop::collection::vec((1_u8..4, 1_u8..5), 0..8).prop_map(spans),
            b in prop::collection::vec((1_u8..4, 1_u8..5), 0..8).prop_map(spans),
        ) {
            let both = common(&a, &b);
            for half in 0..100 {
                let at = f64::from(half) / 2.0 + 0.25;
                let within = |spans: &[Span]| spans.iter().any(|span| span.onset_secs < at && at < span.offset_secs);
                prop_assert_eq!(within(&both), within(&a) && within(&b));
            }
        }
    }
}
