//! Integration tests: metric. Numbers of reference programs, all of them.
#![allow(clippy::print_stdout, reason = "how many values were compared, and how close they are, is worth seeing")]

mod command;
mod event_lists;
mod frame_scores;
mod recipe;
mod scores_command;

use earmark::metric::{Measured, WhenNothingEstimated};
use serde_json::Value;

/// The cases of `tests/data/eval`, by name.
pub fn cases() -> Vec<(String, Value)> {
    let folder = format!("{}/tests/data/eval", env!("CARGO_MANIFEST_DIR"));
    let mut cases: Vec<(String, Value)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), serde_json::from_str(&text).unwrap())
        })
        .collect();
    cases.sort_by(|a, b| a.0.cmp(&b.0));
    cases
}

/// How many numbers (or `null`s) a value of a case holds, however deep.
pub fn leaves(value: &Value) -> usize {
    match value {
        Value::Object(fields) => fields.values().map(leaves).sum(),
        Value::Array(rows) => rows.iter().map(leaves).sum(),
        _ => 1,
    }
}

/// Fails unless both are the same number within a billionth, or neither is one.
pub fn close(what: &str, ours: Measured, theirs: &Value) {
    match (ours, theirs.as_f64()) {
        (Ok(ours), Some(theirs)) => {
            assert!((ours - theirs).abs() <= 1e-9 * theirs.abs().max(1e-3), "{what}: {ours} ≠ {theirs}");
        }
        (Err(_), None) => assert!(theirs.is_null(), "{what}: {theirs}"),
        (ours, _) => panic!("{what}: {ours:?} ≠ {theirs}"),
    }
}

/// What sed_eval takes for precision where nothing is estimated, as a case's key says.
pub fn when_nothing_estimated(key: &str) -> WhenNothingEstimated {
    if key.contains("zero_score") { WhenNothingEstimated::Zero } else { WhenNothingEstimated::Undefined }
}
