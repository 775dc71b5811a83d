//! What threshold and median filter are best for each class, and what they change.

use super::estimate::{Estimate, reference_labels};
use super::frame_measures::{FrameSet, of_each_class};
use super::job::{EstimateSource, EvaluationJob, Keys};
use super::label_map::LabelMap;
use super::measures::{estimated_spans, events_report, reference_spans};
use super::{Missing, Progress, Stopped};
use crate::decision::{ClassRules, DecisionRule, MedianEdges};
use crate::metric::{BestSettings, Evaluated, Measured, best_settings};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Median filters up to this long are tried, in seconds, and at most so many of them.
const LONGEST_MEDIAN_SECS: f64 = 2.0;
const MOST_MEDIANS: usize = 8;
/// How much of the work the search is; the rest is what it changes.
const SEARCH_PART: f64 = 0.8;

/// What is best for a class of the model.
#[derive(Clone, Debug, PartialEq)]
pub struct BestOfClass {
    /// The class, as the model calls it.
    pub class: Arc<str>,
    /// The threshold, 0 to 1.
    pub threshold: f32,
    /// Frames of the median filter; 1 for none.
    pub median_frames: usize,
}

impl BestOfClass {
    /// A rule with this, and with nothing that was not part of the search.
    pub fn rule(&self, before: DecisionRule) -> DecisionRule {
        DecisionRule {
            threshold: self.threshold,
            median_frames: self.median_frames,
            hysteresis: None,
            merge_gap_secs: 0.0,
            min_duration_secs: 0.0,
            ..before
        }
    }
}

/// What came of a search.
#[derive(Clone, Debug, PartialEq)]
pub struct Tuned {
    /// One for each class of the model that stands for a label of the reference.
    pub best: Vec<BestOfClass>,
    /// The mean of the classes' F-scores under the rules in force, and with what was found.
    pub before: Measured,
    /// With what was found.
    pub after: Measured,
    /// Of so many recordings.
    pub recordings: usize,
    /// Labels for which nothing could be found.
    pub skipped: usize,
}

/// Searches.
pub(super) fn tuned(job: &EvaluationJob, progress: &Progress<'_>) -> Result<Tuned, Stopped> {
    let EstimateSource::Predictions { rules, .. } = &job.estimate else {
        return Err(Stopped::Failed("Best thresholds need a model's frame scores: compare predictions".to_owned()));
    };
    let map = LabelMap::read(job.label_map.as_deref())?;
    let keys = Keys::of(job);
    let (reference, _) = reference_spans(job, &keys);
    let labels = reference_labels(job);
    let frames = FrameSet::of(job, &keys, &reference, &labels, &map, None);
    let refused = |why| Stopped::Failed(format!("Best thresholds cannot be found: {}", Missing::NoScores(why)));
    let frames = frames.map_err(refused)?;
    let set = frames.set().map_err(refused)?;
    let told = |part: f64| (progress.tell)(SEARCH_PART * part);
    let goal = job.settings.goal();
    let (widths, edges) = (median_widths(job), rules.common.median_edges);
    let found: Vec<Option<BestSettings>> = of_each_class(frames.labels().len(), &progress.within(&told), |class| {
        best(&frames, &set, class, &goal, &widths, edges)
    })?;
    let mut best = Vec::new();
    let classes: BTreeSet<Arc<str>> = job
        .recordings
        .iter()
        .filter_map(|recording| recording.scores.as_ref())
        .map(|scores| scores.classes.clone())
        .collect::<BTreeSet<_>>()
        .iter()
        .flat_map(|classes| classes.iter().cloned())
        .collect();
    for class in classes {
        let targets = map.targets(&class);
        let place = targets.iter().find_map(|target| frames.labels().binary_search(target).ok());
        if let Some(found) = place.and_then(|place| found.get(place).copied().flatten()) {
            let (threshold, median_frames) = (found.threshold, found.median_frames);
            best.push(BestOfClass { class, threshold, median_frames });
        }
    }
    let skipped = found.iter().filter(|found| found.is_none()).count();
    let after = with_best(rules, &best);
    progress.reach(SEARCH_PART)?;
    Ok(Tuned {
        before: mean_f(job, &keys, &map, rules, progress)?,
        after: mean_f(job, &keys, &map, &after, progress)?,
        best,
        recordings: frames.recording_count(),
        skipped,
    })
}

fn best(
    frames: &FrameSet<'_>,
    set: &crate::metric::ScoredSet<'_>,
    class: usize,
    goal: &crate::metric::Goal,
    widths: &[usize],
    edges: MedianEdges,
) -> Option<BestSettings> {
    frames.has_class(class).then(|| best_settings(set, class, goal, widths, edges).ok()).flatten()
}

/// Odd numbers of frames, up to two seconds, each about half as long again as the one before.
fn median_widths(job: &EvaluationJob) -> Vec<usize> {
    let hops = job.recordings.iter().filter_map(|recording| Some(recording.scores.as_ref()?.axis.hop_secs));
    let hop_secs = hops.fold(f64::INFINITY, f64::min).max(1e-3);
    let most = (LONGEST_MEDIAN_SECS / hop_secs) as usize;
    let mut widths = vec![1];
    let mut width = 3;
    while width <= most && widths.len() < MOST_MEDIANS {
        widths.push(width);
        width = (width + width / 2 + 1) | 1;
    }
    widths
}

/// Rules with what was found.
fn with_best(rules: &ClassRules, best: &[BestOfClass]) -> ClassRules {
    let mut rules = rules.clone();
    for found in best {
        rules.set(&found.class, &found.rule(rules.of(&found.class)));
    }
    rules
}

/// The mean F-score of the classes under rules, of events as they are decided.
fn mean_f(
    job: &EvaluationJob,
    keys: &Keys,
    map: &LabelMap,
    rules: &ClassRules,
    progress: &Progress<'_>,
) -> Result<Measured, Stopped> {
    let told = |_| ();
    let estimate = Estimate::of(job, map, Some(rules), &progress.within(&told))?;
    let (reference, _) = reference_spans(job, keys);
    let estimated = estimated_spans(&estimate, keys);
    let (durations_secs, complete) = (keys.durations_secs(job), keys.completeness(job));
    let evaluated = Evaluated {
        reference: &reference,
        estimated: &estimated,
        durations_secs: &durations_secs,
        complete: complete.as_ref(),
    };
    let report = events_report(job, &evaluated, job.settings.goal)?;
    Ok(report.value(&report.mean, "f_score").unwrap_or(Err(crate::metric::Undefined::NothingEvaluated)))
}
