//! `earmark detect`: events of recordings as labels of any format, and their frame scores; of a few recordings into one file, or of an archive
//! into a file each.

mod archive;
mod archive_log;
mod archive_progress;
mod file_list;

use super::box_arguments::BoxArguments;
use crate::decision::{DecisionRule, Preset};
use crate::model::{Detector, DetectorOptions, DeviceChoice, RuntimeChoice, ShortClips, class_indices, registry};
use crate::work::archive::{EventForm, ScoreForm};
use anyhow::bail;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  earmark detect street.wav
      The events of one recording, on standard output
  earmark detect day1/*.flac -o events.tsv --scores scores
      Many recordings, events in one file, frame scores in a file each
  earmark detect talk.mp3 --model firered-aed --threshold 0.6 --median 21
      Speech, singing and music, decided more strictly
  earmark detect yard.wav --threshold 0.3 --hysteresis 0.1 --merge-gap 0.2 --min-duration 0.1
      Events begin where the score is high and last as long as it is not low
  earmark detect yard.wav --boxes --threshold 0.3 --step-filter 0.5 --merge-ratio 2
      Events last from one change of the score to the next, whatever the threshold
  earmark detect *.wav --model FOLDER --preset reference
      What the program that the model comes from would list, to the last digit
  earmark detect yard.wav --classes \"Dog,Walk, footsteps\"
      Only these classes; `earmark model list --classes yamnet` lists them all
  earmark detect archive/ --recursive -o results/
      All recordings in a folder, a result file each; the same command again goes on where it was stopped
  earmark detect archive/ -r -o results/ --to raven --scores scores/ --joint all.tsv --log run.jsonl
      Selection tables, frame scores, one table of all events, and a log that programs can read
  earmark detect archive/ -r -o results/ --dry-run
      What would be done, and how many hours of sound that is

Of a few recordings, the output is TAB-separated, in seconds, with the header
`filename onset offset event_label`. A recording without events has one row whose other cells
are empty. Recordings that fail are listed at the end and are not in the output; the exit code is
then 1.

Of folders, each recording gets a file of its own in the folder of results, below folders like its
own. What is done stands in earmark-archive.jsonl there: run again, the command does what is new,
what has changed and what failed. Results that you have corrected since are left as they are. With
another model, rule or format it stops and says so, unless --redo is given.";

/// Detect sound events in recordings
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Recordings: WAV, FLAC, MP3, Ogg, Opus, AAC, AIFF, CAF, Matroska and others; with --recursive, folders of them
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Take all recordings of folders and of the folders in them
    #[arg(short, long)]
    recursive: bool,
    /// Model by name (see `earmark model list`) or by folder
    #[arg(long, value_name = "NAME|FOLDER", default_value = registry::DEFAULT_MODEL)]
    model: String,
    /// A frame is active if its filtered score is greater than this, 0 to 1 [default: the model's]
    #[arg(long, value_name = "X", value_parser = threshold)]
    threshold: Option<f32>,
    /// Extend an event that has reached the threshold over all frames beside it whose score is greater than this [default: the model's]
    #[arg(long, value_name = "X", value_parser = threshold)]
    hysteresis: Option<f32>,
    /// Median filter over this many frames, 1 for none [default: the model's]
    #[arg(long, value_name = "N")]
    median: Option<usize>,
    /// Events of a class with a gap of at most this many seconds between them become one [default: the model's]
    #[arg(long, value_name = "SECS", value_parser = seconds)]
    merge_gap: Option<f64>,
    /// Drop events shorter than this many seconds [default: the model's]
    #[arg(long, value_name = "SECS", value_parser = seconds)]
    min_duration: Option<f64>,
    #[command(flatten)]
    boxes: BoxArguments,
    /// How recordings are cut into clips, for models whose clips give many scores each
    #[arg(long, value_enum, default_value_t = Cutting::Overlapping)]
    preset: Cutting,
    /// What fills up a recording that is shorter than the model's clip
    #[arg(long, value_enum, value_name = "WITH", default_value_t = Short::Pad)]
    short: Short,
    /// Only these classes, separated by commas, in any case
    #[arg(long, value_name = "A,B")]
    classes: Option<String>,
    /// Seconds from one score to the next, if the model offers a choice
    #[arg(long, value_name = "SECS")]
    hop: Option<f64>,
    /// What runs the network
    #[arg(long, value_enum, default_value_t = Runtime::Auto)]
    runtime: Runtime,
    /// Device that runs the network: auto, cpu, or one of `earmark devices`
    #[arg(long, value_name = "NAME", default_value = "auto")]
    device: String,
    /// Threads that run the network [default: one a processor, at most 8]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Clips that the network takes at a time [default: of folders, what is measured to be fastest]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    batch: Option<u16>,
    /// Recordings of folders that are read at the same time [default: one a thread, at least 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: Option<u16>,
    /// Write the events to this file instead of standard output; of folders, to a file a recording in this folder
    #[arg(short, long, value_name = "FILE|FOLDER")]
    output: Option<PathBuf>,
    /// Format of the events: one that `earmark convert --help` lists, or parquet [default: dcase]
    #[arg(long, value_name = "FORMAT", value_parser = event_form)]
    to: Option<EventForm>,
    /// Write frame scores into this folder, a file a recording: `onset offset CLASS…`
    #[arg(long, value_name = "FOLDER")]
    scores: Option<PathBuf>,
    /// How frame scores are written
    #[arg(long, value_name = "FORM", value_enum, default_value_t = Scores::Tsv)]
    scores_to: Scores,
    #[command(flatten)]
    archive: archive::FolderArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Runtime {
    /// ONNX Runtime if its library is there, else the built-in one
    Auto,
    /// ONNX Runtime or nothing
    Onnxruntime,
    /// The built-in one, slower, needs no library
    BuiltIn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Scores {
    /// TAB-separated, as sed_scores_eval reads them
    Tsv,
    /// Tables for DuckDB, pandas and polars: `filename onset offset CLASS…`
    Parquet,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Cutting {
    /// Clips overlap and fade into each other, and nothing beyond the end is scored
    Overlapping,
    /// As the program the model comes from: no overlap, the last clip filled up with silence that is scored too; its events after the end are
    /// listed with onset and offset at the end
    Reference,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Short {
    /// Silence
    Pad,
    /// The recording again and again
    Repeat,
}

fn event_form(id: &str) -> Result<EventForm, String> {
    EventForm::by_id(id).ok_or_else(|| format!("is none of {}", EventForm::ids().join(", ")))
}

fn seconds(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "is not a number".to_owned())?;
    if (0.0..=3600.0).contains(&value) { Ok(value) } else { Err("is not from 0 to 3600".to_owned()) }
}

fn threshold(text: &str) -> Result<f32, String> {
    let value: f32 = text.parse().map_err(|_| "is not a number".to_owned())?;
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err("is not from 0 to 1".to_owned()) }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    arguments.check()?;
    if archive::is_meant(arguments) { archive::run(arguments) } else { file_list::run(arguments) }
}

impl Arguments {
    /// The reference program knows nothing of some steps: asking for both is a mistake.
    fn check(&self) -> anyhow::Result<()> {
        let foreign = [
            ("--boxes", self.boxes.rule().is_some()),
            ("--hysteresis", self.hysteresis.is_some()),
            ("--merge-gap", self.merge_gap.is_some()),
            ("--min-duration", self.min_duration.is_some()),
            ("--short repeat", self.short == Short::Repeat),
        ];
        archive::check(self)?;
        if let Some((name, _)) = foreign.iter().find(|(_, is_given)| *is_given && self.preset == Cutting::Reference) {
            bail!("the reference program does nothing like {name}: leave it or --preset out");
        }
        let of_thresholds = [
            ("--hysteresis", self.hysteresis.is_some()),
            ("--median", self.median.is_some()),
            ("--merge-gap", self.merge_gap.is_some()),
        ];
        match of_thresholds.iter().find(|(_, is_given)| *is_given && self.boxes.rule().is_some()) {
            Some((name, _)) => bail!("{name} says nothing of bounding boxes: leave it or --boxes out"),
            None => Ok(()),
        }
    }

    /// The model, ready to run.
    fn load(&self) -> anyhow::Result<Detector> {
        let folder = registry::find(&self.model)?;
        super::devices::ensure_there(&self.device)?;
        let mut detector = Detector::load(&folder, &self.options())?;
        if let Some(batch) = self.batch {
            detector.set_batch(usize::from(batch));
        }
        Ok(detector)
    }

    fn score_form(&self) -> ScoreForm {
        match self.scores_to {
            Scores::Tsv => ScoreForm::Tsv,
            Scores::Parquet => ScoreForm::Parquet,
        }
    }

    /// The classes whose events are wanted.
    fn wanted_classes(&self, detector: &Detector) -> anyhow::Result<BTreeSet<usize>> {
        let names = detector.classes();
        Ok(match &self.classes {
            Some(list) => class_indices(&detector.folder().manifest.name, &names, list)?.into_iter().collect(),
            None => (0..names.len()).collect(),
        })
    }

    /// The model's rule with what was asked for.
    fn rule(&self, of_model: DecisionRule) -> anyhow::Result<DecisionRule> {
        let threshold = self.threshold.unwrap_or(of_model.threshold);
        if let Some(lower) = self.hysteresis.filter(|&lower| lower >= threshold) {
            bail!("--hysteresis {lower}: expected less than the threshold, which is {threshold}");
        }
        Ok(DecisionRule {
            threshold,
            boxes: self.boxes.rule(),
            // The model's own lower threshold that is no longer lower says nothing.
            hysteresis: self.hysteresis.or(of_model.hysteresis).filter(|&lower| lower < threshold),
            median_frames: self.median.unwrap_or(of_model.median_frames),
            merge_gap_secs: self.merge_gap.unwrap_or(of_model.merge_gap_secs),
            min_duration_secs: self.min_duration.unwrap_or(of_model.min_duration_secs),
            ..of_model
        })
    }

    fn options(&self) -> DetectorOptions {
        DetectorOptions {
            runtime: match self.runtime {
                Runtime::Auto => RuntimeChoice::Auto,
                Runtime::Onnxruntime => RuntimeChoice::OnnxRuntime,
                Runtime::BuiltIn => RuntimeChoice::BuiltIn,
            },
            device: DeviceChoice::parse(&self.device),
            hop_secs: self.hop,
            threads: self.threads.map(usize::from),
            preset: match self.preset {
                Cutting::Overlapping => Preset::Overlapping,
                Cutting::Reference => Preset::Reference,
            },
            short: match self.short {
                Short::Pad => ShortClips::Pad,
                Short::Repeat => ShortClips::Repeat,
            },
            embeddings: self.archive.wants_embeddings(),
        }
    }
}

/// A warning about a recording, which names it once.
fn warning_text(recording: &Path, warning: &str) -> String {
    let name = recording.display().to_string();
    if warning.starts_with(&name) { warning.to_owned() } else { format!("{name}: {warning}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_name_their_recording_once() {
        let path = Path::new("a/b.wav");
        assert_eq!(warning_text(path, "a/b.wav: ends early"), "a/b.wav: ends early");
        assert_eq!(warning_text(path, "the device failed"), "a/b.wav: the device failed");
    }

    #[test]
    fn thresholds_are_from_0_to_1() {
        assert_eq!(threshold("0.25"), Ok(0.25));
        assert!(threshold("1.2").is_err() && threshold("NaN").is_err() && threshold("x").is_err());
        assert_eq!(seconds("0.5"), Ok(0.5));
        assert!(seconds("-1").is_err() && seconds("inf").is_err() && seconds("").is_err());
    }
}
