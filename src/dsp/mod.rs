//! Signal processing without state: windows, STFT, mel filter banks, decibels, peak reduction. Pure.

mod clip_mel;
mod log_mel;
mod mel;
mod window;

pub mod decibel;
pub mod elementary;
pub mod pcen;
pub mod peaks;
pub mod reassign;
pub mod stft;

pub use clip_mel::{ClipMel, ClipMelSpec};
pub use log_mel::{LogMel, LogMelSpec, LogRule, SpectrumKind};
pub use mel::{MelBank, MelSpec, mel_from_hz};
pub use window::FrameWindow;
