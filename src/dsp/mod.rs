//! Signal processing without state: windows, STFT, mel filter banks, decibels, peak reduction. Pure.

mod log_mel;
mod mel;

pub mod decibel;
pub mod peaks;
pub mod stft;
pub mod window;

pub use log_mel::{FrameWindow, LogMel, LogMelSpec, LogRule, SpectrumKind};
pub use mel::{MelBank, MelSpec, mel_from_hz};
