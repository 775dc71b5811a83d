//! Very many events in one recording: the table, the filter and decisions; and, where asked for, what they cost.

#![expect(clippy::print_stdout, reason = "what is measured is printed")]

use super::stage::{press, press_with, settings, soundscape, wait, window};
use earmark::annotation::{Document, Edit, Event, Origin, RecordingId, Status};
use earmark::app::{App, Command, MarkFilter, Request, Target};
use earmark::time::Span;
use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers, MouseWheelSource, MouseWheelUnit, TouchPhase, Vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A recording of silence with events all over it, as a project has them.
fn document(paths: &[PathBuf], duration_secs: f64, per_recording: usize) -> (Document, Vec<RecordingId>) {
    let mut document = Document::default();
    let labels: Vec<Arc<str>> = ["Dog", "Cat", "Bell", "Car horn", "Speech"].map(Arc::from).to_vec();
    let mut ids = Vec::new();
    for path in paths {
        let recording = document.add_recording(path, duration_secs);
        ids.push(recording);
        for place in 0..per_recording {
            let onset = duration_secs * (place * 7919 % per_recording) as f64 / per_recording as f64;
            let span = Span::between(onset, (onset + 0.004 + 0.3 * (place % 3) as f64 * 0.1).min(duration_secs));
            let status = [Status::Predicted, Status::Accepted, Status::Predicted, Status::Uncertain][place % 4];
            let label = labels[place % labels.len()].clone();
            let event = Event::new(document.new_event_id(), span, label, status, Origin::Import);
            document.apply(Edit::Insert { recording, event }).unwrap();
        }
    }
    (document, ids)
}

/// A window on a document, its first recording in the picture.
fn window_on(document: Document, first: RecordingId) -> Harness<'static, App> {
    let mut harness = window(settings(), Vec::new());
    harness.step();
    harness.state_mut().bench.document = document;
    harness.state_mut().bench.dispatch(Request::ShowRecording(first));
    wait(&mut harness, "the recording", |bench| bench.open.as_ref().is_some_and(|open| open.tiles.progress() >= 1.0));
    harness
}

fn has(harness: &Harness<'_, App>, label: &str) -> bool {
    harness.query_by_label(label).is_some()
}

/// Turns the wheel by so many points.
fn wheel(harness: &mut Harness<'_, App>, points: f32) {
    harness.event(eframe::egui::Event::MouseWheel {
        unit: MouseWheelUnit::Point,
        delta: Vec2::new(0.0, points),
        phase: TouchPhase::Move,
        modifiers: Modifiers::NONE,
        source: MouseWheelSource::Unknown,
    });
}

/// The event in the first row of the table that is drawn.
fn first_row(harness: &Harness<'_, App>) -> String {
    let mut rows: Vec<(i64, String)> = harness
        .get_all_by_role(Role::ListItem)
        .filter_map(|node| {
            let label = node.accesskit_node().label()?;
            label.ends_with("in the table").then(|| (node.rect().top() as i64, label))
        })
        .collect();
    rows.sort();
    rows.swap_remove(0).1
}

#[test]
fn thousands_of_events_are_scrolled_filtered_and_decided_about() {
    let (document, ids) = document(&[soundscape(0)], 20.0, 30_000);
    let mut harness = window_on(document, ids[0]);
    assert!(has(&harness, "30,000 events, 15,000 undecided"));

    // The last event by keys: its row comes into view, and the ones before it are not drawn.
    let last = harness.state().bench.marks.at(29_999).unwrap().clone();
    harness.state_mut().bench.dispatch(Request::SelectAndReveal(last.target));
    harness.run_steps(3);
    assert!(has(&harness, &format!("{} in the table", last.spoken())));
    let before = harness.state().bench.marks.at(29_998).unwrap().clone();
    press(&mut harness, Key::K);
    assert_eq!(harness.state().bench.selected, Some(before.target));
    assert!(harness.get_all_by_role(Role::ListItem).count() < 100);

    // The wheel scrolls by rows exactly, also far down.
    // (Notices lie over the lower rows.)
    let top = first_row(&harness);
    let at = harness.get_by_label(&top).rect().center() + Vec2::new(0.0, 60.0);
    harness.hover_at(at);
    harness.step();
    wheel(&mut harness, 280.0);
    harness.run_steps(30);
    assert_ne!(first_row(&harness), top);

    // A filter by words, and the way back.
    harness.get_by_label("Filter by label or comment").click();
    harness.run_steps(2);
    harness.get_by_label("Filter by label or comment").type_text("car HORN");
    harness.run_steps(3);
    assert!(has(&harness, "6,000 of 30,000 shown"));
    assert!(harness.state().bench.shown_marks().all(|mark| &*mark.label == "Car horn"));
    press(&mut harness, Key::Escape);
    harness.get_by_label("Show all").click();
    harness.run_steps(3);
    assert!(has(&harness, "30,000 events, 15,000 undecided"));
    assert!(harness.state().bench.filter.is_open());

    // Chips: undecided ones only, and J goes to shown ones only.
    harness.get_by_label("Filter events").click();
    harness.run_steps(3);
    for state in ["accepted", "corrected", "uncertain"] {
        harness.get_by_label(&format!("Hide {state} events")).click();
        harness.run_steps(3);
    }
    assert!(has(&harness, "15,000 of 30,000 shown"));
    let first = harness.state().bench.marks.shown_at(0).unwrap().target;
    harness.state_mut().bench.dispatch(Request::SelectAndReveal(first));
    harness.run_steps(2);
    press(&mut harness, Key::J);
    let second = harness.state().bench.marks.shown_at(1).unwrap().target;
    assert_eq!(harness.state().bench.selected, Some(second));

    // A decision takes the event out of what is shown, undo brings it back.
    press(&mut harness, Key::A);
    assert!(has(&harness, "14,999 of 30,000 shown"));
    press_with(&mut harness, Modifiers::COMMAND, Key::Z);
    assert!(has(&harness, "15,000 of 30,000 shown"));
}

#[test]
fn a_filter_is_kept_in_the_project() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("filtered.earmark");
    let (document, ids) = document(&[soundscape(0)], 20.0, 40);
    let mut harness = window_on(document, ids[0]);
    let filter = MarkFilter { hidden_states: [Status::Uncertain].into(), text: "bell".into(), ..MarkFilter::default() };
    harness.state_mut().bench.dispatch(Request::SetFilter(filter.clone()));
    harness.run_steps(2);
    let shown = harness.state().bench.marks.shown_len();
    harness.state_mut().bench.dispatch(Request::SaveProjectTo(path.clone()));
    wait(&mut harness, "the saved project", |bench| bench.project_path.is_some());
    drop(harness);
    let mut harness = window(settings(), vec![path]);
    wait(&mut harness, "the project", |bench| bench.open.is_some());
    assert_eq!(harness.state().bench.filter, filter);
    assert_eq!(harness.state().bench.marks.shown_len(), shown);
    assert_eq!(harness.get_by_label("Filter by label or comment").value().as_deref(), Some("bell"));
}

/// A recording of silence, as sparse a file as the file system allows.
pub fn silence(path: &Path, secs: u32) {
    const RATE: u32 = 4000;
    let mut bytes = Vec::from(*b"RIFF");
    bytes.extend((36 + secs * RATE * 2).to_le_bytes());
    bytes.extend(*b"WAVEfmt ");
    bytes.extend(16_u32.to_le_bytes());
    bytes.extend([1, 0, 1, 0]);
    bytes.extend(RATE.to_le_bytes());
    bytes.extend((RATE * 2).to_le_bytes());
    bytes.extend([2, 0, 16, 0]);
    bytes.extend(*b"data");
    bytes.extend((secs * RATE * 2).to_le_bytes());
    std::fs::write(path, &bytes).unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(bytes.len() as u64 + u64::from(secs * RATE * 2)).unwrap();
}

fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    status.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or_default() * 4096
}

/// The median, and the longest, of what is measured so often.
fn timed(times: usize, mut step: impl FnMut(usize)) -> (Duration, Duration) {
    let mut all: Vec<Duration> = (0..times)
        .map(|place| {
            let began = Instant::now();
            step(place);
            began.elapsed()
        })
        .collect();
    all.sort();
    (all[times / 2], all[times - 1])
}

/// Frames of the window without drawing by the graphics device, with so many events.
fn frames(harness: &mut Harness<'_, App>, what: &str) {
    let width = harness.state().bench.open.as_ref().unwrap().viewport.span().duration_secs();
    let (median, most) = timed(60, |_| {
        harness.state_mut().bench.dispatch(Request::Pan(0.01 * width));
        harness.step();
    });
    println!("  pan, {what}: {median:.1?} a frame, at most {most:.1?}");
    let table = harness.get_by_label("Events: scroll bar").rect().left_center() - Vec2::new(60.0, 0.0);
    harness.hover_at(table);
    harness.step();
    let (median, most) = timed(60, |_| {
        wheel(harness, -400.0);
        harness.step();
    });
    println!("  scroll the table, {what}: {median:.1?} a frame, at most {most:.1?}");
}

#[test]
#[ignore = "measures; needs minutes and a gigabyte"]
fn what_a_million_events_cost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hour.wav");
    silence(&path, 3600);
    for count in [100, 100_000, 1_000_000] {
        let before = resident_bytes();
        let (document, ids) = document(std::slice::from_ref(&path), 3600.0, count);
        let of_document = resident_bytes().saturating_sub(before);
        let mut harness = window_on(document, ids[0]);
        let of_all = resident_bytes().saturating_sub(before);
        println!("{count} events in one recording of an hour:");
        println!("  memory: {} bytes an event for the document, {} for all", of_document / count, of_all / count);
        let marks: Vec<_> = harness.state().bench.marks.iter().cloned().collect();
        let (median, _) = timed(3, |_| drop(earmark::app::MarkList::new(marks.clone())));
        println!("  list made anew: {median:.1?}");
        drop(marks);
        harness.state_mut().bench.dispatch(Request::Do(Command::FitAll));
        harness.run_steps(3);
        if count > 1000 {
            frames(&mut harness, "the whole hour in view");
        }
        harness.state_mut().bench.dispatch(Request::ShowSpan(Span::between(1000.0, 1010.0)));
        harness.run_steps(3);
        if count > 1000 {
            frames(&mut harness, "10 s in view");
        }
        let first = harness.state().bench.marks.at(count / 2).unwrap().target;
        harness.state_mut().bench.dispatch(Request::SelectAndReveal(first));
        let (median, most) = timed(60, |_| {
            harness.state_mut().bench.dispatch(Request::Do(Command::NextUndecided));
            harness.state_mut().bench.dispatch(Request::Do(Command::Accept));
        });
        println!("  next undecided and a decision: {median:.1?}, at most {most:.1?}");
        let (median, most) = timed(60, |_| {
            harness.state_mut().bench.dispatch(Request::Do(Command::NextUndecided));
            harness.key_press(Key::A);
            harness.step();
        });
        println!("  from the key to the frame with it: {median:.1?}, at most {most:.1?}");
        let (median, _) = timed(60, |_| harness.state_mut().bench.dispatch(Request::Do(Command::Undo)));
        println!("  undo: {median:.1?}");
        let (median, _) = timed(3, |_| harness.state_mut().bench.dispatch(Request::Do(Command::SelectAll)));
        println!("  select all: {median:.1?}");
        frames(&mut harness, "10 s in view, all selected");
        let (decided, _) = timed(1, |_| harness.state_mut().bench.dispatch(Request::Do(Command::Uncertain)));
        let (undone, _) = timed(1, |_| harness.state_mut().bench.dispatch(Request::Do(Command::Undo)));
        println!("  all put aside in one step: {decided:.1?}, undone: {undone:.1?}");
        let words = |text: &str| Request::SetFilter(MarkFilter { text: text.into(), ..MarkFilter::default() });
        let (median, _) = timed(4, |place| {
            harness.state_mut().bench.dispatch(words(["dog", "bell", "horn", ""][place]));
        });
        println!("  another filter: {median:.1?}");
        let began = Instant::now();
        harness.state_mut().bench.dispatch(Request::Do(Command::CheckLabels));
        let mut longest = Duration::ZERO;
        while harness.state().bench.linting.report.is_none() {
            let frame = Instant::now();
            harness.step();
            longest = longest.max(frame.elapsed());
        }
        let findings = harness.state().bench.linting.report.as_ref().map_or(0, |report| report.len());
        println!("  labels checked in {:.1?}, {findings} findings, longest frame {longest:.1?}", began.elapsed());
    }
}

#[test]
#[ignore = "measures; needs minutes and a gigabyte"]
fn what_a_million_events_in_a_thousand_recordings_cost() {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = (0..1000).map(|place| folder.path().join(format!("{place:04}.wav"))).collect();
    paths.iter().for_each(|path| silence(path, 20));
    let (document, ids) = document(&paths, 20.0, 1000);
    let mut harness = window_on(document, ids[0]);
    println!("1000 events in each of 1000 recordings:");
    let (median, most) = timed(20, |place| {
        harness.state_mut().bench.dispatch(Request::ShowRecording(ids[place + 1]));
        wait(&mut harness, "the recording", |bench| bench.open.as_ref().is_some_and(|open| open.id == ids[place + 1]));
    });
    println!("  another recording: {median:.1?}, at most {most:.1?}");
    let (median, most) = timed(60, |_| {
        harness.state_mut().bench.dispatch(Request::Do(Command::NextUndecided));
        harness.key_press(Key::A);
        harness.step();
    });
    println!("  from the key to the frame with it: {median:.1?}, at most {most:.1?}");
    frames(&mut harness, "20 s in view");
    let target = harness.state().bench.marks.at(0).unwrap().target;
    assert!(matches!(target, Target::Event(_)));
}
