//! The folder of a variant: the original's files with another network, a self-check of its own, and the note.

use super::note::VariantNote;
use super::{MakeError, Precision};
use crate::model::folder::sha256_hex;
use crate::model::import::{self, ImportError, trial};
use crate::model::{BareNetwork, MANIFEST_FILE, ModelError, ModelFolder, RuntimeChoice, self_check};
use std::path::Path;
use toml::{Table, Value};

const NETWORK_FILE: &str = "model.onnx";
/// How far a score of the check may be off, at least and at most, and where only one runtime can say how well it is reproduced.
const LEAST_TOLERANCE: f64 = 2e-3;
const MOST_TOLERANCE: f64 = 0.05;
const LONE_TOLERANCE: f64 = 0.02;
/// So many times what was found between two that are right.
const MARGIN: f64 = 4.0;

/// Writes the folder beside `place`, makes its self-check, reads it back and moves it there. Gives what the trial showed, in lines for the user.
pub(super) fn put(
    folder: &ModelFolder,
    id: &str,
    place: &Path,
    onnx: &[u8],
    network: &[u8],
    note: &VariantNote,
) -> Result<Vec<String>, MakeError> {
    let io = |source| ImportError::Io { path: place.to_path_buf(), source };
    let staging = import::staging_beside(place)?;
    let path = staging.path();
    let manifest = &folder.manifest;
    for file in [&manifest.labels_file, &manifest.licence_file] {
        std::fs::copy(folder.path.join(file), path.join(file)).map_err(io)?;
    }
    std::fs::write(path.join(NETWORK_FILE), network).map_err(io)?;
    let mut table = manifest_of(folder, network, note)?;
    std::fs::write(path.join(MANIFEST_FILE), text_of(&table)).map_err(io)?;
    note.write(path)?;
    let refused = |reason| MakeError::Refused { id: id.to_owned(), precision: note.precision, reason };
    let staged = ModelFolder::open(path)?;
    let trial = trial::run(&staged, network, most_rounding(note.precision)).map_err(refused)?;
    let apart = apart_on_check(&staged, onnx, network).map_err(refused)?;
    set_check(&mut table, &trial, tolerance(note.precision, f64::from(apart), trial.difference.map(f64::from)));
    std::fs::write(path.join(MANIFEST_FILE), text_of(&table)).map_err(io)?;
    ModelFolder::open(path)?;
    import::move_to(staging, place, false)?;
    Ok(trial.notes)
}

/// The original's manifest, for the variant. What its author wrote about it stays, but for comments.
fn manifest_of(folder: &ModelFolder, network: &[u8], note: &VariantNote) -> Result<Table, ModelError> {
    let path = folder.path.join(MANIFEST_FILE);
    let text = std::fs::read_to_string(&path).map_err(|source| ModelError::Io { path: path.clone(), source })?;
    let mut table: Table =
        text.parse().map_err(|error: toml::de::Error| ModelError::Syntax { path, reason: error.to_string() })?;
    let manifest = &folder.manifest;
    let name = format!("{} {}", manifest.name, note.precision);
    let mut set = |key: &str, value: String| table.insert(key.to_owned(), Value::String(value));
    set("name", name.chars().take(150).collect());
    set("summary", format!("{} ({})", manifest.summary, note.short()));
    let made = format!("{} variant of {} (network with SHA-256 {})", note.precision, note.made_from, note.sha256);
    set("source", format!("{}; {made}, made by Earmark {}", manifest.source, note.made_by));
    if let Some(table) = table.get_mut("network").and_then(Value::as_table_mut) {
        table.insert("file".to_owned(), Value::String(NETWORK_FILE.to_owned()));
        table.insert("sha256".to_owned(), Value::String(sha256_hex(network)));
    }
    Ok(table)
}

fn text_of(table: &Table) -> String {
    format!("# Written by Earmark; variant.toml says of what this model is a variant.\n{table}")
}

/// The greatest difference of a score of the self-check from the original's.
fn apart_on_check(staged: &ModelFolder, onnx: &[u8], network: &[u8]) -> Result<f32, String> {
    let ends = [staged.manifest.network.input.as_str(), staged.manifest.network.output.as_str()];
    let scores = |onnx: &[u8]| {
        let mut network =
            BareNetwork::open(onnx, ends, RuntimeChoice::OnnxRuntime).map_err(|error| error.to_string())?;
        self_check::scores(&staged.manifest, staged.labels.len(), network.backend_mut())
    };
    let (original, variant) = (scores(onnx)?, scores(network)?);
    Ok(original.iter().zip(&variant).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max))
}

/// How far two right runtimes may be apart: one step of 8 bits more or less goes on through the network as a change of its input would.
fn most_rounding(precision: Precision) -> f32 {
    match precision {
        Precision::Float16 => trial::MOST_ROUNDING,
        Precision::Int8 => 0.15,
    }
}

/// How far a score may be off: a runtime that is right computes 16 bits in 32 or rounds at each step, and takes one step of 8 bits for the next
/// where a number lies between; what is wrong is further off than both.
fn tolerance(precision: Precision, apart: f64, between_runtimes: Option<f64>) -> f64 {
    let found = match (precision, between_runtimes) {
        (Precision::Float16, between) => MARGIN * apart.max(between.unwrap_or(0.0)),
        (Precision::Int8, Some(between)) => MARGIN * between,
        (Precision::Int8, None) => LONE_TOLERANCE,
    };
    (found.clamp(LEAST_TOLERANCE, MOST_TOLERANCE) * 1e4).round() / 1e4
}

fn set_check(table: &mut Table, trial: &trial::Trial, tolerance: f64) {
    let Some(check) = table.get_mut("self_check").and_then(Value::as_table_mut) else { return };
    let expected = trial.expected.iter().map(|&(row, class, score)| {
        let score = (f64::from(score) * 1e6).round() / 1e6;
        Value::Array(vec![Value::Integer(row as i64), Value::Integer(class as i64), Value::Float(score)])
    });
    check.insert("tolerance".to_owned(), Value::Float(tolerance));
    check.insert("expected".to_owned(), Value::Array(expected.collect()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_is_as_strict_as_right_runtimes_allow() {
        assert_eq!(tolerance(Precision::Float16, 1e-5, None), LEAST_TOLERANCE);
        assert_eq!(tolerance(Precision::Float16, 0.003, Some(0.001)), 0.012);
        assert_eq!(tolerance(Precision::Int8, 0.3, Some(0.004)), 0.016);
        assert_eq!(tolerance(Precision::Int8, 0.3, None), LONE_TOLERANCE);
        assert_eq!(tolerance(Precision::Int8, 0.3, Some(0.4)), MOST_TOLERANCE);
    }
}
