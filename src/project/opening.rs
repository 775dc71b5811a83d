//! From a path to an open project: who may write it, reading the state, making version 2 of a file of version 1.

use super::connection::{Durability, Reading, check_header, connect, find_damage, settle_journal_of};
use super::copying::write_project;
use super::event_rows::Proposers;
use super::failure::Failure;
use super::file::{ProjectFile, STEPS_READ_FIRST, Side};
use super::generations;
use super::lock::{Lock, NoLock};
use super::log_rows::{last_seq, read_steps, step_count, steps_after};
use super::paths::folder_of;
use super::scores::ScoreFile;
use super::tables::{HAS_SCORES, IDENTITY, VIEW, read_document, read_needed_part, read_part};
use super::{AtomicFile, ProjectError, ProjectState, version1};
use crate::annotation::{History, RecordingId};
use rusqlite::Connection;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Why a project was opened without the right to change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadOnly {
    /// Another Earmark has it open.
    OpenElsewhere {
        /// Who, as `process 4711 on atlas, since 2026-11-25 09:30:00 UTC`; none if that cannot be read.
        holder: Option<String>,
    },
    /// The file or its folder cannot be written.
    NotWritable {
        /// The system's reason.
        reason: String,
    },
}

/// `another Earmark has it open (process 4711)`.
impl fmt::Display for ReadOnly {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenElsewhere { holder: Some(holder) } => {
                write!(formatter, "another Earmark has it open ({holder})")
            }
            Self::OpenElsewhere { holder: None } => write!(formatter, "another Earmark has it open"),
            Self::NotWritable { reason } => write!(formatter, "the file or its folder cannot be written: {reason}"),
        }
    }
}

/// The file that a path leads to, links followed, also if there is none yet.
pub fn real_path(path: &Path) -> PathBuf {
    let folder = folder_of(path);
    let beside = || Some(fs::canonicalize(&folder).unwrap_or(folder.clone()).join(path.file_name()?));
    fs::canonicalize(path).ok().or_else(beside).unwrap_or_else(|| path.to_path_buf())
}

/// What was read at opening.
pub struct Opened {
    state: ProjectState,
    unread: [u64; 2],
    identity: String,
    has_scores: bool,
    last_seq: u64,
    steps_since: u64,
}

/// Opens what is at `path`, which has no links in it.
pub fn open(path: &Path) -> Result<(ProjectFile, ProjectState), ProjectError> {
    let version = check_header(path)?;
    let (lock, read_only) = access(path);
    if version < 2 { open_version1(path, lock, read_only) } else { open_present(path, lock, read_only) }
}

/// The lock, or why there is none.
fn access(path: &Path) -> (Option<Lock>, Option<ReadOnly>) {
    let refused = |reason: String| (None, Some(ReadOnly::NotWritable { reason }));
    match Lock::take(path) {
        Ok(lock) => match ensure_writable(path) {
            Ok(()) => (Some(lock), None),
            Err(reason) => refused(reason),
        },
        Err(NoLock::Held(holder)) => (None, Some(ReadOnly::OpenElsewhere { holder })),
        Err(NoLock::Impossible(error)) => refused(format!("no lock can be taken: {error}")),
    }
}

fn ensure_writable(path: &Path) -> Result<(), String> {
    let metadata = fs::metadata(path).map_err(|error| error.to_string())?;
    if metadata.permissions().readonly() {
        return Err("the file is marked read-only".to_owned());
    }
    OpenOptions::new().write(true).open(path).map(drop).map_err(|error| error.to_string())
}

fn open_present(
    path: &Path,
    lock: Option<Lock>,
    mut read_only: Option<ReadOnly>,
) -> Result<(ProjectFile, ProjectState), ProjectError> {
    let failed = |failure| ProjectError::reading(path, failure);
    let reading = Reading::of(path).map_err(failed)?;
    let opened = read_opened(&reading.connection, &folder_of(path)).map_err(failed)?;
    let mut copy = reading.copy;
    let (mut connection, mut lock) = (reading.connection, lock);
    if lock.is_some() {
        match connect(path, Durability::Full) {
            Ok(writing) => (connection, copy) = (writing, None),
            Err(failure) => {
                lock = None;
                read_only = Some(ReadOnly::NotWritable { reason: failure.reason() });
            }
        }
    }
    assemble(path, lock, read_only, connection, copy, opened).map_err(failed)
}

fn assemble(
    path: &Path,
    lock: Option<Lock>,
    read_only: Option<ReadOnly>,
    connection: Connection,
    copy: Option<TempDir>,
    opened: Opened,
) -> Result<(ProjectFile, ProjectState), Failure> {
    let Opened { state, unread, identity, has_scores, last_seq, steps_since } = opened;
    let scores = ScoreFile::beside(path, &identity, lock.is_some());
    let mut warnings = Vec::new();
    // They were left behind by a recording that is gone, or by a crash on its way out.
    let orphans: Vec<RecordingId> = scores
        .summaries()
        .unwrap_or_default()
        .into_iter()
        .map(|summary| summary.recording)
        .filter(|id| lock.is_some() && state.document.recording(*id).is_none())
        .collect();
    if let Err(error) = scores.forget(&orphans) {
        log::warn!("{error}");
    }
    let lost = "No label is concerned; run the model again where scores are missing";
    if let Some(reason) = scores.unusable() {
        warnings
            .push(format!("{}: the scores of this project cannot be used: {reason}. {lost}", scores.path().display()));
    } else if has_scores && !scores.path().exists() {
        warnings
            .push(format!("{}: the file with the scores of this project is missing. {lost}", scores.path().display()));
    }
    let proposers = Proposers::read(&connection)?;
    let size = state.document.recordings().map(|(_, recording)| 1 + recording.events.len() as u64).sum();
    let file = ProjectFile {
        path: path.to_path_buf(),
        folder: folder_of(path),
        connection: Some(connection),
        read_only,
        lock,
        file_id: file_id(path),
        proposers: Some(proposers),
        next_seq: last_seq + 1,
        steps_since,
        size,
        unread,
        scores: Some(scores),
        has_scores,
        warnings,
        copy,
    };
    Ok((file, state))
}

fn read_opened(connection: &Connection, folder: &Path) -> Result<Opened, Failure> {
    // One state, also if another Earmark writes meanwhile.
    let transaction = connection.unchecked_transaction()?;
    let damage = find_damage(connection)?;
    if !damage.is_empty() {
        return Err(Failure::Content(damage.join("; ")));
    }
    let document = read_document(connection, Some(folder))?;
    let [undo, redo] = [Side::Undo, Side::Redo].map(|side| {
        let count = step_count(connection, side)?;
        let steps = read_steps(connection, side, count, STEPS_READ_FIRST)?;
        Ok::<_, Failure>((count - steps.len() as u64, steps))
    });
    let ((undo_unread, undo), (redo_unread, redo)) = (undo?, redo?);
    let view = read_part(connection, VIEW)?.unwrap_or_default();
    let kept_seq = generations::list(connection)?.first().map_or(0, |generation| generation.seq);
    let opened = Opened {
        state: ProjectState { document, history: History::new(undo, redo), scores: Vec::new(), view },
        unread: [undo_unread, redo_unread],
        identity: read_needed_part(connection, IDENTITY)?,
        has_scores: read_part(connection, HAS_SCORES)?.unwrap_or_default(),
        last_seq: last_seq(connection)?,
        steps_since: steps_after(connection, kept_seq)?,
    };
    transaction.commit()?;
    Ok(opened)
}

/// A file of version 1 becomes one of version 2 in the same place, and stays beside it as it was. Where that cannot be, the new one is
/// made elsewhere and can only be looked at.
fn open_version1(
    path: &Path,
    lock: Option<Lock>,
    read_only: Option<ReadOnly>,
) -> Result<(ProjectFile, ProjectState), ProjectError> {
    let state = version1::read(path).map_err(|failure| ProjectError::reading(path, failure))?;
    let (lock, read_only) = match lock {
        None => (None, read_only),
        Some(lock) => match renew(path, &state) {
            Ok(kept) => {
                let (mut file, opened) = open_present(path, Some(lock), None)?;
                file.warnings.push(format!(
                    "{}: was made by an older Earmark and is now in a new form. The original is {}",
                    path.display(),
                    kept.display()
                ));
                keep_all_scores(&mut file, &state);
                return Ok((file, opened));
            }
            Err(failure) => (None, Some(ReadOnly::NotWritable { reason: failure.reason() })),
        },
    };
    let failed = |failure| ProjectError::reading(path, failure);
    let folder = tempfile::tempdir().map_err(|error| failed(error.into()))?;
    let place = folder.path().join("copy.earmark");
    fs::write(&place, b"").map_err(|error| failed(error.into()))?;
    write_project(&place, path, &state).map_err(failed)?;
    let Reading { connection, .. } = Reading::of(&place).map_err(failed)?;
    let opened = read_opened(&connection, &folder_of(path)).map_err(failed)?;
    let identity = opened.identity.clone();
    let (mut file, opened) = assemble(path, lock, read_only, connection, Some(folder), opened).map_err(failed)?;
    let mut scores = ScoreFile::beside(&place, &identity, true);
    file.warnings.clear();
    for stored in &state.scores {
        if let Err(error) = scores.keep(stored, None) {
            file.warnings.push(error.to_string());
        }
    }
    file.scores = Some(scores);
    Ok((file, opened))
}

fn renew(path: &Path, state: &ProjectState) -> Result<PathBuf, Failure> {
    let file = AtomicFile::beside(path)?;
    write_project(file.path(), path, state)?;
    // What a journal holds belongs to the original, and would spoil the new file.
    settle_journal_of(path);
    let kept = version1::keep_original(path)?;
    file.commit()?;
    Ok(kept)
}

/// Keeps the scores of a state; what cannot be kept is told as a warning.
pub fn keep_all_scores(file: &mut ProjectFile, state: &ProjectState) {
    for scores in &state.scores {
        if let Err(error) = file.keep_scores(scores, None) {
            file.warnings.push(error.to_string());
        }
    }
}

/// Opens a file that has just been made of a state.
pub fn open_new(path: &Path, lock: Lock, state: &ProjectState) -> Result<ProjectFile, Failure> {
    let connection = connect(path, Durability::Full)?;
    let opened = Opened {
        state: ProjectState::default(),
        unread: [0, 0],
        identity: read_needed_part(&connection, IDENTITY)?,
        has_scores: false,
        last_seq: last_seq(&connection)?,
        steps_since: 0,
    };
    let (mut file, _) = assemble(path, Some(lock), None, connection, None, opened)?;
    file.size = state.document.recordings().map(|(_, recording)| 1 + recording.events.len() as u64).sum();
    keep_all_scores(&mut file, state);
    Ok(file)
}

/// What makes a file this one, whatever its name; none where the system does not tell.
#[cfg(unix)]
pub fn file_id(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// What makes a file this one, whatever its name; none where the system does not tell.
#[cfg(not(unix))]
pub fn file_id(path: &Path) -> Option<(u64, u64)> {
    path.exists().then_some((0, 0))
}
