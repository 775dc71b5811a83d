//! Where the samples of an uncompressed recording lie in its file, and how one is coded.
//!
//! Owns the choice between the header readers. Must not read samples.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::{AudioError, pcm_apple, pcm_wave, riff};

/// How one sample is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// Unsigned, 8-bit, 128 is silence.
    U8,
    /// Signed, of 1 to 4 bytes.
    Signed {
        /// Bytes a sample, 1 to 4.
        bytes: usize,
        /// Most significant byte first.
        big_endian: bool,
    },
    /// IEEE floating point, of 4 or 8 bytes.
    Float {
        /// Bytes a sample, 4 or 8.
        bytes: usize,
        /// Most significant byte first.
        big_endian: bool,
    },
    /// ITU-T G.711 µ-law.
    MuLaw,
    /// ITU-T G.711 A-law.
    ALaw,
}

impl Coding {
    /// Bytes a sample.
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::MuLaw | Self::ALaw => 1,
            Self::Signed { bytes, .. } | Self::Float { bytes, .. } => bytes,
        }
    }

    /// In words: `PCM 16-bit`.
    pub(super) fn words(self) -> String {
        match self {
            Self::U8 => "PCM 8-bit".into(),
            Self::Signed { bytes, .. } => format!("PCM {}-bit", bytes * 8),
            Self::Float { bytes, .. } => format!("PCM {}-bit float", bytes * 8),
            Self::MuLaw => "µ-law".into(),
            Self::ALaw => "A-law".into(),
        }
    }
}

/// Where the samples are. The claims are a header's: not yet held against the size of the file.
#[derive(Clone, Debug)]
pub(super) struct PcmLayout {
    /// The container in words: `WAV`.
    pub(super) container: &'static str,
    pub(super) sample_rate: u32,
    pub(super) channels: usize,
    pub(super) coding: Coding,
    /// Byte at which the first sample begins.
    pub(super) data_offset: u64,
    /// Bytes of samples as claimed; `None` where the writer did not know (a stream, a recorder that lost power).
    pub(super) data_bytes: Option<u64>,
    /// Whether that was not claimed but worked out, because it does not fit into the header.
    pub(super) is_worked_out: bool,
}

/// The layout if the file holds plain samples, `None` if another reader must look at it.
pub(super) fn probe(path: &Path, file: &mut File, head: &[u8]) -> Result<Option<PcmLayout>, AudioError> {
    let mut header = HeaderReader::new(path, file)?;
    let starts = |magic: &[u8]| head.starts_with(magic);
    let kind_at_8 = head.get(8..12).unwrap_or_default();
    if (starts(b"RIFF") || starts(b"RF64") || starts(b"BW64")) && kind_at_8 == b"WAVE" {
        pcm_wave::riff_layout(&mut header)
    } else if starts(&riff::W64_RIFF) {
        pcm_wave::w64_layout(&mut header)
    } else if starts(b"FORM") && (kind_at_8 == b"AIFF" || kind_at_8 == b"AIFC") {
        pcm_apple::aiff_layout(&mut header)
    } else if starts(b"caff\0\x01") {
        pcm_apple::caf_layout(&mut header)
    } else if starts(b".snd") {
        pcm_apple::au_layout(&mut header)
    } else {
        Ok(None)
    }
}

/// Reads a header's fields with the file's name in every error.
pub(super) struct HeaderReader<'a> {
    path: &'a Path,
    file: &'a mut File,
    len: u64,
    steps: usize,
}

/// More sections than any real file has; a hostile one may have millions.
const MAX_SECTIONS: usize = 4_096;

impl<'a> HeaderReader<'a> {
    pub(super) fn new(path: &'a Path, file: &'a mut File) -> Result<Self, AudioError> {
        let len = file.seek(SeekFrom::End(0)).map_err(|source| AudioError::io(path, source))?;
        Ok(Self { path, file, len, steps: 0 })
    }

    /// The `N` bytes at `offset`, or `None` where the file ends before.
    pub(super) fn bytes_at<const N: usize>(&mut self, offset: u64) -> Result<Option<[u8; N]>, AudioError> {
        self.steps += 1;
        if self.steps > MAX_SECTIONS || offset.checked_add(N as u64).is_none_or(|end| end > self.len) {
            return Ok(None);
        }
        let mut bytes = [0; N];
        self.file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| self.file.read_exact(&mut bytes))
            .map_err(|source| AudioError::io(self.path, source))?;
        Ok(Some(bytes))
    }

    /// Up to `len` bytes from `offset` on, fewer where the file ends before.
    pub(super) fn up_to(&mut self, offset: u64, len: u64) -> Result<Vec<u8>, AudioError> {
        let mut bytes = Vec::new();
        self.file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| self.file.by_ref().take(len).read_to_end(&mut bytes))
            .map_err(|source| AudioError::io(self.path, source))?;
        Ok(bytes)
    }

    /// Size of the file in bytes.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// A broken header.
    pub(super) fn broken(&self, reason: &str) -> AudioError {
        AudioError::broken(self.path, reason)
    }
}
