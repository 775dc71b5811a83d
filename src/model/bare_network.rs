//! A network on a runtime without a model folder around it: for trying, measuring and testing what has none yet. No self-check guards it.

use super::backend::{Backend, NetworkSource};
use super::runtime::{Wanted, open_checked};
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
        let source = NetworkSource { onnx, input, output };
        let wanted = Wanted { runtime, device: DeviceChoice::Cpu, threads: 1 };
        let network = open_checked("The network", source, wanted, |_| Ok(()))?;
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
}
