//! APLOSE's annotations, as its campaigns export them and as it imports those of detectors. Read only.
//!
//! An export counts seconds from the recording's start; an import has dates, so that it must be known when the recording began: its name
//! tells it, or an answer to [`Choice::ClockStart`]. A row that is no box is about its whole recording.

use super::cell::Times;
use super::collector::Collector;
use super::event_columns::{ColumnNames, EventColumns};
use super::table::{Dialect, Header, Outline, Row};
use super::{Choice, Head, Holds, LabelFormat, Likelihood, Question, ReadError, ReadOptions, StrongLabels, TextSource};
use std::io;

/// The format, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct Aplose;

const NAMES: ColumnNames = ColumnNames {
    file: &["filename"],
    onset: &["start_time"],
    offset: &["end_time"],
    duration: &[],
    label: &["annotation", "label__name", "label"],
    score: &[],
    low: &["start_frequency", "min_frequency"],
    high: &["end_frequency", "max_frequency"],
    comment: &["comments"],
};
const START_DATE: &[&str] = &["start_datetime"];
const END_DATE: &[&str] = &["end_datetime"];
const ANNOTATOR: &[&str] = &["annotator", "detector__name", "detector"];
const IS_BOX: &[&str] = &["is_box"];

impl LabelFormat for Aplose {
    fn id(&self) -> &'static str {
        "aplose"
    }

    fn name(&self) -> &'static str {
        "APLOSE annotations"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["csv"]
    }

    fn holds(&self) -> Holds {
        Holds { many_files: true, overlaps: true, bands: true, comments: true, fields: true, ..Holds::default() }
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        let header =
            Outline::of(head.text, Dialect::ANY).header(&[NAMES.low, NAMES.high, NAMES.label, START_DATE, END_DATE]);
        if header.is_some() { Likelihood::Certain } else { Likelihood::No }
    }

    fn read(
        &self,
        source: &mut TextSource<'_>,
        options: &ReadOptions,
        labels: &mut StrongLabels,
    ) -> Result<(), ReadError> {
        let outline = Outline::of(source.head(), Dialect::ANY);
        let Some(header) = outline.header(&[NAMES.label, START_DATE, END_DATE]) else {
            let expected = "no APLOSE annotations: expected the columns annotation, start_datetime and end_datetime";
            return Err(ReadError::NotLabels(expected.to_owned()));
        };
        let columns = Columns::of(&header);
        labels.columns = columns.in_secs.other_names();
        let mut needs_clock = false;
        let mut out = Collector::new(labels);
        let mut times = Times::secs_of(outline.separator, options);
        let comments = outline.for_each_row(source, 1, |row| {
            needs_clock |= columns.take(row, options, &mut times, &mut out);
            Ok(())
        })?;
        out.finish(comments);
        if needs_clock && options.answer(Choice::ClockStart).is_none() {
            let text = "The times are dates. When did the recording begin? Say it as 2023-05-12T18:30:00+02:00.";
            let (choice, answers) = (Choice::ClockStart, Vec::new());
            labels.questions.push(Question { choice, text: text.to_owned(), answers, taken: None });
        }
        Ok(())
    }

    fn can_write(&self) -> bool {
        false
    }

    fn write(&self, _labels: &StrongLabels, _out: &mut dyn io::Write) -> io::Result<()> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "APLOSE annotations are only read"))
    }
}

struct Columns {
    in_secs: EventColumns,
    in_dates: EventColumns,
    annotator: Option<usize>,
    is_box: Option<usize>,
}

impl Columns {
    fn of(header: &Header) -> Self {
        let mut in_secs = EventColumns::of(header, &NAMES);
        let [start, end, annotator, is_box] = [START_DATE, END_DATE, ANNOTATOR, IS_BOX].map(|names| header.find(names));
        [start, end, annotator, is_box].into_iter().for_each(|column| in_secs.take_other(column));
        let in_dates = EventColumns { onset: start, offset: end, ..in_secs.clone() };
        Self { in_secs, in_dates, annotator, is_box }
    }

    /// Takes a row; whether it was left out because it is not known when the recording began.
    fn take(&self, row: &Row, options: &ReadOptions, times: &mut Times, out: &mut Collector<'_>) -> bool {
        let has = |column: Option<usize>| column.is_some_and(|column| !row.is_empty_at(column));
        let has_dates = has(self.in_dates.onset) || has(self.in_dates.offset);
        let has_secs =
            self.in_secs.onset.is_some() && !has_dates || has(self.in_secs.onset) && has(self.in_secs.offset);
        let columns = if has_secs { &self.in_secs } else { &self.in_dates };
        let rejects = out.labels.warnings.len();
        let Some(mut event) = columns.event(row, &options.file_stem, times, out) else {
            return !has_secs && out.labels.warnings.len() > rejects;
        };
        if matches!(row.maybe(self.is_box).trim().to_ascii_lowercase().as_str(), "false" | "0" | "0.0") {
            event.band = None;
        }
        let annotator = row.maybe(self.annotator);
        if !annotator.trim().is_empty() {
            event.particulars_mut().annotator = out.text(annotator);
        }
        out.push(event);
        false
    }
}
