//! The middle level of each row over a whole recording, as far as it is known: what bands are normalised by. Counts bytes, so that
//! memory does not grow with the recording.

/// How often each row had each byte.
#[derive(Clone, Debug)]
pub struct RowMedians {
    counts: Vec<[u32; 256]>,
    columns: u64,
}

impl RowMedians {
    /// For columns of `rows` bytes; 1 KB a row.
    pub fn new(rows: usize) -> Self {
        Self { counts: vec![[0; 256]; rows.max(1)], columns: 0 }
    }

    /// Takes whole columns in, one after the other.
    pub fn push(&mut self, columns: &[u8]) {
        for column in columns.chunks_exact(self.counts.len()) {
            for (counts, &byte) in self.counts.iter_mut().zip(column) {
                counts[usize::from(byte)] = counts[usize::from(byte)].saturating_add(1);
            }
            self.columns += 1;
        }
    }

    /// Columns taken in.
    pub fn columns(&self) -> u64 {
        self.columns
    }

    /// The middle byte of each row (the lower one of two); 0 where nothing is known.
    pub fn medians(&self) -> Vec<u8> {
        let half = self.columns.div_ceil(2);
        let median = |counts: &[u32; 256]| {
            let mut below = 0;
            let is_reached = |&count: &u32| {
                below += u64::from(count);
                below >= half
            };
            counts.iter().position(is_reached).unwrap_or(0) as u8
        };
        self.counts.iter().map(median).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_that_of_a_sorted_row() {
        let rows = 7;
        let columns: Vec<Vec<u8>> =
            (0..101_usize).map(|n| (0..rows).map(|row| (n * n * 31 + row * 57 + n * row) as u8).collect()).collect();
        let mut medians = RowMedians::new(rows);
        for count in 1..=columns.len() {
            medians.push(&columns[count - 1]);
            for row in 0..rows {
                let mut sorted: Vec<u8> = columns[..count].iter().map(|column| column[row]).collect();
                sorted.sort_unstable();
                assert_eq!(medians.medians()[row], sorted[(count - 1) / 2], "{count} columns, row {row}");
            }
        }
        assert_eq!(RowMedians::new(3).medians(), [0; 3]);
    }
}
