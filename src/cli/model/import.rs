//! `earmark model import`: makes a model folder of a checkpoint or of a plain ONNX file.

use super::super::write_stdout;
use crate::model::import::{self, Form, ImportOptions, InputKind, Tryout};
use anyhow::Context;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  earmark model import fmn10_strong.pt
      A downloaded checkpoint becomes a model of your data folder
  earmark model import last.ckpt --name office --labels office.tsv
      A checkpoint of your own training, with the names of its classes
  earmark model import fmn10_strong.pt -o models/fmn10
      Into a folder of your choice; use it with --model models/fmn10
  earmark model import tagger.onnx --input waveform --rate 32000 --clip 10 --labels classes.txt --try dog.wav
      A plain ONNX file of other origin; what you do not say is guessed and told, and what it hears in dog.wav is printed

Read are PyTorch files (.pt, .pth, .ckpt: tensors only, nothing in them is run) and safetensors of networks of the
EfficientSED family, and ONNX files with one input of 32-bit floats (samples, or log-mel of a known kind) and scores or
logits by class. Remove a model with `earmark model remove`.";

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
    /// ONNX: the output is [clip, class, row], not [clip, row, class] [default: told by the sizes]
    #[arg(long)]
    classes_first: bool,
    /// Run the model on this recording at once, and print the strongest classes: do the guesses hold?
    #[arg(long = "try", value_name = "RECORDING")]
    recording: Option<PathBuf>,
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
        replaces: false,
        form: Form {
            input: arguments.input,
            sample_rate: arguments.rate,
            hop_secs: arguments.hop,
            clip_secs: arguments.clip,
            output: arguments.scores_output.clone(),
            classes_first: arguments.classes_first,
        },
    };
    let imported = import::import(&arguments.file, &options)?;
    imported.summary.iter().for_each(|line| eprintln!("{line}"));
    eprintln!("in {}", imported.folder.display());
    if let Some(recording) = &arguments.recording {
        let tried = import::tryout(&imported.folder, recording)
            .with_context(|| format!("the model was made, but fails on {}", recording.display()))?;
        write_stdout(&told(recording, &tried))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn told(recording: &Path, tried: &Tryout) -> String {
    let mut text =
        format!("{}: {} rows of scores, {:.4} a second\n", recording.display(), tried.rows, tried.rows_per_sec);
    text += &format!("scores from {:.4} to {:.4}; the strongest classes:\n", tried.lowest, tried.highest);
    for strong in &tried.strongest {
        text += &format!("  {:.4}  at {:8.3} s  {}\n", strong.score, strong.onset_secs, strong.class);
    }
    tried.doubts.iter().for_each(|doubt| text += &format!("looks wrong: {doubt}\n"));
    text
}
