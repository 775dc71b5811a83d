//! Mamba-2, a selective state space, in its chunked form (state-space duality, Dao and Gu 2024): within a stretch of rows it is attention
//! with decays for weights, and only one state a stretch is carried on. The same as the recurrence, row by row, but in matrix products.

use super::attention::{size_of, split};
use super::{RowCount, Sequence, Value, Writer, ZooError};
use crate::onnx::GraphBuilder;
use crate::onnx::builder::{int, ints};
use crate::zoo::StateSpace;

/// Rows of a stretch: clips of ten seconds have 250 rows, so that five stretches need no padding.
const STRETCH: usize = 50;
/// Rows that the convolution sees.
const KERNEL: usize = 3;
/// Exponentials of this are 0, and it is a number in every float format.
const NEVER: f32 = -1e9;

/// Sizes of a layer.
#[derive(Clone, Copy)]
struct Sizes {
    inner: usize,
    states: usize,
    heads: usize,
}

impl Sizes {
    fn head_dim(self) -> usize {
        self.inner / self.heads
    }

    /// Channels that are convolved: inputs, and the vectors B and C.
    fn convolved(self) -> usize {
        self.inner + 2 * self.states
    }
}

/// What the state space takes, all `[batch, row, …]`: inputs `[…, head · head_dim]`, B and C `[…, state]`, steps `[…, head]`.
struct Inputs {
    x: Value,
    b: Value,
    c: Value,
    steps: Value,
}

impl Writer<'_> {
    pub(super) fn mamba(&mut self, rows: &Value, sequence: &Sequence, count: RowCount) -> Result<Value, ZooError> {
        let missing =
            || ZooError::Missing { name: "seq_model.2".to_owned(), expected: "the sizes of Mamba-2".to_owned() };
        let StateSpace { states, inner } = sequence.state_space.ok_or_else(missing)?;
        let sizes = Sizes { inner, states, heads: sequence.heads };
        let mut rows = self.layer_norm(rows, "seq_model.1", sequence.dim)?;
        for layer in 0..sequence.layers {
            let name = format!("seq_model.2.layers.{layer}");
            let mixed = self.mixer(&rows, &format!("{name}.0"), sequence.dim, sizes, count)?;
            let normed = self.layer_norm(&mixed, &format!("{name}.1"), sequence.dim)?;
            rows = self.add(&rows, &normed);
        }
        Ok(rows)
    }

    fn mixer(
        &mut self,
        rows: &Value,
        name: &str,
        dim: usize,
        sizes: Sizes,
        count: RowCount,
    ) -> Result<Value, ZooError> {
        let Sizes { inner, states, heads } = sizes;
        let weight = self.tensor(&format!("{name}.in_proj.weight"), &[inner + sizes.convolved() + heads, dim])?;
        let step_bias = self.tensor(&format!("{name}.dt_bias"), &[heads])?;
        let decay = self.tensor(&format!("{name}.A_log"), &[heads])?;
        let skip = self.tensor(&format!("{name}.D"), &[heads])?;
        let out = self.tensor(&format!("{name}.out_proj.weight"), &[dim, inner])?;
        let all = self.affine(rows, &format!("{name}.in_proj"), &weight, &[], inner + sizes.convolved() + heads);
        let [gate, convolved, steps] =
            self.graph.scoped(name, |graph| split(graph, &all, [inner, sizes.convolved(), heads]));
        let convolved = self.causal_depthwise(&convolved, &format!("{name}.conv1d"), sizes.convolved())?;
        let gated = self.graph.scoped(name, |graph| {
            let [x, b, c] = split(graph, &convolved, [inner, states, states]);
            let bias = graph.floats("dt_bias", &[heads], &step_bias);
            let steps = graph.node("Add", &[&steps, &bias], vec![]);
            let steps = graph.node("Softplus", &[&steps], vec![]);
            let inputs = Inputs { x, b, c, steps };
            let rates: Vec<f32> = decay.iter().map(|&log| -log.exp()).collect();
            let y = state_space(graph, &inputs, &rates, sizes, count);
            let skip: Vec<f32> = skip.iter().flat_map(|&d| std::iter::repeat_n(d, sizes.head_dim())).collect();
            let skip = graph.floats("D", &[inner], &skip);
            let skipped = graph.node("Mul", &[&inputs.x, &skip], vec![]);
            let y = graph.node("Add", &[&y, &skipped], vec![]);
            let gate = silu(graph, &gate);
            graph.node("Mul", &[&y, &gate], vec![])
        });
        Ok(self.affine(&gated, &format!("{name}.out_proj"), &out, &[], dim))
    }

    /// A depthwise convolution over a row and the two before it, then x · σ(x).
    fn causal_depthwise(&mut self, rows: &Value, name: &str, channels: usize) -> Result<Value, ZooError> {
        let weight = self.tensor(&format!("{name}.weight"), &[channels, 1, KERNEL])?;
        let bias = self.tensor(&format!("{name}.bias"), &[channels])?;
        Ok(self.graph.scoped(name, |graph| {
            let axis = graph.integers("frequency axis", &[2]);
            let maps = graph.node("Transpose", &[rows], vec![ints("perm", &[0, 2, 1])]);
            let maps = graph.node("Unsqueeze", &[&maps, &axis], vec![]);
            let weight = graph.floats("weight", &[channels, 1, 1, KERNEL], &weight);
            let bias = graph.floats("bias", &[channels], &bias);
            let attributes = vec![
                ints("kernel_shape", &[1, KERNEL as i64]),
                ints("pads", &[0, KERNEL as i64 - 1, 0, 0]),
                int("group", channels as i64),
            ];
            let maps = graph.node("Conv", &[&maps, &weight, &bias], attributes);
            let maps = silu(graph, &maps);
            let maps = graph.node("Squeeze", &[&maps, &axis], vec![]);
            graph.node("Transpose", &[&maps], vec![ints("perm", &[0, 2, 1])])
        }))
    }
}

fn silu(graph: &mut GraphBuilder, value: &Value) -> Value {
    let gate = graph.node("Sigmoid", &[value], vec![]);
    graph.node("Mul", &[value, &gate], vec![])
}

/// `S[t] = exp(rate · step[t]) · S[t−1] + step[t] · x[t] ⊗ B[t]`, `y[t] = S[t] C[t]`, from `S = 0`; gives y, `[batch, row, inner]`.
fn state_space(graph: &mut GraphBuilder, inputs: &Inputs, rates: &[f32], sizes: Sizes, count: RowCount) -> Value {
    let Sizes { inner, states, heads } = sizes;
    let (stretch, head_dim) = (STRETCH as i64, sizes.head_dim() as i64);
    // Rows after the last have step 0, so that they change no state.
    let [x, b, c, steps] = [&inputs.x, &inputs.b, &inputs.c, &inputs.steps].map(|rows| padded(graph, rows, count));
    // [batch, stretch, head or 1, row, …]
    let x = reshaped(graph, &x, &[0, -1, stretch, heads as i64, head_dim]);
    let x = graph.node("Transpose", &[&x], vec![ints("perm", &[0, 1, 3, 2, 4])]);
    let [b, c] = [&b, &c].map(|rows| reshaped(graph, rows, &[0, -1, 1, stretch, states as i64]));
    let steps = reshaped(graph, &steps, &[0, -1, stretch, heads as i64]);
    let steps = graph.node("Transpose", &[&steps], vec![ints("perm", &[0, 1, 3, 2])]);
    let rates = graph.floats("rates", &[heads, 1], rates);
    let decays = graph.node("Mul", &[&steps, &rates], vec![]);
    let row_axis = graph.integers("row axis", &[3]);
    let sums = graph.node("CumSum", &[&decays, &row_axis], vec![]);
    let sums_down = unsqueezed(graph, &sums, 4);
    let steps = unsqueezed(graph, &steps, 4);
    let moved = graph.node("Mul", &[&x, &steps], vec![]);

    let near = within_stretch(graph, [&b, &c, &moved], &sums, &sums_down);
    let far = from_before(graph, [&b, &c, &moved], &sums, &sums_down);
    let y = graph.node("Add", &[&near, &far], vec![]);
    let y = graph.node("Transpose", &[&y], vec![ints("perm", &[0, 1, 3, 2, 4])]);
    // All stretches again in one axis; [batch, row, head, head_dim] as [batch, row, inner].
    let batch = size_of(graph, &inputs.x, 0);
    let rest = graph.integers("rest", &[-1, inner as i64]);
    let shape = graph.node("Concat", &[&batch, &rest], vec![int("axis", 0)]);
    let y = graph.node("Reshape", &[&y, &shape], vec![]);
    cut(graph, &y, &inputs.x, count)
}

/// What rows get from rows of their own stretch: `(C Bᵀ ∘ decay) · moved`.
fn within_stretch(graph: &mut GraphBuilder, [b, c, moved]: [&Value; 3], sums: &Value, sums_down: &Value) -> Value {
    let sums_across = unsqueezed(graph, sums, 3);
    let since = graph.node("Sub", &[sums_down, &sums_across], vec![]);
    let mask: Vec<f32> =
        (0..STRETCH * STRETCH).map(|at| if at % STRETCH > at / STRETCH { NEVER } else { 0.0 }).collect();
    let mask = graph.floats("causal", &[STRETCH, STRETCH], &mask);
    let since = graph.node("Add", &[&since, &mask], vec![]);
    let decay = graph.node("Exp", &[&since], vec![]);
    let b_across = graph.node("Transpose", &[b], vec![ints("perm", &[0, 1, 2, 4, 3])]);
    let likeness = graph.node("MatMul", &[c, &b_across], vec![]);
    let weights = graph.node("Mul", &[&likeness, &decay], vec![]);
    graph.node("MatMul", &[&weights, moved], vec![])
}

/// What rows get from the stretches before their own, through one state a stretch.
fn from_before(graph: &mut GraphBuilder, [b, c, moved]: [&Value; 3], sums: &Value, sums_down: &Value) -> Value {
    // What each stretch adds to the state by its end: [batch, stretch, head, state, head_dim].
    let last = slice(graph, sums_down, STRETCH as i64 - 1, STRETCH as i64, 3);
    let until_end = graph.node("Sub", &[&last, sums_down], vec![]);
    let until_end = graph.node("Exp", &[&until_end], vec![]);
    let kept = graph.node("Mul", &[moved, &until_end], vec![]);
    let b_across = graph.node("Transpose", &[b], vec![ints("perm", &[0, 1, 2, 4, 3])]);
    let added = graph.node("MatMul", &[&b_across, &kept], vec![]);
    // The state before stretch k is the sum over earlier ones j of exp(decays from the end of j to the start of k) · added[j].
    let totals = slice(graph, sums, STRETCH as i64 - 1, STRETCH as i64, 3);
    let totals = graph.node("Transpose", &[&totals], vec![ints("perm", &[0, 2, 1, 3])]);
    let stretch_axis = graph.integers("stretch axis", &[2]);
    let until_now = graph.node("CumSum", &[&totals, &stretch_axis], vec![]);
    let until_start = graph.node("CumSum", &[&totals, &stretch_axis], vec![int("exclusive", 1)]);
    let until_now = graph.node("Transpose", &[&until_now], vec![ints("perm", &[0, 1, 3, 2])]);
    let between = graph.node("Sub", &[&until_start, &until_now], vec![]);
    let between = graph.node("Exp", &[&between], vec![]);
    let before = graph.integer("before", -1);
    let between = graph.node("Trilu", &[&between, &before], vec![int("upper", 0)]);
    // [batch, stretch, stretch, head, 1, 1] times [batch, 1, stretch, head, state, head_dim], summed over the earlier stretches.
    let between = graph.node("Transpose", &[&between], vec![ints("perm", &[0, 2, 3, 1])]);
    let axes = graph.integers("axes", &[4, 5]);
    let between = graph.node("Unsqueeze", &[&between, &axes], vec![]);
    let added = unsqueezed(graph, &added, 1);
    let carried = graph.node("Mul", &[&between, &added], vec![]);
    let earlier = graph.integers("earlier", &[2]);
    let state = graph.node("ReduceSum", &[&carried, &earlier], vec![int("keepdims", 0)]);
    let seen = graph.node("MatMul", &[c, &state], vec![]);
    let since_start = graph.node("Exp", &[sums_down], vec![]);
    graph.node("Mul", &[&seen, &since_start], vec![])
}

fn unsqueezed(graph: &mut GraphBuilder, value: &Value, axis: i64) -> Value {
    let axis = graph.integers("axis", &[axis]);
    graph.node("Unsqueeze", &[value, &axis], vec![])
}

fn reshaped(graph: &mut GraphBuilder, value: &Value, shape: &[i64]) -> Value {
    let shape = graph.integers("shape", shape);
    graph.node("Reshape", &[value, &shape], vec![])
}

fn slice(graph: &mut GraphBuilder, value: &Value, first: i64, after: i64, axis: i64) -> Value {
    let [starts, ends, axes] = [first, after, axis].map(|at| graph.integers("range", &[at]));
    graph.node("Slice", &[value, &starts, &ends, &axes], vec![])
}

/// Rows with zeros after them up to whole stretches.
fn padded(graph: &mut GraphBuilder, rows: &Value, count: RowCount) -> Value {
    let pads = match count {
        RowCount::Fixed(count) if count.is_multiple_of(STRETCH) => return rows.clone(),
        RowCount::Fixed(count) => {
            graph.integers("pads", &[0, 0, 0, 0, (count.next_multiple_of(STRETCH) - count) as i64, 0])
        }
        RowCount::Open => {
            let size = size_of(graph, rows, 1);
            let stretch = graph.integers("stretch", &[STRETCH as i64]);
            let lacking = graph.node("Neg", &[&size], vec![]);
            // The remainder of a negative number has the divisor's sign: just what is lacking.
            let lacking = graph.node("Mod", &[&lacking, &stretch], vec![]);
            let before = graph.integers("before", &[0, 0, 0, 0]);
            let after = graph.integers("after", &[0]);
            graph.node("Concat", &[&before, &lacking, &after], vec![int("axis", 0)])
        }
    };
    graph.node("Pad", &[rows, &pads], vec![])
}

/// As many rows as `like` has.
fn cut(graph: &mut GraphBuilder, rows: &Value, like: &Value, count: RowCount) -> Value {
    let ends = match count {
        RowCount::Fixed(count) if count.is_multiple_of(STRETCH) => return rows.clone(),
        RowCount::Fixed(count) => graph.integers("row count", &[count as i64]),
        RowCount::Open => size_of(graph, like, 1),
    };
    let [starts, axes] = [0, 1].map(|at| graph.integers("range", &[at]));
    graph.node("Slice", &[rows, &starts, &ends, &axes], vec![])
}
