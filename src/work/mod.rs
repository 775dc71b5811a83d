//! Work on threads: jobs that can be cancelled, and the one way in which their results reach the window.

mod cancel;

pub use cancel::{CancelOnDrop, CancelToken};
