//! Scores beside the project: they cost no label, whatever happens to them.

use super::random::beginning;
use super::{frame_scores, stored};
use earmark::annotation::RecordingId;
use earmark::decision::DecisionRule;
use earmark::project::{ProjectError, ProjectFile, ProjectState, scores_path};
use std::fs;

#[test]
fn scores_are_kept_beside_the_project_and_read_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.earmark");
    // Scores of a recording that is not there would be forgotten.
    let has_all = |state: &ProjectState| (0..3).all(|id| state.document.recording(RecordingId(id)).is_some());
    let state = (1..).map(beginning).find(has_all).unwrap();
    let mut file = ProjectFile::create(&path, &state).unwrap();
    assert!(!scores_path(&path).exists());
    assert_eq!(file.scores(RecordingId(0)).unwrap(), None);
    let (first, second) = (stored(RecordingId(0), 1000), stored(RecordingId(2), 300));
    file.keep_scores(&stored(RecordingId(0), 10), None).unwrap();
    file.keep_scores(&first, Some(17)).unwrap();
    file.keep_scores(&second, None).unwrap();
    let rule = DecisionRule { threshold: 0.7, ..DecisionRule::default() };
    file.keep_rule(RecordingId(2), &rule, Some(3)).unwrap();
    file.keep_rule(RecordingId(1), &rule, Some(3)).unwrap();
    file.close().unwrap();
    let (mut file, state) = ProjectFile::open(&path).unwrap();
    assert!(state.scores.is_empty());
    assert_eq!(file.take_warnings(), Vec::<String>::new());
    assert_eq!(file.scores(RecordingId(0)).unwrap(), Some(first));
    assert_eq!(file.scores(RecordingId(1)).unwrap(), None);
    assert_eq!(file.scores(RecordingId(2)).unwrap().unwrap().rule, rule);
    let summaries = file.scored_recordings().unwrap();
    let told: Vec<_> = summaries.iter().map(|summary| (summary.recording.0, summary.predictions)).collect();
    assert_eq!(told, [(0, Some(17)), (2, Some(3))]);
    let copy = folder.path().join("copy.earmark");
    file.copy_to(&copy).unwrap();
    let (copy, _) = ProjectFile::open(&copy).unwrap();
    assert_eq!(copy.scored_recordings().unwrap(), summaries);
}

#[test]
fn missing_damaged_and_foreign_scores_cost_only_scores_and_are_told() {
    for trouble in ["missing", "damaged", "overwritten", "foreign"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("set.earmark");
        let state = beginning(1);
        let mut file = ProjectFile::create(&path, &state).unwrap();
        file.keep_scores(&stored(RecordingId(0), 1000), None).unwrap();
        file.close().unwrap();
        let beside = scores_path(&path);
        match trouble {
            "missing" => fs::remove_file(&beside).unwrap(),
            "damaged" => {
                let bytes = fs::read(&beside).unwrap();
                fs::write(&beside, &bytes[..bytes.len() / 2]).unwrap();
            }
            "overwritten" => fs::write(&beside, "something else").unwrap(),
            _ => {
                let other = folder.path().join("other.earmark");
                let mut file = ProjectFile::create(&other, &state).unwrap();
                file.keep_scores(&stored(RecordingId(1), 10), None).unwrap();
                file.close().unwrap();
                fs::rename(scores_path(&other), &beside).unwrap();
            }
        }
        let (mut file, opened) = ProjectFile::open(&path).unwrap();
        assert_eq!((file.read_only(), &opened), (None, &state), "{trouble}");
        let warnings = file.take_warnings();
        assert!(warnings.len() == 1 && warnings[0].contains("No label is concerned"), "{trouble}: {warnings:?}");
        assert_eq!(file.scores(RecordingId(0)).unwrap(), None);
        let again = stored(RecordingId(0), 20);
        file.keep_scores(&again, None).unwrap();
        file.close().unwrap();
        let (mut file, _) = ProjectFile::open(&path).unwrap();
        assert_eq!(file.take_warnings(), Vec::<String>::new());
        assert_eq!(file.scores(RecordingId(0)).unwrap(), Some(again));
    }
}

#[test]
fn a_score_that_flips_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.earmark");
    let mut file = ProjectFile::create(&path, &beginning(1)).unwrap();
    file.keep_scores(&stored(RecordingId(0), 1000), None).unwrap();
    file.close().unwrap();
    let beside = scores_path(&path);
    let mut bytes = fs::read(&beside).unwrap();
    let scores = frame_scores(1000).to_bytes();
    let needle = &scores[60..90];
    let place = bytes.windows(needle.len()).position(|window| window == needle).unwrap();
    bytes[place + 20] ^= 1;
    fs::write(&beside, bytes).unwrap();
    let (file, _) = ProjectFile::open(&path).unwrap();
    let error = file.scores(RecordingId(0)).unwrap_err();
    assert!(matches!(error, ProjectError::Scores { .. }), "{error}");
    assert!(error.to_string().contains("set.earmark-scores"), "{error}");
}
