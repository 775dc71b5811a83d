//! The results that Chirpity exports as CSV. Read only.
//!
//! A result begins at the file offset and is as long as its two dates are apart. One that a person has confirmed is accepted, the others
//! are predictions with their confidence.

use super::cell::{clock_secs, number};
use super::event_columns::ColumnNames;
use super::event_table::{EventTable, certain_with};
use super::table::Row;
use super::{Head, Holds, LabelFormat, Likelihood, ReadError, ReadOptions, StrongLabels, TextSource};
use crate::annotation::Status;
use crate::audio::iso_time;

/// The format, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct Chirpity;

const NAMES: ColumnNames = ColumnNames {
    file: &["File"],
    onset: &["Start (s)", "File offset"],
    offset: &[],
    duration: &[],
    label: &["Common name"],
    score: &[],
    low: &[],
    high: &[],
    comment: &["Comment"],
};
const START: &[&str] = &["Detection start"];
const END: &[&str] = &["Detection end"];
const CONFIDENCE: &[&str] = &["Confidence"];

impl LabelFormat for Chirpity {
    fn id(&self) -> &'static str {
        "chirpity"
    }

    fn name(&self) -> &'static str {
        "Chirpity results"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["csv"]
    }

    fn holds(&self) -> Holds {
        Holds {
            many_files: true,
            overlaps: true,
            scores: true,
            comments: true,
            fields: true,
            status: true,
            ..Holds::default()
        }
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        certain_with(head, &[NAMES.file, START, END, NAMES.label])
    }

    fn read(
        &self,
        source: &mut TextSource<'_>,
        options: &ReadOptions,
        labels: &mut StrongLabels,
    ) -> Result<(), ReadError> {
        let needed = [NAMES.file, START, END, NAMES.label, NAMES.onset];
        let expected = "no Chirpity results: expected the columns File, Detection start, Detection end, Common name and File offset";
        let (mut table, header) = EventTable::with_header(source, &NAMES, &needed, expected)?;
        let [start, end, confidence] = [START, END, CONFIDENCE].map(|names| table.take(&header, names));
        table.take(&header, &["File offset"]);
        table.read(source, options, None, labels, |row, times, out| {
            let Some(length_secs) = apart(row, start, end) else {
                out.reject(row.line, "Detection start and end are no dates with a time of day");
                return None;
            };
            let mut event = table.columns.event(row, &options.file_stem, times, out)?;
            event.span.offset_secs = event.span.onset_secs + length_secs;
            let cell = row.maybe(confidence).trim();
            event.status = Some(if cell == "confirmed" { Status::Accepted } else { Status::Predicted });
            event.score = number(cell, row.separator);
            if event.score.is_none() && !cell.is_empty() && cell != "confirmed" {
                out.warn(row.line, format!("confidence is “{cell}”, neither a number nor confirmed: left out"));
            }
            Some(event)
        })
    }

    fn can_write(&self) -> bool {
        false
    }
}

/// The seconds between two dates.
fn apart(row: &Row, start: Option<usize>, end: Option<usize>) -> Option<f64> {
    let time = |column| iso_time(row.maybe(column));
    match (time(start), time(end)) {
        (Some(start), Some(end)) => Some(end.secs_since(start)),
        // A file of plain seconds, as imitators write it.
        _ => {
            let secs = |column| clock_secs(row.maybe(column), row.separator);
            Some(secs(end)? - secs(start)?)
        }
    }
}
