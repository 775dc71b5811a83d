//! `earmark convert`: label files of one format as files of another. Tells what is lost; converts nothing itself.

use super::label_input::{LabelInput, format_named, listed};
use crate::annotation::Status;
use crate::format::{LabelFormat, StrongLabels, Targets, join_clips, losses};
use anyhow::{Context, ensure};
use std::path::PathBuf;
use std::process::ExitCode;

/// Convert label files from one format to another
///
/// Several files are put together. A format that has one recording a file gets a folder, with a file for each recording. What the
/// format cannot hold is told on standard error.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  earmark convert labels.tsv --to audacity -o labels/
  earmark convert *.txt --to dcase -o labels.tsv
  earmark convert events.csv --from generic-seq --sample-rate 44100 --to dcase
  earmark convert --list")]
pub(super) struct Arguments {
    /// Label files
    #[arg(required_unless_present = "list")]
    inputs: Vec<PathBuf>,
    /// The format to write, by its name in --list
    #[arg(long, value_name = "FORMAT", required_unless_present = "list")]
    to: Option<String>,
    /// The file to write, or the folder if the format has one recording a file [default: standard output]
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Unite labels of a class that overlap or touch, which psds_eval and sed_scores_eval do not take
    #[arg(long)]
    merge_overlaps: bool,
    /// Take recordings called NAME-000000-001000.wav as parts of NAME.wav, as the DESED recipe cuts MAESTRO
    #[arg(long)]
    join_clips: bool,
    /// Leave out predictions with a lower score, and take the others as labels
    #[arg(long, value_name = "SCORE")]
    threshold: Option<f64>,
    /// List the formats
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    input: LabelInput,
}

/// Fails if a file cannot be read, leaves something open, or cannot be written.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Some(target) = arguments.to.as_deref().filter(|_| !arguments.list) else {
        super::write_stdout(&listed())?;
        return Ok(ExitCode::SUCCESS);
    };
    let format = format_named(target)?;
    ensure!(format.can_write(), "{} is only read: choose another format for --to", format.name());
    let mut labels = read_all(arguments)?;
    if arguments.join_clips {
        eprintln!("{} events of clips moved to their recordings", join_clips(&mut labels));
    }
    take_predictions(&mut labels, format, arguments.threshold);
    if arguments.merge_overlaps {
        eprintln!("{} events fewer by uniting overlaps", labels.unite_overlaps());
    }
    for lost in losses(format, &labels) {
        eprintln!("not kept by {}: {lost}", format.id());
    }
    match &arguments.output {
        Some(path) => write(arguments, format, labels, path)?,
        None => {
            let several = !format.holds().many_files && labels.files.len() > 1;
            ensure!(!several, "{} has one recording a file: name a folder with --output", format.name());
            let mut out = std::io::BufWriter::new(std::io::stdout().lock());
            let written = format.write(&labels, &mut out).and_then(|()| std::io::Write::flush(&mut out));
            // A reader that has seen enough, as `head`, is no error.
            written.or_else(|error| match error.kind() {
                std::io::ErrorKind::BrokenPipe => Ok(()),
                _ => Err(error),
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read_all(arguments: &Arguments) -> anyhow::Result<StrongLabels> {
    let durations = arguments.input.durations()?;
    let mut all: Option<StrongLabels> = None;
    for path in &arguments.inputs {
        let (format, labels) = arguments.input.read(path, &durations)?;
        let (rows, files) = (labels.rows.len(), labels.files.len());
        eprintln!("{}: {}, {rows} events, {files} recordings", path.display(), format.name());
        match &mut all {
            Some(all) => all.append(labels),
            None => all = Some(labels),
        }
    }
    all.context("no label files are given")
}

/// A format that cannot say that an event is only predicted gets it as a label.
fn take_predictions(labels: &mut StrongLabels, format: &dyn LabelFormat, threshold: Option<f64>) {
    let has_some = labels.rows.iter().any(|row| row.status == Some(Status::Predicted));
    let holds = format.holds();
    if !has_some || (threshold.is_none() && (holds.status || holds.predictions)) {
        return;
    }
    let (taken, left_out) = labels.take_predictions(threshold);
    let rest = match threshold {
        Some(threshold) => format!("{left_out} with a score below {threshold} left out"),
        None => "leave out those with low scores with --threshold".to_owned(),
    };
    eprintln!("{taken} predictions taken as labels; {rest}");
}

fn write(
    arguments: &Arguments,
    format: &dyn LabelFormat,
    labels: StrongLabels,
    path: &std::path::Path,
) -> anyhow::Result<()> {
    let targets = Targets::new(format, labels, path).map_err(anyhow::Error::msg)?;
    for input in &arguments.inputs {
        for (output, _) in &targets.files {
            super::ensure_not_replaced(input, output)?;
        }
    }
    targets.write(format)?;
    let rows: usize = targets.files.iter().map(|(_, labels)| labels.rows.len()).sum();
    let place = path.display();
    match targets.files.len() {
        1 => eprintln!("{place}: {}, {rows} events written", format.name()),
        count => eprintln!("{place}: {}, {rows} events written in {count} files", format.name()),
    }
    Ok(())
}
