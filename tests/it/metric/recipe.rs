//! The numbers of a recipe for DCASE 2016 task 2 and its encodings of labels: `tests/data/eval/recipe`.

use super::close;
use earmark::decision::{FrameGrid, FrameRule, frame_labels};
use earmark::metric::{Boundaries, EventBased, LabelledSpan, Quirks, WhenNothingEstimated, event_based, segment_based};
use earmark::time::Span;
use serde_json::Value;
use std::collections::BTreeMap;

fn text(name: &str) -> String {
    let path = format!("{}/tests/data/eval/recipe/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn json(name: &str) -> Value {
    serde_json::from_str(&text(name)).unwrap()
}

/// The rows of a table with commas, without its head.
fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().skip(1).map(|row| row.split(',').collect())
}

fn ground_truth(text: &str) -> Vec<LabelledSpan<'_>> {
    let event = |row: Vec<&'_ str>| -> (f64, f64) { (row[1].parse().unwrap(), row[2].parse().unwrap()) };
    rows(text)
        .map(|row| {
            let (file, label) = (row[0], row[3]);
            let (onset_secs, offset_secs) = event(row);
            LabelledSpan { file, span: Span { onset_secs, offset_secs }, label }
        })
        .collect()
}

#[test]
fn every_score_of_dcase_2016() {
    let (table, detected, expected) = (text("ground_truth.csv"), json("dcase2016_events.json"), json("metrics.json"));
    let reference = ground_truth(&table);
    let secs = |value: &Value| value.as_f64().unwrap() / 1000.0;
    let mut estimated = Vec::new();
    for (file, events) in detected.as_object().unwrap() {
        estimated.extend(events.as_array().unwrap().iter().map(|event| LabelledSpan {
            file,
            span: Span { onset_secs: secs(&event["start"]), offset_secs: secs(&event["end"]) },
            label: event["label"].as_str().unwrap(),
        }));
    }
    let mut compared = 0;
    for (key, theirs) in expected["dcase2016"].as_object().unwrap() {
        let ours = if let Some(collar) = key.strip_prefix("event_onset_") {
            let collar_secs = collar.strip_suffix("ms_fms").unwrap().parse::<f64>().unwrap() / 1000.0;
            let rule = EventBased { collar_secs, boundaries: Boundaries::OnsetOnly, ..EventBased::default() };
            let all = event_based(&reference, &estimated, &rule).overall();
            let undefined = WhenNothingEstimated::Undefined;
            BTreeMap::from([
                ("f_measure", all.f_score(undefined)),
                ("precision", all.precision(undefined)),
                ("recall", all.recall()),
            ])
        } else {
            assert_eq!(key, "segment_1s_er");
            let scores = segment_based(&reference, &estimated, 1.0, &BTreeMap::new(), None);
            BTreeMap::from([("error_rate", scores.error_rate(Quirks::AsReference).total)])
        };
        for (name, value) in theirs.as_object().unwrap() {
            close(&format!("{key} {name}"), ours[name.as_str()], value);
            compared += 1;
        }
    }
    println!("{compared} values of DCASE 2016 compared");
    assert_eq!(compared, 7);
}

#[test]
fn every_frame_of_both_encodings_of_labels() {
    const FRAMES: usize = 250;
    let grid = FrameGrid { sample_rate: 16_000.0, samples_per_frame: 640.0, frames: FRAMES };
    let (table, encoded, files) = (text("ground_truth.csv"), text("frame_labels.csv"), text("durations.csv"));
    let events = ground_truth(&table);
    let mut compared = 0;
    for (name, rule) in [("touched", FrameRule::Touched), ("centre", FrameRule::Centre)] {
        let mut active: BTreeMap<(&str, &str), Vec<bool>> = BTreeMap::new();
        for row in rows(&encoded).filter(|row| row[0] == name) {
            let frames = row[3].parse().unwrap()..row[4].parse().unwrap();
            active.entry((row[1], row[2])).or_insert_with(|| vec![false; FRAMES])[frames].fill(true);
        }
        for file in rows(&files).map(|row| row[0]) {
            for class in 0..10 {
                let label = format!("class_{class:02}");
                let spans = events.iter().filter(|event| event.file == file && event.label == label);
                let ours = frame_labels(spans.map(|event| event.span), grid, rule);
                let theirs = active.get(&(file, label.as_str())).cloned().unwrap_or_else(|| vec![false; FRAMES]);
                assert_eq!(ours, theirs, "{name} {file} {label}");
                compared += ours.len();
            }
        }
    }
    assert_eq!(compared, 2 * 40 * 10 * FRAMES);
}
