//! What the keeping thread is asked about projects, and what it tells of them.
//!
//! Must not know files.

use super::UnnamedProject;
use crate::annotation::{Change, Document, HistoryEntry, RecordingId};
use crate::decision::DecisionRule;
use crate::project::{Generation, ProjectState, ReadOnly, ScoreSummary, Side, StoredScores};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Names a project for as long as it is in the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProjectId(pub u64);

/// What is asked about a project.
#[derive(Debug)]
pub enum ProjectRequest {
    /// Keep it in a new file of this name, and on from there. A project that is kept already goes on in the new file; the old one stays.
    Create {
        /// The file; an older project under the name is replaced.
        path: PathBuf,
        /// All of it.
        state: Box<ProjectState>,
        /// The file that it is in was told of everything that is in the state: it is copied, with what only it has, if it can be.
        carries: bool,
    },
    /// The same, in a new file among those of projects without a name.
    CreateUnnamed {
        /// The folder of such projects.
        folder: PathBuf,
        /// All of it.
        state: Box<ProjectState>,
        /// As with [`Self::Create`].
        carries: bool,
    },
    /// Open a file.
    Open(PathBuf),
    /// Open the newest project without a name that is in no other window and not empty; delete those that are empty.
    ContinueUnnamed {
        /// The folder of such projects.
        folder: PathBuf,
    },
    /// List the projects without a name.
    ListUnnamed {
        /// The folder of such projects.
        folder: PathBuf,
    },
    /// Keep these changes, and those that could not be kept before.
    Append(Vec<Change>),
    /// Keep the present state inside the file as a version.
    KeepVersion,
    /// Keep how the window shows the project.
    KeepView(serde_json::Value),
    /// Keep scores, in the place of what there is of their recording.
    KeepScores {
        /// The scores.
        scores: Box<StoredScores>,
        /// How many predictions their rule makes of them, if that is known.
        predictions: Option<u64>,
    },
    /// Keep another rule for scores that are kept.
    KeepRule {
        /// Of which recording.
        recording: RecordingId,
        /// The rule.
        rule: DecisionRule,
        /// How many predictions it makes, if that is known.
        predictions: Option<u64>,
    },
    /// Read the scores of a recording.
    LoadScores(RecordingId),
    /// Go on in a file of another name, with the whole log. A project without a name leaves nothing behind.
    MoveTo {
        /// The file; an older project under the name is replaced.
        path: PathBuf,
        /// Delete the file that was left.
        leave_nothing: bool,
    },
    /// Write a copy.
    CopyTo {
        /// Where.
        path: PathBuf,
        /// Whether it is to be opened then; only handed on.
        opens: bool,
    },
    /// Write everything as text.
    ExportText(PathBuf),
    /// List the generations.
    ListGenerations,
    /// Read the annotations as they were.
    ReadGeneration(Generation),
    /// Read steps of the history before those that are known.
    ReadEarlierSteps {
        /// Of which side.
        side: Side,
        /// How many there are before those that are known.
        before: u64,
        /// How many of them, at most.
        count: u64,
    },
    /// How far the clock on the wall is from UTC.
    TellLocalClock,
    /// Let it go; what waits is written first.
    Close {
        /// Delete the file, because there is nothing in it.
        discard: bool,
    },
}

/// What became of a request about a project.
#[derive(Debug)]
pub enum ProjectNews {
    /// The project is kept in a new file from now on.
    Created {
        /// Which.
        path: PathBuf,
        /// What is in it, or why it could not be written.
        result: Result<Carried, String>,
    },
    /// A file was opened.
    Opened {
        /// Which.
        path: PathBuf,
        /// What is in it, or why it cannot be opened; the file is as it was.
        result: Result<Box<OpenedProject>, String>,
    },
    /// It was looked for a project without a name to continue.
    Continued {
        /// The one that is open now.
        opened: Option<(PathBuf, Box<OpenedProject>)>,
        /// Those that could not be read, and why.
        failures: Vec<String>,
        /// All the others.
        others: Vec<UnnamedProject>,
    },
    /// The projects without a name, but those that are open here.
    Unnamed(Vec<UnnamedProject>),
    /// Changes were kept, or why they could not be: then they wait for the next attempt.
    Appended(Result<(), String>),
    /// The present state was kept as a version, or why not.
    VersionKept(Result<(), String>),
    /// Scores of a recording were kept.
    ScoresKept(RecordingId),
    /// View, scores or their rule could not be kept.
    NotKept {
        /// Of which recording the scores are not on disk.
        recording: Option<RecordingId>,
        /// Why.
        reason: String,
    },
    /// Scores were read; none if there are none.
    Scores {
        /// Of which recording.
        recording: RecordingId,
        /// What was read.
        result: Result<Option<Box<StoredScores>>, String>,
    },
    /// The project goes on in another file.
    Moved {
        /// Which.
        path: PathBuf,
        /// What is in it, or why it could not; it goes on where it was.
        result: Result<Carried, String>,
    },
    /// A copy was written.
    Copied {
        /// Where.
        path: PathBuf,
        /// Whether it is to be opened.
        opens: bool,
        /// Why not.
        result: Result<(), String>,
    },
    /// Everything was written as text.
    TextExported {
        /// Where.
        path: PathBuf,
        /// The files, or why not.
        result: Result<Vec<PathBuf>, String>,
    },
    /// The generations, the newest first.
    Generations(Result<Vec<Generation>, String>),
    /// The annotations as they were.
    GenerationRead {
        /// Which.
        generation: Generation,
        /// All of them.
        result: Result<Box<Document>, String>,
    },
    /// Steps before those that were known.
    EarlierSteps {
        /// Of which side.
        side: Side,
        /// The oldest first.
        result: Result<Vec<HistoryEntry>, String>,
    },
    /// What the clock on the wall is ahead of UTC, in minutes, if the system tells.
    LocalClock(Option<i64>),
    /// What went wrong without costing a label.
    Warnings(Vec<String>),
}

/// What of a project is in the new file that it goes on in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// All that the old file had: every step, the whole log, the versions. Else what was in memory.
    pub is_whole: bool,
    /// The recordings whose scores are there.
    pub scored: BTreeSet<RecordingId>,
}

/// What was in a file that was opened.
#[derive(Debug)]
pub struct OpenedProject {
    /// All but scores.
    pub state: ProjectState,
    /// Why it cannot be changed, if it cannot.
    pub read_only: Option<ReadOnly>,
    /// Which recordings have scores, or why that cannot be told.
    pub scored: Result<Vec<ScoreSummary>, String>,
    /// How many steps that can be taken back, and that can be done again, were left unread.
    pub unread_steps: (u64, u64),
}

impl ProjectRequest {
    /// Whether it may take long, so that changes that wait behind it are written before.
    pub(in crate::work) fn is_long(&self) -> bool {
        matches!(
            self,
            Self::Open(_)
                | Self::ContinueUnnamed { .. }
                | Self::ListUnnamed { .. }
                | Self::KeepScores { .. }
                | Self::LoadScores(_)
                | Self::CopyTo { .. }
                | Self::ExportText(_)
                | Self::ReadGeneration(_)
        )
    }

    /// Whether changes of the same project that were made after this was asked may be written before it is done. They may not where it
    /// says which file the project is kept in.
    pub(in crate::work) fn lets_changes_pass(&self) -> bool {
        self.is_long() || matches!(self, Self::KeepView(_) | Self::KeepRule { .. } | Self::TellLocalClock)
    }
}
