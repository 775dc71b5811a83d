//! Networks in 16-bit floats. What multiplies, and what stands between two that multiply, computes in them; casts stand where the two kinds
//! meet. All else stays in 32 bits: sums of many numbers, norms, exponentials and logarithms, whose steps or results 16 bits do not hold; whatever
//! was seen to take on numbers that 16 bits do not hold well; and what lies before the first multiplication or after the last, where rounding
//! would cost accuracy and gain nothing.

use super::element_types::ElementTypes;
use super::prepared::{FreeNames, KeptCounts, Prepared, needed_by};
use super::tensors::{floats_of, half_tensor};
use super::{Precision, Ranges, Rewritten, VariantError};
use crate::onnx::builder::int;
use crate::onnx::proto::{ElementKind, Graph, Model, Node, Tensor, ValueInfo};
use std::collections::{BTreeMap, BTreeSet};

/// The first operator set whose `Cast` takes a number as its type.
const OLDEST_OPERATORS: i64 = 7;
/// Operators that multiply.
const CORES: [&str; 4] = ["Conv", "ConvTranspose", "MatMul", "Gemm"];
/// Operators that hold state for as long as the sound is: 16 bits would round at each step. Their weights are stored in 16 bits.
const RECURRENCES: [&str; 3] = ["LSTM", "GRU", "RNN"];
/// Operators that take each number by itself, or a few, and make none that is much larger.
const CARRIED: [&str; 34] = [
    "Abs",
    "Add",
    "AveragePool",
    "Clip",
    "Concat",
    "DepthToSpace",
    "Dropout",
    "Elu",
    "Expand",
    "Flatten",
    "Gather",
    "Gelu",
    "HardSigmoid",
    "HardSwish",
    "Identity",
    "LeakyRelu",
    "Max",
    "MaxPool",
    "Min",
    "Mul",
    "Neg",
    "PRelu",
    "Pad",
    "Relu",
    "Reshape",
    "Sigmoid",
    "Slice",
    "SpaceToDepth",
    "Split",
    "Squeeze",
    "Sub",
    "Tanh",
    "Transpose",
    "Unsqueeze",
];
/// The largest number of 16-bit floats.
const LARGEST: f32 = 65_504.0;
/// Values that were seen to be larger than this are too near to it: other sounds may be louder.
const MOST_SEEN: f32 = LARGEST / 4.0;
/// Below this, 16-bit floats lose digits.
const LEAST_PRECISE: f32 = 6.103_515_6e-5;
/// Values that were never seen to be larger than this would lose most of theirs.
const LEAST_SEEN: f32 = 16.0 * LEAST_PRECISE;

/// The values whose ranges count: what such nodes take and give.
pub(super) fn watched(prepared: &Prepared) -> Vec<String> {
    let types = prepared.types();
    let constants = prepared.constants();
    let mut names = BTreeSet::new();
    for node in prepared.graph.node.iter().filter(|node| is_candidate(node, &types)) {
        let values = node.input.iter().chain(&node.output);
        names.extend(values.filter(|name| types.is_float(name) && !constants.contains_key(name.as_str())).cloned());
    }
    names.into_iter().collect()
}

fn is_core(node: &Node) -> bool {
    CORES.contains(&node.op_type.as_str())
}

/// Whether a node may compute in 16 bits as far as its operator tells.
fn is_candidate(node: &Node, types: &ElementTypes) -> bool {
    let is_known =
        matches!(node.domain.as_str(), "" | "ai.onnx") && (is_core(node) || CARRIED.contains(&node.op_type.as_str()));
    let first = node.input.iter().find(|name| !name.is_empty());
    let gives_floats = node.output.first().is_some_and(|name| types.is_float(name));
    is_known && gives_floats && first.is_some_and(|name| types.is_float(name))
}

/// Why a node must not compute in 16 bits, as far as the numbers tell.
fn refusal(
    node: &Node,
    types: &ElementTypes,
    constants: &BTreeMap<&str, &Tensor>,
    ranges: &Ranges,
) -> Option<&'static str> {
    const LARGE: &str = "its numbers are too large for 16 bits";
    const SMALL: &str = "its numbers are too small for 16 bits";
    for name in node.input.iter().chain(&node.output).filter(|name| types.is_float(name)) {
        let (magnitude, most, least) = match constants.get(name.as_str()) {
            Some(tensor) => {
                let numbers = floats_of(tensor).unwrap_or_else(|| vec![f32::INFINITY]);
                (numbers.iter().fold(0.0_f32, |most, number| most.max(number.abs())), LARGEST, LEAST_PRECISE)
            }
            None => match ranges.of(name) {
                Some(range) => (range.magnitude(), MOST_SEEN, LEAST_SEEN),
                None => continue,
            },
        };
        // What is no number is not within the limit either.
        let is_within = magnitude <= most;
        if !is_within {
            return Some(LARGE);
        }
        if magnitude > 0.0 && magnitude < least {
            return Some(SMALL);
        }
    }
    None
}

/// Which nodes compute in 16 bits, and a count of those that multiply and do not.
fn chosen(prepared: &Prepared, types: &ElementTypes, ranges: &Ranges) -> (Vec<bool>, KeptCounts) {
    let (nodes, makers, takers) = (&prepared.graph.node, prepared.makers(), prepared.takers());
    let (constants, feeds_logarithm) = (prepared.constants(), prepared.feeds_logarithm());
    let mut kept = KeptCounts::default();
    let mut can = vec![false; nodes.len()];
    for (place, node) in nodes.iter().enumerate() {
        if RECURRENCES.contains(&node.op_type.as_str()) {
            kept.add("a recurrence; its weights are stored in 16 bits", &node.op_type);
        }
        if !is_candidate(node, types) {
            continue;
        }
        let reason = if feeds_logarithm[place] {
            Some("a logarithm follows, for which small numbers count")
        } else {
            refusal(node, types, &constants, ranges)
        };
        can[place] = reason.is_none();
        if let (Some(reason), true) = (reason, is_core(node)) {
            kept.add(reason, &node.op_type);
        }
    }
    let (mut after_core, mut before_core) = (vec![false; nodes.len()], vec![false; nodes.len()]);
    for (place, node) in nodes.iter().enumerate().filter(|(place, _)| can[*place]) {
        let mut before = node.input.iter().filter_map(|name| makers.get(name.as_str()));
        after_core[place] = is_core(node) || before.any(|&maker| after_core[maker]);
    }
    for (place, node) in nodes.iter().enumerate().rev().filter(|(place, _)| can[*place]) {
        let mut after = node.output.iter().filter_map(|name| takers.get(name.as_str())).flatten();
        before_core[place] = is_core(node) || after.any(|&taker| before_core[taker]);
    }
    (after_core.iter().zip(&before_core).map(|(&after, &before)| after && before).collect(), kept)
}

/// The network in 16-bit floats.
pub(super) fn rewrite(prepared: &Prepared, ranges: &Ranges) -> Result<Rewritten, VariantError> {
    let found = prepared.operator_set();
    if found < OLDEST_OPERATORS {
        return Err(VariantError::OldOperators { found, needed: OLDEST_OPERATORS });
    }
    let types = prepared.types();
    let (is_half, kept) = chosen(prepared, &types, ranges);
    let kept = kept.list();
    let converted = prepared.graph.node.iter().zip(&is_half).filter(|(node, half)| **half && is_core(node)).count();
    if converted == 0 {
        let reasons = kept.iter().map(ToString::to_string).collect();
        return Err(VariantError::Nothing { precision: Precision::Float16, reasons });
    }
    let mut writer = Writer::new(prepared, &types);
    for (node, is_half) in prepared.graph.node.iter().zip(is_half) {
        if is_half { writer.half_node(node) } else { writer.full_node(node) }
    }
    Ok(Rewritten { model: writer.finish(), converted, kept })
}

/// Writes the graph anew. A value that is made in 16 bits has a name of its own there; its own name is that of its 32 bits, which are made by
/// a cast where somebody needs them.
struct Writer<'a> {
    prepared: &'a Prepared,
    types: &'a ElementTypes,
    constants: BTreeMap<&'a str, &'a Tensor>,
    names: FreeNames,
    nodes: Vec<Node>,
    new_constants: Vec<Tensor>,
    /// What each value is called in 16 bits, as far as it is there.
    halves: BTreeMap<String, String>,
    /// Values that were made in 16 bits and have no 32 bits yet.
    only_half: BTreeSet<String>,
    /// Constants that are stored in 16 bits and cast back, by name.
    stored: BTreeMap<String, String>,
}

impl<'a> Writer<'a> {
    fn new(prepared: &'a Prepared, types: &'a ElementTypes) -> Self {
        Self {
            prepared,
            types,
            constants: prepared.constants(),
            names: FreeNames::of(&prepared.graph),
            nodes: Vec::new(),
            new_constants: Vec::new(),
            halves: BTreeMap::new(),
            only_half: BTreeSet::new(),
            stored: BTreeMap::new(),
        }
    }

    fn cast(&mut self, from: &str, to: &str, kind: ElementKind) {
        self.nodes.push(Node {
            input: vec![from.to_owned()],
            output: vec![to.to_owned()],
            name: self.names.new_name(&format!("{to}/cast")),
            op_type: "Cast".to_owned(),
            attribute: vec![int("to", i64::from(kind as i32))],
            ..Node::default()
        });
    }

    /// The name of a value's 16 bits.
    fn half(&mut self, name: &str) -> String {
        if let Some(half) = self.halves.get(name) {
            return half.clone();
        }
        let half = self.names.new_name(&format!("{name}/float16"));
        match self.constants.get(name).copied().and_then(|tensor| Some((tensor, floats_of(tensor)?))) {
            Some((tensor, numbers)) => self.new_constants.push(half_tensor(&half, &tensor.dims, &numbers)),
            None => self.cast(name, &half, ElementKind::Float16),
        }
        self.halves.insert(name.to_owned(), half.clone());
        half
    }

    /// Sees to it that a value is there in 32 bits.
    fn make_full(&mut self, name: &str) {
        if self.only_half.remove(name)
            && let Some(half) = self.halves.get(name).cloned()
        {
            self.cast(&half, name, ElementKind::Float);
        }
    }

    fn half_node(&mut self, node: &Node) {
        let mut written = node.clone();
        for name in &mut written.input {
            if self.types.is_float(name) {
                *name = self.half(name);
            }
        }
        for name in &mut written.output {
            if self.types.is_float(name) {
                let half = self.names.new_name(&format!("{name}/float16"));
                self.only_half.insert(name.clone());
                self.halves.insert(name.clone(), half.clone());
                *name = half;
            }
        }
        self.nodes.push(written);
    }

    fn full_node(&mut self, node: &Node) {
        for name in needed_by(node) {
            self.make_full(name);
        }
        let mut written = node.clone();
        if RECURRENCES.contains(&node.op_type.as_str()) {
            // The weights of the inputs and those of the state.
            for name in written.input.iter_mut().skip(1).take(2) {
                *name = self.stored(name);
            }
        }
        self.nodes.push(written);
    }

    /// The name of a constant that is stored in 16 bits and cast back to 32; its own if it is no constant or 16 bits do not hold it.
    fn stored(&mut self, name: &str) -> String {
        if let Some(stored) = self.stored.get(name) {
            return stored.clone();
        }
        let numbers = self.constants.get(name).and_then(|tensor| floats_of(tensor)).unwrap_or_default();
        let magnitude = numbers.iter().fold(0.0_f32, |most, number| most.max(number.abs()));
        if !(LEAST_PRECISE..=LARGEST).contains(&magnitude) {
            return name.to_owned();
        }
        let (half, back) = (self.half(name), self.names.new_name(&format!("{name}/float32")));
        self.cast(&half, &back, ElementKind::Float);
        self.stored.insert(name.to_owned(), back.clone());
        back
    }

    fn finish(mut self) -> Model {
        for output in &self.prepared.graph.output {
            self.make_full(&output.name);
        }
        let old = &self.prepared.graph;
        let needed: BTreeSet<&str> =
            self.nodes.iter().flat_map(needed_by).chain(old.output.iter().map(|output| output.name.as_str())).collect();
        let is_gone = |name: &str| self.constants.contains_key(name) && !needed.contains(name);
        let mut initializer: Vec<Tensor> =
            old.initializer.iter().filter(|tensor| !is_gone(&tensor.name)).cloned().collect();
        initializer.append(&mut self.new_constants);
        let graph = Graph {
            input: old.input.iter().filter(|input| !is_gone(&input.name)).cloned().collect(),
            value_info: old
                .value_info
                .iter()
                .filter(|value| !is_gone(&value.name))
                .flat_map(|v| self.told(v))
                .collect(),
            node: self.nodes,
            initializer,
            ..old.clone()
        };
        self.prepared.with_graph(graph)
    }

    /// What was told of a value, of what there is of it now.
    fn told(&self, value: &ValueInfo) -> Vec<ValueInfo> {
        let mut all = Vec::new();
        if let (Some(half), false) = (self.halves.get(&value.name), self.constants.contains_key(value.name.as_str())) {
            let mut told = value.clone();
            told.name.clone_from(half);
            if let Some(tensor) = told.r#type.as_mut().and_then(|kind| kind.tensor_type.as_mut()) {
                tensor.elem_type = ElementKind::Float16 as i32;
            }
            all.push(told);
        }
        if !self.only_half.contains(&value.name) {
            all.push(value.clone());
        }
        all
    }
}
