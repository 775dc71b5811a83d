//! The file of scores beside a project: what models have said, which can be computed again. Deleting it loses no label.

use super::connection::{CHECKPOINT_BYTES, Durability, checkpoint, connect, journal_bytes, settle};
use super::failure::Failure;
use super::paths::with_suffix;
use super::row::{Cell, Checksum, name, text};
use super::{AtomicFile, ProjectError, ScoreSummary, StoredScores};
use crate::annotation::RecordingId;
use crate::decision::{DecisionRule, FrameScores};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is added to the project's name.
const SUFFIX: &str = "-scores";
/// `EARS`, at the place where SQLite lets each program write its own number.
const APPLICATION_ID: i32 = 0x4541_5253;
const VERSION: i32 = 1;

const SCHEMA: &str = "
    CREATE TABLE project (identity TEXT NOT NULL, checksum INTEGER NOT NULL);
    CREATE TABLE scored (
        recording INTEGER PRIMARY KEY NOT NULL,
        model TEXT NOT NULL,
        version TEXT NOT NULL,
        runtime TEXT NOT NULL,
        rule TEXT NOT NULL,
        predictions INTEGER,
        checksum INTEGER NOT NULL
    );
    CREATE TABLE frame_scores (
        recording INTEGER PRIMARY KEY NOT NULL REFERENCES scored (recording) ON DELETE CASCADE,
        scores BLOB NOT NULL,
        checksum INTEGER NOT NULL
    );";

/// Where the scores of a project are.
pub fn scores_path(project: &Path) -> PathBuf {
    with_suffix(project, SUFFIX)
}

/// The scores of an open project.
pub struct ScoreFile {
    path: PathBuf,
    identity: String,
    connection: Option<Connection>,
    /// Why what is there cannot be used.
    unusable: Option<String>,
}

impl ScoreFile {
    /// The file beside a project, if there is one; none is made before there are scores. One that cannot be used is as none, and
    /// [`Self::unusable`] says why.
    pub fn beside(project: &Path, identity: &str, may_write: bool) -> Self {
        let mut file =
            Self { path: scores_path(project), identity: identity.to_owned(), connection: None, unusable: None };
        if file.path.exists() {
            match file.open(may_write) {
                Ok(connection) => file.connection = Some(connection),
                Err(failure) => file.unusable = Some(failure.reason()),
            }
        }
        file
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Why what is there cannot be used.
    pub fn unusable(&self) -> Option<&str> {
        self.unusable.as_deref()
    }

    fn open(&self, may_write: bool) -> Result<Connection, Failure> {
        let reading = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, reading)?;
        let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
        if number("application_id")? != APPLICATION_ID {
            return Err(Failure::Content("it is a file of another kind".to_owned()));
        }
        if number("user_version")? > VERSION {
            return Err(Failure::Content("it was made by a newer Earmark".to_owned()));
        }
        let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if verdict != "ok" {
            return Err(Failure::Content(format!("it is damaged: {verdict}")));
        }
        let mut statement = connection.prepare("SELECT * FROM project")?;
        let mut rows = statement.query([])?;
        let row = rows.next()?.ok_or_else(|| Failure::Content("it belongs to no project".to_owned()))?;
        let [identity] = Checksum::default().cells(row)?;
        if identity.text()? != self.identity {
            return Err(Failure::Content("it belongs to another project".to_owned()));
        }
        drop(rows);
        drop(statement);
        if may_write { connect(&self.path, Durability::Normal) } else { Ok(connection) }
    }

    fn refused(&self, failure: &Failure) -> ProjectError {
        ProjectError::Scores { path: self.path.clone(), reason: failure.reason() }
    }

    /// Keeps the scores of a recording, in the place of those it had.
    pub fn keep(&mut self, scores: &StoredScores, predictions: Option<u64>) -> Result<(), ProjectError> {
        let kept = self.connect_or_make().and_then(|connection| write(connection, scores, predictions));
        kept.map_err(|failure| self.refused(&failure))?;
        self.take_journal_over();
        Ok(())
    }

    fn connect_or_make(&mut self) -> Result<&Connection, Failure> {
        let connection = match self.connection.take().filter(|_| self.path.exists()) {
            Some(connection) => connection,
            None => self.make()?,
        };
        Ok(self.connection.insert(connection))
    }

    fn make(&mut self) -> Result<Connection, Failure> {
        if self.unusable.take().is_some() {
            fs::rename(&self.path, with_suffix(&self.path, "-unusable"))?;
        }
        for suffix in ["-wal", "-shm", "-journal"] {
            let _ = fs::remove_file(with_suffix(&self.path, suffix));
        }
        let file = AtomicFile::beside(&self.path)?;
        let connection = super::connection::connect_to_unfinished(file.path())?;
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
        connection.pragma_update(None, "user_version", VERSION)?;
        connection.execute_batch(SCHEMA)?;
        let mut statement = connection.prepare_cached("INSERT INTO project VALUES (?1, ?2)")?;
        Checksum::default().execute(&mut statement, &[text(&self.identity)])?;
        drop(statement);
        connection.close().map_err(|(_, error)| Failure::from(error))?;
        file.commit()?;
        connect(&self.path, Durability::Normal)
    }

    /// Keeps another rule for the scores of a recording, if it has some.
    pub fn keep_rule(
        &mut self,
        recording: RecordingId,
        rule: &DecisionRule,
        predictions: Option<u64>,
    ) -> Result<(), ProjectError> {
        let Some(mut summary) = self.summary(recording)? else { return Ok(()) };
        (summary.rule, summary.predictions) = (*rule, predictions);
        let Some(connection) = &self.connection else { return Ok(()) };
        let sql = "UPDATE scored SET model = ?2, version = ?3, runtime = ?4, rule = ?5, predictions = ?6, checksum = ?7
            WHERE recording = ?1";
        write_summary(connection, sql, &summary).map_err(|failure| self.refused(&failure))
    }

    /// Deletes the scores of recordings, as far as they have some.
    pub fn forget(&self, recordings: &[RecordingId]) -> Result<(), ProjectError> {
        let Some(connection) = self.connection.as_ref().filter(|_| !recordings.is_empty()) else { return Ok(()) };
        let delete = || {
            let transaction = connection.unchecked_transaction()?;
            let mut statement = connection.prepare_cached("DELETE FROM scored WHERE recording = ?1")?;
            for recording in recordings {
                statement.execute([recording.0.cast_signed()])?;
            }
            drop(statement);
            Ok(transaction.commit()?)
        };
        delete().map_err(|failure: Failure| self.refused(&failure))
    }

    fn summary(&self, recording: RecordingId) -> Result<Option<ScoreSummary>, ProjectError> {
        let Some(connection) = &self.connection else { return Ok(None) };
        let read = || {
            let mut statement = connection.prepare_cached("SELECT * FROM scored WHERE recording = ?1")?;
            let mut rows = statement.query([recording.0.cast_signed()])?;
            rows.next()?.map(|row| summary_of(row, &mut Checksum::default())).transpose()
        };
        read().map_err(|failure| self.refused(&failure))
    }

    /// The recordings that have scores.
    pub fn summaries(&self) -> Result<Vec<ScoreSummary>, ProjectError> {
        let Some(connection) = &self.connection else { return Ok(Vec::new()) };
        let read = || {
            let mut statement = connection.prepare("SELECT * FROM scored ORDER BY recording")?;
            let (mut rows, mut checksum, mut all) = (statement.query([])?, Checksum::default(), Vec::new());
            while let Some(row) = rows.next()? {
                all.push(summary_of(row, &mut checksum)?);
            }
            Ok(all)
        };
        read().map_err(|failure| self.refused(&failure))
    }

    /// The scores of a recording, if there are any.
    pub fn scores(&self, recording: RecordingId) -> Result<Option<StoredScores>, ProjectError> {
        let Some(summary) = self.summary(recording)? else { return Ok(None) };
        let Some(connection) = &self.connection else { return Ok(None) };
        let read = || {
            let mut statement = connection.prepare_cached("SELECT * FROM frame_scores WHERE recording = ?1")?;
            let mut rows = statement.query([recording.0.cast_signed()])?;
            let row = rows.next()?.ok_or_else(|| Failure::Content("scores of a recording are missing".to_owned()))?;
            let [_, scores] = Checksum::default().cells(row)?;
            let bytes = scores.as_blob().map_err(|error| Failure::Content(error.to_string()))?;
            FrameScores::from_bytes(bytes).map_err(|error| Failure::Content(error.to_string()))
        };
        let scores = Arc::new(read().map_err(|failure| self.refused(&failure))?);
        let ScoreSummary { recording, model, version, runtime, rule, .. } = summary;
        Ok(Some(StoredScores { recording, model, version, runtime, rule, scores }))
    }

    /// Writes a copy for a copy of the project; nothing if there are no scores.
    pub fn copy_to(&self, project: &Path) -> Result<(), Failure> {
        let path = scores_path(project);
        let Some(connection) = &self.connection else {
            return match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
                _ => Ok(()),
            };
        };
        super::connection::settle_journal_of(&path);
        let file = AtomicFile::beside(&path)?;
        super::copying::copy_database(connection, file.path())?;
        Ok(file.commit()?)
    }

    /// Leaves one file.
    pub fn close(self) {
        if let Some(connection) = self.connection.filter(|connection| !connection.is_readonly("main").unwrap_or(true))
            && let Err(failure) = settle(connection)
        {
            log::warn!("{}: {}", self.path.display(), failure.reason());
        }
    }

    fn take_journal_over(&self) {
        if let Some(connection) = &self.connection
            && journal_bytes(&self.path) > CHECKPOINT_BYTES
            && let Err(failure) = checkpoint(connection)
        {
            // It is tried again after the next scores.
            log::warn!("{}: {}", self.path.display(), failure.reason());
        }
    }
}

fn write(connection: &Connection, scores: &StoredScores, predictions: Option<u64>) -> Result<(), Failure> {
    let StoredScores { recording, model, version, runtime, rule, scores } = scores;
    let summary = ScoreSummary {
        recording: *recording,
        model: model.clone(),
        version: version.clone(),
        runtime: runtime.clone(),
        rule: *rule,
        predictions,
    };
    let transaction = connection.unchecked_transaction()?;
    connection.execute("DELETE FROM scored WHERE recording = ?1", [recording.0.cast_signed()])?;
    write_summary(connection, "INSERT INTO scored VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", &summary)?;
    let bytes = scores.to_bytes();
    let mut statement = connection.prepare_cached("INSERT INTO frame_scores VALUES (?1, ?2, ?3)")?;
    Checksum::default().execute(&mut statement, &[name(recording.0), ValueRef::Blob(&bytes)])?;
    Ok(transaction.commit()?)
}

fn write_summary(connection: &Connection, sql: &str, summary: &ScoreSummary) -> Result<(), Failure> {
    let rule = serde_json::to_string(&summary.rule)?;
    let cells = [
        name(summary.recording.0),
        text(&summary.model),
        text(&summary.version),
        text(&summary.runtime),
        text(&rule),
        summary.predictions.map_or(ValueRef::Null, name),
    ];
    Checksum::default().execute(&mut connection.prepare_cached(sql)?, &cells)?;
    Ok(())
}

fn summary_of(row: &rusqlite::Row<'_>, checksum: &mut Checksum) -> Result<ScoreSummary, Failure> {
    let [recording, model, version, runtime, rule, predictions] = checksum.cells(row)?;
    Ok(ScoreSummary {
        recording: RecordingId(recording.name()?),
        model: model.text()?.into(),
        version: version.text()?.into(),
        runtime: runtime.text()?.to_owned(),
        rule: serde_json::from_str(rule.text()?)?,
        predictions: predictions.maybe(Cell::name)?,
    })
}
