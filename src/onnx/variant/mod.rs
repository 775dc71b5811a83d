//! Networks rewritten for smaller numbers: 16-bit floats, or 8-bit whole numbers. Pure: what values a network takes on while it runs is
//! given as [`Ranges`], which somebody with a runtime has watched.
//!
//! Inputs and outputs stay what they are, 32-bit floats, so that whoever runs the network need not know. What a rewriting leaves as it is, and
//! why, is counted in [`Rewritten::kept`].

mod element_types;
mod equalise;
mod float16;
mod int8;
mod prepared;
mod ranges;
mod tensors;

use super::proto::Model;
use prepared::Prepared;
use prost::Message;
use std::fmt;

pub use ranges::{Range, Ranges};

/// The numbers of a variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 16-bit floats: half the size, and faster on graphics cards.
    Float16,
    /// 8-bit whole numbers with a scale each: a quarter of the size, and faster on processors.
    Int8,
}

impl Precision {
    /// `float16` or `int8`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Float16 => "float16",
            Self::Int8 => "int8",
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

/// Why a network is not rewritten.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VariantError {
    /// The file is not of the format.
    #[error("it is no ONNX file: {0}")]
    NotOnnx(String),
    /// It has no graph.
    #[error("it is an ONNX file without a network")]
    Empty,
    /// A constant that is not in the file.
    #[error("the numbers of {0} lie in a file of their own: export the network as one file")]
    Elsewhere(String),
    /// It is a variant already.
    #[error("it computes in {0} already: make variants of the network in 32-bit floats")]
    Already(&'static str),
    /// Nodes that wait for each other, or for a value that nothing gives.
    #[error("the node {0} needs a value that no node before it gives")]
    Order(String),
    /// Operators of an old version.
    #[error("its operator set {found} is too old, {needed} or newer is needed: export it again with a newer one")]
    OldOperators {
        /// The file's.
        found: i64,
        /// The oldest that will do.
        needed: i64,
    },
    /// Nothing is left to rewrite.
    #[error(
        "nothing in it can be computed in {precision}: no convolution or product with a constant matrix is left{}",
        if .reasons.is_empty() { String::new() } else { format!(" ({})", .reasons.join(", ")) }
    )]
    Nothing {
        /// What was wanted.
        precision: Precision,
        /// What was left as it is, and why.
        reasons: Vec<String>,
    },
}

/// Operators of one kind that were left in 32-bit floats.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kept {
    /// Why.
    pub reason: &'static str,
    /// The operator: `Conv`.
    pub operator: String,
    /// How many.
    pub count: usize,
}

impl fmt::Display for Kept {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} × {}: {}", self.count, self.operator, self.reason)
    }
}

/// A network that was rewritten.
#[derive(Clone, Debug, PartialEq)]
pub struct Rewritten {
    /// The network.
    pub model: Model,
    /// Convolutions and matrix products that compute in the smaller numbers now.
    pub converted: usize,
    /// Convolutions, matrix products and recurrences that do not, and why.
    pub kept: Vec<Kept>,
}

impl Rewritten {
    /// The whole file.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.model.encode_to_vec()
    }
}

/// A network that is to be rewritten, checked and in order.
#[derive(Clone, Debug)]
pub struct Original {
    prepared: Prepared,
}

impl Original {
    /// Reads an ONNX file.
    ///
    /// # Errors
    /// [`VariantError`], if no variant can be made of it.
    pub fn read(onnx: &[u8]) -> Result<Self, VariantError> {
        let model = Model::decode(onnx).map_err(|error| VariantError::NotOnnx(error.to_string()))?;
        Ok(Self { prepared: Prepared::new(model)? })
    }

    /// The values whose ranges are needed for [`Original::rewritten`], by name. Inputs of the network may be among them.
    pub fn watched(&self, precision: Precision) -> Vec<String> {
        match precision {
            Precision::Float16 => float16::watched(&self.prepared),
            Precision::Int8 => int8::watched(&self.prepared),
        }
    }

    /// The network with these values as outputs beside its own.
    pub fn with_outputs(&self, names: &[String]) -> Vec<u8> {
        self.prepared.with_outputs(names).encode_to_vec()
    }

    /// Whether that value is given from outside.
    pub fn is_input(&self, name: &str) -> bool {
        self.prepared.graph.input.iter().any(|input| input.name == name)
    }

    /// The network in smaller numbers; `ranges` says what its values were while somebody watched.
    ///
    /// # Errors
    /// [`VariantError::Nothing`] or [`VariantError::OldOperators`].
    pub fn rewritten(&self, precision: Precision, ranges: &Ranges) -> Result<Rewritten, VariantError> {
        match precision {
            Precision::Float16 => float16::rewrite(&self.prepared, ranges),
            Precision::Int8 => int8::rewrite(&self.prepared, ranges),
        }
    }
}

#[cfg(test)]
mod tests;
