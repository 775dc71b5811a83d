//! Frame scores of a project as measures over all thresholds see them, class by class on all processors.

use super::job::{EstimateSource, EvaluationJob, Keys};
use super::label_map::LabelMap;
use super::{ClassCurves, EvaluationSettings, GoalKind, Missing, NoScores, Progress, Stopped};
use crate::annotation::complete::is_complete;
use crate::decision::{ClassRules, DecisionRule, FrameScores, bounding_boxes, median_filter};
use crate::metric::{
    BestF, ClassF, ClassReport, LabelledSpan, Measured, Psds, ScoreColumns, ScoreReport, ScoredFile, ScoredSet,
    StepScores, apart,
};
use crate::time::Span;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// So many points of a curve are kept.
const DRAWN_POINTS: usize = 256;
/// Thresholds at which F-scores are averaged.
const MEAN_STEPS: usize = 200;

/// A class of the model that stands for a label, with its rule; only how events are found counts of it, not the threshold.
#[derive(Clone, Copy, Debug)]
struct Source {
    class: usize,
    rule: DecisionRule,
}

/// Of each label, the classes that stand for it.
type Sources = Arc<Vec<Vec<Source>>>;

/// The scores of one recording, one column a label.
struct Columns<'a> {
    borders_secs: Vec<f64>,
    duration_secs: f64,
    scores: &'a FrameScores,
    sources: Sources,
    /// Of each label whose events are bounding boxes, what is found when it is asked for first.
    steps: Vec<OnceLock<StepScores>>,
}

impl<'a> Columns<'a> {
    fn new(scores: &'a FrameScores, duration_secs: f64, sources: Sources) -> Self {
        let borders_secs = scores.borders_secs(duration_secs);
        let steps = vec![OnceLock::new(); sources.len()];
        Self { borders_secs, duration_secs, scores, sources, steps }
    }

    fn sources(&self, label: usize) -> &[Source] {
        self.sources.get(label).map(Vec::as_slice).unwrap_or_default()
    }

    /// The scores of a class after its median filter; none where it is silent.
    fn filtered(&self, source: &Source) -> Option<Vec<f32>> {
        self.scores.peaks().get(source.class).filter(|peak| **peak > 0.0)?;
        let mut scores = self.scores.class_scores(source.class);
        let width = source.rule.applied_median();
        if width > 1 {
            scores = median_filter(&scores, width, source.rule.median_edges);
        }
        // Of silence after the end, only the filter knows.
        scores.truncate(self.borders_secs.len().saturating_sub(1));
        Some(scores)
    }

    /// The scores of a label for which bounding boxes stand; none if none do.
    fn steps(&self, label: usize) -> Option<&StepScores> {
        let sources = self.sources(label);
        if sources.iter().all(|source| source.rule.boxes.is_none()) {
            return None;
        }
        let of_source = |source: &Source| {
            let scores: Vec<f64> = self.filtered(source)?.into_iter().map(f64::from).collect();
            Some(match &source.rule.boxes {
                Some(rule) => {
                    let boxes = bounding_boxes(&self.borders_secs, &scores, rule);
                    StepScores::of_boxes(&boxes, self.duration_secs)
                }
                None => StepScores { borders_secs: self.borders_secs.clone(), scores },
            })
        };
        let all = || {
            let each = sources.iter().filter_map(of_source);
            each.reduce(|all, one| all.greater(&one)).unwrap_or_default()
        };
        Some(self.steps.get(label)?.get_or_init(all))
    }
}

impl ScoreColumns for Columns<'_> {
    fn borders_secs(&self, label: usize) -> &[f64] {
        self.steps(label).map_or(&self.borders_secs, |steps| &steps.borders_secs)
    }

    fn column<'a>(&'a self, label: usize, scratch: &'a mut Vec<f64>) -> &'a [f64] {
        if let Some(steps) = self.steps(label) {
            return &steps.scores;
        }
        let frames = self.borders_secs.len().saturating_sub(1);
        scratch.clear();
        scratch.resize(frames, 0.0);
        for scores in self.sources(label).iter().filter_map(|source| self.filtered(source)) {
            for (greatest, score) in scratch.iter_mut().zip(scores) {
                *greatest = greatest.max(f64::from(score));
            }
        }
        scratch
    }
}

/// Everything that is borrowed while frame scores are measured.
pub struct FrameSet<'a> {
    labels: Vec<Arc<str>>,
    files: Vec<(&'a str, f64, Columns<'a>)>,
    reference: Vec<LabelledSpan<'a>>,
}

impl<'a> FrameSet<'a> {
    /// The scores of the recordings in which it is known where nothing is, under these rules' median filters or as their bounding boxes (none:
    /// as they are).
    pub fn of(
        job: &'a EvaluationJob,
        keys: &'a Keys,
        reference: &[LabelledSpan<'a>],
        labels: &BTreeSet<Arc<str>>,
        map: &LabelMap,
        rules: Option<&ClassRules>,
    ) -> Result<Self, NoScores> {
        if !matches!(job.estimate, EstimateSource::Predictions { .. }) {
            return Err(NoScores::OnlyEvents);
        }
        let is_marked = keys.completeness(job).is_some();
        let all: Vec<Arc<str>> = labels.iter().cloned().collect();
        let mut known: Option<(Arc<[Arc<str>]>, Sources)> = None;
        let mut files = Vec::new();
        for (recording, key) in job.recordings.iter().zip(&keys.keys) {
            let Some(scores) = &recording.scores else { continue };
            let whole = Span { onset_secs: 0.0, offset_secs: recording.duration_secs };
            if is_marked && !is_complete(&recording.complete_spans, whole, &all) {
                continue;
            }
            let sources = match &known {
                Some((classes, sources)) if *classes == scores.classes => sources.clone(),
                _ => Arc::new(sources(&scores.classes, &all, map, rules)),
            };
            known = Some((scores.classes.clone(), sources.clone()));
            let duration_secs = recording.duration_secs;
            files.push((&**key, duration_secs, Columns::new(scores, duration_secs, sources)));
        }
        if files.is_empty() {
            return Err(if is_marked { NoScores::NothingComplete } else { NoScores::Unfit });
        }
        let has_class =
            |place: usize| files.iter().any(|file| file.2.sources.get(place).is_some_and(|of| !of.is_empty()));
        let measured: BTreeSet<usize> = (0..all.len()).filter(|&place| has_class(place)).collect();
        let names: BTreeSet<&str> = files.iter().map(|file| file.0).collect();
        // Columns stand at the places of their labels, so that a class that the model lacks keeps its own, of zeros.
        let is_measured = |event: &LabelledSpan<'_>| {
            names.contains(event.file)
                && all.binary_search_by(|label| (**label).cmp(event.label)).is_ok_and(|at| measured.contains(&at))
        };
        let reference: Vec<LabelledSpan<'a>> = reference.iter().filter(|event| is_measured(event)).copied().collect();
        Ok(Self { labels: all, files, reference: apart(&reference) })
    }

    /// How many recordings are measured.
    pub fn recording_count(&self) -> usize {
        self.files.len()
    }

    /// The labels, one a class of the set.
    pub fn labels(&self) -> &[Arc<str>] {
        &self.labels
    }

    /// Whether the model has a class of the label at a place.
    pub fn has_class(&self, place: usize) -> bool {
        self.files.iter().any(|file| file.2.sources.get(place).is_some_and(|sources| !sources.is_empty()))
    }

    /// The set as measures take it.
    pub fn set(&self) -> Result<ScoredSet<'_>, NoScores> {
        let classes = self.labels.iter().map(|label| &**label).collect();
        let files = self.files.iter().map(|(name, duration_secs, columns)| ScoredFile {
            name,
            duration_secs: *duration_secs,
            scores: columns,
        });
        ScoredSet::new(classes, files.collect(), &self.reference).map_err(|error| {
            log::warn!("frame scores are not measured: {error}");
            NoScores::Unfit
        })
    }
}

/// The classes of the model that stand for each label.
fn sources(classes: &[Arc<str>], labels: &[Arc<str>], map: &LabelMap, rules: Option<&ClassRules>) -> Vec<Vec<Source>> {
    let mut sources = vec![Vec::new(); labels.len()];
    for (class, name) in classes.iter().enumerate() {
        for target in map.targets(name) {
            if let Ok(place) = labels.binary_search(&target) {
                let rule = rules.map_or_else(DecisionRule::default, |rules| rules.of(name));
                sources[place].push(Source { class, rule });
            }
        }
    }
    sources
}

/// Computes something of each class on all processors.
pub fn of_each_class<T: Send>(
    count: usize,
    progress: &Progress<'_>,
    compute: impl Fn(usize) -> T + Sync,
) -> Result<Vec<T>, Stopped> {
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let results = Mutex::new(Vec::with_capacity(count));
    let work = || -> Result<(), Stopped> {
        loop {
            let class = next.fetch_add(1, Ordering::Relaxed);
            if class >= count {
                return Ok(());
            }
            progress.reach(done.load(Ordering::Relaxed) as f64 / count as f64)?;
            let result = compute(class);
            results.lock().unwrap_or_else(PoisonError::into_inner).push((class, result));
            done.fetch_add(1, Ordering::Relaxed);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get()).min(count.max(1));
    let mut ended = Ok(());
    std::thread::scope(|scope| {
        let helping: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        ended = work();
        for thread in helping {
            let of_thread = thread
                .join()
                .unwrap_or_else(|_| Err(Stopped::Failed("a measure came to an unforeseen end".to_owned())));
            ended = std::mem::replace(&mut ended, Ok(())).and(of_thread);
        }
    });
    ended?;
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(class, _)| *class);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}

/// PSDS 1 and 2 of a class, and its best F-score with the threshold.
type ClassNumbers = ([Result<f64, Missing>; 2], Result<BestF, Missing>);

/// What frame scores say of each label.
pub struct FrameReport {
    /// By label.
    pub per_class: BTreeMap<Arc<str>, ClassNumbers>,
    /// The means of the classes' PSDS.
    pub class_means: [Measured; 2],
    /// PSDS of all classes: of the mean curve less the spread between classes.
    pub psds: [Measured; 2],
    /// The mean of the classes' best F-scores.
    pub best_mean: Measured,
    /// Curves by label.
    pub curves: BTreeMap<Arc<str>, ClassCurves>,
    /// The mean curves.
    pub mean_curves: ClassCurves,
    /// How many recordings were measured.
    pub recordings: usize,
}

/// Measures frame scores.
pub fn measured(
    frames: &FrameSet<'_>,
    settings: &EvaluationSettings,
    rules: &ClassRules,
    progress: &Progress<'_>,
) -> Result<Result<FrameReport, NoScores>, Stopped> {
    let set = match frames.set() {
        Ok(set) => set,
        Err(why) => return Ok(Err(why)),
    };
    let scored = settings.of_scores();
    let classes = of_each_class(frames.labels().len(), progress, |class| ClassReport::of(&set, class, &scored))?;
    let report = ScoreReport::of(classes, &scored);
    let goal = settings.goal;
    let best_mean = report.mean(|class| class_f(class, goal).map(|f| f.best.score.f));
    let mut all = FrameReport {
        per_class: BTreeMap::new(),
        class_means: report.psds.each_ref().map(|psds: &Psds| psds.class_mean),
        psds: report.psds.each_ref().map(|psds: &Psds| psds.score),
        best_mean,
        curves: BTreeMap::new(),
        mean_curves: mean_curves(&report, goal, scored.psds.map(|psds| psds.most_per_hour)),
        recordings: frames.recording_count(),
    };
    for (place, (label, class)) in frames.labels().iter().zip(&report.classes).enumerate() {
        let no_class = Missing::NoScores(NoScores::NoSuchClass);
        let lacks = !frames.has_class(place);
        let of_measure = |value: Measured| if lacks { Err(no_class) } else { value.map_err(Missing::from) };
        let f = class_f(class, goal);
        let best = match (&f, lacks) {
            (_, true) => Err(no_class),
            (Ok(f), _) => Ok(f.best),
            (Err(why), _) => Err(Missing::from(*why)),
        };
        let psds = [0, 1].map(|scenario: usize| {
            let of_classes = report.psds.get(scenario).and_then(|psds| psds.per_class.get(place));
            of_measure(of_classes.copied().unwrap_or(Err(crate::metric::Undefined::NotWanted)))
        });
        let most = scored.psds.map(|psds| psds.most_per_hour);
        let rocs = [0, 1].map(|scenario: usize| match &class.rocs[scenario] {
            _ if lacks => Err(no_class),
            Ok(roc) => Ok(roc.thinned(DRAWN_POINTS, most[scenario])),
            Err(why) => Err(Missing::from(*why)),
        });
        let drawn = match (&f, lacks) {
            (_, true) => Err(no_class),
            (Ok(f), _) => Ok(f.curve.iter().map(|(below, score)| (*below, score.f)).collect()),
            (Err(why), _) => Err(Missing::from(*why)),
        };
        let threshold = Some(f64::from(rules.of(label).threshold));
        all.curves.insert(label.clone(), ClassCurves { rocs, f: drawn, threshold });
        all.per_class.insert(label.clone(), (psds, best));
    }
    Ok(Ok(all))
}

fn class_f(class: &ClassReport, goal: GoalKind) -> Result<&ClassF, crate::metric::Undefined> {
    let f = match goal {
        GoalKind::Collar => &class.collar,
        GoalKind::Segment => &class.segment,
        GoalKind::Intersection => &class.intersection,
    };
    f.as_ref().map_err(|&why| why)
}

fn mean_curves(report: &ScoreReport, goal: GoalKind, most_per_hour: [f64; 2]) -> ClassCurves {
    let rocs = [0, 1].map(|scenario: usize| {
        let psds = &report.psds[scenario];
        psds.score.map(|_| psds.effective.thinned(DRAWN_POINTS, most_per_hour[scenario])).map_err(Missing::from)
    });
    let curves: Vec<&ClassF> = report.classes.iter().filter_map(|class| class_f(class, goal).ok()).collect();
    let f_at = |threshold: f64| {
        let sum: f64 = curves.iter().map(|f| f_below(&f.curve, threshold)).sum();
        (threshold, sum / curves.len() as f64)
    };
    let steps = (0..=MEAN_STEPS).rev().map(|step| step as f64 / MEAN_STEPS as f64);
    let f = if curves.is_empty() {
        Err(Missing::Undefined(crate::metric::Undefined::NoClass))
    } else {
        Ok(steps.map(f_at).collect())
    };
    ClassCurves { rocs, f, threshold: None }
}

/// The F-score at a threshold, of a curve from high to low scores.
fn f_below(curve: &[(f64, crate::metric::FScore)], threshold: f64) -> f64 {
    let after = curve.partition_point(|(below, _)| *below > threshold);
    after.checked_sub(1).and_then(|place| curve.get(place)).map_or(0.0, |(_, score)| score.f)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{BoxRule, FrameAxis, decide_boxes};

    fn scores(first_onset_secs: f64, frames: usize) -> FrameScores {
        let classes: Vec<Arc<str>> = vec!["Dog".into(), "Bark".into()];
        let mut scores = FrameScores::new(FrameAxis { first_onset_secs, hop_secs: 0.5 }, classes.into());
        (0..frames).for_each(|frame| scores.push(&[frame as f32 / 10.0, 0.25]));
        scores
    }

    #[test]
    fn classes_that_stand_for_one_label_give_the_greatest_score() {
        let labels: Vec<Arc<str>> = vec!["Dog".into()];
        let plain = DecisionRule::default();
        let both = vec![vec![Source { class: 0, rule: plain }, Source { class: 1, rule: plain }]];
        let scores = scores(0.0, 5);
        let columns = Columns::new(&scores, 2.5, Arc::new(both));
        let mut scratch = Vec::new();
        let column: Vec<f64> = columns.column(0, &mut scratch).to_vec();
        let expected = [0.25, 0.25, 0.25, 0.3, 0.4];
        assert!(column.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-4), "{column:?}");
        assert_eq!(sources(&scores.classes, &labels, &LabelMap::Same, None)[0].len(), 1);
        // Of a class with bounding boxes, what lies in none is below all thresholds; but there is the other class.
        let boxed = DecisionRule { boxes: Some(BoxRule { filter_secs: 1.0, ..BoxRule::default() }), ..plain };
        let of = |rules: &[(usize, DecisionRule)]| {
            let sources = vec![rules.iter().map(|&(class, rule)| Source { class, rule }).collect()];
            let columns = Columns::new(&scores, 2.5, Arc::new(sources));
            (columns.borders_secs(0).to_vec(), columns.column(0, &mut Vec::new()).to_vec())
        };
        let boxes = decide_boxes(&scores, 0, &boxed.boxes.unwrap(), 0.0, 2.5);
        assert_eq!(boxes.len(), 1);
        let (onset_secs, confidence) = (boxes[0].span.onset_secs, f64::from(boxes[0].score));
        let (borders, alone) = of(&[(0, boxed)]);
        assert_eq!(borders, [0.0, onset_secs, 2.5]);
        assert!(alone[0] == f64::NEG_INFINITY && (alone[1] - confidence).abs() < 1e-6, "{alone:?}");
        let (borders, with_other) = of(&[(0, boxed), (1, plain)]);
        let last = with_other[with_other.len() - 1];
        assert!(borders.contains(&onset_secs) && (with_other[0] - 0.25).abs() < 1e-4, "{with_other:?}");
        assert!((last - confidence.max(0.25)).abs() < 1e-4);
    }
}
