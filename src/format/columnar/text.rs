//! A Parquet table as the text that it would be as CSV, so that each format of tables reads it: BirdNET's results, and events of Earmark's own.

use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How Parquet files begin.
pub const PARQUET_MARK: &[u8] = b"PAR1";

/// The table's rows below its header, separated by commas, quoted where that is needed; an empty cell where there is no value.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] if the table is damaged, or its text would be longer than `most_bytes`.
pub fn parquet_as_csv(file: File, most_bytes: u64) -> io::Result<String> {
    let refused = |reason: String| io::Error::new(io::ErrorKind::InvalidData, reason);
    // The library may panic on a damaged file.
    let read = catch_unwind(AssertUnwindSafe(|| csv_of(file, most_bytes)));
    match read {
        Ok(Ok(Some(text))) => Ok(text),
        Ok(Ok(None)) => Err(refused(format!("a Parquet table of more than {} MB of text: split it", most_bytes >> 20))),
        Ok(Err(error)) => Err(refused(format!("the Parquet table is damaged: {error}"))),
        Err(_) => Err(refused("the Parquet table is damaged".to_owned())),
    }
}

/// The text, if it is no longer than that.
fn csv_of(file: File, most_bytes: u64) -> Result<Option<String>, ParquetError> {
    let reader = SerializedFileReader::new(file)?;
    let mut text = String::new();
    let schema = reader.metadata().file_metadata().schema();
    push_row(&mut text, schema.get_fields().iter().map(|column| column.name().to_owned()));
    for row in reader.get_row_iter(None)? {
        push_row(&mut text, row?.get_column_iter().map(|(_, field)| cell_of(field)));
        if text.len() as u64 > most_bytes {
            return Ok(None);
        }
    }
    Ok(Some(text))
}

fn cell_of(field: &Field) -> String {
    match field {
        Field::Null => String::new(),
        Field::Str(text) => text.clone(),
        // As short as it can be told from its neighbours, and not in powers of ten.
        Field::Float(number) => number.to_string(),
        Field::Double(number) => number.to_string(),
        other => other.to_string(),
    }
}

fn push_row(text: &mut String, cells: impl Iterator<Item = String>) {
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            text.push(',');
        }
        if cell.contains([',', '"', '\n', '\r']) {
            text.push('"');
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(&cell);
        }
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::super::{
        EventColumns, finish, number_column, properties, table, text_column, write_doubles, write_texts,
    };
    use super::*;
    use crate::format::{self, ReadOptions, StrongLabel};
    use crate::time::Span;
    use parquet::basic::{Repetition, Type as Physical};
    use parquet::file::writer::SerializedFileWriter;
    use std::sync::Arc;

    /// The columns of BirdNET's CSV.
    fn birdnet(file: File) {
        let number = |name| number_column(name, Physical::DOUBLE, Repetition::REQUIRED).unwrap();
        let text = |name| text_column(name, Repetition::REQUIRED).unwrap();
        let columns = vec![
            number("Start (s)"),
            number("End (s)"),
            text("Scientific name"),
            text("Common name"),
            number("Confidence"),
            text("File"),
        ];
        let properties = Arc::new(properties(&[], Vec::new()));
        let mut writer = SerializedFileWriter::new(file, table(columns).unwrap(), properties).unwrap();
        let mut group = writer.next_row_group().unwrap();
        write_doubles(&mut group, &[0.0, 3.0], None).unwrap();
        write_doubles(&mut group, &[3.0, 6.0], None).unwrap();
        write_texts(&mut group, &["Parus major".into(), "Bubo bubo".into()], None).unwrap();
        write_texts(&mut group, &["Great Tit".into(), "Owl, \"Eagle\"".into()], None).unwrap();
        write_doubles(&mut group, &[0.8123, 0.5], None).unwrap();
        write_texts(&mut group, &["/data/a.wav".into(), "/data/a.wav".into()], None).unwrap();
        group.close().unwrap();
        finish(writer).unwrap();
    }

    #[test]
    fn results_of_birdnet_are_read_as_its_csv() {
        let file = tempfile::NamedTempFile::new().unwrap();
        birdnet(file.reopen().unwrap());
        let (format, labels) = format::read_any(file.path(), &ReadOptions::default()).unwrap();
        let rows: Vec<_> =
            labels.rows.iter().map(|row| (row.span, &*row.event_label, row.score, &*row.filename)).collect();
        let span = Span::between;
        assert_eq!(format.id(), "birdnet");
        assert_eq!(
            rows,
            [
                (span(0.0, 3.0), "Great Tit", Some(0.8123), "/data/a.wav"),
                (span(3.0, 6.0), "Owl, \"Eagle\"", Some(0.5), "/data/a.wav"),
            ]
        );
    }

    #[test]
    fn events_of_our_own_are_read_as_a_table_of_dcase() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut columns = EventColumns::begin(file.reopen().unwrap(), "yamnet", "1", Vec::new()).unwrap();
        columns.push(&[StrongLabel::new("a.wav", Span::between(0.5, 1.25), "Dog")]).unwrap();
        drop(columns.finish().unwrap());
        let (format, labels) = format::read_any(file.path(), &ReadOptions::default()).unwrap();
        assert_eq!((format.id(), labels.rows.len()), ("dcase", 1));
        assert_eq!((labels.rows[0].span, &*labels.rows[0].event_label), (Span::between(0.5, 1.25), "Dog"));
    }

    #[test]
    fn what_is_damaged_or_too_long_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        birdnet(file.reopen().unwrap());
        let refused = |most| parquet_as_csv(file.reopen().unwrap(), most).unwrap_err().to_string();
        assert!(refused(20).contains("split it"));
        let bytes = std::fs::read(file.path()).unwrap();
        for end in (4..bytes.len()).step_by(7) {
            std::fs::write(file.path(), &bytes[..end]).unwrap();
            assert!(refused(1 << 20).contains("is damaged"), "{end}");
        }
    }
}
