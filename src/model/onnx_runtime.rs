//! ONNX Runtime, loaded from a shared library at run time: the library, its devices, its sessions. Must never panic where the
//! library is missing or wrong.

use super::backend::{Backend, NetworkOutput, NetworkSource};
use super::child::{self, Placement};
use super::devices::{Device, Hardware};
use super::{hardware_names, placement, providers};
use crate::onnx::substitutes::substituted;
use crate::runtime_library;
use ort::AsPointer;
use ort::device::Device as EpDevice;
use ort::environment::Environment;
use ort::logging::LogLevel;
use ort::memory::DeviceType;
use ort::session::builder::SessionBuilder;
use ort::session::{OutputSelector, RunOptions, Session};
use ort::value::TensorRef;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tempfile::TempDir;

/// How to get the library; added to each report that has to do without it.
pub(super) const HOW_TO_GET: &str =
    "run `cargo xtask setup`, or set ORT_DYLIB_PATH to libonnxruntime of release 1.23 or newer";

/// The loaded library.
#[derive(Clone)]
pub(super) struct OrtLibrary {
    environment: Environment,
    /// `ONNX Runtime 1.31.1`.
    pub name: String,
    /// The libraries of plug-in providers that were loaded, with the devices that each brought, told apart by where they lie in memory.
    plug_ins: Arc<Mutex<HashMap<PathBuf, Vec<usize>>>>,
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
    let library = OrtLibrary { environment, name, plug_ins: Arc::default() };
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
fn version_text(environment: &Environment) -> String {
    let version = environment.devices().next().and_then(|device| told(&device).version);
    version.map(|version| format!(" {version}")).unwrap_or_default()
}

/// What a device tells of itself beside what `ort` reads.
struct Told {
    /// The provider's release.
    version: Option<String>,
    /// What the system calls the hardware.
    description: Option<String>,
    vendor_id: u32,
}

#[allow(unsafe_code, reason = "ort has no safe call for a device's metadata, and these stand nowhere else")]
fn told(device: &EpDevice<'_>) -> Told {
    let api = ort::api();
    let hardware = device.hardware_device();
    // SAFETY: the devices are alive as long as the environment, which the borrow holds; all calls only read; the texts belong to the
    // library, are ended by a zero byte, and are copied before anything else is called.
    unsafe {
        let value = |pairs: *const ort::sys::OrtKeyValuePairs, key: &std::ffi::CStr| {
            let value = if pairs.is_null() { std::ptr::null() } else { (api.GetKeyValue)(pairs, key.as_ptr()) };
            (!value.is_null()).then(|| std::ffi::CStr::from_ptr(value).to_string_lossy().into_owned())
        };
        Told {
            version: value((api.EpDevice_EpMetadata)(device.ptr()), c"version"),
            description: value((api.HardwareDevice_Metadata)(hardware.ptr()), c"Description"),
            vendor_id: (api.HardwareDevice_VendorId)(hardware.ptr()),
        }
    }
}

/// What the hardware of a device is called; empty where nobody says, and where it is the processor: that says nothing of what a provider finds.
fn hardware_name(device: &EpDevice<'_>) -> String {
    let (told, hardware) = (told(device), device.hardware_device());
    if hardware.ty() == DeviceType::CPU {
        return String::new();
    }
    let nvidia = || match hardware_names::nvidia().as_slice() {
        [one] if told.vendor_id == 0x10de => Some(one.clone()),
        _ => None,
    };
    let vendor = || hardware.vendor().map(str::to_owned).unwrap_or_default();
    let described = told.description.clone().filter(|text| !text.trim().is_empty());
    described.or_else(nvidia).or_else(|| hardware_names::pci(told.vendor_id, hardware.id())).unwrap_or_else(vendor)
}

impl OrtLibrary {
    /// Whether it was built with any provider beyond the CPU's.
    pub fn has_accelerators(&self) -> bool {
        providers::has_any()
    }

    /// The devices of all providers beyond the CPU's, of those it was built with and of plug-ins, and what could not be loaded. Loads drivers.
    pub fn accelerators(&self) -> (Vec<Device>, Vec<String>) {
        let mut devices = providers::devices();
        for device in devices.iter_mut().filter(|device| device.hardware_name.is_empty()) {
            let known = self.environment.devices().find(|known| known.ep().is_ok_and(|name| name == device.provider));
            device.hardware_name = known.map(|known| hardware_name(&known)).unwrap_or_default();
        }
        let mut notes = Vec::new();
        for path in runtime_library::provider_libraries() {
            match self.plug_in_devices(&path) {
                Ok(of_plug_in) => devices.extend(of_plug_in),
                Err(reason) => notes.push(reason),
            }
        }
        (devices, notes)
    }

    /// Loads the library of a plug-in provider, unless it is loaded, and lists its devices.
    fn plug_in_devices(&self, path: &Path) -> Result<Vec<Device>, String> {
        let own = self.load_plug_in(path)?;
        let devices = self.environment.devices().filter(|device| own.contains(&address(device)));
        let listed = devices.enumerate().map(|(index, device)| Device {
            id: String::new(),
            provider: device.ep().unwrap_or_default().to_owned(),
            hardware_name: hardware_name(&device),
            hardware: match device.hardware_device().ty() {
                DeviceType::GPU => Hardware::Gpu,
                DeviceType::NPU => Hardware::Npu,
                DeviceType::CPU => Hardware::Cpu,
                _ => Hardware::Unknown,
            },
            index,
            library: Some(path.to_owned()),
        });
        Ok(listed.collect())
    }

    /// Where the devices of a plug-in lie in memory.
    fn load_plug_in(&self, path: &Path) -> Result<Vec<usize>, String> {
        let mut loaded = self.plug_ins.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(devices) = loaded.get(path) {
            return Ok(devices.clone());
        }
        if !path.is_file() {
            return Err(format!("{}: there is no such provider library", path.display()));
        }
        let before: HashSet<usize> = self.environment.devices().map(|device| address(&device)).collect();
        // Names of plug-ins must differ from each other.
        let name = format!("earmark-{}", loaded.len());
        self.environment.register_ep_library(name, path).map_err(|error| {
            format!(
                "{}: is no provider library that {} can load: {}",
                path.display(),
                self.name,
                plain_reason(&error.to_string())
            )
        })?;
        let all = self.environment.devices().map(|device| address(&device));
        let own: Vec<usize> = all.filter(|address| !before.contains(address)).collect();
        loaded.insert(path.to_owned(), own.clone());
        Ok(own)
    }

    /// Opens the network `copies` times on the CPU, each for `threads` threads.
    pub fn open(
        &self,
        source: NetworkSource<'_>,
        copies: usize,
        threads: usize,
    ) -> Result<Vec<Box<dyn Backend>>, String> {
        let open = |_| -> Result<Box<dyn Backend>, String> {
            let session = self.session(source.onnx, threads, Ok)?;
            Ok(Box::new(OrtBackend::new(session, source, None)?))
        };
        (0..copies).map(open).collect()
    }

    /// Opens the network on an accelerator, with an account of where its nodes run.
    pub fn open_on(&self, source: NetworkSource<'_>, device: &Device) -> Result<OrtBackend, String> {
        let open = |onnx: &[u8]| {
            let folder =
                TempDir::new().map_err(|error| format!("no folder for temporary files can be made: {error}"))?;
            let session = self.session(onnx, 1, |builder| {
                let builder = builder.with_profiling(folder.path().join("run")).map_err(text)?;
                self.with_device(builder, device)
            })?;
            OrtBackend::new(session, source, Some(folder))
        };
        let substituted = if device.lacks_operators() { substituted(source.onnx) } else { None };
        // Substitutes are written for maps; where they do not fit, the network is opened as it is.
        substituted.and_then(|onnx| open(&onnx).ok()).map_or_else(|| open(source.onnx), Ok)
    }

    fn with_device(&self, builder: SessionBuilder, device: &Device) -> Result<SessionBuilder, String> {
        if child::is_stand_in(device) {
            return Ok(builder);
        }
        let Some(path) = &device.library else {
            let providers = providers::dispatch(device);
            let providers = providers.ok_or_else(|| format!("{} was not built with it", self.name))?;
            return builder.with_execution_providers(providers).map_err(text);
        };
        let own = self.load_plug_in(path)?;
        let mut devices = self.environment.devices().filter(|known| own.contains(&address(known)));
        let known = devices.nth(device.index).ok_or("its library no longer finds the device")?;
        builder.with_devices([known], None).map_err(text)
    }

    fn session(
        &self,
        onnx: &[u8],
        threads: usize,
        with_device: impl FnOnce(SessionBuilder) -> Result<SessionBuilder, String>,
    ) -> Result<Session, String> {
        let open = || {
            let mut builder = Session::builder(&self.environment).map_err(|error| error.to_string())?;
            builder = builder.with_log_level(LogLevel::Warning).map_err(text)?;
            builder = builder.with_intra_threads(threads).map_err(text)?;
            builder = builder.with_inter_threads(1).map_err(text)?;
            builder = builder.with_intra_op_spinning(false).map_err(text)?;
            with_device(builder)?.commit_from_memory(onnx).map_err(|error| error.to_string())
        };
        open().map_err(|reason| plain_reason(&reason))
    }
}

/// The builder's errors carry the builder and cannot leave this thread, hence the text.
#[expect(clippy::needless_pass_by_value, reason = "as `map_err` hands it over")]
fn text(error: ort::Error<SessionBuilder>) -> String {
    error.to_string()
}

/// Tells devices apart.
fn address(device: &EpDevice<'_>) -> usize {
    device.ptr().addr()
}

/// A network that is open.
pub(super) struct OrtBackend {
    session: Session,
    input: String,
    outputs: Vec<String>,
    /// Where the account of where nodes run is written, as long as it is.
    profile: Option<TempDir>,
}

impl OrtBackend {
    fn new(session: Session, source: NetworkSource<'_>, profile: Option<TempDir>) -> Result<Self, String> {
        if !session.inputs().iter().any(|input| input.name() == source.input) {
            return Err(format!("the network has no input \"{}\"", source.input));
        }
        let is_absent = |wanted: &&&str| !session.outputs().iter().any(|output| output.name() == **wanted);
        if let Some(absent) = source.outputs.iter().find(is_absent) {
            return Err(format!("the network has no output \"{absent}\""));
        }
        let outputs = source.outputs.iter().map(|&name| name.to_owned()).collect();
        Ok(Self { session, input: source.input.to_owned(), outputs, profile })
    }

    /// Where the nodes have run so far; ends the account of it.
    pub fn placement(&mut self) -> Result<Placement, String> {
        let folder = self.profile.take().ok_or("no account was kept of where nodes ran")?;
        let path = self.session.end_profiling().map_err(|error| plain_reason(&error.to_string()))?;
        let profile = std::fs::read(&path).map_err(|error| format!("{path}: cannot be read: {error}"))?;
        drop(folder);
        placement::of_profile(&profile)
    }

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

impl Backend for OrtBackend {
    fn run_all(&mut self, input: &[f32], shape: &[usize]) -> Result<Vec<NetworkOutput>, String> {
        self.run_network(input, shape).map_err(|error| plain_reason(&error.to_string()))
    }
}

/// What of an error of the library tells its user something: the library that is missing, or the first line without the places in its source.
fn plain_reason(error: &str) -> String {
    if let Some((before, _)) = error.split_once(": cannot open shared object file") {
        let missing = before.rsplit([' ', '"']).next().unwrap_or(before);
        return format!("{missing} not found");
    }
    let line = error.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    // `/onnxruntime_src/…/file.cc:71 virtual Foo::bar() What went wrong`: what stands after the last code of a kind is for people.
    let line = line.rsplit_once("[ONNXRuntimeError] : ").map_or(line, |(_, rest)| rest);
    match line.rsplit_once(" was false. ") {
        Some((_, reason)) => reason.to_owned(),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_told_without_the_librarys_own_places() {
        let missing = "Failed to load library /a/b/libonnxruntime_providers_cuda.so with error: libcublasLt.so.13: cannot open shared object file: \
                       No such file or directory";
        assert_eq!(plain_reason(missing), "libcublasLt.so.13 not found");
        let adapter = "/onnxruntime_src/x.cc:71 virtual A B::C(const D&) Error creating execution provider: [ONNXRuntimeError] : 11 : EP_FAIL : \
                       /onnxruntime_src/webgpu_context.cc:136 onnxruntime::webgpu::Initialize(const C&)::<lambda()> adapter_result.status == \
                       wgpu::RequestAdapterStatus::Success was false. Failed to get a WebGPU adapter: No supported adapters.";
        assert_eq!(plain_reason(adapter), "Failed to get a WebGPU adapter: No supported adapters.");
        assert_eq!(plain_reason("\n  No such model\nmore"), "No such model");
        assert_eq!(plain_reason(""), "");
    }
}
