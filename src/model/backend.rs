//! The one thing a runtime must do for a model. Knows neither manifests nor recordings.

use super::manifest::Activation;
use crate::dsp::elementary;

/// What a network gave.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NetworkOutput {
    /// Row-major.
    pub values: Vec<f32>,
    /// Its dimensions.
    pub shape: Vec<usize>,
}

impl NetworkOutput {
    /// The scores `[row × class]`, 0 to 1, if the output has that shape and holds numbers.
    pub fn into_scores(self, rows: usize, classes: usize, activation: Activation) -> Result<Vec<f32>, String> {
        let fits = self.shape.last() == Some(&classes) && self.values.len() == rows * classes;
        if !fits {
            return Err(format!("the output has the shape {:?}, expected {rows} × {classes} scores", self.shape));
        }
        let mut scores = self.values;
        if activation == Activation::Sigmoid {
            elementary::logistic(&mut scores);
        }
        let is_score = |score: f32| (-0.001..=1.001).contains(&score);
        // All are looked at, which needs no branch a score; only what is wrong is looked for.
        if scores.iter().fold(true, |all, &score| all & is_score(score)) {
            return Ok(scores);
        }
        let found = scores.iter().find(|&&score| !is_score(score)).copied().unwrap_or(f32::NAN);
        Err(format!("the output holds {found}, expected scores of 0 to 1"))
    }
}

/// A network that is ready to run on one thread.
pub(super) trait Backend: Send {
    /// Runs the network on `input`, row-major of `shape`; the error is the runtime's own reason.
    fn run(&mut self, input: &[f32], shape: &[usize]) -> Result<NetworkOutput, String>;
}

/// Which network to open and how.
#[derive(Clone, Copy)]
pub(super) struct NetworkSource<'a> {
    /// The ONNX file's content.
    pub onnx: &'a [u8],
    /// Name of the input that takes features.
    pub input: &'a str,
    /// Name of the output that gives scores.
    pub output: &'a str,
}
