//! All integration tests in one binary: one link, one start.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests stop where tests do")]

mod accelerator;
mod archive;
mod audio;
mod bench_cli;
mod checkpoint;
mod cli;
mod deciding;
mod decode;
mod download;
mod format;
mod format_sound;
mod gpu_support;
mod http_server;
mod label_cli;
mod metric;
mod model;
mod model_cli;
mod model_import;
mod npy;
mod pictures;
mod playback;
mod project;
mod spectrogram;
mod tidy;
mod variants;
mod window;
mod zoo;
