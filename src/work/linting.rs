//! The thread that looks for what is suspicious in a document's events, one document at a time; it ends with it.

use super::thread::{guarded, spawn};
use super::{Update, UpdateSender};
use crate::annotation::lint::{Snapshot, check};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Starts to look through a snapshot that was made at a revision; what is found comes as an update. `false` if no thread could be had, which
/// is told.
pub fn check_labels(snapshot: Snapshot, known: BTreeSet<Arc<str>>, revision: u64, updates: &UpdateSender) -> bool {
    let told = updates.clone();
    let thread = spawn("checking labels", updates, move || {
        let result = guarded(|| Box::new(check(&snapshot, &known)));
        told.send(Update::LabelsChecked { revision, result });
    });
    thread.is_some()
}
