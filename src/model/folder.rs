//! A model folder: its manifest, its classes, and its network, checked against each other before use.

use super::labels::{ClassLabel, parse_labels};
use super::variant::VariantNote;
use super::{Manifest, ModelError};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file that makes a folder a model folder.
pub const MANIFEST_FILE: &str = "model.toml";
const LONGEST_TEXT_BYTES: u64 = 16 << 20;
const LONGEST_NETWORK_BYTES: u64 = 2 << 30;
/// How much of a file is read at once.
const PIECE_BYTES: usize = 1 << 20;

/// A model folder whose manifest and classes are sound. The network itself is read when a detector is made.
#[derive(Clone, Debug)]
pub struct ModelFolder {
    /// The folder.
    pub path: PathBuf,
    /// The folder's name, by which the model is asked for.
    pub id: String,
    /// What it says about itself.
    pub manifest: Manifest,
    /// Its classes, in the order of the network's outputs.
    pub labels: Vec<ClassLabel>,
    /// Of what other model it is a variant, if it is one.
    pub variant: Option<VariantNote>,
}

impl ModelFolder {
    /// Reads the manifest and the classes of the folder.
    pub fn open(path: &Path) -> Result<Self, ModelError> {
        let manifest_path = path.join(MANIFEST_FILE);
        let manifest = Manifest::parse(&manifest_path, &read_text(&manifest_path)?)?;
        let labels_path = path.join(&manifest.labels_file);
        let labels = parse_labels(&labels_path, &read_text(&labels_path)?)?;
        if let Some((_, class, _)) = manifest.self_check.expected.iter().find(|(_, class, _)| *class >= labels.len()) {
            return Err(ModelError::Field {
                path: manifest_path,
                field: "self_check.expected".to_owned(),
                found: format!("class {class}"),
                expected: format!("0 to {}, since there are {} classes", labels.len() - 1, labels.len()),
            });
        }
        let id = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self { path: path.to_path_buf(), id, manifest, labels, variant: VariantNote::read(path) })
    }

    /// The class names, in the order of the network's outputs.
    pub fn classes(&self) -> Arc<[Arc<str>]> {
        self.labels.iter().map(|label| Arc::clone(&label.name)).collect()
    }

    /// The network, if it is the one the manifest describes.
    pub fn network_bytes(&self) -> Result<Vec<u8>, ModelError> {
        let path = self.path.join(&self.manifest.network.file);
        let bytes = read_network(&path)?;
        let found = sha256_hex(&bytes);
        if found == self.manifest.network.sha256 {
            Ok(bytes)
        } else {
            Err(ModelError::Checksum { path, found, expected: self.manifest.network.sha256.clone() })
        }
    }
}

/// The SHA-256 of `bytes`, 64 lower-case hexadecimal digits.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The SHA-256 of a file, read piece by piece.
pub(super) fn sha256_of_file(path: &Path) -> Result<String, ModelError> {
    let io = |source| ModelError::Io { path: path.to_path_buf(), source };
    let mut file = std::fs::File::open(path).map_err(io)?;
    let (mut hasher, mut piece) = (Sha256::new(), vec![0; PIECE_BYTES]);
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(hex(&hasher.finalize())),
            Ok(count) => hasher.update(piece.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(io(error)),
        }
    }
}

fn hex(digest: &[u8]) -> String {
    digest.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The content of an ONNX file, if it is not longer than any network.
pub(super) fn read_network(path: &Path) -> Result<Vec<u8>, ModelError> {
    read_bounded(path, LONGEST_NETWORK_BYTES)
}

fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, ModelError> {
    let io = |source| ModelError::Io { path: path.to_path_buf(), source };
    let length = std::fs::metadata(path).map_err(io)?.len();
    if length > limit {
        return Err(io(std::io::Error::other(format!("it is {length} bytes long, at most {limit} are expected"))));
    }
    std::fs::read(path).map_err(io)
}

fn read_text(path: &Path) -> Result<String, ModelError> {
    String::from_utf8(read_bounded(path, LONGEST_TEXT_BYTES)?)
        .map_err(|_| ModelError::Io { path: path.to_path_buf(), source: std::io::Error::other("it is not UTF-8 text") })
}
