//! What runs networks on graphics processors: looking for it, fetching it, checking it. It is the plug-in provider for WebGPU, since that runs on
//! those of any maker, and where an NVIDIA driver is loaded the ONNX Runtime library that was built with CUDA.
//!
//! The folders they are kept in are `earmark::runtime_library`'s to say. Each file there is whole and verified or absent.

use std::fs;
use std::path::{Path, PathBuf};

use earmark::runtime_library as place;

use crate::apt;
use crate::pip::{self, Wheel};
use crate::process::{self, Failure};
use crate::runtime_library::{cannot, lock, remove_folder, sha256};
use crate::steps::{Step, Steps};
use crate::system::System;

/// The release of the WebGPU provider that is fetched.
const WEBGPU_VERSION: &str = "0.4.0";

/// Where a driver of NVIDIA's says that it is loaded, on Linux.
const NVIDIA_DRIVER: &str = "/proc/driver/nvidia";

/// A graphics processor in software, for tests on machines that have none: a Vulkan driver that a Debian package brings.
const SOFTWARE_DRIVER: &str = "/usr/lib/chromium/vk_swiftshader_icd.json";
const SOFTWARE_DRIVER_PACKAGE: &str = "chromium-common";

/// A wheel and what is kept of it.
struct Release {
    package: &'static str,
    version: &'static str,
    wheel: Wheel,
    /// The folder of the files within the wheel.
    module: &'static str,
    /// Each file with its SHA-256, the one that is looked for last.
    files: &'static [(&'static str, &'static str)],
}

/// The pinned wheel of WebGPU for the platform this helper was compiled for.
fn webgpu() -> Option<Release> {
    let release = |pip_platform, uv_platform, sha256, files| {
        let wheel = Wheel { pip_platform, uv_platform, sha256 };
        Some(Release {
            package: "onnxruntime-ep-webgpu",
            version: WEBGPU_VERSION,
            wheel,
            module: "onnxruntime_ep_webgpu",
            files,
        })
    };
    if cfg!(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64")) {
        release(
            "manylinux_2_28_x86_64",
            "x86_64-manylinux_2_28",
            "5d8c961eda91a88961cad1fb7621f389f006b18497d6ea9ecf96f729f066cbfb",
            &[(
                "libonnxruntime_providers_webgpu.so",
                "9f76e3dc4459421958ad086a9da03bf7e5de9289e9a3a56e28bbb459773dec81",
            )],
        )
    } else if cfg!(all(target_os = "linux", target_env = "gnu", target_arch = "aarch64")) {
        release(
            "manylinux_2_28_aarch64",
            "aarch64-manylinux_2_28",
            "17f660db53b1a509c63e721ac6784a2daa1c4e91a968523ee9986505ee5b0a55",
            &[(
                "libonnxruntime_providers_webgpu.so",
                "720e1288e7e465f924db44b88a98a9d1c543eba3fbb2ff801cf2545f5e7f0279",
            )],
        )
    } else if cfg!(all(target_os = "macos", target_arch = "aarch64")) {
        release(
            "macosx_14_0_arm64",
            "aarch64-apple-darwin",
            "8d0a91d44b43d931c3068b9134aed9770f27803e353c2b58c93e1700bb68bcca",
            &[(
                "libonnxruntime_providers_webgpu.dylib",
                "894aa43c308c97afe58f6485b8411962181a39b27170f5f210cc7503adb52850",
            )],
        )
    } else if cfg!(all(target_os = "windows", target_arch = "x86_64")) {
        release(
            "win_amd64",
            "x86_64-pc-windows-msvc",
            "7db646669d1a2390551da675115ea125e68cb3d4d2c3a2d6e463372bf8d6ea87",
            &[
                ("dxil.dll", "0a0d059a51dd5e1916a4a9924817d70b5dbb8e0c103a102fa2c6c92cb748c27f"),
                ("dxcompiler.dll", "d7e740883f8048233d15752bc5d4ba207fc03d835c78fffab26387d400892193"),
                (
                    "onnxruntime_providers_webgpu.dll",
                    "85d7b2065b1968b846cd00d5d87d5286d3c44e8f6c557cd382d96300e524b6cb",
                ),
            ],
        )
    } else if cfg!(all(target_os = "windows", target_arch = "aarch64")) {
        release(
            "win_arm64",
            "aarch64-pc-windows-msvc",
            "a9586f6744370776059edd794c11bca2f563258a5bd2707864aefff31d3af39f",
            &[
                ("dxil.dll", "502a7c6b7660fa5520efbe5b9516a1aac06b9a8c6a7e26011856bead7f5770ed"),
                ("dxcompiler.dll", "2c4895ad9707963390fba270a613cd37a038064fce5384bae025c695dc681601"),
                (
                    "onnxruntime_providers_webgpu.dll",
                    "e2a72894617c0519cae3080534ca1fc957c4ab607a993c05f326d83b322a581d",
                ),
            ],
        )
    } else {
        None
    }
}

/// The pinned wheel of ONNX Runtime with CUDA and TensorRT. Their libraries, which it needs, are NVIDIA's to install.
fn cuda() -> Option<Release> {
    let is_built = cfg!(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"));
    is_built.then_some(Release {
        package: "onnxruntime-gpu",
        version: place::VERSION,
        wheel: Wheel {
            pip_platform: "manylinux_2_28_x86_64",
            uv_platform: "x86_64-manylinux_2_28",
            sha256: "05d548956197b9d01f59b625de740e0d6be3593f874e241a12dc0362650ecdf7",
        },
        module: "onnxruntime/capi",
        files: &[
            ("libonnxruntime_providers_cuda.so", "8387867e857499e045caff5d13ac6a5de29571c801562fa2dde0e45f1f31de52"),
            ("libonnxruntime_providers_shared.so", "086ec1d5388f64153d9c63470d126693db9a182c8ce236d3a1119068471b8a0d"),
            (
                "libonnxruntime_providers_tensorrt.so",
                "1882ee49fdb0e6fc2d272b00cfaf9a3310bf8580a34385c0eec4d82014ea172e",
            ),
            (place::LIBRARY_FILE, "5104254339ecadae808da771bd0b63b240f0dbd466514234905e54372435c303"),
        ],
    })
}

/// Fetches what runs networks on the graphics processors of this machine, if it is missing: WebGPU, and where there is an NVIDIA driver CUDA too.
pub fn ensure(steps: &mut Steps) -> Result<(), Failure> {
    let mut step = steps.begin(&format!("GPU support (WebGPU {WEBGPU_VERSION})"));
    ensure_webgpu(&mut step)?;
    if Path::new(NVIDIA_DRIVER).is_dir() {
        step.says("an NVIDIA driver is there: ONNX Runtime with CUDA is wanted too (256 MB)");
        let fetched = match cuda().zip(place::cuda_folder()) {
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
    let release = webgpu().ok_or_else(|| {
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
    fn the_provider_is_the_last_file_and_one_that_is_looked_for() {
        let Some(release) = webgpu() else { return };
        let (last, _) = release.files.last().unwrap();
        assert!(last.contains("onnxruntime_providers_") && last.ends_with(std::env::consts::DLL_EXTENSION), "{last}");
        let files = release.files.iter().chain(cuda().into_iter().flat_map(|release| release.files));
        assert!(files.into_iter().all(|(_, sha256)| sha256.len() == 64));
    }

    #[test]
    fn what_is_not_whole_is_not_taken_for_there() {
        let folder = std::env::temp_dir().join(format!("earmark-provider-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        if let Some(release) = webgpu() {
            assert!(!is_verified(&release, &folder));
            release.files.iter().for_each(|(name, _)| fs::write(folder.join(name), "half").unwrap());
            assert!(!is_verified(&release, &folder));
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
