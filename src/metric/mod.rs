//! Scores of estimated against reference events. Pure.
//!
//! Each measure reproduces the reference program that its file names, to the last bit of the comparison of times.

mod collar_curve;
mod counts;
mod event_based;
mod frame_labels;
mod frame_map;
mod intersection_curve;
mod matching;
mod measured;
mod psd_roc;
mod psds_by_thresholds;
mod run_sweep;
mod score_report;
mod scored_set;
mod segment_curve;
mod threshold_curve;
mod tuning;

pub use collar_curve::{Collars, collar_curve};
pub use counts::{Counts, WhenNothingEstimated, mean};
pub use event_based::{EventBased, EventBasedScores, Matching, event_based};
pub use frame_labels::FrameRule;
pub use frame_map::{frame_average_precision, frame_curve};
pub use intersection_curve::{IntersectionRule, intersection_curve};
pub use measured::{Measured, Undefined};
pub use psd_roc::{CrossTriggers, PsdRoc, Psds, PsdsSettings, RocPoint, class_roc, psds};
pub use psds_by_thresholds::{class_roc_by_thresholds, fifty_thresholds, psds_by_thresholds};
pub use score_report::{AverageF, ClassF, ClassReport, ScoreReport, ScoreSettings};
pub use scored_set::{ClassTotals, ScoreColumns, ScoreTable, ScoredFile, ScoredSet, SetError, Values, apart};
pub use segment_curve::segment_curve;
pub use threshold_curve::{BestF, FScore, OperatingPoint, ThresholdCurve, micro_average};
pub use tuning::{BestSettings, Goal, best_settings};

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
