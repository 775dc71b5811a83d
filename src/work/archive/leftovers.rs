//! Taking away what processes that were killed left beside results.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Knows where nothing is left behind.
#[derive(Debug, Default)]
pub(super) struct Leftovers {
    clean: Mutex<HashSet<(PathBuf, String)>>,
}

impl Leftovers {
    /// To be called before a result is begun: the first time in a folder, what others left behind there is deleted. The lock of the folder of
    /// results says that none of them lives.
    pub fn take_away(&self, result: &Path) {
        let (Some(folder), Some(ending)) = (result.parent(), result.extension()) else { return };
        let ending = format!(".{}", ending.to_string_lossy());
        let mut clean = self.clean.lock().unwrap_or_else(PoisonError::into_inner);
        if !clean.insert((folder.to_path_buf(), ending.clone())) {
            return;
        }
        // A folder that is not there yet has nothing in it.
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if is_left_behind(&entry.file_name().to_string_lossy(), &ending) {
                // What cannot be deleted does no harm.
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

/// Whether a file is a result that never came to its place: `.NAME.ENDING.random.tmp`.
fn is_left_behind(name: &str, ending: &str) -> bool {
    let inner = name.strip_prefix('.').and_then(|name| name.strip_suffix(".tmp"));
    inner.and_then(|inner| inner.rsplit_once('.')).is_some_and(|(target, random)| {
        target.ends_with(ending) && random.len() == 6 && random.chars().all(|c| c.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_left_behind_is_taken_away_and_only_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let kept = ["a.tsv", ".a.tsv", "a.tsv.Ab3dE9.tmp", ".a.csv.Ab3dE9.tmp", ".a.tsv.tmp", ".a.tsv.backup.tmp2"];
        for name in kept.iter().chain(&[".a.tsv.Ab3dE9.tmp"]) {
            std::fs::write(path(name), "x").unwrap();
        }
        let leftovers = Leftovers::default();
        leftovers.take_away(&path("b.tsv"));
        assert!(!path(".a.tsv.Ab3dE9.tmp").exists());
        assert!(kept.iter().all(|name| path(name).exists()));
        // What is begun afterwards is our own.
        std::fs::write(path(".b.tsv.Ab3dE9.tmp"), "x").unwrap();
        leftovers.take_away(&path("c.tsv"));
        assert!(path(".b.tsv.Ab3dE9.tmp").exists());
        leftovers.take_away(&path("no such folder/c.tsv"));
    }
}
