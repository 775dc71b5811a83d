//! The survey: one thread that looks at recordings, first at those that a person is waiting for, then at all others: what they hold, when
//! they were made, and what their content is recognised by. It writes nothing, so that a project is never kept waiting by 100,000 headers.

use super::thread::{guarded, spawn};
use super::{Update, UpdateSender};
use crate::annotation::RecordingId;
use crate::audio::{self, ClockStart, StreamSpec};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Results are handed over together, as long as nobody waits for one of them: each hand-over wakes the window.
const BATCH: usize = 256;
const BATCH_TIME: Duration = Duration::from_millis(150);

/// The disk is left to others for so many times as long as a fingerprint took, up to a bound.
const REST: u32 = 2;
const LONGEST_REST: Duration = Duration::from_millis(200);

/// More recordings than this are not waited for at a time: who scrolls on no longer wants what was in view before.
const MOST_URGENT: usize = 128;

/// Why nothing is known of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// There is no file at its path.
    NotFound(String),
    /// There is one, and it cannot be read.
    Unreadable(String),
}

impl Unknown {
    /// The reason, with the file's name and what to do.
    pub fn reason(&self) -> &str {
        match self {
            Self::NotFound(reason) | Self::Unreadable(reason) => reason,
        }
    }
}

/// What a look at a recording has found.
#[derive(Clone, Debug)]
pub struct Surveyed {
    /// Which recording.
    pub id: RecordingId,
    /// Where it was looked for.
    pub path: PathBuf,
    /// What it holds.
    pub result: Result<StreamSpec, Unknown>,
    /// When it was made, by everything that tells it.
    pub clocks: Vec<ClockStart>,
}

/// Recordings to look at, the ones that are waited for first.
#[derive(Default)]
struct Wanted {
    urgent: VecDeque<(RecordingId, PathBuf)>,
    others: VecDeque<(RecordingId, PathBuf)>,
    prints: VecDeque<(RecordingId, PathBuf)>,
    is_over: bool,
}

enum Look {
    Urgent(RecordingId, PathBuf),
    Other(RecordingId, PathBuf),
    Print(RecordingId, PathBuf),
}

#[derive(Default)]
struct Shared {
    wanted: Mutex<Wanted>,
    changed: Condvar,
}

impl Shared {
    fn wanted(&self) -> MutexGuard<'_, Wanted> {
        // A panic while it was held cannot have left a queue half changed.
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits in proportion to what work has taken, unless something is wanted sooner.
    fn rest(&self, worked: Duration) {
        let wanted = self.wanted();
        if wanted.urgent.is_empty() && wanted.others.is_empty() && !wanted.is_over {
            // Whether the wait ended early does not matter.
            drop(self.changed.wait_timeout(wanted, (REST * worked).min(LONGEST_REST)));
        }
    }
}

/// Hands recordings to the survey's thread, which lives as long as this.
pub struct Survey {
    shared: Arc<Shared>,
}

impl Survey {
    /// Starts the thread; it sleeps until there is something to look at.
    pub fn start(updates: &UpdateSender) -> Self {
        let shared = Arc::new(Shared::default());
        let (served, told) = (shared.clone(), updates.clone());
        spawn("survey", updates, move || Surveyor { shared: served, updates: told, batch: Vec::new() }.serve());
        Self { shared }
    }

    /// Asks for a recording that somebody waits for.
    pub fn look_now(&self, id: RecordingId, path: PathBuf) {
        let mut wanted = self.shared.wanted();
        if wanted.urgent.iter().any(|(other, _)| *other == id) {
            return;
        }
        wanted.urgent.push_back((id, path));
        if wanted.urgent.len() > MOST_URGENT
            && let Some(late) = wanted.urgent.pop_front()
        {
            wanted.others.push_front(late);
        }
        drop(wanted);
        self.shared.changed.notify_one();
    }

    /// Asks for recordings that nobody waits for, in this order.
    pub fn look_later(&self, recordings: impl IntoIterator<Item = (RecordingId, PathBuf)>) {
        self.shared.wanted().others.extend(recordings);
        self.shared.changed.notify_one();
    }

    /// Asks for the fingerprints of recordings, once everything else was looked at.
    pub fn take_fingerprints(&self, recordings: impl IntoIterator<Item = (RecordingId, PathBuf)>) {
        self.shared.wanted().prints.extend(recordings);
        self.shared.changed.notify_one();
    }

    /// Forgets all that was asked for.
    pub fn forget_all(&self) {
        let mut wanted = self.shared.wanted();
        *wanted = Wanted { is_over: wanted.is_over, ..Wanted::default() };
    }
}

impl Drop for Survey {
    fn drop(&mut self) {
        self.shared.wanted().is_over = true;
        self.shared.changed.notify_one();
    }
}

struct Surveyor {
    shared: Arc<Shared>,
    updates: UpdateSender,
    batch: Vec<Surveyed>,
}

impl Surveyor {
    fn serve(mut self) {
        let mut prints = Vec::new();
        let mut handed_over = Instant::now();
        while let Some(look) = self.next(&mut prints) {
            match look {
                Look::Urgent(id, path) => {
                    self.batch.push(look_at(id, path));
                    handed_over = Instant::now() - BATCH_TIME;
                }
                Look::Other(id, path) => self.batch.push(look_at(id, path)),
                Look::Print(id, path) => {
                    let began = Instant::now();
                    // A recording that cannot be read has been told by the look before.
                    let print = guarded(|| audio::fingerprint(&path)).ok().and_then(Result::ok);
                    prints.extend(print.map(|print| (id, path, print.to_string())));
                    self.shared.rest(began.elapsed());
                }
            }
            let is_due = handed_over.elapsed() >= BATCH_TIME || self.batch.len() + prints.len() >= BATCH;
            if is_due {
                handed_over = Instant::now();
                if !self.hand_over(&mut prints) {
                    return;
                }
            }
        }
    }

    /// The next recording to look at; hands over what was found before it sleeps. None if nothing is wanted any more.
    fn next(&mut self, prints: &mut Vec<(RecordingId, PathBuf, String)>) -> Option<Look> {
        let shared = self.shared.clone();
        let mut wanted = shared.wanted();
        loop {
            if wanted.is_over {
                return None;
            }
            // What was asked for last is what is in view now.
            if let Some((id, path)) = wanted.urgent.pop_back() {
                return Some(Look::Urgent(id, path));
            }
            if let Some((id, path)) = wanted.others.pop_front() {
                return Some(Look::Other(id, path));
            }
            if let Some((id, path)) = wanted.prints.pop_front() {
                return Some(Look::Print(id, path));
            }
            if self.batch.is_empty() && prints.is_empty() {
                wanted = shared.changed.wait(wanted).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            drop(wanted);
            if !self.hand_over(prints) {
                return None;
            }
            wanted = shared.wanted();
        }
    }

    fn hand_over(&mut self, prints: &mut Vec<(RecordingId, PathBuf, String)>) -> bool {
        let batch = std::mem::take(&mut self.batch);
        let prints = std::mem::take(prints);
        (batch.is_empty() || self.updates.send(Update::Surveyed(batch)))
            && (prints.is_empty() || self.updates.send(Update::Fingerprints(prints)))
    }
}

fn look_at(id: RecordingId, path: PathBuf) -> Surveyed {
    let found = guarded(|| {
        let result = probe(&path);
        let clocks = result.as_ref().map(|spec| audio::clock_starts(&path, spec)).unwrap_or_default();
        (result, clocks)
    });
    let failed = |reason: String| (Err(Unknown::Unreadable(format!("{}: {reason}", path.display()))), Vec::new());
    let (result, clocks) = found.unwrap_or_else(failed);
    Surveyed { id, path, result, clocks }
}

fn probe(path: &Path) -> Result<StreamSpec, Unknown> {
    let error = match audio::open(path) {
        Ok(source) => return Ok(source.spec().clone()),
        Err(error) => error,
    };
    match &error {
        audio::AudioError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            Err(Unknown::NotFound(format!("{}: is not there", path.display())))
        }
        _ => Err(Unknown::Unreadable(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::update_channel;

    fn wave(path: &Path, frames: u32) {
        let bytes = 2 * frames;
        let mut wave = Vec::new();
        wave.extend(b"RIFF");
        wave.extend((36 + bytes).to_le_bytes());
        wave.extend(b"WAVEfmt ");
        wave.extend(16_u32.to_le_bytes());
        wave.extend([1, 0, 1, 0]);
        wave.extend(8000_u32.to_le_bytes());
        wave.extend(16_000_u32.to_le_bytes());
        wave.extend([2, 0, 16, 0]);
        wave.extend(b"data");
        wave.extend(bytes.to_le_bytes());
        wave.resize(wave.len() + bytes as usize, 0);
        std::fs::write(path, wave).unwrap();
    }

    #[test]
    fn everything_asked_for_is_told_once_and_what_is_missing_by_its_kind() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        wave(&path("a.wav"), 4000);
        wave(&path("b.wav"), 8000);
        std::fs::write(path("c.wav"), b"no sound at all").unwrap();
        let (sender, received) = update_channel(Arc::new(|| {}));
        let survey = Survey::start(&sender);
        let names = ["a.wav", "b.wav", "c.wav", "d.wav"];
        survey.look_later(names.iter().enumerate().map(|(id, name)| (RecordingId(id as u64), path(name))));
        survey.take_fingerprints([(RecordingId(0), path("a.wav")), (RecordingId(3), path("d.wav"))]);
        let (mut found, mut prints) = (Vec::new(), Vec::new());
        while found.len() < 4 || prints.is_empty() {
            match received.recv_timeout(Duration::from_secs(30)).unwrap() {
                Update::Surveyed(batch) => found.extend(batch),
                Update::Fingerprints(batch) => prints.extend(batch),
                _ => panic!("another update"),
            }
        }
        found.sort_by_key(|found| found.id);
        let secs: Vec<Option<f64>> =
            found.iter().map(|found| found.result.as_ref().ok().map(StreamSpec::duration_secs)).collect();
        assert_eq!(secs, [Some(0.5), Some(1.0), None, None]);
        assert!(matches!(&found[2].result, Err(Unknown::Unreadable(reason)) if reason.contains("c.wav")));
        assert!(matches!(&found[3].result, Err(Unknown::NotFound(reason)) if reason.contains("d.wav")));
        let expected = audio::fingerprint(&path("a.wav")).unwrap().to_string();
        assert_eq!(prints, [(RecordingId(0), path("a.wav"), expected)]);
        drop(survey);
        assert!(received.recv_timeout(Duration::from_millis(50)).is_err(), "nothing is told twice");
    }
}
