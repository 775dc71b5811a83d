//! What a label file may leave open, and the answers to it.

use super::Durations;
use std::path::Path;

/// The unit of a file's times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeUnit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Samples of the recording; its rate is [`ReadOptions::sample_rate`].
    Samples,
}

impl TimeUnit {
    /// The unit that an answer to [`Choice::TimeUnit`] means.
    pub fn of_answer(answer: &str) -> Option<Self> {
        match answer {
            "seconds" => Some(Self::Seconds),
            "milliseconds" => Some(Self::Milliseconds),
            "samples" => Some(Self::Samples),
            _ => None,
        }
    }
}

/// Something that a file leaves open and that reading has an option for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Choice {
    /// The unit of its times: `seconds`, `milliseconds` or `samples`.
    TimeUnit,
    /// The column of the labels, by its name.
    LabelColumn,
    /// Whether times count in a file alone or over all files one after the other: `file` or `all files`.
    TimeOrigin,
    /// What the first column is: `file` or `label`.
    FirstColumn,
    /// Whether times are those of a slowed `recording` or of the `sound` before.
    TimeScale,
    /// What columns without a header mean, as the format words it.
    Layout,
    /// The unit of frequencies: `hertz` or `kilohertz`.
    FrequencyUnit,
    /// When the recording began, for times that are dates: as ISO 8601 writes it, `2023-05-12T18:30:00+02:00`.
    ClockStart,
    /// Whether labels stay the ids of an ontology or become its names: `ids` or `names`.
    LabelNames,
}

/// A question, with what was taken as its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What is open.
    pub choice: Choice,
    /// The question in words.
    pub text: String,
    /// The answers that there are, as [`ReadOptions::answer`] takes them.
    pub answers: Vec<String>,
    /// Which of them was taken for this reading; without one no row was read.
    pub taken: Option<usize>,
}

/// Answers to what a label file leaves open.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadOptions {
    /// The recording of rows without one: the label file's own name without its extension.
    pub file_stem: String,
    /// The recording's sample rate in hertz, for times in samples.
    pub sample_rate: Option<f64>,
    /// How many times slower a recording plays than its sound was, for bat recordings; 1 for all others.
    pub time_expansion: Option<f64>,
    /// How long recordings are, where that is known.
    pub durations: Durations,
    /// The answers that were given, at most one for each choice.
    pub answers: Vec<(Choice, String)>,
}

impl ReadOptions {
    /// No answers yet, for the label file at a path.
    pub fn of(path: &Path) -> Self {
        let file_stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        Self { file_stem, ..Self::default() }
    }

    /// The answer that was given.
    pub fn answer(&self, choice: Choice) -> Option<&str> {
        self.answers.iter().find(|(of, _)| *of == choice).map(|(_, answer)| answer.as_str())
    }

    /// Gives an answer, in the place of an earlier one.
    pub fn set_answer(&mut self, choice: Choice, answer: impl Into<String>) {
        self.answers.retain(|(of, _)| *of != choice);
        self.answers.push((choice, answer.into()));
    }

    /// The unit of times that was answered.
    pub fn time_unit(&self) -> Option<TimeUnit> {
        TimeUnit::of_answer(self.answer(Choice::TimeUnit)?)
    }
}
