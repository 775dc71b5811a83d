//! Hits, false alarms and misses, and the ratios of them.

use std::ops::AddAssign;

/// What precision is where a system reports no event at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenNothingEstimated {
    /// Not a number, so that a class is left out of averages: sed_eval's default.
    Undefined,
    /// 0, as the DCASE challenges count it.
    Zero,
}

/// How many events were found, invented and missed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Reference events with an estimated partner.
    pub true_positives: usize,
    /// Estimated events without a partner.
    pub false_positives: usize,
    /// Reference events without a partner.
    pub false_negatives: usize,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.true_positives += other.true_positives;
        self.false_positives += other.false_positives;
        self.false_negatives += other.false_negatives;
    }
}

impl Counts {
    /// How many events there are in the reference.
    pub fn reference(&self) -> usize {
        self.true_positives + self.false_negatives
    }

    /// How many events the system reports.
    pub fn estimated(&self) -> usize {
        self.true_positives + self.false_positives
    }

    /// Share of the reported events that are right, 0 to 1.
    pub fn precision(&self, when_nothing: WhenNothingEstimated) -> Option<f64> {
        let ratio = ratio(self.true_positives, self.estimated());
        if when_nothing == WhenNothingEstimated::Zero { ratio.or(Some(0.0)) } else { ratio }
    }

    /// Share of the reference events that were found, 0 to 1; `None` without a reference event.
    pub fn recall(&self) -> Option<f64> {
        ratio(self.true_positives, self.reference())
    }

    /// The harmonic mean of precision and recall, 0 to 1; `None` if either is.
    pub fn f_score(&self, when_nothing: WhenNothingEstimated) -> Option<f64> {
        let (precision, recall) = (self.precision(when_nothing)?, self.recall()?);
        Some(if precision + recall > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 })
    }
}

fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The mean of the values that there are; `None` if there is none.
pub fn mean(values: impl IntoIterator<Item = Option<f64>>) -> Option<f64> {
    let (sum, count) =
        values.into_iter().flatten().fold((0.0, 0_usize), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / count as f64)
}
