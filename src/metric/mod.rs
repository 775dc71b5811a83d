//! Scores of estimated against reference events. Pure.
//!
//! Each measure reproduces the reference program that its file names, to the last bit of the comparison of times. What such a program leaves undefined,
//! or gets wrong, is [`Undefined`] with a reason, unless [`Quirks::AsReference`] asks for its very numbers.
//!
//! A metric is a file with a `METRIC` and a line in [`ALL`], from which the window and the command line list them.

mod box_tuning;
mod collar_curve;
mod complete;
mod counts;
mod event_based;
mod frame_map;
mod intersection_based;
mod intersection_curve;
mod matching;
mod measured;
mod outcome;
mod psd_roc;
mod psds_by_thresholds;
mod report;
mod run_sweep;
mod score_report;
mod scored_set;
mod segment_based;
mod segment_curve;
mod segments;
mod step_scores;
mod threshold_curve;
mod tuning;

pub use box_tuning::{BestBoxes, best_boxes, usual_box_rules};
pub use collar_curve::{Collars, collar_curve};
pub use complete::Completeness;
pub use counts::{Counts, ErrorRate, WhenNothingEstimated};
pub use event_based::{Boundaries, EventBased, EventBasedScores, Matching, event_based};
pub use frame_map::{frame_average_precision, frame_curve};
pub use intersection_based::{IntersectionBased, IntersectionScores, intersection_based};
pub use intersection_curve::{IntersectionRule, intersection_curve};
pub use measured::{Measured, Quirks, Undefined, mean};
pub use outcome::{Confusion, ConfusionCell, Outcome, Outcomes, Pair, outcomes};
pub use psd_roc::{CrossTriggers, PsdRoc, Psds, PsdsSettings, RocPoint, class_roc, psds};
pub use psds_by_thresholds::{class_roc_by_thresholds, fifty_thresholds, psds_by_thresholds};
pub use report::{Evaluated, Measure, MeasureKind, Metric, Needs, Report, Settings};
pub use score_report::{AverageF, ClassF, ClassReport, ScoreMeasure, ScoreReport, ScoreSettings};
pub use scored_set::{ClassTotals, ScoreColumns, ScoreTable, ScoredFile, ScoredSet, SetError, Values, apart};
pub use segment_based::{SegmentBasedScores, SegmentCounts, segment_based};
pub use segment_curve::segment_curve;
pub use step_scores::{BoxScores, StepScores};
pub use threshold_curve::{BestF, FScore, OperatingPoint, ThresholdCurve, micro_average};
pub use tuning::{BestSettings, Goal, best_settings};

use crate::time::Span;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Every metric, in the order in which they are shown.
pub const ALL: &[Metric] = &[event_based::METRIC, segment_based::METRIC, intersection_based::METRIC];

/// A labelled span of a named recording, as a measure sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelledSpan<'a> {
    /// The recording.
    pub file: &'a str,
    /// When it sounds.
    pub span: Span,
    /// What sounds.
    pub label: &'a str,
}

/// The places of the events of each label and recording, in the order of the input.
fn grouped<'a>(events: &[LabelledSpan<'a>]) -> BTreeMap<(&'a str, &'a str), Vec<usize>> {
    // Names are compared once, not at each step of a search among pairs of names: there may be hundreds of thousands of groups.
    let labels = ranks(events.iter().map(|event| event.label));
    let files = ranks(events.iter().map(|event| event.file));
    let rank = |(place, event): (usize, &LabelledSpan<'a>)| (labels[event.label], files[event.file], place);
    let mut places: Vec<(usize, usize, usize)> = events.iter().enumerate().map(rank).collect();
    places.sort_unstable();
    let group = |group: &[(usize, usize, usize)]| {
        let first = &events[group[0].2];
        ((first.label, first.file), group.iter().map(|&(.., place)| place).collect())
    };
    places.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).map(group).collect()
}

/// The place of each name among all in order.
fn ranks<'a>(names: impl Iterator<Item = &'a str>) -> HashMap<&'a str, usize> {
    let mut sorted: Vec<&str> = names.collect::<HashSet<_>>().into_iter().collect();
    sorted.sort_unstable();
    sorted.into_iter().enumerate().map(|(rank, name)| (name, rank)).collect()
}

/// Spans that overlap or touch become one; in order.
pub fn united(spans: Vec<Span>) -> Vec<Span> {
    united_across(spans, 0.0)
}

/// Spans between which there are at most `gap_secs` become one; in order.
fn united_across(mut spans: Vec<Span>, gap_secs: f64) -> Vec<Span> {
    spans.sort_by(|a, b| a.onset_secs.total_cmp(&b.onset_secs));
    let mut united: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match united.last_mut() {
            Some(last) if span.onset_secs <= last.offset_secs + gap_secs => {
                last.offset_secs = last.offset_secs.max(span.offset_secs);
            }
            _ => united.push(span),
        }
    }
    united
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn metrics_have_keys_of_their_own_and_rows_as_long_as_their_heads() {
        let keys: BTreeSet<&str> = ALL.iter().map(|metric| metric.key).collect();
        assert_eq!(keys.len(), ALL.len());
        let event = |label| LabelledSpan { file: "a", span: Span::between(1.0, 2.0), label };
        let (reference, estimated) = ([event("dog"), event("cat")], [event("dog"), event("cow")]);
        let durations_secs = BTreeMap::new();
        let evaluated =
            Evaluated { reference: &reference, estimated: &estimated, durations_secs: &durations_secs, complete: None };
        for metric in ALL.iter().filter(|metric| metric.needs == Needs::Events) {
            let report = (metric.report)(&evaluated, &Settings::default());
            let columns: BTreeSet<&str> = report.measures.iter().map(|measure| measure.key).collect();
            assert_eq!(columns.len(), report.measures.len(), "{}", metric.key);
            assert!(report.per_class.keys().eq(["cat", "cow", "dog"]), "{}", metric.key);
            for row in report.per_class.values().chain([&report.overall, &report.mean]) {
                assert_eq!(row.len(), report.measures.len(), "{}", metric.key);
            }
            assert_eq!(report.value(&report.overall, "f_score"), Some(Ok(0.5)), "{}", metric.key);
            assert_eq!(report.value(&report.per_class["cow"], "recall"), Some(Err(Undefined::NoReference)));
        }
    }
}
