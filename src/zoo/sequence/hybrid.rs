//! A bidirectional minimal GRU and softmax attention side by side, each normalised by head, their mean projected; then a feed-forward layer.
//!
//! The recurrence `h[t] = (1 − z[t]) · h[t−1] + z[t] · g[t]` is computed by doubling: after step k each row holds what the 2^k rows up to it
//! make of a state before them. All factors are between 0 and 1, so that nothing is lost in 32 bits, where the form of the reference in
//! logarithms loses digits and is often exported wrongly.

use super::attention::{attention, split};
use super::{RowCount, Sequence, Value, Writer, ZooError};
use crate::onnx::GraphBuilder;
use crate::onnx::builder::int;

impl Writer<'_> {
    pub(super) fn hybrid(&mut self, rows: &Value, sequence: &Sequence, count: RowCount) -> Result<Value, ZooError> {
        let RowCount::Fixed(count) = count else {
            return Err(ZooError::Setting {
                what: "time axis of a hybrid network".to_owned(),
                found: "open".to_owned(),
                expected: "a fixed number of frames: its recurrence is unrolled".to_owned(),
            });
        };
        let dim = sequence.dim;
        let mut rows = rows.clone();
        for layer in 0..sequence.layers {
            let name = format!("seq_model.1.layers.{layer}");
            let normed = self.rms_norm(&rows, &format!("{name}.0"), dim)?;
            let mixed = self.mixed(&normed, &format!("{name}.1"), sequence, count)?;
            rows = self.add(&rows, &mixed);
            let normed = self.rms_norm(&rows, &format!("{name}.2"), dim)?;
            let fed = self.feed_forward(&normed, &format!("{name}.3.0"), &format!("{name}.3.2"), dim)?;
            rows = self.add(&rows, &fed);
        }
        self.rms_norm(&rows, "seq_model.1.norm", dim)
    }

    /// Recurrence and attention over the same rows.
    fn mixed(&mut self, rows: &Value, name: &str, sequence: &Sequence, count: usize) -> Result<Value, ZooError> {
        let Sequence { dim, heads, .. } = *sequence;
        let head_dim = dim / heads;
        // Queries, keys, values, and candidate and gate of both directions in one multiplication.
        let mut weight = self.tensor(&format!("{name}.to_qkv.weight"), &[3 * dim, dim])?;
        for direction in ["forward", "backward"] {
            let part = format!("{name}.rnn.{direction}_minGRU.to_hidden_and_gate.weight");
            weight.extend(self.tensor(&part, &[2 * dim, dim])?);
        }
        let join = self.tensor(&format!("{name}.rnn.to_out.weight"), &[dim, 2 * dim])?;
        let out = self.tensor(&format!("{name}.to_out.weight"), &[dim, dim])?;
        let norms = [format!("{name}.rnn_out_norm"), format!("{name}.attn_out_norm")];
        let [recurrent_gamma, attended_gamma] =
            [self.halved_gamma(&norms[0], head_dim)?, self.halved_gamma(&norms[1], head_dim)?];
        let all = self.affine(rows, &format!("{name}.to_qkv"), &weight, &[], 7 * dim);
        let (attended, both) = self.graph.scoped(name, |graph| {
            let [q, k, v, forward, forward_gate, backward, backward_gate] = split(graph, &all, [dim; 7]);
            let attended = attention(graph, [&q, &k, &v], heads, head_dim);
            let forward = min_gru(graph, &forward, &forward_gate, count, Direction::Forward);
            let backward = min_gru(graph, &backward, &backward_gate, count, Direction::Backward);
            (attended, graph.node("Concat", &[&forward, &backward], vec![int("axis", -1)]))
        });
        let recurrent = self.affine(&both, &format!("{name}.rnn.to_out"), &join, &[], dim);
        let by_head = [0, 0, heads as i64, head_dim as i64];
        let recurrent = self.reshaped(&recurrent, &by_head);
        let recurrent = self.rms_norm_by(&recurrent, &norms[0], &recurrent_gamma);
        let attended = self.reshaped(&attended, &by_head);
        let attended = self.rms_norm_by(&attended, &norms[1], &attended_gamma);
        let sum = self.add(&recurrent, &attended);
        let joined = self.reshaped(&sum, &[0, 0, dim as i64]);
        Ok(self.affine(&joined, &format!("{name}.to_out"), &out, &[], dim))
    }

    /// Half of a norm's scale: the two are averaged.
    fn halved_gamma(&mut self, name: &str, head_dim: usize) -> Result<Vec<f32>, ZooError> {
        let gamma = self.tensor(&format!("{name}.gamma"), &[head_dim])?;
        Ok(gamma.iter().map(|value| 0.5 * value).collect())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Forward,
    Backward,
}

/// The minimal GRU's states `[batch, row, feature]`; the backward one goes from the last row to the first.
fn min_gru(graph: &mut GraphBuilder, hidden: &Value, gate: &Value, count: usize, direction: Direction) -> Value {
    // g(v) = v + 0.5 for v ≥ 0, else σ(v); that is max(v, 0) + σ(min(v, 0)).
    let above = graph.node("Relu", &[hidden], vec![]);
    let zero = graph.scalar("zero", 0.0);
    let below = graph.node("Min", &[hidden, &zero], vec![]);
    let below = graph.node("Sigmoid", &[&below], vec![]);
    let candidate = graph.node("Add", &[&above, &below], vec![]);
    let update = graph.node("Sigmoid", &[gate], vec![]);
    // 1 − σ(x) = σ(−x), without the loss of digits where σ(x) is near 1.
    let gate = graph.node("Neg", &[gate], vec![]);
    let mut keep = graph.node("Sigmoid", &[&gate], vec![]);
    let mut state = graph.node("Mul", &[&update, &candidate], vec![]);
    let mut distance = 1;
    while distance < count {
        let earlier = shifted(graph, &state, count, distance, direction);
        let carried = graph.node("Mul", &[&keep, &earlier], vec![]);
        state = graph.node("Add", &[&state, &carried], vec![]);
        distance *= 2;
        if distance < count {
            let earlier = shifted(graph, &keep, count, distance / 2, direction);
            keep = graph.node("Mul", &[&keep, &earlier], vec![]);
        }
    }
    state
}

/// Row `t` gets what row `t − distance` (forward) or `t + distance` (backward) holds, and zeros where there is none.
fn shifted(graph: &mut GraphBuilder, rows: &Value, count: usize, distance: usize, direction: Direction) -> Value {
    let (first, after, pads) = match direction {
        Direction::Forward => (0, count - distance, [0, distance as i64, 0, 0, 0, 0]),
        Direction::Backward => (distance, count, [0, 0, 0, 0, distance as i64, 0]),
    };
    let starts = graph.integers("starts", &[first as i64]);
    let ends = graph.integers("ends", &[after as i64]);
    let axes = graph.integers("axes", &[1]);
    let kept = graph.node("Slice", &[rows, &starts, &ends, &axes], vec![]);
    let pads = graph.integers("pads", &pads);
    graph.node("Pad", &[&kept, &pads], vec![])
}
