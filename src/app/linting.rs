//! Checking the labels of a project in the background while the page of findings is shown: the events are gathered a few milliseconds a
//! frame, a thread looks through them, and after each change that is done again.

use super::notices::Gravity;
use super::workbench::{Inspector, Workbench};
use crate::annotation::lint::{Finding, Fixes, Gathering, Report, RuleKind, known_labels};
use crate::annotation::{EventId, RecordingId};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long one frame may spend on gathering.
const BUDGET: Duration = Duration::from_millis(2);
/// Events that are gathered between looks at the clock.
const EVENTS_AT_ONCE: usize = 2000;

/// How far the check is, and what it has found.
#[derive(Default)]
pub struct Linting {
    /// What was found last.
    pub report: Option<Arc<Report>>,
    /// The project's revision that it is about.
    pub of_revision: u64,
    stage: Stage,
    /// An event to select as soon as its recording is in the picture.
    pub(super) wanted: Option<(RecordingId, EventId)>,
}

#[derive(Default)]
enum Stage {
    #[default]
    Idle,
    Gathering {
        gathering: Box<Gathering>,
        revision: u64,
    },
    Checking,
}

impl Linting {
    /// Whether a check is under way.
    pub fn is_at_work(&self) -> bool {
        !matches!(self.stage, Stage::Idle)
    }
}

/// What is asked for on the page of findings.
#[derive(Clone, Debug, PartialEq)]
pub enum LintRequest {
    /// Show an event, in whichever recording it is.
    GoTo(RecordingId, EventId),
    /// Put one finding right.
    Fix(Box<Finding>),
    /// Put right what can be put right safely: of one rule, or of all.
    FixAll(Option<RuleKind>),
}

impl Workbench {
    /// Whether the page of findings is shown.
    pub fn shows_findings(&self) -> bool {
        self.settings.show_inspector && self.inspector == Inspector::Check
    }

    /// Shows the page of findings, or the events again.
    pub(super) fn toggle_findings(&mut self) {
        self.inspector = if self.shows_findings() { Inspector::Events } else { Inspector::Check };
        self.settings.show_inspector = true;
    }

    /// Does what is asked for on the page of findings.
    pub(super) fn see_to_findings(&mut self, request: LintRequest) {
        match request {
            LintRequest::GoTo(recording, event) => {
                self.linting.wanted = Some((recording, event));
                self.show_recording(recording);
                self.select_wanted();
            }
            LintRequest::Fix(finding) => self.fix(&[&*finding]),
            LintRequest::FixAll(rule) => {
                let Some(report) = self.linting.report.clone() else { return };
                let is_meant = |finding: &&Finding| rule.is_none_or(|rule| finding.rule == rule);
                let findings: Vec<&Finding> = report.iter().filter(is_meant).collect();
                self.fix(&findings);
            }
        }
    }

    /// Puts findings right in one step of undo.
    fn fix(&mut self, findings: &[&Finding]) {
        let mut fixes = Fixes::new(&self.document);
        let fixed: Vec<&&Finding> = findings.iter().filter(|finding| fixes.add(finding)).collect();
        let count = fixed.len();
        let rule = fixed.first().map(|finding| finding.rule.rule());
        let Some(edit) = fixes.into_edit() else {
            self.notices.add(Gravity::Warning, "Nothing was changed: these findings have gone already");
            return;
        };
        let title = match (count, rule) {
            (1, Some(rule)) => format!("fix: {}", rule.title.to_lowercase()),
            _ => format!("fix {count} findings"),
        };
        if self.perform(title, edit) && count > 1 {
            self.notices.add(Gravity::Done, format!("Fixed {count} findings (one step of undo)"));
        }
    }

    /// Goes on with the check, a few milliseconds of it.
    pub(super) fn go_on_linting(&mut self) {
        self.select_wanted();
        if !self.shows_findings() {
            // A thread that is at work ends by itself; its report is taken.
            if matches!(self.linting.stage, Stage::Gathering { .. }) {
                self.linting.stage = Stage::Idle;
            }
            return;
        }
        let is_old = self.linting.report.is_none() || self.linting.of_revision != self.revision;
        match &mut self.linting.stage {
            Stage::Idle if is_old => self.begin_gathering(),
            Stage::Gathering { revision, .. } if *revision != self.revision => self.begin_gathering(),
            Stage::Gathering { .. } => self.gather(),
            Stage::Idle | Stage::Checking => {}
        }
    }

    fn begin_gathering(&mut self) {
        let nyquist = self.specs.iter().map(|(&id, spec)| (id, f64::from(spec.sample_rate) / 2.0)).collect();
        let gathering = Box::new(Gathering::new(nyquist));
        self.linting.stage = Stage::Gathering { gathering, revision: self.revision };
        self.gather();
    }

    fn gather(&mut self) {
        let Stage::Gathering { mut gathering, revision } = std::mem::take(&mut self.linting.stage) else { return };
        let began = Instant::now();
        let is_all = loop {
            let is_all = gathering.advance(&self.document, EVENTS_AT_ONCE);
            if is_all || began.elapsed() > BUDGET {
                break is_all;
            }
        };
        if !is_all {
            self.linting.stage = Stage::Gathering { gathering, revision };
            (self.wake)();
        } else if crate::work::check_labels(gathering.finish(), known_labels(&self.document), revision, &self.updates) {
            self.linting.stage = Stage::Checking;
        } else {
            self.linting_failed(revision);
        }
    }

    /// The labels were checked.
    pub(super) fn labels_checked(&mut self, revision: u64, result: Result<Box<Report>, String>) {
        // What was begun in a project that was open before is of no use here.
        if !matches!(self.linting.stage, Stage::Checking) {
            return;
        }
        self.linting.stage = Stage::Idle;
        match result {
            Ok(report) => {
                self.linting.report = Some(Arc::from(report));
                self.linting.of_revision = revision;
            }
            Err(reason) => {
                self.notices.add(Gravity::Failure, format!("The labels could not be checked: {reason}"));
                self.linting_failed(revision);
            }
        }
    }

    /// Not tried again before something has changed.
    fn linting_failed(&mut self, revision: u64) {
        self.linting.report = Some(Arc::default());
        self.linting.of_revision = revision;
    }

    fn select_wanted(&mut self) {
        let Some((recording, event)) = self.linting.wanted else { return };
        if self.open.as_ref().is_some_and(|open| open.id == recording) {
            self.linting.wanted = None;
            if self.document.event(recording, event).is_some() {
                self.select_and_reveal(super::marks::Target::Event(event));
            } else {
                self.notices.add(Gravity::Warning, "That event is no longer there; the list is made anew");
            }
        } else if self.opening != Some(recording) {
            // It cannot be opened, or another one was asked for since.
            self.linting.wanted = None;
        }
    }
}
