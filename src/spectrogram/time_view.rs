//! The stretch of time that a picture shows, over so many pixels: what decides which tiles it needs. Where a moment lies on the screen is the
//! window's to know.

/// Times at the left and right border of a picture, and its width. `end_secs` > `start_secs`; either may lie outside the recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeView {
    /// Time at the left border, in seconds.
    pub start_secs: f64,
    /// Time at the right border, in seconds.
    pub end_secs: f64,
    /// Width in physical pixels (points times pixels per point).
    pub width_px: u32,
}

impl TimeView {
    /// Length in seconds; tiny instead of zero or negative.
    pub fn duration_secs(&self) -> f64 {
        (self.end_secs - self.start_secs).max(1e-9)
    }

    /// Seconds that one pixel covers.
    pub fn secs_per_px(&self) -> f64 {
        self.duration_secs() / f64::from(self.width_px.max(1))
    }
}
