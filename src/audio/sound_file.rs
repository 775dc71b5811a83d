//! One recording's file, opened by any number of threads, with what they find out about it shared among them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::seek_index::SeekIndex;
use super::{AudioError, SampleSource, open_with};

/// A file with sound. Copies share what was found out: once one source has read the whole (the pass that makes the overview does), every
/// other reaches any sample of an MP3, AAC or Matroska file by a short jump instead of by reading up to there.
#[derive(Clone, Debug)]
pub struct SoundFile {
    path: PathBuf,
    index: Arc<SeekIndex>,
}

impl PartialEq for SoundFile {
    /// Whether they are the same file; what was found out about it is not compared.
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for SoundFile {}

impl SoundFile {
    /// A file of which nothing is known yet. Reads nothing.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), index: Arc::default() }
    }

    /// Where the file lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens it once more, for one more thread; as [`super::open`].
    pub fn open(&self) -> Result<Box<dyn SampleSource>, AudioError> {
        open_with(&self.path, &self.index)
    }

    /// What was found out so far, for a cache: 32 bytes a second of sound in formats without a table of their own, 48 bytes in others;
    /// 4 MB at most.
    pub fn seek_index_bytes(&self) -> Vec<u8> {
        self.index.to_bytes()
    }

    /// Takes in what [`SoundFile::seek_index_bytes`] gave for this file at another time. Returns whether it was taken: not if the bytes are
    /// broken or of another version, and not if they know less than is known already. Reads no file: whether the index fits the file is
    /// found when it is opened (its size) and at each jump (the packet that is met there), and an index that does not fit is not used.
    pub fn restore(&self, bytes: &[u8]) -> bool {
        self.index.restore(bytes)
    }
}
