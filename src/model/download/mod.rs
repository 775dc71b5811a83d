//! Fetching a released checkpoint: continued where it was broken off, checked before it counts as there.
//!
//! Nothing is shown and nothing is imported here. What has arrived stays as `NAME.part` in the folder of downloads; `NAME` is there only
//! whole and checked.

mod error;
mod page;
mod partial;
mod transfer;

pub use error::{DownloadError, Problem};
pub use page::page;

use super::catalogue::Checkpoint;
use partial::{Partial, digest_of, failure};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use transfer::{Head, Request, Stop, Transfer};

/// The environment variable with an address that checkpoints are fetched from instead of the published ones: `ADDRESS/FILE`.
pub const SOURCE_VARIABLE: &str = "EARMARK_MODEL_SOURCE";

/// Longer than any checkpoint; a server that sends more is not sending one.
const LONGEST_FILE: u64 = 4 << 30;
/// An attempt that brought this much did not fail for nothing: patience starts anew.
const REAL_PROGRESS: u64 = 1 << 20;
const REPORT_EVERY: Duration = Duration::from_millis(50);
const GLANCE: Duration = Duration::from_millis(40);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A file to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Where it is fetched from.
    pub address: String,
    /// Where the authors publish it; told when fetching fails.
    pub published: String,
    /// Its file name.
    pub file: String,
    /// Its length, where known.
    pub bytes: Option<u64>,
    /// Its SHA-256 in lower-case hexadecimal, where known.
    pub sha256: Option<String>,
}

impl Source {
    /// A released checkpoint, at its published address or at that of a mirror.
    ///
    /// # Errors
    /// `mirror` is no web address.
    pub fn at(checkpoint: &Checkpoint, mirror: Option<&str>) -> Result<Self, DownloadError> {
        let address = match mirror {
            None => checkpoint.address.to_owned(),
            Some(base) if base.starts_with("https://") || base.starts_with("http://") => {
                format!("{}/{}", base.trim_end_matches('/'), checkpoint.file)
            }
            Some(base) => return Err(DownloadError::Mirror { found: base.to_owned() }),
        };
        Ok(Self {
            address,
            published: checkpoint.address.to_owned(),
            file: checkpoint.file.to_owned(),
            bytes: checkpoint.bytes,
            sha256: checkpoint.sha256.map(str::to_owned),
        })
    }

    fn error(&self, problem: Problem) -> DownloadError {
        DownloadError::Server { address: self.address.clone(), problem, published: self.published.clone() }
    }
}

/// The address that `EARMARK_MODEL_SOURCE` names, if it is set.
pub fn mirror() -> Option<String> {
    let value = std::env::var_os(SOURCE_VARIABLE).filter(|value| !value.is_empty())?;
    Some(value.to_string_lossy().into_owned())
}

/// How much is borne before giving up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How long nothing may come.
    pub silence: Duration,
    /// Attempts one after the other that bring next to nothing, at least 1.
    pub attempts: u32,
    /// The pause before the second attempt; each further one is twice as long.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { silence: Duration::from_secs(30), attempts: 5, pause: Duration::from_secs(1) }
    }
}

/// How far a download is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Bytes of the file that are here.
    pub bytes: u64,
    /// Bytes of the whole file, if the server says.
    pub total: Option<u64>,
    /// Bytes a second over the last seconds.
    pub bytes_per_sec: f64,
    /// Attempts that failed since the last progress; 0 while all is well.
    pub failed_attempts: u32,
}

/// A file that was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downloaded {
    /// Where it lies.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, in lower-case hexadecimal.
    pub sha256: String,
    /// Whether that is the known one; false: none is known, and this one only tells later whether the file is still the same.
    pub is_checked: bool,
    /// How many bytes were there before.
    pub continued_from: u64,
}

/// Fetches `source` into `folder`, which is made if need be. Blocks; `report` gets the progress up to 20 times a second, and `is_cancelled`
/// is asked at least every 0.1 s.
///
/// # Errors
/// See [`DownloadError`]. After a break, a stall or a cancelled download the next call continues where this one stopped.
pub fn fetch(
    source: &Source,
    folder: &Path,
    patience: &Patience,
    report: &mut dyn FnMut(Progress),
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Downloaded, DownloadError> {
    fs::create_dir_all(folder).map_err(|error| failure(folder, error))?;
    let path = folder.join(&source.file);
    if let Some(there) = already_there(source, &path, is_cancelled)? {
        return Ok(there);
    }
    let mut partial = Partial::open(folder, &source.file, &source.address)?;
    let continued_from = partial.length();
    let mut fetching = Fetching { source, patience, is_cancelled, meter: Meter::new(report, continued_from) };
    match fetching.whole_and_checked(&mut partial) {
        Ok(sha256) => {
            let bytes = partial.length();
            partial.finish(&path)?;
            Ok(Downloaded { path, bytes, sha256, is_checked: source.sha256.is_some(), continued_from })
        }
        Err(error) => {
            if partial.length() == 0 {
                partial.discard();
            }
            Err(error)
        }
    }
}

/// The file that an earlier call fetched, if it is the one that is wanted.
fn already_there(
    source: &Source,
    path: &Path,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Option<Downloaded>, DownloadError> {
    let Ok(mut file) = File::open(path) else { return Ok(None) };
    let bytes = file.metadata().map_err(|error| failure(path, error))?.len();
    let sha256 = digest_of(&mut file, path, is_cancelled)?;
    let is_wanted = source.bytes.is_none_or(|expected| expected == bytes)
        && source.sha256.as_ref().is_none_or(|expected| *expected == sha256);
    let path = path.to_path_buf();
    let is_checked = source.sha256.is_some();
    Ok(is_wanted.then_some(Downloaded { path, bytes, sha256, is_checked, continued_from: bytes }))
}

struct Fetching<'a> {
    source: &'a Source,
    patience: &'a Patience,
    is_cancelled: &'a dyn Fn() -> bool,
    meter: Meter<'a>,
}

impl Fetching<'_> {
    /// Makes the file whole and gives its checksum. What turns out to be the wrong file is dropped.
    fn whole_and_checked(&mut self, partial: &mut Partial) -> Result<String, DownloadError> {
        let is_continued = partial.length() > 0;
        self.until_whole(partial)?;
        let mut result = self.check(partial);
        if is_wrong_file(&result) && is_continued {
            // The part from before may be what is wrong: once more, all of it.
            partial.restart(None)?;
            self.until_whole(partial)?;
            result = self.check(partial);
        }
        if is_wrong_file(&result) {
            partial.restart(None)?;
        }
        result
    }

    /// Attempts until the file is whole.
    fn until_whole(&mut self, partial: &mut Partial) -> Result<(), DownloadError> {
        let (mut failed, mut has_come) = (0, false);
        loop {
            let before = partial.length();
            let problem = match self.attempt(partial) {
                Ok(()) => return Ok(()),
                Err(DownloadError::Server { problem, .. }) => problem,
                Err(error) => return Err(error),
            };
            has_come |= before.max(partial.length()) > 0;
            failed = if partial.length() >= before.saturating_add(REAL_PROGRESS) { 1 } else { failed + 1 };
            if !problem.may_pass(has_come) || failed >= self.patience.attempts {
                return Err(self.source.error(problem));
            }
            self.meter.failed(failed, partial.length());
            let doubled = self.patience.pause.saturating_mul(1 << (failed - 1).min(16));
            self.pause(doubled.min(LONGEST_PAUSE))?;
        }
    }

    fn pause(&self, length: Duration) -> Result<(), DownloadError> {
        let start = Instant::now();
        while let Some(left) = length.checked_sub(start.elapsed()).filter(|left| !left.is_zero()) {
            if (self.is_cancelled)() {
                return Err(DownloadError::Cancelled);
            }
            std::thread::sleep(left.min(GLANCE));
        }
        Ok(())
    }

    /// One request: continues the file, or begins it if it cannot be continued safely.
    fn attempt(&mut self, partial: &mut Partial) -> Result<(), DownloadError> {
        let is_safe = partial.validator().is_some() || self.source.sha256.is_some();
        if partial.length() > 0 && !is_safe {
            partial.restart(None)?;
        }
        let request = Request {
            address: self.source.address.clone(),
            from: partial.length(),
            validator: partial.validator().map(str::to_owned),
        };
        let from = request.from;
        let (head, transfer) =
            Transfer::start(request, self.patience, self.is_cancelled).map_err(|stop| self.stopped(stop, from))?;
        let Some(total) = self.agree(&head, partial)? else { return Ok(()) };
        self.meter.begin(partial.length(), total);
        while let Some(bytes) = transfer.bytes().map_err(|stop| self.stopped(stop, partial.length()))? {
            if partial.length() == 0 && bytes.trim_ascii_start().starts_with(b"<") {
                return Err(self.source.error(Problem::Content { found: "a web page".to_owned() }));
            }
            let length = partial.length() + bytes.len() as u64;
            if length > total.unwrap_or(LONGEST_FILE) {
                let expected = total.map_or_else(|| format!("at most {LONGEST_FILE}"), |total| total.to_string());
                partial.restart(None)?;
                return Err(self.source.error(Problem::Length { found: length, expected }));
            }
            partial.append(&bytes)?;
            self.meter.at(length);
        }
        let received = partial.length();
        match total.or(self.source.bytes) {
            Some(total) if received < total => {
                let reason = format!("of {total}, without an error");
                Err(self.source.error(Problem::Dropped { received, reason }))
            }
            _ => Ok(()),
        }
    }

    /// Holds the head of the answer against what was asked and what is known, and makes the unfinished file fit it. Gives the length of the
    /// whole, which may be unknown; nothing if the file is whole already.
    fn agree(&self, head: &Head, partial: &mut Partial) -> Result<Option<Option<u64>>, DownloadError> {
        let from = partial.length();
        let is_part = head.status == 206;
        let is_same_version = match (partial.validator(), &head.validator) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => true,
        };
        let total = match head.status {
            200 => head.length,
            206 if from > 0 && head.first == Some(from) && is_same_version => {
                head.total.or_else(|| from.checked_add(head.length?))
            }
            416 if from > 0 && head.total == Some(from) => return Ok(None),
            206 | 416 if from > 0 => {
                partial.restart(None)?;
                return Err(self.source.error(Problem::Changed));
            }
            status => return Err(self.source.error(Problem::Status(status))),
        };
        if let Some(found) = &head.page {
            return Err(self.source.error(Problem::Content { found: found.clone() }));
        }
        let expected = match (total, self.source.bytes) {
            (Some(found), Some(known)) if found != known => Some(known.to_string()),
            (Some(found), _) if found > LONGEST_FILE => Some(format!("at most {LONGEST_FILE}")),
            _ => None,
        };
        if !is_part || expected.is_some() {
            partial.restart(head.validator.as_deref())?;
        }
        match expected {
            None => Ok(Some(total)),
            Some(expected) => Err(self.source.error(Problem::Length { found: total.unwrap_or_default(), expected })),
        }
    }

    /// The checksum, if length and checksum are those that are known.
    fn check(&self, partial: &mut Partial) -> Result<String, DownloadError> {
        let found = partial.length();
        if let Some(expected) = self.source.bytes.filter(|expected| *expected != found) {
            return Err(self.source.error(Problem::Length { found, expected: expected.to_string() }));
        }
        if found == 0 {
            return Err(self.source.error(Problem::Length { found, expected: "more".to_owned() }));
        }
        let found = partial.digest(self.is_cancelled)?;
        match &self.source.sha256 {
            Some(expected) if *expected != found => {
                Err(self.source.error(Problem::Checksum { found, expected: expected.clone() }))
            }
            _ => Ok(found),
        }
    }

    fn stopped(&self, stop: Stop, received: u64) -> DownloadError {
        match stop {
            Stop::Cancelled => DownloadError::Cancelled,
            Stop::Failed(Problem::Dropped { reason, .. }) => self.source.error(Problem::Dropped { received, reason }),
            Stop::Failed(problem) => self.source.error(problem),
        }
    }
}

fn is_wrong_file(result: &Result<String, DownloadError>) -> bool {
    matches!(result, Err(DownloadError::Server { .. }))
}

/// Measures the rate and reports, not too often.
struct Meter<'a> {
    report: &'a mut dyn FnMut(Progress),
    progress: Progress,
    last_report: Option<Instant>,
    /// Bytes and time that the rate is measured from.
    mark: (u64, Instant),
}

impl<'a> Meter<'a> {
    fn new(report: &'a mut dyn FnMut(Progress), bytes: u64) -> Self {
        let progress = Progress { bytes, total: None, bytes_per_sec: 0.0, failed_attempts: 0 };
        Self { report, progress, last_report: None, mark: (bytes, Instant::now()) }
    }

    fn begin(&mut self, bytes: u64, total: Option<u64>) {
        self.progress = Progress { bytes, total, ..self.progress };
        self.mark = (bytes, Instant::now());
        self.send();
    }

    fn at(&mut self, bytes: u64) {
        self.progress = Progress { bytes, failed_attempts: 0, ..self.progress };
        let is_whole = self.progress.total == Some(bytes);
        if is_whole || self.last_report.is_none_or(|last| last.elapsed() >= REPORT_EVERY) {
            let (marked, since) = (self.mark.0, self.mark.1.elapsed().as_secs_f64());
            let rate = bytes.saturating_sub(marked) as f64 / since.max(1e-3);
            // Half of the old rate stays for about two seconds.
            let kept = if self.progress.bytes_per_sec > 0.0 { (-since / 3.0).exp() } else { 0.0 };
            self.progress.bytes_per_sec = kept * self.progress.bytes_per_sec + (1.0 - kept) * rate;
            self.mark = (bytes, Instant::now());
            self.send();
        }
    }

    fn failed(&mut self, attempts: u32, bytes: u64) {
        self.progress = Progress { bytes, failed_attempts: attempts, bytes_per_sec: 0.0, ..self.progress };
        self.send();
    }

    fn send(&mut self) {
        self.last_report = Some(Instant::now());
        (self.report)(self.progress);
    }
}
