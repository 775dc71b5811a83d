//! The evaluation of a project: what is compared with what, how far that is, what came of it, and whether it is still so. The numbers
//! themselves are computed on a thread, of a snapshot that `evaluation_gathering` makes.

use super::class_rules::RulesBefore;
use super::evaluation_errors::{ErrorFilter, Shown};
use super::evaluation_gathering::Gathering;
use super::files::counted;
use super::notices::Gravity;
use super::workbench::Workbench;
use crate::metric::Measured;
use crate::work::evaluation::{EvaluationReport, EvaluationSettings, Tuned, Tuning};
use crate::work::{CancelOnDrop, DialogPurpose, let_go};
use std::path::PathBuf;
use std::sync::Arc;

/// An evaluation that took no longer than this, in seconds, is made again by itself whenever something changes.
const CHEAP_SECS: f64 = 0.4;

/// What is compared with the labels of the project.
#[derive(Clone, Debug, PartialEq)]
pub enum EstimateChoice {
    /// Predictions of a model under the rules in force; none for the open recording's, else for that of the first scores.
    Predictions(Option<Arc<str>>),
    /// The labels that this annotator changed last; the reference is those of all others then.
    Annotator(Arc<str>),
    /// The rows of a label file.
    File(PathBuf),
    /// Frame scores of another model: a folder with a file a recording.
    Scores(PathBuf),
}

/// All that decides what an evaluation gives, beside the labels and rules themselves.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Question {
    pub estimate: EstimateChoice,
    pub label_map: Option<PathBuf>,
    pub settings: EvaluationSettings,
}

/// What is asked for on the page of evaluation.
#[derive(Clone, Debug, PartialEq)]
pub enum EvaluationRequest {
    /// Compute it, or compute it again.
    Compute,
    /// Stop computing.
    Stop,
    /// Compare something else with the labels.
    Compare(EstimateChoice),
    /// Evaluate in another way.
    Settings(EvaluationSettings),
    /// Ask for a label file to compare.
    AskForLabels,
    /// Ask for a folder of frame scores to compare.
    AskForScores,
    /// Ask for a table of what labels stand for.
    AskForMap,
    /// Take this table, or none.
    Map(Option<PathBuf>),
    /// List other errors.
    Filter(ErrorFilter),
    /// Show an error, by its place among all, in whichever recording it is.
    GoTo(usize),
    /// Look for what is best for each class, and take it.
    Tune(Tuning),
    /// Take the rules back that were in force before the best ones.
    TakeBack,
}

/// Work on a thread.
pub struct Evaluating {
    pub(super) number: u64,
    /// What it looks for; none if it evaluates.
    pub tuning: Option<Tuning>,
    /// How much is done, 0 to 1.
    pub part: f64,
    pub(super) question: Question,
    pub(super) revision: u64,
    /// Dropped, it is cancelled.
    pub(super) _cancel: CancelOnDrop,
}

#[derive(Default)]
pub(super) enum Stage {
    #[default]
    Idle,
    Gathering(Box<Gathering>),
    Working(Evaluating),
}

/// How far an evaluation is, and what it has given.
pub struct Evaluation {
    /// The page is shown.
    pub is_shown: bool,
    /// What is compared.
    pub estimate: EstimateChoice,
    /// A table that says which labels of the reference those of the estimate stand for.
    pub label_map: Option<PathBuf>,
    /// What came of it last.
    pub report: Option<Arc<EvaluationReport>>,
    /// Why nothing came of it.
    pub failure: Option<String>,
    /// Who has labels in this project, and how many.
    pub annotators: Vec<(Arc<str>, usize)>,
    /// The models of which there are scores, and of how many recordings.
    pub models: Vec<(Arc<str>, usize)>,
    /// Which errors are listed.
    pub filter: ErrorFilter,
    /// The errors that are listed.
    pub shown: Shown,
    /// The error that was gone to, by its place among all.
    pub current: Option<usize>,
    /// What was found about the best rules, in a sentence.
    pub tuned_text: Option<String>,
    /// The rules before the best ones were taken.
    pub(super) rules_before: Option<RulesBefore>,
    pub(super) stage: Stage,
    /// Of what the report is.
    answered: Option<(Question, u64)>,
    /// An error to show as soon as its recording is in the picture.
    pub(super) wanted: Option<usize>,
    pub(super) last_number: u64,
}

impl Default for Evaluation {
    fn default() -> Self {
        Self {
            is_shown: false,
            estimate: EstimateChoice::Predictions(None),
            label_map: None,
            report: None,
            failure: None,
            annotators: Vec::new(),
            models: Vec::new(),
            filter: ErrorFilter::default(),
            shown: Shown::default(),
            current: None,
            tuned_text: None,
            rules_before: None,
            stage: Stage::default(),
            answered: None,
            wanted: None,
            last_number: 0,
        }
    }
}

impl Evaluation {
    /// Whether it is being computed.
    pub fn is_at_work(&self) -> bool {
        !matches!(self.stage, Stage::Idle)
    }

    /// How far the thread is; none while recordings are gathered.
    pub fn working(&self) -> Option<&Evaluating> {
        match &self.stage {
            Stage::Working(working) => Some(working),
            _ => None,
        }
    }

    /// Whether rules can be taken back.
    pub fn can_take_back(&self) -> bool {
        self.rules_before.is_some()
    }

    /// Forgets what belongs to a project that is left, and cancels what is under way.
    pub(super) fn leave_project(&mut self) {
        *self = Self { is_shown: self.is_shown, last_number: self.last_number, ..Self::default() };
    }
}

impl Workbench {
    /// Shows the page of evaluation, or hides it.
    pub(super) fn toggle_evaluation(&mut self) {
        self.evaluation.is_shown = !self.evaluation.is_shown;
        if !self.evaluation.is_shown {
            self.evaluation.stage = Stage::Idle;
        }
    }

    pub(super) fn question(&self) -> Question {
        Question {
            estimate: self.evaluation.estimate.clone(),
            label_map: self.evaluation.label_map.clone(),
            settings: self.settings.evaluation,
        }
    }

    /// Whether labels, rules or what is asked have changed since the last evaluation.
    pub fn is_evaluation_old(&self) -> bool {
        let is_of_now = |(question, revision): &(Question, u64)| {
            *revision == self.revision
                && question.settings == self.settings.evaluation
                && question.estimate == self.evaluation.estimate
                && question.label_map == self.evaluation.label_map
        };
        !self.evaluation.answered.as_ref().is_some_and(is_of_now)
    }

    /// Does what is asked for on the page of evaluation.
    pub(super) fn see_to_evaluation(&mut self, request: EvaluationRequest) {
        match request {
            EvaluationRequest::Compute => self.begin_evaluation(),
            EvaluationRequest::Stop => {
                self.evaluation.stage = Stage::Idle;
                self.evaluation.answered = Some((self.question(), self.revision));
                self.evaluation.failure = Some("Stopped: choose Compute again".to_owned());
            }
            EvaluationRequest::Compare(estimate) => {
                self.evaluation.estimate = estimate;
                self.begin_evaluation();
            }
            EvaluationRequest::Settings(settings) => {
                self.settings.evaluation = settings.within_bounds();
                if self.is_evaluation_old() {
                    self.begin_evaluation();
                }
            }
            EvaluationRequest::AskForLabels => self.ask(DialogPurpose::EvaluatedLabels),
            EvaluationRequest::AskForScores => self.ask(DialogPurpose::EvaluatedScores),
            EvaluationRequest::AskForMap => self.ask(DialogPurpose::EvaluationMap),
            EvaluationRequest::Map(path) => {
                self.evaluation.label_map = path;
                self.begin_evaluation();
            }
            EvaluationRequest::Filter(filter) => self.filter_errors(filter),
            EvaluationRequest::GoTo(place) => self.go_to_error(place),
            EvaluationRequest::Tune(tuning) => self.gather_anew(Some(tuning)),
            EvaluationRequest::TakeBack => self.take_rules_back(),
        }
    }

    /// Begins to gather what is to be evaluated; what was under way is given up.
    pub(super) fn begin_evaluation(&mut self) {
        self.gather_anew(None);
    }

    /// The same for a search of what is best, if there is one.
    pub(super) fn gather_anew(&mut self, tuning: Option<Tuning>) {
        self.evaluation.failure = None;
        let gathering = Gathering::new(self.question(), self.revision, tuning, self.scored_here());
        self.evaluation.stage = Stage::Gathering(Box::new(gathering));
        (self.wake)();
    }

    /// Goes on with what is under way, and begins again where labels have changed and that costs little.
    pub(super) fn go_on_evaluating(&mut self) {
        self.show_wanted_error();
        if !self.evaluation.is_shown {
            return;
        }
        match &self.evaluation.stage {
            Stage::Gathering(_) => self.gather_for_evaluation(),
            Stage::Idle if self.is_evaluation_old() => {
                let report = self.evaluation.report.as_ref();
                if report.is_none_or(|report| report.elapsed_secs < CHEAP_SECS) {
                    self.begin_evaluation();
                }
            }
            Stage::Idle | Stage::Working(_) => {}
        }
    }

    /// Work on the thread has come further.
    pub(super) fn evaluation_came(&mut self, number: u64, part: f64) {
        if let Stage::Working(working) = &mut self.evaluation.stage
            && working.number == number
        {
            working.part = part;
        }
    }

    /// Takes the work that has ended, if it is the one that is waited for.
    fn ended_evaluation(&mut self, number: u64) -> Option<Evaluating> {
        match std::mem::take(&mut self.evaluation.stage) {
            Stage::Working(working) if working.number == number => Some(working),
            other => {
                self.evaluation.stage = other;
                None
            }
        }
    }

    /// An evaluation is made.
    pub(super) fn evaluated(&mut self, number: u64, result: Result<Box<EvaluationReport>, String>) {
        let Some(working) = self.ended_evaluation(number) else { return };
        self.evaluation.answered = Some((working.question, working.revision));
        match result {
            Ok(report) => {
                // Many errors take too long to be freed here.
                let_go(self.evaluation.report.replace(Arc::from(report)));
                self.evaluation.failure = None;
                self.evaluation.current = None;
                self.filter_errors(self.evaluation.filter.clone());
            }
            Err(reason) => self.evaluation_failed(reason),
        }
    }

    pub(super) fn evaluation_failed(&mut self, reason: String) {
        // Not tried again before something has changed.
        self.evaluation.answered = Some((self.question(), self.revision));
        let_go(self.evaluation.report.take());
        self.evaluation.current = None;
        self.filter_errors(self.evaluation.filter.clone());
        self.evaluation.failure = Some(reason);
    }

    /// The best rules were looked for.
    pub(super) fn tuned(&mut self, number: u64, result: Result<Box<Tuned>, String>) {
        let Some(working) = self.ended_evaluation(number) else { return };
        let what = working.tuning.unwrap_or(Tuning::Thresholds).words();
        let tuned = match result {
            Ok(tuned) if tuned.best.is_empty() => {
                let text = format!(
                    "No best {what} were found: no class of the model has reference events that can be measured"
                );
                return self.notices.add(Gravity::Warning, text);
            }
            Ok(tuned) => tuned,
            Err(reason) => return self.notices.add(Gravity::Failure, reason),
        };
        let Some(before) = self.take_best_rules(&tuned.best) else {
            let text = format!(
                "Best {what} were found, but not taken: open a recording that this model has scored, then try again"
            );
            return self.notices.add(Gravity::Warning, text);
        };
        // What was in force before the first of several searches is what can be taken back.
        self.evaluation.rules_before = self.evaluation.rules_before.take().or(Some(before));
        let goal = working.question.settings.goal.words();
        let skipped = if tuned.skipped > 0 { format!("; {} without", tuned.skipped) } else { String::new() };
        let text = format!(
            "Best {what} for {}{skipped}: mean {goal} {} → {}. They were found on the same {} that are measured \
             here: on others they will do worse",
            counted_classes(tuned.best.len()),
            number_text(tuned.before),
            number_text(tuned.after),
            counted(tuned.recordings, "recording")
        );
        self.evaluation.tuned_text = Some(text.clone());
        self.notices.add(Gravity::Done, text);
        self.begin_evaluation();
    }

    fn take_rules_back(&mut self) {
        if let Some(before) = self.evaluation.rules_before.take() {
            self.evaluation.tuned_text = None;
            self.restore_rules_before(before);
            self.begin_evaluation();
        }
    }
}

/// What a path is for that was asked for on the page of evaluation.
pub fn chosen(purpose: DialogPurpose, path: PathBuf) -> EvaluationRequest {
    match purpose {
        DialogPurpose::EvaluationMap => EvaluationRequest::Map(Some(path)),
        DialogPurpose::EvaluatedScores => EvaluationRequest::Compare(EstimateChoice::Scores(path)),
        _ => EvaluationRequest::Compare(EstimateChoice::File(path)),
    }
}

fn number_text(value: Measured) -> String {
    value.map_or_else(|why| format!("n/a ({why})"), |value| format!("{value:.3}"))
}

fn counted_classes(count: usize) -> String {
    if count == 1 { "1 class".to_owned() } else { format!("{count} classes") }
}
