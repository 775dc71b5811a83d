//! The lock of a project: one Earmark writes it at a time. The system gives the lock back when the process ends, however it ends.
//!
//! The lock is held on a file beside the project, not on the project itself, because closing any other handle of a file can give locks on
//! it back.

use super::paths::with_suffix;
use crate::time::CivilTime;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// What is added to the project's name.
const SUFFIX: &str = "-lock";
/// Tries in which the file was taken away between opening and locking it; more mean that something is wrong.
const MOST_TRIES: usize = 20;

/// A lock that is held until this is dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
}

/// Why there is no lock.
#[derive(Debug)]
pub enum NoLock {
    /// Another Earmark has it; who, if that can be read.
    Held(Option<String>),
    /// No lock file can be made.
    Impossible(io::Error),
}

impl Lock {
    /// Takes the lock of a project, whose links are followed.
    pub fn take(project: &Path) -> Result<Self, NoLock> {
        let path = with_suffix(project, SUFFIX);
        for _ in 0..MOST_TRIES {
            let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
            let mut file = opened.map_err(NoLock::Impossible)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(NoLock::Held(holder(&mut file))),
                Err(TryLockError::Error(error)) => return Err(NoLock::Impossible(error)),
            }
            // Whoever had the lock before may have deleted the file after it was opened here: a third process would lock a new one.
            if is_same_file(&file, &path) {
                // Who it is is told as a courtesy; a full disk must not stand in the way.
                let _ = file.set_len(0).and_then(|()| file.write_all(who().as_bytes()));
                return Ok(Self { file, path });
            }
        }
        Err(NoLock::Impossible(io::Error::other("the lock file changes all the time")))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // First deleted, then given back. Windows deletes no file that others have open; there it stays, which does no harm.
        let _ = fs::remove_file(&self.path);
        let _ = self.file.unlock();
    }
}

fn holder(file: &mut File) -> Option<String> {
    let mut text = String::new();
    // Windows lets nobody read a locked file.
    file.rewind().and_then(|()| file.take(300).read_to_string(&mut text)).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn who() -> String {
    let host = fs::read_to_string("/etc/hostname").ok().or_else(|| std::env::var("COMPUTERNAME").ok());
    let host = host.map(|host| format!(" on {}", host.trim())).unwrap_or_default();
    let since = CivilTime::from_unix_millis(super::now_ms());
    let since = since.map(|time| format!(", since {} {} UTC", time.date(), time.time_text(0))).unwrap_or_default();
    format!("process {}{host}{since}", std::process::id())
}

#[cfg(unix)]
fn is_same_file(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(own), Ok(named)) = (file.metadata(), fs::metadata(path)) else { return false };
    (own.dev(), own.ino()) == (named.dev(), named.ino())
}

#[cfg(not(unix))]
fn is_same_file(_file: &File, path: &Path) -> bool {
    path.exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_once_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("set.earmark");
        let lock = Lock::take(&project).unwrap();
        let Err(NoLock::Held(holder)) = Lock::take(&project) else { panic!("two have the lock") };
        if cfg!(unix) {
            assert!(holder.unwrap().starts_with(&format!("process {}", std::process::id())));
        }
        drop(lock);
        drop(Lock::take(&project).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), usize::from(cfg!(windows)));
        let nowhere = folder.path().join("no such folder").join("set.earmark");
        assert!(matches!(Lock::take(&nowhere), Err(NoLock::Impossible(_))));
    }

    #[test]
    fn what_a_dead_process_left_behind_is_no_lock() {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("set.earmark");
        fs::write(with_suffix(&project, SUFFIX), "process 1 on atlas, since long ago and with a very long line")
            .unwrap();
        let lock = Lock::take(&project).unwrap();
        let text = fs::read_to_string(&lock.path).unwrap_or_default();
        assert!(!text.contains("atlas, since long ago"), "{text}");
    }
}
