//! Tables of columns as Apache Parquet files, which DuckDB, pandas, polars and R's arrow read at once, many files as one table:
//! `SELECT * FROM 'results/**/*.parquet'`. Written column by column, without the arrays of Arrow. Compressed with Snappy, which all of them read.
//!
//! # Events ([`EventColumns`])
//!
//! A row an event. A recording without events has a file without rows.
//!
//! | column | type | |
//! | --- | --- | --- |
//! | `filename` | string | the recording, as it is called in results |
//! | `onset`, `offset` | double | seconds from the start of the recording |
//! | `event_label` | string | the class |
//! | `score` | double, may be null | the greatest score within the event, 0 to 1 |
//! | `low_hz`, `high_hz` | double, may be null | the frequencies of the event, where it has any |
//! | `model`, `version` | string, may be null | what proposed it |
//!
//! # Frame scores ([`ScoreColumns`])
//!
//! A row a frame: `filename` (string), `onset` and `offset` (double, seconds), and then a float column for each class, called like it. Wide
//! and not long: it is the layout of sed_scores_eval's tables, one class can be read without the others, and a long table would repeat time
//! and name for each of hundreds of classes.
//!
//! # Embeddings ([`EmbeddingColumns`])
//!
//! A row a clip or frame: `filename` (string), `onset` and `offset` (double, seconds), `embedding` (list of floats).

mod embeddings;
mod events;
mod scores;
mod text;

pub use embeddings::EmbeddingColumns;
pub use events::{EventColumns, read_event_columns};
pub use scores::ScoreColumns;
pub use text::{PARQUET_MARK, parquet_as_csv};

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, FloatType};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{ColumnPath, Type};
use std::io::{self, Write};
use std::sync::Arc;

/// What a file is written with.
fn properties(dictionaries: &[&str], notes: Vec<(&str, String)>) -> WriterProperties {
    let notes = notes.into_iter().map(|(key, value)| KeyValue::new(key.to_owned(), value)).collect();
    let builder: WriterPropertiesBuilder = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(format!("Earmark {}", env!("CARGO_PKG_VERSION")))
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .set_key_value_metadata(Some(notes));
    let with = |builder: WriterPropertiesBuilder, name: &&str| {
        builder.set_column_dictionary_enabled(ColumnPath::from((*name).to_owned()), true)
    };
    dictionaries.iter().fold(builder, with).build()
}

/// A column of text.
fn text_column(name: &str, repetition: Repetition) -> Result<Arc<Type>, ParquetError> {
    let column = Type::primitive_type_builder(name, Physical::BYTE_ARRAY);
    column.with_repetition(repetition).with_logical_type(Some(LogicalType::String)).build().map(Arc::new)
}

/// A column of numbers.
fn number_column(name: &str, physical: Physical, repetition: Repetition) -> Result<Arc<Type>, ParquetError> {
    Type::primitive_type_builder(name, physical).with_repetition(repetition).build().map(Arc::new)
}

fn table(columns: Vec<Arc<Type>>) -> Result<Arc<Type>, ParquetError> {
    Type::group_type_builder("schema").with_fields(columns).build().map(Arc::new)
}

/// An error of the library is one of the file below it, or a mistake of ours.
fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(other) => io::Error::other(other.to_string()),
        },
        error => io::Error::other(error.to_string()),
    }
}

/// Writes the next column of a group, `present` saying which rows have a value where not all must.
fn write_texts<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[ByteArray],
    present: Option<&[i16]>,
) -> Result<(), ParquetError> {
    if let Some(mut column) = group.next_column()? {
        column.typed::<ByteArrayType>().write_batch(values, present, None)?;
        column.close()?;
    }
    Ok(())
}

fn write_doubles<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[f64],
    present: Option<&[i16]>,
) -> Result<(), ParquetError> {
    if let Some(mut column) = group.next_column()? {
        column.typed::<DoubleType>().write_batch(values, present, None)?;
        column.close()?;
    }
    Ok(())
}

fn write_floats<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[f32],
    levels: Option<(&[i16], &[i16])>,
) -> Result<(), ParquetError> {
    if let Some(mut column) = group.next_column()? {
        let (present, repeated) = levels.unzip();
        column.typed::<FloatType>().write_batch(values, present, repeated)?;
        column.close()?;
    }
    Ok(())
}

fn finish<W: Write + Send>(writer: SerializedFileWriter<W>) -> io::Result<W> {
    writer.into_inner().map_err(io_error)
}
