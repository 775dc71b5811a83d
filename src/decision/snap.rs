//! Where an edge of an event belongs by the score curve. Pure.
//!
//! An onset belongs where the curve of the class rises through the threshold, an offset where it falls through it; the moment is read off the
//! straight line between the middles of the two frames. Of several such crossings the one nearest to the edge is meant. Where the curve
//! crosses the threshold nowhere near, the edge belongs on the border between the two frames with the steepest rise (onset) or fall
//! (offset), if that is worth the name. Else it stays.

use super::FrameScores;
use crate::time::Span;

/// An edge moves no further than this.
pub const SNAP_REACH_SECS: f64 = 0.5;
/// A change of the score from one frame to the next that is smaller than this is no change point.
const LEAST_CHANGE: f32 = 0.05;

/// Which way the curve goes at an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slope {
    /// At an onset.
    Rise,
    /// At an offset.
    Fall,
}

/// Where an edge was put.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Snap {
    /// Where the curve crosses the threshold, in seconds.
    Crossing(f64),
    /// Where the curve is steepest, in seconds.
    Change(f64),
}

impl Snap {
    /// The moment, in seconds.
    pub fn secs(self) -> f64 {
        match self {
            Self::Crossing(secs) | Self::Change(secs) => secs,
        }
    }
}

/// Where the edge at `edge_secs` belongs by the curve of `class`, at most `reach_secs` away; none if nothing is near.
pub fn snap_edge(
    scores: &FrameScores,
    class: usize,
    threshold: f32,
    slope: Slope,
    edge_secs: f64,
    reach_secs: f64,
) -> Option<Snap> {
    let axis = scores.axis;
    let reach_secs = if reach_secs.is_finite() { reach_secs.clamp(0.0, SNAP_REACH_SECS) } else { SNAP_REACH_SECS };
    if !edge_secs.is_finite() || class >= scores.classes.len() {
        return None;
    }
    // One frame more on each side: a crossing lies up to half a frame away from a border.
    let first = axis.frame_at(edge_secs - reach_secs).saturating_sub(1).max(1);
    let after = (axis.frame_at(edge_secs + reach_secs) + 3).min(scores.frame_count());
    let distance = |secs: f64| (secs - edge_secs).abs();
    let is_near = |secs: &f64| distance(*secs) <= reach_secs + 1e-9;
    // In the direction that is looked for, so that both slopes are rises.
    let sign = if slope == Slope::Rise { 1.0 } else { -1.0 };
    let rises = (first..after).map(|frame| {
        let [before, here] = [frame - 1, frame].map(|frame| sign * scores.score(frame, class));
        (frame, before, here)
    });
    let level = sign * threshold;
    let crossings = rises.clone().filter(|&(_, before, here)| match slope {
        Slope::Rise => before <= level && here > level,
        Slope::Fall => before < level && here >= level,
    });
    let moments = crossings.map(|(frame, before, here)| {
        let share = f64::from((level - before) / (here - before).max(f32::MIN_POSITIVE)).clamp(0.0, 1.0);
        axis.border_secs(frame) + (share - 0.5) * axis.hop_secs
    });
    let nearest = moments.filter(is_near).min_by(|a, b| distance(*a).total_cmp(&distance(*b)));
    if let Some(secs) = nearest {
        return Some(Snap::Crossing(secs.max(0.0)));
    }
    let changes = rises.map(|(frame, before, here)| (axis.border_secs(frame), here - before));
    let steep = changes.filter(|(secs, change)| *change >= LEAST_CHANGE && is_near(secs));
    let steepest = steep.max_by(|a, b| a.1.total_cmp(&b.1).then(distance(b.0).total_cmp(&distance(a.0))));
    steepest.map(|(secs, _)| Snap::Change(secs.max(0.0)))
}

/// Where both edges of an event belong, onset first. No edge goes beyond the event's middle.
pub fn snap_span(scores: &FrameScores, class: usize, threshold: f32, span: Span) -> [Option<Snap>; 2] {
    let reach = 0.5 * span.duration_secs();
    let towards = |edge_secs: f64, slope: Slope| {
        snap_edge(scores, class, threshold, slope, edge_secs, SNAP_REACH_SECS).filter(|snap| match slope {
            Slope::Rise => snap.secs() < edge_secs + reach,
            Slope::Fall => snap.secs() > edge_secs - reach,
        })
    };
    [towards(span.onset_secs, Slope::Rise), towards(span.offset_secs, Slope::Fall)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{DecisionRule, FrameAxis, decide_class};
    use proptest::prelude::*;
    use std::sync::Arc;

    const AXIS: FrameAxis = FrameAxis { first_onset_secs: 0.0, hop_secs: 0.1 };

    fn scores(rows: &[f32]) -> FrameScores {
        let classes: Vec<Arc<str>> = vec!["Dog".into()];
        let mut scores = FrameScores::new(AXIS, classes.into());
        scores.push(rows);
        scores
    }

    fn near(snap: Option<Snap>, secs: f64) -> bool {
        snap.is_some_and(|snap| (snap.secs() - secs).abs() < 1e-4)
    }

    #[test]
    fn an_edge_goes_to_the_crossing_on_the_line_between_two_frames() {
        // From 0.2 in the frame before to 0.6 in the fifth: half way between their middles, 0.45 s and 0.55 s, is 0.4.
        let curve = scores(&[0.2, 0.2, 0.2, 0.2, 0.2, 0.6, 0.6, 0.6, 0.1, 0.1]);
        assert!(near(snap_edge(&curve, 0, 0.4, Slope::Rise, 0.33, 0.5), 0.5));
        assert!(near(snap_edge(&curve, 0, 0.3, Slope::Rise, 0.33, 0.5), 0.475));
        // The fall from 0.6 to 0.1 lies between 0.75 s and 0.85 s.
        assert!(near(snap_edge(&curve, 0, 0.35, Slope::Fall, 0.9, 0.5), 0.8));
        assert!(matches!(snap_edge(&curve, 0, 0.4, Slope::Rise, 0.33, 0.5), Some(Snap::Crossing(_))));
    }

    #[test]
    fn the_nearest_of_several_crossings_is_meant_and_none_beyond_reach() {
        let curve = scores(&[0.0, 0.8, 0.0, 0.0, 0.8, 0.8, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.8]);
        assert!(near(snap_edge(&curve, 0, 0.4, Slope::Rise, 0.34, 0.5), 0.4));
        assert!(near(snap_edge(&curve, 0, 0.4, Slope::Rise, 0.2, 0.5), 0.1));
        assert_eq!(snap_edge(&curve, 0, 0.4, Slope::Rise, 0.8, 0.2), None);
    }

    #[test]
    fn without_a_crossing_the_steepest_change_counts_if_it_is_one() {
        let curve = scores(&[0.5, 0.5, 0.5, 0.6, 0.9, 0.9, 0.9, 0.7, 0.65, 0.65]);
        let onset = snap_edge(&curve, 0, 0.2, Slope::Rise, 0.3, 0.5);
        assert!(matches!(onset, Some(Snap::Change(_))) && near(onset, 0.4), "{onset:?}");
        assert!(near(snap_edge(&curve, 0, 0.2, Slope::Fall, 0.8, 0.5), 0.7));
        let flat = scores(&[0.5, 0.51, 0.52, 0.53, 0.53, 0.53]);
        assert_eq!(snap_edge(&flat, 0, 0.2, Slope::Rise, 0.2, 0.5), None);
        assert_eq!(snap_edge(&flat, 7, 0.2, Slope::Rise, 0.2, 0.5), None);
    }

    #[test]
    fn the_edges_of_an_event_do_not_pass_each_other() {
        // Between two bursts: the offset would like to go to the fall before the onset.
        let curve = scores(&[0.0, 0.9, 0.0, 0.0, 0.0, 0.0]);
        let [onset, offset] = snap_span(&curve, 0, 0.4, Span::between(0.3, 0.4));
        assert!(onset.is_some_and(|snap| snap.secs() < 0.35));
        assert_eq!(offset, None);
    }

    proptest! {
        /// Predictions without a filter lie within half a frame of where their edges snap to.
        #[test]
        fn predictions_are_where_they_belong(
            rows in prop::collection::vec(0.0_f32..1.0, 3..80),
            threshold in 0.05_f32..0.95,
        ) {
            let curve = scores(&rows);
            let rule = DecisionRule { threshold, ..DecisionRule::default() };
            let duration_secs = 0.1 * rows.len() as f64;
            for prediction in decide_class(&curve, 0, &rule, duration_secs) {
                let span = prediction.span;
                if span.onset_secs > 0.0 {
                    let onset = snap_edge(&curve, 0, threshold, Slope::Rise, span.onset_secs, 0.5);
                    prop_assert!(onset.is_some_and(|snap| (snap.secs() - span.onset_secs).abs() < 0.0501), "{onset:?} {span:?}");
                }
                if span.offset_secs < duration_secs - 1e-9 {
                    let offset = snap_edge(&curve, 0, threshold, Slope::Fall, span.offset_secs, 0.5);
                    prop_assert!(offset.is_some_and(|snap| (snap.secs() - span.offset_secs).abs() < 0.0501), "{offset:?} {span:?}");
                }
            }
        }

        #[test]
        fn nothing_goes_further_than_its_reach(
            rows in prop::collection::vec(0.0_f32..1.0, 0..40),
            edge in 0.0_f64..4.0,
            reach in 0.0_f64..0.6,
        ) {
            let curve = scores(&rows);
            for slope in [Slope::Rise, Slope::Fall] {
                if let Some(snap) = snap_edge(&curve, 0, 0.5, slope, edge, reach) {
                    prop_assert!((snap.secs() - edge).abs() <= reach + 1e-6);
                }
            }
        }
    }
}
