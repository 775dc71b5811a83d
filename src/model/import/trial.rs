//! The trial run of a network that is being imported: what it computes for the self-check's input on every runtime there is.
//!
//! The check that a model folder carries must not rest on one runtime's word: where both can be had, they must agree.

use crate::model::backend::{Backend, NetworkSource};
use crate::model::manifest::Activation;
use crate::model::{built_in, onnx_runtime};

/// Scores of two runtimes may differ by this much.
const TOLERANCE: f32 = 1e-3;
/// How many scores a self-check holds.
const EXPECTED_COUNT: usize = 12;

/// What came of a trial.
pub(super) struct Trial {
    /// Row, class and score, for the manifest.
    pub expected: Vec<(usize, usize, f32)>,
    /// Rows that the network gave.
    pub rows: usize,
    /// Classes that it gave.
    pub classes: usize,
    /// What ran it and how well the runtimes agree, in lines for the user.
    pub notes: Vec<String>,
}

/// The network of a trial and its input.
pub(super) struct Candidate<'a> {
    pub source: NetworkSource<'a>,
    pub activation: Activation,
    pub input: &'a [f32],
    pub shape: &'a [usize],
}

struct Output {
    runtime: String,
    scores: Vec<f32>,
    rows: usize,
    classes: usize,
}

/// Runs the network; the error says why no runtime could.
pub(super) fn run(candidate: &Candidate<'_>) -> Result<Trial, String> {
    let mut outputs = Vec::new();
    let mut notes = Vec::new();
    let mut take = |runtime: &str, output: Result<Output, String>| match output {
        Ok(output) => outputs.push(output),
        Err(reason) => notes.push(format!("{runtime} cannot run it: {reason}")),
    };
    match onnx_runtime::library() {
        Ok(library) => {
            let cpu = library.devices(false).pop();
            let opened = cpu.ok_or_else(|| "no CPU".to_owned()).and_then(|cpu| library.open(candidate.source, &cpu, 1, 1));
            take(&library.name, opened.and_then(|backends| scored(&library.name, backends, candidate)));
        }
        Err(reason) => notes.push(reason),
    }
    let opened = built_in::open(candidate.source, 1, 1);
    take(built_in::NAME, opened.and_then(|backends| scored(built_in::NAME, backends, candidate)));
    let Some(first) = outputs.first() else { return Err(notes.join("; ")) };
    match outputs.get(1) {
        Some(second) => notes.push(agreement(first, second)),
        None => notes.push(format!("The self-check was made by {} alone", first.runtime)),
    }
    Ok(Trial { expected: telling(first), rows: first.rows, classes: first.classes, notes })
}

fn scored(runtime: &str, mut backends: Vec<Box<dyn Backend>>, candidate: &Candidate<'_>) -> Result<Output, String> {
    let backend = backends.first_mut().ok_or("it opened no network")?;
    let output = backend.run(candidate.input, candidate.shape)?;
    let classes = output.shape.last().copied().unwrap_or(0);
    let rows = output.values.len().checked_div(classes).unwrap_or(0);
    let scores = output.into_scores(rows, classes, candidate.activation)?;
    Ok(Output { runtime: runtime.to_owned(), scores, rows, classes })
}

fn agreement(first: &Output, second: &Output) -> String {
    if (first.rows, first.classes) != (second.rows, second.classes) {
        return format!("{} and {} give different numbers of scores: only the first is used", first.runtime, second.runtime);
    }
    let differences = first.scores.iter().zip(&second.scores).map(|(a, b)| (a - b).abs());
    let worst = differences.fold(0.0, f32::max);
    if worst <= TOLERANCE {
        format!("{} and {} agree within {worst:.0e}", first.runtime, second.runtime)
    } else {
        format!("{} and {} differ by up to {worst:.0e}: only the first is used", first.runtime, second.runtime)
    }
}

/// Scores that a wrong runtime would hardly hit by chance: spread over the rows, and from the middle of the scale where there are some.
fn telling(output: &Output) -> Vec<(usize, usize, f32)> {
    let count = EXPECTED_COUNT.min(output.rows);
    let rows = (0..count).map(|at| if count > 1 { at * (output.rows - 1) / (count - 1) } else { 0 });
    let telling = |row: usize| {
        let scores = output.scores.get(row * output.classes..(row + 1) * output.classes)?;
        // A row has its own class, so that all of them are not always the same one.
        let nearness = |class: usize| (scores[class] - 0.2 - 0.6 * ((row % 7) as f32 / 6.0)).abs();
        let class = (0..scores.len()).min_by(|&a, &b| nearness(a).total_cmp(&nearness(b)))?;
        Some((row, class, scores[class]))
    };
    rows.filter_map(telling).collect()
}
