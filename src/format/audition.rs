//! The markers of Adobe Audition: `Name Start Duration Time Format Type Description`, with TABs although the file is called `.csv`, times as
//! `0:01.250`, one file a recording. A marker without duration is a point.

use super::cell::Times;
use super::event_columns::ColumnNames;
use super::event_table::{EventTable, certain_with};
use super::table::RowWriter;
use super::text::clock_cell;
use super::{Head, Holds, LabelFormat, Likelihood, ReadError, ReadOptions, StrongLabels, TextSource, TimeUnit};
use std::io;

/// The format, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct Audition;

const NAMES: ColumnNames = ColumnNames {
    file: &[],
    onset: &["Start"],
    offset: &[],
    duration: &["Duration"],
    label: &["Name"],
    score: &[],
    low: &[],
    high: &[],
    comment: &["Description"],
};
const TIME_FORMAT: &[&str] = &["Time Format"];
const TYPE: &[&str] = &["Type"];

impl LabelFormat for Audition {
    fn id(&self) -> &'static str {
        "audition"
    }

    fn name(&self) -> &'static str {
        "Adobe Audition markers"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["csv"]
    }

    fn holds(&self) -> Holds {
        Holds {
            points: true,
            overlaps: true,
            comments: true,
            empty_files: true,
            whole_millis: true,
            one_line: true,
            ..Holds::default()
        }
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        certain_with(head, &[NAMES.label, NAMES.onset, NAMES.duration, TYPE])
    }

    fn read(
        &self,
        source: &mut TextSource<'_>,
        options: &ReadOptions,
        labels: &mut StrongLabels,
    ) -> Result<(), ReadError> {
        let needed = [NAMES.label, NAMES.onset, NAMES.duration];
        let expected = "no Audition markers: expected the columns Name, Start and Duration";
        let (mut table, header) = EventTable::with_header(source, &NAMES, &needed, expected)?;
        let time_format = table.take(&header, TIME_FORMAT);
        table.take(&header, TYPE);
        let stem = options.file_stem.as_str();
        let mut samples = Times::new(TimeUnit::Samples, table.outline.separator, options);
        table.read(source, options, Some(stem), labels, |row, secs, out| {
            let counts_samples = row.maybe(time_format).to_ascii_lowercase().contains("sample");
            let Some(times) = (if counts_samples { samples.as_mut() } else { Some(secs) }) else {
                out.reject(row.line, "the times are samples: say the recording's sample rate (--sample-rate)");
                return None;
            };
            let mut event = table.columns.event(row, stem, times, out)?;
            event.is_point = event.span.onset_secs == event.span.offset_secs;
            Some(event)
        })
    }

    fn write(&self, labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
        let mut rows = RowWriter::tabs(out, labels);
        rows.row(["Name", "Start", "Duration", "Time Format", "Type", "Description"])?;
        for (row, label) in labels.label_rows() {
            let comment = row.particulars.as_ref().map_or("", |particulars| particulars.comment.as_str());
            // Of whole milliseconds, so that the end is not rounded twice.
            let [onset, offset] = [row.span.onset_secs, row.span.offset_secs].map(|secs| (secs * 1e3).round() / 1e3);
            let (start, duration) = (clock_cell(onset, 1, 3), clock_cell(offset - onset, 1, 3));
            rows.row([&**label, &start, &duration, "decimal", "Cue", comment])?;
        }
        Ok(())
    }
}
