//! Which runs of frames a threshold makes of a column of scores, followed from high thresholds to low ones.
//!
//! A step costs what changes in it, not what there is: the technique of Ebbers, Serizel and Haeb-Umbach (2022), *Threshold-independent
//! evaluation of sound event detection scores*.

/// Frames `first..after`, all active, between inactive ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub first: usize,
    pub after: usize,
}

/// The memory of a sweep, used again from column to column.
#[derive(Default)]
pub(super) struct RunSweep {
    /// Frames by falling score, those of one score in order.
    order: Vec<u32>,
    /// At the first frame of a run, where it ends; 0 elsewhere.
    after_of_first: Vec<u32>,
    /// Where a run ends, its first frame and 1; 0 elsewhere.
    first_of_after: Vec<u32>,
    removed: Vec<Run>,
    added: Vec<Run>,
}

impl RunSweep {
    /// Calls `step` with each score at which runs change, which runs are no more, and which have come, both in order of time: the state
    /// below that score is that above it with this change. Negative infinity is below all thresholds.
    pub fn walk(&mut self, column: &[f64], mut step: impl FnMut(f64, &[Run], &[Run])) {
        let frames = column.len();
        self.order.clear();
        self.order.extend((0..frames as u32).filter(|&frame| column[frame as usize] > f64::NEG_INFINITY));
        // Not `total_cmp`: 0 and −0 are one score.
        self.order
            .sort_by(|&a, &b| column[b as usize].partial_cmp(&column[a as usize]).unwrap_or(std::cmp::Ordering::Equal));
        for places in [&mut self.after_of_first, &mut self.first_of_after] {
            places.clear();
            places.resize(frames + 1, 0);
        }
        let order = std::mem::take(&mut self.order);
        for level in order.chunk_by(|&a, &b| column[a as usize] == column[b as usize]) {
            self.activate(level);
            step(column[level[0] as usize], &self.removed, &self.added);
        }
        self.order = order;
    }

    /// Makes frames active that are in order of time, and notes what becomes of runs.
    fn activate(&mut self, frames: &[u32]) {
        self.removed.clear();
        self.added.clear();
        let mut frames = frames.iter().copied().peekable();
        while let Some(frame) = frames.next() {
            let mut run = Run { first: frame as usize, after: frame as usize + 1 };
            let before = std::mem::take(&mut self.first_of_after[run.first]);
            if before > 0 {
                let first = before as usize - 1;
                self.removed.push(Run { first, after: run.first });
                run.first = first;
            }
            loop {
                let next = std::mem::take(&mut self.after_of_first[run.after]) as usize;
                if next > 0 {
                    self.removed.push(Run { first: run.after, after: next });
                    run.after = next;
                } else if frames.next_if(|&next| next as usize == run.after).is_some() {
                    run.after += 1;
                } else {
                    break;
                }
            }
            // Where runs were that are now within, nothing is looked up any more.
            self.after_of_first[run.first] = run.after as u32;
            self.first_of_after[run.after] = run.first as u32 + 1;
            self.added.push(run);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(column: &[f64], score: f64) -> Vec<(usize, usize)> {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for frame in (0..column.len()).filter(|&frame| column[frame] >= score) {
            match runs.last_mut() {
                Some(last) if last.1 == frame => last.1 += 1,
                _ => runs.push((frame, frame + 1)),
            }
        }
        runs
    }

    proptest! {
        #[test]
        fn the_changes_add_up_to_the_runs_above_each_score(levels in prop::collection::vec(-1_i8..9, 0..60)) {
            let column: Vec<f64> =
                levels.iter().map(|&l| if l < 0 { f64::NEG_INFINITY } else { f64::from(l) }).collect();
            let (mut sweep, mut runs, mut steps) = (RunSweep::default(), Vec::new(), 0);
            // Twice, because memory is used again.
            for _ in 0..2 {
                runs.clear();
                steps = 0;
                sweep.walk(&column, |score, removed, added| {
                    for run in removed {
                        let place = runs.iter().position(|&known| known == (run.first, run.after)).unwrap();
                        runs.remove(place);
                    }
                    runs.extend(added.iter().map(|run| (run.first, run.after)));
                    runs.sort_unstable();
                    assert_eq!(runs, plain(&column, score));
                    steps += 1;
                });
            }
            let mut unique: Vec<i8> = levels.into_iter().filter(|&l| l >= 0).collect();
            unique.sort_unstable();
            unique.dedup();
            prop_assert_eq!(steps, unique.len());
        }
    }
}
