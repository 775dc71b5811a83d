//! What a model hears in a recording, in short: whether the guesses about it hold is heard best in sound that is known.

use crate::audio;
use crate::model::{Detector, DetectorOptions, ModelError, ModelFolder};
use std::path::Path;
use std::sync::Arc;

/// How many classes are named.
const STRONGEST_COUNT: usize = 5;
/// Scores that are all below the first, above the second, or nearer together than the third are no detection.
const ALL_LOW: f32 = 0.01;
const ALL_HIGH: f32 = 0.99;
const LEAST_RANGE: f32 = 1e-4;

/// What a run over a recording showed.
#[derive(Clone, Debug, PartialEq)]
pub struct Tryout {
    /// Rows of scores.
    pub rows: usize,
    /// Rows of scores a second.
    pub rows_per_sec: f64,
    /// The lowest score.
    pub lowest: f32,
    /// The highest score.
    pub highest: f32,
    /// The classes with the highest scores, highest first.
    pub strongest: Vec<Strong>,
    /// Sentences about what no detection looks like.
    pub doubts: Vec<String>,
}

/// A class, and where in the recording it scores highest.
#[derive(Clone, Debug, PartialEq)]
pub struct Strong {
    /// Its name.
    pub class: Arc<str>,
    /// Its highest score.
    pub score: f32,
    /// Where that row of scores begins, in seconds.
    pub onset_secs: f64,
}

/// Runs the model in `folder` over a recording.
///
/// # Errors
/// The folder, the network or the recording fails; scores that are no numbers or not of 0 to 1 are such a failure.
pub fn tryout(folder: &Path, recording: &Path) -> Result<Tryout, ModelError> {
    let mut detector = Detector::load(&ModelFolder::open(folder)?, &DetectorOptions::default())?;
    let (axis, classes) = (detector.axis(), detector.classes());
    let mut highest = vec![(f32::MIN, 0_usize); classes.len()];
    let (mut lowest, mut rows) = (f32::MAX, 0);
    let source = audio::open(recording)?;
    detector.run(source, &|| false, &mut |block| {
        for row in block.scores.chunks_exact(classes.len()) {
            for (best, &score) in highest.iter_mut().zip(row) {
                lowest = lowest.min(score);
                if score > best.0 {
                    *best = (score, rows);
                }
            }
            rows += 1;
        }
    })?;
    let mut order: Vec<usize> = (0..if rows == 0 { 0 } else { classes.len() }).collect();
    order.sort_by(|&a, &b| highest[b].0.total_cmp(&highest[a].0));
    let strong = |&class: &usize| {
        let (score, row) = highest[class];
        let onset_secs = if row == 0 { 0.0 } else { axis.first_onset_secs + row as f64 * axis.hop_secs };
        Strong { class: Arc::clone(&classes[class]), score, onset_secs }
    };
    let strongest: Vec<Strong> = order.iter().take(STRONGEST_COUNT).map(strong).collect();
    let highest = strongest.first().map_or(f32::MIN, |strong| strong.score);
    let doubts = doubts(rows, lowest, highest);
    let (lowest, highest) = if rows == 0 { (0.0, 0.0) } else { (lowest, highest) };
    Ok(Tryout { rows, rows_per_sec: 1.0 / axis.hop_secs, lowest, highest, strongest, doubts })
}

fn doubts(rows: usize, lowest: f32, highest: f32) -> Vec<String> {
    let mut doubts = Vec::new();
    if rows == 0 {
        doubts.push("the recording has no samples, so that there are no scores: try another one".to_owned());
        return doubts;
    }
    // One row of one class has no range.
    if highest - lowest < LEAST_RANGE && rows > 1 {
        doubts.push(format!(
            "all scores are {highest:.4}: the network hardly looks at the sound: see --input and --rate"
        ));
    }
    if highest < ALL_LOW {
        doubts
            .push(format!("all scores are below {ALL_LOW}: nothing is heard: see --input, --rate and --scores-output"));
    }
    if lowest > ALL_HIGH {
        doubts.push(format!("all scores are above {ALL_HIGH}: see --input, --rate and --scores-output"));
    }
    doubts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_that_say_nothing_are_doubted() {
        assert_eq!(doubts(10, 0.0, 0.5), Vec::<String>::new());
        assert_eq!(doubts(1, 0.5, 0.5), Vec::<String>::new());
        assert!(doubts(0, f32::MAX, f32::MIN)[0].contains("no samples"));
        assert!(doubts(10, 0.5, 0.5)[0].starts_with("all scores are 0.5000"));
        assert!(doubts(10, 0.0, 0.004)[0].starts_with("all scores are below 0.01"));
        assert!(doubts(10, 0.995, 0.9999)[0].starts_with("all scores are above 0.99"));
    }
}
