//! Each rule finds what it is about and nothing else, and its fix leaves nothing to find.

use super::*;
use crate::annotation::{Band, Edit, Edited, Event, History, LabelClass, Origin, Proposal, Status};
use crate::time::Span;
use proptest::prelude::*;
use std::path::Path;

struct Draft {
    document: Document,
    recording: RecordingId,
}

impl Draft {
    fn new() -> Self {
        let mut document = Document::default();
        let recording = document.add_recording(Path::new("a.wav"), 100.0);
        Self { document, recording }
    }

    fn add(&mut self, onset_secs: f64, offset_secs: f64, label: &str) -> EventId {
        self.add_with(onset_secs, offset_secs, label, |_| ())
    }

    fn add_with(&mut self, onset_secs: f64, offset_secs: f64, label: &str, more: impl FnOnce(&mut Event)) -> EventId {
        let id = self.document.new_event_id();
        let mut event = Event::new(id, Span { onset_secs, offset_secs }, label, Status::Accepted, Origin::Human);
        more(&mut event);
        self.document.apply(Edit::Insert { recording: self.recording, event }).unwrap();
        id
    }

    fn classes(&mut self, names: &[&str]) {
        let classes = names.iter().map(|name| LabelClass::new(*name)).collect();
        self.document.apply(Edit::SetLabelClasses { classes }).unwrap();
    }

    fn check(&self) -> Report {
        check_document(&self.document, [(self.recording, 8000.0)].into())
    }

    fn found(&self, rule: RuleKind) -> Vec<Finding> {
        self.check().findings[rule as usize].clone()
    }

    fn texts(&self, rule: RuleKind) -> Vec<String> {
        self.found(rule).iter().map(|finding| finding.text(&self.document)).collect()
    }

    /// Puts everything right that can be, in one step.
    fn fix_all(&mut self) -> usize {
        let report = self.check();
        let mut fixes = Fixes::new(&self.document);
        let fixed = report.iter().filter(|finding| fixes.add(finding)).count();
        if let Some(edit) = fixes.into_edit() {
            self.document.apply(edit).unwrap();
        }
        fixed
    }

    fn events(&self) -> Vec<&Event> {
        self.document.recording(self.recording).unwrap().events_by_onset()
    }
}

fn proposed(onset_secs: f64, offset_secs: f64, label: &str) -> Origin {
    Origin::Model(Arc::new(Proposal {
        model: "m".into(),
        version: "1".into(),
        label: label.into(),
        span: Span { onset_secs, offset_secs },
        score: 0.5,
        parameters: "".into(),
    }))
}

#[test]
fn the_table_is_in_the_order_of_its_kinds() {
    for (place, rule) in RULES.iter().enumerate() {
        assert_eq!(rule.kind as usize, place, "{}", rule.name);
        assert!(rule.why.ends_with('.') && !rule.title.ends_with('.'));
    }
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    let mut draft = Draft::new();
    for place in 0..50 {
        draft.add(f64::from(place) * 2.0, f64::from(place) * 2.0 + 1.5, if place % 2 == 0 { "Dog" } else { "Cat" });
    }
    draft.add_with(3.0, 3.0, "Dog", |event| event.is_point = true);
    assert_eq!(draft.check().len(), 0, "{:?}", draft.check());
    assert_eq!(draft.check().event_count, 51);
    assert_eq!(draft.fix_all(), 0);
}

#[test]
fn regions_without_length_become_points_or_are_turned_round() {
    let mut draft = Draft::new();
    draft.add(3.0, 3.0, "Dog");
    draft.add(7.0, 6.0, "Dog");
    draft.add(f64::NAN, 6.0, "Dog");
    assert_eq!(draft.found(RuleKind::NoLength).iter().filter(|finding| finding.is_fixable).count(), 2);
    assert_eq!(draft.fix_all(), 2);
    let events = draft.events();
    assert!(events[0].is_point && events[0].span == Span::between(3.0, 3.0));
    assert_eq!(events[1].span, Span::between(6.0, 7.0));
    assert_eq!(draft.found(RuleKind::NoLength).len(), 1);
}

#[test]
fn what_reaches_past_the_end_is_cut_and_what_lies_behind_it_is_left() {
    let mut draft = Draft::new();
    draft.add(99.0, 100.0005, "Dog");
    draft.add(98.0, 101.0, "Cat");
    draft.add(100.5, 101.0, "Bell");
    assert_eq!(draft.texts(RuleKind::PastEnd), ["Cat: 1.000 s past the end", "Bell: wholly behind the end"]);
    assert_eq!(draft.fix_all(), 1);
    assert_eq!(draft.events()[0].span, Span::between(98.0, 100.0));
    assert_eq!(draft.texts(RuleKind::PastEnd), ["Bell: wholly behind the end"]);
}

#[test]
fn overlaps_are_those_of_one_class_and_shared_frequencies() {
    let mut draft = Draft::new();
    let band = |low_hz, high_hz| {
        move |event: &mut Event| {
            event.band = Some(Band { low_hz, high_hz });
        }
    };
    draft.add(1.0, 3.0, "Dog");
    draft.add(2.0, 4.0, "Cat");
    draft.add(3.0, 4.0, "Dog");
    draft.add_with(20.0, 22.0, "Bat", band(1000.0, 2000.0));
    draft.add_with(21.0, 23.0, "Bat", band(3000.0, 4000.0));
    assert!(draft.found(RuleKind::Overlap).is_empty());
    let first = draft.add_with(3.5, 5.0, "Dog", |event| event.comment = "far".to_owned());
    draft.add_with(4.5, 6.0, "Dog", |event| event.status = Status::Rejected);
    let kept = draft.add_with(21.5, 24.0, "Bat", band(1500.0, 1600.0));
    let found = draft.found(RuleKind::Overlap);
    assert_eq!(draft.texts(RuleKind::Overlap), ["Dog: 2 events overlap", "Bat: 2 events overlap"]);
    assert!(found[0].events.contains(&first) && found[1].events.contains(&kept));
    assert_eq!(draft.fix_all(), 2);
    let dog = draft.events().into_iter().find(|event| event.span.onset_secs == 3.0).unwrap();
    assert_eq!((dog.span.offset_secs, dog.comment.as_str()), (5.0, "far"));
    let bat = draft.events().into_iter().find(|event| event.span.onset_secs == 20.0).unwrap();
    assert_eq!((bat.span.offset_secs, bat.band), (24.0, Some(Band { low_hz: 1000.0, high_hz: 2000.0 })));
    assert!(draft.found(RuleKind::Overlap).is_empty());
}

#[test]
fn of_duplicates_the_one_that_says_more_stays() {
    let mut draft = Draft::new();
    draft.add(1.0, 2.0, "Dog");
    let kept = draft.add_with(1.0, 2.0, "Dog", |event| event.comment = "near".to_owned());
    draft.add(1.0, 2.0, "Dog");
    draft.add(1.0, 2.0, "Cat");
    draft.add_with(1.0, 2.0, "Dog", |event| event.status = Status::Rejected);
    assert_eq!(draft.texts(RuleKind::Duplicate), ["Dog: 3 times the same"]);
    assert!(draft.found(RuleKind::Overlap).is_empty());
    assert_eq!(draft.fix_all(), 1);
    let left: Vec<EventId> =
        draft.events().iter().filter(|event| event.status.is_label()).map(|event| event.id).collect();
    assert!(left.len() == 2 && left.contains(&kept));
    draft.add_with(1.0, 2.0, "Dog", |event| event.comment = "loud".to_owned());
    assert!(!draft.found(RuleKind::Duplicate)[0].is_fixable, "both comments would be missed");
}

#[test]
fn unknown_labels_are_told_and_other_spellings_put_right() {
    let mut draft = Draft::new();
    draft.classes(&["Dog bark", "Cat"]);
    draft.add(1.0, 2.0, "dog_bark");
    draft.add(3.0, 4.0, "Cst");
    draft.add(5.0, 6.0, "Zebra");
    draft.add_with(7.0, 8.0, "Cat", |event| event.more_labels = vec!["CAT".into(), "DOG-BARK".into()]);
    let texts = draft.texts(RuleKind::UnknownLabel);
    assert_eq!(
        texts,
        [
            "\"dog_bark\" is \"Dog bark\" in another spelling",
            "\"Cst\" is not known; perhaps \"Cat\"",
            "\"Zebra\" is not known",
            "\"CAT\" is \"Cat\" in another spelling",
            "\"DOG-BARK\" is \"Dog bark\" in another spelling",
        ]
    );
    assert_eq!(draft.fix_all(), 3);
    let labels: Vec<Vec<&str>> =
        draft.events().iter().map(|event| event.labels().map(|label| &**label).collect()).collect();
    assert_eq!(labels, [vec!["Dog bark"], vec!["Cst"], vec!["Zebra"], vec!["Cat", "Dog bark"]]);
}

#[test]
fn without_classes_the_spelling_of_the_most_events_is_right() {
    let mut draft = Draft::new();
    for place in 0..5 {
        let label = if place == 2 { "dog" } else { "Dog" };
        draft.add(f64::from(place) * 2.0, f64::from(place) * 2.0 + 1.0, label);
    }
    draft.add(30.0, 31.0, "Whatever");
    assert_eq!(draft.texts(RuleKind::UnknownLabel), ["\"dog\" is \"Dog\" in another spelling"]);
    assert_eq!(draft.fix_all(), 1);
    assert!(draft.check().is_empty());
}

#[test]
fn stray_spaces_go_in_one_step_with_everything_else() {
    let mut draft = Draft::new();
    draft.classes(&["Dog"]);
    draft.add(1.0, 1.0, " Dog ");
    draft.add(99.0, 120.0, "dog");
    draft.add_with(50.0, 51.0, "Dog", |event| event.band = Some(Band { low_hz: 9000.0, high_hz: 100.0 }));
    draft.add(98.0, 99.5, "Dog  ");
    draft.fix_all();
    while draft.fix_all() > 0 {}
    assert!(draft.check().is_empty(), "{:?}", draft.check());
    let events = draft.events();
    assert!(events.iter().all(|event| &*event.label == "Dog"));
    assert!(events[0].is_point);
    assert_eq!(events[1].band, Some(Band { low_hz: 100.0, high_hz: 8000.0 }));
    assert_eq!(events[2].span, Span::between(98.0, 100.0), "two spellings of one class were one sound");
}

#[test]
fn what_is_marked_complete_is_renamed_with_the_events() {
    let mut draft = Draft::new();
    let recording = draft.recording;
    draft.classes(&["Cat", "Dog"]);
    draft.add(1.0, 2.0, "dog");
    draft.add(3.0, 4.0, " Cat");
    let complete = super::super::CompleteSpan {
        span: Span::between(0.0, 10.0),
        labels: vec![" Cat".into(), "Dog".into(), "dog".into()],
        edited: Edited::default(),
    };
    draft.document.apply(Edit::SetCompleteSpans { recording, spans: vec![complete] }).unwrap();
    assert!(draft.fix_all() > 0);
    let spans = &draft.document.recording(recording).unwrap().complete_spans;
    assert_eq!(spans[0].labels, ["Cat".into(), "Dog".into()]);
}

#[test]
fn durations_far_from_the_usual_are_told() {
    let mut draft = Draft::new();
    for place in 0..30 {
        draft.add(f64::from(place) * 2.0, f64::from(place) * 2.0 + 0.8 + f64::from(place % 5) * 0.1, "Dog");
    }
    draft.add(70.0, 90.0, "Dog");
    draft.add(95.0, 95.05, "Dog");
    draft.add(96.0, 96.015, "Cat");
    draft.add(97.0, 97.05, "Cat");
    assert_eq!(
        draft.texts(RuleKind::Duration),
        ["Dog: 20.00 s, usual are 1.00 s", "Dog: 50 ms, usual are 1.00 s", "Cat: 15 ms"]
    );
}

#[test]
fn edges_that_nobody_moved_are_hints() {
    let mut draft = Draft::new();
    draft.add_with(1.0, 2.0, "Dog", |event| event.origin = proposed(1.0, 2.0, "Dog"));
    draft.add_with(3.0, 4.1, "Dog", |event| {
        event.origin = proposed(3.0, 4.0, "Dog");
        event.status = Status::Corrected;
    });
    draft.add(5.0, 6.0, "Dog");
    assert_eq!(draft.found(RuleKind::ModelEdges).len(), 1);
    assert_eq!(RuleKind::ModelEdges.rule().severity, Severity::Hint);
}

#[test]
fn undecided_events_where_all_is_complete_are_told() {
    let mut draft = Draft::new();
    let recording = draft.recording;
    for onset in [1.0, 5.0, 50.0] {
        draft.add_with(onset, onset + 1.0, "Dog", |event| event.status = Status::Predicted);
    }
    assert!(draft.found(RuleKind::Undecided).is_empty());
    let complete = super::super::CompleteSpan {
        span: Span::between(0.0, 10.0),
        labels: vec!["Dog".into()],
        edited: Edited::default(),
    };
    draft.document.apply(Edit::SetCompleteSpans { recording, spans: vec![complete] }).unwrap();
    assert_eq!(draft.texts(RuleKind::Undecided), ["2 undecided, Dog first"]);
    draft.document.apply(Edit::SetComplete { recording, is_complete: true }).unwrap();
    assert_eq!(draft.texts(RuleKind::Undecided), ["3 undecided, Dog first"]);
}

#[test]
fn frequencies_are_held_against_the_sample_rate() {
    let mut draft = Draft::new();
    for (place, (low_hz, high_hz)) in
        [(100.0, 200.0), (300.0, 200.0), (7000.0, 9000.0), (8500.0, 9000.0)].into_iter().enumerate()
    {
        draft.add_with(place as f64 * 2.0, place as f64 * 2.0 + 1.0, "Dog", |event| {
            event.band = Some(Band { low_hz, high_hz });
        });
    }
    assert_eq!(
        draft.found(RuleKind::Frequencies).iter().map(|finding| finding.is_fixable).collect::<Vec<_>>(),
        [true, true, false]
    );
    assert_eq!(draft.fix_all(), 2);
    let bands: Vec<(f64, f64)> =
        draft.events().iter().map(|event| event.band.map(|band| (band.low_hz, band.high_hz)).unwrap()).collect();
    assert_eq!(bands, [(100.0, 200.0), (200.0, 300.0), (7000.0, 8000.0), (8500.0, 9000.0)]);
}

proptest! {
    #[test]
    fn fixes_come_to_an_end_and_are_undone_by_one_step(
        events in prop::collection::vec((0_u8..40, -3_i8..20, 0_usize..5, 0_u8..6, any::<bool>()), 0..40),
        has_classes: bool,
    ) {
        let mut draft = Draft::new();
        if has_classes {
            draft.classes(&["Dog", "Cat"]);
        }
        for (onset, length, label, kind, is_point) in events {
            let onset = f64::from(onset) * 2.6;
            let label = ["Dog", "dog ", "Cat", "_CAT", "Zebra"][label];
            draft.add_with(onset, onset + f64::from(length) * 0.25, label, |event| {
                event.is_point = is_point && kind == 0;
                event.status = Status::ALL[usize::from(kind) % 5];
                event.band = (kind == 5).then_some(Band { low_hz: f64::from(length) * 900.0, high_hz: 4000.0 });
                if kind == 3 {
                    event.origin = proposed(onset, onset + 1.0, "Dog");
                }
            });
        }
        let start = draft.document.clone();
        let mut history = History::default();
        let mut steps = 0;
        loop {
            let report = draft.check();
            let mut fixes = Fixes::new(&draft.document);
            let fixed = report.iter().filter(|finding| fixes.add(finding)).count();
            let Some(edit) = fixes.into_edit() else {
                prop_assert_eq!(fixed, 0);
                break;
            };
            prop_assert!(fixed > 0);
            history.perform(&mut draft.document, "fix", edit, &Edited::default()).unwrap();
            steps += 1;
            prop_assert!(steps < 20, "fixes go in circles");
        }
        prop_assert_eq!(draft.check().fixable_count(), 0);
        while let Some(step) = history.undo(&mut draft.document, &Edited::default()) {
            step.unwrap();
        }
        prop_assert_eq!(draft.document.recording(draft.recording), start.recording(draft.recording));
    }

    #[test]
    fn a_snapshot_in_pieces_is_the_one_at_once(counts in prop::collection::vec(0_usize..7, 0..6), most in 1_usize..5) {
        let mut document = Document::default();
        for (place, count) in counts.into_iter().enumerate() {
            let recording = document.add_recording(Path::new(&format!("{place}.wav")), 9.0);
            for _ in 0..count {
                let event = Event::new(document.new_event_id(), Span::between(1.0, 2.0), "Dog", Status::Accepted, Origin::Human);
                document.apply(Edit::Insert { recording, event }).unwrap();
            }
        }
        let mut gathering = Gathering::new(BTreeMap::new());
        while !gathering.advance(&document, most) {}
        let report = check(&gathering.finish(), &known_labels(&document));
        prop_assert_eq!(report, check_document(&document, BTreeMap::new()));
    }
}
