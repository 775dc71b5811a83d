//! The program: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    earmark::cli::run()
}
