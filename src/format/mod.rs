//! Annotation formats in and out, one file each, and the way between their rows and a [`Document`](crate::annotation::Document).
//!
//! *Invariant*: nothing is dropped in silence. Each row of a file that is read becomes an event, a recording without events, or a
//! [`Warning`] with its line number.
//!
//! A new format is one file with a [`LabelFormat`] and one line in [`ALL`].

mod aoef;
mod aplose;
mod audacity;
mod audioset;
mod audition;
mod avianz;
mod batdetect2;
mod birdnet;
mod camtrap;
mod cell;
mod chirpity;
mod coco;
mod collector;
mod columnar;
mod conversion;
mod crowsetta;
mod cvat;
mod das;
mod dcase;
mod dcase_list;
mod dcase_weak;
mod durations;
mod elan;
mod event_columns;
mod event_table;
mod exchange;
mod frequency_unit;
mod hear;
mod holds;
mod hoplite;
mod import_plan;
mod jams;
mod json;
mod kaleidoscope;
mod label_pairs;
pub mod label_set;
mod label_studio;
mod maestro;
mod npy;
mod raven;
mod read_options;
mod recording_index;
mod scores_tsv;
mod scores_writer;
mod sniff;
mod sonic_csv;
mod sonic_layer;
mod strong_label;
mod subtitles;
mod table;
mod text;
mod text_source;
mod textgrid;
mod tiers;
mod time_scale;
mod xml;

pub use aoef::Aoef;
pub use aplose::Aplose;
pub use audacity::Audacity;
pub use audioset::{AudioSetStrong, Segment, id_of_name, name_of_id, segment_of};
pub use audition::Audition;
pub use avianz::AviaNz;
pub use batdetect2::BatDetect2;
pub use birdnet::BirdNet;
pub use camtrap::CamtrapDp;
pub use chirpity::Chirpity;
pub use coco::Coco;
pub use columnar::{EmbeddingColumns, EventColumns, ScoreColumns, read_event_columns};
pub use conversion::{Targets, read_any};
pub use crowsetta::{GenericSeq, SimpleSeq};
pub use cvat::CvatTsv;
pub use das::Das;
pub use dcase::Dcase;
pub use dcase_list::DcaseList;
pub use dcase_weak::DcaseWeak;
pub use durations::{DurationTable, Durations};
pub use elan::Elan;
pub use exchange::{ExportChoices, ExportGathering, ExportedRecording, export, exported};
pub use hear::Hear;
pub use holds::{Holds, losses};
pub use hoplite::Hoplite;
pub use import_plan::{
    ExistingEvents, FileMatch, Happening, Import, ImportAs, ImportChoices, ImportPlan, LabelFate, LeftOut, RowRemark,
    import,
};
pub use jams::Jams;
pub use kaleidoscope::Kaleidoscope;
pub use label_pairs::label_pairs;
pub use label_studio::LabelStudio;
pub use maestro::{Clip, Maestro, clip_of, join_clips};
pub use npy::npy_header;
pub use raven::Raven;
pub use read_options::{Choice, Question, ReadOptions, TimeUnit};
pub use recording_index::{KnownRecording, RecordingIndex};
pub use scores_tsv::{FileScores, ScoresError, parse_scores, read_scores};
pub use scores_writer::ScoresWriter;
pub use sniff::{Head, Likelihood, sniff};
pub use sonic_csv::SonicCsv;
pub use sonic_layer::SonicLayer;
pub use strong_label::{LabelledFile, LineEnd, Particulars, StrongLabel, StrongLabels};
pub use subtitles::{SubRip, WebVtt};
pub use text_source::{MAX_BYTES, TextSource};
pub use textgrid::TextGrid;

use crate::project::{AtomicFile, write_atomically};
use std::fs::OpenOptions;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// Every format that the program can read or write, the one that is offered first in front.
pub const ALL: &[&dyn LabelFormat] = &[
    &Dcase,
    &DcaseList,
    &DcaseWeak,
    &DurationTable,
    &Maestro,
    &AudioSetStrong,
    &SimpleSeq,
    &GenericSeq,
    &CvatTsv,
    &Das,
    &Audition,
    &Hoplite,
    &Aplose,
    &Chirpity,
    &Audacity,
    &Raven,
    &BirdNet,
    &Kaleidoscope,
    &TextGrid,
    &Elan,
    &SonicCsv,
    &SonicLayer,
    &SubRip,
    &WebVtt,
    &LabelStudio,
    &Jams,
    &Aoef { is_model_run: false },
    &Aoef { is_model_run: true },
    &Hear,
    &Coco,
    &CamtrapDp { has_proposed: false },
    &CamtrapDp { has_proposed: true },
    &AviaNz,
    &BatDetect2,
];

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

    /// What the file of a recording is called, where each has one of its own.
    fn file_name_of(&self, recording_stem: &str) -> String {
        format!("{recording_stem}.{}", self.extensions().first().copied().unwrap_or("txt"))
    }

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

    /// What is lost on the way into this format beside what [`Self::holds`] tells, in words with counts; and what has to be taken for
    /// what is not known.
    fn own_losses(&self, _labels: &StrongLabels) -> Vec<String> {
        Vec::new()
    }

    /// Whether [`Self::read`] ever gives anything.
    fn can_read(&self) -> bool {
        true
    }

    /// Whether [`Self::write`] does anything.
    fn can_write(&self) -> bool {
        true
    }

    /// Writes the whole content of a file. What the format cannot hold is left out: [`losses`] has told it before.
    ///
    /// # Errors
    /// As `out` reports them, and always for a format that is only read.
    fn write(&self, _labels: &StrongLabels, _out: &mut dyn Write) -> io::Result<()> {
        Err(io::Error::new(io::ErrorKind::Unsupported, format!("{} are only read", self.name())))
    }

    /// The name of a file that belongs beside the written one.
    fn companion(&self) -> Option<&'static str> {
        None
    }

    /// The whole content of [`Self::companion`], given what stands in it already.
    fn companion_text(&self, _labels: &StrongLabels, _existing: Option<&str>) -> String {
        String::new()
    }

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

/// Writes a label file, whole or not at all, and what belongs beside it.
///
/// # Errors
/// [`FormatError::Write`].
pub fn write_file(format: &dyn LabelFormat, path: &Path, labels: &StrongLabels) -> Result<(), FormatError> {
    let write = || {
        let file = AtomicFile::beside(path)?;
        let mut out = BufWriter::new(OpenOptions::new().write(true).open(file.path())?);
        format.write(labels, &mut out)?;
        out.flush()?;
        file.commit()
    };
    write().map_err(|source| FormatError::Write { path: path.to_path_buf(), source })?;
    let Some(companion) = format.companion().map(|name| path.with_file_name(name)) else { return Ok(()) };
    let refused = |source| FormatError::Write { path: companion.clone(), source };
    let existing = match std::fs::read_to_string(&companion) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(refused(error)),
    };
    let text = format.companion_text(labels, existing.as_deref());
    write_atomically(&companion, text.as_bytes()).map_err(refused)
}
