//! Networks in 8-bit whole numbers: convolutions and products with constant matrices, whose inputs, weights and results are each a whole number
//! times a scale. It is written as ONNX's pairs of `QuantizeLinear` and `DequantizeLinear`, from which runtimes make whole-number operators
//! where they have them, and which mean the same in floats where they have none.
//!
//! Weights have a scale for each filter; what flows has one for each value, from the range that was seen. Scales are fixed, so that the
//! scores of a clip do not depend on what else is computed with it. Weights use 7 of their 8 bits: processors without instructions for dot products
//! of bytes add two products in 16 bits, which 7 bits cannot overflow, so that every processor computes the same.

use super::equalise::equalise;
use super::prepared::{FreeNames, KeptCounts, Prepared, needed_by};
use super::tensors::{float_tensor, floats_of, int8_tensor, int32_tensor, uint8_tensor};
use super::{Precision, Ranges, Rewritten, VariantError};
use crate::onnx::builder::int;
use crate::onnx::proto::{Attribute, Graph, Node, Tensor};
use crate::onnx::shapes::int as int_of;
use std::collections::{BTreeMap, BTreeSet};

/// The first operator set in which each filter may have a scale.
const OLDEST_OPERATORS: i64 = 13;
/// Weights are whole numbers from −this to this: two products with bytes fit in 16 bits, since 2 · 255 · 64 = 32,640.
const MOST_WEIGHT: f32 = 64.0;
/// Steps of what flows.
const STEPS: f32 = 255.0;
/// A shift is held in 32 bits; this leaves room for what is added to it.
const MOST_SHIFT: f64 = (1_u32 << 30) as f64;

/// A node that will multiply whole numbers.
#[derive(Clone, Copy, Debug)]
struct Core<'a> {
    place: usize,
    /// The axis of the weights along which filters lie.
    axis: usize,
    weights: &'a Tensor,
    /// The shift that becomes whole too.
    bias: Option<&'a Tensor>,
}

/// Why a node that multiplies by a constant is left as it is.
const FORM: &str = "of a form that is not known in 8 bits";
const LOGARITHM: &str = "a logarithm follows, for which small numbers count";
const UNSEEN: &str = "what flows there was not seen, or is no number";

/// The values whose ranges count: what such nodes take, and what comes of them.
pub(super) fn watched(prepared: &Prepared) -> Vec<String> {
    let mut names = BTreeSet::new();
    let feeds_logarithm = prepared.feeds_logarithm();
    for core in (0..prepared.graph.node.len()).filter_map(|place| core_at(prepared, place)) {
        if !feeds_logarithm[core.place] {
            let node = &prepared.graph.node[core.place];
            names.extend(node.input.first().cloned());
            names.insert(result_of(prepared, core.place).to_owned());
        }
    }
    names.into_iter().collect()
}

/// The node at `place` as one that multiplies by constant weights, if it is one of a form that is known.
fn core_at(prepared: &Prepared, place: usize) -> Option<Core<'_>> {
    let node = prepared.graph.node.get(place)?;
    let constant = |name: &String| prepared.graph.initializer.iter().find(|tensor| tensor.name == *name);
    let weights = constant(node.input.get(1)?)?;
    let is_number = |name: &str, or: f32| {
        let found = node.attribute.iter().find(|attribute| attribute.name == name);
        found.map_or(or, |attribute: &Attribute| attribute.f) == or
    };
    floats_of(weights).filter(|numbers| numbers.iter().all(|number| number.is_finite()))?;
    if constant(node.input.first()?).is_some() || !matches!(node.domain.as_str(), "" | "ai.onnx") {
        return None;
    }
    let rank = weights.dims.len();
    let axis = match node.op_type.as_str() {
        "Conv" if rank >= 3 => 0,
        "MatMul" if rank == 2 => 1,
        "Gemm" if rank == 2 && is_number("alpha", 1.0) && is_number("beta", 1.0) => {
            if int_of(node, "transA").unwrap_or(0) != 0 {
                return None;
            }
            usize::from(int_of(node, "transB").unwrap_or(0) == 0)
        }
        _ => return None,
    };
    let bias = match node.input.get(2).filter(|name| !name.is_empty()) {
        Some(name) => {
            let bias = constant(name)?;
            let numbers = floats_of(bias)?;
            let fits = bias.dims.len() == 1 && weights.dims.get(axis) == bias.dims.first();
            if !fits || !numbers.iter().all(|number| number.is_finite()) {
                return None;
            }
            Some(bias)
        }
        None => None,
    };
    Some(Core { place, axis, weights, bias })
}

/// The value that comes of a node that multiplies: after a constant shift and a rectifier, if only those take it.
fn result_of(prepared: &Prepared, place: usize) -> &str {
    let takers = prepared.takers();
    let is_constant = |name: &String| prepared.graph.initializer.iter().any(|tensor| tensor.name == *name);
    let mut node = &prepared.graph.node[place];
    loop {
        let value = node.output.first().map(String::as_str).unwrap_or_default();
        let is_given = prepared.graph.output.iter().any(|output| output.name == value);
        let next = match takers.get(value).map(Vec::as_slice) {
            Some([one]) if !is_given => &prepared.graph.node[*one],
            _ => return value,
        };
        let joins = match next.op_type.as_str() {
            "Relu" => true,
            "Clip" => next.input.iter().skip(1).all(|name| name.is_empty() || is_constant(name)),
            "Add" => node.op_type == "MatMul" && next.input.iter().any(is_constant),
            _ => false,
        };
        if !joins {
            return value;
        }
        node = next;
    }
}

/// The nodes that will multiply whole numbers, and a count of those that will not.
fn chosen<'a>(prepared: &'a Prepared, ranges: &Ranges) -> (Vec<Core<'a>>, KeptCounts) {
    let (feeds_logarithm, constants) = (prepared.feeds_logarithm(), prepared.constants());
    let (mut cores, mut kept) = (Vec::new(), KeptCounts::default());
    for (place, node) in prepared.graph.node.iter().enumerate() {
        let operator = node.op_type.as_str();
        if matches!(operator, "LSTM" | "GRU" | "RNN") {
            kept.add("a recurrence", operator);
        }
        let has_weights = node.input.get(1).is_some_and(|name| constants.contains_key(name.as_str()));
        if !matches!(operator, "Conv" | "ConvTranspose" | "MatMul" | "Gemm") || !has_weights {
            continue;
        }
        let is_seen = |name: &str| ranges.of(name).is_some_and(|range| range.is_finite() && range.magnitude() > 0.0);
        match core_at(prepared, place) {
            None => kept.add(FORM, operator),
            Some(_) if feeds_logarithm[place] => kept.add(LOGARITHM, operator),
            Some(_) if !is_seen(&node.input[0]) || !is_seen(result_of(prepared, place)) => kept.add(UNSEEN, operator),
            Some(core) => cores.push(core),
        }
    }
    (cores, kept)
}

/// For each node, whether one of those at `places` comes after it.
fn leads_to(prepared: &Prepared, places: &BTreeSet<usize>) -> Vec<bool> {
    let makers = prepared.makers();
    let mut leads = vec![false; prepared.graph.node.len()];
    for (place, node) in prepared.graph.node.iter().enumerate().rev() {
        if leads[place] || places.contains(&place) {
            needed_by(node).iter().filter_map(|name| makers.get(name)).for_each(|maker| leads[*maker] = true);
        }
    }
    leads
}

/// The network in 8-bit whole numbers.
pub(super) fn rewrite(prepared: &Prepared, ranges: &Ranges) -> Result<Rewritten, VariantError> {
    let found = prepared.operator_set();
    if found < OLDEST_OPERATORS {
        return Err(VariantError::OldOperators { found, needed: OLDEST_OPERATORS });
    }
    let (mut prepared, mut ranges) = (prepared.clone(), ranges.clone());
    equalise(&mut prepared, &mut ranges);
    let (cores, kept) = chosen(&prepared, &ranges);
    let kept = kept.list();
    if cores.is_empty() {
        let reasons = kept.iter().map(ToString::to_string).collect();
        return Err(VariantError::Nothing { precision: Precision::Int8, reasons });
    }
    let places: BTreeSet<usize> = cores.iter().map(|core| core.place).collect();
    let leads = leads_to(&prepared, &places);
    let mut flowing: BTreeSet<&str> = BTreeSet::new();
    for core in &cores {
        flowing.insert(&prepared.graph.node[core.place].input[0]);
        // What comes of the last ones is the scores' business: it stays as exact as it is.
        if leads[core.place] {
            flowing.insert(result_of(&prepared, core.place));
        }
    }
    let mut writer = Writer {
        prepared: &prepared,
        ranges: &ranges,
        names: FreeNames::of(&prepared.graph),
        nodes: Vec::new(),
        constants: Vec::new(),
        stepped: BTreeMap::new(),
        weights: BTreeMap::new(),
    };
    let converted = cores.len();
    let model = writer.write(&cores, &flowing);
    Ok(Rewritten { model, converted, kept })
}

/// A value in steps.
struct Stepped {
    /// Its name after it was brought to steps and back.
    name: String,
    scale: f32,
}

struct Writer<'a> {
    prepared: &'a Prepared,
    ranges: &'a Ranges,
    names: FreeNames,
    nodes: Vec<Node>,
    constants: Vec<Tensor>,
    stepped: BTreeMap<String, Stepped>,
    /// Weights that are whole already: their name as floats, and the scales, by name and axis.
    weights: BTreeMap<(String, usize), (String, Vec<f32>)>,
}

impl Writer<'_> {
    fn write(&mut self, cores: &[Core<'_>], flowing: &BTreeSet<&str>) -> crate::onnx::proto::Model {
        let old = &self.prepared.graph;
        for input in old.input.iter().filter(|input| flowing.contains(input.name.as_str())) {
            self.step(&input.name);
        }
        let by_place: BTreeMap<usize, &Core<'_>> = cores.iter().map(|core| (core.place, core)).collect();
        for (place, node) in old.node.iter().enumerate() {
            let mut written = node.clone();
            if let Some(core) = by_place.get(&place) {
                self.weigh(core, &mut written);
            }
            for name in &mut written.input {
                if let Some(stepped) = self.stepped.get(name) {
                    name.clone_from(&stepped.name);
                }
            }
            self.nodes.push(written);
            for name in node.output.iter().filter(|name| flowing.contains(name.as_str())) {
                self.step(name);
            }
        }
        let needed: BTreeSet<&str> =
            self.nodes.iter().flat_map(needed_by).chain(old.output.iter().map(|output| output.name.as_str())).collect();
        let is_constant = |name: &str| old.initializer.iter().any(|tensor| tensor.name == name);
        let is_gone = |name: &str| !needed.contains(name) && is_constant(name);
        let kept = old.initializer.iter().filter(|tensor| needed.contains(tensor.name.as_str()));
        let initializer = kept.cloned().chain(self.constants.drain(..)).collect();
        let input = old.input.iter().filter(|input| !is_gone(&input.name)).cloned().collect();
        let value_info = old.value_info.iter().filter(|value| !is_gone(&value.name)).cloned().collect();
        let node = std::mem::take(&mut self.nodes);
        self.prepared.with_graph(Graph { node, initializer, input, value_info, ..old.clone() })
    }

    /// Brings a value to steps and back.
    fn step(&mut self, name: &str) {
        let Some(range) = self.ranges.of(name) else { return };
        // Zero must be a step: it is what convolutions put around their input.
        let (least, greatest) = (range.least.min(0.0), range.greatest.max(0.0));
        let scale = ((greatest - least) / STEPS).max(f32::MIN_POSITIVE);
        let zero = (-least / scale).round().clamp(0.0, STEPS) as u8;
        let [scale_name, zero_name, whole, back] =
            ["scale", "zero", "uint8", "stepped"].map(|word| self.names.new_name(&format!("{name}/{word}")));
        self.constants.push(float_tensor(&scale_name, &[], &[scale]));
        self.constants.push(uint8_tensor(&zero_name, &[], &[zero]));
        self.push("QuantizeLinear", &[name, &scale_name, &zero_name], &whole, vec![]);
        self.push("DequantizeLinear", &[&whole, &scale_name, &zero_name], &back, vec![]);
        self.stepped.insert(name.to_owned(), Stepped { name: back, scale });
    }

    /// Makes the weights and the shift of a node whole numbers.
    fn weigh(&mut self, core: &Core<'_>, node: &mut Node) {
        let Some(input_scale) = node.input.first().and_then(|name| self.stepped.get(name)).map(|stepped| stepped.scale)
        else {
            return;
        };
        let bias = core.bias.and_then(floats_of);
        let shared = (core.weights.name.clone(), core.axis);
        let known = self.weights.get(&shared).cloned();
        let (name, scales) = match known.filter(|(_, scales)| fits(bias.as_deref(), scales, input_scale)) {
            Some(known) => known,
            None => {
                let Some(made) = self.whole_weights(core, bias.as_deref(), input_scale) else { return };
                self.weights.insert(shared, made.clone());
                made
            }
        };
        node.input[1] = name;
        if let (Some(bias), Some(tensor)) = (bias, core.bias) {
            node.input[2] = self.whole_bias(&tensor.name, &bias, &scales, input_scale);
        }
    }

    /// Weights as whole numbers with a scale for each filter: their name as floats, and the scales.
    fn whole_weights(&mut self, core: &Core<'_>, bias: Option<&[f32]>, input_scale: f32) -> Option<(String, Vec<f32>)> {
        let numbers = floats_of(core.weights)?;
        let dims: Vec<usize> = core.weights.dims.iter().map(|&size| usize::try_from(size).unwrap_or(0)).collect();
        let filters = *dims.get(core.axis)?;
        let inner = dims.get(core.axis + 1..)?.iter().product::<usize>().max(1);
        let filter_of = |at: usize| at / inner % filters.max(1);
        let mut scales = vec![0.0_f32; filters];
        for (at, number) in numbers.iter().enumerate() {
            let scale = &mut scales[filter_of(at)];
            *scale = scale.max(number.abs() / MOST_WEIGHT);
        }
        for (filter, scale) in scales.iter_mut().enumerate() {
            let shift = bias.and_then(|bias| bias.get(filter)).map_or(0.0, |shift| f64::from(shift.abs()));
            let least = (shift / (MOST_SHIFT * f64::from(input_scale))) as f32;
            *scale = scale.max(least).max(f32::MIN_POSITIVE);
        }
        let whole: Vec<i8> = numbers
            .iter()
            .enumerate()
            .map(|(at, number)| (number / scales[filter_of(at)]).round().clamp(-MOST_WEIGHT, MOST_WEIGHT) as i8)
            .collect();
        let own = &core.weights.name;
        let [whole_name, scale_name, zero_name, back] =
            ["int8", "scales", "zeros", "stepped"].map(|word| self.names.new_name(&format!("{own}/{word}")));
        self.constants.push(int8_tensor(&whole_name, &core.weights.dims, &whole));
        self.constants.push(float_tensor(&scale_name, &[filters as i64], &scales));
        self.constants.push(int8_tensor(&zero_name, &[filters as i64], &vec![0; filters]));
        let axis = vec![int("axis", core.axis as i64)];
        self.push("DequantizeLinear", &[&whole_name, &scale_name, &zero_name], &back, axis);
        Some((back, scales))
    }

    /// A shift as whole numbers of the steps that products come in.
    fn whole_bias(&mut self, own: &str, bias: &[f32], scales: &[f32], input_scale: f32) -> String {
        let steps: Vec<f32> =
            scales.iter().map(|scale| scale * input_scale).map(|s| s.max(f32::MIN_POSITIVE)).collect();
        let whole: Vec<i32> = bias
            .iter()
            .zip(&steps)
            .map(|(shift, step)| (f64::from(*shift) / f64::from(*step)).round().clamp(-MOST_SHIFT, MOST_SHIFT) as i32)
            .collect();
        let [whole_name, scale_name, zero_name, back] =
            ["int32", "scales", "zeros", "stepped"].map(|word| self.names.new_name(&format!("{own}/{word}")));
        let dims = [bias.len() as i64];
        self.constants.push(int32_tensor(&whole_name, &dims, &whole));
        self.constants.push(float_tensor(&scale_name, &dims, &steps));
        self.constants.push(int32_tensor(&zero_name, &dims, &vec![0; bias.len()]));
        self.push("DequantizeLinear", &[&whole_name, &scale_name, &zero_name], &back, vec![int("axis", 0)]);
        back
    }

    fn push(&mut self, operator: &str, inputs: &[&str], output: &str, attribute: Vec<Attribute>) {
        self.nodes.push(Node {
            name: self.names.new_name(&format!("{output}/{operator}")),
            input: inputs.iter().map(|&name| name.to_owned()).collect(),
            output: vec![output.to_owned()],
            op_type: operator.to_owned(),
            attribute,
            ..Node::default()
        });
    }
}

/// Whether a shift can be held in the steps that these scales make.
fn fits(bias: Option<&[f32]>, scales: &[f32], input_scale: f32) -> bool {
    let step = |scale: &f32| f64::from(scale * input_scale).max(f64::from(f32::MIN_POSITIVE));
    bias.is_none_or(|bias| {
        bias.iter().zip(scales).all(|(shift, scale)| f64::from(shift.abs()) / step(scale) <= MOST_SHIFT)
    })
}
