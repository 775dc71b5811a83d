//! What threshold and median filter, or which bounding boxes, are best for each class, and what they change.

use super::estimate::{Estimate, reference_labels};
use super::frame_measures::{FrameSet, of_each_class};
use super::job::{EstimateSource, EvaluationJob, Keys};
use super::label_map::LabelMap;
use super::measures::{estimated_spans, events_report, reference_spans};
use super::sections::sections;
use super::{Missing, Progress, Stopped};
use crate::decision::{BoxRule, ClassRules, DecisionRule, MedianEdges};
use crate::metric::{Evaluated, Goal, Measured, ScoredSet, best_boxes, best_settings, usual_box_rules};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Median filters up to this long are tried, in seconds, and at most so many of them.
const LONGEST_MEDIAN_SECS: f64 = 2.0;
const MOST_MEDIANS: usize = 8;
/// How much of the work the search is; the rest is what it changes.
const SEARCH_PART: f64 = 0.8;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tuning {
    /// The best threshold and median filter of each class.
    Thresholds,
    /// The best bounding boxes of each class, and their threshold.
    Boxes,
}

impl Tuning {
    /// What is found, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Thresholds => "thresholds and median filters",
            Self::Boxes => "bounding boxes",
        }
    }
}

/// What is best for a class of the model.
#[derive(Clone, Debug, PartialEq)]
pub struct BestOfClass {
    /// The class, as the model calls it.
    pub class: Arc<str>,
    /// What was found for it.
    pub found: BestFound,
}

/// What was found for a class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BestFound {
    /// The threshold, 0 to 1.
    pub threshold: f32,
    /// How the events come about that it is applied to.
    pub way: BestWay,
}

/// How events come about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BestWay {
    /// By a median filter of so many frames; 1 for none.
    Median(usize),
    /// As bounding boxes.
    Boxes(BoxRule),
}

impl BestOfClass {
    /// A rule with this, and with nothing that was not part of the search.
    pub fn rule(&self, before: DecisionRule) -> DecisionRule {
        let (boxes, median_frames) = match self.found.way {
            BestWay::Median(frames) => (None, frames),
            BestWay::Boxes(boxes) => (Some(boxes), before.median_frames),
        };
        DecisionRule {
            threshold: self.found.threshold,
            boxes,
            median_frames,
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
pub(super) fn tuned(job: &EvaluationJob, tuning: Tuning, progress: &Progress<'_>) -> Result<Tuned, Stopped> {
    let EstimateSource::Predictions { rules, .. } = &job.estimate else {
        return Err(Stopped::Failed(format!(
            "Best {} need a model's frame scores: compare predictions",
            tuning.words()
        )));
    };
    let map = LabelMap::read(job.label_map.as_deref())?;
    let keys = Keys::of(job);
    let (reference, _) = reference_spans(job, &keys);
    let labels: Vec<Arc<str>> = reference_labels(job).into_iter().collect();
    let sections = sections(job, &keys, &labels);
    let frames = FrameSet::of(job, (&keys, &sections), &reference, &labels, &map, None);
    let refused = |why| Stopped::Failed(format!("Best {} cannot be found: {}", tuning.words(), Missing::NoScores(why)));
    let frames = frames.map_err(refused)?;
    let set = frames.set().map_err(refused)?;
    let told = |part: f64| (progress.tell)(SEARCH_PART * part);
    let search = Search {
        goal: job.settings.goal(),
        tuning,
        widths: median_widths(job),
        edges: rules.common.median_edges,
        boxes: usual_box_rules(),
    };
    let found: Vec<Option<BestFound>> = of_each_class(frames.labels().len(), &progress.within(&told), |class| {
        if frames.has_class(class) { search.best(&set, class) } else { None }
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
            best.push(BestOfClass { class, found });
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

/// What is tried.
struct Search {
    goal: Goal,
    tuning: Tuning,
    widths: Vec<usize>,
    edges: MedianEdges,
    boxes: Vec<BoxRule>,
}

impl Search {
    /// None where the class has no F-score.
    fn best(&self, set: &ScoredSet<'_>, class: usize) -> Option<BestFound> {
        match self.tuning {
            Tuning::Thresholds => {
                let best = best_settings(set, class, &self.goal, &self.widths, self.edges).ok()?;
                Some(BestFound { threshold: best.threshold, way: BestWay::Median(best.median_frames) })
            }
            Tuning::Boxes => {
                let best = best_boxes(set, class, &self.goal, &self.boxes).ok()?;
                Some(BestFound { threshold: best.threshold, way: BestWay::Boxes(best.rule) })
            }
        }
    }
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
