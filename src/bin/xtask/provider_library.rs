//! What runs networks on graphics processors: looking for it, fetching it, checking it. It is the plug-in provider for WebGPU, since that runs on
//! those of any maker, and where an NVIDIA driver is loaded the ONNX Runtime library that was built with CUDA.
//!
//! The folders they are kept in are `earmark::runtime_library`'s to say. Each file there is whole and verified or absent.

use std::fs;
use std::path::{Path, PathBuf};

use crate::apt;
use crate::process::{self, Failure};
use crate::runtime_library::{cannot, lock, remove_folder, sha256};
use crate::steps::{Step, Steps};
use crate::system::System;
use earmark::runtime_library as place;
use earmark::runtime_library::installer as pip;
use earmark::runtime_library::wheels::{self, Release, WEBGPU_VERSION};

/// A graphics processor in software, for tests on machines that have none: a Vulkan driver that a Debian package brings.
const SOFTWARE_DRIVER: &str = "/usr/lib/chromium/vk_swiftshader_icd.json";
const SOFTWARE_DRIVER_PACKAGE: &str = "chromium-common";

/// Fetches what runs networks on the graphics processors of this machine, if it is missing: WebGPU, and where there is an NVIDIA driver CUDA too.
pub fn ensure(steps: &mut Steps) -> Result<(), Failure> {
    let mut step = steps.begin(&format!("GPU support (WebGPU {WEBGPU_VERSION})"));
    ensure_webgpu(&mut step)?;
    if wheels::has_nvidia_driver() {
        step.says("an NVIDIA driver is there: ONNX Runtime with CUDA is wanted too (256 MB)");
        let fetched = match wheels::cuda().zip(place::cuda_folder()) {
            Some((release, folder)) => fetch_if_missing(&release, &folder, &mut step),
            None => Err(Failure::new("there is no build of it for this platform")),
        };
        if let Err(failure) = fetched {
            step.says(&format!("Going on with WebGPU alone: {failure}"));
        }
    }
    step.says("`earmark devices` lists what can run models now, and what libraries of the maker are missing");
    Ok(())
}

/// Makes ready what tests of a graphics processor need, software in its place included. `false` where they cannot be run, which is said.
pub fn ensure_testable(steps: &mut Steps) -> bool {
    let mut step = steps.begin("GPU in software");
    if let Err(failure) = ensure_webgpu(&mut step) {
        step.says(&format!("left out: {failure}"));
        return false;
    }
    let is_there = || Path::new(SOFTWARE_DRIVER).exists();
    if !is_there() && System::detect() == System::Debian {
        step.says(&format!("installing {SOFTWARE_DRIVER_PACKAGE}"));
        if let Err(failure) = apt::install(&[SOFTWARE_DRIVER_PACKAGE], &mut step) {
            step.says(&failure.to_string());
        }
    }
    if !is_there() {
        step.says(&format!("left out: there is no {SOFTWARE_DRIVER}, which Debian's {SOFTWARE_DRIVER_PACKAGE} brings"));
    }
    is_there()
}

fn ensure_webgpu(step: &mut Step) -> Result<(), Failure> {
    let release = wheels::webgpu().ok_or_else(|| {
        let (system, processor) = (std::env::consts::OS, std::env::consts::ARCH);
        Failure::new(format!("there is no build of WebGPU for this platform ({system} on {processor})"))
    })?;
    let cache = place::cache_folder();
    let cache = cache.ok_or_else(|| Failure::new("your user has no home folder to keep it in"))?;
    fetch_if_missing(&release, &cache.join(place::PROVIDERS_FOLDER), step)
}

fn fetch_if_missing(release: &Release, folder: &Path, step: &mut Step) -> Result<(), Failure> {
    if is_verified(release, folder) {
        step.says("already there");
        return Ok(());
    }
    let pip = pip::find();
    let pip = pip.ok_or_else(|| Failure::new("it comes through pip, and there is no pip (nor uv) on this machine"))?;
    step.says(&format!("not there yet; fetching it with `{}`", pip.typed()));
    fs::create_dir_all(folder).map_err(|error| cannot("create", folder, &error))?;
    let _lock = lock(folder);
    if !is_verified(release, folder) {
        let unfinished = folder.join(".unfinished");
        remove_folder(&unfinished)?;
        let outcome = unpack_verified(release, pip, &unfinished).and_then(|files| keep(&files, folder));
        remove_folder(&unfinished)?;
        outcome?;
    }
    step.ends(&format!("Verified and kept in {}", folder.display()));
    Ok(())
}

fn is_verified(release: &Release, folder: &Path) -> bool {
    release.files.iter().all(|(name, expected)| sha256(&folder.join(name)).is_ok_and(|found| found == *expected))
}

/// Unpacks the wheel inside `workplace`, checks what is kept of it, and returns where that lies.
fn unpack_verified(release: &Release, pip: pip::Pip, workplace: &Path) -> Result<Vec<PathBuf>, Failure> {
    fs::create_dir_all(workplace).map_err(|error| cannot("create", workplace, &error))?;
    let (unpacked, requirements) = (workplace.join("wheel"), workplace.join("requirements.txt"));
    let pinned = format!("{}=={} --hash=sha256:{}\n", release.package, release.version, release.wheel.sha256);
    fs::write(&requirements, pinned).map_err(|error| cannot("write", &requirements, &error))?;
    if !process::status(&mut pip.unpacking(&release.wheel, &requirements, &unpacked))?.success() {
        return Err(Failure::new(format!("`{}` could not fetch it, see above", pip.typed())));
    }
    let mut files = Vec::new();
    for (name, expected) in release.files {
        let path = unpacked.join(release.module).join(name);
        let found = sha256(&path).map_err(|error| cannot("read", &path, &error))?;
        if found != *expected {
            return Err(Failure::new(format!("the fetched {name} has the wrong checksum {found}, so it is not used")));
        }
        files.push(path);
    }
    Ok(files)
}

/// Moves the files into the folder, the provider itself last.
fn keep(files: &[PathBuf], folder: &Path) -> Result<(), Failure> {
    for file in files {
        let target = folder.join(file.file_name().unwrap_or_default());
        fs::rename(file, &target).map_err(|error| cannot("move", file, &error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_whole_is_not_taken_for_there() {
        let folder = std::env::temp_dir().join(format!("earmark-provider-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        if let Some(release) = wheels::webgpu() {
            assert!(!is_verified(&release, &folder));
            release.files.iter().for_each(|(name, _)| fs::write(folder.join(name), "half").unwrap());
            assert!(!is_verified(&release, &folder));
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
