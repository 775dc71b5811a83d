//! What the threads of a picture report to its engine.

use std::sync::Arc;

use crate::spectrogram::{FineWave, Tile};

use super::queue::Job;

/// One report.
pub(super) enum Outcome {
    /// A tile was computed, of each plane.
    Tiles(Vec<Arc<Tile>>),
    /// The tiles of a level and index cannot be computed and are not to be asked for again.
    TilesFailed(u8, u64),
    /// Peaks in full detail, of each plane, and the job that asked for them.
    Wave(Job, Vec<FineWave>),
    /// Something to tell the user.
    Notice(String),
}
