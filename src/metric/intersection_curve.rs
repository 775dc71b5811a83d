//! Intersection-based counts at every threshold: detections and reference events count by how much of them the others cover.
//!
//! Reproduces sed_scores_eval 0.0.4 (Bilen et al. 2020, *A framework for the robust evaluation of sound event detection*; Ebbers et al. 2022):
//! sums and tolerances are compared after rounding to a microsecond.

use super::run_sweep::{Run, RunSweep};
use super::scored_set::Target;
use super::threshold_curve::{Change, Changes};
use super::{ScoredSet, ThresholdCurve, Undefined};
use std::ops::Range;

/// When a detection counts as right and a reference event as found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IntersectionRule {
    /// Share of a detection that reference events of its class must cover, 0 to 1 (DTC): with less it is a false alarm.
    pub detection_share: f64,
    /// Share of a reference event that right detections must cover, 0 to 1 (GTC).
    pub reference_share: f64,
}

/// In microseconds, so that a share that is met exactly is met whatever the rounding of sums.
fn rounded(secs: f64) -> f64 {
    (secs * 1e6).round_ties_even()
}

/// Intersection-based counts of a class at every threshold. With `cross_share`, false alarms of which events of another class cover that
/// share (CTTC) are counted for that class too.
///
/// # Errors
/// [`Undefined::NoReference`], [`Undefined::Connected`].
pub fn intersection_curve(
    set: &ScoredSet<'_>,
    class: usize,
    rule: &IntersectionRule,
    cross_share: Option<f64>,
) -> Result<ThresholdCurve, Undefined> {
    let totals = set.measurable(class)?;
    let mut changes = Changes::default();
    let (mut scratch, mut sweep) = (Vec::new(), RunSweep::default());
    for (place, file) in set.files().iter().enumerate() {
        let column = file.scores.column(class, &mut scratch);
        let targets = set.targets_of(place, class);
        let has_others = cross_share.is_some() && set.targets(place).len() > targets.len();
        if targets.is_empty() && !has_others {
            changes.push_false_alarms(column);
            continue;
        }
        let others = if has_others { set.targets(place) } else { &[] };
        let mut counter = Counter::new(file.scores.borders_secs(class), targets, rule);
        counter.cross = cross_share.map(|share| Cross { share, class, others, set });
        sweep.walk(column, |score, removed, added| {
            let change = counter.step(score, removed, added);
            if change.true_positives != 0 || change.false_positives != 0 || change.cross_rate != 0.0 {
                changes.push(change);
            }
        });
    }
    Ok(changes.into_curve(totals.events))
}

/// What detections are cross-triggers of.
struct Cross<'a> {
    share: f64,
    class: usize,
    /// All reference events of the file, by class and onset.
    others: &'a [Target],
    set: &'a ScoredSet<'a>,
}

impl Cross<'_> {
    /// The sum of 1/duration over the classes that a false alarm is a cross-trigger of, in 1/s.
    fn rate(&self, onset: f64, offset: f64) -> f64 {
        let needed = rounded(self.share * (offset - onset));
        let mut rate = 0.0;
        for events in self.others.chunk_by(|a, b| a.class == b.class) {
            let class = events[0].class;
            if class == self.class {
                continue;
            }
            let covered: f64 = events.iter().map(|event| common(event, onset, offset)).sum();
            if rounded(covered) >= needed {
                rate += 1.0 / self.set.totals()[class].secs.max(1e-12);
            }
        }
        rate
    }
}

/// Seconds that an event shares with a detection.
fn common(event: &Target, onset: f64, offset: f64) -> f64 {
    (offset.min(event.span.offset_secs) - onset.max(event.span.onset_secs)).max(0.0)
}

/// Counts while the threshold falls through one file.
struct Counter<'a> {
    borders: &'a [f64],
    targets: &'a [Target],
    rule: &'a IntersectionRule,
    cross: Option<Cross<'a>>,
    /// The detections that enough of is right, in order of time.
    right: Vec<Run>,
    is_found: Vec<bool>,
    /// The cross rate of the false alarm that begins at a frame.
    rates: Vec<f64>,
    must_be_found: Vec<f64>,
}

impl<'a> Counter<'a> {
    fn new(borders: &'a [f64], targets: &'a [Target], rule: &'a IntersectionRule) -> Self {
        let needed = |target: &Target| rounded(rule.reference_share * target.span.duration_secs());
        Self {
            borders,
            targets,
            rule,
            cross: None,
            right: Vec::new(),
            is_found: vec![false; targets.len()],
            rates: vec![0.0; borders.len()],
            must_be_found: targets.iter().map(needed).collect(),
        }
    }

    fn step(&mut self, score: f64, removed: &[Run], added: &[Run]) -> Change {
        let mut change = Change { score, true_positives: 0, false_positives: 0, cross_rate: 0.0 };
        let mut touched: Option<Range<usize>> = None;
        for run in removed {
            match self.right.binary_search_by_key(&run.first, |run| run.first) {
                Ok(place) => {
                    self.right.remove(place);
                    self.touch(*run, &mut touched);
                }
                Err(_) => {
                    change.false_positives -= 1;
                    change.cross_rate -= self.rates[run.first];
                }
            }
        }
        for run in added {
            let (onset, offset) = (self.borders[run.first], self.borders[run.after]);
            let covered: f64 = self.targets.iter().map(|target| common(target, onset, offset)).sum();
            if rounded(covered) >= rounded(self.rule.detection_share * (offset - onset)) {
                let place = self.right.partition_point(|other| other.first < run.first);
                self.right.insert(place, *run);
                self.touch(*run, &mut touched);
            } else {
                change.false_positives += 1;
                let rate = self.cross.as_ref().map_or(0.0, |cross| cross.rate(onset, offset));
                self.rates[run.first] = rate;
                change.cross_rate += rate;
            }
        }
        for target in touched.unwrap_or_default() {
            let is_found = self.is_covered(target);
            change.true_positives += i32::from(is_found) - i32::from(self.is_found[target]);
            self.is_found[target] = is_found;
        }
        change
    }

    /// Widens a range of targets by those that a run overlaps: they are apart and in order.
    fn touch(&self, run: Run, touched: &mut Option<Range<usize>>) {
        let (onset, offset) = (self.borders[run.first], self.borders[run.after]);
        let first = self.targets.partition_point(|target| target.span.offset_secs <= onset);
        let after = self.targets.partition_point(|target| target.span.onset_secs < offset);
        if first < after {
            *touched = Some(touched.as_ref().map_or(first..after, |all| all.start.min(first)..all.end.max(after)));
        }
    }

    /// Whether right detections cover enough of a reference event.
    fn is_covered(&self, target: usize) -> bool {
        let event = &self.targets[target];
        let first = self.right.partition_point(|run| self.borders[run.after] <= event.span.onset_secs);
        let covering = self.right[first..].iter().take_while(|run| self.borders[run.first] < event.span.offset_secs);
        let covered: f64 = covering.map(|run| common(event, self.borders[run.first], self.borders[run.after])).sum();
        rounded(covered) >= self.must_be_found[target]
    }
}
