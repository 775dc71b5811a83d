//! What the threads of a picture report to its engine.

use std::sync::Arc;

use crate::dsp::peaks::PackedPeak;
use crate::spectrogram::{FineWave, Tile, TileKey};

use super::queue::Job;

/// One report.
pub(super) enum Outcome {
    /// A tile was computed.
    Tile(Arc<Tile>),
    /// A tile cannot be computed and is not to be asked for again.
    TileFailed(TileKey),
    /// Peaks in full detail, and the job that asked for them.
    Wave(Job, FineWave),
    /// The pass over the whole recording went on.
    Overview {
        /// Base-level columns, one after the other.
        columns: Vec<u8>,
        /// Waveform peaks, one a block.
        peaks: Vec<PackedPeak>,
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
