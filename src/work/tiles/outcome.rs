//! What the threads of a picture report to its engine.

use std::sync::Arc;

use crate::dsp::peaks::PackedPeak;
use crate::spectrogram::{FineWave, Tile};

use super::queue::Job;

/// What the pass over the whole has made of a plane since its last report.
#[derive(Clone, Debug, Default)]
pub(super) struct NewCoarse {
    /// Base-level columns, one after the other.
    pub(super) columns: Vec<u8>,
    /// Waveform peaks, one a block.
    pub(super) peaks: Vec<PackedPeak>,
}

/// One report.
pub(super) enum Outcome {
    /// A tile was computed, of each plane.
    Tiles(Vec<Arc<Tile>>),
    /// The tiles of a level and index cannot be computed and are not to be asked for again.
    TilesFailed(u8, u64),
    /// Peaks in full detail, of each plane, and the job that asked for them.
    Wave(Job, Vec<FineWave>),
    /// The pass over the whole recording went on.
    Overview {
        /// What is new, of each plane.
        planes: Vec<NewCoarse>,
        /// Samples that the pass has read in all.
        frames_read: u64,
    },
    /// The pass is over, at the end of the recording or where it cannot be decoded any further.
    OverviewEnded {
        /// Samples that could be decoded.
        frame_count: u64,
    },
    /// Something to tell the user.
    Notice(String),
}
