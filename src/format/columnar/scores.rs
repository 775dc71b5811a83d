//! Frame scores as a table of columns, written as they come.

use super::{
    finish, io_error, number_column, properties, table, text_column, write_doubles, write_floats, write_texts,
};
use crate::decision::FrameAxis;
use parquet::basic::{Repetition, Type as Physical};
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedFileWriter;
use std::collections::HashSet;
use std::io::{self, Write};
use std::sync::Arc;

/// Frames that are written together: of 521 classes, 4 MB.
const GROUP_FRAMES: usize = 2048;

/// Columns beside those of classes.
const OWN_COLUMNS: [&str; 3] = ["filename", "onset", "offset"];

/// A table of the scores of one recording that is being written.
pub struct ScoreColumns<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    filename: ByteArray,
    axis: FrameAxis,
    class_count: usize,
    /// Frames that were written.
    written: usize,
    /// Rows that wait, `[frame × class]`.
    rows: Vec<f32>,
}

impl<W: Write + Send> ScoreColumns<W> {
    /// Starts the table of the recording called `filename`.
    ///
    /// # Errors
    /// As `out` reports them; two columns would have one name.
    pub fn begin(out: W, filename: &str, axis: FrameAxis, classes: &[Arc<str>]) -> io::Result<Self> {
        let mut names: HashSet<&str> = OWN_COLUMNS.into();
        if let Some(twice) = classes.iter().find(|class| !names.insert(class)) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("there would be two columns \"{twice}\"")));
        }
        let properties = properties(&["filename"], Vec::new());
        let writer = schema(classes).and_then(|schema| SerializedFileWriter::new(out, schema, Arc::new(properties)));
        let (writer, filename) = (writer.map_err(io_error)?, filename.as_bytes().into());
        Ok(Self { writer, filename, axis, class_count: classes.len(), written: 0, rows: Vec::new() })
    }

    /// Appends rows `[frame × class]`.
    ///
    /// # Errors
    /// As the file below reports them.
    pub fn push(&mut self, scores: &[f32]) -> io::Result<()> {
        self.rows.extend_from_slice(scores);
        let group = GROUP_FRAMES * self.class_count;
        // One frame stays, because only the last one ends with the recording.
        while self.rows.len() > group {
            self.write_group(GROUP_FRAMES, None).map_err(io_error)?;
        }
        Ok(())
    }

    /// Ends the table with the recording.
    ///
    /// # Errors
    /// As the file below reports them.
    pub fn finish(mut self, duration_secs: f64) -> io::Result<W> {
        let left = self.rows.len() / self.class_count.max(1);
        if left > 0 {
            self.write_group(left, Some(duration_secs)).map_err(io_error)?;
        }
        finish(self.writer)
    }

    /// Writes the first `frames` of the rows that wait; `end_secs` is where the last of them ends if nothing follows.
    fn write_group(&mut self, frames: usize, end_secs: Option<f64>) -> Result<(), ParquetError> {
        let times = self.written..self.written + frames;
        let onsets: Vec<f64> = times.clone().map(|frame| self.axis.onset_secs(frame)).collect();
        let mut offsets: Vec<f64> = times.map(|frame| self.axis.onset_secs(frame + 1)).collect();
        if let (Some(end_secs), Some(last)) = (end_secs, offsets.last_mut()) {
            *last = end_secs;
        }
        let mut group = self.writer.next_row_group()?;
        write_texts(&mut group, &vec![self.filename.clone(); frames], None)?;
        write_doubles(&mut group, &onsets, None)?;
        write_doubles(&mut group, &offsets, None)?;
        let mut column = Vec::with_capacity(frames);
        for class in 0..self.class_count {
            column.clear();
            column.extend(self.rows[class..].iter().step_by(self.class_count).take(frames));
            write_floats(&mut group, &column, None)?;
        }
        group.close()?;
        self.written += frames;
        self.rows.drain(..frames * self.class_count);
        Ok(())
    }
}

fn schema(classes: &[Arc<str>]) -> Result<Arc<parquet::schema::types::Type>, ParquetError> {
    let mut columns = vec![
        text_column("filename", Repetition::REQUIRED)?,
        number_column("onset", Physical::DOUBLE, Repetition::REQUIRED)?,
        number_column("offset", Physical::DOUBLE, Repetition::REQUIRED)?,
    ];
    for class in classes {
        columns.push(number_column(class, Physical::FLOAT, Repetition::REQUIRED)?);
    }
    table(columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    #[test]
    fn rows_are_read_again_whatever_the_pieces_they_came_in() {
        let axis = FrameAxis { first_onset_secs: 0.43, hop_secs: 0.1 };
        let classes: Vec<Arc<str>> = vec!["Dog".into(), "Cat, tom".into()];
        let frames = 2 * GROUP_FRAMES + 5;
        let scores: Vec<f32> = (0..2 * frames).map(|n| (n % 1000) as f32 / 1000.0).collect();
        for piece in [2, 1_000, 9_000] {
            let file = tempfile::NamedTempFile::new().unwrap();
            let mut table = ScoreColumns::begin(file.reopen().unwrap(), "a/b.wav", axis, &classes).unwrap();
            scores.chunks(piece).for_each(|rows| table.push(rows).unwrap());
            drop(table.finish(1234.5).unwrap());
            let reader = SerializedFileReader::new(file.reopen().unwrap()).unwrap();
            let rows: Vec<Vec<Field>> = reader
                .get_row_iter(None)
                .unwrap()
                .map(|row| row.unwrap().get_column_iter().map(|(_, field)| field.clone()).collect())
                .collect();
            assert_eq!(rows.len(), frames);
            for (frame, row) in rows.iter().enumerate() {
                let end = if frame + 1 == frames { 1234.5 } else { axis.onset_secs(frame + 1) };
                let expected = [
                    Field::Str("a/b.wav".to_owned()),
                    Field::Double(axis.onset_secs(frame)),
                    Field::Double(end),
                    Field::Float(scores[2 * frame]),
                    Field::Float(scores[2 * frame + 1]),
                ];
                assert_eq!(row, &expected);
            }
        }
    }

    #[test]
    fn classes_that_are_called_like_other_columns_are_refused() {
        let axis = FrameAxis { first_onset_secs: 0.0, hop_secs: 0.1 };
        for classes in [["onset", "Dog"], ["Dog", "Dog"]] {
            let classes: Vec<Arc<str>> = classes.map(Into::into).to_vec();
            let error = ScoreColumns::begin(Vec::new(), "a", axis, &classes).err().unwrap();
            assert!(error.to_string().contains("two columns"), "{error}");
        }
    }
}
