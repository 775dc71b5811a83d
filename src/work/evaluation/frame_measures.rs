//! Frame scores of a project as measures over all thresholds see them, class by class on all processors.

use super::job::{EvaluationJob, Keys};
use super::label_columns::{LabelColumns, Sources, sources};
use super::label_map::LabelMap;
use super::sections::Section;
use super::{ClassCurves, EvaluationSettings, GoalKind, Missing, NoScores, Progress, Stopped};
use crate::decision::ClassRules;
use crate::metric::{
    BestF, ClassF, ClassReport, LabelledSpan, Measured, Psds, ScoreReport, ScoredFile, ScoredSet, apart,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// So many points of a curve are kept.
const DRAWN_POINTS: usize = 256;
/// Thresholds at which F-scores are averaged.
const MEAN_STEPS: usize = 200;

/// Everything that is borrowed while frame scores are measured.
pub struct FrameSet<'a> {
    labels: Vec<Arc<str>>,
    files: Vec<(&'a Section, LabelColumns<'a>)>,
    reference: Vec<LabelledSpan<'a>>,
}

impl<'a> FrameSet<'a> {
    /// The scores of sections in which it is known where nothing is, under these rules' median filters or as their bounding boxes (none: as
    /// they are). `reference` is what is right in the recordings, by their keys.
    pub fn of(
        job: &'a EvaluationJob,
        (keys, sections): (&'a Keys, &'a [Section]),
        reference: &[LabelledSpan<'a>],
        labels: &[Arc<str>],
        map: &LabelMap,
        rules: Option<&ClassRules>,
    ) -> Result<Self, NoScores> {
        if job.recordings.iter().all(|recording| recording.scores.is_none()) {
            return Err(NoScores::OnlyEvents);
        }
        let mut known: Option<(Arc<[Arc<str>]>, Sources)> = None;
        let mut files = Vec::new();
        for section in sections {
            let Some(recording) = job.recordings.get(section.recording) else { continue };
            let Some(scores) = &recording.scores else { continue };
            let sources = match &known {
                Some((classes, sources)) if *classes == scores.classes => sources.clone(),
                _ => Arc::new(sources(&scores.classes, labels, map, rules)),
            };
            known = Some((scores.classes.clone(), sources.clone()));
            files.push((section, LabelColumns::new(scores, recording.duration_secs, section, sources)));
        }
        if files.is_empty() {
            let is_marked = keys.completeness(job).is_some();
            return Err(if is_marked { NoScores::NothingComplete } else { NoScores::Unfit });
        }
        let mut set = Self { labels: labels.to_vec(), files, reference: Vec::new() };
        // Columns stand at the places of their labels, so that a class that the model lacks keeps its own, of zeros.
        let is_measured = |event: &&LabelledSpan<'_>| {
            labels.binary_search_by(|label| (**label).cmp(event.label)).is_ok_and(|place| set.has_class(place))
        };
        let mut of_file: HashMap<&str, Vec<&LabelledSpan<'a>>> = HashMap::new();
        reference.iter().filter(is_measured).for_each(|event| of_file.entry(event.file).or_default().push(event));
        let cut = |section: &'a Section| {
            let events = keys.keys.get(section.recording).and_then(|key| of_file.get(key.as_str()));
            let events = events.into_iter().flatten().copied();
            events.filter_map(|event| {
                Some(LabelledSpan { file: &section.name, span: section.cut(event.span)?, ..*event })
            })
        };
        let inside: Vec<LabelledSpan<'a>> = set.files.iter().flat_map(|&(section, _)| cut(section)).collect();
        set.reference = apart(&inside);
        Ok(set)
    }

    /// How many recordings are measured, as a whole or in part.
    pub fn recording_count(&self) -> usize {
        self.files.iter().map(|(section, _)| section.recording).collect::<BTreeSet<_>>().len()
    }

    /// How many seconds are measured, and whether these are whole recordings.
    pub fn extent(&self) -> (f64, bool) {
        let secs = self.files.iter().map(|(section, _)| section.span.duration_secs()).sum();
        (secs, self.files.iter().all(|(section, _)| section.is_whole))
    }

    /// The labels, one a class of the set.
    pub fn labels(&self) -> &[Arc<str>] {
        &self.labels
    }

    /// Whether the model has a class of the label at a place.
    pub fn has_class(&self, place: usize) -> bool {
        self.files.iter().any(|(_, columns)| !columns.sources(place).is_empty())
    }

    /// The threshold that is in force for the label at a place; none where several classes stand for it under different ones.
    fn threshold(&self, place: usize) -> Option<f64> {
        let mut thresholds =
            self.files.iter().flat_map(|(_, columns)| columns.sources(place)).map(|source| source.rule.threshold);
        let first = thresholds.next()?;
        thresholds.all(|other| other == first).then_some(f64::from(first))
    }

    /// The set as measures take it.
    pub fn set(&self) -> Result<ScoredSet<'_>, NoScores> {
        let classes = self.labels.iter().map(|label| &**label).collect();
        let files = self.files.iter().map(|(section, columns)| ScoredFile {
            name: &section.name,
            duration_secs: section.span.duration_secs(),
            scores: columns,
        });
        ScoredSet::new(classes, files.collect(), &self.reference).map_err(|error| {
            log::warn!("frame scores are not measured: {error}");
            NoScores::Unfit
        })
    }
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
    /// How many recordings were measured, as a whole or in part.
    pub recordings: usize,
    /// How many seconds of them, and whether these are whole recordings.
    pub extent: (f64, bool),
}

/// Measures frame scores.
pub fn measured(
    frames: &FrameSet<'_>,
    settings: &EvaluationSettings,
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
        extent: frames.extent(),
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
        let threshold = frames.threshold(place);
        all.curves.insert(label.clone(), ClassCurves { rocs, f: drawn, threshold, is_mean: false });
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
    ClassCurves { rocs, f, threshold: None, is_mean: true }
}

/// The F-score at a threshold, of a curve from high to low scores.
fn f_below(curve: &[(f64, crate::metric::FScore)], threshold: f64) -> f64 {
    let after = curve.partition_point(|(below, _)| *below > threshold);
    after.checked_sub(1).and_then(|place| curve.get(place)).map_or(0.0, |(_, score)| score.f)
}
