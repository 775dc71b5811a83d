//! The beginning of a file: what it is of and how much of what it holds. All numbers have their lowest byte first.
//!
//! After the header come the notes, then sections of blocks, each block followed by its CRC-32: the coarse levels of all planes, the
//! coarsest first; the levels of peaks, the coarsest first; the base level. A block is a tile or a page of peaks.

use crate::dsp::peaks::PackedPeak;
use crate::spectrogram::{PAGE_PEAKS, StoredCoarse, TILE_COLUMNS, WaveBuilder};

use super::PictureKey;

/// Bytes of a header.
pub(super) const HEADER_BYTES: usize = 160;

const MAGIC: [u8; 8] = *b"EARMPIC\n";

/// Changes with the form of the files.
const VERSION: u32 = 1;

/// Planes that are believed.
const MOST_PLANES: u32 = 256;

/// Bytes of a checksum.
pub(super) const SUM_BYTES: u64 = 4;

/// How much a picture holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Planes.
    pub planes: usize,
    /// Rows of a column, ≥ 1.
    pub rows: usize,
    /// Columns of the base level.
    pub columns: u64,
    /// Blocks of samples that have a peak.
    pub blocks: u64,
    /// Samples of the recording that were read for it.
    pub frames_read: u64,
    /// Whether that is the whole recording.
    pub is_finished: bool,
}

/// What a section holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Tiles,
    Peaks,
}

/// Blocks of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) kind: Kind,
    pub(super) plane: usize,
    /// Place of the level, 0 is the finest.
    pub(super) depth: usize,
    /// Columns or peaks.
    pub(super) count: u64,
    /// Bytes of a column or peak.
    pub(super) each: u64,
}

impl Section {
    /// Columns or peaks in a block.
    pub(super) fn in_block(&self) -> u64 {
        match self.kind {
            Kind::Tiles => TILE_COLUMNS,
            Kind::Peaks => PAGE_PEAKS as u64,
        }
    }

    pub(super) fn blocks(&self) -> u64 {
        self.count.div_ceil(self.in_block())
    }

    /// Bytes of a block, without its sum.
    pub(super) fn block_bytes(&self, block: u64) -> u64 {
        self.count.saturating_sub(block * self.in_block()).min(self.in_block()) * self.each
    }

    fn file_bytes(&self) -> u128 {
        u128::from(self.count) * u128::from(self.each) + u128::from(self.blocks()) * u128::from(SUM_BYTES)
    }
}

impl Shape {
    /// All sections, in the order of the file.
    pub(super) fn sections(&self) -> Vec<Section> {
        let tiles = StoredCoarse::columns_by_depth(self.columns, self.is_finished);
        let peaks = WaveBuilder::counts_by_level(self.blocks);
        let of = |kind, each: usize, depth: usize, count: u64| {
            (0..self.planes).map(move |plane| Section { kind, plane, depth, count, each: each as u64 })
        };
        let mut sections = Vec::new();
        for depth in (1..tiles.len()).rev() {
            sections.extend(of(Kind::Tiles, self.rows, depth, tiles[depth]));
        }
        for depth in (0..peaks.len()).rev() {
            sections.extend(of(Kind::Peaks, PackedPeak::BYTES, depth, peaks[depth]));
        }
        sections.extend(of(Kind::Tiles, self.rows, 0, tiles[0]));
        sections
    }

    /// Length of a file with notes of `notes_bytes`.
    pub(super) fn file_bytes(&self, notes_bytes: u64) -> u128 {
        let sections: u128 = self.sections().iter().map(Section::file_bytes).sum();
        HEADER_BYTES as u128 + u128::from(notes_bytes) + u128::from(SUM_BYTES) + sections
    }
}

/// The header of a file.
pub(super) fn encode(key: &PictureKey, shape: &Shape, notes_bytes: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES);
    bytes.extend(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(u32::from(shape.is_finished).to_le_bytes());
    bytes.extend(key.recording.file_bytes.to_le_bytes());
    bytes.extend(key.recording.sum);
    bytes.extend(key.modified_secs.to_le_bytes());
    bytes.extend(key.picture);
    bytes.extend((shape.planes as u64).to_le_bytes());
    bytes.extend((shape.rows as u64).to_le_bytes());
    bytes.extend(shape.columns.to_le_bytes());
    bytes.extend(shape.blocks.to_le_bytes());
    bytes.extend(shape.frames_read.to_le_bytes());
    bytes.extend(notes_bytes.to_le_bytes());
    bytes.extend([0; 12]);
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

/// Why a header is not that of a picture.
pub(super) enum Refusal {
    /// What is wrong with it.
    Damaged(&'static str),
    /// It is of the same recording before or after a change.
    OtherState,
}

impl From<&'static str> for Refusal {
    fn from(reason: &'static str) -> Self {
        Self::Damaged(reason)
    }
}

/// What a header says, if it is that of this picture.
pub(super) fn decode(bytes: &[u8; HEADER_BYTES], key: &PictureKey) -> Result<(Shape, u64), Refusal> {
    let (content, sum) = bytes.split_at(HEADER_BYTES - 4);
    if bytes[..8] != MAGIC {
        return Err("is not a kept picture".into());
    }
    if sum != crc32fast::hash(content).to_le_bytes() {
        return Err("has a damaged header".into());
    }
    let at = |place: usize| {
        content.get(place..place + 8).and_then(|part| part.try_into().ok()).map_or(0, u64::from_le_bytes)
    };
    if content[8..12] != VERSION.to_le_bytes() {
        return Err("was written by another version".into());
    }
    let is_of_this = at(16) == key.recording.file_bytes && content[24..56] == key.recording.sum;
    if !is_of_this || content[64..96] != key.picture {
        return Err("is another picture".into());
    }
    // File systems keep times to two seconds or better.
    if (at(56) as i64).abs_diff(key.modified_secs) > 2 {
        return Err(Refusal::OtherState);
    }
    let (planes, rows) = (at(96), at(104));
    if planes == 0 || planes > u64::from(MOST_PLANES) || rows == 0 || rows > 1 << 20 {
        return Err("has an unlikely shape".into());
    }
    let shape = Shape {
        planes: planes as usize,
        rows: rows as usize,
        columns: at(112),
        blocks: at(120),
        frames_read: at(128),
        is_finished: content[12] != 0,
    };
    Ok((shape, at(136)))
}
