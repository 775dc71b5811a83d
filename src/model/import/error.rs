//! Why a file was not imported. Owns the wording.

use crate::checkpoint::CheckpointError;
use crate::model::ModelError;
use crate::zoo::ZooError;
use std::path::PathBuf;

/// Why a file was not imported. Nothing is left behind in any case.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is no checkpoint that can be read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The tensors are no network of the family.
    #[error("{path}: {reason}")]
    Network {
        /// The checkpoint.
        path: PathBuf,
        /// Which tensor does not fit.
        reason: ZooError,
    },
    /// A plain ONNX file that no model folder can be made of.
    #[error("{path}: cannot be imported: {reason}")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// The class names do not fit, or the folder does not read back.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// No runtime can run what was written.
    #[error("{path}: the network was written, but cannot be run: {reason}")]
    Trial {
        /// The checkpoint.
        path: PathBuf,
        /// The runtimes' reasons.
        reason: String,
    },
    /// The folder is there already.
    #[error("{folder}: is there already: remove it first, or choose another name or folder")]
    Exists {
        /// The folder.
        folder: PathBuf,
    },
    /// A name that cannot be a folder's.
    #[error(
        "{name:?} cannot be a model's name: expected 1 to 100 characters without / \\ : that do not begin with a dot"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// The user has no folder for models.
    #[error("there is no folder for your models: give one with -o FOLDER")]
    NoHome,
    /// The folder cannot be written.
    #[error("{path}: cannot be written: {source}")]
    Io {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}
