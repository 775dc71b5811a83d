//! `earmark evaluate`: the real program on label files, its table, its JSON and its messages.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

const REFERENCE: &str = "filename\tonset\toffset\tevent_label
a.wav\t1\t2\tdog
a.wav\t5\t6\tdog
b.wav\t1\t3\tcat
";
const ESTIMATED: &str = "filename\tonset\toffset\tevent_label
a.wav\t1.1\t2\tdog
a.wav\t20\t21\tdog
b.wav\t\t\t
";

fn evaluate(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_earmark"))
        .current_dir(folder)
        .arg("evaluate")
        .args(arguments)
        .env_remove("RUST_LOG")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap().replace("\r\n", "\n")
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        ("reference.tsv", REFERENCE),
        ("estimated.tsv", ESTIMATED),
        ("durations.tsv", "filename\tduration\na.wav\t30\nb.wav\t10\nc.wav\t10\n"),
        ("complete.tsv", "filename\tonset\toffset\tevent_label\na.wav\t0\t10\t*\n"),
    ];
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    let files = ["--reference", "reference.tsv", "--estimated", "estimated.tsv", "--json"];
    let output = evaluate(folder, &[&files, arguments].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_str(&text(&output.stdout)).unwrap()
}

#[test]
fn a_table_for_people_has_every_metric_and_says_why_a_value_is_missing() {
    let folder = folder();
    let output = evaluate(folder.path(), &["reference.tsv", "estimated.tsv", "--nothing-estimated", "undefined"]);
    let said = text(&output.stdout);
    for line in [
        "Event-based: onset collar 0.5 s, offset collar 0.5 s or 50 % of the duration",
        "  cat                   n/a¹       n/a¹   0.000  1.000   0   0   1",
        "  All events           0.400      0.500   0.333  1.000   1   1   2",
        "  ¹ no estimated event",
        "Segment-based: segments of 1 s",
        "Intersection-based: DTC 0.5, GTC 0.5, CTTC 0.3",
    ] {
        assert!(said.lines().any(|one| one == line), "{line}\n{said}");
    }
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn durations_marks_and_settings_change_what_is_counted() {
    let folder = folder();
    let all = json(folder.path(), &["--durations", "durations.tsv"]);
    let segments = &all["metrics"]["segment_based"]["overall"];
    // 50 segments, two labels: dog is active in 2 and found in 1, reported in 1 more; cat is active in 2.
    assert_eq!(segments["true_negatives"], 2.0 * 50.0 - 5.0);
    assert_eq!(all["metrics"]["event_based"]["overall"]["false_positives"], 1.0);
    assert_eq!(all["estimated"][1]["outcome"], "false_alarm");

    let marked = json(folder.path(), &["--durations", "durations.tsv", "--complete", "complete.tsv"]);
    assert_eq!(marked["metrics"]["event_based"]["overall"]["false_positives"], 0.0);
    assert_eq!(marked["estimated"][1]["outcome"], "left_out");
    // Ten segments are marked for both labels; a dog is in two of them.
    assert_eq!(marked["metrics"]["segment_based"]["overall"]["true_negatives"], 2.0 * 10.0 - 2.0);

    let narrow = json(folder.path(), &["--collar", "0.05", "--metric", "event_based"]);
    assert_eq!(narrow["metrics"].as_object().unwrap().len(), 1);
    assert_eq!(narrow["metrics"]["event_based"]["overall"]["true_positives"], 0.0);
    assert_eq!(narrow["estimated"][0]["outcome"], "boundary");
}

#[test]
fn the_format_of_both_files_can_be_said() {
    let folder = folder();
    for (name, text) in [("r", "1\t2\tdog\n5\t6\tdog\n"), ("e", "1\t2\tdog\n")] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
        std::fs::write(folder.path().join(name).join("a.txt"), text).unwrap();
    }
    let files = ["r/a.txt", "e/a.txt", "--metric", "event_based", "--json"];
    let output = evaluate(folder.path(), &[&files[..], &["--from", "audacity"]].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let found: Value = serde_json::from_str(&text(&output.stdout)).unwrap();
    assert_eq!(found["metrics"]["event_based"]["overall"]["recall"], 0.5);
    let output = evaluate(folder.path(), &[&files[..], &["--from", "music"]].concat());
    assert!(text(&output.stderr).contains("no format is called"), "{}", text(&output.stderr));
}

#[test]
fn what_cannot_be_compared_is_said() {
    let folder = folder();
    std::fs::write(folder.path().join("other.tsv"), "x.wav\t1\t2\tdog\n").unwrap();
    let cases: [(&[&str], &str); 4] = [
        (&["reference.tsv"], "two label files are needed"),
        (&["reference.tsv", "other.tsv"], "have no recording in common"),
        (&["reference.tsv", "estimated.tsv", "--durations", "reference.tsv"], "is no table of durations"),
        (&["reference.tsv", "nowhere.tsv"], "nowhere.tsv"),
    ];
    for (arguments, message) in cases {
        let output = evaluate(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(text(&output.stderr).contains(message), "{}", text(&output.stderr));
    }
    let output = evaluate(folder.path(), &["reference.tsv", "estimated.tsv", "--resolution", "0"]);
    assert_eq!(output.status.code(), Some(2));
}
