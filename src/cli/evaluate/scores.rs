//! Evaluating frame scores: reads them beside a reference, computes classes on all processors, prints.
//!
//! What is computed is told in `crate::metric`; this file says which recordings and labels go together.

use super::score_paper;
use crate::cli::box_arguments::BoxArguments;
use crate::decision::BoxRule;
use crate::format::{FileScores, read_scores};
use crate::metric::{
    BoxScores, ClassReport, Collars, IntersectionRule, LabelledSpan, Psds, ScoreColumns, ScoreMeasure, ScoreReport,
    ScoreSettings, ScoredFile, ScoredSet, Settings, apart, class_roc_by_thresholds, fifty_thresholds,
};
use anyhow::{Context, bail, ensure};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// What is said on the command line about frame scores.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct ScoreArguments {
    /// Judge frame scores over all thresholds instead of events: a folder with a file of scores for each recording, as
    /// `earmark detect --scores` and sed_scores_eval write them
    #[arg(long, value_name = "DIR", conflicts_with_all = [
        "estimated", "map", "details", "complete", "metrics", "onset_only", "offset_only", "matching", "nothing_estimated", "cttc", "as_reference",
    ])]
    pub(super) scores: Option<PathBuf>,
    /// Frame scores: only these measures; may be given several times
    #[arg(long = "measure", value_name = "MEASURE", requires = "scores", value_parser = known_measure)]
    measures: Vec<ScoreMeasure>,
    /// Frame scores: the threshold for F-scores at one threshold
    #[arg(long, value_name = "SCORE", default_value_t = 0.5, allow_negative_numbers = true)]
    threshold: f64,
    /// Frame scores: PSDS by the thresholds 0.01, 0.03 … 0.99 too, as psds_eval computes it
    #[arg(long, requires = "scores")]
    pub(super) by_thresholds: bool,
    /// Frame scores: PSD-ROCs and F-scores over thresholds in JSON
    #[arg(long, requires = "json")]
    pub(super) curves: bool,
    #[command(flatten)]
    pub(super) boxes: BoxArguments,
}

fn known_measure(key: &str) -> Result<ScoreMeasure, String> {
    let known = ScoreMeasure::ALL.iter().find(|(name, _)| *name == key).map(|(_, measure)| *measure);
    let names: Vec<&str> = ScoreMeasure::ALL.iter().map(|(name, _)| *name).collect();
    known.ok_or_else(|| format!("expected one of {}", names.join(", ")))
}

impl ScoreArguments {
    /// The settings of all measures; collars, segments and shares are those of measures over events.
    pub(super) fn settings(&self, of_events: &Settings) -> ScoreSettings {
        let (event, shares) = (&of_events.event_based, &of_events.intersection_based);
        let default = ScoreSettings::default();
        ScoreSettings {
            measures: if self.measures.is_empty() { default.measures } else { self.measures.clone() },
            collars: Collars {
                onset_secs: event.collar_secs,
                offset_secs: event.collar_secs,
                offset_share: event.offset_share,
            },
            segment_secs: of_events.segment_secs,
            intersection: IntersectionRule {
                detection_share: shares.detection_share,
                reference_share: shares.reference_share,
            },
            threshold: self.threshold,
            ..default
        }
    }
}

/// What is evaluated, and how.
pub(super) struct Job<'a> {
    /// A folder of files of scores, one a recording.
    pub folder: &'a Path,
    /// The events that are right.
    pub events: Vec<LabelledSpan<'a>>,
    /// The recordings of the reference, also those without events.
    pub recordings: Vec<&'a str>,
    /// How long recordings are, in seconds, if a table says it.
    pub durations: Option<&'a BTreeMap<String, f64>>,
    /// The settings of all measures.
    pub settings: ScoreSettings,
    /// Bounding boxes are looked for in the scores, and measured in their place.
    pub boxes: Option<BoxRule>,
    /// PSDS by fifty thresholds too.
    pub is_by_thresholds: bool,
    /// Curves in JSON.
    pub has_curves: bool,
    /// JSON instead of tables.
    pub is_json: bool,
}

/// What was found, for printing.
pub(super) struct Outcome<'a> {
    pub set: ScoredSet<'a>,
    pub settings: ScoreSettings,
    pub boxes: Option<BoxRule>,
    pub report: ScoreReport,
    /// Scenarios 1 and 2 by fifty thresholds, if they were wanted.
    pub by_thresholds: Option<[Psds; 2]>,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// Evaluates, and gives the text for standard output.
pub(super) fn run(job: &Job<'_>) -> anyhow::Result<String> {
    let scores = read_folder(job.folder)?;
    let classes = common_classes(&scores)?;
    let names = ReferenceNames::of(job)?;
    let mut notes = Vec::new();
    let mut files = Vec::new();
    let mut without = 0;
    for (stem, scores) in &scores {
        let Some(name) = names.by_stem.get(stem.as_str()) else {
            without += 1;
            continue;
        };
        let end = scores.table.borders_secs(0).last().copied().unwrap_or(0.0);
        let duration_secs = job.durations.and_then(|table| duration_of(table, name)).unwrap_or(end);
        files.push(ScoredFile { name, duration_secs, scores: &scores.table });
    }
    if without > 0 {
        notes.push(format!(
            "Left out, recordings with scores that neither the reference nor the durations name: {without}"
        ));
    }
    ensure!(!files.is_empty(), "{}: no recording of the reference has scores there", job.folder.display());
    let reference = reference_of(job, &files, classes, &mut notes)?;
    let mut settings = job.settings.clone();
    let boxes = match &job.boxes {
        Some(rule) => box_scores(&files, classes.len(), rule)?,
        None => Vec::new(),
    };
    if let Some(rule) = &job.boxes {
        notes.push(format!("Measured are bounding boxes ({}), each with its mean score", rule.text()));
        settings.measures.retain(|measure| *measure != ScoreMeasure::Frame);
        files.iter_mut().zip(&boxes).for_each(|(file, boxes)| file.scores = boxes);
    }
    let set = ScoredSet::new(classes.iter().map(|class| &**class).collect(), files, &reference)?;
    let reports = for_each_class(set.classes().len(), |class| ClassReport::of(&set, class, &settings))?;
    let report = ScoreReport::of(reports, &settings);
    let by_thresholds = if job.is_by_thresholds { Some(by_thresholds(&set, &settings)?) } else { None };
    let outcome = Outcome { set, settings, boxes: job.boxes, report, by_thresholds, notes };
    if job.is_json {
        return Ok(serde_json::to_string_pretty(&score_paper::json(&outcome, job.has_curves))? + "\n");
    }
    Ok(score_paper::tables(&outcome))
}

/// Bounding boxes in the scores of each file, which are found when they are asked for.
fn box_scores<'a>(files: &[ScoredFile<'a>], class_count: usize, rule: &BoxRule) -> anyhow::Result<Vec<BoxScores<'a>>> {
    let mut scratch = Vec::new();
    for file in files {
        for class in 0..class_count {
            let is_right =
                file.scores.column(class, &mut scratch).iter().all(|&score| score.is_finite() && score >= 0.0);
            ensure!(
                is_right,
                "{}: has scores below 0, in which there are no bounding boxes: leave --boxes out",
                file.name
            );
        }
    }
    Ok(files.iter().map(|file| BoxScores::new(file.scores, class_count, file.duration_secs, *rule)).collect())
}

fn by_thresholds(set: &ScoredSet<'_>, settings: &ScoreSettings) -> anyhow::Result<[Psds; 2]> {
    let thresholds = fifty_thresholds();
    let mut scenarios = settings.psds.iter().map(|settings| -> anyhow::Result<Psds> {
        let curve = |class| class_roc_by_thresholds(set, class, settings, &thresholds);
        Ok(Psds::of(&for_each_class(set.classes().len(), curve)?, settings))
    });
    let mut next = || scenarios.next().context("there are two scenarios")?;
    Ok([next()?, next()?])
}

/// Computes something for each class, on as many threads as there are processors; in the order of the classes.
fn for_each_class<T: Send>(count: usize, of_class: impl Fn(usize) -> T + Sync) -> anyhow::Result<Vec<T>> {
    side_by_side(count, "evaluate class", of_class)
}

/// Does `count` jobs on as many threads as there are processors; the results in order.
fn side_by_side<T: Send>(count: usize, name: &str, job: impl Fn(usize) -> T + Sync) -> anyhow::Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let mut results: Vec<Option<T>> = (0..count).map(|_| None).collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(count.max(1));
    let (sender, receiver) = mpsc::sync_channel(threads);
    std::thread::scope(|scope| -> anyhow::Result<()> {
        for _ in 0..threads {
            let (sender, next, job) = (sender.clone(), &next, &job);
            std::thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, move || {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    if place >= count || sender.send((place, job(place))).is_err() {
                        break;
                    }
                }
            })?;
        }
        drop(sender);
        for (place, result) in receiver {
            results[place] = Some(result);
        }
        Ok(())
    })?;
    results.into_iter().map(|result| result.context("a thread stopped before its work was done")).collect()
}

/// The scores of all recordings of a folder, by the names of their files without `.tsv`.
fn read_folder(folder: &Path) -> anyhow::Result<Vec<(String, FileScores)>> {
    let unreadable = || format!("{}: cannot be read as a folder of scores", folder.display());
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tsv")) {
            paths.push(path);
        }
    }
    paths.sort();
    ensure!(
        !paths.is_empty(),
        "{}: holds no .tsv file of scores: `earmark detect --scores` writes them",
        folder.display()
    );
    let read = side_by_side(paths.len(), "read scores", |place| read_scores(&paths[place]))?;
    let stem = |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    paths.iter().zip(read).map(|(path, scores)| Ok((stem(path), scores?))).collect()
}

/// The classes of all files, which must be the same.
fn common_classes(scores: &[(String, FileScores)]) -> anyhow::Result<&[Arc<str>]> {
    let (first, all) = scores.first().context("there are no scores")?;
    for (stem, scores) in scores {
        if scores.classes == all.classes {
            continue;
        }
        let (here, there) = (as_set(&scores.classes), as_set(&all.classes));
        match (there.difference(&here).next(), here.difference(&there).next()) {
            (Some(missing), _) => bail!("{stem}.tsv: has no column {missing}, which {first}.tsv has"),
            (_, Some(more)) => bail!("{stem}.tsv: has a column {more}, which {first}.tsv has not"),
            _ => bail!("{stem}.tsv: has its columns in another order than {first}.tsv"),
        }
    }
    Ok(&all.classes)
}

fn as_set(classes: &[Arc<str>]) -> BTreeSet<&str> {
    classes.iter().map(|class| &**class).collect()
}

/// What the reference calls the recordings whose scores are named without extension.
struct ReferenceNames<'a> {
    by_stem: HashMap<&'a str, &'a str>,
}

impl<'a> ReferenceNames<'a> {
    fn of(job: &Job<'a>) -> anyhow::Result<Self> {
        let mut by_stem: HashMap<&str, &str> = HashMap::new();
        let of_table = job.durations.into_iter().flat_map(|table| table.keys().map(String::as_str));
        let of_events = job.events.iter().map(|event| event.file);
        for name in job.recordings.iter().copied().chain(of_events).chain(of_table) {
            for stem in [name, stem_of(name)] {
                let before = by_stem.insert(stem, name);
                if let Some(before) = before.filter(|before| *before != name && stem_of(before) == stem_of(name)) {
                    // A table of durations may leave the extension out.
                    let is_same = before == stem_of(name) || name == stem_of(before);
                    ensure!(is_same, "{before} and {name} would both have the scores of {stem}.tsv: rename one");
                    by_stem.insert(stem, if name == stem_of(before) { before } else { name });
                }
            }
        }
        Ok(Self { by_stem })
    }
}

/// A file's name without its last extension.
fn stem_of(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

fn duration_of(table: &BTreeMap<String, f64>, name: &str) -> Option<f64> {
    table.get(name).or_else(|| table.get(stem_of(name))).copied()
}

/// The reference events of recordings and labels that have scores, apart from each other; notes say what was left out or united.
fn reference_of<'a>(
    job: &Job<'a>,
    files: &[ScoredFile<'_>],
    classes: &[Arc<str>],
    notes: &mut Vec<String>,
) -> anyhow::Result<Vec<LabelledSpan<'a>>> {
    let scored: BTreeSet<&str> = files.iter().map(|file| file.name).collect();
    let known = as_set(classes);
    let mut unknown: BTreeMap<&str, usize> = BTreeMap::new();
    let mut events = Vec::new();
    for event in &job.events {
        if !known.contains(event.label) {
            *unknown.entry(event.label).or_default() += 1;
            continue;
        }
        let has_scores = scored.contains(event.file);
        ensure!(has_scores, "{}: has reference events but no scores in {}", event.file, job.folder.display());
        events.push(*event);
    }
    if !unknown.is_empty() {
        let count: usize = unknown.values().sum();
        let labels: Vec<&str> = unknown.keys().copied().take(5).collect();
        let more = if unknown.len() > labels.len() { " …" } else { "" };
        notes.push(format!(
            "Left out, reference events whose labels have no scores: {count} ({}{more})",
            labels.join(", ")
        ));
    }
    let united = apart(&events);
    if united.len() < events.len() {
        let count = events.len() - united.len();
        notes.push(format!(
            "Reference events without length, or united with one of their label that they touch: {count}"
        ));
    }
    Ok(united)
}
