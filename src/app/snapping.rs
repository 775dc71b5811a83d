//! Edges of the selected event by the model's scores: snapped to their curve, and nudged by one of its frames.

use super::editing::Edge;
use super::notices::Gravity;
use super::workbench::Workbench;
use crate::decision::{SNAP_REACH_SECS, snap_span};
use crate::time::Span;

impl Workbench {
    /// Moves an edge of the selected event by a frame of the model (`direction` 1 or −1) and plays around it.
    pub(super) fn nudge_edge_by_frame(&mut self, edge: Edge, direction: f64) {
        self.nudge_edge_by(edge, direction * self.model_frame_secs());
    }

    /// The class of the selected event among those of the scores: what it is called, else what it was proposed as.
    fn selected_class(&self) -> Option<usize> {
        let (scored, mark) = (self.scored_here()?, self.selected_mark()?);
        let place = |label: &str| scored.scores.classes.iter().position(|class| **class == *label);
        let proposed = || self.selected_event()?.origin.proposal().and_then(|proposal| place(&proposal.label));
        place(&mark.label).or_else(proposed)
    }

    /// Puts both edges of the selected event where the score curve of its class crosses the threshold, or changes most.
    pub(super) fn snap_selected(&mut self) {
        let Some(mark) = self.selected_mark() else { return };
        let (target, span) = (mark.target, mark.span);
        let (Some(class), Some(scored)) = (self.selected_class(), self.scored_here()) else {
            let label = mark.label.clone();
            let text = format!("The model gives no scores for {label:?} here: run one that knows it (Ctrl+R)");
            self.notices.add(Gravity::Warning, text);
            return;
        };
        let threshold = scored.rule_of(class).threshold;
        let [onset, offset] = snap_span(&scored.scores, class, threshold, span);
        let snapped = Span::between(
            onset.map_or(span.onset_secs, |snap| snap.secs()),
            offset.map_or(span.offset_secs, |snap| snap.secs()),
        );
        if snapped == span {
            let label = &scored.scores.classes[class];
            let text = format!(
                "Nothing to snap to: within {SNAP_REACH_SECS} s of its edges the scores of {label:?} neither cross \
                 {threshold:.2} nor change"
            );
            self.notices.add(Gravity::Done, text);
            return;
        }
        self.set_span(target, snapped);
        self.audition_selected();
    }
}
