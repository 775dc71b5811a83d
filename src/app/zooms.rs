//! What was in view before the last zoom, to go back to it by a key and forth again.

use super::notices::Gravity;
use super::request::Request;
use super::workbench::Workbench;
use crate::annotation::RecordingId;
use crate::time::Span;
use std::time::{Duration, Instant};

/// Turns of the wheel that follow each other faster than this are one zoom.
const ONE_GESTURE: Duration = Duration::from_millis(800);
/// Widths that differ by less than this part are the same.
const SAME_WIDTH: f64 = 1e-6;

/// What was in view before the last zoom.
#[derive(Clone, Debug, Default)]
pub struct Zooms {
    before: Option<(RecordingId, Span)>,
    wheel_at: Option<Instant>,
}

impl Zooms {
    /// What was in view of a recording before the last zoom.
    pub fn before(&self, id: RecordingId) -> Option<Span> {
        self.before.filter(|(of, _)| *of == id).map(|(_, span)| span)
    }

    /// Takes note of a change of the view from `from` to `to`, if it is a zoom; `is_wheel` if it was one turn of the wheel.
    fn note(&mut self, id: RecordingId, from: Span, to: Span, is_wheel: bool, now: Instant) {
        if (from.duration_secs() - to.duration_secs()).abs() <= SAME_WIDTH * from.duration_secs() {
            return;
        }
        let goes_on = is_wheel && self.wheel_at.is_some_and(|at| now.duration_since(at) < ONE_GESTURE);
        self.wheel_at = is_wheel.then_some(now);
        if !goes_on || self.before(id).is_none() {
            self.before = Some((id, from));
        }
    }
}

impl Workbench {
    /// What is in view of which recording.
    pub(super) fn view_now(&self) -> Option<(RecordingId, Span)> {
        self.open.as_ref().map(|open| (open.id, open.viewport.span()))
    }

    /// Takes note of what a request has made of a view.
    pub(super) fn note_zoom(&mut self, before: Option<(RecordingId, Span)>, is_wheel: bool) {
        if let (Some((id, from)), Some((now_id, to))) = (before, self.view_now())
            && id == now_id
        {
            self.zooms.note(id, from, to, is_wheel, Instant::now());
        }
    }

    /// Whether a request zooms by one of many small steps.
    pub(super) fn is_wheel(request: &Request) -> bool {
        matches!(request, Request::Zoom { .. })
    }

    /// Goes back to what was in view before the last zoom; that is a zoom too.
    pub(super) fn toggle_zoom(&mut self) {
        let Some(open) = &mut self.open else { return };
        match self.zooms.before(open.id) {
            Some(span) => open.viewport.show(span.onset_secs, span.duration_secs()),
            None => self.notices.add(Gravity::Done, "There is no zoom to go back to yet"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_view_before_the_last_zoom_is_kept_and_a_turn_of_the_wheel_is_one_zoom() {
        let (id, begin) = (RecordingId(1), Instant::now());
        let at = |ms| begin + Duration::from_millis(ms);
        let mut zooms = Zooms::default();
        let (whole, event) = (Span::between(0.0, 60.0), Span::between(10.0, 12.0));
        zooms.note(id, whole, event, false, at(0));
        assert_eq!(zooms.before(id), Some(whole));
        // Moving is no zoom.
        zooms.note(id, event, Span::between(11.0, 13.0), false, at(1));
        assert_eq!(zooms.before(id), Some(whole));
        // Back, and forth again.
        zooms.note(id, event, whole, false, at(2));
        assert_eq!(zooms.before(id), Some(event));
        for turn in 0..5_u32 {
            let width = |turn: u32| 60.0 / f64::from(1 + turn);
            let (from, to) = (Span::between(0.0, width(turn)), Span::between(0.0, width(turn + 1)));
            zooms.note(id, from, to, true, at(1000 + 100 * u64::from(turn)));
        }
        assert_eq!(zooms.before(id), Some(whole));
        zooms.note(id, Span::between(0.0, 10.0), Span::between(0.0, 9.0), true, at(9000));
        assert_eq!(zooms.before(id), Some(Span::between(0.0, 10.0)));
        assert_eq!(zooms.before(RecordingId(2)), None);
    }
}
