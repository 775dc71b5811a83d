//! APLOSE's annotations, as its campaigns export them and as it imports those of detectors. Read only.
//!
//! An export counts seconds from the recording's start; an import has dates, so that it must be known when the recording began: its name
//! tells it, or an answer to [`Choice::ClockStart`]. A row that is no box is about its whole recording.

use super::event_columns::{ColumnNames, EventColumns};
use super::event_table::{EventTable, certain_with};
use super::{Choice, Head, Holds, LabelFormat, Likelihood, Question, ReadError, ReadOptions, StrongLabels, TextSource};
use crate::audio::iso_time;

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
        certain_with(head, &[NAMES.low, NAMES.high, NAMES.label, START_DATE, END_DATE])
    }

    fn read(
        &self,
        source: &mut TextSource<'_>,
        options: &ReadOptions,
        labels: &mut StrongLabels,
    ) -> Result<(), ReadError> {
        let expected = "no APLOSE annotations: expected the columns annotation, start_datetime and end_datetime";
        let needed = [NAMES.label, START_DATE, END_DATE];
        let (mut table, header) = EventTable::with_header(source, &NAMES, &needed, expected)?;
        let [start, end, annotator, is_box] =
            [START_DATE, END_DATE, ANNOTATOR, IS_BOX].map(|names| table.take(&header, names));
        let in_dates = EventColumns { onset: start, offset: end, ..table.columns.clone() };
        let mut needs_clock = false;
        table.read(source, options, None, labels, |row, times, out| {
            let has = |column: Option<usize>| column.is_some_and(|column| !row.is_empty_at(column));
            let in_secs = &table.columns;
            let has_dates = has(start) || has(end);
            let (onset, offset) = (in_secs.onset, in_secs.offset);
            let has_secs = has(onset) && has(offset) || !has_dates && onset.or(offset).is_some();
            let columns = if has_secs { in_secs } else { &in_dates };
            let Some(mut event) = columns.event(row, &options.file_stem, times, out) else {
                needs_clock |= !has_secs && iso_time(row.maybe(start)).is_some();
                return None;
            };
            if matches!(row.maybe(is_box).trim().to_ascii_lowercase().as_str(), "false" | "0" | "0.0") {
                event.band = None;
            }
            if has(annotator) {
                event.particulars_mut().annotator = out.text(row.maybe(annotator));
            }
            Some(event)
        })?;
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
}
