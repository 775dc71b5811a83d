//! The stretch of time that is shown, and its mapping to pixels. In `f64`, so that a day can be shown to the sample.

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

    /// Pixels from the left border to a moment.
    pub fn x_from_secs(&self, secs: f64) -> f64 {
        (secs - self.start_secs) / self.secs_per_px()
    }

    /// The moment at `x` pixels from the left border.
    pub fn secs_from_x(&self, x: f64) -> f64 {
        self.start_secs + x * self.secs_per_px()
    }

    /// The view with `factor` times the duration, the moment `at_secs` staying where it is.
    pub fn zoomed(&self, at_secs: f64, factor: f64) -> Self {
        Self {
            start_secs: at_secs + (self.start_secs - at_secs) * factor,
            end_secs: at_secs + (self.end_secs - at_secs) * factor,
            ..*self
        }
    }

    /// The view moved by `by_secs`.
    pub fn moved(&self, by_secs: f64) -> Self {
        Self { start_secs: self.start_secs + by_secs, end_secs: self.end_secs + by_secs, ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_and_seconds_agree_at_the_end_of_a_day() {
        let view = TimeView { start_secs: 86_399.0, end_secs: 86_399.01, width_px: 1000 };
        for x in [0.0, 0.25, 517.0, 1000.0] {
            assert!((view.x_from_secs(view.secs_from_x(x)) - x).abs() < 1e-3);
        }
    }

    #[test]
    fn zooming_keeps_the_moment_under_the_pointer() {
        let view = TimeView { start_secs: 10.0, end_secs: 20.0, width_px: 500 };
        let zoomed = view.zoomed(12.5, 0.25);
        assert!((zoomed.duration_secs() - 2.5).abs() < 1e-12);
        assert!((zoomed.x_from_secs(12.5) - view.x_from_secs(12.5)).abs() < 1e-9);
    }
}
