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

/// The stretch of a recording that is in view. It ends with the recording, unless there is room beyond: then its onset may be
/// negative, and its offset beyond the recording's end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viewport {
    span: Span,
    duration_secs: f64,
    room: Room,
}

/// How far a view may go beyond a recording, in seconds, ≥ 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Room {
    /// Before its beginning.
    pub before_secs: f64,
    /// After its end.
    pub after_secs: f64,
}

impl Viewport {
    /// The first view of a recording of `duration_secs`: the whole of a short one, the beginning of a long one.
    pub fn first_of(duration_secs: f64) -> Self {
        let duration_secs = duration_secs.max(MIN_WIDTH_SECS);
        let width = if duration_secs <= SHOWN_WHOLE_SECS { duration_secs } else { FIRST_WIDTH_SECS };
        Self { span: Span::between(0.0, width), duration_secs, room: Room::default() }
    }

    /// What is in view; its onset is negative where it begins in the room before the recording.
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

    /// Whether it would stay as it is if it took this length of the recording: it knows none shorter than the narrowest view.
    pub fn has_duration(&self, duration_secs: f64) -> bool {
        (self.duration_secs - duration_secs.max(MIN_WIDTH_SECS)).abs() <= 1e-6
    }

    /// Takes how far the view may go beyond the recording; the view stays where it is as far as it can.
    pub fn set_room(&mut self, room: Room) {
        let clean = |secs: f64| if secs.is_finite() { secs.max(0.0) } else { 0.0 };
        self.room = Room { before_secs: clean(room.before_secs), after_secs: clean(room.after_secs) };
        self.show(self.span.onset_secs, self.width_secs());
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
        let width = self.clamped_width(width_secs);
        let last_onset = self.duration_secs + self.room.after_secs - width;
        // Rounding may leave an end a hair before the beginning; and what is no number begins at the beginning.
        let onset = if onset_secs.is_nan() { 0.0 } else { onset_secs };
        let onset = onset.min(last_onset).max(-self.room.before_secs);
        self.span = Span { onset_secs: onset, offset_secs: onset + width };
    }

    fn clamped_width(&self, width_secs: f64) -> f64 {
        let most = self.room.before_secs + self.duration_secs + self.room.after_secs;
        width_secs.clamp(MIN_WIDTH_SECS.min(most), most)
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

    /// Moves later by `by_secs` (negative: earlier), but no further out of the recording than it is.
    pub fn pan_within(&mut self, by_secs: f64) {
        let (onset, width) = (self.span.onset_secs, self.width_secs());
        let last = (self.duration_secs - width).max(0.0);
        let moved =
            if by_secs < 0.0 { (onset + by_secs).max(onset.min(0.0)) } else { (onset + by_secs).min(onset.max(last)) };
        self.show(moved, width);
    }

    /// Zooms in by `factor` (> 1) or out (< 1); the moment `anchor_secs` keeps its place on the screen.
    pub fn zoom_at(&mut self, anchor_secs: f64, factor: f64) {
        let width = self.clamped_width(self.width_secs() / factor);
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
    fn room_lets_the_view_go_beyond_both_ends_and_no_further() {
        let mut view = Viewport::first_of(60.0);
        view.show(0.0, 20.0);
        view.pan(-5.0);
        assert_eq!(view.span().onset_secs, 0.0);
        view.set_room(Room { before_secs: 30.0, after_secs: 10.0 });
        view.pan(-50.0);
        assert_eq!((view.span().onset_secs, view.span().offset_secs), (-30.0, -10.0));
        view.pan(500.0);
        assert_eq!((view.span().onset_secs, view.span().offset_secs), (50.0, 70.0));
        view.zoom_at(60.0, 0.01);
        assert_eq!((view.span().onset_secs, view.span().offset_secs), (-30.0, 70.0));
        view.show_all();
        assert_eq!(view.span(), Span::between(0.0, 60.0));
        view.pan(5.0);
        view.set_room(Room::default());
        assert_eq!(view.span(), Span::between(0.0, 60.0));
    }

    #[test]
    fn a_drag_scrolls_to_the_ends_of_the_recording_and_no_further() {
        let mut view = Viewport::first_of(60.0);
        view.set_room(Room { before_secs: 30.0, after_secs: 30.0 });
        view.show(30.0, 20.0);
        view.pan_within(5.0);
        assert_eq!(view.span(), Span::between(35.0, 55.0));
        view.pan_within(50.0);
        assert_eq!(view.span(), Span::between(40.0, 60.0));
        view.pan_within(-500.0);
        assert_eq!(view.span(), Span::between(0.0, 20.0));
        // What lies outside already stays there, until it is scrolled back.
        view.show(55.0, 20.0);
        view.pan_within(3.0);
        assert_eq!(view.span(), Span::between(55.0, 75.0));
        view.pan_within(-5.0);
        assert_eq!(view.span(), Span::between(50.0, 70.0));
    }

    #[test]
    fn a_long_recording_begins_with_its_beginning() {
        assert_eq!(Viewport::first_of(3600.0).span(), Span::between(0.0, 30.0));
        assert_eq!(Viewport::first_of(42.0).span(), Span::between(0.0, 42.0));
        let short = Viewport::first_of(0.005);
        assert!(short.has_duration(0.005) && short.has_duration(0.004) && !short.has_duration(0.03));
    }
}
