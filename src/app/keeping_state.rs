//! What is known of the file that the project is kept in, and of what is on its way there. `keeping.rs` acts on it.

use super::leaving::Leaving;
use crate::annotation::RecordingId;
use crate::decision::DecisionRule;
use crate::project::{Generation, ReadOnly, ScoreSummary};
use crate::work::{ProjectId, UnnamedProject};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

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
    pub(super) waiting_since: Option<Instant>,
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
    pub(super) failure_told: bool,
    pub(super) tried_at: Instant,
    pub(super) view: serde_json::Value,
    pub(super) view_looked_at: Instant,
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
    pub(super) fn fail(&mut self, reason: String) {
        if self.failure.replace(reason).is_none() {
            self.close_refused = false;
        }
    }

    /// For how long the disk has not answered.
    pub(super) fn waits_for(&self) -> Option<Duration> {
        self.waiting_since.map(|since| since.elapsed())
    }

    /// Whether a file holds all that there is, as far as is known.
    pub(super) fn is_settled(&self) -> bool {
        self.waiting == 0 && self.failure.is_none()
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
