//! Where the recordings of a project are: absolute, and relative to the project so that a folder can be moved as a whole.

use rusqlite::types::Value;
use std::path::{Component, Path, PathBuf};

/// The way from `folder` to `path` with `/` between its parts, if both are absolute and have more in common than the root.
pub fn relative_to(folder: &Path, path: &Path) -> Option<String> {
    if !folder.is_absolute() || !path.is_absolute() {
        return None;
    }
    let (from, to): (Vec<_>, Vec<_>) = (folder.components().collect(), path.components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    if !from[..shared].iter().any(|part| matches!(part, Component::Normal(_))) {
        return None;
    }
    let mut parts = vec![".."; from.len() - shared];
    for part in &to[shared..] {
        parts.push(part.as_os_str().to_str()?);
    }
    Some(parts.join("/"))
}

/// The place that `relative` names, seen from `folder`.
pub fn joined(folder: &Path, relative: &str) -> PathBuf {
    let mut path = folder.to_path_buf();
    for part in relative.split('/') {
        if part == ".." {
            path.pop();
        } else {
            path.push(part);
        }
    }
    path
}

/// A path as SQLite keeps it: text, or its bytes where it is no Unicode.
pub fn to_sql(path: &Path) -> Value {
    if let Some(text) = path.to_str() {
        return Value::Text(text.to_owned());
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        Value::Blob(path.as_os_str().as_bytes().to_vec())
    }
    #[cfg(not(unix))]
    Value::Text(path.to_string_lossy().into_owned())
}

/// The path that [`to_sql`] kept.
pub fn from_sql(value: Value) -> Option<PathBuf> {
    match value {
        Value::Text(text) => Some(PathBuf::from(text)),
        #[cfg(unix)]
        Value::Blob(bytes) => {
            use std::os::unix::ffi::OsStringExt;
            Some(PathBuf::from(std::ffi::OsString::from_vec(bytes)))
        }
        #[cfg(not(unix))]
        Value::Blob(bytes) => Some(PathBuf::from(String::from_utf8_lossy(&bytes).into_owned())),
        _ => None,
    }
}

/// A path as JSON keeps it: text, or its bytes where it is no Unicode.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub enum StoredPath {
    /// A path in Unicode.
    Text(String),
    /// Any other.
    Bytes {
        /// As the system has it.
        bytes: Vec<u8>,
    },
}

impl StoredPath {
    /// A path, made absolute.
    pub fn absolute(path: &Path) -> Self {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        match to_sql(&path) {
            Value::Blob(bytes) => Self::Bytes { bytes },
            Value::Text(text) => Self::Text(text),
            _ => Self::Text(path.to_string_lossy().into_owned()),
        }
    }

    /// The path.
    pub fn path(self) -> PathBuf {
        let value = match self {
            Self::Text(text) => Value::Text(text),
            Self::Bytes { bytes } => Value::Blob(bytes),
        };
        from_sql(value).unwrap_or_default()
    }
}

/// The folder in which a file lies.
pub fn folder_of(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    path.parent().map(Path::to_path_buf).unwrap_or_default()
}

/// A path with something added to its name.
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_way_there_leads_there() {
        for (folder, path, way) in [
            ("/data/set", "/data/set/a.wav", Some("a.wav")),
            ("/data/set", "/data/set/day 1/a.wav", Some("day 1/a.wav")),
            ("/data/set/labels", "/data/set/audio/a.wav", Some("../audio/a.wav")),
            ("/data/set", "/elsewhere/a.wav", None),
            ("/data/set", "a.wav", None),
        ] {
            let relative = relative_to(Path::new(folder), Path::new(path));
            assert_eq!(relative.as_deref(), way);
            if let Some(relative) = relative {
                assert_eq!(joined(Path::new(folder), &relative), Path::new(path));
            }
        }
    }

    #[test]
    fn names_that_are_no_unicode_survive() {
        use std::os::unix::ffi::OsStrExt;
        let path = Path::new(std::ffi::OsStr::from_bytes(b"/audio/M\xf6we.wav"));
        assert_eq!(from_sql(to_sql(path)).unwrap(), path);
        let json = serde_json::to_string(&StoredPath::absolute(path)).unwrap();
        assert_eq!(serde_json::from_str::<StoredPath>(&json).unwrap().path(), path);
    }
}
