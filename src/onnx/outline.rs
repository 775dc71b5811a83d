//! What an ONNX file says about itself without being run: inputs and outputs with their sizes.

use super::proto::{DimensionSize, ElementKind, Model, ValueInfo};
use prost::Message;
use std::collections::HashSet;
use std::fmt;

/// Inputs and outputs of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// What must be given: inputs that are no constants.
    pub inputs: Vec<Port>,
    /// What can be asked for.
    pub outputs: Vec<Port>,
}

/// An input or output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// The size of each dimension, none where it is open.
    pub sizes: Vec<Option<usize>>,
    /// What it holds, as a word: `32-bit floats`; empty if the file does not say.
    pub holds: &'static str,
}

/// What a port with 32-bit floats holds.
pub const FLOATS: &str = "32-bit floats";
const NO_TENSOR: &str = "no tensor";

fn word_of(element: i32) -> &'static str {
    match ElementKind::try_from(element) {
        Ok(ElementKind::Float) => FLOATS,
        Ok(ElementKind::Undefined) => "",
        Ok(ElementKind::Uint8 | ElementKind::Int8) => "8-bit whole numbers",
        Ok(ElementKind::Int32) => "32-bit whole numbers",
        Ok(ElementKind::Int64) => "64-bit whole numbers",
        Ok(ElementKind::Bool) => "true or false",
        Ok(ElementKind::Float16) => "16-bit floats",
        Ok(ElementKind::Double) => "64-bit floats",
        Err(_) => "numbers of another type",
    }
}

/// Why a file has no outline.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutlineError {
    /// The file is not of the format.
    #[error("it is no ONNX file: {0}")]
    NotOnnx(String),
    /// It has no graph, or one without outputs.
    #[error("it is an ONNX file without a network")]
    Empty,
}

impl Outline {
    /// Reads the outline of an ONNX file.
    ///
    /// # Errors
    /// [`OutlineError`].
    pub fn read(onnx: &[u8]) -> Result<Self, OutlineError> {
        let model = Model::decode(onnx).map_err(|error| OutlineError::NotOnnx(error.to_string()))?;
        let graph = model.graph.ok_or(OutlineError::Empty)?;
        if graph.output.is_empty() {
            return Err(OutlineError::Empty);
        }
        // Older files list constants among the inputs.
        let constants: HashSet<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
        let inputs = graph.input.iter().filter(|input| !constants.contains(input.name.as_str()));
        Ok(Self { inputs: inputs.map(Port::of).collect(), outputs: graph.output.iter().map(Port::of).collect() })
    }
}

impl Port {
    fn of(value: &ValueInfo) -> Self {
        let shape = value.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref()?.shape.as_ref());
        let sizes = shape.into_iter().flat_map(|shape| &shape.dim).map(|dimension| match dimension.size {
            Some(DimensionSize::Fixed(size)) => usize::try_from(size).ok().filter(|&size| size > 0),
            Some(DimensionSize::Open(_)) | None => None,
        });
        let kind = value.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref());
        let holds = kind.map_or(NO_TENSOR, |kind| word_of(kind.elem_type));
        Self { name: value.name.clone(), sizes: sizes.collect(), holds }
    }

    /// Ports in words.
    pub fn list(ports: &[Self]) -> String {
        ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for Port {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes = self.sizes.iter().map(|size| size.map_or("?".to_owned(), |size| size.to_string()));
        write!(out, "\"{}\" [{}]", self.name, sizes.collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::{GraphBuilder, Size};

    #[test]
    fn inputs_and_outputs_are_listed_with_their_sizes() {
        let mut graph = GraphBuilder::new("test");
        let input = graph.input("x", &[Size::Open("batch"), Size::Fixed(3)]);
        let sum = graph.node("Relu", &[&input], vec![]);
        graph.output(&sum, "y", &[Size::Open("batch"), Size::Fixed(3)]);
        let outline = Outline::read(&graph.finish("1")).unwrap();
        assert_eq!(Port::list(&outline.inputs), "\"x\" [?, 3]");
        assert_eq!(outline.outputs[0].sizes, [None, Some(3)]);
        assert_eq!(outline.inputs[0].holds, FLOATS);
    }

    #[test]
    fn what_is_no_network_is_refused() {
        assert!(matches!(Outline::read(b"no onnx at all"), Err(OutlineError::NotOnnx(_))));
        assert_eq!(Outline::read(b""), Err(OutlineError::Empty));
    }
}
