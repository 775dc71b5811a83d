//! Integration tests: project.

use earmark::annotation::{Document, Edit, Edited, Event, EventId, History, Origin, Proposal, RecordingId, Status};
use earmark::decision::{DecisionRule, FrameAxis, FrameScores};
use earmark::project::{self, ProjectError, ProjectState, StoredScores};
use earmark::time::Span;
use proptest::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

mod kept;
mod killed;
mod large;
mod random;
mod side_file;
mod trouble;
mod versions;

fn frame_scores(frame_count: usize) -> Arc<FrameScores> {
    let classes: Vec<Arc<str>> = vec!["Dog".into(), "Walk, footsteps".into()];
    let mut scores = FrameScores::new(FrameAxis { first_onset_secs: 0.43, hop_secs: 0.1 }, classes.into());
    for frame in 0..frame_count {
        scores.push(&[(frame % 89) as f32 / 89.0, if frame > 500 { 0.3 } else { 0.0 }]);
    }
    Arc::new(scores)
}

fn stored(recording: RecordingId, frame_count: usize) -> StoredScores {
    StoredScores {
        recording,
        model: "m".into(),
        version: "2".into(),
        runtime: "CPU".to_owned(),
        rule: DecisionRule { threshold: 0.35, ..DecisionRule::default() },
        scores: frame_scores(frame_count),
    }
}

/// Who edits in these tests, and when.
fn edited() -> Edited {
    Edited { by: "Ada".into(), at_ms: 1_700_000_000_000 }
}

fn state(folder: &Path) -> ProjectState {
    let mut document = Document::default();
    let mut history = History::default();
    let recording = document.add_recording(&folder.join("audio").join("Möwe 1.wav"), 12.345_678_9);
    for step in 0..5_u32 {
        let onset = 0.1 * f64::from(step) + 1.0 / 3.0;
        let span = Span::between(onset, onset + 0.7);
        let event = Event::new(document.new_event_id(), span, "Dog", Status::Accepted, Origin::Human);
        history.perform(&mut document, format!("draw {step}"), Edit::Insert { recording, event }, &edited()).unwrap();
    }
    history.undo(&mut document, &edited()).unwrap().unwrap();
    let scores = vec![StoredScores {
        recording,
        model: "yamnet".into(),
        version: "1".into(),
        runtime: "ONNX Runtime 1.23 · CPU".to_owned(),
        rule: DecisionRule {
            threshold: 0.35,
            hysteresis: Some(0.2),
            median_frames: 7,
            merge_gap_secs: 0.1,
            min_duration_secs: 0.2,
            ..DecisionRule::default()
        },
        scores: frame_scores(1000),
    }];
    ProjectState { document, history, scores, view: serde_json::json!({"zoom": 0.1, "panels": ["events"]}) }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn everything_survives_saving_and_opening_and_the_history_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.earmark");
    let state = state(folder.path());
    project::save(&path, &state).unwrap();
    let mut loaded = project::load(&path).unwrap();
    assert_eq!(loaded, state);
    assert_eq!(names(folder.path()), ["set.earmark", "set.earmark-scores"]);
    assert_eq!(loaded.history.redo(&mut loaded.document, &edited()).unwrap().unwrap().title, "draw 4");
    while loaded.history.undo(&mut loaded.document, &edited()).is_some_and(|step| step.is_ok()) {}
    assert!(loaded.document.recordings().all(|(_, recording)| recording.events.is_empty()));
    assert_eq!(loaded.document.new_event_id(), EventId(5));
    project::save(&path, &ProjectState::default()).unwrap();
    assert_eq!(project::load(&path).unwrap(), ProjectState::default());
}

#[test]
fn the_version_before_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.earmark");
    let first = state(folder.path());
    project::save(&path, &first).unwrap();
    project::save(&path, &ProjectState::default()).unwrap();
    assert_eq!(names(folder.path()), ["set.earmark", "set.earmark~"]);
    let previous = project::load(&project::previous_path(&path)).unwrap();
    assert_eq!((previous.document, previous.history), (first.document.clone(), first.history.clone()));
    project::save(&path, &first).unwrap();
    assert_eq!(project::load(&project::previous_path(&path)).unwrap(), ProjectState::default());
}

#[test]
fn a_folder_that_was_moved_opens_with_its_recordings() {
    let parent = tempfile::tempdir().unwrap();
    let (old, new) = (parent.path().join("old"), parent.path().join("new"));
    fs::create_dir_all(old.join("audio")).unwrap();
    fs::create_dir_all(old.join("labels")).unwrap();
    fs::write(old.join("audio/a.wav"), "sound").unwrap();
    let mut state = ProjectState::default();
    state.document.add_recording(&old.join("audio").join("a.wav"), 1.0);
    let missing = old.join("audio").join("missing.wav");
    state.document.add_recording(&missing, 1.0);
    project::save(&old.join("labels/set.earmark"), &state).unwrap();
    fs::rename(&old, &new).unwrap();
    let loaded = project::load(&new.join("labels/set.earmark")).unwrap();
    let paths: Vec<PathBuf> = loaded.document.recordings().map(|(_, recording)| recording.path.clone()).collect();
    assert_eq!(paths, [new.join("audio").join("a.wav"), missing]);
}

fn saved() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.earmark");
    project::save(&path, &state(folder.path())).unwrap();
    (folder, path)
}

#[test]
fn a_project_of_a_newer_program_is_refused_and_left_alone() {
    let (_folder, path) = saved();
    let mut bytes = fs::read(&path).unwrap();
    bytes[60..64].copy_from_slice(&7_i32.to_be_bytes());
    fs::write(&path, &bytes).unwrap();
    let error = project::load(&path).unwrap_err();
    assert!(matches!(error, ProjectError::Newer { version: 7, .. }), "{error}");
    assert!(error.to_string().contains("set.earmark: was saved by a newer Earmark"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn what_is_no_project_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.earmark");
    for (content, reason) in [(&b""[..], "the file is empty"), (b"RIFF....WAVE", "it was made by another program")] {
        fs::write(&path, content).unwrap();
        let error = project::load(&path).unwrap_err().to_string();
        assert!(error.contains("set.earmark: is not an Earmark project") && error.contains(reason), "{error}");
        assert_eq!(fs::read(&path).unwrap(), content);
    }
    let other = folder.path().join("other.db");
    rusqlite::Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    let error = project::load(&other).unwrap_err().to_string();
    assert!(error.contains("the database of another program"), "{error}");
    let error = project::load(&folder.path().join("missing.earmark")).unwrap_err();
    assert!(matches!(error, ProjectError::Read { .. }), "{error}");
    assert!(matches!(project::load(folder.path()).unwrap_err(), ProjectError::Read { .. }));
}

#[test]
fn a_project_cut_short_or_overwritten_in_part_is_called_damaged_and_left_alone() {
    let (folder, path) = saved();
    let whole = fs::read(&path).unwrap();
    for length in [60, 100, 4096, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        let error = project::load(&path).unwrap_err();
        assert!(!matches!(error, ProjectError::Read { .. } | ProjectError::Newer { .. }), "{length}: {error}");
        assert_eq!(fs::read(&path).unwrap(), &whole[..length]);
    }
    for page in 1..whole.len() / 4096 {
        let mut broken = whole.clone();
        broken[page * 4096..][..4096].fill(0x5a);
        fs::write(&path, &broken).unwrap();
        let error = project::load(&path).unwrap_err();
        assert!(matches!(error, ProjectError::Damaged { .. }), "{page}: {error}");
        assert_eq!(fs::read(&path).unwrap(), broken);
    }
    assert_eq!(names(folder.path()), ["set.earmark", "set.earmark-scores"]);
}

#[test]
fn a_save_that_fails_names_the_file_and_leaves_the_old_project() {
    let (folder, path) = saved();
    let before = project::load(&path).unwrap();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    for path in [&path, &folder.path().join("no such folder").join("set.earmark")] {
        let error = project::save(path, &ProjectState::default()).unwrap_err();
        assert!(matches!(error, ProjectError::Write { .. }));
        assert!(error.to_string().contains("set.earmark: cannot be saved"), "{error}");
    }
    assert_eq!(project::load(&path).unwrap(), before);
    assert_eq!(names(folder.path()), ["set.earmark", "set.earmark-scores"]);
}

#[test]
fn what_a_crash_leaves_behind_changes_nothing() {
    let (folder, path) = saved();
    let before = project::load(&path).unwrap();
    let half = &fs::read(&path).unwrap()[..5000];
    fs::write(folder.path().join(".set.earmark.x1y2z3.tmp"), half).unwrap();
    assert_eq!(project::load(&path).unwrap(), before);
    project::save(&path, &before).unwrap();
    assert_eq!(project::load(&path).unwrap(), before);
}

#[test]
fn what_could_not_be_opened_again_is_not_saved() {
    let (_folder, path) = saved();
    let before = project::load(&path).unwrap();
    let mut state = before.clone();
    state.document.add_recording(Path::new("/audio/endless.wav"), f64::INFINITY);
    let error = project::save(&path, &state).unwrap_err().to_string();
    assert!(error.contains("a value in the project cannot be written"), "{error}");
    assert_eq!(project::load(&path).unwrap(), before);
}

#[cfg(unix)]
#[test]
fn a_recording_whose_name_is_no_unicode_is_kept() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.earmark");
    let mut state = ProjectState::default();
    state.document.add_recording(Path::new(std::ffi::OsStr::from_bytes(b"/audio/M\xf6we.wav")), 1.0);
    project::save(&path, &state).unwrap();
    assert_eq!(project::load(&path).unwrap(), state);
}

fn origin() -> impl Strategy<Value = Origin> {
    prop_oneof![
        Just(Origin::Human),
        Just(Origin::Import),
        ("\\PC{0,6}", any::<f32>().prop_filter("finite", |x| x.is_finite()), 0.0_f64..1e5).prop_map(
            |(label, score, onset)| Origin::Model(Arc::new(Proposal {
                model: "yamnet".into(),
                version: "1".into(),
                label: label.into(),
                span: Span::between(onset, onset * 1.37),
                score,
                parameters: "threshold 0.2".into(),
            }))
        ),
    ]
}

fn edits() -> impl Strategy<Value = Vec<(u8, u64, u64, Event)>> {
    let status =
        prop_oneof![Just(Status::Accepted), Just(Status::Corrected), Just(Status::Rejected), Just(Status::Uncertain)];
    let event = (0_u64..12, 0.0_f64..1e5, 0.0_f64..1e3, "\\PC{0,12}", status, origin()).prop_map(
        |(id, onset, duration, label, status, origin)| {
            Event::new(EventId(id), Span::between(onset, onset + duration), label, status, origin)
        },
    );
    prop::collection::vec((0_u8..5, 0_u64..3, 0_u64..12, event), 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn any_project_comes_back_as_it_was(steps in edits(), duration in 0.0_f64..1e6, frames in 0_usize..600) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("set.earmark");
        let mut state = ProjectState::default();
        for name in ["a.wav", "b.wav"] {
            state.document.add_recording(&folder.path().join(name), duration);
        }
        for (kind, recording, id, event) in steps {
            let (recording, id) = (RecordingId(recording), EventId(id));
            let ProjectState { document, history, .. } = &mut state;
            // Edits that do not fit are refused, which is as good a history as any.
            let _ = match kind {
                0 => history.undo(document, &edited()).map_or(Ok(()), |step| step.map(drop).map_err(|(error, _)| error)),
                1 => history.redo(document, &edited()).map_or(Ok(()), |step| step.map(drop).map_err(|(error, _)| error)),
                2 => history.perform(document, "remove", Edit::Remove { recording, id }, &edited()).map(drop),
                3 => history.perform(document, "change", Edit::Replace { recording, event }, &edited()).map(drop),
                _ => {
                    let edits = vec![Edit::Insert { recording, event }];
                    history.perform(document, "two", Edit::Many { edits }, &edited()).map(drop)
                }
            };
        }
        if frames > 0 {
            state.scores.push(stored(RecordingId(1), frames));
        }
        project::save(&path, &state).unwrap();
        prop_assert_eq!(project::load(&path).unwrap(), state);
    }
}
