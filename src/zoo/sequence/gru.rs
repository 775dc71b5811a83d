//! A bidirectional gated recurrent unit straight on the backbone's channels, as ONNX's own operator.

use super::{Sequence, Value, Writer, ZooError};
use crate::onnx::builder::{int, ints, text};

/// Forward, then backward.
const DIRECTIONS: [&str; 2] = ["", "_reverse"];

impl Writer<'_> {
    pub(super) fn gru(&mut self, maps: &Value, channels: usize, sequence: &Sequence) -> Result<Value, ZooError> {
        let axis = self.graph.integers("frequency axis", &[2]);
        let squeezed = self.graph.node("Squeeze", &[maps, &axis], vec![]);
        // The operator takes time first.
        let mut steps = self.transposed(&squeezed, &[2, 0, 1]);
        let mut input = channels;
        for layer in 0..sequence.layers {
            steps = self.gru_layer(&steps, layer, input, sequence.dim)?;
            input = 2 * sequence.dim;
        }
        Ok(self.transposed(&steps, &[1, 0, 2]))
    }

    /// From `[row, batch, input]` to `[row, batch, 2 · hidden]`, forward before backward.
    fn gru_layer(&mut self, steps: &Value, layer: usize, input: usize, hidden: usize) -> Result<Value, ZooError> {
        let (mut input_weights, mut hidden_weights, mut biases) = (Vec::new(), Vec::new(), Vec::new());
        for direction in DIRECTIONS {
            let mut part = |part: &str, shape: &[usize]| {
                let name = format!("seq_model.0.gru.{part}_l{layer}{direction}");
                let values = self.tensor(&name, shape)?;
                Ok::<_, ZooError>(update_first(&values, hidden))
            };
            input_weights.extend(part("weight_ih", &[3 * hidden, input])?);
            hidden_weights.extend(part("weight_hh", &[3 * hidden, hidden])?);
            biases.extend(part("bias_ih", &[3 * hidden])?);
            biases.extend(part("bias_hh", &[3 * hidden])?);
        }
        let output = self.graph.scoped(&format!("seq_model.0.gru.{layer}"), |graph| {
            let input_weights = graph.floats("W", &[2, 3 * hidden, input], &input_weights);
            let hidden_weights = graph.floats("R", &[2, 3 * hidden, hidden], &hidden_weights);
            let biases = graph.floats("B", &[2, 6 * hidden], &biases);
            let attributes = vec![
                text("direction", "bidirectional"),
                int("hidden_size", hidden as i64),
                // PyTorch's candidate has its reset gate after the multiplication.
                int("linear_before_reset", 1),
            ];
            graph.node("GRU", &[steps, &input_weights, &hidden_weights, &biases], attributes)
        });
        let by_step = self.graph.node("Transpose", &[&output], vec![ints("perm", &[0, 2, 1, 3])]);
        Ok(self.reshaped(&by_step, &[0, 0, 2 * hidden as i64]))
    }
}

/// Gates in the order update, reset, candidate, which ONNX wants, from PyTorch's reset, update, candidate.
fn update_first(values: &[f32], hidden: usize) -> Vec<f32> {
    let gate = values.len() / 3;
    debug_assert!(hidden == 0 || gate.is_multiple_of(hidden));
    let (reset, rest) = values.split_at(gate);
    let (update, candidate) = rest.split_at(gate);
    [update, reset, candidate].concat()
}
