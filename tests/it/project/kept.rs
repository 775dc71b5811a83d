//! What was kept is there again: any sequence of changes, reopened at any point, undone entirely and done again.

use super::random::{Annotator, beginning};
use earmark::annotation::{Change, Edit, Edited, Event, History, HistoryEntry, Origin, RecordingId, Status};
use earmark::project::{self, ProjectFile, ProjectState, STEPS_READ_FIRST, Side};
use earmark::time::Span;
use proptest::prelude::*;
use std::path::Path;

fn edited() -> Edited {
    Edited { by: "Ada".into(), at_ms: 5 }
}

/// Fails with whatever is wrong with a file.
pub fn assert_sound(path: &Path) {
    let report = project::check(path).unwrap();
    assert!(report.problems.is_empty(), "{report:?}");
}

/// Takes back, or does again, all there is, and tells the file of it.
fn step_all(file: &mut ProjectFile, state: &mut ProjectState, side: Side) {
    loop {
        let ProjectState { document, history, .. } = state;
        let step = match side {
            Side::Undo => history.undo(document, &edited()),
            Side::Redo => history.redo(document, &edited()),
        };
        let Some(step) = step else { return };
        file.append(&[Change::Step(Box::new(step.unwrap()))]).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_sequence_is_kept_wherever_it_is_reopened(
        seed in any::<u64>(),
        stretches in prop::collection::vec((0_usize..25, any::<bool>()), 1..5),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("set.earmark");
        let start = beginning(seed);
        let mut file = ProjectFile::create(&path, &start).unwrap();
        let mut annotator = Annotator::new(&start, seed ^ 1);
        for (count, at_once) in stretches {
            let changes: Vec<Vec<Change>> = (0..count).map(|_| annotator.act()).collect();
            if at_once {
                file.append(&changes.concat()).unwrap();
            } else {
                changes.iter().for_each(|changes| file.append(changes).unwrap());
            }
            file.close().unwrap();
            assert_sound(&path);
            let (opened, state) = ProjectFile::open(&path).unwrap();
            let mut expected = annotator.state();
            expected.document = with_next_event(expected.document, &state);
            prop_assert_eq!(&state, &expected);
            annotator = Annotator::new(&state, seed ^ count as u64);
            file = opened;
        }
    }

    #[test]
    fn undo_all_is_the_start_and_redo_all_the_end_also_across_restarts(seed in any::<u64>(), count in 0_usize..40) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("set.earmark");
        let mut start = beginning(seed);
        start.history = History::default();
        let mut file = ProjectFile::create(&path, &start).unwrap();
        let mut annotator = Annotator::new(&start, seed ^ 1);
        // What is said about a recording that was taken out cannot come back.
        annotator.removes_recordings = false;
        for _ in 0..count {
            file.append(&annotator.act()).unwrap();
        }
        let said = |state: &ProjectState| {
            let recordings = state.document.recordings();
            let said: Vec<_> = recordings
                .map(|(id, recording)| {
                    (id, recording.events.clone(), recording.note.clone(), recording.is_complete,
                     recording.complete_spans.clone())
                })
                .filter(|(_, events, note, is_complete, spans)| {
                    !events.is_empty() || !note.is_empty() || *is_complete || !spans.is_empty()
                })
                .collect();
            (said, state.document.label_classes().to_vec())
        };
        drop(file);
        let (mut file, mut end) = ProjectFile::open(&path).unwrap();
        step_all(&mut file, &mut end, Side::Redo);
        let at_end = said(&end);
        step_all(&mut file, &mut end, Side::Undo);
        file.close().unwrap();
        let (mut file, mut state) = ProjectFile::open(&path).unwrap();
        prop_assert_eq!(said(&state), said(&start));
        prop_assert_eq!(state.history.undo_count(), 0);
        step_all(&mut file, &mut state, Side::Redo);
        drop(file);
        let (file, state) = ProjectFile::open(&path).unwrap();
        // Undo and redo write events as they were, with who changed them first.
        prop_assert_eq!(said(&state), at_end);
        drop(file);
        assert_sound(&path);
    }
}

/// The same document as the file knows it: names that were given but never used are given again.
fn with_next_event(document: earmark::annotation::Document, opened: &ProjectState) -> earmark::annotation::Document {
    let mut parts = earmark::annotation::DocumentParts::from(document);
    assert!(opened.document.next_event_id().0 <= parts.next_event);
    parts.next_event = opened.document.next_event_id().0;
    parts.into()
}

#[test]
fn a_long_history_is_read_in_parts_and_undone_entirely() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.earmark");
    let mut state = ProjectState::default();
    let recording = state.document.add_recording(Path::new("/audio/a.wav"), 60.0);
    let mut file = ProjectFile::create(&path, &state).unwrap();
    let steps = STEPS_READ_FIRST + 500;
    let mut changes = Vec::new();
    for step in 0..steps {
        let edit = Edit::SetNote { recording, note: step.to_string() };
        let entry = state.history.perform(&mut state.document, format!("note {step}"), edit, &edited()).unwrap();
        changes.push(Change::Step(Box::new(entry)));
    }
    file.append(&changes).unwrap();
    file.close().unwrap();
    let (mut file, mut opened) = ProjectFile::open(&path).unwrap();
    assert_eq!(opened.history.undo_count() as u64, STEPS_READ_FIRST);
    assert_eq!((file.steps_unread(Side::Undo), file.steps_unread(Side::Redo)), (500, 0));
    let (mut undone, mut unread) = (0, 500);
    loop {
        step_all(&mut file, &mut opened, Side::Undo);
        undone += opened.history.redo_steps().len() as u64;
        let earlier: Vec<HistoryEntry> = file.earlier_steps(Side::Undo, unread, 300).unwrap();
        if earlier.is_empty() {
            break;
        }
        unread -= earlier.len() as u64;
        undone = 0;
        opened.history.put_before(earlier, Vec::new());
    }
    assert_eq!((undone, unread), (steps, 0));
    assert_eq!(opened.document.recording(recording).unwrap().note, "");
    file.close().unwrap();
    let (file, opened) = ProjectFile::open(&path).unwrap();
    assert_eq!(file.steps_unread(Side::Redo), 500);
    assert_eq!(opened.history.redo_title(), Some("note 0"));
    drop(file);
    assert_sound(&path);
}

#[test]
fn a_step_of_very_many_edits_is_one_small_entry() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.earmark");
    let mut state = ProjectState::default();
    let recording = state.document.add_recording(Path::new("/audio/a.wav"), 60.0);
    let mut file = ProjectFile::create(&path, &state).unwrap();
    let edits = (0..5000_u32).map(|place| {
        let span = Span::between(f64::from(place), f64::from(place) + 0.5);
        let id = state.document.new_event_id();
        Edit::Insert { recording, event: Event::new(id, span, "Dog", Status::Predicted, Origin::Import) }
    });
    let edit = Edit::Many { edits: edits.collect() };
    let entry = state.history.perform(&mut state.document, "import 5000 events", edit, &edited()).unwrap();
    file.append(&[Change::Step(Box::new(entry))]).unwrap();
    drop(file);
    let connection = rusqlite::Connection::open(&path).unwrap();
    let sql = "SELECT length(edit) + length(inverse) FROM log WHERE direction = 'do'";
    let bytes: i64 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    assert!(bytes < 5000 * 40, "{bytes}");
    drop(connection);
    let (_file, opened) = ProjectFile::open(&path).unwrap();
    assert_eq!(opened, state);
}

#[test]
fn ten_states_are_kept_and_can_be_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.earmark");
    let start = beginning(1);
    ProjectFile::create(&path, &start).unwrap().close().unwrap();
    let mut notes = Vec::new();
    for round in 0..14 {
        let (mut file, mut state) = ProjectFile::open(&path).unwrap();
        let edit = Edit::SetNote { recording: RecordingId(0), note: format!("round {round}") };
        let entry = state.history.perform(&mut state.document, "note", edit, &edited()).unwrap();
        file.append(&[Change::Step(Box::new(entry))]).unwrap();
        notes.push(format!("round {round}"));
        file.close().unwrap();
    }
    let (file, state) = ProjectFile::open(&path).unwrap();
    let generations = file.generations().unwrap();
    assert_eq!(generations.len(), 10);
    assert!(generations.windows(2).all(|pair| pair[0].seq > pair[1].seq));
    assert_eq!(file.state_at(&generations[0]).unwrap(), state.document);
    let before = file.state_at(&generations[1]).unwrap();
    assert_eq!(before.recording(RecordingId(0)).unwrap().note, notes[12]);
    let events: u64 = state.document.recordings().map(|(_, recording)| recording.events.len() as u64).sum();
    assert_eq!((generations[0].recordings, generations[0].events), (state.document.recording_count() as u64, events));
}

#[test]
fn a_copy_in_another_folder_and_everything_as_text_hold_all_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.earmark");
    let start = beginning(7);
    let mut file = ProjectFile::create(&path, &start).unwrap();
    let mut annotator = Annotator::new(&start, 8);
    for _ in 0..60 {
        file.append(&annotator.act()).unwrap();
    }
    std::fs::create_dir(folder.path().join("elsewhere")).unwrap();
    let copy = folder.path().join("elsewhere").join("copy.earmark");
    file.copy_to(&copy).unwrap();
    let error = file.copy_to(&path).unwrap_err().to_string();
    assert!(error.contains("a copy needs a name of its own"), "{error}");
    let files = file.export_text(&folder.path().join("text")).unwrap();
    let lines = |place: usize| std::fs::read_to_string(&files[place]).unwrap().lines().count();
    drop(file);
    assert_sound(&copy);
    assert_sound(&path);
    let (_copy, copied) = ProjectFile::open(&copy).unwrap();
    let (original, opened) = ProjectFile::open(&path).unwrap();
    assert_eq!(copied, opened);
    let events: usize = opened.document.recordings().map(|(_, recording)| recording.events.len()).sum();
    assert_eq!(files.len(), 4);
    assert_eq!([lines(0), lines(1)], [opened.document.recording_count(), events]);
    assert_eq!([lines(2), lines(3)], [opened.document.label_classes().len(), log_entries(&path)]);
    for file in &files {
        for line in std::fs::read_to_string(file).unwrap().lines() {
            assert!(serde_json::from_str::<serde_json::Value>(line).unwrap().is_object(), "{line}");
        }
    }
    let blocked = folder.path().join("blocked");
    std::fs::write(&blocked, "a file").unwrap();
    let error = original.export_text(&blocked).unwrap_err().to_string();
    assert!(error.contains("blocked: cannot be written"), "{error}");
}

fn log_entries(path: &Path) -> usize {
    let connection = rusqlite::Connection::open(path).unwrap();
    let count: i64 = connection.query_row("SELECT count(*) FROM log", [], |row| row.get(0)).unwrap();
    count as usize
}

#[test]
fn a_clock_that_goes_back_changes_no_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.earmark");
    let mut state = beginning(3);
    state.history = History::default();
    let mut file = ProjectFile::create(&path, &state).unwrap();
    for (step, at_ms) in [9_000, 5_000, -7, 5_000, 0].into_iter().enumerate() {
        let edit = Edit::SetNote { recording: RecordingId(0), note: format!("note {step}") };
        let edited = Edited { by: "Ada".into(), at_ms };
        let entry = state.history.perform(&mut state.document, format!("note {step}"), edit, &edited).unwrap();
        file.append(&[Change::Step(Box::new(entry))]).unwrap();
    }
    drop(file);
    assert_sound(&path);
    let (_file, mut opened) = ProjectFile::open(&path).unwrap();
    assert_eq!(opened, state);
    for step in (0..5).rev() {
        assert_eq!(opened.document.recording(RecordingId(0)).unwrap().note, format!("note {step}"));
        opened.history.undo(&mut opened.document, &edited()).unwrap().unwrap();
    }
}
