//! A drag that is going on over the spectrogram or the lanes: a draft that becomes one request when it is let go.

use crate::annotation::RecordingId;
use crate::app::{Edge, Request, Target};
use crate::time::Span;

/// What is being dragged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DragKind {
    /// A new event, from this moment on.
    Draw {
        /// Where the drag began.
        anchor_secs: f64,
    },
    /// One edge of an event.
    Edge {
        /// Of what.
        target: Target,
        /// Which one.
        edge: Edge,
        /// The span as it was.
        before: Span,
    },
    /// A whole event.
    Move {
        /// Of what.
        target: Target,
        /// The span as it was.
        before: Span,
        /// Where it was taken hold of.
        anchor_secs: f64,
    },
}

/// A drag, with where the pointer is now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drag {
    /// In which recording: its moments mean nothing in another one.
    pub recording: RecordingId,
    /// What is being dragged.
    pub kind: DragKind,
    /// The moment under the pointer.
    pub at_secs: f64,
}

impl Drag {
    /// The span as it would be if the drag ended now, within a recording of `limit_secs`.
    pub fn draft(&self, limit_secs: f64) -> Span {
        let at = self.at_secs.clamp(0.0, limit_secs);
        match self.kind {
            DragKind::Draw { anchor_secs } => Span::between(anchor_secs.clamp(0.0, limit_secs), at),
            DragKind::Edge { edge: Edge::Onset, before, .. } => {
                Span::between(at.min(before.offset_secs), before.offset_secs)
            }
            DragKind::Edge { edge: Edge::Offset, before, .. } => {
                Span::between(before.onset_secs, at.max(before.onset_secs))
            }
            DragKind::Move { before, anchor_secs, .. } => before.moved(self.at_secs - anchor_secs, limit_secs),
        }
    }

    /// The event whose span is being changed.
    pub fn target(&self) -> Option<Target> {
        match self.kind {
            DragKind::Draw { .. } => None,
            DragKind::Edge { target, .. } | DragKind::Move { target, .. } => Some(target),
        }
    }

    /// What letting go asks for.
    pub fn request(&self, limit_secs: f64) -> Request {
        let span = self.draft(limit_secs);
        match self.target() {
            Some(target) => Request::SetSpan { target, span },
            None => Request::Draw(span),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotation::EventId;

    const HERE: RecordingId = RecordingId(0);

    #[test]
    fn an_edge_stops_at_the_other_one_and_at_the_end() {
        let target = Target::Event(EventId(1));
        let before = Span::between(2.0, 4.0);
        let drag = |edge, at_secs| Drag { recording: HERE, kind: DragKind::Edge { target, edge, before }, at_secs };
        assert_eq!(drag(Edge::Onset, 3.0).draft(9.0), Span::between(3.0, 4.0));
        assert_eq!(drag(Edge::Onset, 7.0).draft(9.0), Span::between(4.0, 4.0));
        assert_eq!(drag(Edge::Offset, 70.0).draft(9.0), Span::between(2.0, 9.0));
        let drawn = Drag { recording: HERE, kind: DragKind::Draw { anchor_secs: 5.0 }, at_secs: -1.0 };
        assert_eq!(drawn.request(9.0), Request::Draw(Span::between(0.0, 5.0)));
        let moved = Drag { recording: HERE, kind: DragKind::Move { target, before, anchor_secs: 3.0 }, at_secs: 100.0 };
        assert_eq!(moved.draft(9.0), Span::between(7.0, 9.0));
    }
}
