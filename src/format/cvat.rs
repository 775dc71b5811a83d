//! CVAT's Generic TSV of audio intervals: `start stop label`, with `filename`, `score` and a column for each attribute; times as
//! `HH:MM:SS.fff`.

use super::event_columns::ColumnNames;
use super::event_table::EventTable;
use super::table::{Dialect, Outline, RowWriter};
use super::text::clock_cell;
use super::{Head, Holds, LabelFormat, Likelihood, ReadError, ReadOptions, StrongLabel, StrongLabels, TextSource};
use std::borrow::Cow;
use std::io;

/// The format, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct CvatTsv;

const NAMES: ColumnNames = ColumnNames {
    file: &["filename"],
    onset: &["start"],
    offset: &["stop"],
    duration: &[],
    label: &["label"],
    score: &["score"],
    low: &[],
    high: &[],
    comment: &[],
};

impl LabelFormat for CvatTsv {
    fn id(&self) -> &'static str {
        "cvat-tsv"
    }

    fn name(&self) -> &'static str {
        "CVAT Generic TSV"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["tsv"]
    }

    fn holds(&self) -> Holds {
        Holds { many_files: true, scores: true, overlaps: true, fields: true, one_line: true, ..Holds::default() }
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        let outline = Outline::of(head.text, Dialect::ANY);
        match outline.header(&[NAMES.onset, NAMES.offset, NAMES.label]) {
            Some(_) if outline.separator == '\t' => Likelihood::Likely,
            Some(_) => Likelihood::Possible,
            None => Likelihood::No,
        }
    }

    fn read(
        &self,
        source: &mut TextSource<'_>,
        options: &ReadOptions,
        labels: &mut StrongLabels,
    ) -> Result<(), ReadError> {
        let needed = [NAMES.onset, NAMES.offset, NAMES.label];
        let expected = "no CVAT TSV: expected the columns start, stop and label";
        let (table, _) = EventTable::with_header(source, &NAMES, &needed, expected)?;
        table.read(source, options, None, labels, |row, times, out| {
            table.columns.event(row, &options.file_stem, times, out)
        })
    }

    fn write(&self, labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
        let has_scores = labels.label_rows().any(|(row, _)| row.score.is_some());
        let fields = labels.field_names(StrongLabel::is_label);
        let mut rows = RowWriter::tabs(out, labels);
        let mut header: Vec<Cow<'_, str>> = ["filename", "start", "stop", "label"].map(Cow::from).to_vec();
        header.extend(has_scores.then_some("score".into()));
        header.extend(fields.iter().map(|name| NAMES.field(name)));
        rows.row(&header)?;
        for (row, label) in labels.label_rows() {
            let times = [row.span.onset_secs, row.span.offset_secs].map(|secs| clock_cell(secs, 2, 6).into());
            let mut cells: Vec<Cow<'_, str>> = vec![(*row.filename).into()];
            cells.extend(times);
            cells.push((**label).into());
            cells.extend(has_scores.then(|| row.score.map(|score| score.to_string()).unwrap_or_default().into()));
            cells.extend(fields.iter().map(|name| row.field(name).into()));
            rows.row(&cells)?;
        }
        Ok(())
    }
}
