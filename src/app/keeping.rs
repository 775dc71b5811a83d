//! Keeping: every change goes to the project's file as it is made, a project without a name too.
//!
//! Once a frame, what has changed goes to the keeping thread; what cannot be written waits
//! there and is tried again. Nothing here waits for a disk. How one project takes another's place is in `leaving.rs`.

use super::crash_report;
use super::keeping_state::KeptIn;
use super::notices::Gravity;
use super::workbench::Workbench;
use crate::model::registry::DATA_VARIABLE;
use crate::work::{ProjectId, ProjectRequest};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long to wait before what could not be written is tried again without a new change.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// Whoever waits for the disk is told so after so long in the title, and after so long in words when the window shall close.
pub(super) const WAITING_SHOWN_AFTER: Duration = Duration::from_secs(1);
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

impl Workbench {
    /// Keeps projects without a name in the folder of the user from now on, and tells of a crash. `opens_files` says that something else
    /// is about to be opened.
    pub(super) fn keep_in(&mut self, data: &Path, opens_files: bool) {
        crash_report::look_for_new(crash_folder(data), self.settings.last_project.clone(), &self.updates);
        self.keep_unnamed_in(data.join("unsaved"), opens_files);
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
}
