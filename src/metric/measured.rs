//! A number that a measure gives, or why it gives none; means of such numbers.

use std::fmt;

/// What a measure gives: a number, or why there is none. [`Result::ok`] makes an `Option` of it.
pub type Measured = Result<f64, Undefined>;

/// Why a measure has no value. Shown as "n/a: " and the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Undefined {
    /// Divides by the number of reference events, or of segments with them, and there is none.
    NoReference,
    /// Divides by the number of estimated events, or of segments with them, and there is none.
    NoEstimate,
    /// Divides by the number of segments without the label, and there is none.
    NoNegative,
    /// No segment and no event was looked at.
    NothingEvaluated,
    /// No reference event was found, and psds_eval divides 0 by 0 then. Only with [`Quirks::AsReference`].
    NothingFound,
    /// A mean over classes none of which has a value.
    NoClass,
    /// The measure is told for all classes together only.
    OverallOnly,
    /// The measure is told class by class, and as their mean.
    ClassesOnly,
    /// A count, of which no mean is told.
    NoMean,
    /// Events of one label overlap, and the measure does not say what that means.
    Overlapping,
    /// Reference events of one label touch or overlap, or have no length, and the measure does not say what that means.
    Connected,
    /// Cross-triggers are those with other classes, and there is none.
    NoOtherClass,
    /// Counts per hour, and the recordings have no length.
    NoDuration,
    /// Nobody wanted it.
    NotWanted,
}

impl fmt::Display for Undefined {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NoReference => "no reference event",
            Self::NoEstimate => "no estimated event",
            Self::NoNegative => "no segment without the label",
            Self::NothingEvaluated => "nothing to evaluate",
            Self::NothingFound => "no reference event was found, which psds_eval leaves out",
            Self::NoClass => "no class has a value",
            Self::OverallOnly => "told for all classes together only",
            Self::ClassesOnly => "told class by class only",
            Self::NoMean => "no mean of counts is told",
            Self::Overlapping => "events of one label overlap",
            Self::Connected => "reference events of this label touch, overlap or have no length",
            Self::NoOtherClass => "cross-triggers need a second class",
            Self::NoDuration => "the recordings have no length",
            Self::NotWanted => "not computed",
        })
    }
}

/// Whether what a reference program gets wrong, or leaves to chance, is put right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quirks {
    /// A share of nothing is undefined, and the F-score of a class of which nothing was found is 0.
    #[default]
    Corrected,
    /// As the reference programs compute it. sed_eval adds machine epsilon to each divisor of an error rate or an accuracy: errors of a class
    /// without a reference event become 10¹⁵ and more, also in the mean, and a share of nothing becomes 0. psds_eval leaves a class of which nothing was found out
    /// of the mean.
    AsReference,
}

/// `part / whole`; where `whole` is 0, `undefined`.
pub(super) fn share(part: usize, whole: usize, undefined: Undefined) -> Measured {
    if whole == 0 { Err(undefined) } else { Ok(part as f64 / whole as f64) }
}

/// [`share`], but with `Quirks::AsReference` with machine epsilon added to the divisor.
pub(super) fn rate(part: usize, whole: usize, undefined: Undefined, quirks: Quirks) -> Measured {
    match quirks {
        Quirks::Corrected => share(part, whole, undefined),
        Quirks::AsReference => Ok(part as f64 / (whole as f64 + f64::EPSILON)),
    }
}

/// The mean of the values that there are.
///
/// # Errors
/// [`Undefined::NoClass`] if there is none.
pub fn mean(values: impl IntoIterator<Item = Measured>) -> Measured {
    let (sum, count) =
        values.into_iter().flatten().fold((0.0, 0_usize), |(sum, count), value| (sum + value, count + 1));
    if count == 0 { Err(Undefined::NoClass) } else { Ok(sum / count as f64) }
}
