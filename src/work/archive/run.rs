//! Working through an archive: the network's threads on one side, the thread that writes results on the other.

use super::disk::{Disk, Patience, WhenFull};
use super::intake::Intake;
use super::journal::Journal;
use super::leftovers::Leftovers;
use super::plan::Archive;
use super::results::{Finished, Writer};
use super::{ArchiveError, ArchiveNews};
use crate::audio;
use crate::model::{Detector, ModelError, NetworkTime, QueuedRecording};
use crate::work::CancelToken;
use crossbeam_channel::bounded;
use std::path::PathBuf;
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
    pub events: usize,
    pub sound_secs: f64,
}

/// What all threads of a run share.
pub(super) struct Shared<'a> {
    pub archive: &'a Archive,
    pub settings: &'a RunSettings,
    pub patience: Arc<Patience>,
    pub journal: Mutex<Journal>,
    pub tally: Mutex<Tally>,
    pub leftovers: Leftovers,
}

impl Shared<'_> {
    pub fn journal(&self) -> std::sync::MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn tally(&self) -> std::sync::MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
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
        let (mut journal, _) = Journal::open(&self.spec.folder, &patience)?;
        journal
            .parameters(&self.parameters)
            .map_err(|source| ArchiveError::Journal { path: self.journal_path(), source })?;
        let classes = detector.classes();
        let (journal, tally, leftovers) = (journal.into(), Mutex::default(), Leftovers::default());
        let shared = Shared { archive: self, settings, patience, journal, tally, leftovers };
        let mut queue = self.pending.iter().enumerate().map(|(number, pending)| {
            let path = pending.listed.path.clone();
            QueuedRecording { number, open: Box::new(move || audio::open(&path)) }
        });
        let network = std::thread::scope(|scope| {
            let (finished, waiting) = bounded::<Finished>(MOST_WAITING);
            let writer = Writer::new(&shared, &classes);
            let thread = std::thread::Builder::new()
                .name("results".to_owned())
                .spawn_scoped(scope, move || writer.serve(&waiting));
            thread.map_err(|error| ModelError::Inference {
                model: "the results thread".to_owned(),
                reason: format!("it could not be started: {error}"),
            })?;
            let mut intake = Intake::new(&shared, detector, &classes, finished);
            let is_cancelled = || settings.cancel.is_cancelled();
            detector.run_many(&mut queue, settings.readers, &is_cancelled, &mut intake)
        });
        let network = match network {
            Ok(network) => network,
            Err(ModelError::Cancelled) => NetworkTime::default(),
            Err(error) => return Err(error.into()),
        };
        let end = match shared.patience.stopped_at() {
            Some(path) => ArchiveEnd::DiskFull { path },
            None if settings.cancel.is_cancelled() => ArchiveEnd::Cancelled,
            None => ArchiveEnd::Completed,
        };
        let tally = std::mem::take(&mut *shared.tally());
        let mut failures = tally.failures;
        failures.sort_by_key(|(number, _)| *number);
        Ok(ArchiveOutcome {
            end,
            done: tally.done,
            left: self.pending.len().saturating_sub(tally.done + failures.len()),
            failures: failures.into_iter().map(|(_, reason)| reason).collect(),
            events: tally.events,
            sound_secs: tally.sound_secs,
            wall_secs: began.elapsed().as_secs_f64(),
            network,
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
