//! Label files as the command line takes them: which format they have, and the answers to what they leave open.

use crate::format::{
    self, Choice, Durations, LabelFormat, Question, ReadOptions, StrongLabels, by_id, read_any, read_with,
};
use anyhow::{Context, bail, ensure};
use clap::ValueEnum;
use std::path::{Path, PathBuf};

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Unit {
    Seconds,
    Milliseconds,
    Samples,
}

/// From where times count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Origin {
    /// From the start of each recording
    File,
    /// Over all recordings, one after the other
    AllFiles,
}

/// What a first column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FirstColumn {
    File,
    Label,
}

/// Whose time a slowed recording states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TimeScale {
    /// The slowed recording's
    Recording,
    /// The sound's before it was slowed
    Sound,
}

/// A unit of frequency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FrequencyUnit {
    Hertz,
    Kilohertz,
}

/// How labels are spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LabelNames {
    Ids,
    Names,
}

/// How label files are read, and how long recordings are.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "How label files are read")]
pub(super) struct LabelInput {
    #[command(flatten)]
    reading: LabelReading,
    /// A table of the recordings' durations: filename, duration in seconds
    #[arg(long, value_name = "FILE")]
    durations: Option<PathBuf>,
}

/// How label files are read.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "How label files are read")]
pub(super) struct LabelReading {
    /// The format of the label files, by its name in `earmark convert --list` [default: told from each file]
    #[arg(long, value_name = "FORMAT")]
    from: Option<String>,
    /// The recordings' sample rate in hertz, for times in samples
    #[arg(long, value_name = "HZ")]
    sample_rate: Option<f64>,
    /// The unit of times, where a file does not say it
    #[arg(long, value_enum, value_name = "UNIT")]
    time_unit: Option<Unit>,
    /// The column of the labels
    #[arg(long, value_name = "NAME")]
    label_column: Option<String>,
    /// From where times count, in tables of several recordings
    #[arg(long, value_enum, value_name = "ORIGIN")]
    time_origin: Option<Origin>,
    /// What the first column of a list without a header is
    #[arg(long, value_enum, value_name = "WHAT")]
    first_column: Option<FirstColumn>,
    /// What columns without a header mean, as the question about it words it
    #[arg(long, value_name = "LAYOUT")]
    layout: Option<String>,
    /// Whether times are those of the slowed recording or of the sound before
    #[arg(long, value_enum, value_name = "WHOSE")]
    time_scale: Option<TimeScale>,
    /// The unit of frequencies, where a file does not say it
    #[arg(long, value_enum, value_name = "UNIT")]
    frequency_unit: Option<FrequencyUnit>,
    /// Whether ids of an ontology stay, or become names
    #[arg(long, value_enum, value_name = "WHAT")]
    label_names: Option<LabelNames>,
    /// When the recording began, for times that are dates: 2023-05-12T18:30:00+02:00
    #[arg(long, value_name = "TIME")]
    clock_start: Option<String>,
    /// How many times slower the recordings play than the sound was
    #[arg(long, value_name = "FACTOR")]
    time_expansion: Option<f64>,
}

/// The flag that answers a question.
fn flag(choice: Choice) -> &'static str {
    match choice {
        Choice::TimeUnit => "--time-unit",
        Choice::LabelColumn => "--label-column",
        Choice::TimeOrigin => "--time-origin",
        Choice::FirstColumn => "--first-column",
        Choice::TimeScale => "--time-scale",
        Choice::Layout => "--layout",
        Choice::FrequencyUnit => "--frequency-unit",
        Choice::ClockStart => "--clock-start",
        Choice::LabelNames => "--label-names",
    }
}

/// The answer of a flag as formats take it: `all files` for `all-files`.
fn answer(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().replace('-', " ")).unwrap_or_default()
}

/// The format of a name.
pub(super) fn format_named(id: &str) -> anyhow::Result<&'static dyn LabelFormat> {
    by_id(id).with_context(|| format!("no format is called {id:?}: `earmark convert --list` lists them"))
}

impl LabelInput {
    /// The lengths of recordings that were given.
    pub fn durations(&self) -> anyhow::Result<Durations> {
        let Some(path) = &self.durations else { return Ok(Durations::default()) };
        let (_, labels) = read_any(path, &ReadOptions::of(path))?;
        let durations = Durations::of(&labels);
        ensure!(!durations.is_empty(), "{}: states no duration: expected filename and duration", path.display());
        Ok(durations)
    }

    /// As [`LabelReading::read`] does.
    pub fn read(&self, path: &Path, durations: &Durations) -> anyhow::Result<(&'static dyn LabelFormat, StrongLabels)> {
        self.reading.read(path, durations)
    }
}

impl LabelReading {
    fn options(&self, path: &Path, durations: &Durations) -> ReadOptions {
        let mut options = ReadOptions { durations: durations.clone(), ..ReadOptions::of(path) };
        options.sample_rate = self.sample_rate;
        options.time_expansion = self.time_expansion;
        let answers = [
            (Choice::TimeUnit, self.time_unit.as_ref().map(answer)),
            (Choice::LabelColumn, self.label_column.clone()),
            (Choice::TimeOrigin, self.time_origin.as_ref().map(answer)),
            (Choice::FirstColumn, self.first_column.as_ref().map(answer)),
            (Choice::Layout, self.layout.clone()),
            (Choice::ClockStart, self.clock_start.clone()),
            (Choice::TimeScale, self.time_scale.as_ref().map(answer)),
            (Choice::FrequencyUnit, self.frequency_unit.as_ref().map(answer)),
            (Choice::LabelNames, self.label_names.as_ref().map(answer)),
        ];
        for (choice, given) in answers {
            given.into_iter().for_each(|given| options.set_answer(choice, given));
        }
        options
    }

    /// Reads a file and tells what is to know about it; fails if something is open that has no answer.
    pub fn read(&self, path: &Path, durations: &Durations) -> anyhow::Result<(&'static dyn LabelFormat, StrongLabels)> {
        let options = self.options(path, durations);
        let (format, mut labels) = match &self.from {
            Some(id) => {
                let format = format_named(id)?;
                (format, read_with(format, path, &options)?)
            }
            None => read_any(path, &options)?,
        };
        for warning in &labels.warnings {
            eprintln!("{}: {warning}", path.display());
        }
        for question in std::mem::take(&mut labels.questions) {
            tell(path, &question, &options)?;
        }
        durations.fill(&mut labels);
        for file in labels.files.iter_mut().filter(|file| file.sample_rate.is_none()) {
            file.sample_rate = self.sample_rate;
        }
        Ok((format, labels))
    }
}

fn tell(path: &Path, question: &Question, options: &ReadOptions) -> anyhow::Result<()> {
    let flag = flag(question.choice);
    let spelt = |answer: &String| match question.choice {
        Choice::TimeOrigin => answer.replace(' ', "-"),
        _ => answer.clone(),
    };
    let answers: Vec<String> = question.answers.iter().map(spelt).collect();
    let answers = if answers.is_empty() { "VALUE".to_owned() } else { answers.join("|") };
    let path = path.display();
    match question.taken {
        None => bail!("{path}: {} Say it with {flag} {answers}", question.text),
        Some(taken) if options.answer(question.choice).is_none() => {
            let taken = question.answers.get(taken).map(spelt).unwrap_or_default();
            eprintln!("{path}: {} Taken: {taken} ({flag} {answers})", question.text);
            Ok(())
        }
        Some(_) => Ok(()),
    }
}

/// A line for each format: its name for the command line, whether it is read and written, and its name.
pub(super) fn listed() -> String {
    let rows = format::ALL.iter().map(|format| {
        let ways = if format.can_write() { "read, write" } else { "read" };
        let files = if format.holds().many_files { "one file for all" } else { "a file for each recording" };
        [format.id(), ways, files, format.name()].map(str::to_owned).to_vec()
    });
    let header = ["FORMAT", "", "", ""].map(str::to_owned).to_vec();
    let rows: Vec<Vec<String>> = std::iter::once(header).chain(rows).collect();
    super::table::aligned(&[super::table::Align::Left; 4], &rows)
}
