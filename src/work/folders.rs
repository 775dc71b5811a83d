//! Folders as the recordings in them: all levels, in a stable order, in portions, without going round in circles.

use super::{ProjectId, Update};
use crate::audio;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Files handed over at a time.
pub const PORTION: usize = 1024;

/// Recordings taken from one folder at most, and levels gone down.
const MOST_FILES: usize = 1_000_000;
const MOST_LEVELS: usize = 64;

/// Folders become the recordings in them; all other paths stay as they are. Hands over what to open in portions, until the receiver says
/// that it wants no more.
pub fn expand(project: ProjectId, paths: Vec<PathBuf>, hand_over: &mut dyn FnMut(Update) -> bool) {
    let (mut files, mut is_first, mut goes_on) = (Vec::new(), true, true);
    let mut failures = Vec::new();
    for path in paths {
        let path = std::path::absolute(&path).unwrap_or(path);
        if !path.is_dir() {
            files.push(path);
            continue;
        }
        let walked = walk(&path, &mut |file| {
            files.push(file);
            if files.len() >= PORTION {
                let files = std::mem::take(&mut files);
                let is_first = std::mem::take(&mut is_first);
                goes_on = hand_over(Update::Expanded { project, files, failures: Vec::new(), is_first });
            }
            goes_on
        });
        if walked.recordings == 0 && walked.failures.is_empty() {
            failures.push(format!("{}: there is no recording in this folder", path.display()));
        }
        failures.extend(walked.failures);
    }
    if goes_on {
        hand_over(Update::Expanded { project, files, failures, is_first });
    }
}

/// Whether a name ends like that of a recording. Files that begin with a dot are what systems keep beside recordings, not recordings.
pub fn is_recording(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    !is_hidden(path) && extension.is_some_and(|extension| audio::EXTENSIONS.contains(&extension.as_str()))
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

/// What a walk has come to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Walked {
    /// How many recordings there are.
    pub recordings: usize,
    /// Folders that could not be read, and bounds that were met.
    pub failures: Vec<String>,
}

/// Walks through a folder and all folders in it, each folder's files and folders by name, and hands each recording to `found`, which says
/// whether to go on. A folder that was visited already, by another way, is passed over.
pub fn walk(folder: &Path, found: &mut dyn FnMut(PathBuf) -> bool) -> Walked {
    let mut walk = Walk { walked: Walked::default(), visited: HashSet::new(), found };
    walk.enter(folder, 0);
    walk.walked
}

/// What stands in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Folder,
    File,
    /// A pipe, a socket or a device: opening one may wait for ever.
    Other,
}

impl Kind {
    /// Asked of the listing where it knows, of the file where the entry is a link. A link that leads nowhere counts as a file, so that
    /// opening it tells of it.
    fn of(entry: &std::fs::DirEntry) -> std::io::Result<Self> {
        let own = entry.file_type()?;
        let kind = match own.is_symlink() {
            true => std::fs::metadata(entry.path()).map(|metadata| metadata.file_type()),
            false => Ok(own),
        };
        Ok(match kind {
            Ok(kind) if kind.is_dir() => Self::Folder,
            Ok(kind) if !kind.is_file() => Self::Other,
            Ok(_) | Err(_) => Self::File,
        })
    }
}

struct Walk<'a> {
    walked: Walked,
    visited: HashSet<PathBuf>,
    found: &'a mut dyn FnMut(PathBuf) -> bool,
}

impl Walk<'_> {
    /// Returns whether to go on.
    fn enter(&mut self, folder: &Path, level: usize) -> bool {
        let is_new = folder.canonicalize().map_or(true, |real| self.visited.insert(real));
        if !is_new {
            return true;
        }
        let mut entries: Vec<(std::ffi::OsString, Kind)> = Vec::new();
        let listing = std::fs::read_dir(folder).and_then(|listing| {
            for entry in listing {
                let entry = entry?;
                entries.push((entry.file_name(), Kind::of(&entry)?));
            }
            Ok(())
        });
        if let Err(error) = listing {
            self.walked.failures.push(format!("{}: the folder cannot be read: {error}", folder.display()));
        }
        entries.sort();
        for (name, kind) in entries {
            let path = folder.join(name);
            let goes_on = match kind {
                Kind::Folder if is_hidden(&path) => true,
                Kind::Folder if level == MOST_LEVELS => {
                    self.walked.failures.push(format!(
                        "{}: lies more than {MOST_LEVELS} folders deep; open it by itself",
                        path.display()
                    ));
                    true
                }
                Kind::Folder => self.enter(&path, level + 1),
                Kind::Other if is_recording(&path) => {
                    self.walked.failures.push(format!("{}: is no file; it was passed over", path.display()));
                    true
                }
                Kind::File if is_recording(&path) => self.take(path),
                Kind::File | Kind::Other => true,
            };
            if !goes_on {
                return false;
            }
        }
        true
    }

    fn take(&mut self, path: PathBuf) -> bool {
        if self.walked.recordings == MOST_FILES {
            self.walked.failures.push(format!(
                "{}: more than {MOST_FILES} recordings; this one and those after it were not opened",
                path.display()
            ));
            return false;
        }
        self.walked.recordings += 1;
        (self.found)(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(folder: &Path) -> (Vec<PathBuf>, Walked) {
        let mut paths = Vec::new();
        let walked = walk(folder, &mut |path| {
            paths.push(path.strip_prefix(folder).unwrap().to_path_buf());
            true
        });
        (paths, walked)
    }

    #[test]
    fn all_levels_are_walked_by_name() {
        let folder = tempfile::tempdir().unwrap();
        for name in
            ["b/2.flac", "b/1.WAV", "a.wav", "c.wav", "b/notes.txt", ".kept/d.wav", "._a.wav", "b/deep/er/x.ogg"]
        {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"").unwrap();
        }
        let (paths, walked) = found(folder.path());
        let expected = ["a.wav", "b/1.WAV", "b/2.flac", "b/deep/er/x.ogg", "c.wav"];
        assert_eq!(paths, expected.map(PathBuf::from));
        assert_eq!(walked, Walked { recordings: 5, failures: Vec::new() });
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_back_are_followed_once() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        std::fs::write(folder.path().join("a/x.wav"), b"").unwrap();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("a/up")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("a"), folder.path().join("b")).unwrap();
        let (paths, walked) = found(folder.path());
        assert_eq!(paths, [PathBuf::from("a/x.wav")]);
        assert!(walked.failures.is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_passed_over_and_told() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.wav");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        std::os::unix::fs::symlink("/dev/zero", folder.path().join("device.wav")).unwrap();
        std::os::unix::fs::symlink("nowhere", folder.path().join("lost.wav")).unwrap();
        let (paths, walked) = found(folder.path());
        assert_eq!(paths, [PathBuf::from("lost.wav")]);
        assert!(walked.failures[0].contains("device.wav: is no file"), "{walked:?}");
        assert!(walked.failures[1].contains("pipe.wav: is no file"), "{walked:?}");
    }

    #[test]
    fn folders_among_paths_become_their_recordings_in_portions() {
        let folder = tempfile::tempdir().unwrap();
        let many = folder.path().join("many");
        std::fs::create_dir(&many).unwrap();
        for number in 0..PORTION + 1 {
            std::fs::write(many.join(format!("{number:05}.wav")), b"").unwrap();
        }
        let empty = folder.path().join("empty");
        std::fs::create_dir(&empty).unwrap();
        let other = folder.path().join("notes.txt");
        let mut portions = Vec::new();
        expand(ProjectId(0), vec![many, empty, other.clone()], &mut |update| {
            let Update::Expanded { files, failures, is_first, .. } = update else { panic!("another update") };
            portions.push((files, failures, is_first));
            true
        });
        let sizes: Vec<(usize, usize, bool)> =
            portions.iter().map(|(files, failures, is_first)| (files.len(), failures.len(), *is_first)).collect();
        assert_eq!(sizes, [(PORTION, 0, true), (2, 1, false)]);
        assert_eq!(portions[1].0[1], other);
        assert!(portions[1].1[0].contains("empty"));
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        let (paths, walked) = found(Path::new("no/such/folder"));
        assert!(paths.is_empty());
        assert!(walked.failures[0].starts_with("no/such/folder"), "{walked:?}");
    }
}
