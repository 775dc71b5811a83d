//! When and at which frequencies an event is, and how a gesture changes that: edges and corners that are dragged, a box that is moved.
//! Pure; must not know points of the screen, only seconds and hertz.

use super::editing::Edge;
use crate::annotation::{Band, Event};
use crate::spectrogram::FrequencyScale;
use crate::time::Span;

/// Spans are not made shorter than this.
pub(super) const SHORTEST_SECS: f64 = 0.005;
/// Bands are not made narrower than this.
const NARROWEST_HZ: f64 = 1.0;

/// One side of a band.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BandEdge {
    /// Its lower end.
    Low,
    /// Its upper end.
    High,
}

/// What a gesture has taken hold of: an edge in time, an edge in frequency, or a corner, which is both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handle {
    /// The edge in time, if one is held.
    pub time: Option<Edge>,
    /// The edge in frequency, if one is held.
    pub frequency: Option<BandEdge>,
}

/// A place of the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Place {
    /// Seconds of the recording.
    pub secs: f64,
    /// Hertz.
    pub hz: f64,
}

/// What there is of a recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Its length in seconds, ≥ 0.
    pub duration_secs: f64,
    /// Half its sample rate, in hertz, > 0.
    pub top_hz: f64,
}

/// When and at which frequencies an event is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// When; of a point, onset and offset are the same.
    pub span: Span,
    /// A moment, not a span.
    pub is_point: bool,
    /// At which frequencies; none for all of them.
    pub band: Option<Band>,
}

impl Shape {
    /// A span at all frequencies.
    pub fn of_time(span: Span) -> Self {
        Self { span, is_point: false, band: None }
    }

    /// A moment at all frequencies.
    pub fn point(secs: f64) -> Self {
        Self { span: Span::between(secs, secs), is_point: true, band: None }
    }

    /// What an event has.
    pub fn of_event(event: &Event) -> Self {
        Self { span: event.span, is_point: event.is_point, band: event.band }
    }

    /// Gives an event this shape.
    pub fn give_to(self, event: &mut Event) {
        (event.span, event.is_point, event.band) = (self.span, self.is_point, self.band);
    }

    /// What a drag from one place to another draws: a box, or a span if `is_box` is not so.
    pub fn drawn(from: Place, to: Place, is_box: bool, bounds: Bounds) -> Self {
        let moment = |secs: f64| secs.clamp(0.0, bounds.duration_secs.max(0.0));
        let band = is_box.then(|| Band { low_hz: from.hz.min(to.hz), high_hz: from.hz.max(to.hz) });
        Self { span: Span::between(moment(from.secs), moment(to.secs)), is_point: false, band }
    }

    /// With what is held put to `at`. An edge stops at the other one and at the recording's end.
    pub fn resized(self, handle: Handle, at: Place, bounds: Bounds) -> Self {
        let mut shape = self;
        let secs = at.secs.clamp(0.0, bounds.duration_secs.max(0.0));
        let Span { onset_secs, offset_secs } = self.span;
        match handle.time {
            Some(_) if self.is_point => shape.span = Span::between(secs, secs),
            Some(Edge::Onset) => shape.span.onset_secs = secs.min(offset_secs),
            Some(Edge::Offset) => shape.span.offset_secs = secs.max(onset_secs),
            None => {}
        }
        let hz = at.hz.clamp(0.0, bounds.top_hz.max(0.0));
        if let (Some(band), Some(edge)) = (&mut shape.band, handle.frequency) {
            match edge {
                BandEdge::Low => band.low_hz = hz.min(band.high_hz),
                BandEdge::High => band.high_hz = hz.max(band.low_hz),
            }
        }
        shape
    }

    /// Moved as a whole, as far as the recording goes. A box keeps its height on the axis that is shown: what is seen is what moves.
    pub fn moved(self, from: Place, to: Place, bounds: Bounds, scale: FrequencyScale) -> Self {
        let span = self.span.moved(to.secs - from.secs, bounds.duration_secs);
        let band = self.band.map(|band| moved_band(band, (from.hz, to.hz), bounds.top_hz, scale));
        Self { span, band, ..self }
    }

    /// As an event of the recording may have it: within the recording, a span not shorter than 5 ms, a band not narrower than 1 Hz.
    pub fn within(self, bounds: Bounds) -> Self {
        let limit = bounds.duration_secs.max(0.0);
        let span = self.span.clipped(limit);
        let span = if self.is_point {
            Span::between(span.onset_secs, span.onset_secs)
        } else if span.duration_secs() < SHORTEST_SECS {
            Span::between(span.onset_secs, span.onset_secs + SHORTEST_SECS).moved(0.0, limit)
        } else {
            span
        };
        Self { span, band: self.band.and_then(|band| band_within(band, bounds.top_hz)), ..self }
    }

    /// The least shape that holds both; without frequencies if one of them has none.
    pub fn union(self, other: Self) -> Self {
        let span = Span::between(
            self.span.onset_secs.min(other.span.onset_secs),
            self.span.offset_secs.max(other.span.offset_secs),
        );
        let both = self.band.zip(other.band);
        let band = both.map(|(a, b)| Band { low_hz: a.low_hz.min(b.low_hz), high_hz: a.high_hz.max(b.high_hz) });
        Self { span, is_point: self.is_point && other.is_point && span.duration_secs() == 0.0, band }
    }

    /// The parts before and after a moment; none if one of them would be shorter than 5 ms.
    pub fn split(self, secs: f64) -> Option<(Self, Self)> {
        let Span { onset_secs, offset_secs } = self.span;
        let is_inside = secs - onset_secs >= SHORTEST_SECS && offset_secs - secs >= SHORTEST_SECS;
        (is_inside && !self.is_point).then(|| {
            let part = |from, to| Self { span: Span::between(from, to), ..self };
            (part(onset_secs, secs), part(secs, offset_secs))
        })
    }

    /// What has been done to a shape that was `before`, as words before a label; none if nothing was.
    pub(super) fn verb_since(self, before: Self) -> Option<&'static str> {
        let (old, new) = (before.span, self.span);
        let keeps_time = (old.onset_secs == new.onset_secs, old.offset_secs == new.offset_secs);
        match (keeps_time, before.band == self.band) {
            ((true, true), true) => None,
            ((true, true), false) => Some(match (before.band, self.band) {
                (None, _) => "give frequencies to",
                (_, None) => "take frequencies from",
                _ => "change frequencies of",
            }),
            ((true, false), true) => Some("move offset of"),
            ((false, true), true) => Some("move onset of"),
            ((false, false), true) => Some("move"),
            (_, false) => Some("change the box of"),
        }
    }
}

fn moved_band(band: Band, (from_hz, to_hz): (f64, f64), top_hz: f64, scale: FrequencyScale) -> Band {
    // A logarithm has no zero.
    let warp = |hz: f64| scale.warp(if scale == FrequencyScale::Log10 { hz.max(1.0) } else { hz });
    let (low, high) = (warp(band.low_hz), warp(band.high_hz));
    let (bottom, top) = (warp(0.0), warp(top_hz));
    let step = warp(to_hz) - warp(from_hz);
    // As far as the nearer end of the axis; a band that is beyond it already stays.
    let step = step.min((top - high).max(0.0)).max((bottom - low).min(0.0));
    if step == 0.0 {
        return band;
    }
    let hz = |value: f64| scale.unwarp(value).max(0.0);
    Band { low_hz: hz(low + step), high_hz: hz(high + step) }
}

fn band_within(band: Band, top_hz: f64) -> Option<Band> {
    if !band.low_hz.is_finite() || !band.high_hz.is_finite() || top_hz.is_nan() {
        return None;
    }
    let top_hz = top_hz.max(NARROWEST_HZ);
    let low_hz = band.low_hz.min(band.high_hz).clamp(0.0, top_hz - NARROWEST_HZ);
    let high_hz = band.low_hz.max(band.high_hz).clamp(low_hz + NARROWEST_HZ, top_hz.max(low_hz + NARROWEST_HZ));
    Some(Band { low_hz, high_hz })
}

/// The moment that two edges share while it is dragged to `secs`: neither event becomes shorter than 5 ms. `left` ends there, `right`
/// begins there.
pub fn shared_edge(left: Span, right: Span, secs: f64) -> f64 {
    let (first, last) = (left.onset_secs + SHORTEST_SECS, right.offset_secs - SHORTEST_SECS);
    secs.min(last).max(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BOUNDS: Bounds = Bounds { duration_secs: 9.0, top_hz: 8_000.0 };

    fn boxed(onset: f64, offset: f64, low_hz: f64, high_hz: f64) -> Shape {
        Shape { span: Span::between(onset, offset), is_point: false, band: Some(Band { low_hz, high_hz }) }
    }

    fn any_shape() -> impl Strategy<Value = Shape> {
        (0.0_f64..8.0, 0.0_f64..1.0, prop::option::of((0.0_f64..7_000.0, 1.0_f64..900.0))).prop_map(
            |(onset, length, band)| Shape {
                span: Span::between(onset, onset + length),
                is_point: false,
                band: band.map(|(low_hz, width)| Band { low_hz, high_hz: low_hz + width }),
            },
        )
    }

    #[test]
    fn edges_and_corners_stop_at_the_other_ones_and_at_the_borders() {
        let before = boxed(2.0, 4.0, 1_000.0, 2_000.0);
        let at = |secs, hz| Place { secs, hz };
        let grip = |time, frequency| Handle { time, frequency };
        let onset = grip(Some(Edge::Onset), None);
        assert_eq!(before.resized(onset, at(3.0, 7.0), BOUNDS), boxed(3.0, 4.0, 1_000.0, 2_000.0));
        assert_eq!(before.resized(onset, at(7.0, 7.0), BOUNDS).span, Span::between(4.0, 4.0));
        let corner = grip(Some(Edge::Offset), Some(BandEdge::High));
        assert_eq!(before.resized(corner, at(70.0, 70_000.0), BOUNDS), boxed(2.0, 9.0, 1_000.0, 8_000.0));
        assert_eq!(before.resized(corner, at(1.0, 10.0), BOUNDS), boxed(2.0, 2.0, 1_000.0, 1_000.0));
        let low = grip(None, Some(BandEdge::Low));
        assert_eq!(before.resized(low, at(0.0, 500.0), BOUNDS), boxed(2.0, 4.0, 500.0, 2_000.0));
        assert_eq!(Shape::of_time(before.span).resized(low, at(0.0, 500.0), BOUNDS), Shape::of_time(before.span));
        let point = Shape::point(3.0).resized(onset, at(5.0, 0.0), BOUNDS);
        assert_eq!(point, Shape::point(5.0));
    }

    #[test]
    fn a_box_that_is_moved_keeps_its_height_on_the_axis() {
        let (from, to) = (Place { secs: 2.0, hz: 1_000.0 }, Place { secs: 2.5, hz: 2_000.0 });
        let moved = |scale| boxed(2.0, 3.0, 1_000.0, 1_500.0).moved(from, to, BOUNDS, scale);
        assert_eq!(moved(FrequencyScale::Linear), boxed(2.5, 3.5, 2_000.0, 2_500.0));
        let octave_up = moved(FrequencyScale::Log10).band.unwrap();
        assert!((octave_up.low_hz - 2_000.0).abs() < 1e-6 && (octave_up.high_hz - 3_000.0).abs() < 1e-6);
    }

    #[test]
    fn two_events_share_an_edge_until_one_is_as_short_as_can_be() {
        let (left, right) = (Span::between(1.0, 2.0), Span::between(2.0, 3.0));
        assert_eq!(shared_edge(left, right, 2.4), 2.4);
        assert_eq!(shared_edge(left, right, 0.0), 1.0 + SHORTEST_SECS);
        assert_eq!(shared_edge(left, right, 9.0), 3.0 - SHORTEST_SECS);
    }

    #[test]
    fn words_say_what_was_done() {
        let before = boxed(2.0, 4.0, 1_000.0, 2_000.0);
        assert_eq!(before.verb_since(before), None);
        assert_eq!(boxed(2.0, 5.0, 1_000.0, 2_000.0).verb_since(before), Some("move offset of"));
        assert_eq!(boxed(2.0, 4.0, 900.0, 2_000.0).verb_since(before), Some("change frequencies of"));
        assert_eq!(before.verb_since(Shape::of_time(before.span)), Some("give frequencies to"));
        assert_eq!(Shape::of_time(before.span).verb_since(before), Some("take frequencies from"));
    }

    proptest! {
        #[test]
        fn whatever_is_dragged_lies_within_the_recording(
            shape in any_shape(),
            place in (-20.0_f64..20.0, -1e5_f64..1e5),
            which in 0_usize..4,
        ) {
            let at = Place { secs: place.0, hz: place.1 };
            let handle = Handle {
                time: [Some(Edge::Onset), Some(Edge::Offset), None, None][which],
                frequency: [None, Some(BandEdge::Low), Some(BandEdge::High), None][which],
            };
            for scale in FrequencyScale::ALL {
                let from = Place { secs: shape.span.onset_secs, hz: 1_000.0 };
                let moved = shape.moved(from, Place { hz: at.hz.abs(), ..at }, BOUNDS, scale);
                for shape in [shape.resized(handle, at, BOUNDS), moved, Shape::drawn(from, at, true, BOUNDS)] {
                    let kept = shape.within(BOUNDS);
                    prop_assert!(kept.span.onset_secs >= 0.0 && kept.span.offset_secs <= 9.0 + 1e-9);
                    prop_assert!(kept.span.duration_secs() >= SHORTEST_SECS - 1e-9);
                    if let Some(band) = kept.band {
                        prop_assert!(0.0 <= band.low_hz && band.low_hz < band.high_hz && band.high_hz <= 8_000.0);
                    }
                    prop_assert_eq!(kept.within(BOUNDS), kept);
                }
            }
        }

        #[test]
        fn moving_there_and_back_changes_nothing(shape in any_shape(), by in -0.5_f64..0.5, to_hz in 900.0_f64..1_100.0) {
            let from = Place { secs: 4.0, hz: 1_000.0 };
            let to = Place { secs: 4.0 + by, hz: to_hz };
            for scale in FrequencyScale::ALL {
                let there = shape.moved(from, to, BOUNDS, scale);
                let back = there.moved(to, from, BOUNDS, scale);
                // Unless it ran into a border.
                let is_free = (there.span.onset_secs - shape.span.onset_secs - by).abs() < 1e-9
                    && shape.band.is_none_or(|band| band.low_hz > 300.0 && band.high_hz < 7_000.0);
                if is_free {
                    prop_assert!((back.span.onset_secs - shape.span.onset_secs).abs() < 1e-9);
                    if let (Some(a), Some(b)) = (back.band, shape.band) {
                        prop_assert!((a.low_hz - b.low_hz).abs() < 1e-6 && (a.high_hz - b.high_hz).abs() < 1e-6);
                    }
                }
            }
        }

        #[test]
        fn splitting_and_merging_changes_nothing(shape in any_shape(), place in 0.0_f64..1.0) {
            let at = shape.span.onset_secs + place * shape.span.duration_secs();
            if let Some((left, right)) = shape.split(at) {
                prop_assert_eq!(left.span.offset_secs, right.span.onset_secs);
                prop_assert_eq!(left.union(right), shape);
            } else {
                prop_assert!(at - shape.span.onset_secs < SHORTEST_SECS || shape.span.offset_secs - at < SHORTEST_SECS);
            }
        }
    }
}
