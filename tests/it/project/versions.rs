//! Files of earlier versions open for ever, and are kept as they were.

use super::kept::assert_sound;
use earmark::annotation::{EventId, Origin, RecordingId, Status};
use earmark::project::{self, ProjectError, ProjectFile, ReadOnly, Side};
use std::fs;
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> Vec<u8> {
    fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/project").join(name)).unwrap()
}

/// What both fixtures hold.
fn assert_content(file: &ProjectFile, state: &project::ProjectState) {
    let names: Vec<String> = state.document.recordings().map(|(_, recording)| recording.file_name()).collect();
    assert_eq!(names, ["Möwe 1.wav", "street.flac"]);
    let recording = state.document.recording(RecordingId(0)).unwrap();
    assert_eq!(recording.duration_secs, 12.345_678_9);
    let statuses: Vec<Status> = recording.events.values().map(|event| event.status).collect();
    assert_eq!(statuses, [Status::Accepted, Status::Rejected, Status::Uncertain]);
    let event = &recording.events[&EventId(2)];
    assert_eq!((event.span.onset_secs, &*event.label), (0.2 + 1.0 / 3.0, "Dog"));
    let Origin::Model(proposal) = &event.origin else { panic!("{:?}", event.origin) };
    assert_eq!((&*proposal.label, proposal.score), ("Animal", 0.73));
    assert_eq!((state.history.undo_count(), state.history.redo_title()), (9, Some("relabel")));
    assert_eq!(state.view["label_order"], serde_json::json!(["Dog", "Cat"]));
    assert_eq!(state.document.next_event_id(), EventId(8));
    let scored = file.scored_recordings().unwrap();
    assert_eq!(scored.len(), 2);
    assert_eq!((&*scored[1].model, scored[1].rule.threshold), ("yamnet", 0.35));
    let scores = file.scores(RecordingId(1)).unwrap().unwrap();
    assert_eq!((scores.scores.frame_count(), scores.rule.median_frames), (300, 7));
}

#[test]
fn version_1_opens_becomes_the_present_version_and_is_kept_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.earmark");
    let bytes = fixture("v1.earmark");
    fs::write(&path, &bytes).unwrap();
    let (mut file, mut state) = ProjectFile::open(&path).unwrap();
    assert_content(&file, &state);
    let kept = folder.path().join("set.version-1.earmark");
    assert!(file.take_warnings()[0].contains("set.version-1.earmark"));
    assert_eq!(fs::read(&kept).unwrap(), bytes);
    let edited = earmark::annotation::Edited::default();
    let step = state.history.redo(&mut state.document, &edited).unwrap().unwrap();
    file.append(&[earmark::annotation::Change::Step(Box::new(step))]).unwrap();
    while let Some(step) = state.history.undo(&mut state.document, &edited) {
        file.append(&[earmark::annotation::Change::Step(Box::new(step.unwrap()))]).unwrap();
    }
    assert!(state.document.recordings().all(|(_, recording)| recording.events.is_empty()));
    file.close().unwrap();
    assert_sound(&path);
    let (file, opened) = ProjectFile::open(&path).unwrap();
    assert_eq!((&opened, file.steps_unread(Side::Redo)), (&state, 0));
    drop(file);
    assert_eq!(fs::read(&kept).unwrap(), bytes);
    // The same original is not kept twice, another one is.
    fs::write(&path, &bytes).unwrap();
    drop(ProjectFile::open(&path).unwrap());
    assert!(!folder.path().join("set.version-1-2.earmark").exists());
    fs::write(&kept, b"something else").unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, &bytes).unwrap();
    drop(ProjectFile::open(&path).unwrap());
    assert_eq!(fs::read(&kept).unwrap(), b"something else");
    assert_eq!(fs::read(folder.path().join("set.version-1-2.earmark")).unwrap(), bytes);
}

#[test]
fn version_1_that_cannot_be_written_is_looked_at_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.earmark");
    fs::write(&path, fixture("v1.earmark")).unwrap();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let (file, state) = ProjectFile::open(&path).unwrap();
    assert!(matches!(file.read_only(), Some(ReadOnly::NotWritable { .. })));
    assert_content(&file, &state);
    drop(file);
    assert_eq!(fs::read(&path).unwrap(), fixture("v1.earmark"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn version_1_that_is_damaged_is_refused_and_left_alone() {
    for (from, to) in [
        ("\"next_event\":8", "\"next_event\":1"),
        ("\"duration_secs\":12.3456789", "\"duration_secs\":-1.0"),
        ("\"offset_secs\":1.0333333333333332", "\"offset_secs\":0.1"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("set.earmark");
        fs::write(&path, fixture("v1.earmark")).unwrap();
        let connection = rusqlite::Connection::open(&path).unwrap();
        let change = "UPDATE part SET json = replace(json, ?1, ?2) WHERE name = 'document' AND instr(json, ?1)";
        assert_eq!(connection.execute(change, [from, to]).unwrap(), 1, "{from}");
        drop(connection);
        let bytes = fs::read(&path).unwrap();
        let error = ProjectFile::open(&path).err().unwrap();
        assert!(matches!(error, ProjectError::Damaged { .. }), "{to}: {error}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

#[test]
fn version_2_opens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.earmark");
    for name in ["v2.earmark", "v2.earmark-scores"] {
        fs::write(folder.path().join(name.replace("v2", "set")), fixture(name)).unwrap();
    }
    assert_sound(&path);
    let (mut file, state) = ProjectFile::open(&path).unwrap();
    assert_content(&file, &state);
    assert_eq!(file.take_warnings(), Vec::<String>::new());
    assert_eq!(file.generations().unwrap().len(), 1);
}

/// How the fixture of version 2 was made. A later program must not make it again.
#[test]
#[ignore = "makes a fixture that is kept for ever"]
fn make_version_2() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/project");
    let path = folder.join("v2.earmark");
    assert!(!path.exists());
    fs::write(&path, fixture("v1.earmark")).unwrap();
    ProjectFile::open(Path::new(&path)).unwrap().0.close().unwrap();
    fs::remove_file(folder.join("v2.version-1.earmark")).unwrap();
}
