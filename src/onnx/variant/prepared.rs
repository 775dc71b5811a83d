//! A graph as the rewritings want it: checked, its constants in one place, its nodes in order, and what can be asked about its wiring.

use super::VariantError;
use super::element_types::ElementTypes;
use super::tensors::{float_tensor, floats_of};
use crate::onnx::proto::{ElementKind, Graph, Model, Node, Tensor, TensorType, ValueInfo, ValueType};
use crate::onnx::shapes::int;
use std::collections::{BTreeMap, BTreeSet};

/// Bfloat16, which nobody here computes with.
const BFLOAT16: i32 = 16;
/// Operators that make or take quantised numbers.
const QUANTISED: [&str; 8] = [
    "QuantizeLinear",
    "DequantizeLinear",
    "DynamicQuantizeLinear",
    "MatMulInteger",
    "ConvInteger",
    "QLinearConv",
    "QLinearMatMul",
    "QLinearAdd",
];
/// Operators after which numbers no longer stand for what a logarithm will see.
const BENT: [&str; 25] = [
    "Relu",
    "LeakyRelu",
    "PRelu",
    "Elu",
    "Celu",
    "Selu",
    "HardSwish",
    "HardSigmoid",
    "Sigmoid",
    "Tanh",
    "Gelu",
    "Erf",
    "Swish",
    "Mish",
    "Softplus",
    "Softmax",
    "LogSoftmax",
    "Exp",
    "Where",
    "LayerNormalization",
    "RMSNormalization",
    "InstanceNormalization",
    "LSTM",
    "GRU",
    "RNN",
];

/// A network that is ready to be rewritten.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    /// All but the graph.
    frame: Model,
    /// Its graph, nodes in an order in which they can be computed.
    pub graph: Graph,
}

impl Prepared {
    pub fn new(mut model: Model) -> Result<Self, VariantError> {
        let mut graph = model.graph.take().filter(|graph| !graph.output.is_empty()).ok_or(VariantError::Empty)?;
        check_constants(&graph)?;
        gather_constants(&mut graph);
        if let Some(numbers) = small_numbers(&graph) {
            return Err(VariantError::Already(numbers));
        }
        graph.node = in_order(&graph)?;
        Ok(Self { frame: model, graph })
    }

    /// The version of ONNX's own operators that it uses.
    pub fn operator_set(&self) -> i64 {
        let own = self.frame.opset_import.iter().find(|set| matches!(set.domain.as_str(), "" | "ai.onnx"));
        own.map_or(1, |set| set.version)
    }

    /// The file with `graph` in the place of its own.
    pub fn with_graph(&self, graph: Graph) -> Model {
        Model { graph: Some(graph), ..self.frame.clone() }
    }

    /// The file with more outputs of 32-bit floats.
    pub fn with_outputs(&self, names: &[String]) -> Model {
        let mut graph = self.graph.clone();
        let have: BTreeSet<&String> = self.graph.output.iter().map(|output| &output.name).collect();
        graph.output.extend(names.iter().filter(|name| !have.contains(name)).map(|name| float_value(name)));
        self.with_graph(graph)
    }

    pub fn types(&self) -> ElementTypes {
        ElementTypes::of(&self.graph)
    }

    /// The constants, by name.
    pub fn constants(&self) -> BTreeMap<&str, &Tensor> {
        self.graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect()
    }

    /// Which nodes take each value, by place. One that takes it twice, or within a graph of its own, is there as often.
    pub fn takers(&self) -> BTreeMap<&str, Vec<usize>> {
        let mut takers: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, node) in self.graph.node.iter().enumerate() {
            for name in needed_by(node) {
                takers.entry(name).or_default().push(place);
            }
        }
        takers
    }

    /// Which node makes each value, by place.
    pub fn makers(&self) -> BTreeMap<&str, usize> {
        let nodes = self.graph.node.iter().enumerate();
        nodes.flat_map(|(place, node)| node.output.iter().map(move |name| (name.as_str(), place))).collect()
    }

    /// For each node, whether what it gives is what a logarithm will see: there small numbers count as much as large ones, which neither
    /// kind of smaller numbers keeps apart.
    pub fn feeds_logarithm(&self) -> Vec<bool> {
        let makers = self.makers();
        let mut feeds = vec![false; self.graph.node.len()];
        for (place, node) in self.graph.node.iter().enumerate().rev() {
            if node.op_type == "Log" || (feeds[place] && !BENT.contains(&node.op_type.as_str())) {
                for maker in node.input.iter().filter_map(|name| makers.get(name.as_str())) {
                    feeds[*maker] = true;
                }
            }
        }
        let is_bent = |node: &Node| BENT.contains(&node.op_type.as_str());
        feeds.iter().zip(&self.graph.node).map(|(&feeds, node)| feeds && !is_bent(node)).collect()
    }
}

/// Names that a node needs: its inputs, and what graphs within it take from outside.
pub(super) fn needed_by(node: &Node) -> Vec<&str> {
    let mut names: Vec<&str> = node.input.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
    let inner = node.attribute.iter().flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs));
    for graph in inner {
        let own: BTreeSet<&str> = own_names(graph);
        let within = graph.node.iter().flat_map(needed_by).chain(graph.output.iter().map(|value| value.name.as_str()));
        names.extend(within.filter(|name| !own.contains(name)));
    }
    names
}

fn own_names(graph: &Graph) -> BTreeSet<&str> {
    let given = graph.input.iter().map(|value| value.name.as_str());
    let constants = graph.initializer.iter().map(|tensor| tensor.name.as_str());
    let made = graph.node.iter().flat_map(|node| node.output.iter().map(String::as_str));
    given.chain(constants).chain(made).collect()
}

/// A value of 32-bit floats of which nothing else is told.
pub(super) fn float_value(name: &str) -> ValueInfo {
    let tensor = TensorType { elem_type: ElementKind::Float as i32, shape: None };
    ValueInfo { name: name.to_owned(), r#type: Some(ValueType { tensor_type: Some(tensor), ..ValueType::default() }) }
}

fn check_constants(graph: &Graph) -> Result<(), VariantError> {
    let of_nodes = graph.node.iter().flat_map(|node| &node.attribute).filter_map(|attribute| attribute.t.as_ref());
    let elsewhere = |tensor: &&Tensor| tensor.data_location != 0 || !tensor.external_data.is_empty();
    match graph.initializer.iter().chain(of_nodes).find(elsewhere) {
        Some(tensor) => Err(VariantError::Elsewhere(tensor.name.clone())),
        None => Ok(()),
    }
}

/// Makes constants of the nodes that give constant 32-bit floats, so that those can be rewritten too.
fn gather_constants(graph: &mut Graph) {
    let mut constants = Vec::new();
    graph.node.retain(|node| {
        let constant = constant_of(node);
        let is_other = constant.is_none();
        constants.extend(constant);
        is_other
    });
    graph.initializer.extend(constants);
}

fn constant_of(node: &Node) -> Option<Tensor> {
    if node.op_type != "Constant" || !matches!(node.domain.as_str(), "" | "ai.onnx") {
        return None;
    }
    let (name, attribute) = (node.output.first()?, node.attribute.first()?);
    match attribute.name.as_str() {
        "value" => {
            let tensor = attribute.t.as_ref()?;
            floats_of(tensor).map(|_| Tensor { name: name.clone(), ..tensor.clone() })
        }
        "value_float" => Some(float_tensor(name, &[], &[attribute.f])),
        "value_floats" => Some(float_tensor(name, &[attribute.floats.len() as i64], &attribute.floats)),
        _ => None,
    }
}

/// The small numbers that a graph computes with already, in words.
fn small_numbers(graph: &Graph) -> Option<&'static str> {
    let is_quantised = |node: &Node| QUANTISED.contains(&node.op_type.as_str()) || node.op_type.starts_with("QLinear");
    if graph.node.iter().any(is_quantised) {
        return Some("8-bit whole numbers");
    }
    let is_short = |kind: i32| kind == ElementKind::Float16 as i32 || kind == BFLOAT16;
    let casts = |node: &Node| node.op_type == "Cast" && int(node, "to").is_some_and(|to| to == 10 || to == 16);
    let has_short = graph.initializer.iter().any(|tensor| is_short(tensor.data_type)) || graph.node.iter().any(casts);
    has_short.then_some("16-bit floats")
}

/// The nodes in an order in which each comes after those that it needs; as they stand, where they stand so.
fn in_order(graph: &Graph) -> Result<Vec<Node>, VariantError> {
    let mut made_by: BTreeMap<&str, usize> = BTreeMap::new();
    for (place, node) in graph.node.iter().enumerate() {
        made_by.extend(node.output.iter().filter(|name| !name.is_empty()).map(|name| (name.as_str(), place)));
    }
    let given: BTreeSet<&str> = graph
        .input
        .iter()
        .map(|value| value.name.as_str())
        .chain(graph.initializer.iter().map(|tensor| tensor.name.as_str()))
        .collect();
    let name_of = |place: usize| {
        let node: &Node = &graph.node[place];
        if node.name.is_empty() { node.output.first().cloned().unwrap_or_default() } else { node.name.clone() }
    };
    let (mut waits, mut takers) = (vec![0_usize; graph.node.len()], vec![Vec::new(); graph.node.len()]);
    for (place, node) in graph.node.iter().enumerate() {
        for name in needed_by(node) {
            match made_by.get(name) {
                Some(&maker) => {
                    waits[place] += 1;
                    takers[maker].push(place);
                }
                // Sparse constants are kept as they came, so that their names are not known.
                None if given.contains(name) || !graph.sparse_initializer.is_empty() => {}
                None => return Err(VariantError::Order(name_of(place))),
            }
        }
    }
    let mut ready: BTreeSet<usize> = (0..graph.node.len()).filter(|&place| waits[place] == 0).collect();
    let mut ordered = Vec::with_capacity(graph.node.len());
    while let Some(place) = ready.pop_first() {
        ordered.push(graph.node[place].clone());
        for &taker in &takers[place] {
            waits[taker] -= 1;
            if waits[taker] == 0 {
                ready.insert(taker);
            }
        }
    }
    match waits.iter().position(|&waits| waits > 0) {
        Some(place) => Err(VariantError::Order(name_of(place))),
        None => Ok(ordered),
    }
}

/// Names that no value of a graph has.
pub(super) struct FreeNames {
    taken: BTreeSet<String>,
}

impl FreeNames {
    pub fn of(graph: &Graph) -> Self {
        let mut taken: BTreeSet<String> = own_names(graph).into_iter().map(str::to_owned).collect();
        taken.extend(graph.node.iter().flat_map(needed_by).map(str::to_owned));
        taken.extend(graph.node.iter().map(|node| node.name.clone()));
        // Values within graphs of nodes hide those outside.
        let inner = graph.node.iter().flat_map(|node| &node.attribute);
        let graphs = inner.flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs));
        graphs.for_each(|graph| taken.extend(Self::of(graph).taken));
        Self { taken }
    }

    /// A name that begins with `wanted`.
    pub fn new_name(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        let mut number = 2_usize;
        while !self.taken.insert(name.clone()) {
            name = format!("{wanted}_{number}");
            number += 1;
        }
        name
    }
}

/// Counts what was left as it is.
#[derive(Default)]
pub(super) struct KeptCounts(BTreeMap<(&'static str, String), usize>);

impl KeptCounts {
    pub fn add(&mut self, reason: &'static str, operator: &str) {
        *self.0.entry((reason, operator.to_owned())).or_default() += 1;
    }

    pub fn list(self) -> Vec<super::Kept> {
        let of = |((reason, operator), count)| super::Kept { reason, operator, count };
        self.0.into_iter().map(of).collect()
    }
}
