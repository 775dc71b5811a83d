//! Making a whole project file: of a state, or as a copy of another file. It stands in its place only when it is complete and flushed.

use super::connection::{connect_to_unfinished, make_tables, settle_journal_of};
use super::event_rows::Proposers;
use super::failure::Failure;
use super::generations;
use super::log_rows::LogWriter;
use super::paths::folder_of;
use super::recording_rows::RecordingRow;
use super::tables::{HAS_SCORES, IDENTITY, VIEW, WRITTEN_BY, write_document, write_part};
use super::{AtomicFile, ProjectState, Side, now_ms, previous_path};
use rusqlite::Connection;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;

/// Writes a state into an empty file, for a project that will be at `place`. Scores go elsewhere.
pub fn write_project(file: &Path, place: &Path, state: &ProjectState) -> Result<(), Failure> {
    let connection = connect_to_unfinished(file)?;
    let transaction = connection.unchecked_transaction()?;
    make_tables(&connection)?;
    write_document(&connection, &folder_of(place), &state.document, &mut Proposers::default())?;
    let mut log = LogWriter { connection: &connection, next_seq: 1, now_ms: now_ms() };
    for (side, steps) in [(Side::Undo, state.history.undo_steps()), (Side::Redo, state.history.redo_steps())] {
        steps.iter().try_for_each(|step| log.add_earlier(side, step))?;
    }
    write_part(&connection, VIEW, &state.view)?;
    write_part(&connection, WRITTEN_BY, &format!("Earmark {}", env!("CARGO_PKG_VERSION")))?;
    write_part(&connection, IDENTITY, &new_identity())?;
    write_part(&connection, HAS_SCORES, &false)?;
    generations::keep(&connection, now_ms(), 0)?;
    transaction.commit()?;
    connection.close().map_err(|(_, error)| error.into())
}

/// A name that no other project has: what the system gives for hashing differs between processes and calls.
fn new_identity() -> String {
    let random = || RandomState::new().hash_one((now_ms(), std::process::id()));
    format!("{:016x}{:016x}", random(), random())
}

/// Copies what a connection sees, without what has become free, into an empty file.
pub fn copy_database(connection: &Connection, file: &Path) -> Result<(), Failure> {
    let file = file.to_str().ok_or_else(|| Failure::Content("the name of the folder is no Unicode".to_owned()))?;
    connection.execute("VACUUM INTO ?1", [file])?;
    Ok(())
}

/// Copies a project for another place, from which its recordings are seen in another way.
pub fn copy_project(connection: &Connection, from: &Path, file: &Path, place: &Path) -> Result<(), Failure> {
    copy_database(connection, file)?;
    let (old_folder, new_folder) = (folder_of(from), folder_of(place));
    if old_folder == new_folder {
        return Ok(());
    }
    let copy = connect_to_unfinished(file)?;
    let transaction = copy.unchecked_transaction()?;
    for mut row in RecordingRow::read_all(&copy)? {
        let path = row.place_seen_from(&old_folder);
        row.set_path(&new_folder, &path);
        row.replace(&copy)?;
    }
    // The tables are no longer what follows from the states before: this one is.
    generations::keep(&copy, now_ms(), 0)?;
    transaction.commit()?;
    copy.close().map_err(|(_, error)| error.into())
}

/// Puts a complete file in its place. A project that was there is kept under its second name.
pub fn put_in_place(file: AtomicFile) -> Result<(), Failure> {
    let target = file.target();
    settle_journal_of(target);
    if target.exists() {
        let previous = previous_path(target);
        let _ = fs::remove_file(&previous);
        let kept = fs::hard_link(target, &previous).or_else(|_| fs::copy(target, &previous).map(drop));
        if let Err(error) = kept {
            // What is being saved matters more than what was there before.
            log::warn!("{}: the project that was there could not be kept: {error}", previous.display());
        }
    }
    Ok(file.commit()?)
}
