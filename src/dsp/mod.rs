//! Signal processing without state: windows, STFT, mel filter banks, decibels, peak reduction. Pure.

mod log_mel;
mod mel;
mod window;

pub mod decibel;
pub mod peaks;
pub mod stft;

pub use log_mel::{LogMel, LogMelSpec, LogRule, SpectrumKind};
pub use mel::{MelBank, MelSpec, mel_from_hz};
pub use window::FrameWindow;
