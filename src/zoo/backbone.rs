//! The frame-wise MobileNetV3 as a graph: strides bring 128 bands to one, and four frames of the front end to one row; nothing is pooled.

use super::ZooError;
use super::architecture::{Backbone, Block, BlockNames, LINES, Line};
use super::writer::{Activation, Convolution, Writer};
use crate::onnx::Value;

impl Writer<'_> {
    /// From the front end's `[batch, 1, 128, frame]` to `[batch, channel, 1, row]`.
    pub fn backbone(&mut self, mel: &Value, backbone: &Backbone) -> Result<Value, ZooError> {
        let stem = Convolution { input: 1, output: backbone.stem, kernel: 3, strides: [2, 2], is_depthwise: false };
        let mut maps = self.convolution(mel, "features.0", stem, Activation::HardSwish)?;
        let mut input = backbone.stem;
        for (index, (line, block)) in LINES.iter().zip(&backbone.blocks).enumerate() {
            maps = self.inverted_residual(&maps, index + 1, input, line, *block)?;
            input = block.out;
        }
        let last = Convolution::pointwise(input, backbone.channels);
        self.convolution(&maps, "features.16", last, Activation::HardSwish)
    }

    fn inverted_residual(
        &mut self,
        maps: &Value,
        layer: usize,
        input: usize,
        line: &Line,
        block: Block,
    ) -> Result<Value, ZooError> {
        let activation = if line.is_hard_swish { Activation::HardSwish } else { Activation::Relu };
        // The published networks leave the expansion out where it would change no number of channels.
        let names = BlockNames::of(layer, block.expanded != input, line.has_squeeze);
        let mut inside = maps.clone();
        if names.has_expansion {
            let expand = Convolution::pointwise(input, block.expanded);
            inside = self.convolution(&inside, &names.expand, expand, activation)?;
        }
        let depthwise = Convolution {
            input: block.expanded,
            output: block.expanded,
            kernel: line.kernel,
            strides: line.strides,
            is_depthwise: true,
        };
        inside = self.convolution(&inside, &names.depthwise, depthwise, activation)?;
        if line.has_squeeze {
            inside = self.squeeze_excitation(&inside, &names.squeeze, block)?;
        }
        let project = Convolution::pointwise(block.expanded, block.out);
        let projected = self.convolution(&inside, &names.project, project, Activation::None)?;
        let is_residual = line.strides == [1, 1] && input == block.out;
        Ok(if is_residual { self.add(&projected, maps) } else { projected })
    }

    /// Scales each channel by a gate that sees the means of all, over the whole clip.
    fn squeeze_excitation(&mut self, maps: &Value, name: &str, block: Block) -> Result<Value, ZooError> {
        let mean = self.graph.node("GlobalAveragePool", &[maps], vec![]);
        let squeezed = self.linear_maps(&mean, &format!("{name}.fc1"), block.expanded, block.squeeze)?;
        let squeezed = self.activation(&squeezed, Activation::Relu);
        let excited = self.linear_maps(&squeezed, &format!("{name}.fc2"), block.squeeze, block.expanded)?;
        let gate = self.graph.node("Sigmoid", &[&excited], vec![]);
        Ok(self.mul(maps, &gate))
    }

    /// Rows brought to another number, as the reference does with clips of other lengths: means where there are too many, linear
    /// interpolation where there are too few.
    pub fn adapted(&mut self, maps: &Value, from: usize, to: usize) -> Value {
        if from == to {
            return maps.clone();
        }
        let matrix = self.graph.floats("row adaptation", &[from, to], &adaptation(from, to));
        self.mat_mul(maps, &matrix)
    }
}

/// The matrix `[from × to]` by which rows are averaged or interpolated.
fn adaptation(from: usize, to: usize) -> Vec<f32> {
    let mut matrix = vec![0.0; from * to];
    for row in 0..to {
        if from > to {
            let (first, after) = (row * from / to, ((row + 1) * from).div_ceil(to));
            for source in first..after {
                matrix[source * to + row] = 1.0 / (after - first) as f32;
            }
        } else {
            let place = ((row as f64 + 0.5) * from as f64 / to as f64 - 0.5).max(0.0);
            let first = place as usize;
            let share = (place - first as f64) as f32;
            matrix[first * to + row] += 1.0 - share;
            matrix[(first + 1).min(from - 1) * to + row] += share;
        }
    }
    matrix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adapted_rows_are_means_or_lie_between() {
        let weights = |from, to, row: usize| (0..from).map(|source| adaptation(from, to)[source * to + row]).collect();
        let mean: Vec<f32> = weights(3, 2, 0);
        assert_eq!(mean, [0.5, 0.5, 0.0]);
        let between: Vec<f32> = weights(2, 4, 1);
        assert_eq!(between, [0.75, 0.25]);
        for (from, to) in [(300, 250), (75, 250), (1, 3), (251, 250)] {
            let matrix = adaptation(from, to);
            for row in 0..to {
                let sum: f32 = (0..from).map(|source| matrix[source * to + row]).sum();
                assert!((sum - 1.0).abs() < 1e-5, "{from} to {to}, row {row}");
            }
        }
    }
}
