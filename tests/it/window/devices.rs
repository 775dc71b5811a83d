//! The device that runs models, in the model panel.

use super::stage::{answer_path, press, settings, soundscape, wait, window};
use earmark::app::{Command, Inspector, Request, Settings};
use earmark::model::gpu_support::{Offer, Support, Way};
use earmark::model::{Device, DeviceList};
use eframe::egui::Key;
use eframe::egui::accesskit::Role;
use egui_kittest::kittest::{NodeT, Queryable};

#[test]
fn the_model_panel_lists_the_devices_there_are() {
    let mut harness = window(settings(), vec![soundscape(0)]);
    assert!(!harness.state().bench.devices.is_asked, "nobody has looked yet");
    harness.state_mut().bench.dispatch(Request::ShowInspector(Inspector::Model));
    harness.run_steps(3);
    wait(&mut harness, "the list of devices", |bench| bench.devices.list.is_some());
    // What this machine has is its own; what is shown of a list is not.
    let gpu = Device {
        id: "webgpu".to_owned(),
        provider: "WebGpuExecutionProvider".to_owned(),
        hardware_name: "AMD Radeon".to_owned(),
        ..Device::cpu()
    };
    let devices = vec![gpu, Device::cpu()];
    harness.state_mut().bench.devices.list = Some(DeviceList { devices, ..DeviceList::default() });
    harness.run_steps(2);
    harness.get_by_role_and_label(Role::ComboBox, "Device").click();
    harness.run_steps(3);
    harness.get_by_label("AMD Radeon · WebGPU").click();
    harness.run_steps(3);
    assert_eq!(harness.state().bench.settings.device, "webgpu");
    harness.state_mut().bench.dispatch(Request::SetDevice("cpu".to_owned()));
    assert_eq!(harness.state().bench.settings.device, "cpu");
}

#[test]
fn a_device_that_is_gone_stays_chosen_and_is_told() {
    let gone = Settings { device: "cuda".to_owned(), ..settings() };
    let mut harness = window(gone, vec![]);
    let texts = |bench: &earmark::app::Workbench| -> Vec<String> {
        bench.device_choices().into_iter().map(|(_, text)| text).collect()
    };
    assert_eq!(texts(&harness.state().bench), ["Best available", "CPU", "cuda"]);
    let bench = &mut harness.state_mut().bench;
    bench.devices.list = Some(DeviceList { devices: vec![Device::cpu()], ..DeviceList::default() });
    assert_eq!(texts(bench), ["Best available", "CPU", "cuda (not there)"]);
}

/// A machine on which nothing but the CPU was found is led to what it lacks, and sees what that is before anything is fetched.
#[test]
fn what_gpu_support_is_is_shown_before_it_is_fetched() {
    let Some(release) = earmark::runtime_library::wheels::webgpu() else { return };
    let mut harness = window(settings(), vec![soundscape(0)]);
    harness.state_mut().bench.dispatch(Request::ShowInspector(Inspector::Model));
    harness.run_steps(3);
    wait(&mut harness, "the list of devices", |bench| bench.devices.list.is_some());
    harness.state_mut().bench.devices.list = Some(DeviceList { devices: vec![Device::cpu()], ..DeviceList::default() });
    harness.run_steps(2);
    harness.get_by_label(Command::GetGpuSupport.name()).click();
    harness.run_steps(3);
    wait(&mut harness, "what there is to get", |bench| bench.gpu.found.is_some());
    assert!(harness.state().bench.gpu.running.is_none(), "nothing is fetched unasked");
    let folder = std::path::PathBuf::from("/people/ann/providers");
    let offer = Offer { support: Support::WebGpu, release, folder, is_there: false };
    let way = Way::Index("https://index.example/simple".to_owned());
    harness.state_mut().bench.gpu.found = Some(Ok((vec![offer.clone()], way)));
    harness.run_steps(3);
    for shown in ["https://index.example/simple", "/people/ann/providers", "MIT", "Get WebGPU", "Choose a wheel file…"]
    {
        harness.get_by_label(shown);
    }
    harness.get_by_label_contains("onnxruntime-ep-webgpu 0.4.0 · ");

    // Where nobody knows from where to fetch it, it can be chosen only.
    harness.state_mut().bench.gpu.found = Some(Ok((vec![offer], Way::ByHand)));
    harness.run_steps(3);
    assert!(harness.get_by_label("Get WebGPU").accesskit_node().is_disabled());
    harness.get_by_label("Choose a wheel file…").click();
    harness.run_steps(2);
    let other = tempfile::NamedTempFile::new().unwrap();
    answer_path(&mut harness, "Path of the wheel with GPU support", other.path());
    wait(&mut harness, "a refusal", |bench| bench.gpu.failure.is_some());
    let failure = harness.state().bench.gpu.failure.clone().unwrap();
    assert!(failure.contains("is another file, or damaged") && failure.contains(release.file), "{failure}");
    press(&mut harness, Key::Escape);
    assert!(!harness.state().bench.gpu.is_shown);
}
