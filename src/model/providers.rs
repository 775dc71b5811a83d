//! The providers that an ONNX Runtime library may have been built with: which there are and how each is asked for. Opens nothing.

use super::devices::{Device, Hardware};
use super::hardware_names;
use ort::ep::{self, ExecutionProvider, ExecutionProviderDispatch};

/// What a library that was built with a provider can be asked for.
struct BuiltIn {
    name: &'static str,
    hardware: Hardware,
    is_available: fn() -> ort::Result<bool>,
    /// Asks for the device with this number.
    dispatch: fn(i32) -> Vec<ExecutionProviderDispatch>,
}

macro_rules! built_in {
    ($provider:path, $hardware:ident, $dispatch:expr) => {
        BuiltIn {
            name: <$provider as ExecutionProvider>::NAME,
            hardware: Hardware::$hardware,
            is_available: <$provider as ExecutionProvider>::is_available,
            dispatch: $dispatch,
        }
    };
}

fn cuda(index: i32) -> ExecutionProviderDispatch {
    // TF32 is faster and no longer gives the CPU's scores.
    ep::CUDA::default().with_device_id(index).with_tf32(false).build()
}

/// Those that this platform can have. Asking for another one would end in a silent CPU session or, for some, in a crash.
fn all() -> Vec<BuiltIn> {
    let mut all = Vec::new();
    if cfg!(any(target_os = "linux", target_os = "windows")) {
        all.push(built_in!(ep::CUDA, Gpu, |index| vec![cuda(index).error_on_failure()]));
        // What TensorRT cannot do, CUDA does.
        all.push(built_in!(ep::TensorRT, Gpu, |index| {
            vec![ep::TensorRT::default().with_device_id(index).build().error_on_failure(), cuda(index)]
        }));
        all.push(built_in!(ep::OpenVINO, Unknown, |_| vec![ep::OpenVINO::default().build().error_on_failure()]));
    }
    if cfg!(target_os = "linux") {
        all.push(built_in!(ep::MIGraphX, Gpu, |index| {
            vec![ep::MIGraphX::default().with_device_id(index).build().error_on_failure()]
        }));
        all.push(built_in!(ep::ROCm, Gpu, |index| {
            vec![ep::ROCm::default().with_device_id(index).build().error_on_failure()]
        }));
    }
    #[cfg(target_os = "windows")]
    all.push(built_in!(ep::DirectML, Gpu, |index| {
        vec![ep::DirectML::default().with_device_id(index).build().error_on_failure()]
    }));
    #[cfg(target_os = "macos")]
    all.push(built_in!(ep::CoreML, Unknown, |_| vec![ep::CoreML::default().build().error_on_failure()]));
    all.push(built_in!(ep::WebGPU, Gpu, |_| vec![ep::WebGPU::default().build().error_on_failure()]));
    all
}

/// Whether the library that is loaded was built with any.
pub(super) fn has_any() -> bool {
    all().iter().any(|provider| (provider.is_available)().unwrap_or(false))
}

/// The devices of those that the library that is loaded was built with. Whether one works is seen when a network is opened on it.
pub(super) fn devices() -> Vec<Device> {
    let available = all().into_iter().filter(|provider| (provider.is_available)().unwrap_or(false));
    available.flat_map(|provider| devices_of(&provider)).collect()
}

fn devices_of(provider: &BuiltIn) -> Vec<Device> {
    let is_nvidia = provider.name == ep::CUDA::NAME || provider.name == ep::TensorRT::NAME;
    let mut names = if is_nvidia { hardware_names::nvidia() } else { Vec::new() };
    if names.is_empty() {
        names.push(String::new());
    }
    let device = |(index, hardware_name)| Device {
        id: String::new(),
        provider: provider.name.to_owned(),
        hardware_name,
        hardware: provider.hardware,
        index,
        library: None,
    };
    names.into_iter().enumerate().map(device).collect()
}

/// How a session asks for a device of [`devices`]; none for a provider that is not among them.
pub(super) fn dispatch(device: &Device) -> Option<Vec<ExecutionProviderDispatch>> {
    let provider = all().into_iter().find(|provider| provider.name == device.provider)?;
    (provider.is_available)().unwrap_or(false).then(|| (provider.dispatch)(device.index.try_into().unwrap_or(0)))
}
