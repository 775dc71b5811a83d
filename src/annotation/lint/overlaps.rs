//! Rules about events of one class that are at the same place.

use super::snapshot::{LintEvent, LintRecording};
use super::{Finding, RuleKind, Scene};
use crate::annotation::{Band, Status};
use std::collections::HashSet;

/// Spans that share no more than this only touch, in seconds.
const TOUCH_SECS: f64 = 1e-6;
/// Groups that are open at one time, at most: so many boxes of one class above each other are looked at.
const MOST_OPEN: usize = 64;

/// Events that say the same about the same place.
pub(super) fn duplicates(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    for recording in &scene.snapshot.recordings {
        for same in groups_of_same(recording) {
            // The one that says more comes first: it is kept.
            let mut same = same;
            same.sort_by_key(|event| (!event.has_remarks, event.id));
            let is_safe = same[1..].iter().all(|event| !event.has_remarks);
            findings.push(Finding::new(RuleKind::Duplicate, recording, &same).fixable(is_safe));
        }
    }
}

fn groups_of_same(recording: &LintRecording) -> Vec<Vec<&LintEvent>> {
    let mut events: Vec<&LintEvent> =
        recording.events.iter().filter(|event| event.status != Status::Rejected).collect();
    events.sort_unstable_by(|a, b| key_order(a, b).then(a.id.cmp(&b.id)));
    let groups = events.chunk_by(|a, b| key_order(a, b).is_eq());
    groups.filter(|group| group.len() > 1).map(<[&LintEvent]>::to_vec).collect()
}

/// Puts the same beside the same.
fn key_order(a: &LintEvent, b: &LintEvent) -> std::cmp::Ordering {
    let hz = |band: Option<Band>| band.map_or((-1.0, -1.0), |band| (band.low_hz, band.high_hz));
    let ((a_low, a_high), (b_low, b_high)) = (hz(a.band), hz(b.band));
    a.label
        .cmp(&b.label)
        .then(a.span.onset_secs.total_cmp(&b.span.onset_secs))
        .then(a.span.offset_secs.total_cmp(&b.span.offset_secs))
        .then(a_low.total_cmp(&b_low))
        .then(a_high.total_cmp(&b_high))
        .then(a.is_point.cmp(&b.is_point))
        .then((a.status as u8).cmp(&(b.status as u8)))
        .then_with(|| a.more_labels.cmp(&b.more_labels))
}

/// Labels of one class that share time, and frequencies if both have them. Each event is in one finding at most.
pub(super) fn of_one_class(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    for recording in &scene.snapshot.recordings {
        // Of what is there twice, one is looked at: the other one is another rule's.
        let groups = groups_of_same(recording);
        let twice: HashSet<_> = groups.iter().flat_map(|same| same[1..].iter().map(|event| event.id)).collect();
        let has_length = |event: &LintEvent| event.span.offset_secs > event.span.onset_secs;
        let is_meant = |event: &&LintEvent| {
            event.status.is_label() && !event.is_point && has_length(event) && !twice.contains(&event.id)
        };
        let mut events: Vec<&LintEvent> = recording.events.iter().filter(is_meant).collect();
        events.sort_unstable_by(|a, b| {
            a.label.cmp(&b.label).then(a.span.onset_secs.total_cmp(&b.span.onset_secs)).then(a.id.cmp(&b.id))
        });
        for of_label in events.chunk_by(|a, b| a.label == b.label) {
            overlapping(recording, of_label, findings);
        }
    }
}

/// Events that overlap each other one after the other.
struct Group<'a> {
    events: Vec<&'a LintEvent>,
    offset_secs: f64,
    band: Option<Band>,
}

fn overlapping(recording: &LintRecording, events: &[&LintEvent], findings: &mut Vec<Finding>) {
    let mut open: Vec<Group<'_>> = Vec::new();
    for &event in events {
        let onset_secs = event.span.onset_secs;
        let (ended, going_on): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|group| group.offset_secs <= onset_secs + TOUCH_SECS);
        ended.into_iter().for_each(|group| tell(recording, &group, findings));
        open = going_on;
        match open.iter_mut().find(|group| shares_band(group.band, event.band)) {
            Some(group) => {
                group.offset_secs = group.offset_secs.max(event.span.offset_secs);
                group.band = united(group.band, event.band);
                group.events.push(event);
            }
            None => {
                if open.len() >= MOST_OPEN {
                    tell(recording, &open.remove(0), findings);
                }
                open.push(Group { events: vec![event], offset_secs: event.span.offset_secs, band: event.band });
            }
        }
    }
    open.iter().for_each(|group| tell(recording, group, findings));
}

fn tell(recording: &LintRecording, group: &Group<'_>, findings: &mut Vec<Finding>) {
    if let [first, rest @ ..] = group.events.as_slice()
        && !rest.is_empty()
    {
        let is_one_class = rest.iter().all(|event| event.more_labels == first.more_labels);
        let is_one_shape = rest.iter().all(|event| event.band.is_some() == first.band.is_some());
        let finding = Finding::new(RuleKind::Overlap, recording, &group.events);
        findings.push(finding.fixable(is_one_class && is_one_shape));
    }
}

/// An event without frequencies is at all of them.
fn shares_band(a: Option<Band>, b: Option<Band>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.low_hz.max(b.low_hz) < a.high_hz.min(b.high_hz),
        _ => true,
    }
}

/// The frequencies of both; none is all.
pub(super) fn united(a: Option<Band>, b: Option<Band>) -> Option<Band> {
    let (a, b) = (a?, b?);
    Some(Band { low_hz: a.low_hz.min(b.low_hz), high_hz: a.high_hz.max(b.high_hz) })
}
