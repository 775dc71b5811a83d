//! Variants of a model that compute in smaller numbers: made on request, compared with the original on real sound, and put beside it as a model
//! folder of their own, with what was found.
//!
//! A variant is made by watching the original's network on recordings (which numbers its values take on), rewriting it
//! ([`crate::onnx::variant`]), and running both on the same recordings again. All of that runs on the CPU by ONNX Runtime, the one runtime that has
//! whole-number operators. Nothing is written before all of it is done.

mod comparison;
mod error;
mod files;
mod hearing;
mod note;

use super::backend::NetworkOutput;
use super::import::{self, ImportError};
use super::registry::user_folder;
use super::{BareNetwork, MANIFEST_FILE, ModelError, ModelFolder, RuntimeChoice};
use crate::onnx::variant::{Original, Ranges, Rewritten, VariantError};
use comparison::{Comparison, refusal};
use hearing::{Listener, hear};
use std::path::PathBuf;

pub use crate::onnx::variant::Precision;
pub use error::MakeError;
pub use note::{Change, SoundNote, VARIANT_FILE, VariantNote};

/// Parts of the work that watching takes; the rest is comparing.
const WATCHING_PART: f64 = 0.5;

/// How to make a variant.
#[derive(Clone, Debug, PartialEq)]
pub struct VariantOptions {
    /// The numbers to compute in.
    pub precision: Precision,
    /// Recordings whose sound the ranges are taken from and the scores compared on; the input of the model's self-check if there are none.
    pub recordings: Vec<PathBuf>,
    /// What the recordings are together, in words; else their names are told.
    pub recordings_are: Option<String>,
    /// The model folder to write; else one named after the variant in the user's folder.
    pub output: Option<PathBuf>,
    /// The variant's name; else that of the model and the precision.
    pub name: Option<String>,
}

impl VariantOptions {
    /// A variant named after its model in the user's folder, made on its self-check's input.
    pub fn new(precision: Precision) -> Self {
        Self { precision, recordings: Vec::new(), recordings_are: None, output: None, name: None }
    }

    /// What the variant of a model is called, and its folder unless another is given.
    pub fn id(&self, model: &str) -> String {
        self.name.clone().unwrap_or_else(|| format!("{model}-{}", self.precision))
    }

    fn recordings_in_words(&self) -> String {
        let name = |path: &PathBuf| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        match (&self.recordings_are, self.recordings.as_slice()) {
            (_, []) => "the input of the model's self-check, which is no sound".to_owned(),
            (Some(words), _) => words.clone(),
            (None, [one]) => name(one),
            (None, [first, rest @ ..]) => format!("{} and {} more", name(first), rest.len()),
        }
    }
}

/// A variant that was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// Its folder.
    pub folder: PathBuf,
    /// Its name there.
    pub id: String,
    /// What it is and what changed.
    pub note: VariantNote,
    /// What the trial of its self-check showed, in lines for the user.
    pub trial: Vec<String>,
}

/// Makes a variant of the model in `folder`. Blocks; `on_part` is told how much is done, 0 to 1, and `is_cancelled` is asked some fifty times a
/// second.
///
/// # Errors
/// See [`MakeError`]; nothing is left behind.
pub fn make(
    folder: &ModelFolder,
    options: &VariantOptions,
    is_cancelled: &dyn Fn() -> bool,
    on_part: &mut dyn FnMut(f64),
) -> Result<Made, MakeError> {
    let precision = options.precision;
    if let Some(note) = &folder.variant {
        let (precision, made_from) = (note.precision, note.made_from.clone());
        return Err(MakeError::IsVariant { id: folder.id.clone(), precision, made_from });
    }
    let (id, place) = place(folder, options)?;
    let onnx = folder.network_bytes()?;
    let rewriting = |source: VariantError| MakeError::Rewriting { id: folder.id.clone(), precision, source };
    let original = Original::read(&onnx).map_err(rewriting)?;
    let recordings = options.recordings.as_slice();
    let watcher = Watcher::open(folder, &original, precision)?;
    let (watcher, heard_secs) =
        hear(folder, recordings, watcher, is_cancelled, &mut |part| on_part(WATCHING_PART * part))?;
    if !watcher.has_heard {
        return Err(MakeError::Silent { recordings: options.recordings_in_words() });
    }
    let rewritten = original.rewritten(precision, &watcher.ranges).map_err(rewriting)?;
    drop((watcher, original));
    let network = rewritten.to_bytes();
    let change = compared(folder, options, &onnx, &network, is_cancelled, &mut |part| {
        on_part(WATCHING_PART + (1.0 - WATCHING_PART) * part);
    })?;
    let note = note_of(folder, options, &rewritten, [onnx.len(), network.len()], heard_secs, change);
    if is_cancelled() {
        return Err(ModelError::Cancelled.into());
    }
    let trial = files::put(folder, &id, &place, &onnx, &network, &note)?;
    Ok(Made { folder: place, id, note, trial })
}

/// What the variant is called and where it will be, if that place is free.
fn place(folder: &ModelFolder, options: &VariantOptions) -> Result<(String, PathBuf), MakeError> {
    let name = import::checked_name(options.id(&folder.id))?;
    let place = match &options.output {
        Some(output) => output.clone(),
        None => user_folder().ok_or(ImportError::NoHome)?.join(&name),
    };
    if place.join(MANIFEST_FILE).exists() {
        return Err(ImportError::Exists { folder: place }.into());
    }
    let id = place.file_name().map_or(name, |name| name.to_string_lossy().into_owned());
    Ok((id, place))
}

fn compared(
    folder: &ModelFolder,
    options: &VariantOptions,
    onnx: &[u8],
    network: &[u8],
    is_cancelled: &dyn Fn() -> bool,
    on_part: &mut dyn FnMut(f64),
) -> Result<Change, MakeError> {
    let refused = |reason: String| MakeError::Refused { id: folder.id.clone(), precision: options.precision, reason };
    let ends = [folder.manifest.network.input.as_str(), folder.manifest.network.output.as_str()];
    let original = BareNetwork::open(onnx, ends, RuntimeChoice::OnnxRuntime)?;
    let variant = BareNetwork::open(network, ends, RuntimeChoice::OnnxRuntime);
    let variant = variant.map_err(|error| refused(error.to_string()))?;
    let comparison = Comparison::new(folder, original, variant);
    match hear(folder, &options.recordings, comparison, is_cancelled, on_part) {
        Ok((comparison, _)) => Ok(comparison.finish()),
        Err(MakeError::Model(ModelError::Inference { model, reason })) => Err(match refusal(&reason) {
            Some(reason) => refused(reason.to_owned()),
            None => ModelError::Inference { model, reason }.into(),
        }),
        Err(error) => Err(error),
    }
}

fn note_of(
    folder: &ModelFolder,
    options: &VariantOptions,
    rewritten: &Rewritten,
    [original_bytes, bytes]: [usize; 2],
    heard_secs: f64,
    change: Change,
) -> VariantNote {
    VariantNote {
        precision: options.precision,
        made_from: folder.id.clone(),
        sha256: folder.manifest.network.sha256.clone(),
        made_by: env!("CARGO_PKG_VERSION").to_owned(),
        original_bytes: original_bytes as u64,
        bytes: bytes as u64,
        converted: rewritten.converted,
        kept: rewritten.kept.iter().map(ToString::to_string).collect(),
        sound: SoundNote {
            what: options.recordings_in_words(),
            recordings: options.recordings.len(),
            secs: (100.0 * heard_secs).round() / 100.0,
        },
        change,
    }
}

/// Runs the original and notes what its values are.
struct Watcher {
    network: BareNetwork,
    /// The values beside the scores, in the order in which they come.
    names: Vec<String>,
    /// The value that is the network's input, if it counts.
    input: Option<String>,
    ranges: Ranges,
    has_heard: bool,
}

impl Watcher {
    fn open(folder: &ModelFolder, original: &Original, precision: Precision) -> Result<Self, ModelError> {
        let network = &folder.manifest.network;
        let (inputs, names): (Vec<String>, Vec<String>) =
            original.watched(precision).into_iter().partition(|name| original.is_input(name));
        let outputs: Vec<&str> =
            std::iter::once(network.output.as_str()).chain(names.iter().map(String::as_str)).collect();
        let onnx = original.with_outputs(&names);
        let opened = BareNetwork::open_with(&onnx, &network.input, &outputs, RuntimeChoice::OnnxRuntime)?;
        let input = inputs.into_iter().find(|name| *name == network.input);
        Ok(Self { network: opened, names, input, ranges: Ranges::default(), has_heard: false })
    }
}

impl Listener for Watcher {
    fn hear(&mut self, input: &[f32], shape: &[usize]) -> Result<NetworkOutput, String> {
        let mut outputs = self.network.backend_mut().run_all(input, shape)?.into_iter();
        let scores = outputs.next().ok_or("the network gave nothing")?;
        for (name, output) in self.names.iter().zip(outputs) {
            self.ranges.watch(name, &output.values, &output.shape);
        }
        if let Some(name) = &self.input {
            self.ranges.watch(name, input, shape);
        }
        self.has_heard = true;
        Ok(scores)
    }
}
