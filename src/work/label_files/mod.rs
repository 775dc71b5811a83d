//! Label files, read, planned and written on the storage thread. What becomes of events is the window's.

mod reading;
mod writing;

pub use reading::label_extensions;

use crate::format::{
    self, Choice, ExportChoices, ExportedRecording, ImportChoices, ImportPlan, KnownRecording, Likelihood,
    RecordingIndex, StrongLabels,
};
use std::path::PathBuf;
use std::sync::Arc;

/// An answer to a question of a format that was given before, for files that ask the same.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RememberedAnswer {
    /// The format's id.
    pub format: String,
    /// What was open, as [`Choice`] is named.
    pub choice: String,
    /// The answers that there were: of columns, which there are.
    pub answers: Vec<String>,
    /// The one that was given.
    pub answer: String,
}

/// How label files are to be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LabelReading {
    /// The format's id; none for the most likely one.
    pub format: Option<&'static str>,
    /// The recordings' sample rate in hertz, for times in samples.
    pub sample_rate: Option<f64>,
    /// How many times slower recordings play than their sound was; none for as fast.
    pub time_expansion: Option<f64>,
    /// Answers that were given now.
    pub answers: Vec<(Choice, String)>,
    /// Answers that were given to the same questions before.
    pub remembered: Vec<RememberedAnswer>,
}

/// What label files say, all of them together.
#[derive(Debug)]
pub struct LabelsRead {
    /// The id of the format they were read as.
    pub format: &'static str,
    /// The ids of the formats that may read all of them, the most likely one first.
    pub candidates: Vec<(&'static str, Likelihood)>,
    /// The files that were read.
    pub files: Vec<PathBuf>,
    /// The files that could not be read, with the reasons.
    pub failures: Vec<String>,
    /// All rows.
    pub labels: StrongLabels,
    /// What could not be taken as it was, with the file's name where there are several.
    pub warnings: Vec<String>,
    /// How many rows of the files are left out because they cannot be read.
    pub unreadable_rows: usize,
    /// All labels by name, with how many rows have them.
    pub label_counts: Vec<(Arc<str>, usize)>,
    /// The least and the greatest score, if rows have any.
    pub scores: Option<(f64, f64)>,
    /// Whether rows say what was decided.
    pub has_status: bool,
}

impl LabelsRead {
    /// Whether a row has this label.
    pub fn has_label(&self, label: &str) -> bool {
        self.label_counts.binary_search_by(|(known, _)| (**known).cmp(label)).is_ok()
    }

    /// Whether something is open without which no row can be read.
    pub fn is_waiting(&self) -> bool {
        self.labels.questions.iter().any(|question| question.taken.is_none())
    }
}

/// What the storage thread is to do about label files.
#[derive(Debug)]
pub enum LabelFileTask {
    /// Read files; a folder stands for the label files in it.
    Read {
        /// Names the request.
        number: u64,
        /// The files.
        paths: Vec<PathBuf>,
        /// How.
        reading: Box<LabelReading>,
        /// The project's recordings, whose lengths may be needed.
        recordings: Vec<KnownRecording>,
    },
    /// Find out what importing does.
    Plan {
        /// Names the request.
        number: u64,
        /// What was read.
        read: Arc<LabelsRead>,
        /// The project's recordings.
        recordings: Recordings,
        /// How rows become events.
        choices: Box<ImportChoices>,
    },
    /// Find out what exporting does.
    Weigh {
        /// Names the request.
        number: u64,
        /// All events.
        recordings: Arc<Vec<ExportedRecording>>,
        /// Which of them.
        choices: Box<ExportChoices>,
        /// Whether labels of one class that overlap or touch become one.
        unites: bool,
        /// The format's id.
        format: &'static str,
    },
    /// Write labels.
    Write {
        /// The labels.
        labels: Arc<StrongLabels>,
        /// The format's id.
        format: &'static str,
        /// Where.
        target: ExportTarget,
    },
}

/// The recordings of a project, or what was made of them before.
#[derive(Clone, Debug)]
pub enum Recordings {
    /// All of them.
    Listed(Vec<KnownRecording>),
    /// As they were looked at before.
    Indexed(Arc<RecordingIndex>),
}

/// Where labels are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportTarget {
    /// All into this file.
    File(PathBuf),
    /// A file for each recording into this folder.
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Whether files that are there already are replaced; else they stay as they are.
        replaces: bool,
    },
}

/// What exporting does.
#[derive(Debug)]
pub struct ExportWeighed {
    /// What would be written.
    pub labels: Arc<StrongLabels>,
    /// What the format cannot hold of it.
    pub losses: Vec<String>,
    /// How many labels overlap or touch an earlier one of their class, before any were united.
    pub overlaps: usize,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportWritten {
    /// How many events.
    pub events: usize,
    /// Of how many recordings.
    pub recordings: usize,
    /// How many files.
    pub files: usize,
    /// The files that were there already and stay as they were.
    pub kept: Vec<PathBuf>,
}

/// What came of it.
#[derive(Debug)]
pub enum LabelFileNews {
    /// Files were read, or why none.
    Read {
        /// Which request.
        number: u64,
        /// What they say.
        result: Result<Arc<LabelsRead>, String>,
    },
    /// What importing does.
    Planned {
        /// Which request.
        number: u64,
        /// What.
        plan: Box<ImportPlan>,
        /// The recordings by name, for the next time.
        index: Arc<RecordingIndex>,
    },
    /// What exporting does.
    Weighed {
        /// Which request.
        number: u64,
        /// What.
        weighed: Box<ExportWeighed>,
    },
    /// Labels were written, or why not.
    Written {
        /// Where.
        path: PathBuf,
        /// What.
        result: Result<ExportWritten, String>,
    },
}

/// Does a task.
pub fn carry_out(task: LabelFileTask) -> LabelFileNews {
    match task {
        LabelFileTask::Read { number, paths, reading, recordings } => {
            let result = reading::read_all(&paths, &reading, &recordings).map(Arc::new);
            LabelFileNews::Read { number, result }
        }
        LabelFileTask::Plan { number, read, recordings, choices } => {
            let index = match recordings {
                Recordings::Indexed(index) => index,
                Recordings::Listed(all) => {
                    let all = all.iter().map(|known| (known.id, known.path.as_path(), known.duration_secs));
                    Arc::new(RecordingIndex::new(all))
                }
            };
            let plan = Box::new(ImportPlan::new(&read.labels, &index, &choices));
            LabelFileNews::Planned { number, plan, index }
        }
        LabelFileTask::Weigh { number, recordings, choices, unites, format } => {
            let mut labels = format::exported(&recordings, &choices);
            let mut united = labels.clone();
            let overlaps = united.unite_overlaps();
            if unites {
                labels = united;
            }
            let losses = format::by_id(format).map(|format| format::losses(format, &labels)).unwrap_or_default();
            LabelFileNews::Weighed {
                number,
                weighed: Box::new(ExportWeighed { labels: Arc::new(labels), losses, overlaps }),
            }
        }
        LabelFileTask::Write { labels, format, target } => {
            let (path, result) = match target {
                ExportTarget::File(path) => {
                    let result = writing::write_one(format, &path, &labels);
                    (path, result)
                }
                ExportTarget::Folder { folder, replaces } => {
                    let result = writing::write_each(format, &folder, &labels, replaces);
                    (folder, result)
                }
            };
            LabelFileNews::Written { path, result }
        }
    }
}
