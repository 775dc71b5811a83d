//! Running a model over an archive: very many recordings, each of which gets result files of its own, in a way that can be stopped and taken up
//! again at any time.
//!
//! *Invariant*: a recording counts as done only once all its results are in their places, whole; what is done is never done again unless the
//! recording or the parameters have changed, and never lost.
//!
//! *Invariant*: nothing that this program did not write is replaced without being asked for.
//!
//! Knows nothing of the command line; whoever starts it hears [`ArchiveNews`].

mod disk;
mod error;
mod forms;
mod intake;
mod joint;
mod journal;
mod leftovers;
mod listing;
mod names;
mod parameters;
mod plan;
mod results;
mod run;

pub use disk::{Disk, FileSystem, PendingFile, WhenFull};
pub use error::ArchiveError;
pub use forms::{EmbeddingForm, EventForm, Proposer, ScoreForm, ScoreSink};
pub use plan::{Archive, ArchiveCounts, Headers};
pub use run::{ArchiveEnd, ArchiveOutcome, RunError, RunSettings};

use crate::decision::DecisionRule;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// What is to be done.
#[derive(Clone)]
pub struct ArchiveSpec {
    /// Recordings, and folders of recordings.
    pub inputs: Vec<PathBuf>,
    /// Whether folders are taken, with all folders in them.
    pub is_recursive: bool,
    /// Where results go: a file a recording, below folders as the recording is below the folder that was given.
    pub folder: PathBuf,
    /// How events are written.
    pub events: EventForm,
    /// Where frame scores go, if they are wanted, and how they are written.
    pub scores: Option<(PathBuf, ScoreForm)>,
    /// Where embeddings go, if they are wanted, and how they are written.
    pub embeddings: Option<(PathBuf, EmbeddingForm)>,
    /// One table of the events of all recordings, if it is wanted: of columns if it ends in `.parquet`, else of DCASE strong labels.
    pub joint: Option<PathBuf>,
    /// The rule that makes events of scores.
    pub rule: DecisionRule,
    /// The classes whose events are wanted, by their place in the model's list.
    pub classes: BTreeSet<usize>,
    /// Whether results of other parameters, of other recordings and of unknown origin may be replaced.
    pub may_replace: bool,
}

/// What happens while an archive is worked on. It is told on several threads.
#[derive(Clone, Debug, PartialEq)]
pub enum ArchiveNews {
    /// So many bytes of recordings are done, some of them in part.
    Progress {
        /// Bytes of the recordings' files.
        bytes: u64,
    },
    /// A recording is done, and its results are in their places.
    Done(RecordingDone),
    /// A recording has failed; the others go on.
    Failed {
        /// Its name in results.
        name: String,
        /// Why; names the file.
        reason: String,
    },
    /// The disk is full; everything waits until there is room.
    DiskFull {
        /// The file that could not be written.
        path: PathBuf,
    },
    /// There is room again.
    DiskHasRoom,
}

/// A recording that is done.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordingDone {
    /// Its name in results.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// How many events it has.
    pub events: usize,
    /// Its length, in seconds.
    pub duration_secs: f64,
    /// From its opening to its last score, in seconds; other recordings were worked on beside it.
    pub elapsed_secs: f64,
    /// What went wrong without ending the decoding.
    pub warnings: Vec<String>,
    /// Its result files.
    pub results: Vec<PathBuf>,
}
