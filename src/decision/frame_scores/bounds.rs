//! The least and the greatest score of each class over many frames at once, so that a curve of a day is drawn without a walk over its
//! frames.

use std::sync::Arc;

/// How many stretches of one level make one of the next.
const FAN: usize = 8;

/// The least and the greatest of some scores, in quanta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub low: u16,
    pub high: u16,
}

impl Bounds {
    /// Of scores that read as 0.
    pub const QUIET: Self = Self { low: 0, high: 0 };

    /// Of some scores; quiet if there are none.
    pub fn of(scores: &[u16]) -> Self {
        match (scores.iter().min(), scores.iter().max()) {
            (Some(&low), Some(&high)) => Self { low, high },
            _ => Self::QUIET,
        }
    }

    /// Of two stretches together.
    pub fn and(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }
}

/// A row of bounds, one a class; none if all of them are quiet.
pub(super) type Row = Option<Arc<[Bounds]>>;

/// Rows over 8, 64, 512 … blocks that are complete. The rows of single blocks stand elsewhere.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Pyramid {
    levels: Vec<Vec<Row>>,
}

impl Pyramid {
    /// Takes note that `blocks` blocks are complete, of which `row_of` tells the rows.
    pub fn grow(&mut self, blocks: usize, row_of: impl Fn(usize) -> Row) {
        let (mut level, mut below) = (0, blocks);
        while below >= FAN && below.is_multiple_of(FAN) {
            let row = match level {
                0 => joined((below - FAN..below).map(&row_of)),
                _ => joined(self.levels[level - 1][below - FAN..below].iter().cloned()),
            };
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            self.levels[level].push(row);
            below = self.levels[level].len();
            level += 1;
        }
    }

    /// The bounds of a class over the complete blocks `first..after`, of which `single` tells one; none for no block.
    pub fn over(&self, class: usize, first: usize, after: usize, single: impl Fn(usize) -> Bounds) -> Option<Bounds> {
        let mut bounds: Option<Bounds> = None;
        let mut take = |level: usize, place: usize| {
            let one = match level {
                0 => single(place),
                _ => self.at(level - 1, place, class),
            };
            bounds = Some(bounds.map_or(one, |bounds| bounds.and(one)));
        };
        let (mut level, mut first, mut after) = (0, first, after);
        while first < after {
            while first < after && !first.is_multiple_of(FAN) {
                take(level, first);
                first += 1;
            }
            while first < after && !after.is_multiple_of(FAN) {
                after -= 1;
                take(level, after);
            }
            (level, first, after) = (level + 1, first / FAN, after / FAN);
        }
        bounds
    }

    fn at(&self, level: usize, place: usize, class: usize) -> Bounds {
        let row = self.levels.get(level).and_then(|rows| rows.get(place));
        row.and_then(Option::as_ref).and_then(|row| row.get(class)).copied().unwrap_or(Bounds::QUIET)
    }
}

fn joined(rows: impl Iterator<Item = Row>) -> Row {
    let mut joined: Option<Vec<Bounds>> = None;
    let mut has_quiet = false;
    for row in rows {
        let Some(row) = row else {
            has_quiet = true;
            continue;
        };
        match &mut joined {
            None => joined = Some(row.to_vec()),
            Some(joined) => joined.iter_mut().zip(row.iter()).for_each(|(all, &one)| *all = all.and(one)),
        }
    }
    let mut joined = joined?;
    if has_quiet {
        joined.iter_mut().for_each(|bounds| bounds.low = 0);
    }
    Some(joined.into())
}
