//! Imports of so many events that adding them takes more than a frame: what is there already is gathered a few milliseconds a frame, a thread
//! makes the edits of it, and the step is made as a long one. And what is told at the end of any import.

use super::files::counted;
use super::importing::left_out_texts;
use super::notices::Gravity;
use super::workbench::Workbench;
use crate::annotation::{Edit, Edited, LongStep};
use crate::format::{ExistingEvents, ImportPlan, RecordingIndex};
use crate::work::{LabelsRead, Later, RememberedAnswer};
use std::path::PathBuf;
use std::sync::Arc;

/// Events that are gathered between two looks at the clock.
const EVENTS_AT_ONCE: usize = 1000;

/// What is told when an import is done, and kept of it.
#[derive(Debug, Default)]
pub(super) struct ImportEnd {
    /// Events added, rows that were there already, rows left out.
    pub added: usize,
    pub already_there: usize,
    pub left_out: usize,
    /// Recordings found.
    pub matched: usize,
    /// Where from, in words.
    pub place: String,
    /// The first file.
    pub path: PathBuf,
    /// What was left out or changed.
    pub reasons: Vec<String>,
    /// What the files left open and a person answered.
    pub answers: Vec<RememberedAnswer>,
}

/// What importing many events is made of.
#[derive(Debug)]
pub(super) struct ImportMany {
    pub name: String,
    pub plan: Box<ImportPlan>,
    pub read: Arc<LabelsRead>,
    pub index: Arc<RecordingIndex>,
    /// What is told when all is done, as far as it is known.
    pub end: ImportEnd,
    pub work: Gathering,
}

/// How far it is.
#[derive(Debug)]
pub(super) enum Gathering {
    /// What is there already is gathered.
    Existing(Box<ExistingEvents>),
    /// The edits are made of it.
    Edits(Later<Prepared>),
}

/// The edits of an import.
#[derive(Debug)]
pub(super) struct Prepared {
    edits: Vec<Edit>,
    edited: Edited,
    end: ImportEnd,
}

/// How far the preparation of an import is.
pub(super) enum Preparation {
    /// There is more to do now.
    Begun,
    /// A thread must be waited for.
    Waiting,
    /// Why there will be no import.
    Failed(String),
    /// The step, if there is something to add.
    Ready(Option<Box<LongStep>>, Box<ImportEnd>),
}

impl ImportMany {
    /// What the files are called.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl Workbench {
    /// Prepares an import a little more.
    pub(super) fn prepare_import(&mut self, import: &mut ImportMany) -> Preparation {
        match &mut import.work {
            Gathering::Existing(existing) => {
                if !existing.advance(&import.plan, &self.document, EVENTS_AT_ONCE) {
                    return Preparation::Begun;
                }
                let existing = std::mem::take(&mut **existing);
                let plan = std::mem::take(&mut *import.plan);
                let first = self.document.new_event_ids(plan.events.len());
                let (read, index) = (import.read.clone(), import.index.clone());
                let (end, edited) = (std::mem::take(&mut import.end), self.edited());
                let work = move || {
                    let reasons = left_out_texts(&plan, &read, &index);
                    let (mut edits, already_there) = plan.into_edits(existing, first);
                    edits.iter_mut().for_each(|edit| edit.stamp(&edited));
                    let end = ImportEnd { added: edits.len(), already_there, reasons, ..end };
                    Prepared { edits, edited, end }
                };
                let Some(later) = Later::start("import", &self.updates, work) else {
                    return Preparation::Failed("no thread could be started".to_owned());
                };
                import.work = Gathering::Edits(later);
                Preparation::Waiting
            }
            Gathering::Edits(later) => match later.poll() {
                None => Preparation::Waiting,
                Some(Err(reason)) => Preparation::Failed(reason),
                Some(Ok(Prepared { edits, edited, end })) => {
                    let title = format!("import {} from {}", counted(edits.len(), "event"), import.name);
                    let step = (!edits.is_empty()).then(|| Box::new(LongStep::new(title, edits, edited)));
                    Preparation::Ready(step, Box::new(end))
                }
            },
        }
    }

    /// An import is done.
    pub(super) fn import_taken(&mut self, end: ImportEnd) {
        for answer in end.answers {
            self.settings.remember_answer(answer);
        }
        let (events, recordings) = (counted(end.added, "event"), counted(end.matched, "recording"));
        let mut text = format!("Imported {events} for {recordings}");
        if end.already_there > 0 {
            text += &format!("; {} there already", end.already_there);
        }
        if end.left_out > 0 {
            text += &format!("; {} left out", counted(end.left_out, "row"));
        }
        let undone = if end.added > 0 { " (one step of undo)" } else { "" };
        self.notices.add(Gravity::Done, format!("{text} from {}{undone}", end.place));
        self.tell_all(Gravity::Warning, &end.path, end.reasons.into_iter());
    }
}
