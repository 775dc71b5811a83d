//! Writing a picture into a file.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use crate::dsp::peaks::PackedPeak;
use crate::spectrogram::Tile;

use super::PictureKey;
use super::header::{self, Kind, Shape};

/// Bytes that are written at once.
const WRITE_BYTES: usize = 1 << 20;

/// A plane of a picture.
#[derive(Clone, Debug, Default)]
pub struct PlaneParts {
    /// Tiles of the kept levels, the base level first.
    pub tiles: Vec<Vec<Arc<Tile>>>,
    /// Pages of peaks, the finest level first.
    pub peaks: Vec<Vec<Arc<[PackedPeak]>>>,
}

/// A picture to be kept. The parts are those of [`CoarseBuilder::levels`](crate::spectrogram::CoarseBuilder::levels) and
/// [`WaveBuilder::levels`](crate::spectrogram::WaveBuilder::levels).
#[derive(Clone, Debug)]
pub struct PictureParts {
    /// How much there is of it.
    pub shape: Shape,
    /// What is to be kept with it.
    pub notes: Vec<u8>,
    /// The planes.
    pub planes: Vec<PlaneParts>,
}

impl PictureParts {
    /// Bytes of the file.
    pub(super) fn file_bytes(&self) -> u128 {
        self.shape.file_bytes(self.notes.len() as u64)
    }

    pub(super) fn write(&self, key: &PictureKey, file: &File) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(WRITE_BYTES, file);
        out.write_all(&header::encode(key, &self.shape, self.notes.len() as u64))?;
        write_checked(&mut out, &self.notes)?;
        for section in self.shape.sections() {
            let plane = self.planes.get(section.plane).ok_or_else(misfit)?;
            for block in 0..section.blocks() {
                let place = block as usize;
                let bytes = section.block_bytes(block) as usize;
                match section.kind {
                    Kind::Tiles => {
                        let tile = plane.tiles.get(section.depth).and_then(|tiles| tiles.get(place));
                        let content = tile.map(|tile| tile.bytes()).filter(|content| content.len() == bytes);
                        write_checked(&mut out, content.ok_or_else(misfit)?)?;
                    }
                    Kind::Peaks => {
                        let page = plane.peaks.get(section.depth).and_then(|pages| pages.get(place));
                        let content: Vec<u8> =
                            page.ok_or_else(misfit)?.iter().flat_map(|peak| peak.to_bytes()).collect();
                        if content.len() != bytes {
                            return Err(misfit());
                        }
                        write_checked(&mut out, &content)?;
                    }
                }
            }
        }
        out.flush()
    }
}

fn write_checked(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    out.write_all(bytes)?;
    out.write_all(&crc32fast::hash(bytes).to_le_bytes())
}

/// The parts are not of the shape.
fn misfit() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "the parts of the picture do not fit together")
}
