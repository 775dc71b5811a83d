//! Takes scores as they come from the network's threads: makes events of them, and hands them to the files of those who want them.

use super::ArchiveNews;
use super::disk;
use super::forms::ScoreSink;
use super::results::{Finished, PendingResult};
use super::run::{Seen, Shared};
use crate::decision::{EventFinder, FrameAxis};
use crate::model::{Detector, ModelError, RunSummary, ScoreBlock, ScoreTaker};
use crossbeam_channel::Sender;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// Scores of one recording that bounding boxes are looked for in take no more memory than this.
const MOST_SCORE_BYTES: usize = 1 << 30;

/// The taker of an archive's scores.
pub(super) struct Intake<'a> {
    shared: &'a Shared<'a>,
    axis: FrameAxis,
    classes: &'a [Arc<str>],
    embedding_size: usize,
    finished: Sender<Finished>,
    open: BTreeMap<usize, Open>,
    /// Bytes of the recordings that have ended.
    bytes: u64,
    told: Instant,
}

/// A recording that is being scored.
struct Open {
    /// As the file was when it was opened.
    seen: Seen,
    /// The line of the journal that says that it has begun.
    line: u64,
    events: EventFinder,
    scores: Option<(PathBuf, Box<dyn ScoreSink>)>,
    embeddings: Option<(PathBuf, Box<dyn ScoreSink>)>,
    /// How much of it has scores, 0 to 1.
    part: f64,
    /// Why its scores are of no use.
    failure: Option<String>,
}

impl<'a> Intake<'a> {
    /// The taker of a run before which recordings of so many bytes have ended.
    pub fn new(
        shared: &'a Shared<'a>,
        detector: &Detector,
        classes: &'a [Arc<str>],
        finished: Sender<Finished>,
        bytes: u64,
    ) -> Self {
        let (axis, embedding_size) = (detector.axis(), detector.embedding_size());
        let (open, told) = (BTreeMap::new(), Instant::now());
        Self { shared, axis, classes, embedding_size, finished, open, bytes, told }
    }

    fn begin(&self, number: usize) -> Open {
        let spec = &self.shared.archive.spec;
        let mut open = Open {
            seen: self.shared.take_seen(number),
            line: 0,
            events: EventFinder::with_scores(&spec.rule, self.axis, self.classes.len(), &spec.classes),
            scores: None,
            embeddings: None,
            part: 0.0,
            failure: None,
        };
        let Some(pending) = self.shared.archive.pending.get(number) else { return open };
        match self.shared.journal().begun(&pending.listed.name) {
            Ok(line) => open.line = line,
            Err(error) => open.failure = Some(cannot_write(&self.shared.archive.journal_path(), &error)),
        }
        if let (Some(path), Some((_, form))) = (pending.scores_path(spec), &spec.scores) {
            self.shared.leftovers.take_away(&path);
            let begun = disk::begin(self.shared.settings.disk.as_ref(), &self.shared.patience, &path)
                .and_then(|file| form.begin(file, &pending.listed.name, self.axis, self.classes));
            match begun {
                Ok(sink) => open.scores = Some((path, sink)),
                Err(error) => open.failure = Some(cannot_write(&path, &error)),
            }
        }
        if let (Some(path), Some((_, form))) = (pending.embeddings_path(spec), &spec.embeddings) {
            self.shared.leftovers.take_away(&path);
            let begun = disk::begin(self.shared.settings.disk.as_ref(), &self.shared.patience, &path)
                .and_then(|file| form.begin(file, &pending.listed.name, self.axis, self.embedding_size));
            match begun {
                Ok(sink) => open.embeddings = Some((path, sink)),
                Err(error) => open.failure = Some(cannot_write(&path, &error)),
            }
        }
        open
    }

    /// Ends a recording that has all its scores.
    fn finish(&self, number: usize, open: Open, summary: RunSummary) -> Result<Finished, String> {
        let mut results = Vec::new();
        for (path, sink) in open.scores.into_iter().chain(open.embeddings) {
            let file = sink.finish(summary.duration_secs).map_err(|error| cannot_write(&path, &error))?;
            results.push(PendingResult { path, file });
        }
        let mut events = open.events.finish_with_scores(summary.duration_secs);
        events.retain(|event| self.shared.archive.spec.classes.contains(&event.class));
        Ok(Finished { number, seen: open.seen, line: open.line, events, results, summary })
    }

    fn tell(&mut self) {
        if self.told.elapsed() < TELL_EVERY {
            return;
        }
        self.told = Instant::now();
        let pending = &self.shared.archive.pending;
        let bytes_of = |number: usize| pending.get(number).map_or(0, |pending| pending.listed.state.bytes);
        let open: f64 = self.open.iter().map(|(number, open)| open.part * bytes_of(*number) as f64).sum();
        (self.shared.settings.tell)(&ArchiveNews::Progress { bytes: self.bytes + open as u64 });
    }
}

impl ScoreTaker for Intake<'_> {
    fn begun(&mut self, number: usize, _duration_secs: f64) {
        let open = self.begin(number);
        self.open.insert(number, open);
    }

    fn scores(&mut self, number: usize, block: ScoreBlock<'_>) -> bool {
        let class_count = self.classes.len();
        let Some(open) = self.open.get_mut(&number) else { return false };
        if open.failure.is_some() {
            return false;
        }
        open.events.push(block.scores);
        if open.events.kept_bytes() > MOST_SCORE_BYTES {
            let gib = MOST_SCORE_BYTES >> 30;
            let name =
                &self.shared.archive.pending.get(number).map(|pending| pending.listed.path.display().to_string());
            open.failure = Some(format!(
                "{}: bounding boxes need all scores, and those take more than {gib} GiB: ask for fewer --classes, or leave --boxes out",
                name.as_deref().unwrap_or_default()
            ));
            return false;
        }
        open.part = (block.done_secs / block.duration_secs.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
        let inside = block.frame_count - block.padding_count;
        let scores = open.scores.iter_mut().map(|sink| (sink, &block.scores[..inside * class_count]));
        let embeddings =
            open.embeddings.iter_mut().map(|sink| (sink, &block.embeddings[..inside * self.embedding_size]));
        for ((path, sink), rows) in scores.chain(embeddings) {
            if let Err(error) = sink.push(rows) {
                open.failure = Some(cannot_write(path, &error));
                return false;
            }
        }
        self.tell();
        true
    }

    fn ended(&mut self, number: usize, outcome: Result<RunSummary, ModelError>) {
        let open = self.open.remove(&number);
        // One that could not be opened was never begun.
        drop(self.shared.take_seen(number));
        let Some(pending) = self.shared.archive.pending.get(number) else { return };
        self.bytes += pending.listed.state.bytes;
        let failure = open.as_ref().and_then(|open| open.failure.clone());
        let finished = match (failure, open, outcome) {
            (Some(reason), _, _) => Err(reason),
            (None, Some(open), Ok(summary)) => self.finish(number, open, summary),
            (None, _, Err(ModelError::Audio(error))) => Err(error.to_string()),
            (None, _, Err(error)) => Err(format!("{}: {error}", pending.listed.path.display())),
            (None, None, Ok(_)) => Err(format!("{}: was never begun", pending.listed.path.display())),
        };
        match finished {
            // The threads that write end only when this sender does, or in a panic, which ends the run.
            Ok(finished) => {
                if self.finished.send(finished).is_err() {
                    self.shared.settings.cancel.cancel();
                }
            }
            Err(reason) => self.shared.failed(number, reason),
        }
        self.tell();
    }
}

/// What is said about a file that cannot be written.
pub(super) fn cannot_write(path: &Path, error: &io::Error) -> String {
    format!("{}: cannot be written: {error}", path.display())
}
