//! Annotation formats in and out, one file each, and the way between their rows and a [`Document`](crate::annotation::Document).
//!
//! *Invariant*: nothing is dropped in silence. Each row of a file that is read becomes an event, a recording without events, or a
//! [`Warning`] with its line number.
//!
//! A new format is one file with a [`LabelFormat`] and one line in [`ALL`].

mod cell;
mod collector;
mod dcase;
mod dcase_list;
mod event_columns;
mod exchange;
mod holds;
mod import_plan;
pub mod label_set;
mod overlaps;
mod read_options;
mod recording_index;
mod sniff;
mod strong_label;
mod table;
mod text;
mod text_source;

pub use dcase::Dcase;
pub use dcase_list::DcaseList;
pub use exchange::{ExportChoices, ExportGathering, ExportedRecording, export, exported};
pub use holds::{Holds, losses};
pub use import_plan::{
    FileMatch, Happening, Import, ImportAs, ImportChoices, ImportPlan, LabelFate, LeftOut, RowRemark, import,
};
pub use overlaps::united_overlaps;
pub use read_options::{Choice, Question, ReadOptions, TimeUnit};
pub use recording_index::{KnownRecording, RecordingIndex};
pub use sniff::{Head, Likelihood, sniff};
pub use strong_label::{LabelledFile, LineEnd, Particulars, StrongLabel, StrongLabels};
pub use text_source::{MAX_BYTES, TextSource};

use crate::project::write_atomically;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Every format that the program can read or write, the one that is offered first in front.
pub const ALL: &[&dyn LabelFormat] = &[&Dcase, &DcaseList];

/// The format of an id as `--from` and `--to` take it.
pub fn by_id(id: &str) -> Option<&'static dyn LabelFormat> {
    ALL.iter().copied().find(|format| format.id().eq_ignore_ascii_case(id))
}

/// A way of writing strong labels down.
pub trait LabelFormat: Sync {
    /// The short name for the command line, lower case and without spaces: `dcase`.
    fn id(&self) -> &'static str;

    /// The name that the window shows: `DCASE strong labels`.
    fn name(&self) -> &'static str;

    /// The file name extensions without their dot, the one to write in front.
    fn extensions(&self) -> &'static [&'static str];

    /// What a file of this format can say.
    fn holds(&self) -> Holds;

    /// How well the start of a file looks like this format.
    fn likelihood(&self, head: &Head<'_>) -> Likelihood;

    /// Reads the rows of a text into `labels`. What has no recording belongs to `options.file_stem`. A table is read line by line; only
    /// formats whose grammar spans lines (XML, JSON) take the whole text.
    ///
    /// # Errors
    /// [`ReadError::NotLabels`] says in words why this is not a file of this format at all; single bad rows become warnings.
    fn read(
        &self,
        source: &mut TextSource<'_>,
        options: &ReadOptions,
        labels: &mut StrongLabels,
    ) -> Result<(), ReadError>;

    /// Whether [`Self::write`] does anything.
    fn can_write(&self) -> bool {
        true
    }

    /// Writes the whole content of a file. What the format cannot hold is left out: [`losses`] has told it before.
    ///
    /// # Errors
    /// As `out` reports them.
    fn write(&self, labels: &StrongLabels, out: &mut dyn Write) -> io::Result<()>;

    /// The content as [`Self::write`] writes it, for small files and tests.
    fn written(&self, labels: &StrongLabels) -> String {
        let mut bytes = Vec::new();
        match self.write(labels, &mut bytes) {
            Ok(()) => String::from_utf8_lossy(&bytes).into_owned(),
            // A vector takes all bytes.
            Err(_) => String::new(),
        }
    }
}

/// Why the rows of a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file system refuses to read.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// Not a label file of this format: why, and what is expected.
    #[error("{0}")]
    NotLabels(String),
}

/// Something that the user should know about a label file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Which line, counted from 1; 0 for the file as a whole.
    pub line: usize,
    /// What is the matter and what was done.
    pub text: String,
    /// Whether the row was left out.
    pub row_rejected: bool,
}

impl std::fmt::Display for Warning {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.line > 0 {
            write!(formatter, "line {}: ", self.line)?;
        }
        write!(formatter, "{}{}", self.text, if self.row_rejected { "; row left out" } else { "" })
    }
}

/// Why a label file cannot be read or written. Each message names the file, the reason and what to do.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The file system refuses to read.
    #[error("{path}: cannot be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file system refuses to write; what was there before is unchanged.
    #[error("{path}: cannot be written: {source}. Choose another folder or name")]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Not a label file of this format.
    #[error("{path}: {reason}")]
    NotLabels {
        /// The file.
        path: PathBuf,
        /// Why, and what is expected.
        reason: String,
    },
}

/// Reads labels from any source of bytes; `path` is for messages and for rows without a file name.
///
/// # Errors
/// [`FormatError::Read`] and [`FormatError::NotLabels`].
pub fn read(format: &dyn LabelFormat, reader: impl Read, path: &Path) -> Result<StrongLabels, FormatError> {
    let mut bytes = Vec::new();
    let source = match reader.take(MAX_BYTES + 1).read_to_end(&mut bytes) {
        Ok(_) => TextSource::from_bytes(&bytes),
        Err(error) => return Err(told(path, error.into())),
    };
    read_source(format, source, &ReadOptions::of(path), path)
}

/// Reads a label file with the answers to what it leaves open.
///
/// # Errors
/// As [`read`].
pub fn read_with(format: &dyn LabelFormat, path: &Path, options: &ReadOptions) -> Result<StrongLabels, FormatError> {
    let source = TextSource::open(path).map_err(|error| told(path, error.into()))?;
    read_source(format, source, options, path)
}

/// Reads a label file.
///
/// # Errors
/// As [`read`].
pub fn read_file(format: &dyn LabelFormat, path: &Path) -> Result<StrongLabels, FormatError> {
    read_with(format, path, &ReadOptions::of(path))
}

fn read_source(
    format: &dyn LabelFormat,
    mut source: TextSource<'_>,
    options: &ReadOptions,
    path: &Path,
) -> Result<StrongLabels, FormatError> {
    let mut labels = StrongLabels::default();
    format.read(&mut source, options, &mut labels).map_err(|error| told(path, error))?;
    if let Some(note) = source.note() {
        labels.warnings.insert(0, Warning { line: 0, text: note.to_owned(), row_rejected: false });
    }
    labels.line_end = source.line_end();
    Ok(labels)
}

fn told(path: &Path, error: ReadError) -> FormatError {
    let path = path.to_path_buf();
    match error {
        ReadError::Io(source) => FormatError::Read { path, source },
        ReadError::NotLabels(reason) => FormatError::NotLabels { path, reason },
    }
}

/// Writes a label file: whole or not at all.
///
/// # Errors
/// [`FormatError::Write`].
pub fn write_file(format: &dyn LabelFormat, path: &Path, labels: &StrongLabels) -> Result<(), FormatError> {
    let refused = |source| FormatError::Write { path: path.to_path_buf(), source };
    let mut bytes = Vec::new();
    format.write(labels, &mut bytes).map_err(refused)?;
    write_atomically(path, &bytes).map_err(refused)
}
