//! All integration tests in one binary: one link, one start.

mod audio;
mod cli;
mod format;
mod metric;
mod model;
mod playback;
mod project;
mod spectrogram;
mod tidy;
mod window;
