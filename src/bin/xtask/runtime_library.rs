//! The ONNX Runtime shared library of the pinned release: looking for it, fetching it, checking it.
//!
//! The place it is kept in is `earmark::runtime_library`'s to say. What lies there is whole and verified or absent:
//! fetching works in a folder of its own, which takes its final name in one step.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use earmark::runtime_library::installer::{self as pip, Wheel};
use earmark::runtime_library::{self as place, LIBRARY_FILE, OVERRIDE_VARIABLE, VERSION};
use sha2::{Digest, Sha256};

use crate::process::{self, Failure};
use crate::steps::{Step, Steps};

/// The wheel's licence texts, kept beside the library.
const LICENCE_FILES: &[&str] = &["LICENSE", "ThirdPartyNotices.txt", "Privacy.md"];

/// A library as it is in its wheel.
#[derive(Debug)]
struct Release {
    wheel: Wheel,
    /// Of the library itself, so that a damaged copy is noticed later too.
    library_sha256: &'static str,
}

/// Whether the library is there, and if not, why.
#[derive(Debug)]
pub enum Library {
    /// Named by the user; nothing is to be fetched.
    Override(PathBuf),
    /// In the cache folder, and verified.
    Kept(PathBuf),
    /// To be fetched into this folder. Where `is_damaged`, another file is in its place.
    Missing { folder: PathBuf, is_damaged: bool },
    /// There is none to be had, for this reason.
    Unavailable(String),
}

impl Library {
    /// Looks without changing anything.
    pub fn look() -> Self {
        if let Some(path) = place::override_path() {
            return Self::Override(path);
        }
        if release().is_none() {
            return Self::Unavailable(format!(
                "there is no build of it for this platform ({} on {})",
                std::env::consts::OS,
                std::env::consts::ARCH
            ));
        }
        let Some(folder) = place::cache_folder() else {
            return Self::Unavailable("your user has no home folder to keep it in".to_owned());
        };
        let path = folder.join(LIBRARY_FILE);
        if is_verified(&path) { Self::Kept(path) } else { Self::Missing { is_damaged: path.exists(), folder } }
    }

    pub fn needs_fetching(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }

    /// Whether the program will find a library. An override counts if it is a file, or a bare name that only the
    /// system's loader can find.
    pub fn is_there(&self) -> bool {
        match self {
            Self::Override(path) => path.is_file() || !path.is_absolute(),
            Self::Kept(_) => true,
            Self::Missing { .. } | Self::Unavailable(_) => false,
        }
    }

    /// Fetches it if it is missing. To be without it is an outcome, not a failure: the program has a runtime built in.
    pub fn ensure(self, steps: &mut Steps) -> Result<Self, Failure> {
        let mut step = steps.begin(&format!("ONNX Runtime {VERSION}"));
        let reason = match self {
            Self::Override(ref path) if self.is_there() => {
                step.says(&format!("not fetched: {OVERRIDE_VARIABLE} is set to {}", path.display()));
                return Ok(self);
            }
            Self::Override(ref path) => {
                let path = path.display();
                return Err(Failure::new(format!(
                    "{OVERRIDE_VARIABLE} is set to {path}, and there is no such file.\nCorrect it, or unset it to have the library fetched."
                )));
            }
            Self::Kept(path) => {
                step.says("already there");
                return Ok(Self::Kept(path));
            }
            Self::Missing { folder, is_damaged } => match fetch(&folder, is_damaged, &mut step) {
                Ok(path) => return Ok(Self::Kept(path)),
                Err(failure) => failure.to_string(),
            },
            Self::Unavailable(reason) => reason,
        };
        step.says(&format!("not to be had: {reason}\n{}", without_it()));
        Ok(Self::Unavailable(reason))
    }
}

fn without_it() -> String {
    format!(
        "Earmark runs without it, on its built-in runtime, which is several times slower.\n\
         To have it: with a network connection type `cargo xtask setup`,\n\
         or set {OVERRIDE_VARIABLE} to an ONNX Runtime library of release 1.23 or newer."
    )
}

/// The pinned wheel for the platform this helper was compiled for. The release has none for Macs with Intel
/// processors, and the Linux ones need the GNU C library.
fn release() -> Option<Release> {
    let release = |pip_platform, uv_platform, sha256, library_sha256| {
        Some(Release { wheel: Wheel { pip_platform, uv_platform, sha256 }, library_sha256 })
    };
    if cfg!(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64")) {
        release(
            "manylinux_2_28_x86_64",
            "x86_64-manylinux_2_28",
            "1f3dea47f2f0e5117c2404cea7d21fd253ae7836a3bf167a501cdfbb2600d536",
            "fc44112fbe06d7d689c57e11d3862031f64711007e4ee020f8eed5185fd2c1d3",
        )
    } else if cfg!(all(target_os = "linux", target_env = "gnu", target_arch = "aarch64")) {
        release(
            "manylinux_2_28_aarch64",
            "aarch64-manylinux_2_28",
            "0b9a492176886992e0e875f06bc0367e333f5fff11711a2d642e18b02f3009cc",
            "8aa3b76b28c778a2b1dd660d34161adb1d508c9ccd04ff9dc80e26eca5df8467",
        )
    } else if cfg!(all(target_os = "macos", target_arch = "aarch64")) {
        release(
            "macosx_14_0_arm64",
            "aarch64-apple-darwin",
            "96dd2564b10ea7153ad9c207e7cd8e5917cb3ba521e0e0a62ac03486fdc8d56c",
            "d586cbe89effc085a09d3341b3cfbd5c322517f9d397aeb20814af21433f2b36",
        )
    } else if cfg!(all(target_os = "windows", target_arch = "x86_64")) {
        release(
            "win_amd64",
            "x86_64-pc-windows-msvc",
            "ae8a9a351efda685cc59a66226cdefaa37a126c1d66872ca23a2de9425326130",
            "e45f61e50d8650885452be538a00bb14a715e46a1bc3691000ce947e89ed0306",
        )
    } else if cfg!(all(target_os = "windows", target_arch = "aarch64")) {
        release(
            "win_arm64",
            "aarch64-pc-windows-msvc",
            "fe8b9ac1ae8e894e12c47ee82e4f6dfc1835768133687257866469fda80d0bf1",
            "dc9e2fe646a72829386a24ac9185a7a4e26d7dbe5dc433d41df063603c00bbc7",
        )
    } else {
        None
    }
}

fn is_verified(path: &Path) -> bool {
    release().is_some_and(|release| sha256(path).is_ok_and(|found| found == release.library_sha256))
}

/// Fetches the library into `folder` and returns its path there.
fn fetch(folder: &Path, is_damaged: bool, step: &mut Step) -> Result<PathBuf, Failure> {
    let Some((release, pip)) = release().zip(pip::find()) else {
        return Err(Failure::new("it comes through pip, and there is no pip (nor uv) for Python 3 on this machine"));
    };
    let state = if is_damaged { "the copy in the cache is damaged" } else { "not there yet" };
    step.says(&format!("{state}; fetching it with `{}`", pip.typed()));
    let parent = folder.parent().unwrap_or(folder);
    fs::create_dir_all(parent).map_err(|error| cannot("create", parent, &error))?;
    let _lock = lock(parent);
    let path = folder.join(LIBRARY_FILE);
    if !is_verified(&path) {
        // First, so that the program cannot load a damaged copy should fetching fail.
        remove_folder(folder)?;
        let unfinished = parent.join(format!(".onnxruntime-{VERSION}.unfinished"));
        remove_folder(&unfinished)?;
        let outcome = unpack_verified(&release, pip, &unfinished)
            .and_then(|ready| fs::rename(&ready, folder).map_err(|error| cannot("create", folder, &error)));
        remove_folder(&unfinished)?;
        outcome?;
    }
    step.ends(&format!("Verified and kept as {}", path.display()));
    Ok(path)
}

/// Holds back a second set-up until this one is done. A file system that cannot lock does without.
pub(crate) fn lock(folder: &Path) -> Option<File> {
    let file = File::create(folder.join(".set-up.lock")).ok()?;
    file.lock().ok()?;
    Some(file)
}

/// Unpacks the wheel inside `workplace`, checks the library, and returns a folder with what is to be kept.
fn unpack_verified(release: &Release, pip: pip::Pip, workplace: &Path) -> Result<PathBuf, Failure> {
    let (unpacked, ready) = (workplace.join("wheel"), workplace.join("ready"));
    fs::create_dir_all(&ready).map_err(|error| cannot("create", &ready, &error))?;
    let requirements = workplace.join("requirements.txt");
    let pinned = format!("onnxruntime=={VERSION} --hash=sha256:{}\n", release.wheel.sha256);
    fs::write(&requirements, pinned).map_err(|error| cannot("write", &requirements, &error))?;
    if !process::status(&mut pip.unpacking(&release.wheel, &requirements, &unpacked))?.success() {
        return Err(Failure::new(format!("`{}` could not fetch it, see above", pip.typed())));
    }
    let package = unpacked.join("onnxruntime");
    let library = package.join("capi").join(LIBRARY_FILE);
    let found = sha256(&library).map_err(|error| cannot("read", &library, &error))?;
    if found != release.library_sha256 {
        return Err(Failure::new(format!("the fetched library has the wrong checksum {found}, so it is not used")));
    }
    let kept = LICENCE_FILES.iter().map(|name| package.join(name)).chain([library]);
    for file in kept {
        let target = ready.join(file.file_name().unwrap_or_default());
        fs::rename(&file, &target).map_err(|error| cannot("move", &file, &error))?;
    }
    Ok(ready)
}

pub(crate) fn remove_folder(folder: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cannot("remove", folder, &error)),
        _ => Ok(()),
    }
}

pub(crate) fn cannot(verb: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("cannot {verb} {}: {error}", path.display()))
}

/// The SHA-256 of a file as 64 hex digits.
pub(crate) fn sha256(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = file.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
        hasher.update(bytes);
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_sha_256() {
        let path = std::env::temp_dir().join(format!("earmark-sha256-{}", std::process::id()));
        fs::write(&path, "abc").unwrap();
        let found = sha256(&path);
        fs::remove_file(&path).unwrap();
        // FIPS 180-2, appendix B.1.
        assert_eq!(found.unwrap(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn an_override_that_is_no_file_is_not_there_but_a_bare_name_may_be() {
        assert!(Library::Override("libonnxruntime.so".into()).is_there());
        assert!(!Library::Override(std::env::temp_dir().join("no-such-library")).is_there());
    }
}
