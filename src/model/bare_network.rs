//! A network on a runtime without a model folder around it: for trying, measuring and testing what has none yet. No self-check guards it.

use super::backend::{Backend, NetworkSource};
use super::runtime::{Wanted, open_checked};
use super::self_check::NoTrial;
use super::{DeviceChoice, ModelError, RuntimeChoice};

/// A network that is open on the CPU.
pub struct BareNetwork {
    runtime: String,
    backend: Box<dyn Backend>,
}

impl BareNetwork {
    /// Opens the ONNX file `onnx` on `runtime` with one thread; `input` and `output` are names in it.
    ///
    /// # Errors
    /// [`ModelError::NoRuntime`] with the reason of each runtime that was tried.
    pub fn open(onnx: &[u8], [input, output]: [&str; 2], runtime: RuntimeChoice) -> Result<Self, ModelError> {
        Self::open_with(onnx, input, &[output], runtime)
    }

    /// As [`BareNetwork::open`], for several outputs of one run: see [`BareNetwork::run_all`].
    ///
    /// # Errors
    /// As [`BareNetwork::open`].
    pub fn open_with(onnx: &[u8], input: &str, outputs: &[&str], runtime: RuntimeChoice) -> Result<Self, ModelError> {
        let source = NetworkSource { onnx, input, outputs };
        let wanted = Wanted { runtime, device: DeviceChoice::Cpu, threads: 1 };
        let network = open_checked("The network", source, &wanted, &mut NoTrial)?;
        let refuse =
            || ModelError::NoRuntime { model: "The network".to_owned(), reasons: network.report.notes.clone() };
        let backend = network.backends.into_iter().next().ok_or_else(refuse)?;
        Ok(Self { runtime: network.report.runtime.clone(), backend })
    }

    /// What runs it: `ONNX Runtime 1.31.1`.
    pub fn runtime(&self) -> &str {
        &self.runtime
    }

    pub(super) fn backend_mut(&mut self) -> &mut dyn Backend {
        self.backend.as_mut()
    }

    /// Runs it on `input`, row-major of `shape`; gives the output's values, row-major, and its shape.
    ///
    /// # Errors
    /// [`ModelError::Inference`] with the runtime's reason.
    pub fn run(&mut self, input: &[f32], shape: &[usize]) -> Result<(Vec<f32>, Vec<usize>), ModelError> {
        let fail = |reason| ModelError::Inference { model: self.runtime.clone(), reason };
        let output = self.backend.run(input, shape).map_err(fail)?;
        Ok((output.values, output.shape))
    }

    /// As [`BareNetwork::run`], for all outputs that it was opened with, in their order.
    ///
    /// # Errors
    /// As [`BareNetwork::run`].
    #[expect(clippy::type_complexity, reason = "values and shape, as `run` gives them, of each output")]
    pub fn run_all(&mut self, input: &[f32], shape: &[usize]) -> Result<Vec<(Vec<f32>, Vec<usize>)>, ModelError> {
        let fail = |reason| ModelError::Inference { model: self.runtime.clone(), reason };
        let outputs = self.backend.run_all(input, shape).map_err(fail)?;
        Ok(outputs.into_iter().map(|output| (output.values, output.shape)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::builder::float;
    use crate::onnx::proto::Model;
    use crate::onnx::substitutes::substituted;
    use crate::onnx::{GraphBuilder, Size};
    use prost::Message;
    use std::path::Path;

    #[test]
    fn one_run_gives_each_output_that_was_asked_for_in_order() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/yamnet/model.onnx");
        let onnx = std::fs::read(path).unwrap();
        let input: Vec<f32> = (0..2 * 96 * 64).map(|n| -3.0 + 2.5 * (n as f32 * 0.37).sin()).collect();
        let run = |runtime, outputs: &[&str]| {
            let mut network = BareNetwork::open_with(&onnx, "patches", outputs, runtime).unwrap();
            network.run_all(&input, &[2, 96, 64]).unwrap()
        };
        let is_close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-3);
        let other = run(RuntimeChoice::BuiltIn, &["embeddings", "scores"]);
        for runtime in [RuntimeChoice::OnnxRuntime, RuntimeChoice::BuiltIn] {
            let both = run(runtime, &["scores", "embeddings"]);
            assert_eq!((&both[0].1[..], &both[1].1[..]), (&[2, 521][..], &[2, 1024][..]));
            assert!(is_close(&both[0].0, &other[1].0) && is_close(&both[1].0, &other[0].0), "{runtime:?}");
            assert_eq!(run(runtime, &["scores"])[0], both[0]);
            let refused = BareNetwork::open_with(&onnx, "patches", &["scores", "y"], runtime).err().unwrap();
            assert!(refused.to_string().contains('y'), "{refused}");
        }
    }

    /// Maps, their hard gates and their means, by the operators that few providers have, in the words of operator set `opset`.
    fn gated_maps(opset: i64) -> Vec<u8> {
        let mut graph = GraphBuilder::new("gates");
        let sizes = [Size::Open("n"), Size::Fixed(3), Size::Fixed(4), Size::Fixed(5)];
        let input = graph.input("x", &sizes);
        let swish = graph.node("HardSwish", &[&input], vec![]);
        let means = graph.node("GlobalAveragePool", &[&swish], vec![]);
        let steep = graph.node("HardSigmoid", &[&means], vec![float("alpha", 0.7), float("beta", 0.1)]);
        let usual = graph.node("HardSigmoid", &[&input], vec![]);
        let product = graph.node("Mul", &[&usual, &steep], vec![]);
        graph.output(&product, "y", &sizes);
        let mut model = graph.finish_model("1");
        model.opset_import[0].version = opset;
        model.encode_to_vec()
    }

    #[test]
    fn substitutes_compute_what_they_stand_for() {
        let input: Vec<f32> = (0..120).map(|n| 5.0 * (n as f32 * 0.7).sin()).collect();
        for opset in [14, 23] {
            let onnx = gated_maps(opset);
            let other = substituted(&onnx).unwrap();
            let graph = Model::decode(other.as_slice()).unwrap().graph.unwrap();
            let simple = ["Mul", "Add", "Clip", "ReduceMean"];
            assert!(graph.node.iter().all(|node| simple.contains(&node.op_type.as_str())), "{opset}");
            assert!(substituted(&other).is_none(), "{opset}");
            let run = |onnx: &[u8]| {
                let mut network = BareNetwork::open(onnx, ["x", "y"], RuntimeChoice::OnnxRuntime).unwrap();
                network.run(&input, &[2, 3, 4, 5]).unwrap()
            };
            let (own, theirs) = (run(&onnx), run(&other));
            assert_eq!(own.1, theirs.1);
            let difference = own.0.iter().zip(&theirs.0).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(difference < 1e-6, "{opset}: {difference}");
        }
    }

    #[test]
    fn what_needs_no_substitutes_or_is_no_network_gets_none() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/firered-aed/model.onnx");
        assert!(substituted(&std::fs::read(path).unwrap()).is_none());
        assert!(substituted(b"no network").is_none());
        assert!(substituted(&gated_maps(10)).is_none());
    }
}
