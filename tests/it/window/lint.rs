//! The page of findings: what is suspicious, a click to it, and fixes that are one step of undo.

use super::stage::{press_with, settings, soundscape, wait, window};
use earmark::annotation::{Document, Edit, Event, LabelClass, Origin, RecordingId, Status};
use earmark::app::{App, Inspector, Request, Target, Workbench};
use earmark::time::Span;
use eframe::egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

fn add(document: &mut Document, recording: RecordingId, span: (f64, f64), label: &str) -> Target {
    let id = document.new_event_id();
    let span = Span { onset_secs: span.0, offset_secs: span.1 };
    let event = Event::new(id, span, label, Status::Accepted, Origin::Human);
    document.apply(Edit::Insert { recording, event }).unwrap();
    Target::Event(id)
}

/// Two recordings with an overlap, another spelling, and an event past the end.
fn suspicious() -> (Document, [RecordingId; 2], Target) {
    let mut document = Document::default();
    let ids = [0, 1].map(|number| document.add_recording(&soundscape(number), 20.0));
    let classes = ["Dog bark", "Cat"].map(LabelClass::new).to_vec();
    document.apply(Edit::SetLabelClasses { classes }).unwrap();
    add(&mut document, ids[0], (1.0, 2.0), "Cat");
    add(&mut document, ids[0], (1.5, 2.5), "Cat");
    add(&mut document, ids[0], (5.0, 6.0), "dog_bark");
    let past = add(&mut document, ids[1], (18.0, 90.0), "Cat");
    (document, ids, past)
}

fn checked(harness: &mut Harness<'_, App>) {
    let is_done = |bench: &Workbench| {
        bench.linting.report.is_some() && bench.linting.of_revision == bench.revision && !bench.linting.is_at_work()
    };
    wait(harness, "the check", is_done);
}

#[test]
fn findings_are_listed_gone_to_and_fixed_in_one_step() {
    let (document, ids, past) = suspicious();
    let mut harness = window(settings(), Vec::new());
    harness.step();
    harness.state_mut().bench.document = document;
    harness.state_mut().bench.dispatch(Request::ShowRecording(ids[0]));
    wait(&mut harness, "the recording", |bench| bench.open.is_some());
    press_with(&mut harness, Modifiers::COMMAND, Key::L);
    assert_eq!(harness.state().bench.inspector, Inspector::Check);
    checked(&mut harness);
    harness.run_steps(2);
    harness.get_by_label("3 findings in 4 events");
    harness.get_by_label("Overlaps of one class, 1 found, open");

    // A click on a finding of the other recording goes there.
    let text = "Past the end of the recording: Cat: 70.000 s past the end, soundscape_001.flac 0:18.00";
    harness.get_by_label(text).click();
    harness.run_steps(2);
    wait(&mut harness, "the other recording", |bench| bench.selected == Some(past));
    assert_eq!(harness.state().bench.open.as_ref().unwrap().id, ids[1]);

    // One fix.
    let start = harness.state().bench.document.clone();
    harness.get_by_label("Fix: Cat: 70.000 s past the end, soundscape_001.flac 0:18.00").click();
    harness.run_steps(2);
    checked(&mut harness);
    let event = harness.state().bench.selected_event().unwrap();
    assert_eq!(event.span.offset_secs, 20.0);
    harness.get_by_label("2 findings in 4 events");

    // All others at once, and back.
    harness.get_by_label("Fix all safe ones (2)").click();
    harness.run_steps(2);
    checked(&mut harness);
    harness.run_steps(2);
    harness.get_by_label("Nothing suspicious in 3 events");
    let events = harness.state().bench.document.recording(ids[0]).unwrap().events_by_onset();
    let told: Vec<(&str, f64, f64)> =
        events.iter().map(|event| (&*event.label, event.span.onset_secs, event.span.offset_secs)).collect();
    assert_eq!(told, [("Cat", 1.0, 2.5), ("Dog bark", 5.0, 6.0)]);
    press_with(&mut harness, Modifiers::COMMAND, Key::Z);
    press_with(&mut harness, Modifiers::COMMAND, Key::Z);
    for id in ids {
        assert_eq!(harness.state().bench.document.recording(id), start.recording(id));
    }
    checked(&mut harness);
    harness.run_steps(2);
    harness.get_by_label("3 findings in 4 events");

    // A rule is folded away by its heading.
    harness.get_by_label("Overlaps of one class, 1 found, open").click();
    harness.run_steps(3);
    harness.get_by_label("Overlaps of one class, 1 found, closed");
    assert!(harness.query_by_label("Fix: Cat: 2 events overlap, soundscape_000.flac 0:01.00").is_none());
}
