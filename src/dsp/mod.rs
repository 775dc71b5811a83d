//! Signal processing without state: windows, STFT, mel filter banks, decibels, peak reduction. Pure.

pub mod decibel;
pub mod peaks;
pub mod stft;
pub mod window;
