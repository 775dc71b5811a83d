//! The EfficientSED family of networks (Schmid et al., EUSIPCO 2025): frame-wise MobileNets, alone and with a sequence model.
//!
//! A network is *recognised* in the tensors of a checkpoint by their names and shapes alone ([`Network::recognise`]), and *written* as an
//! ONNX graph laid out for speed: batch normalisation folded into convolutions, one operator wherever ONNX has one. Knows no files.

mod architecture;
mod backbone;
pub mod complexity;
mod error;
mod graph;
mod names;
mod recognise;
mod sequence;
mod weights;
mod writer;

pub use architecture::{Architecture, Backbone, Block, Sequence, SequenceKind, StateSpace};
pub use error::ZooError;
pub use graph::{Network, Time, untrained};
pub use names::network_tensors;
