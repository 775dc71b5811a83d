//! Recordings, events and labels, and every way in which they change.
//!
//! Owns [`Document`], [`Edit`] with its inverse, and [`History`]. Pure: no files, no threads, no window.
//!
//! *Invariant*: events change only through [`Document::apply`], which returns the edit that undoes it. (Which recordings there are, how long
//! they are and where they lie is no edit: it follows the files and is not undone.)

mod document;
mod event;
mod history;
pub mod label_search;

pub use document::{Document, Edit, EditError, Recording, RecordingId};
pub use event::{Event, EventId, Origin, Status};
pub use history::{History, HistoryEntry};
pub use label_search::LabelSet;
