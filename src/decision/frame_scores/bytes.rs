//! Frame scores as bytes, for the project file, and back with every length checked before anything is allocated for it.
//!
//! Layout, little-endian: `EMFS`, version (u32), first onset and hop in seconds (f64), frame count (u64), class count (u32); then
//! each class: length of its name (u32), name in UTF-8, peak (f32), one bit a block saying whether it is stored (the lowest bit
//! first, filled up to whole bytes), and the stored blocks of 256 scores (u16). Blocks of the same class follow each other in time.

use super::{BLOCK_FRAMES, Block, FrameAxis, FrameScores, Pyramid, Slab};
use std::sync::Arc;

const MAGIC: &[u8; 4] = b"EMFS";
const VERSION: u32 = 1;
/// Blocks of all classes together: a day of 527 classes at 300 frames a second.
const MAX_BLOCKS: u64 = 1 << 26;
const BLOCK_BYTES: usize = BLOCK_FRAMES * 2;

/// Why bytes are no frame scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScoreBytesError {
    /// They begin with something else.
    #[error("these are no frame scores")]
    NoScores,
    /// A layout that this program does not know.
    #[error("the frame scores have layout {0}, which only a newer program can read")]
    Version(u32),
    /// They end before they should, or go on after it.
    #[error("the frame scores are {0}")]
    Length(&'static str),
    /// A value that no frame scores can have.
    #[error("the frame scores have an impossible {0}")]
    Value(&'static str),
}

impl FrameScores {
    /// All that is stored, in a layout that [`FrameScores::from_bytes`] reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64 + self.classes.len() * 32 + self.memory_bytes());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.axis.first_onset_secs.to_le_bytes());
        bytes.extend_from_slice(&self.axis.hop_secs.to_le_bytes());
        bytes.extend_from_slice(&(self.frame_count as u64).to_le_bytes());
        bytes.extend_from_slice(&(self.classes.len() as u32).to_le_bytes());
        for (place, (class, peak)) in self.classes.iter().zip(&self.peaks).enumerate() {
            let column: Vec<Option<&Block>> =
                self.slabs.iter().map(|slab| slab.as_ref()?.columns.get(place)?.as_ref()).collect();
            bytes.extend_from_slice(&(class.len() as u32).to_le_bytes());
            bytes.extend_from_slice(class.as_bytes());
            bytes.extend_from_slice(&peak.to_le_bytes());
            for blocks in column.chunks(8) {
                let bits = blocks.iter().enumerate().map(|(bit, block)| u8::from(block.is_some()) << bit);
                bytes.push(bits.fold(0, |all, bit| all | bit));
            }
            for block in column.into_iter().flatten() {
                bytes.extend(block.iter().flat_map(|score| score.to_le_bytes()));
            }
        }
        bytes
    }

    /// The scores of which [`FrameScores::to_bytes`] made these bytes.
    ///
    /// # Errors
    /// Anything but whole, possible scores; the memory that is taken is bounded by 32 bytes a block and the bytes themselves.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ScoreBytesError> {
        let mut rest = Rest(bytes);
        if rest.take(MAGIC.len()) != Ok(MAGIC) {
            return Err(ScoreBytesError::NoScores);
        }
        let version = rest.u32()?;
        if version != VERSION {
            return Err(ScoreBytesError::Version(version));
        }
        let axis = FrameAxis {
            first_onset_secs: f64::from_le_bytes(rest.array()?),
            hop_secs: f64::from_le_bytes(rest.array()?),
        };
        if !axis.first_onset_secs.is_finite() || !axis.hop_secs.is_finite() || axis.hop_secs <= 0.0 {
            return Err(ScoreBytesError::Value("time axis"));
        }
        let frame_count = u64::from_le_bytes(rest.array()?);
        let class_count = u64::from(rest.u32()?);
        let block_count = frame_count.div_ceil(BLOCK_FRAMES as u64);
        // A class takes 8 bytes at least, even without a block; without a class, no frame can have been counted.
        if block_count.saturating_mul(class_count.max(1)) > MAX_BLOCKS || class_count * 8 > rest.0.len() as u64 {
            return Err(ScoreBytesError::Value("size"));
        }
        let (mut classes, mut columns, mut peaks) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..class_count {
            let (class, peak, column) = rest.class(block_count as usize)?;
            classes.push(class);
            peaks.push(peak);
            columns.push(column);
        }
        if !rest.0.is_empty() {
            return Err(ScoreBytesError::Length("too long"));
        }
        let classes = classes.into();
        let (slabs, pyramid) = (Vec::new(), Pyramid::default());
        let (frame_count, origin) = (frame_count as usize, Arc::default());
        let mut scores = Self { axis, classes, frame_count, slabs, pyramid, peaks, origin };
        scores.take_columns(columns);
        Ok(scores)
    }

    /// Puts the blocks of each class together to those of all.
    fn take_columns(&mut self, mut columns: Vec<Column>) {
        let complete = self.frame_count / BLOCK_FRAMES;
        for block in 0..columns.first().map_or(0, Vec::len) {
            let of_classes: Vec<Option<Block>> = columns.iter_mut().map(|column| column[block].take()).collect();
            let slab = Slab::complete(of_classes);
            if block < complete {
                self.slabs.push(slab);
                self.grow_pyramid(block + 1);
            } else {
                // More frames may follow in this one.
                self.slabs.push(slab.map(|slab| Arc::new(Slab { columns: slab.columns.clone(), bounds: None })));
            }
        }
    }
}

type Column = Vec<Option<Block>>;

/// What has not been read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], ScoreBytesError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(ScoreBytesError::Length("cut short"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ScoreBytesError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(ScoreBytesError::Length("cut short"))?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u32(&mut self) -> Result<u32, ScoreBytesError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn class(&mut self, block_count: usize) -> Result<(Arc<str>, f32, Column), ScoreBytesError> {
        let name_length = self.u32()? as usize;
        let name = std::str::from_utf8(self.take(name_length)?).map_err(|_| ScoreBytesError::Value("class name"))?;
        let peak = f32::from_le_bytes(self.array()?);
        if !(0.0..=1.0).contains(&peak) {
            return Err(ScoreBytesError::Value("peak"));
        }
        let bits = self.take(block_count.div_ceil(8))?;
        let is_stored = |block: usize| bits[block / 8] >> (block % 8) & 1 == 1;
        let stored_count = (0..block_count).filter(|&block| is_stored(block)).count();
        let mut stored = self.take(stored_count * BLOCK_BYTES)?.chunks_exact(BLOCK_BYTES);
        let column =
            (0..block_count).map(|block| if is_stored(block) { stored.next().map(block_of) } else { None }).collect();
        Ok((name.into(), peak, column))
    }
}

fn block_of(bytes: &[u8]) -> Block {
    let mut block = Box::new([0; BLOCK_FRAMES]);
    for (score, pair) in block.iter_mut().zip(bytes.chunks_exact(2)) {
        *score = u16::from_le_bytes([pair[0], pair[1]]);
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scores(frame_count: usize) -> FrameScores {
        let classes: Vec<Arc<str>> = vec!["Dog".into(), "Möwe".into(), "quiet".into()];
        let mut scores = FrameScores::new(FrameAxis { first_onset_secs: 0.43, hop_secs: 0.1 }, classes.into());
        for frame in 0..frame_count {
            // The second class is heard only within one block.
            let second = if (600..700).contains(&frame) { 0.7 } else { 0.0 };
            scores.push(&[(frame % 97) as f32 / 97.0, second, 0.001]);
        }
        scores
    }

    #[test]
    fn bytes_bring_the_same_scores_back() {
        for frame_count in [0, 1, 255, 256, 257, 3000] {
            let scores = scores(frame_count);
            assert_eq!(FrameScores::from_bytes(&scores.to_bytes()), Ok(scores), "{frame_count}");
        }
        // Twelve blocks of the first class, one of the second, and the last, unfinished one of the second and the third.
        assert!(scores(3000).to_bytes().len() < 15 * BLOCK_BYTES + 128);
    }

    #[test]
    fn a_part_or_more_than_the_whole_is_refused() {
        let mut bytes = scores(300).to_bytes();
        for length in 0..bytes.len() {
            assert!(FrameScores::from_bytes(&bytes[..length]).is_err(), "{length}");
        }
        bytes.push(0);
        assert_eq!(FrameScores::from_bytes(&bytes), Err(ScoreBytesError::Length("too long")));
    }

    #[test]
    fn hostile_counts_are_refused_before_memory_is_taken() {
        let bytes = scores(0).to_bytes();
        for (place, value) in [(24, u64::MAX), (24, 1 << 40), (32, u64::from(u32::MAX))] {
            let mut hostile = bytes.clone();
            let width = if place == 32 { 4 } else { 8 };
            hostile[place..place + width].copy_from_slice(&value.to_le_bytes()[..width]);
            assert_eq!(FrameScores::from_bytes(&hostile), Err(ScoreBytesError::Value("size")));
        }
        let mut empty = FrameScores::new(FrameAxis { first_onset_secs: 0.0, hop_secs: 0.1 }, Arc::default()).to_bytes();
        assert!(FrameScores::from_bytes(&empty).is_ok());
        empty[24..32].copy_from_slice(&u64::MAX.to_le_bytes());
        assert_eq!(FrameScores::from_bytes(&empty), Err(ScoreBytesError::Value("size")));
        let mut newer = bytes.clone();
        newer[4] = 9;
        assert_eq!(FrameScores::from_bytes(&newer), Err(ScoreBytesError::Version(9)));
        let mut still = bytes;
        still[16..24].copy_from_slice(&0.0_f64.to_le_bytes());
        assert_eq!(FrameScores::from_bytes(&still), Err(ScoreBytesError::Value("time axis")));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(changes in prop::collection::vec((0_usize..400, any::<u8>()), 0..20)) {
            let mut bytes = scores(300).to_bytes();
            for (place, byte) in changes {
                bytes[place] = byte;
            }
            let _ = FrameScores::from_bytes(&bytes);
        }
    }
}
