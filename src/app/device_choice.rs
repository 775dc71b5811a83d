//! Which device runs models: what can be chosen, and what was.

use super::workbench::Workbench;
use crate::model::{DeviceChoice, DeviceList};
use crate::work::list_devices;

/// The devices that can be chosen.
#[derive(Default)]
pub struct Devices {
    /// Those there are, once they were listed.
    pub list: Option<DeviceList>,
    /// Whether they are being listed or were.
    pub is_asked: bool,
}

impl Workbench {
    /// Has the devices listed, once: drivers that are loaded for it need not be there before anybody looks.
    pub(super) fn ask_for_devices(&mut self) {
        if !self.devices.is_asked {
            self.devices.is_asked = list_devices(&self.updates);
        }
    }

    pub(super) fn devices_came(&mut self, list: DeviceList) {
        self.devices.list = Some(list);
    }

    pub(super) fn device_choice(&self) -> DeviceChoice {
        DeviceChoice::parse(&self.settings.device)
    }

    /// What can be chosen, as values of the settings with words for them. What was chosen is among them even where there is no such device.
    pub fn device_choices(&self) -> Vec<(String, String)> {
        let mut all = vec![("auto".to_owned(), "Best available".to_owned())];
        match &self.devices.list {
            Some(list) => all.extend(list.devices.iter().map(|device| (device.id.clone(), device.name()))),
            None => all.push(("cpu".to_owned(), "CPU".to_owned())),
        }
        let chosen = &self.settings.device;
        if !all.iter().any(|(id, _)| id == chosen) {
            let text = if self.devices.list.is_some() { format!("{chosen} (not there)") } else { chosen.clone() };
            all.push((chosen.clone(), text));
        }
        all
    }
}
