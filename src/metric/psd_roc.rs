//! The polyphonic sound detection score (PSDS) over all thresholds, and the curves whose areas it is.
//!
//! Reproduces sed_scores_eval 0.0.4 (Bilen et al. 2020; Ebbers et al. 2022). A class's curve needs that class only, so that callers compute
//! classes side by side: [`class_roc`] for each, then [`Psds::of`].

use super::intersection_curve::{IntersectionRule, intersection_curve};
use super::threshold_curve::staircase_area;
use super::{Measured, ScoredSet, ThresholdCurve, Undefined};

const SECS_PER_HOUR: f64 = 3600.0;

/// What cross-triggers cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CrossTriggers {
    /// Share of a false alarm that events of another class must cover, 0 to 1 (CTTC).
    pub share: f64,
    /// What the mean rate of cross-triggers with the other classes counts beside false alarms, > 0 (α_CT).
    pub weight: f64,
}

/// The settings of a PSDS.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PsdsSettings {
    /// When detections are right (DTC) and events found (GTC).
    pub rule: IntersectionRule,
    /// Cross-triggers, if they count.
    pub cross: Option<CrossTriggers>,
    /// What the spread between classes costs, ≥ 0 (α_ST): as many standard deviations are taken from the mean.
    pub spread_weight: f64,
    /// The area reaches to this many effective false alarms an hour, > 0.
    pub most_per_hour: f64,
}

impl PsdsSettings {
    /// Scenario 1 of the DCASE challenges (react fast): DTC and GTC 0.7, no cross-triggers, α_ST 1. With the mean of the classes' own scores
    /// instead of the score of the mean, it is what papers on AudioSet Strong report.
    pub const SCENARIO_1: Self = Self {
        rule: IntersectionRule { detection_share: 0.7, reference_share: 0.7 },
        cross: None,
        spread_weight: 1.0,
        most_per_hour: 100.0,
    };

    /// Scenario 2 of the DCASE challenges (tell classes apart): DTC and GTC 0.1, CTTC 0.3, α_CT 0.5, α_ST 1.
    pub const SCENARIO_2: Self = Self {
        rule: IntersectionRule { detection_share: 0.1, reference_share: 0.1 },
        cross: Some(CrossTriggers { share: 0.3, weight: 0.5 }),
        spread_weight: 1.0,
        most_per_hour: 100.0,
    };
}

/// A point of a PSD-ROC: from here to the right, this much is found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RocPoint {
    /// Effective false alarms an hour.
    pub per_hour: f64,
    /// Share of the reference events that are found, 0 to 1; with a spread weight, less what the spread takes.
    pub found: f64,
    /// The score that a threshold must be below for it; none where classes are averaged.
    pub below: Option<f64>,
}

/// A PSD-ROC: points with both coordinates ascending (for the mean less the spread, only the rate).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PsdRoc {
    /// Steps: each point's height holds up to the next one.
    pub points: Vec<RocPoint>,
}

impl PsdRoc {
    /// The area up to `most_per_hour`, divided by it: 0 to 1.
    pub fn score(&self, most_per_hour: f64) -> f64 {
        staircase_area(self.points.iter().map(|point| (point.per_hour, point.found)), most_per_hour) / most_per_hour
    }

    /// What is found with at most so many effective false alarms an hour, as a point there.
    fn at(&self, per_hour: f64) -> RocPoint {
        let place = self.points.partition_point(|point| point.per_hour <= per_hour);
        let last = place.checked_sub(1).and_then(|place| self.points.get(place));
        RocPoint { per_hour, ..last.copied().unwrap_or(RocPoint { per_hour, found: 0.0, below: None }) }
    }
}

/// The PSD-ROC of one class up to the settings' bound.
///
/// # Errors
/// [`Undefined::NoReference`], [`Undefined::Connected`], [`Undefined::NoDuration`], and [`Undefined::NoOtherClass`] where cross-triggers count.
pub fn class_roc(set: &ScoredSet<'_>, class: usize, settings: &PsdsSettings) -> Result<PsdRoc, Undefined> {
    let curve = intersection_curve(set, class, &settings.rule, settings.cross.map(|cross| cross.share))?;
    roc_of_curve(set, class, &curve, settings)
}

fn roc_of_curve(
    set: &ScoredSet<'_>,
    class: usize,
    curve: &ThresholdCurve,
    settings: &PsdsSettings,
) -> Result<PsdRoc, Undefined> {
    let duration_secs = set.duration_secs();
    if duration_secs <= 0.0 {
        return Err(Undefined::NoDuration);
    }
    let cross_weight = settings.cross.map(|cross| other_classes(set, class).map(|count| cross.weight / count as f64));
    let cross_weight = cross_weight.transpose()?.unwrap_or(0.0);
    let candidates = curve.points.iter().map(|point| {
        let alarms = f64::from(point.false_positives) / duration_secs;
        RocPoint {
            per_hour: (alarms + cross_weight * point.cross_rate) * SECS_PER_HOUR,
            found: f64::from(point.true_positives) / curve.reference.max(1) as f64,
            below: Some(point.below),
        }
    });
    Ok(PsdRoc { points: frontier(candidates, settings.most_per_hour) })
}

/// How many other classes have reference events.
///
/// # Errors
/// [`Undefined::NoOtherClass`].
pub(super) fn other_classes(set: &ScoredSet<'_>, class: usize) -> Result<usize, Undefined> {
    let others = set.totals().iter().enumerate().filter(|&(other, totals)| other != class && totals.events > 0);
    Some(others.count()).filter(|&count| count > 0).ok_or(Undefined::NoOtherClass)
}

/// The points that find more than all those with fewer false alarms, by false alarms, up to `most_per_hour`.
pub(super) fn frontier(candidates: impl Iterator<Item = RocPoint>, most_per_hour: f64) -> Vec<RocPoint> {
    let mut points: Vec<RocPoint> = candidates.filter(|point| point.per_hour <= most_per_hour).collect();
    // Stable, so that of equal points the one with the highest threshold comes first.
    points.sort_by(|a, b| a.per_hour.total_cmp(&b.per_hour).then(a.found.total_cmp(&b.found)));
    let mut best: Vec<RocPoint> = Vec::new();
    for point in points {
        match best.last_mut() {
            Some(last) if point.found <= last.found => {}
            Some(last) if point.per_hour == last.per_hour => *last = point,
            _ => best.push(point),
        }
    }
    best
}

/// A PSDS and what it is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Psds {
    /// The area under the mean of the classes' curves less their spread, 0 to 1.
    pub score: Measured,
    /// The area under each class's own curve, 0 to 1, in the order of the classes.
    pub per_class: Vec<Measured>,
    /// The mean of the classes' own areas.
    pub class_mean: Measured,
    /// The mean of the curves less their spread.
    pub effective: PsdRoc,
}

impl Psds {
    /// From the curves of all classes; those that have none are left out.
    pub fn of(curves: &[Result<PsdRoc, Undefined>], settings: &PsdsSettings) -> Self {
        let defined: Vec<&PsdRoc> = curves.iter().flatten().collect();
        let score_of = |curve: &PsdRoc| curve.score(settings.most_per_hour);
        let per_class: Vec<Measured> =
            curves.iter().map(|curve| curve.as_ref().map(score_of).map_err(|&why| why)).collect();
        if defined.is_empty() {
            let effective = PsdRoc::default();
            return Self { score: Err(Undefined::NoClass), per_class, class_mean: Err(Undefined::NoClass), effective };
        }
        let effective = effective_roc(&defined, settings.spread_weight);
        let class_mean = defined.iter().map(|curve| score_of(curve)).sum::<f64>() / defined.len() as f64;
        Self { score: Ok(score_of(&effective)), per_class, class_mean: Ok(class_mean), effective }
    }
}

/// The PSDS of a set, one class after the other.
pub fn psds(set: &ScoredSet<'_>, settings: &PsdsSettings) -> Psds {
    let curves: Vec<_> = (0..set.classes().len()).map(|class| class_roc(set, class, settings)).collect();
    Psds::of(&curves, settings)
}

/// The mean of the classes' curves less `spread_weight` standard deviations, at each rate at which one of them rises.
fn effective_roc(curves: &[&PsdRoc], spread_weight: f64) -> PsdRoc {
    let mut rises: Vec<(f64, usize, f64)> = Vec::new();
    for (class, curve) in curves.iter().enumerate() {
        rises.extend(curve.points.iter().map(|point| (point.per_hour, class, point.found)));
    }
    rises.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut found = vec![0.0_f64; curves.len()];
    let count = curves.len() as f64;
    let mut points = Vec::new();
    for level in rises.chunk_by(|a, b| a.0 == b.0) {
        for (_, class, height) in level {
            found[*class] = *height;
        }
        let mean = found.iter().sum::<f64>() / count;
        let variance = found.iter().map(|height| (height - mean).powi(2)).sum::<f64>() / count;
        let height = (mean - spread_weight * variance.sqrt()).max(0.0);
        points.push(RocPoint { per_hour: level[0].0, found: height, below: None });
    }
    PsdRoc { points }
}

impl PsdRoc {
    /// The curve with at most `most` points at about equal distances: enough for drawing.
    pub fn thinned(&self, most: usize, most_per_hour: f64) -> Vec<RocPoint> {
        if self.points.len() <= most || most == 0 {
            return self.points.clone();
        }
        let at = |step: usize| most_per_hour * step as f64 / (most.max(2) - 1) as f64;
        (0..most).map(|step| self.at(at(step))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_keeps_what_finds_more() {
        let point = |per_hour, found| RocPoint { per_hour, found, below: None };
        let all = [(0.0, 0.0), (0.0, 0.2), (5.0, 0.1), (5.0, 0.4), (7.0, 0.4), (3.0, 0.3), (101.0, 1.0)];
        let kept = frontier(all.into_iter().map(|(per_hour, found)| point(per_hour, found)), 100.0);
        assert_eq!(kept, [point(0.0, 0.2), point(3.0, 0.3), point(5.0, 0.4)]);
        let roc = PsdRoc { points: kept };
        assert!((roc.score(10.0) - (3.0 * 0.2 + 2.0 * 0.3 + 5.0 * 0.4) / 10.0).abs() < 1e-15);
        assert_eq!(roc.at(4.0), point(4.0, 0.3));
    }

    #[test]
    fn the_spread_between_classes_is_taken_from_their_mean() {
        let curve = |found| PsdRoc { points: vec![RocPoint { per_hour: 0.0, found, below: None }] };
        let (a, b) = (curve(0.2), curve(0.6));
        let settings = PsdsSettings::SCENARIO_1;
        let psds = Psds::of(&[Ok(a), Err(Undefined::NoReference), Ok(b)], &settings);
        assert!((psds.score.unwrap() - (0.4 - 0.2)).abs() < 1e-15);
        assert!((psds.class_mean.unwrap() - 0.4).abs() < 1e-15);
        assert_eq!(psds.per_class[1], Err(Undefined::NoReference));
    }
}
