//! The bundled example: where its recordings lie.

use std::path::PathBuf;

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
