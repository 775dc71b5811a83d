//! Which values of a graph are 32-bit floats: one rule an operator.

use crate::onnx::proto::{Attribute, ElementKind, Graph, Node, ValueInfo};
use std::collections::BTreeMap;

const FLOAT: i32 = ElementKind::Float as i32;
const INT64: i32 = ElementKind::Int64 as i32;
const BOOL: i32 = ElementKind::Bool as i32;
const UNDEFINED: i32 = ElementKind::Undefined as i32;

/// The element types of a graph's values, by name.
pub(super) struct ElementTypes {
    types: BTreeMap<String, i32>,
}

impl ElementTypes {
    /// Those of a graph whose nodes are in order.
    pub fn of(graph: &Graph) -> Self {
        let mut types = BTreeMap::new();
        let told = graph.input.iter().chain(&graph.output).chain(&graph.value_info);
        types.extend(told.filter_map(|value| Some((value.name.clone(), told_type(value)?))));
        types.extend(graph.initializer.iter().map(|tensor| (tensor.name.clone(), tensor.data_type)));
        let mut all = Self { types };
        for node in &graph.node {
            for (place, name) in node.output.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
                let found = all.output(node, place);
                // What the writer told counts where no rule is known.
                if found != UNDEFINED || !all.types.contains_key(name) {
                    all.types.insert(name.clone(), found);
                }
            }
        }
        all
    }

    /// Whether a value is known to hold 32-bit floats.
    pub fn is_float(&self, name: &str) -> bool {
        self.types.get(name) == Some(&FLOAT)
    }

    fn input(&self, node: &Node, place: usize) -> i32 {
        node.input.get(place).and_then(|name| self.types.get(name)).copied().unwrap_or(UNDEFINED)
    }

    fn output(&self, node: &Node, place: usize) -> i32 {
        if !matches!(node.domain.as_str(), "" | "ai.onnx") {
            return UNDEFINED;
        }
        let attribute = |name: &str| node.attribute.iter().find(|attribute| attribute.name == name);
        match (node.op_type.as_str(), place) {
            ("Cast", _) => attribute("to").and_then(|attribute| i32::try_from(attribute.i).ok()).unwrap_or(UNDEFINED),
            ("CastLike", _) => self.input(node, 1),
            ("Shape" | "Size" | "NonZero" | "ArgMax" | "ArgMin", _) => INT64,
            ("MaxPool" | "TopK" | "Unique", 1..) => INT64,
            ("Dropout", 1) => BOOL,
            (
                "Equal" | "Less" | "Greater" | "LessOrEqual" | "GreaterOrEqual" | "And" | "Or" | "Not" | "Xor"
                | "IsNaN" | "IsInf",
                _,
            ) => BOOL,
            ("Constant", _) => node.attribute.first().map_or(UNDEFINED, constant_type),
            ("ConstantOfShape", _) => attribute("value").map_or(FLOAT, constant_type),
            ("Where", _) => self.input(node, 1),
            ("OneHot", _) => self.input(node, 2),
            // What these give is said by their own graphs, or by settings that are not followed here.
            (
                "If" | "Loop" | "Scan" | "QuantizeLinear" | "DequantizeLinear" | "EyeLike" | "RandomNormal"
                | "RandomUniform" | "RandomNormalLike" | "RandomUniformLike" | "Bernoulli" | "Multinomial",
                _,
            ) => UNDEFINED,
            _ => self.input(node, 0),
        }
    }
}

fn constant_type(attribute: &Attribute) -> i32 {
    match attribute.name.as_str() {
        "value" => attribute.t.as_ref().map_or(UNDEFINED, |tensor| tensor.data_type),
        "value_float" | "value_floats" => FLOAT,
        "value_int" | "value_ints" => INT64,
        _ => UNDEFINED,
    }
}

fn told_type(value: &ValueInfo) -> Option<i32> {
    Some(value.r#type.as_ref()?.tensor_type.as_ref()?.elem_type)
}
