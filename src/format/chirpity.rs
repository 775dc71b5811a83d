//! The results that Chirpity exports as CSV. Read only.
//!
//! A result begins at the file offset and is as long as its two dates are apart. One that a person has confirmed is accepted, the others
//! are predictions with their confidence.

use super::cell::{Times, clock_secs, number};
use super::collector::Collector;
use super::event_columns::{ColumnNames, EventColumns};
use super::table::{Dialect, Outline, Row};
use super::{Head, Holds, LabelFormat, Likelihood, ReadError, ReadOptions, StrongLabels, TextSource};
use crate::annotation::Status;
use crate::audio::iso_time;
use std::io;

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
        let header = Outline::of(head.text, Dialect::ANY).header(&[NAMES.file, START, END, NAMES.label]);
        if header.is_some() { Likelihood::Certain } else { Likelihood::No }
    }

    fn read(
        &self,
        source: &mut TextSource<'_>,
        options: &ReadOptions,
        labels: &mut StrongLabels,
    ) -> Result<(), ReadError> {
        let outline = Outline::of(source.head(), Dialect::ANY);
        let Some(header) = outline.header(&[NAMES.file, START, END, NAMES.label, NAMES.onset]) else {
            let expected = "expected the columns File, Detection start, Detection end, Common name and File offset";
            return Err(ReadError::NotLabels(format!("no Chirpity results: {expected}")));
        };
        let mut columns = EventColumns::of(&header, &NAMES);
        let [start, end, confidence] = [START, END, CONFIDENCE].map(|names| header.find(names));
        let offset = header.find(&["File offset"]);
        [start, end, confidence, offset].into_iter().for_each(|column| columns.take_other(column));
        labels.columns = columns.other_names();
        let mut out = Collector::new(labels);
        let mut times = Times::secs_of(outline.separator, options);
        let comments = outline.for_each_row(source, 1, |row| {
            let Some(length_secs) = apart(row, start, end) else {
                out.reject(row.line, "Detection start and end are no dates with a time of day");
                return Ok(());
            };
            let Some(mut event) = columns.event(row, &options.file_stem, &mut times, &mut out) else { return Ok(()) };
            event.span.offset_secs = event.span.onset_secs + length_secs;
            let cell = row.maybe(confidence).trim();
            event.status = Some(if cell == "confirmed" { Status::Accepted } else { Status::Predicted });
            event.score = number(cell, row.separator);
            if event.score.is_none() && !cell.is_empty() && cell != "confirmed" {
                out.warn(row.line, format!("confidence is “{cell}”, neither a number nor confirmed: left out"));
            }
            out.push(event);
            Ok(())
        })?;
        out.finish(comments);
        Ok(())
    }

    fn can_write(&self) -> bool {
        false
    }

    fn write(&self, _labels: &StrongLabels, _out: &mut dyn io::Write) -> io::Result<()> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "Chirpity results are only read"))
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
