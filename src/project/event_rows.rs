//! Events as rows: written one by one, read all in the order of recordings and names.

use super::failure::Failure;
use super::row::{Cell, Checksum, name, real_or_null, text, text_or_null};
use crate::annotation::{Band, Edited, Event, EventId, Origin, Proposal, RecordingId, Status};
use crate::time::Span;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

const INSERT: &str = "INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)";
const UPDATE: &str = "UPDATE events SET onset_secs = ?3, offset_secs = ?4, is_point = ?5, low_hz = ?6, high_hz = ?7, label = ?8,
    status = ?9, origin = ?10, proposer = ?11, proposed_label = ?12, proposed_onset_secs = ?13, proposed_offset_secs = ?14, score = ?15,
    comment = ?16, more = ?17, edited_by = ?18, edited_at_ms = ?19, checksum = ?20 WHERE recording = ?1 AND id = ?2";
const DELETE: &str = "DELETE FROM events WHERE recording = ?1 AND id = ?2";
/// Columns of the table without the checksum.
const COLUMNS: usize = 19;

/// The models that proposed events, each set of words standing in the file once.
#[derive(Default)]
pub struct Proposers {
    ids: HashMap<[Arc<str>; 3], i64>,
}

impl Proposers {
    /// Those of a file.
    pub fn read(connection: &Connection) -> Result<Self, Failure> {
        let ids = read_proposers(connection)?.into_iter().map(|(id, words)| (words, id)).collect();
        Ok(Self { ids })
    }

    fn id(&mut self, connection: &Connection, proposal: &Proposal, checksum: &mut Checksum) -> Result<i64, Failure> {
        let words = [&proposal.model, &proposal.version, &proposal.parameters].map(Arc::clone);
        if let Some(&id) = self.ids.get(&words) {
            return Ok(id);
        }
        let id = self.ids.values().max().map_or(1, |last| last + 1);
        let [model, version, parameters] = words.each_ref().map(|word| text(word));
        let mut statement = connection.prepare_cached("INSERT INTO proposers VALUES (?1, ?2, ?3, ?4, ?5)")?;
        checksum.execute(&mut statement, &[ValueRef::Integer(id), model, version, parameters])?;
        self.ids.insert(words, id);
        Ok(id)
    }
}

fn read_proposers(connection: &Connection) -> Result<HashMap<i64, [Arc<str>; 3]>, Failure> {
    let mut statement = connection.prepare("SELECT * FROM proposers")?;
    let (mut rows, mut checksum, mut words) = (statement.query([])?, Checksum::default(), HashMap::new());
    while let Some(row) = rows.next()? {
        let [id, model, version, parameters] = checksum.cells(row)?;
        words.insert(id.integer()?, [model.text()?.into(), version.text()?.into(), parameters.text()?.into()]);
    }
    Ok(words)
}

/// Writes events and takes them away, within a transaction of the caller's.
pub struct EventWriter<'a> {
    /// Where.
    pub connection: &'a Connection,
    /// The models that are known.
    pub proposers: &'a mut Proposers,
    /// Memory for checksums.
    pub checksum: Checksum,
}

impl EventWriter<'_> {
    /// Adds an event under a name that is not in use.
    pub fn insert(&mut self, recording: RecordingId, event: &Event) -> Result<(), Failure> {
        self.write(INSERT, recording, event)
    }

    /// Puts another state in the place of an event.
    pub fn replace(&mut self, recording: RecordingId, event: &Event) -> Result<(), Failure> {
        self.write(UPDATE, recording, event)
    }

    /// Takes an event away.
    pub fn remove(&mut self, recording: RecordingId, id: EventId) -> Result<(), Failure> {
        let mut statement = self.connection.prepare_cached(DELETE)?;
        only_one(statement.execute([recording.0.cast_signed(), id.0.cast_signed()])?)
    }

    fn write(&mut self, sql: &str, recording: RecordingId, event: &Event) -> Result<(), Failure> {
        ensure_possible(event)?;
        let proposal = event.origin.proposal();
        let proposer = match proposal {
            Some(proposal) => Some(self.proposers.id(self.connection, proposal, &mut self.checksum)?),
            None => None,
        };
        let more = more_of(event)?;
        let cells: [ValueRef<'_>; COLUMNS] = [
            name(recording.0),
            name(event.id.0),
            ValueRef::Real(event.span.onset_secs),
            ValueRef::Real(event.span.offset_secs),
            ValueRef::Integer(i64::from(event.is_point)),
            real_or_null(event.band.map(|band| band.low_hz)),
            real_or_null(event.band.map(|band| band.high_hz)),
            text(&event.label),
            text(event.status.text()),
            text(origin_text(&event.origin)),
            proposer.map_or(ValueRef::Null, ValueRef::Integer),
            text_or_null(proposal.map(|proposal| &*proposal.label)),
            real_or_null(proposal.map(|proposal| proposal.span.onset_secs)),
            real_or_null(proposal.map(|proposal| proposal.span.offset_secs)),
            real_or_null(proposal.map(|proposal| f64::from(proposal.score))),
            text(&event.comment),
            text_or_null(more.as_deref()),
            text_or_null(event.edited.as_ref().map(|edited| &*edited.by)),
            event.edited.as_ref().map_or(ValueRef::Null, |edited| ValueRef::Integer(edited.at_ms)),
        ];
        let mut statement = self.connection.prepare_cached(sql)?;
        only_one(self.checksum.execute(&mut statement, &cells)?)
    }
}

fn only_one(changed: usize) -> Result<(), Failure> {
    if changed == 1 {
        return Ok(());
    }
    Err(Failure::Content("a change is about an event that the file does not have".to_owned()))
}

/// Numbers that neither a column nor JSON can hold are refused before anything is written.
fn ensure_possible(event: &Event) -> Result<(), Failure> {
    let of_proposal = event
        .origin
        .proposal()
        .map(|proposal| [proposal.span.onset_secs, proposal.span.offset_secs, f64::from(proposal.score)]);
    let of_band = event.band.map(|band| [band.low_hz, band.high_hz]);
    let of_span = [event.span.onset_secs, event.span.offset_secs];
    let mut all = of_span.into_iter().chain(of_band.into_iter().flatten()).chain(of_proposal.into_iter().flatten());
    if all.all(f64::is_finite) {
        return Ok(());
    }
    Err(Failure::Content("a value in the project cannot be written: an event has a number without end".to_owned()))
}

/// What few events have, as JSON.
#[derive(Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
struct More {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<Arc<str>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    fields: BTreeMap<String, String>,
}

fn more_of(event: &Event) -> Result<Option<String>, Failure> {
    if event.more_labels.is_empty() && event.fields.is_empty() {
        return Ok(None);
    }
    let more = More { labels: event.more_labels.clone(), fields: event.fields.clone() };
    Ok(Some(serde_json::to_string(&more)?))
}

fn origin_text(origin: &Origin) -> &'static str {
    match origin {
        Origin::Human => "human",
        Origin::Import => "import",
        Origin::Model(_) => "model",
    }
}

/// Strings that many events share.
#[derive(Default)]
struct Strings(HashSet<Arc<str>>);

impl Strings {
    fn shared(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        let new: Arc<str> = text.into();
        self.0.insert(new.clone());
        new
    }
}

/// Reads all events by recording and name, and hands each to `take`.
pub fn for_each_event(
    connection: &Connection,
    mut take: impl FnMut(RecordingId, Event) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let proposers = read_proposers(connection)?;
    let mut statement = connection.prepare("SELECT * FROM events ORDER BY recording, id")?;
    let (mut rows, mut checksum, mut strings) = (statement.query([])?, Checksum::default(), Strings::default());
    while let Some(row) = rows.next()? {
        let cells: [ValueRef<'_>; COLUMNS] = checksum.cells(row)?;
        take(RecordingId(cells[0].name()?), event_of(&cells, &proposers, &mut strings)?)?;
    }
    Ok(())
}

fn event_of(
    cells: &[ValueRef<'_>; COLUMNS],
    proposers: &HashMap<i64, [Arc<str>; 3]>,
    strings: &mut Strings,
) -> Result<Event, Failure> {
    let [_, id, onset, offset, is_point, low, high, label, status, origin, proposer, proposed @ ..] = *cells;
    let [proposed_label, proposed_onset, proposed_offset, score, comment, more, edited_by, edited_at_ms] = proposed;
    let status = status.text()?;
    let status = Status::ALL.into_iter().find(|known| known.text() == status);
    let origin = match origin.text()? {
        "human" => Origin::Human,
        "import" => Origin::Import,
        "model" => {
            let words = proposers.get(&proposer.integer()?);
            let [model, version, parameters] =
                words.ok_or_else(|| Failure::Content("an event's model is missing".to_owned()))?.clone();
            let span = Span { onset_secs: proposed_onset.real()?, offset_secs: proposed_offset.real()? };
            let (label, score) = (strings.shared(proposed_label.text()?), score.real()? as f32);
            Origin::Model(Arc::new(Proposal { model, version, label, span, score, parameters }))
        }
        _ => return Err(Failure::Content("an event has an unknown origin".to_owned())),
    };
    let more: More = more.maybe(|more| Ok(serde_json::from_str(more.text()?)?))?.unwrap_or_default();
    let band = match (low.maybe(Cell::real)?, high.maybe(Cell::real)?) {
        (Some(low_hz), Some(high_hz)) => Some(Band { low_hz, high_hz }),
        _ => None,
    };
    let edited = edited_by.maybe(|by| Ok(Edited { by: strings.shared(by.text()?), at_ms: edited_at_ms.integer()? }))?;
    Ok(Event {
        id: EventId(id.name()?),
        span: Span { onset_secs: onset.real()?, offset_secs: offset.real()? },
        is_point: is_point.flag()?,
        band,
        label: strings.shared(label.text()?),
        more_labels: more.labels,
        status: status.ok_or_else(|| Failure::Content("an event has an unknown status".to_owned()))?,
        origin,
        comment: comment.text()?.to_owned(),
        fields: more.fields,
        edited,
    })
}
