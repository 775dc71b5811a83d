//! Keeping: every change goes to the project's file as it is made, a project without a name too.
//!
//! Owns what is known of the file ([`Keeping`]). Once a frame, what has changed goes to the keeping thread; what cannot be written waits
//! there and is tried again. Nothing here waits for a disk. How one project takes another's place is in `leaving.rs`.

use super::crash_report;
use super::leaving::Leaving;
use super::notices::Gravity;
use super::workbench::Workbench;
use crate::annotation::RecordingId;
use crate::decision::DecisionRule;
use crate::model::registry::DATA_VARIABLE;
use crate::project::{Generation, ReadOnly, ScoreSummary};
use crate::work::{ProjectId, ProjectRequest, UnnamedProject};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long to wait before what could not be written is tried again without a new change.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// Whoever waits for the disk is told so after so long in the title, and after so long in words when the window shall close.
const WAITING_SHOWN_AFTER: Duration = Duration::from_secs(1);
const WAITING_TOLD_AFTER: Duration = Duration::from_secs(5);
/// How often the view is looked at, whether it has changed.
const VIEW_LOOKED_AT_AFTER: Duration = Duration::from_secs(3);

/// The folder of what belongs to the user and is no setting, if this system has such a place. `EARMARK_DATA` names another one.
pub(super) fn data_folder() -> Option<PathBuf> {
    let named = std::env::var_os(DATA_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    let of_user = || Some(directories::ProjectDirs::from("", "", "earmark")?.data_local_dir().to_path_buf());
    named.or_else(of_user)
}

/// Where reports of crashes are.
pub(super) fn crash_folder(data: &Path) -> PathBuf {
    data.join("crash-reports")
}

/// Where the project is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeptIn {
    /// Nowhere but in memory: nothing has changed yet, or there is no folder for projects without a name.
    #[default]
    Memory,
    /// Among the projects without a name.
    Unnamed,
    /// In a file that the user has named: `Workbench::project_path`.
    Named,
}

/// What is known of the file that the project is kept in.
#[derive(Debug)]
pub struct Keeping {
    /// Where the project is kept.
    pub place: KeptIn,
    /// Why it cannot be changed, if it cannot.
    pub read_only: Option<ReadOnly>,
    /// Why the last changes could not be written, as long as they are not.
    pub failure: Option<String>,
    /// Projects without a name that are not in this window.
    pub unnamed: Vec<UnnamedProject>,
    /// The versions inside the file, or why they cannot be told; none before they were asked for.
    pub generations: Option<Result<Vec<Generation>, String>>,
    /// Which recordings have scores on disk.
    pub scores_on_disk: BTreeMap<RecordingId, ScoreSummary>,
    /// How many steps that can be taken back, and that can be done again, are on disk only.
    pub unread_steps: (u64, u64),
    /// What the clock on the wall is ahead of UTC, in minutes, if that is known.
    pub local_offset_minutes: Option<i64>,
    /// The folder of projects without a name; none keeps them in memory.
    pub(super) folder: Option<PathBuf>,
    /// What the keeping thread calls the project.
    pub(super) project: ProjectId,
    pub(super) next_project: u64,
    /// How many requests wait for the answer whether all is on disk.
    pub(super) waiting: usize,
    /// Since when one does.
    waiting_since: Option<Instant>,
    /// The user was told that the disk does not answer while something shall be left.
    pub(super) waiting_told: bool,
    /// Whether memory holds something that no file does.
    pub(super) changed_in_memory: bool,
    /// What is done as soon as all is on disk.
    pub(super) leaving: Option<Leaving>,
    /// Leaving was asked for just now: what is being typed is committed first.
    pub(super) leaves_next: bool,
    /// Something was asked to be opened since the project came: it is not left for the one that was left last.
    pub(super) asked_to_open: bool,
    /// What is opened as soon as a project has come.
    pub(super) opens_after: Option<(ProjectId, Vec<PathBuf>)>,
    /// The project that is opened because it was open when the program ended.
    pub(super) continued: Option<ProjectId>,
    /// It was told that an answer was for another project.
    pub(super) late_told: bool,
    /// Recordings with the scores of a run that did not come to its end; they are in memory only.
    pub(super) partly_scored: BTreeSet<RecordingId>,
    /// The user was told why the window cannot be closed without a loss.
    pub(super) close_refused: bool,
    /// The window may close.
    pub(super) may_close: bool,
    /// Classes that the user chose for recordings whose scores are not in memory.
    pub(super) chosen_elsewhere: BTreeMap<RecordingId, BTreeSet<usize>>,
    /// Recordings whose scores were asked for.
    pub(super) scores_asked: BTreeSet<RecordingId>,
    pub(super) reading_steps: (bool, bool),
    /// The project is being written into a new file: steps that are read from the old one come too late.
    pub(super) rewriting: bool,
    /// It was in another file before.
    pub(super) carries: bool,
    /// Recordings whose scores are on their way to the disk.
    pub(super) scores_sent: BTreeSet<RecordingId>,
    /// A move was asked for; if the old file cannot be read, the whole state is written instead.
    pub(super) moving: bool,
    /// The file that did not take the last changes, while the project is tried to be kept without a name.
    pub(super) named_before: Option<PathBuf>,
    failure_told: bool,
    tried_at: Instant,
    pub(super) view: serde_json::Value,
    view_looked_at: Instant,
    pub(super) kept_rules: BTreeMap<RecordingId, DecisionRule>,
}

impl Default for Keeping {
    fn default() -> Self {
        Self {
            place: KeptIn::default(),
            read_only: None,
            failure: None,
            unnamed: Vec::new(),
            generations: None,
            scores_on_disk: BTreeMap::new(),
            unread_steps: (0, 0),
            local_offset_minutes: None,
            folder: None,
            project: ProjectId(0),
            next_project: 1,
            waiting: 0,
            waiting_since: None,
            waiting_told: false,
            changed_in_memory: false,
            leaving: None,
            leaves_next: false,
            asked_to_open: false,
            opens_after: None,
            continued: None,
            late_told: false,
            partly_scored: BTreeSet::new(),
            close_refused: false,
            may_close: false,
            chosen_elsewhere: BTreeMap::new(),
            scores_asked: BTreeSet::new(),
            reading_steps: (false, false),
            rewriting: false,
            carries: false,
            scores_sent: BTreeSet::new(),
            moving: false,
            named_before: None,
            failure_told: false,
            tried_at: Instant::now(),
            view: serde_json::Value::Null,
            view_looked_at: Instant::now(),
            kept_rules: BTreeMap::new(),
        }
    }
}

impl Keeping {
    /// The folder of projects without a name; none keeps them in memory.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Takes the next free name for a project.
    pub(super) fn fresh_project(&mut self) -> ProjectId {
        self.next_project += 1;
        ProjectId(self.next_project - 1)
    }

    /// Forgets all about the file, for another project to come.
    pub(super) fn begin(&mut self, project: ProjectId, place: KeptIn) {
        *self = Self {
            place,
            project,
            next_project: self.next_project,
            folder: self.folder.take(),
            unnamed: std::mem::take(&mut self.unnamed),
            local_offset_minutes: self.local_offset_minutes,
            opens_after: self.opens_after.take(),
            ..Self::default()
        };
    }

    /// Which project is in the window; another number means another project.
    pub fn project(&self) -> ProjectId {
        self.project
    }

    /// One of the questions whether all is on disk was answered.
    pub(super) fn answered(&mut self) {
        self.waiting = self.waiting.saturating_sub(1);
        // The disk answers, if only to one after the other.
        self.waiting_since = (self.waiting > 0).then(Instant::now);
    }

    /// The last changes cannot be written: what the user was told of an earlier failure does not count for this one.
    fn fail(&mut self, reason: String) {
        if self.failure.replace(reason).is_none() {
            self.close_refused = false;
        }
    }

    /// For how long the disk has not answered.
    fn waits_for(&self) -> Option<Duration> {
        self.waiting_since.map(|since| since.elapsed())
    }

    /// Whether a file holds all that there is, as far as is known.
    pub(super) fn is_settled(&self) -> bool {
        self.waiting == 0 && self.failure.is_none()
    }
}

impl Workbench {
    /// Keeps projects without a name in the folder of the user from now on, and tells of a crash. `opens_files` says that something else
    /// is about to be opened.
    pub(super) fn keep_in(&mut self, data: &Path, opens_files: bool) {
        crash_report::look_for_new(crash_folder(data), self.settings.last_project.clone(), &self.updates);
        self.keep_unnamed_in(data.join("unsaved"), opens_files);
    }

    /// Tells of crashes, and of which project they left.
    pub(super) fn tell_crashes(&mut self, reports: &[PathBuf], project: Option<&Path>) {
        let project = project.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
        let project = project.unwrap_or_else(|| "the project without a name".to_owned());
        for report in reports {
            let text = format!(
                "Earmark stopped by itself the last time. What was done in {project} is kept. What is known of the reason is in {}: it \
                 holds no sound and no labels of files, and was sent to nobody. Please add it if you report the problem",
                report.display()
            );
            self.notices.add(Gravity::Warning, text);
        }
    }

    /// What to do after a thread has stopped, in words that end a notice.
    pub(super) fn how_to_start_again(&self) -> &'static str {
        if self.is_unsaved() {
            "Save the project elsewhere (\"Save project as…\", Ctrl+Shift+S) and start Earmark again"
        } else {
            "All changes are kept. Start Earmark again"
        }
    }

    /// Whether an answer is for the project in the window. If not, that is said once: `what` is not done here.
    pub(super) fn is_for_this(&mut self, project: ProjectId, what: impl FnOnce() -> String) -> bool {
        if project == self.keeping.project {
            return true;
        }
        if !std::mem::replace(&mut self.keeping.late_told, true) {
            let text = format!("{}, because another project was opened meanwhile", what());
            self.notices.add(Gravity::Warning, text);
        }
        false
    }

    /// Asks the keeping thread about the project in the window.
    pub(super) fn ask_project(&mut self, request: ProjectRequest) {
        let project = self.keeping.project;
        self.ask_keeper(project, request);
    }

    /// The same, for what is answered by whether all is on disk.
    pub(super) fn ask_to_keep(&mut self, request: ProjectRequest) {
        let project = self.keeping.project;
        if self.ask_keeper(project, request) {
            self.keeping.waiting += 1;
            self.keeping.waiting_since.get_or_insert_with(Instant::now);
        }
    }

    /// Asks the keeping thread about any project; says so if there is none any more.
    pub(super) fn ask_keeper(&mut self, project: ProjectId, request: ProjectRequest) -> bool {
        let is_there = self.keeper.ask(project, request);
        if !is_there {
            let reason = "the thread that keeps projects has stopped. Start Earmark again";
            self.keeping.fail(reason.to_owned());
            self.notices.add(Gravity::Failure, format!("Nothing is kept any more: {reason}"));
        }
        is_there
    }

    /// Whether there is something that no file keeps yet.
    pub fn is_unsaved(&self) -> bool {
        match self.keeping.place {
            KeptIn::Memory => self.keeping.changed_in_memory || !self.unlogged.is_empty(),
            _ => !self.keeping.is_settled() || !self.unlogged.is_empty(),
        }
    }

    /// Whether the project holds something that cannot be had again by opening the same recordings.
    pub fn has_work(&self) -> bool {
        let has_steps = self.history.undo_count() > 0 || !self.history.redo_steps().is_empty();
        let has_events = self.document.label_counts().values().any(|counts| counts.all() > 0);
        has_steps || has_events || !self.scored.is_empty() || !self.keeping.scores_on_disk.is_empty()
    }

    /// Sends what is to be kept to the keeping thread. Called once a frame; what is left unsaid is said in the next.
    pub(super) fn keep_up(&mut self) {
        if self.keeping.may_close {
            return;
        }
        self.send_unlogged();
        self.try_again();
        if self.keeping.view_looked_at.elapsed() > VIEW_LOOKED_AT_AFTER {
            self.look_at_view();
        }
        self.read_earlier_steps();
        // The next time, when the panels have been asked for what is being typed.
        if !std::mem::take(&mut self.keeping.leaves_next) {
            self.go_on_leaving();
        }
        if self.keeping.waits_for().is_some_and(|waited| waited > WAITING_TOLD_AFTER) {
            self.tell_waiting();
        }
    }

    /// When [`Self::keep_up`] has something to do although nothing happens.
    pub(super) fn keeps_up_in(&self) -> Option<Duration> {
        if let Some(waited) = self.keeping.waits_for() {
            let waits = [WAITING_SHOWN_AFTER, WAITING_TOLD_AFTER].into_iter();
            return waits.filter_map(|wait| wait.checked_sub(waited)).next();
        }
        self.keeping.failure.as_ref().map(|_| RETRY_AFTER.saturating_sub(self.keeping.tried_at.elapsed()))
    }

    pub(super) fn send_unlogged(&mut self) {
        if self.unlogged.is_empty() {
            return;
        }
        if self.keeping.read_only.is_some() {
            // Only what follows from looking at it comes so far: lengths that were found out.
            self.unlogged.clear();
            return;
        }
        // At the next start this one is continued.
        if self.keeping.place != KeptIn::Named && self.settings.last_project.is_some() && self.has_work() {
            self.settings.last_project = None;
        }
        match self.keeping.place {
            KeptIn::Memory if self.keeping.failure.is_none() => {
                self.keeping.changed_in_memory = true;
                self.keep_unnamed();
            }
            // The whole state goes to the next file.
            KeptIn::Memory => self.unlogged.clear(),
            KeptIn::Unnamed | KeptIn::Named => {
                let changes = std::mem::take(&mut self.unlogged);
                self.keeping.tried_at = Instant::now();
                self.ask_to_keep(ProjectRequest::Append(changes));
            }
        }
    }

    /// Keeps the whole project in a new file without a name, and on from there.
    pub(super) fn keep_unnamed(&mut self) {
        self.settle_step();
        let Some(folder) = self.keeping.folder.clone() else {
            self.unlogged.clear();
            return;
        };
        self.begin_rewriting();
        self.keeping.place = KeptIn::Unnamed;
        self.keeping.named_before = self.project_path.take();
        self.keeping.tried_at = Instant::now();
        let state = Box::new(self.project_state());
        self.keeping.view = state.view.clone();
        let carries = self.keeping.carries;
        self.ask_to_keep(ProjectRequest::CreateUnnamed { folder, state, carries });
    }

    /// The whole state is about to be sent. What a file lacks is told first, so that it can be carried over to the next one.
    pub(super) fn begin_rewriting(&mut self) {
        self.keeping.carries = self.keeping.place != KeptIn::Memory;
        if self.keeping.carries {
            self.send_unlogged();
        }
        self.unlogged.clear();
        self.keeping.rewriting = true;
    }

    /// What could not be written is tried again.
    fn try_again(&mut self) {
        if self.keeping.failure.is_some() && self.keeping.waiting == 0 && self.keeping.tried_at.elapsed() > RETRY_AFTER
        {
            self.try_again_now();
        }
    }

    pub(super) fn try_again_now(&mut self) {
        self.keeping.tried_at = Instant::now();
        match self.keeping.place {
            KeptIn::Memory => self.keep_unnamed(),
            KeptIn::Unnamed | KeptIn::Named => self.ask_to_keep(ProjectRequest::Append(Vec::new())),
        }
    }

    /// Changes were kept, or could not be.
    pub(super) fn appended(&mut self, result: Result<(), String>) {
        self.keeping.answered();
        match result {
            Ok(()) => {
                self.keeping.close_refused = false;
                self.keeping.waiting_told = false;
                if self.keeping.failure.take().is_some() {
                    let text = format!("{}: all changes are kept again", self.project_name());
                    self.notices.add(Gravity::Done, text);
                }
                self.keeping.failure_told = false;
            }
            Err(reason) => self.could_not_keep(reason),
        }
        self.go_on_leaving();
    }

    pub(super) fn could_not_keep(&mut self, reason: String) {
        if !std::mem::replace(&mut self.keeping.failure_told, true) {
            let calm = "Nothing is lost as long as this window is open";
            let calm = if reason.contains("Nothing is lost") { "It" } else { &format!("{calm}. It") };
            let text = format!(
                "{reason}\n{calm} is tried again every few seconds. \"Save project as…\" (Ctrl+Shift+S) keeps the project elsewhere now"
            );
            self.notices.add(Gravity::Failure, text);
        }
        self.keeping.fail(reason);
    }

    /// Keeps how the project is shown, and the rules that predictions are made by, if they have changed.
    pub(super) fn keep_view(&mut self) {
        self.keeping.view_looked_at = Instant::now();
        if self.keeping.place == KeptIn::Memory || self.keeping.read_only.is_some() {
            return;
        }
        let view = self.view_state();
        if view != self.keeping.view {
            self.keeping.view = view.clone();
            self.ask_project(ProjectRequest::KeepView(view));
        }
        self.keep_rules();
    }

    /// The same, but while something plays the playhead alone is no change.
    fn look_at_view(&mut self) {
        if self.player.is_playing() {
            let mut view = self.view_state();
            if view["open"]["recording"] == self.keeping.view["open"]["recording"] && view["open"].is_object() {
                view["open"]["playhead_secs"] = self.keeping.view["open"]["playhead_secs"].clone();
            }
            if view == self.keeping.view {
                self.keeping.view_looked_at = Instant::now();
                self.keep_rules();
                return;
            }
        }
        self.keep_view();
    }

    /// Whether the project cannot be changed, or not now; then that is said, so that no key seems to do nothing.
    pub(super) fn refuses_changes(&mut self) -> bool {
        if self.waits_for_step() {
            return true;
        }
        let Some(reason) = self.read_only_reason() else { return false };
        let text = format!(
            "Nothing was changed: {} cannot be changed, because {reason}. \"Save project as…\" (Ctrl+Shift+S) makes a project of your own of it",
            self.project_name()
        );
        self.notices.add(Gravity::Warning, text);
        true
    }

    /// Why the project cannot be changed, in words that follow "because".
    pub fn read_only_reason(&self) -> Option<String> {
        Some(match self.keeping.read_only.as_ref()? {
            ReadOnly::OpenElsewhere { holder: Some(holder) } => format!("another Earmark has it open ({holder})"),
            ReadOnly::OpenElsewhere { holder: None } => "another Earmark has it open".to_owned(),
            ReadOnly::NotWritable { reason } => format!("its file cannot be written ({reason})"),
        })
    }

    /// The project's name for the title bar.
    pub fn project_name(&self) -> String {
        let name = self.project_path.as_ref().and_then(|path| path.file_stem());
        name.map_or_else(|| "Unnamed project".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    /// How safe the project is, in two or three words after its name; empty if it is as a project should be.
    pub fn keeping_note(&self) -> &'static str {
        if self.keeping.read_only.is_some() {
            "read-only"
        } else if self.keeping.failure.is_some() {
            "last changes not kept"
        } else if self.keeping.waits_for().is_some_and(|waited| waited > WAITING_SHOWN_AFTER) {
            "keeping…"
        } else {
            match self.keeping.place {
                KeptIn::Unnamed => "kept automatically",
                KeptIn::Memory if self.keeping.changed_in_memory => "not kept",
                KeptIn::Memory | KeptIn::Named => "",
            }
        }
    }

    /// The same in sentences, for a tooltip.
    pub fn keeping_text(&self) -> String {
        let path = self.project_path.as_ref().map(|path| path.display().to_string());
        let place = path.unwrap_or_else(|| "This project has no name yet".to_owned());
        let how = if let Some(reason) = self.read_only_reason() {
            format!("It cannot be changed, because {reason}. Save it under another name to change it")
        } else if let Some(reason) = &self.keeping.failure {
            format!("The last changes are in memory only: {reason}")
        } else {
            match (self.keeping.place, &self.keeping.folder) {
                (KeptIn::Named, _) => "Every change is kept in this file as you make it".to_owned(),
                (KeptIn::Unnamed | KeptIn::Memory, Some(folder)) => format!(
                    "Every change is kept as you make it, in {}; it comes back at the next start. Ctrl+S gives it a name",
                    folder.display()
                ),
                (KeptIn::Unnamed | KeptIn::Memory, None) => "It is in memory only: save it (Ctrl+S)".to_owned(),
            }
        };
        format!("{place}\n{how}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_of_one_failure_does_not_count_for_the_next() {
        let mut keeping = Keeping::default();
        keeping.fail("the disk is full".to_owned());
        keeping.close_refused = true;
        keeping.fail("the disk is full".to_owned());
        assert!(keeping.close_refused, "the same failure");
        keeping.failure = None;
        keeping.fail("the disk is full".to_owned());
        assert!(!keeping.close_refused);
    }

    #[test]
    fn the_wait_is_over_with_the_last_answer() {
        let mut keeping = Keeping { waiting: 2, waiting_since: Some(Instant::now()), ..Keeping::default() };
        keeping.answered();
        assert!(keeping.waits_for().is_some() && !keeping.is_settled());
        keeping.answered();
        assert!(keeping.waits_for().is_none() && keeping.is_settled());
    }
}
