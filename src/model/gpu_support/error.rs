//! Why GPU support was not got. Owns the wording: what happened where, and how to have it all the same.

use crate::model::download::{DownloadError, Problem};
use crate::runtime_library::wheels::Release;
use std::path::{Path, PathBuf};

/// Why what runs models on graphics processors was not got.
#[derive(Debug, thiserror::Error)]
pub enum GpuSupportError {
    /// Nobody builds it for this platform.
    #[error("there is no build of {name} for this platform ({} on {})", std::env::consts::OS, std::env::consts::ARCH)]
    NoBuild {
        /// What was wanted.
        name: &'static str,
    },
    /// The system has no folder for a user's files.
    #[error("your user has no home folder to keep it in: set HOME to one")]
    NoPlace,
    /// The address in the environment is none.
    #[error(
        "{variable} is \"{found}\", which is no web address: set it to the one of a package index, such as https://host/simple, or unset it",
        variable = super::INDEX_VARIABLE
    )]
    Index {
        /// What it says.
        found: String,
    },
    /// Nothing here knows where to fetch it.
    #[error(
        "no package index is known here, since neither pip nor uv is installed: {}, or set {} to the address of an index",
        by_hand(release),
        super::INDEX_VARIABLE
    )]
    NoWay {
        /// What was wanted.
        release: Box<Release>,
    },
    /// The index has no such file.
    #[error("{address}: does not offer {}: {}", release.file, by_hand(release))]
    NotOffered {
        /// The page that was asked.
        address: String,
        /// What was wanted.
        release: Box<Release>,
    },
    /// The server or the way to it failed, or what came is not what was asked for.
    #[error("{address}: {problem}. Without a network: {}", by_hand(release))]
    Server {
        /// The address that was asked.
        address: String,
        /// What went wrong.
        problem: Problem,
        /// What was wanted.
        release: Box<Release>,
    },
    /// A file or the disk is in the way.
    #[error(transparent)]
    Download(DownloadError),
    /// The installer did not fetch it.
    #[error("`{program}` could not fetch {}: {said}. Without a network: {}", release.file, by_hand(release))]
    Installer {
        /// What was called.
        program: String,
        /// The end of what it said.
        said: String,
        /// What was wanted.
        release: Box<Release>,
    },
    /// The chosen file is not one of those that are known.
    #[error("{}: is another file, or damaged: {wanted}, and its checksum is compared", path.display())]
    OtherFile {
        /// The file.
        path: PathBuf,
        /// What would do.
        wanted: String,
    },
    /// The wheel cannot be read.
    #[error("{}: {reason}: fetch it once more", path.display())]
    Wheel {
        /// The wheel.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A library is not the known one.
    #[error("{name}: has SHA-256 {found}, which is not that of the release: it is not used")]
    OtherLibrary {
        /// Its file name.
        name: String,
        /// Its checksum.
        found: String,
    },
    /// Another program fetches it.
    #[error("{}: another Earmark or its set-up is fetching this: wait until it has finished", folder.display())]
    Busy {
        /// The folder.
        folder: PathBuf,
    },
    /// The disk is full.
    #[error("{}: the disk is full: make room there and try again", path.display())]
    DiskFull {
        /// The file that was being written.
        path: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}: check that you may write there, and that no other Earmark uses it", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The caller asked to stop. What has arrived is kept.
    #[error("cancelled; what has arrived is kept and will be continued")]
    Cancelled,
}

impl GpuSupportError {
    /// An error of a download, with the way around it.
    pub(super) fn of_download(error: DownloadError, release: &Release) -> Self {
        match error {
            DownloadError::Server { address, problem, .. } => {
                Self::Server { address, problem, release: Box::new(*release) }
            }
            error => error.into(),
        }
    }

    /// An error of the file system.
    pub(super) fn io(path: &Path, source: std::io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            _ => Self::Io { path, source },
        }
    }
}

fn by_hand(release: &Release) -> String {
    let Release { file, package, version, .. } = release;
    format!(
        "download {file} elsewhere (package {package} {version} of the Python Package Index), then choose it in the window \
         (\"Get GPU support…\") or run `earmark devices --get FILE`"
    )
}
