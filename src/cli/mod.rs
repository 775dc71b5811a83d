//! The command line, one file a subcommand. Owns arguments, wording and exit codes; what is done is done by the modules below.
//!
//! Results go to standard output or a file, all else to standard error. Exit code 0: everything done; 1: something failed; 2: the arguments
//! make no sense.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is where the program talks to a terminal")]

mod box_arguments;
mod convert;
mod detect;
mod devices;
mod evaluate;
mod features;
mod gpu_support;
mod label_input;
mod lint;
mod model;
mod progress;
mod project;
mod spectrogram;
mod table;

use crate::model::child;
use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  earmark street.wav                          Open a recording in the window
  earmark detect street.wav                   Print the events of a recording
  earmark detect *.flac -o events.tsv         Detect in many recordings, write one file
  earmark detect a.wav --classes Dog,Speech   Only these classes
  earmark detect archive/ -r -o results/      All recordings of a folder; run again to go on
  earmark evaluate labels.tsv events.tsv      Compare events with labels that are right
  earmark convert labels.tsv --to simple-seq -o labels/  Write labels in another format
  earmark lint labels.tsv                     Look for suspicious labels
  earmark spectrogram street.wav -o street.png  Draw a recording
  earmark features street.wav -o street.npy   Log-mel levels as a NumPy array
  earmark devices                             List what can run models
  earmark model list                          List the models that are installed or published
  earmark model get fmn10+tf-256              Download a published model";

#[derive(Parser)]
#[command(name = "earmark", version, about, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Recordings or a project to open in the window
    files: Vec<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    Detect(Box<detect::Arguments>),
    Evaluate(Box<evaluate::Arguments>),
    Convert(Box<convert::Arguments>),
    Lint(Box<lint::Arguments>),
    Spectrogram(Box<spectrogram::Arguments>),
    Features(features::Arguments),
    Devices(devices::Arguments),
    Model(model::Arguments),
    Project(project::Arguments),
    /// The same as `earmark model list`
    Models(model::list::Arguments),
    /// Run networks for another process of this program
    #[command(name = child::SUBCOMMAND, hide = true)]
    InferenceProcess,
}

/// Runs the program with the arguments of the process.
pub fn run() -> ExitCode {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("error")).init();
    let arguments = Arguments::parse();
    if let Ok(program) = std::env::current_exe() {
        child::set_program(&program);
    }
    let outcome = match &arguments.command {
        Some(Command::Detect(detect)) => detect::run(detect),
        Some(Command::Evaluate(evaluate)) => evaluate::run(evaluate),
        Some(Command::Convert(convert)) => convert::run(convert),
        Some(Command::Lint(lint)) => lint::run(lint),
        Some(Command::Spectrogram(spectrogram)) => spectrogram::run(spectrogram),
        Some(Command::Features(features)) => features::run(features),
        Some(Command::Devices(devices)) => devices::run(devices),
        Some(Command::InferenceProcess) => return child::serve(),
        Some(Command::Model(model)) => model::run(model),
        Some(Command::Project(project)) => project::run(project),
        Some(Command::Models(list)) => model::list::run(list),
        None => open_window(arguments.files),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", told(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error and its causes, without those that it tells itself.
fn told(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |told, cause| match told.as_str() {
        "" => cause,
        _ if told.contains(&cause) => told,
        _ => format!("{told}: {cause}"),
    })
}

/// Fails where writing `output` would replace the file `input`, also where a link or another way of writing the path leads there.
fn ensure_not_replaced(input: &Path, output: &Path) -> anyhow::Result<()> {
    let (Ok(read), Ok(written)) = (input.canonicalize(), output.canonicalize()) else { return Ok(()) };
    anyhow::ensure!(read != written, "{}: is read, so it cannot be written: choose another name", output.display());
    Ok(())
}

#[cfg(feature = "gui")]
fn open_window(files: Vec<PathBuf>) -> anyhow::Result<ExitCode> {
    crate::app::run(files).map(|()| ExitCode::SUCCESS)
}

#[cfg(not(feature = "gui"))]
fn open_window(_files: Vec<PathBuf>) -> anyhow::Result<ExitCode> {
    anyhow::bail!("this build of Earmark has no window: see `earmark detect --help`")
}

/// Writes to standard output. A reader that has seen enough, as `head`, is no error.
fn write_stdout(text: &str) -> anyhow::Result<()> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }
}
