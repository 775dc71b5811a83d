//! The rule about what is marked complete.

use super::snapshot::LintEvent;
use super::{Finding, RuleKind, Scene};
use crate::annotation::Status;

/// Undecided events where everything is said to be annotated. One finding for each recording.
pub(super) fn undecided(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let labels = &scene.snapshot.labels;
    for recording in &scene.snapshot.recordings {
        let spans = &recording.complete_spans;
        if !recording.is_complete && spans.is_empty() {
            continue;
        }
        let is_marked = |event: &LintEvent| {
            let label = &labels[event.label as usize];
            let mut marks = spans.iter().filter(|mark| mark.labels.is_empty() || mark.labels.contains(label));
            marks.any(|mark| mark.span.overlap_secs(event.span) > 0.0 || mark.span.contains(event.span.onset_secs))
        };
        let is_open =
            |event: &&LintEvent| event.status == Status::Predicted && (recording.is_complete || is_marked(event));
        let mut events: Vec<&LintEvent> = recording.events.iter().filter(is_open).collect();
        events.sort_by(|a, b| a.span.onset_secs.total_cmp(&b.span.onset_secs).then(a.id.cmp(&b.id)));
        if !events.is_empty() {
            findings.push(Finding::new(RuleKind::Undecided, recording, &events));
        }
    }
}
