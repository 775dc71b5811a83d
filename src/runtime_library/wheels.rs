//! The pinned wheels that libraries for graphics processors come from: names, versions, lengths and checksums for each platform.
//!
//! `cargo xtask` and the program fetch the same ones, so both read this file. It fetches nothing.

use super::installer::Wheel;
use super::{LIBRARY_FILE, VERSION};
use std::path::Path;

/// The release of the WebGPU provider that is fetched.
pub const WEBGPU_VERSION: &str = "0.4.0";

/// Where a driver of NVIDIA's says that it is loaded, on Linux.
const NVIDIA_DRIVER: &str = "/proc/driver/nvidia";

/// A wheel and what is kept of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// The package's name.
    pub package: &'static str,
    /// Its version.
    pub version: &'static str,
    /// How installers are asked for the wheel, and its checksum.
    pub wheel: Wheel,
    /// The wheel's file name.
    pub file: &'static str,
    /// Its length in bytes.
    pub bytes: u64,
    /// The licence, as the wheel states it.
    pub licence: &'static str,
    /// The folder of the files within the wheel.
    pub module: &'static str,
    /// Each file with its SHA-256, the one that is looked for last.
    pub files: &'static [(&'static str, &'static str)],
}

/// Whether a driver of NVIDIA's is loaded.
pub fn has_nvidia_driver() -> bool {
    Path::new(NVIDIA_DRIVER).is_dir()
}

/// The pinned wheel of WebGPU for the platform this program was compiled for.
pub fn webgpu() -> Option<Release> {
    let release = |pip_platform, uv_platform, sha256, (file, bytes), files| {
        let wheel = Wheel { pip_platform, uv_platform, sha256 };
        Some(Release {
            package: "onnxruntime-ep-webgpu",
            version: WEBGPU_VERSION,
            wheel,
            file,
            bytes,
            licence: "MIT",
            module: "onnxruntime_ep_webgpu",
            files,
        })
    };
    if cfg!(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64")) {
        release(
            "manylinux_2_28_x86_64",
            "x86_64-manylinux_2_28",
            "5d8c961eda91a88961cad1fb7621f389f006b18497d6ea9ecf96f729f066cbfb",
            ("onnxruntime_ep_webgpu-0.4.0-py3-none-manylinux_2_28_x86_64.whl", 6_892_120),
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
            ("onnxruntime_ep_webgpu-0.4.0-py3-none-manylinux_2_28_aarch64.whl", 6_096_222),
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
            ("onnxruntime_ep_webgpu-0.4.0-py3-none-macosx_14_0_universal2.whl", 5_200_679),
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
            ("onnxruntime_ep_webgpu-0.4.0-py3-none-win_amd64.whl", 13_149_847),
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
            ("onnxruntime_ep_webgpu-0.4.0-py3-none-win_arm64.whl", 14_194_630),
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
pub fn cuda() -> Option<Release> {
    let is_built = cfg!(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"));
    is_built.then_some(Release {
        package: "onnxruntime-gpu",
        version: VERSION,
        wheel: Wheel {
            pip_platform: "manylinux_2_28_x86_64",
            uv_platform: "x86_64-manylinux_2_28",
            sha256: "05d548956197b9d01f59b625de740e0d6be3593f874e241a12dc0362650ecdf7",
        },
        file: "onnxruntime_gpu-1.31.1-cp312-cp312-manylinux_2_28_x86_64.whl",
        bytes: 255_569_273,
        licence: "MIT",
        module: "onnxruntime/capi",
        files: &[
            ("libonnxruntime_providers_cuda.so", "8387867e857499e045caff5d13ac6a5de29571c801562fa2dde0e45f1f31de52"),
            ("libonnxruntime_providers_shared.so", "086ec1d5388f64153d9c63470d126693db9a182c8ce236d3a1119068471b8a0d"),
            (
                "libonnxruntime_providers_tensorrt.so",
                "1882ee49fdb0e6fc2d272b00cfaf9a3310bf8580a34385c0eec4d82014ea172e",
            ),
            (LIBRARY_FILE, "5104254339ecadae808da771bd0b63b240f0dbd466514234905e54372435c303"),
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_provider_is_the_last_file_and_one_that_is_looked_for() {
        let Some(release) = webgpu() else { return };
        let (last, _) = release.files.last().unwrap();
        assert!(last.contains("onnxruntime_providers_") && last.ends_with(std::env::consts::DLL_EXTENSION), "{last}");
        for release in [Some(release), cuda()].into_iter().flatten() {
            assert!(release.files.iter().all(|(_, sha256)| sha256.len() == 64));
            let name = release.package.replace('-', "_");
            assert!(release.file.starts_with(&format!("{name}-{}-", release.version)), "{}", release.file);
        }
    }
}
