//! Event-based measures: an estimated event is right if label, onset and offset agree with a reference event within a collar.
//!
//! Reproduces sed_eval's `EventBasedMetrics` (Mesaros, Heittola, Virtanen 2016, *Metrics for polyphonic sound event detection*).

use super::complete::judged;
use super::matching::{greedy, maximum};
use super::report::{count, measures as m};
use super::{
    Counts, ErrorRate, Evaluated, LabelledSpan, Measure, Measured, Metric, Needs, Quirks, Report, Settings, Undefined,
    WhenNothingEstimated, grouped, mean,
};
use crate::time::Span;
use std::collections::BTreeMap;

pub(super) const METRIC: Metric = Metric {
    key: "event_based",
    name: "Event-based",
    explanation: "An estimated event is right if it has a reference event of its label to itself, and onset and offset differ by no more \
                  than a collar.",
    reproduces: "sed_eval 0.2.1",
    needs: Needs::Events,
    report,
};

const MEASURES: &[Measure] = &[
    m::F_SCORE,
    m::PRECISION,
    m::RECALL,
    m::ERROR_RATE,
    m::SUBSTITUTION_RATE,
    m::DELETION_RATE,
    m::INSERTION_RATE,
    m::REFERENCE,
    m::ESTIMATED,
    m::TRUE_POSITIVES,
    m::FALSE_POSITIVES,
    m::FALSE_NEGATIVES,
    m::SUBSTITUTIONS,
];

fn report(evaluated: &Evaluated<'_>, settings: &Settings) -> Report {
    let (judged, note) = judged(evaluated, &settings.event_based);
    let scores = event_based(evaluated.reference, &judged, &settings.event_based);
    let row = |counts: &Counts, errors: ErrorRate, substitutions: Measured| {
        vec![
            counts.f_score(settings.when_nothing_estimated),
            counts.precision(settings.when_nothing_estimated),
            counts.recall(),
            errors.total,
            substitutions.and(errors.substitution),
            errors.deletion,
            errors.insertion,
            count(counts.reference()),
            count(counts.estimated()),
            count(counts.true_positives),
            count(counts.false_positives),
            count(counts.false_negatives),
            substitutions,
        ]
    };
    let of_class = |counts: &Counts| row(counts, counts.error_rate(settings.quirks), Err(Undefined::OverallOnly));
    let overall = row(&scores.overall(), scores.error_rate(settings.quirks), count(scores.substitutions));
    let per_class = scores.per_class.iter().map(|(label, counts)| (label.clone(), of_class(counts))).collect();
    let mut report = Report::new(MEASURES, overall, per_class);
    report.notes.extend(note);
    report
}

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

/// What of two events is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boundaries {
    /// Where they begin and where they end.
    Both,
    /// Where they begin only.
    OnsetOnly,
    /// Where they end only.
    OffsetOnly,
}

/// When two events of one label and recording count as the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EventBased {
    /// Onsets may differ by this many seconds, ≥ 0.
    pub collar_secs: f64,
    /// Offsets may differ by the collar or this share of the reference event's duration, whichever is more, ≥ 0.
    pub offset_share: f64,
    /// What is compared.
    pub boundaries: Boundaries,
    /// How pairs are found.
    pub matching: Matching,
}

impl Default for EventBased {
    /// sed_eval's own defaults: 200 ms, half of the duration. The DCASE recipes take 200 ms and a fifth.
    fn default() -> Self {
        Self { collar_secs: 0.2, offset_share: 0.5, boundaries: Boundaries::Both, matching: Matching::Optimal }
    }
}

impl EventBased {
    /// Seconds by which the offsets of a reference event and its partner may differ.
    pub fn offset_collar_secs(&self, reference: Span) -> f64 {
        self.collar_secs.max(self.offset_share * reference.duration_secs())
    }

    // The comparisons are done in the same double arithmetic as sed_eval's, because a difference of exactly one collar passes or
    // fails with its rounding error.
    fn agree(&self, reference: Span, estimated: Span) -> bool {
        let onset = || (reference.onset_secs - estimated.onset_secs).abs() <= self.collar_secs;
        let offset = || (reference.offset_secs - estimated.offset_secs).abs() <= self.offset_collar_secs(reference);
        match self.boundaries {
            Boundaries::Both => onset() && offset(),
            Boundaries::OnsetOnly => onset(),
            Boundaries::OffsetOnly => offset(),
        }
    }
}

/// What event-based evaluation found.
#[derive(Clone, Debug, PartialEq)]
pub struct EventBasedScores {
    /// Counts of each label of either list, by label.
    pub per_class: BTreeMap<String, Counts>,
    /// How many missed reference events agree in time with a false alarm of another label, each counted once: sed_eval's substitutions.
    pub substitutions: usize,
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

    /// The error rate of all classes together. A substitution stands for one miss and one false alarm.
    pub fn error_rate(&self, quirks: Quirks) -> ErrorRate {
        let all = self.overall();
        let errors = [
            self.substitutions,
            all.false_negatives.saturating_sub(self.substitutions),
            all.false_positives.saturating_sub(self.substitutions),
        ];
        ErrorRate::new(all.reference(), errors, quirks)
    }

    /// The macro average: the mean of the classes' F-scores, those left out that have none.
    ///
    /// # Errors
    /// [`NoClass`](super::Undefined::NoClass) if none has one.
    pub fn macro_f_score(&self, when_nothing: WhenNothingEstimated) -> Measured {
        mean(self.per_class.values().map(|counts| counts.f_score(when_nothing)))
    }
}

/// Compares two lists of events over the same recordings. Their order decides which pairs are made and which substitutions are counted, where several
/// are as good.
pub fn event_based(
    reference: &[LabelledSpan<'_>],
    estimated: &[LabelledSpan<'_>],
    rule: &EventBased,
) -> EventBasedScores {
    let mut scores = EventBasedScores {
        per_class: BTreeMap::new(),
        substitutions: 0,
        partner_of_reference: vec![None; reference.len()],
        partner_of_estimated: vec![None; estimated.len()],
    };
    let (reference_groups, mut estimated_groups) = (grouped(reference), grouped(estimated));
    for (key, group) in estimated_groups.iter().filter(|(key, _)| !reference_groups.contains_key(*key)) {
        scores.per_class.entry(key.0.to_owned()).or_default().false_positives += group.len();
    }
    for ((label, file), references) in reference_groups {
        let estimates = estimated_groups.remove(&(label, file)).unwrap_or_default();
        let near = NearBy::new(estimates.iter().map(|&place| estimated[place].span), rule);
        let candidates: Vec<Vec<usize>> = references.iter().map(|&place| near.to(reference[place].span)).collect();
        let pairs = match rule.matching {
            Matching::Optimal => maximum(&candidates, estimates.len()),
            Matching::Greedy => greedy(&candidates, estimates.len()),
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
    scores.substitutions = substitutions(reference, estimated, &scores, rule);
    scores
}

/// Each missed event in the order of the input takes the first false alarm that agrees with it but for the label and is free.
fn substitutions(
    reference: &[LabelledSpan<'_>],
    estimated: &[LabelledSpan<'_>],
    scores: &EventBasedScores,
    rule: &EventBased,
) -> usize {
    let missed = unpaired_by_file(reference, &scores.partner_of_reference);
    let mut invented = unpaired_by_file(estimated, &scores.partner_of_estimated);
    let mut count = 0;
    for (file, missed) in missed {
        let invented = invented.remove(file).unwrap_or_default();
        let near = NearBy::new(invented.iter().map(|event| event.span), rule);
        let mut is_taken = vec![false; invented.len()];
        for event in missed {
            if let Some(place) = near.to(event.span).into_iter().find(|&place| !is_taken[place]) {
                is_taken[place] = true;
                count += 1;
            }
        }
    }
    count
}

fn unpaired_by_file<'e, 'a>(
    events: &'e [LabelledSpan<'a>],
    partners: &[Option<usize>],
) -> BTreeMap<&'a str, Vec<&'e LabelledSpan<'a>>> {
    let mut by_file: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (event, _) in events.iter().zip(partners).filter(|(_, partner)| partner.is_none()) {
        by_file.entry(event.file).or_default().push(event);
    }
    by_file
}

/// Estimated events in order of the moment that is compared, so that only those near a reference event are looked at.
struct NearBy<'r> {
    rule: &'r EventBased,
    /// The moment, the span, and its place in the input.
    by_moment: Vec<(f64, Span, usize)>,
}

impl<'r> NearBy<'r> {
    fn new(spans: impl Iterator<Item = Span>, rule: &'r EventBased) -> Self {
        let moment = |span: Span| match rule.boundaries {
            Boundaries::Both | Boundaries::OnsetOnly => span.onset_secs,
            Boundaries::OffsetOnly => span.offset_secs,
        };
        let mut by_moment: Vec<_> = spans.enumerate().map(|(place, span)| (moment(span), span, place)).collect();
        by_moment.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self { rule, by_moment }
    }

    /// The places of the spans that agree with a reference event, in ascending order.
    fn to(&self, reference: Span) -> Vec<usize> {
        let (moment, collar_secs) = match self.rule.boundaries {
            Boundaries::Both | Boundaries::OnsetOnly => (reference.onset_secs, self.rule.collar_secs),
            Boundaries::OffsetOnly => (reference.offset_secs, self.rule.offset_collar_secs(reference)),
        };
        let reach_secs = collar_secs + ROUNDING_SECS;
        let first = self.by_moment.partition_point(|(at, ..)| *at < moment - reach_secs);
        let near = self.by_moment[first..].iter().take_while(|(at, ..)| *at <= moment + reach_secs);
        let agreeing = near.filter(|(_, span, _)| self.rule.agree(reference, *span));
        let mut places: Vec<usize> = agreeing.map(|&(.., place)| place).collect();
        places.sort_unstable();
        places
    }
}
