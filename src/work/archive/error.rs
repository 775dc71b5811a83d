//! Why an archive cannot be worked on. Owns the wording; each message names the file, the reason and what to do.

use std::io;
use std::path::PathBuf;

/// Why nothing could be begun.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// A folder where only files are wanted.
    #[error("{path}: is a folder: add --recursive to take all recordings in it")]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// There is nothing to do.
    #[error("there is no recording: {reason}")]
    Nothing {
        /// What was found instead.
        reason: String,
    },
    /// Two recordings would have one result.
    #[error(
        "{one} and {other} would both be called the same in the results: give the folder that holds both, or run them into two folders"
    )]
    SameName {
        /// A recording.
        one: PathBuf,
        /// The other one.
        other: PathBuf,
    },
    /// The folder of results is also that of scores.
    #[error("{folder}: results of a recording would be called the same: choose another folder for one of them")]
    SameFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// The journal cannot be read or written.
    #[error("{path}: cannot be read or written: {source}: choose another folder for the results")]
    Journal {
        /// The journal.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The journal of a later version.
    #[error("{path}: was written by a later version of Earmark: use that one, or another folder")]
    Newer {
        /// The journal.
        path: PathBuf,
    },
    /// Another process writes there.
    #[error(
        "{folder}: another Earmark writes results there ({}): wait until it has ended, or choose another folder",
        .holder.as_deref().unwrap_or("which one is not known")
    )]
    Locked {
        /// The folder of results.
        folder: PathBuf,
        /// Who has it.
        holder: Option<String>,
    },
    /// Results of other parameters.
    #[error(
        "{folder}: {count} recordings were done there with other parameters ({differences}): choose another folder, or add --redo to do them again and replace their results"
    )]
    OtherParameters {
        /// The folder of results.
        folder: PathBuf,
        /// How many recordings.
        count: usize,
        /// What is different.
        differences: String,
    },
    /// Results of another recording of the same name.
    #[error(
        "{folder}: holds results of {theirs}, which would be replaced by those of {ours}: choose another folder, or add --redo to replace them"
    )]
    OtherRecording {
        /// The folder of results.
        folder: PathBuf,
        /// The recording that was done.
        theirs: String,
        /// The recording that is to be done.
        ours: PathBuf,
    },
    /// A result that was changed since it was written, of a recording that is to be done again.
    #[error(
        "{path}: was changed since it was written, and so was its recording: move it to another folder to keep it, or add --redo to replace it"
    )]
    Edited {
        /// The result.
        path: PathBuf,
    },
    /// The table of all events would be the result of a recording.
    #[error(
        "{path}: is a result of a recording, so it cannot be the table of all events: choose another name for --joint"
    )]
    JointTaken {
        /// The table.
        path: PathBuf,
    },
    /// The table of all events is wanted of results that cannot be read.
    #[error(
        "the table of all events is made of the results, and {form} is only written: choose another --to, or leave --joint out"
    )]
    JointOf {
        /// The form of the results.
        form: &'static str,
    },
    /// A file that is not known to be a result.
    #[error(
        "{path}: is in the way of a result and not known to be one: choose another folder, or add --redo to replace it"
    )]
    InTheWay {
        /// The file.
        path: PathBuf,
    },
    /// A result cannot be read again.
    #[error("the table of all events is not written: {reason}")]
    ReadBack {
        /// Which one and why.
        reason: String,
    },
    /// The table of all events cannot be written.
    #[error("{path}: cannot be written: {source}: choose another folder or name")]
    Joint {
        /// The table.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}
