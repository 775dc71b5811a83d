//! `cargo xtask`: makes a machine that has only Rust ready for Earmark, then starts the program or tests it.
//!
//! Owns the command line of the helper. Compiled without features, so that it is there seconds after cloning; it must
//! not use any part of the library but `earmark::runtime_library`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a helper in a terminal says what it does")]

mod apt;
mod arguments;
mod checks;
mod packages;
mod process;
mod program;
mod provider_library;
mod runtime_library;
mod steps;
mod system;

use std::process::ExitCode;

use arguments::Task;
use packages::{Packages, Purpose};
use process::Failure;
use runtime_library::Library;
use steps::Steps;

/// Steps that every task begins with: the packages and the library.
const SET_UP_STEPS: usize = 2;

fn main() -> ExitCode {
    let task = match arguments::parse(std::env::args_os().skip(1)) {
        Ok(task) => task,
        Err(message) => {
            eprintln!("{message}\n\nSee `cargo xtask --help`.");
            return ExitCode::from(2);
        }
    };
    let outcome = match task {
        Task::Help => {
            println!("{}", arguments::HELP);
            Ok(ExitCode::SUCCESS)
        }
        Task::SetUp { with_gpu } => set_up_alone(with_gpu),
        Task::Run { files, passed_on, with_gpu } => run(files, &passed_on, with_gpu),
        Task::Test { passed_on } => test(&passed_on),
    };
    outcome.unwrap_or_else(|failure| {
        eprintln!("\nStopped: {failure}");
        ExitCode::FAILURE
    })
}

fn set_up_alone(with_gpu: bool) -> Result<ExitCode, Failure> {
    let mut steps = Steps::new(SET_UP_STEPS + usize::from(with_gpu));
    let library = set_up(Purpose::Run, &mut steps)?;
    if with_gpu {
        provider_library::ensure(&mut steps)?;
    }
    if !library.is_there() {
        println!("\nReady but for ONNX Runtime. Next: `cargo xtask run`");
        return Ok(ExitCode::FAILURE);
    }
    println!("\nReady. Next: `cargo xtask run`");
    Ok(ExitCode::SUCCESS)
}

fn run(files: Vec<std::ffi::OsString>, passed_on: &[std::ffi::OsString], with_gpu: bool) -> Result<ExitCode, Failure> {
    let arguments = program::arguments(files, passed_on)?;
    let mut steps = Steps::new(SET_UP_STEPS + usize::from(with_gpu) + 2);
    set_up(Purpose::Run, &mut steps)?;
    if with_gpu && let Err(failure) = provider_library::ensure(&mut steps) {
        println!("      Going on with the CPU: {failure}");
    }
    let program = program::build(&mut steps)?;
    program::start(&program, &arguments, &mut steps)
}

fn test(passed_on: &[std::ffi::OsString]) -> Result<ExitCode, Failure> {
    let mut steps = Steps::new(SET_UP_STEPS + 1 + checks::COUNT);
    if !set_up(Purpose::Test, &mut steps)?.is_there() {
        return Err(Failure::new("the tests compare both runtimes, so they need the ONNX Runtime library"));
    }
    let has_software_gpu = provider_library::ensure_testable(&mut steps);
    Ok(checks::run_all(passed_on, has_software_gpu, &mut steps))
}

/// Installs what is missing. Only a missing build tool stops it: without the library the program still runs.
fn set_up(purpose: Purpose, steps: &mut Steps) -> Result<Library, Failure> {
    let wanted = Library::look();
    let packages =
        Packages::wanted(purpose, wanted.needs_fetching() && earmark::runtime_library::installer::find().is_none());
    packages.ensure(steps)?;
    wanted.ensure(steps)
}
