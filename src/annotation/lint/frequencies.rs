//! The rule about the frequencies of boxes.

use super::{Detail, Finding, RuleKind, Scene};

/// Rounding is no fault, in hertz.
const TOLERANCE_HZ: f64 = 0.5;

/// Boxes that are upside down, or higher than the sample rate allows.
pub(super) fn impossible(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    for (recording, event) in scene.events() {
        let Some(band) = event.band else { continue };
        let nyquist_hz = recording.nyquist_hz;
        let is_ordered = band.low_hz >= 0.0 && band.low_hz <= band.high_hz;
        let is_above = nyquist_hz.is_some_and(|most| band.high_hz.max(band.low_hz) > most + TOLERANCE_HZ);
        if !is_ordered || is_above {
            let is_finite = band.low_hz.is_finite() && band.high_hz.is_finite();
            let is_partly_there = nyquist_hz.is_none_or(|most| band.low_hz.min(band.high_hz) < most);
            let finding = Finding::new(RuleKind::Frequencies, recording, &[event]).with(Detail::Nyquist(nyquist_hz));
            findings.push(finding.fixable(is_finite && is_partly_there && band.low_hz.max(band.high_hz) > 0.0));
        }
    }
}
