//! The thread that lists the devices that can run models; it ends with the list.

use super::thread::spawn;
use super::{Update, UpdateSender};
use crate::model::devices;

/// Lists the devices; they come as [`Update::Devices`]. `false` if no thread could be had, which is told.
pub fn list_devices(updates: &UpdateSender) -> bool {
    let told = updates.clone();
    let thread = spawn("devices", updates, move || {
        told.send(Update::Devices(devices::list()));
    });
    thread.is_some()
}
