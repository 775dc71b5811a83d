//! Changes made in the tables, as [`Document::apply`](crate::annotation::Document::apply) makes them in memory, and written into the log.

use super::event_rows::{EventWriter, Proposers};
use super::failure::Failure;
use super::log_rows::LogWriter;
use super::recording_rows::{RecordingRow, write_classes, write_spans};
use super::row::Checksum;
use super::tables::{NEXT_EVENT, NEXT_RECORDING, read_needed_part, write_part};
use crate::annotation::{Change, Direction, Edit, Fact, Recording, RecordingId};
use rusqlite::Connection;
use std::path::Path;

/// Makes changes within a transaction of the caller's.
pub struct Changing<'a> {
    connection: &'a Connection,
    folder: &'a Path,
    log: LogWriter<'a>,
    events: EventWriter<'a>,
    next_recording: u64,
    next_event: u64,
}

impl<'a> Changing<'a> {
    /// Begins where the file is.
    pub fn begin(
        connection: &'a Connection,
        folder: &'a Path,
        proposers: &'a mut Proposers,
        log: LogWriter<'a>,
    ) -> Result<Self, Failure> {
        Ok(Self {
            connection,
            folder,
            log,
            events: EventWriter { connection, proposers, checksum: Checksum::default() },
            next_recording: read_needed_part(connection, NEXT_RECORDING)?,
            next_event: read_needed_part(connection, NEXT_EVENT)?,
        })
    }

    /// Makes one change.
    pub fn make(&mut self, change: &Change) -> Result<(), Failure> {
        match change {
            Change::Step(entry) if matches!(entry.direction, Direction::ForgetUndo | Direction::ForgetRedo) => {}
            Change::Step(entry) => self.edit(&entry.edit)?,
            Change::Fact(fact) => self.fact(fact)?,
        }
        self.log.add(change)
    }

    /// Writes what follows from all changes. Returns the number that the log's next entry gets.
    pub fn finish(self) -> Result<u64, Failure> {
        write_part(self.connection, NEXT_RECORDING, &self.next_recording)?;
        write_part(self.connection, NEXT_EVENT, &self.next_event)?;
        Ok(self.log.next_seq)
    }

    fn edit(&mut self, edit: &Edit) -> Result<(), Failure> {
        match edit {
            Edit::Insert { recording, event } => {
                self.next_event = self.next_event.max(event.id.0.saturating_add(1));
                self.events.insert(*recording, event)
            }
            Edit::Remove { recording, id } => self.events.remove(*recording, *id),
            Edit::Replace { recording, event } => self.events.replace(*recording, event),
            Edit::SetNote { recording, note } => self.said(*recording, |row| row.note.clone_from(note)),
            Edit::SetComplete { recording, is_complete } => self.said(*recording, |row| row.is_complete = *is_complete),
            Edit::SetCompleteSpans { recording, spans } => write_spans(self.connection, *recording, spans),
            Edit::SetLabelClasses { classes } => write_classes(self.connection, classes),
            Edit::RemoveRecording { recording } => self.remove_recording(*recording),
            Edit::InsertRecording { recording, path, duration_secs, fingerprint } => {
                self.next_recording = self.next_recording.max(recording.0.saturating_add(1));
                let fingerprint = fingerprint.clone();
                let made = Recording { fingerprint, ..Recording::new(path.clone(), *duration_secs) };
                RecordingRow::new(self.folder, *recording, &made).insert(self.connection)
            }
            Edit::Many { edits } => edits.iter().try_for_each(|edit| self.edit(edit)),
        }
    }

    fn said(&self, id: RecordingId, change: impl FnOnce(&mut RecordingRow)) -> Result<(), Failure> {
        if self.change_row(id, change)? {
            return Ok(());
        }
        Err(Failure::Content("a change is about a recording that the file does not have".to_owned()))
    }

    fn change_row(&self, id: RecordingId, change: impl FnOnce(&mut RecordingRow)) -> Result<bool, Failure> {
        let Some(mut row) = RecordingRow::read(self.connection, id)? else { return Ok(false) };
        change(&mut row);
        row.replace(self.connection).map(|()| true)
    }

    /// A fact about a recording that is not there, or not any more, changes nothing, as in memory.
    fn fact(&mut self, fact: &Fact) -> Result<(), Failure> {
        match fact {
            Fact::Added { id, path } => {
                if RecordingRow::read(self.connection, *id)?.is_none() {
                    self.next_recording = self.next_recording.max(id.0.saturating_add(1));
                    let recording = Recording::new(path.clone(), 0.0);
                    RecordingRow::new(self.folder, *id, &recording).insert(self.connection)?;
                }
            }
            Fact::Removed { id } => self.remove_recording(*id)?,
            Fact::Duration { id, duration_secs } => {
                self.change_row(*id, |row| row.duration_secs = *duration_secs)?;
            }
            Fact::Path { id, path } => {
                self.change_row(*id, |row| row.set_path(self.folder, path))?;
            }
            Fact::Fingerprint { id, fingerprint } => {
                self.change_row(*id, |row| row.fingerprint = Some(fingerprint.clone()))?;
            }
        }
        Ok(())
    }

    /// Takes a recording out about which nothing was said; another one stays, as in memory.
    fn remove_recording(&self, id: RecordingId) -> Result<(), Failure> {
        let sql = "DELETE FROM recordings WHERE id = ?1 AND note = '' AND NOT is_complete
            AND NOT EXISTS (SELECT 1 FROM events WHERE recording = ?1)
            AND NOT EXISTS (SELECT 1 FROM complete_spans WHERE recording = ?1)";
        self.connection.prepare_cached(sql)?.execute([id.0.cast_signed()])?;
        Ok(())
    }
}
