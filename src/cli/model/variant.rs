//! `earmark model variant`: makes a model that computes in smaller numbers of another one, and tells what that changes.

use super::super::progress::Progress;
use super::super::write_stdout;
use crate::model::registry;
use crate::model::variant::{Made, Precision, VariantOptions, make};
use crate::work::example;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  earmark model variant yamnet --float16
      Half the size; faster on graphics cards, hardly on processors
  earmark model variant yamnet --int8 --calibrate forest/*.wav
      A quarter of the size, and faster on processors; its steps fit the sound of these recordings
  earmark detect street.wav --model yamnet-int8
      Use it

Recordings in which the model hears what you look for are worth the most: the variant's steps are chosen for their sound (int8),
numbers beyond 16 bits are looked for in it (float16), and the scores of both networks are compared on it. At most ten minutes of them are heard.
Without any, those of the bundled example are taken; where that is not installed, the input of the model's self-check, which is no sound.
A variant is a model of its own beside the original, which stays as it is: `earmark model info` tells again what is told here, and
`earmark model remove` takes it away. It needs ONNX Runtime to be made.";

/// Make a variant of a model that computes in smaller numbers, and say what that changes
///
/// Sizes, differences of scores, decisions that change at the model's threshold, and speed beside the original on this CPU are measured and kept with the
/// variant.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
#[command(group = clap::ArgGroup::new("precision").required(true).args(["float16", "int8"]))]
pub(super) struct Arguments {
    /// Model by name (see `earmark model list`) or by folder
    #[arg(value_name = "MODEL")]
    model: String,
    /// 16-bit floats
    #[arg(long)]
    float16: bool,
    /// 8-bit whole numbers
    #[arg(long)]
    int8: bool,
    /// Recordings to fit the variant to and to compare it on [default: the bundled example]
    #[arg(long, value_name = "RECORDINGS", num_args = 1..)]
    calibrate: Vec<PathBuf>,
    /// Write the model folder here [default: a folder of the variant's name in your data folder]
    #[arg(long = "to", short = 'o', value_name = "FOLDER")]
    to: Option<PathBuf>,
    /// Call the variant this [default: MODEL-float16 or MODEL-int8]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let folder = registry::find(&arguments.model)?;
    let precision = if arguments.float16 { Precision::Float16 } else { Precision::Int8 };
    let mut options = VariantOptions {
        recordings: arguments.calibrate.clone(),
        output: arguments.to.clone(),
        name: arguments.name.clone(),
        ..VariantOptions::new(precision)
    };
    if options.recordings.is_empty() {
        options.recordings = example::recordings();
        options.recordings_are = Some(example::NAME.to_owned());
    }
    let progress = Progress::new(1);
    let made = make(&folder, &options, &|| false, &mut |part| progress.set(0, options.precision.word(), part));
    progress.finish();
    let made = made?;
    write_stdout(&if arguments.json { json_text(&made)? } else { text(&made) })?;
    Ok(ExitCode::SUCCESS)
}

fn text(made: &Made) -> String {
    let lines = made.note.lines().into_iter().map(|(word, line)| format!("  {word:<10} {line}\n"));
    let trial = made.trial.iter().map(|note| format!("  {:<10} {note}\n", "check"));
    let folder = format!("  {:<10} {}\n", "path", made.folder.display());
    std::iter::once(format!("{}\n", made.id)).chain(lines).chain(trial).chain([folder]).collect()
}

fn json_text(made: &Made) -> anyhow::Result<String> {
    let value = json!({
        "name": made.id,
        "folder": made.folder,
        "variant": made.note,
        "warnings": made.note.warnings(),
        "check": made.trial,
    });
    Ok(serde_json::to_string_pretty(&value)? + "\n")
}
