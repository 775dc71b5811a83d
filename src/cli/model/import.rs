//! `earmark model import`: makes a model folder of a checkpoint or of a plain ONNX file.

use crate::model::import::{self, Form, ImportOptions, InputKind};
use std::path::PathBuf;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  earmark model import fmn10_strong.pt
      A downloaded checkpoint becomes a model of your data folder
  earmark model import last.ckpt --name office --labels office.tsv
      A checkpoint of your own training, with the names of its classes
  earmark model import fmn10_strong.pt -o models/fmn10
      Into a folder of your choice; use it with --model models/fmn10
  earmark model import tagger.onnx --input waveform --rate 32000 --clip 10 --labels classes.txt
      A plain ONNX file of other origin; what you do not say is guessed, tried, and told

Read are PyTorch files (.pt, .pth, .ckpt: tensors only, nothing in them is run) and safetensors of networks of the
EfficientSED family, and ONNX files whose output has the classes last. Remove a model with `earmark model remove`.";

/// Make a model of a checkpoint or of an ONNX file
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A checkpoint of the EfficientSED family, or an ONNX file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Write the model folder here [default: a folder of the model's name in your data folder]
    #[arg(short, long, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// Call the model this [default: the file's name]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Names of the classes, a line each in the network's order; or a table with the header `mid TAB name`
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// ONNX: what the network takes [default: guessed from the shape of its input]
    #[arg(long, value_name = "KIND", value_parser = input_kind)]
    input: Option<InputKind>,
    /// ONNX: sample rate in hertz [default: 16000]
    #[arg(long, value_name = "HZ")]
    rate: Option<u32>,
    /// ONNX: seconds from one score to the next [default: guessed from the number of scores a clip]
    #[arg(long, value_name = "SECS")]
    hop: Option<f64>,
    /// ONNX: seconds of a clip where the network takes any length [default: 10]
    #[arg(long, value_name = "SECS")]
    clip: Option<f64>,
    /// ONNX: the output with the scores [default: the first]
    #[arg(long = "scores-output", value_name = "NAME")]
    scores_output: Option<String>,
}

fn input_kind(text: &str) -> Result<InputKind, String> {
    let words: Vec<&str> = InputKind::ALL.iter().map(|kind| kind.word()).collect();
    let found = InputKind::ALL.into_iter().find(|kind| kind.word() == text);
    found.ok_or_else(|| format!("expected {}", words.join(", ")))
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let options = ImportOptions {
        output: arguments.output.clone(),
        name: arguments.name.clone(),
        labels: arguments.labels.clone(),
        form: Form {
            input: arguments.input,
            sample_rate: arguments.rate,
            hop_secs: arguments.hop,
            clip_secs: arguments.clip,
            output: arguments.scores_output.clone(),
        },
    };
    let imported = import::import(&arguments.file, &options)?;
    imported.summary.iter().for_each(|line| eprintln!("{line}"));
    eprintln!("in {}", imported.folder.display());
    Ok(ExitCode::SUCCESS)
}
