//! The annotations of Hoplite (Perch): `recording,start_offset_s,end_offset_s,label,label_type`, where the type is *positive*, *negative* or
//! *uncertain*.

use super::event_columns::ColumnNames;
use super::event_table::{EventTable, certain_with};
use super::table::RowWriter;
use super::text::secs_text;
use super::{Head, Holds, LabelFormat, Likelihood, ReadError, ReadOptions, StrongLabel, StrongLabels, TextSource};
use crate::annotation::Status;
use std::borrow::Cow;
use std::io;

/// The format, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct Hoplite;

const NAMES: ColumnNames = ColumnNames {
    file: &["recording"],
    onset: &["start_offset_s"],
    offset: &["end_offset_s"],
    duration: &[],
    label: &["label"],
    score: &[],
    low: &[],
    high: &[],
    comment: &[],
};
const LABEL_TYPE: &[&str] = &["label_type"];

impl LabelFormat for Hoplite {
    fn id(&self) -> &'static str {
        "hoplite"
    }

    fn name(&self) -> &'static str {
        "Hoplite annotations"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["csv"]
    }

    fn holds(&self) -> Holds {
        Holds { many_files: true, overlaps: true, status: true, fields: true, ..Holds::default() }
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
        let expected = "no Hoplite annotations: expected the columns recording, start_offset_s, end_offset_s and label";
        let (mut table, header) = EventTable::with_header(source, &NAMES, &needed, expected)?;
        let label_type = table.take(&header, LABEL_TYPE);
        table.read(source, options, None, labels, |row, times, out| {
            let status = match row.maybe(label_type).trim().to_ascii_lowercase().as_str() {
                "" | "positive" => None,
                "negative" => Some(Status::Rejected),
                "uncertain" => Some(Status::Uncertain),
                other => {
                    out.reject(row.line, format!("label_type is “{other}”, not positive, negative or uncertain"));
                    return None;
                }
            };
            let event = table.columns.event(row, &options.file_stem, times, out)?;
            Some(StrongLabel { status, ..event })
        })
    }

    fn own_losses(&self, labels: &StrongLabels) -> Vec<String> {
        let predicted = labels.rows.iter().filter(|row| label_type(row).is_none()).count();
        (predicted > 0).then(|| format!("{predicted} predicted events")).into_iter().collect()
    }

    fn write(&self, labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
        let fields = labels.field_names(|row| label_type(row).is_some());
        let mut rows = RowWriter::csv(out, labels);
        let mut header: Vec<Cow<'_, str>> =
            ["recording", "start_offset_s", "end_offset_s", "label", "label_type"].map(Cow::from).to_vec();
        header.extend(fields.iter().map(|name| NAMES.field(name)));
        rows.row(&header)?;
        for row in &labels.rows {
            let Some(label_type) = label_type(row) else { continue };
            for label in row.labels() {
                let times = [row.span.onset_secs, row.span.offset_secs].map(|secs| secs_text(secs).into());
                let mut cells: Vec<Cow<'_, str>> = vec![(*row.filename).into()];
                cells.extend(times);
                cells.extend([(**label).into(), label_type.into()]);
                cells.extend(fields.iter().map(|name| row.field(name).into()));
                rows.row(&cells)?;
            }
        }
        Ok(())
    }
}

fn label_type(row: &StrongLabel) -> Option<&'static str> {
    match row.status {
        None | Some(Status::Accepted | Status::Corrected) => Some("positive"),
        Some(Status::Rejected) => Some("negative"),
        Some(Status::Uncertain) => Some("uncertain"),
        Some(Status::Predicted) => None,
    }
}
