//! A report of a crash: a text file on this machine with the version, what was said, and the titles of what was done last. No sound, no
//! label file, and of paths only the names of files.

use crate::time::CivilTime;
use crate::work::thread::spawn;
use crate::work::{Update, UpdateSender};
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// How many titles of operations a report has.
const TITLES: usize = 200;
/// Reports beyond these are deleted, the oldest first.
const REPORTS: usize = 10;
/// How the name of a report ends that nobody was told of yet.
const NEW: &str = "-new.txt";

/// What was done last, the latest last. One for the whole program: a panic does not say of which window it is.
static LAST: Mutex<VecDeque<String>> = Mutex::new(VecDeque::new());

/// Notes what is done, for a report.
pub(super) fn note(title: &str) {
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if last.len() >= TITLES {
        last.pop_front();
    }
    last.push_back(title.to_owned());
}

/// Writes a report into the folder whenever the thread of the window panics; panics of other threads are caught and told.
pub(super) fn install(folder: PathBuf) {
    let window = std::thread::current().id();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        before(panic);
        if std::thread::current().id() != window {
            return;
        }
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let text = panic.payload_as_str().unwrap_or("an unforeseen error");
        // Whoever panicked may hold the lock.
        let last: Vec<String> = LAST.try_lock().map(|last| last.iter().cloned().collect()).unwrap_or_default();
        if let Err(error) = write(&folder, &report(text, &place, &last)) {
            log::error!("{}: no crash report can be written: {error}", folder.display());
        }
    }));
}

fn report(panic: &str, place: &str, last: &[String]) -> String {
    let mut text = format!(
        "Earmark {} stopped by itself ({} {}).\nReason: {}\nIn: {place}\n\nWhat was done last, the latest first:\n",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
        without_folders(panic)
    );
    for title in last.iter().rev() {
        let _ = writeln!(text, "- {}", without_folders(title));
    }
    text
}

/// The text with each path cut down to the name of its file.
fn without_folders(text: &str) -> String {
    let is_between = |letter: char| letter.is_whitespace() || "\"'`()[]<>,;".contains(letter);
    text.split_inclusive(is_between)
        .map(|part| {
            let end = part.trim_end_matches(is_between).len();
            let (word, rest) = part.split_at(end);
            let path = word.trim_end_matches(':');
            let colon = &word[path.len()..];
            let name = path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default();
            let is_path = path.contains('/') || path.contains('\\');
            format!("{}{colon}{rest}", if is_path { name } else { path })
        })
        .collect()
}

fn write(folder: &Path, text: &str) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now_ms = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
    let moment = CivilTime::from_unix_millis(now_ms).map(|time| format!("{} {}", time.date(), time.time_text(0)));
    let moment = moment.unwrap_or_else(|| now_ms.to_string()).replace([':', ' '], "-");
    std::fs::write(folder.join(format!("{moment}-{}{NEW}", std::process::id())), text)
}

/// Has the folder looked at on a thread of its own; what is new comes as an [`Update::CrashReports`] with the project.
pub(super) fn look_for_new(folder: PathBuf, project: Option<PathBuf>, updates: &UpdateSender) {
    let told = updates.clone();
    spawn("crash reports", updates, move || {
        let reports = take_new(&folder);
        if !reports.is_empty() {
            told.send(Update::CrashReports { reports, project });
        }
    });
}

/// Marks the reports that are new as told and returns them, the latest last; old ones beyond a few are deleted.
fn take_new(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut reports: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "txt")).collect();
    reports.sort();
    let superfluous = reports.len().saturating_sub(REPORTS);
    for old in reports.drain(..superfluous) {
        let _ = std::fs::remove_file(old);
    }
    let mut told = Vec::new();
    for path in reports {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let Some(stem) = name.strip_suffix(NEW) else { continue };
        let to = path.with_file_name(format!("{stem}.txt"));
        if std::fs::rename(&path, &to).is_ok() {
            told.push(to);
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_told_once_and_knows_no_folder() {
        let folder = tempfile::tempdir().unwrap();
        let reports = folder.path().join("crashes");
        assert!(take_new(&reports).is_empty());
        let titles = ["open /srv/ada/secret/street.wav".to_owned(), "accept \"Dog\"".to_owned()];
        let text = report(
            "cannot read \"/srv/ada/secret/a b.wav\": C:\\Users\\ada\\x.flac: gone",
            "src/app/x.rs:1:2",
            &titles,
        );
        assert!(!text.contains("ada") && !text.contains("secret"), "{text}");
        assert!(text.contains("street.wav") && text.contains("x.flac: gone") && text.contains("src/app/x.rs:1:2"));
        assert!(text.find("accept \"Dog\"") < text.find("open street.wav"), "the latest comes first: {text}");
        write(&reports, &text).unwrap();
        let told = take_new(&reports);
        assert_eq!(told.len(), 1);
        assert_eq!(std::fs::read_to_string(&told[0]).unwrap(), text);
        assert!(take_new(&reports).is_empty());
    }

    #[test]
    fn reports_do_not_pile_up() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..15 {
            std::fs::write(folder.path().join(format!("2026-01-{:02}-1.txt", number + 1)), "").unwrap();
        }
        take_new(folder.path());
        let mut left: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left.len(), REPORTS);
        assert_eq!(left[0], "2026-01-06-1.txt");
    }
}
