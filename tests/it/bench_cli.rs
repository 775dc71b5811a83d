//! `earmark model bench`, by the real program: what it counts, measures and writes.

use std::process::{Command, Output};

fn bench(arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_earmark"));
    let models = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    program.args(["model", "bench"]).args(arguments).env("EARMARK_MODELS", models).env_remove("RUST_LOG");
    program.output().unwrap()
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn models_are_counted_without_running_them() {
    let text = printed(&bench(&["--count-only", "--untrained", "fmn10+gru-256", "yamnet"]));
    // The published 1.005 G, and the 0.762 G that the paper leaves out, apart.
    for expected in ["1.0048 G", "0.5652 G", "0.1966 G", "6.484 M", "0.0692 G", "recurrence, states"] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
}

#[test]
fn models_are_measured_and_charts_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let (csv, chart) = (folder.path().join("numbers.csv"), folder.path().join("chart.svg"));
    let files = ["--csv", csv.to_str().unwrap(), "--plot", chart.to_str().unwrap(), "--json"];
    let quick = ["--untrained", "fmn04", "--batch", "1", "--threads", "1,2", "--repetitions", "2", "--device", "cpu"];
    let json: serde_json::Value = serde_json::from_str(&printed(&bench(&[&quick[..], &files[..]].concat()))).unwrap();
    let model = &json[0];
    assert_eq!((model["model"].as_str(), model["parameters"].as_u64()), (Some("fmn04"), Some(860_318)));
    let measured = &model["measured"];
    assert_eq!(measured["throughput"].as_array().unwrap().len(), 2);
    assert!(measured["throughput"][0]["times_real_time"].as_f64().unwrap() > 1.0, "{measured}");
    if cfg!(target_os = "linux") {
        assert!(measured["peak_bytes"].as_u64().unwrap() > 10_000_000, "{measured}");
    }
    assert_eq!(std::fs::read_to_string(&csv).unwrap().lines().count(), 3);
    for word in ["macs", "all-macs", "parameters", "throughput"] {
        let drawing = std::fs::read_to_string(folder.path().join(format!("chart-{word}.svg"))).unwrap();
        assert!(drawing.starts_with("<svg") && drawing.contains("fmn04"), "{word}");
    }
}

/// Of all that is installed, what cannot be read is left out; the peak of memory is that of the folder that was asked for.
#[test]
fn a_broken_folder_is_left_out_and_folders_elsewhere_are_measured_whole() {
    let models = tempfile::tempdir().unwrap();
    let bundled = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models/bicycle-bell");
    for id in ["whole", "broken"] {
        std::fs::create_dir(models.path().join(id)).unwrap();
        for entry in std::fs::read_dir(&bundled).unwrap().map(Result::unwrap) {
            std::fs::copy(entry.path(), models.path().join(id).join(entry.file_name())).unwrap();
        }
    }
    std::fs::write(models.path().join("broken/model.toml"), "name = 1").unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_earmark"));
    program.args(["model", "bench", "--count-only"]).env("EARMARK_MODELS", models.path()).env_remove("RUST_LOG");
    let output = program.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(printed(&output).contains("whole") && said.contains("note: broken is left out"), "{said}");

    let whole = models.path().join("whole");
    let quick = ["--batch", "1", "--threads", "1", "--repetitions", "1", "--device", "cpu", "--json"];
    let json = printed(&bench(&[&[whole.to_str().unwrap()][..], &quick[..]].concat()));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    if cfg!(target_os = "linux") {
        assert!(json[0]["measured"]["peak_bytes"].as_u64().is_some_and(|bytes| bytes > 1_000_000), "{json}");
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (arguments, expected) in [
        (&["--count-only", "--untrained", "fmn11"][..], "fmn11"),
        (&["--count-only", "--plot", "chart.pdf"], ".svg or .png"),
        (&["--count-only", "no-such-model"], "no-such-model"),
        (&["--batch", "0"], "1..=256"),
    ] {
        let output = bench(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(expected), "{output:?}");
    }
}
