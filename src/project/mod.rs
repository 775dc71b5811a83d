//! The project on disk, behind one interface.

mod atomic;

pub use atomic::{AtomicFile, write_atomically};
