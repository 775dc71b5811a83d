//! The command line: the real program on real files, its output, its messages and its exit codes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn recording(name: &str) -> String {
    root().join("tests/data/model").join(name).display().to_string()
}

/// Runs the program; only the models of the source tree are there.
fn earmark(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_earmark"))
        .args(arguments)
        .env("EARMARK_MODELS", root().join("models"))
        .env_remove("RUST_LOG")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap().replace("\r\n", "\n")
}

/// A second of silence, 16-bit mono at 8 kHz, so that it must be resampled.
fn silence(folder: &Path) -> PathBuf {
    let mut bytes = b"RIFF\x24\x3e\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00".to_vec();
    bytes.extend_from_slice(&[&8000_u32.to_le_bytes()[..], &16_000_u32.to_le_bytes(), b"\x02\x00\x10\x00"].concat());
    bytes.extend_from_slice(b"data\x80\x3e\x00\x00");
    bytes.resize(bytes.len() + 16_000, 0);
    let path = folder.join("silence.wav");
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn events_are_written_sorted_with_a_row_for_a_recording_without_any() {
    let folder = tempfile::tempdir().unwrap();
    let (silence, events) = (silence(folder.path()), folder.path().join("events.tsv"));
    let (silence, events_path) = (silence.display().to_string(), events.display().to_string());
    let output =
        earmark(&["detect", &recording("bell_10s_16k.wav"), &silence, "--model", "bicycle-bell", "-o", &events_path]);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(output.stdout.is_empty());
    let written = std::fs::read_to_string(events).unwrap();
    let lines: Vec<&str> = written.lines().collect();
    assert_eq!(lines[0], "filename\tonset\toffset\tevent_label");
    assert_eq!(lines.last(), Some(&"silence.wav\t\t\t"));
    assert!(lines.len() > 2, "{written}");
    let mut last = -1.0;
    for line in &lines[1..lines.len() - 1] {
        let cells: Vec<&str> = line.split('\t').collect();
        assert_eq!((cells[0], cells[3]), ("bell_10s_16k.wav", "Bicycle bell"));
        let (onset, offset): (f64, f64) = (cells[1].parse().unwrap(), cells[2].parse().unwrap());
        assert!(last <= onset && onset < offset && offset <= 10.0, "{line}");
        assert!(cells[1].split('.').nth(1).unwrap().len() >= 3, "{line}");
        last = onset;
    }
    assert!(said.contains("Bicycle bell CRNN version 1 · ONNX Runtime"), "{said}");
    assert!(said.contains("silence.wav: 0 events in 1.0 s of sound"), "{said}");
}

#[test]
fn a_missing_file_fails_and_the_others_are_done() {
    let found = recording("bell_10s_16k.wav");
    let output = earmark(&["detect", "missing.wav", &found, "--model", "bicycle-bell", "--runtime", "built-in"]);
    assert_eq!(output.status.code(), Some(1));
    let (written, said) = (text(&output.stdout), text(&output.stderr));
    assert!(written.contains("bell_10s_16k.wav\t") && !written.contains("missing.wav"), "{written}");
    assert!(said.contains("Built-in (rten 0.27), CPU"), "{said}");
    let end = said.split("1 of 2 recordings failed:\n").nth(1).unwrap_or_else(|| panic!("{said}"));
    assert!(end.contains("missing.wav") && end.lines().count() == 1, "{end}");
}

#[test]
fn scores_cover_the_recording_without_gaps() {
    let folder = tempfile::tempdir().unwrap();
    let scores = folder.path().join("scores");
    let output = earmark(&[
        "detect",
        &recording("mix_16k.wav"),
        "--scores",
        &scores.display().to_string(),
        "--classes",
        "speech",
    ]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).lines().skip(1).all(|line| line.ends_with("\tSpeech") || line.ends_with("\t\t\t")));
    let written = std::fs::read_to_string(scores.join("mix_16k.tsv")).unwrap();
    let mut lines = written.lines();
    let header: Vec<&str> = lines.next().unwrap().split('\t').collect();
    assert_eq!((header[0], header[1], header[2], header.len()), ("onset", "offset", "Speech", 523));
    let rows: Vec<Vec<f64>> = lines.map(|line| line.split('\t').map(|cell| cell.parse().unwrap()).collect()).collect();
    assert_eq!(rows[0][0], 0.0);
    assert!(rows.windows(2).all(|pair| pair[0][1] == pair[1][0]));
    assert_eq!(rows.last().unwrap()[1], 22.567563);
    assert!(rows.iter().all(|row| row.len() == 523 && row[2..].iter().all(|score| (0.0..=1.0).contains(score))));
    assert!(rows.iter().any(|row| row[2..].iter().any(|&score| score > 0.3)));
}

#[test]
fn two_recordings_that_would_write_one_score_file_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let scores = folder.path().display().to_string();
    let output = earmark(&["detect", "a/x.wav", "b/x.flac", "--model", "bicycle-bell", "--scores", &scores]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("would both write"), "{}", text(&output.stderr));
}

#[test]
fn unknown_classes_models_and_hops_are_said_with_what_there_is() {
    let file = recording("bell_10s_16k.wav");
    for (arguments, message) in [
        (["--classes", "Spech"], "error: YAMNet has no class \"Spech\": did you mean \"Speech\"?"),
        (["--model", "yamnett"], "error: no model is called \"yamnett\": did you mean \"yamnet\"?"),
        (["--hop", "0.2"], "error: YAMNet has no hop of 0.2 s: choose 0.1 s or 0.48 s"),
        (["--output", "no/such/folder/events.tsv"], "no/such/folder: there is no such folder to write the events to"),
    ] {
        let output = earmark(&["detect", &file, arguments[0], arguments[1]]);
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains(message), "{}", text(&output.stderr));
    }
    let output = earmark(&["detect", &file, "--threshold", "7"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn without_the_library_the_built_in_runtime_is_used_and_said_so() {
    let output = Command::new(env!("CARGO_BIN_EXE_earmark"))
        .args(["detect", &recording("bell_10s_16k.wav"), "--model", "bicycle-bell"])
        .env("EARMARK_MODELS", root().join("models"))
        .env("ORT_DYLIB_PATH", "/no/such/libonnxruntime.so")
        .output()
        .unwrap();
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("Built-in (rten 0.27), CPU"), "{said}");
    assert!(said.contains("note: ONNX Runtime could not be loaded from /no/such/libonnxruntime.so"), "{said}");
    assert!(said.contains("cargo xtask setup"), "{said}");
}

#[test]
fn models_are_listed_and_described_with_what_runs_them() {
    let output = earmark(&["models"]);
    assert!(output.status.success());
    let listed = text(&output.stdout);
    for part in ["  yamnet ", "  firered-aed ", "  bicycle-bell ", "521", "Apache-2.0"] {
        assert!(listed.contains(part), "{part}: {listed}");
    }
    for (name, classes) in [("yamnet", "521"), ("firered-aed", "3"), ("bicycle-bell", "1")] {
        let described = text(&earmark(&["model", "info", name]).stdout);
        for part in [name, classes, "passes the self-check", "licence", "path"] {
            assert!(described.contains(part), "{part}: {described}");
        }
    }
    for arguments in [vec!["models", "--classes", "firered-aed"], vec!["model", "list", "--classes", "firered-aed"]] {
        assert_eq!(text(&earmark(&arguments).stdout), "Speech\nSinging\nMusic\n");
    }
}

#[test]
fn help_teaches_by_examples() {
    let help = text(&earmark(&["detect", "--help"]).stdout);
    for part in ["Examples:", "--threshold", "--median", "--scores", "filename onset offset event_label"] {
        assert!(help.contains(part), "{part}: {help}");
    }
}
