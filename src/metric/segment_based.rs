//! Segment-based measures: time is cut into segments of one length, and in each a label is active or not.
//!
//! Reproduces sed_eval's `SegmentBasedMetrics` (Mesaros, Heittola, Virtanen 2016, *Metrics for polyphonic sound event detection*). A segment is
//! active when any part of an event touches it; events of one label that overlap melt together.

use super::complete::SAME_SECS;
use super::measured::rate;
use super::report::{count, measures as m};
use super::segments::Segments;
use super::{
    Completeness, Counts, ErrorRate, Evaluated, LabelledSpan, Measure, Measured, Metric, Needs, Quirks, Report,
    Settings, Undefined, WhenNothingEstimated,
};
use crate::time::Span;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const METRIC: Metric = Metric {
    key: "segment_based",
    name: "Segment-based",
    explanation: "Time is cut into segments of one length. A label is active in each segment that one of its events touches, and segment by \
                  segment it is compared where both lists have it active.",
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
    m::SENSITIVITY,
    m::SPECIFICITY,
    m::BALANCED_ACCURACY,
    m::ACCURACY,
    m::REFERENCE,
    m::ESTIMATED,
    m::TRUE_POSITIVES,
    m::FALSE_POSITIVES,
    m::FALSE_NEGATIVES,
    m::TRUE_NEGATIVES,
    m::SUBSTITUTIONS,
    m::DELETIONS,
    m::INSERTIONS,
];

fn report(evaluated: &Evaluated<'_>, settings: &Settings) -> Report {
    let Evaluated { reference, estimated, durations_secs, complete } = *evaluated;
    let scores = segment_based(reference, estimated, settings.segment_secs, durations_secs, complete);
    let quirks = settings.quirks;
    let row = |counts: &SegmentCounts, errors: ErrorRate, totals: [Measured; 3]| {
        let active = &counts.active;
        let measures = [
            active.f_score(WhenNothingEstimated::Undefined),
            active.precision(WhenNothingEstimated::Undefined),
            active.recall(),
            errors.total,
            totals[0].and(errors.substitution),
            errors.deletion,
            errors.insertion,
            counts.sensitivity(quirks),
            counts.specificity(quirks),
            counts.balanced_accuracy(quirks),
            counts.accuracy(quirks),
            count(active.reference()),
            count(active.estimated()),
            count(active.true_positives),
            count(active.false_positives),
            count(active.false_negatives),
            count(counts.true_negatives),
        ];
        measures.into_iter().chain(totals).collect::<Vec<_>>()
    };
    let of_class =
        |counts: &SegmentCounts| row(counts, counts.active.error_rate(quirks), [Err(Undefined::OverallOnly); 3]);
    let totals = [scores.substitutions, scores.deletions, scores.insertions].map(count);
    let overall = row(&scores.overall(), scores.error_rate(quirks), totals);
    let per_class = scores.per_class.iter().map(|(label, counts)| (label.clone(), of_class(counts))).collect();
    Report::new(MEASURES, overall, per_class)
}

/// Segments in which a label is active in both lists, in neither, or in one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SegmentCounts {
    /// Active in both lists, in the estimated one only, in the reference only.
    pub active: Counts,
    /// Active in neither.
    pub true_negatives: usize,
}

impl SegmentCounts {
    /// Share of the reference's active segments that are active in the estimated list, 0 to 1.
    ///
    /// # Errors
    /// [`Undefined::NoReference`].
    pub fn sensitivity(&self, quirks: Quirks) -> Measured {
        rate(self.active.true_positives, self.active.reference(), Undefined::NoReference, quirks)
    }

    /// Share of the reference's silent segments that are silent in the estimated list, 0 to 1.
    ///
    /// # Errors
    /// [`Undefined::NoNegative`].
    pub fn specificity(&self, quirks: Quirks) -> Measured {
        let negatives = self.true_negatives.saturating_add(self.active.false_positives);
        rate(self.true_negatives, negatives, Undefined::NoNegative, quirks)
    }

    /// The mean of sensitivity and specificity.
    ///
    /// # Errors
    /// Why one of them has no value.
    pub fn balanced_accuracy(&self, quirks: Quirks) -> Measured {
        Ok(0.5 * self.sensitivity(quirks)? + 0.5 * self.specificity(quirks)?)
    }

    /// Share of all segments in which both lists agree, 0 to 1.
    ///
    /// # Errors
    /// [`Undefined::NothingEvaluated`].
    pub fn accuracy(&self, quirks: Quirks) -> Measured {
        let right = self.active.true_positives.saturating_add(self.true_negatives);
        let wrong = self.active.false_positives.saturating_add(self.active.false_negatives);
        rate(right, right.saturating_add(wrong), Undefined::NothingEvaluated, quirks)
    }
}

/// What segment-based evaluation found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SegmentBasedScores {
    /// Counts of each label of either list, by label.
    pub per_class: BTreeMap<String, SegmentCounts>,
    /// Labels of the reference that another label was reported for, over all segments.
    pub substitutions: usize,
    /// Labels of the reference for which nothing was reported.
    pub deletions: usize,
    /// Labels reported where the reference has none left.
    pub insertions: usize,
    /// How many segments all recordings have.
    pub segments: usize,
}

impl SegmentBasedScores {
    /// The counts of all classes together: the micro average is made of them.
    pub fn overall(&self) -> SegmentCounts {
        let mut all = SegmentCounts::default();
        for counts in self.per_class.values() {
            all.active += counts.active;
            all.true_negatives = all.true_negatives.saturating_add(counts.true_negatives);
        }
        all
    }

    /// The error rate of all classes together.
    pub fn error_rate(&self, quirks: Quirks) -> ErrorRate {
        let errors = [self.substitutions, self.deletions, self.insertions];
        ErrorRate::new(self.overall().active.reference(), errors, quirks)
    }
}

/// Compares two lists of events over the same recordings in segments of `segment_secs` seconds (> 0).
///
/// A recording in `durations_secs` is as long as that says, rounded up to whole segments: events beyond are cut off. Another one ends with the
/// last event of either list. With `complete`, only segments that lie within spans marked complete for a label, whole, can be its
/// true negatives or false positives; others count where the reference is active.
pub fn segment_based<'a>(
    reference: &[LabelledSpan<'a>],
    estimated: &[LabelledSpan<'a>],
    segment_secs: f64,
    durations_secs: &BTreeMap<&'a str, f64>,
    complete: Option<&Completeness<'_>>,
) -> SegmentBasedScores {
    let labels: BTreeSet<&str> = reference.iter().chain(estimated).map(|event| event.label).collect();
    let mut scores = SegmentBasedScores {
        per_class: labels.iter().map(|&label| (label.to_owned(), SegmentCounts::default())).collect(),
        ..SegmentBasedScores::default()
    };
    let lists = [reference, estimated].map(by_file);
    for (&file, &length_secs) in &lengths(reference, estimated, durations_secs) {
        let grid = Grid { segment_secs, length_secs, count: (length_secs / segment_secs).ceil() as usize };
        scores.segments = scores.segments.saturating_add(grid.count);
        let [references, estimates] = lists.each_ref().map(|list| list.get(file));
        let present = references.into_iter().chain(estimates).flat_map(BTreeMap::keys).copied();
        // Where marks say what is silent, labels without an event here have silent segments of their own.
        let here = if complete.is_some() { labels.clone() } else { present.collect() };
        let mut sweep = Sweep::default();
        for &label in &here {
            let spans = |list: Option<&BTreeMap<_, Vec<Span>>>| {
                grid.touched(list.and_then(|list| list.get(label)).map(Vec::as_slice).unwrap_or_default())
            };
            let (expected, mut reported) = (spans(references), spans(estimates));
            let Some(class) = scores.per_class.get_mut(label) else { continue };
            if let Some(complete) = complete {
                let known = grid.whole(&complete.spans(file, label));
                reported = reported.common(&known.union(&expected));
                let silent = known.len() - known.common(&expected.union(&reported)).len();
                class.true_negatives = class.true_negatives.saturating_add(silent);
            }
            let both = expected.common(&reported);
            class.active += Counts {
                true_positives: both.len(),
                false_positives: reported.len() - both.len(),
                false_negatives: expected.len() - both.len(),
            };
            sweep.add(&expected, &reported, &both);
        }
        sweep.count_errors(&mut scores);
    }
    if complete.is_none() {
        for class in scores.per_class.values_mut() {
            let active = class.active.reference().saturating_add(class.active.false_positives);
            class.true_negatives = scores.segments.saturating_sub(active);
        }
    }
    scores
}

/// The spans of each recording and label.
fn by_file<'a>(events: &[LabelledSpan<'a>]) -> BTreeMap<&'a str, BTreeMap<&'a str, Vec<Span>>> {
    let mut by_file: BTreeMap<_, BTreeMap<_, Vec<Span>>> = BTreeMap::new();
    for event in events {
        by_file.entry(event.file).or_default().entry(event.label).or_default().push(event.span);
    }
    by_file
}

/// How long each recording is that has a duration or an event.
fn lengths<'a>(
    reference: &[LabelledSpan<'a>],
    estimated: &[LabelledSpan<'a>],
    durations_secs: &BTreeMap<&'a str, f64>,
) -> BTreeMap<&'a str, f64> {
    let mut lengths: BTreeMap<&str, f64> = BTreeMap::new();
    for event in reference.iter().chain(estimated).filter(|event| !durations_secs.contains_key(event.file)) {
        let length = lengths.entry(event.file).or_default();
        *length = length.max(event.span.offset_secs);
    }
    lengths.extend(durations_secs);
    lengths
}

/// The segments of a recording.
struct Grid {
    segment_secs: f64,
    length_secs: f64,
    count: usize,
}

impl Grid {
    /// The segments that a span touches: onsets are rounded down to the grid, offsets up, as sed_eval does it.
    fn touched(&self, spans: &[Span]) -> Segments {
        // `as` turns what is negative or no number into 0, and what is too large into the largest.
        Segments::of(spans.iter().map(|span| {
            let first = (span.onset_secs / self.segment_secs).floor() as usize;
            first..((span.offset_secs / self.segment_secs).ceil() as usize).min(self.count)
        }))
    }

    /// The segments that lie within a span as a whole; the last one of a recording may be cut short by its end.
    fn whole(&self, spans: &[Span]) -> Segments {
        Segments::of(spans.iter().map(|span| {
            let first = ((span.onset_secs - SAME_SECS) / self.segment_secs).ceil() as usize;
            let is_to_the_end = span.offset_secs + SAME_SECS >= self.length_secs;
            let after = ((span.offset_secs + SAME_SECS) / self.segment_secs).floor() as usize;
            first..if is_to_the_end { self.count } else { after.min(self.count) }
        }))
    }
}

/// How many labels are active in which segments of one recording.
#[derive(Default)]
struct Sweep {
    /// Segment from which on there are so many more labels: expected, reported, and both.
    changes: Vec<(usize, [isize; 3])>,
}

impl Sweep {
    fn add(&mut self, expected: &Segments, reported: &Segments, both: &Segments) {
        for (list, segments) in [expected, reported, both].into_iter().enumerate() {
            for range in segments.ranges() {
                let mut change = [0; 3];
                change[list] = 1;
                self.changes.push((range.start, change));
                self.changes.push((range.end, change.map(|by: isize| -by)));
            }
        }
    }

    /// In each segment, as many wrong labels as possible are substitutions.
    fn count_errors(mut self, scores: &mut SegmentBasedScores) {
        self.changes.sort_unstable();
        let (mut active, mut since) = ([0_isize; 3], 0);
        for (segment, change) in self.changes {
            let [expected, reported, both] = active.map(isize::unsigned_abs);
            let errors = [
                expected.min(reported).saturating_sub(both),
                expected.saturating_sub(reported),
                reported.saturating_sub(expected),
            ];
            let sums = [&mut scores.substitutions, &mut scores.deletions, &mut scores.insertions];
            for (sum, count) in sums.into_iter().zip(errors) {
                *sum = sum.saturating_add(count.saturating_mul(segment - since));
            }
            since = segment;
            for (active, by) in active.iter_mut().zip(change) {
                *active += by;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotation::{CompleteSpan, Edited};
    use proptest::prelude::*;

    #[test]
    fn times_that_are_no_times_touch_nothing() {
        let spans =
            [Span { onset_secs: f64::NAN, offset_secs: f64::INFINITY }, Span { onset_secs: 3.0, offset_secs: 1.0 }];
        let grid = Grid { segment_secs: 1.0, length_secs: 7.0, count: 7 };
        assert_eq!(grid.touched(&spans), Segments::of(std::iter::once(0..7)));
        assert_eq!(Grid { segment_secs: f64::NAN, ..grid }.touched(&spans).len(), 0);
    }

    #[test]
    fn a_segment_is_whole_if_a_mark_covers_it_or_ends_with_the_recording() {
        let grid = Grid { segment_secs: 1.0, length_secs: 6.5, count: 7 };
        assert_eq!(grid.whole(&[Span::between(0.5, 3.7)]), Segments::of(std::iter::once(1..3)));
        assert_eq!(grid.whole(&[Span::between(1.0004, 2.9996)]), Segments::of(std::iter::once(1..3)));
        assert_eq!(grid.whole(&[Span::between(5.0, 6.5)]), Segments::of(std::iter::once(5..7)));
    }

    /// Segment by segment, as a table: does the same without ranges.
    fn one_by_one(
        lists: [&[LabelledSpan<'_>]; 2],
        segment_secs: f64,
        length_secs: f64,
        complete: Option<&Completeness<'_>>,
    ) -> ([usize; 7], usize) {
        let labels: BTreeSet<&str> = lists.concat().iter().map(|event| event.label).collect();
        let count = (length_secs / segment_secs).ceil() as usize;
        let mut sums = [0; 7];
        for segment in 0..count {
            let is_active = |list: &[LabelledSpan<'_>], label: &str| {
                let mut spans = list.iter().filter(|event| event.label == label).map(|event| event.span);
                spans.any(|span| {
                    (span.onset_secs / segment_secs).floor() as usize <= segment
                        && segment < (span.offset_secs / segment_secs).ceil() as usize
                })
            };
            let is_known = |label: &str| {
                complete.is_none_or(|complete| {
                    let whole = Span::between(
                        segment as f64 * segment_secs + SAME_SECS,
                        ((segment + 1) as f64 * segment_secs).min(length_secs) - SAME_SECS,
                    );
                    let holds =
                        |mark: &Span| mark.onset_secs <= whole.onset_secs && whole.offset_secs <= mark.offset_secs;
                    complete.spans("a", label).iter().any(holds)
                })
            };
            let (mut expected, mut reported, mut both) = (0_usize, 0_usize, 0_usize);
            for label in &labels {
                match (is_active(lists[0], label), is_active(lists[1], label)) {
                    (true, true) => (expected, reported, both) = (expected + 1, reported + 1, both + 1),
                    (true, false) => expected += 1,
                    (false, true) if is_known(label) => reported += 1,
                    (false, false) if is_known(label) => sums[3] += 1,
                    (false, _) => {}
                }
            }
            let wrong = expected.min(reported) - both;
            let more = [both, reported - both, expected - both, 0, wrong];
            let rest = [expected.saturating_sub(reported), reported.saturating_sub(expected)];
            for (sum, count) in sums.iter_mut().zip(more.into_iter().chain(rest)) {
                *sum += count;
            }
        }
        (sums, count)
    }

    fn drawn() -> impl Strategy<Value = Vec<(u8, u8, usize)>> {
        prop::collection::vec((0_u8..60, 0_u8..20, 0_usize..3), 0..12)
    }

    proptest! {
        #[test]
        fn ranges_count_what_segments_one_by_one_count(
            reference in drawn(), estimated in drawn(), marks in prop::option::of(drawn()),
            segment in prop::sample::select(vec![0.25, 0.5, 1.0, 1.5]), length in 20_u8..70,
        ) {
            let labels = ["cat", "dog", "owl"];
            let span = |onset: u8, length: u8| Span::between(f64::from(onset) / 4.0, f64::from(onset + length) / 4.0);
            let events = |drawn: &[(u8, u8, usize)]| -> Vec<LabelledSpan<'static>> {
                drawn.iter().map(|&(onset, length, label)| LabelledSpan { file: "a", span: span(onset, length), label: labels[label] }).collect()
            };
            let (reference, estimated) = (events(&reference), events(&estimated));
            let marks: Vec<CompleteSpan> = marks.iter().flatten().map(|&(onset, length, label)| CompleteSpan {
                span: span(onset, length),
                labels: if label == 0 { Vec::new() } else { vec![labels[label].into()] },
                edited: Edited::default(),
            }).collect();
            let complete = Completeness::new([("a", marks.as_slice())]);
            let length_secs = f64::from(length) / 4.0;
            let durations = BTreeMap::from([("a", length_secs)]);
            let scores = segment_based(&reference, &estimated, segment, &durations, complete.as_ref());
            let all = scores.overall();
            let Counts { true_positives, false_positives, false_negatives } = all.active;
            let errors = [scores.substitutions, scores.deletions, scores.insertions];
            let counts = [true_positives, false_positives, false_negatives, all.true_negatives, errors[0], errors[1], errors[2]];
            let slow = one_by_one([&reference, &estimated], segment, length_secs, complete.as_ref());
            prop_assert_eq!((counts, scores.segments), slow);
        }
    }

    #[test]
    fn neither_time_nor_memory_depends_on_the_number_of_segments() {
        let event = |onset, offset, label| LabelledSpan { file: "a", span: Span::between(onset, offset), label };
        let (reference, estimated) = ([event(0.0, 1e300, "dog")], [event(0.0, 1e12, "cat")]);
        let scores = segment_based(&reference, &estimated, 1e-9, &BTreeMap::new(), None);
        assert_eq!(scores.segments, usize::MAX);
        assert_eq!(scores.per_class["cat"].active.false_positives, usize::MAX);
    }
}
