//! A path in JSON: text, or its bytes where it is no Unicode. Must not ask the disk.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::path::{Path, PathBuf};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum PathText {
    Text(String),
    Bytes { bytes: Vec<u8> },
}

/// Writes a path, made absolute.
pub fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let text = match path.to_str() {
        Some(text) => PathText::Text(text.to_owned()),
        None => of_other(&path),
    };
    text.serialize(serializer)
}

/// Reads what [`serialize`] wrote.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    Ok(match PathText::deserialize(deserializer)? {
        PathText::Text(text) => PathBuf::from(text),
        PathText::Bytes { bytes } => from_bytes(bytes),
    })
}

#[cfg(unix)]
fn of_other(path: &Path) -> PathText {
    use std::os::unix::ffi::OsStrExt;
    PathText::Bytes { bytes: path.as_os_str().as_bytes().to_vec() }
}

#[cfg(not(unix))]
fn of_other(path: &Path) -> PathText {
    PathText::Text(path.to_string_lossy().into_owned())
}

#[cfg(unix)]
fn from_bytes(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

#[cfg(not(unix))]
fn from_bytes(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(&bytes).into_owned())
}
