//! A network on a runtime without a model folder around it: for trying, measuring and testing what has none yet. No self-check guards it.

use super::backend::{Backend, NetworkSource};
use super::{ModelError, RuntimeChoice, built_in, onnx_runtime};

/// A network that is open on the CPU.
pub struct BareNetwork {
    runtime: String,
    backend: Box<dyn Backend>,
}

impl BareNetwork {
    /// Opens the ONNX file `onnx` on one runtime (`Auto` means ONNX Runtime) with `threads` threads; `input` and `output` are names in it.
    ///
    /// # Errors
    /// [`ModelError::NoRuntime`] with the runtime's reason.
    pub fn open(
        onnx: &[u8],
        [input, output]: [&str; 2],
        runtime: RuntimeChoice,
        threads: usize,
    ) -> Result<Self, ModelError> {
        let source = NetworkSource { onnx, input, output };
        let opened = match runtime {
            RuntimeChoice::BuiltIn => {
                built_in::open(source, 1, threads).map(|backends| (built_in::NAME.to_owned(), backends))
            }
            RuntimeChoice::Auto | RuntimeChoice::OnnxRuntime => onnx_runtime::library().and_then(|library| {
                let cpu = library.devices(false).pop().ok_or("the library has no CPU")?;
                Ok((library.name.clone(), library.open(source, &cpu, 1, threads)?))
            }),
        };
        let refuse = |reason: String| ModelError::NoRuntime { model: "The network".to_owned(), reasons: vec![reason] };
        let (runtime, backends) = opened.map_err(refuse)?;
        let backend = backends.into_iter().next().ok_or_else(|| refuse("it was opened no time".to_owned()))?;
        Ok(Self { runtime, backend })
    }

    /// What runs it: `ONNX Runtime 1.31.1`.
    pub fn runtime(&self) -> &str {
        &self.runtime
    }

    /// Runs it on `input`, row-major of `shape`; gives the output's values, row-major, and its shape.
    ///
    /// # Errors
    /// [`ModelError::Inference`] with the runtime's reason.
    pub fn run(&mut self, input: &[f32], shape: &[usize]) -> Result<(Vec<f32>, Vec<usize>), ModelError> {
        let output = self
            .backend
            .run(input, shape)
            .map_err(|reason| ModelError::Inference { model: self.runtime.clone(), reason })?;
        Ok((output.values, output.shape))
    }
}
