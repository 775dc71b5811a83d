//! crowsetta's tables of sequences: `simple-seq`, one file a recording, and `generic-seq`, with many recordings and times in seconds,
//! samples or both. Both forms allow no other columns.

use super::cell::Times;
use super::event_columns::{ColumnNames, EventColumns};
use super::event_table::EventTable;
use super::table::{Dialect, Outline, RowWriter};
use super::text::{is_empty, secs_text};
use super::{Head, Holds, LabelFormat, Likelihood, ReadError, ReadOptions, StrongLabels, TextSource, TimeUnit};
use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;

/// One recording a file, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct SimpleSeq;

/// Many recordings, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct GenericSeq;

const LABEL: &[&str] = &["label"];
const ONSET: &[&str] = &["onset_s"];
const OFFSET: &[&str] = &["offset_s"];
const ONSET_SAMPLE: &[&str] = &["onset_sample"];
const OFFSET_SAMPLE: &[&str] = &["offset_sample"];
const NOTATED: &[&str] = &["notated_path"];
const ANNOTATED_IN: &str = "annot_path";

const NAMES: ColumnNames = ColumnNames {
    file: NOTATED,
    onset: ONSET,
    offset: OFFSET,
    duration: &[],
    label: LABEL,
    score: &[],
    low: &[],
    high: &[],
    comment: &[],
};

impl LabelFormat for SimpleSeq {
    fn id(&self) -> &'static str {
        "simple-seq"
    }

    fn name(&self) -> &'static str {
        "crowsetta simple-seq"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["csv", "txt"]
    }

    fn holds(&self) -> Holds {
        Holds { overlaps: true, empty_files: true, ..Holds::default() }
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        match Outline::of(head.text, Dialect::ANY).header(&[ONSET, OFFSET, LABEL]) {
            Some(header) if header.names().len() == 3 => Likelihood::Certain,
            Some(header) if header.find(&["notated_path", "filename"]).is_none() => Likelihood::Possible,
            _ => Likelihood::No,
        }
    }

    fn read(
        &self,
        source: &mut TextSource<'_>,
        options: &ReadOptions,
        labels: &mut StrongLabels,
    ) -> Result<(), ReadError> {
        let expected = "no simple-seq: expected the columns onset_s, offset_s and label";
        let names = ColumnNames { file: &[], ..NAMES };
        let (table, _) = EventTable::with_header(source, &names, &[ONSET, OFFSET, LABEL], expected)?;
        let stem = options.file_stem.as_str();
        table.read(source, options, Some(stem), labels, |row, times, out| table.columns.event(row, stem, times, out))
    }

    fn write(&self, labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
        let mut rows = RowWriter::csv(out, labels);
        rows.row(["onset_s", "offset_s", "label"])?;
        for (row, label) in labels.label_rows() {
            rows.row([&secs_text(row.span.onset_secs), &secs_text(row.span.offset_secs), &**label])?;
        }
        Ok(())
    }
}

impl LabelFormat for GenericSeq {
    fn id(&self) -> &'static str {
        "generic-seq"
    }

    fn name(&self) -> &'static str {
        "crowsetta generic-seq"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["csv"]
    }

    fn holds(&self) -> Holds {
        Holds { many_files: true, overlaps: true, ..Holds::default() }
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        let outline = Outline::of(head.text, Dialect::ANY);
        let is_generic = outline.header(&[LABEL, NOTATED, &[ANNOTATED_IN]]).is_some();
        if is_generic { Likelihood::Certain } else { Likelihood::No }
    }

    /// Seconds where the file has them, else samples, for which the sample rate is needed.
    fn read(
        &self,
        source: &mut TextSource<'_>,
        options: &ReadOptions,
        labels: &mut StrongLabels,
    ) -> Result<(), ReadError> {
        let expected = "no generic-seq: expected the columns label, notated_path, and onset_s and offset_s";
        let (mut table, header) = EventTable::with_header(source, &NAMES, &[LABEL, NOTATED], expected)?;
        let samples = (table.take(&header, ONSET_SAMPLE), table.take(&header, OFFSET_SAMPLE));
        // Both say only which rows belong together, which the recording says too.
        table.take(&header, &["sequence"]);
        table.take(&header, &["annotation"]);
        let columns = &mut table.columns;
        let mut unit = TimeUnit::Seconds;
        if columns.onset.is_none() || columns.offset.is_none() {
            (columns.onset, columns.offset) = samples;
            unit = TimeUnit::Samples;
        }
        if columns.onset.is_none() || columns.offset.is_none() {
            let expected = "no generic-seq: expected onset_s and offset_s, or onset_sample and offset_sample";
            return Err(ReadError::NotLabels(expected.to_owned()));
        }
        let Some(mut times) = Times::new(unit, table.outline.separator, options) else {
            let reason = "the times are in samples: say the recordings' sample rate (--sample-rate)";
            return Err(ReadError::NotLabels(reason.to_owned()));
        };
        let without_file = EventColumns { file: None, ..table.columns.clone() };
        table.read(source, options, None, labels, |row, _, out| {
            // What crowsetta writes where a sequence names no recording.
            let file = row.maybe(table.columns.file);
            let stated = if is_empty(file) || file == "None" { &without_file } else { &table.columns };
            stated.event(row, &options.file_stem, &mut times, out)
        })
    }

    fn write(&self, labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
        let rates: HashMap<&str, f64> =
            labels.files.iter().filter_map(|file| Some((&*file.name, file.sample_rate?))).collect();
        let has_rates = labels.label_rows().all(|(row, _)| rates.contains_key(&*row.filename));
        let has_samples = has_rates && labels.label_rows().next().is_some();
        let mut rows = RowWriter::csv(out, labels);
        let samples = if has_samples { &["onset_sample", "offset_sample"][..] } else { &[] };
        let end = ["notated_path", ANNOTATED_IN, "sequence", "annotation"];
        rows.row(["label", "onset_s", "offset_s"].iter().chain(samples).chain(&end))?;
        // An annotation is of one recording and from one file.
        let mut annotations: HashMap<(Arc<str>, String), usize> = HashMap::new();
        for (row, label) in labels.label_rows() {
            let annotated_in = annotated_in(row);
            let count = annotations.len();
            let annotation = *annotations.entry((row.filename.clone(), annotated_in.to_string())).or_insert(count);
            let span = row.span;
            let mut cells: Vec<Cow<'_, str>> =
                vec![(**label).into(), secs_text(span.onset_secs).into(), secs_text(span.offset_secs).into()];
            if has_samples {
                let rate = rates.get(&*row.filename).copied().unwrap_or_default();
                cells.extend([span.onset_secs, span.offset_secs].map(|secs| format!("{:.0}", secs * rate).into()));
            }
            cells.extend([(*row.filename).into(), annotated_in, "0".into(), annotation.to_string().into()]);
            rows.row(&cells)?;
        }
        Ok(())
    }
}

/// The file that a row came from: the one it states, else the recording's name as a table.
fn annotated_in(row: &super::StrongLabel) -> Cow<'_, str> {
    match row.field(ANNOTATED_IN) {
        "" => {
            let stem = row.filename.rsplit_once('.').map_or(&*row.filename, |(stem, _)| stem);
            format!("{stem}.csv").into()
        }
        stated => stated.into(),
    }
}
