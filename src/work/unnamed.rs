//! Projects that have no name yet: files in a folder of the user's own, so that nothing has to be saved to be kept.

use crate::project::EXTENSION;
use crate::time::CivilTime;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// A project without a name, as it lies in its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnnamedProject {
    /// The file.
    pub path: PathBuf,
    /// When it was changed last, in milliseconds since 1970-01-01 00:00 UTC.
    pub changed_ms: i64,
}

/// All of them, the one that was changed last first. A folder that is not there has none.
pub(super) fn list(folder: &Path) -> Vec<UnnamedProject> {
    let mut projects = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_project = path.extension().is_some_and(|extension| extension == EXTENSION);
        if let (true, Ok(metadata)) = (is_project, entry.metadata()) {
            let wal = std::fs::metadata(beside(&path, "-wal")).and_then(|metadata| metadata.modified());
            let changed = metadata.modified().into_iter().chain(wal).max().unwrap_or(UNIX_EPOCH);
            projects.push(UnnamedProject { path, changed_ms: millis(changed) });
        }
    }
    projects.sort_by(|a, b| b.changed_ms.cmp(&a.changed_ms).then_with(|| b.path.cmp(&a.path)));
    projects
}

/// A name that no file has, in the folder, which is made if need be.
pub(super) fn fresh_path(folder: &Path) -> io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let now = millis(SystemTime::now());
    let text = CivilTime::from_unix_millis(now).map(|time| format!("{} {}", time.date(), time.time_text(3)));
    let stem = text.unwrap_or_else(|| now.to_string()).replace([':', ' ', '.'], "-");
    // Another window may be given the same moment.
    let process = std::process::id();
    let names = (0..1000).map(|number| folder.join(format!("unnamed-{stem}-{process}-{number}.{EXTENSION}")));
    let mut free = names.into_iter().filter(|path| !path.exists());
    free.next().ok_or_else(|| io::Error::other("no free name is left"))
}

/// What the names of files beside a project end in: journals, scores, the lock, what was there before.
const BESIDE: [&str; 9] =
    ["-wal", "-shm", "-journal", "-scores", "-scores-wal", "-scores-shm", "-scores-journal", "-lock", "~"];

/// Deletes a project's file and those beside it.
pub(super) fn delete(path: &Path) {
    for file in std::iter::once(path.to_path_buf()).chain(BESIDE.map(|ending| beside(path, ending))) {
        if let Err(error) = std::fs::remove_file(&file)
            && error.kind() != io::ErrorKind::NotFound
        {
            log::warn!("{}: cannot be deleted: {error}", file.display());
        }
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_comes_first_and_other_files_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        assert!(list(&folder.path().join("missing")).is_empty());
        let first = fresh_path(folder.path()).unwrap();
        std::fs::write(&first, b"").unwrap();
        let second = fresh_path(folder.path()).unwrap();
        assert_ne!(first, second);
        std::fs::write(&second, b"").unwrap();
        let later = SystemTime::now() + std::time::Duration::from_secs(60);
        std::fs::File::options().write(true).open(&first).unwrap().set_modified(later).unwrap();
        std::fs::write(folder.path().join("notes.txt"), b"").unwrap();
        let paths: Vec<PathBuf> = list(folder.path()).into_iter().map(|project| project.path).collect();
        assert_eq!(paths, [first.clone(), second]);
        delete(&first);
        assert!(!first.exists());
        assert_eq!(list(folder.path()).len(), 1);
    }
}
