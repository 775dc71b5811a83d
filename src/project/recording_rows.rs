//! Recordings, complete spans and label classes as rows.

use super::failure::Failure;
use super::paths::{from_sql, joined, relative_to, to_sql};
use super::row::{Cell, Checksum, name, text, text_or_null};
use crate::annotation::{CompleteSpan, Edited, LabelClass, Recording, RecordingId};
use crate::time::Span;
use rusqlite::Connection;
use rusqlite::types::{Value, ValueRef};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A recording without its events and spans, as its row has it.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordingRow {
    /// Which.
    pub id: RecordingId,
    /// Where it is, absolute.
    pub path: PathBuf,
    /// Where it is, seen from the project's folder.
    pub relative: Option<String>,
    /// Length in seconds.
    pub duration_secs: f64,
    /// What its content is recognised by.
    pub fingerprint: Option<String>,
    /// A remark.
    pub note: String,
    /// Work on it is done.
    pub is_complete: bool,
}

impl RecordingRow {
    /// The row of a recording, for a project in `folder`.
    pub fn new(folder: &Path, id: RecordingId, recording: &Recording) -> Self {
        let Recording { path, duration_secs, note, is_complete, fingerprint, .. } = recording;
        let mut row = Self {
            id,
            path: PathBuf::new(),
            relative: None,
            duration_secs: *duration_secs,
            fingerprint: fingerprint.clone(),
            note: note.clone(),
            is_complete: *is_complete,
        };
        row.set_path(folder, path);
        row
    }

    /// States another place.
    pub fn set_path(&mut self, folder: &Path, path: &Path) {
        self.path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        self.relative = relative_to(folder, &self.path);
    }

    /// The recording, where it was when it was written.
    pub fn recording(self) -> Recording {
        let Self { path, duration_secs, fingerprint, note, is_complete, .. } = self;
        Recording { note, is_complete, fingerprint, ..Recording::new(path, duration_secs) }
    }

    /// The place relative to the project's folder if there is a file, else the absolute one. Where both are the same, no file is asked for.
    pub fn place_seen_from(&self, folder: &Path) -> PathBuf {
        let beside = self.relative.as_ref().map(|relative| joined(folder, relative));
        beside.filter(|path| *path != self.path && path.exists()).unwrap_or_else(|| self.path.clone())
    }

    fn write(&self, connection: &Connection, sql: &str) -> Result<usize, Failure> {
        let path = to_sql(&self.path);
        let cells = [
            name(self.id.0),
            ValueRef::from(&path),
            text_or_null(self.relative.as_deref()),
            ValueRef::Real(self.duration_secs),
            text_or_null(self.fingerprint.as_deref()),
            text(&self.note),
            ValueRef::Integer(i64::from(self.is_complete)),
        ];
        if !self.duration_secs.is_finite() {
            let path = self.path.display();
            return Err(Failure::Content(format!("a value in the project cannot be written: {path} has no end")));
        }
        Ok(Checksum::default().execute(&mut connection.prepare_cached(sql)?, &cells)?)
    }

    /// Adds the row.
    pub fn insert(&self, connection: &Connection) -> Result<(), Failure> {
        self.write(connection, "INSERT INTO recordings VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)").map(drop)
    }

    /// Puts the row in the place of the one of the same name.
    pub fn replace(&self, connection: &Connection) -> Result<(), Failure> {
        let sql = "UPDATE recordings SET path = ?2, relative = ?3, duration_secs = ?4, fingerprint = ?5, note = ?6,
            is_complete = ?7, checksum = ?8 WHERE id = ?1";
        self.write(connection, sql).map(drop)
    }

    /// The row of a recording, if there is one.
    pub fn read(connection: &Connection, id: RecordingId) -> Result<Option<Self>, Failure> {
        let mut statement = connection.prepare_cached("SELECT * FROM recordings WHERE id = ?1")?;
        let mut rows = statement.query([id.0.cast_signed()])?;
        rows.next()?.map(|row| row_of(row, &mut Checksum::default())).transpose()
    }

    /// All rows, in the order of their names.
    pub fn read_all(connection: &Connection) -> Result<Vec<Self>, Failure> {
        let mut statement = connection.prepare("SELECT * FROM recordings ORDER BY id")?;
        let (mut rows, mut checksum, mut all) = (statement.query([])?, Checksum::default(), Vec::new());
        while let Some(row) = rows.next()? {
            all.push(row_of(row, &mut checksum)?);
        }
        Ok(all)
    }
}

fn row_of(row: &rusqlite::Row<'_>, checksum: &mut Checksum) -> Result<RecordingRow, Failure> {
    let [id, path, relative, duration, fingerprint, note, is_complete] = checksum.cells(row)?;
    let path = Value::try_from(path).map_err(|error| Failure::Content(error.to_string()))?;
    let owned = |cell: ValueRef<'_>| Ok(cell.text()?.to_owned());
    Ok(RecordingRow {
        id: RecordingId(id.name()?),
        path: from_sql(path).ok_or_else(|| Failure::Content("a recording has no path".to_owned()))?,
        relative: relative.maybe(owned)?,
        duration_secs: duration.real()?,
        fingerprint: fingerprint.maybe(owned)?,
        note: note.text()?.to_owned(),
        is_complete: is_complete.flag()?,
    })
}

/// Puts all complete spans of a recording in the place of those it had.
pub fn write_spans(connection: &Connection, recording: RecordingId, spans: &[CompleteSpan]) -> Result<(), Failure> {
    connection
        .prepare_cached("DELETE FROM complete_spans WHERE recording = ?1")?
        .execute([recording.0.cast_signed()])?;
    let mut statement =
        connection.prepare_cached("INSERT INTO complete_spans VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
    for (place, complete) in spans.iter().enumerate() {
        let labels = serde_json::to_string(&complete.labels)?;
        let cells = [
            name(recording.0),
            name(place as u64),
            ValueRef::Real(complete.span.onset_secs),
            ValueRef::Real(complete.span.offset_secs),
            text(&labels),
            text(&complete.edited.by),
            ValueRef::Integer(complete.edited.at_ms),
        ];
        Checksum::default().execute(&mut statement, &cells)?;
    }
    Ok(())
}

/// All complete spans, by recording and onset.
pub fn read_spans(connection: &Connection) -> Result<Vec<(RecordingId, CompleteSpan)>, Failure> {
    let mut statement = connection.prepare("SELECT * FROM complete_spans ORDER BY recording, place")?;
    let (mut rows, mut checksum, mut all) = (statement.query([])?, Checksum::default(), Vec::new());
    while let Some(row) = rows.next()? {
        let [recording, _, onset, offset, labels, by, at_ms] = checksum.cells(row)?;
        let labels: Vec<Arc<str>> = serde_json::from_str(labels.text()?)?;
        let span = Span { onset_secs: onset.real()?, offset_secs: offset.real()? };
        let edited = Edited { by: by.text()?.into(), at_ms: at_ms.integer()? };
        all.push((RecordingId(recording.name()?), CompleteSpan { span, labels, edited }));
    }
    Ok(all)
}

/// Puts another list of label classes in the place of the one there is.
pub fn write_classes(connection: &Connection, classes: &[LabelClass]) -> Result<(), Failure> {
    connection.execute("DELETE FROM label_classes", [])?;
    let mut statement =
        connection.prepare_cached("INSERT INTO label_classes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
    let small = |number: Option<u8>| number.map_or(ValueRef::Null, |number| ValueRef::Integer(number.into()));
    for (place, class) in classes.iter().enumerate() {
        let LabelClass { name: class, color, is_hidden, digit, synonyms, parent } = class;
        let synonyms = serde_json::to_string(synonyms)?;
        let is_hidden = ValueRef::Integer(i64::from(*is_hidden));
        let (color, digit) = (small(*color), small(*digit));
        let cells = [name(place as u64), text(class), color, is_hidden, digit, text(&synonyms), text(parent)];
        Checksum::default().execute(&mut statement, &cells)?;
    }
    Ok(())
}

/// The label classes in their order.
pub fn read_classes(connection: &Connection) -> Result<Vec<LabelClass>, Failure> {
    let mut statement = connection.prepare("SELECT * FROM label_classes ORDER BY place")?;
    let (mut rows, mut checksum, mut all) = (statement.query([])?, Checksum::default(), Vec::new());
    let small = |cell: ValueRef<'_>| {
        u8::try_from(cell.integer()?).map_err(|_| Failure::Content("a label class has an impossible number".to_owned()))
    };
    while let Some(row) = rows.next()? {
        let [_, class, color, is_hidden, digit, synonyms, parent] = checksum.cells(row)?;
        all.push(LabelClass {
            name: class.text()?.into(),
            color: color.maybe(small)?,
            is_hidden: is_hidden.flag()?,
            digit: digit.maybe(small)?,
            synonyms: serde_json::from_str(synonyms.text()?)?,
            parent: parent.text()?.into(),
        });
    }
    Ok(all)
}
