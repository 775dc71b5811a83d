//! The journal of an archive: one file of JSON lines in the folder of results, which only grows. It says of each recording with which
//! parameters which results were made of which state of the file. Owns the lock: one process writes a folder of results at a time.
//!
//! A recording is done if its line says so *and* the results that it names are there with the lengths that it names. A line that is not whole,
//! as a process leaves it that is killed, is cut off.
//!
//! Lines are appended under a lock that is never held while the disk is waited for; whoever must know that a line is on the disk asks
//! [`JournalSync`], so that many who ask at once share one wait.

use super::ArchiveError;
use super::disk::{Patience, Patient, repeated};
use super::listing::FileState;
use super::parameters::Parameters;
use crate::project::{Lock, NoLock};
use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the journal is called.
pub(super) const FILE_NAME: &str = "earmark-archive.jsonl";
const VERSION: u32 = 1;

/// A line.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Archive {
        version: u32,
    },
    Parameters {
        id: String,
        are: Parameters,
        /// What made the results: for whoever asks one day; results of another version or device count all the same.
        #[serde(default)]
        by: String,
    },
    /// Results may be written from now on.
    Begun {
        name: String,
    },
    Done(Box<Entry>),
}

/// A recording that is done.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Entry {
    /// Its name in results.
    pub name: String,
    /// Where it was.
    pub path: String,
    /// As it was.
    #[serde(flatten)]
    pub state: FileState,
    /// What it began with, by which it is known where it lies elsewhere; empty where that is not known.
    #[serde(default)]
    pub head: String,
    /// Which parameters, by their id.
    pub parameters: String,
    /// What was written.
    pub results: Vec<ResultFile>,
    /// How many events there are.
    pub events: usize,
    /// Length of the recording, in seconds.
    pub duration_secs: f64,
}

/// A result file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct ResultFile {
    /// Its path below the folder of results, or an absolute one.
    pub file: String,
    /// Its length.
    pub bytes: u64,
}

/// What a journal says.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The newest line of each recording that was done.
    pub done: HashMap<String, Entry>,
    /// Recordings whose results may have been written since they were done last, by a process that was killed.
    pub begun: HashSet<String>,
    /// All parameters by their ids.
    pub parameters: HashMap<String, Parameters>,
    /// What of the journal could not be understood.
    pub notes: Vec<String>,
    /// Length of what is whole.
    whole_bytes: u64,
}

impl Known {
    /// Reads the journal of `folder`; a folder without one knows nothing.
    pub fn read(folder: &Path) -> Result<Self, ArchiveError> {
        let path = folder.join(FILE_NAME);
        match File::open(&path) {
            Ok(file) => Self::of(BufReader::new(file), &path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(ArchiveError::Journal { path, source }),
        }
    }

    fn of(mut lines: impl BufRead, path: &Path) -> Result<Self, ArchiveError> {
        let mut known = Self::default();
        let (mut line, mut number) = (Vec::new(), 0_usize);
        loop {
            line.clear();
            let failed = |source| ArchiveError::Journal { path: path.to_path_buf(), source };
            let count = lines.read_until(b'\n', &mut line).map_err(failed)?;
            if line.last() != Some(&b'\n') {
                return Ok(known);
            }
            (known.whole_bytes, number) = (known.whole_bytes + count as u64, number + 1);
            match serde_json::from_slice(&line) {
                Ok(Line::Archive { version }) if version > VERSION => {
                    return Err(ArchiveError::Newer { path: path.to_path_buf() });
                }
                Ok(Line::Archive { .. }) => {}
                Ok(Line::Parameters { id, are, .. }) => drop(known.parameters.insert(id, are)),
                Ok(Line::Begun { name }) => drop(known.begun.insert(name)),
                Ok(Line::Done(entry)) => {
                    known.begun.remove(&entry.name);
                    known.done.insert(entry.name.clone(), *entry);
                }
                Err(error) => known.notes.push(format!(
                    "{}: line {number} is damaged ({error}); the recording that it is about is done again",
                    path.display()
                )),
            }
        }
    }
}

/// A journal that is being written.
pub(super) struct Journal {
    out: Patient<File>,
    /// Lines so far.
    lines: u64,
    _lock: Lock,
}

impl Journal {
    /// Takes the folder's lock, and gives what makes sure of lines.
    pub fn open(folder: &Path, patience: &Arc<Patience>) -> Result<(Self, JournalSync), ArchiveError> {
        let path = folder.join(FILE_NAME);
        let failed = |source| ArchiveError::Journal { path: path.clone(), source };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let lock = Lock::take(&path).map_err(|error| match error {
            NoLock::Held(holder) => ArchiveError::Locked { folder: folder.to_path_buf(), holder },
            NoLock::Impossible(source) => failed(source),
        })?;
        let whole_bytes = Known::read(folder)?.whole_bytes;
        let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        file.set_len(whole_bytes).and_then(|()| file.seek(SeekFrom::End(0))).map_err(failed)?;
        let sync = JournalSync {
            file: file.try_clone().map_err(failed)?,
            path: path.clone(),
            patience: Arc::clone(patience),
            on_disk: AtomicU64::new(0),
        };
        let out = Patient { inner: file, path: path.clone(), patience: Arc::clone(patience) };
        let mut journal = Self { out, lines: 0, _lock: lock };
        if whole_bytes == 0 {
            journal.append(&Line::Archive { version: VERSION }).map_err(failed)?;
        }
        Ok((journal, sync))
    }

    /// Says what parameters the next lines are about, and what carries them out.
    pub fn parameters(&mut self, are: &Parameters, by: &str) -> io::Result<()> {
        self.append(&Line::Parameters { id: are.id(), are: are.clone(), by: by.to_owned() }).map(drop)
    }

    /// Says that results of a recording may be written from now on. Returns the line's number, for [`JournalSync::ensure`].
    pub fn begun(&mut self, name: &str) -> io::Result<u64> {
        self.append(&Line::Begun { name: name.to_owned() })
    }

    /// Says that a recording is done.
    pub fn done(&mut self, entry: &Entry) -> io::Result<()> {
        self.append(&Line::Done(Box::new(entry.clone()))).map(drop)
    }

    fn append(&mut self, line: &Line) -> io::Result<u64> {
        let mut bytes = serde_json::to_vec(line).map_err(io::Error::other)?;
        bytes.push(b'\n');
        self.out.write_all(&bytes)?;
        self.lines += 1;
        Ok(self.lines)
    }

    /// The number of the last line.
    pub fn last_line(&self) -> u64 {
        self.lines
    }
}

/// Makes sure that lines of the journal survive a power cut.
pub(super) struct JournalSync {
    file: File,
    path: PathBuf,
    patience: Arc<Patience>,
    /// Lines that are known to be on the disk.
    on_disk: AtomicU64,
}

impl JournalSync {
    /// Returns once the line with the number `line` is on the disk, while the journal has `last_line`s.
    pub fn ensure(&self, line: u64, last_line: u64) -> io::Result<()> {
        if self.on_disk.load(Ordering::Acquire) >= line {
            return Ok(());
        }
        repeated(&self.path, &self.patience, || self.file.sync_data())?;
        self.on_disk.fetch_max(last_line, Ordering::AcqRel);
        Ok(())
    }
}

/// A path as the journal keeps it: below `folder` with `/`, or else absolute.
pub(super) fn path_text(folder: &Path, path: &Path) -> String {
    match path.strip_prefix(folder) {
        Ok(below) => below.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/"),
        Err(_) => path.to_string_lossy().into_owned(),
    }
}

/// What has become of the results of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Results {
    /// All are there as they were written.
    Whole,
    /// One is not there, or empty, as a power cut can leave it.
    Lost,
    /// One was changed since.
    Edited(PathBuf),
}

/// Looks at the results of an entry. What was changed by somebody is worth more than what is missing beside it.
pub(super) fn results_of(folder: &Path, entry: &Entry) -> Results {
    let mut found = Results::Whole;
    for result in &entry.results {
        let path = folder.join(&result.file);
        match std::fs::metadata(&path).map(|metadata| metadata.len()) {
            Ok(bytes) if bytes == result.bytes => {}
            Ok(bytes) if bytes > 0 => return Results::Edited(path),
            _ => found = Results::Lost,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::disk::WhenFull;
    use super::*;
    use crate::work::CancelToken;

    fn patience() -> Arc<Patience> {
        Arc::new(Patience::new(WhenFull::Stop, CancelToken::default(), Arc::new(|_| {})))
    }

    fn entry(name: &str, bytes: u64) -> Entry {
        Entry {
            name: name.to_owned(),
            path: format!("/field/{name}"),
            state: FileState { bytes, modified_ns: 7 },
            head: "0123".to_owned(),
            parameters: "p".to_owned(),
            results: vec![ResultFile { file: "a.tsv".to_owned(), bytes: 3 }],
            events: 2,
            duration_secs: 1.5,
        }
    }

    #[test]
    fn the_newest_line_counts_and_a_torn_one_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let known = || Known::read(folder.path()).unwrap();
        assert!(known().done.is_empty());
        let (mut journal, sync) = Journal::open(folder.path(), &patience()).unwrap();
        assert_eq!(journal.begun("a.wav").unwrap(), 2);
        sync.ensure(2, journal.last_line()).unwrap();
        assert!(known().begun.contains("a.wav"));
        journal.done(&entry("a.wav", 1)).unwrap();
        assert!(!known().begun.contains("a.wav"), "what is done is no longer under way");
        journal.done(&entry("a.wav", 2)).unwrap();
        journal.begun("b.wav").unwrap();
        let Err(ArchiveError::Locked { .. }) = Journal::open(folder.path(), &patience()) else {
            panic!("two write one folder")
        };
        drop(journal);
        let path = folder.path().join(FILE_NAME);
        let whole = std::fs::read(&path).unwrap();
        for cut in [b"{\"done\":{\"name\":\"b.w".as_slice(), b"\xff\xfe", b""] {
            std::fs::write(&path, [&whole, cut].concat()).unwrap();
            assert_eq!((known().done.len(), &known().done["a.wav"]), (1, &entry("a.wav", 2)));
            assert!(known().begun.contains("b.wav") && known().notes.is_empty());
            let (mut journal, _) = Journal::open(folder.path(), &patience()).unwrap();
            journal.done(&entry("c.wav", 5)).unwrap();
            drop(journal);
            assert_eq!(known().done.len(), 2);
        }
        std::fs::write(&path, [b"nonsense\n".as_slice(), &whole].concat()).unwrap();
        let told = known();
        assert!(told.done.len() == 1 && told.notes[0].contains("line 1 is damaged"), "{:?}", told.notes);
        std::fs::write(&path, b"{\"archive\":{\"version\":99}}\n").unwrap();
        assert!(matches!(Known::read(folder.path()), Err(ArchiveError::Newer { .. })));
    }

    #[test]
    fn results_that_are_gone_are_told_from_those_that_were_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tsv");
        let of = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            results_of(folder.path(), &entry("a.wav", 1))
        };
        assert_eq!(results_of(folder.path(), &entry("a.wav", 1)), Results::Lost);
        assert_eq!(of(b"abc"), Results::Whole);
        assert_eq!(of(b""), Results::Lost);
        assert_eq!(of(b"abc and what I heard"), Results::Edited(path.clone()));
        assert_eq!(path_text(Path::new("/out"), Path::new("/out/a/b.tsv")), "a/b.tsv");
        assert_eq!(path_text(Path::new("/out"), Path::new("/scores/b.tsv")), "/scores/b.tsv");
    }
}
