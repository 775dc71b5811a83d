//! Getting a published model: its checkpoint is fetched, imported into the user's folder, and forgotten; where it came from is noted there.
//!
//! Decides the order of things; how each is done, [`super::download`] and [`super::import`] know.

use super::catalogue::Published;
use super::download::{self, DownloadError, Downloaded, Patience, Progress, Source};
use super::import::{self, ImportError, ImportOptions, Imported};
use super::installed::Origin;
use super::{ModelError, registry};
use std::path::PathBuf;

/// Where things are put, and got from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// Folder of unfinished and not yet imported downloads.
    pub downloads: PathBuf,
    /// Folder of the user's model folders.
    pub models: PathBuf,
    /// An address that holds copies of the checkpoints and takes the place of the published ones: `ADDRESS/FILE`.
    pub mirror: Option<String>,
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stage {
    /// The checkpoint is being fetched.
    Fetching(Progress),
    /// The checkpoint is there and becomes a model folder, which takes seconds.
    Importing,
    /// A variant is made and compared with its model; so much of it is done, 0 to 1.
    Varying(f64),
}

/// A published model that was got.
#[derive(Clone, Debug)]
pub struct Acquired {
    /// The model folder and what was recognised.
    pub imported: Imported,
    /// What was noted in the folder about the file.
    pub origin: Origin,
}

/// Why a published model was not got.
#[derive(Debug, thiserror::Error)]
pub enum AcquireError {
    /// There is no checkpoint.
    #[error("{name}: its authors released no checkpoint; only what they measured is known")]
    NotReleased {
        /// The model.
        name: String,
    },
    /// The system has no folder for a user's files.
    #[error("this system has no folder for your files: set {} to one", registry::DATA_VARIABLE)]
    NoPlace,
    /// The checkpoint could not be fetched.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// The checkpoint could not be imported.
    #[error("{source}. The downloaded file is kept: {}", path.display())]
    Import {
        /// The downloaded file.
        path: PathBuf,
        /// The reason.
        source: Box<ImportError>,
    },
    /// What was downloaded is no checkpoint that can be read, and no known checksum vouched for it.
    #[error("{source}. The downloaded file may be damaged and was removed: try again to download it anew")]
    Damaged {
        /// The reason.
        source: Box<ImportError>,
    },
    /// The note about the origin could not be written.
    #[error(transparent)]
    Note(#[from] ModelError),
}

impl Places {
    /// The user's own places.
    ///
    /// # Errors
    /// This system has none.
    pub fn of_user() -> Result<Self, AcquireError> {
        let places = registry::downloads_folder().zip(registry::user_folder());
        let mirror = download::mirror();
        places.map(|(downloads, models)| Self { downloads, models, mirror }).ok_or(AcquireError::NoPlace)
    }
}

/// Fetches the checkpoint of a published model and makes a model folder of it. Blocks; `report` gets what is being done, and `is_cancelled` is
/// asked at least every 0.1 s while the checkpoint is being fetched.
///
/// # Errors
/// See [`AcquireError`]. What has been fetched is kept and used by the next call, unless it is no checkpoint.
pub fn acquire(
    published: &Published,
    places: &Places,
    report: &mut dyn FnMut(Stage),
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Acquired, AcquireError> {
    let Some(checkpoint) = &published.checkpoint else {
        return Err(AcquireError::NotReleased { name: published.name.to_owned() });
    };
    let source = Source::at(checkpoint, places.mirror.as_deref())?;
    let mut fetching = |progress| report(Stage::Fetching(progress));
    let downloaded = download::fetch(&source, &places.downloads, &Patience::default(), &mut fetching, is_cancelled)?;
    report(Stage::Importing);
    let options = ImportOptions {
        output: Some(places.models.join(published.name)),
        name: Some(published.name.to_owned()),
        replaces: true,
        ..ImportOptions::default()
    };
    let imported = import::import(&downloaded.path, &options).map_err(|error| not_imported(&downloaded, error))?;
    let origin = Origin {
        published: published.name.to_owned(),
        address: source.address,
        file: source.file,
        bytes: downloaded.bytes,
        sha256: downloaded.sha256,
        is_checked: downloaded.is_checked,
    };
    origin.write(&imported.folder)?;
    // The weights are in the model folder now.
    if let Err(error) = std::fs::remove_file(&downloaded.path) {
        log::warn!("{}: cannot be removed: {error}", downloaded.path.display());
    }
    Ok(Acquired { imported, origin })
}

/// Why a download was not imported. One that may be damaged is removed: the next call would take it for whole, and fail again.
fn not_imported(downloaded: &Downloaded, error: ImportError) -> AcquireError {
    let is_unreadable = matches!(error, ImportError::Network { .. } | ImportError::Checkpoint(_));
    let source = Box::new(error);
    if is_unreadable && !downloaded.is_checked && std::fs::remove_file(&downloaded.path).is_ok() {
        return AcquireError::Damaged { source };
    }
    AcquireError::Import { path: downloaded.path.clone(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::catalogue;

    #[test]
    fn what_was_not_released_is_said_before_anything_is_asked() {
        let places = Places { downloads: PathBuf::from("/nowhere"), models: PathBuf::from("/nowhere"), mirror: None };
        let published = catalogue::find("fmn10+mamba-256").unwrap();
        let error = acquire(published, &places, &mut |_| panic!(), &|| false).unwrap_err();
        assert!(error.to_string().contains("released no checkpoint"), "{error}");
    }
}
