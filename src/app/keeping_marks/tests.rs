//! Marks that follow single edits against marks that are made anew.

use super::*;
use crate::annotation::{Document, Edited, History, Origin, Proposal};
use crate::app::Settings;
use crate::app::marks::marks;
use crate::decision::Prediction;
use crate::time::Span;
use proptest::prelude::*;
use std::path::Path;

const LABELS: [&str; 3] = ["Dog", "Cat", "Bell"];

fn classes() -> Vec<Arc<str>> {
    LABELS.iter().map(|label| (*label).into()).collect()
}

fn predictions() -> Vec<Prediction> {
    let of_class = |class: usize| {
        (0..12_u32).map(move |place| {
            let onset = f64::from(place) * 2.0 + class as f64 * 0.25;
            Prediction { class, span: Span::between(onset, onset + 1.5), score: 0.5 }
        })
    };
    (0..3).flat_map(of_class).collect()
}

/// Predictions that are open by the definition: no event speaks about them.
fn open_plainly(document: &Document, recording: RecordingId) -> Vec<Mark> {
    let events = &document.recording(recording).unwrap().events;
    let about = |a: Span, b: Span| {
        let shorter = a.duration_secs().min(b.duration_secs());
        a.overlap_secs(b) >= 0.5 * shorter && a.onset_secs <= b.offset_secs && b.onset_secs <= a.offset_secs
    };
    let all = predictions();
    let is_open = |prediction: &Prediction| {
        !events.values().any(|event| {
            let label = LABELS[prediction.class];
            let proposed = event
                .origin
                .proposal()
                .is_some_and(|proposal| &*proposal.label == label && about(proposal.span, prediction.span));
            proposed || (event.has_label(label) && about(event.span, prediction.span))
        })
    };
    let open = (0..all.len()).filter(|&place| is_open(&all[place]));
    open.filter_map(|place| predicted_mark(&all, &classes(), place)).collect()
}

fn event(id: u64, onset: f64, length: f64, label: usize, kind: u8) -> Event {
    let span = Span::between(onset, onset + length);
    let proposal = Proposal {
        model: "m".into(),
        version: "1".into(),
        label: LABELS[(label + usize::from(kind / 3)) % 3].into(),
        span: Span::between(onset + f64::from(kind % 3), onset + f64::from(kind % 3) + 1.0),
        score: 0.7,
        parameters: "".into(),
    };
    let origin = if kind == 0 { Origin::Human } else { Origin::Model(Arc::new(proposal)) };
    let mut event = Event::new(EventId(id), span, LABELS[label], Status::ALL[usize::from(kind) % 5], origin);
    if kind == 5 {
        event.more_labels = vec![LABELS[(label + 1) % 3].into()];
    }
    event
}

/// A workbench whose marks are those of a recording, without a window or a sound file.
struct Desk {
    bench: Workbench,
    history: History,
    recording: RecordingId,
}

impl Desk {
    fn new() -> Self {
        let mut bench = Workbench::new(Settings::default(), Arc::new(|| ()));
        let recording = bench.document.add_recording(Path::new("a.wav"), 60.0);
        bench.predictions = predictions();
        let (all, answers) = marks(bench.document.recording(recording).unwrap(), &bench.predictions, &classes());
        bench.answers = answers;
        bench.marks.set_all(all);
        Self { bench, history: History::default(), recording }
    }

    /// What `changed_by` does with the marks, for a recording that is not in a picture.
    fn follow(&mut self, entry: &LogEntry) {
        let mut before = BTreeMap::new();
        assert!(events_before(&entry.inverse, self.recording, &mut before, usize::MAX));
        self.bench.replace_event_marks(&classes(), self.recording, before);
    }

    fn assert_is_as_made_anew(&self) {
        let recording = self.bench.document.recording(self.recording).unwrap();
        let mut plain: Vec<Mark> = recording.events.values().map(Mark::of_event).collect();
        plain.extend(open_plainly(&self.bench.document, self.recording));
        let mut anew = crate::app::MarkList::new(plain);
        anew.sift(self.bench.marks.sieve().clone());
        assert_eq!(self.bench.marks, anew);
        let (all, _) = marks(recording, &self.bench.predictions, &classes());
        let mut at_once = crate::app::MarkList::new(all);
        at_once.sift(self.bench.marks.sieve().clone());
        assert_eq!(at_once, anew);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn marks_that_follow_are_those_that_are_made_anew(
        steps in prop::collection::vec((0_u8..7, 0_u64..8, 0_u32..26, 0_u32..5, 0_usize..3, 0_u8..7), 1..40),
        is_sifted: bool,
    ) {
        let mut desk = Desk::new();
        if is_sifted {
            desk.bench.settings.show_rejected = false;
            desk.bench.sift();
        }
        let edited = Edited::default();
        for (what, id, onset, length, label, kind) in steps {
            let recording = desk.recording;
            let event = |id| event(id, f64::from(onset), f64::from(length) * 0.5, label, kind);
            let edit = match what {
                0 | 1 => Edit::Insert { recording, event: event(id) },
                2 => Edit::Remove { recording, id: EventId(id) },
                3 => Edit::Replace { recording, event: event(id) },
                4 => Edit::Many {
                    edits: vec![
                        Edit::Insert { recording, event: event(id + 20) },
                        Edit::Replace { recording, event: event(id + 20) },
                        Edit::Many { edits: vec![Edit::Remove { recording, id: EventId(id + 20) }, Edit::Insert { recording, event: event(id + 40) }] },
                    ],
                },
                5 => {
                    if let Some(Ok(entry)) = desk.history.undo(&mut desk.bench.document, &edited) {
                        desk.follow(&entry);
                    }
                    desk.assert_is_as_made_anew();
                    continue;
                }
                _ => {
                    if let Some(Ok(entry)) = desk.history.redo(&mut desk.bench.document, &edited) {
                        desk.follow(&entry);
                    }
                    desk.assert_is_as_made_anew();
                    continue;
                }
            };
            if let Ok(entry) = desk.history.perform(&mut desk.bench.document, "step", edit, &edited) {
                desk.follow(&entry);
            }
            desk.assert_is_as_made_anew();
        }
        while let Some(Ok(entry)) = desk.history.undo(&mut desk.bench.document, &edited) {
            desk.follow(&entry);
        }
        desk.assert_is_as_made_anew();
        prop_assert_eq!(desk.bench.marks.len(), predictions().len());
    }
}
