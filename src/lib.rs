#![doc = include_str!("ARCHITECTURE.md")]

// Layer 0: pure.
#[cfg(feature = "engine")]
pub mod annotation;
#[cfg(feature = "engine")]
pub mod decision;
#[cfg(feature = "engine")]
pub mod dsp;
#[cfg(feature = "engine")]
pub mod metric;
#[cfg(feature = "engine")]
pub mod onnx;
#[cfg(feature = "engine")]
pub mod plot;
#[cfg(feature = "engine")]
pub mod spectrogram;
#[cfg(feature = "engine")]
pub mod time;

// Layer 1: the outside world. The set-up helper shares `runtime_library`, so that has no feature and no dependency.
pub mod runtime_library;

#[cfg(feature = "engine")]
pub mod audio;
#[cfg(feature = "engine")]
pub mod checkpoint;
#[cfg(feature = "engine")]
pub mod format;
#[cfg(feature = "engine")]
pub mod model;
#[cfg(feature = "engine")]
pub mod picture_cache;
#[cfg(feature = "engine")]
pub mod project;
#[cfg(feature = "engine")]
pub mod zoo;

// Layer 2: threads.
#[cfg(feature = "gui")]
pub mod playback;
#[cfg(feature = "engine")]
pub mod work;

// Layer 3: the window and the command line.
#[cfg(feature = "gui")]
pub mod app;
#[cfg(feature = "engine")]
pub mod cli;
#[cfg(feature = "gui")]
pub mod ui;
