//! The log of an archive run, for programs: a JSON object a line, appended, so that one file tells of all runs.

use super::archive::opened;
use crate::time::CivilTime;
use crate::work::archive::{ArchiveEnd, ArchiveNews, ArchiveOutcome, RecordingDone};
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// What waits for a full disk takes no more memory than this, in bytes; the run waits for it too, so that there is little to tell.
const MOST_WAITING: usize = 1 << 24;

/// An open file, and what could not be written yet.
struct Log<W> {
    out: W,
    waiting: Vec<u8>,
    /// Why the log has a gap or an end before its time.
    failure: Option<std::io::Error>,
}

impl<W: Write> Log<W> {
    fn new(out: W) -> Self {
        Self { out, waiting: Vec::new(), failure: None }
    }

    /// Writes a line, and before it what waits. A disk that is full may have room again by the next line.
    fn append(&mut self, line: &str) {
        if self.waiting.len() < MOST_WAITING {
            self.waiting.extend_from_slice(line.as_bytes());
        } else {
            self.failure.get_or_insert_with(|| ErrorKind::StorageFull.into());
        }
        // What is left is tried again, and told at the end.
        let _ = self.write_waiting();
    }

    fn write_waiting(&mut self) -> std::io::Result<()> {
        while !self.waiting.is_empty() {
            match self.out.write(&self.waiting) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => drop(self.waiting.drain(..count)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Tells if anything could not be noted.
    fn end(&mut self) -> std::io::Result<()> {
        self.write_waiting()?;
        self.failure.take().map_or(Ok(()), Err)
    }
}

/// A log, or none.
pub(super) struct ArchiveLog {
    out: Option<(PathBuf, Mutex<Log<File>>)>,
}

impl ArchiveLog {
    /// Opens the log at `path`, if there is to be one.
    pub fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else { return Ok(Self { out: None }) };
        let file = opened(path, OpenOptions::new().create(true).append(true).open(path))?;
        let log = Self { out: Some((path.to_path_buf(), Mutex::new(Log::new(file)))) };
        log.append(json!({ "event": "began", "version": env!("CARGO_PKG_VERSION") }));
        Ok(log)
    }

    /// Notes what happened.
    pub fn take(&self, news: &ArchiveNews) {
        match news {
            ArchiveNews::Progress { .. } => {}
            ArchiveNews::Done(done) => self.append(done_line(done)),
            ArchiveNews::Failed { name, reason } => {
                self.append(json!({ "event": "failed", "name": name, "reason": reason }));
            }
            ArchiveNews::DiskFull { path } => {
                self.append(json!({ "event": "disk_full", "path": path.to_string_lossy() }));
            }
            ArchiveNews::DiskHasRoom => self.append(json!({ "event": "disk_has_room" })),
        }
    }

    /// Notes how the run ended, and tells if anything could not be noted.
    pub fn ended(&self, outcome: &ArchiveOutcome) -> anyhow::Result<()> {
        let end = match outcome.end {
            ArchiveEnd::Completed => "completed",
            ArchiveEnd::Cancelled => "cancelled",
            ArchiveEnd::DiskFull { .. } => "disk_full",
        };
        self.append(json!({
            "event": "ended",
            "how": end,
            "done": outcome.done,
            "failed": outcome.failures.len(),
            "left": outcome.left,
            "events": outcome.events,
            "sound_secs": outcome.sound_secs,
            "wall_secs": outcome.wall_secs,
            "network_threads": outcome.network.threads,
            "network_runs": outcome.network.runs,
            "network_secs": outcome.network.run_secs,
            "network_share": outcome.network_share(),
        }));
        let Some((path, out)) = &self.out else { return Ok(()) };
        opened(path, out.lock().unwrap_or_else(PoisonError::into_inner).end())
    }

    fn append(&self, mut line: Value) {
        let Some((_, out)) = &self.out else { return };
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let time = CivilTime::from_unix_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
        if let (Some(fields), Some(time)) = (line.as_object_mut(), time) {
            fields.insert("time".to_owned(), format!("{}T{}Z", time.date(), time.time_text(3)).into());
        }
        out.lock().unwrap_or_else(PoisonError::into_inner).append(&format!("{line}\n"));
    }
}

fn done_line(done: &RecordingDone) -> Value {
    json!({
        "event": "done",
        "name": done.name,
        "path": done.path.to_string_lossy(),
        "events": done.events,
        "duration_secs": done.duration_secs,
        "elapsed_secs": done.elapsed_secs,
        "warnings": done.warnings,
        "results": done.results.iter().map(|path| path.to_string_lossy()).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes four bytes a call, and none from one call to another.
    struct Filling {
        content: Vec<u8>,
        calls: usize,
        full: std::ops::Range<usize>,
    }

    impl Write for Filling {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.calls += 1;
            if self.full.contains(&(self.calls - 1)) {
                return Err(ErrorKind::StorageFull.into());
            }
            let count = bytes.len().min(4);
            self.content.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn log(full: std::ops::Range<usize>) -> Log<Filling> {
        let mut log = Log::new(Filling { content: Vec::new(), calls: 0, full });
        ["{\"a\":1}\n", "{\"b\":2}\n", "{\"c\":3}\n"].iter().for_each(|line| log.append(line));
        log
    }

    #[test]
    fn what_a_full_disk_did_not_take_is_written_when_there_is_room() {
        for full in [0..0, 0..1, 0..2, 1..2, 2..4] {
            let mut log = log(full.clone());
            log.end().unwrap();
            assert_eq!(log.out.content, b"{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n", "{full:?}");
        }
        let mut log = log(1..99);
        assert_eq!(log.end().unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!(log.out.content, b"{\"a\"");
    }
}
