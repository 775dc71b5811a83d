//! The one thing a runtime must do for a model. Knows neither manifests nor recordings.

use super::manifest::{Activation, OutputAxes};
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
    pub fn into_scores(
        self,
        rows: usize,
        classes: usize,
        activation: Activation,
        axes: OutputAxes,
    ) -> Result<Vec<f32>, String> {
        let class_axis = match axes {
            OutputAxes::RowMajor => self.shape.last(),
            OutputAxes::ClassMajor => self.shape.len().checked_sub(2).and_then(|axis| self.shape.get(axis)),
        };
        let fits = class_axis == Some(&classes) && self.values.len() == rows * classes;
        if !fits {
            return Err(format!("the output has the shape {:?}, expected {rows} × {classes} scores", self.shape));
        }
        let mut scores = match (axes, self.shape.last()) {
            (OutputAxes::ClassMajor, Some(&clip_rows)) => with_classes_last(&self.values, classes, clip_rows),
            _ => self.values,
        };
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

/// `[clip × class × row]` as `[clip × row × class]`.
fn with_classes_last(values: &[f32], classes: usize, rows: usize) -> Vec<f32> {
    let clips = values.chunks_exact((classes * rows).max(1));
    clips.flat_map(|clip| (0..rows).flat_map(move |row| clip[row..].iter().step_by(rows).copied())).collect()
}

/// A network that is ready to run on one thread.
pub(super) trait Backend: Send {
    /// Runs the network on `input`, row-major of `shape`; gives what each of [`NetworkSource::outputs`] gave, in their order. The error is the
    /// runtime's own reason.
    fn run_all(&mut self, input: &[f32], shape: &[usize]) -> Result<Vec<NetworkOutput>, String>;

    /// As [`Backend::run_all`], for the first output alone: the scores.
    fn run(&mut self, input: &[f32], shape: &[usize]) -> Result<NetworkOutput, String> {
        self.run_all(input, shape)?.into_iter().next().ok_or_else(|| "no output was asked for".to_owned())
    }

    /// Tells that a run failed or that its output cannot be right, and why. `true` if the network can be run in another way from now on, so that
    /// the same input is worth another try.
    fn give_up(&mut self, _reason: &str) -> bool {
        false
    }
}

/// Which network to open and how.
#[derive(Clone, Copy)]
pub(super) struct NetworkSource<'a> {
    /// The ONNX file's content.
    pub onnx: &'a [u8],
    /// Name of the input that takes features.
    pub input: &'a str,
    /// Names of the outputs that are wanted: first the one that gives scores, then any that are wanted beside it.
    pub outputs: &'a [&'a str],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_of_a_class_beside_each_other_are_brought_into_rows() {
        let output = |shape: &[usize]| NetworkOutput {
            values: (0..12).map(|n| n as f32 / 100.0).collect(),
            shape: shape.to_vec(),
        };
        let scores = |shape: &[usize]| output(shape).into_scores(6, 2, Activation::None, OutputAxes::ClassMajor);
        let expected = [0.0, 0.03, 0.01, 0.04, 0.02, 0.05, 0.06, 0.09, 0.07, 0.1, 0.08, 0.11];
        assert_eq!(scores(&[2, 2, 3]).unwrap(), expected);
        assert_eq!(scores(&[2, 6]).unwrap()[..4], [0.0, 0.06, 0.01, 0.07]);
        for wrong in [&[2, 3, 2][..], &[12], &[]] {
            assert!(scores(wrong).unwrap_err().contains("expected 6 × 2 scores"), "{wrong:?}");
        }
        assert_eq!(output(&[2, 3, 2]).into_scores(6, 2, Activation::None, OutputAxes::RowMajor).unwrap()[1], 0.01);
    }
}
