//! Why a download did not succeed. Owns the wording: what happened where, and how to get the file all the same.

use std::path::PathBuf;

/// Why a checkpoint was not downloaded.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The address in the environment is none.
    #[error(
        "{variable} is \"{found}\", which is no web address: set it to one such as https://host/folder, or unset it",
        variable = super::SOURCE_VARIABLE
    )]
    Mirror {
        /// What it says.
        found: String,
    },
    /// The server or the way to it failed, or what came is not what was asked for.
    #[error("{address}: {problem}. You can download {published} by hand and run `earmark model import FILE`")]
    Server {
        /// The address that was asked.
        address: String,
        /// What went wrong.
        problem: Problem,
        /// Where the authors publish the file.
        published: String,
    },
    /// There is no room for the file.
    #[error("{path}: the disk is full: make room there and try again; what has arrived is kept and will be continued")]
    DiskFull {
        /// The file that was being written.
        path: PathBuf,
    },
    /// The file cannot be written.
    #[error("{path}: cannot be written: {source}: check that you may write there and that the disk is well")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Another Earmark downloads the same file.
    #[error("{path}: another Earmark is downloading this file: wait until it has finished")]
    Busy {
        /// The unfinished file.
        path: PathBuf,
    },
    /// The caller asked to stop. What has arrived is kept.
    #[error("cancelled; what has arrived is kept and will be continued")]
    Cancelled,
}

/// What went wrong between here and the server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// No connection.
    #[error("no connection: {0}: check the network and try again")]
    Unreachable(String),
    /// The server does not give the file.
    #[error("{}", status_text(*.0))]
    Status(u16),
    /// Nothing came for too long.
    #[error("nothing came for {secs} s: the server or the network is stuck, try again later; what has arrived is kept")]
    Stalled {
        /// How long was waited, in seconds.
        secs: u64,
    },
    /// The connection ended before the file did.
    #[error(
        "the connection broke after {received} bytes ({reason}): try again, what has arrived is kept and will be continued"
    )]
    Dropped {
        /// How much of the file is here.
        received: u64,
        /// The system's reason.
        reason: String,
    },
    /// The file on the server is no longer the one that was begun.
    #[error("the file changed on the server while it was being fetched: try again, it starts from the beginning")]
    Changed,
    /// A page, or something else that is no file of weights.
    #[error("sends {found} instead of the file: a login page or a proxy may stand between, or the release has moved")]
    Content {
        /// What was found.
        found: String,
    },
    /// The wrong length.
    #[error("the file has {found} bytes, but {expected} are expected: it is another file or damaged, and was not kept")]
    Length {
        /// The file's.
        found: u64,
        /// The one that is known or allowed.
        expected: String,
    },
    /// The wrong checksum.
    #[error(
        "the file has SHA-256 {found}, but {expected} is expected: it is another file or damaged, and was not kept"
    )]
    Checksum {
        /// The file's.
        found: String,
        /// The known one.
        expected: String,
    },
}

impl Problem {
    /// Whether another attempt may succeed, where some of the file `has_come` already or nothing has.
    pub(super) fn may_pass(&self, has_come: bool) -> bool {
        match self {
            // A network that was there may come back; one that never was is most often set up wrong.
            Self::Unreachable(_) => has_come,
            Self::Stalled { .. } | Self::Dropped { .. } | Self::Changed => true,
            Self::Status(status) => matches!(status, 408 | 429 | 500..),
            Self::Content { .. } | Self::Length { .. } | Self::Checksum { .. } => false,
        }
    }
}

fn status_text(status: u16) -> String {
    match status {
        404 | 410 => format!("there is no such file (HTTP {status}): the release may have moved"),
        401 | 403 => format!("the server refuses to give the file (HTTP {status})"),
        429 => "the server is asked too often (HTTP 429): try again in a while".to_owned(),
        500.. => format!("the server has a fault (HTTP {status}): try again later"),
        _ => format!("the server gives no file (HTTP {status})"),
    }
}
