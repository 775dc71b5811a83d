//! Whether times are those of a recording or of the sound that it plays slower.
//!
//! Must not know any format.

use super::{Choice, Question, ReadOptions, StrongLabels};

/// By what times of a file are multiplied, and frequencies divided, to be those of a recording whose label file says that it plays
/// `expansion` times slower and that gives times of the sound. Where it is not 1, labels get the question whether that is so.
pub(super) fn factor(labels: &mut StrongLabels, options: &ReadOptions, expansion: f64) -> f64 {
    let is_usual = expansion == 1.0 || !expansion.is_finite() || expansion <= 0.0;
    if is_usual {
        return 1.0;
    }
    let answers = ["sound", "recording"];
    let taken = usize::from(options.answer(Choice::TimeScale) == Some(answers[1]));
    if !labels.questions.iter().any(|question| question.choice == Choice::TimeScale) {
        labels.questions.push(Question {
            choice: Choice::TimeScale,
            text: format!(
                "a recording plays {expansion} times slower than its sound was: are times those of the sound, or of the recording?"
            ),
            answers: answers.map(str::to_owned).to_vec(),
            taken: Some(taken),
        });
    }
    if taken == 0 { expansion } else { 1.0 }
}
