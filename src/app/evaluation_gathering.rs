//! The snapshot that is evaluated: recordings, labels and scores, gathered a few milliseconds a frame, so that neither many events nor many
//! recordings are felt. Scores that are on disk only are read one recording after the other.

use super::evaluation::{EstimateChoice, Evaluating, Question, Stage};
use super::files::counted;
use super::scored::Scored;
use super::workbench::Workbench;
use crate::annotation::{EventId, Recording, RecordingId, Status};
use crate::decision::{ClassRules, DecisionRule, FrameScores, Preset};
use crate::work::CancelOnDrop;
use crate::work::evaluation::{
    self, EstimateSource, EvaluatedRecording, EvaluationJob, KnownEvent, Tuning, WhichRecordings,
};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long one frame may spend on gathering.
const BUDGET: Duration = Duration::from_millis(2);
/// Events and recordings that are gathered between looks at the clock.
const STEPS_AT_ONCE: usize = 1000;
/// Scores of more bytes than this are not held for an evaluation.
const MOST_SCORE_BYTES: usize = 1 << 30;
/// The threshold for events of another model's scores, of which no rule is known.
const FOLDER_THRESHOLD: f32 = 0.5;

/// Scores that can be evaluated together: they have one set of rules.
#[derive(Clone, Debug, PartialEq)]
struct ScoreKind {
    model: Arc<str>,
    hop_secs: f64,
    preset: Option<Preset>,
}

impl ScoreKind {
    fn of(scored: &Scored) -> Self {
        let start = &scored.start;
        Self { model: start.model.clone(), hop_secs: start.axis.hop_secs, preset: start.rule.preset }
    }
}

/// A snapshot in the making.
pub(super) struct Gathering {
    question: Question,
    revision: u64,
    tuning: Option<Tuning>,
    kind: Option<ScoreKind>,
    rules: Option<Arc<ClassRules>>,
    recordings: Vec<EvaluatedRecording>,
    annotators: BTreeMap<Arc<str>, usize>,
    models: BTreeMap<Arc<str>, usize>,
    /// The recording that was begun last, and its event that was taken last.
    at: Option<(RecordingId, Option<EventId>)>,
    /// The recording whose scores are being read.
    waiting: Option<RecordingId>,
    bytes: usize,
    left_out: LeftOut,
}

/// How many recordings are left out, and why.
#[derive(Default)]
struct LeftOut {
    without_scores: usize,
    of_other_scores: usize,
    at_work: usize,
    too_large: usize,
}

/// What comes of looking for scores.
enum Found {
    Scores(Arc<FrameScores>),
    Nothing,
    /// They are being read.
    Later,
}

impl Gathering {
    pub fn new(question: Question, revision: u64, tuning: Option<Tuning>, here: Option<&Scored>) -> Self {
        let is_meant = |scored: &&Scored| match &question.estimate {
            EstimateChoice::Predictions(model) => model.as_ref().is_none_or(|model| *model == scored.start.model),
            _ => false,
        };
        let kind = here.filter(is_meant).map(ScoreKind::of);
        Self {
            question,
            revision,
            tuning,
            kind,
            rules: None,
            recordings: Vec::new(),
            annotators: BTreeMap::new(),
            models: BTreeMap::new(),
            at: None,
            waiting: None,
            bytes: 0,
            left_out: LeftOut::default(),
        }
    }

    /// Takes the events of the recording that was begun last from where it stopped; whether these are all.
    fn take_events(&mut self, recording: &Recording, last: Option<EventId>, left: &mut usize) -> bool {
        let Some(into) = self.recordings.last_mut() else { return true };
        let after = last.map_or(Bound::Unbounded, Bound::Excluded);
        for event in recording.events.range((after, Bound::Unbounded)).map(|(_, event)| event) {
            if *left == 0 {
                return false;
            }
            *left -= 1;
            self.at = Some((into.id, Some(event.id)));
            if !event.status.is_label() {
                continue;
            }
            let by = event.edited.as_ref().map(|edited| edited.by.clone()).unwrap_or_default();
            let is_compared = matches!(&self.question.estimate, EstimateChoice::Annotator(name) if *name == by);
            match self.annotators.get_mut(&by) {
                Some(count) => *count += 1,
                None => drop(self.annotators.insert(by, 1)),
            }
            let list = if is_compared { &mut into.estimated } else { &mut into.reference };
            for label in event.labels() {
                list.push(KnownEvent { id: event.id, span: event.span, label: label.clone() });
            }
        }
        true
    }

    fn notes(&self) -> Vec<String> {
        let LeftOut { without_scores, of_other_scores, at_work, too_large } = self.left_out;
        let reasons = [
            (without_scores, "that have no scores of this model"),
            (of_other_scores, "whose scores came about otherwise (another hop, or other clips)"),
            (at_work, "that the model is still at work on"),
            (too_large, "whose scores do not fit in 1 GiB together with the others"),
        ];
        let told = reasons.into_iter().filter(|(count, _)| *count > 0);
        told.map(|(count, why)| format!("{} left out {why}", counted(count, "recording"))).collect()
    }
}

impl Workbench {
    /// Goes on gathering, a few milliseconds of it, and hands over what is complete.
    pub(super) fn gather_for_evaluation(&mut self) {
        let Stage::Gathering(mut gathering) = std::mem::take(&mut self.evaluation.stage) else { return };
        if gathering.revision != self.revision || gathering.question != self.question() {
            return self.gather_anew(gathering.tuning);
        }
        let began = Instant::now();
        let mut left = STEPS_AT_ONCE;
        while let Some(is_waiting) = self.gather_recording(&mut gathering, &mut left) {
            if is_waiting || began.elapsed() > BUDGET {
                // The scores that are waited for wake the window themselves.
                if !is_waiting {
                    (self.wake)();
                }
                self.evaluation.stage = Stage::Gathering(gathering);
                return;
            }
            left = left.max(STEPS_AT_ONCE);
        }
        self.start_evaluating(*gathering);
    }

    /// Gathers a recording, or some more events of one. None if that was all; else whether scores must be waited for.
    fn gather_recording(&mut self, gathering: &mut Gathering, left: &mut usize) -> Option<bool> {
        if let Some((id, Some(last))) = gathering.at
            && let Some(recording) = self.document.recording(id)
        {
            *left = STEPS_AT_ONCE;
            if !gathering.take_events(recording, Some(last), left) {
                return Some(false);
            }
        }
        let next = gathering.at.map_or(0, |(id, _)| id.0.saturating_add(1));
        let (id, recording) = self.document.recordings_from(RecordingId(next)).next()?;
        let is_wanted = match gathering.question.settings.recordings {
            WhichRecordings::All => true,
            WhichRecordings::Done => recording.is_complete,
            WhichRecordings::Annotated => {
                let counts = self.document.counts(id);
                let labels = counts.of(Status::Accepted) + counts.of(Status::Corrected);
                recording.is_complete || !recording.complete_spans.is_empty() || labels > 0
            }
        };
        let mut scores = None;
        if is_wanted && matches!(gathering.question.estimate, EstimateChoice::Predictions(_)) {
            match self.scores_to_evaluate(id, gathering) {
                Found::Scores(found) => scores = Some(found),
                Found::Later => return Some(true),
                Found::Nothing => {
                    gathering.at = Some((id, None));
                    return Some(false);
                }
            }
        }
        gathering.at = Some((id, None));
        let Some(recording) = self.document.recording(id).filter(|_| is_wanted) else { return Some(false) };
        gathering.recordings.push(EvaluatedRecording {
            id,
            name: recording.file_name(),
            duration_secs: recording.duration_secs,
            complete_spans: recording.complete_spans.clone(),
            reference: Vec::new(),
            estimated: Vec::new(),
            scores,
        });
        *left = STEPS_AT_ONCE;
        gathering.take_events(recording, None, left);
        Some(false)
    }

    /// The scores of a recording, if they are of the kind that is compared.
    fn scores_to_evaluate(&mut self, id: RecordingId, gathering: &mut Gathering) -> Found {
        let EstimateChoice::Predictions(wanted) = &gathering.question.estimate else { return Found::Nothing };
        let is_first_look = gathering.waiting != Some(id);
        if let Some(summary) = self.scores_of(id).filter(|_| is_first_look) {
            *gathering.models.entry(summary.model.clone()).or_default() += 1;
        }
        if self.runs.get(&id).is_some_and(|run| run.has_begun) {
            gathering.left_out.at_work += 1;
            return Found::Nothing;
        }
        let Some(scored) = self.scored.get(&id) else {
            let on_disk = self.keeping.scores_on_disk.get(&id);
            let model = gathering.kind.as_ref().map(|kind| &kind.model).or(wanted.as_ref());
            let may_fit = on_disk.is_some_and(|summary| model.is_none_or(|model| *model == summary.model));
            let is_read = !is_first_look && !self.keeping.scores_asked.contains(&id);
            if !may_fit || is_read {
                gathering.left_out.without_scores += 1;
                return Found::Nothing;
            }
            gathering.waiting = Some(id);
            self.load_scores(id);
            return Found::Later;
        };
        let kind = ScoreKind::of(scored);
        if wanted.as_ref().is_some_and(|model| *model != kind.model) {
            gathering.left_out.without_scores += 1;
            return Found::Nothing;
        }
        let of_job = gathering.kind.get_or_insert_with(|| kind.clone());
        if *of_job != kind {
            let other_model = of_job.model != kind.model;
            let left_out = &mut gathering.left_out;
            *(if other_model { &mut left_out.without_scores } else { &mut left_out.of_other_scores }) += 1;
            return Found::Nothing;
        }
        let bytes = scored.scores.memory_bytes();
        if gathering.bytes + bytes > MOST_SCORE_BYTES {
            gathering.left_out.too_large += 1;
            return Found::Nothing;
        }
        gathering.bytes += bytes;
        if gathering.rules.is_none() {
            gathering.rules = Some(Arc::new(scored.rules.clone()));
        }
        Found::Scores(scored.scores.clone())
    }

    /// Hands a snapshot to the thread.
    fn start_evaluating(&mut self, gathering: Gathering) {
        self.evaluation.annotators = gathering.annotators.iter().map(|(name, &count)| (name.clone(), count)).collect();
        if matches!(gathering.question.estimate, EstimateChoice::Predictions(_)) {
            self.evaluation.models = gathering.models.iter().map(|(name, &count)| (name.clone(), count)).collect();
        }
        let notes = gathering.notes();
        if gathering.recordings.is_empty() {
            return self.evaluation_failed(nothing_text(&gathering, &notes));
        }
        let estimate = match &gathering.question.estimate {
            EstimateChoice::Predictions(_) => EstimateSource::Predictions {
                name: gathering.kind.as_ref().map(|kind| kind.model.to_string()).unwrap_or_default(),
                rules: gathering.rules.clone().unwrap_or_default(),
            },
            EstimateChoice::Scores(path) => {
                let rules = Arc::new(DecisionRule { threshold: FOLDER_THRESHOLD, ..DecisionRule::default() }.into());
                EstimateSource::ScoreFolder { path: path.clone(), rules }
            }
            EstimateChoice::Annotator(name) => EstimateSource::Annotator(name.clone()),
            EstimateChoice::File(path) => EstimateSource::File(path.clone()),
        };
        self.evaluation.last_number += 1;
        let cancel = CancelOnDrop::default();
        let job = EvaluationJob {
            number: self.evaluation.last_number,
            recordings: gathering.recordings,
            estimate,
            label_map: gathering.question.label_map.clone(),
            settings: gathering.question.settings,
            notes,
            cancel: cancel.0.clone(),
        };
        let number = job.number;
        let has_begun = match gathering.tuning {
            Some(tuning) => evaluation::tune(job, tuning, &self.updates),
            None => evaluation::evaluate(job, &self.updates),
        };
        if !has_begun {
            return self.evaluation_failed("No thread could be started to evaluate".to_owned());
        }
        self.evaluation.stage = Stage::Working(Evaluating {
            number,
            tuning: gathering.tuning,
            part: 0.0,
            question: gathering.question,
            revision: gathering.revision,
            _cancel: cancel,
        });
    }
}

/// Why there is nothing to evaluate, and what to do.
fn nothing_text(gathering: &Gathering, notes: &[String]) -> String {
    if !notes.is_empty() {
        return format!(
            "Nothing to evaluate: {}. Detect events first (Ctrl+R), or compare something else",
            notes.join("; ")
        );
    }
    let which = gathering.question.settings.recordings.words();
    format!("Nothing to evaluate: there are no recordings {which}. Label some, or evaluate others")
}
