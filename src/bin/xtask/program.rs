//! Building the program and starting it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::process::{self, Failure};
use crate::steps::Steps;

/// What a first start shows, relative to the repository.
const EXAMPLE: &str = "assets/example";

/// The arguments to start the program with: the files, or the example if nothing at all was asked for.
///
/// Fails at once for a file that does not exist: a first build is a long time to wait for that message.
pub fn arguments(files: Vec<OsString>, passed_on: &[OsString]) -> Result<Vec<OsString>, Failure> {
    if let Some(absent) = files.iter().find(|file| !Path::new(file).exists()) {
        return Err(Failure::new(format!("there is no file {}", absent.display())));
    }
    let example = process::repository().join(EXAMPLE);
    let mut arguments = files;
    if arguments.is_empty() && passed_on.is_empty() && example.exists() {
        arguments.push(example.into());
    }
    arguments.extend_from_slice(passed_on);
    Ok(arguments)
}

/// Builds the optimised program and returns its path.
pub fn build(steps: &mut Steps) -> Result<PathBuf, Failure> {
    let program = built_program(OsStr::new("release"));
    let mut step = steps.begin("Build");
    step.says(if program.exists() {
        "bringing it up to date"
    } else {
        "the first one takes about ten minutes on two processor cores"
    });
    if !process::status(&mut process::cargo(&["build", "--release", "--bin", "earmark"]))?.success() {
        return Err(Failure::new("the build failed, see above"));
    }
    step.ends("Built");
    Ok(program)
}

/// Starts the program in the user's folder and waits until it ends, with its exit code.
pub fn start(program: &Path, arguments: &[OsString], steps: &mut Steps) -> Result<ExitCode, Failure> {
    let shown: Vec<String> = arguments.iter().map(|argument| argument.display().to_string()).collect();
    steps.begin("Start").says(&format!("earmark {}", shown.join(" ")));
    let status = process::status(Command::new(program).args(arguments))?;
    match status.code().map(u8::try_from) {
        Some(Ok(code)) => Ok(ExitCode::from(code)),
        _ => Err(Failure::new(format!("Earmark ended unexpectedly ({status})"))),
    }
}

/// Where cargo puts the program for a profile: beside the folder this helper was itself built into.
pub fn built_program(profile_folder: &OsStr) -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    let own_folder = own.parent().unwrap_or(Path::new("target/debug"));
    own_folder.with_file_name(profile_folder).join(format!("earmark{}", std::env::consts::EXE_SUFFIX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_alone_do_not_open_the_example() {
        let passed_on = vec![OsString::from("--help")];
        assert_eq!(arguments(vec![], &passed_on).unwrap(), passed_on);
    }

    #[test]
    fn an_absent_file_is_named_before_anything_is_built() {
        let failure = arguments(vec!["no-such-recording.wav".into()], &[]).unwrap_err();
        assert!(failure.to_string().contains("no-such-recording.wav"));
    }

    #[test]
    fn files_go_before_what_is_passed_on() {
        let existing = OsString::from(process::repository().join("Cargo.toml"));
        let arguments = arguments(vec![existing.clone()], &["-v".into()]).unwrap();
        assert_eq!(arguments, [existing, "-v".into()]);
    }
}
