//! Event-based counts with collars at every threshold.
//!
//! Reproduces sed_scores_eval 0.0.4: deviations are compared with collars after rounding to a microsecond, and as many pairs as possible are
//! made.

use super::matching::maximum;
use super::run_sweep::{Run, RunSweep};
use super::scored_set::Target;
use super::threshold_curve::{Change, Changes};
use super::{ScoredSet, ThresholdCurve, Undefined};

/// How far a detection may deviate from the reference event that it finds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Collars {
    /// Onsets, in seconds, ≥ 0.
    pub onset_secs: f64,
    /// Offsets at least, in seconds, ≥ 0.
    pub offset_secs: f64,
    /// Offsets at least, as a share of the reference event's duration, ≥ 0.
    pub offset_share: f64,
}

impl Default for Collars {
    /// As the DCASE challenges: 200 ms, and a fifth of the duration.
    fn default() -> Self {
        Self { onset_secs: 0.2, offset_secs: 0.2, offset_share: 0.2 }
    }
}

/// More than any rounding of a difference of times, less than any difference that matters.
const ROUNDING_SECS: f64 = 2e-6;

impl Collars {
    fn agree(&self, target: &Target, onset: f64, offset: f64) -> bool {
        let within = |deviation: f64, collar: f64| ((deviation.abs() - collar) * 1e6).round_ties_even() <= 0.0;
        let offset_collar = self.offset_secs.max(self.offset_share * target.span.duration_secs());
        within(onset - target.span.onset_secs, self.onset_secs)
            && within(offset - target.span.offset_secs, offset_collar)
    }
}

/// Event-based counts of a class at every threshold.
///
/// # Errors
/// [`Undefined::NoReference`], [`Undefined::Connected`].
pub fn collar_curve(set: &ScoredSet<'_>, class: usize, collars: &Collars) -> Result<ThresholdCurve, Undefined> {
    let totals = set.measurable(class)?;
    let mut changes = Changes::default();
    let (mut scratch, mut sweep) = (Vec::new(), RunSweep::default());
    for (place, file) in set.files().iter().enumerate() {
        let column = file.scores.column(class, &mut scratch);
        let targets = set.targets_of(place, class);
        if targets.is_empty() {
            changes.push_false_alarms(column);
            continue;
        }
        let mut counter =
            Counter { borders: file.scores.borders_secs(class), targets, collars, near: Vec::new(), pairs: 0 };
        sweep.walk(column, |score, removed, added| {
            let before = counter.pairs as i32;
            counter.step(removed, added);
            let hits = counter.pairs as i32 - before;
            let alarms = added.len() as i32 - removed.len() as i32 - hits;
            if hits != 0 || alarms != 0 {
                changes.push(Change { score, true_positives: hits, false_positives: alarms, cross_rate: 0.0 });
            }
        });
    }
    Ok(changes.into_curve(totals.events))
}

/// Pairs while the threshold falls through one file.
struct Counter<'a> {
    borders: &'a [f64],
    targets: &'a [Target],
    collars: &'a Collars,
    /// The runs that agree with a target, by first frame, and with which.
    near: Vec<(usize, Vec<usize>)>,
    pairs: usize,
}

impl Counter<'_> {
    fn step(&mut self, removed: &[Run], added: &[Run]) {
        let mut is_changed = false;
        for run in removed {
            if let Ok(place) = self.near.binary_search_by_key(&run.first, |(first, _)| *first) {
                self.near.remove(place);
                is_changed = true;
            }
        }
        for run in added {
            let candidates = self.candidates(*run);
            if !candidates.is_empty() {
                let place = self.near.partition_point(|(first, _)| *first < run.first);
                self.near.insert(place, (run.first, candidates));
                is_changed = true;
            }
        }
        if is_changed {
            let candidates: Vec<Vec<usize>> = self.near.iter().map(|(_, candidates)| candidates.clone()).collect();
            self.pairs = maximum(&candidates, self.targets.len()).iter().flatten().count();
        }
    }

    fn candidates(&self, run: Run) -> Vec<usize> {
        let (onset, offset) = (self.borders[run.first], self.borders[run.after]);
        let reach = self.collars.onset_secs + ROUNDING_SECS;
        let first = self.targets.partition_point(|target| target.span.onset_secs < onset - reach);
        let after = self.targets.partition_point(|target| target.span.onset_secs <= onset + reach);
        (first..after).filter(|&target| self.collars.agree(&self.targets[target], onset, offset)).collect()
    }
}
