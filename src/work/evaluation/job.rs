//! What is evaluated: a snapshot of a project that no later change touches.

use super::{EvaluationSettings, Stopped};
use crate::annotation::{CompleteSpan, EventId, RecordingId};
use crate::decision::{ClassRules, FrameScores};
use crate::metric::Completeness;
use crate::time::Span;
use crate::work::CancelToken;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// An event of a project under one of its labels.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownEvent {
    /// Its name.
    pub id: EventId,
    /// When it sounds.
    pub span: Span,
    /// What sounds.
    pub label: Arc<str>,
}

/// A recording with what is compared.
#[derive(Clone, Debug)]
pub struct EvaluatedRecording {
    /// Its name in the project.
    pub id: RecordingId,
    /// Its file name, by which label files mean it.
    pub name: String,
    /// Its length in seconds.
    pub duration_secs: f64,
    /// Where nothing is missing.
    pub complete_spans: Vec<CompleteSpan>,
    /// The events that are right.
    pub reference: Vec<KnownEvent>,
    /// The events of the annotator who is compared.
    pub estimated: Vec<KnownEvent>,
    /// The scores of the model that is compared.
    pub scores: Option<Arc<FrameScores>>,
}

impl EvaluatedRecording {
    /// What measures call it: the same for no two recordings.
    pub(super) fn key(&self) -> String {
        format!("{:020}", self.id.0)
    }
}

/// What is compared with the reference.
#[derive(Clone, Debug)]
pub enum EstimateSource {
    /// What rules make of a model's scores.
    Predictions {
        /// The model, in words.
        name: String,
        /// The rules.
        rules: Arc<ClassRules>,
    },
    /// What rules make of the frame scores in a folder, a file a recording, of which the job holds none yet.
    ScoreFolder {
        /// The folder.
        path: PathBuf,
        /// The rules.
        rules: Arc<ClassRules>,
    },
    /// The events of an annotator.
    Annotator(Arc<str>),
    /// The rows of a label file.
    File(PathBuf),
}

/// An evaluation to be made.
#[derive(Debug)]
pub struct EvaluationJob {
    /// Names the job: never the same for two.
    pub number: u64,
    /// The recordings, by id.
    pub recordings: Vec<EvaluatedRecording>,
    /// What is compared with their events.
    pub estimate: EstimateSource,
    /// A file that says which labels of the reference those of the estimate stand for.
    pub label_map: Option<PathBuf>,
    /// How.
    pub settings: EvaluationSettings,
    /// What the user should know of how it was gathered.
    pub notes: Vec<String>,
    /// Whether it is still wanted.
    pub cancel: CancelToken,
}

/// The names and lengths of a job's recordings, as measures take them.
pub(super) struct Keys {
    /// The name of each.
    pub keys: Vec<String>,
}

impl Keys {
    pub fn of(job: &EvaluationJob) -> Self {
        Self { keys: job.recordings.iter().map(EvaluatedRecording::key).collect() }
    }

    /// How long each is, in seconds.
    pub fn durations_secs(&self, job: &EvaluationJob) -> BTreeMap<&str, f64> {
        self.keys.iter().zip(&job.recordings).map(|(key, recording)| (&**key, recording.duration_secs)).collect()
    }

    /// Where nothing is missing, if that is marked anywhere.
    pub fn completeness<'a>(&'a self, job: &'a EvaluationJob) -> Option<Completeness<'a>> {
        let marks = self.keys.iter().zip(&job.recordings);
        Completeness::new(marks.map(|(key, recording)| (&**key, recording.complete_spans.as_slice())))
    }
}

/// Reads a small text file.
pub(super) fn read_text(path: &std::path::Path) -> Result<String, Stopped> {
    std::fs::read_to_string(path)
        .map_err(|error| Stopped::Failed(format!("{}: cannot be read: {error}. Choose another file", path.display())))
}
