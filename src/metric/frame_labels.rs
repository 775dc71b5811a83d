//! Reference events as labels of frames, and back to what frame-wise measures need.
//!
//! Two ways that the field's training recipes have: any overlap with the frame (AudioSet Strong), and the frame's middle (HEAR, DCASE 2016).

use crate::time::Span;
use std::ops::Range;

/// When an event makes a frame active.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FrameRule {
    /// Any of it lies in the frame: the onset is rounded down to the grid, the offset up.
    Overlap {
        /// The rate of samples that frames are counted in, in hertz.
        sample_rate: f64,
        /// Samples from one frame to the next.
        hop_samples: f64,
    },
    /// It sounds in the frame's middle.
    Middle {
        /// From one frame to the next, in milliseconds.
        hop_ms: f64,
        /// An offset counts as this much later, in milliseconds: HEAR takes 0.0001.
        offset_slack_ms: f64,
    },
}

impl FrameRule {
    /// The frames of `count` in which an event is active.
    pub fn frames(&self, span: Span, count: usize) -> Range<usize> {
        // `as` turns what is negative or no number into 0, and what is too large into the largest.
        match *self {
            Self::Overlap { sample_rate, hop_samples } => {
                let place = |secs: f64| (secs * sample_rate / hop_samples).clamp(0.0, count as f64);
                place(span.onset_secs) as usize..place(span.offset_secs).ceil() as usize
            }
            Self::Middle { hop_ms, offset_slack_ms } => {
                let first_from = |ms: f64| {
                    // The quotient is off by its rounding at most, so that looking at the frames beside it settles it.
                    let near = ((ms / hop_ms - 0.5).ceil().max(0.0) as usize).min(count);
                    let middle = |frame: usize| (frame as f64 + 0.5) * hop_ms;
                    (near.saturating_sub(1)..=near.saturating_add(1)).find(|&frame| middle(frame) >= ms).unwrap_or(near)
                };
                let (first, after) =
                    (first_from(span.onset_secs * 1000.0), first_from(span.offset_secs * 1000.0 + offset_slack_ms));
                first.min(count)..after.min(count)
            }
        }
    }

    /// Which of `count` frames are active by any of the events of one class.
    pub fn labels(&self, spans: impl IntoIterator<Item = Span>, count: usize) -> Vec<bool> {
        let mut labels = vec![false; count];
        for span in spans {
            let frames = self.frames(span, count);
            if let Some(active) = labels.get_mut(frames) {
                active.fill(true);
            }
        }
        labels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_reach_over_the_frames_that_they_touch() {
        let rule = FrameRule::Overlap { sample_rate: 16_000.0, hop_samples: 640.0 };
        let frames = |onset_secs, offset_secs| rule.frames(Span { onset_secs, offset_secs }, 250);
        assert_eq!(frames(0.05, 0.08), 1..2);
        assert_eq!(frames(0.04, 0.081), 1..3);
        assert_eq!(frames(9.99, 12.0), 249..250);
        assert_eq!(frames(f64::NAN, f64::INFINITY), 0..250);
        assert_eq!(rule.labels([Span::between(11.0, 12.0)], 3), [false; 3]);
    }

    #[test]
    fn events_are_in_the_frames_whose_middle_they_hold() {
        let rule = FrameRule::Middle { hop_ms: 40.0, offset_slack_ms: 1e-4 };
        let frames = |onset_secs, offset_secs| rule.frames(Span { onset_secs, offset_secs }, 10);
        assert_eq!(frames(0.02, 0.06), 0..2);
        assert_eq!(frames(0.021, 0.0599), 1..1);
        assert_eq!(frames(0.3, 9.0), 7..10);
    }
}
