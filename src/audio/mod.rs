//! Recordings from the outside: opening, probing, decoding, seeking, resampling.
//!
//! A recording is never held whole in memory: [`SampleSource`] reads any range of it.

use std::path::PathBuf;

/// Rate, channels and length of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamSpec {
    /// Samples a second of each channel, 8,000 to 384,000 Hz in practice; never 0.
    pub sample_rate: u32,
    /// Channels, ≥ 1.
    pub channels: usize,
    /// Samples of each channel: exact where the container says so, else an estimate (`length_is_exact`).
    pub frame_count: u64,
    /// Whether `frame_count` can be relied on.
    pub length_is_exact: bool,
    /// Container and coding in words: `WAV · PCM 16-bit`.
    pub format: String,
}

impl StreamSpec {
    /// Length in seconds.
    pub fn duration_secs(&self) -> f64 {
        crate::time::secs_from_samples(self.frame_count, self.sample_rate)
    }
}

/// Random access to the samples of one recording. One thread uses one source; open the path again for another thread.
pub trait SampleSource: Send {
    /// What the source holds.
    fn spec(&self) -> &StreamSpec;

    /// Fills `out` with interleaved samples (−1 to 1, frame by frame, all channels) from frame `first_frame` (a frame here is one
    /// sample of each channel) and returns how many frames were read: fewer than `out.len() / channels` only at the end of what
    /// can be decoded. Reading on where the last call stopped costs no seek.
    fn read(&mut self, first_frame: u64, out: &mut [f32]) -> Result<usize, AudioError>;

    /// What went wrong so far without ending the decoding (broken packets that were skipped), for a notice.
    fn take_warnings(&mut self) -> Vec<String> {
        Vec::new()
    }
}

/// Why a recording cannot be opened or read. Each message names the file, the reason and what to do.
#[derive(Debug, thiserror::Error)]
pub enum AudioError {
    /// The file system refuses.
    #[error("{path}: cannot be read: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Not a recording, or of a kind that is not supported.
    #[error("{path}: {reason}")]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// Why, and what could be done.
        reason: String,
    },
    /// A recording that cannot be decoded any further.
    #[error("{path}: {reason}")]
    Broken {
        /// The file.
        path: PathBuf,
        /// Why, and from which second on.
        reason: String,
    },
}
