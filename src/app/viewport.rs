//! Which stretch of the recording is in view, and how a gesture changes it. Pure.
//!
//! Sums are in `f64`: seen closely, the ends of a day lie millions of points outside the screen.

use crate::time::Span;

/// The narrowest view: 20 ms.
const MIN_WIDTH_SECS: f64 = 0.02;
/// What a long recording shows first.
const FIRST_WIDTH_SECS: f64 = 30.0;
/// Recordings up to this length are shown whole at first.
const SHOWN_WHOLE_SECS: f64 = 60.0;

/// The stretch of a recording that is in view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viewport {
    span: Span,
    duration_secs: f64,
}

impl Viewport {
    /// The first view of a recording of `duration_secs`: the whole of a short one, the beginning of a long one.
    pub fn first_of(duration_secs: f64) -> Self {
        let duration_secs = duration_secs.max(MIN_WIDTH_SECS);
        let width = if duration_secs <= SHOWN_WHOLE_SECS { duration_secs } else { FIRST_WIDTH_SECS };
        Self { span: Span::between(0.0, width), duration_secs }
    }

    /// What is in view, within the recording.
    pub fn span(&self) -> Span {
        self.span
    }

    /// How many seconds are in view, > 0.
    pub fn width_secs(&self) -> f64 {
        self.span.duration_secs()
    }

    /// The recording's length, as the view knows it.
    pub fn duration_secs(&self) -> f64 {
        self.duration_secs
    }

    /// Takes a new length of the recording; the view stays where it is as far as it can.
    pub fn set_duration(&mut self, duration_secs: f64) {
        let whole = self.width_secs() >= self.duration_secs;
        self.duration_secs = duration_secs.max(MIN_WIDTH_SECS);
        let width = if whole { self.duration_secs } else { self.width_secs() };
        self.show(self.span.onset_secs, width);
    }

    /// Shows `width_secs` from `onset_secs` on, kept within the recording.
    pub fn show(&mut self, onset_secs: f64, width_secs: f64) {
        let width = width_secs.clamp(MIN_WIDTH_SECS.min(self.duration_secs), self.duration_secs);
        self.span = Span::between(0.0, width).moved(onset_secs, self.duration_secs);
    }

    /// Shows the whole recording.
    pub fn show_all(&mut self) {
        self.show(0.0, self.duration_secs);
    }

    /// Shows a span with some room on both sides.
    pub fn show_span(&mut self, span: Span) {
        let width = (span.duration_secs() * 2.0).max(1.0);
        self.show(span.centre_secs() - 0.5 * width, width);
    }

    /// Moves later by `by_secs` (negative: earlier).
    pub fn pan(&mut self, by_secs: f64) {
        self.show(self.span.onset_secs + by_secs, self.width_secs());
    }

    /// Zooms in by `factor` (> 1) or out (< 1); the moment `anchor_secs` keeps its place on the screen.
    pub fn zoom_at(&mut self, anchor_secs: f64, factor: f64) {
        let width = (self.width_secs() / factor).clamp(MIN_WIDTH_SECS.min(self.duration_secs), self.duration_secs);
        let place = (anchor_secs - self.span.onset_secs) / self.width_secs();
        self.show(anchor_secs - place * width, width);
    }

    /// Moves, without zooming, so that the moment is in view: not at all if it is already, else to a tenth from the left.
    pub fn reveal(&mut self, secs: f64) {
        if !self.span.contains(secs) {
            self.show(secs - 0.1 * self.width_secs(), self.width_secs());
        }
    }

    /// Moves, and zooms out if need be, so that the span is in view with a little room.
    pub fn reveal_span(&mut self, span: Span) {
        let room = 0.05 * self.width_secs();
        if span.duration_secs() + 2.0 * room > self.width_secs() {
            self.show_span(span);
        } else if span.onset_secs < self.span.onset_secs || span.offset_secs > self.span.offset_secs {
            self.show(span.centre_secs() - 0.5 * self.width_secs(), self.width_secs());
        }
    }
}

/// The mapping between seconds and points on a horizontal stretch of the screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeScale {
    /// What is in view.
    pub span: Span,
    /// The left end, in points.
    pub left: f32,
    /// The width, in points, > 0.
    pub width: f32,
}

impl TimeScale {
    /// Where a moment lies, in points; far outside the screen it is cut to a million points away.
    pub fn x_from_secs(&self, secs: f64) -> f32 {
        let place = (secs - self.span.onset_secs) / self.span.duration_secs().max(f64::MIN_POSITIVE);
        (f64::from(self.left) + place * f64::from(self.width)).clamp(-1e6, 1e6) as f32
    }

    /// Which moment lies at `x` points.
    pub fn secs_from_x(&self, x: f32) -> f64 {
        self.span.onset_secs + f64::from(x - self.left) / f64::from(self.width.max(1.0)) * self.span.duration_secs()
    }

    /// How long a stretch of `points` is, in seconds.
    pub fn secs_of(&self, points: f32) -> f64 {
        f64::from(points) / f64::from(self.width.max(1.0)) * self.span.duration_secs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn zooming_keeps_the_anchor_and_stays_inside(
            duration in 0.5_f64..100_000.0,
            place in 0.0_f64..1.0,
            factors in prop::collection::vec(0.2_f64..5.0, 1..20),
        ) {
            let mut view = Viewport::first_of(duration);
            for factor in factors {
                let anchor = view.span().onset_secs + place * view.width_secs();
                let before = view;
                view.zoom_at(anchor, factor);
                prop_assert!(view.span().onset_secs >= 0.0);
                prop_assert!(view.span().offset_secs <= duration + 1e-9);
                let after = (anchor - view.span().onset_secs) / view.width_secs();
                let at_an_end = view.span().onset_secs == 0.0 || view.span().offset_secs > duration - 1e-6;
                prop_assert!(at_an_end || (after - place).abs() < 1e-6, "{before:?} {view:?}");
            }
        }

        #[test]
        fn points_and_seconds_agree(onset in 0.0_f64..86_000.0, width in 0.02_f64..400.0, x in 0.0_f32..2000.0) {
            let scale = TimeScale { span: Span::between(onset, onset + width), left: 240.0, width: 1600.0 };
            let back = scale.x_from_secs(scale.secs_from_x(x));
            prop_assert!((back - x).abs() < 0.01);
        }
    }

    #[test]
    fn a_long_recording_begins_with_its_beginning() {
        assert_eq!(Viewport::first_of(3600.0).span(), Span::between(0.0, 30.0));
        assert_eq!(Viewport::first_of(42.0).span(), Span::between(0.0, 42.0));
    }
}
