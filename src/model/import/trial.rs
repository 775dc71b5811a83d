//! The trial run of a network that is being imported: what it computes for the self-check's input on every runtime there is.
//!
//! The check that a model folder carries must not rest on one runtime's word: where both can be had, they must agree.

use crate::model::{BareNetwork, ModelFolder, RuntimeChoice, self_check};

/// Scores of two runtimes may differ by this much.
const TOLERANCE: f32 = 1e-3;
/// How much nearer to the middle of the scale a score must be to be worth a disagreement.
const DISAGREEMENT_WEIGHT: f32 = 1000.0;
/// How many scores a self-check holds.
const EXPECTED_COUNT: usize = 12;

/// What came of a trial.
pub(super) struct Trial {
    /// Row, class and score, for the manifest.
    pub expected: Vec<(usize, usize, f32)>,
    /// What ran it and how well the runtimes agree, in lines for the user.
    pub notes: Vec<String>,
}

struct Output {
    runtime: String,
    scores: Vec<f32>,
}

/// Runs the network `onnx` of `folder`; the error says why no runtime could.
pub(super) fn run(folder: &ModelFolder, onnx: &[u8]) -> Result<Trial, String> {
    let (mut outputs, mut notes) = (Vec::new(), Vec::new());
    for runtime in [RuntimeChoice::OnnxRuntime, RuntimeChoice::BuiltIn] {
        match scored(folder, onnx, runtime) {
            Ok(output) => outputs.push(output),
            Err(reason) => notes.push(reason),
        }
    }
    let Some(first) = outputs.first() else { return Err(notes.join("; ")) };
    let second = outputs.get(1);
    notes.push(match second {
        Some(second) => agreement(first, second),
        None => format!("Only {} could make the self-check", first.runtime),
    });
    let second = second.map_or(first.scores.as_slice(), |second| second.scores.as_slice());
    Ok(Trial { expected: telling(&first.scores, second, folder.labels.len()), notes })
}

fn scored(folder: &ModelFolder, onnx: &[u8], runtime: RuntimeChoice) -> Result<Output, String> {
    let names = [folder.manifest.network.input.as_str(), folder.manifest.network.output.as_str()];
    let mut network = BareNetwork::open(onnx, names, runtime).map_err(|error| error.to_string())?;
    let scores = self_check::scores(&folder.manifest, folder.labels.len(), network.backend_mut())
        .map_err(|reason| format!("{}: {reason}", network.runtime()))?;
    Ok(Output { runtime: network.runtime().to_owned(), scores })
}

fn agreement(first: &Output, second: &Output) -> String {
    let names = format!("{} and {}", first.runtime, second.runtime);
    let differences = first.scores.iter().zip(&second.scores).map(|(a, b)| (a - b).abs());
    let worst = differences.fold(0.0, f32::max);
    if worst <= TOLERANCE {
        format!("{names} agree within {worst:.0e}")
    } else {
        format!(
            "{names} differ by up to {worst:.0e} on an input without sound: the self-check has scores on which they agree"
        )
    }
}

/// Scores that a wrong runtime would hardly hit by chance and two right ones agree about: spread over the rows, and over the scale where
/// there are such.
fn telling(scores: &[f32], second: &[f32], class_count: usize) -> Vec<(usize, usize, f32)> {
    let rows: Vec<&[f32]> = scores.chunks_exact(class_count.max(1)).collect();
    let count = EXPECTED_COUNT.min(rows.len());
    let places = (0..count).map(|at| if count > 1 { at * (rows.len() - 1) / (count - 1) } else { 0 });
    let telling = |row: usize| {
        let scores = rows.get(row)?;
        let wanted = 0.2 + 0.6 * ((row % 7) as f32 / 6.0);
        let disagreement =
            |class: usize| second.get(row * class_count + class).map_or(0.0, |second| (scores[class] - second).abs());
        let badness = |class: usize| (scores[class] - wanted).abs() + DISAGREEMENT_WEIGHT * disagreement(class);
        let class = (0..scores.len()).min_by(|&a, &b| badness(a).total_cmp(&badness(b)))?;
        Some((row, class, scores[class]))
    };
    places.filter_map(telling).collect()
}
