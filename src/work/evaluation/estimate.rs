//! From what is compared to a list of events: rules are applied to scores, or a label file is read.

use super::found_error::EstimatedName;
use super::job::{EstimateSource, EvaluationJob};
use super::label_map::LabelMap;
use super::{Progress, Stopped};
use crate::decision::{ClassRules, FrameScores, decide_class};
use crate::format::{self, StrongLabels, TextSource};
use crate::metric::united;
use crate::time::Span;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

/// An event to judge.
#[derive(Clone, Debug, PartialEq)]
pub struct EstimatedEvent {
    /// Of which recording, by its place in the job.
    pub recording: usize,
    /// When it is said to sound.
    pub span: Span,
    /// What is said to sound.
    pub label: Arc<str>,
    /// What it is in the window.
    pub name: EstimatedName,
}

/// The events to judge.
#[derive(Debug, Default)]
pub struct Estimate {
    /// By recording.
    pub events: Vec<EstimatedEvent>,
    /// Events whose labels the reference does not have, and these labels: they were left out.
    pub left_out: usize,
    pub left_out_labels: BTreeSet<Arc<str>>,
    /// Events that the map has no label for.
    pub unmapped: usize,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// The labels of the reference.
pub fn reference_labels(job: &EvaluationJob) -> BTreeSet<Arc<str>> {
    job.recordings.iter().flat_map(|recording| &recording.reference).map(|event| event.label.clone()).collect()
}

impl Estimate {
    /// Makes the list. `rules` stand in the place of the job's own, if there are some.
    pub fn of(
        job: &EvaluationJob,
        map: &LabelMap,
        rules: Option<&ClassRules>,
        progress: &Progress<'_>,
    ) -> Result<Self, Stopped> {
        let wanted = job.settings.only_reference_classes.then(|| reference_labels(job));
        let mut estimate = Self::default();
        match &job.estimate {
            EstimateSource::Predictions { rules: own, .. } | EstimateSource::ScoreFolder { rules: own, .. } => {
                let rules = rules.unwrap_or(own);
                for (place, recording) in job.recordings.iter().enumerate() {
                    progress.reach(place as f64 / job.recordings.len() as f64)?;
                    if let Some(scores) = &recording.scores {
                        // What another model says is nowhere in the window.
                        let is_shown = matches!(job.estimate, EstimateSource::Predictions { .. });
                        let found = (scores.as_ref(), recording.duration_secs, is_shown);
                        estimate.decide(place, found, rules, map, wanted.as_ref());
                    }
                }
            }
            EstimateSource::Annotator(_) => {
                for (place, recording) in job.recordings.iter().enumerate() {
                    for event in &recording.estimated {
                        let name = EstimatedName::Event(event.id);
                        estimate.add(place, event.span, &event.label, name, map, wanted.as_ref());
                    }
                }
            }
            EstimateSource::File(path) => {
                let labels = read_labels(path)?;
                estimate.take_rows(job, path, &labels, map, wanted.as_ref());
            }
        }
        if map.joins() {
            estimate.unite();
        }
        Ok(estimate)
    }

    fn decide(
        &mut self,
        place: usize,
        (scores, duration_secs, is_shown): (&FrameScores, f64, bool),
        rules: &ClassRules,
        map: &LabelMap,
        wanted: Option<&BTreeSet<Arc<str>>>,
    ) {
        for (class, label) in scores.classes.iter().enumerate() {
            for prediction in decide_class(scores, class, &rules.of(label), duration_secs) {
                let shown = EstimatedName::Prediction { class, span: prediction.span };
                let name = if is_shown { shown } else { EstimatedName::Nothing };
                self.add(place, prediction.span, label, name, map, wanted);
            }
        }
    }

    fn add(
        &mut self,
        recording: usize,
        span: Span,
        label: &Arc<str>,
        name: EstimatedName,
        map: &LabelMap,
        wanted: Option<&BTreeSet<Arc<str>>>,
    ) {
        let targets = map.targets(label);
        self.unmapped += usize::from(targets.is_empty());
        for target in targets {
            if wanted.is_some_and(|wanted| !wanted.contains(&target)) {
                self.left_out += 1;
                self.left_out_labels.insert(target);
            } else {
                self.events.push(EstimatedEvent { recording, span, label: target, name });
            }
        }
    }

    /// Events of one label that overlap become one, because several labels of the estimate may stand for it.
    fn unite(&mut self) {
        let mut groups: BTreeMap<(usize, Arc<str>), Vec<EstimatedEvent>> = BTreeMap::new();
        for event in std::mem::take(&mut self.events) {
            groups.entry((event.recording, event.label.clone())).or_default().push(event);
        }
        for ((recording, label), events) in groups {
            for span in united(events.iter().map(|event| event.span).collect()) {
                let alone = events.iter().find(|event| event.span == span);
                let name = alone.map_or(EstimatedName::Nothing, |event| event.name);
                self.events.push(EstimatedEvent { recording, span, label: label.clone(), name });
            }
        }
    }

    fn take_rows(
        &mut self,
        job: &EvaluationJob,
        path: &Path,
        labels: &StrongLabels,
        map: &LabelMap,
        wanted: Option<&BTreeSet<Arc<str>>>,
    ) {
        let places = Places::of(job);
        let mut elsewhere: BTreeSet<&str> = BTreeSet::new();
        let (mut rows_elsewhere, mut rows_undecided) = (0, 0);
        for row in &labels.rows {
            let Some(place) = places.of_file(&row.filename) else {
                rows_elsewhere += 1;
                elsewhere.insert(&row.filename);
                continue;
            };
            if !row.is_label() {
                rows_undecided += 1;
                continue;
            }
            for label in row.labels() {
                self.add(place, row.span, label, EstimatedName::Nothing, map, wanted);
            }
        }
        if rows_elsewhere > 0 {
            let files = elsewhere.len();
            self.notes.push(format!("{rows_elsewhere} rows of the file are about {files} other recordings"));
        }
        if rows_undecided > 0 {
            self.notes.push(format!("{rows_undecided} rows of the file are no labels: undecided or rejected"));
        }
        let rejected = labels.warnings.iter().filter(|warning| warning.row_rejected).count();
        if rejected > 0 {
            self.notes.push(format!("{rejected} rows of the file cannot be read: import it to see why"));
        }
        let open = labels.questions.iter().filter(|question| question.taken.is_none()).count();
        if open > 0 {
            let path = path.display();
            self.notes.push(format!("{path} leaves open how it is meant: import it and answer what is asked there"));
        }
    }
}

fn read_labels(path: &Path) -> Result<StrongLabels, Stopped> {
    let failed = |reason: String| Stopped::Failed(format!("{}: {reason}", path.display()));
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let source = TextSource::open(path).map_err(|error| failed(format!("cannot be read: {error}")))?;
    let format = format::sniff(&source, &name).first().map(|(format, _)| *format);
    let format = format.ok_or_else(|| failed("this is no label file of a known format".to_owned()))?;
    format::read_file(format, path).map_err(|error| Stopped::Failed(error.to_string()))
}

/// The recordings by the names that label files may have for them.
struct Places<'a> {
    by_name: HashMap<&'a str, usize>,
    by_stem: HashMap<String, usize>,
}

impl<'a> Places<'a> {
    fn of(job: &'a EvaluationJob) -> Self {
        let mut places = Self { by_name: HashMap::new(), by_stem: HashMap::new() };
        for (place, recording) in job.recordings.iter().enumerate() {
            places.by_name.entry(&recording.name).or_insert(place);
            places.by_stem.entry(stem(&recording.name)).or_insert(place);
        }
        places
    }

    /// By the file name, else by the name without its extension.
    fn of_file(&self, file: &str) -> Option<usize> {
        let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
        self.by_name.get(name).or_else(|| self.by_stem.get(&stem(name))).copied()
    }
}

fn stem(name: &str) -> String {
    Path::new(name).file_stem().map_or_else(|| name.to_owned(), |stem| stem.to_string_lossy().into_owned())
}
