//! PSDS by a list of thresholds instead of all.
//!
//! Reproduces psds_eval 0.5.3: shares are compared as they are, without rounding; false alarms count only where they touch the file; and
//! reference events without length are left out.

use super::psd_roc::{frontier, other_classes};
use super::scored_set::Target;
use super::{IntersectionRule, PsdRoc, Psds, PsdsSettings, RocPoint, ScoredSet, Undefined};
use crate::time::Span;

const SECS_PER_HOUR: f64 = 3600.0;

/// The fifty thresholds 0.01, 0.03 … 0.99 that the DCASE recipes take.
pub fn fifty_thresholds() -> Vec<f64> {
    (0..50).map(|step| f64::from(2 * step + 1) / 100.0).collect()
}

/// What one threshold gives for a class.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    hits: usize,
    alarms: usize,
    /// Σ cross-triggers / reference duration over the other classes, in 1/s.
    cross_rate: f64,
}

/// The PSD-ROC of a class by thresholds, up to the settings' bound.
///
/// # Errors
/// [`Undefined::NoReference`], [`Undefined::Overlapping`], [`Undefined::NoOtherClass`], [`Undefined::NoDuration`].
pub fn class_roc_by_thresholds(
    set: &ScoredSet<'_>,
    class: usize,
    settings: &PsdsSettings,
    thresholds: &[f64],
) -> Result<PsdRoc, Undefined> {
    let totals = set.totals().get(class).copied().unwrap_or_default();
    let lengthy = |target: &&Target| target.span.onset_secs < target.span.offset_secs;
    let files = 0..set.files().len();
    let reference: usize = files.clone().map(|file| set.targets_of(file, class).iter().filter(lengthy).count()).sum();
    if reference == 0 {
        return Err(Undefined::NoReference);
    }
    if totals.is_overlapping {
        return Err(Undefined::Overlapping);
    }
    let duration_secs = set.duration_secs();
    if duration_secs <= 0.0 {
        return Err(Undefined::NoDuration);
    }
    // Its mean over the other classes divides by their number even where it counts nothing.
    let others = other_classes(set, class)? as f64;
    let mut tallies = vec![Tally::default(); thresholds.len()];
    let mut scratch = Vec::new();
    for file in files {
        let scored = &set.files()[file];
        let column = scored.scores.column(class, &mut scratch);
        let borders = scored.scores.borders_secs(class);
        let judge = Judge {
            targets: set.targets_of(file, class).iter().filter(lengthy).copied().collect(),
            others: set.targets(file).iter().filter(|target| target.class != class).filter(lengthy).copied().collect(),
            rule: &settings.rule,
            cross_share: settings.cross.map(|cross| cross.share),
            duration_secs: scored.duration_secs,
            set,
        };
        let peak = column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        for (tally, &threshold) in tallies.iter_mut().zip(thresholds).filter(|(_, threshold)| peak > **threshold) {
            judge.count(&detections(column, borders, threshold), tally);
        }
    }
    let cross_weight = settings.cross.map_or(0.0, |cross| cross.weight) / others;
    let nothing = RocPoint { per_hour: 0.0, found: 0.0, below: None };
    let points = tallies.iter().zip(thresholds).map(|(tally, &threshold)| RocPoint {
        per_hour: (tally.alarms as f64 / duration_secs + cross_weight * tally.cross_rate) * SECS_PER_HOUR,
        found: tally.hits as f64 / reference as f64,
        below: Some(threshold),
    });
    Ok(PsdRoc { points: frontier(std::iter::once(nothing).chain(points), settings.most_per_hour) })
}

/// The PSDS by thresholds, one class after the other.
pub fn psds_by_thresholds(set: &ScoredSet<'_>, settings: &PsdsSettings, thresholds: &[f64]) -> Psds {
    let curve = |class| class_roc_by_thresholds(set, class, settings, thresholds);
    let curves: Vec<_> = (0..set.classes().len()).map(curve).collect();
    Psds::of(&curves, settings)
}

/// The runs of frames whose score is greater than the threshold.
fn detections(column: &[f64], borders: &[f64], threshold: f64) -> Vec<Span> {
    let mut runs = Vec::new();
    let mut frame = 0;
    for frames in column.chunk_by(|&a, &b| (a > threshold) == (b > threshold)) {
        let after = frame + frames.len();
        if frames[0] > threshold {
            runs.push(Span { onset_secs: borders[frame], offset_secs: borders[after] });
        }
        frame = after;
    }
    runs
}

/// Judges the detections of one class in one file.
struct Judge<'a> {
    targets: Vec<Target>,
    others: Vec<Target>,
    rule: &'a IntersectionRule,
    cross_share: Option<f64>,
    duration_secs: f64,
    set: &'a ScoredSet<'a>,
}

impl Judge<'_> {
    fn count(&self, detections: &[Span], tally: &mut Tally) {
        let share_of = |span: Span, events: &[Target]| -> f64 {
            events.iter().map(|event| span.overlap_secs(event.span) / span.duration_secs()).sum()
        };
        let mut covered = vec![0.0_f64; self.targets.len()];
        let mut is_met = vec![false; self.targets.len()];
        for &detection in detections {
            let touches = self.targets.iter().any(|target| detection.overlap_secs(target.span) > 0.0);
            if touches && share_of(detection, &self.targets) >= self.rule.detection_share {
                for ((covered, is_met), target) in covered.iter_mut().zip(&mut is_met).zip(&self.targets) {
                    let common = detection.overlap_secs(target.span);
                    *covered += common / target.span.duration_secs();
                    *is_met |= common > 0.0;
                }
                continue;
            }
            if detection.onset_secs < self.duration_secs && 0.0 < detection.offset_secs {
                tally.alarms += 1;
            }
            let Some(needed) = self.cross_share else { continue };
            for events in self.others.chunk_by(|a, b| a.class == b.class) {
                let touches = events.iter().any(|event| detection.overlap_secs(event.span) > 0.0);
                if touches && share_of(detection, events) >= needed {
                    tally.cross_rate += 1.0 / self.set.totals()[events[0].class].secs;
                }
            }
        }
        let found =
            covered.iter().zip(is_met).filter(|(covered, is_met)| *is_met && **covered >= self.rule.reference_share);
        tally.hits += found.count();
    }
}
