//! From events to frames: in which frames a label is active. What a model is trained and judged by.

use crate::time::Span;
use std::ops::Range;

/// Later than an offset by this little still counts as before it, in seconds: a ten-thousandth of a millisecond, as HEAR has it.
const CENTRE_SLACK_SECS: f64 = 1e-7;

/// How frames lie in time: the first begins with the recording.
///
/// Two numbers and not their quotient, because the recipes compute with both: an edge on the grid falls where the rounding errors let it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrameGrid {
    /// Samples a second, > 0.
    pub sample_rate: f64,
    /// Samples a frame, > 0.
    pub samples_per_frame: f64,
    /// How many frames there are.
    pub frames: usize,
}

impl FrameGrid {
    fn frame_at(&self, secs: f64) -> f64 {
        secs * self.sample_rate / self.samples_per_frame
    }
}

/// Which frames an event makes active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameRule {
    /// Those that it touches: the onset is rounded down, the offset up. The AudioSet-Strong recipes.
    Touched,
    /// Those whose middle lies in it. HEAR, and with it the DCASE 2016 task 2.
    Centre,
}

/// The frames that an event makes active.
pub fn active_frames(event: Span, grid: FrameGrid, rule: FrameRule) -> Range<usize> {
    // `as` turns what is negative or no number into 0, and what is too large into the largest.
    let clipped = |frame: f64| (frame as usize).min(grid.frames);
    let (first, after) = match rule {
        FrameRule::Touched => (grid.frame_at(event.onset_secs).floor(), grid.frame_at(event.offset_secs).ceil()),
        FrameRule::Centre => {
            // The first frame whose middle is not before a moment.
            let from = |secs: f64| (grid.frame_at(secs) - 0.5).ceil();
            (from(event.onset_secs), from(event.offset_secs + CENTRE_SLACK_SECS))
        }
    };
    clipped(first)..clipped(after).max(clipped(first))
}

/// Which frames are active where all these events are.
pub fn frame_labels(events: impl IntoIterator<Item = Span>, grid: FrameGrid, rule: FrameRule) -> Vec<bool> {
    let mut labels = vec![false; grid.frames];
    for event in events {
        labels[active_frames(event, grid, rule)].fill(true);
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_differ_at_both_ends() {
        let grid = FrameGrid { sample_rate: 100.0, samples_per_frame: 100.0, frames: 10 };
        let frames = |onset, offset, rule| active_frames(Span::between(onset, offset), grid, rule);
        assert_eq!(frames(1.2, 3.2, FrameRule::Touched), 1..4);
        assert_eq!(frames(1.2, 3.2, FrameRule::Centre), 1..3);
        assert_eq!(frames(1.6, 1.9, FrameRule::Touched), 1..2);
        assert!(frames(1.6, 1.9, FrameRule::Centre).is_empty());
        // A middle at the onset is in the event, and one at the offset too, as in HEAR.
        assert_eq!(frames(1.5, 3.5, FrameRule::Centre), 1..4);
        assert_eq!(frames(8.5, 99.0, FrameRule::Touched), 8..10);
    }

    #[test]
    fn no_time_and_no_frame_length_breaks_it() {
        for secs in [f64::NAN, f64::INFINITY, -1.0, 1e300] {
            for rule in [FrameRule::Touched, FrameRule::Centre] {
                let odd = Span { onset_secs: secs, offset_secs: 3.0 };
                for samples_per_frame in [1.0, secs, 0.0] {
                    let grid = FrameGrid { sample_rate: secs, samples_per_frame, frames: 5 };
                    assert_eq!(frame_labels([odd], grid, rule).len(), 5);
                }
            }
        }
    }
}
