//! The project on disk, behind one interface.
