//! Having Python's package installer fetch a wheel: it is called, watched and stopped; what it unpacks is checked before it is kept.

use super::GpuSupportError;
use super::unpacking::{self, Workplace};
use crate::runtime_library::installer::Pip;
use crate::runtime_library::wheels::Release;
use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

const GLANCE: Duration = Duration::from_millis(50);
/// Of what the installer says, so much is told, in characters.
const MOST_SAID: usize = 400;

/// Has the installer unpack the wheel and keeps what is needed of it in `folder`.
pub(super) fn install(
    release: &Release,
    installer: Pip,
    folder: &Path,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<(), GpuSupportError> {
    let workplace = Workplace::open(folder)?;
    let path = |name: &str| workplace.path().join(name);
    let (unpacked, requirements, said) = (path("wheel"), path("requirements.txt"), path("said.txt"));
    let pinned = format!("{}=={} --hash=sha256:{}\n", release.package, release.version, release.wheel.sha256);
    fs::write(&requirements, pinned).map_err(|error| GpuSupportError::io(&requirements, error))?;
    let heard = File::create(&said).map_err(|error| GpuSupportError::io(&said, error))?;
    let failed =
        |said: String| GpuSupportError::Installer { program: installer.typed(), said, release: Box::new(*release) };
    let mut command = installer.unpacking(&release.wheel, &requirements, &unpacked);
    let mut child = command.stdout(Stdio::null()).stderr(heard).spawn().map_err(|error| failed(error.to_string()))?;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if is_cancelled() => {
                // What is left of it ends with its folder.
                let _ = child.kill();
                let _ = child.wait();
                return Err(GpuSupportError::Cancelled);
            }
            Ok(None) => std::thread::sleep(GLANCE),
            Err(error) => return Err(failed(error.to_string())),
        }
    };
    if !status.success() {
        return Err(failed(last_words(&fs::read_to_string(&said).unwrap_or_default())));
    }
    let mut files = Vec::new();
    for (name, expected) in release.files {
        let path = unpacked.join(release.module).join(name);
        let found = unpacking::digest(&path, is_cancelled)?;
        if found != *expected {
            return Err(GpuSupportError::OtherLibrary { name: (*name).to_owned(), found });
        }
        files.push(path);
    }
    workplace.keep(&files)
}

/// The last line with an error, or the last line at all.
fn last_words(said: &str) -> String {
    let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
    let line =
        lines().rfind(|line| line.starts_with("ERROR") || line.starts_with("error")).or_else(|| lines().next_back());
    let line = line.unwrap_or("it said nothing").trim_start_matches("ERROR:").trim().trim_end_matches('.');
    line.chars().take(MOST_SAID).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_installer_failed_of_is_told() {
        let said =
            "WARNING: Retrying\nERROR: Could not find a version\nERROR: No matching distribution found for x==1.\n\n";
        assert_eq!(last_words(said), "No matching distribution found for x==1");
        assert_eq!(last_words("a\nb\n"), "b");
        assert_eq!(last_words(""), "it said nothing");
    }
}
