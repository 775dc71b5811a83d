//! Making a model folder of a file that somebody trained: recognising, writing the network, trying it, and only then putting the folder in
//! its place. A folder that is half made is never seen under its name.

mod classes;
mod error;
mod family;
mod folder_files;
mod foreign;
pub(super) mod trial;
mod tryout;

pub use error::ImportError;
pub use foreign::{Form, InputKind};
pub use tryout::{Strong, Tryout, tryout};

use super::registry::user_folder;
use super::{MANIFEST_FILE, ModelError, ModelFolder};
use folder_files::FolderFiles;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// How to import.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportOptions {
    /// The model folder to write; else one named after the model in the user's folder.
    pub output: Option<PathBuf>,
    /// The model's name; else the file's.
    pub name: Option<String>,
    /// A file with the names of the classes; else they are found from their number.
    pub labels: Option<PathBuf>,
    /// Whether a model folder that stands in the place already gives way.
    pub replaces: bool,
    /// What the graph of a plain ONNX file does not say.
    pub form: Form,
}

/// A model folder that was made.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The folder.
    pub folder: PathBuf,
    /// What was recognised, in lines for the user.
    pub summary: Vec<String>,
}

/// Makes a model folder of the file at `path`: a checkpoint of a network of the EfficientSED family (PyTorch or safetensors), or a plain
/// ONNX file (by its ending).
///
/// # Errors
/// See [`ImportError`]; nothing is left behind.
pub fn import(path: &Path, options: &ImportOptions) -> Result<Imported, ImportError> {
    let name = model_name(path, options)?;
    let folder = match &options.output {
        Some(folder) => folder.clone(),
        None => user_folder().ok_or(ImportError::NoHome)?.join(&name),
    };
    if folder.join(MANIFEST_FILE).exists() && !options.replaces {
        return Err(ImportError::Exists { folder });
    }
    let draft = if is_plain_onnx(path) { foreign::draft } else { family::draft };
    let (files, mut summary) = draft(path, &name, options)?;
    summary.extend(put(path, files, &folder, options.replaces)?);
    Ok(Imported { folder, summary })
}

/// Whether the file at `path` is taken for a plain ONNX file, for which [`Form`] counts.
pub fn is_plain_onnx(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("onnx"))
}

/// What the model of the file at `path` is called, and its folder unless another is given: the name that was asked for, or the file's.
///
/// # Errors
/// The name cannot be a folder's.
pub fn model_name(path: &Path, options: &ImportOptions) -> Result<String, ImportError> {
    let of_file = || path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    checked_name(options.name.clone().unwrap_or_else(of_file))
}

/// The name, if it can be a model folder's.
pub(super) fn checked_name(name: String) -> Result<String, ImportError> {
    let is_plain = !name.trim().is_empty()
        && name.len() <= 100
        && !name.starts_with('.')
        && !name.contains(['/', '\\', ':'])
        && !name.chars().any(char::is_control);
    if is_plain { Ok(name) } else { Err(ImportError::Name { name }) }
}

/// Writes the folder beside its place, tries the network, reads the folder back as any model folder is read, and moves it there. Gives what
/// the trial showed, in lines for the user.
fn put(path: &Path, mut files: FolderFiles, folder: &Path, replaces: bool) -> Result<Vec<String>, ImportError> {
    let io = |source| ImportError::Io { path: folder.to_path_buf(), source };
    let staging = staging_beside(folder)?;
    files.write(staging.path()).map_err(io)?;
    let trial = trial::run(&opened(path, staging.path())?, &files.network, trial::MOST_ROUNDING)
        .map_err(|reason| ImportError::Trial { path: path.to_path_buf(), reason })?;
    files.manifest.self_check.expected = trial.expected;
    files.write(staging.path()).map_err(io)?;
    opened(path, staging.path())?;
    move_to(staging, folder, replaces)?;
    Ok(trial.notes)
}

/// An empty folder beside `folder`, to be filled and moved there. It is gone when it is dropped before.
pub(super) fn staging_beside(folder: &Path) -> Result<TempDir, ImportError> {
    let io = |source| ImportError::Io { path: folder.to_path_buf(), source };
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(io)?;
    staging_builder().tempdir_in(parent).map_err(io)
}

/// For a folder that will be moved into place: whoever may read what stands there may read it too, unlike other temporary folders.
fn staging_builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".importing-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The system takes away what the user's mask takes away.
        builder.permissions(std::fs::Permissions::from_mode(0o777));
    }
    builder
}

/// The folder that was written, read back. What is wrong is told about the file at `path`: the folder is gone when the message is read.
fn opened(path: &Path, staging: &Path) -> Result<ModelFolder, ImportError> {
    ModelFolder::open(staging).map_err(|error| match error {
        ModelError::Field { field, found, expected, .. } => {
            let reason = format!("{field}: found {found}, expected {expected}");
            ImportError::Foreign { path: path.to_path_buf(), reason }
        }
        other => other.into(),
    })
}

/// Moves a whole model folder to its place. One that stands there is moved aside first and removed last, so that one of both is always whole.
pub(super) fn move_to(staging: TempDir, folder: &Path, replaces: bool) -> Result<(), ImportError> {
    let io = |source| ImportError::Io { path: folder.to_path_buf(), source };
    let parent = staging.path().parent().unwrap_or(Path::new("."));
    let aside = tempfile::Builder::new().prefix(".replaced-").tempdir_in(parent).map_err(io)?;
    let is_replaced = replaces && folder.join(MANIFEST_FILE).exists();
    if is_replaced {
        std::fs::rename(folder, aside.path().join("model")).map_err(io)?;
    } else if folder.is_dir() {
        // An empty folder may stand there already; anything else is somebody's.
        std::fs::remove_dir(folder).map_err(|_| ImportError::Exists { folder: folder.to_path_buf() })?;
    }
    let moved = std::fs::rename(staging.path(), folder);
    if let Err(source) = moved {
        if is_replaced && let Err(error) = std::fs::rename(aside.path().join("model"), folder) {
            log::error!("{}: cannot be moved back: {error}", aside.keep().display());
        }
        return Err(io(source));
    }
    // Moved away: there is nothing left to remove.
    let _moved = staging.keep();
    Ok(())
}
