//! Events as a table of columns, written as they come, and read again.

use super::{finish, io_error, number_column, properties, table, text_column, write_doubles, write_texts};
use crate::annotation::Band;
use crate::format::{FormatError, LabelledFile, StrongLabel, StrongLabels};
use crate::time::Span;
use parquet::basic::{Repetition, Type as Physical};
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::record::{Field, Row};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

/// Rows that are written together.
const GROUP_ROWS: usize = 1 << 16;

/// A table of events that is being written.
pub struct EventColumns<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    model: (Arc<str>, Arc<str>),
    rows: Rows,
}

/// Cells that wait, column by column. Of a column in which not every row has a value, 1 stands for each row that has one.
#[derive(Default)]
struct Rows {
    filename: Vec<ByteArray>,
    onset: Vec<f64>,
    offset: Vec<f64>,
    label: Vec<ByteArray>,
    score: Sparse,
    low: Sparse,
    high: Sparse,
}

#[derive(Default)]
struct Sparse {
    values: Vec<f64>,
    present: Vec<i16>,
}

impl Sparse {
    fn push(&mut self, value: Option<f64>) {
        self.present.push(i16::from(value.is_some()));
        self.values.extend(value);
    }
}

impl<W: Write + Send> EventColumns<W> {
    /// Starts a table of events that `model` of `version` proposed; both empty where that is not known. `notes` go with the file, beside its
    /// rows.
    ///
    /// # Errors
    /// As `out` reports them.
    pub fn begin(out: W, model: &str, version: &str, notes: Vec<(&str, String)>) -> io::Result<Self> {
        let properties = properties(&["filename", "event_label", "model", "version"], notes);
        let writer = schema().and_then(|schema| SerializedFileWriter::new(out, schema, Arc::new(properties)));
        Ok(Self { writer: writer.map_err(io_error)?, model: (model.into(), version.into()), rows: Rows::default() })
    }

    /// Appends events.
    ///
    /// # Errors
    /// As the file below reports them.
    pub fn push(&mut self, labels: &[StrongLabel]) -> io::Result<()> {
        for label in labels {
            self.rows.filename.push(label.filename.as_bytes().into());
            self.rows.onset.push(label.span.onset_secs);
            self.rows.offset.push(label.span.offset_secs);
            self.rows.label.push(label.event_label.as_bytes().into());
            self.rows.score.push(label.score);
            self.rows.low.push(label.band.map(|band| band.low_hz));
            self.rows.high.push(label.band.map(|band| band.high_hz));
            if self.rows.onset.len() == GROUP_ROWS {
                self.write_group().map_err(io_error)?;
            }
        }
        Ok(())
    }

    /// Ends the table.
    ///
    /// # Errors
    /// As the file below reports them.
    pub fn finish(mut self) -> io::Result<W> {
        if !self.rows.onset.is_empty() {
            self.write_group().map_err(io_error)?;
        }
        finish(self.writer)
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        let rows = std::mem::take(&mut self.rows);
        let count = rows.onset.len();
        let mut group = self.writer.next_row_group()?;
        write_texts(&mut group, &rows.filename, None)?;
        write_doubles(&mut group, &rows.onset, None)?;
        write_doubles(&mut group, &rows.offset, None)?;
        write_texts(&mut group, &rows.label, None)?;
        for sparse in [&rows.score, &rows.low, &rows.high] {
            write_doubles(&mut group, &sparse.values, Some(&sparse.present))?;
        }
        for text in [&self.model.0, &self.model.1] {
            let values: Vec<ByteArray> = if text.is_empty() { Vec::new() } else { vec![text.as_bytes().into(); count] };
            write_texts(&mut group, &values, Some(&vec![i16::from(!text.is_empty()); count]))?;
        }
        group.close().map(drop)
    }
}

fn schema() -> Result<Arc<parquet::schema::types::Type>, ParquetError> {
    let number = |name, repetition| number_column(name, Physical::DOUBLE, repetition);
    table(vec![
        text_column("filename", Repetition::REQUIRED)?,
        number("onset", Repetition::REQUIRED)?,
        number("offset", Repetition::REQUIRED)?,
        text_column("event_label", Repetition::REQUIRED)?,
        number("score", Repetition::OPTIONAL)?,
        number("low_hz", Repetition::OPTIONAL)?,
        number("high_hz", Repetition::OPTIONAL)?,
        text_column("model", Repetition::OPTIONAL)?,
        text_column("version", Repetition::OPTIONAL)?,
    ])
}

/// Reads a table of events that [`EventColumns`] wrote.
///
/// # Errors
/// It cannot be read, or is no such table.
pub fn read_event_columns(path: &Path) -> Result<StrongLabels, FormatError> {
    let file = File::open(path).map_err(|source| FormatError::Read { path: path.to_path_buf(), source })?;
    let no_table = |reason: String| FormatError::NotLabels { path: path.to_path_buf(), reason };
    let reader = SerializedFileReader::new(file).map_err(|error| no_table(format!("is no Parquet table: {error}")))?;
    let rows = reader.get_row_iter(None).map_err(|error| no_table(format!("is no Parquet table: {error}")))?;
    let mut labels = StrongLabels::default();
    for row in rows {
        let row = row.map_err(|error| no_table(format!("is damaged: {error}")))?;
        let event = event_of(&row).ok_or_else(|| {
            no_table("expected the columns filename, onset, offset and event_label as Earmark writes them".to_owned())
        })?;
        let shared = labels.rows.last().map(|last: &StrongLabel| last.filename.clone());
        let event = match shared.filter(|name| *name == event.filename) {
            Some(filename) => StrongLabel { filename, ..event },
            None => {
                labels.files.push(LabelledFile::named(event.filename.clone()));
                event
            }
        };
        labels.rows.push(event);
    }
    Ok(labels)
}

fn event_of(row: &Row) -> Option<StrongLabel> {
    let field = |name: &str| row.get_column_iter().find(|(column, _)| *column == name).map(|(_, field)| field);
    let text = |name| match field(name) {
        Some(Field::Str(text)) => Some(text.as_str()),
        _ => None,
    };
    let number = |name| match field(name) {
        Some(Field::Double(number)) => Some(*number),
        _ => None,
    };
    let span = Span { onset_secs: number("onset")?, offset_secs: number("offset")? };
    let band = number("low_hz").zip(number("high_hz")).map(|(low_hz, high_hz)| Band { low_hz, high_hz });
    Some(StrongLabel {
        score: number("score"),
        band,
        ..StrongLabel::new(text("filename")?, span, text("event_label")?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn label() -> impl Strategy<Value = StrongLabel> {
        let band = prop::option::of((0.0_f64..100.0, 100.0_f64..24_000.0));
        ("[a-c]{1,2}", any::<f64>(), any::<f64>(), ".{0,6}", prop::option::of(any::<f64>()), band).prop_filter_map(
            "numbers",
            |(file, onset_secs, offset_secs, text, score, band)| {
                let numbers = [onset_secs, offset_secs, score.unwrap_or(0.0)];
                let span = Span { onset_secs, offset_secs };
                let band = band.map(|(low_hz, high_hz)| Band { low_hz, high_hz });
                numbers.iter().all(|number| number.is_finite()).then(|| StrongLabel {
                    score,
                    band,
                    ..StrongLabel::new(file, span, text)
                })
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn what_is_written_is_read_again(labels in prop::collection::vec(label(), 0..30), cut in 0_usize..30) {
            let file = tempfile::NamedTempFile::new().unwrap();
            let mut table = EventColumns::begin(file.reopen().unwrap(), "m", "1", Vec::new()).unwrap();
            let (first, second) = labels.split_at(cut.min(labels.len()));
            table.push(first).unwrap();
            table.push(second).unwrap();
            drop(table.finish().unwrap());
            prop_assert_eq!(read_event_columns(file.path()).unwrap().rows, labels);
        }
    }

    #[test]
    fn what_is_no_table_of_events_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"PAR1 no more").unwrap();
        assert!(read_event_columns(file.path()).unwrap_err().to_string().contains("is no Parquet table"));
    }
}
