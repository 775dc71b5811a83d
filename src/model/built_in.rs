//! The built-in runtime: rten, pure Rust, on the CPU. Used where no ONNX Runtime library can be had.

use super::backend::{Backend, NetworkOutput, NetworkSource};
use rten::{Model, NodeId, RunOptions, ThreadPool, ValueOrView};
use rten_tensor::{AsView, Layout, TensorView};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// What the runtime is called in reports.
pub(super) const NAME: &str = "Built-in (rten 0.27)";

struct RtenBackend {
    model: Arc<Model>,
    input: NodeId,
    outputs: Vec<NodeId>,
    threads: Arc<ThreadPool>,
}

/// Opens the network `copies` times, each for `threads` threads; the copies share their weights.
pub(super) fn open(source: NetworkSource<'_>, copies: usize, threads: usize) -> Result<Vec<Box<dyn Backend>>, String> {
    let model = guarded(|| Model::load(source.onnx.to_vec()).map_err(|error| error.to_string()))?;
    let node = |name: &str| model.node_id(name).map_err(|_| format!("the network has no input or output \"{name}\""));
    let input = node(source.input)?;
    let outputs = source.outputs.iter().map(|name| node(name)).collect::<Result<Vec<_>, _>>()?;
    let model = Arc::new(model);
    let copy = |_| -> Box<dyn Backend> {
        let threads = Arc::new(ThreadPool::with_num_threads(threads));
        Box::new(RtenBackend { model: Arc::clone(&model), input, outputs: outputs.clone(), threads })
    };
    Ok((0..copies).map(copy).collect())
}

impl Backend for RtenBackend {
    fn run_all(&mut self, input: &[f32], shape: &[usize]) -> Result<Vec<NetworkOutput>, String> {
        let tensor = TensorView::try_from_data(shape, input).map_err(|error| error.to_string())?;
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&self.threads)));
        let values = guarded(|| {
            let inputs = vec![(self.input, ValueOrView::from(tensor))];
            self.model.run(inputs, &self.outputs, Some(options)).map_err(|error| error.to_string())
        })?;
        let output = |value: rten::Value| {
            let tensor = value.into_tensor::<f32>().ok_or("an output holds no 32-bit floats")?;
            Ok(NetworkOutput { shape: tensor.shape().to_vec(), values: tensor.to_vec() })
        };
        values.into_iter().map(output).collect()
    }
}

/// rten answers some networks it does not know with a panic; here that is one more reason not to use it.
fn guarded<T>(run: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err("the runtime panicked on this network".to_owned()))
}
