//! What becomes of a project whose file is taken away while it is open.

use super::*;
use crate::annotation::{Edit, Edited, LogEntry};
use crate::decision::{DecisionRule, FrameAxis, FrameScores};
use crate::project::StoredScores;
use std::sync::Arc;

const ID: ProjectId = ProjectId(1);

fn note(state: &mut ProjectState, note: &str) -> Vec<Change> {
    let (recording, _) = state.document.recordings().next().unwrap();
    let edit = Edit::SetNote { recording, note: note.to_owned() };
    let entry: LogEntry =
        state.history.perform(&mut state.document, note, edit, &Edited { by: "Ada".into(), at_ms: 1 }).unwrap();
    vec![Change::Step(Box::new(entry))]
}

/// A project in a file, three steps on disk and one that waits, because the file was deleted.
fn deleted(path: &Path) -> (Keeper, ProjectState) {
    let mut keeper = Keeper::default();
    let mut state = ProjectState::default();
    state.document.add_recording(Path::new("/audio/a.wav"), 60.0);
    keeper.create(ID, path, &state, false).unwrap();
    for text in ["one", "two", "three"] {
        keeper.append(ID, note(&mut state, text)).unwrap();
    }
    std::fs::remove_file(path).unwrap();
    assert!(keeper.append(ID, note(&mut state, "four")).is_err());
    (keeper, state)
}

/// As with the steps that were not read yet: memory has less of the history than the file.
fn without_history(state: &ProjectState) -> ProjectState {
    ProjectState { history: crate::annotation::History::default(), ..state.clone() }
}

#[cfg(unix)]
#[test]
fn a_deleted_file_goes_on_elsewhere_and_in_its_place_with_all_that_it_had() {
    for name in ["elsewhere.earmark", "set.earmark"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("set.earmark");
        let (mut keeper, state) = deleted(&path);
        let next = folder.path().join(name);
        let carried = keeper.create(ID, &next, &without_history(&state), true).unwrap();
        assert!(carried.is_whole, "{name}");
        drop(keeper);
        assert_eq!(crate::project::check(&next).unwrap().problems, Vec::<String>::new());
        let kept = crate::project::load(&next).unwrap();
        assert_eq!((kept.document, kept.history.undo_count()), (state.document, 4), "{name}");
    }
}

#[test]
fn what_was_never_in_a_file_is_written_from_memory() {
    let folder = tempfile::tempdir().unwrap();
    let (first, next) = (folder.path().join("a.earmark"), folder.path().join("b.earmark"));
    let (mut keeper, mut state) = (Keeper::default(), ProjectState::default());
    state.document.add_recording(Path::new("/audio/a.wav"), 60.0);
    keeper.create(ID, &first, &state, false).unwrap();
    note(&mut state, "told to nobody");
    assert!(!keeper.create(ID, &next, &state, false).unwrap().is_whole);
    drop(keeper);
    assert_eq!(crate::project::load(&next).unwrap().document, state.document);
}

#[test]
fn scores_go_with_their_recording() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.earmark");
    let (mut keeper, mut state) = (Keeper::default(), ProjectState::default());
    let recording = state.document.add_recording(Path::new("/audio/a.wav"), 60.0);
    keeper.create(ID, &path, &state, false).unwrap();
    let axis = FrameAxis { first_onset_secs: 0.0, hop_secs: 0.5 };
    let scores = StoredScores {
        recording,
        model: "model".into(),
        version: "1".into(),
        runtime: String::new(),
        rule: DecisionRule::default(),
        scores: Arc::new(FrameScores::new(axis, vec!["Dog".into()].into())),
    };
    let answer = keeper.answer(ID, ProjectRequest::KeepScores { scores: Box::new(scores), predictions: Some(3) });
    assert!(matches!(answer, Some(ProjectNews::ScoresKept(id)) if id == recording), "{answer:?}");
    assert_eq!(keeper.carried(ID, true).scored.len(), 1);
    let edited = Edited { by: "Ada".into(), at_ms: 1 };
    let entry =
        state.history.perform(&mut state.document, "remove", Edit::RemoveRecording { recording }, &edited).unwrap();
    keeper.append(ID, vec![Change::Step(Box::new(entry))]).unwrap();
    assert!(keeper.carried(ID, true).scored.is_empty());
}
