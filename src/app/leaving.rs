//! Leaving a project: for another one, or for good. Nothing is asked, and nothing is left behind that no file keeps.
//!
//! Whoever wants to leave waits, while the window goes on, until the keeping thread has said that all is on disk. What cannot be written
//! where it belongs is kept as a project without a name; only if that fails too the window stays, and says so.

use super::keeping_state::KeptIn;
use super::notices::Gravity;
use super::workbench::Workbench;
use crate::project::ProjectState;
use crate::work::{OpenedProject, ProjectId, ProjectRequest};
use std::path::PathBuf;

/// What is done as soon as all is on disk.
#[derive(Debug)]
pub enum Leaving {
    /// Another project takes the place of this one.
    For {
        /// That project.
        arrival: Box<Arrival>,
        /// Whether it was tried to keep this one without a name.
        rescued: bool,
    },
    /// The window closes.
    Window {
        /// Whether it was tried to keep this one without a name.
        rescued: bool,
    },
}

/// A project that comes into the window.
#[derive(Debug)]
pub struct Arrival {
    /// What the keeping thread calls it.
    pub project: ProjectId,
    /// Where it is kept.
    pub place: KeptIn,
    /// Its file, if it has a name.
    pub path: Option<PathBuf>,
    /// What is in it.
    pub opened: OpenedProject,
    /// What is said of it.
    pub notice: Option<String>,
}

impl Arrival {
    /// A project that is in no file yet.
    pub(super) fn in_memory(project: ProjectId, state: ProjectState, notice: Option<String>) -> Self {
        let opened = OpenedProject { state, read_only: None, scored: Ok(Vec::new()), unread_steps: (0, 0) };
        Self { project, place: KeptIn::Memory, path: None, opened, notice }
    }
}

impl Workbench {
    /// Lets another project take the place of this one.
    pub(super) fn leave_for(&mut self, arrival: Arrival) {
        self.drop_arrival();
        self.end_by_ear();
        self.keeping.leaving = Some(Leaving::For { arrival: Box::new(arrival), rescued: false });
        // The panels commit what is being typed before.
        self.keeping.leaves_next = true;
        (self.wake)();
    }

    /// Whether the window may close now. If not, it goes by itself as soon as all is on disk ([`Self::takes_leave`]), or says why it
    /// stays; then it closes when it is asked again.
    pub fn may_close(&mut self) -> bool {
        if self.keeping.close_refused {
            // A disk that does not answer must not hold the program when its window is gone.
            if self.keeping.waiting > 0 {
                self.keeper.abandon();
            }
            self.keeping.may_close = true;
        }
        if self.keeping.may_close {
            return true;
        }
        self.drop_arrival();
        self.end_by_ear();
        self.keeping.leaves_next = false;
        self.keeping.leaving = Some(Leaving::Window { rescued: false });
        self.go_on_leaving();
        self.keeping.may_close
    }

    /// Whether the window, which was asked to close before, may do so now.
    pub fn takes_leave(&self) -> bool {
        self.keeping.may_close
    }

    /// Whether the project, or the window, is about to be left: what is being typed is to be committed.
    pub fn is_leaving(&self) -> bool {
        self.keeping.leaving.is_some()
    }

    /// Who wants to leave is told what is waited for.
    pub(super) fn tell_waiting(&mut self) {
        let Some(leaving) = &self.keeping.leaving else { return };
        if std::mem::replace(&mut self.keeping.waiting_told, true) {
            return;
        }
        let place = match (&self.project_path, &self.keeping.folder) {
            (Some(path), _) => path.display().to_string(),
            (None, Some(folder)) => folder.display().to_string(),
            (None, None) => "the disk".to_owned(),
        };
        let what = match leaving {
            Leaving::Window { .. } => {
                self.keeping.close_refused = true;
                "The window closes by itself then. Close it again to lose what is not kept yet"
            }
            Leaving::For { .. } => "The other project comes then",
        };
        let text = format!("The last changes are still being written to {place}, which takes long. {what}");
        self.notices.add(Gravity::Warning, text);
    }

    /// Why leaving would lose something.
    fn trouble(&self) -> Option<String> {
        let is_nowhere = self.keeping.place == KeptIn::Memory && self.has_work();
        let no_folder = || "there is no folder for projects without a name".to_owned();
        self.keeping.failure.clone().or_else(|| is_nowhere.then(no_folder))
    }

    pub(super) fn go_on_leaving(&mut self) {
        if self.keeping.leaving.is_none() || self.keeping.leaves_next {
            return;
        }
        // What is half made is neither kept nor lost: it is waited for.
        if self.leaves_after_step() {
            return;
        }
        self.send_unlogged();
        if self.keeping.waiting > 0 {
            return;
        }
        let Some(leaving) = self.keeping.leaving.take() else { return };
        match (self.trouble(), leaving) {
            (None, leaving) => self.leave(leaving),
            (Some(_), Leaving::For { arrival, rescued: false }) if self.keeping.folder.is_some() => {
                self.rescue(Leaving::For { arrival, rescued: true });
            }
            (Some(_), Leaving::Window { rescued: false }) if self.keeping.folder.is_some() => {
                self.rescue(Leaving::Window { rescued: true });
            }
            (Some(reason), leaving) => self.stay(&reason, leaving),
        }
    }

    /// Keeps the project without a name, because its own file does not take it.
    fn rescue(&mut self, leaving: Leaving) {
        self.keeping.leaving = Some(leaving);
        if self.keeping.place != KeptIn::Memory {
            let text = format!(
                "The last changes of {} could not be written to its file: the project is kept without a name (File ▸ Open recent)",
                self.project_name()
            );
            self.notices.add(Gravity::Warning, text);
        }
        self.keep_unnamed();
    }

    fn stay(&mut self, reason: &str, leaving: Leaving) {
        let (what, how) = match leaving {
            Leaving::For { arrival, .. } => {
                let name = arrival.path.as_ref().map(|path| path.display().to_string());
                let close = ProjectRequest::Close { discard: false };
                self.ask_keeper(arrival.project, close);
                (format!("{} was not opened", name.unwrap_or_else(|| "The other project".to_owned())), "")
            }
            Leaving::Window { .. } => {
                self.keeping.close_refused = true;
                ("The window was not closed".to_owned(), ", or close the window again to lose what no file keeps")
            }
        };
        let text = format!(
            "{what}, because the open project is not kept: {reason}. Save it elsewhere first (\"Save project as…\", Ctrl+Shift+S){how}"
        );
        self.notices.add(Gravity::Failure, text);
    }

    fn leave(&mut self, leaving: Leaving) {
        self.keep_view();
        match leaving {
            Leaving::Window { .. } => {
                self.close_file();
                self.keeping.may_close = true;
            }
            Leaving::For { arrival, .. } => {
                self.close_file();
                self.arrive(*arrival);
            }
        }
    }

    /// Lets the file go; one without a name that holds nothing is deleted.
    fn close_file(&mut self) {
        let discard = self.keeping.place == KeptIn::Unnamed && !self.has_work();
        self.ask_project(ProjectRequest::Close { discard });
    }

    /// Another project was about to come, but something else is wanted now.
    fn drop_arrival(&mut self) {
        if let Some(Leaving::For { arrival, .. }) = self.keeping.leaving.take() {
            let close = ProjectRequest::Close { discard: false };
            self.ask_keeper(arrival.project, close);
        }
    }
}
