//! What an evaluation gives: a table by class, the errors, and curves. Values only.

use super::{ConfusedPair, ErrorList};
use crate::metric::{RocPoint, Undefined};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Why there are no frame scores to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoScores {
    /// What is compared are events.
    OnlyEvents,
    /// The model has no such class.
    NoSuchClass,
    /// Spans are marked where nothing is missing, and they fill no recording.
    NothingComplete,
    /// The scores do not go together with the recordings.
    Unfit,
}

/// Why a number is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The measure has no value.
    Undefined(Undefined),
    /// There are no scores to measure.
    NoScores(NoScores),
}

impl fmt::Display for Missing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undefined(why) => why.fmt(formatter),
            Self::NoScores(why) => formatter.write_str(match why {
                NoScores::OnlyEvents => "needs a model's frame scores, and events are compared",
                NoScores::NoSuchClass => "the model has no class of this label",
                NoScores::NothingComplete => {
                    "nowhere is it marked that nothing is missing of all the labels that are measured"
                }
                NoScores::Unfit => "the scores do not go together with the recordings",
            }),
        }
    }
}

impl From<Undefined> for Missing {
    fn from(why: Undefined) -> Self {
        Self::Undefined(why)
    }
}

/// A number, or why it is not there.
pub type Value = Result<f64, Missing>;

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the titles say it")]
pub enum Column {
    Reference,
    Estimated,
    CollarF,
    CollarPrecision,
    CollarRecall,
    SegmentF,
    IntersectionF,
    Psds1,
    Psds2,
    BestF,
    BestThreshold,
}

impl Column {
    /// All columns, in order.
    pub const ALL: [Self; 11] = [
        Self::Reference,
        Self::Estimated,
        Self::CollarF,
        Self::CollarPrecision,
        Self::CollarRecall,
        Self::SegmentF,
        Self::IntersectionF,
        Self::Psds1,
        Self::Psds2,
        Self::BestF,
        Self::BestThreshold,
    ];

    /// What stands over it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Reference => "Ref",
            Self::Estimated => "Est",
            Self::CollarF => "Collar F1",
            Self::CollarPrecision => "P",
            Self::CollarRecall => "R",
            Self::SegmentF => "Seg F1",
            Self::IntersectionF => "Int F1",
            Self::Psds1 => "PSDS1",
            Self::Psds2 => "PSDS2",
            Self::BestF => "Best F1",
            Self::BestThreshold => "at",
        }
    }

    /// What it says, in a sentence.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Reference => "Events of the reference",
            Self::Estimated => "Events that are compared with it",
            Self::CollarF => "Event-based F-score: onset and offset within the collar",
            Self::CollarPrecision => "Share of the estimated events that are right, within the collar",
            Self::CollarRecall => "Share of the reference events that are found, within the collar",
            Self::SegmentF => "Segment-based F-score",
            Self::IntersectionF => "Intersection-based F-score: enough of an event is covered",
            Self::Psds1 => {
                "Polyphonic sound detection score, scenario 1, over all thresholds. In the row of all events, of the mean curve less the spread between classes, as DCASE has it; the mean is that of the classes' own scores"
            }
            Self::Psds2 => {
                "Polyphonic sound detection score, scenario 2, over all thresholds. In the row of all events, of the mean curve less the spread between classes, as DCASE has it; the mean is that of the classes' own scores"
            }
            Self::BestF => {
                "The best F-score (of the kind chosen under Settings) at any threshold, with the median filter or the bounding boxes in force"
            }
            Self::BestThreshold => "The threshold of the best F-score",
        }
    }

    /// Whether it is a whole number.
    pub fn is_count(self) -> bool {
        matches!(self, Self::Reference | Self::Estimated)
    }

    /// The value as text; `n/a` where there is none.
    pub fn text(self, value: &Value) -> String {
        match value {
            Ok(value) if self.is_count() => format!("{value:.0}"),
            Ok(value) if value.is_infinite() => "–".to_owned(),
            Ok(value) => format!("{value:.3}"),
            Err(_) => "n/a".to_owned(),
        }
    }
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassRow {
    /// The class.
    pub label: Arc<str>,
    /// One value a column.
    pub values: [Value; Column::ALL.len()],
}

impl ClassRow {
    /// The value in a column.
    pub fn value(&self, column: Column) -> &Value {
        &self.values[column as usize]
    }
}

/// The curves of a class, or their mean.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassCurves {
    /// PSD-ROC of scenarios 1 and 2.
    pub rocs: [Result<Vec<RocPoint>, Missing>; 2],
    /// F-score over thresholds: from each threshold on, up to the next.
    pub f: Result<Vec<(f64, f64)>, Missing>,
    /// The threshold in force; none for the mean, and where several classes stand for a label under different ones.
    pub threshold: Option<f64>,
    /// The mean of all classes, and not one of them.
    pub is_mean: bool,
}

/// What was compared, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Recordings.
    pub recordings: usize,
    /// Those of them where frame scores were measured.
    pub scored_recordings: usize,
    /// Reference events.
    pub reference: usize,
    /// Events that are compared with them.
    pub estimated: usize,
    /// What these are, in words.
    pub estimate: String,
    /// Estimated events that count for nothing, because nobody knows whether something is missing there; none without such marks.
    pub outside_complete: Option<usize>,
}

/// What an evaluation gives.
#[derive(Clone, Debug, PartialEq)]
pub struct EvaluationReport {
    /// What was compared.
    pub summary: Summary,
    /// All events together.
    pub overall: ClassRow,
    /// The mean over the classes that have a value.
    pub mean: ClassRow,
    /// By label.
    pub classes: Vec<ClassRow>,
    /// The errors.
    pub errors: ErrorList,
    /// Labels that are taken for each other, most events first.
    pub confused: Vec<ConfusedPair>,
    /// Curves by label; none where events are compared.
    pub curves: BTreeMap<Arc<str>, ClassCurves>,
    /// The curves of all classes together.
    pub mean_curves: Option<ClassCurves>,
    /// What the user should know, in sentences.
    pub notes: Vec<String>,
    /// How long it took, in seconds.
    pub elapsed_secs: f64,
}
