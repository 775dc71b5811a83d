//! The project file as the program holds it while a project is open: one writer, every change a transaction.

use super::changing::Changing;
use super::connection::{CHECKPOINT_BYTES, checkpoint, journal_bytes, settle};
use super::copying::{copy_project, put_in_place, write_project};
use super::event_rows::Proposers;
use super::failure::Failure;
use super::lock::{Lock, NoLock};
use super::log_rows::{LogWriter, read_steps};
use super::opening::{self, ReadOnly, file_id, real_path};
use super::scores::{ScoreFile, scores_path};
use super::tables::{HAS_SCORES, VIEW, write_part};
use super::{AtomicFile, ProjectError, ProjectState, StoredScores, export, generations, now_ms};
use crate::annotation::{Change, Document, Fact, HistoryEntry, RecordingId};
use crate::decision::DecisionRule;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// How many steps of each side of the history are read at opening; the others when they are asked for.
pub const STEPS_READ_FIRST: u64 = 2000;
/// A state is kept after so many steps, and after more where there is much to keep. What was found out about files counts for nothing: it
/// comes by the hundred thousand, and is found out again.
const STEPS_A_GENERATION: u64 = 500;
/// Recordings and events that cost as much to keep as one step may.
const SIZE_A_STEP: u64 = 50;
/// Projects up to so many recordings and events are also kept at each closing.
const SMALL: u64 = 50_000;

/// An open project file. Not for the window's thread: every call may wait for the disk.
pub struct ProjectFile {
    pub(super) path: PathBuf,
    pub(super) folder: PathBuf,
    /// None only while it is being closed.
    pub(super) connection: Option<Connection>,
    pub(super) read_only: Option<ReadOnly>,
    pub(super) lock: Option<Lock>,
    pub(super) file_id: Option<(u64, u64)>,
    /// None after something failed: read again.
    pub(super) proposers: Option<Proposers>,
    pub(super) next_seq: u64,
    /// Steps since the last state was kept.
    pub(super) steps_since: u64,
    /// Recordings and events together, about.
    pub(super) size: u64,
    pub(super) unread: [u64; 2],
    /// None only while it is being closed.
    pub(super) scores: Option<ScoreFile>,
    pub(super) has_scores: bool,
    pub(super) warnings: Vec<String>,
    /// Holds the file that is read, if it is not the one at `path`.
    pub(super) copy: Option<TempDir>,
}

/// One side of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Steps that can be taken back.
    Undo,
    /// Steps that can be done again.
    Redo,
}

/// A state of the annotations that is kept inside the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    /// The last entry of the log that it holds; names the generation.
    pub seq: u64,
    /// When it was kept: milliseconds since 1970-01-01 00:00 UTC.
    pub at_ms: i64,
    /// How many recordings it has.
    pub recordings: u64,
    /// How many events it has.
    pub events: u64,
}

/// What is known of a recording's scores without reading them.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreSummary {
    /// Which recording.
    pub recording: RecordingId,
    /// The model folder's name.
    pub model: Arc<str>,
    /// The version that the model's manifest states.
    pub version: Arc<str>,
    /// Runtime and device in words.
    pub runtime: String,
    /// The rule that makes events of the scores.
    pub rule: DecisionRule,
    /// How many predictions that rule makes, if it was told.
    pub predictions: Option<u64>,
}

impl ProjectFile {
    /// Writes a whole new project in the place of what is at `path`, which is kept beside it as [`super::previous_path`], and holds it open.
    /// Whoever has that very file open must have dropped it before.
    ///
    /// # Errors
    /// [`ProjectError::Write`]; what was at `path` is then as it was.
    pub fn create(path: &Path, state: &ProjectState) -> Result<Self, ProjectError> {
        let path = real_path(path);
        let refused = |failure: Failure| ProjectError::writing(&path, failure.reason());
        let lock = lock_to_replace(&path)?;
        let file = AtomicFile::beside(&path).map_err(|error| refused(error.into()))?;
        write_project(file.path(), &path, state).map_err(refused)?;
        put_in_place(file).map_err(refused)?;
        // They belong to what was there before.
        let _ = fs::remove_file(scores_path(&path));
        opening::open_new(&path, lock, state).map_err(refused)
    }

    /// Writes the file again where it was deleted or replaced, of what this one still has open, and holds the new one open; log, history
    /// and kept states come along, and the scores beside it stay. What is in its place is kept as [`super::previous_path`].
    ///
    /// # Errors
    /// [`ProjectError::Write`] if it is not gone or can no longer be read. This one is closed then too.
    pub fn put_back(mut self) -> Result<Self, ProjectError> {
        let path = self.path.clone();
        let refused = |failure: Failure| ProjectError::writing(&path, failure.reason());
        if self.read_only.is_some() || file_id(&path) == self.file_id {
            return Err(ProjectError::writing(&path, "it cannot be written where it is"));
        }
        let file = AtomicFile::beside(&path).map_err(|error| refused(error.into()))?;
        let connection = connection_of(self.connection.as_ref()).map_err(refused)?;
        copy_project(connection, &path, file.path(), &path).map_err(refused)?;
        // Its journal must be gone before another file has the name.
        if let Err(failure) = self.finish() {
            log::warn!("{}: {}", path.display(), failure.reason());
        }
        drop(self);
        let lock = lock_to_replace(&path)?;
        put_in_place(file).map_err(refused)?;
        drop(lock);
        Self::open(&path).map(|(file, _)| file)
    }

    /// Opens a project; [`Self::read_only`] says whether it can be changed. The state is without scores ([`Self::scores`]) and with the
    /// newest steps of its history ([`Self::steps_unread`]). A file of an older version becomes one of the present version, and the
    /// original is kept beside it.
    ///
    /// # Errors
    /// All but [`ProjectError::Write`] and [`ProjectError::Gone`]; the file is then as it was.
    pub fn open(path: &Path) -> Result<(Self, ProjectState), ProjectError> {
        opening::open(&real_path(path))
    }

    /// Where it is, links followed.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Why it cannot be changed, if it cannot.
    pub fn read_only(&self) -> Option<&ReadOnly> {
        self.read_only.as_ref()
    }

    /// What went wrong without costing a label, in words for a notice: a checkpoint, a generation or scores that failed. Each is told once.
    pub fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// Keeps changes, in order, all or none. When it returns, they survive a power cut.
    ///
    /// # Errors
    /// [`ProjectError::Gone`], [`ProjectError::Write`], [`ProjectError::IsReadOnly`]; nothing is kept then, and the same changes can be
    /// appended later, together with those that came after them.
    pub fn append(&mut self, changes: &[Change]) -> Result<(), ProjectError> {
        self.ensure_writable()?;
        if changes.is_empty() {
            return Ok(());
        }
        let next_seq = self.append_all(changes).map_err(|failure| {
            self.proposers = None;
            ProjectError::writing(&self.path, failure.reason())
        })?;
        self.next_seq = next_seq;
        self.steps_since += changes.iter().filter(|change| matches!(change, Change::Step(_))).count() as u64;
        self.forget_scores_of(changes);
        self.look_after();
        Ok(())
    }

    /// What a model has said about a recording goes with it.
    fn forget_scores_of(&mut self, changes: &[Change]) {
        let mut gone = Vec::new();
        for change in changes {
            match change {
                Change::Fact(Fact::Removed { id }) => gone.push(*id),
                Change::Step(entry) => gone.extend(entry.edit.removed_recordings()),
                Change::Fact(_) => {}
            }
        }
        if let Some(Err(error)) = self.scores.as_ref().map(|scores| scores.forget(&gone)) {
            self.warnings.push(error.to_string());
        }
    }

    fn append_all(&mut self, changes: &[Change]) -> Result<u64, Failure> {
        let connection = connection_of(self.connection.as_ref())?;
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        let proposers = match &mut self.proposers {
            Some(proposers) => proposers,
            none => none.insert(Proposers::read(connection)?),
        };
        let log = LogWriter { connection, next_seq: self.next_seq, now_ms: now_ms() };
        let mut changing = Changing::begin(connection, &self.folder, proposers, log)?;
        changes.iter().try_for_each(|change| changing.make(change))?;
        let next_seq = changing.finish()?;
        transaction.commit()?;
        Ok(next_seq)
    }

    fn ensure_writable(&self) -> Result<(), ProjectError> {
        if let Some(read_only) = &self.read_only {
            return Err(ProjectError::IsReadOnly { path: self.path.clone(), reason: read_only.to_string() });
        }
        if self.file_id.is_none() || file_id(&self.path) != self.file_id {
            return Err(ProjectError::Gone { path: self.path.clone() });
        }
        Ok(())
    }

    /// What is to be done from time to time. It may fail without harm, and is tried again after the next change.
    fn look_after(&mut self) {
        if self.steps_since >= self.steps_a_generation() {
            self.keep_generation();
        }
        if journal_bytes(&self.path) > CHECKPOINT_BYTES {
            let taken = connection_of(self.connection.as_ref()).and_then(checkpoint);
            if let Err(failure) = taken {
                log::warn!("{}: the journal could not be taken over: {}", self.path.display(), failure.reason());
            }
        }
    }

    fn steps_a_generation(&self) -> u64 {
        STEPS_A_GENERATION.max(self.size / SIZE_A_STEP)
    }

    /// Keeps the present state inside the file, whether much has changed since the last one or not.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub fn keep_version(&mut self) -> Result<(), ProjectError> {
        self.ensure_writable()?;
        self.add_generation().map_err(|failure| ProjectError::writing(&self.path, failure.reason()))
    }

    fn keep_generation(&mut self) {
        if let Err(failure) = self.add_generation() {
            let (path, reason) = (self.path.display(), failure.reason());
            self.warnings.push(format!(
                "{path}: an earlier state could not be kept inside the project: {reason}. All changes are kept"
            ));
            // Not again with every change.
            self.steps_since = 0;
        }
    }

    fn add_generation(&mut self) -> Result<(), Failure> {
        let steps = self.steps_since;
        let kept = connection_of(self.connection.as_ref()).and_then(|connection| {
            let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
            generations::keep(connection, now_ms(), steps)?;
            let newest = generations::list(connection)?.into_iter().next();
            transaction.commit()?;
            Ok(newest)
        });
        let newest = kept?;
        self.steps_since = 0;
        self.size = newest.map_or(self.size, |newest| newest.recordings + newest.events);
        Ok(())
    }

    /// How many steps of a side the opened state lacks because they are older than those that were read.
    pub fn steps_unread(&self, side: Side) -> u64 {
        match side {
            Side::Undo => self.unread[0],
            Side::Redo => self.unread[1],
        }
    }

    /// Steps before those that were read, the oldest first: at most `count`, the newest of the first `before`, and fewer where they are
    /// long, but at least one if there is one. Hand them to [`crate::annotation::History::put_before`].
    ///
    /// # Errors
    /// [`ProjectError::Read`] and [`ProjectError::Damaged`].
    pub fn earlier_steps(&self, side: Side, before: u64, count: u64) -> Result<Vec<HistoryEntry>, ProjectError> {
        self.read(|connection| read_steps(connection, side, before, count))
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, ProjectError> {
        let result = connection_of(self.connection.as_ref()).and_then(|connection| {
            // One state, also if another Earmark writes meanwhile.
            let transaction = connection.unchecked_transaction()?;
            let result = read(connection)?;
            transaction.commit()?;
            Ok(result)
        });
        result.map_err(|failure| ProjectError::reading(&self.path, failure))
    }

    /// Keeps how the window shows the project.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub fn keep_view(&mut self, view: &serde_json::Value) -> Result<(), ProjectError> {
        self.ensure_writable()?;
        let kept = connection_of(self.connection.as_ref()).and_then(|connection| write_part(connection, VIEW, view));
        kept.map_err(|failure| ProjectError::writing(&self.path, failure.reason()))
    }

    /// Keeps scores in the file beside the project, in the place of those that the recording had.
    ///
    /// # Errors
    /// [`ProjectError::Scores`], [`ProjectError::IsReadOnly`], [`ProjectError::Gone`]; labels are not concerned.
    pub fn keep_scores(&mut self, scores: &StoredScores, predictions: Option<u64>) -> Result<(), ProjectError> {
        self.ensure_writable()?;
        if !self.has_scores {
            let noted = connection_of(self.connection.as_ref())
                .and_then(|connection| write_part(connection, HAS_SCORES, &true));
            noted.map_err(|failure| ProjectError::writing(&self.path, failure.reason()))?;
            self.has_scores = true;
        }
        match &mut self.scores {
            Some(file) => file.keep(scores, predictions),
            None => Ok(()),
        }
    }

    /// Keeps another rule for scores that are kept.
    ///
    /// # Errors
    /// As [`Self::keep_scores`].
    pub fn keep_rule(
        &mut self,
        recording: RecordingId,
        rule: &DecisionRule,
        predictions: Option<u64>,
    ) -> Result<(), ProjectError> {
        self.ensure_writable()?;
        match &mut self.scores {
            Some(file) => file.keep_rule(recording, rule, predictions),
            None => Ok(()),
        }
    }

    /// The scores of a recording, if there are any.
    ///
    /// # Errors
    /// [`ProjectError::Scores`].
    pub fn scores(&self, recording: RecordingId) -> Result<Option<StoredScores>, ProjectError> {
        self.scores.as_ref().map_or(Ok(None), |file| file.scores(recording))
    }

    /// The recordings that have scores.
    ///
    /// # Errors
    /// [`ProjectError::Scores`].
    pub fn scored_recordings(&self) -> Result<Vec<ScoreSummary>, ProjectError> {
        self.scores.as_ref().map_or(Ok(Vec::new()), ScoreFile::summaries)
    }

    /// The states that are kept inside the file, the newest first.
    ///
    /// # Errors
    /// [`ProjectError::Read`] and [`ProjectError::Damaged`].
    pub fn generations(&self) -> Result<Vec<Generation>, ProjectError> {
        self.read(generations::list)
    }

    /// A state that is kept inside the file; paths of recordings are those of then.
    ///
    /// # Errors
    /// [`ProjectError::Read`] and [`ProjectError::Damaged`].
    pub fn state_at(&self, generation: &Generation) -> Result<Document, ProjectError> {
        self.read(|connection| generations::read(connection, generation.seq))
    }

    /// Writes a copy that stands for itself, with the scores. This file stays the open one. A project that was there is kept as
    /// [`super::previous_path`].
    ///
    /// # Errors
    /// [`ProjectError::Write`]; what was at `path` is then as it was. [`ProjectError::Scores`] if only the scores could not be copied.
    pub fn copy_to(&self, path: &Path) -> Result<(), ProjectError> {
        let target = real_path(path);
        if target == self.path {
            return Err(ProjectError::writing(&target, "a copy needs a name of its own"));
        }
        let refused = |failure: Failure| ProjectError::writing(&target, failure.reason());
        let _lock = lock_to_replace(&target)?;
        let file = AtomicFile::beside(&target).map_err(|error| refused(error.into()))?;
        let connection = connection_of(self.connection.as_ref()).map_err(refused)?;
        copy_project(connection, &self.path, file.path(), &target).map_err(refused)?;
        put_in_place(file).map_err(refused)?;
        let copied = self.scores.as_ref().map_or(Ok(()), |scores| scores.copy_to(&target));
        copied.map_err(|failure| ProjectError::Scores { path: scores_path(&target), reason: failure.reason() })
    }

    /// Writes everything as text into a folder, which is made: one JSON value a line in `recordings.jsonl`, `events.jsonl`,
    /// `label_classes.jsonl` and `log.jsonl`. Returns the files.
    ///
    /// # Errors
    /// [`ProjectError::CannotExport`] names the file that cannot be written; [`ProjectError::Read`] and [`ProjectError::Damaged`].
    pub fn export_text(&self, folder: &Path) -> Result<Vec<PathBuf>, ProjectError> {
        let mut refused = None;
        let files = self.read(|connection| {
            let written = export::write_all(connection, folder)?;
            Ok(written.unwrap_or_else(|(path, reason)| {
                refused = Some(ProjectError::CannotExport { path, reason });
                Vec::new()
            }))
        })?;
        refused.map_or(Ok(files), Err)
    }

    /// Leaves one complete file and gives the lock back. Dropping does the same, but tells nothing.
    ///
    /// # Errors
    /// [`ProjectError::Write`]; all that was appended is kept nevertheless.
    pub fn close(mut self) -> Result<(), ProjectError> {
        self.finish().map_err(|failure| ProjectError::writing(&self.path, failure.reason()))
    }

    fn finish(&mut self) -> Result<(), Failure> {
        if let Some(scores) = self.scores.take() {
            scores.close();
        }
        let is_writer = self.lock.is_some();
        let steps = self.steps_since;
        let is_worth_it = self.size <= SMALL || steps >= self.steps_a_generation() / 4;
        if is_writer && self.connection.is_some() && steps > 0 && is_worth_it && self.ensure_writable().is_ok() {
            self.keep_generation();
        }
        let settled = match self.connection.take() {
            Some(connection) if is_writer => settle(connection),
            _ => Ok(()),
        };
        self.lock = None;
        self.copy = None;
        settled
    }
}

impl Drop for ProjectFile {
    fn drop(&mut self) {
        if self.connection.is_some()
            && let Err(failure) = self.finish()
        {
            log::warn!("{}: {}", self.path.display(), failure.reason());
        }
    }
}

fn connection_of(connection: Option<&Connection>) -> Result<&Connection, Failure> {
    connection.ok_or_else(|| Failure::Content("the project is closed".to_owned()))
}

fn lock_to_replace(path: &Path) -> Result<Lock, ProjectError> {
    Lock::take(path).map_err(|no_lock| match no_lock {
        NoLock::Held(holder) => ProjectError::writing(path, ReadOnly::OpenElsewhere { holder }.to_string()),
        NoLock::Impossible(error) => ProjectError::writing(path, error.to_string()),
    })
}
