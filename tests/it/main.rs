//! All integration tests in one binary: one link, one start.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests stop where tests do")]

mod audio;
mod cli;
mod decode;
mod format;
mod metric;
mod model;
mod npy;
mod playback;
mod project;
mod spectrogram;
mod tidy;
mod window;
