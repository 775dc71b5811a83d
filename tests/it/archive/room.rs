//! Disks that fill up: the run waits for room or stops, and nothing is lost either way.

use super::{recordings, root, tree};
use earmark::format::Dcase;
use earmark::model::{Detector, DetectorOptions, DeviceChoice, ModelFolder, RuntimeChoice, ShortClips};
use earmark::work::CancelToken;
use earmark::work::archive::{
    Archive, ArchiveEnd, ArchiveNews, ArchiveOutcome, ArchiveSpec, Disk, EventForm, FileSystem, PendingFile,
    RunSettings, ScoreForm, WhenFull,
};
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A disk that is full from one call to another, counting all of them: beginning a file, writing to it, and putting it in its place.
struct Filling {
    calls: Arc<AtomicUsize>,
    full: std::ops::Range<usize>,
}

fn ask(calls: &AtomicUsize, full: &std::ops::Range<usize>) -> io::Result<()> {
    let call = calls.fetch_add(1, Ordering::Relaxed);
    if full.contains(&call) { Err(ErrorKind::StorageFull.into()) } else { Ok(()) }
}

impl Disk for Filling {
    fn begin(&self, target: &Path) -> io::Result<Box<dyn PendingFile>> {
        ask(&self.calls, &self.full)?;
        let file = FileSystem.begin(target)?;
        Ok(Box::new(FillingFile { file, calls: Arc::clone(&self.calls), full: self.full.clone() }))
    }
}

struct FillingFile {
    file: Box<dyn PendingFile>,
    calls: Arc<AtomicUsize>,
    full: std::ops::Range<usize>,
}

impl Write for FillingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        ask(&self.calls, &self.full)?;
        // Parts of what is asked for, as a disk that is nearly full takes.
        self.file.write(&bytes[..bytes.len().min(100)])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl PendingFile for FillingFile {
    fn write_over_start(&mut self, bytes: &[u8]) -> io::Result<()> {
        ask(&self.calls, &self.full)?;
        self.file.write_over_start(bytes)
    }

    fn commit(self: Box<Self>) -> io::Result<u64> {
        ask(&self.calls, &self.full)?;
        self.file.commit()
    }
}

fn run(sound: &Path, results: &Path, disk: Arc<dyn Disk>, when_full: WhenFull) -> (ArchiveOutcome, Vec<ArchiveNews>) {
    let folder = ModelFolder::open(&root().join("models/bicycle-bell")).unwrap();
    let options = DetectorOptions {
        runtime: RuntimeChoice::BuiltIn,
        device: DeviceChoice::Cpu,
        threads: Some(2),
        ..DetectorOptions::default()
    };
    let mut detector = Detector::load(&folder, &options).unwrap();
    let spec = ArchiveSpec {
        inputs: vec![sound.to_path_buf()],
        is_recursive: true,
        folder: results.to_path_buf(),
        events: EventForm::Labels(&Dcase),
        scores: Some((results.join("scores"), ScoreForm::Tsv)),
        embeddings: None,
        joint: None,
        rule: detector.rule(),
        classes: (0..detector.classes().len()).collect(),
        may_replace: false,
    };
    let archive = Archive::plan(spec, &detector, ShortClips::Pad).unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&told);
    let settings = RunSettings {
        readers: 3,
        when_full,
        disk,
        cancel: CancelToken::default(),
        tell: Arc::new(move |news: &ArchiveNews| heard.lock().unwrap().push(news.clone())),
    };
    let outcome = archive.run(&mut detector, &settings).unwrap();
    let told = told.lock().unwrap().clone();
    (outcome, told)
}

fn full(from: usize, to: usize) -> Arc<dyn Disk> {
    Arc::new(Filling { calls: Arc::default(), full: from..to })
}

#[test]
fn a_run_waits_for_room_and_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let sound = folder.path().join("in");
    recordings(&sound, 25);
    let whole = folder.path().join("whole");
    let (outcome, _) = run(&sound, &whole, Arc::new(FileSystem), WhenFull::Stop);
    assert_eq!((outcome.end, outcome.done, outcome.left), (ArchiveEnd::Completed, 25, 0));
    for (from, to) in [(0, 9), (37, 60), (120, 121)] {
        let results = folder.path().join(format!("out{from}"));
        let (outcome, told) = run(&sound, &results, full(from, to), WhenFull::Wait(Duration::from_millis(1)));
        assert_eq!((&outcome.end, outcome.done, outcome.left), (&ArchiveEnd::Completed, 25, 0), "{from}: {outcome:?}");
        assert_eq!(tree(&results), tree(&whole), "{from}");
        let count = |of: fn(&ArchiveNews) -> bool| told.iter().filter(|news| of(news)).count();
        assert!(count(|news| matches!(news, ArchiveNews::DiskFull { .. })) > 0, "{from}: {told:?}");
        assert!(count(|news| matches!(news, ArchiveNews::DiskHasRoom)) > 0, "{from}");
        assert_eq!(count(|news| matches!(news, ArchiveNews::Done(_))), 25);
    }
}

#[test]
fn a_run_that_does_not_wait_stops_and_can_be_taken_up_again() {
    let folder = tempfile::tempdir().unwrap();
    let (sound, results, whole) = (folder.path().join("in"), folder.path().join("out"), folder.path().join("whole"));
    recordings(&sound, 25);
    run(&sound, &whole, Arc::new(FileSystem), WhenFull::Stop);
    let (mut done, mut stops) = (0, 0);
    for _ in 0..60 {
        let (outcome, told) = run(&sound, &results, full(400, usize::MAX), WhenFull::Stop);
        assert!(outcome.failures.is_empty(), "{outcome:?}");
        assert_eq!(done + outcome.done + outcome.left, 25, "{outcome:?}");
        assert!(told.iter().all(|news| !matches!(news, ArchiveNews::Failed { .. })), "{told:?}");
        done += outcome.done;
        match outcome.end {
            ArchiveEnd::DiskFull { path } => assert!(path.starts_with(&results), "{}", path.display()),
            end => {
                assert_eq!((end, done), (ArchiveEnd::Completed, 25));
                assert!(stops > 0);
                assert_eq!(tree(&results), tree(&whole));
                return;
            }
        }
        stops += 1;
    }
    panic!("it does not come to an end: {done} done");
}

/// A disk that takes all that is written to it, and is found to be full when the first files of scores are put in their places, as disks that
/// are shared or give room late can be.
struct FullAtTheEnd(Arc<AtomicUsize>);

struct LateFile(Box<dyn PendingFile>, Option<Arc<AtomicUsize>>);

impl Disk for FullAtTheEnd {
    fn begin(&self, target: &Path) -> io::Result<Box<dyn PendingFile>> {
        let is_of_scores = target.components().any(|part| part.as_os_str() == "scores");
        Ok(Box::new(LateFile(FileSystem.begin(target)?, is_of_scores.then(|| Arc::clone(&self.0)))))
    }
}

impl Write for LateFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl PendingFile for LateFile {
    fn write_over_start(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_over_start(bytes)
    }

    fn commit(self: Box<Self>) -> io::Result<u64> {
        let takes = |left: usize| left.checked_sub(1);
        match self.1.is_some_and(|left| left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, takes).is_ok()) {
            true => Err(ErrorKind::StorageFull.into()),
            false => self.0.commit(),
        }
    }
}

#[test]
fn a_disk_that_is_full_when_scores_are_put_in_their_places_is_waited_for_too() {
    let folder = tempfile::tempdir().unwrap();
    let (sound, results, whole) = (folder.path().join("in"), folder.path().join("out"), folder.path().join("whole"));
    recordings(&sound, 9);
    run(&sound, &whole, Arc::new(FileSystem), WhenFull::Stop);
    let full = || Arc::new(FullAtTheEnd(Arc::new(AtomicUsize::new(4))));
    let (outcome, told) = run(&sound, &results, full(), WhenFull::Wait(Duration::from_millis(1)));
    assert_eq!((&outcome.end, outcome.done, outcome.left), (&ArchiveEnd::Completed, 9, 0), "{outcome:?}");
    assert_eq!(told.iter().filter(|news| matches!(news, ArchiveNews::Done(_))).count(), 9);
    assert!(told.iter().any(|news| matches!(news, ArchiveNews::DiskFull { .. })), "{told:?}");
    assert_eq!(tree(&results), tree(&whole));
    let stopped = folder.path().join("stopped");
    let (outcome, _) = run(&sound, &stopped, full(), WhenFull::Stop);
    assert!(matches!(outcome.end, ArchiveEnd::DiskFull { .. }) && outcome.failures.is_empty(), "{outcome:?}");
    let (outcome, _) = run(&sound, &stopped, Arc::new(FileSystem), WhenFull::Stop);
    assert_eq!(outcome.end, ArchiveEnd::Completed);
    assert_eq!(tree(&stopped), tree(&whole));
}
