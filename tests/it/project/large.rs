//! A project of a million events: not a test but a measurement, run for what it prints.
//! `cargo test --release --test it -- --ignored --nocapture a_million_events`
#![allow(clippy::print_stdout, reason = "it is run for what it prints")]

use earmark::annotation::{Change, Edit, Edited, Event, EventId, Fact, Origin, Proposal, RecordingId, Status};
use earmark::project::{ProjectFile, ProjectState};
use earmark::time::Span;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

const EVENTS: u64 = 1_000_000;
const RECORDINGS: u64 = 1000;

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let result = work();
    let secs = start.elapsed().as_secs_f64();
    println!("{secs:8.3} s  {what}");
    (result, secs)
}

fn million() -> ProjectState {
    let mut state = ProjectState::default();
    for number in 0..RECORDINGS {
        let id = state
            .document
            .add_recording(&PathBuf::from(format!("/audio/day {}/{number:05}.wav", number / 100)), 3600.0);
        for place in 0..EVENTS / RECORDINGS {
            let onset = place as f64 * 3.5 + 0.123;
            let span = Span::between(onset, onset + 1.7);
            let proposal = Proposal {
                model: "yamnet".into(),
                version: "1".into(),
                label: "Animal".into(),
                span,
                score: 0.73,
                parameters: "threshold 0.2 · median 7 · gap 0 s · minimum 0 s".into(),
            };
            let origin = if place % 2 == 0 { Origin::Model(Arc::new(proposal)) } else { Origin::Human };
            let label = ["Dog", "Cat", "Walk, footsteps"][place as usize % 3];
            let mut event = Event::new(state.document.new_event_id(), span, label, Status::Accepted, origin);
            event.edited = Some(Edited { by: "Ada".into(), at_ms: 1_700_000_000_000 + place as i64 });
            state.document.apply(Edit::Insert { recording: id, event }).unwrap();
        }
    }
    state
}

fn plainly(path: &Path) -> f64 {
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut statement = connection.prepare("SELECT * FROM events").unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut sum = 0.0;
    while let Some(row) = rows.next().unwrap() {
        for place in 0..20 {
            if let rusqlite::types::ValueRef::Real(number) = row.get_ref(place).unwrap() {
                sum += number;
            }
        }
    }
    sum
}

#[test]
#[ignore = "a measurement of a minute"]
fn a_million_events() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.earmark");
    let mut state = million();
    let (file, _) = timed("create with 1,000,000 events, a kept state included", || ProjectFile::create(&path, &state));
    timed("close", || file.unwrap().close().unwrap());
    println!("{:8.1} MB", std::fs::metadata(&path).unwrap().len() as f64 / 1e6);
    let (_, plain) = timed("reading the rows of events plainly", || plainly(&path));
    let (opened, open) = timed("open", || ProjectFile::open(&path).unwrap());
    println!("{:8.2} times reading plainly", open / plain);
    let (mut file, opened) = opened;
    assert!(opened == state);
    drop(opened);
    let edited = Edited { by: "Ada".into(), at_ms: 5 };
    let edits = (0..100_000_u64).map(|place| {
        let recording = RecordingId(place / 1000);
        let event = state.document.event(recording, EventId(place)).unwrap().clone();
        Edit::Replace { recording, event: Event { status: Status::Rejected, ..event } }
    });
    let edit = Edit::Many { edits: edits.collect() };
    let entry = state.history.perform(&mut state.document, "reject 100,000", edit, &edited).unwrap();
    timed("append one step of 100,000 edits", || file.append(&[Change::Step(Box::new(entry))]).unwrap());
    let step = state.history.undo(&mut state.document, &edited).unwrap().unwrap();
    timed("append its undo", || file.append(&[Change::Step(Box::new(step))]).unwrap());
    let facts = |from: u64| {
        let fact = |number: u64| {
            let path = PathBuf::from(format!("/audio/more/{number:06}.wav"));
            Change::Fact(Fact::Added { id: RecordingId(RECORDINGS + number), path })
        };
        (from..from + 50_000).map(fact).collect::<Vec<_>>()
    };
    timed("append 100,000 recordings in two transactions", || {
        file.append(&facts(0)).unwrap();
        file.append(&facts(50_000)).unwrap();
    });
    let small = Edit::SetNote { recording: RecordingId(0), note: "a note".to_owned() };
    let entry = state.history.perform(&mut state.document, "note", small, &edited).unwrap();
    timed("append one small step", || file.append(&[Change::Step(Box::new(entry))]).unwrap());
    timed("close", || file.close().unwrap());
    timed("open again", || drop(ProjectFile::open(&path).unwrap().1));
    println!("{:8.1} MB", std::fs::metadata(&path).unwrap().len() as f64 / 1e6);
}
