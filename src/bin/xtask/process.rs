//! Starting other programs: where this repository is, which cargo to call, whether a program exists, what went wrong.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

/// Why a task cannot go on, in one or more lines for the user.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The repository's root. Asked at run time, since several clones can share one build folder.
pub fn repository() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from)
}

/// A call of the cargo that started this helper, in the repository's root, without standard input.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(repository()).stdin(Stdio::null());
    command
}

/// Runs a command to its end with its output in this terminal.
pub fn status(command: &mut Command) -> Result<ExitStatus, Failure> {
    let name = command.get_program().display().to_string();
    command.status().map_err(|error| Failure::new(format!("cannot start {name}: {error}")))
}

/// What a command printed on standard output, or `None` if it could not be started or failed.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program of this name is on the search path.
pub fn is_on_path(program: &str) -> bool {
    let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    std::env::var_os("PATH").is_some_and(|paths| is_in_folders(&file, std::env::split_paths(&paths)))
}

fn is_in_folders(file: &str, mut folders: impl Iterator<Item = PathBuf>) -> bool {
    folders.any(|folder| folder.join(file).is_file())
}

/// A command as it would be typed, for messages.
pub fn typed(program: &OsStr, arguments: &[&str]) -> String {
    let program = Path::new(program).file_name().unwrap_or(program).display().to_string();
    std::iter::once(program.as_str()).chain(arguments.iter().copied()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_looked_for_in_every_folder_of_the_path() {
        let folders = || [PathBuf::from("no-such-folder"), repository()].into_iter();
        assert!(is_in_folders("Cargo.toml", folders()));
        assert!(!is_in_folders("no-such-program", folders()));
        assert!(!is_in_folders("src", folders()), "a folder is no program");
    }
}
