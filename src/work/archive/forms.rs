//! The forms in which results are written.

use super::disk::PendingFile;
use crate::decision::FrameAxis;
use crate::format::{
    self, EmbeddingColumns, EventColumns, FormatError, LabelFormat, ScoreColumns, ScoresWriter, StrongLabels,
    npy_header, read_event_columns,
};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

/// How events are written.
#[derive(Clone, Copy)]
pub enum EventForm {
    /// In a label format that can be written.
    Labels(&'static dyn LabelFormat),
    /// As a table of columns; see [`EventColumns`].
    Parquet,
}

/// The model that proposed events.
#[derive(Clone, Copy, Debug)]
pub struct Proposer<'a> {
    /// The model folder's name.
    pub model: &'a str,
    /// Its version.
    pub version: &'a str,
}

impl EventForm {
    /// The form called `id` on the command line.
    pub fn by_id(id: &str) -> Option<Self> {
        if id.eq_ignore_ascii_case(Self::Parquet.id()) {
            return Some(Self::Parquet);
        }
        format::by_id(id).filter(|format| format.can_write()).map(Self::Labels)
    }

    /// The ids of all forms.
    pub fn ids() -> Vec<&'static str> {
        let writable = format::ALL.iter().filter(|format| format.can_write()).map(|format| format.id());
        writable.chain([Self::Parquet.id()]).collect()
    }

    /// Its short name.
    pub fn id(self) -> &'static str {
        match self {
            Self::Labels(format) => format.id(),
            Self::Parquet => "parquet",
        }
    }

    /// What the file of a recording is called.
    pub fn file_name_of(self, stem: &str) -> String {
        match self {
            Self::Labels(format) => {
                let name = format.file_name_of(stem);
                // Some programs look for one name in each folder, and a folder here has many recordings.
                let has_one_name = name == format.file_name_of(&format!("{stem}_"));
                if has_one_name { format!("{stem}.{name}") } else { name }
            }
            Self::Parquet => format!("{stem}.parquet"),
        }
    }

    /// Writes the whole content of a file.
    ///
    /// # Errors
    /// As `out` reports them.
    pub fn write(self, labels: &StrongLabels, by: Proposer<'_>, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Labels(format) => format.write(labels, out),
            Self::Parquet => {
                let mut table = EventColumns::begin(Vec::new(), by.model, by.version, notes_of(labels))?;
                table.push(&labels.rows)?;
                out.write_all(&table.finish()?)
            }
        }
    }

    /// Reads what was written.
    ///
    /// # Errors
    /// It is gone or was changed.
    pub(super) fn read(self, path: &Path) -> Result<StrongLabels, FormatError> {
        match self {
            Self::Labels(form) => format::read_file(form, path),
            Self::Parquet => read_event_columns(path),
        }
    }

    /// Whether [`Self::read`] can.
    pub(super) fn can_read(self) -> bool {
        self.format().is_none_or(|format| format.can_read())
    }

    /// The label format, if it is one.
    pub(super) fn format(self) -> Option<&'static dyn LabelFormat> {
        match self {
            Self::Labels(format) => Some(format),
            Self::Parquet => None,
        }
    }
}

/// What no row says: the recordings of a table, those without events included, and their lengths.
fn notes_of(labels: &StrongLabels) -> Vec<(&'static str, String)> {
    let files: Vec<serde_json::Value> = labels
        .files
        .iter()
        .map(|file| serde_json::json!({ "filename": &*file.name, "duration": file.duration_secs }))
        .collect();
    vec![("earmark.recordings", serde_json::Value::from(files).to_string())]
}

/// How frame scores are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScoreForm {
    /// A TAB-separated table: `onset offset CLASS…`.
    Tsv,
    /// A table of columns; see [`ScoreColumns`].
    Parquet,
}

impl ScoreForm {
    /// Its short name and extension.
    pub fn id(self) -> &'static str {
        match self {
            Self::Tsv => "tsv",
            Self::Parquet => "parquet",
        }
    }

    /// Starts a file of the scores of the recording called `name`.
    ///
    /// # Errors
    /// As `out` reports them.
    pub fn begin(
        self,
        out: Box<dyn PendingFile>,
        name: &str,
        axis: FrameAxis,
        classes: &[Arc<str>],
    ) -> io::Result<Box<dyn ScoreSink>> {
        match self {
            Self::Tsv => Ok(Box::new(ScoresWriter::begin(out, axis, classes)?)),
            Self::Parquet => Ok(Box::new(ScoreColumns::begin(out, name, axis, classes)?)),
        }
    }
}

/// How embeddings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmbeddingForm {
    /// An array of NumPy, `[row × number]`.
    Npy,
    /// A table of columns; see [`EmbeddingColumns`].
    Parquet,
}

impl EmbeddingForm {
    /// Its short name and extension.
    pub fn id(self) -> &'static str {
        match self {
            Self::Npy => "npy",
            Self::Parquet => "parquet",
        }
    }

    /// Starts a file of the embeddings of the recording called `name`, of `size` numbers each.
    ///
    /// # Errors
    /// As `out` reports them.
    pub fn begin(
        self,
        mut out: Box<dyn PendingFile>,
        name: &str,
        axis: FrameAxis,
        size: usize,
    ) -> io::Result<Box<dyn ScoreSink>> {
        match self {
            Self::Npy => {
                out.write_all(&npy_header(0, size))?;
                Ok(Box::new(ArrayRows { out, columns: size, values: 0 }))
            }
            Self::Parquet => Ok(Box::new(EmbeddingColumns::begin(out, name, axis, size)?)),
        }
    }
}

/// An array that is being written.
struct ArrayRows {
    out: Box<dyn PendingFile>,
    columns: usize,
    values: u64,
}

impl ScoreSink for ArrayRows {
    fn push(&mut self, rows: &[f32]) -> io::Result<()> {
        let bytes: Vec<u8> = rows.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.values += rows.len() as u64;
        self.out.write_all(&bytes)
    }

    fn finish(mut self: Box<Self>, _duration_secs: f64) -> io::Result<Box<dyn PendingFile>> {
        self.out.write_over_start(&npy_header(self.values / self.columns.max(1) as u64, self.columns))?;
        Ok(self.out)
    }
}

impl ScoreSink for EmbeddingColumns<Box<dyn PendingFile>> {
    fn push(&mut self, rows: &[f32]) -> io::Result<()> {
        EmbeddingColumns::push(self, rows)
    }

    fn finish(self: Box<Self>, duration_secs: f64) -> io::Result<Box<dyn PendingFile>> {
        EmbeddingColumns::finish(*self, duration_secs)
    }
}

/// Takes rows of a recording as they come.
pub trait ScoreSink: Send {
    /// Takes whole rows.
    ///
    /// # Errors
    /// As the file below reports them.
    fn push(&mut self, rows: &[f32]) -> io::Result<()>;

    /// Ends the file with the recording's end, but does not put it in its place.
    ///
    /// # Errors
    /// As the file below reports them.
    fn finish(self: Box<Self>, duration_secs: f64) -> io::Result<Box<dyn PendingFile>>;
}

impl ScoreSink for ScoresWriter<Box<dyn PendingFile>> {
    fn push(&mut self, rows: &[f32]) -> io::Result<()> {
        ScoresWriter::push(self, rows)
    }

    fn finish(self: Box<Self>, duration_secs: f64) -> io::Result<Box<dyn PendingFile>> {
        ScoresWriter::finish(*self, duration_secs)
    }
}

impl ScoreSink for ScoreColumns<Box<dyn PendingFile>> {
    fn push(&mut self, rows: &[f32]) -> io::Result<()> {
        ScoreColumns::push(self, rows)
    }

    fn finish(self: Box<Self>, duration_secs: f64) -> io::Result<Box<dyn PendingFile>> {
        ScoreColumns::finish(*self, duration_secs)
    }
}
