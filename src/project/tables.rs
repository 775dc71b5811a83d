//! The document as tables: written whole when a file is made, read whole when one is opened. Also the small values kept by name.

use super::event_rows::{EventWriter, Proposers, for_each_event};
use super::failure::Failure;
use super::recording_rows::{RecordingRow, read_classes, read_spans, write_classes, write_spans};
use super::row::{Cell, Checksum, text};
use crate::annotation::{Document, DocumentParts, Event, EventId, RecordingId};
use rusqlite::Connection;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::Path;

/// The next recording's name.
pub const NEXT_RECORDING: &str = "next_recording";
/// The next event's name.
pub const NEXT_EVENT: &str = "next_event";
/// How the window showed the project.
pub const VIEW: &str = "view";
/// A name that no other project has.
pub const IDENTITY: &str = "identity";
/// Whether there was ever a file of scores.
pub const HAS_SCORES: &str = "has_scores";
/// How many steps the kept states are apart from the first one, by their numbers.
pub const GENERATION_STEPS: &str = "generation_steps";
/// The program that made the file.
pub const WRITTEN_BY: &str = "written_by";

/// Keeps a small value under a name.
pub fn write_part<T: Serialize>(connection: &Connection, part: &str, value: &T) -> Result<(), Failure> {
    let json = serde_json::to_string(value)?;
    let mut statement = connection.prepare_cached("INSERT OR REPLACE INTO part VALUES (?1, ?2, ?3)")?;
    Checksum::default().execute(&mut statement, &[text(part), text(&json)])?;
    Ok(())
}

/// The value that is kept under a name.
pub fn read_part<T: DeserializeOwned>(connection: &Connection, part: &str) -> Result<Option<T>, Failure> {
    let mut statement = connection.prepare_cached("SELECT * FROM part WHERE name = ?1")?;
    let mut rows = statement.query([part])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let [_, json] = Checksum::default().cells(row)?;
    Ok(Some(serde_json::from_str(json.text()?)?))
}

/// As [`read_part`], where a file without the value is no whole one.
pub fn read_needed_part<T: DeserializeOwned>(connection: &Connection, part: &str) -> Result<T, Failure> {
    read_part(connection, part)?.ok_or_else(|| Failure::Content(format!("its {part} is missing")))
}

/// Writes a document into empty tables.
pub fn write_document(
    connection: &Connection,
    folder: &Path,
    document: &Document,
    proposers: &mut Proposers,
) -> Result<(), Failure> {
    for (id, recording) in document.recordings() {
        RecordingRow::new(folder, id, recording).insert(connection)?;
        write_spans(connection, id, &recording.complete_spans)?;
    }
    let mut writer = EventWriter { connection, proposers, checksum: Checksum::default() };
    for (id, recording) in document.recordings() {
        recording.events.values().try_for_each(|event| writer.insert(id, event))?;
    }
    write_classes(connection, document.label_classes())?;
    write_part(connection, NEXT_RECORDING, &document.next_recording_id().0)?;
    write_part(connection, NEXT_EVENT, &document.next_event_id().0)
}

/// Reads the document. Recordings are looked for from `folder` if it is given, else their paths are those that were written.
pub fn read_document(connection: &Connection, folder: Option<&Path>) -> Result<Document, Failure> {
    let mut recordings = BTreeMap::new();
    for row in RecordingRow::read_all(connection)? {
        let place = folder.map(|folder| row.place_seen_from(folder));
        let (id, mut recording) = (row.id, row.recording());
        if let Some(place) = place {
            recording.path = place;
        }
        recordings.insert(id, recording);
    }
    let missing = || Failure::Content("an event or a span belongs to no recording".to_owned());
    for (id, complete) in read_spans(connection)? {
        recordings.get_mut(&id).ok_or_else(missing)?.complete_spans.push(complete);
    }
    // Events of one recording come together and in order, from which a tree is made much faster than one by one.
    let (mut current, mut events): (Option<RecordingId>, Vec<(EventId, Event)>) = (None, Vec::new());
    for_each_event(connection, |recording, event| {
        if let Some(before) = current.filter(|&before| before != recording) {
            recordings.get_mut(&before).ok_or_else(missing)?.events = events.drain(..).collect();
        }
        current = Some(recording);
        events.push((event.id, event));
        Ok(())
    })?;
    if let Some(last) = current {
        recordings.get_mut(&last).ok_or_else(missing)?.events = events.into_iter().collect();
    }
    let parts = DocumentParts {
        recordings,
        label_classes: read_classes(connection)?,
        next_recording: read_needed_part(connection, NEXT_RECORDING)?,
        next_event: read_needed_part(connection, NEXT_EVENT)?,
    };
    let document = Document::from(parts);
    document.check().map_err(|reason| Failure::Content(reason.to_owned()))?;
    Ok(document)
}
