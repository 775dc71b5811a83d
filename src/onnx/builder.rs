//! Writing a graph node by node. Owns names and the order of nodes; knows operators only by name.

use super::proto::{
    Attribute, AttributeKind, Dimension, DimensionSize, ElementKind, Graph, Model, Node, OperatorSet, Shape, Tensor,
    TensorType, ValueInfo, ValueType,
};
use prost::Message;
use std::collections::BTreeMap;

/// Version of the file format that every runtime with [`OPSET`] reads.
const IR_VERSION: i64 = 10;
/// The operator set that is written: the first with attention, rotary embedding and root-mean-square norms as one operator each.
const OPSET: i64 = 23;

/// A value in a graph that is being written, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value(String);

impl Value {
    /// The value that stands for an optional input that is not given.
    pub fn none() -> Self {
        Self(String::new())
    }

    /// Its name in the graph.
    pub fn name(&self) -> &str {
        &self.0
    }
}

/// The size of a dimension of an input or output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Known.
    Fixed(usize),
    /// Chosen at each run; the same name means the same size.
    Open(&'static str),
}

/// A graph that is being written. Every node must come after those whose outputs it takes; the builder makes that so because
/// a [`Value`] is only got by adding its node.
#[derive(Debug)]
pub struct GraphBuilder {
    graph: Graph,
    counts: BTreeMap<String, usize>,
    scope: Vec<String>,
}

impl GraphBuilder {
    /// An empty graph.
    pub fn new(name: &str) -> Self {
        let graph = Graph { name: name.to_owned(), ..Graph::default() };
        Self { graph, counts: BTreeMap::new(), scope: Vec::new() }
    }

    /// Gives all nodes and constants that `write` adds names that begin with `scope/`.
    pub fn scoped<T>(&mut self, scope: &str, write: impl FnOnce(&mut Self) -> T) -> T {
        self.scope.push(scope.to_owned());
        let result = write(self);
        self.scope.pop();
        result
    }

    /// Adds an input of 32-bit floats.
    pub fn input(&mut self, name: &str, sizes: &[Size]) -> Value {
        self.graph.input.push(value_info(name, sizes));
        Value(name.to_owned())
    }

    /// Makes `value` an output of 32-bit floats called `name`.
    pub fn output(&mut self, value: &Value, name: &str, sizes: &[Size]) {
        // The value keeps one name: the node that makes it is told the output's.
        for node in &mut self.graph.node {
            for own in node.input.iter_mut().chain(&mut node.output) {
                if *own == value.0 {
                    *own = name.to_owned();
                }
            }
        }
        self.graph.output.push(value_info(name, sizes));
    }

    /// Adds constant 32-bit floats, row-major.
    pub fn floats(&mut self, name: &str, dims: &[usize], values: &[f32]) -> Value {
        debug_assert_eq!(dims.iter().product::<usize>(), values.len(), "{name}");
        self.constant(name, dims, ElementKind::Float, values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    /// Adds constant 64-bit integers in one dimension.
    pub fn integers(&mut self, name: &str, values: &[i64]) -> Value {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(name, &[values.len()], ElementKind::Int64, bytes)
    }

    /// Adds one constant 64-bit integer without dimensions.
    pub fn integer(&mut self, name: &str, value: i64) -> Value {
        self.constant(name, &[], ElementKind::Int64, value.to_le_bytes().to_vec())
    }

    /// Adds one constant 32-bit float without dimensions.
    pub fn scalar(&mut self, name: &str, value: f32) -> Value {
        self.constant(name, &[], ElementKind::Float, value.to_le_bytes().to_vec())
    }

    fn constant(&mut self, name: &str, dims: &[usize], kind: ElementKind, raw_data: Vec<u8>) -> Value {
        let name = self.unique(name);
        let dims = dims.iter().map(|&size| size as i64).collect();
        self.graph.initializer.push(Tensor {
            name: name.clone(),
            dims,
            data_type: kind as i32,
            raw_data,
            ..Tensor::default()
        });
        Value(name)
    }

    /// Adds a node with one output.
    pub fn node(&mut self, operator: &str, inputs: &[&Value], attributes: Vec<Attribute>) -> Value {
        let name = self.unique(operator);
        self.push(operator, inputs, vec![name.clone()], attributes);
        Value(name)
    }

    /// Adds a node with `N` outputs.
    pub fn node_of<const N: usize>(
        &mut self,
        operator: &str,
        inputs: &[&Value],
        attributes: Vec<Attribute>,
    ) -> [Value; N] {
        let name = self.unique(operator);
        let outputs: [Value; N] = std::array::from_fn(|index| Value(format!("{name}.{index}")));
        self.push(operator, inputs, outputs.iter().map(|value| value.0.clone()).collect(), attributes);
        outputs
    }

    fn push(&mut self, operator: &str, inputs: &[&Value], output: Vec<String>, attribute: Vec<Attribute>) {
        self.graph.node.push(Node {
            name: output.first().cloned().unwrap_or_default(),
            input: inputs.iter().map(|value| value.0.clone()).collect(),
            output,
            op_type: operator.to_owned(),
            attribute,
            ..Node::default()
        });
    }

    fn unique(&mut self, name: &str) -> String {
        let path = self.scope.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join("/");
        let count = self.counts.entry(path.clone()).or_default();
        *count += 1;
        if *count == 1 { path } else { format!("{path}_{count}") }
    }

    /// The whole file.
    pub fn finish(self, producer_version: &str) -> Vec<u8> {
        self.finish_model(producer_version).encode_to_vec()
    }

    /// The whole file, as messages.
    pub fn finish_model(self, producer_version: &str) -> Model {
        Model {
            ir_version: IR_VERSION,
            producer_name: "Earmark".to_owned(),
            producer_version: producer_version.to_owned(),
            graph: Some(self.graph),
            opset_import: vec![OperatorSet { domain: String::new(), version: OPSET }],
            ..Model::default()
        }
    }
}

fn value_info(name: &str, sizes: &[Size]) -> ValueInfo {
    let dim = sizes.iter().map(|size| Dimension {
        size: Some(match size {
            Size::Fixed(size) => DimensionSize::Fixed(*size as i64),
            Size::Open(name) => DimensionSize::Open((*name).to_owned()),
        }),
    });
    let tensor = TensorType { elem_type: ElementKind::Float as i32, shape: Some(Shape { dim: dim.collect() }) };
    ValueInfo { name: name.to_owned(), r#type: Some(ValueType { tensor_type: Some(tensor), ..ValueType::default() }) }
}

/// An attribute that is a whole number.
pub fn int(name: &str, value: i64) -> Attribute {
    Attribute { name: name.to_owned(), i: value, kind: AttributeKind::Int as i32, ..Attribute::default() }
}

/// An attribute that is a list of whole numbers.
pub fn ints(name: &str, values: &[i64]) -> Attribute {
    Attribute { name: name.to_owned(), ints: values.to_vec(), kind: AttributeKind::Ints as i32, ..Attribute::default() }
}

/// An attribute that is a number.
pub fn float(name: &str, value: f32) -> Attribute {
    Attribute { name: name.to_owned(), f: value, kind: AttributeKind::Float as i32, ..Attribute::default() }
}

/// An attribute that is a text.
pub fn text(name: &str, value: &str) -> Attribute {
    Attribute {
        name: name.to_owned(),
        s: value.as_bytes().to_vec(),
        kind: AttributeKind::String as i32,
        ..Attribute::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_graph_reads_back_as_it_was_written() {
        let mut graph = GraphBuilder::new("test");
        let input = graph.input("x", &[Size::Open("batch"), Size::Fixed(2)]);
        let sum = graph.scoped("layer", |graph| {
            let bias = graph.floats("bias", &[2], &[1.0, -2.0]);
            let sum = graph.node("Add", &[&input, &bias], vec![]);
            graph.node("Add", &[&sum, &bias], vec![ints("nothing", &[1, 2]), float("f", 0.5), text("t", "a")])
        });
        graph.output(&sum, "y", &[Size::Open("batch"), Size::Fixed(2)]);
        let model = graph.finish_model("1");
        let back = Model::decode(model.encode_to_vec().as_slice()).unwrap();
        assert_eq!(back, model);
        let graph = back.graph.unwrap();
        assert_eq!(graph.node[1].input, ["layer/Add", "layer/bias"]);
        assert_eq!((graph.node[1].output[0].as_str(), graph.output[0].name.as_str()), ("y", "y"));
        assert_eq!(graph.initializer[0].raw_data.len(), 8);
    }
}
