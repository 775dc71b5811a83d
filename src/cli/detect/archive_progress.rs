//! What a run over an archive says on standard error: a bar with the time that is left on a terminal, a line a minute elsewhere.

use super::archive::tell;
use super::warning_text;
use crate::work::archive::{ArchiveCounts, ArchiveNews};
use indicatif::{HumanDuration, ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often is told how far it is, where there is no bar.
const LINE_EVERY: Duration = Duration::from_secs(60);

/// Progress through an archive. Time goes with the bytes of the recordings, whose lengths nobody knows before they are opened.
pub(super) struct ArchiveProgress {
    bar: Option<ProgressBar>,
    began: Instant,
    recordings: usize,
    bytes: u64,
    ended: AtomicUsize,
    said: Mutex<Instant>,
}

impl ArchiveProgress {
    /// Progress through what is to be done.
    pub fn new(counts: &ArchiveCounts) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(counts.bytes);
            let template = "{wide_bar} {percent:>3}%  {bytes} of {total_bytes}  {elapsed_precise} (left {eta})  {msg}";
            bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.enable_steady_tick(Duration::from_millis(500));
            bar
        });
        let began = Instant::now();
        let (recordings, bytes) = (counts.to_do(), counts.bytes);
        Self { bar, began, recordings, bytes, ended: AtomicUsize::new(0), said: Mutex::new(began) }
    }

    /// Shows what happened.
    pub fn take(&self, news: &ArchiveNews) {
        match news {
            ArchiveNews::Progress { bytes } => self.reached(*bytes),
            ArchiveNews::Done(done) => {
                self.one_more();
                done.warnings.iter().for_each(|warning| self.say(&warning_text(&done.path, warning)));
            }
            ArchiveNews::Failed { reason, .. } => {
                self.one_more();
                self.say(&format!("failed: {reason}"));
            }
            ArchiveNews::DiskFull { path } => self.say(&format!(
                "{}: the disk is full: waiting for room (Ctrl+C stops; what is done is kept)",
                path.display()
            )),
            ArchiveNews::DiskHasRoom => self.say("there is room again: going on"),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn one_more(&self) {
        let ended = self.ended.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{ended} of {} recordings", self.recordings));
        }
    }

    fn reached(&self, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(bytes);
            return;
        }
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.elapsed() < LINE_EVERY || bytes == 0 {
            return;
        }
        *said = Instant::now();
        let part = bytes as f64 / self.bytes.max(1) as f64;
        let left = self.began.elapsed().mul_f64(((1.0 - part) / part).clamp(0.0, 1e6));
        let ended = self.ended.load(Ordering::Relaxed);
        let (recordings, percent, left) = (self.recordings, 100.0 * part, HumanDuration(left));
        tell(&format!("{ended} of {recordings} recordings, {percent:.0} %, {left:#} left"));
    }

    fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| tell(line)),
            None => tell(line),
        }
    }
}
