//! Annotation formats in and out, one file each, and the way between their rows and a [`Document`](crate::annotation::Document).
//!
//! *Invariant*: nothing is dropped in silence. Each row of a file that is read becomes an event, a recording without events, or a
//! [`Warning`] with its line number.
//!
//! A new format is one file with a [`LabelFormat`] and one line in [`ALL`].

mod dcase;
mod exchange;
pub mod label_set;
mod scores_tsv;
mod text;

pub use dcase::Dcase;
pub use exchange::{Import, export, import};

pub use scores_tsv::{FileScores, ScoresError, parse_scores, read_scores};

use crate::project::write_atomically;
use crate::time::Span;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Every format that the program can read and write, the one that is offered first in front.
pub const ALL: &[&dyn LabelFormat] = &[&Dcase];

/// More than this many bytes are not read as labels: about 10 million rows.
const MAX_BYTES: u64 = 1 << 29;

/// A way of writing strong labels down.
pub trait LabelFormat: Sync {
    /// The name that the window shows: `DCASE strong labels`.
    fn name(&self) -> &'static str;

    /// The file name extensions without their dot, the one to write in front.
    fn extensions(&self) -> &'static [&'static str];

    /// The rows of `text`, whose lines end in any way. Rows without a file name belong to `file_stem`, the label file's own name
    /// without its extension.
    ///
    /// # Errors
    /// In words, why this is not a file of this format at all; single bad rows become warnings.
    fn parse(&self, text: &str, file_stem: &str) -> Result<StrongLabels, String>;

    /// The whole content of a file.
    fn write(&self, labels: &StrongLabels) -> String;
}

/// One event of one recording.
#[derive(Clone, Debug, PartialEq)]
pub struct StrongLabel {
    /// The recording, as the label file names it.
    pub filename: String,
    /// When it sounds.
    pub span: Span,
    /// What sounds.
    pub event_label: Arc<str>,
}

/// What a label file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StrongLabels {
    /// The events in the file's order.
    pub rows: Vec<StrongLabel>,
    /// All recordings in the order in which they first appear, also those that were annotated and have no event.
    pub files: Vec<String>,
    /// What could not be taken as it was.
    pub warnings: Vec<Warning>,
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
    let not_labels = |reason: String| FormatError::NotLabels { path: path.to_path_buf(), reason };
    let mut bytes = Vec::new();
    reader
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| FormatError::Read { path: path.to_path_buf(), source })?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(not_labels(format!("more than {} MiB, which is no label file", MAX_BYTES >> 20)));
    }
    let (text, note) = text::decode(&bytes);
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let mut labels = format.parse(&text, &stem).map_err(not_labels)?;
    if let Some(note) = note {
        labels.warnings.insert(0, Warning { line: 0, text: note, row_rejected: false });
    }
    Ok(labels)
}

/// Reads a label file.
///
/// # Errors
/// As [`read`].
pub fn read_file(format: &dyn LabelFormat, path: &Path) -> Result<StrongLabels, FormatError> {
    let file = File::open(path).map_err(|source| FormatError::Read { path: path.to_path_buf(), source })?;
    read(format, file, path)
}

/// Writes a label file: whole or not at all.
///
/// # Errors
/// [`FormatError::Write`].
pub fn write_file(format: &dyn LabelFormat, path: &Path, labels: &StrongLabels) -> Result<(), FormatError> {
    write_atomically(path, format.write(labels).as_bytes())
        .map_err(|source| FormatError::Write { path: path.to_path_buf(), source })
}
