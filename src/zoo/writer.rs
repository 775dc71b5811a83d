//! Layers that all networks of the family are made of, written as ONNX nodes. Two layouts occur: *maps* `[batch, channel, frequency, time]`
//! and *rows* `[batch, time, feature]`.

use super::ZooError;
use super::weights::Weights;
use crate::onnx::builder::{float, int, ints};
use crate::onnx::{GraphBuilder, Value};

/// What batch normalisation adds to a variance.
const BATCH_NORM_EPSILON: f64 = 1e-3;
/// What layer normalisation adds to a variance.
const LAYER_NORM_EPSILON: f32 = 1e-5;
/// The least norm that is divided by.
const LEAST_NORM: f32 = 1e-12;

/// A graph that is being written, and where its weights come from.
pub(super) struct Writer<'w> {
    pub graph: GraphBuilder,
    pub weights: &'w mut dyn Weights,
}

/// What follows a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activation {
    None,
    Relu,
    HardSwish,
}

/// A convolution over maps, square and padded so that a stride of 1 keeps the size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Convolution {
    pub input: usize,
    pub output: usize,
    pub kernel: usize,
    pub strides: [usize; 2],
    /// One filter a channel.
    pub is_depthwise: bool,
}

impl Convolution {
    pub fn pointwise(input: usize, output: usize) -> Self {
        Self { input, output, kernel: 1, strides: [1, 1], is_depthwise: false }
    }

    fn shape(self) -> [usize; 4] {
        let inputs = if self.is_depthwise { 1 } else { self.input };
        [self.output, inputs, self.kernel, self.kernel]
    }
}

impl Writer<'_> {
    /// The values of a tensor of the network.
    pub fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, ZooError> {
        self.weights.get(name, shape).map(std::borrow::Cow::into_owned)
    }

    /// A convolution without bias and the batch normalisation after it, as one node, then the activation.
    pub fn convolution(
        &mut self,
        maps: &Value,
        name: &str,
        convolution: Convolution,
        activation: Activation,
    ) -> Result<Value, ZooError> {
        let shape = convolution.shape();
        let mut weight = self.tensor(&format!("{name}.0.weight"), &shape)?;
        let [scale, bias] = self.batch_norm(&format!("{name}.1"), convolution.output)?;
        let filter_len = shape[1..].iter().product::<usize>().max(1);
        for (filter, scale) in weight.chunks_exact_mut(filter_len).zip(&scale) {
            filter.iter_mut().for_each(|value| *value = (f64::from(*value) * scale) as f32);
        }
        let bias: Vec<f32> = bias.iter().map(|&value| value as f32).collect();
        let made = self.graph.scoped(name, |graph| {
            let weight = graph.floats("weight", &shape, &weight);
            let bias = graph.floats("bias", &[convolution.output], &bias);
            let padding = (convolution.kernel / 2) as i64;
            let attributes = vec![
                ints("kernel_shape", &[convolution.kernel as i64; 2]),
                ints("strides", &convolution.strides.map(|stride| stride as i64)),
                ints("pads", &[padding; 4]),
                int("group", if convolution.is_depthwise { convolution.input as i64 } else { 1 }),
            ];
            graph.node("Conv", &[maps, &weight, &bias], attributes)
        });
        Ok(self.activation(&made, activation))
    }

    /// What the normalisation multiplies by and then adds.
    fn batch_norm(&mut self, name: &str, channels: usize) -> Result<[Vec<f64>; 2], ZooError> {
        let mut part = |part: &str| self.tensor(&format!("{name}.{part}"), &[channels]);
        let (gamma, beta, mean, variance) =
            (part("weight")?, part("bias")?, part("running_mean")?, part("running_var")?);
        let scale: Vec<f64> = gamma
            .iter()
            .zip(&variance)
            .map(|(&gamma, &variance)| f64::from(gamma) / (f64::from(variance).max(0.0) + BATCH_NORM_EPSILON).sqrt())
            .collect();
        let offset = beta.iter().zip(&mean).zip(&scale);
        let bias = offset.map(|((&beta, &mean), &scale)| f64::from(beta) - f64::from(mean) * scale).collect();
        Ok([scale, bias])
    }

    pub fn activation(&mut self, input: &Value, activation: Activation) -> Value {
        match activation {
            Activation::None => input.clone(),
            Activation::Relu => self.graph.node("Relu", &[input], vec![]),
            Activation::HardSwish => self.graph.node("HardSwish", &[input], vec![]),
        }
    }

    /// A linear layer over the channels of maps: a pointwise convolution. `name` has `weight` and `bias`.
    pub fn linear_maps(&mut self, maps: &Value, name: &str, input: usize, output: usize) -> Result<Value, ZooError> {
        let weight = self.tensor(&format!("{name}.weight"), &[output, input])?;
        let bias = self.tensor(&format!("{name}.bias"), &[output])?;
        Ok(self.graph.scoped(name, |graph| {
            let weight = graph.floats("weight", &[output, input, 1, 1], &weight);
            let bias = graph.floats("bias", &[output], &bias);
            graph.node("Conv", &[maps, &weight, &bias], vec![ints("kernel_shape", &[1, 1])])
        }))
    }

    /// A linear layer over the features of rows: `name` has `weight` and `bias`.
    pub fn linear_rows(&mut self, rows: &Value, name: &str, input: usize, output: usize) -> Result<Value, ZooError> {
        let weight = self.tensor(&format!("{name}.weight"), &[output, input])?;
        let bias = self.tensor(&format!("{name}.bias"), &[output])?;
        Ok(self.affine(rows, name, &weight, &bias, output))
    }

    /// Rows times the transpose of `weight` (`[output, input]`), plus `bias` unless that is empty.
    pub fn affine(&mut self, rows: &Value, name: &str, weight: &[f32], bias: &[f32], output: usize) -> Value {
        let input = weight.len() / output.max(1);
        self.graph.scoped(name, |graph| {
            let weight = graph.floats("weight", &[input, output], &transposed(weight, input));
            let product = graph.node("MatMul", &[rows, &weight], vec![]);
            if bias.is_empty() {
                return product;
            }
            let bias = graph.floats("bias", &[output], bias);
            graph.node("Add", &[&product, &bias], vec![])
        })
    }

    /// Layer normalisation over the last axis.
    pub fn layer_norm(&mut self, rows: &Value, name: &str, dim: usize) -> Result<Value, ZooError> {
        let scale = self.tensor(&format!("{name}.weight"), &[dim])?;
        let bias = self.tensor(&format!("{name}.bias"), &[dim])?;
        Ok(self.graph.scoped(name, |graph| {
            let scale = graph.floats("scale", &[dim], &scale);
            let bias = graph.floats("bias", &[dim], &bias);
            let attributes = vec![int("axis", -1), float("epsilon", LAYER_NORM_EPSILON)];
            graph.node("LayerNormalization", &[rows, &scale, &bias], attributes)
        }))
    }

    /// The reference's root-mean-square norm, `γ · √dim · x / max(‖x‖, 1e-12)`, over the last axis of `dim` features.
    pub fn rms_norm(&mut self, rows: &Value, name: &str, dim: usize) -> Result<Value, ZooError> {
        let gamma = self.tensor(&format!("{name}.gamma"), &[dim])?;
        Ok(self.rms_norm_by(rows, name, &gamma))
    }

    /// The same with `gamma` given, and the features of the last axis as many as it has.
    pub fn rms_norm_by(&mut self, rows: &Value, name: &str, gamma: &[f32]) -> Value {
        let dim = gamma.len();
        self.graph.scoped(name, |graph| {
            let scale = graph.floats("scale", &[dim], gamma);
            // The operator adds to the mean of squares what the reference takes as the least norm.
            let epsilon = LEAST_NORM * LEAST_NORM / dim as f32;
            graph.node("RMSNormalization", &[rows, &scale], vec![int("axis", -1), float("epsilon", epsilon)])
        })
    }

    /// Maps of one frequency as rows.
    pub fn rows_of_maps(&mut self, maps: &Value) -> Value {
        let axis = self.graph.integers("frequency axis", &[2]);
        let squeezed = self.graph.node("Squeeze", &[maps, &axis], vec![]);
        self.graph.node("Transpose", &[&squeezed], vec![ints("perm", &[0, 2, 1])])
    }

    /// The value in another shape: 0 keeps a size, −1 is what is left.
    pub fn reshaped(&mut self, value: &Value, shape: &[i64]) -> Value {
        let shape = self.graph.integers("shape", shape);
        self.graph.node("Reshape", &[value, &shape], vec![])
    }

    pub fn transposed(&mut self, value: &Value, order: &[i64]) -> Value {
        self.graph.node("Transpose", &[value], vec![ints("perm", order)])
    }

    pub fn add(&mut self, a: &Value, b: &Value) -> Value {
        self.graph.node("Add", &[a, b], vec![])
    }

    pub fn mul(&mut self, a: &Value, b: &Value) -> Value {
        self.graph.node("Mul", &[a, b], vec![])
    }

    pub fn mat_mul(&mut self, a: &Value, b: &Value) -> Value {
        self.graph.node("MatMul", &[a, b], vec![])
    }
}

/// A matrix with its axes exchanged; `columns` are those of `matrix`.
pub(super) fn transposed(matrix: &[f32], columns: usize) -> Vec<f32> {
    let rows = matrix.len() / columns.max(1);
    (0..columns).flat_map(|column| (0..rows).map(move |row| matrix[row * columns + column])).collect()
}
