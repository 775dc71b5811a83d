//! What accelerators are called, from what the system says of them. Reads small files of the system; loads no driver.

use std::path::Path;

/// Where the NVIDIA driver lists its devices, a folder each, on Linux.
const NVIDIA_FOLDER: &str = "/proc/driver/nvidia/gpus";
/// Lists of the makers and devices of PCI, as packages install them.
const PCI_LISTS: [&str; 3] = ["/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids", "/usr/share/pci.ids"];

/// The names of all NVIDIA devices, in the order of their places on the bus; none where the driver is not there.
pub(super) fn nvidia() -> Vec<String> {
    nvidia_in(Path::new(NVIDIA_FOLDER))
}

fn nvidia_in(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut folders: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    folders.sort();
    let name = |folder: &std::path::PathBuf| {
        let text = std::fs::read_to_string(folder.join("information")).ok()?;
        let model = text.lines().find_map(|line| line.strip_prefix("Model:"))?.trim().to_owned();
        Some(if model.starts_with("NVIDIA") { model } else { format!("NVIDIA {model}") })
    };
    folders.iter().map(|folder| name(folder).unwrap_or_else(|| "NVIDIA".to_owned())).collect()
}

/// The name of the PCI device with these numbers, as the system's list has it.
pub(super) fn pci(vendor_id: u32, device_id: u32) -> Option<String> {
    let list = PCI_LISTS.iter().find_map(|path| std::fs::read(path).ok())?;
    pci_in(&String::from_utf8_lossy(&list), vendor_id, device_id)
}

/// Makers begin a line, their devices follow after a tabulator each: `10de  NVIDIA Corporation`, `\t2684  AD102 [GeForce RTX 4090]`.
fn pci_in(list: &str, vendor_id: u32, device_id: u32) -> Option<String> {
    let mut lines = list.lines().skip_while(|line| !line.starts_with(&format!("{vendor_id:04x}  ")));
    let maker = lines.next()?.get(6..)?;
    let start = format!("\t{device_id:04x}  ");
    let device = lines.take_while(|line| line.starts_with('\t') || line.starts_with('#'));
    let device = device.into_iter().find_map(|line| line.strip_prefix(&start))?;
    let short = |name: &str| match (name.find('['), name.rfind(']')) {
        (Some(first), Some(last)) if first < last => name[first + 1..last].to_owned(),
        _ => name.to_owned(),
    };
    // "Advanced Micro Devices, Inc. [AMD/ATI]" and "NVIDIA Corporation": the short form, or the first word.
    let maker = short(maker).split([' ', '/']).next().unwrap_or_default().to_owned();
    Some(format!("{maker} {}", short(device)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_the_systems_list() {
        let list = "# comment\n1002  Advanced Micro Devices, Inc. [AMD/ATI]\n\t744c  Navi 31 [Radeon RX 7900 XT/7900 XTX]\n\t\t1da2 x\n\
                    10de  NVIDIA Corporation\n\t2684  AD102 [GeForce RTX 4090]\n8086  Intel Corporation\n\t0000  Xe\n";
        let name = |vendor, device| pci_in(list, vendor, device);
        assert_eq!(name(0x10de, 0x2684).as_deref(), Some("NVIDIA GeForce RTX 4090"));
        assert_eq!(name(0x1002, 0x744c).as_deref(), Some("AMD Radeon RX 7900 XT/7900 XTX"));
        assert_eq!(name(0x8086, 0).as_deref(), Some("Intel Xe"));
        assert_eq!((name(0x1002, 0x2684), name(0x1234, 0)), (None, None));
    }

    #[test]
    fn nvidia_devices_stand_in_the_order_of_the_bus() {
        let folder = tempfile::tempdir().unwrap();
        for (bus, text) in [("0000:65:00.0", "Model: \t\t Tesla T4\nIRQ: 1\n"), ("0000:17:00.0", "Model: NVIDIA A2\n")]
        {
            std::fs::create_dir(folder.path().join(bus)).unwrap();
            std::fs::write(folder.path().join(bus).join("information"), text).unwrap();
        }
        assert_eq!(nvidia_in(folder.path()), ["NVIDIA A2", "NVIDIA Tesla T4"]);
        assert!(nvidia_in(Path::new("/nonexistent")).is_empty());
    }
}
