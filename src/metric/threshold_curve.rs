//! What is right and wrong at each threshold, and the numbers that follow from it: F-scores, the best threshold, areas under curves.
//!
//! Reproduces the curves of sed_scores_eval 0.0.4. How counts come about is told elsewhere, one measure a file.

use super::{Counts, Measured, Undefined};

/// How counts change where the threshold falls below a score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Change {
    pub score: f64,
    pub true_positives: i32,
    pub false_positives: i32,
    /// Cross-triggers, each by the reciprocal of the reference duration of the class that triggered it, in 1/s.
    pub cross_rate: f64,
}

/// The changes of one class over all files.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Scores at which a false alarm begins or ends and nothing else happens, by far the most; as keys, because integers sort fast.
    begun: Vec<u64>,
    ended: Vec<u64>,
    others: Vec<Change>,
}

/// An integer that orders as the number does; 0 and −0 are one.
fn key_of(score: f64) -> u64 {
    let bits = (score + 0.0).to_bits();
    bits ^ (((bits as i64) >> 63) as u64 >> 1) ^ (1 << 63)
}

fn score_of(key: u64) -> f64 {
    let bits = key ^ (1 << 63);
    f64::from_bits(bits ^ (((bits as i64) >> 63) as u64 >> 1))
}

impl Changes {
    pub fn push(&mut self, change: Change) {
        self.others.push(Change { score: change.score + 0.0, ..change });
    }

    /// Takes a column in which all that is active is a false alarm: one begins at each local maximum, and two become one at each local
    /// minimum between them.
    pub fn push_false_alarms(&mut self, column: &[f64]) {
        let mut before = f64::NEG_INFINITY;
        for (frame, &score) in column.iter().enumerate() {
            let next = column.get(frame + 1).copied().unwrap_or(f64::NEG_INFINITY);
            let (rises, rises_after) = (score > before, next > score);
            if rises != rises_after && score > f64::NEG_INFINITY {
                let keys = if rises { &mut self.begun } else { &mut self.ended };
                keys.push(key_of(score));
            }
            before = score;
        }
    }

    /// The counts below each score.
    pub fn into_curve(mut self, reference: usize) -> ThresholdCurve {
        for keys in [&mut self.begun, &mut self.ended] {
            keys.sort_unstable();
        }
        self.others.sort_unstable_by(|a, b| a.score.total_cmp(&b.score));
        let Self { mut begun, mut ended, mut others } = self;
        let mut points = vec![OperatingPoint::NOTHING];
        let (mut true_positives, mut false_positives, mut cross_rate) = (0_i64, 0_i64, 0.0_f64);
        loop {
            let other_key = others.last().map(|change| key_of(change.score));
            let Some(key) = [begun.last().copied(), ended.last().copied(), other_key].into_iter().flatten().max()
            else {
                break;
            };
            false_positives += pop_equal(&mut begun, key) - pop_equal(&mut ended, key);
            while let Some(change) = others.pop_if(|change| key_of(change.score) == key) {
                true_positives += i64::from(change.true_positives);
                false_positives += i64::from(change.false_positives);
                cross_rate += change.cross_rate;
            }
            points.push(OperatingPoint {
                below: score_of(key),
                true_positives: true_positives.max(0) as u32,
                false_positives: false_positives.max(0) as u32,
                cross_rate,
            });
        }
        ThresholdCurve { points, reference, negatives: None }
    }
}

fn pop_equal(keys: &mut Vec<u64>, key: u64) -> i64 {
    let count = keys.iter().rev().take_while(|&&last| last == key).count();
    keys.truncate(keys.len() - count);
    count as i64
}

/// What thresholds between two scores give.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OperatingPoint {
    /// The threshold is below this score, and not below that of the next point.
    pub below: f64,
    /// Reference events, or segments, that are found.
    pub true_positives: u32,
    /// What is found and is not there.
    pub false_positives: u32,
    /// Cross-triggers per second of what triggers them, summed over the other classes.
    pub cross_rate: f64,
}

impl OperatingPoint {
    /// Above all scores.
    pub const NOTHING: Self = Self { below: f64::INFINITY, true_positives: 0, false_positives: 0, cross_rate: 0.0 };
}

/// The counts of one class at every threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct ThresholdCurve {
    /// From above all scores down to below all; the first point is [`OperatingPoint::NOTHING`].
    pub points: Vec<OperatingPoint>,
    /// Reference events, or segments with one.
    pub reference: usize,
    /// Segments without the label, where it is segments that count.
    pub negatives: Option<usize>,
}

/// Precision, recall and F-score at a threshold, each 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FScore {
    /// The harmonic mean of the two.
    pub f: f64,
    /// The share of what is found that is right; 1 where nothing is found.
    pub precision: f64,
    /// The share of the reference that is found.
    pub recall: f64,
    /// What that is made of.
    pub counts: Counts,
}

/// The best F-score and where it is reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BestF {
    /// The threshold in the middle between the two scores that give the same; infinite where nothing can be gained by finding anything, or
    /// where all that there is should be found.
    pub threshold: f64,
    /// What it gives.
    pub score: FScore,
}

/// The harmonic mean, 0 where both are 0.
fn harmonic(precision: f64, recall: f64) -> f64 {
    2.0 * precision * recall / (precision + recall).max(1e-15)
}

impl ThresholdCurve {
    pub(super) fn f_score(&self, point: &OperatingPoint) -> FScore {
        let (hits, alarms) = (point.true_positives as usize, point.false_positives as usize);
        let counts = Counts {
            true_positives: hits,
            false_positives: alarms,
            false_negatives: self.reference.saturating_sub(hits),
        };
        let precision = if hits + alarms == 0 { 1.0 } else { hits as f64 / (hits + alarms) as f64 };
        let recall = hits as f64 / self.reference.max(1) as f64;
        FScore { f: harmonic(precision, recall), precision, recall, counts }
    }

    /// The point that a threshold gives: what is greater than it is active.
    pub fn point_at(&self, threshold: f64) -> OperatingPoint {
        let place = self.points.partition_point(|point| point.below > threshold);
        self.points.get(place.saturating_sub(1)).copied().unwrap_or(OperatingPoint::NOTHING)
    }

    /// Precision, recall and F-score at a threshold.
    pub fn f_at(&self, threshold: f64) -> FScore {
        self.f_score(&self.point_at(threshold))
    }

    /// The greatest F-score; where several thresholds give it, the highest.
    pub fn best_f(&self) -> BestF {
        let mut best = (0, self.f_score(&OperatingPoint::NOTHING));
        for (place, point) in self.points.iter().enumerate() {
            let score = self.f_score(point);
            if score.f > best.1.f {
                best = (place, score);
            }
        }
        let below = self.points.get(best.0).map_or(f64::INFINITY, |point| point.below);
        let threshold = match self.points.get(best.0 + 1) {
            Some(next) => (below + next.below) / 2.0,
            None => f64::NEG_INFINITY,
        };
        BestF { threshold, score: best.1 }
    }

    /// The F-score over thresholds, for drawing: each value holds from the score before down to this one.
    pub fn f_scores(&self) -> impl Iterator<Item = (f64, FScore)> {
        self.points.iter().map(|point| (point.below, self.f_score(point)))
    }

    /// The area under precision over recall, in steps: Σ pₖ (rₖ − rₖ₋₁) with the greatest precision of each recall, 0 to 1.
    ///
    /// # Errors
    /// [`Undefined::NoReference`].
    pub fn average_precision(&self) -> Measured {
        if self.reference == 0 {
            return Err(Undefined::NoReference);
        }
        // Recalls are whole numbers of reference events, so that the best of each needs no sorting.
        let mut best = vec![None::<f64>; self.reference + 1];
        for point in &self.points {
            let score = self.f_score(point);
            if let Some(best) = best.get_mut(point.true_positives as usize) {
                *best = Some(best.map_or(score.precision, |known| known.max(score.precision)));
            }
        }
        let (mut area, mut reached) = (0.0, 0.0);
        for (hits, precision) in best.into_iter().enumerate().skip(1) {
            let Some(precision) = precision else { continue };
            let recall = hits as f64 / self.reference as f64;
            area += precision * (recall - reached);
            reached = recall;
        }
        Ok(area)
    }

    /// The area under the share that is found over the share of false alarms, in steps, up to a share of `most` false alarms and divided by it:
    /// 0 to 1. Only where it is segments that count.
    ///
    /// # Errors
    /// [`Undefined::NoReference`], [`Undefined::NoNegative`].
    pub fn area_under_roc(&self, most: f64) -> Measured {
        if self.reference == 0 {
            return Err(Undefined::NoReference);
        }
        let negatives = self.negatives.filter(|&negatives| negatives > 0).ok_or(Undefined::NoNegative)?;
        let rates = self.points.iter().map(|point| {
            let alarms = f64::from(point.false_positives) / negatives as f64;
            (alarms, f64::from(point.true_positives) / self.reference as f64)
        });
        Ok(staircase_area(rates.filter(|(alarms, _)| *alarms <= most), most) / most)
    }
}

/// The area under steps `(x, y)` with x ascending, up to `end`; of several y at one x the last counts.
pub(super) fn staircase_area(steps: impl IntoIterator<Item = (f64, f64)>, end: f64) -> f64 {
    let mut last: Option<(f64, f64)> = None;
    let mut area = 0.0;
    for (x, y) in steps.into_iter().take_while(|(x, _)| *x <= end) {
        if let Some((before, height)) = last {
            area += height * (x - before);
        }
        last = Some((x, y));
    }
    area + last.map_or(0.0, |(before, height)| height * (end - before))
}

/// Precision, recall and F-score of all classes together: the micro average.
pub fn micro_average<'a>(scores: impl IntoIterator<Item = &'a FScore>) -> FScore {
    let mut counts = Counts::default();
    for score in scores {
        counts += score.counts;
    }
    let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
    let precision = share(counts.true_positives, counts.estimated());
    let recall = share(counts.true_positives, counts.reference());
    FScore { f: harmonic(precision, recall), precision, recall, counts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_order_as_numbers_do() {
        let scores = [f64::NEG_INFINITY, -1e300, -1.0, -1e-300, 0.0, 1e-300, 1.0, f64::INFINITY];
        assert!(scores.windows(2).all(|pair| key_of(pair[0]) < key_of(pair[1])));
        assert!(scores.iter().all(|&score| score_of(key_of(score)) == score));
        assert_eq!(key_of(-0.0), key_of(0.0));
    }

    #[test]
    fn a_threshold_lies_between_two_scores() {
        let mut changes = Changes::default();
        changes.push_false_alarms(&[0.2, 0.6, 0.4, 0.6, f64::NEG_INFINITY]);
        changes.push(Change { score: 0.5, true_positives: 1, false_positives: 0, cross_rate: 0.0 });
        let curve = changes.into_curve(1);
        let points: Vec<_> = curve.points.iter().map(|p| (p.below, p.true_positives, p.false_positives)).collect();
        assert_eq!(points, [(f64::INFINITY, 0, 0), (0.6, 0, 2), (0.5, 1, 2), (0.4, 1, 1)]);
        assert_eq!(curve.f_at(0.6).counts.estimated(), 0);
        assert_eq!(curve.f_at(0.55).counts.false_positives, 2);
        assert_eq!(curve.best_f().threshold, f64::NEG_INFINITY);
        assert_eq!(curve.best_f().score.f, 2.0 / 3.0);
    }

    #[test]
    fn the_area_under_steps_ends_at_the_bound() {
        let steps = [(0.0, 0.0), (1.0, 1.0), (2.0, 2.0), (3.0, 3.0)];
        assert_eq!(staircase_area(steps, 2.5), 2.0);
        assert_eq!(staircase_area(steps, 10.0), 24.0);
    }
}
