//! The sizes of all values of a graph, from those of its inputs. Pure; computes no numbers but the whole ones that say sizes.
//!
//! A node whose operator is not known, or whose sizes cannot be told, is named with the reason, and so are the nodes that need its outputs.

pub(super) mod contraction;
mod rules;
mod windows;

use super::proto::{AttributeKind, DimensionSize, ElementKind, Graph, Model, Node, Tensor, ValueInfo};
use std::collections::BTreeMap;

/// Whole numbers that a value may hold to be followed: sizes and axes are few.
const MOST_NUMBERS: usize = 1 << 12;
/// No value has more elements, nor a longer axis even where another one is of size 0: sums and products of two sizes stay within 64 bits.
const MOST_ELEMENTS: u64 = 1 << 40;
/// No value has more axes.
const MOST_AXES: usize = 64;

/// What is known of a value without running the network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// Its sizes.
    pub dims: Vec<usize>,
    /// Its numbers, if they are whole, few, and follow from constants and sizes.
    pub integers: Option<Vec<i64>>,
    /// Whether it depends on no input of the graph.
    pub is_constant: bool,
}

impl Known {
    /// A value of these sizes.
    pub fn of(dims: Vec<usize>) -> Self {
        Self { dims, ..Self::default() }
    }

    /// How many elements it has.
    pub fn elements(&self) -> u64 {
        elements(&self.dims)
    }
}

/// How many elements a value of these sizes has.
pub(super) fn elements(dims: &[usize]) -> u64 {
    dims.iter().fold(1_u64, |product, &size| product.saturating_mul(size as u64))
}

/// Whether a value can have these sizes.
fn is_measured(dims: &[usize]) -> bool {
    let fits = |elements: u64| elements <= MOST_ELEMENTS;
    dims.len() <= MOST_AXES && fits(elements(dims)) && dims.iter().all(|&size| fits(size as u64))
}

/// A node whose sizes are not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// Its place among the graph's nodes.
    pub node: usize,
    /// Why.
    pub reason: String,
    /// Only because it needs another one's output.
    pub is_consequence: bool,
}

/// What is known of the values of a graph.
#[derive(Clone, Debug, Default)]
pub struct Shapes {
    values: BTreeMap<String, Known>,
    /// The nodes whose sizes are not known.
    pub unknown: Vec<Unknown>,
}

impl Shapes {
    /// What is known of the value of that name.
    pub fn value(&self, name: &str) -> Option<&Known> {
        self.values.get(name)
    }

    /// The sizes of all values of the model's graph; `open_size` says the size of a dimension that the model leaves open, by the name of its
    /// input, its place there, and its own name, which may be empty.
    pub fn infer(model: &Model, open_size: &dyn Fn(&str, usize, &str) -> Option<usize>) -> Self {
        let mut shapes = Self::default();
        let Some(graph) = &model.graph else { return shapes };
        shapes.add_constants(graph);
        shapes.add_inputs(graph, open_size);
        for (index, node) in graph.node.iter().enumerate() {
            match shapes.outputs(node) {
                Ok(outputs) => {
                    let named = node.output.iter().zip(outputs).filter(|(name, _)| !name.is_empty());
                    shapes.values.extend(named.map(|(name, known)| (name.clone(), known)));
                }
                Err(reason) => {
                    let is_consequence = shapes.missing_input(node).is_some();
                    shapes.unknown.push(Unknown { node: index, reason, is_consequence });
                }
            }
        }
        shapes
    }

    fn add_constants(&mut self, graph: &Graph) {
        for tensor in &graph.initializer {
            if let Some(known) = of_tensor(tensor) {
                self.values.insert(tensor.name.clone(), known);
            }
        }
    }

    fn add_inputs(&mut self, graph: &Graph, open_size: &dyn Fn(&str, usize, &str) -> Option<usize>) {
        for input in &graph.input {
            if !self.values.contains_key(&input.name)
                && let Some(dims) = input_dims(input, open_size).filter(|dims| is_measured(dims))
            {
                self.values.insert(input.name.clone(), Known::of(dims));
            }
        }
    }

    fn missing_input<'a>(&self, node: &'a Node) -> Option<&'a String> {
        node.input.iter().find(|name| !name.is_empty() && !self.values.contains_key(*name))
    }

    fn outputs(&self, node: &Node) -> Result<Vec<Known>, String> {
        if !matches!(node.domain.as_str(), "" | "ai.onnx") {
            return Err(format!("the operator {}.{} is not known", node.domain, node.op_type));
        }
        if let Some(missing) = self.missing_input(node) {
            return Err(format!("the sizes of its input {missing} are not known"));
        }
        let inputs = node.input.iter().map(|name| self.values.get(name)).collect();
        let mut outputs = rules::outputs(&Operation { node, inputs })?;
        let is_constant = node.input.iter().filter_map(|name| self.values.get(name)).all(|known| known.is_constant);
        for output in &mut outputs {
            if !is_measured(&output.dims) {
                return Err("its output is larger than any memory, or has too many axes".to_owned());
            }
            output.integers = output.integers.take().filter(|numbers| numbers.len() <= MOST_NUMBERS);
            output.is_constant |= is_constant;
        }
        Ok(outputs)
    }
}

/// The sizes of a graph's input; none if one stays open.
pub(super) fn input_dims(
    input: &ValueInfo,
    open_size: &dyn Fn(&str, usize, &str) -> Option<usize>,
) -> Option<Vec<usize>> {
    let shape = input.r#type.as_ref()?.tensor_type.as_ref()?.shape.as_ref()?;
    let size = |(place, dimension): (usize, &super::proto::Dimension)| match &dimension.size {
        Some(DimensionSize::Fixed(size)) => usize::try_from(*size).ok(),
        Some(DimensionSize::Open(name)) => open_size(&input.name, place, name),
        None => open_size(&input.name, place, ""),
    };
    shape.dim.iter().enumerate().map(size).collect()
}

fn of_tensor(tensor: &Tensor) -> Option<Known> {
    let dims: Vec<usize> = tensor.dims.iter().map(|&size| usize::try_from(size).ok()).collect::<Option<_>>()?;
    if !is_measured(&dims) {
        return None;
    }
    Some(Known { integers: integers_of(tensor, &dims), dims, is_constant: true })
}

fn integers_of(tensor: &Tensor, dims: &[usize]) -> Option<Vec<i64>> {
    let count = usize::try_from(elements(dims)).ok().filter(|count| *count <= MOST_NUMBERS)?;
    let raw = &tensor.raw_data;
    let numbers: Vec<i64> = match ElementKind::try_from(tensor.data_type).ok()? {
        ElementKind::Int64 if raw.is_empty() => tensor.int64_data.clone(),
        ElementKind::Int64 => raw.as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect(),
        ElementKind::Int32 if raw.is_empty() => tensor.int32_data.iter().map(|&number| i64::from(number)).collect(),
        ElementKind::Int32 => {
            raw.as_chunks::<4>().0.iter().map(|bytes| i64::from(i32::from_le_bytes(*bytes))).collect()
        }
        _ => return None,
    };
    (numbers.len() == count).then_some(numbers)
}

/// A node with what is known of its inputs.
pub(super) struct Operation<'a> {
    node: &'a Node,
    inputs: Vec<Option<&'a Known>>,
}

impl<'a> Operation<'a> {
    fn input(&self, index: usize) -> Result<&'a Known, String> {
        self.optional(index).ok_or_else(|| format!("its input {index} is missing"))
    }

    fn optional(&self, index: usize) -> Option<&'a Known> {
        self.inputs.get(index).copied().flatten()
    }

    /// The whole numbers that an input holds.
    fn integers(&self, index: usize) -> Result<&'a [i64], String> {
        let numbers = self.input(index)?.integers.as_deref();
        numbers.ok_or_else(|| format!("the numbers of its input {index} are known only when it runs"))
    }

    /// The whole numbers of an attribute, or of an input in newer operator sets; none if neither is given.
    fn integers_at(&self, attribute: &str, index: usize) -> Result<Option<Vec<i64>>, String> {
        if let Some(numbers) = ints(self.node, attribute) {
            return Ok(Some(numbers.to_vec()));
        }
        if self.optional(index).is_none() {
            Ok(None)
        } else {
            self.integers(index).map(|numbers| Some(numbers.to_vec()))
        }
    }
}

/// A whole number of a node's settings.
pub(super) fn int(node: &Node, name: &str) -> Option<i64> {
    node.attribute.iter().find(|attribute| attribute.name == name).map(|attribute| attribute.i)
}

/// Whole numbers of a node's settings.
pub(super) fn ints<'a>(node: &'a Node, name: &str) -> Option<&'a [i64]> {
    let attribute = node.attribute.iter().find(|attribute| attribute.name == name)?;
    (attribute.kind == AttributeKind::Ints as i32 || !attribute.ints.is_empty()).then_some(attribute.ints.as_slice())
}

/// A text of a node's settings.
pub(super) fn text<'a>(node: &'a Node, name: &str) -> Option<&'a str> {
    let attribute = node.attribute.iter().find(|attribute| attribute.name == name)?;
    std::str::from_utf8(&attribute.s).ok()
}

/// The place that an axis means, which may be counted from the end.
fn axis_of(axis: i64, rank: usize) -> Result<usize, String> {
    let place = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
    usize::try_from(place)
        .ok()
        .filter(|place| *place < rank)
        .ok_or_else(|| format!("axis {axis} of a value with {rank} axes"))
}

fn size_of(number: i64) -> Result<usize, String> {
    usize::try_from(number).map_err(|_| format!("{number} as a size"))
}

/// The sizes of what comes of two values element by element.
pub(super) fn broadcast(a: &[usize], b: &[usize]) -> Result<Vec<usize>, String> {
    let rank = a.len().max(b.len());
    let size = |dims: &[usize], place: usize| (place + dims.len()).checked_sub(rank).map_or(1, |place| dims[place]);
    let joined = |place| match (size(a, place), size(b, place)) {
        (a, b) if a == b || b == 1 => Ok(a),
        (1, b) => Ok(b),
        _ => Err(format!("{a:?} and {b:?} do not fit together")),
    };
    (0..rank).map(joined).collect()
}

#[cfg(test)]
mod tests;
