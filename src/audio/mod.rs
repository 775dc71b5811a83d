//! Recordings from the outside: opening, probing, decoding, seeking, resampling.
//!
//! A recording is never held whole in memory: [`SampleSource`] reads any range of it. Two implementations stand behind
//! [`open`]: plain PCM is read at its place in the file, everything else is decoded packet by packet.
//! This module must not know about windows, threads or models.

mod bare_packets;
mod clamped;
mod clock;
mod codec_name;
mod demux;
mod fingerprint;
mod mp4_edit;
mod packet_source;
mod pcm_apple;
mod pcm_layout;
mod pcm_source;
mod pcm_wave;
mod resample;
mod riff;
mod samples;
mod seek_index;
mod sound_file;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::time::{clock_text, secs_from_samples};

pub use clock::{ClockSource, ClockStart, clock_starts, iso_time, time_in_name};
pub use fingerprint::{Fingerprint, fingerprint};
pub use resample::{Resampler, Spare};
pub use samples::mix_down;
use samples::silence_non_finite;
pub use sound_file::SoundFile;

/// File name extensions of recordings that can be opened, in lower case, for a file dialog. What is inside a file decides, not its
/// name.
pub const EXTENSIONS: &[&str] = &[
    "wav", "wave", "bwf", "rf64", "w64", "flac", "mp3", "mp2", "ogg", "oga", "opus", "m4a", "m4b", "mp4", "mov", "aac",
    "adts", "aif", "aiff", "aifc", "au", "snd", "caf", "mka", "mkv", "webm",
];

/// Highest sample rate that is believed, in hertz: far above any recorder's, low enough for every buffer.
pub const MAX_SAMPLE_RATE: u32 = 6_144_000;

/// Most channels that are believed.
pub const MAX_CHANNELS: usize = 256;

/// Rate, channels and length of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamSpec {
    /// Samples a second of each channel, 8,000 to 384,000 Hz in practice; 1 to [`MAX_SAMPLE_RATE`].
    pub sample_rate: u32,
    /// Channels, 1 to [`MAX_CHANNELS`].
    pub channels: usize,
    /// Samples of each channel: exact where the container says so, else an estimate (`length_is_exact`). Corrected once the true
    /// end has been met.
    pub frame_count: u64,
    /// Whether `frame_count` can be relied on.
    pub length_is_exact: bool,
    /// Container and coding in words: `WAV · PCM 16-bit`.
    pub format: String,
}

impl StreamSpec {
    /// Length in seconds.
    pub fn duration_secs(&self) -> f64 {
        secs_from_samples(self.frame_count, self.sample_rate)
    }
}

/// Random access to the samples of one recording. One thread uses one source; open the path again for another thread.
pub trait SampleSource: Send {
    /// What the source holds. The length may change after a read that met the true end.
    fn spec(&self) -> &StreamSpec;

    /// Fills `out` with interleaved samples (finite, −1 to 1 in all but broken recordings, frame by frame, all channels) from frame `first_frame` (a frame here is one
    /// sample of each channel) and returns how many frames were read: fewer than `out.len() / channels` only at the end of what
    /// can be decoded. Reading on where the last call stopped costs no seek. Every frame is the same whatever was read before
    /// (Opus: to within its decoder's convergence; bands that AAC codes as noise are other noise each time).
    fn read(&mut self, first_frame: u64, out: &mut [f32]) -> Result<usize, AudioError>;

    /// What went wrong so far without ending the decoding (broken packets that were skipped, a file that ends early), for a
    /// notice. Each warning is given once.
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

impl AudioError {
    fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    fn unsupported(path: &Path, reason: impl Into<String>) -> Self {
        Self::Unsupported { path: path.to_owned(), reason: reason.into() }
    }

    fn broken(path: &Path, reason: impl Into<String>) -> Self {
        Self::Broken { path: path.to_owned(), reason: reason.into() }
    }
}

/// Opens a recording: looks at its header, and where that is not of plain samples, decodes to the first ones, which alone tell the true
/// rate and channels. Where a container does not say how long it is, its packets are counted, without decoding them.
///
/// What is found out about where its packets lie is forgotten with the source; [`SoundFile`] keeps it.
pub fn open(path: &Path) -> Result<Box<dyn SampleSource>, AudioError> {
    open_with(path, &Arc::default())
}

fn open_with(path: &Path, index: &Arc<seek_index::SeekIndex>) -> Result<Box<dyn SampleSource>, AudioError> {
    let metadata = std::fs::metadata(path).map_err(|source| AudioError::io(path, source))?;
    if metadata.is_dir() {
        return Err(AudioError::unsupported(path, "is a folder; open the recordings inside it"));
    }
    let mut file = File::open(path).map_err(|source| AudioError::io(path, source))?;
    let mut head = Vec::with_capacity(HEAD_BYTES);
    file.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(|source| AudioError::io(path, source))?;
    if head.is_empty() {
        return Err(AudioError::unsupported(path, "is empty (0 bytes); record or copy it again"));
    }
    if let Some(layout) = pcm_layout::probe(path, &mut file, &head)? {
        return Ok(Box::new(pcm_source::PcmSource::new(path, file, &layout)?));
    }
    if looks_like_text(&head) {
        return Err(AudioError::unsupported(path, "is a text file, not a recording; open a sound file"));
    }
    Ok(Box::new(packet_source::PacketSource::open(path, index)?))
}

const HEAD_BYTES: usize = 512;

/// Text never has control characters; every container has some within its first bytes.
fn looks_like_text(head: &[u8]) -> bool {
    head.iter().all(|&byte| byte >= 0x20 || matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c))
        && String::from_utf8_lossy(head).chars().filter(|&c| c == char::REPLACEMENT_CHARACTER).count() <= 1
}

/// Whether rate and channels of a header can be meant; else the reason.
fn implausible(sample_rate: u32, channels: usize) -> Option<String> {
    if channels == 0 || channels > MAX_CHANNELS {
        return Some(format!(
            "its header says {channels} channels (1 to {MAX_CHANNELS} are possible); convert or record it again"
        ));
    }
    if sample_rate == 0 || sample_rate > MAX_SAMPLE_RATE {
        return Some(format!(
            "its header says {sample_rate} Hz (1 to {MAX_SAMPLE_RATE} are possible); convert or record it again"
        ));
    }
    None
}

fn non_finite_warning(path: &Path, first_frame: u64, sample_rate: u32) -> String {
    let at = clock_text(secs_from_samples(first_frame, sample_rate), 1);
    format!("{}: holds samples that are no numbers (first at {at}); they are taken as silence", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_told_from_sound() {
        assert!(looks_like_text(b"filename\tonset\toffset\n"));
        assert!(looks_like_text("naïve café".as_bytes()));
        assert!(!looks_like_text(b"fLaC\0\0\0\x22"));
        assert!(!looks_like_text(&[0xff, 0xfb, 0x90, 0x64]));
    }

    #[test]
    fn implausible_headers_are_named() {
        assert!(implausible(48_000, 0).is_some_and(|reason| reason.contains("0 channels")));
        assert!(implausible(0, 2).is_some_and(|reason| reason.contains("0 Hz")));
        assert_eq!(implausible(384_000, 8), None);
        assert_eq!(implausible(1, 1), None);
    }
}
