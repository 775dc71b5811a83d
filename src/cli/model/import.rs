//! `earmark model import`: makes a model folder of a checkpoint.

use crate::model::import::{self, ImportOptions};
use std::path::PathBuf;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  earmark model import fmn10_strong.pt
      A downloaded checkpoint becomes a model of your data folder
  earmark model import last.ckpt --name office --labels office.tsv
      A checkpoint of your own training, with the names of its classes
  earmark model import fmn10_strong.pt -o models/fmn10
      Into a folder of your choice; use it with --model models/fmn10";

/// Make a model of a checkpoint
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The file of weights
    #[arg(value_name = "CHECKPOINT")]
    checkpoint: PathBuf,
    /// Write the model folder here [default: a folder of the model's name in your data folder]
    #[arg(short, long, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// Call the model this [default: the file's name]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Names of the classes: a table with the header `mid TAB name`, a class a line in the network's order
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let options = ImportOptions {
        output: arguments.output.clone(),
        name: arguments.name.clone(),
        labels: arguments.labels.clone(),
    };
    let imported = import::import(&arguments.checkpoint, &options)?;
    imported.summary.iter().for_each(|line| eprintln!("{line}"));
    eprintln!("in {}", imported.folder.display());
    Ok(ExitCode::SUCCESS)
}
