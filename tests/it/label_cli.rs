//! `earmark convert` and `earmark lint`: the real program on label files, its output, its messages and its exit codes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn table(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/format/tables").join(name).display().to_string()
}

fn earmark(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_earmark")).args(arguments).env_remove("RUST_LOG").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn written(folder: &Path, name: &str, content: &str) -> String {
    let path: PathBuf = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path.display().to_string()
}

#[test]
fn several_files_become_one_and_what_is_lost_is_told() {
    let output = earmark(&["convert", &table("cvat.tsv"), &table("list_files.ann"), "--to", "dcase-list"]);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(
        text(&output.stdout),
        "a.wav\t0.000\t2.450\tspeech\na.wav\t3.100\t3604.000\tmusic\naudio/b091.wav\t28.690\t30.290\tcar\naudio/b092.wav\n"
    );
    assert!(said.contains("cvat.tsv: CVAT Generic TSV, 2 events, 1 recordings"), "{said}");
    assert!(said.contains("not kept by dcase-list: 2 scores\n"), "{said}");
    assert!(said.contains("not kept by dcase-list: 2 events' fields\n"), "{said}");
}

#[test]
fn a_format_of_one_recording_a_file_fills_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("labels").display().to_string();
    let output = earmark(&["convert", &table("hoplite.csv"), "--to", "simple-seq", "-o", &place]);
    assert_eq!(output.status.code(), Some(1), "two recordings are called rec001");
    assert!(text(&output.stderr).contains("would both be written to rec001.csv"), "{}", text(&output.stderr));
    let output = earmark(&["convert", &table("list_files.ann"), "--to", "simple-seq", "-o", &place]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let read = |name: &str| std::fs::read_to_string(Path::new(&place).join(name)).unwrap();
    assert_eq!(read("b091.csv"), "onset_s,offset_s,label\n28.690,30.290,car\n");
    assert_eq!(read("b092.csv"), "onset_s,offset_s,label\n");
    let output = earmark(&["convert", &table("list_files.ann"), "--to", "simple-seq"]);
    assert!(text(&output.stderr).contains("name a folder with --output"), "{}", text(&output.stderr));
}

#[test]
fn what_is_open_is_an_error_that_names_the_flag() {
    let output = earmark(&["convert", &table("aplose_import.csv"), "--to", "dcase"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("Say it with --clock-start VALUE"), "{}", text(&output.stderr));
    let start = ["--clock-start", "2023-05-12T18:30:00Z"];
    let output = earmark(&["convert", &table("aplose_import.csv"), "--to", "dcase-list", start[0], start[1]]);
    assert_eq!(text(&output.stdout), "aplose_import\t1.250\t2.500\twhistle\n");

    let output = earmark(&["convert", &table("list_ids.txt"), "--to", "dcase-list"]);
    assert!(text(&output.stderr).contains("Taken: label (--first-column file|label)"), "{}", text(&output.stderr));
    let output = earmark(&["convert", &table("list_ids.txt"), "--to", "dcase-list", "--first-column", "file"]);
    assert!(text(&output.stdout).starts_with("/m/0284vy3\t0.100\t2.000\tTrain horn\n"));
    assert!(!text(&output.stderr).contains("Taken"), "{}", text(&output.stderr));
}

#[test]
fn an_input_is_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let input = written(folder.path(), "a.txt", "0\t1\tDog\n");
    let output = earmark(&["convert", &input, "--to", "dcase", "-o", &input]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("is read, so it cannot be written"), "{}", text(&output.stderr));
    let place = folder.path().display().to_string();
    let output = earmark(&["convert", &input, "--to", "maestro", "-o", &place]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert_eq!(std::fs::read_to_string(&input).unwrap(), "0\t1\tDog\n");
}

#[test]
fn durations_thresholds_and_overlaps_are_applied() {
    let weak = ["convert", &table("weak.tsv"), "--to", "dcase-list", "--durations", &table("durations.tsv")];
    let output = earmark(&weak);
    assert!(text(&output.stdout).contains("long.wav\t0.000\t62.500\tCat\n"), "{}", text(&output.stdout));

    let soft = ["convert", &table("maestro_real.txt"), "--to", "dcase-list"];
    let output = earmark(&[&soft[..], &["--threshold", "0.4"]].concat());
    let expected = "maestro_real\t0.000\t1.000\tcutlery and dishes\nmaestro_real\t1.000\t2.000\tcutlery and dishes\n";
    assert_eq!(text(&output.stdout), expected);
    let said = text(&output.stderr);
    assert!(said.contains("2 predictions taken as labels; 1 with a score below 0.4 left out"), "{said}");
    let output = earmark(&[&soft[..], &["--threshold", "0.4", "--merge-overlaps"]].concat());
    assert_eq!(text(&output.stdout), "maestro_real\t0.000\t2.000\tcutlery and dishes\n");
}

#[test]
fn formats_are_listed_and_unknown_ones_refused() {
    let output = earmark(&["convert", "--list"]);
    let listed = text(&output.stdout);
    assert!(output.status.success());
    for format in earmark::format::ALL {
        let line = listed.lines().find(|line| line.split_whitespace().next() == Some(format.id()));
        let line = line.unwrap_or_else(|| panic!("{} is not in {listed}", format.id()));
        assert!(line.contains(format.name()) && line.contains("write") == format.can_write(), "{line}");
    }
    let output = earmark(&["convert", &table("cvat.tsv"), "--to", "nonsense"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("no format is called \"nonsense\": `earmark convert --list` lists them"));
    let output = earmark(&["convert", &table("cvat.tsv"), "--to", "chirpity"]);
    assert!(text(&output.stderr).contains("Chirpity results is only read"), "{}", text(&output.stderr));
    assert_eq!(earmark(&["convert", &table("cvat.tsv")]).status.code(), Some(2));
}

const SUSPICIOUS: &str = "filename\tonset\toffset\tevent_label\n\
    a.wav\t1\t2\tDog\n\
    a.wav\t1\t2\tDog\n\
    a.wav\t1.5\t3\tDog\n\
    a.wav\t-1\t0.5\tCat\n\
    a.wav\t5\t4\tCat\n\
    a.wav\t9\t12\tCat \n\
    a.wav\tsoon\t4\tCat\n";

#[test]
fn suspicious_labels_are_found_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let labels = written(folder.path(), "labels.tsv", SUSPICIOUS);
    let durations = written(folder.path(), "durations.tsv", "filename\tduration\na.wav\t10\n");
    let output = earmark(&["lint", &labels, "--durations", &durations]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let found = text(&output.stdout);
    for line in [
        "error    row            line 8  onset is “soon”, not a number of seconds",
        "error    before-start   a.wav -1.000 s  Cat: begins before the recording",
        "error    no-length      a.wav 5.000 s  Cat: no length",
        "error    past-end       a.wav 9.000 s  Cat : 2.000 s past the end",
        "error    duplicate      a.wav 1.000 s  Dog: 2 times the same",
        "warning  overlap        a.wav 1.000 s  Dog: 2 events overlap",
    ] {
        assert!(found.contains(line), "{line}\n{found}");
    }
    let first = found.lines().next().unwrap();
    assert!(first.contains("dcase, 6 events, 1 recordings: ") && first.contains(" errors, "), "{first}");
}

#[test]
fn what_is_found_is_json_too_and_clean_files_exit_with_0() {
    let folder = tempfile::tempdir().unwrap();
    let labels = written(folder.path(), "labels.tsv", SUSPICIOUS);
    let output = earmark(&["lint", &labels, "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let problems = report["files"][0]["problems"].as_array().unwrap();
    let rules: Vec<&str> = problems.iter().map(|problem| problem["rule"].as_str().unwrap()).collect();
    assert!(rules.contains(&"before-start") && !rules.contains(&"past-end"), "{rules:?}");
    assert_eq!((problems[0]["rule"].as_str(), problems[0]["line"].as_u64()), (Some("row"), Some(8)));

    let clean = written(folder.path(), "clean.tsv", "filename\tonset\toffset\tevent_label\na.wav\t1\t2\tDog\n");
    let output = earmark(&["lint", &clean]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("0 errors, 0 warnings, 0 hints"));
    let known = written(folder.path(), "classes.txt", "Cat\nDog bark\n");
    let output = earmark(&["lint", &clean, "--labels", &known]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("unknown-label"), "{}", text(&output.stdout));
}
