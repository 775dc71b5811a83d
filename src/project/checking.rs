//! Looking a project file through without changing it, and taking out of a damaged one what can be read.

use super::connection::{Reading, check_header, find_damage};
use super::failure::Failure;
use super::file::{Generation, ProjectFile, Side};
use super::log_rows::{for_each_entry, read_steps, step_count};
use super::tables::read_document;
use super::{ProjectError, ProjectState, generations, previous_path};
use crate::annotation::Document;
use crate::time::CivilTime;
use rusqlite::Connection;
use std::path::{Path, PathBuf};

/// What was found in a file that was looked through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Recordings.
    pub recordings: u64,
    /// Events.
    pub events: u64,
    /// Entries of the log.
    pub entries: u64,
    /// States that are kept inside it.
    pub generations: u64,
    /// What is wrong; nothing if it is as it should be.
    pub problems: Vec<String>,
}

/// Looks through a whole project of the present version: the database, every checksum, every step of the history, every kept state, and
/// whether the tables are what follows from the log.
///
/// # Errors
/// The file cannot be read or is none of the present version; damage is in the report instead.
pub fn check(path: &Path) -> Result<CheckReport, ProjectError> {
    let path = super::opening::real_path(path);
    let version = check_header(&path)?;
    if version < super::schema::VERSION {
        let reason = "it has an older form that holds no log; open it in Earmark first";
        return Err(ProjectError::NotAProject { path, reason });
    }
    let look = || {
        let reading = Reading::of(&path)?;
        let connection = &reading.connection;
        let transaction = connection.unchecked_transaction()?;
        let mut report = CheckReport { problems: find_damage(connection)?, ..CheckReport::default() };
        look_through(connection, &mut report);
        transaction.commit()?;
        Ok(report)
    };
    look().map_err(|failure| ProjectError::reading(&path, failure))
}

fn look_through(connection: &Connection, report: &mut CheckReport) {
    let CheckReport { recordings, events, entries, generations: kept, problems } = report;
    let mut note = |what: &str, result: Result<(), Failure>| {
        if let Err(failure) = result {
            problems.push(format!("{what}: {}", failure.reason()));
        }
    };
    let document = read_document(connection, None);
    let document = match document {
        Ok(document) => {
            *recordings = document.recording_count() as u64;
            *events = document.recordings().map(|(_, recording)| recording.events.len() as u64).sum();
            Some(document)
        }
        Err(failure) => {
            note("the annotations", Err(failure));
            None
        }
    };
    let entry = |entry: super::log_rows::RawEntry| {
        *entries += 1;
        entry.change().map(drop)
    };
    note("the log", for_each_entry(connection, 0, entry));
    for side in [Side::Undo, Side::Redo] {
        note("the history", all_steps(connection, side));
    }
    let list = match generations::list(connection) {
        Ok(list) => list,
        Err(failure) => {
            note("the kept states", Err(failure));
            Vec::new()
        }
    };
    *kept = list.len() as u64;
    for generation in &list {
        note("a kept state", generations::read(connection, generation.seq).map(drop));
    }
    match list.first() {
        None => note("the kept states", Err(Failure::Content("there is none".to_owned()))),
        Some(newest) => note("the log", follows(connection, newest, document.as_ref())),
    }
}

fn all_steps(connection: &Connection, side: Side) -> Result<(), Failure> {
    let mut before = step_count(connection, side)?;
    while before > 0 {
        before -= read_steps(connection, side, before, 100)?.len() as u64;
    }
    Ok(())
}

fn follows(connection: &Connection, newest: &Generation, tables: Option<&Document>) -> Result<(), Failure> {
    let folded = generations::fold(connection, newest.seq)?;
    match tables {
        Some(tables) if *tables != folded => {
            Err(Failure::Content("the annotations are not what follows from the log".to_owned()))
        }
        _ => Ok(()),
    }
}

/// What was taken out of a damaged file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The kept state that could be read.
    pub generation: Generation,
    /// Whether all changes after it could be read too.
    pub is_present: bool,
    /// How many recordings there are.
    pub recordings: u64,
    /// How many events there are.
    pub events: u64,
}

/// Writes the newest state that can be read from a file, damaged or not, as a new project. The history is not taken along.
///
/// # Errors
/// [`ProjectError::Damaged`] if no state can be read, [`ProjectError::Write`] if the new project cannot be written.
pub fn recover(path: &Path, new: &Path) -> Result<Recovered, ProjectError> {
    let path = super::opening::real_path(path);
    check_header(&path)?;
    if super::opening::real_path(new) == path {
        return Err(ProjectError::writing(new, "what can be read needs a name of its own"));
    }
    let found = newest_readable(&path).map_err(|failure| ProjectError::reading(&path, failure))?;
    let Some((generation, is_present, document)) = found else {
        return Err(ProjectError::damaged(&path, "none of the states that are kept inside it can be read".to_owned()));
    };
    let events = document.recordings().map(|(_, recording)| recording.events.len() as u64).sum();
    let recovered = Recovered { generation, is_present, recordings: document.recording_count() as u64, events };
    ProjectFile::create(new, &ProjectState { document, ..ProjectState::default() })?.close()?;
    Ok(recovered)
}

fn newest_readable(path: &Path) -> Result<Option<(Generation, bool, Document)>, Failure> {
    let reading = Reading::of(path)?;
    for generation in generations::list(&reading.connection)? {
        let folded = generations::fold(&reading.connection, generation.seq);
        if let Ok(document) = folded {
            return Ok(Some((generation, true, document)));
        }
        if let Ok(document) = generations::read(&reading.connection, generation.seq) {
            return Ok(Some((generation, false, document)));
        }
    }
    Ok(None)
}

/// What can be done about a damaged file.
pub fn hint(path: &Path) -> String {
    if let Ok(Some((generation, is_present, _))) = newest_readable(path) {
        let time = CivilTime::from_unix_millis(generation.at_ms);
        let time = time.map_or_else(String::new, |time| format!(" of {} {} UTC", time.date(), time.time_text(0)));
        let state = if is_present { "All annotations".to_owned() } else { format!("The annotations{time}") };
        return format!(
            "{state} can still be read from it: `earmark project recover \"{}\" NEW.earmark` writes them to a new project",
            path.display()
        );
    }
    let previous: PathBuf = previous_path(path);
    if previous.exists() {
        format!("The version saved before it is {}: copy it under another name and open that", previous.display())
    } else {
        "Look for a copy in a backup".to_owned()
    }
}
