//! The thread that gets what runs models on graphics processors and then lists the devices; one at a time, it ends with its task.

use super::thread::{guarded, spawn};
use super::{CancelToken, Update, UpdateSender};
use crate::model::gpu_support::{self, GpuSupportError, Offer, Places, Stage, Support, Way};
use crate::model::{DeviceList, devices};
use std::path::PathBuf;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GpuTask {
    /// Find out what there is to get and how, without getting any.
    Look,
    /// Get this.
    Get(Support),
    /// Take what the user has downloaded.
    Take(PathBuf),
}

/// What came of a task about GPU support.
#[derive(Debug)]
pub enum GpuNews {
    /// What there is to get here and how, or why nothing.
    Found(Result<(Vec<Offer>, Way), String>),
    /// What is being done.
    Progress(Stage),
    /// It is in its place, and these are the devices now.
    Installed(Support, DeviceList),
    /// The user stopped it; what has arrived is kept.
    Cancelled,
    /// It failed: what happened and what to do.
    Failed(String),
}

/// Starts a task; its news come as [`Update::GpuSupport`]. `false` if no thread could be had, which is told.
pub fn see_to_gpu_support(task: GpuTask, cancel: CancelToken, updates: &UpdateSender) -> bool {
    let told = updates.clone();
    let thread = spawn("GPU support", updates, move || {
        let news = guarded(|| news_of(&task, &cancel, &told));
        let news = news.unwrap_or_else(|reason| GpuNews::Failed(format!("an unforeseen error: {reason}")));
        told.send(Update::GpuSupport(news));
    });
    thread.is_some()
}

fn news_of(task: &GpuTask, cancel: &CancelToken, updates: &UpdateSender) -> GpuNews {
    let mut report = |stage| {
        updates.send(Update::GpuSupport(GpuNews::Progress(stage)));
    };
    let done = match task {
        GpuTask::Look => {
            let found = gpu_support::offers().and_then(|offers| Ok((offers, Way::find()?)));
            return GpuNews::Found(found.map_err(|error| error.to_string()));
        }
        GpuTask::Get(support) => get_gpu_support(*support, &mut report, &|| cancel.is_cancelled()).map(|()| *support),
        GpuTask::Take(path) => {
            report(Stage::Unpacking);
            gpu_support::take(path, &|| cancel.is_cancelled())
        }
    };
    match done {
        Ok(support) => GpuNews::Installed(support, devices::list()),
        Err(GpuSupportError::Cancelled) => GpuNews::Cancelled,
        Err(error) => GpuNews::Failed(error.to_string()),
    }
}

/// Gets it for this user, by whichever way there is. Blocks.
///
/// # Errors
/// See [`GpuSupportError`].
pub fn get_gpu_support(
    support: Support,
    report: &mut dyn FnMut(Stage),
    is_cancelled: &dyn Fn() -> bool,
) -> Result<(), GpuSupportError> {
    let release = support.release()?;
    let places = Places::of_user(support)?;
    gpu_support::get(&release, &Way::find()?, &places, report, is_cancelled)
}

/// What has come of it, in the user's words: what was found, or why nothing.
pub fn gpu_found_text(support: Support, list: &DeviceList) -> String {
    let accelerators: Vec<String> =
        list.devices.iter().filter(|device| !device.is_cpu()).map(|device| device.name()).collect();
    let notes: String = list.notes.iter().map(|note| format!("\n{note}")).collect();
    let name = support.name();
    if support == Support::Cuda {
        // The library that this program has loaded stays until it ends.
        return format!("{name} support is in place, and is used from the next start of Earmark on{notes}");
    }
    if accelerators.is_empty() {
        return format!(
            "{name} support is in place, but no graphics processor was found that it can use: {}{notes}",
            advice()
        );
    }
    format!("{name} support is in place. Models can run on {} now{notes}", accelerators.join(", "))
}

/// What is missing, as a rule, where no graphics processor is found.
fn advice() -> &'static str {
    if cfg!(target_os = "linux") {
        "it takes one with a Vulkan driver, such as the package mesa-vulkan-drivers or the driver of the maker"
    } else if cfg!(target_os = "windows") {
        "install the newest driver of its maker, for Direct3D 12"
    } else {
        "it takes one with Metal"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Device;

    #[test]
    fn what_was_found_is_told_or_what_is_missing() {
        let gpu = Device {
            id: "webgpu".to_owned(),
            provider: "WebGpuExecutionProvider".to_owned(),
            hardware_name: "NVIDIA RTX 4090".to_owned(),
            ..Device::cpu()
        };
        let list = DeviceList { devices: vec![gpu, Device::cpu()], ..DeviceList::default() };
        let text = gpu_found_text(Support::WebGpu, &list);
        assert_eq!(text, "WebGPU support is in place. Models can run on NVIDIA RTX 4090 · WebGPU now");
        let list = DeviceList {
            devices: vec![Device::cpu()],
            notes: vec!["x.so: there is no such provider library".to_owned()],
            ..DeviceList::default()
        };
        let text = gpu_found_text(Support::WebGpu, &list);
        assert!(
            text.contains("no graphics processor was found")
                && text.ends_with("\nx.so: there is no such provider library")
        );
        assert!(gpu_found_text(Support::Cuda, &list).contains("next start"));
    }
}
