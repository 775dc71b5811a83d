//! Operators that few providers have, in terms of those that all have: the same network, to the rounding. Pure.
//!
//! A provider hands what it lacks to the CPU, and each such node sends its input from the device and its output back: twenty of them cost more
//! than all the rest of a small network.

use super::proto::{Attribute, AttributeKind, ElementKind, Graph, Model, Node, Tensor};
use prost::Message;
use std::collections::HashSet;

/// The operator set from which on `Clip` takes its bounds as inputs.
const CLIP_WITH_INPUTS: i64 = 11;
/// The one from which on `ReduceMean` takes its axes as an input.
const MEAN_WITH_INPUT: i64 = 18;

/// The network of an ONNX file with `HardSwish`, `HardSigmoid` and `GlobalAveragePool` (of maps `[batch, channel, height, width]`) written as
/// sums, products, bounds and means. None if the file has none of them, or cannot be read.
pub fn substituted(onnx: &[u8]) -> Option<Vec<u8>> {
    let mut model = Model::decode(onnx).ok()?;
    let own = model.opset_import.iter().find(|set| set.domain.is_empty() || set.domain == "ai.onnx")?;
    let opset = own.version;
    let graph = model.graph.as_mut().filter(|_| opset >= CLIP_WITH_INPUTS)?;
    let nodes = std::mem::take(&mut graph.node);
    let mut writer = Writer { names: names_in(graph, &nodes), graph, opset, count: 0 };
    let mut substitutes = 0;
    for node in nodes {
        if writer.substitute(&node).is_some() {
            substitutes += 1;
        } else {
            writer.graph.node.push(node);
        }
    }
    (substitutes > 0).then(|| model.encode_to_vec())
}

fn names_in(graph: &Graph, nodes: &[Node]) -> HashSet<String> {
    let of_nodes = nodes.iter().flat_map(|node| node.input.iter().chain(&node.output).chain([&node.name]));
    of_nodes.chain(graph.initializer.iter().map(|tensor| &tensor.name)).cloned().collect()
}

struct Writer<'a> {
    graph: &'a mut Graph,
    names: HashSet<String>,
    opset: i64,
    count: usize,
}

impl Writer<'_> {
    /// Adds what computes the same as `node`; none, and nothing added, if it is none of those that are replaced.
    fn substitute(&mut self, node: &Node) -> Option<()> {
        let ([input], [output]) = (&node.input[..], &node.output[..]) else { return None };
        if !node.domain.is_empty() && node.domain != "ai.onnx" {
            return None;
        }
        match node.op_type.as_str() {
            "HardSigmoid" => {
                let (alpha, beta) = (number(node, "alpha", 0.2), number(node, "beta", 0.5));
                self.hard_sigmoid(input, alpha, beta, output.clone());
            }
            "HardSwish" => {
                let gate = self.name("gate");
                self.hard_sigmoid(input, 1.0 / 6.0, 0.5, gate.clone());
                self.node("Mul", vec![input.clone(), gate], output.clone(), Vec::new());
            }
            "GlobalAveragePool" => self.mean_of_maps(input, output.clone()),
            _ => return None,
        }
        Some(())
    }

    /// `min(max(alpha · x + beta, 0), 1)`.
    fn hard_sigmoid(&mut self, input: &str, alpha: f32, beta: f32, output: String) {
        let [alpha, beta, zero, one] = [alpha, beta, 0.0, 1.0].map(|value| self.scalar(value));
        let (scaled, moved) = (self.name("scaled"), self.name("moved"));
        self.node("Mul", vec![input.to_owned(), alpha], scaled.clone(), Vec::new());
        self.node("Add", vec![scaled, beta], moved.clone(), Vec::new());
        self.node("Clip", vec![moved, zero, one], output, Vec::new());
    }

    fn mean_of_maps(&mut self, input: &str, output: String) {
        let keep =
            Attribute { name: "keepdims".to_owned(), i: 1, kind: AttributeKind::Int as i32, ..Attribute::default() };
        let axes = vec![2, 3];
        if self.opset >= MEAN_WITH_INPUT {
            let axes = self.constant(
                ElementKind::Int64,
                vec![2],
                axes.iter().flat_map(|axis: &i64| axis.to_le_bytes()).collect(),
            );
            self.node("ReduceMean", vec![input.to_owned(), axes], output, vec![keep]);
        } else {
            let kind = AttributeKind::Ints as i32;
            let axes = Attribute { name: "axes".to_owned(), ints: axes, kind, ..Attribute::default() };
            self.node("ReduceMean", vec![input.to_owned()], output, vec![axes, keep]);
        }
    }

    fn node(&mut self, operator: &str, input: Vec<String>, output: String, attribute: Vec<Attribute>) {
        let node = Node {
            name: output.clone(),
            input,
            output: vec![output],
            op_type: operator.to_owned(),
            attribute,
            ..Node::default()
        };
        self.graph.node.push(node);
    }

    fn scalar(&mut self, value: f32) -> String {
        self.constant(ElementKind::Float, Vec::new(), value.to_le_bytes().to_vec())
    }

    fn constant(&mut self, kind: ElementKind, dims: Vec<i64>, raw_data: Vec<u8>) -> String {
        let name = self.name("constant");
        self.graph.initializer.push(Tensor {
            name: name.clone(),
            dims,
            data_type: kind as i32,
            raw_data,
            ..Tensor::default()
        });
        name
    }

    /// A name that the graph does not have yet.
    fn name(&mut self, what: &str) -> String {
        loop {
            self.count += 1;
            let name = format!("substitute/{what}_{}", self.count);
            if self.names.insert(name.clone()) {
                return name;
            }
        }
    }
}

fn number(node: &Node, name: &str, otherwise: f32) -> f32 {
    node.attribute.iter().find(|attribute| attribute.name == name).map_or(otherwise, |attribute| attribute.f)
}
