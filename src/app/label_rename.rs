//! Renaming a label, and merging one into another, in all recordings at once: one step of undo.

use super::files::counted;
use super::notices::Gravity;
use super::workbench::Workbench;
use crate::annotation::{CompleteSpan, Document, Edit, Event, LabelClass};
use std::sync::Arc;

/// The edits that rename a label, and how many events and recordings they are about.
#[derive(Debug, Default)]
struct Renaming {
    edits: Vec<Edit>,
    events: usize,
    recordings: usize,
}

impl Workbench {
    /// Calls a label something else wherever it stands; if there is a label of that name, the two become one.
    pub(super) fn rename_label(&mut self, from: &Arc<str>, to: &Arc<str>) {
        let to: Arc<str> = to.trim().into();
        if to.is_empty() || to == *from {
            return;
        }
        let is_merge = self.listed_labels().contains(&to);
        let Renaming { mut edits, events, recordings } = renaming(&self.document, from, &to);
        let classes = renamed_classes(self.arranged(), from, &to);
        edits.push(Edit::SetLabelClasses { classes });
        let (verb, link) = if is_merge { ("merge", "into") } else { ("rename", "to") };
        // The label of new events goes with it, before the list is made anew.
        if self.active_label.as_ref() == Some(from) {
            self.active_label = Some(to.clone());
        }
        if self.given_label.as_ref() == Some(from) {
            self.given_label = Some(to.clone());
        }
        if self.perform(format!("{verb} {from:?} {link} {to:?}"), Edit::Many { edits }) {
            self.settings.rename_label(from, &to);
            let verb = if is_merge { "Merged" } else { "Renamed" };
            let (events, recordings) = (counted(events, "event"), counted(recordings, "recording"));
            let text = format!("{verb} {from} {link} {to}: {events} in {recordings} (one step of undo)");
            self.notices.add(Gravity::Done, text);
        }
    }
}

/// What has to be changed for a label to be called something else.
fn renaming(document: &Document, from: &Arc<str>, to: &Arc<str>) -> Renaming {
    let mut found = Renaming::default();
    let has_events = document.label_counts().contains_key(from);
    for (recording, entry) in document.recordings() {
        let before = found.edits.len();
        if has_events {
            let events = entry.events.values().filter(|event| event.has_label(from));
            found.edits.extend(events.map(|event| Edit::Replace { recording, event: renamed_event(event, from, to) }));
        }
        let events = found.edits.len() - before;
        found.events += events;
        found.recordings += usize::from(events > 0);
        if entry.complete_spans.iter().any(|complete| complete.labels.contains(from)) {
            let spans = entry.complete_spans.iter().map(|complete| renamed_span(complete, from, to)).collect();
            found.edits.push(Edit::SetCompleteSpans { recording, spans });
        }
    }
    found
}

fn renamed_event(event: &Event, from: &Arc<str>, to: &Arc<str>) -> Event {
    let mut labels = renamed_labels(event.labels(), from, to).into_iter();
    let label = labels.next().unwrap_or_else(|| to.clone());
    Event { label, more_labels: labels.collect(), ..event.clone() }
}

fn renamed_span(complete: &CompleteSpan, from: &Arc<str>, to: &Arc<str>) -> CompleteSpan {
    CompleteSpan { labels: renamed_labels(complete.labels.iter(), from, to), ..complete.clone() }
}

/// The labels with one of them called something else, none of them twice.
fn renamed_labels<'a>(labels: impl Iterator<Item = &'a Arc<str>>, from: &Arc<str>, to: &Arc<str>) -> Vec<Arc<str>> {
    let mut renamed: Vec<Arc<str>> = Vec::new();
    for label in labels {
        let label = if label == from { to } else { label };
        if !renamed.contains(label) {
            renamed.push(label.clone());
        }
    }
    renamed
}

/// The classes after it: the one that is there already stays in its place and learns the other's name; else the name alone changes.
fn renamed_classes(mut classes: Vec<LabelClass>, from: &Arc<str>, to: &Arc<str>) -> Vec<LabelClass> {
    let Some(place) = classes.iter().position(|class| class.name == *from) else { return classes };
    if classes.iter().any(|class| class.name == *to) {
        let merged = classes.remove(place);
        if let Some(kept) = classes.iter_mut().find(|class| class.name == *to) {
            kept.digit = kept.digit.or(merged.digit);
        }
    } else {
        classes[place].name = to.clone();
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotation::{Edited, History, Origin, RecordingId, Status};
    use crate::time::Span;
    use proptest::prelude::*;
    use std::path::Path;

    fn document(labels: &[Vec<usize>]) -> Document {
        let names = ["Dog", "Cat", "Bird", "Domestic dog"];
        let mut document = Document::default();
        for (place, own) in labels.iter().enumerate() {
            let recording = document.add_recording(Path::new(&format!("{}.wav", place % 3)), 60.0);
            let mut own: Vec<Arc<str>> = own.iter().map(|&place| names[place % 4].into()).collect();
            own.sort();
            own.dedup();
            if own.is_empty() {
                continue;
            }
            let (id, label) = (document.new_event_id(), own.remove(0));
            let mut event = Event::new(id, Span::between(0.0, 1.0), label, Status::Accepted, Origin::Human);
            event.more_labels = own;
            document.apply(Edit::Insert { recording, event }).unwrap();
        }
        document
    }

    #[test]
    fn every_recording_is_renamed_and_counted() {
        let document = document(&[vec![0], vec![0, 1], vec![2], vec![0, 3]]);
        let found = renaming(&document, &"Dog".into(), &"Domestic dog".into());
        assert_eq!((found.events, found.recordings), (3, 2));
        let mut after = document.clone();
        after.apply(Edit::Many { edits: found.edits }).unwrap();
        assert!(!after.label_counts().contains_key("Dog"));
        assert_eq!(after.label_counts()["Domestic dog"].all(), 3);
        let both = after.recording(RecordingId(0)).unwrap().events.values().last().unwrap();
        assert!(both.more_labels.is_empty(), "no label twice: {both:?}");
    }

    #[test]
    fn marks_of_completeness_are_renamed_too() {
        let mut document = document(&[vec![1]]);
        let labels: Vec<Arc<str>> = vec!["Dog".into(), "Cat".into()];
        let complete = CompleteSpan { span: Span::between(0.0, 9.0), labels, edited: Edited::default() };
        let recording = RecordingId(0);
        document.apply(Edit::SetCompleteSpans { recording, spans: vec![complete] }).unwrap();
        let found = renaming(&document, &"Dog".into(), &"Cat".into());
        assert_eq!((found.events, found.recordings), (0, 0));
        document.apply(Edit::Many { edits: found.edits }).unwrap();
        assert_eq!(document.recording(recording).unwrap().complete_spans[0].labels, ["Cat".into()]);
    }

    #[test]
    fn a_class_that_is_merged_leaves_its_key_to_one_without() {
        let class = |name: &str, digit| LabelClass { digit, ..LabelClass::new(name) };
        let classes = vec![class("Cat", None), class("Dog", Some(4)), class("Bird", None)];
        assert_eq!(
            renamed_classes(classes.clone(), &"Dog".into(), &"Cat".into()),
            [class("Cat", Some(4)), class("Bird", None)]
        );
        let renamed = renamed_classes(classes, &"Dog".into(), &"Wolf".into());
        assert_eq!(renamed[1], class("Wolf", Some(4)));
    }

    proptest! {
        #[test]
        fn merging_is_undone_entirely(labels in prop::collection::vec(prop::collection::vec(0_usize..4, 0..4), 0..30)) {
            let mut document = document(&labels);
            let start = document.clone();
            let mut history = History::default();
            let found = renaming(&document, &"Dog".into(), &"Cat".into());
            history.perform(&mut document, "merge", Edit::Many { edits: found.edits }, &Edited::default()).unwrap();
            prop_assert!(!document.label_counts().contains_key("Dog"));
            for (_, recording) in document.recordings() {
                for event in recording.events.values() {
                    let mut seen: Vec<&Arc<str>> = event.labels().collect();
                    seen.sort();
                    seen.dedup();
                    prop_assert_eq!(seen.len(), event.labels().count());
                }
            }
            history.undo(&mut document, &Edited::default()).unwrap().unwrap();
            prop_assert_eq!(document, start);
        }
    }

    /// Prints how long it takes in a project of 1,000,000 events: `cargo test --release --lib -- --ignored --nocapture renaming`.
    #[test]
    #[ignore = "a measurement"]
    #[expect(clippy::print_stdout, reason = "it is there to be read")]
    fn renaming_many_events_measured() {
        let labels: Vec<Vec<usize>> =
            (0..1_000_000).map(|place| vec![if place % 10 == 0 { 0 } else { 1 + place % 2 }]).collect();
        let mut document = document(&labels);
        let began = std::time::Instant::now();
        let found = renaming(&document, &"Dog".into(), &"Domestic dog".into());
        let built = began.elapsed();
        let events = found.events;
        History::default()
            .perform(&mut document, "rename", Edit::Many { edits: found.edits }, &Edited::default())
            .unwrap();
        println!("{events} of 1000000 events: {built:?} to build the edit, {:?} with applying it", began.elapsed());
    }
}
