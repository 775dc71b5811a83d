//! Where the ONNX Runtime shared library lies: the pinned version, its file name on this platform, the folder it is
//! kept in, and the search for it.
//!
//! `cargo xtask` writes it there and the program loads it from there, so both read this one file. It is compiled
//! without any feature and uses only the standard library. It opens, loads and fetches nothing.

pub mod installer;
pub mod wheels;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The ONNX Runtime release the set-up fetches. The program itself takes any library of release 1.23 or newer.
pub const VERSION: &str = "1.31.1";

/// The environment variable whose path goes before every other place. An empty value counts as unset.
pub const OVERRIDE_VARIABLE: &str = "ORT_DYLIB_PATH";

/// The library's file name in the release's package for this operating system.
pub const LIBRARY_FILE: &str = if cfg!(target_os = "windows") {
    "onnxruntime.dll"
} else if cfg!(target_os = "macos") {
    "libonnxruntime.1.31.1.dylib"
} else {
    "libonnxruntime.so.1.31.1"
};

/// The file name without the version, as other packages of ONNX Runtime install it.
const UNVERSIONED_FILE: &str = if cfg!(target_os = "windows") {
    "onnxruntime.dll"
} else if cfg!(target_os = "macos") {
    "libonnxruntime.dylib"
} else {
    "libonnxruntime.so"
};

/// The environment variable that names libraries of plug-in providers, or folders of them, separated as in `PATH`.
pub const PROVIDERS_VARIABLE: &str = "EARMARK_EP_LIBRARIES";

/// The folder of libraries of plug-in providers, within the cache folder and beside the program. Those in it whose names hold
/// `onnxruntime_providers_` are taken for one; others may be what these need.
pub const PROVIDERS_FOLDER: &str = "providers";

/// Which place a library was found in, most wanted first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Named by the user through [`OVERRIDE_VARIABLE`].
    Override,
    /// In the folder of the running program, where a packaged Earmark carries it.
    BesideProgram,
    /// In the user's cache folder, where `cargo xtask` puts it.
    Cache,
}

/// A library to load, and why this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// An absolute path, except that an override without any folder is left to the system's loader as it is.
    pub path: PathBuf,
    /// The place it comes from.
    pub origin: Origin,
}

/// Finds the library: the override, then beside the program, then the user's cache folder.
///
/// An override is returned even if no such file exists, so that loading it fails with a message that names it: a
/// wrong setting must not quietly become another library. `None` means that there is none anywhere.
pub fn find() -> Option<Found> {
    let program_folder = std::env::current_exe().ok().and_then(|path| path.parent().map(Path::to_path_buf));
    let cached: Vec<PathBuf> = cuda_folder().into_iter().chain(cache_folder()).collect();
    search(override_path(), program_folder.as_deref(), &cached.iter().map(PathBuf::as_path).collect::<Vec<_>>())
}

/// The libraries of plug-in providers: those that [`PROVIDERS_VARIABLE`] names, then those in [`PROVIDERS_FOLDER`] beside the program and in
/// the cache folder. A file that the variable names is listed even if it does not exist, so that loading it fails with a message.
pub fn provider_libraries() -> Vec<PathBuf> {
    let named = std::env::var_os(PROVIDERS_VARIABLE).unwrap_or_default();
    let program_folder = std::env::current_exe().ok().and_then(|path| path.parent().map(Path::to_path_buf));
    let folders = program_folder.into_iter().chain(cache_folder()).map(|folder| folder.join(PROVIDERS_FOLDER));
    providers_in(std::env::split_paths(&named).filter(|path| !path.as_os_str().is_empty()), folders)
}

fn providers_in(named: impl Iterator<Item = PathBuf>, folders: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let mut libraries = Vec::new();
    for path in named {
        let path = std::path::absolute(&path).unwrap_or(path);
        if path.is_dir() { libraries.extend(libraries_of(&path)) } else { libraries.push(path) }
    }
    libraries.extend(folders.flat_map(|folder| libraries_of(&folder)));
    let mut seen = std::collections::HashSet::new();
    libraries.retain(|path| seen.insert(path.clone()));
    libraries
}

/// The providers among the shared libraries in a folder, by name.
fn libraries_of(folder: &Path) -> Vec<PathBuf> {
    let is_library = |path: &PathBuf| {
        let is_library = path.extension().is_some_and(|ending| ending == std::env::consts::DLL_EXTENSION);
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        is_library && stem.contains("onnxruntime_providers_") && path.is_file()
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut libraries: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_library).collect();
    libraries.sort();
    libraries
}

/// The path the user set through [`OVERRIDE_VARIABLE`], if any. Its existence is not checked.
pub fn override_path() -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os(OVERRIDE_VARIABLE).filter(|value| !value.is_empty())?);
    let is_bare_name = path.parent().is_some_and(|folder| folder.as_os_str().is_empty());
    if is_bare_name && !path.exists() { Some(path) } else { Some(std::path::absolute(&path).unwrap_or(path)) }
}

/// The folder in the user's cache that the set-up keeps the library and its licence texts in:
///
/// | system | folder |
/// | --- | --- |
/// | Linux and others | `$XDG_CACHE_HOME/earmark/onnxruntime-VERSION`, by default under `~/.cache` |
/// | macOS | `~/Library/Caches/earmark/onnxruntime-VERSION` |
/// | Windows | `%LOCALAPPDATA%\earmark\onnxruntime-VERSION` |
///
/// `None` when the user has no home folder.
pub fn cache_folder() -> Option<PathBuf> {
    cache_folder_from(|name| std::env::var_os(name), std::env::home_dir())
}

fn cache_folder_from(variable: impl Fn(&str) -> Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    // The base directory specification says that a relative value is to be ignored.
    let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = home.filter(|path| path.is_absolute());
    let caches = if cfg!(target_os = "windows") {
        absolute("LOCALAPPDATA").or_else(|| home.map(|home| home.join("AppData").join("Local")))
    } else if cfg!(target_os = "macos") {
        home.map(|home| home.join("Library").join("Caches"))
    } else {
        absolute("XDG_CACHE_HOME").or_else(|| home.map(|home| home.join(".cache")))
    };
    caches.map(|caches| caches.join("earmark").join(format!("onnxruntime-{VERSION}")))
}

/// The folder beside [`cache_folder`] for the library that was built with CUDA and TensorRT, which goes before the other if it is there: it can do
/// all that the other can.
pub fn cuda_folder() -> Option<PathBuf> {
    let folder = cache_folder()?;
    let mut name = folder.file_name()?.to_owned();
    name.push("-cuda");
    Some(folder.with_file_name(name))
}

fn search(override_path: Option<PathBuf>, program_folder: Option<&Path>, cache_folders: &[&Path]) -> Option<Found> {
    if let Some(path) = override_path {
        return Some(Found { path, origin: Origin::Override });
    }
    let beside = program_folder
        .into_iter()
        .flat_map(|folder| [folder.join(LIBRARY_FILE), folder.join(UNVERSIONED_FILE)])
        .map(|path| Found { path, origin: Origin::BesideProgram });
    let cached = cache_folders.iter().map(|folder| Found { path: folder.join(LIBRARY_FILE), origin: Origin::Cache });
    beside.chain(cached).find(|found| found.path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of this test alone, removed when it ends.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("earmark-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }

        fn folder(&self, name: &str, files: &[&str]) -> PathBuf {
            let folder = self.0.join(name);
            std::fs::create_dir_all(&folder).unwrap();
            for file in files {
                std::fs::write(folder.join(file), "library").unwrap();
            }
            folder
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_file_name_carries_the_pinned_version() {
        assert!(cfg!(target_os = "windows") || LIBRARY_FILE.contains(VERSION));
    }

    #[test]
    fn an_override_goes_first_even_if_no_such_file_exists() {
        let scratch = Scratch::new("override");
        let cache = scratch.folder("cache", &[LIBRARY_FILE]);
        let wrong = scratch.0.join("no-such-library");
        let found = search(Some(wrong.clone()), None, &[&cache]);
        assert_eq!(found, Some(Found { path: wrong, origin: Origin::Override }));
    }

    #[test]
    fn a_library_beside_the_program_goes_before_the_cache() {
        let scratch = Scratch::new("beside");
        let cache = scratch.folder("cache", &[LIBRARY_FILE]);
        let program = scratch.folder("program", &[UNVERSIONED_FILE]);
        let found = search(None, Some(&program), &[&cache]).unwrap();
        assert_eq!(found, Found { path: program.join(UNVERSIONED_FILE), origin: Origin::BesideProgram });
        std::fs::remove_file(&found.path).unwrap();
        let with_cuda = scratch.folder("with-cuda", &[]);
        let found = search(None, Some(&program), &[&with_cuda, &cache]).unwrap();
        assert_eq!(found, Found { path: cache.join(LIBRARY_FILE), origin: Origin::Cache });
        std::fs::write(with_cuda.join(LIBRARY_FILE), "library").unwrap();
        let found = search(None, Some(&program), &[&with_cuda, &cache]).unwrap();
        assert_eq!(found.path, with_cuda.join(LIBRARY_FILE));
    }

    #[test]
    fn nothing_anywhere_is_none_and_a_folder_of_that_name_is_no_library() {
        let scratch = Scratch::new("nothing");
        let cache = scratch.folder("cache", &[]);
        std::fs::create_dir(cache.join(LIBRARY_FILE)).unwrap();
        assert_eq!(search(None, Some(&scratch.0), &[&cache]), None);
        assert_eq!(search(None, None, &[]), None);
    }

    #[test]
    fn provider_libraries_are_those_named_and_those_in_folders_each_once() {
        let scratch = Scratch::new("providers");
        let library = |name: &str| format!("{name}.{}", std::env::consts::DLL_EXTENSION);
        let (a, b) = (library("libonnxruntime_providers_a"), library("libonnxruntime_providers_b"));
        let folder = scratch.folder("providers", &[&b, &a, &library("dxcompiler"), "LICENSE"]);
        let named = [scratch.0.join("no-such-library"), folder.clone()];
        let found = providers_in(named.into_iter(), [folder.clone(), scratch.0.join("no-such-folder")].into_iter());
        assert_eq!(found, [scratch.0.join("no-such-library"), folder.join(a), folder.join(b)]);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_cache_folder_follows_the_base_directory_specification() {
        let home = Some(PathBuf::from("/people/ann"));
        let folder = |value: Option<&str>, home| {
            cache_folder_from(|name| value.filter(|_| name == "XDG_CACHE_HOME").map(OsString::from), home)
        };
        let expected = |caches: &str| Some(Path::new(caches).join("earmark/onnxruntime-1.31.1"));
        assert_eq!(folder(None, home.clone()), expected("/people/ann/.cache"));
        assert_eq!(folder(Some("/fast/caches"), home.clone()), expected("/fast/caches"));
        assert_eq!(folder(Some("relative"), home), expected("/people/ann/.cache"));
        assert_eq!(folder(None, None), None);
    }
}
