//! The program's state and what changes it.

use std::path::PathBuf;

/// Opens the window with these recordings.
pub fn run(_files: Vec<PathBuf>) -> anyhow::Result<()> {
    anyhow::bail!("there is no window yet: see `earmark detect --help`")
}
