//! The thread that gets what runs models on graphics processors and then lists the devices; one at a time, it ends with its task.

use super::thread::{guarded, spawn};
use super::{CancelToken, Update, UpdateSender};
use crate::model::gpu_support::{self, GpuSupportError, Offer, Places, Stage, Support, Way};
use crate::model::{
    Detector, DetectorOptions, DeviceChoice, DeviceList, ModelFolder, RuntimeChoice, devices, registry,
};
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
    /// It is in its place, these are the devices now, and this came of trying it.
    Installed(Support, DeviceList, Option<GpuTrial>),
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
        Ok(support) => {
            report(Stage::Trying);
            let list = devices::list();
            let trial = try_gpu_support(support, &list);
            GpuNews::Installed(support, list, trial)
        }
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

/// What came of a model on a device that was just made available.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GpuTrial {
    /// What the device is called.
    pub device: String,
    /// What it does with the model, or why it cannot run it.
    pub result: Result<String, String>,
}

/// Tries the smallest model there is on what the provider finds: a provider is listed also where no driver is. Blocks, for seconds as a rule.
/// `None` for CUDA, whose library is loaded at the next start only, and where there is nothing to try.
pub fn try_gpu_support(support: Support, list: &DeviceList) -> Option<GpuTrial> {
    if support == Support::Cuda {
        return None;
    }
    let device = list.devices.iter().find(|device| device.provider_name() == support.name())?;
    let options = DetectorOptions {
        runtime: RuntimeChoice::OnnxRuntime,
        device: DeviceChoice::Named(device.id.as_str().into()),
        ..DetectorOptions::default()
    };
    let models = registry::list().into_iter().filter_map(|listed| listed.folder.ok());
    let size = |model: &ModelFolder| {
        std::fs::metadata(model.path.join(&model.manifest.network.file)).map_or(u64::MAX, |metadata| metadata.len())
    };
    let model = models.min_by_key(size)?;
    let result = match Detector::load(&model, &options) {
        Err(error) => Err(error.to_string()),
        Ok(detector) if detector.is_cpu() => Err(detector.report().notes.join("; ")),
        Ok(detector) => Ok(match &detector.report().truth {
            Some(truth) => format!("{} of {}", truth.text(), model.id),
            None => format!("it runs {}", model.id),
        }),
    };
    Some(GpuTrial { device: device.name(), result })
}

/// What has come of it, in the user's words: what was found, or why nothing.
pub fn gpu_found_text(support: Support, list: &DeviceList, trial: Option<&GpuTrial>) -> String {
    let notes: String = list.notes.iter().map(|note| format!("\n{note}")).collect();
    let name = support.name();
    if support == Support::Cuda {
        // The library that this program has loaded stays until it ends.
        return format!("{name} support is in place, and is used from the next start of Earmark on{notes}");
    }
    let reason = match trial.map(|trial| (&trial.device, &trial.result)) {
        Some((device, Ok(text))) => return format!("{name} support is in place. {device}: {text}{notes}"),
        Some((_, Err(reason))) => format!(": {reason}"),
        None => String::new(),
    };
    format!("{name} support is in place, but no graphics processor can be used yet{reason}.\n{}{notes}", advice())
}

/// What is missing, as a rule, where no graphics processor is found.
fn advice() -> &'static str {
    if cfg!(target_os = "linux") {
        "It takes one with a Vulkan driver: that of its maker, or the package mesa-vulkan-drivers"
    } else if cfg!(target_os = "windows") {
        "It takes one with Direct3D 12: install the newest driver of its maker"
    } else {
        "It takes one with Metal"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Device;

    #[test]
    fn what_was_found_is_told_or_what_is_missing() {
        let list = DeviceList { devices: vec![Device::cpu()], ..DeviceList::default() };
        let trial = |result: Result<&str, &str>| GpuTrial {
            device: "NVIDIA RTX 4090 · WebGPU".to_owned(),
            result: result.map(str::to_owned).map_err(str::to_owned),
        };
        let text = gpu_found_text(Support::WebGpu, &list, Some(&trial(Ok("9 × as fast as the CPU"))));
        assert_eq!(text, "WebGPU support is in place. NVIDIA RTX 4090 · WebGPU: 9 × as fast as the CPU");
        let text = gpu_found_text(Support::WebGpu, &list, Some(&trial(Err("No supported adapters"))));
        assert!(text.contains("no graphics processor can be used yet: No supported adapters.\n"), "{text}");
        let notes = vec!["x.so: there is no such provider library".to_owned()];
        let list = DeviceList { notes, ..list };
        let text = gpu_found_text(Support::WebGpu, &list, None);
        assert!(
            text.contains("can be used yet.\n") && text.ends_with("\nx.so: there is no such provider library"),
            "{text}"
        );
        assert!(gpu_found_text(Support::Cuda, &list, None).contains("next start"));
    }
}
