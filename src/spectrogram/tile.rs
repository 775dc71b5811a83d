//! One block of quantised columns, and how two of them become their parent.

use super::{Channel, TILE_COLUMNS, TileKey};

/// Up to [`TILE_COLUMNS`] columns of one level. What a byte stands for, the picture's
/// [`ValueScale`](super::ValueScale) says.
#[derive(Debug, PartialEq, Eq)]
pub struct Tile {
    /// Which tile this is.
    pub key: TileKey,
    /// Bytes in a column, lowest frequency first.
    pub rows: usize,
    /// Rows of the layout's axis whose maximum a row is.
    pub bins_per_row: usize,
    /// The columns one after the other, `rows` bytes each.
    bytes: Vec<u8>,
}

impl Tile {
    /// A tile from whole columns; bytes beyond the last whole column and beyond [`TILE_COLUMNS`] are cut off.
    pub fn new(key: TileKey, rows: usize, bins_per_row: usize, mut bytes: Vec<u8>) -> Self {
        let rows = rows.max(1);
        bytes.truncate((bytes.len() / rows).min(TILE_COLUMNS as usize) * rows);
        bytes.shrink_to_fit();
        Self { key, rows, bins_per_row: bins_per_row.max(1), bytes }
    }

    /// Columns present: fewer than [`TILE_COLUMNS`] at the end of the recording, or of what is known of it so far.
    pub fn columns(&self) -> usize {
        self.bytes.len() / self.rows
    }

    /// One column, lowest frequency first; empty if it is not there.
    pub fn column(&self, column: usize) -> &[u8] {
        self.bytes.get(column * self.rows..(column + 1) * self.rows).unwrap_or(&[])
    }

    /// All columns one after the other.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The tile one level up: each column the maximum of two neighbouring ones, each row of `bins_per_row` bins. A last column
    /// without a neighbour is kept if `is_end` (the recording ends there), else left out until its neighbour is known.
    pub fn parent(children: [Option<&Self>; 2], channel: Channel, bins_per_row: usize, is_end: bool) -> Option<Self> {
        let first = children[0]?;
        let group = (bins_per_row / first.bins_per_row).max(1);
        let rows = first.rows.div_ceil(group);
        let mut bytes = Vec::with_capacity(rows * TILE_COLUMNS as usize);
        for child in children.into_iter().flatten() {
            for pair in 0..child.columns().div_ceil(2) {
                let (left, right) = (child.column(2 * pair), child.column(2 * pair + 1));
                if right.is_empty() && !is_end {
                    break;
                }
                bytes.extend(left.chunks(group).map(|bins| bins.iter().copied().max().unwrap_or(0)));
                let start = bytes.len() - rows;
                raise(&mut bytes[start..], right, group);
            }
        }
        let key = TileKey { channel, level: first.key.level + 1, index: first.key.index / 2 };
        Some(Self::new(key, rows, bins_per_row, bytes))
    }
}

/// Raises each byte to the maximum of its group of `group` bytes in `column`, where that is greater.
pub(super) fn raise(bytes: &mut [u8], column: &[u8], group: usize) {
    for (byte, bins) in bytes.iter_mut().zip(column.chunks(group)) {
        for &bin in bins {
            *byte = (*byte).max(bin);
        }
    }
}
