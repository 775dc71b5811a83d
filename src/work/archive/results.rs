//! The threads that write results: events into their files, everything into its place, and then the line in the journal. There are several
//! because most of their time is spent waiting for the disk.

use super::disk::{PendingFile, write_whole};
use super::forms::Proposer;
use super::intake::cannot_write;
use super::journal::{Entry, ResultFile, path_text};
use super::listing::FileState;
use super::plan::Pending;
use super::run::{Seen, Shared};
use super::{ArchiveNews, RecordingDone};
use crate::decision::Prediction;
use crate::format::{LabelledFile, StrongLabel, StrongLabels};
use crate::model::RunSummary;
use crossbeam_channel::Receiver;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

/// A recording that has all its scores.
pub(super) struct Finished {
    pub number: usize,
    /// As the file was when it was opened.
    pub seen: Seen,
    /// The line of the journal that says that it has begun.
    pub line: u64,
    /// The events that are wanted, by class and onset.
    pub events: Vec<Prediction>,
    /// Results that are complete, but not in their places.
    pub results: Vec<PendingResult>,
    pub summary: RunSummary,
}

/// A result file that is complete, but not in its place.
pub(super) struct PendingResult {
    pub path: PathBuf,
    pub file: Box<dyn PendingFile>,
}

/// Why results are not in their places.
enum Unwritten {
    /// The recording has failed.
    Failed(String),
    /// The disk was full when a result that cannot be made a second time was to be put in its place: the recording must be done again.
    Again,
}

impl From<String> for Unwritten {
    fn from(reason: String) -> Self {
        Self::Failed(reason)
    }
}

/// What a thread owns.
pub(super) struct Writer<'a> {
    shared: &'a Shared<'a>,
    classes: &'a [Arc<str>],
}

impl<'a> Writer<'a> {
    pub fn new(shared: &'a Shared<'a>, classes: &'a [Arc<str>]) -> Self {
        Self { shared, classes }
    }

    /// Writes results as they come until no more can come.
    pub fn serve(self, finished: &Receiver<Finished>) {
        for finished in finished {
            let number = finished.number;
            let Some(pending) = self.shared.archive.pending.get(number) else { continue };
            match self.write(pending, finished) {
                Ok(done) => {
                    let mut tally = self.shared.tally();
                    tally.done += 1;
                    tally.events += done.events;
                    tally.sound_secs += done.duration_secs;
                    drop(tally);
                    (self.shared.settings.tell)(&ArchiveNews::Done(done));
                }
                Err(Unwritten::Failed(reason)) => self.shared.failed(number, reason),
                Err(Unwritten::Again) => self.shared.tally().again.push(number),
            }
        }
    }

    fn write(&self, pending: &Pending, finished: Finished) -> Result<RecordingDone, Unwritten> {
        let spec = &self.shared.archive.spec;
        let listed = &pending.listed;
        let now = FileState::now(&listed.path);
        let state = match (finished.seen.state, now) {
            (Some(then), Some(now)) if then == now => then,
            _ => return Err(format!("{}: was changed while it was read: run again", listed.path.display()).into()),
        };
        let journal_path = self.shared.archive.journal_path();
        let last_line = self.shared.journal().last_line();
        let is_noted = self.shared.journal_sync.ensure(finished.line, last_line);
        is_noted.map_err(|error| cannot_write(&journal_path, &error))?;
        let events_path = pending.events_path(spec);
        self.shared.leftovers.take_away(&events_path);
        let labels = self.labels(&listed.name, &finished.events, &finished.summary);
        let mut written = vec![(events_path.clone(), self.write_events(&events_path, &labels)?)];
        for PendingResult { path, file } in finished.results {
            let bytes = file.commit().map_err(|error| {
                let (patience, mut has_waited) = (&self.shared.patience, false);
                let is_again = patience.again(&path, &error, &mut has_waited);
                patience.ended(has_waited, is_again);
                if is_again { Unwritten::Again } else { cannot_write(&path, &error).into() }
            })?;
            written.push((path, bytes));
        }
        let entry = Entry {
            name: listed.name.clone(),
            path: listed.path.to_string_lossy().into_owned(),
            state,
            head: finished.seen.head,
            parameters: self.shared.archive.parameters.id(),
            results: written
                .iter()
                .map(|(path, bytes)| ResultFile { file: path_text(&spec.folder, path), bytes: *bytes })
                .collect(),
            events: labels.rows.len(),
            duration_secs: finished.summary.duration_secs,
        };
        self.shared.journal().done(&entry).map_err(|error| cannot_write(&journal_path, &error))?;
        Ok(RecordingDone {
            name: entry.name,
            path: listed.path.clone(),
            events: entry.events,
            duration_secs: entry.duration_secs,
            elapsed_secs: finished.summary.elapsed_secs,
            warnings: finished.summary.warnings,
            results: written.into_iter().map(|(path, _)| path).collect(),
        })
    }

    fn labels(&self, name: &str, events: &[Prediction], summary: &RunSummary) -> StrongLabels {
        let name: Arc<str> = name.into();
        let row = |event: &Prediction| {
            let class = self.classes.get(event.class).cloned().unwrap_or_default();
            // As few digits as tell it apart from its neighbours.
            let score = event.score.to_string().parse().unwrap_or(f64::from(event.score));
            StrongLabel { score: Some(score), ..StrongLabel::new(name.clone(), event.span, class) }
        };
        let file = LabelledFile { duration_secs: Some(summary.duration_secs), ..LabelledFile::named(name.clone()) };
        let mut rows: Vec<StrongLabel> = events.iter().map(row).collect();
        // As they sound, whatever the form: some forms keep this order, others have one of their own.
        rows.sort_by(|a, b| {
            let times = a.span.onset_secs.total_cmp(&b.span.onset_secs);
            let times = times.then(a.span.offset_secs.total_cmp(&b.span.offset_secs));
            times.then_with(|| a.event_label.cmp(&b.event_label))
        });
        StrongLabels { rows, files: vec![file], ..StrongLabels::default() }
    }

    fn write_events(&self, path: &Path, labels: &StrongLabels) -> Result<u64, String> {
        let (form, parameters) = (self.shared.archive.spec.events, &self.shared.archive.parameters);
        let by = Proposer { model: parameters.get("model"), version: parameters.get("version") };
        let (disk, patience) = (self.shared.settings.disk.as_ref(), &self.shared.patience);
        let content = |out: &mut dyn Write| form.write(labels, by, out);
        let bytes = write_whole(disk, patience, path, &content).map_err(|error| cannot_write(path, &error))?;
        let Some(format) = form.format() else { return Ok(bytes) };
        let Some(companion) = format.companion().map(|name| path.with_file_name(name)) else { return Ok(bytes) };
        let _alone = self.shared.companions.lock().unwrap_or_else(PoisonError::into_inner);
        let existing = match std::fs::read_to_string(&companion) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(cannot_write(&companion, &error)),
        };
        let text = format.companion_text(labels, existing.as_deref());
        if existing.as_deref() != Some(text.as_str()) {
            let put = write_whole(disk, patience, &companion, &|out| out.write_all(text.as_bytes()));
            put.map_err(|error| cannot_write(&companion, &error))?;
        }
        Ok(bytes)
    }
}
