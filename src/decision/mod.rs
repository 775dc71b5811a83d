//! From frame scores to events: median filter, threshold, hysteresis, merging and minimum duration; or bounding boxes between change points. And back: from events to active frames.
//!
//! Pure: the same scores and the same [`DecisionRule`] give the same predictions, so that the window decides again at each move of a
//! slider without running the model.

mod bounding_boxes;
mod class_rules;
mod decisions;
mod filter;
mod frame_labels;
mod frame_scores;
mod rule;
mod run_peaks;
mod runs;
mod snap;

pub use bounding_boxes::{BoundingBox, BoxRule, bounding_boxes, decide_boxes};
pub use class_rules::{ClassRules, NamedRules, OwnBoxes, OwnHysteresis, OwnRule, RuleBook, RuleEntry};
pub use decisions::{Decided, Decisions, ToDecide};
pub use filter::{MedianEdges, median_filter};
pub use frame_labels::{FrameGrid, FrameRule, active_frames, frame_labels};
pub use frame_scores::{FrameAxis, FrameScores, ScoreBytesError};
pub use rule::{DecisionRule, EventFinder, Prediction, Preset, decide_class};
pub use snap::{SNAP_REACH_SECS, Slope, Snap, snap_edge, snap_span};
