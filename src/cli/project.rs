//! `earmark project`: looking a project file through, taking out of a damaged one what can be read, and everything in it as text.

use super::write_stdout;
use crate::project::{self, ProjectFile};
use anyhow::ensure;
use clap::Subcommand;
use std::path::PathBuf;
use std::process::ExitCode;

/// Check, rescue or print a project file
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Look through a whole project file and say what is wrong with it
    Check {
        /// The project
        file: PathBuf,
    },
    /// Write what can be read from a damaged project to a new one
    Recover {
        /// The damaged project; it is not changed
        file: PathBuf,
        /// The new project
        new: PathBuf,
    },
    /// Write everything in a project as text, one JSON value a line
    Text {
        /// The project
        file: PathBuf,
        /// The folder for the files of text; it is made
        folder: PathBuf,
    },
}

/// Carries the subcommand out.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::Check { file } => {
            let report = project::check(file)?;
            let mut text = format!(
                "{}: {} recordings, {} events, {} entries of the log, {} kept states\n",
                file.display(),
                report.recordings,
                report.events,
                report.entries,
                report.generations
            );
            report.problems.iter().for_each(|problem| text.push_str(&format!("  {problem}\n")));
            text.push_str(if report.problems.is_empty() { "Nothing is wrong\n" } else { "The file is damaged\n" });
            write_stdout(&text)?;
            Ok(if report.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Recover { file, new } => {
            ensure!(!new.exists(), "{}: exists already; name a new file", new.display());
            let recovered = project::recover(file, new)?;
            let how = if recovered.is_present {
                "with all changes"
            } else {
                "as an earlier state, because later changes cannot be read"
            };
            write_stdout(&format!(
                "{}: {} recordings, {} events, {how}\n",
                new.display(),
                recovered.recordings,
                recovered.events
            ))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Text { file, folder } => {
            let (project, _) = ProjectFile::open(file)?;
            for written in project.export_text(folder)? {
                write_stdout(&format!("{}\n", written.display()))?;
            }
            project.close()?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
