//! What a network costs, counted in its graph: parameters, and multiply-accumulates (MACs) by kind. Pure; runs nothing.
//!
//! Two sums of the same counts are in use. **Paper** is how networks of this field are published: convolutions, linear layers and the products
//! of attention, nothing else ([`Costs::paper_macs`]). **Complete** has all that multiplies ([`Costs::complete_macs`]): recurrences, which
//! the other leaves out however large they are, scans, and the products of single numbers in gates, norms and activations. Additions,
//! comparisons and functions such as exponentials count in neither.
//!
//! What depends on no input is computed once and counts nothing. A node that cannot be counted is named in [`Costs::uncounted`].

use super::proto::{ElementKind, Graph, Model, Node, Tensor};
use super::shapes::{Known, Shapes, contraction, elements, int, text};
use std::collections::{BTreeMap, BTreeSet};

/// A kind of multiply-accumulates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MacKind {
    /// Convolutions.
    Convolution,
    /// Products with a constant matrix.
    Linear,
    /// The two products around a softmax: queries with keys, and weights with values.
    Attention,
    /// The part of a recurrence that needs no earlier state: its input projections.
    RecurrenceInput,
    /// The part of a recurrence that waits for the state before.
    Recurrence,
    /// Other products of two computed matrices: the scans of state-space models in blocks.
    Scan,
    /// Products of single numbers: gates, squeeze and excitation, norms, activations, scans step by step.
    ElementWise,
}

impl MacKind {
    /// All kinds, in the order of reports.
    pub const ALL: [Self; 7] = [
        Self::Convolution,
        Self::Linear,
        Self::Attention,
        Self::RecurrenceInput,
        Self::Recurrence,
        Self::Scan,
        Self::ElementWise,
    ];

    /// What it is called in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Convolution => "convolutions",
            Self::Linear => "linear layers",
            Self::Attention => "attention",
            Self::RecurrenceInput => "recurrence, inputs",
            Self::Recurrence => "recurrence, states",
            Self::Scan => "scans",
            Self::ElementWise => "element-wise",
        }
    }

    /// Whether the paper's convention counts it.
    pub fn is_in_paper(self) -> bool {
        matches!(self, Self::Convolution | Self::Linear | Self::Attention)
    }
}

/// A node that is not counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncounted {
    /// Its name, or that of its first output.
    pub node: String,
    /// Its operator.
    pub operator: String,
    /// Why.
    pub reason: String,
    /// Only because it comes after another one that is not counted.
    pub is_consequence: bool,
}

/// What a graph costs for one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Costs {
    /// Numbers that weigh or shift something: of the layers, norms, biases. A constant that is used twice counts once.
    pub parameters: u64,
    /// Other constants, such as tables of angles and single factors.
    pub other_constants: u64,
    /// Multiply-accumulates of each kind that occurs.
    pub macs: BTreeMap<MacKind, u64>,
    /// What could not be counted. Empty if the counts are whole.
    pub uncounted: Vec<Uncounted>,
}

impl Costs {
    /// Multiply-accumulates of a kind.
    pub fn of(&self, kind: MacKind) -> u64 {
        self.macs.get(&kind).copied().unwrap_or(0)
    }

    /// Convolutions, linear layers and attention.
    pub fn paper_macs(&self) -> u64 {
        self.sum(MacKind::is_in_paper)
    }

    /// All that multiplies.
    pub fn complete_macs(&self) -> u64 {
        self.sum(|_| true)
    }

    fn sum(&self, is_counted: impl Fn(MacKind) -> bool) -> u64 {
        let counted = self.macs.iter().filter(|(kind, _)| is_counted(**kind));
        counted.fold(0, |sum, (_, &macs)| sum.saturating_add(macs))
    }
}

/// Counts what `outputs` (all of the graph's, if empty) need; `open_size` as in [`Shapes::infer`].
pub fn count(model: &Model, open_size: &dyn Fn(&str, usize, &str) -> Option<usize>, outputs: &[&str]) -> Costs {
    let Some(graph) = &model.graph else { return Costs::default() };
    let shapes = Shapes::infer(model, open_size);
    let wiring = Wiring::of(graph, outputs);
    let mut costs = Costs::default();
    for unknown in shapes.unknown.iter().filter(|unknown| wiring.is_needed[unknown.node]) {
        let node = &graph.node[unknown.node];
        let name = if node.name.is_empty() { node.output.first() } else { Some(&node.name) };
        costs.uncounted.push(Uncounted {
            node: name.cloned().unwrap_or_default(),
            operator: node.op_type.clone(),
            reason: unknown.reason.clone(),
            is_consequence: unknown.is_consequence,
        });
    }
    for (index, node) in graph.node.iter().enumerate().filter(|(index, _)| wiring.is_needed[*index]) {
        for (kind, macs) in macs_of(index, node, &shapes, &wiring) {
            let sum = costs.macs.entry(kind).or_default();
            *sum = sum.saturating_add(macs);
        }
    }
    count_constants(&mut costs, graph, &shapes, &wiring);
    costs
}

/// Which node makes and takes each value.
struct Wiring<'a> {
    graph: &'a Graph,
    maker: BTreeMap<&'a str, usize>,
    is_needed: Vec<bool>,
    /// Values that a softmax takes, and values that one gives, but for what only scales, masks or moves.
    around_softmax: [BTreeSet<&'a str>; 2],
}

impl<'a> Wiring<'a> {
    fn of(graph: &'a Graph, outputs: &[&str]) -> Self {
        let (mut maker, mut takers) = (BTreeMap::new(), BTreeMap::<&str, Vec<usize>>::new());
        for (index, node) in graph.node.iter().enumerate() {
            maker.extend(node.output.iter().map(|name| (name.as_str(), index)));
            node.input.iter().for_each(|name| takers.entry(name).or_default().push(index));
        }
        let mut is_needed = vec![false; graph.node.len()];
        let of_graph = graph.output.iter().map(|output| output.name.as_str());
        let mut open: Vec<&str> = of_graph.filter(|name| outputs.is_empty() || outputs.contains(name)).collect();
        while let Some(name) = open.pop() {
            if let Some(&index) = maker.get(name)
                && !std::mem::replace(&mut is_needed[index], true)
            {
                open.extend(graph.node[index].input.iter().map(String::as_str));
            }
        }
        let around_softmax = [values_before_softmax(graph, &maker), values_after_softmax(graph, &takers)];
        Self { graph, maker, is_needed, around_softmax }
    }

    /// Whether a softmax comes right before or after this product, but for what only scales, masks or moves.
    fn is_beside_softmax(&self, node: &Node) -> bool {
        let [before, after] = &self.around_softmax;
        node.output.iter().any(|name| before.contains(name.as_str()))
            || node.input.iter().any(|name| after.contains(name.as_str()))
    }
}

/// What only scales, masks or moves the values of a softmax.
const PASSES_SOFTMAX: [&str; 13] = [
    "Add",
    "Sub",
    "Mul",
    "Div",
    "Where",
    "Cast",
    "Identity",
    "Dropout",
    "Clip",
    "Reshape",
    "Transpose",
    "Squeeze",
    "Unsqueeze",
];

fn passes_softmax(node: &Node) -> bool {
    PASSES_SOFTMAX.contains(&node.op_type.as_str())
}

fn named(names: &[String]) -> impl Iterator<Item = &str> {
    names.iter().map(String::as_str).filter(|name| !name.is_empty())
}

fn softmaxes(graph: &Graph) -> impl Iterator<Item = &Node> {
    graph.node.iter().filter(|node| node.op_type == "Softmax")
}

/// Values that a softmax takes; every node is gone through once, so that many products cost no more than one.
fn values_before_softmax<'a>(graph: &'a Graph, maker: &BTreeMap<&'a str, usize>) -> BTreeSet<&'a str> {
    let (mut found, mut seen) = (BTreeSet::new(), vec![false; graph.node.len()]);
    let mut open: Vec<&str> = softmaxes(graph).flat_map(|node| named(&node.input)).collect();
    while let Some(name) = open.pop() {
        if found.insert(name)
            && let Some(&index) = maker.get(name)
            && passes_softmax(&graph.node[index])
            && !std::mem::replace(&mut seen[index], true)
        {
            open.extend(named(&graph.node[index].input));
        }
    }
    found
}

/// Values that a softmax gives.
fn values_after_softmax<'a>(graph: &'a Graph, takers: &BTreeMap<&'a str, Vec<usize>>) -> BTreeSet<&'a str> {
    let (mut found, mut seen) = (BTreeSet::new(), vec![false; graph.node.len()]);
    let mut open: Vec<&str> = softmaxes(graph).flat_map(|node| named(&node.output)).collect();
    while let Some(name) = open.pop() {
        if !found.insert(name) {
            continue;
        }
        for &index in takers.get(name).into_iter().flatten() {
            if passes_softmax(&graph.node[index]) && !std::mem::replace(&mut seen[index], true) {
                open.extend(named(&graph.node[index].output));
            }
        }
    }
    found
}

/// The multiply-accumulates of a node; none if its sizes are not known.
fn macs_of(index: usize, node: &Node, shapes: &Shapes, wiring: &Wiring<'_>) -> Vec<(MacKind, u64)> {
    let known = |name: Option<&String>| name.and_then(|name| shapes.value(name));
    let (Some(output), first) = (known(node.output.iter().find(|name| !name.is_empty())), known(node.input.first()))
    else {
        return Vec::new();
    };
    if output.is_constant {
        return Vec::new();
    }
    let inputs: Vec<Option<&Known>> = node.input.iter().map(|name| shapes.value(name)).collect();
    let input = |index: usize| inputs.get(index).copied().flatten();
    let each = |factor: u64| vec![(MacKind::ElementWise, output.elements().saturating_mul(factor))];
    let count = first.map_or(0, Known::elements);
    match node.op_type.as_str() {
        "Conv" => vec![(MacKind::Convolution, output.elements().saturating_mul(kernel(input(1))))],
        "ConvTranspose" => vec![(MacKind::Convolution, count.saturating_mul(kernel(input(1))))],
        "Gemm" | "MatMul" | "MatMulInteger" | "QLinearMatMul" => {
            let b = if node.op_type == "QLinearMatMul" { 3 } else { 1 };
            let is_transposed = int(node, "transA").unwrap_or(0) != 0;
            let inner = first.and_then(|a| if is_transposed { a.dims.first() } else { a.dims.last() }).copied();
            let macs = output.elements().saturating_mul(inner.unwrap_or(0) as u64);
            vec![(product_kind(index, &[first, input(b)], wiring), macs)]
        }
        "Attention" => attention_macs(node, output, first, input(1)),
        "Einsum" => einsum_macs(index, node, &inputs, wiring),
        "GRU" | "LSTM" | "RNN" => recurrence_macs(&inputs, node),
        "Mul" | "Div" | "Pow" | "BatchNormalization" | "PRelu" | "LeakyRelu" | "HardSigmoid" | "Softmax"
        | "LogSoftmax" | "DequantizeLinear" | "QuantizeLinear"
            if output.integers.is_none() =>
        {
            each(1)
        }
        "HardSwish" | "Swish" | "Gelu" | "Mish" | "RotaryEmbedding" | "LpNormalization" => each(2),
        // The square, the scale and the weight.
        "LayerNormalization" | "RMSNormalization" | "InstanceNormalization" | "GroupNormalization" => each(3),
        "ReduceSumSquare" | "ReduceL2" => vec![(MacKind::ElementWise, count)],
        _ => Vec::new(),
    }
}

/// Weights behind one place of a convolution's output, or one of a transposed convolution's input.
fn kernel(weight: Option<&Known>) -> u64 {
    weight.and_then(|weight| weight.dims.get(1..)).map_or(0, elements)
}

fn product_kind(index: usize, inputs: &[Option<&Known>], wiring: &Wiring<'_>) -> MacKind {
    if inputs.iter().flatten().any(|input| input.is_constant) {
        MacKind::Linear
    } else if wiring.is_beside_softmax(&wiring.graph.node[index]) {
        MacKind::Attention
    } else {
        MacKind::Scan
    }
}

/// Of one operator for all of an attention: queries with keys and weights with values; and of each weight its scale and its share.
fn attention_macs(node: &Node, output: &Known, query: Option<&Known>, key: Option<&Known>) -> Vec<(MacKind, u64)> {
    let (Some(query), Some(key)) = (query, key) else { return Vec::new() };
    let (rows, others) = (key.dims.len().checked_sub(2), key.dims.iter().rev().nth(1).copied().unwrap_or(0) as u64);
    let heads = match query.dims.as_slice() {
        &[_, heads, _, _] => heads as u64,
        _ => u64::try_from(int(node, "q_num_heads").unwrap_or(1)).unwrap_or(1),
    };
    let query_rows = rows.and_then(|axis| query.dims.get(axis)).copied().unwrap_or(0) as u64;
    let batch = query.dims.first().copied().unwrap_or(0) as u64;
    let weights = [batch, heads, query_rows, others].into_iter().fold(1, u64::saturating_mul);
    vec![
        (MacKind::Attention, query.elements().saturating_add(output.elements()).saturating_mul(others)),
        (MacKind::ElementWise, weights.saturating_mul(2)),
    ]
}

fn einsum_macs(index: usize, node: &Node, inputs: &[Option<&Known>], wiring: &Wiring<'_>) -> Vec<(MacKind, u64)> {
    let dims: Vec<&[usize]> = inputs.iter().flatten().map(|known| known.dims.as_slice()).collect();
    let Some(sum) = text(node, "equation").and_then(|equation| contraction::einstein_sum(equation, &dims).ok()) else {
        return Vec::new();
    };
    let all = sum.sizes.values().fold(1_u64, |product, &size| product.saturating_mul(size as u64));
    let macs = all.saturating_mul(dims.len().saturating_sub(1) as u64);
    // Without a letter that is summed over, it is a product of single numbers.
    let is_contraction = sum.output.len() < sum.sizes.len();
    vec![(if is_contraction { product_kind(index, inputs, wiring) } else { MacKind::ElementWise }, macs)]
}

fn recurrence_macs(inputs: &[Option<&Known>], node: &Node) -> Vec<(MacKind, u64)> {
    let (Some(Some(input)), Some(Some(weight)), Some(Some(recurrent))) = (inputs.first(), inputs.get(1), inputs.get(2))
    else {
        return Vec::new();
    };
    let steps = input.dims.get(..2).map_or(0, elements);
    let states = match recurrent.dims.as_slice() {
        &[directions, _, hidden] => elements(&[directions, hidden]),
        _ => 0,
    };
    // Of a GRU: reset times state, and the two sides of the mixture; of an LSTM: forget, input and output gate.
    let gates = if node.op_type == "RNN" { 0 } else { 3 };
    vec![
        (MacKind::RecurrenceInput, steps.saturating_mul(weight.elements())),
        (MacKind::Recurrence, steps.saturating_mul(recurrent.elements())),
        (MacKind::ElementWise, steps.saturating_mul(states).saturating_mul(gates)),
    ]
}

/// Sorts the constants into parameters and others.
fn count_constants(costs: &mut Costs, graph: &Graph, shapes: &Shapes, wiring: &Wiring<'_>) {
    let mut tensors: BTreeMap<&str, &Tensor> =
        graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
    for node in graph.node.iter().filter(|node| node.op_type == "Constant") {
        let tensor = node.attribute.first().and_then(|attribute| attribute.t.as_ref());
        tensors.extend(node.output.first().map(String::as_str).zip(tensor));
    }
    let (mut weights, mut others) = (Origins::default(), Origins::default());
    for (index, node) in graph.node.iter().enumerate().filter(|(index, _)| wiring.is_needed[*index]) {
        let is_folded = node.output.first().and_then(|name| shapes.value(name)).is_some_and(|known| known.is_constant);
        if is_folded && !node.output.is_empty() {
            continue;
        }
        for name in &graph.node[index].input {
            let Some(known) = shapes.value(name).filter(|known| known.is_constant) else { continue };
            let origins = if is_weight_of(node, known) { &mut weights } else { &mut others };
            origins.add(name, wiring, &tensors);
        }
    }
    let count = |names: &mut dyn Iterator<Item = &&str>| {
        let tensors = names.filter_map(|name| tensors.get(name)).filter(|tensor| holds_weights(tensor));
        tensors.fold(0_u64, |sum, tensor| sum.saturating_add(tensor_elements(tensor)))
    };
    costs.parameters = count(&mut weights.found.iter());
    costs.other_constants = count(&mut others.found.difference(&weights.found));
}

/// The constants that constant values are made of.
#[derive(Default)]
struct Origins<'a> {
    found: BTreeSet<&'a str>,
    /// All values gone through, each once however many values are made of it.
    seen: BTreeSet<&'a str>,
}

impl<'a> Origins<'a> {
    fn add(&mut self, name: &'a str, wiring: &Wiring<'a>, tensors: &BTreeMap<&'a str, &Tensor>) {
        let mut open = vec![name];
        while let Some(name) = open.pop() {
            if !self.seen.insert(name) {
                continue;
            }
            if tensors.contains_key(name) {
                self.found.insert(name);
            } else if let Some(&index) = wiring.maker.get(name) {
                open.extend(wiring.graph.node[index].input.iter().map(String::as_str));
            }
        }
    }
}

/// Whether a node weighs or shifts with this constant: in a layer or norm, or, of plain sums and products, one number a channel.
fn is_weight_of(node: &Node, constant: &Known) -> bool {
    match node.op_type.as_str() {
        "Conv"
        | "ConvTranspose"
        | "Gemm"
        | "MatMul"
        | "MatMulInteger"
        | "QLinearMatMul"
        | "Einsum"
        | "GRU"
        | "LSTM"
        | "RNN"
        | "LayerNormalization"
        | "RMSNormalization"
        | "BatchNormalization"
        | "InstanceNormalization"
        | "GroupNormalization"
        | "PRelu" => true,
        "Add" | "Sub" | "Mul" | "Div" => {
            constant.elements() > 1 && constant.dims.iter().filter(|&&size| size > 1).count() == 1
        }
        _ => false,
    }
}

fn holds_weights(tensor: &Tensor) -> bool {
    let kind = ElementKind::try_from(tensor.data_type);
    !matches!(kind, Ok(ElementKind::Int32 | ElementKind::Int64 | ElementKind::Bool))
}

fn tensor_elements(tensor: &Tensor) -> u64 {
    tensor.dims.iter().fold(1, |product: u64, &size| product.saturating_mul(u64::try_from(size).unwrap_or(0)))
}

#[cfg(test)]
mod tests;
