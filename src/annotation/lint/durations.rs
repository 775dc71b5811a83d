//! The rule about how long events last.

use super::snapshot::LintEvent;
use super::{Detail, Finding, RuleKind, Scene};

/// Hardly anything that is shorter can be heard as an event, in seconds.
const SHORT_SECS: f64 = 0.020;
/// A class with fewer labels has no usual duration.
const LEAST_LABELS: usize = 20;
/// What differs from the usual duration by a smaller factor is not suspicious, however alike the others are.
const LEAST_FACTOR: f64 = 8.0;
/// How many robust standard deviations of the logarithm are suspicious.
const DEVIATIONS: f64 = 5.0;

/// Labels that are shorter than 20 ms, or far from what is usual for their class.
pub(super) fn suspicious(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let mut logs: Vec<Vec<f64>> = vec![Vec::new(); scene.snapshot.labels.len()];
    for event in scene.events().map(|(_, event)| event).filter(|event| is_meant(event)) {
        logs[event.label as usize].push(event.span.duration_secs().ln());
    }
    let usual: Vec<Option<(f64, f64)>> = logs.into_iter().map(usual_of).collect();
    for (recording, event) in scene.events().filter(|(_, event)| is_meant(event)) {
        let secs = event.span.duration_secs();
        let far = usual[event.label as usize].filter(|(middle, width)| (secs.ln() - middle).abs() > *width);
        if secs < SHORT_SECS || far.is_some() {
            let usual_secs = far.map(|(middle, _)| middle.exp());
            let finding = Finding::new(RuleKind::Duration, recording, &[event]);
            findings.push(finding.with(Detail::Duration { secs, usual_secs }));
        }
    }
}

fn is_meant(event: &LintEvent) -> bool {
    event.status.is_label() && !event.is_point && event.span.duration_secs() > 0.0
}

/// The median of logarithms, and how far from it is suspicious.
fn usual_of(mut logs: Vec<f64>) -> Option<(f64, f64)> {
    if logs.len() < LEAST_LABELS {
        return None;
    }
    let middle = median(&mut logs);
    logs.iter_mut().for_each(|log| *log = (*log - middle).abs());
    // Of a normal distribution, 1.4826 times the median deviation is the standard deviation.
    Some((middle, (DEVIATIONS * 1.4826 * median(&mut logs)).max(LEAST_FACTOR.ln())))
}

fn median(values: &mut [f64]) -> f64 {
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}
