//! ONNX Runtime, loaded from a shared library at run time: the library, its devices, its sessions. Must never panic where the
//! library is missing or wrong.

use super::backend::{Backend, NetworkOutput, NetworkSource};
use crate::runtime_library;
use ort::environment::Environment;
use ort::ep::{self, ExecutionProvider, ExecutionProviderDispatch};
use ort::logging::LogLevel;
use ort::session::{OutputSelector, RunOptions, Session};
use ort::value::TensorRef;
use std::sync::{Arc, Mutex, PoisonError};

/// How to get the library; added to each report that has to do without it.
pub(super) const HOW_TO_GET: &str =
    "run `cargo xtask setup`, or set ORT_DYLIB_PATH to libonnxruntime of release 1.23 or newer";

/// A device that the library at hand was built for.
#[derive(Clone)]
pub(super) struct OrtDevice {
    /// What it is called in reports.
    pub name: &'static str,
    /// Whether it is the processor itself, so that several sessions side by side make sense.
    pub is_cpu: bool,
    provider: Option<ExecutionProviderDispatch>,
}

/// The loaded library.
#[derive(Clone)]
pub(super) struct OrtLibrary {
    environment: Environment,
    /// `ONNX Runtime 1.31.1`.
    pub name: String,
}

/// The library can be loaded once a process; a failure may be tried again, since the user can mend it meanwhile.
static LIBRARY: Mutex<Option<OrtLibrary>> = Mutex::new(None);

/// Loads the library, or gives the one that is loaded. The error says why not and how to get it.
pub(super) fn library() -> Result<OrtLibrary, String> {
    let mut loaded = LIBRARY.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(library) = loaded.as_ref() {
        return Ok(library.clone());
    }
    let Some(found) = runtime_library::find() else {
        return Err(format!("ONNX Runtime was not found: {HOW_TO_GET}"));
    };
    let path = found.path.display();
    let builder = ort::init_from(&found.path)
        .map_err(|error| format!("ONNX Runtime could not be loaded from {path} ({error}): {HOW_TO_GET}"))?;
    let environment = builder
        .with_name("earmark")
        .with_telemetry(false)
        .with_logger(Arc::new(|level, category, _id, _place, message| log_line(level, category, message)))
        .build()
        .map_err(|error| format!("ONNX Runtime from {path} could not be started ({error}): {HOW_TO_GET}"))?;
    environment.set_log_level(LogLevel::Warning);
    log::info!("ONNX Runtime loaded from {path}");
    let name = format!("ONNX Runtime{}", version_text(&environment));
    let library = OrtLibrary { environment, name };
    *loaded = Some(library.clone());
    Ok(library)
}

fn log_line(level: LogLevel, category: &str, message: &str) {
    let level = match level {
        LogLevel::Fatal | LogLevel::Error => log::Level::Error,
        LogLevel::Warning => log::Level::Warn,
        LogLevel::Info => log::Level::Debug,
        LogLevel::Verbose => log::Level::Trace,
    };
    log::log!(target: "onnxruntime", level, "{category}: {message}");
}

/// The library's release, as its own devices state it, with a space before it; nothing if they do not.
#[allow(unsafe_code, reason = "ort has no safe call for a device's metadata, and the release stands nowhere else")]
fn version_text(environment: &Environment) -> String {
    use ort::AsPointer;
    let Some(device) = environment.devices().next() else { return String::new() };
    let api = ort::api();
    // SAFETY: the device is alive as long as the environment; both calls only read; the text belongs to the library, is ended by a zero
    // byte, and is copied before anything else is called.
    let version = unsafe {
        let metadata = (api.EpDevice_EpMetadata)(device.ptr());
        let value =
            if metadata.is_null() { std::ptr::null() } else { (api.GetKeyValue)(metadata, c"version".as_ptr()) };
        if value.is_null() { None } else { Some(std::ffi::CStr::from_ptr(value).to_string_lossy().into_owned()) }
    };
    version.map(|version| format!(" {version}")).unwrap_or_default()
}

impl OrtLibrary {
    /// The devices that this library was built for, the most wanted first and the CPU last.
    pub fn devices(&self, with_accelerators: bool) -> Vec<OrtDevice> {
        let mut devices = if with_accelerators { accelerators() } else { Vec::new() };
        devices.push(OrtDevice { name: "CPU", is_cpu: true, provider: None });
        devices
    }

    /// Opens the network `copies` times on `device`, each for `threads` threads.
    pub fn open(
        &self,
        source: NetworkSource<'_>,
        device: &OrtDevice,
        copies: usize,
        threads: usize,
    ) -> Result<Vec<Box<dyn Backend>>, String> {
        (0..copies).map(|_| self.open_one(source, device, threads)).collect()
    }

    fn open_one(
        &self,
        source: NetworkSource<'_>,
        device: &OrtDevice,
        threads: usize,
    ) -> Result<Box<dyn Backend>, String> {
        let session = self.session(source.onnx, device, threads).map_err(|error| first_line(&error))?;
        if !session.inputs().iter().any(|input| input.name() == source.input) {
            return Err(format!("the network has no input \"{}\"", source.input));
        }
        let is_absent = |wanted: &&&str| !session.outputs().iter().any(|output| output.name() == **wanted);
        if let Some(absent) = source.outputs.iter().find(is_absent) {
            return Err(format!("the network has no output \"{absent}\""));
        }
        let outputs = source.outputs.iter().map(|&name| name.to_owned()).collect();
        Ok(Box::new(OrtBackend { session, input: source.input.to_owned(), outputs }))
    }

    fn session(&self, onnx: &[u8], device: &OrtDevice, threads: usize) -> Result<Session, String> {
        // The builder's errors carry the builder and cannot leave this thread, hence the text.
        let text = |error: ort::Error<ort::session::builder::SessionBuilder>| error.to_string();
        let mut builder = Session::builder(&self.environment).map_err(|error| error.to_string())?;
        builder = builder.with_log_level(LogLevel::Warning).map_err(text)?;
        builder = builder.with_intra_threads(threads).map_err(text)?;
        builder = builder.with_inter_threads(1).map_err(text)?;
        builder = builder.with_intra_op_spinning(false).map_err(text)?;
        if let Some(provider) = &device.provider {
            builder = builder.with_execution_providers([provider.clone().error_on_failure()]).map_err(text)?;
        }
        builder.commit_from_memory(onnx).map_err(|error| error.to_string())
    }
}

/// What this platform can have besides the CPU and this library was built for. Asking for another one would end in a silent CPU session
/// or, for some, in a crash.
fn accelerators() -> Vec<OrtDevice> {
    let mut devices = Vec::new();
    let mut add = |available: ort::Result<bool>, name: &'static str, provider: ExecutionProviderDispatch| {
        if available.unwrap_or(false) {
            devices.push(OrtDevice { name, is_cpu: false, provider: Some(provider) });
        }
    };
    if cfg!(any(target_os = "linux", target_os = "windows")) {
        add(ep::CUDA::is_available(), "GPU (CUDA)", ep::CUDA::default().build());
    }
    if cfg!(target_os = "linux") {
        add(ep::MIGraphX::is_available(), "GPU (MIGraphX)", ep::MIGraphX::default().build());
    }
    #[cfg(target_os = "windows")]
    add(ep::DirectML::is_available(), "GPU (DirectML)", ep::DirectML::default().build());
    #[cfg(target_os = "macos")]
    add(ep::CoreML::is_available(), "Apple (Core ML)", ep::CoreML::default().build());
    add(ep::WebGPU::is_available(), "GPU (WebGPU)", ep::WebGPU::default().build());
    devices
}

struct OrtBackend {
    session: Session,
    input: String,
    outputs: Vec<String>,
}

impl Backend for OrtBackend {
    fn run_all(&mut self, input: &[f32], shape: &[usize]) -> Result<Vec<NetworkOutput>, String> {
        self.run_network(input, shape).map_err(|error| first_line(&error.to_string()))
    }
}

impl OrtBackend {
    fn run_network(&mut self, input: &[f32], shape: &[usize]) -> ort::Result<Vec<NetworkOutput>> {
        let tensor = TensorRef::from_array_view((shape.to_vec(), input))?;
        // Only the wanted outputs: the others may cost time.
        let selector = self.outputs.iter().fold(OutputSelector::no_default(), |all, name| all.with(name));
        let options = RunOptions::new()?.with_outputs(selector);
        let outputs = self.session.run_with_options(ort::inputs![self.input.as_str() => tensor], &options)?;
        let output = |name: &String| {
            let (shape, values) = outputs[name.as_str()].try_extract_tensor::<f32>()?;
            let shape = shape.iter().map(|&size| usize::try_from(size).unwrap_or(0)).collect();
            Ok(NetworkOutput { values: values.to_vec(), shape })
        };
        self.outputs.iter().map(output).collect()
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_owned()
}
