//! What a label file says, whichever format it has.
//!
//! Must not know any format.

use super::{Question, Warning};
use crate::annotation::{Band, Status};
use crate::time::Span;
use std::collections::HashSet;
use std::sync::Arc;

/// One event of one recording, as the file states it: nothing is clamped, also where it makes no sense.
#[derive(Clone, Debug, PartialEq)]
pub struct StrongLabel {
    /// The recording, as the label file names it.
    pub filename: Arc<str>,
    /// When it sounds. The file may state a negative onset, or an offset before the onset; only finite numbers stand here.
    pub span: Span,
    /// What sounds; empty where the file names none.
    pub event_label: Arc<str>,
    /// A moment, not a span.
    pub is_point: bool,
    /// The frequencies where it sounds.
    pub band: Option<Band>,
    /// The score or confidence of the event, 0 to 1 unless the file has another scale.
    pub score: Option<f64>,
    /// What the file says was decided about it; most formats say nothing, and then it is a label.
    pub status: Option<Status>,
    /// What few formats and few rows have.
    pub particulars: Option<Box<Particulars>>,
}

/// What few formats say about an event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Particulars {
    /// What else the same sound is called.
    pub more_labels: Vec<Arc<str>>,
    /// A remark.
    pub comment: String,
    /// Who labelled it.
    pub annotator: Arc<str>,
    /// The model that proposed it.
    pub model: Arc<str>,
    /// Cells of columns that mean nothing to the format, by column name, in the file's order: written back as they were.
    pub fields: Vec<(Arc<str>, String)>,
}

impl StrongLabel {
    /// An event of a recording with nothing else said about it.
    pub fn new(filename: impl Into<Arc<str>>, span: Span, event_label: impl Into<Arc<str>>) -> Self {
        Self {
            filename: filename.into(),
            span,
            event_label: event_label.into(),
            is_point: false,
            band: None,
            score: None,
            status: None,
            particulars: None,
        }
    }

    /// The place for what few rows have.
    pub fn particulars_mut(&mut self) -> &mut Particulars {
        self.particulars.get_or_insert_default()
    }

    /// The cells of columns that mean nothing to the format.
    pub fn fields(&self) -> &[(Arc<str>, String)] {
        self.particulars.as_ref().map_or(&[], |particulars| &particulars.fields)
    }

    /// The cell of a field; empty if there is none of that name.
    pub fn field(&self, name: &str) -> &str {
        self.fields().iter().find(|(field, _)| **field == *name).map_or("", |(_, cell)| cell)
    }

    /// Whether it is a label, as opposed to a prediction that nobody has decided about, or one that is rejected or uncertain.
    pub fn is_label(&self) -> bool {
        self.status.is_none_or(Status::is_label)
    }

    /// All labels, the first one first.
    pub fn labels(&self) -> impl Iterator<Item = &Arc<str>> {
        let more = self.particulars.as_ref().map_or(&[][..], |particulars| &particulars.more_labels);
        std::iter::once(&self.event_label).chain(more)
    }
}

/// A recording that a label file names.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledFile {
    /// Its name or path, as the file writes it.
    pub name: Arc<str>,
    /// Its length in seconds, where the file or the project states it.
    pub duration_secs: Option<f64>,
    /// Its sample rate in hertz, where the file or the project states it.
    pub sample_rate: Option<f64>,
}

impl LabelledFile {
    /// A recording of which only the name is known.
    pub fn named(name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), duration_secs: None, sample_rate: None }
    }
}

/// How the lines of a file end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineEnd {
    /// Line feed.
    #[default]
    Lf,
    /// Carriage return and line feed.
    CrLf,
    /// Carriage return.
    Cr,
}

impl LineEnd {
    /// The characters.
    pub fn text(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
            Self::Cr => "\r",
        }
    }
}

/// What a label file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StrongLabels {
    /// The events in the file's order.
    pub rows: Vec<StrongLabel>,
    /// All recordings in the order in which they first appear, also those that were annotated and have no event.
    pub files: Vec<LabelledFile>,
    /// What could not be taken as it was.
    pub warnings: Vec<Warning>,
    /// What the file leaves open, with what was taken for it.
    pub questions: Vec<Question>,
    /// The names of the columns that mean nothing to the format, in the file's order.
    pub columns: Vec<Arc<str>>,
    /// How the file's lines end.
    pub line_end: LineEnd,
}

impl StrongLabels {
    /// The names of all recordings, in the order in which they first appear.
    pub fn file_names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| &*file.name)
    }

    /// The rows that are labels, each under each of its labels, in the file's order.
    pub fn label_rows(&self) -> impl Iterator<Item = (&StrongLabel, &Arc<str>)> {
        self.rows.iter().filter(|row| row.is_label()).flat_map(|row| row.labels().map(move |label| (row, label)))
    }

    /// The names of all fields that rows of this kind have, those of the file's own columns first, in their order.
    pub fn field_names(&self, is_written: impl Fn(&StrongLabel) -> bool) -> Vec<Arc<str>> {
        let mut names = self.columns.clone();
        let mut known: HashSet<Arc<str>> = names.iter().cloned().collect();
        for (name, _) in self.rows.iter().filter(|row| is_written(row)).flat_map(StrongLabel::fields) {
            if known.insert(name.clone()) {
                names.push(name.clone());
            }
        }
        names
    }

    /// The recordings that no row names, in their order, each once.
    pub fn empty_files(&self) -> Vec<&LabelledFile> {
        let mut seen: HashSet<&str> = self.rows.iter().map(|row| &*row.filename).collect();
        self.files.iter().filter(|file| seen.insert(&file.name)).collect()
    }
}
