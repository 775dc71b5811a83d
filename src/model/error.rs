//! Why a model cannot be used or a detection failed. Owns the wording; each message names the file and what to do.

use crate::audio::AudioError;
use std::path::PathBuf;

/// Why a model cannot be used or a detection did not finish.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A file of a model folder cannot be read.
    #[error("{path}: cannot be read: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A manifest that is not TOML, or has unknown or missing fields.
    #[error("{path}: is no model manifest: {reason}")]
    Syntax {
        /// The manifest.
        path: PathBuf,
        /// Line and reason.
        reason: String,
    },
    /// A manifest or label file with a value that cannot be right.
    #[error("{path}: {field}: found {found}, expected {expected}")]
    Field {
        /// The manifest or label file.
        path: PathBuf,
        /// The field or line.
        field: String,
        /// What it says.
        found: String,
        /// What it may say.
        expected: String,
    },
    /// A network file that is not the one the manifest describes.
    #[error("{path}: has SHA-256 {found}, but the manifest says {expected}: copy the model folder again")]
    Checksum {
        /// The network file.
        path: PathBuf,
        /// The file's own.
        found: String,
        /// The manifest's.
        expected: String,
    },
    /// There is no picture of what a model sees.
    #[error(
        "{name} takes the samples as they are: there is no picture of what it sees. Choose another picture, or a model with a mel front end"
    )]
    TakesSamples {
        /// The model.
        name: String,
    },
    /// No model of that name.
    #[error("no model is called \"{name}\"{suggestion}")]
    UnknownModel {
        /// What was asked for.
        name: String,
        /// `: did you mean …?`, or where models are looked for.
        suggestion: String,
    },
    /// A model that is not the user's own.
    #[error(
        "{id} is not removed: it lies in {path} and comes with Earmark or from elsewhere; only models in {folder} are removed"
    )]
    NotRemovable {
        /// The model.
        id: String,
        /// Its folder.
        path: PathBuf,
        /// The user's folder of models.
        folder: String,
    },
    /// A model folder that the system does not remove.
    #[error("{path}: cannot be removed: {source}: delete the folder yourself")]
    Remove {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// No class of that name.
    #[error("{model} has no class \"{name}\"{suggestion}")]
    UnknownClass {
        /// The model.
        model: String,
        /// What was asked for.
        name: String,
        /// `: did you mean …?`, or empty.
        suggestion: String,
    },
    /// A hop that the model does not offer.
    #[error("{model} has no hop of {found} s: choose {choices}")]
    Hop {
        /// The model.
        model: String,
        /// What was asked for, in seconds.
        found: f64,
        /// What it offers: `0.1 s or 0.48 s`.
        choices: String,
    },
    /// A preset for a model whose scores come about in one way only.
    #[error("{model} has no presets: leave the preset out")]
    Preset {
        /// The model.
        model: String,
    },
    /// Embeddings of a model whose manifest names none.
    #[error(
        "{model} gives no embeddings that its manifest names: leave them out, or name the output under [network] in model.toml: embedding = {{ output = \"NAME\", size = N }}"
    )]
    NoEmbeddings {
        /// The model.
        model: String,
    },
    /// Neither runtime can run the model right.
    #[error("{model} cannot be run: {}", .reasons.join("; "))]
    NoRuntime {
        /// The model.
        model: String,
        /// A reason for each runtime and device that was tried.
        reasons: Vec<String>,
    },
    /// The network failed on this recording.
    #[error("{model} failed: {reason}")]
    Inference {
        /// The model.
        model: String,
        /// The runtime's reason.
        reason: String,
    },
    /// The recording cannot be read.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
}
