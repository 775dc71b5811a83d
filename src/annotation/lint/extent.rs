//! Rules about where events begin and end.

use super::{Detail, Finding, RuleKind, Scene};

/// What decoders and rounding disagree about is no fault of an event, in seconds.
const TOLERANCE_SECS: f64 = 1e-3;

/// Regions whose onset and offset are the same, or the wrong way round. Points are meant to have no length.
pub(super) fn without_length(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    for (recording, event) in scene.events() {
        // So that what is no number is found too.
        let has_length = event.span.offset_secs > event.span.onset_secs;
        if !event.is_point && !has_length {
            let is_finite = event.span.onset_secs.is_finite() && event.span.offset_secs.is_finite();
            findings.push(Finding::new(RuleKind::NoLength, recording, &[event]).fixable(is_finite));
        }
    }
}

/// Events that reach further than their recording, as far as its length is known.
pub(super) fn past_the_end(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    for (recording, event) in scene.events() {
        let end_secs = recording.duration_secs;
        if end_secs > 0.0 && event.span.offset_secs > end_secs + TOLERANCE_SECS {
            let is_cut = event.span.onset_secs < end_secs;
            let finding = Finding::new(RuleKind::PastEnd, recording, &[event]).with(Detail::Secs(end_secs));
            findings.push(finding.fixable(is_cut));
        }
    }
}
