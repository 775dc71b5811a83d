//! Making a model folder of a checkpoint.

use std::path::{Path, PathBuf};

/// How to import.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// The model folder to write; else one named after the model in the user's folder.
    pub output: Option<PathBuf>,
    /// The model's name; else the file's.
    pub name: Option<String>,
    /// A file with the names of the classes; else they are found from their number.
    pub labels: Option<PathBuf>,
}

/// A model folder that was made.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The folder.
    pub folder: PathBuf,
    /// What was recognised, in lines for the user.
    pub summary: Vec<String>,
}

/// Why a checkpoint was not imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// No reader takes the file.
    #[error("{path}: this version of Earmark reads no checkpoints")]
    Unreadable {
        /// The file.
        path: PathBuf,
    },
}

/// Makes a model folder of the checkpoint at `path`.
///
/// # Errors
/// See [`ImportError`].
pub fn import(path: &Path, _options: &ImportOptions) -> Result<Imported, ImportError> {
    Err(ImportError::Unreadable { path: path.to_path_buf() })
}
