//! A number that a measure gives, or why it gives none.

use std::fmt;

/// What a measure gives: a number, or why there is none. [`Result::ok`] makes an `Option` of it.
pub type Measured = Result<f64, Undefined>;

/// Why a measure has no value. Shown as "n/a: " and the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Undefined {
    /// Divides by the number of reference events, or of segments with them, and there is none.
    NoReference,
    /// Divides by the number of segments without the label, and there is none.
    NoNegative,
    /// A mean over classes none of which has a value.
    NoClass,
    /// Events of one label overlap, and the measure does not say what that means.
    Overlapping,
    /// Reference events of one label touch or overlap, or have no length, and the measure does not say what that means.
    Connected,
    /// Cross-triggers are those with other classes, and there is none.
    NoOtherClass,
    /// Counts per hour, and the files have no length.
    NoDuration,
}

impl fmt::Display for Undefined {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NoReference => "no reference event",
            Self::NoNegative => "no segment without the label",
            Self::NoClass => "no class has a value",
            Self::Overlapping => "events of one label overlap",
            Self::Connected => "reference events of this label touch, overlap or have no length: unite them first",
            Self::NoOtherClass => "cross-triggers need a second class",
            Self::NoDuration => "the files have no length",
        })
    }
}
