//! `earmark devices`: what can run networks here, and what each device really does with a model.

use super::table::{Align, aligned};
use super::write_stdout;
use crate::model::devices::{self, Hardware};
use crate::model::{
    Detector, DetectorOptions, Device, DeviceChoice, DeviceList, DeviceTruth, ModelFolder, RuntimeChoice, registry,
};
use serde_json::{Value, json};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  earmark devices                  List the devices that exist, by the names that --device takes
  earmark devices --check yamnet   Open a model on each: where its nodes run, how fast, how near to the CPU
  earmark detect a.wav --device webgpu
  earmark devices --get            Get what runs models on graphics processors of any maker (WebGPU, 5 to 14 MB)
  earmark devices --get cuda       Get ONNX Runtime with CUDA (256 MB); CUDA and cuDNN themselves are NVIDIA's
  earmark devices --get FILE.whl   Take it from a file that was downloaded elsewhere

Providers beyond the CPU come with the ONNX Runtime library (ORT_DYLIB_PATH), or as libraries of their own
in the folder `providers` beside the program or in the cache folder of ONNX Runtime; EARMARK_EP_LIBRARIES
names more of them. --get puts one there: from the package index that EARMARK_PACKAGE_INDEX (or PIP_INDEX_URL)
names, such as https://host/simple, else by pip or uv. Only the file whose checksum is known is taken.

A device that does not answer for a minute, or for twenty times as long as before, is given up; set
EARMARK_INFERENCE_LIMIT_SECS to the seconds that any run of a network may take to change that.";

/// List the devices that can run models
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Open this model on each device and measure it
    #[arg(long, value_name = "MODEL")]
    check: Option<String>,
    /// Get GPU support: webgpu, cuda, or the path of a wheel; then list the devices
    #[arg(long, value_name = "WHAT", num_args = 0..=1, default_missing_value = "webgpu")]
    get: Option<String>,
    /// Only this device
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// Fails where `name` is the name of no device, and says which there are.
pub(in crate::cli) fn ensure_there(name: &str) -> anyhow::Result<()> {
    let DeviceChoice::Named(wanted) = DeviceChoice::parse(name) else { return Ok(()) };
    let list = devices::list();
    if list.find(&wanted).is_some() {
        return Ok(());
    }
    let notes: String = list.notes.iter().map(|note| format!("\nnote: {note}")).collect();
    anyhow::bail!("no device is called \"{wanted}\": there are \"auto\", {}{notes}", list.names())
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if let Some(what) = &arguments.get {
        super::gpu_support::get(what)?;
    }
    if let Some(name) = &arguments.device {
        ensure_there(name)?;
    }
    let mut list = devices::list();
    if let Some(only) = arguments.device.as_deref().and_then(|name| list.find(name)).cloned() {
        list.devices = vec![only];
    }
    let checks = match &arguments.check {
        Some(model) => {
            let folder = registry::find(model)?;
            list.devices.iter().map(|device| Some(Check::of(&folder, device))).collect()
        }
        None => vec![None; list.devices.len()],
    };
    let text = if arguments.json { json_text(&list, &checks)? } else { table(&list, &checks) };
    write_stdout(&text)?;
    let has_failed = checks.iter().flatten().any(|check| !check.works);
    Ok(if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What came of a model on a device.
#[derive(Clone)]
struct Check {
    works: bool,
    truth: Option<DeviceTruth>,
    /// In words.
    text: String,
}

impl Check {
    fn of(folder: &ModelFolder, device: &Device) -> Self {
        let options = DetectorOptions {
            runtime: if device.is_cpu() { RuntimeChoice::Auto } else { RuntimeChoice::OnnxRuntime },
            device: if device.is_cpu() { DeviceChoice::Cpu } else { DeviceChoice::Named(device.id.as_str().into()) },
            ..DetectorOptions::default()
        };
        match Detector::load(folder, &options) {
            Err(error) => Self { works: false, truth: None, text: error.to_string() },
            Ok(detector) => {
                let report = detector.report();
                let works = device.is_cpu() || report.device != "CPU";
                let text = match &report.truth {
                    Some(truth) => truth.text(),
                    None if works => format!("passes the self-check, {report}"),
                    None => report.notes.join("; "),
                };
                Self { works, truth: report.truth.clone(), text }
            }
        }
    }
}

fn hardware_text(hardware: Hardware) -> &'static str {
    match hardware {
        Hardware::Gpu => "GPU",
        Hardware::Npu => "NPU",
        Hardware::Cpu => "CPU",
        Hardware::Unknown => "not told",
    }
}

fn table(list: &DeviceList, checks: &[Option<Check>]) -> String {
    let mut rows = vec![["name", "device", "hardware", "provider from"].map(str::to_owned).to_vec()];
    rows.extend(list.devices.iter().map(|device| {
        let origin = match &device.library {
            Some(path) => path.display().to_string(),
            None if list.runtime.is_empty() => "built-in runtime".to_owned(),
            None => list.runtime.clone(),
        };
        vec![device.id.clone(), device.name(), hardware_text(device.hardware).to_owned(), origin]
    }));
    let mut text = aligned(&[Align::Left; 4], &rows);
    for (device, check) in list.devices.iter().zip(checks) {
        if let Some(check) = check {
            text += &format!("{}: {}\n", device.name(), check.text);
        }
    }
    list.notes.iter().chain(&list.passed_over()).for_each(|note| text += &format!("note: {note}\n"));
    text
}

fn json_text(list: &DeviceList, checks: &[Option<Check>]) -> anyhow::Result<String> {
    let device = |(device, check): (&Device, &Option<Check>)| -> Value {
        let mut value = json!({
            "id": device.id, "name": device.name(), "provider": device.provider, "hardware": hardware_text(device.hardware),
            "library": device.library, "is_tried_unasked": device.is_tried_unasked(),
        });
        if let Some(check) = check {
            value["check"] = json!({ "works": check.works, "truth": check.truth, "text": check.text });
        }
        value
    };
    let devices: Vec<Value> = list.devices.iter().zip(checks).map(device).collect();
    let all = json!({ "runtime": list.runtime, "devices": devices, "notes": list.notes });
    Ok(serde_json::to_string_pretty(&all)? + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_listed_as_a_table_and_as_json() {
        let list = DeviceList {
            runtime: "ONNX Runtime 1.31.1".to_owned(),
            devices: vec![Device::cpu()],
            notes: vec!["x.so: there is no such provider library".to_owned()],
        };
        let text = table(&list, &[None]);
        assert_eq!(
            text,
            "  name  device  hardware  provider from\n  cpu   CPU     CPU       ONNX Runtime 1.31.1\n\
             note: x.so: there is no such provider library\n"
        );
        let json: Value = serde_json::from_str(&json_text(&list, &[None]).unwrap()).unwrap();
        assert_eq!((&json["devices"][0]["id"], &json["notes"][0]), (&json!("cpu"), &json!(list.notes[0])));
    }
}
