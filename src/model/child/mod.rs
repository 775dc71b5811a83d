//! Accelerators in a process of their own: the same executable, started with [`SUBCOMMAND`], which speaks through its standard input and
//! output. A driver that crashes, hangs or answers nonsense so takes down that process and nothing else.
//!
//! [`process`] is the side that asks and watches, [`server`] the one that answers; they speak [`protocol`].

mod backend;
mod faults;
mod process;
mod protocol;
mod server;

pub(super) use backend::{Fallback, Watch, open};
pub(super) use faults::{is_stand_in, stand_in};
pub(super) use process::{ChildProcess, LISTING_LIMIT};
pub(super) use protocol::{Answer, Placement, Request};
pub use server::serve;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The argument that makes the program serve instead of what else it does.
pub const SUBCOMMAND: &str = "inference-process";

static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Says which executable understands [`SUBCOMMAND`]. Without it nothing is run on an accelerator: a program that is not Earmark's own must not
/// be started by chance. Only the first call counts.
pub fn set_program(path: &Path) {
    // A second call is one of a test beside others of the same process.
    drop(PROGRAM.set(path.to_owned()));
}

/// The executable, if one was named.
pub(super) fn program() -> Option<&'static Path> {
    PROGRAM.get().map(PathBuf::as_path)
}
