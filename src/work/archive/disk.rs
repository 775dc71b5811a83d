//! Where results are put: files that take their place whole, and patience with a disk that is full.

use super::ArchiveNews;
use crate::project::AtomicFile;
use crate::work::CancelToken;
use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A place for result files. There is one; tests have others, which fill up.
pub trait Disk: Send + Sync {
    /// Starts a file that takes the place of `target` once it is complete. Folders that are missing are made.
    ///
    /// # Errors
    /// As the system reports them.
    fn begin(&self, target: &Path) -> io::Result<Box<dyn PendingFile>>;
}

/// A file that is not in its place yet; dropping it leaves the place as it was.
pub trait PendingFile: Write + Send {
    /// Writes over the first bytes, of which there must be as many. What is written later follows the end as before.
    ///
    /// # Errors
    /// As the system reports them.
    fn write_over_start(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Puts the file in its place and returns how many bytes it has.
    ///
    /// # Errors
    /// As the system reports them; the place is then as it was.
    fn commit(self: Box<Self>) -> io::Result<u64>;
}

/// The file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileSystem;

struct Replacement {
    target: AtomicFile,
    out: BufWriter<File>,
}

impl Disk for FileSystem {
    fn begin(&self, target: &Path) -> io::Result<Box<dyn PendingFile>> {
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let target = AtomicFile::beside(target)?;
        let out = BufWriter::with_capacity(1 << 16, File::options().write(true).truncate(true).open(target.path())?);
        Ok(Box::new(Replacement { target, out }))
    }
}

impl Write for Replacement {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl PendingFile for Replacement {
    fn write_over_start(&mut self, bytes: &[u8]) -> io::Result<()> {
        // What waits is written before the place changes.
        self.out.seek(SeekFrom::Start(0))?;
        self.out.write_all(bytes)?;
        self.out.seek(SeekFrom::End(0)).map(drop)
    }

    fn commit(mut self: Box<Self>) -> io::Result<u64> {
        self.out.flush()?;
        let bytes = self.out.get_ref().metadata()?.len();
        drop(self.out);
        self.target.commit()?;
        Ok(bytes)
    }
}

/// What is done when the disk is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// All waits until there is room, looking again after this time.
    Wait(Duration),
    /// The run ends; what is done is kept.
    Stop,
}

/// Whoever writes asks this what to do when the disk is full.
pub(super) struct Patience {
    when: WhenFull,
    cancel: CancelToken,
    tell: Arc<dyn Fn(&ArchiveNews) + Send + Sync>,
    /// How many wait.
    waiting: Mutex<usize>,
    stopped_at: Mutex<Option<PathBuf>>,
}

/// How soon cancelling is noticed while waiting.
const CANCEL_CHECK: Duration = Duration::from_millis(20);

impl Patience {
    pub fn new(when: WhenFull, cancel: CancelToken, tell: Arc<dyn Fn(&ArchiveNews) + Send + Sync>) -> Self {
        Self { when, cancel, tell, waiting: Mutex::default(), stopped_at: Mutex::new(None) }
    }

    /// `path` was not written because of `error`. Returns whether to try again, after a while. `has_waited` is the caller's, and given back to
    /// [`Self::ended`].
    pub fn again(&self, path: &Path, error: &io::Error, has_waited: &mut bool) -> bool {
        if !is_full(error) || self.cancel.is_cancelled() {
            return false;
        }
        let WhenFull::Wait(pause) = self.when else {
            *self.stopped_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(path.to_path_buf());
            self.cancel.cancel();
            return false;
        };
        if !std::mem::replace(has_waited, true) {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            *waiting += 1;
            // Told once, whoever else comes to wait: some threads still find room where others find none.
            if *waiting == 1 {
                (self.tell)(&ArchiveNews::DiskFull { path: path.to_path_buf() });
            }
        }
        let until = Instant::now() + pause;
        while Instant::now() < until && !self.cancel.is_cancelled() {
            std::thread::sleep(CANCEL_CHECK.min(pause));
        }
        !self.cancel.is_cancelled()
    }

    /// Somebody's attempts have come to an end, the last one with success or not.
    pub fn ended(&self, has_waited: bool, has_worked: bool) {
        if !has_waited {
            return;
        }
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        *waiting = waiting.saturating_sub(1);
        if *waiting == 0 && has_worked {
            (self.tell)(&ArchiveNews::DiskHasRoom);
        }
    }

    /// The file at which a full disk ended the run.
    pub fn stopped_at(&self) -> Option<PathBuf> {
        self.stopped_at.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

/// A writer that waits where the disk is full.
pub(super) struct Patient<W> {
    pub inner: W,
    pub path: PathBuf,
    pub patience: Arc<Patience>,
}

impl<W: Write> Write for Patient<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Self { inner, path, patience } = self;
        repeated(path, patience, || inner.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        let Self { inner, path, patience } = self;
        repeated(path, patience, || inner.flush())
    }
}

impl PendingFile for Patient<Box<dyn PendingFile>> {
    fn write_over_start(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Self { inner, path, patience } = self;
        repeated(path, patience, || inner.write_over_start(bytes))
    }

    fn commit(mut self: Box<Self>) -> io::Result<u64> {
        // What may fail for want of room is tried here, where it can be tried again.
        self.flush()?;
        self.inner.commit()
    }
}

/// Starts a file that waits where the disk is full.
pub(super) fn begin(disk: &dyn Disk, patience: &Arc<Patience>, target: &Path) -> io::Result<Box<dyn PendingFile>> {
    let inner = repeated(target, patience, || disk.begin(target))?;
    Ok(Box::new(Patient { inner, path: target.to_path_buf(), patience: Arc::clone(patience) }))
}

/// Writes a whole file, from the start again where the disk is full at its end.
pub(super) fn write_whole(
    disk: &dyn Disk,
    patience: &Arc<Patience>,
    target: &Path,
    content: &dyn Fn(&mut dyn Write) -> io::Result<()>,
) -> io::Result<u64> {
    repeated(target, patience, || {
        let mut file = begin(disk, patience, target)?;
        content(&mut file)?;
        file.commit()
    })
}

/// Tries until it works, as often as a full disk is waited for.
pub(super) fn repeated<T>(
    path: &Path,
    patience: &Patience,
    mut attempt: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    let mut has_waited = false;
    let outcome = loop {
        match attempt() {
            Err(error) if patience.again(path, &error, &mut has_waited) => {}
            outcome => break outcome,
        }
    };
    patience.ended(has_waited, outcome.is_ok());
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes three bytes at a time and is full every other time.
    struct Filling(Vec<u8>, bool);

    impl Write for Filling {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(ErrorKind::StorageFull.into());
            }
            let count = bytes.len().min(3);
            self.0.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn patience(when: WhenFull) -> (Arc<Patience>, Arc<Mutex<Vec<String>>>) {
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        let tell = Arc::new(move |news: &ArchiveNews| heard.lock().unwrap().push(format!("{news:?}")));
        (Arc::new(Patience::new(when, CancelToken::default(), tell)), told)
    }

    #[test]
    fn a_full_disk_is_waited_for_and_nothing_is_lost_or_doubled() {
        let (patience, told) = patience(WhenFull::Wait(Duration::from_millis(1)));
        let mut out = Patient { inner: Filling(Vec::new(), false), path: "a.tsv".into(), patience };
        out.write_all(b"0123456789").unwrap();
        assert_eq!(out.inner.0, b"0123456789");
        let told = told.lock().unwrap();
        assert_eq!(told.len(), 8, "{told:?}");
        assert!(told[0].contains("DiskFull") && told[0].contains("a.tsv") && told[1].contains("DiskHasRoom"));
    }

    #[test]
    fn a_full_disk_is_told_once_and_room_when_nobody_waits_any_more() {
        let (patience, told) = patience(WhenFull::Wait(Duration::from_millis(1)));
        let full = |kind: ErrorKind| io::Error::from(kind);
        let (mut one, mut other) = (false, false);
        assert!(patience.again(Path::new("a.tsv"), &full(ErrorKind::StorageFull), &mut one));
        assert!(patience.again(Path::new("b.tsv"), &full(ErrorKind::QuotaExceeded), &mut other));
        patience.ended(false, true);
        patience.ended(one, true);
        assert_eq!(told.lock().unwrap().len(), 1, "the other still waits");
        patience.ended(other, true);
        let told = told.lock().unwrap();
        assert!(told.len() == 2 && told[0].contains("a.tsv") && told[1].contains("DiskHasRoom"), "{told:?}");
    }

    #[test]
    fn a_full_disk_ends_a_run_that_does_not_wait() {
        let (patience, told) = patience(WhenFull::Stop);
        let mut out = Patient { inner: Filling(Vec::new(), false), path: "a.tsv".into(), patience: patience.clone() };
        assert_eq!(out.write_all(b"0123").unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!(patience.stopped_at(), Some("a.tsv".into()));
        assert!(patience.cancel.is_cancelled() && told.lock().unwrap().is_empty());
    }

    #[test]
    fn other_errors_are_not_waited_for() {
        let (patience, _) = patience(WhenFull::Wait(Duration::from_secs(3600)));
        let nowhere = Path::new("/proc/no/such/folder/x.tsv");
        assert!(write_whole(&FileSystem, &patience, nowhere, &|out| out.write_all(b"x")).is_err());
    }
}
