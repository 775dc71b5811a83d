//! Reading a kept picture piece by piece, the coarse levels first. Takes no more memory than the file is long, whatever it says.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::dsp::peaks::PackedPeak;

use super::header::{self, HEADER_BYTES, Kind, Refusal, Section, Shape};
use super::{CacheError, PictureKey};

/// A piece of a picture, as large as it is kept in memory.
#[derive(Debug)]
pub enum Piece {
    /// Columns of a kept level, of up to a tile.
    Tile {
        /// Of which plane.
        plane: usize,
        /// Place of the level among the kept ones, 0 is the base level.
        depth: usize,
        /// Place in the level.
        index: u64,
        /// The columns, one after the other.
        bytes: Vec<u8>,
    },
    /// Peaks of a level, of up to a page.
    Peaks {
        /// Of which plane.
        plane: usize,
        /// Level, 0 is the finest.
        level: usize,
        /// Place in the level.
        page: usize,
        /// The peaks.
        peaks: Arc<[PackedPeak]>,
    },
}

/// A kept picture that is being read.
#[derive(Debug)]
pub struct StoredPicture {
    path: PathBuf,
    file: File,
    shape: Shape,
    notes: Vec<u8>,
    /// What is still to be read, the next section last.
    sections: Vec<Section>,
    /// Blocks of the next section that were read.
    block: u64,
}

impl StoredPicture {
    pub(super) fn open(path: &Path, key: &PictureKey) -> Result<Self, CacheError> {
        let failed = |source| CacheError::io(path, source);
        let mut file = File::open(path).map_err(failed)?;
        let file_bytes = file.metadata().map_err(failed)?.len();
        let mut bytes = [0; HEADER_BYTES];
        if file_bytes < HEADER_BYTES as u64 {
            return Err(CacheError::damaged(path, "is too short"));
        }
        file.read_exact(&mut bytes).map_err(failed)?;
        let (shape, notes_bytes) = header::decode(&bytes, key).map_err(|refusal| match refusal {
            Refusal::Damaged(reason) => CacheError::damaged(path, reason),
            Refusal::OtherState => CacheError::OtherState { path: path.to_owned() },
        })?;
        // From here on all lengths are bounded by the file's own.
        if shape.file_bytes(notes_bytes) != u128::from(file_bytes) {
            return Err(CacheError::damaged(path, "does not have the length that it says"));
        }
        let mut sections = shape.sections();
        sections.reverse();
        let mut stored = Self { path: path.to_owned(), file, shape, notes: Vec::new(), sections, block: 0 };
        stored.notes = stored.checked(notes_bytes)?;
        Ok(stored)
    }

    /// How much it holds.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// What was kept with it.
    pub fn notes(&self) -> &[u8] {
        &self.notes
    }

    /// The next piece; `None` after the last one.
    ///
    /// # Errors
    /// The file cannot be read or is damaged; all pieces before are right.
    pub fn next_piece(&mut self) -> Result<Option<Piece>, CacheError> {
        while let Some(section) = self.sections.last().copied() {
            if self.block == section.blocks() {
                self.sections.pop();
                self.block = 0;
                continue;
            }
            let bytes = self.checked(section.block_bytes(self.block))?;
            let (plane, depth, block) = (section.plane, section.depth, self.block);
            self.block += 1;
            return Ok(Some(match section.kind {
                Kind::Tiles => Piece::Tile { plane, depth, index: block, bytes },
                Kind::Peaks => {
                    let peaks = bytes.as_chunks().0.iter().map(|&bytes| PackedPeak::from_bytes(bytes)).collect();
                    Piece::Peaks { plane, level: depth, page: block as usize, peaks }
                }
            }));
        }
        Ok(None)
    }

    /// Bytes that are followed by their sum.
    fn checked(&mut self, count: u64) -> Result<Vec<u8>, CacheError> {
        let mut bytes = vec![0; count as usize];
        let mut sum = [0; 4];
        let read = self.file.read_exact(&mut bytes).and_then(|()| self.file.read_exact(&mut sum));
        read.map_err(|source| match source.kind() {
            ErrorKind::UnexpectedEof => CacheError::damaged(&self.path, "is shorter than it was"),
            _ => CacheError::io(&self.path, source),
        })?;
        if crc32fast::hash(&bytes).to_le_bytes() != sum {
            return Err(CacheError::damaged(&self.path, "is damaged"));
        }
        Ok(bytes)
    }
}
