//! The checks of `cargo xtask test`, each a step. All are run, so that one run shows all that is wrong.

use std::ffi::{OsStr, OsString};
use std::process::{Command, ExitCode, Stdio};

use crate::process;
use crate::program;
use crate::steps::{Step, Steps};

/// How many steps [`run_all`] takes.
pub const COUNT: usize = 4;

/// The real window driven from outside, relative to the repository.
const WINDOW_SCRIPT: &str = "tests/e2e/main_job.sh";

/// How one check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    Passed,
    Failed,
    /// Not run, for this reason.
    LeftOut(String),
}

/// Runs every check and prints which failed. `passed_on` goes to `cargo test`.
///
/// Where there is a software GPU, tests that need it may not leave themselves out.
pub fn run_all(passed_on: &[OsString], has_software_gpu: bool, steps: &mut Steps) -> ExitCode {
    let mut verdicts: Vec<(&str, Verdict)> = Vec::new();
    let format = ["fmt", "--all", "--check"];
    verdicts.push(("Format", component("rustfmt", &format, &mut steps.begin("Format"))));
    let lints = ["clippy", "--all-targets", "--", "-D", "warnings"];
    verdicts.push(("Lints", component("clippy", &lints, &mut steps.begin("Lints"))));
    let tests = tests(passed_on, has_software_gpu, &mut steps.begin("Tests"));
    let window = window(&tests, &mut steps.begin("Window"));
    verdicts.extend([("Tests", tests), ("Window", window)]);
    println!("\n{}", summary(&verdicts));
    let has_failed = verdicts.iter().any(|(_, verdict)| *verdict == Verdict::Failed);
    if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn summary(verdicts: &[(&str, Verdict)]) -> String {
    let lines = verdicts.iter().map(|(name, verdict)| match verdict {
        Verdict::Passed => format!("{name}: passed"),
        Verdict::Failed => format!("{name}: FAILED"),
        Verdict::LeftOut(reason) => format!("{name}: left out, {reason}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A check by one of the toolchain's components, which a minimal installation of Rust lacks.
fn component(name: &str, arguments: &[&str], step: &mut Step) -> Verdict {
    let subcommand = arguments.first().copied().unwrap_or_default();
    if process::output(&mut cargo(&[subcommand, "--version"])).is_none() {
        let reason = format!("{name} is not installed (rustup component add {name})");
        step.says(&format!("left out: {reason}"));
        return Verdict::LeftOut(reason);
    }
    verdict_of([cargo(arguments)], &process::typed(OsStr::new("cargo"), arguments), step)
}

fn tests(passed_on: &[OsString], has_software_gpu: bool, step: &mut Step) -> Verdict {
    let mut command = cargo(&["test", "--no-fail-fast"]);
    command.args(passed_on);
    if has_software_gpu {
        command.env("EARMARK_TEST_WEBGPU", "must");
    }
    verdict_of([command], "cargo test; the first build takes several minutes", step)
}

fn window(tests: &Verdict, step: &mut Step) -> Verdict {
    let reason = if !process::repository().join(WINDOW_SCRIPT).exists() {
        format!("there is no {WINDOW_SCRIPT}")
    } else if *tests != Verdict::Passed {
        "the tests failed".to_owned()
    } else if !process::is_on_path("xvfb-run") {
        "xvfb-run is not installed".to_owned()
    } else {
        // Options to `cargo test` may have left the program unbuilt. Built this way it has the same features as there.
        let build = cargo(&["test", "--quiet", "--no-run", "--test", "it"]);
        return verdict_of([build, window_command()], &format!("{WINDOW_SCRIPT} on a virtual screen"), step);
    };
    step.says(&format!("left out: {reason}"));
    Verdict::LeftOut(reason)
}

/// The script gets the program that `cargo test` built as `EARMARK_PROGRAM`.
fn window_command() -> Command {
    let mut command = Command::new("xvfb-run");
    // Without `-noreset` the server starts anew whenever its last client leaves, and refuses whoever connects meanwhile: xdotool looking
    // for the window could so keep the program from opening it.
    command.args(["--auto-servernum", "--server-args=-screen 0 1600x1000x24 -noreset", "bash", WINDOW_SCRIPT]);
    command.env("EARMARK_PROGRAM", program::built_program(OsStr::new("debug")));
    command.current_dir(process::repository()).stdin(Stdio::null());
    command
}

/// Runs the commands one after another until one fails.
fn verdict_of(commands: impl IntoIterator<Item = Command>, description: &str, step: &mut Step) -> Verdict {
    step.says(description);
    for mut command in commands {
        let reason = match process::status(&mut command) {
            Ok(status) if status.success() => continue,
            Ok(status) => status.to_string(),
            Err(failure) => failure.to_string(),
        };
        step.ends(&format!("FAILED: {reason}"));
        return Verdict::Failed;
    }
    step.ends("Passed");
    Verdict::Passed
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = process::cargo(arguments);
    if cfg!(windows) {
        // There a running program cannot be replaced, and `cargo test` builds this one too.
        command.env("CARGO_TARGET_DIR", process::repository().join("target").join("checks"));
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_say_what_failed_and_what_was_left_out() {
        let verdicts = [
            ("Format", Verdict::LeftOut("rustfmt is missing".into())),
            ("Lints", Verdict::Passed),
            ("Tests", Verdict::Failed),
        ];
        assert_eq!(summary(&verdicts), "Format: left out, rustfmt is missing\nLints: passed\nTests: FAILED");
    }
}
