//! States of the annotations that are kept inside the file: ten at most, close together near the present and far apart in the past.
//!
//! A state is compressed lines of JSON, which are also what the text export consists of, so that it can be read without its tables.

use super::Generation;
use super::event_rows::for_each_event;
use super::failure::Failure;
use super::log_rows::{for_each_entry, last_seq};
use super::paths::StoredPath;
use super::recording_rows::{RecordingRow, read_classes, read_spans};
use super::row::{Cell, Checksum, name};
use super::tables::{GENERATION_STEPS, NEXT_EVENT, NEXT_RECORDING, read_needed_part, read_part, write_part};
use crate::annotation::{CompleteSpan, Document, DocumentParts, Event, LabelClass, Recording, RecordingId};
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};

/// So many states are kept at most.
pub const MOST_GENERATIONS: usize = 10;
/// They take so much of the file together at most, but the newest two are kept whatever they take.
const MOST_BYTES: u64 = 128 << 20;

/// A recording without its events, as a line.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct RecordingLine {
    id: RecordingId,
    path: StoredPath,
    duration_secs: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    note: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_complete: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    complete_spans: Vec<CompleteSpan>,
}

/// An event, as a line.
#[derive(serde::Serialize)]
pub struct EventLine {
    recording: RecordingId,
    #[serde(flatten)]
    event: Event,
}

/// One line of a state.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// The names that come next.
    Next {
        /// Of recordings.
        recording: u64,
        /// Of events.
        event: u64,
    },
    /// A label class.
    LabelClass(LabelClass),
    /// A recording.
    Recording(RecordingLine),
    /// An event of a recording that came before.
    Event(RecordingId, Event),
}

/// Goes through the tables and hands each line to `take`, recordings before events.
pub fn for_each_line(
    connection: &Connection,
    mut take: impl FnMut(Line) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (recording, event) = (read_needed_part(connection, NEXT_RECORDING)?, read_needed_part(connection, NEXT_EVENT)?);
    take(Line::Next { recording, event })?;
    read_classes(connection)?.into_iter().try_for_each(|class| take(Line::LabelClass(class)))?;
    let mut spans = read_spans(connection)?.into_iter().peekable();
    for row in RecordingRow::read_all(connection)? {
        let mut complete_spans = Vec::new();
        while let Some((_, span)) = spans.next_if(|(id, _)| *id == row.id) {
            complete_spans.push(span);
        }
        let RecordingRow { id, path, duration_secs, fingerprint, note, is_complete, .. } = row;
        let path = StoredPath::absolute(&path);
        take(Line::Recording(RecordingLine {
            id,
            path,
            duration_secs,
            fingerprint,
            note,
            is_complete,
            complete_spans,
        }))?;
    }
    for_each_event(connection, |recording, event| take(Line::Event(recording, event)))
}

/// An event's line as the text export has it: the recording's name beside the event's own fields.
pub fn event_line(recording: RecordingId, event: Event) -> EventLine {
    EventLine { recording, event }
}

/// Keeps the present state, `steps` after the one before, and lets those go that are too many. Within a transaction of the caller's.
pub fn keep(connection: &Connection, at_ms: i64, steps: u64) -> Result<(), Failure> {
    let seq = last_seq(connection)?;
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    let (mut recordings, mut events) = (0, 0);
    for_each_line(connection, |line| {
        match line {
            Line::Recording(_) => recordings += 1,
            Line::Event(..) => events += 1,
            _ => {}
        }
        serde_json::to_writer(&mut encoder, &line)?;
        Ok(encoder.write_all(b"\n")?)
    })?;
    let state = encoder.finish()?;
    let cells = [name(seq), ValueRef::Integer(at_ms), name(recordings), name(events), ValueRef::Blob(&state)];
    let mut statement =
        connection.prepare_cached("INSERT OR REPLACE INTO generations VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    Checksum::default().execute(&mut statement, &cells)?;
    let steps = note_steps(connection, seq, steps)?;
    let mut statement = connection.prepare("SELECT seq, length(state) FROM generations ORDER BY seq")?;
    let sizes = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
    let kept: Vec<Kept> = sizes
        .map(|row| {
            row.map(|(seq, bytes)| {
                let (seq, bytes) = (seq.cast_unsigned(), bytes.cast_unsigned());
                Kept { seq, steps: steps.get(&seq).copied().unwrap_or(0), bytes }
            })
        })
        .collect::<Result<_, _>>()?;
    for seq in superfluous(kept) {
        connection.execute("DELETE FROM generations WHERE seq = ?1", [seq.cast_signed()])?;
    }
    Ok(())
}

/// Notes how many steps a state is apart from the first one; those of all kept states.
fn note_steps(connection: &Connection, seq: u64, since: u64) -> Result<BTreeMap<u64, u64>, Failure> {
    let noted: BTreeMap<u64, u64> = read_part(connection, GENERATION_STEPS)?.unwrap_or_default();
    let mut steps: BTreeMap<u64, u64> =
        // A file that was made before steps were noted has the numbers of its entries instead.
        list(connection)?.iter().map(|kept| (kept.seq, noted.get(&kept.seq).copied().unwrap_or(kept.seq))).collect();
    let before = steps.range(..seq).next_back().map_or(0, |(_, &steps)| steps);
    let own = steps.get(&seq).filter(|_| noted.contains_key(&seq)).copied();
    steps.insert(seq, own.unwrap_or(before + since));
    write_part(connection, GENERATION_STEPS, &steps)?;
    Ok(steps)
}

/// A kept state, as far as it matters for which of them stay.
#[derive(Clone, Copy)]
struct Kept {
    seq: u64,
    /// How far it is from the first one.
    steps: u64,
    bytes: u64,
}

/// Which of the kept states go: as long as there are too many, the one that is missed least, because its neighbours are close to each
/// other as seen from the present. The newest two stay. Near and far are told by steps: what was found out about files is no distance.
fn superfluous(mut kept: Vec<Kept>) -> Vec<u64> {
    let mut gone = Vec::new();
    let newest = kept.last().map_or(0, |kept| kept.steps);
    while kept.len() > 2
        && (kept.len() > MOST_GENERATIONS || kept.iter().map(|kept| kept.bytes).sum::<u64>() > MOST_BYTES)
    {
        let missed = |place: &usize| {
            let before = place.checked_sub(1).and_then(|before| kept.get(before)).map_or(0, |kept| kept.steps);
            let (own, after) = (kept[*place].steps, kept[*place + 1].steps);
            after.saturating_sub(before) as f64 / (newest.saturating_sub(own) + 1) as f64
        };
        let least = (0..kept.len() - 2).min_by(|a, b| missed(a).total_cmp(&missed(b))).unwrap_or(0);
        gone.push(kept.remove(least).seq);
    }
    gone
}

/// The states that are kept, the newest first; their content is not read.
pub fn list(connection: &Connection) -> Result<Vec<Generation>, Failure> {
    let sql = "SELECT seq, at_ms, recordings, events FROM generations ORDER BY seq DESC";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| {
        let [seq, recordings, events] = [row.get::<_, i64>(0)?, row.get(2)?, row.get(3)?].map(i64::cast_unsigned);
        Ok(Generation { seq, at_ms: row.get(1)?, recordings, events })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Reads a state.
pub fn read(connection: &Connection, seq: u64) -> Result<Document, Failure> {
    let mut statement = connection.prepare("SELECT * FROM generations WHERE seq = ?1")?;
    let mut rows = statement.query([seq.cast_signed()])?;
    let row = rows.next()?.ok_or_else(|| Failure::Content("this state is not kept any more".to_owned()))?;
    let [_, _, recording_count, event_count, state] = Checksum::default().cells(row)?;
    let state = state.as_blob().map_err(|error| Failure::Content(error.to_string()))?;
    let document = document_of(BufReader::new(ZlibDecoder::new(state)))?;
    let events: usize = document.recordings().map(|(_, recording)| recording.events.len()).sum();
    let counted = (document.recording_count() as u64, events as u64);
    if counted != (recording_count.name()?, event_count.name()?) {
        return Err(Failure::Content("a kept state is not whole".to_owned()));
    }
    Ok(document)
}

fn document_of(lines: impl BufRead) -> Result<Document, Failure> {
    let mut parts = DocumentParts::default();
    let mut recordings: BTreeMap<RecordingId, Recording> = BTreeMap::new();
    for line in lines.lines() {
        match serde_json::from_str(&line?)? {
            Line::Next { recording, event } => (parts.next_recording, parts.next_event) = (recording, event),
            Line::LabelClass(class) => parts.label_classes.push(class),
            Line::Recording(line) => {
                let RecordingLine { id, path, duration_secs, fingerprint, note, is_complete, complete_spans } = line;
                let recording = Recording::new(path.path(), duration_secs);
                recordings.insert(id, Recording { fingerprint, note, is_complete, complete_spans, ..recording });
            }
            Line::Event(id, event) => {
                let recording = recordings.get_mut(&id);
                let recording =
                    recording.ok_or_else(|| Failure::Content("an event belongs to no recording".to_owned()))?;
                recording.events.insert(event.id, event);
            }
        }
    }
    parts.recordings = recordings;
    let document = Document::from(parts);
    document.check().map_err(|reason| Failure::Content(reason.to_owned()))?;
    Ok(document)
}

/// The present state as it follows from a kept one and what the log has since.
pub fn fold(connection: &Connection, from: u64) -> Result<Document, Failure> {
    let mut document = read(connection, from)?;
    for_each_entry(connection, from, |entry| {
        let Some(change) = entry.change()? else { return Ok(()) };
        let does_not_fit = |error| Failure::Content(format!("entry {} of the log does not fit: {error}", entry.seq));
        change.apply(&mut document).map_err(does_not_fit)
    })?;
    Ok(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_states_reach_far_back_and_are_close_together_near_the_present() {
        let mut kept: Vec<Kept> = Vec::new();
        for steps in (0..100_000).step_by(500) {
            // Entries of the log that are no steps lie between.
            let seq = steps + if steps > 95_000 { 300_000 } else { 0 };
            kept.push(Kept { seq, steps, bytes: 1000 });
            let gone = superfluous(kept.clone());
            kept.retain(|kept| !gone.contains(&kept.seq));
            assert!(kept.len() <= MOST_GENERATIONS);
        }
        let seqs: Vec<u64> = kept.iter().map(|kept| kept.steps).collect();
        assert_eq!(seqs.len(), MOST_GENERATIONS);
        assert_eq!(seqs[8..], [99_000, 99_500]);
        assert!(seqs[0] < 50_000, "{seqs:?}");
        let gaps: Vec<u64> = seqs.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps[0] > 4 * gaps[8], "{seqs:?}");
    }

    #[test]
    fn large_states_are_fewer() {
        let gone = superfluous((0..5).map(|seq| Kept { seq, steps: seq, bytes: 50 << 20 }).collect());
        assert_eq!(gone.len(), 3);
        let large = |seq| Kept { seq, steps: seq, bytes: u64::from(u32::MAX) };
        assert!(superfluous(vec![large(1), large(2)]).is_empty());
    }
}
