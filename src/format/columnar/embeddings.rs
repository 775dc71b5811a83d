//! Embeddings as a table of columns, written as they come.

use super::{
    finish, io_error, number_column, properties, table, text_column, write_doubles, write_floats, write_texts,
};
use crate::decision::FrameAxis;
use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use std::io::{self, Write};
use std::sync::Arc;

/// Rows that are written together: of 1024 numbers, 4 MB.
const GROUP_ROWS: usize = 1024;

/// A table of the embeddings of one recording that is being written.
pub struct EmbeddingColumns<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    filename: ByteArray,
    axis: FrameAxis,
    size: usize,
    /// Rows that were written.
    written: usize,
    /// Rows that wait, `[row × size]`.
    rows: Vec<f32>,
}

impl<W: Write + Send> EmbeddingColumns<W> {
    /// Starts the table of the recording called `filename`, with `size` numbers a row.
    ///
    /// # Errors
    /// As `out` reports them.
    pub fn begin(out: W, filename: &str, axis: FrameAxis, size: usize) -> io::Result<Self> {
        let properties = properties(&["filename"], Vec::new());
        let writer = schema().and_then(|schema| SerializedFileWriter::new(out, schema, Arc::new(properties)));
        let (writer, filename) = (writer.map_err(io_error)?, filename.as_bytes().into());
        Ok(Self { writer, filename, axis, size, written: 0, rows: Vec::new() })
    }

    /// Appends rows `[row × size]`.
    ///
    /// # Errors
    /// As the file below reports them.
    pub fn push(&mut self, rows: &[f32]) -> io::Result<()> {
        self.rows.extend_from_slice(rows);
        // One row stays, because only the last one ends with the recording.
        while self.rows.len() > GROUP_ROWS * self.size {
            self.write_group(GROUP_ROWS, None).map_err(io_error)?;
        }
        Ok(())
    }

    /// Ends the table with the recording.
    ///
    /// # Errors
    /// As the file below reports them.
    pub fn finish(mut self, duration_secs: f64) -> io::Result<W> {
        let left = self.rows.len() / self.size.max(1);
        if left > 0 {
            self.write_group(left, Some(duration_secs)).map_err(io_error)?;
        }
        finish(self.writer)
    }

    fn write_group(&mut self, count: usize, end_secs: Option<f64>) -> Result<(), ParquetError> {
        let times = self.written..self.written + count;
        let onsets: Vec<f64> = times.clone().map(|row| self.axis.onset_secs(row)).collect();
        let mut offsets: Vec<f64> = times.map(|row| self.axis.onset_secs(row + 1)).collect();
        if let (Some(end_secs), Some(last)) = (end_secs, offsets.last_mut()) {
            *last = end_secs;
        }
        let mut group = self.writer.next_row_group()?;
        write_texts(&mut group, &vec![self.filename.clone(); count], None)?;
        write_doubles(&mut group, &onsets, None)?;
        write_doubles(&mut group, &offsets, None)?;
        let values = count * self.size;
        // Every number is there; 0 begins a list and 1 goes on with it.
        let repeated: Vec<i16> = (0..values).map(|place| i16::from(place % self.size != 0)).collect();
        write_floats(&mut group, &self.rows[..values], Some((&vec![1; values], &repeated)))?;
        group.close()?;
        self.written += count;
        self.rows.drain(..values);
        Ok(())
    }
}

fn schema() -> Result<Arc<Type>, ParquetError> {
    let element = number_column("element", Physical::FLOAT, Repetition::REQUIRED)?;
    let list =
        Type::group_type_builder("list").with_repetition(Repetition::REPEATED).with_fields(vec![element]).build()?;
    let embedding = Type::group_type_builder("embedding")
        .with_repetition(Repetition::REQUIRED)
        .with_logical_type(Some(LogicalType::List))
        .with_fields(vec![Arc::new(list)])
        .build()?;
    table(vec![
        text_column("filename", Repetition::REQUIRED)?,
        number_column("onset", Physical::DOUBLE, Repetition::REQUIRED)?,
        number_column("offset", Physical::DOUBLE, Repetition::REQUIRED)?,
        Arc::new(embedding),
    ])
}
