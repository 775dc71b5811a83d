//! Why a checkpoint cannot be read. Owns the wording; each message names the file, what was found and what to do.

use std::path::PathBuf;

/// Why a checkpoint cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file cannot be opened or read.
    #[error("{path}: cannot be read: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Some other kind of file.
    #[error("{path}: is {found}, not a PyTorch checkpoint or a safetensors file: {advice}")]
    Kind {
        /// The file.
        path: PathBuf,
        /// What it seems to be: `a gzip file`.
        found: String,
        /// What to do about it.
        advice: String,
    },
    /// A checkpoint in the form that PyTorch wrote before version 1.6.
    #[error(
        "{path}: is in the form that PyTorch wrote before version 1.6, which is not read: save it again with a newer PyTorch, \
         in Python: torch.save(torch.load(\"old.pt\", map_location=\"cpu\"), \"new.pt\")"
    )]
    Legacy {
        /// The file.
        path: PathBuf,
    },
    /// The archive around the tensors is broken or not one of PyTorch.
    #[error(
        "{path}: {member}: found {found}, expected {expected}: the file is damaged or incomplete; copy or download it again"
    )]
    Archive {
        /// The file.
        path: PathBuf,
        /// The member of the archive, or `the archive`.
        member: String,
        /// What it has.
        found: String,
        /// What it should have.
        expected: String,
    },
    /// The pickle in the archive is broken.
    #[error(
        "{path}: data.pkl, byte {offset}: found {found}, expected {expected}: the file is damaged or not written by torch.save; \
         copy or download it again"
    )]
    Pickle {
        /// The file.
        path: PathBuf,
        /// Where in `data.pkl`, in bytes from its start.
        offset: usize,
        /// What stands there.
        found: String,
        /// What may stand there.
        expected: String,
    },
    /// The checkpoint holds something else than a dictionary of tensors.
    #[error(
        "{path}: holds {found}, expected a dictionary of tensors, or one under {expected}: save the weights alone, \
         in Python: torch.save(model.state_dict(), \"new.pt\")"
    )]
    Contents {
        /// The file.
        path: PathBuf,
        /// What it holds: `a dictionary with the keys "epoch", "opt"`.
        found: String,
        /// The keys under which tensors are looked for.
        expected: String,
    },
    /// More than one dictionary could be meant.
    #[error(
        "{path}: holds tensors under each of {choices}, and nothing says which are meant: save one of them alone, \
         in Python: torch.save(torch.load(\"old.pt\")[{first}], \"new.pt\")"
    )]
    Ambiguous {
        /// The file.
        path: PathBuf,
        /// The keys, quoted: `"ema", "model"`.
        choices: String,
        /// The first of them, quoted.
        first: String,
    },
    /// A tensor that cannot be read.
    #[error("{path}: tensor \"{tensor}\": found {found}, expected {expected}: {advice}")]
    Tensor {
        /// The file.
        path: PathBuf,
        /// Its name in the checkpoint.
        tensor: String,
        /// What describes or holds it.
        found: String,
        /// What should.
        expected: String,
        /// What to do about it.
        advice: String,
    },
    /// A safetensors file that contradicts itself.
    #[error(
        "{path}: is no valid safetensors file: {reason}: the file is damaged or incomplete; copy or download it again"
    )]
    SafeTensors {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// More than a checkpoint of this size can be meant to hold.
    #[error(
        "{path}: with {what} it would take {found} bytes, expected at most {limit}: check that this is the right file"
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// What is too large, or one too many: `tensor "a.weight"`.
        what: String,
        /// The size of it and of what was read before.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// The system refuses the memory.
    #[error("{path}: {what} needs {bytes} bytes, and there is no memory for it: close other programs")]
    NoMemory {
        /// The file.
        path: PathBuf,
        /// What needs it.
        what: String,
        /// How much.
        bytes: u64,
    },
}

/// What was found and what was expected, where the file and the tensor are yet to be named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mismatch {
    pub found: String,
    pub expected: String,
}

impl Mismatch {
    pub fn new(found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { found: found.into(), expected: expected.into() }
    }
}

/// A text of the file for a message: quoted, without control characters, of bounded length.
pub(super) fn quoted(text: &str) -> String {
    const MOST_CHARACTERS: usize = 120;
    let shown: String = text.chars().take(MOST_CHARACTERS).collect();
    let ending = if text.chars().nth(MOST_CHARACTERS).is_some() { "…" } else { "" };
    format!("\"{}{ending}\"", shown.escape_debug())
}
