//! Saying where nothing is missing: the view or the whole recording, for the classes that are worked on.

use super::workbench::Workbench;
use crate::annotation::complete::{complete_secs, is_complete, with_complete, without_complete};
use crate::annotation::{CompleteSpan, Edit};
use crate::time::{Span, clock_text};
use std::collections::BTreeSet;
use std::sync::Arc;

/// So many labels are named; of more, only how many.
const NAMED_LABELS: usize = 6;

impl Workbench {
    /// The classes that are worked on: the one that the queue of review has, else those of the project together with those whose
    /// predictions are shown, without those that are hidden. None means all.
    pub fn active_classes(&self) -> Vec<Arc<str>> {
        if let Some(class) = self.queue_class() {
            return vec![class.clone()];
        }
        let own = self.document.label_classes().iter().filter(|class| !class.is_hidden).map(|class| class.name.clone());
        let scored = self.scored_here();
        let predicted = scored
            .into_iter()
            .flat_map(|scored| scored.chosen.iter().filter_map(|&class| scored.scores.classes.get(class)).cloned());
        let predicted = predicted.filter(|label| self.is_label_shown(label));
        own.chain(predicted).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Says that nothing is missing in view, or takes that back where it was said of all of it.
    pub(super) fn mark_view_complete(&mut self) {
        let Some(open) = &self.open else { return };
        let view = open.viewport.span();
        self.say_complete(view.onset_secs, view.offset_secs, "view");
    }

    /// The same of the whole recording.
    pub(super) fn mark_recording_complete(&mut self) {
        let whole = self.whole();
        self.say_complete(whole.onset_secs, whole.offset_secs, "recording");
    }

    fn say_complete(&mut self, onset_secs: f64, offset_secs: f64, what: &str) {
        let span = Span::between(onset_secs, offset_secs).clipped(self.whole().offset_secs);
        let (Some(recording), Some(id)) = (self.recording(), self.open.as_ref().map(|open| open.id)) else { return };
        if span.duration_secs() <= 0.0 {
            return;
        }
        let labels = self.active_classes();
        let marked = &recording.complete_spans;
        let (spans, title) = if is_complete(marked, span, &labels) {
            (without_complete(marked, span, &labels), format!("take back that the {what} is complete"))
        } else {
            (with_complete(marked, span, &labels, &self.edited()), format!("{what} is complete"))
        };
        self.perform(title, Edit::SetCompleteSpans { recording: id, spans });
    }

    /// Where nothing is missing in the open recording.
    pub fn complete_spans(&self) -> &[CompleteSpan] {
        self.recording().map_or(&[], |recording| &recording.complete_spans)
    }

    /// How much of the open recording is said to be complete: `complete: 0:12 of 1:00`; empty for none.
    pub fn complete_text(&self) -> String {
        let secs = complete_secs(self.complete_spans());
        if secs <= 0.0 {
            return String::new();
        }
        let whole = self.whole().offset_secs;
        if secs >= whole - 1e-3 {
            return format!("complete: all {}", clock_text(whole, 0));
        }
        format!("complete: {} of {}", clock_text(secs, 0), clock_text(whole, 0))
    }
}

/// What a mark says: `Nothing is missing from 0:00.000 to 0:10.000 for Cat, Dog · Ada`.
pub fn complete_span_text(complete: &CompleteSpan) -> String {
    let labels = match complete.labels.len() {
        0 => "all labels".to_owned(),
        few if few <= NAMED_LABELS => complete.labels.join(", "),
        many => format!("{} and {} more labels", complete.labels[..NAMED_LABELS].join(", "), many - NAMED_LABELS),
    };
    let by = if complete.edited.by.is_empty() { String::new() } else { format!(" · {}", complete.edited.by) };
    let (from, to) = (clock_text(complete.span.onset_secs, 3), clock_text(complete.span.offset_secs, 3));
    format!("Nothing is missing from {from} to {to} for {labels}{by}")
}
