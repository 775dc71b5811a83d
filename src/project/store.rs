//! The project file: an SQLite database that is written anew at each save and read in whole.
//!
//! Other programs may look into it; only this one writes it.

use super::paths::{from_sql, joined, relative_to, to_sql};
use super::{AtomicFile, ProjectError, ProjectState, StoredScores, previous_path};
use crate::annotation::{Document, RecordingId};
use crate::decision::FrameScores;
use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, OpenFlags, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// `EARM`, at the place where SQLite lets each program write its own number.
const APPLICATION_ID: i32 = 0x4541_524d;
/// Goes up by one with each change that older programs cannot read.
const VERSION: i32 = 1;

const SCHEMA: &str = "
    CREATE TABLE part (name TEXT PRIMARY KEY, json TEXT NOT NULL);
    CREATE TABLE recording_path (recording INTEGER PRIMARY KEY, absolute NOT NULL, relative TEXT);
    CREATE TABLE frame_scores (
        place INTEGER PRIMARY KEY,
        recording INTEGER NOT NULL,
        model TEXT NOT NULL,
        version TEXT NOT NULL,
        runtime TEXT NOT NULL,
        rule TEXT NOT NULL,
        scores BLOB NOT NULL
    );";

/// Writes the whole project in the place of what was at `path`, which is kept beside it as [`previous_path`]. Paths of recordings are
/// made absolute.
///
/// # Errors
/// [`ProjectError::Write`]; what was at `path` is then as it was.
pub fn save(path: &Path, state: &ProjectState) -> Result<(), ProjectError> {
    let refused = |reason: String| ProjectError::Write { path: path.to_path_buf(), reason };
    let file = AtomicFile::beside(path).map_err(|error| refused(error.to_string()))?;
    write_database(file.path(), &folder_of(path), state).map_err(refused)?;
    keep_previous(file.target());
    file.commit().map_err(|error| refused(error.to_string()))
}

fn write_database(file: &Path, folder: &Path, state: &ProjectState) -> Result<(), String> {
    let words = |error: rusqlite::Error| error.to_string();
    let mut connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(words)?;
    // No journal: the file is not the project until it is whole and flushed.
    connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;").map_err(words)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID).map_err(words)?;
    connection.pragma_update(None, "user_version", VERSION).map_err(words)?;
    let transaction = connection.transaction().map_err(words)?;
    transaction.execute_batch(SCHEMA).map_err(words)?;
    let parts = [
        ("document", to_json(with_unicode_paths(&state.document).as_ref())?),
        ("history", to_json(&state.history)?),
        ("view", to_json(&state.view)?),
        ("written_by", to_json(&format!("Earmark {}", env!("CARGO_PKG_VERSION")))?),
    ];
    for (name, json) in parts {
        transaction.execute("INSERT INTO part VALUES (?1, ?2)", params![name, json]).map_err(words)?;
    }
    write_paths(&transaction, folder, &state.document)?;
    write_scores(&transaction, &state.scores)?;
    transaction.commit().map_err(words)?;
    connection.close().map_err(|(_, error)| words(error))
}

fn write_paths(connection: &Connection, folder: &Path, document: &Document) -> Result<(), String> {
    for (id, recording) in document.recordings() {
        let path = std::path::absolute(&recording.path).unwrap_or_else(|_| recording.path.clone());
        let row = params![id.0 as i64, to_sql(&path), relative_to(folder, &path)];
        connection.execute("INSERT INTO recording_path VALUES (?1, ?2, ?3)", row).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn write_scores(connection: &Connection, scores: &[StoredScores]) -> Result<(), String> {
    for StoredScores { recording, model, version, runtime, rule, scores } in scores {
        let row = params![recording.0 as i64, model, version, runtime, to_json(rule)?, scores.to_bytes()];
        connection
            .execute("INSERT INTO frame_scores VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6)", row)
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// JSON that was found to give the same value again, so that nothing is saved that cannot be opened.
fn to_json<T: Serialize + DeserializeOwned + PartialEq>(value: &T) -> Result<String, String> {
    let json = serde_json::to_string(value).map_err(|error| error.to_string())?;
    match serde_json::from_str::<T>(&json) {
        Ok(again) if again == *value => Ok(json),
        Ok(_) => Err("a value in the project changes when it is written".to_owned()),
        Err(error) => Err(format!("a value in the project cannot be written: {error}")),
    }
}

/// The document with paths that JSON can hold; the true ones stand in a table of their own.
fn with_unicode_paths(document: &Document) -> Cow<'_, Document> {
    let mut document = Cow::Borrowed(document);
    let others: Vec<(RecordingId, String)> = document
        .recordings()
        .filter(|(_, recording)| recording.path.to_str().is_none())
        .map(|(id, recording)| (id, recording.path.to_string_lossy().into_owned()))
        .collect();
    for (id, path) in others {
        document.to_mut().set_path(id, Path::new(&path));
    }
    document
}

/// Keeps what is at `target` under its second name; `target` stays in place, so that a crash here loses nothing.
fn keep_previous(target: &Path) {
    if !target.exists() {
        return;
    }
    let previous = previous_path(target);
    let _ = fs::remove_file(&previous);
    let kept = fs::hard_link(target, &previous).or_else(|_| fs::copy(target, &previous).map(|_| ()));
    if let Err(error) = kept {
        // A save that works matters more than the version before it.
        log::warn!("{}: the previous version could not be kept: {error}", previous.display());
    }
}

fn folder_of(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    path.parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Reads a whole project. The path of a recording is the one relative to the project if there is a file, else the absolute one.
///
/// # Errors
/// All but [`ProjectError::Write`]; the file is never changed.
pub fn load(path: &Path) -> Result<ProjectState, ProjectError> {
    check_header(path)?;
    read_database(path).map_err(|failure| match failure {
        Failure::Io(source) => ProjectError::Read { path: path.to_path_buf(), source },
        Failure::Content(reason) => ProjectError::Damaged { path: path.to_path_buf(), reason },
    })
}

/// Looks at the first bytes without SQLite, so that another program's file is not even opened as a database, and at the length, because
/// SQLite takes the missing end of the last page for zeros. Places are those of the SQLite file format, section 1.3.
fn check_header(path: &Path) -> Result<(), ProjectError> {
    let unreadable = |source: io::Error| ProjectError::Read { path: path.to_path_buf(), source };
    let not_a_project = |reason| Err(ProjectError::NotAProject { path: path.to_path_buf(), reason });
    let damaged = |reason: &str| Err(ProjectError::Damaged { path: path.to_path_buf(), reason: reason.to_owned() });
    let file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    let mut header = Vec::new();
    file.take(100).read_to_end(&mut header).map_err(unreadable)?;
    if header.is_empty() {
        return not_a_project("the file is empty");
    }
    if !header.starts_with(b"SQLite format 3\0") {
        return not_a_project("it was made by another program");
    }
    let Ok(header) = <[u8; 100]>::try_from(header) else { return damaged("it is cut short") };
    let number_at = |place: usize| i32::from_be_bytes([0, 1, 2, 3].map(|byte| header[place + byte]));
    if number_at(68) != APPLICATION_ID {
        return not_a_project("it is the database of another program");
    }
    let version = number_at(60);
    if version > VERSION {
        return Err(ProjectError::Newer { path: path.to_path_buf(), version, known: VERSION });
    }
    let page_bytes = match u64::from(u16::from_be_bytes([header[16], header[17]])) {
        1 => 1 << 16,
        bytes => bytes,
    };
    if length < page_bytes * u64::from(number_at(28).cast_unsigned()) {
        return damaged("it is cut short");
    }
    Ok(())
}

/// "Cannot be read" and "is wrong" are different things: after the first, the same file may well be readable again.
enum Failure {
    Io(io::Error),
    Content(String),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(
                ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::OutOfMemory,
            ) => Self::Io(io::Error::other(error)),
            _ => Self::Content(error.to_string()),
        }
    }
}

fn read_database(path: &Path) -> Result<ProjectState, Failure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch("PRAGMA trusted_schema = OFF;")?;
    let verdict: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(Failure::Content(verdict));
    }
    let mut document: Document = part(&connection, "document")?;
    document.check().map_err(|reason| Failure::Content(reason.to_owned()))?;
    read_paths(&connection, &folder_of(path), &mut document)?;
    let state = ProjectState {
        history: part(&connection, "history")?,
        view: part(&connection, "view")?,
        scores: read_scores(&connection)?,
        document,
    };
    Ok(state)
}

fn part<T: DeserializeOwned>(connection: &Connection, name: &str) -> Result<T, Failure> {
    let json: String = connection.query_row("SELECT json FROM part WHERE name = ?1", [name], |row| row.get(0))?;
    from_json(name, &json)
}

fn from_json<T: DeserializeOwned>(name: &str, json: &str) -> Result<T, Failure> {
    serde_json::from_str(json).map_err(|error| Failure::Content(format!("its {name} cannot be read: {error}")))
}

fn read_paths(connection: &Connection, folder: &Path, document: &mut Document) -> Result<(), Failure> {
    let mut statement = connection.prepare("SELECT recording, absolute, relative FROM recording_path")?;
    let rows = statement
        .query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Value>(1)?, row.get::<_, Option<String>>(2)?)))?;
    for row in rows {
        let (id, absolute, relative) = row?;
        let beside = relative.map(|relative| joined(folder, &relative)).filter(|path| path.exists());
        let path = beside.or_else(|| from_sql(absolute));
        let path = path.ok_or_else(|| Failure::Content("a recording has no path".to_owned()))?;
        document.set_path(RecordingId(id as u64), &path);
    }
    Ok(())
}

fn read_scores(connection: &Connection) -> Result<Vec<StoredScores>, Failure> {
    let mut statement = connection
        .prepare("SELECT recording, model, version, runtime, rule, scores FROM frame_scores ORDER BY place")?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let recording = RecordingId(row.get::<_, i64>(0)? as u64);
        let blob = row.get_ref(5)?.as_blob().map_err(|error| Failure::Content(error.to_string()))?;
        let scores = FrameScores::from_bytes(blob).map_err(|error| Failure::Content(error.to_string()))?;
        all.push(StoredScores {
            recording,
            model: row.get(1)?,
            version: row.get(2)?,
            runtime: row.get(3)?,
            rule: from_json("decision rule", &row.get::<_, String>(4)?)?,
            scores: Arc::new(scores),
        });
    }
    Ok(all)
}
