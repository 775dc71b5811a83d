//! Work on threads: jobs that can be cancelled, and the one way in which their results reach the window.

mod cancel;
mod tiles;

pub use cancel::{CancelOnDrop, CancelToken};
pub use tiles::{SourceFactory, TileEngine, TileSettings, ViewTiles, Wake};
