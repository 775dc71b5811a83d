//! A whole model folder whose clips give 250 rows each, through manifest, runtimes and command line: a network that says of every 40 ms how loud
//! they are, and how silent.

use earmark::model::{Detector, DetectorOptions, ModelFolder, RuntimeChoice};
use earmark::onnx::builder::int;
use earmark::onnx::{GraphBuilder, Size};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// `[clip, sample]` → `[clip, 250, 2]`: the greatest sample of each row, and 1 less that.
fn network() -> Vec<u8> {
    let mut graph = GraphBuilder::new("loudness");
    let wave = graph.input("wave", &[Size::Open("clip"), Size::Fixed(160_000)]);
    let shape = graph.integers("shape", &[-1, 250, 640]);
    let rows = graph.node("Reshape", &[&wave, &shape], vec![]);
    let last = graph.integers("last", &[2]);
    let loud = graph.node("ReduceMax", &[&rows, &last], vec![int("keepdims", 1)]);
    let one = graph.scalar("one", 1.0);
    let silent = graph.node("Sub", &[&one, &loud], vec![]);
    let both = graph.node("Concat", &[&loud, &silent], vec![int("axis", 2)]);
    graph.output(&both, "scores", &[Size::Open("clip"), Size::Fixed(250), Size::Fixed(2)]);
    graph.finish("1")
}

fn model(parent: &Path, change: impl Fn(String) -> String) -> PathBuf {
    let folder = parent.join("loudness");
    std::fs::create_dir_all(&folder).unwrap();
    let onnx = network();
    let digest: String = Sha256::digest(&onnx).iter().map(|byte| format!("{byte:02x}")).collect();
    // Of samples 0.3 + 0.2 sin(0.7 n), every row holds one near 0.5.
    let manifest = format!(
        r#"
format = 1
name = "Loudness"
version = "1"
summary = "Loud or silent"
licence = "MIT"
licence_file = "LICENSE"
attribution = "nobody"
source = "made for a test"

[network]
file = "model.onnx"
sha256 = "{digest}"
input = "wave"
output = "scores"
activation = "none"

[input]
kind = "waveform"
sample_rate = 16000
layout = "batch_samples"

[time]
layout = "framed_clips"
clip_secs = 10.0
rows_per_clip = 250
clip_hop_secs = 9.0

[labels]
file = "labels.tsv"

[decision]
threshold = 0.5
median_secs = 0.0

[self_check]
frames = 160000
mean = 0.3
spread = 0.2
tolerance = 0.001
expected = [[0, 0, 0.5], [0, 1, 0.5], [249, 0, 0.5]]
"#
    );
    std::fs::write(folder.join("model.onnx"), onnx).unwrap();
    std::fs::write(folder.join("model.toml"), change(manifest)).unwrap();
    std::fs::write(folder.join("labels.tsv"), "mid\tname\n\tLoud\n\tSilent\n").unwrap();
    folder
}

/// A recording, 16-bit mono at 16 kHz, that is loud within these seconds and silent elsewhere.
fn recording(path: &Path, secs: f64, loud: &[(f64, f64)]) {
    let count = (secs * 16_000.0).round() as u32;
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + 2 * count).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00");
    bytes.extend([16_000_u32.to_le_bytes(), 32_000_u32.to_le_bytes()].concat());
    bytes.extend(b"\x02\x00\x10\x00data");
    bytes.extend((2 * count).to_le_bytes());
    for n in 0..count {
        let is_loud = loud.iter().any(|&(on, off)| (on..off).contains(&(f64::from(n) / 16_000.0)));
        bytes.extend(if is_loud { 29_000_i16 } else { 0 }.to_le_bytes());
    }
    std::fs::write(path, bytes).unwrap();
}

fn detect(folder: &Path, file: &Path, arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_earmark"))
        .args(["detect", "--model", &folder.display().to_string(), &file.display().to_string()])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Onset, offset and label of each event.
fn events(output: &Output) -> Vec<(f64, f64, String)> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let cells = |line: &str| line.split('\t').map(str::to_owned).collect::<Vec<_>>();
    text.lines()
        .skip(1)
        .map(cells)
        .map(|row| (row[1].parse().unwrap(), row[2].parse().unwrap(), row[3].clone()))
        .collect()
}

#[test]
fn events_lie_where_the_sound_is_whatever_the_clips() {
    let parent = tempfile::tempdir().unwrap();
    let (folder, file) = (model(parent.path(), |text| text), parent.path().join("a.wav"));
    // Events across seams, across the reference's borders, and up to the end.
    let loud = [(0.4, 0.8), (8.8, 9.4), (9.96, 10.04), (18.2, 20.4), (24.0, 25.0)];
    recording(&file, 25.0, &loud);
    for arguments in [&["--classes", "loud"][..], &["--classes", "loud", "--preset", "reference"]] {
        let output = detect(&folder, &file, arguments);
        let expected = loud.map(|(on, off)| (on, off, "Loud".to_owned()));
        assert_eq!(events(&output), expected, "{arguments:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let preset = if arguments.len() == 2 { "overlapping clips" } else { "as the reference program" };
        assert!(said.contains(preset), "{said}");
    }
    let output = detect(&folder, &file, &["--classes", "loud", "--merge-gap", "0.6", "--min-duration", "0.5"]);
    let expected = [(8.8, 10.04), (18.2, 20.4), (24.0, 25.0)].map(|(on, off)| (on, off, "Loud".to_owned()));
    assert_eq!(events(&output), expected);
}

#[test]
fn bounding_boxes_last_from_change_to_change_whatever_the_threshold() {
    let parent = tempfile::tempdir().unwrap();
    let (folder, file) = (model(parent.path(), |text| text), parent.path().join("a.wav"));
    recording(&file, 25.0, &[(4.0, 6.0), (14.0, 18.0)]);
    let expected = [(4.0, 6.0), (14.0, 18.0)].map(|(on, off)| (on, off, "Loud".to_owned()));
    for threshold in ["0.1", "0.5", "0.8"] {
        let arguments = ["--classes", "loud", "--boxes", "--threshold", threshold];
        let output = detect(&folder, &file, &arguments);
        assert_eq!(events(&output), expected, "{threshold}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("bounding boxes, step filter 0.5 s, merge difference 1, merge ratio 2"), "{said}");
    }
    // Boxes of all classes, long ones only; a filter of the recording's length sees no change in its midst.
    let both = events(&detect(&folder, &file, &["--boxes", "--min-duration", "3"]));
    assert!(both.contains(&expected[1]) && !both.contains(&expected[0]), "{both:?}");
    assert!(both.iter().any(|(.., label)| label == "Silent"), "{both:?}");
}

#[test]
fn only_the_reference_lists_events_after_the_end() {
    let parent = tempfile::tempdir().unwrap();
    let (folder, file) = (model(parent.path(), |text| text), parent.path().join("a.wav"));
    recording(&file, 3.0, &[(1.0, 3.0)]);
    let silent = |on: f64, off: f64| (on, off, "Silent".to_owned());
    let scores = parent.path().join("scores").display().to_string();
    let arguments = ["--classes", "silent", "--scores", &scores];
    assert_eq!(events(&detect(&folder, &file, &arguments)), [silent(0.0, 1.0)]);
    let output = detect(&folder, &file, &[&arguments[..], &["--preset", "reference"]].concat());
    assert_eq!(events(&output), [silent(0.0, 1.0), silent(3.0, 3.0)]);
    // The score file ends with the recording all the same.
    let rows = std::fs::read_to_string(Path::new(&scores).join("a.tsv")).unwrap();
    assert_eq!((rows.lines().count(), rows.lines().last().unwrap().split('\t').nth(1)), (76, Some("3.000000")));
    // Repeated, the clip is filled with the same sound, and the rows after the end are dropped.
    assert_eq!(events(&detect(&folder, &file, &["--classes", "silent", "--short", "repeat"])), [silent(0.0, 1.0)]);
}

#[test]
fn what_the_reference_does_not_do_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    let folder = model(parent.path(), |text| text).display().to_string();
    let fails = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_earmark")).arg("detect").arg("a.wav").args(arguments).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = fails(&["--model", &folder, "--preset", "reference", "--hysteresis", "0.1"]);
    assert!(said.contains("the reference program does nothing like --hysteresis"), "{said}");
    let said = fails(&["--model", &folder, "--threshold", "0.1", "--hysteresis", "0.1"]);
    assert!(said.contains("--hysteresis 0.1: expected less than the threshold, which is 0.1"), "{said}");
    let said = fails(&["--model", &folder, "--preset", "reference", "--boxes"]);
    assert!(said.contains("the reference program does nothing like --boxes"), "{said}");
    let said = fails(&["--model", &folder, "--boxes", "--median", "5"]);
    assert!(said.contains("--median says nothing of bounding boxes"), "{said}");
    let yamnet = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/yamnet").display().to_string();
    let said = fails(&["--model", &yamnet, "--preset", "reference"]);
    assert!(said.contains("YAMNet has no presets: leave the preset out"), "{said}");
}

#[test]
fn manifests_of_framed_clips_are_held_against_sense() {
    let parent = tempfile::tempdir().unwrap();
    for (from, to, message) in [
        ("rows_per_clip = 250", "rows_per_clip = 0", "time.rows_per_clip: found 0, expected 1 to 160000"),
        ("rows_per_clip = 250", "", "time.rows_per_clip: found nothing, expected how many rows of scores a clip gives"),
        ("rows_per_clip = 250", "rows_per_clip = 249", "time.row_secs: found 0.04016"),
        ("clip_hop_secs = 9.0", "clip_hop_secs = 9.01", "time.clip_hop_secs: found 9.01, expected a multiple"),
        ("clip_hop_secs = 9.0", "clip_hop_secs = 11.0", "time.clip_hop_secs: found 275, expected 1 to 250"),
        ("clip_hop_secs = 9.0", "clip_hop_secs = 9.0\nhop_choices_secs = [0.1]", "time.hop_choices_secs"),
        ("clip_hop_secs = 9.0", "clip_hop_secs = 9.0\npiece_secs = 1.0", "time.piece_secs: found 1, expected nothing"),
        ("layout = \"framed_clips\"", "layout = \"frames\"", "time.layout: found frames"),
        ("layout = \"batch_samples\"", "layout = \"samples_batch\"", "unknown variant `samples_batch`"),
        ("frames = 160000", "frames = 1000", "self_check.frames: found 1000, expected a multiple of the 160000"),
        ("[249, 0,", "[250, 0,", "expected at least one [row, class, score] with rows of 0 to 249"),
        ("kind = \"waveform\"", "kind = \"fmn_mel\"", "unknown field"),
    ] {
        let path = model(parent.path(), |text| {
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        });
        let error = ModelFolder::open(&path).err().unwrap_or_else(|| panic!("{to} was taken")).to_string();
        assert!(error.contains(message), "{to}: {error}");
    }
}

#[test]
fn both_runtimes_pass_the_self_check_of_framed_clips() {
    let parent = tempfile::tempdir().unwrap();
    let folder = ModelFolder::open(&model(parent.path(), |text| text)).unwrap();
    for runtime in [RuntimeChoice::OnnxRuntime, RuntimeChoice::BuiltIn] {
        let options = DetectorOptions { runtime, threads: Some(1), ..DetectorOptions::default() };
        let detector = Detector::load(&folder, &options).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(detector.axis().hop_secs, 0.04);
        assert_eq!(detector.rule().text(), "threshold 0.5 · median 1 · gap 0 s · minimum 0 s · overlapping clips");
    }
}
