//! From frame scores to events: median filter, threshold, merging and minimum duration.
//!
//! Pure: the same scores and the same [`DecisionRule`] give the same predictions, so that the window decides again at each move of a
//! slider without running the model.

mod filter;
mod frame_scores;
mod rule;

pub use filter::median_filter;
pub use frame_scores::{FrameAxis, FrameScores, ScoreBytesError};
pub use rule::{DecisionRule, Prediction, decide_class};
