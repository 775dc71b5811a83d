//! `earmark model get`: downloads published checkpoints and makes models of them.

use super::super::progress::DownloadProgress;
use crate::model::acquire::{self, AcquireError, Acquired, Places, Stage};
use crate::model::catalogue::{self, Checkpoint, Published};
use crate::model::download::Source;
use crate::model::registry;
use anyhow::bail;
use indicatif::DecimalBytes;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  earmark model get fmn10+tf-256              Transformer blocks on the middle size: a good start
  earmark model get fmn04 fmn30+gru-768       The smallest and the most accurate
  EARMARK_MODEL_SOURCE=https://mirror.example/models earmark model get fmn10
                                              From a mirror that holds fmn10_strong.pt

A download that breaks off is continued by the same command. Where the file's checksum is known, it is checked; where \
not, that of what came is shown and noted in the model's folder. Without a network: download the file elsewhere \
(`earmark model info NAME` says where from) and run `earmark model import FILE`.";

/// Download published models
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Names as `earmark model list` shows them; `_strong` may be left out
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Download and import again what is installed
    #[arg(long)]
    again: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    // A wrong name must be told before minutes are spent on the right ones.
    let wanted: Vec<(&Published, &Checkpoint)> =
        arguments.names.iter().map(|name| find(name)).collect::<anyhow::Result<_>>()?;
    let places = Places::of_user()?;
    let mut failed = 0;
    for (published, checkpoint) in &wanted {
        if let Some(path) = installed_path(published).filter(|_| !arguments.again) {
            eprintln!("{}: is installed in {path}; --again gets it once more", published.name);
        } else if let Err(error) = get(published, checkpoint, &places) {
            eprintln!("{}: {error}", published.name);
            failed += 1;
        }
    }
    if wanted.len() > 1 && failed > 0 {
        eprintln!("{failed} of {} models failed", wanted.len());
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn find(name: &str) -> anyhow::Result<(&'static Published, &'static Checkpoint)> {
    let Some(published) = catalogue::find(name) else {
        bail!("no published model is called \"{name}\"{}", catalogue::hint(name));
    };
    let Some(checkpoint) = &published.checkpoint else {
        return Err(AcquireError::NotReleased { name: published.name.to_owned() }.into());
    };
    Ok((published, checkpoint))
}

fn installed_path(published: &Published) -> Option<String> {
    let models = registry::list();
    let model = models.iter().find(|model| model.id == published.name && model.folder.is_ok())?;
    Some(model.path.display().to_string())
}

fn get(published: &Published, checkpoint: &Checkpoint, places: &Places) -> Result<(), AcquireError> {
    let from = Source::at(checkpoint, places.mirror.as_deref())?.address;
    eprintln!("{} from {from} ({}, copyright 2024 Florian Schmid)", published.name, checkpoint.licence);
    let progress = DownloadProgress::new(published.name);
    let mut report = |stage| match stage {
        Stage::Fetching(at) => progress.set(&at),
        Stage::Importing | Stage::Varying(_) => progress.importing(),
    };
    let result = acquire::acquire(published, places, &mut report, &|| false);
    progress.finish();
    say(published, &result?);
    Ok(())
}

fn say(published: &Published, acquired: &Acquired) {
    let origin = &acquired.origin;
    let known = if origin.is_checked { "as published" } else { "none is published to compare" };
    eprintln!("  {}, SHA-256 {} ({known})", DecimalBytes(origin.bytes), origin.sha256);
    acquired.imported.summary.iter().for_each(|line| eprintln!("  {line}"));
    eprintln!("  in {}", acquired.imported.folder.display());
    eprintln!("  use it: earmark detect RECORDING --model {}", published.name);
}
