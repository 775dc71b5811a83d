//! Rows within a label's lane, so that events of one label that overlap are all seen. Pure.

use crate::time::Span;

/// More rows than this would be too thin; what overlaps beyond that shares one.
const MOST_ROWS: usize = 4;

/// Which row each of some spans has, and how many rows there are, at least one.
#[derive(Clone, Debug, PartialEq)]
pub struct SubLanes {
    /// The row of each span, from the top, in the order in which they came.
    pub rows: Vec<usize>,
    /// How many rows there are.
    pub count: usize,
}

/// Puts spans, which come by onset, into as few rows as they need.
pub fn sub_lanes(spans: impl Iterator<Item = Span>) -> SubLanes {
    let mut ends: Vec<f64> = Vec::new();
    let mut rows = Vec::new();
    for span in spans {
        let free = ends.iter().position(|&end| end <= span.onset_secs);
        let row = match free {
            Some(row) => row,
            None if ends.len() < MOST_ROWS => {
                ends.push(f64::NEG_INFINITY);
                ends.len() - 1
            }
            None => ends.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(row, _)| row),
        };
        if let Some(end) = ends.get_mut(row) {
            *end = end.max(span.offset_secs);
        }
        rows.push(row);
    }
    SubLanes { rows, count: ends.len().max(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_that_overlap_have_rows_of_their_own() {
        let of = |spans: &[(f64, f64)]| sub_lanes(spans.iter().map(|&(from, to)| Span::between(from, to)));
        assert_eq!(of(&[]), SubLanes { rows: Vec::new(), count: 1 });
        assert_eq!(of(&[(0.0, 1.0), (1.0, 2.0)]), SubLanes { rows: vec![0, 0], count: 1 });
        assert_eq!(of(&[(0.0, 3.0), (1.0, 2.0), (2.0, 4.0)]), SubLanes { rows: vec![0, 1, 1], count: 2 });
        let many: Vec<(f64, f64)> = (0..9).map(|place| (f64::from(place), 100.0 + f64::from(place))).collect();
        let lanes = of(&many);
        assert_eq!((lanes.count, lanes.rows.len()), (MOST_ROWS, 9));
        assert!(lanes.rows.iter().all(|&row| row < MOST_ROWS));
    }
}
