//! The device that runs models, in the model panel.

use super::stage::{settings, soundscape, wait, window};
use earmark::app::{Inspector, Request, Settings};
use earmark::model::{Device, DeviceList};
use eframe::egui::accesskit::Role;
use egui_kittest::kittest::Queryable;

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
