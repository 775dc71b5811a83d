//! Recordings, events and labels, and every way in which they change.
//!
//! Owns [`Document`], [`Edit`] with its inverse, [`Fact`], [`History`], and [`LongStep`]. Pure: no files, no threads, no window.
//!
//! *Invariant*: what a person says changes only through [`Document::apply`], which returns the edit that undoes it. Which recordings there
//! are, how long they are and where they lie is a [`Fact`]: it follows the files and is not undone.

mod change;
pub mod complete;
mod counts;
mod document;
mod edit;
mod event;
mod folded_text;
mod history;
mod label_class;
mod label_match;
pub mod label_search;
pub mod lint;
mod long_step;
mod path_text;
mod recording;

pub use change::{Change, Direction, Fact, LogEntry};
pub use counts::StatusCounts;
pub use document::{Document, DocumentParts};
pub use edit::{Edit, EditError};
pub use event::{Band, Edited, Event, EventId, Origin, Proposal, Status};
pub use folded_text::fold as folded;
pub use history::{History, HistoryEntry, Stepped};
pub use label_class::LabelClass;
pub use label_match::{LabelMatcher, Likeness};
pub use label_search::LabelSet;
pub use long_step::LongStep;
pub use recording::{CompleteSpan, Recording, RecordingId};
