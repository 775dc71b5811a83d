//! Python pickles (protocols 2 to 5) read as values. Nothing is imported, called or built: the name of a class stays a name, and a call
//! of it a record of name and arguments, for others to recognise or leave alone.

mod instruction;
mod machine;
mod value;

pub(super) use machine::load;
pub(super) use value::{Object, Pickle, Value};

/// Why bytes are no pickle that this module reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PickleError {
    /// Where, in bytes from the start of the pickle.
    pub offset: usize,
    /// What stands there.
    pub found: String,
    /// What may stand there.
    pub expected: String,
}
