//! Signal processing without state: windows, STFT, mel filter banks, decibels, peak reduction; band filter, interpolation and time
//! stretching for listening. Pure.

mod band_filter;
mod clip_mel;
mod interpolate;
mod log_mel;
mod mel;
mod time_stretch;
mod window;

pub mod decibel;
pub mod elementary;
pub mod pcen;
pub mod peaks;
pub mod reassign;
pub mod stft;

pub use band_filter::BandFilter;
pub use clip_mel::{ClipMel, ClipMelSpec};
pub use interpolate::Interpolator;
pub use log_mel::{LogMel, LogMelSpec, LogRule, SpectrumKind};
pub use mel::{MelBank, MelSpec, mel_from_hz};
pub use time_stretch::TimeStretch;
pub use window::FrameWindow;
