//! The annotations of DAS (Deep Audio Segmenter): `name,start_seconds,stop_seconds`, one file a recording, called
//! `NAME_annotations.csv`. A row whose start is not a number only says that there are events of its name: segments where the stop is a number,
//! else points. A point has the same start and stop.

use super::event_columns::ColumnNames;
use super::event_table::{EventTable, certain_with};
use super::table::RowWriter;
use super::text::{is_empty, secs_text};
use super::{Head, Holds, LabelFormat, Likelihood, ReadError, ReadOptions, StrongLabel, StrongLabels, TextSource};
use std::borrow::Cow;
use std::io;

/// The format, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct Das;

const NAMES: ColumnNames = ColumnNames {
    file: &[],
    onset: &["start_seconds"],
    offset: &["stop_seconds"],
    duration: &[],
    label: &["name"],
    score: &[],
    low: &[],
    high: &[],
    comment: &[],
};

impl LabelFormat for Das {
    fn id(&self) -> &'static str {
        "das"
    }

    fn name(&self) -> &'static str {
        "DAS annotations"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["csv"]
    }

    fn file_name_of(&self, recording_stem: &str) -> String {
        format!("{recording_stem}_annotations.csv")
    }

    fn holds(&self) -> Holds {
        Holds { points: true, overlaps: true, fields: true, empty_files: true, ..Holds::default() }
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        certain_with(head, &[NAMES.onset, NAMES.offset, NAMES.label])
    }

    fn read(
        &self,
        source: &mut TextSource<'_>,
        options: &ReadOptions,
        labels: &mut StrongLabels,
    ) -> Result<(), ReadError> {
        let needed = [NAMES.onset, NAMES.offset, NAMES.label];
        let expected = "no DAS annotations: expected the columns name, start_seconds and stop_seconds";
        let (mut table, header) = EventTable::with_header(source, &NAMES, &needed, expected)?;
        // The number of the row, which pandas puts before it.
        table.columns.take_other((header.names().first().is_some_and(String::is_empty)).then_some(0));
        let recording = options.file_stem.strip_suffix("_annotations").unwrap_or(&options.file_stem);
        table.read(source, options, Some(recording), labels, |row, times, out| {
            if is_empty(row.maybe(table.columns.onset)) {
                out.note(row.line, "says only that there are events of this name");
                return None;
            }
            let mut event = table.columns.event(row, recording, times, out)?;
            event.is_point = event.span.onset_secs == event.span.offset_secs;
            Some(event)
        })
    }

    fn write(&self, labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
        let fields = labels.field_names(StrongLabel::is_label);
        let mut rows = RowWriter::csv(out, labels);
        let mut header: Vec<Cow<'_, str>> = ["name", "start_seconds", "stop_seconds"].map(Cow::from).to_vec();
        header.extend(fields.iter().map(|name| NAMES.field(name)));
        rows.row(&header)?;
        for (row, label) in labels.label_rows() {
            let mut cells: Vec<Cow<'_, str>> =
                vec![(**label).into(), secs_text(row.span.onset_secs).into(), secs_text(row.span.offset_secs).into()];
            cells.extend(fields.iter().map(|name| row.field(name).into()));
            rows.row(&cells)?;
        }
        Ok(())
    }
}
