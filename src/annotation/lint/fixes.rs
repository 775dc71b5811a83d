//! Putting findings right: one edit for any number of them, each event written once.

use super::labels::tidied;
use super::overlaps::united;
use super::{Detail, Finding, RuleKind};
use crate::annotation::{Band, CompleteSpan, Document, Edit, Event, EventId, RecordingId, Status};
use crate::time::Span;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Fixes on top of each other: each sees what those before it have made of the events, so that any findings fit together.
pub struct Fixes<'a> {
    document: &'a Document,
    /// Events as they will be; none for those that go.
    changed: BTreeMap<(RecordingId, EventId), Option<Event>>,
    /// What is marked complete, where that changes.
    complete: BTreeMap<RecordingId, Vec<CompleteSpan>>,
}

impl<'a> Fixes<'a> {
    /// None yet.
    pub fn new(document: &'a Document) -> Self {
        Self { document, changed: BTreeMap::new(), complete: BTreeMap::new() }
    }

    /// Puts a finding right, if it can be done safely and its events are still there; returns whether anything changes.
    pub fn add(&mut self, finding: &Finding) -> bool {
        if !finding.is_fixable {
            return false;
        }
        let recording = finding.recording;
        match (finding.rule, &finding.detail) {
            (RuleKind::Duplicate, _) => self.keep_first(finding),
            (RuleKind::Overlap, _) => self.merge(finding),
            (RuleKind::NoLength, _) => self.each(finding, give_length),
            (RuleKind::PastEnd, Detail::Secs(end_secs)) => self.each(finding, |event| {
                if event.span.onset_secs < *end_secs {
                    event.span.offset_secs = event.span.offset_secs.min(*end_secs);
                }
            }),
            (RuleKind::Frequencies, Detail::Nyquist(nyquist_hz)) => self.each(finding, |event| {
                event.band = event.band.map(|band| possible(band, *nyquist_hz));
            }),
            (RuleKind::UnknownLabel, Detail::Label { label, meant: Some(meant) }) => {
                self.rename_all(finding, |own| if own == label { meant.clone() } else { own.clone() })
            }
            (RuleKind::LabelSpaces, _) => self.rename_all(finding, |own| {
                let name = tidied(own);
                if name.is_empty() || *name == **own { own.clone() } else { name.into() }
            }),
            _ => {
                debug_assert!(false, "{:?} in {recording:?} has no fix", finding.rule);
                false
            }
        }
    }

    /// All of them as one step; none if nothing changes.
    pub fn into_edit(self) -> Option<Edit> {
        let events = self.changed.into_iter().map(|((recording, id), event)| match event {
            Some(event) => Edit::Replace { recording, event },
            None => Edit::Remove { recording, id },
        });
        let complete = self.complete.into_iter();
        let complete = complete.map(|(recording, spans)| Edit::SetCompleteSpans { recording, spans });
        let edits: Vec<Edit> = events.chain(complete).collect();
        (!edits.is_empty()).then_some(Edit::Many { edits })
    }

    fn event(&self, recording: RecordingId, id: EventId) -> Option<&Event> {
        match self.changed.get(&(recording, id)) {
            Some(changed) => changed.as_ref(),
            None => self.document.event(recording, id),
        }
    }

    fn each(&mut self, finding: &Finding, change: impl Fn(&mut Event)) -> bool {
        let mut is_changed = false;
        for &id in &finding.events {
            let Some(before) = self.event(finding.recording, id) else { continue };
            let mut event = before.clone();
            change(&mut event);
            if event != *before {
                correct(&mut event);
                self.changed.insert((finding.recording, id), Some(event));
                is_changed = true;
            }
        }
        is_changed
    }

    /// Calls labels something else, in the events and in what is marked complete for them in their recording.
    fn rename_all(&mut self, finding: &Finding, name: impl Fn(&Arc<str>) -> Arc<str>) -> bool {
        let is_changed = self.each(finding, |event| rename(event, &name));
        let recording = finding.recording;
        let marked = self.document.recording(recording).map_or(&[][..], |recording| &recording.complete_spans);
        let marked = self.complete.get(&recording).map_or(marked, |spans| spans);
        let renamed: Vec<CompleteSpan> = marked.iter().map(|complete| renamed_span(complete, &name)).collect();
        if renamed == marked {
            return is_changed;
        }
        self.complete.insert(recording, renamed);
        true
    }

    fn keep_first(&mut self, finding: &Finding) -> bool {
        let Some(kept) = finding.events.iter().find_map(|&id| self.event(finding.recording, id)).cloned() else {
            return false;
        };
        let is_same = |event: &Event| event.span == kept.span && event.band == kept.band && event.label == kept.label;
        let others = finding.events.iter().filter(|&&id| id != kept.id);
        let gone: Vec<EventId> =
            others.copied().filter(|&id| self.event(finding.recording, id).is_some_and(is_same)).collect();
        gone.iter().for_each(|&id| drop(self.changed.insert((finding.recording, id), None)));
        !gone.is_empty()
    }

    /// The first one takes the place of all, with what is said about the others.
    fn merge(&mut self, finding: &Finding) -> bool {
        let recording = finding.recording;
        let mut all = finding.events.iter().filter_map(|&id| self.event(recording, id));
        let Some(mut merged) = all.next().cloned() else { return false };
        let mut gone = Vec::new();
        for event in all.filter(|event| event.label == merged.label) {
            merged.span = Span {
                onset_secs: merged.span.onset_secs.min(event.span.onset_secs),
                offset_secs: merged.span.offset_secs.max(event.span.offset_secs),
            };
            merged.band = united(merged.band, event.band);
            if !event.comment.is_empty() && !merged.comment.contains(&event.comment) {
                let between = if merged.comment.is_empty() { "" } else { "; " };
                merged.comment = format!("{}{between}{}", merged.comment, event.comment);
            }
            for (name, value) in &event.fields {
                merged.fields.entry(name.clone()).or_insert_with(|| value.clone());
            }
            gone.push(event.id);
        }
        if gone.is_empty() {
            return false;
        }
        correct(&mut merged);
        self.changed.insert((recording, merged.id), Some(merged));
        gone.into_iter().for_each(|id| drop(self.changed.insert((recording, id), None)));
        true
    }
}

/// What was accepted as a model proposed it is corrected from now on.
fn correct(event: &mut Event) {
    let differs = event.origin.proposal().is_some_and(|proposal| {
        proposal.span != event.span || proposal.label != event.label || event.is_point || event.band.is_some()
    });
    if event.status == Status::Accepted && differs {
        event.status = Status::Corrected;
    }
}

fn give_length(event: &mut Event) {
    let Span { onset_secs, offset_secs } = event.span;
    if offset_secs < onset_secs {
        event.span = Span { onset_secs: offset_secs, offset_secs: onset_secs };
    } else if offset_secs == onset_secs {
        event.is_point = true;
    }
}

fn possible(band: Band, nyquist_hz: Option<f64>) -> Band {
    let most = nyquist_hz.unwrap_or(f64::INFINITY);
    let end = |hz: f64| hz.max(0.0).min(most);
    let (a, b) = (end(band.low_hz), end(band.high_hz));
    Band { low_hz: a.min(b), high_hz: a.max(b) }
}

fn rename(event: &mut Event, name: impl Fn(&Arc<str>) -> Arc<str>) {
    event.label = name(&event.label);
    let mut more: Vec<Arc<str>> = Vec::with_capacity(event.more_labels.len());
    for label in event.more_labels.iter().map(name) {
        if label != event.label && !more.contains(&label) {
            more.push(label);
        }
    }
    event.more_labels = more;
}

fn renamed_span(complete: &CompleteSpan, name: impl Fn(&Arc<str>) -> Arc<str>) -> CompleteSpan {
    let labels: BTreeSet<Arc<str>> = complete.labels.iter().map(name).collect();
    CompleteSpan { labels: labels.into_iter().collect(), ..complete.clone() }
}
