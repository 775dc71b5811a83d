//! Working through an archive: the network's threads on one side, the thread that writes results on the other.

use super::disk::{Disk, Patience, WhenFull};
use super::intake::Intake;
use super::journal::{Journal, JournalSync};
use super::leftovers::Leftovers;
use super::listing::{FileState, head_of};
use super::plan::Archive;
use super::results::{Finished, Writer};
use super::{ArchiveError, ArchiveNews};
use crate::audio;
use crate::model::{Detector, ModelError, NetworkTime, QueuedRecording};
use crate::work::CancelToken;
use crossbeam_channel::bounded;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// How an archive is worked through.
#[derive(Clone)]
pub struct RunSettings {
    /// Recordings that are read at the same time.
    pub readers: usize,
    /// What is done when the disk is full.
    pub when_full: WhenFull,
    /// Where results are put.
    pub disk: Arc<dyn Disk>,
    /// Whether it is still wanted.
    pub cancel: CancelToken,
    /// Hears what happens, on several threads.
    pub tell: Arc<dyn Fn(&ArchiveNews) + Send + Sync>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArchiveEnd {
    /// All recordings are done or have failed.
    Completed,
    /// It was cancelled; what is done is kept.
    Cancelled,
    /// The disk was full; what is done is kept.
    DiskFull {
        /// The file that could not be written.
        path: PathBuf,
    },
}

/// What a run came to.
#[derive(Clone, Debug, PartialEq)]
pub struct ArchiveOutcome {
    /// How it ended.
    pub end: ArchiveEnd,
    /// Recordings that are done.
    pub done: usize,
    /// Those that failed, each with its reason, which names the file.
    pub failures: Vec<String>,
    /// Their names in results.
    pub failed: BTreeSet<String>,
    /// Recordings that are left to do.
    pub left: usize,
    /// Events of those that are done.
    pub events: usize,
    /// Length of those that are done, in seconds.
    pub sound_secs: f64,
    /// How long it took, in seconds.
    pub wall_secs: f64,
    /// What the network's threads did.
    pub network: NetworkTime,
}

impl ArchiveOutcome {
    /// The share of its time that the network's threads spent in the runtime, 0 to 1.
    pub fn network_share(&self) -> f64 {
        self.network.run_secs / (self.wall_secs * self.network.threads as f64).max(f64::MIN_POSITIVE)
    }
}

/// What several threads count.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub done: usize,
    pub failures: Vec<(usize, String)>,
    /// Recordings that are to be done again, because a full disk took what was to be put in its place.
    pub again: Vec<usize>,
    pub events: usize,
    pub sound_secs: f64,
}

/// A recording as it was just before it was opened. Looked at any later, it may be another file than the one that is read.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub state: Option<FileState>,
    pub head: String,
}

impl Seen {
    fn of(path: &Path) -> Self {
        Self { state: FileState::now(path), head: head_of(path) }
    }
}

/// Those that were opened and are not begun yet.
type SeenRecordings = Arc<Mutex<HashMap<usize, Seen>>>;

/// What all threads of a run share.
pub(super) struct Shared<'a> {
    pub archive: &'a Archive,
    pub settings: &'a RunSettings,
    pub patience: Arc<Patience>,
    pub journal: Mutex<Journal>,
    pub journal_sync: JournalSync,
    pub tally: Mutex<Tally>,
    pub leftovers: Leftovers,
    /// Held while a file that belongs to a whole folder is read and replaced.
    pub companions: Mutex<()>,
    seen: SeenRecordings,
}

impl Shared<'_> {
    pub fn journal(&self) -> std::sync::MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn tally(&self) -> std::sync::MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A recording as it was when it was opened.
    pub fn take_seen(&self, number: usize) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).remove(&number).unwrap_or_default()
    }

    /// Notes and tells that a recording has failed. While everything ends, what is not done is left to do instead.
    pub fn failed(&self, number: usize, reason: String) {
        if self.settings.cancel.is_cancelled() {
            return;
        }
        let name = self.archive.pending.get(number).map(|pending| pending.listed.name.clone()).unwrap_or_default();
        self.tally().failures.push((number, reason.clone()));
        (self.settings.tell)(&ArchiveNews::Failed { name, reason });
    }
}

/// Threads that write results. They wait for the disk, which makes sure of many small files at once as fast as of one.
const WRITERS: usize = 8;
/// Results that wait to be written; more, and the network waits.
const MOST_WAITING: usize = 16;

impl Archive {
    /// Does what is to be done. Takes the lock of the folder of results until it ends.
    ///
    /// # Errors
    /// Nothing could be begun. What fails for one recording is listed in the outcome.
    pub fn run(&self, detector: &mut Detector, settings: &RunSettings) -> Result<ArchiveOutcome, RunError> {
        let began = Instant::now();
        let patience = Arc::new(Patience::new(settings.when_full, settings.cancel.clone(), Arc::clone(&settings.tell)));
        let (mut journal, journal_sync) = Journal::open(&self.spec.folder, &patience)?;
        let by = format!("Earmark {} · {}", env!("CARGO_PKG_VERSION"), detector.report());
        let noted = journal.parameters(&self.parameters, &by);
        let noted = noted.and_then(|()| self.moved.iter().try_for_each(|entry| journal.done(entry)));
        noted.map_err(|source| ArchiveError::Journal { path: self.journal_path(), source })?;
        let shared = Shared {
            archive: self,
            settings,
            patience,
            journal: journal.into(),
            journal_sync,
            tally: Mutex::default(),
            leftovers: Leftovers::default(),
            companions: Mutex::default(),
            seen: Arc::default(),
        };
        let mut network = NetworkTime::default();
        let mut numbers: Vec<usize> = (0..self.pending.len()).collect();
        while !numbers.is_empty() && !settings.cancel.is_cancelled() {
            match self.pass(detector, &shared, numbers) {
                Ok(time) => {
                    network.threads = time.threads;
                    network.run_secs += time.run_secs;
                    network.runs += time.runs;
                }
                Err(ModelError::Cancelled) => {}
                Err(error) => return Err(error.into()),
            }
            numbers = std::mem::take(&mut shared.tally().again);
        }
        // What a power cut takes from the journal now would only be done again.
        let last_line = shared.journal().last_line();
        let _ = shared.journal_sync.ensure(last_line, last_line);
        let end = match shared.patience.stopped_at() {
            Some(path) => ArchiveEnd::DiskFull { path },
            None if settings.cancel.is_cancelled() => ArchiveEnd::Cancelled,
            None => ArchiveEnd::Completed,
        };
        let tally = std::mem::take(&mut *shared.tally());
        let mut failures = tally.failures;
        failures.sort_by_key(|(number, _)| *number);
        let name_of = |(number, _): &(usize, String)| Some(self.pending.get(*number)?.listed.name.clone());
        Ok(ArchiveOutcome {
            end,
            failed: failures.iter().filter_map(name_of).collect(),
            done: tally.done,
            left: self.pending.len().saturating_sub(tally.done + failures.len()),
            failures: failures.into_iter().map(|(_, reason)| reason).collect(),
            events: tally.events,
            sound_secs: tally.sound_secs,
            wall_secs: began.elapsed().as_secs_f64(),
            network,
        })
    }

    /// Does the recordings with these numbers.
    fn pass(
        &self,
        detector: &mut Detector,
        shared: &Shared<'_>,
        numbers: Vec<usize>,
    ) -> Result<NetworkTime, ModelError> {
        let (settings, classes) = (shared.settings, detector.classes());
        let failed = |reason| ModelError::Inference { model: "the results thread".to_owned(), reason };
        let bytes_of = |number: &usize| self.pending.get(*number).map_or(0, |pending| pending.listed.state.bytes);
        let bytes_before = self.counts().bytes.saturating_sub(numbers.iter().map(bytes_of).sum());
        let mut queue = numbers.into_iter().filter_map(|number| {
            let path = self.pending.get(number)?.listed.path.clone();
            let seen = Arc::clone(&shared.seen);
            let open = move || {
                seen.lock().unwrap_or_else(PoisonError::into_inner).insert(number, Seen::of(&path));
                audio::open(&path)
            };
            Some(QueuedRecording { number, open: Box::new(open) })
        });
        std::thread::scope(|scope| {
            let (finished, waiting) = bounded::<Finished>(MOST_WAITING);
            let mut writers = Vec::new();
            for number in 0..WRITERS {
                let (writer, waiting) = (Writer::new(shared, &classes), waiting.clone());
                let thread = std::thread::Builder::new().name(format!("results-{number}"));
                let thread = thread.spawn_scoped(scope, move || writer.serve(&waiting));
                writers.push(thread.map_err(|error| failed(format!("it could not be started: {error}")))?);
            }
            drop(waiting);
            let mut intake = Intake::new(shared, detector, &classes, finished, bytes_before);
            let is_cancelled = || settings.cancel.is_cancelled();
            let network = detector.run_many(&mut queue, settings.readers, &is_cancelled, &mut intake);
            // The writers end only when nothing more can come.
            drop(intake);
            for writer in writers {
                writer.join().map_err(|_| failed("it panicked".to_owned()))?;
            }
            network
        })
    }
}

/// Why a run could not be begun.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The folder of results.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The model.
    #[error(transparent)]
    Model(#[from] ModelError),
}
