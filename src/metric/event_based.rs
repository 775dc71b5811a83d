//! Event-based measures: an estimated event is right if label, onset and offset agree with a reference event within a collar.
//!
//! Reproduces sed_eval's `EventBasedMetrics` (Mesaros, Heittola, Virtanen 2016, *Metrics for polyphonic sound event detection*).

use super::matching::{greedy, maximum};
use super::{Counts, LabelledSpan, WhenNothingEstimated, mean};
use crate::time::Span;
use std::collections::BTreeMap;

/// More than any rounding of a difference of times, less than any difference that matters.
const ROUNDING_SECS: f64 = 1e-6;

/// How estimated and reference events become pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matching {
    /// As many pairs as possible.
    Optimal,
    /// Each reference event in the order of the input takes the first that fits and is free.
    Greedy,
}

/// When two events of one label and recording count as the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EventBased {
    /// Onsets may differ by this many seconds, ≥ 0.
    pub collar_secs: f64,
    /// Offsets may differ by the collar or this share of the reference event's duration, whichever is more, ≥ 0.
    pub offset_share: f64,
    /// Whether onsets are compared.
    pub compare_onsets: bool,
    /// Whether offsets are compared.
    pub compare_offsets: bool,
    /// How pairs are found.
    pub matching: Matching,
}

impl Default for EventBased {
    /// sed_eval's own defaults: 200 ms, half of the duration. The DCASE recipes take 200 ms and a fifth.
    fn default() -> Self {
        Self {
            collar_secs: 0.2,
            offset_share: 0.5,
            compare_onsets: true,
            compare_offsets: true,
            matching: Matching::Optimal,
        }
    }
}

impl EventBased {
    // The comparisons are done in the same double arithmetic as sed_eval's, because a difference of exactly one collar passes or
    // fails with its rounding error.
    fn agree(&self, reference: Span, estimated: Span) -> bool {
        let onset_agrees = (reference.onset_secs - estimated.onset_secs).abs() <= self.collar_secs;
        let offset_collar = self.collar_secs.max(self.offset_share * reference.duration_secs());
        let offset_agrees = (reference.offset_secs - estimated.offset_secs).abs() <= offset_collar;
        (onset_agrees || !self.compare_onsets) && (offset_agrees || !self.compare_offsets)
    }
}

/// What event-based evaluation found.
#[derive(Clone, Debug, PartialEq)]
pub struct EventBasedScores {
    /// Counts of each label of either list, by label.
    pub per_class: BTreeMap<String, Counts>,
    /// For each reference event, the estimated event that it was found by, by places in the input.
    pub partner_of_reference: Vec<Option<usize>>,
    /// For each estimated event, the reference event that it found.
    pub partner_of_estimated: Vec<Option<usize>>,
}

impl EventBasedScores {
    /// The counts of all classes together: the micro average is made of them.
    pub fn overall(&self) -> Counts {
        let mut all = Counts::default();
        for counts in self.per_class.values() {
            all += *counts;
        }
        all
    }

    /// The macro average: the mean of the classes' F-scores, those left out that have none.
    pub fn macro_f_score(&self, when_nothing: WhenNothingEstimated) -> Option<f64> {
        mean(self.per_class.values().map(|counts| counts.f_score(when_nothing)))
    }
}

/// Compares two lists of events over the same recordings.
pub fn event_based(
    reference: &[LabelledSpan<'_>],
    estimated: &[LabelledSpan<'_>],
    rule: &EventBased,
) -> EventBasedScores {
    let mut scores = EventBasedScores {
        per_class: BTreeMap::new(),
        partner_of_reference: vec![None; reference.len()],
        partner_of_estimated: vec![None; estimated.len()],
    };
    let (reference_groups, mut estimated_groups) = (grouped(reference), grouped(estimated));
    for (label, file) in estimated_groups.keys().filter(|key| !reference_groups.contains_key(*key)) {
        let count = estimated_groups[&(*label, *file)].len();
        scores.per_class.entry((*label).to_owned()).or_default().false_positives += count;
    }
    for ((label, file), references) in reference_groups {
        let mut estimates = estimated_groups.remove(&(label, file)).unwrap_or_default();
        if rule.matching == Matching::Optimal {
            estimates.sort_by(|&a, &b| estimated[a].span.onset_secs.total_cmp(&estimated[b].span.onset_secs));
        }
        let spans: Vec<Span> = estimates.iter().map(|&index| estimated[index].span).collect();
        let candidates: Vec<Vec<usize>> =
            references.iter().map(|&index| candidates(reference[index].span, &spans, rule)).collect();
        let pairs = match rule.matching {
            Matching::Optimal => maximum(&candidates, spans.len()),
            Matching::Greedy => greedy(&candidates, spans.len()),
        };
        let hits = pairs.iter().flatten().count();
        *scores.per_class.entry(label.to_owned()).or_default() += Counts {
            true_positives: hits,
            false_positives: estimates.len() - hits,
            false_negatives: references.len() - hits,
        };
        for (&reference, pair) in references.iter().zip(pairs) {
            let estimate = pair.map(|place| estimates[place]);
            scores.partner_of_reference[reference] = estimate;
            if let Some(estimate) = estimate {
                scores.partner_of_estimated[estimate] = Some(reference);
            }
        }
    }
    scores
}

/// The places of the events of each label and recording, in the order of the input.
fn grouped<'a>(events: &[LabelledSpan<'a>]) -> BTreeMap<(&'a str, &'a str), Vec<usize>> {
    let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (index, event) in events.iter().enumerate() {
        groups.entry((event.label, event.file)).or_default().push(index);
    }
    groups
}

/// The estimates that agree with a reference event; only those with a near onset are looked at where they are in that order.
fn candidates(reference: Span, estimates: &[Span], rule: &EventBased) -> Vec<usize> {
    let (first, after) = if rule.matching == Matching::Optimal && rule.compare_onsets {
        let reach = rule.collar_secs + ROUNDING_SECS;
        let first = estimates.partition_point(|span| span.onset_secs < reference.onset_secs - reach);
        (first, estimates.partition_point(|span| span.onset_secs <= reference.onset_secs + reach))
    } else {
        (0, estimates.len())
    };
    (first..after).filter(|&index| rule.agree(reference, estimates[index])).collect()
}
