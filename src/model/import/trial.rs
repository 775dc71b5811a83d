//! The trial run of a network that is being imported: what it computes for the self-check's input on every runtime there is.
//!
//! The check that a model folder carries must not rest on one runtime's word: where both can be had, they must agree.

use crate::model::{BareNetwork, ModelFolder, RuntimeChoice, self_check};

/// Scores of two runtimes may differ by this much.
const TOLERANCE: f32 = 1e-3;
/// Two runtimes that differ by more than this in a network of 32-bit floats are not both right.
pub(in crate::model) const MOST_ROUNDING: f32 = 0.02;
/// How much nearer to what is wanted a score must be to be worth a disagreement.
const DISAGREEMENT_WEIGHT: f32 = 100.0;
/// Scores that say something.
const SCALE_MIDDLE: std::ops::RangeInclusive<f32> = 0.02..=0.98;
/// How many scores a self-check holds.
const EXPECTED_COUNT: usize = 12;

/// What came of a trial.
pub(in crate::model) struct Trial {
    /// Row, class and score, for the manifest.
    pub expected: Vec<(usize, usize, f32)>,
    /// The greatest difference between two runtimes, where both could run it.
    pub difference: Option<f32>,
    /// What ran it and how well the runtimes agree, in lines for the user.
    pub notes: Vec<String>,
}

struct Output {
    runtime: String,
    scores: Vec<f32>,
}

/// Runs the network `onnx` of `folder`, for which rounding explains a difference of `most_rounding`; the error says why no runtime could.
pub(in crate::model) fn run(folder: &ModelFolder, onnx: &[u8], most_rounding: f32) -> Result<Trial, String> {
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
        Some(second) => agreement(first, second, most_rounding),
        None => format!("Only {} could make the self-check", first.runtime),
    });
    let difference = second.map(|second| worst_difference(&first.scores, &second.scores));
    let second = second.map_or(first.scores.as_slice(), |second| second.scores.as_slice());
    Ok(Trial { expected: telling(&first.scores, second, folder.labels.len(), most_rounding), difference, notes })
}

fn scored(folder: &ModelFolder, onnx: &[u8], runtime: RuntimeChoice) -> Result<Output, String> {
    let names = [folder.manifest.network.input.as_str(), folder.manifest.network.output.as_str()];
    let mut network = BareNetwork::open(onnx, names, runtime).map_err(|error| error.to_string())?;
    let scores = self_check::scores(&folder.manifest, folder.labels.len(), network.backend_mut())
        .map_err(|reason| format!("{}: {reason}", network.runtime()))?;
    Ok(Output { runtime: network.runtime().to_owned(), scores })
}

fn agreement(first: &Output, second: &Output, most_rounding: f32) -> String {
    let names = format!("{} and {}", first.runtime, second.runtime);
    let worst = worst_difference(&first.scores, &second.scores);
    if worst <= TOLERANCE {
        format!("{names} agree within {worst:.0e}")
    } else if worst <= most_rounding {
        format!("{names} agree within {worst:.0e} on an input that is no sound")
    } else {
        format!("{names} differ by up to {worst:.0e}: the self-check holds the first one's scores")
    }
}

/// Scores that a wrong runtime would hardly hit by chance: spread over the rows, and over the middle of the scale where there are such; those
/// at its ends come out right whatever is computed. Between such scores the one on which two right runtimes agree best is taken; runtimes
/// that are further apart than rounding explains are not both right, and only the first counts.
fn telling(scores: &[f32], second: &[f32], class_count: usize, most_rounding: f32) -> Vec<(usize, usize, f32)> {
    let second = if worst_difference(scores, second) <= most_rounding { second } else { scores };
    let rows: Vec<&[f32]> = scores.chunks_exact(class_count.max(1)).collect();
    let count = EXPECTED_COUNT.min(rows.len());
    let places = (0..count).map(|at| if count > 1 { at * (rows.len() - 1) / (count - 1) } else { 0 });
    let telling = |row: usize| {
        let scores = rows.get(row)?;
        let wanted = 0.2 + 0.6 * ((row % 7) as f32 / 6.0);
        let disagreement =
            |class: usize| second.get(row * class_count + class).map_or(0.0, |second| (scores[class] - second).abs());
        let is_at_an_end = |class: usize| !SCALE_MIDDLE.contains(&scores[class]);
        let badness = |class: usize| {
            let end = if is_at_an_end(class) { 1000.0 } else { 0.0 };
            end + (scores[class] - wanted).abs() + DISAGREEMENT_WEIGHT * disagreement(class)
        };
        let class = (0..scores.len()).min_by(|&a, &b| badness(a).total_cmp(&badness(b)))?;
        Some((row, class, scores[class]))
    };
    places.filter_map(telling).collect()
}

fn worst_difference(first: &[f32], second: &[f32]) -> f32 {
    // What is no number is larger than any.
    let differences = first.iter().zip(second).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, |most, next| if next <= most { most } else { next })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fifty rows of twenty scores over the whole scale, each row with some at its ends.
    fn scores() -> Vec<f32> {
        (0..1000).map(|at| ((at * 37 % 101) as f32 / 100.0 * 1.2 - 0.1).clamp(0.0, 1.0)).collect()
    }

    #[test]
    fn what_is_expected_lies_in_the_middle_of_the_scale_and_over_all_rows() {
        let expected = telling(&scores(), &scores(), 20, MOST_ROUNDING);
        assert_eq!((expected.len(), expected[0].0, expected[11].0), (12, 0, 49));
        assert!(expected.iter().all(|(_, _, score)| SCALE_MIDDLE.contains(score)), "{expected:?}");
    }

    #[test]
    fn a_runtime_that_is_wrong_does_not_choose_what_it_is_asked() {
        // Right at the ends of the scale and by chance in one class a row, nonsense elsewhere.
        let wrong: Vec<f32> =
            scores().iter().enumerate().map(|(at, &score)| if at % 20 == 3 { score } else { score.round() }).collect();
        let expected = telling(&scores(), &wrong, 20, MOST_ROUNDING);
        let missed = expected.iter().filter(|&&(row, class, score)| (wrong[row * 20 + class] - score).abs() > 1e-3);
        assert!(missed.count() > 6, "{expected:?}");
    }

    #[test]
    fn of_scores_as_good_the_one_on_which_both_agree_is_taken() {
        let scores = [0.2, 0.2];
        assert_eq!(telling(&scores, &[0.201, 0.2], 2, MOST_ROUNDING), [(0, 1, 0.2)]);
    }
}
