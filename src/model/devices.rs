//! The devices that can run a network, as values: which there are, what they are called, and which one is meant by a name. Opens no network.

use super::child::{self, Answer, ChildProcess, LISTING_LIMIT, Request};
use super::onnx_runtime;
use crate::runtime_library;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Which device is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceChoice {
    /// The best accelerator that computes right and faster than the CPU, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The one with this [`Device::id`] or name, and the CPU only where it fails.
    Named(Arc<str>),
}

impl DeviceChoice {
    /// What is meant by `auto`, `cpu` or a device's name, in any case.
    pub fn parse(text: &str) -> Self {
        match text.trim() {
            text if text.eq_ignore_ascii_case("auto") || text.is_empty() => Self::Auto,
            text if text.eq_ignore_ascii_case("cpu") => Self::Cpu,
            text => Self::Named(text.into()),
        }
    }
}

/// What kind of hardware a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hardware {
    /// Graphics processor.
    Gpu,
    /// Neural processor.
    Npu,
    /// The processor.
    Cpu,
    /// The library does not say.
    Unknown,
}

/// A device on which a network can run, by one provider of ONNX Runtime.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Short name for the command line and the settings: `cuda`, `webgpu`, `cuda:2` for the second.
    pub id: String,
    /// The provider in ONNX Runtime's words: `CUDAExecutionProvider`.
    pub provider: String,
    /// What the hardware is called, `NVIDIA RTX 4090`; empty where nobody says.
    pub hardware_name: String,
    /// What it is.
    pub hardware: Hardware,
    /// Which of the provider's devices, from 0.
    pub index: usize,
    /// The library of a plug-in provider; none for those that ONNX Runtime was built with.
    pub library: Option<PathBuf>,
}

impl Device {
    /// The CPU by ONNX Runtime.
    pub fn cpu() -> Self {
        Self {
            id: "cpu".to_owned(),
            provider: "CPUExecutionProvider".to_owned(),
            hardware_name: String::new(),
            hardware: Hardware::Cpu,
            index: 0,
            library: None,
        }
    }

    /// What it is called in the user's words: `NVIDIA RTX 4090 · CUDA`.
    pub fn name(&self) -> String {
        let provider = self.provider_name();
        if self.hardware_name.is_empty() {
            provider.to_owned()
        } else {
            format!("{} · {provider}", self.hardware_name)
        }
    }

    /// The provider in short: `CUDA`.
    pub fn provider_name(&self) -> &str {
        match self.provider.as_str() {
            "CoreMLExecutionProvider" => "Core ML",
            "DmlExecutionProvider" => "DirectML",
            "WebGpuExecutionProvider" => "WebGPU",
            "TensorrtExecutionProvider" => "TensorRT",
            "NvTensorRTRTXExecutionProvider" => "TensorRT RTX",
            other => other.strip_suffix("ExecutionProvider").filter(|short| !short.is_empty()).unwrap_or(other),
        }
    }

    /// Whether it is the processor, without any provider.
    pub fn is_cpu(&self) -> bool {
        self.id == "cpu"
    }

    /// Whether its provider leaves to the CPU what networks of this field have many of and what can be said in other operators.
    pub(super) fn lacks_operators(&self) -> bool {
        self.provider_name() == "WebGPU"
    }

    /// Why it is not tried where the user leaves the choice; none for one that is.
    fn why_not_unasked(&self) -> Option<&'static str> {
        if self.provider.contains("Tensor") {
            return Some("since it compiles each network for minutes first");
        }
        // As a rule such a provider has nothing better.
        (self.hardware == Hardware::Cpu && !self.is_cpu()).then_some("since the hardware it names is the processor")
    }

    /// Whether it is tried where the user leaves the choice.
    pub fn is_tried_unasked(&self) -> bool {
        self.why_not_unasked().is_none()
    }
}

/// What can run networks here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceList {
    /// The runtime that the devices belong to, `ONNX Runtime 1.31.1`; empty without its library.
    pub runtime: String,
    /// All devices, the most wanted first and the CPU last.
    pub devices: Vec<Device>,
    /// What could not be found out or loaded, with reasons.
    pub notes: Vec<String>,
}

impl DeviceList {
    /// The device that is called `name`: its id, its whole name, or the name of its hardware or provider, in any case.
    pub fn find(&self, name: &str) -> Option<&Device> {
        let is_it = |text: &str| !text.is_empty() && text.eq_ignore_ascii_case(name.trim());
        let by = |fits: &dyn Fn(&Device) -> bool| self.devices.iter().find(|device| fits(device));
        by(&|device| is_it(&device.id))
            .or_else(|| by(&|device| is_it(&device.name())))
            .or_else(|| by(&|device| is_it(&device.hardware_name) || is_it(device.provider_name())))
    }

    /// Which devices are passed over unless they are asked for, and why; a line each.
    pub fn passed_over(&self) -> Vec<String> {
        let told = |device: &Device| {
            let reason = device.why_not_unasked()?;
            Some(format!("{} is used only if it is chosen (\"{}\"), {reason}", device.name(), device.id))
        };
        self.devices.iter().filter_map(told).collect()
    }

    /// `"webgpu" (NVIDIA RTX 4090 · WebGPU), "cpu"`.
    pub fn names(&self) -> String {
        let text = |device: &Device| match device.is_cpu() {
            true => "\"cpu\"".to_owned(),
            false => format!("\"{}\" ({})", device.id, device.name()),
        };
        self.devices.iter().map(text).collect::<Vec<_>>().join(", ")
    }
}

/// Lists the devices. Providers beyond the CPU are asked in a process of their own, if there are any: loading them loads drivers.
pub fn list() -> DeviceList {
    let mut found = DeviceList::default();
    match onnx_runtime::library() {
        Ok(library) => {
            found.runtime = library.name.clone();
            let plug_ins = runtime_library::provider_libraries();
            if library.has_accelerators() || !plug_ins.is_empty() || child::stand_in().is_some() {
                match list_in_child() {
                    Ok(listed) => (found.devices, found.notes) = (listed.devices, listed.notes),
                    Err(reason) => found.notes.push(format!("accelerators cannot be listed: {reason}")),
                }
            }
        }
        Err(reason) => found.notes.push(reason),
    }
    found.devices.retain(|device| !device.is_cpu());
    found.devices.push(Device::cpu());
    found
}

fn list_in_child() -> Result<DeviceList, String> {
    let program = child::program().ok_or("the program that runs them is not known")?;
    match ChildProcess::start(program)?.ask(Request::List, Vec::new(), LISTING_LIMIT)? {
        (Answer::Devices(list), _) => Ok(list),
        _ => Err("it answered something else than was expected".to_owned()),
    }
}

/// Lists the devices in this process: what [`list`] has the other one do.
pub(super) fn list_here() -> DeviceList {
    match onnx_runtime::library() {
        Ok(library) => {
            let (mut devices, notes) = library.accelerators();
            devices.extend(child::stand_in());
            devices.sort_by_key(rank);
            number(&mut devices);
            DeviceList { runtime: library.name, devices, notes }
        }
        Err(reason) => DeviceList { notes: vec![reason], ..DeviceList::default() },
    }
}

/// How much a device is wanted: least first. Of those that run the same hardware the one made for it.
fn rank(device: &Device) -> usize {
    let order = ["CUDA", "TensorRT RTX", "TensorRT", "MIGraphX", "ROCM", "Core ML", "OpenVINO", "QNN", "DirectML"];
    let provider = order.iter().position(|&name| name == device.provider_name()).unwrap_or(order.len());
    let is_processor = usize::from(device.hardware == Hardware::Cpu);
    is_processor * 100 + provider
}

/// Gives each device its id: the provider's name, and a number from the second of a name on.
fn number(devices: &mut [Device]) {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for device in devices {
        let name = device.provider_name().to_lowercase().replace(' ', "-");
        let count = counts.entry(name.clone()).or_default();
        *count += 1;
        device.id = if *count == 1 { name } else { format!("{name}:{count}") };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(provider: &str, hardware_name: &str, hardware: Hardware) -> Device {
        let (provider, hardware_name) = (provider.to_owned(), hardware_name.to_owned());
        Device { provider, hardware_name, hardware, ..Device { id: String::new(), ..Device::cpu() } }
    }

    fn some() -> DeviceList {
        let mut devices = vec![
            device("WebGpuExecutionProvider", "AMD", Hardware::Cpu),
            device("WebGpuExecutionProvider", "NVIDIA RTX 4090", Hardware::Gpu),
            device("CUDAExecutionProvider", "NVIDIA RTX 4090", Hardware::Gpu),
            device("CUDAExecutionProvider", "", Hardware::Unknown),
        ];
        devices.sort_by_key(rank);
        number(&mut devices);
        devices.push(Device::cpu());
        DeviceList { devices, ..DeviceList::default() }
    }

    #[test]
    fn devices_have_names_of_their_own_and_are_found_by_them() {
        let list = some();
        let ids: Vec<&str> = list.devices.iter().map(|device| device.id.as_str()).collect();
        assert_eq!(ids, ["cuda", "cuda:2", "webgpu", "webgpu:2", "cpu"]);
        assert_eq!(list.devices[0].name(), "NVIDIA RTX 4090 · CUDA");
        assert_eq!(list.devices[1].name(), "CUDA");
        let found = |name: &str| list.find(name).map(|device| device.id.as_str());
        assert_eq!(found("WebGPU"), Some("webgpu"));
        assert_eq!(found("cuda:2"), Some("cuda:2"));
        assert_eq!(found("nvidia rtx 4090"), Some("cuda"));
        assert_eq!(found("NVIDIA RTX 4090 · WebGPU"), Some("webgpu"));
        assert_eq!((found("CPU"), found(""), found("npu")), (Some("cpu"), None, None));
        assert!(list.names().starts_with("\"cuda\" (NVIDIA RTX 4090 · CUDA), \"cuda:2\" (CUDA)"), "{}", list.names());
    }

    #[test]
    fn what_names_the_processor_as_its_hardware_is_not_tried_unasked() {
        let tried: Vec<String> =
            some().devices.iter().filter(|device| device.is_tried_unasked()).map(|device| device.id.clone()).collect();
        assert_eq!(tried, ["cuda", "cuda:2", "webgpu", "cpu"]);
        let told = some().passed_over();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("AMD · WebGPU is used only if it is chosen (\"webgpu:2\"), since"), "{told:?}");
    }

    #[test]
    fn choices_of_older_settings_are_still_read() {
        let read = |text: &str| serde_json::from_str::<DeviceChoice>(text).unwrap();
        assert_eq!((read("\"Auto\""), read("\"Cpu\"")), (DeviceChoice::Auto, DeviceChoice::Cpu));
        let named = DeviceChoice::parse("cuda:2");
        assert_eq!(read(&serde_json::to_string(&named).unwrap()), named);
        assert_eq!((DeviceChoice::parse("AUTO"), DeviceChoice::parse("Cpu")), (DeviceChoice::Auto, DeviceChoice::Cpu));
    }
}
