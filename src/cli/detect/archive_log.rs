//! The log of an archive run, for programs: a JSON object a line, appended, so that one file tells of all runs.

use super::archive::opened;
use crate::time::CivilTime;
use crate::work::archive::{ArchiveEnd, ArchiveNews, ArchiveOutcome, RecordingDone};
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// An open file, and the first error of writing it.
type Log = (File, std::io::Result<()>);

/// A log, or none.
pub(super) struct ArchiveLog {
    out: Option<(PathBuf, Mutex<Log>)>,
}

impl ArchiveLog {
    /// Opens the log at `path`, if there is to be one.
    pub fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else { return Ok(Self { out: None }) };
        let file = opened(path, OpenOptions::new().create(true).append(true).open(path))?;
        let log = Self { out: Some((path.to_path_buf(), Mutex::new((file, Ok(()))))) };
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
        let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
        opened(path, std::mem::replace(&mut out.1, Ok(())))
    }

    fn append(&self, mut line: Value) {
        let Some((_, out)) = &self.out else { return };
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let time = CivilTime::from_unix_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
        if let (Some(fields), Some(time)) = (line.as_object_mut(), time) {
            fields.insert("time".to_owned(), format!("{}T{}Z", time.date(), time.time_text(3)).into());
        }
        let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
        if out.1.is_ok() {
            out.1 = out.0.write_all(format!("{line}\n").as_bytes());
        }
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
