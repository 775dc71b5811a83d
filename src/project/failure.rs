//! What goes wrong within a file, before it is told with the file's name.

use rusqlite::ErrorCode;
use std::io;

/// "Cannot be read" and "is wrong" are different things: after the first, the same file may well be readable again.
#[derive(Debug)]
pub enum Failure {
    /// The system, or another program, stands in the way.
    Io(io::Error),
    /// What is there, or what shall be written, is not possible.
    Content(String),
}

impl Failure {
    /// The reason in words.
    pub fn reason(&self) -> String {
        match self {
            Self::Io(error) => error.to_string(),
            Self::Content(reason) => reason.clone(),
        }
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(
                ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::ReadOnly
                | ErrorCode::OutOfMemory,
            ) => Self::Io(io::Error::other(error)),
            _ => Self::Content(error.to_string()),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        if let Some(kind) = error.io_error_kind() {
            return Self::Io(io::Error::new(kind, error));
        }
        Self::Content(format!("a value cannot be written or read: {error}"))
    }
}
