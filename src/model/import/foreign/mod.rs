//! A plain ONNX file of any origin as a model folder: what its graph says about input and output is read, what it does not say is taken from a
//! short form, and the rest is guessed. Every guess is told, and a run of one clip shows what the output really is.

mod guess;
mod input;
mod output;

pub use input::InputKind;

use super::classes::{self, Classes};
use super::folder_files::{FolderFiles, ManifestText, SelfCheckText};
use super::{ImportError, ImportOptions};
use crate::model::OutputAxes;
use crate::model::folder::{read_network, sha256_hex};
use crate::onnx::outline::{FLOATS, Outline, Port};
use guess::Guess;
use std::path::Path;

/// What a graph cannot say about itself; what is not given is guessed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Form {
    /// What the network takes.
    pub input: Option<InputKind>,
    /// Sample rate in hertz; 16 kHz unless given; [`InputKind::FmnMel`] has no other.
    pub sample_rate: Option<u32>,
    /// Seconds from one score to the next.
    pub hop_secs: Option<f64>,
    /// Seconds of a clip, where the graph leaves its length open; ten unless given.
    pub clip_secs: Option<f64>,
    /// The output with scores, where there is more than one; the first unless given.
    pub output: Option<String>,
    /// Whether the output is `[clip, class, row]`, where its sizes do not tell.
    pub classes_first: bool,
}

/// The files of the model folder, the self-check still without scores, and what was found out, in lines for the user.
pub(super) fn draft(
    path: &Path,
    name: &str,
    options: &ImportOptions,
) -> Result<(FolderFiles, Vec<String>), ImportError> {
    let onnx = read_network(path)?;
    let refuse = |reason: String| ImportError::Foreign { path: path.to_path_buf(), reason };
    let outline = Outline::read(&onnx).map_err(|error| refuse(error.to_string()))?;
    let form = &options.form;
    let (input, output) = ports(&outline, form.output.as_deref()).map_err(refuse)?;
    let file = options.labels.as_deref();
    let names = file.map(classes::read_names).transpose()?;
    let mut guess = Guess::of(input, form).map_err(refuse)?;
    if outline.outputs.len() > 1 && form.output.is_none() {
        let outputs = Port::list(&outline.outputs);
        guess.notes.push(format!("Of the outputs {outputs}, the first is taken; --scores-output names another"));
    }
    let probe = guess.probe(&onnx, input, output, names.as_ref().map(Vec::len), form).map_err(refuse)?;
    let Classes { labels, origin, attribution } = match guess.kind {
        InputKind::FmnMel => classes::classes(probe.reading.classes, file)?,
        _ => classes::of_foreign(probe.reading.classes, file, names),
    };
    let time = guess.time(&probe, form).map_err(refuse)?;
    let mut summary = guess.notes.clone();
    summary.push(match labels.len() {
        1 => format!("1 class: {origin}"),
        count => format!("{count} classes: {origin}"),
    });
    let what = if probe.is_logits { "logits" } else { "scores of 0 to 1" };
    summary.push(format!("The output {} holds {what}", output.name));
    let (mean, spread) = guess.check_values();
    let manifest = ManifestText {
        name: name.to_owned(),
        version: sha256_hex(&onnx).chars().take(8).collect(),
        summary: format!("{} classes, imported from an ONNX file", labels.len()),
        licence: "as the network's".to_owned(),
        attribution: match attribution {
            Some(names) => format!("whoever made the ONNX file; {names}"),
            None => "whoever made the ONNX file".to_owned(),
        },
        source: format!("{} (SHA-256 {})", path.file_name().unwrap_or_default().to_string_lossy(), sha256_hex(&onnx)),
        network_input: input.name.clone(),
        network_output: output.name.clone(),
        activation: if probe.is_logits { "sigmoid" } else { "none" },
        embedding: None,
        is_class_major: probe.reading.axes == OutputAxes::ClassMajor,
        tables: format!("{}\n{time}\n[decision]\nthreshold = 0.5\nmedian_secs = 0.0\n", guess.input_table()),
        self_check: SelfCheckText { frames: probe.frames, mean, spread, tolerance: 1e-3, expected: Vec::new() },
    };
    let licence_text = "Earmark cannot tell under which licence this network is: ask whoever made it.\n".to_owned();
    Ok((FolderFiles { network: onnx, labels, licence_text, manifest }, summary))
}

/// The one input, and the output that is called `wanted` or else the first.
fn ports<'a>(outline: &'a Outline, wanted: Option<&str>) -> Result<(&'a Port, &'a Port), String> {
    let [input] = outline.inputs.as_slice() else {
        return Err(format!(
            "it has the inputs {}; expected one: networks that are given their own state, the sample rate or lengths are not supported",
            Port::list(&outline.inputs)
        ));
    };
    let output = match wanted {
        Some(name) => outline.outputs.iter().find(|output| output.name == *name),
        None => outline.outputs.first(),
    };
    let outputs = || Port::list(&outline.outputs);
    let output = output.ok_or_else(|| match wanted {
        Some(name) => format!("it has no output {name:?}, but {}: name one of them with --scores-output", outputs()),
        None => "it has no outputs".to_owned(),
    })?;
    for (what, port) in [("input", input), ("output", output)] {
        if !["", FLOATS].contains(&port.holds) {
            let advice = if what == "output" && outline.outputs.len() > 1 {
                format!("; name another of {} with --scores-output", outputs())
            } else {
                String::new()
            };
            return Err(format!("its {what} {port} holds {}; expected {FLOATS}{advice}", port.holds));
        }
    }
    Ok((input, output))
}
