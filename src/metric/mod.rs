//! Scores of estimated against reference events. Pure.
//!
//! Each measure reproduces the reference program that its file names, to the last bit of the comparison of times.

mod counts;
mod event_based;
mod matching;

pub use counts::{Counts, WhenNothingEstimated, mean};
pub use event_based::{EventBased, EventBasedScores, Matching, event_based};

use crate::time::Span;

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
