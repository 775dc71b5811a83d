//! A temporal convolutional network: residual blocks of two causal convolutions, each with twice the dilation of the one before.
//!
//! Its convolutions over time are written as ones over maps of one frequency, for which runtimes have their fastest code.

use super::{Sequence, Value, Writer, ZooError};
use crate::onnx::builder::ints;

/// Blocks of a layer; dilations are 1, 2, 4, 8, 16.
const BLOCKS: usize = 5;
const KERNEL: usize = 3;

impl Writer<'_> {
    /// Maps in, maps out.
    pub(super) fn tcn(&mut self, maps: &Value, sequence: &Sequence) -> Result<Value, ZooError> {
        let mut maps = maps.clone();
        for layer in 0..sequence.layers {
            let mut inside = maps.clone();
            for block in 0..BLOCKS {
                let name = format!("seq_model.1.layers.{layer}.network.{block}");
                inside = self.tcn_block(&inside, &name, sequence.dim, 1 << block)?;
            }
            maps = self.add(&maps, &inside);
        }
        Ok(maps)
    }

    fn tcn_block(&mut self, maps: &Value, name: &str, dim: usize, dilation: usize) -> Result<Value, ZooError> {
        let mut inside = maps.clone();
        for (part, again) in [("conv1", "net.0"), ("conv2", "net.4")] {
            // The published modules are registered twice, so that each tensor has two names.
            self.weights.alias(&format!("{name}.{again}"), &format!("{name}.{part}"));
            let convolved = self.causal(&inside, &format!("{name}.{part}"), dim, dilation)?;
            inside = self.graph.node("Relu", &[&convolved], vec![]);
        }
        let sum = self.add(&inside, maps);
        Ok(self.graph.node("Relu", &[&sum], vec![]))
    }

    /// A weight-normalised convolution that sees its own row and rows before it.
    fn causal(&mut self, maps: &Value, name: &str, dim: usize, dilation: usize) -> Result<Value, ZooError> {
        let magnitudes = self.tensor(&format!("{name}.weight_g"), &[dim, 1, 1])?;
        let mut weight = self.tensor(&format!("{name}.weight_v"), &[dim, dim, KERNEL])?;
        let bias = self.tensor(&format!("{name}.bias"), &[dim])?;
        for (filter, &magnitude) in weight.chunks_exact_mut(dim * KERNEL).zip(&magnitudes) {
            let squares: f64 = filter.iter().map(|&value| f64::from(value).powi(2)).sum();
            let scale = f64::from(magnitude) / squares.sqrt().max(f64::MIN_POSITIVE);
            filter.iter_mut().for_each(|value| *value = (f64::from(*value) * scale) as f32);
        }
        Ok(self.graph.scoped(name, |graph| {
            let weight = graph.floats("weight", &[dim, dim, 1, KERNEL], &weight);
            let bias = graph.floats("bias", &[dim], &bias);
            let before = ((KERNEL - 1) * dilation) as i64;
            let attributes = vec![
                ints("kernel_shape", &[1, KERNEL as i64]),
                ints("dilations", &[1, dilation as i64]),
                ints("pads", &[0, before, 0, 0]),
            ];
            graph.node("Conv", &[maps, &weight, &bias], attributes)
        }))
    }
}
