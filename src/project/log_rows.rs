//! The log as rows, and the two sides of the history, which point into it.

use super::Side;
use super::failure::Failure;
use super::packed::{pack, unpack};
use super::paths::StoredPath;
use super::row::{Cell, Checksum, name, text};
use crate::annotation::{Change, Direction, Edited, Fact, HistoryEntry, LogEntry, RecordingId};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OptionalExtension};
use std::sync::Arc;

/// Steps are read until their edits take so much memory; at least one is.
const MOST_STEP_BYTES: usize = 64 << 20;

/// A fact as JSON.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
enum FactLine {
    Added { id: RecordingId, path: StoredPath },
    Removed { id: RecordingId },
    Duration { id: RecordingId, duration_secs: f64 },
    Path { id: RecordingId, path: StoredPath },
    Fingerprint { id: RecordingId, fingerprint: String },
}

impl From<&Fact> for FactLine {
    fn from(fact: &Fact) -> Self {
        match fact {
            Fact::Added { id, path } => Self::Added { id: *id, path: StoredPath::absolute(path) },
            Fact::Removed { id } => Self::Removed { id: *id },
            Fact::Duration { id, duration_secs } => Self::Duration { id: *id, duration_secs: *duration_secs },
            Fact::Path { id, path } => Self::Path { id: *id, path: StoredPath::absolute(path) },
            Fact::Fingerprint { id, fingerprint } => Self::Fingerprint { id: *id, fingerprint: fingerprint.clone() },
        }
    }
}

impl From<FactLine> for Fact {
    fn from(line: FactLine) -> Self {
        match line {
            FactLine::Added { id, path } => Self::Added { id, path: path.path() },
            FactLine::Removed { id } => Self::Removed { id },
            FactLine::Duration { id, duration_secs } => Self::Duration { id, duration_secs },
            FactLine::Path { id, path } => Self::Path { id, path: path.path() },
            FactLine::Fingerprint { id, fingerprint } => Self::Fingerprint { id, fingerprint },
        }
    }
}

/// What kind an entry is, as the column says it.
const FACT: &str = "fact";
/// A step that was taken before the file was made: it can be undone, but is no part of what follows from the log.
const EARLIER: &str = "earlier";

fn direction_text(direction: Direction) -> &'static str {
    match direction {
        Direction::Do => "do",
        Direction::Undo => "undo",
        Direction::Redo => "redo",
        Direction::ForgetUndo => "forget_undo",
        Direction::ForgetRedo => "forget_redo",
    }
}

/// Adds entries to the log, within a transaction of the caller's.
pub struct LogWriter<'a> {
    /// Where.
    pub connection: &'a Connection,
    /// The number that the next entry gets.
    pub next_seq: u64,
    /// What is noted as the time of facts: milliseconds since 1970-01-01 00:00 UTC.
    pub now_ms: i64,
}

impl LogWriter<'_> {
    /// Adds a change and moves the history by it.
    pub fn add(&mut self, change: &Change) -> Result<(), Failure> {
        match change {
            Change::Fact(fact) => {
                let edit = pack(&FactLine::from(fact))?;
                self.row(&Edited { by: "".into(), at_ms: self.now_ms }, FACT, "", &edit, &Value::Null).map(drop)
            }
            Change::Step(entry) => {
                let LogEntry { direction, title, edit, inverse, edited } = &**entry;
                let (edit, inverse) = (pack(edit)?, pack(inverse)?);
                let seq = self.row(edited, direction_text(*direction), title, &edit, &inverse)?;
                self.move_history(*direction, seq)
            }
        }
    }

    /// Adds a step that was taken before the file was made.
    pub fn add_earlier(&mut self, side: Side, entry: &HistoryEntry) -> Result<(), Failure> {
        let inverse = pack(&entry.edit)?;
        let seq = self.row(&entry.edited, EARLIER, &entry.title, &Value::Null, &inverse)?;
        self.push(side, seq)
    }

    fn row(&mut self, edited: &Edited, kind: &str, title: &str, edit: &Value, back: &Value) -> Result<u64, Failure> {
        let seq = self.next_seq;
        let (at_ms, by) = (ValueRef::Integer(edited.at_ms), text(&edited.by));
        let cells = [name(seq), at_ms, by, text(kind), text(title), edit.into(), back.into()];
        let mut statement =
            self.connection.prepare_cached("INSERT INTO log VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
        Checksum::default().execute(&mut statement, &cells)?;
        self.next_seq += 1;
        Ok(seq)
    }

    fn move_history(&self, direction: Direction, seq: u64) -> Result<(), Failure> {
        match direction {
            Direction::Do => {
                self.connection.prepare_cached("DELETE FROM steps WHERE side = 1")?.execute([])?;
                self.push(Side::Undo, seq)
            }
            Direction::Undo => {
                self.pop(Side::Undo)?;
                self.push(Side::Redo, seq)
            }
            Direction::Redo => {
                self.pop(Side::Redo)?;
                self.push(Side::Undo, seq)
            }
            Direction::ForgetUndo => self.pop(Side::Undo),
            Direction::ForgetRedo => self.pop(Side::Redo),
        }
    }

    fn push(&self, side: Side, seq: u64) -> Result<(), Failure> {
        let place = step_count(self.connection, side)?;
        let mut statement = self.connection.prepare_cached("INSERT INTO steps VALUES (?1, ?2, ?3, ?4)")?;
        Checksum::default().execute(&mut statement, &[number_of(side), name(place), name(seq)])?;
        Ok(())
    }

    fn pop(&self, side: Side) -> Result<(), Failure> {
        let Some(place) = step_count(self.connection, side)?.checked_sub(1) else {
            return Err(Failure::Content("a step is to be taken back that the file does not have".to_owned()));
        };
        let mut statement = self.connection.prepare_cached("DELETE FROM steps WHERE side = ?1 AND place = ?2")?;
        statement.execute([number_of(side), name(place)].map(rusqlite::types::ToSqlOutput::Borrowed))?;
        Ok(())
    }
}

fn number_of(side: Side) -> ValueRef<'static> {
    ValueRef::Integer(match side {
        Side::Undo => 0,
        Side::Redo => 1,
    })
}

/// How many steps a side has.
pub fn step_count(connection: &Connection, side: Side) -> Result<u64, Failure> {
    let mut statement = connection.prepare_cached("SELECT max(place) FROM steps WHERE side = ?1")?;
    let last: Option<i64> =
        statement.query_row([rusqlite::types::ToSqlOutput::Borrowed(number_of(side))], |row| row.get(0))?;
    Ok(last.map_or(0, |last| last.cast_unsigned() + 1))
}

/// The newest of the first `before` steps of a side, the oldest first: at most `most`, and fewer where they are long.
pub fn read_steps(connection: &Connection, side: Side, before: u64, most: u64) -> Result<Vec<HistoryEntry>, Failure> {
    let sql =
        "SELECT side, place, seq, checksum FROM steps WHERE side = ?1 AND place < ?2 ORDER BY place DESC LIMIT ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let before = before.min(step_count(connection, side)?);
    let cells = [number_of(side), name(before), name(most.min(i64::MAX as u64))];
    let mut rows = statement.query(cells.map(rusqlite::types::ToSqlOutput::Borrowed))?;
    let (mut steps, mut bytes, mut checksum, mut expected) = (Vec::new(), 0, Checksum::default(), before);
    while let Some(row) = rows.next()? {
        let [_, place, seq] = checksum.cells(row)?;
        expected -= 1;
        if place.name()? != expected {
            return Err(Failure::Content("a step of the history is missing".to_owned()));
        }
        let entry = read_entry(connection, seq.name()?)?;
        bytes += entry.inverse_bytes;
        let edit = unpack((&entry.inverse).into())?;
        steps.push(HistoryEntry { title: entry.title, edit, edited: entry.edited });
        if bytes > MOST_STEP_BYTES {
            break;
        }
    }
    steps.reverse();
    Ok(steps)
}

/// One entry, unread.
pub struct RawEntry {
    /// Its number.
    pub seq: u64,
    /// When, and who.
    pub edited: Edited,
    /// What kind it is.
    pub direction: String,
    /// In words.
    pub title: String,
    edit: Value,
    inverse: Value,
    inverse_bytes: usize,
}

impl RawEntry {
    /// What it changed; none if it was before the file was made.
    pub fn change(&self) -> Result<Option<Change>, Failure> {
        let direction = match self.direction.as_str() {
            EARLIER => return Ok(None),
            FACT => return Ok(Some(Change::Fact(unpack::<FactLine>((&self.edit).into())?.into()))),
            "do" => Direction::Do,
            "undo" => Direction::Undo,
            "redo" => Direction::Redo,
            "forget_undo" => Direction::ForgetUndo,
            "forget_redo" => Direction::ForgetRedo,
            other => return Err(Failure::Content(format!("the log has an entry of the unknown kind {other}"))),
        };
        Ok(Some(Change::Step(Box::new(LogEntry {
            direction,
            title: self.title.clone(),
            edit: unpack((&self.edit).into())?,
            inverse: unpack((&self.inverse).into())?,
            edited: self.edited.clone(),
        }))))
    }

    /// The entry as one JSON value.
    pub fn json(&self) -> Result<serde_json::Value, Failure> {
        let value = |cell: &Value| match cell {
            Value::Null => Ok(serde_json::Value::Null),
            cell => unpack(cell.into()),
        };
        Ok(serde_json::json!({
            "seq": self.seq,
            "at_ms": self.edited.at_ms,
            "annotator": &*self.edited.by,
            "direction": self.direction,
            "title": self.title,
            "edit": value(&self.edit)?,
            "inverse": value(&self.inverse)?,
        }))
    }
}

fn entry_of(row: &rusqlite::Row<'_>) -> Result<RawEntry, Failure> {
    let [seq, at_ms, annotator, direction, title, edit, inverse] = Checksum::default().cells(row)?;
    let owned = |cell| Value::try_from(cell).map_err(|error| Failure::Content(format!("an entry of the log: {error}")));
    let annotator: Arc<str> = annotator.text()?.into();
    let inverse_bytes = match inverse {
        ValueRef::Text(bytes) => bytes.len(),
        // As much as compressed edits were seen to shrink.
        ValueRef::Blob(bytes) => bytes.len().saturating_mul(12),
        _ => 0,
    };
    Ok(RawEntry {
        seq: seq.name()?,
        edited: Edited { by: annotator, at_ms: at_ms.integer()? },
        direction: direction.text()?.to_owned(),
        title: title.text()?.to_owned(),
        edit: owned(edit)?,
        inverse: owned(inverse)?,
        inverse_bytes,
    })
}

fn read_entry(connection: &Connection, seq: u64) -> Result<RawEntry, Failure> {
    let mut statement = connection.prepare_cached("SELECT * FROM log WHERE seq = ?1")?;
    let mut rows = statement.query([seq.cast_signed()])?;
    rows.next()?.map(entry_of).ok_or_else(|| Failure::Content("an entry of the log is missing".to_owned()))?
}

/// Reads the entries after `after`, in order, and hands each to `take`.
pub fn for_each_entry(
    connection: &Connection,
    after: u64,
    mut take: impl FnMut(RawEntry) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut statement = connection.prepare("SELECT * FROM log WHERE seq > ?1 ORDER BY seq")?;
    let mut rows = statement.query([after.cast_signed()])?;
    let mut expected = after;
    while let Some(row) = rows.next()? {
        let entry = entry_of(row)?;
        expected += 1;
        if entry.seq != expected {
            return Err(Failure::Content(format!("entry {expected} of the log is missing")));
        }
        take(entry)?;
    }
    Ok(())
}

/// How many steps came after an entry.
pub fn steps_after(connection: &Connection, seq: u64) -> Result<u64, Failure> {
    let sql = "SELECT count(*) FROM log WHERE seq > ?1 AND direction NOT IN ('fact', 'earlier')";
    let count: i64 = connection.query_row(sql, [seq.cast_signed()], |row| row.get(0))?;
    Ok(count.cast_unsigned())
}

/// The number of the last entry; 0 if there is none.
pub fn last_seq(connection: &Connection) -> Result<u64, Failure> {
    let last: Option<i64> =
        connection.query_row("SELECT max(seq) FROM log", [], |row| row.get(0)).optional()?.flatten();
    Ok(last.map_or(0, i64::cast_unsigned))
}
