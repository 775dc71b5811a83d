//! The bundled example: where its recordings lie.

use std::path::PathBuf;

/// What the recordings of the example are called together.
pub const NAME: &str = "the bundled example";

/// The folder of the example, beside the program or in the source tree, or why there is none.
pub fn folder() -> Result<PathBuf, String> {
    let program = std::env::current_exe().ok();
    let beside = program.as_ref().and_then(|program| program.parent());
    let candidates = [
        beside.map(|folder| folder.join("assets/example")),
        beside.map(|folder| folder.join("../share/earmark/example")),
        Some(PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/example"))),
    ];
    let found = candidates.into_iter().flatten().find(|folder| folder.is_dir());
    found.ok_or_else(|| "The example is not installed: open a recording of your own".to_owned())
}

/// The recordings of the example, by name; none where it is not installed.
pub fn recordings() -> Vec<PathBuf> {
    let entries = folder().ok().and_then(|folder| std::fs::read_dir(folder).ok());
    let mut paths: Vec<PathBuf> = entries.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "flac"));
    paths.sort();
    paths
}
