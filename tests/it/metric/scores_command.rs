//! `earmark evaluate --scores`: the real program on a case of `tests/data/eval`, its JSON, its table and its messages.

use serde_json::Value;
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Output};

fn evaluate(folder: &Path, arguments: &[&str]) -> Output {
    let shared = ["evaluate", "--reference", "reference.tsv", "--scores", "scores"];
    Command::new(env!("CARGO_BIN_EXE_earmark"))
        .current_dir(folder)
        .args(shared)
        .args(arguments)
        .env_remove("RUST_LOG")
        .output()
        .unwrap()
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap().replace("\r\n", "\n")
}

/// [`case_folder`] of the case `basic_mixed`.
fn folder() -> (tempfile::TempDir, Value) {
    case_folder("basic_mixed")
}

/// The case as files, with an event of a label without scores and scores of a recording that the reference does not name.
fn case_folder(name: &str) -> (tempfile::TempDir, Value) {
    let path = format!("{}/tests/data/eval/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let case: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("scores")).unwrap();
    let mut reference = "filename\tonset\toffset\tevent_label\n".to_owned();
    for event in case["reference"].as_array().unwrap() {
        let text = |key: &str| event[key].as_str().unwrap().to_owned();
        writeln!(reference, "{}\t{}\t{}\t{}", text("file"), event["onset"], event["offset"], text("event_label"))
            .unwrap();
    }
    let mut durations = "filename\tduration\n".to_owned();
    for file in case["files"].as_array().unwrap() {
        writeln!(durations, "{}\t{}", file["file"].as_str().unwrap(), file["duration"]).unwrap();
    }
    for (file, scores) in case["scores"].as_object().unwrap() {
        let classes = scores["classes"].as_object().unwrap();
        let mut text = format!("onset\toffset\t{}\n", classes.keys().cloned().collect::<Vec<_>>().join("\t"));
        for (frame, borders) in scores["timestamps"].as_array().unwrap().windows(2).enumerate() {
            write!(text, "{}\t{}", borders[0], borders[1]).unwrap();
            classes.values().for_each(|column| write!(text, "\t{}", column[frame]).unwrap());
            text.push('\n');
        }
        let stem = file.trim_end_matches(".wav");
        std::fs::write(folder.path().join(format!("scores/{stem}.tsv")), &text).unwrap();
        std::fs::write(folder.path().join("scores/unheard.tsv"), text).unwrap();
    }
    let first = case["files"][0]["file"].as_str().unwrap();
    writeln!(reference, "{first}\t1\t2\tyodelling").unwrap();
    std::fs::write(folder.path().join("reference.tsv"), reference).unwrap();
    std::fs::write(folder.path().join("durations.tsv"), durations).unwrap();
    (folder, case)
}

#[test]
fn the_numbers_are_those_of_sed_scores_eval() {
    let (folder, case) = folder();
    let collar = ["--collar", "0.2", "--offset-share", "0.2"];
    let output =
        evaluate(folder.path(), &[&["--durations", "durations.tsv", "--json", "--curves"], &collar[..]].concat());
    assert!(output.status.success(), "{}", said(&output.stderr));
    let ours: Value = serde_json::from_str(&said(&output.stdout)).unwrap();
    let theirs = &case["expected"]["sed_scores_eval"];
    let close = |what: &str, ours: &Value, theirs: &Value| {
        let (ours, theirs) = (ours.as_f64().unwrap(), theirs.as_f64().unwrap());
        assert!((ours - theirs).abs() < 1e-9, "{what}: {ours} ≠ {theirs}");
    };
    for (key, name) in [("psds1", "psds1_desed"), ("psds2", "psds2_desed")] {
        close(key, &ours["overall"][key]["score"], &theirs[name]["psds"]);
        close(key, &ours["overall"][key]["class_mean"], &theirs[name]["mean_of_per_class"]);
    }
    let best = &theirs["collar_best_f"];
    close("best F", &ours["overall"]["collar_f_best"]["class_mean"]["f"], &best["f"]["macro_average"]);
    for (class, row) in ours["per_class"].as_object().unwrap() {
        close(class, &row["psds1"], &theirs["psds1_desed"]["per_class"][class]);
        close(class, &row["collar_f_best"]["threshold"], &best["threshold"][class]);
        assert!(row["psds1_roc"].as_array().is_some_and(|points| !points.is_empty()), "{class}");
        assert!(row["collar_f_curve"].as_array().is_some_and(|points| points.len() > 5), "{class}");
    }
    let notes = ours["notes"].to_string();
    assert!(notes.contains("durations name: 1") && notes.contains("yodelling"), "{notes}");
}

/// Options, then PSDS1, PSDS2, and the mean of the classes' best event-based F-scores.
type OfBoxes = (&'static str, &'static [&'static str], [f64; 3]);

#[test]
fn bounding_boxes_score_as_those_of_sebbs_by_sed_scores_eval() {
    // By sebbs 1.0.2 and sed_scores_eval 0.0.4.
    let cases: [OfBoxes; 6] = [
        ("basic_mixed", &[], [0.09175170953613698, 0.11565298033781762, 0.42857142857142855]),
        (
            "basic_mixed",
            &["--step-filter", "0.32", "--merge-ratio", "1.5"],
            [0.28596788287406094, 0.28596788287406094, 0.47222222222222215],
        ),
        (
            "basic_mixed",
            &["--step-filter", "0.64", "--merge-difference", "0.2"],
            [0.27991991190053894, 0.28596788287406094, 0.1904761904761905],
        ),
        ("random_24_files", &[], [0.3853932390326517, 0.4507538259592594, 0.503723605248046]),
        (
            "random_24_files",
            &["--step-filter", "0.32", "--merge-ratio", "1.5"],
            [0.38481175705027937, 0.4506052491885553, 0.4852624574734108],
        ),
        (
            "random_24_files",
            &["--step-filter", "0.64", "--merge-difference", "0.2"],
            [0.3538568945016752, 0.46032933275967947, 0.33565426706100066],
        ),
    ];
    for (name, options, theirs) in cases {
        let (folder, _) = case_folder(name);
        let shared = ["--durations", "durations.tsv", "--json", "--collar", "0.2", "--offset-share", "0.2", "--boxes"];
        let output = evaluate(folder.path(), &[&shared, options].concat());
        assert!(output.status.success(), "{}", said(&output.stderr));
        let ours: Value = serde_json::from_str(&said(&output.stdout)).unwrap();
        let overall = &ours["overall"];
        let numbers =
            [&overall["psds1"]["score"], &overall["psds2"]["score"], &overall["collar_f_best"]["class_mean"]["f"]];
        for (ours, theirs) in numbers.iter().zip(theirs) {
            let ours = ours.as_f64().unwrap();
            assert!((ours - theirs).abs() < 1e-9, "{name} {options:?}: {ours} ≠ {theirs}");
        }
        // Boxes are no frames.
        assert!(overall["frame_average_precision"].is_null() && ours["settings"]["boxes"].is_object());
    }
}

#[test]
fn a_table_for_people_tells_classes_and_what_was_left_out() {
    let (folder, case) = folder();
    let output = evaluate(folder.path(), &["--measure", "psds1", "--by-thresholds"]);
    let text = said(&output.stdout);
    assert!(output.status.success(), "{}", said(&output.stderr));
    for label in case["labels"].as_array().unwrap() {
        assert!(text.contains(label.as_str().unwrap()), "{text}");
    }
    let needed = ["PSDS1, mean of classes", "PSDS2 by 50 thresholds", "yodelling", "durations name: 1"];
    assert!(needed.iter().all(|needed| text.contains(needed)), "{text}");
    let unwanted = ["not computed", "Event-based", "AUROC", "n/a", "PSDS2  "];
    assert!(unwanted.iter().all(|unwanted| !text.contains(unwanted)), "{text}");
}

#[test]
fn what_does_not_go_together_is_told() {
    let (folder, _) = folder();
    let failed = |arguments: &[&str]| {
        let output = evaluate(folder.path(), arguments);
        assert!(!output.status.success());
        said(&output.stderr)
    };
    assert!(failed(&["--estimated", "reference.tsv"]).contains("cannot be used with"));
    assert!(failed(&["--step-filter", "0.3"]).contains("--boxes"));
    assert!(failed(&["--measure", "luck"]).contains("expected one of psds1"));
    std::fs::write(folder.path().join("scores/z.tsv"), "onset\toffset\tdog\n0\t1\t0.5\n2\t3\t0.5\n").unwrap();
    let told = failed(&[]);
    assert!(told.contains("z.tsv: line 3: a gap"), "{told}");
    std::fs::write(folder.path().join("scores/z.tsv"), "onset\toffset\tdog\n0\t1\t0.5\n").unwrap();
    let told = failed(&[]);
    assert!(told.contains("z.tsv: has no column"), "{told}");
    std::fs::remove_dir_all(folder.path().join("scores")).unwrap();
    assert!(failed(&[]).contains("cannot be read as a folder of scores"));
    std::fs::create_dir(folder.path().join("scores")).unwrap();
    assert!(failed(&[]).contains("holds no .tsv file of scores"));
}
