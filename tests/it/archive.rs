//! Archives: folders of recordings by the real program and by the library, with what goes wrong in days of work.

mod columns;
mod many_short;
mod resume;
mod room;

use earmark::work::archive::EventForm;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The program with the models of the source tree, on a runtime that is always there.
fn earmark(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_earmark"));
    command.arg("detect").args(arguments).args(["--model", "bicycle-bell", "--runtime", "built-in", "--threads", "2"]);
    command.env("EARMARK_MODELS", root().join("models")).env_remove("RUST_LOG");
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs the program over `recordings` into `results`, and gives its exit code and what it said.
fn run(recordings: &Path, results: &Path, more: &[&str]) -> (Option<i32>, String) {
    let (recordings, results) = (recordings.display().to_string(), results.display().to_string());
    let output =
        earmark(&[&[recordings.as_str(), "--recursive", "-o", results.as_str()], more].concat()).output().unwrap();
    (output.status.code(), said(&output))
}

/// Writes a recording of noise and a bell-like tone, mono at 16 kHz, other for each `seed`.
fn record(path: &Path, seed: u32, samples: usize) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut bytes = Vec::with_capacity(44 + 2 * samples);
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&(36 + 2 * samples as u32).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00");
    bytes.extend_from_slice(&16_000_u32.to_le_bytes());
    bytes.extend_from_slice(&32_000_u32.to_le_bytes());
    bytes.extend_from_slice(b"\x02\x00\x10\x00data");
    bytes.extend_from_slice(&(2 * samples as u32).to_le_bytes());
    for n in 0..samples {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = f64::from(state >> 16) / 65_536.0 - 0.5;
        let tone = (n as f64 * (0.8 + f64::from(seed % 7) * 0.1)).sin() * (-(n as f64) / 3_000.0).exp();
        let sample = (3_000.0 * noise + 20_000.0 * tone) as i16;
        bytes.extend_from_slice(&sample.to_le_bytes());
    }
    fs::write(path, bytes).unwrap();
}

/// A folder of `count` short recordings in a few folders.
fn recordings(folder: &Path, count: u32) -> Vec<PathBuf> {
    let paths: Vec<PathBuf> = (0..count)
        .map(|n| folder.join(["day1", "day2/north", "."][n as usize % 3]).join(format!("r{n:04}.wav")))
        .collect();
    for (n, path) in paths.iter().enumerate() {
        record(path, n as u32, 3_000 + n * 7_919 % 9_000);
    }
    paths
}

/// All files below a folder with their contents, but for the journal.
fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn enter(folder: &Path, top: &Path, into: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                enter(&path, top, into);
            } else {
                let name = path.strip_prefix(top).unwrap().to_str().unwrap().replace('\\', "/");
                if !name.starts_with("earmark-archive.jsonl") {
                    into.insert(name, fs::read(&path).unwrap());
                }
            }
        }
    }
    let mut files = BTreeMap::new();
    enter(folder, folder, &mut files);
    files
}

#[test]
fn each_recording_gets_a_file_below_folders_like_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (sound, results, scores) = (folder.path().join("in"), folder.path().join("out"), folder.path().join("scores"));
    for (name, seed) in [("a/x.wav", 1), ("b/x.wav", 2), ("b/x.WAVE", 3), ("y.wav", 4)] {
        record(&sound.join(name), seed, 20_000);
    }
    fs::write(sound.join("a/notes.txt"), "no recording").unwrap();
    let joint = folder.path().join("all.tsv");
    let (joint_text, scores_text) = (joint.display().to_string(), scores.display().to_string());
    let (code, told) =
        run(&sound, &results, &["--joint", &joint_text, "--scores", &scores_text, "--threshold", "0.01", "--timing"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("4 recordings: 4 new") && told.contains("4 recordings done"), "{told}");
    assert!(told.contains("timing: "), "{told}");
    let files = tree(&results);
    assert_eq!(files.keys().collect::<Vec<_>>(), ["a/x.tsv", "b/x.tsv", "b/x.wav.tsv", "y.tsv"]);
    assert_eq!(tree(&scores).keys().collect::<Vec<_>>(), ["a/x.tsv", "b/x.tsv", "b/x.wav.tsv", "y.tsv"]);
    // The joint table holds the rows of all files in the order of the recordings.
    let joint = fs::read_to_string(&joint).unwrap();
    let mut lines = joint.lines();
    assert_eq!(lines.next(), Some("filename\tonset\toffset\tevent_label\tconfidence"));
    let order: Vec<&str> = lines.map(|line| line.split('\t').next().unwrap()).collect();
    let mut sorted = order.clone();
    sorted.dedup();
    assert_eq!(sorted, ["a/x.wav", "b/x.WAVE", "b/x.wav", "y.wav"]);
    let rows: usize = files.values().map(|text| text.iter().filter(|&&byte| byte == b'\n').count() - 1).sum();
    assert_eq!(order.len(), rows);
    // Its events are those of the recording by itself.
    let alone = earmark(&[&sound.join("a/x.wav").display().to_string(), "--threshold", "0.01"]).output().unwrap();
    let times = |text: &[u8]| -> Vec<String> {
        let text = String::from_utf8(text.to_vec()).unwrap();
        text.lines().skip(1).map(|line| line.split('\t').skip(1).take(3).collect::<Vec<_>>().join(" ")).collect()
    };
    assert_eq!(times(&files["a/x.tsv"]), times(&alone.stdout));
}

#[test]
fn what_cannot_be_done_is_listed_and_logged_and_the_rest_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let (sound, results, log) = (folder.path().join("in"), folder.path().join("out"), folder.path().join("log.jsonl"));
    recordings(&sound, 9);
    fs::write(sound.join("day1/text.wav"), "this is no recording").unwrap();
    fs::write(sound.join("day1/empty.wav"), "").unwrap();
    let gone = sound.join("gone.wav").display().to_string();
    let log_text = log.display().to_string();
    let (code, told) = run(&sound, &results, &[&gone, "--log", &log_text]);
    assert_eq!(code, Some(1), "{told}");
    let end = told.split("3 of 12 recordings failed:\n").nth(1).unwrap_or_else(|| panic!("{told}"));
    for name in ["text.wav", "empty.wav", "gone.wav"] {
        assert!(end.contains(name), "{name}: {end}");
    }
    assert_eq!(tree(&results).len(), 9);
    let lines: Vec<serde_json::Value> =
        fs::read_to_string(&log).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let count = |event: &str| lines.iter().filter(|line| line["event"] == event).count();
    assert_eq!((count("began"), count("done"), count("failed"), count("ended")), (1, 9, 3, 1));
    let last = lines.last().unwrap();
    assert_eq!(
        (&last["how"], &last["done"], &last["failed"], &last["left"]),
        (&"completed".into(), &9.into(), &3.into(), &0.into())
    );
    assert!(last["network_share"].as_f64().unwrap() > 0.0 && last["time"].as_str().unwrap().ends_with('Z'));
    // What failed is tried again, what is done is not.
    record(&sound.join("day1/text.wav"), 77, 5_000);
    let (code, told) = run(&sound, &results, &[&gone]);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("12 recordings: 9 done before, 3 new") && told.contains("1 recording done"), "{told}");
}

#[test]
fn what_makes_no_sense_is_said_before_anything_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let sound = folder.path().join("in");
    recordings(&sound, 2);
    let sound_text = sound.display().to_string();
    let file = sound.join("day1/r0000.wav").display().to_string();
    let out = folder.path().join("out").display().to_string();
    for (arguments, expected) in [
        (vec![sound_text.as_str(), "-o", &out], "is a folder: add --recursive"),
        (vec![&sound_text, "-r"], "say into which folder with -o FOLDER"),
        (vec![&sound_text, "-r", "-o", "events.tsv"], "named like a file"),
        (vec![&file, "--redo"], "--redo is for folders"),
        (vec![&sound_text, &sound_text, "-r", "-o", &out], "would both be called the same"),
        (vec![&sound_text, "-r", "-o", &out, "--scores", &out], "choose another folder for one of them"),
        (vec![&sound_text, "-r", "-o", &out, "--joint", &file], "give --joint another name"),
        (vec![&sound_text, "-r", "-o", &out, "--log", &file], "give --log another name"),
        (vec![&sound_text, "-r", "-o", &out, "--to", "coco", "--joint", "all.tsv"], "coco is only written"),
    ] {
        let output = earmark(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(said(&output).contains(expected), "{arguments:?}: {}", said(&output));
    }
    assert!(!Path::new(&out).exists());
    let output = earmark(&[&sound_text, "-r", "-o", &out, "--dry-run"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n"), "day1/r0000.wav\nday2/north/r0001.wav\n");
    assert!(said(&output).contains("to do: 2 recordings, 0.00 GB, 0.00 h of sound"), "{}", said(&output));
    assert!(!Path::new(&out).exists());
}

/// Kaleidoscope looks for one name in each folder: here each recording has a file all the same, as in every other format.
#[test]
fn each_format_writes_a_file_for_each_recording() {
    let folder = tempfile::tempdir().unwrap();
    let sound = folder.path().join("in");
    // Formats with times of day read them in names.
    for (name, seed) in [("x_20260501_041200.wav", 1), ("y_20260501_041200.wav", 2), ("x_20260501_041200.wave", 3)] {
        record(&sound.join(name), seed, 9_000);
    }
    for to in EventForm::ids() {
        let results = folder.path().join(to);
        let (code, told) = run(&sound, &results, &["--to", to, "--threshold", "0.01"]);
        assert_eq!(code, Some(0), "{to}: {told}");
        let files = tree(&results);
        assert!(files.keys().filter(|name| name.starts_with(['x', 'y'])).count() == 3, "{to}: {:?}", files.keys());
        let (code, told) = run(&sound, &results, &["--to", to, "--threshold", "0.01"]);
        assert!(code == Some(0) && told.contains("3 recordings: 3 done before"), "{to}: {told}");
        assert_eq!(tree(&results), files, "{to}");
    }
}

#[test]
fn what_failed_is_not_in_the_joint_table() {
    let folder = tempfile::tempdir().unwrap();
    let (sound, results, joint) = (folder.path().join("in"), folder.path().join("out"), folder.path().join("all.tsv"));
    let paths = recordings(&sound, 3);
    let more = ["--threshold", "0.01", "--joint", &joint.display().to_string()];
    assert_eq!(run(&sound, &results, &more).0, Some(0));
    assert!(fs::read_to_string(&joint).unwrap().contains("r0000.wav"));
    fs::write(&paths[0], "this is no recording").unwrap();
    let (code, told) = run(&sound, &results, &more);
    assert!(code == Some(1) && told.contains("1 of 1 recordings failed"), "{told}");
    let joint = fs::read_to_string(&joint).unwrap();
    assert!(!joint.contains("r0000.wav") && joint.contains("r0001.wav"), "{joint}");
}

/// `earmark detect … --dry-run | head`, and a window that is closed in the middle of a run.
#[test]
fn nobody_need_read_what_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (sound, results) = (folder.path().join("in"), folder.path().join("out"));
    recordings(&sound, 3);
    fs::write(sound.join("text.wav"), "this is no recording").unwrap();
    let (sound, out) = (sound.display().to_string(), results.display().to_string());
    for more in [&["--dry-run"][..], &[]] {
        let mut command = earmark(&[&[sound.as_str(), "-r", "-o", &out], more].concat());
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop((process.stdout.take(), process.stderr.take()));
        assert_eq!(process.wait().unwrap().code(), Some(1), "{more:?}");
    }
    assert_eq!(tree(&results).len(), 3);
}
