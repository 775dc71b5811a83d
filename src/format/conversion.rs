//! From files of any format to files of another: reading what a file turns out to be, putting several together, and writing one file or one
//! for each recording.

use super::{
    ALL, FormatError, LabelFormat, LabelledFile, Likelihood, ReadError, ReadOptions, StrongLabel, StrongLabels,
    TextSource, Warning, read_source, sniff, told, write_file,
};
use crate::annotation::Status;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Reads a label file as the format that it looks like most; if that one refuses it, as the next.
///
/// # Errors
/// [`FormatError::Read`], and [`FormatError::NotLabels`] if no format takes it.
pub fn read_any(path: &Path, options: &ReadOptions) -> Result<(&'static dyn LabelFormat, StrongLabels), FormatError> {
    let open = || TextSource::open(path).map_err(|error| told(path, error.into()));
    let file_name = path.file_name().unwrap_or_default().to_string_lossy();
    let source = open()?;
    let found = sniff(&source, &file_name);
    let mut refusal = None;
    for (place, (format, likelihood)) in found.iter().enumerate() {
        match read_source(*format, open()?, options, path) {
            Ok(mut labels) => {
                let rivals: Vec<&str> = (found[place + 1..].iter())
                    .filter(|(_, other)| other == likelihood && *likelihood < Likelihood::Certain)
                    .map(|(other, _)| other.id())
                    .collect();
                if !rivals.is_empty() {
                    let text = format!("read as {}; {} is as likely", format.id(), rivals.join(" or "));
                    labels.warnings.insert(0, Warning { line: 0, text, row_rejected: false });
                }
                return Ok((*format, labels));
            }
            Err(error @ FormatError::NotLabels { .. }) => {
                refusal.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    let ids = || ALL.iter().map(|format| format.id()).collect::<Vec<_>>().join(", ");
    let unknown = || told(path, ReadError::NotLabels(format!("is no label file of a known format: {}", ids())));
    Err(refusal.unwrap_or_else(unknown))
}

impl StrongLabels {
    /// Adds what another file says. What both say of a recording's length and sample rate is taken from the first; the line end stays.
    pub fn append(&mut self, other: Self) {
        let places: HashMap<Arc<str>, usize> =
            self.files.iter().enumerate().map(|(place, file)| (file.name.clone(), place)).collect();
        for file in other.files {
            match places.get(&file.name).and_then(|&place| self.files.get_mut(place)) {
                Some(known) => {
                    known.duration_secs = known.duration_secs.or(file.duration_secs);
                    known.sample_rate = known.sample_rate.or(file.sample_rate);
                }
                None => self.files.push(file),
            }
        }
        let new = other.columns.into_iter().filter(|column| !self.columns.contains(column)).collect::<Vec<_>>();
        self.columns.extend(new);
        self.rows.extend(other.rows);
        self.warnings.extend(other.warnings);
        self.questions.extend(other.questions);
    }

    /// The labels of each recording by themselves, in the order of the recordings.
    pub fn by_recording(&self) -> Vec<Self> {
        let part = |file: &LabelledFile| Self {
            files: vec![file.clone()],
            columns: self.columns.clone(),
            line_end: self.line_end,
            ..Self::default()
        };
        let mut parts: Vec<Self> = self.files.iter().map(part).collect();
        let mut places: HashMap<Arc<str>, usize> =
            self.files.iter().enumerate().map(|(place, file)| (file.name.clone(), place)).collect();
        for row in &self.rows {
            let place = *places.entry(row.filename.clone()).or_insert_with(|| {
                parts.push(part(&LabelledFile::named(row.filename.clone())));
                parts.len() - 1
            });
            parts[place].rows.push(row.clone());
        }
        parts
    }

    /// Unites labels of the same recording and the same class that overlap or touch, as psds_eval and sed_scores_eval need it: from the
    /// first onset to the last offset, with what is said about the first of them and the highest score. Points stay. Returns how many
    /// events that makes fewer.
    pub fn unite_overlaps(&mut self) -> usize {
        let before = self.rows.len();
        let mut order: Vec<usize> = (0..before).filter(|&place| can_unite(&self.rows[place])).collect();
        order.sort_by(|&a, &b| {
            let (a, b) = (&self.rows[a], &self.rows[b]);
            (a.filename.cmp(&b.filename))
                .then_with(|| a.event_label.cmp(&b.event_label))
                .then(a.span.onset_secs.total_cmp(&b.span.onset_secs))
        });
        let mut is_gone = vec![false; before];
        let mut last: Option<usize> = None;
        for place in order {
            let row = self.rows[place].clone();
            match last.and_then(|last| self.rows.get_mut(last)) {
                Some(first)
                    if first.filename == row.filename
                        && first.event_label == row.event_label
                        && row.span.onset_secs <= first.span.offset_secs =>
                {
                    first.span.offset_secs = first.span.offset_secs.max(row.span.offset_secs);
                    first.score = match (first.score, row.score) {
                        (Some(a), Some(b)) => Some(a.max(b)),
                        (a, b) => a.or(b),
                    };
                    is_gone[place] = true;
                }
                _ => last = Some(place),
            }
        }
        let mut gone = is_gone.into_iter();
        self.rows.retain(|_| !gone.next().unwrap_or_default());
        before - self.rows.len()
    }

    /// Makes labels of the predictions, of all or of those with at least this score, and leaves out the others. Returns how many were made,
    /// and how many left out.
    pub fn take_predictions(&mut self, least_score: Option<f64>) -> (usize, usize) {
        let before = self.rows.len();
        let is_predicted = |row: &StrongLabel| row.status == Some(Status::Predicted);
        let is_taken = |row: &StrongLabel| match (least_score, row.score) {
            (Some(least), Some(score)) => score >= least,
            _ => true,
        };
        self.rows.retain(|row| !is_predicted(row) || is_taken(row));
        let mut taken = 0;
        for row in self.rows.iter_mut().filter(|row| is_predicted(row)) {
            row.status = None;
            taken += 1;
        }
        (taken, before - self.rows.len())
    }
}

/// Several labels of one event are several events, which would have to be taken apart first.
fn can_unite(row: &StrongLabel) -> bool {
    row.is_label() && !row.is_point && row.labels().count() == 1
}

/// The files that labels are written to.
#[derive(Clone, Debug, PartialEq)]
pub struct Targets {
    /// The folder of the files, for a format of one recording a file; none if there is one file.
    pub folder: Option<PathBuf>,
    /// Each file with what stands in it.
    pub files: Vec<(PathBuf, StrongLabels)>,
}

impl Targets {
    /// One file, or for a format of one recording a file, where there are several recordings or `path` is a folder, a file for each in it.
    ///
    /// # Errors
    /// In words, if two recordings would be written to the same file.
    pub fn new(format: &dyn LabelFormat, labels: StrongLabels, path: &Path) -> Result<Self, String> {
        if format.holds().many_files || (labels.files.len() <= 1 && !path.is_dir()) {
            return Ok(Self { folder: None, files: vec![(path.to_owned(), labels)] });
        }
        let mut names: HashMap<String, Arc<str>> = HashMap::new();
        let mut files = Vec::new();
        for part in labels.by_recording() {
            let Some(recording) = part.files.first().map(|file| file.name.clone()) else { continue };
            if part.rows.is_empty() && !format.holds().empty_files {
                continue;
            }
            let file_name = recording.rsplit(['/', '\\']).next().unwrap_or(&recording);
            let stem = Path::new(file_name).file_stem().map_or(file_name.into(), |stem| stem.to_string_lossy());
            let name = format.file_name_of(&stem);
            if let Some(other) = names.insert(name.to_lowercase(), recording.clone()) {
                return Err(format!(
                    "{other} and {recording} would both be written to {name}: convert them one at a time"
                ));
            }
            files.push((path.join(name), part));
        }
        Ok(Self { folder: Some(path.to_owned()), files })
    }

    /// Writes them; the folder is made if it is missing.
    ///
    /// # Errors
    /// [`FormatError::Write`]; what was written before stays.
    pub fn write(&self, format: &dyn LabelFormat) -> Result<(), FormatError> {
        if let Some(folder) = &self.folder {
            let refused = |source| FormatError::Write { path: folder.clone(), source };
            std::fs::create_dir_all(folder).map_err(refused)?;
        }
        self.files.iter().try_for_each(|(path, labels)| write_file(format, path, labels))
    }
}
