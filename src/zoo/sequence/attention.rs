//! Softmax attention with rotary embedding and a gate a head, alone (`attn`) or in transformer blocks (`tf`).

use super::{RowCount, Sequence, Value, Writer, ZooError};
use crate::onnx::GraphBuilder;
use crate::onnx::builder::{float, int};

/// The feed-forward layer is this many times as wide as its input.
const FEED_FORWARD: usize = 4;

/// What rotary embedding needs of every position: cosines and sines `[1, row, pair]`, or where they come from.
pub(super) struct Rotation {
    cosines: Value,
    sines: Value,
}

impl Writer<'_> {
    pub(super) fn transformer(
        &mut self,
        rows: &Value,
        sequence: &Sequence,
        count: RowCount,
    ) -> Result<Value, ZooError> {
        let mut rows = rows.clone();
        for layer in 0..sequence.layers {
            let name = format!("seq_model.1.layers.{layer}");
            let attended = self.gated_attention(&rows, &format!("{name}.0"), sequence, count)?;
            rows = self.add(&rows, &attended);
            let normed = self.rms_norm(&rows, &format!("{name}.1.net.0"), sequence.dim)?;
            let net = format!("{name}.1.net");
            let fed = self.feed_forward(&normed, &format!("{net}.1"), &format!("{net}.4"), sequence.dim)?;
            rows = self.add(&rows, &fed);
        }
        self.rms_norm(&rows, "seq_model.1.norm", sequence.dim)
    }

    pub(super) fn attention_layers(
        &mut self,
        rows: &Value,
        sequence: &Sequence,
        count: RowCount,
    ) -> Result<Value, ZooError> {
        let mut rows = rows.clone();
        for layer in 0..sequence.layers {
            let attended = self.gated_attention(&rows, &format!("seq_model.1.layers.{layer}"), sequence, count)?;
            rows = self.add(&rows, &attended);
        }
        Ok(rows)
    }

    /// Linear, GELU, linear.
    pub(super) fn feed_forward(&mut self, rows: &Value, up: &str, down: &str, dim: usize) -> Result<Value, ZooError> {
        let inside = self.linear_rows(rows, up, dim, FEED_FORWARD * dim)?;
        let inside = self.graph.node("Gelu", &[&inside], vec![]);
        self.linear_rows(&inside, down, FEED_FORWARD * dim, dim)
    }

    /// One attention layer with its norm before it, without the sum around it.
    fn gated_attention(
        &mut self,
        rows: &Value,
        name: &str,
        sequence: &Sequence,
        count: RowCount,
    ) -> Result<Value, ZooError> {
        let Sequence { dim, heads, .. } = *sequence;
        let head_dim = dim / heads;
        let normed = self.rms_norm(rows, &format!("{name}.norm"), dim)?;
        let frequencies = self.tensor(&format!("{name}.pos_encoding.freqs"), &[head_dim / 2])?;
        // Queries, keys, values and gates in one multiplication.
        let mut weight = self.tensor(&format!("{name}.to_qkv.weight"), &[3 * dim, dim])?;
        weight.extend(self.tensor(&format!("{name}.to_gates.weight"), &[heads, dim])?);
        let gate_bias = self.tensor(&format!("{name}.to_gates.bias"), &[heads])?;
        let out = self.tensor(&format!("{name}.to_out.0.weight"), &[dim, dim])?;
        let all = self.affine(&normed, &format!("{name}.to_qkv"), &weight, &[], 3 * dim + heads);
        let gated = self.graph.scoped(name, |graph| {
            let [queries, keys, values, gates] = split(graph, &all, [dim, dim, dim, heads]);
            let rotation = Rotation::new(graph, &queries, &frequencies, count);
            let queries = rotation.turned(graph, &queries, heads);
            let keys = rotation.turned(graph, &keys, heads);
            let attended = attention(graph, [&queries, &keys, &values], heads, head_dim);
            let bias = graph.floats("gate bias", &[heads], &gate_bias);
            let gates = graph.node("Add", &[&gates, &bias], vec![]);
            let gates = graph.node("Sigmoid", &[&gates], vec![]);
            let last = graph.integers("last axis", &[-1]);
            let gates = graph.node("Unsqueeze", &[&gates, &last], vec![]);
            let by_head = graph.integers("by head", &[0, 0, heads as i64, head_dim as i64]);
            let attended = graph.node("Reshape", &[&attended, &by_head], vec![]);
            let gated = graph.node("Mul", &[&attended, &gates], vec![]);
            let joined = graph.integers("joined", &[0, 0, dim as i64]);
            graph.node("Reshape", &[&gated, &joined], vec![])
        });
        Ok(self.affine(&gated, &format!("{name}.to_out"), &out, &[], dim))
    }
}

/// The features of rows in `N` parts.
pub(super) fn split<const N: usize>(graph: &mut GraphBuilder, rows: &Value, sizes: [usize; N]) -> [Value; N] {
    let sizes = graph.integers("sizes", &sizes.map(|size| size as i64));
    graph.node_of("Split", &[rows, &sizes], vec![int("axis", -1)])
}

/// `softmax(q kᵀ / √head_dim) v` by head, over rows whose features are head after head.
pub(super) fn attention(graph: &mut GraphBuilder, qkv: [&Value; 3], heads: usize, head_dim: usize) -> Value {
    let attributes = vec![
        int("q_num_heads", heads as i64),
        int("kv_num_heads", heads as i64),
        float("scale", 1.0 / (head_dim as f32).sqrt()),
    ];
    graph.node("Attention", &qkv, attributes)
}

impl Rotation {
    /// Position `t` turns pair `j` by `t · frequencies[j]`.
    fn new(graph: &mut GraphBuilder, rows: &Value, frequencies: &[f32], count: RowCount) -> Self {
        let pairs = frequencies.len();
        let batch = size_of(graph, rows, 0);
        let [cosines, sines] = match count {
            RowCount::Fixed(count) => {
                let table = |turn: fn(f64) -> f64| -> Vec<f32> {
                    let angle = |row: usize, frequency: f32| row as f64 * f64::from(frequency);
                    (0..count).flat_map(|row| frequencies.iter().map(move |&f| turn(angle(row, f)) as f32)).collect()
                };
                let shape = [1, count, pairs];
                [graph.floats("cosines", &shape, &table(f64::cos)), graph.floats("sines", &shape, &table(f64::sin))]
            }
            RowCount::Open => {
                let frequencies = graph.floats("frequencies", &[1, 1, pairs], frequencies);
                let positions = positions(graph, rows);
                let angles = graph.node("Mul", &[&positions, &frequencies], vec![]);
                [graph.node("Cos", &[&angles], vec![]), graph.node("Sin", &[&angles], vec![])]
            }
        };
        // The operator wants them for every clip of the batch.
        let ones = graph.integers("one of each", &[1, 1]);
        let shape = graph.node("Concat", &[&batch, &ones], vec![int("axis", 0)]);
        let cosines = graph.node("Expand", &[&cosines, &shape], vec![]);
        let sines = graph.node("Expand", &[&sines, &shape], vec![]);
        Self { cosines, sines }
    }

    fn turned(&self, graph: &mut GraphBuilder, rows: &Value, heads: usize) -> Value {
        let attributes = vec![int("interleaved", 1), int("num_heads", heads as i64)];
        graph.node("RotaryEmbedding", &[rows, &self.cosines, &self.sines], attributes)
    }
}

/// One size of a value, as a vector of one.
pub(super) fn size_of(graph: &mut GraphBuilder, value: &Value, axis: i64) -> Value {
    graph.node("Shape", &[value], vec![int("start", axis), int("end", axis + 1)])
}

/// `0, 1, 2, …` for each row, `[1, row, 1]`, as floats.
fn positions(graph: &mut GraphBuilder, rows: &Value) -> Value {
    let count = size_of(graph, rows, 1);
    let count = graph.node("Squeeze", &[&count], vec![]);
    let count = graph.node("Cast", &[&count], vec![int("to", 1)]);
    let (zero, one) = (graph.scalar("zero", 0.0), graph.scalar("one", 1.0));
    let range = graph.node("Range", &[&zero, &count, &one], vec![]);
    let axes = graph.integers("axes", &[0, 2]);
    graph.node("Unsqueeze", &[&range, &axes], vec![])
}
