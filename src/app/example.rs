//! The bundled example: where its recordings lie.

use std::path::PathBuf;

/// The folder of the example, beside the program or in the source tree.
fn folder() -> Option<PathBuf> {
    let beside = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.to_path_buf()));
    let shared = beside.as_ref().map(|folder| folder.join("../share/earmark/example"));
    let candidates = [
        beside.map(|folder| folder.join("assets/example")),
        shared,
        Some(PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/example"))),
    ];
    candidates.into_iter().flatten().find(|folder| folder.is_dir())
}

/// The recordings of the example, by name, or why there are none.
pub fn recordings() -> Result<Vec<PathBuf>, String> {
    let folder = folder().ok_or("The example is not installed: open a recording of your own")?;
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "flac"))
        .collect();
    paths.sort();
    if paths.is_empty() {
        return Err(format!("{}: there is no recording: open one of your own", folder.display()));
    }
    Ok(paths)
}
