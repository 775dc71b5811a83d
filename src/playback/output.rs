//! Where the samples go: the seam between playing and a device, so that a test can be the device.

use std::sync::Arc;

use super::Pull;

/// What an output takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputFormat {
    /// Frames a second.
    pub sample_rate: u32,
    /// Interleaved channels, ≥ 1.
    pub channels: u16,
}

/// Makes the end that an output pulls samples from, for the format that it takes.
pub type ConnectOutput<'a> = &'a mut dyn FnMut(OutputFormat) -> Pull;

/// To be called, from any thread but the callback's fast path, when an open output fails for good; with the reason.
pub type LostOutput = Arc<dyn Fn(String) + Send + Sync>;

/// A way to be heard.
pub trait Output: Send {
    /// Opens and starts to pull. May take long: it is called on the feeder thread. The error says why in a few words.
    fn open(&mut self, connect: ConnectOutput<'_>, lost: LostOutput) -> Result<Box<dyn OpenOutput>, String>;
}

/// An open output: it pulls until it is dropped.
pub trait OpenOutput {}
