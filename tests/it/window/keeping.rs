//! Nothing is ever lost: projects that nobody saved, two windows, files that cannot be written, older versions, and who did what.

use super::stage::{
    answer_path, at_secs, drag, press, press_with, settings, soundscape, wait, window_keeping, window_keeping_with,
};
use earmark::annotation::Document;
use earmark::app::{App, Command, Inspector, KeptIn, Request, Settings, Workbench};
use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use std::path::{Path, PathBuf};

type Window = Harness<'static, App>;

fn unsaved(data: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(data.join("unsaved")).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "earmark"));
    files
}

fn notices(harness: &Window) -> String {
    let texts: Vec<String> = harness.state().bench.notices.list().iter().map(|notice| notice.text.clone()).collect();
    texts.join("\n")
}

fn document(harness: &Window) -> Document {
    harness.state().bench.document.clone()
}

fn events(bench: &Workbench) -> usize {
    bench.document.recordings().map(|(_, recording)| recording.events.len()).sum()
}

/// A window in a folder of its own data, once a recording is in its picture: one of those that it was given, or of the project that it goes
/// on with.
fn shown_with(data: &Path, settings: Settings, files: Vec<PathBuf>) -> Window {
    let mut harness = window_keeping_with(data, settings, files);
    wait(&mut harness, "a recording", |bench| bench.open.is_some());
    harness
}

fn shown_in(data: &Path, files: Vec<PathBuf>) -> Window {
    shown_with(data, settings(), files)
}

/// A new project with one recording.
fn opened_in(data: &Path) -> Window {
    shown_in(data, vec![soundscape(0)])
}

/// Draws an event of a second.
fn draw(harness: &mut Window, onset_secs: f64) {
    let (from, to) = (at_secs(harness, onset_secs), at_secs(harness, onset_secs + 1.0));
    drag(harness, from, to);
}

fn kept(harness: &mut Window) {
    wait(harness, "all to be kept", |bench| !bench.is_unsaved());
}

fn named(harness: &mut Window, path: &Path) {
    press_with(harness, Modifiers::COMMAND, Key::S);
    answer_path(harness, "Path to save the project to", path);
    wait(harness, "the name", |bench| bench.project_path.as_deref() == Some(path));
    kept(harness);
}

fn open(harness: &mut Window, path: &Path) {
    harness.state_mut().bench.dispatch(Request::Open(vec![path.to_path_buf()]));
    wait(harness, "the project", |bench| bench.project_path.as_deref() == Some(path) && bench.open.is_some());
}

#[test]
fn what_nobody_saved_comes_back_with_its_history() {
    let data = tempfile::tempdir().unwrap();
    let mut harness = opened_in(data.path());
    draw(&mut harness, 3.0);
    draw(&mut harness, 6.0);
    press_with(&mut harness, Modifiers::COMMAND, Key::Z);
    kept(&mut harness);
    assert!(harness.query_by_label_contains("kept automatically").is_some());
    let before = document(&harness);
    assert_eq!(events(&harness.state().bench), 1);
    drop(harness);

    let mut again = shown_in(data.path(), vec![]);
    assert_eq!(document(&again), before);
    let told = notices(&again);
    assert!(told.contains("You continue") && told.contains("1 event of 1 recording"), "{told}");
    press_with(&mut again, Modifiers::COMMAND, Key::Y);
    assert_eq!(events(&again.state().bench), 2, "what was taken back can be done again");
    press_with(&mut again, Modifiers::COMMAND, Key::Z);
    press_with(&mut again, Modifiers::COMMAND, Key::Z);
    assert_eq!(events(&again.state().bench), 0);
    assert_eq!(unsaved(data.path()).len(), 1);
}

#[test]
fn where_nothing_was_done_nothing_is_left() {
    let data = tempfile::tempdir().unwrap();
    let mut harness = opened_in(data.path());
    kept(&mut harness);
    assert!(harness.state_mut().bench.may_close(), "nothing is asked");
    drop(harness);
    assert!(unsaved(data.path()).is_empty());
    // A crash leaves an empty one behind: the next start clears it away.
    drop(opened_in(data.path()));
    assert_eq!(unsaved(data.path()).len(), 1);
    let mut again = window_keeping(data.path(), vec![]);
    for _ in 0..1000 {
        if unsaved(data.path()).is_empty() {
            break;
        }
        again.step();
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert!(unsaved(data.path()).is_empty());
    assert!(again.state().bench.open.is_none() && again.state().bench.notices.list().is_empty(), "{}", notices(&again));
}

#[test]
fn two_windows_without_names_do_not_mix() {
    let data = tempfile::tempdir().unwrap();
    let mut first = opened_in(data.path());
    draw(&mut first, 3.0);
    kept(&mut first);
    let mut second = window_keeping(data.path(), vec![]);
    wait(&mut second, "the other window's project in no list", |bench| bench.keeping.local_offset_minutes.is_some());
    second.run_steps(10);
    assert!(second.state().bench.document.recordings().next().is_none());
    second.state_mut().bench.dispatch(Request::Open(vec![soundscape(1)]));
    wait(&mut second, "the recording", |bench| bench.open.is_some());
    draw(&mut second, 5.0);
    kept(&mut second);
    let documents = [document(&first), document(&second)];
    drop(first);
    drop(second);
    assert_eq!(unsaved(data.path()).len(), 2);

    // The one that was changed last comes back; the other one is in the menu.
    let mut third = window_keeping(data.path(), vec![]);
    wait(&mut third, "the project", |bench| bench.open.is_some() && bench.keeping.unnamed.len() == 1);
    assert_eq!(document(&third), documents[1]);
    let other = third.state().bench.keeping.unnamed[0].path.clone();
    third.state_mut().bench.dispatch(Request::Open(vec![other]));
    wait(&mut third, "the other project", |bench| {
        bench.recording().is_some_and(|recording| recording.file_name() == "soundscape_000.flac")
    });
    assert_eq!(document(&third), documents[0]);
    assert_eq!(third.state().bench.keeping.place, KeptIn::Unnamed);
}

#[test]
fn a_name_moves_the_project_and_is_asked_for_once() {
    let data = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("street.earmark");
    let mut harness = opened_in(data.path());
    draw(&mut harness, 3.0);
    named(&mut harness, &path);
    assert!(unsaved(data.path()).is_empty(), "{:?}", unsaved(data.path()));
    press_with(&mut harness, Modifiers::COMMAND, Key::S);
    assert!(harness.query_by_label("Path to save the project to").is_none());
    wait(&mut harness, "the version", |bench| {
        bench.notices.list().iter().any(|notice| notice.text.contains("This state is kept as a version too"))
    });
    draw(&mut harness, 6.0);
    // Not even a frame goes by before the window is gone.
    let before = document(&harness);
    drop(harness);
    let again = shown_in(data.path(), vec![path]);
    assert_eq!(document(&again), before);
    assert_eq!(again.state().bench.history.undo_count(), 2, "the log has moved with it");
}

#[test]
fn another_project_is_opened_without_a_question_and_nothing_is_lost() {
    let data = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("first.earmark");
    let mut harness = opened_in(data.path());
    draw(&mut harness, 3.0);
    named(&mut harness, &path);
    draw(&mut harness, 6.0);
    harness.state_mut().bench.dispatch(Request::Do(Command::NewProject));
    wait(&mut harness, "an empty project", |bench| bench.document.recordings().next().is_none());
    assert!(harness.query_by_label_contains("Unnamed project").is_some());
    harness.state_mut().bench.dispatch(Request::Open(vec![soundscape(1)]));
    wait(&mut harness, "the recording", |bench| bench.open.is_some());
    draw(&mut harness, 2.0);
    harness.state_mut().bench.dispatch(Request::Open(vec![path.clone()]));
    wait(&mut harness, "the first project", |bench| bench.project_path.as_ref() == Some(&path) && events(bench) == 2);
    wait(&mut harness, "the list", |bench| bench.keeping.unnamed.len() == 1);
    let unnamed = harness.state().bench.keeping.unnamed[0].path.clone();
    harness.state_mut().bench.dispatch(Request::Open(vec![unnamed]));
    wait(&mut harness, "the second project", |bench| bench.project_path.is_none() && events(bench) == 1);
}

#[test]
fn the_second_window_on_a_project_looks_on_until_it_has_a_copy() {
    let data = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("shared.earmark"), folder.path().join("mine.earmark"));
    let mut first = opened_in(data.path());
    draw(&mut first, 3.0);
    named(&mut first, &path);
    let mut second = shown_in(data.path(), vec![path.clone()]);
    second.run_steps(3);
    assert!(second.query_by_label_contains("read-only").is_some());
    assert!(notices(&second).contains("another Earmark has it open"), "{}", notices(&second));
    let before = document(&second);
    draw(&mut second, 8.0);
    press_with(&mut second, Modifiers::COMMAND, Key::Z);
    second.state_mut().bench.dispatch(Request::Open(vec![soundscape(1)]));
    second.run_steps(20);
    let recordings = |document: &Document| -> Vec<_> {
        document.recordings().map(|(id, recording)| (id, recording.clone())).collect()
    };
    assert_eq!(recordings(&document(&second)), recordings(&before), "refused, not made and lost");
    assert!(notices(&second).contains("Nothing was changed"), "{}", notices(&second));
    // The first window is not in its way.
    draw(&mut first, 10.0);
    kept(&mut first);

    press_with(&mut second, Modifiers::COMMAND | Modifiers::SHIFT, Key::S);
    answer_path(&mut second, "Path to save the project to", &copy);
    wait(&mut second, "the copy", |bench| bench.project_path.as_ref() == Some(&copy));
    draw(&mut second, 8.0);
    kept(&mut second);
    let (mine, shared) = (document(&second), document(&first));
    drop(first);
    drop(second);
    let mut again = shown_in(data.path(), vec![path]);
    assert_eq!(document(&again), shared);
    assert!(again.state().bench.keeping.read_only.is_none());
    open(&mut again, &copy);
    assert_eq!(document(&again), mine);
}

#[test]
fn a_file_that_is_gone_loses_nothing() {
    let data = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (path, rescued) = (folder.path().join("gone.earmark"), folder.path().join("rescued.earmark"));
    let mut harness = opened_in(data.path());
    draw(&mut harness, 3.0);
    named(&mut harness, &path);
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    draw(&mut harness, 6.0);
    wait(&mut harness, "the failure", |bench| bench.keeping.failure.is_some());
    draw(&mut harness, 9.0);
    assert!(harness.query_by_label_contains("last changes not kept").is_some());
    let told =
        harness.state().bench.notices.list().iter().filter(|notice| notice.text.contains("gone.earmark")).count();
    assert_eq!(told, 2, "the name and the failure, once: {}", notices(&harness));
    assert!(notices(&harness).contains("Save project as"), "{}", notices(&harness));
    press_with(&mut harness, Modifiers::COMMAND | Modifiers::SHIFT, Key::S);
    answer_path(&mut harness, "Path to save the project to", &rescued);
    wait(&mut harness, "the other file", |bench| bench.project_path.as_ref() == Some(&rescued));
    kept(&mut harness);
    draw(&mut harness, 12.0);
    kept(&mut harness);
    let before = document(&harness);
    assert_eq!(events(&harness.state().bench), 4);
    drop(harness);
    let again = shown_in(data.path(), vec![rescued]);
    assert_eq!(document(&again), before);
}

#[test]
fn leaving_a_project_that_cannot_be_written_keeps_it_without_a_name() {
    let data = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gone.earmark");
    let mut harness = opened_in(data.path());
    draw(&mut harness, 3.0);
    named(&mut harness, &path);
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    draw(&mut harness, 6.0);
    let before = document(&harness);
    let mut closes = harness.state_mut().bench.may_close();
    assert!(!closes, "it waits until all is on disk");
    wait(&mut harness, "the rescue", Workbench::takes_leave);
    closes = harness.state_mut().bench.may_close();
    assert!(closes);
    drop(harness);
    let again = shown_in(data.path(), vec![]);
    assert_eq!(document(&again), before);
}

#[test]
fn a_window_that_can_keep_nothing_says_so_before_it_closes() {
    let folder = tempfile::tempdir().unwrap();
    // No folder can be made where a file is.
    let data = folder.path().join("data");
    std::fs::write(&data, b"").unwrap();
    let mut harness = opened_in(&data);
    draw(&mut harness, 3.0);
    wait(&mut harness, "the failure", |bench| bench.keeping.failure.is_some());
    assert!(notices(&harness).contains("no project can be kept there"), "{}", notices(&harness));
    assert!(!harness.state_mut().bench.may_close());
    wait(&mut harness, "the refusal", |bench| {
        bench.notices.list().iter().any(|notice| notice.text.contains("The window was not closed"))
    });
    assert!(!harness.state().bench.takes_leave());
    // Saved elsewhere, it closes.
    let path = folder.path().join("saved.earmark");
    named(&mut harness, &path);
    assert!(harness.state_mut().bench.may_close());
}

#[test]
fn the_history_says_who_did_what_and_goes_back_to_any_step() {
    let data = tempfile::tempdir().unwrap();
    let named_settings = Settings { annotator: "Ada".to_owned(), ..settings() };
    let mut harness = shown_with(data.path(), named_settings, vec![soundscape(0)]);
    for onset_secs in [2.0, 4.0, 6.0] {
        draw(&mut harness, onset_secs);
    }
    press_with(&mut harness, Modifiers::COMMAND, Key::H);
    assert_eq!(harness.state().bench.inspector, Inspector::History);
    let row = |harness: &Window, place: usize| {
        let rows: Vec<_> = harness.query_all_by_role(Role::ListItem).collect();
        let of_history: Vec<_> = rows.into_iter().filter(|row| row.rect().left() > 1000.0).collect();
        (
            of_history.len(),
            of_history.get(place).map(|row| (row.accesskit_node().label().unwrap_or_default(), row.rect())),
        )
    };
    let (rows, third) = row(&harness, 2);
    assert_eq!(rows, 4, "three steps and the beginning");
    let (label, _) = third.unwrap();
    assert!(label.contains("Draw \"Event\"") && label.contains("Ada") && label.contains("today"), "{label}");
    // Back to the first, on to the second, back to the beginning.
    for (place, left) in [(2, 1), (1, 2), (3, 0)] {
        let (_, found) = row(&harness, place);
        let at = found.unwrap().1.center();
        harness.hover_at(at);
        harness.drag_at(at);
        harness.drop_at(at);
        harness.run_steps(3);
        assert_eq!(events(&harness.state().bench), left, "row {place}");
    }
    kept(&mut harness);
    let bench = &harness.state().bench;
    assert_eq!(bench.step_counts(), (3, 0));
    // The same after a restart.
    drop(harness);
    let mut again = shown_in(data.path(), vec![]);
    assert_eq!(again.state().bench.step_counts(), (3, 0));
    let (step, done) = again.state().bench.step_at(0).unwrap();
    assert_eq!((&*step.edited.by, done), ("Ada", false));
    again.state_mut().bench.dispatch(Request::GoToStep(0));
    assert_eq!(events(&again.state().bench), 3);
}

#[test]
fn the_annotators_name_is_asked_once_and_never_in_the_way() {
    let data = tempfile::tempdir().unwrap();
    let asking = Settings { annotator_asked: false, ..settings() };
    let mut harness = shown_with(data.path(), asking, vec![soundscape(0)]);
    assert!(harness.query_by_role_and_label(Role::TextInput, "Annotator's name").is_none());
    draw(&mut harness, 3.0);
    assert!(harness.query_by_role_and_label(Role::TextInput, "Annotator's name").is_some());
    // Keys go on working beside it.
    press(&mut harness, Key::D);
    assert_eq!(events(&harness.state().bench), 0);
    press_with(&mut harness, Modifiers::COMMAND, Key::Z);
    harness.get_by_role_and_label(Role::TextInput, "Annotator's name").focus();
    harness.run_steps(2);
    harness.get_by_role_and_label(Role::TextInput, "Annotator's name").type_text("Ada  Lovelace");
    harness.run_steps(2);
    press(&mut harness, Key::Enter);
    assert_eq!(harness.state().bench.settings.annotator, "Ada Lovelace");
    assert_eq!(events(&harness.state().bench), 1, "no letter of the name was a decision");
    assert!(harness.query_by_role_and_label(Role::TextInput, "Annotator's name").is_none());
    draw(&mut harness, 6.0);
    let bench = &harness.state().bench;
    let event = bench.selected_event().unwrap();
    assert!(bench.changed_text(event).unwrap().starts_with("Ada Lovelace, today"), "{:?}", bench.changed_text(event));
    // The menu changes it.
    harness.state_mut().bench.dispatch(Request::SetAnnotator(String::new()));
    draw(&mut harness, 9.0);
    assert!(harness.query_by_role_and_label(Role::TextInput, "Annotator's name").is_none(), "asked once");
}

#[test]
fn a_version_opens_as_a_project_of_its_own() {
    let data = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("versions.earmark");
    let mut harness = opened_in(data.path());
    draw(&mut harness, 3.0);
    named(&mut harness, &path);
    drop(harness);
    // Closing keeps a version.
    let mut harness = shown_in(data.path(), vec![path.clone()]);
    draw(&mut harness, 6.0);
    kept(&mut harness);
    let present = document(&harness);
    harness.get_by_role_and_label(Role::Button, "File").click();
    harness.run_steps(3);
    harness.get_by_label(Command::ShowVersions.name()).click();
    wait(&mut harness, "the list", |bench| bench.keeping.generations.is_some());
    let versions = harness.state().bench.keeping.generations.clone().unwrap().unwrap();
    assert!(versions.iter().any(|version| version.events == 1), "{versions:?}");
    let older = versions.iter().position(|version| version.events == 1).unwrap();
    harness.get_all_by_label_contains("Open the version of").nth(older).unwrap().click();
    harness.run_steps(3);
    wait(&mut harness, "the version", |bench| bench.project_path.is_none() && bench.open.is_some());
    assert_eq!(events(&harness.state().bench), 1);
    assert!(notices(&harness).contains("as a project of its own"), "{}", notices(&harness));
    kept(&mut harness);
    assert_eq!(unsaved(data.path()).len(), 1);
    open(&mut harness, &path);
    assert_eq!(document(&harness), present);
}

#[test]
fn a_copy_and_the_text_are_written_and_work_goes_on_where_it_was() {
    let data = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (copy, text) = (folder.path().join("copy.earmark"), folder.path().join("text"));
    let mut harness = opened_in(data.path());
    draw(&mut harness, 3.0);
    harness.state_mut().bench.dispatch(Request::Do(Command::SaveCopy));
    answer_path(&mut harness, "Path to write a copy of the project to", &copy);
    wait(&mut harness, "the copy", |bench| {
        bench.notices.list().iter().any(|notice| notice.text.contains("Wrote a copy"))
    });
    assert!(harness.state().bench.project_path.is_none());
    harness.state_mut().bench.dispatch(Request::Do(Command::ExportText));
    answer_path(&mut harness, "Path of a folder to write everything as text to", &text);
    wait(&mut harness, "the text", |bench| {
        bench.notices.list().iter().any(|notice| notice.text.contains("as text to"))
    });
    let lines = std::fs::read_to_string(text.join("events.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 1, "{lines}");
    let before = document(&harness);
    draw(&mut harness, 6.0);
    kept(&mut harness);
    open(&mut harness, &copy);
    assert_eq!(document(&harness), before);
}

#[test]
fn a_crash_is_told_at_the_next_start() {
    let data = tempfile::tempdir().unwrap();
    let reports = data.path().join("crash-reports");
    std::fs::create_dir_all(&reports).unwrap();
    std::fs::write(reports.join("2026-11-25-18-40-00-4711-new.txt"), "Earmark stopped").unwrap();
    let mut harness = window_keeping(data.path(), vec![]);
    wait(&mut harness, "the report", |bench| !bench.notices.list().is_empty());
    assert!(notices(&harness).contains("2026-11-25-18-40-00-4711.txt"), "{}", notices(&harness));
    drop(harness);
    let harness = window_keeping(data.path(), vec![]);
    assert!(!notices(&harness).contains("4711"), "told once");
}

#[test]
fn the_project_that_was_open_last_is_continued_also_if_it_has_a_name() {
    let data = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("street.earmark");
    let mut harness = opened_in(data.path());
    draw(&mut harness, 3.0);
    named(&mut harness, &path);
    let left = harness.state().bench.settings.clone();
    assert_eq!(left.last_project.as_ref(), Some(&path));
    let before = document(&harness);
    drop(harness);
    let again = shown_with(data.path(), left.clone(), vec![]);
    assert_eq!(document(&again), before);
    assert!(notices(&again).contains("You continue street"), "{}", notices(&again));
    drop(again);
    std::fs::remove_file(&path).unwrap();
    let mut without = window_keeping_with(data.path(), left, vec![]);
    wait(&mut without, "the reason", |bench| !bench.notices.list().is_empty());
    assert!(notices(&without).contains("street.earmark"), "{}", notices(&without));
}

#[test]
fn recordings_that_are_given_with_a_project_are_opened_in_it() {
    let data = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("street.earmark");
    let mut harness = opened_in(data.path());
    draw(&mut harness, 3.0);
    named(&mut harness, &path);
    drop(harness);
    let mut again = window_keeping(data.path(), vec![soundscape(1), path.clone()]);
    wait(&mut again, "both", |bench| bench.document.recording_count() == 2);
    assert_eq!(again.state().bench.project_path.as_ref(), Some(&path));
    assert_eq!(events(&again.state().bench), 1);
}
