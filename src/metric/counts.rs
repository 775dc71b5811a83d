//! Hits, false alarms and misses, and the ratios of them.

use super::measured::{rate, share};
use super::{Measured, Quirks, Undefined};
use std::ops::AddAssign;

/// What precision is where a system reports no event at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenNothingEstimated {
    /// Undefined, so that a class is left out of averages: sed_eval's default.
    #[default]
    Undefined,
    /// 0, as the DCASE challenges count it (sed_eval's `zero_score`).
    Zero,
}

/// How many events, or segments, were found, invented and missed.
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
        self.true_positives = self.true_positives.saturating_add(other.true_positives);
        self.false_positives = self.false_positives.saturating_add(other.false_positives);
        self.false_negatives = self.false_negatives.saturating_add(other.false_negatives);
    }
}

impl Counts {
    /// How many events there are in the reference.
    pub fn reference(&self) -> usize {
        self.true_positives.saturating_add(self.false_negatives)
    }

    /// How many events the system reports.
    pub fn estimated(&self) -> usize {
        self.true_positives.saturating_add(self.false_positives)
    }

    /// Share of the reported events that are right, 0 to 1.
    ///
    /// # Errors
    /// [`Undefined::NoEstimate`], unless that counts as 0.
    pub fn precision(&self, when_nothing: WhenNothingEstimated) -> Measured {
        let precision = share(self.true_positives, self.estimated(), Undefined::NoEstimate);
        if when_nothing == WhenNothingEstimated::Zero { precision.or(Ok(0.0)) } else { precision }
    }

    /// Share of the reference events that were found, 0 to 1.
    ///
    /// # Errors
    /// [`Undefined::NoReference`].
    pub fn recall(&self) -> Measured {
        share(self.true_positives, self.reference(), Undefined::NoReference)
    }

    /// The harmonic mean of precision and recall, 0 to 1.
    ///
    /// # Errors
    /// Why recall or precision has no value.
    pub fn f_score(&self, when_nothing: WhenNothingEstimated) -> Measured {
        let (recall, precision) = (self.recall()?, self.precision(when_nothing)?);
        Ok(if precision + recall > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 })
    }

    /// The error rate of one class: misses are deletions, false alarms insertions, and nothing is a substitution.
    pub fn error_rate(&self, quirks: Quirks) -> ErrorRate {
        ErrorRate::new(self.reference(), [0, self.false_negatives, self.false_positives], quirks)
    }
}

/// Errors as shares of the reference events (or active segments); the sum may be above 1. sed_eval's error rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErrorRate {
    /// All errors.
    pub total: Measured,
    /// Something was reported under a wrong label.
    pub substitution: Measured,
    /// Something was missed, and nothing reported instead.
    pub deletion: Measured,
    /// Something was reported, and there was nothing instead.
    pub insertion: Measured,
}

impl ErrorRate {
    /// The rates of so many substitutions, deletions and insertions, in this order. All are [`Undefined::NoReference`] without a reference
    /// event, unless the quirks of sed_eval are wanted.
    pub fn new(reference: usize, errors: [usize; 3], quirks: Quirks) -> Self {
        let [substitution, deletion, insertion] =
            errors.map(|count| rate(count, reference, Undefined::NoReference, quirks));
        let sum = |a: Measured, b: Measured| Ok(a? + b?);
        Self { total: sum(sum(substitution, deletion), insertion), substitution, deletion, insertion }
    }
}
