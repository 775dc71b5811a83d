//! A process that is killed at any moment loses at most the change it was about to keep.
//!
//! The process is this test program itself, started again for one test only, [`the_process_that_is_killed`].

use super::kept::assert_sound;
use super::random::{Annotator, Dice, beginning};
use earmark::annotation::{Document, DocumentParts};
use earmark::project::{ProjectFile, ProjectState};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const PATH: &str = "EARMARK_TEST_KILLED_PATH";
const SEED: &str = "EARMARK_TEST_KILLED_SEED";
/// So many changes are made by a process that nobody kills.
const MOST_CHANGES: u64 = 3000;

/// The name of a test of this file, as the test program knows it.
fn test_name(name: &str) -> String {
    let module = module_path!().split_once("::").map_or("", |(_, module)| module);
    format!("{module}::{name}")
}

/// Starts this program again for one test.
pub fn command_for(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture", "--test-threads=1"]);
    command
}

/// Says something that whoever started this process reads at once.
pub fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").unwrap();
    out.flush().unwrap();
}

#[test]
fn the_process_that_is_killed() {
    let (Ok(path), Ok(seed)) = (std::env::var(PATH), std::env::var(SEED)) else { return };
    let seed: u64 = seed.parse().unwrap();
    let (mut file, state) = ProjectFile::open(Path::new(&path)).unwrap();
    assert_eq!(file.read_only(), None);
    let mut annotator = Annotator::new(&state, seed);
    let mut dice = Dice::new(seed ^ 0xabc);
    say("\nready");
    for change in 1..=MOST_CHANGES {
        file.append(&annotator.act()).unwrap();
        say(&format!("kept {change}"));
        match dice.below(40) {
            0 => {
                // Closing keeps a state and takes the journal over.
                file.close().unwrap();
                file = ProjectFile::open(Path::new(&path)).unwrap().0;
            }
            1 => file.keep_view(&serde_json::json!({ "change": change })).unwrap(),
            _ => {}
        }
    }
}

/// Starts the process and kills it some time after it is ready. Returns how many changes it said were kept.
fn run_and_kill(path: &Path, seed: u64, delay: Duration) -> u64 {
    let mut process: Child = command_for(&test_name("the_process_that_is_killed"))
        .env(PATH, path)
        .env(SEED, seed.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let ready = lines.by_ref().any(|line| line.unwrap() == "ready");
    if !ready {
        let mut told = String::new();
        process.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        panic!("the process did not start: {told}");
    }
    std::thread::sleep(delay);
    // SIGKILL where there are signals.
    process.kill().unwrap();
    process.wait().unwrap();
    let mut kept = 0;
    // The pipe holds what was said before the end.
    for line in lines {
        let line = line.unwrap();
        if let Some(number) = line.strip_prefix("kept ") {
            kept = number.parse().unwrap();
        }
    }
    kept
}

/// A document without the name that comes next: names that were given but not used are not in the file.
fn parts(document: &Document) -> (DocumentParts, String) {
    let parts = DocumentParts::from(document.clone());
    let text = serde_json::to_string(&(&parts.recordings, &parts.label_classes, parts.next_recording)).unwrap();
    (parts, text)
}

fn is_same(a: &ProjectState, b: &ProjectState) -> bool {
    parts(&a.document).1 == parts(&b.document).1 && a.history == b.history
}

struct Tally {
    kills: u64,
    kept: u64,
    one_more: u64,
    journals: u64,
}

fn kill(runs: u64, seed: u64) -> Tally {
    let mut dice = Dice::new(seed);
    let mut tally = Tally { kills: 0, kept: 0, one_more: 0, journals: 0 };
    let mut folder = tempfile::tempdir().unwrap();
    for run in 0..runs {
        let path = folder.path().join("set.earmark");
        if run % 20 == 0 {
            folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("set.earmark");
            ProjectFile::create(&path, &beginning(run)).unwrap().close().unwrap();
        }
        let path = if run % 20 == 0 { folder.path().join("set.earmark") } else { path };
        let (file, before) = ProjectFile::open(&path).unwrap();
        file.close().unwrap();
        let kept = run_and_kill(&path, seed ^ run, Duration::from_micros(dice.below(60_000)));
        tally.journals += u64::from(path.with_file_name("set.earmark-wal").exists());
        assert_sound(&path);
        let (file, after) = ProjectFile::open(&path).unwrap();
        assert_eq!(file.read_only(), None, "the lock of a dead process is no lock");
        drop(file);
        let mut annotator = Annotator::new(&before, seed ^ run);
        (0..kept).for_each(|_| drop(annotator.act()));
        if !is_same(&annotator.state(), &after) {
            annotator.act();
            assert!(is_same(&annotator.state(), &after), "run {run}: {kept} changes were kept, but they are not there");
            tally.one_more += 1;
        }
        tally.kills += 1;
        tally.kept += kept;
    }
    tally
}

#[test]
fn a_killed_process_loses_at_most_the_change_in_flight() {
    let tally = kill(25, 11);
    assert_eq!(tally.kills, 25);
    assert!(tally.kept > 0, "every process was killed before it had kept anything");
}

/// `cargo test --test it -- --ignored a_thousand --nocapture`
#[test]
#[ignore = "takes minutes"]
#[allow(clippy::print_stdout, reason = "it is run for what it prints")]
fn a_thousand_killed_processes_lose_at_most_the_change_in_flight() {
    let Tally { kills, kept, one_more, journals } = kill(1000, 12);
    println!(
        "{kills} processes killed, {kept} changes said to be kept and all there; in {one_more} runs the one in flight too; \
         {journals} times a journal was left to be taken over"
    );
}
