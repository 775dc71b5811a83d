//! Checkpoints of `torch.save`: the pickle says which tensors there are, the archive's other members hold their numbers.
//! Only the storages of the weights are read, each once.

use super::archive::Archive;
use super::error::{Mismatch, quoted};
use super::layout::{Layout, Storage};
use super::number::{Budget, room_for};
use super::pickle::{self, Object, Pickle, Value};
use super::state_dict::{self, NoChoice};
use super::{CheckpointError, Tensor, Tensors};
use std::collections::BTreeMap;
use std::io::{Read, Seek};
use std::path::Path;

const MOST_PICKLE_BYTES: u64 = 64 << 20;
const MOST_STORAGE_BYTES: u64 = 4 << 30;

/// The largest networks have some ten thousand.
const MOST_TENSORS: usize = 1 << 17;
const MOST_NAME_BYTES: usize = 1024;

/// What a module keeps beside its tensors, of whatever kind it likes.
const EXTRA_STATE: &str = "_extra_state";

/// Tensors by name.
type Layouts = BTreeMap<String, Layout>;

/// Reads the tensors of a zip archive.
///
/// # Errors
///
/// See [`CheckpointError`].
pub(super) fn read<R: Read + Seek>(path: &Path, reader: R, file_bytes: u64) -> Result<Tensors, CheckpointError> {
    let mut archive = Archive::open(path, reader, file_bytes)?;
    if archive.has("constants.pkl") {
        let found = "a TorchScript program".to_owned();
        let advice =
            "save the weights alone, in Python: torch.save(torch.jit.load(\"old.pt\").state_dict(), \"new.pt\")";
        return Err(CheckpointError::Kind { path: path.to_owned(), found, advice: advice.to_owned() });
    }
    let layouts = layouts(path, &archive.member("data.pkl", MOST_PICKLE_BYTES)?)?;
    let is_big_endian = archive.is_big_endian()?;
    let mut budget = Budget::for_file(file_bytes);
    let mut tensors = Tensors::new();
    for (storage, members) in by_storage(layouts) {
        for (name, layout) in &members {
            budget.take(path, layout.count, size_of::<f32>(), &format!("tensor {}", quoted(name)))?;
        }
        let first = members.first().map(|(name, _)| name.as_str()).unwrap_or_default();
        let bytes = storage_bytes(path, &mut archive, &storage, first, is_big_endian)?;
        for (name, layout) in members {
            let mut values = room_for(path, &name, layout.count)?;
            layout.append(&bytes, &mut values);
            tensors.insert(name, Tensor { shape: layout.shape, values });
        }
    }
    Ok(tensors)
}

/// The tensors that the pickle describes.
fn layouts(path: &Path, bytes: &[u8]) -> Result<Layouts, CheckpointError> {
    let pickle = pickle::load(bytes).map_err(|error| CheckpointError::Pickle {
        path: path.to_owned(),
        offset: error.offset,
        found: error.found,
        expected: error.expected,
    })?;
    let pairs = state_dict::find(&pickle).map_err(|reason| no_choice(path, reason))?;
    let mut layouts = Layouts::new();
    for (key, value) in pairs {
        let Value::Text(name) = key else {
            if state_dict::is_tensor_like(&pickle, value) {
                return Err(bad_tensor(path, &pickle.describe(key), Mismatch::new("that key", "a name")));
            }
            continue;
        };
        if name.len() > MOST_NAME_BYTES || layouts.len() >= MOST_TENSORS {
            let expected = format!("at most {MOST_TENSORS} tensors with names of at most {MOST_NAME_BYTES} bytes");
            let found = format!("a name of {} bytes after {} tensors", name.len(), layouts.len());
            return Err(bad_tensor(path, name, Mismatch::new(found, expected)));
        }
        // A later entry takes the place of an earlier one of the same name, as in Python.
        layouts.remove(&**name);
        if let Some(layout) = layout(path, &pickle, name, value)? {
            layouts.insert(name.to_string(), layout);
        }
    }
    Ok(layouts)
}

/// The tensor of an entry; none for plain values, which some modules keep among their tensors.
fn layout(path: &Path, pickle: &Pickle, name: &str, value: &Value) -> Result<Option<Layout>, CheckpointError> {
    let is_made =
        matches!(pickle.object(value), Some(Object::Call { .. } | Object::Persistent(_) | Object::Global { .. }));
    if !is_made || (name.ends_with(EXTRA_STATE) && !state_dict::is_tensor_like(pickle, value)) {
        return Ok(None);
    }
    Layout::of(pickle, value).map(Some).map_err(|mismatch| bad_tensor(path, name, mismatch))
}

/// Tensors grouped by the storage that holds them: several names may mean the same numbers.
fn by_storage(layouts: Layouts) -> BTreeMap<Storage, Vec<(String, Layout)>> {
    let mut groups: BTreeMap<Storage, Vec<(String, Layout)>> = BTreeMap::new();
    for (name, layout) in layouts {
        groups.entry(layout.storage.clone()).or_default().push((name, layout));
    }
    groups
}

/// The numbers of a storage, little-endian. `tensor` is one that they are for.
fn storage_bytes<R: Read + Seek>(
    path: &Path,
    archive: &mut Archive<'_, R>,
    storage: &Storage,
    tensor: &str,
    is_big_endian: bool,
) -> Result<Vec<u8>, CheckpointError> {
    let size = storage.number.size();
    let member = format!("data/{}", storage.key);
    if storage.count == 0 && !archive.has(&member) {
        return Ok(Vec::new());
    }
    let mut bytes = archive.member(&member, MOST_STORAGE_BYTES)?;
    if storage.count.checked_mul(size).is_none_or(|needed| needed > bytes.len()) {
        let found = format!("{} bytes in {}", bytes.len(), quoted(&member));
        let expected = format!("{} numbers of {size} bytes", storage.count);
        return Err(bad_tensor(path, tensor, Mismatch::new(found, expected)));
    }
    if is_big_endian {
        bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse);
    }
    Ok(bytes)
}

fn bad_tensor(path: &Path, name: &str, mismatch: Mismatch) -> CheckpointError {
    let quoted = quoted(name);
    CheckpointError::Tensor {
        path: path.to_owned(),
        tensor: quoted.trim_matches('"').to_owned(),
        found: mismatch.found,
        expected: mismatch.expected,
        advice: "save the weights again as dense tensors on the CPU with torch.save(model.state_dict(), …), or copy the file again"
            .to_owned(),
    }
}

fn no_choice(path: &Path, reason: NoChoice) -> CheckpointError {
    let path = path.to_owned();
    match reason {
        NoChoice::None(Mismatch { found, expected }) => CheckpointError::Contents { path, found, expected },
        NoChoice::Several(keys) => {
            let keys: Vec<String> = keys.iter().map(|key| quoted(key)).collect();
            let first = keys.first().cloned().unwrap_or_default();
            CheckpointError::Ambiguous { path, choices: keys.join(", "), first }
        }
    }
}
