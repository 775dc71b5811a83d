//! Intersection-based measures of one list of events: what matters is how much of an event is covered, not where it begins and ends.
//!
//! Reproduces psds_eval's counts and `compute_macro_f_score` (Bilen et al. 2020, *A framework for the robust evaluation of sound event
//! detection*). Three criteria, each a share of a duration:
//!
//! - detection tolerance (DTC): an estimated event is right if reference events of its label cover at least this share of it, and a false
//!   alarm otherwise;
//! - ground truth intersection (GTC): a reference event is found if right estimated events cover at least this share of it;
//! - cross-trigger tolerance (CTTC): a false alarm is a cross-trigger of another label if that label's reference events cover at least this
//!   share of it.

use super::complete::judged;
use super::report::{count, measures as m};
use super::{
    Counts, Evaluated, LabelledSpan, Measure, Measured, Metric, Needs, Quirks, Report, Settings, Undefined,
    WhenNothingEstimated, grouped, mean, united,
};
use crate::time::Span;
use std::collections::BTreeMap;

pub(super) const METRIC: Metric = Metric {
    key: "intersection_based",
    name: "Intersection-based",
    explanation: "An estimated event is right if enough of it is covered by reference events of its label, and a reference event is found if \
                  enough of it is covered by such events. Where events begin and end does not matter, nor into how many they are cut.",
    reproduces: "psds_eval 0.5.3",
    needs: Needs::Events,
    report,
};

const MEASURES: &[Measure] = &[
    m::F_SCORE,
    m::PRECISION,
    m::RECALL,
    m::REFERENCE,
    m::TRUE_POSITIVES,
    m::FALSE_POSITIVES,
    m::FALSE_NEGATIVES,
    m::CROSS_TRIGGERS,
];

fn report(evaluated: &Evaluated<'_>, settings: &Settings) -> Report {
    let (judged, note) = judged(evaluated, &settings.event_based);
    let scores =
        intersection_based(evaluated.reference, &judged, &settings.intersection_based, evaluated.durations_secs);
    let row = |counts: &Counts, cross_triggers: usize| {
        vec![
            IntersectionScores::f_score(counts, settings.quirks),
            counts.precision(WhenNothingEstimated::Undefined),
            counts.recall(),
            count(counts.reference()),
            count(counts.true_positives),
            count(counts.false_positives),
            count(counts.false_negatives),
            count(cross_triggers),
        ]
    };
    let of_class = |label: &str| scores.cross_triggers_of(label);
    let per_class =
        scores.per_class.iter().map(|(label, counts)| (label.clone(), row(counts, of_class(label)))).collect();
    let overall = row(&scores.overall(), scores.cross_triggers.values().sum());
    let mut report = Report::new(MEASURES, overall, per_class);
    report.notes.extend(note);
    if scores.united > 0 {
        report.notes.push(format!("{} events were united with others of their label that they overlap", scores.united));
    }
    report
}

/// When an event counts as right, found, or triggered by something else. Shares of a duration, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IntersectionBased {
    /// Share of an estimated event that reference events must cover (DTC).
    pub detection_share: f64,
    /// Share of a reference event that right estimated events must cover (GTC).
    pub reference_share: f64,
    /// Share of a false alarm that reference events of another label must cover (CTTC).
    pub cross_trigger_share: f64,
}

impl Default for IntersectionBased {
    /// psds_eval's own defaults.
    fn default() -> Self {
        Self { detection_share: 0.5, reference_share: 0.5, cross_trigger_share: 0.3 }
    }
}

/// What intersection-based evaluation found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IntersectionScores {
    /// Counts of each label of either list, by label: reference events found and missed, estimated events that are false alarms.
    pub per_class: BTreeMap<String, Counts>,
    /// How many false alarms of one label are cross-triggers of another: by estimated label, then reference label.
    pub cross_triggers: BTreeMap<(String, String), usize>,
    /// How many events of either list were united with others of their label that they overlap.
    pub united: usize,
}

impl IntersectionScores {
    /// The counts of all classes together.
    pub fn overall(&self) -> Counts {
        let mut all = Counts::default();
        for counts in self.per_class.values() {
            all += *counts;
        }
        all
    }

    /// How many false alarms of a label are cross-triggers, each counted once for each label that it may have been triggered by.
    pub fn cross_triggers_of(&self, label: &str) -> usize {
        self.cross_triggers.iter().filter(|((estimated, _), _)| estimated == label).map(|(_, count)| count).sum()
    }

    /// The F-score of a class, 0 to 1.
    ///
    /// # Errors
    /// [`Undefined::NoReference`]; with the quirks of psds_eval also [`Undefined::NothingFound`].
    pub fn f_score(counts: &Counts, quirks: Quirks) -> Measured {
        if counts.reference() == 0 {
            return Err(Undefined::NoReference);
        }
        if quirks == Quirks::AsReference && counts.true_positives == 0 {
            return Err(Undefined::NothingFound);
        }
        counts.f_score(WhenNothingEstimated::Zero)
    }

    /// The macro average: the mean over the classes that have a value.
    ///
    /// # Errors
    /// [`Undefined::NoClass`] if none has one.
    pub fn macro_f_score(&self, quirks: Quirks) -> Measured {
        mean(self.per_class.values().map(|counts| Self::f_score(counts, quirks)))
    }
}

/// Compares two lists of events over the same recordings.
///
/// Events without length are left out. Where events of one label and recording overlap, which psds_eval refuses, those that overlap or touch are
/// united first, and counted in `united`; copies of an event alone are no overlap, because psds_eval does not see them. Estimated events that begin after the
/// end of their recording are no false alarms.
pub fn intersection_based(
    reference: &[LabelledSpan<'_>],
    estimated: &[LabelledSpan<'_>],
    rule: &IntersectionBased,
    durations_secs: &BTreeMap<&str, f64>,
) -> IntersectionScores {
    let mut scores = IntersectionScores::default();
    for event in reference.iter().chain(estimated) {
        scores.per_class.entry(event.label.to_owned()).or_default();
    }
    let mut references = by_file(reference, &mut scores.united);
    for (file, estimates) in by_file(estimated, &mut scores.united) {
        let references = references.remove(file).unwrap_or_default();
        let end_secs = durations_secs.get(file).copied().unwrap_or(f64::INFINITY);
        for (&label, estimates) in &estimates {
            let known = references.get(label).map(Vec::as_slice).unwrap_or_default();
            let (right, wrong): (Vec<Span>, Vec<Span>) =
                estimates.iter().partition(|&&span| is_covered(span, known, rule.detection_share));
            let found = known.iter().filter(|&&span| is_covered(span, &right, rule.reference_share)).count();
            let wrong: Vec<Span> = wrong.into_iter().filter(|span| span.onset_secs < end_secs).collect();
            if let Some(counts) = scores.per_class.get_mut(label) {
                counts.true_positives += found;
                counts.false_positives += wrong.len();
                counts.false_negatives += known.len() - found;
            }
            for (&other, spans) in references.iter().filter(|(other, _)| **other != label) {
                let triggered = wrong.iter().filter(|&&span| is_covered(span, spans, rule.cross_trigger_share)).count();
                if triggered > 0 {
                    *scores.cross_triggers.entry((label.to_owned(), other.to_owned())).or_default() += triggered;
                }
            }
        }
        for (label, known) in references.iter().filter(|(label, _)| !estimates.contains_key(*label)) {
            missed(&mut scores, label, known.len());
        }
    }
    for (label, known) in references.values().flatten() {
        missed(&mut scores, label, known.len());
    }
    scores
}

fn missed(scores: &mut IntersectionScores, label: &str, count: usize) {
    if let Some(counts) = scores.per_class.get_mut(label) {
        counts.false_negatives += count;
    }
}

/// Whether spans in order, of which none overlaps another but its copies, cover at least a share of `span`; what none touches is not covered.
fn is_covered(span: Span, by: &[Span], share: f64) -> bool {
    let first = by.partition_point(|one| one.offset_secs <= span.onset_secs);
    let touching = by[first..].iter().take_while(|one| one.onset_secs < span.offset_secs);
    let mut covered = CompensatedSum::default();
    let mut is_touched = false;
    for one in touching {
        is_touched = true;
        let secs = span.offset_secs.min(one.offset_secs) - span.onset_secs.max(one.onset_secs);
        covered.add(secs / span.duration_secs());
    }
    is_touched && covered.sum >= share
}

/// A sum as pandas adds groups up (Kahan 1965): shares of exactly a criterion pass or fail with their rounding error.
#[derive(Default)]
struct CompensatedSum {
    sum: f64,
    lost: f64,
}

impl CompensatedSum {
    fn add(&mut self, value: f64) {
        let value = value - self.lost;
        let sum = self.sum + value;
        self.lost = (sum - self.sum) - value;
        self.sum = sum;
    }
}

/// The spans of each recording and label in order, without those that have no length.
fn by_file<'a>(events: &[LabelledSpan<'a>], united: &mut usize) -> BTreeMap<&'a str, BTreeMap<&'a str, Vec<Span>>> {
    let mut by_file: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for ((label, file), places) in grouped(events) {
        let mut spans: Vec<Span> = places.into_iter().map(|place| events[place].span).collect();
        spans.retain(|span| span.onset_secs < span.offset_secs);
        spans.sort_by(|a, b| a.onset_secs.total_cmp(&b.onset_secs).then(a.offset_secs.total_cmp(&b.offset_secs)));
        let before = spans.len();
        let spans = without_overlap(spans);
        *united += before - spans.len();
        by_file.entry(file).or_default().insert(label, spans);
    }
    by_file
}

/// Spans in order: united with those that they overlap or touch if any overlaps another that is no copy of it, and as they are otherwise.
fn without_overlap(spans: Vec<Span>) -> Vec<Span> {
    let overlap = |pair: &[Span]| pair[1].onset_secs < pair[0].offset_secs && pair[0] != pair[1];
    if !spans.windows(2).any(overlap) {
        return spans;
    }
    united(spans)
}
