//! The measures of a job: lists of events against each other, and frame scores, as rows of one table.

use super::estimate::{Estimate, reference_labels};
use super::found_error::found;
use super::frame_measures::{FrameReport, FrameSet, measured};
use super::job::{EstimateSource, EvaluationJob, Keys};
use super::label_map::LabelMap;
use super::sections::sections;
use super::{ClassRow, Column, EvaluationReport, GoalKind, Missing, NoScores, Progress, Stopped, Summary, Value};
use crate::annotation::EventId;
use crate::metric::{self, Evaluated, LabelledSpan, Measured, Report, Undefined, outcomes};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How much of the work the estimate and lists of events are.
const ESTIMATE_PART: f64 = 0.3;
const EVENTS_PART: f64 = 0.4;

/// The reference as measures take it, with what its events are in the project.
pub fn reference_spans<'a>(job: &'a EvaluationJob, keys: &'a Keys) -> (Vec<LabelledSpan<'a>>, Vec<(usize, EventId)>) {
    let places = job.recordings.iter().zip(&keys.keys).enumerate();
    let events = places.flat_map(|(place, (recording, key))| {
        recording
            .reference
            .iter()
            .map(move |event| (LabelledSpan { file: key, span: event.span, label: &event.label }, (place, event.id)))
    });
    events.unzip()
}

/// The estimated events as measures take them.
pub fn estimated_spans<'a>(estimate: &'a Estimate, keys: &'a Keys) -> Vec<LabelledSpan<'a>> {
    let span = |event: &'a super::estimate::EstimatedEvent| {
        let file = keys.keys.get(event.recording)?;
        Some(LabelledSpan { file, span: event.span, label: &event.label })
    };
    estimate.events.iter().filter_map(span).collect()
}

/// The report of a metric of two lists of events.
pub fn events_report(job: &EvaluationJob, evaluated: &Evaluated<'_>, goal: GoalKind) -> Result<Report, Stopped> {
    let metric = metric::ALL.iter().find(|metric| metric.key == goal.metric());
    let metric = metric.ok_or_else(|| Stopped::Failed(format!("there is no metric {:?}", goal.metric())))?;
    Ok((metric.report)(evaluated, &job.settings.of_events()))
}

/// All measures.
pub fn report(job: &EvaluationJob, progress: &Progress<'_>) -> Result<EvaluationReport, Stopped> {
    let map = LabelMap::read(job.label_map.as_deref())?;
    let keys = Keys::of(job);
    let (reference, names) = reference_spans(job, &keys);
    let told = |part: f64| (progress.tell)(ESTIMATE_PART * part);
    let estimate = Estimate::of(job, &map, None, &progress.within(&told))?;
    let estimated = estimated_spans(&estimate, &keys);
    let (durations_secs, complete) = (keys.durations_secs(job), keys.completeness(job));
    let evaluated = Evaluated {
        reference: &reference,
        estimated: &estimated,
        durations_secs: &durations_secs,
        complete: complete.as_ref(),
    };
    progress.reach(ESTIMATE_PART)?;
    let reports: Vec<Report> =
        GoalKind::ALL.iter().map(|&goal| events_report(job, &evaluated, goal)).collect::<Result<_, _>>()?;
    let of_events = job.settings.of_events();
    let outcomes = outcomes(&reference, &estimated, &of_events.event_based, complete.as_ref());
    let (errors, confused) = found(job, &outcomes, &names, (&reference, &estimated), &estimate.events);
    progress.reach(EVENTS_PART)?;

    let mut labels: BTreeSet<Arc<str>> = reference_labels(job);
    labels.extend(estimate.events.iter().map(|event| event.label.clone()));
    let told = |part: f64| (progress.tell)(EVENTS_PART + (1.0 - EVENTS_PART) * part);
    let frames = frame_report(job, &keys, &reference, &labels, &map, &progress.within(&told))?;
    let counts = Counts::of(&reference, &estimated);
    let table = Table { reports: &reports, frames: &frames, counts: &counts };
    let left_out = outcomes.estimated.iter().filter(|outcome| **outcome == metric::Outcome::LeftOut).count();
    let summary = Summary {
        recordings: job.recordings.len(),
        scored_recordings: frames.as_ref().map_or(0, |frames| frames.recordings),
        reference: reference.len(),
        estimated: estimated.len(),
        estimate: estimate_words(&job.estimate),
        outside_complete: complete.is_some().then_some(left_out),
    };
    let (overall, mean) = (table.overall(), table.mean());
    let classes = labels.iter().map(|label| table.class(label)).collect();
    let notes = notes(job, &estimate, &summary, frames.as_ref().ok());
    let (curves, mean_curves) = match frames {
        Ok(frames) => (frames.curves, Some(frames.mean_curves)),
        Err(_) => (BTreeMap::new(), None),
    };
    Ok(EvaluationReport {
        summary,
        overall,
        mean,
        classes,
        errors,
        confused,
        curves,
        mean_curves,
        notes,
        elapsed_secs: 0.0,
    })
}

fn estimate_words(estimate: &EstimateSource) -> String {
    match estimate {
        EstimateSource::Predictions { name, .. } => format!("predictions of {name} under the rules in force"),
        EstimateSource::ScoreFolder { path, rules } => {
            let folder = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            format!("scores in {folder}, above {} where events are compared", rules.common.threshold)
        }
        EstimateSource::Annotator(name) if name.is_empty() => "events of whoever gave no name".to_owned(),
        EstimateSource::Annotator(name) => format!("events of {name}"),
        EstimateSource::File(path) => {
            format!("events of {}", path.file_name().unwrap_or(path.as_os_str()).to_string_lossy())
        }
    }
}

fn frame_report(
    job: &EvaluationJob,
    keys: &Keys,
    reference: &[LabelledSpan<'_>],
    labels: &BTreeSet<Arc<str>>,
    map: &LabelMap,
    progress: &Progress<'_>,
) -> Result<Result<FrameReport, NoScores>, Stopped> {
    let (EstimateSource::Predictions { rules, .. } | EstimateSource::ScoreFolder { rules, .. }) = &job.estimate else {
        return Ok(Err(NoScores::OnlyEvents));
    };
    let labels: Vec<Arc<str>> = labels.iter().cloned().collect();
    let sections = sections(job, keys, &labels);
    match FrameSet::of(job, (keys, &sections), reference, &labels, map, Some(rules)) {
        Ok(frames) => measured(&frames, &job.settings, progress),
        Err(why) => Ok(Err(why)),
    }
}

/// What was left out, and what marks of completeness mean.
fn notes(job: &EvaluationJob, estimate: &Estimate, summary: &Summary, frames: Option<&FrameReport>) -> Vec<String> {
    let mut notes = job.notes.clone();
    if estimate.left_out > 0 {
        let (events, labels) = (estimate.left_out, estimate.left_out_labels.len());
        notes.push(format!(
            "{events} estimated events of {labels} classes that the reference does not have are left out (see Settings)"
        ));
    }
    if estimate.unmapped > 0 {
        notes.push(format!("{} estimated events have no label in the label map and are left out", estimate.unmapped));
    }
    if let Some(left_out) = summary.outside_complete {
        notes.push(format!(
            "Only spans where nothing is missing count as negatives, because there are such marks: {left_out} estimated events outside of \
             them count for nothing"
        ));
        let (scored, all) = (summary.scored_recordings, summary.recordings);
        if let Some((secs, is_whole)) = frames.map(|frames| frames.extent)
            && (!is_whole || scored < all)
        {
            notes.push(format!(
                "PSDS, best F1 and curves are of the {:.1} min in {scored} of {all} recordings that are marked so: each span as if it were a \
                 recording, with events cut at its ends",
                secs / 60.0
            ));
        }
    }
    notes.extend(estimate.notes.iter().cloned());
    notes
}

/// How many events there are by label.
struct Counts<'a> {
    reference: BTreeMap<&'a str, usize>,
    estimated: BTreeMap<&'a str, usize>,
}

impl<'a> Counts<'a> {
    fn of(reference: &[LabelledSpan<'a>], estimated: &[LabelledSpan<'a>]) -> Self {
        let count = |events: &[LabelledSpan<'a>]| {
            let mut counts = BTreeMap::new();
            events.iter().for_each(|event| *counts.entry(event.label).or_default() += 1);
            counts
        };
        Self { reference: count(reference), estimated: count(estimated) }
    }
}

/// What rows are made of.
struct Table<'a> {
    /// One a kind of F-score.
    reports: &'a [Report],
    frames: &'a Result<FrameReport, NoScores>,
    counts: &'a Counts<'a>,
}

impl Table<'_> {
    /// A row: `of_report` gives the numbers of a metric's report, `of_frames` those of frame scores.
    fn row(
        &self,
        label: &str,
        counts: [Value; 2],
        of_report: impl Fn(&Report) -> Option<Vec<Measured>>,
        of_frames: impl Fn(&FrameReport) -> [Value; 4],
    ) -> ClassRow {
        let value = |goal: usize, key: &str| -> Value {
            let report = self.reports.get(goal);
            let found = report.and_then(|report| report.value(&of_report(report)?, key));
            found.unwrap_or(Err(Undefined::NothingEvaluated)).map_err(Missing::from)
        };
        let frames = match self.frames {
            Ok(frames) => of_frames(frames),
            Err(why) => [Err(Missing::NoScores(*why)); 4],
        };
        let values = Column::ALL.map(|column| match column {
            Column::Reference => counts[0],
            Column::Estimated => counts[1],
            Column::CollarF => value(0, "f_score"),
            Column::CollarPrecision => value(0, "precision"),
            Column::CollarRecall => value(0, "recall"),
            Column::SegmentF => value(1, "f_score"),
            Column::IntersectionF => value(2, "f_score"),
            Column::Psds1 => frames[0],
            Column::Psds2 => frames[1],
            Column::BestF => frames[2],
            Column::BestThreshold => frames[3],
        });
        ClassRow { label: label.into(), values }
    }

    fn class(&self, label: &Arc<str>) -> ClassRow {
        let count = |counts: &BTreeMap<&str, usize>| Ok(counts.get(&**label).copied().unwrap_or(0) as f64);
        let counts = [count(&self.counts.reference), count(&self.counts.estimated)];
        let of_report = |report: &Report| report.per_class.get(&**label).cloned();
        self.row(label, counts, of_report, |frames| match frames.per_class.get(label) {
            Some((psds, best)) => [psds[0], psds[1], best.map(|best| best.score.f), best.map(|best| best.threshold)],
            None => [Err(Missing::NoScores(NoScores::NoSuchClass)); 4],
        })
    }

    fn overall(&self) -> ClassRow {
        let count = |counts: &BTreeMap<&str, usize>| Ok(counts.values().sum::<usize>() as f64);
        let counts = [count(&self.counts.reference), count(&self.counts.estimated)];
        let classes_only = Err(Missing::Undefined(Undefined::ClassesOnly));
        let psds = |frames: &FrameReport, scenario: usize| frames.psds[scenario].map_err(Missing::from);
        self.row(
            "All events",
            counts,
            |report| Some(report.overall.clone()),
            |frames| [psds(frames, 0), psds(frames, 1), classes_only, classes_only],
        )
    }

    fn mean(&self) -> ClassRow {
        let no_mean: Value = Err(Missing::Undefined(Undefined::NoMean));
        let mean = |value: Measured| value.map_err(Missing::from);
        self.row(
            "Mean of classes",
            [no_mean; 2],
            |report| Some(report.mean.clone()),
            |frames| {
                let [psds1, psds2] = frames.class_means;
                [mean(psds1), mean(psds2), mean(frames.best_mean), no_mean]
            },
        )
    }
}
