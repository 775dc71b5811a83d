//! What every metric has in common: what it is called, what it needs, and the table of numbers that it gives.

use super::{
    Completeness, EventBased, IntersectionBased, LabelledSpan, Measured, Quirks, Undefined, WhenNothingEstimated, mean,
};
use std::collections::BTreeMap;

/// A metric as the window and the command line list it.
pub struct Metric {
    /// What files call it, in letters, digits and `_`.
    pub key: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// What it says, in one or two sentences.
    pub explanation: &'static str,
    /// The program that it reproduces.
    pub reproduces: &'static str,
    /// What must be there.
    pub needs: Needs,
    /// Computes it.
    pub report: fn(&Evaluated<'_>, &Settings) -> Report,
}

/// What a metric is computed of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Reference events and estimated events.
    Events,
    /// Reference events and the scores of each frame.
    FrameScores,
}

/// What is evaluated.
#[derive(Clone, Copy, Debug)]
pub struct Evaluated<'a> {
    /// The events that are right.
    pub reference: &'a [LabelledSpan<'a>],
    /// The events to judge, of the same recordings.
    pub estimated: &'a [LabelledSpan<'a>],
    /// How long recordings are, in seconds. A recording without events counts if it is here; one that is not here ends with its last event.
    pub durations_secs: &'a BTreeMap<&'a str, f64>,
    /// Where nothing is missing in the reference; without it, everywhere.
    pub complete: Option<&'a Completeness<'a>>,
}

/// How it is evaluated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// When two events are the same.
    pub event_based: EventBased,
    /// How long a segment is, in seconds, > 0.
    pub segment_secs: f64,
    /// How much of an event must be covered.
    pub intersection_based: IntersectionBased,
    /// What precision is without an estimated event, in event-based measures.
    pub when_nothing_estimated: WhenNothingEstimated,
    /// Whether what the reference programs get wrong is put right.
    pub quirks: Quirks,
}

impl Default for Settings {
    /// The defaults of the reference programs, put right.
    fn default() -> Self {
        Self {
            event_based: EventBased::default(),
            segment_secs: 1.0,
            intersection_based: IntersectionBased::default(),
            when_nothing_estimated: WhenNothingEstimated::default(),
            quirks: Quirks::default(),
        }
    }
}

/// A column of a [`Report`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// What files call it.
    pub key: &'static str,
    /// What the head of a column says.
    pub name: &'static str,
    /// What it says, in a sentence.
    pub explanation: &'static str,
    /// What kind of number it is.
    pub kind: MeasureKind,
    /// Whether it is shown where there is room for a few columns only.
    pub is_main: bool,
}

/// What kind of number a measure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeasureKind {
    /// 0 to 1, the more the better.
    Share,
    /// 0 or more, the less the better; may be above 1.
    Error,
    /// How many.
    Count,
}

/// The numbers of a metric: as many in each row as there are measures.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The columns.
    pub measures: &'static [Measure],
    /// All events together: the micro average.
    pub overall: Vec<Measured>,
    /// The mean over the classes that have a value: the macro average.
    pub mean: Vec<Measured>,
    /// By label.
    pub per_class: BTreeMap<String, Vec<Measured>>,
    /// What people should know about these numbers, in sentences.
    pub notes: Vec<String>,
}

impl Report {
    /// A report whose means are those of the classes; counts have none.
    pub fn new(
        measures: &'static [Measure],
        overall: Vec<Measured>,
        per_class: BTreeMap<String, Vec<Measured>>,
    ) -> Self {
        let means = measures.iter().enumerate().map(|(column, measure)| {
            let is_overall_only = |row: &Vec<Measured>| row.get(column) == Some(&Err(Undefined::OverallOnly));
            let only_overall = !per_class.is_empty() && per_class.values().all(is_overall_only);
            match measure.kind {
                MeasureKind::Count => Err(Undefined::NoMean),
                _ if only_overall => Err(Undefined::OverallOnly),
                _ => mean(per_class.values().filter_map(|row| row.get(column).copied())),
            }
        });
        Self { mean: means.collect(), measures, overall, per_class, notes: Vec::new() }
    }

    /// The value of a measure in one of the rows.
    pub fn value(&self, row: &[Measured], key: &str) -> Option<Measured> {
        let column = self.measures.iter().position(|measure| measure.key == key)?;
        row.get(column).copied()
    }
}

/// A number of events as a measure.
pub(super) fn count(count: usize) -> Measured {
    Ok(count as f64)
}

/// Columns that several metrics have.
pub(super) mod measures {
    use super::{Measure, MeasureKind};

    const fn share(key: &'static str, name: &'static str, explanation: &'static str) -> Measure {
        Measure { key, name, explanation, kind: MeasureKind::Share, is_main: false }
    }

    const fn error(key: &'static str, name: &'static str, explanation: &'static str) -> Measure {
        Measure { key, name, explanation, kind: MeasureKind::Error, is_main: false }
    }

    const fn count(key: &'static str, name: &'static str, explanation: &'static str) -> Measure {
        Measure { key, name, explanation, kind: MeasureKind::Count, is_main: false }
    }

    const fn main(measure: Measure) -> Measure {
        Measure { is_main: true, ..measure }
    }

    pub const F_SCORE: Measure = main(share("f_score", "F1", "The harmonic mean of precision and recall"));
    pub const PRECISION: Measure = main(share("precision", "Precision", "Share of what is reported that is right"));
    pub const RECALL: Measure = main(share("recall", "Recall", "Share of the reference that is found"));
    pub const ERROR_RATE: Measure =
        main(error("error_rate", "ER", "Substitutions, deletions and insertions, as a share of the reference"));
    pub const SUBSTITUTION_RATE: Measure =
        error("substitution_rate", "Sub", "What is reported under a wrong label, as a share of the reference");
    pub const DELETION_RATE: Measure = error("deletion_rate", "Del", "What is missed, as a share of the reference");
    pub const INSERTION_RATE: Measure =
        error("insertion_rate", "Ins", "What is reported and is not there, as a share of the reference");
    pub const SENSITIVITY: Measure =
        share("sensitivity", "Sens", "Share of the reference's active segments that are reported");
    pub const SPECIFICITY: Measure =
        share("specificity", "Spec", "Share of the reference's silent segments that are silent in the report");
    pub const BALANCED_ACCURACY: Measure =
        share("balanced_accuracy", "Bal acc", "The mean of sensitivity and specificity");
    pub const ACCURACY: Measure = share("accuracy", "Acc", "Share of the segments in which both lists agree");
    pub const REFERENCE: Measure = count("reference", "Ref", "How many there are in the reference");
    pub const ESTIMATED: Measure = count("estimated", "Est", "How many are reported");
    pub const TRUE_POSITIVES: Measure = main(count("true_positives", "TP", "Found"));
    pub const FALSE_POSITIVES: Measure = main(count("false_positives", "FP", "False alarms"));
    pub const FALSE_NEGATIVES: Measure = main(count("false_negatives", "FN", "Misses"));
    pub const CROSS_TRIGGERS: Measure = count(
        "cross_triggers",
        "CT",
        "False alarms where another label of the reference sounds, once for each such label",
    );
    pub const TRUE_NEGATIVES: Measure = count("true_negatives", "TN", "Silent in both lists");
    pub const SUBSTITUTIONS: Measure = count("substitutions", "S", "Missed, and reported under another label");
    pub const DELETIONS: Measure = count("deletions", "D", "Missed, and nothing reported instead");
    pub const INSERTIONS: Measure = count("insertions", "I", "Reported where there is nothing instead");
}
