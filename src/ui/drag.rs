//! A drag that is going on over the spectrogram: a draft that becomes one request when it is let go.

use crate::annotation::RecordingId;
use crate::app::{Bounds, EventChange, Handle, Place, Request, Shape, Target, shared_edge};
use crate::spectrogram::FrequencyScale;
use crate::time::Span;

/// What is being dragged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DragKind {
    /// A new event, from where the drag began.
    Draw {
        /// It is a box in time and frequency.
        is_box: bool,
    },
    /// An edge or a corner of an event.
    Resize {
        /// Of what.
        target: Target,
        /// What is held.
        handle: Handle,
        /// The shape as it was.
        before: Shape,
    },
    /// A whole event.
    Move {
        /// Of what.
        target: Target,
        /// The shape as it was.
        before: Shape,
    },
    /// An edge that two events share.
    Shared {
        /// The event that ends there, as it was.
        left: (Target, Shape),
        /// The event that begins there, as it was.
        right: (Target, Shape),
    },
}

/// A drag, with where the pointer is now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drag {
    /// In which recording: its moments mean nothing in another one.
    pub recording: RecordingId,
    /// What is being dragged.
    pub kind: DragKind,
    /// In which of the channels that are stacked: its frequencies are those of the drag.
    pub plane: usize,
    /// Where it began.
    pub from: Place,
    /// At which height of the screen it began, in points.
    pub from_y: f32,
    /// Whether Alt was held when it began, where Alt has another meaning than that of snapping.
    pub began_with_alt: bool,
    /// What is under the pointer, or what that snaps to.
    pub at: Place,
    /// The moment that it has snapped to.
    pub snapped_secs: Option<f64>,
}

/// A shape that is being dragged, and whose it is.
pub type Draft = (Option<Target>, Shape);

impl Drag {
    /// The shapes as they would be if the drag ended now.
    pub fn drafts(&self, bounds: Bounds, scale: FrequencyScale) -> [Option<Draft>; 2] {
        let one = |target, shape| [Some((target, shape)), None];
        match self.kind {
            DragKind::Draw { is_box } => one(None, Shape::drawn(self.from, self.at, is_box, bounds)),
            DragKind::Resize { target, handle, before } => one(Some(target), before.resized(handle, self.at, bounds)),
            DragKind::Move { target, before } => one(Some(target), before.moved(self.from, self.at, bounds, scale)),
            DragKind::Shared { left, right } => {
                let (left_span, right_span) = (left.1.span, right.1.span);
                let secs = shared_edge(left_span, right_span, self.at.secs);
                let ends = Shape { span: Span::between(left_span.onset_secs, secs), ..left.1 };
                let begins = Shape { span: Span::between(secs, right_span.offset_secs), ..right.1 };
                [Some((Some(left.0), ends)), Some((Some(right.0), begins))]
            }
        }
    }

    /// The events that are being changed.
    pub fn targets(&self) -> [Option<Target>; 2] {
        match self.kind {
            DragKind::Draw { .. } => [None, None],
            DragKind::Resize { target, .. } | DragKind::Move { target, .. } => [Some(target), None],
            DragKind::Shared { left, right } => [Some(left.0), Some(right.0)],
        }
    }

    /// What letting go asks for.
    pub fn request(&self, bounds: Bounds, scale: FrequencyScale) -> Option<Request> {
        if let DragKind::Shared { left, right } = self.kind {
            return Some(Request::MoveShared { left: left.0, right: right.0, secs: self.at.secs });
        }
        let [Some((target, shape)), _] = self.drafts(bounds, scale) else { return None };
        Some(match target {
            Some(target) => Request::ChangeEvent { target, change: EventChange::Shape(shape) },
            None => Request::DrawShape(shape),
        })
    }
}
