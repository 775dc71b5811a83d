//! Getting what runs models on graphics processors: a wheel is fetched or taken from a file, checked, and what is needed of it put in its place.
//!
//! Which wheels these are, [`crate::runtime_library::wheels`] says, and [`crate::runtime_library`] where their files lie. Nothing is loaded here.

mod error;
mod index;
mod installing;
mod unpacking;

pub use error::GpuSupportError;
pub use index::INDEX_VARIABLE;

use super::download::{self, DownloadError, Patience, Progress};
use crate::runtime_library as place;
use crate::runtime_library::installer::{self, Pip};
use crate::runtime_library::wheels::{self, Release};
use std::path::{Path, PathBuf};

/// What there is to get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// A provider for graphics processors of any maker.
    WebGpu,
    /// ONNX Runtime with CUDA and TensorRT, for those of NVIDIA.
    Cuda,
}

impl Support {
    /// All there is, the one to take first before the others.
    pub const ALL: [Self; 2] = [Self::WebGpu, Self::Cuda];

    /// The word for it on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::WebGpu => "webgpu",
            Self::Cuda => "cuda",
        }
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::WebGpu => "WebGPU",
            Self::Cuda => "CUDA",
        }
    }

    /// The wheel for this platform.
    ///
    /// # Errors
    /// There is none.
    pub fn release(self) -> Result<Release, GpuSupportError> {
        let release = match self {
            Self::WebGpu => wheels::webgpu(),
            Self::Cuda => wheels::cuda(),
        };
        release.ok_or(GpuSupportError::NoBuild { name: self.name() })
    }

    /// The folder that the program looks for it in.
    ///
    /// # Errors
    /// The user has no home folder.
    pub fn folder(self) -> Result<PathBuf, GpuSupportError> {
        let folder = match self {
            Self::WebGpu => place::cache_folder().map(|folder| folder.join(place::PROVIDERS_FOLDER)),
            Self::Cuda => place::cuda_folder(),
        };
        folder.ok_or(GpuSupportError::NoPlace)
    }

    /// Whether it may be of use on this machine, as far as is seen without loading anything.
    pub fn may_be_of_use(self) -> bool {
        self.release().is_ok() && (self == Self::WebGpu || wheels::has_nvidia_driver())
    }

    /// Whether all files of it lie in their folder. They are not read.
    pub fn is_there(self) -> bool {
        match (self.release(), self.folder()) {
            (Ok(release), Ok(folder)) => release.files.iter().all(|(name, _)| folder.join(name).is_file()),
            _ => false,
        }
    }
}

/// What getting a support would do, to be told before it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What there is to get.
    pub support: Support,
    /// The wheel.
    pub release: Release,
    /// The folder that its libraries are put in.
    pub folder: PathBuf,
    /// Whether they lie there already.
    pub is_there: bool,
}

/// What there is to get on this machine: WebGPU on all platforms that have a build, CUDA beside a driver of NVIDIA's.
///
/// # Errors
/// There is nothing for this platform, or no place for it.
pub fn offers() -> Result<Vec<Offer>, GpuSupportError> {
    Support::WebGpu.release()?;
    let useful = Support::ALL.into_iter().filter(|support| support.may_be_of_use());
    let offer = |support: Support| {
        let (release, folder) = (support.release()?, support.folder()?);
        Ok(Offer { support, release, folder, is_there: support.is_there() })
    };
    useful.map(offer).collect()
}

/// How a wheel is got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// From a package index, by its address.
    Index(String),
    /// By the package installer of Python, which knows an index.
    Installer(Pip),
    /// Neither is known here: the user gets the file.
    ByHand,
}

impl Way {
    /// The index that the user or whoever built the program names, else an installer that is found. Starts programs to see whether they answer.
    ///
    /// # Errors
    /// The variable names no web address.
    pub fn find() -> Result<Self, GpuSupportError> {
        if let Some(address) = index::named()? {
            return Ok(Self::Index(address));
        }
        Ok(installer::find().map_or(Self::ByHand, Self::Installer))
    }

    /// Where it comes from, in words: the index's address or the program that is called.
    pub fn text(&self) -> String {
        match self {
            Self::Index(address) => address.clone(),
            Self::Installer(installer) => format!("the Python Package Index or yours, by `{}`", installer.typed()),
            Self::ByHand => "a file that you have downloaded".to_owned(),
        }
    }
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stage {
    /// The index is asked where the wheel is.
    Asking,
    /// The wheel is being fetched.
    Fetching(Progress),
    /// The installer fetches it, which says nothing before it has ended.
    Installing,
    /// What is needed of it is unpacked and checked.
    Unpacking,
    /// It is in its place, and a model is tried on what it finds.
    Trying,
}

/// Where things are put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// Folder of unfinished downloads.
    pub downloads: PathBuf,
    /// Folder of the libraries.
    pub libraries: PathBuf,
}

impl Places {
    /// The user's own.
    ///
    /// # Errors
    /// The user has no home folder.
    pub fn of_user(support: Support) -> Result<Self, GpuSupportError> {
        let downloads = super::registry::downloads_folder().ok_or(GpuSupportError::NoPlace)?;
        Ok(Self { downloads, libraries: support.folder()? })
    }
}

/// Fetches a wheel and puts what is needed of it in place. Blocks; `is_cancelled` is asked at least every 0.1 s.
///
/// # Errors
/// See [`GpuSupportError`]. What has been fetched is kept and used by the next call; what was in place stays until all is checked.
pub fn get(
    release: &Release,
    way: &Way,
    places: &Places,
    report: &mut dyn FnMut(Stage),
    is_cancelled: &dyn Fn() -> bool,
) -> Result<(), GpuSupportError> {
    match way {
        Way::ByHand => Err(GpuSupportError::NoWay { release: Box::new(*release) }),
        Way::Index(index) => {
            report(Stage::Asking);
            let patience = Patience::default();
            let source = index::source(index, release, &patience, is_cancelled)?;
            let mut fetching = |progress| report(Stage::Fetching(progress));
            let fetched = download::fetch(&source, &places.downloads, &patience, &mut fetching, is_cancelled);
            let wheel = fetched.map_err(|error| GpuSupportError::of_download(error, release))?.path;
            report(Stage::Unpacking);
            unpacking::from_wheel(release, &wheel, &places.libraries, is_cancelled)?;
            if let Err(error) = std::fs::remove_file(&wheel) {
                log::warn!("{}: cannot be removed: {error}", wheel.display());
            }
            Ok(())
        }
        Way::Installer(installer) => {
            report(Stage::Installing);
            installing::install(release, *installer, &places.libraries, is_cancelled)
        }
    }
}

/// Takes a wheel that the user has, and puts what is needed of it in place. Blocks as [`get`] does.
///
/// # Errors
/// It is another file than the pinned wheel of any [`Support`]; see [`GpuSupportError`].
pub fn take(path: &Path, is_cancelled: &dyn Fn() -> bool) -> Result<Support, GpuSupportError> {
    let digest = unpacking::digest(path, is_cancelled)?;
    let is_it = |support: &Support| support.release().is_ok_and(|release| release.wheel.sha256 == digest);
    let Some(support) = Support::ALL.into_iter().find(is_it) else {
        return Err(GpuSupportError::OtherFile { path: path.to_path_buf(), wanted: wanted() });
    };
    unpacking::from_checked_wheel(&support.release()?, path, &support.folder()?, is_cancelled)?;
    Ok(support)
}

/// The wheels for this platform, by their file names.
fn wanted() -> String {
    let files: Vec<&str> =
        Support::ALL.iter().filter_map(|support| support.release().ok()).map(|wheel| wheel.file).collect();
    if files.is_empty() { "none is for this platform".to_owned() } else { format!("it takes {}", files.join(" or ")) }
}

impl From<DownloadError> for GpuSupportError {
    fn from(error: DownloadError) -> Self {
        match error {
            DownloadError::Cancelled => Self::Cancelled,
            error => Self::Download(error),
        }
    }
}
