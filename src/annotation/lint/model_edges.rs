//! The rule about onsets and offsets that nobody has looked at.

use super::{Finding, RuleKind, Scene};

/// Labels that were accepted with onset and offset as a model proposed them: a model can only propose them where its frames begin.
pub(super) fn never_moved(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let found = scene.events().filter(|(_, event)| event.is_as_proposed);
    findings.extend(found.map(|(recording, event)| Finding::new(RuleKind::ModelEdges, recording, &[event])));
}
