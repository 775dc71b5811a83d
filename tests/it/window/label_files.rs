//! Label files: their preview, what labels become, one step of undo; and exporting, with what a format cannot hold told before.

use super::stage::{answer_path, opened, press, press_with, settings, soundscape, wait, window, window_of};
use earmark::annotation::{Band, Event, Origin, Status};
use earmark::app::{App, Command, ExportRequest, ExportScope, ImportRequest, Request, Workbench};
use earmark::format::{Choice, ImportAs, LabelFate};
use eframe::egui::{Key, Modifiers, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use std::path::{Path, PathBuf};

const HEADER: &str = "filename\tonset\toffset\tevent_label";

fn events(harness: &Harness<'_, App>) -> Vec<Event> {
    harness.state().bench.recording().unwrap().events_by_onset().into_iter().cloned().collect()
}

fn notices(harness: &Harness<'_, App>) -> Vec<String> {
    harness.state().bench.notices.list().iter().map(|notice| notice.text.clone()).collect()
}

fn file(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn is_ready(bench: &Workbench) -> bool {
    bench.importing.as_ref().is_some_and(|importing| importing.ready().is_some())
}

/// Asks by Ctrl+I for files, and waits until it is known what importing them does.
fn preview(harness: &mut Harness<'_, App>, path: &Path) {
    press_with(harness, Modifiers::COMMAND, Key::I);
    answer_path(harness, "Path of the labels to import, or of a folder of them", path);
    wait(harness, "the preview", is_ready);
}

fn ask(harness: &mut Harness<'_, App>, request: impl Into<Request>) {
    harness.state_mut().bench.dispatch(request.into());
    harness.run_steps(2);
    wait(harness, "the plan", |bench| bench.importing.as_ref().is_some_and(|importing| !importing.is_working()));
}

#[test]
fn a_sure_file_is_imported_by_enter_and_taken_back_by_one_undo() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("{HEADER}\nsoundscape_000.flac\t1.0\t2.5\tDog\nsoundscape_000.flac\t3\t4\tCat\n");
    let path = file(folder.path(), "labels.tsv", &text);
    let mut harness = opened(vec![soundscape(0)]);
    preview(&mut harness, &path);
    assert!(events(&harness).is_empty(), "nothing is imported before it was seen");
    harness.get_by_label("soundscape_000.flac, 1.000, 2.500, Dog");
    harness.get_by_label("Nothing is left out or changed");
    press(&mut harness, Key::Enter);
    let added = events(&harness);
    assert_eq!(added.len(), 2);
    assert!(added.iter().all(|event| event.status == Status::Accepted && event.origin == Origin::Import));
    assert!(harness.state().bench.importing.is_none());
    assert_eq!(harness.state().bench.history.undo_title(), Some("import 2 events from labels.tsv"));
    press_with(&mut harness, Modifiers::COMMAND, Key::Z);
    assert!(events(&harness).is_empty());

    // Done again, the second import of the same file adds nothing.
    press_with(&mut harness, Modifiers::COMMAND, Key::Y);
    preview(&mut harness, &path);
    assert_eq!(harness.state().bench.importing.as_ref().unwrap().already_there, Some(2));
    press(&mut harness, Key::Enter);
    assert_eq!(events(&harness).len(), 2);
    assert!(notices(&harness).last().unwrap().contains("2 there already"), "{:?}", notices(&harness));
}

#[test]
fn labels_become_others_and_what_is_left_out_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "soundscape_000.flac\t1.0\t2.5\tdog\t0.9\nsoundscape_000.flac\t3\t4\t/m/01yrx\t0.2\n\
                soundscape_000.flac\t5\t4\tnoise\t0.9\nother.wav\t1\t2\tdog\t0.9\nsoundscape_000.flac\tx\t2\tdog\t\n";
    let path = file(folder.path(), "scored.tsv", &format!("{HEADER}\tconfidence\n{rows}"));
    let mut harness = opened(vec![soundscape(0)]);
    harness.state_mut().bench.dispatch(Request::SetActiveLabel("Dog".into()));
    harness.run_steps(2);
    preview(&mut harness, &path);
    harness.get_by_label("1 of 2 recordings found in the project");
    harness.get_by_label("other.wav: no recording of this name in the project (1 row left out)");
    harness.get_by_label("soundscape_000.flac: noise is left out: it would be from 5 s to 4 s");
    harness.get_by_label("Left out: 1 unreadable, 1 of no recording here, 1 with impossible times");

    // The suggestions, one label skipped, and the row with times the wrong way round taken.
    harness.get_by_label("Take 2 suggestions").click();
    harness.run_steps(2);
    wait(&mut harness, "the plan", is_ready);
    harness.get_by_label("What noise becomes").click();
    harness.run_steps(2);
    // Escape closes what is open, not the page.
    press(&mut harness, Key::Escape);
    harness.run_steps(2);
    assert!(harness.query_by_label("is skipped").is_none() && harness.state().bench.importing.is_some());
    harness.get_by_label("What noise becomes").click();
    harness.run_steps(2);
    harness.get_by_label("another label…").click();
    harness.run_steps(2);
    harness.get_by_label("What noise becomes").type_text("Wind");
    harness.run_steps(1);
    press(&mut harness, Key::Enter);
    wait(&mut harness, "the plan", |bench| {
        let importing = bench.importing.as_ref().unwrap();
        is_ready(bench) && importing.choices.mapping.get("noise") == Some(&LabelFate::Become("Wind".into()))
    });
    harness.get_by_label("What noise becomes").click();
    harness.run_steps(2);
    harness.get_by_label("is skipped").click();
    harness.run_steps(2);
    wait(&mut harness, "the plan", |bench| {
        let importing = bench.importing.as_ref().unwrap();
        is_ready(bench) && importing.choices.mapping.get("noise") == Some(&LabelFate::Skip)
    });
    ask(&mut harness, ImportRequest::Map("noise".into(), None));
    harness.get_by_label("Put impossible times right (1)").click();
    harness.run_steps(2);
    wait(&mut harness, "the plan", |bench| is_ready(bench) && bench.importing.as_ref().unwrap().choices.mends_times);
    harness.get_by_label("Import these events").click();
    harness.run_steps(3);
    let drawn: Vec<(String, f64, Status)> =
        events(&harness).iter().map(|event| (event.label.to_string(), event.span.onset_secs, event.status)).collect();
    let predicted = |label: &str, onset| (label.to_owned(), onset, Status::Predicted);
    assert_eq!(drawn, [predicted("Dog", 1.0), predicted("Cat", 3.0), predicted("noise", 4.0)]);
    let score = events(&harness)[0].origin.proposal().map(|proposal| (proposal.model.to_string(), proposal.score));
    assert_eq!(score, Some(("scored.tsv".to_owned(), 0.9)));
    assert!(notices(&harness).iter().any(|text| text.contains("2 rows left out")), "{:?}", notices(&harness));
    press_with(&mut harness, Modifiers::COMMAND, Key::Z);
    assert!(events(&harness).is_empty());
}

#[test]
fn scored_rows_can_be_labels_with_a_least_score() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "soundscape_000.flac\t1.0\t2.5\tDog\t0.9\nsoundscape_000.flac\t3\t4\tCat\t0.2\n";
    let path = file(folder.path(), "scored.tsv", &format!("{HEADER}\tconfidence\n{rows}"));
    let mut harness = opened(vec![soundscape(0)]);
    preview(&mut harness, &path);
    ask(&mut harness, ImportRequest::As(ImportAs::Labels));
    ask(&mut harness, ImportRequest::LeastScore(Some(0.5)));
    harness.get_by_label("Left out: 1 below the score");
    harness.get_by_label("1 label for 1 recording");
    press(&mut harness, Key::Escape);
    assert!(harness.state().bench.importing.is_none() && events(&harness).is_empty());
}

#[test]
fn what_a_file_leaves_open_is_asked_and_the_answer_is_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "soundscape_000.txt", "/m/0284vy3\t0.1\t2.0\tTrain horn\n");
    let mut harness = opened(vec![soundscape(0)]);
    preview(&mut harness, &path);
    let importing = harness.state().bench.importing.as_ref().unwrap();
    let read = importing.read.clone().unwrap();
    let question = read.labels.questions.first().expect("the first column is asked for").clone();
    assert_eq!(&*read.labels.rows[0].filename, "soundscape_000");
    assert_eq!(harness.get_all_by_label(&question.text).count(), 2, "the question and its answers");
    harness.state_mut().bench.dispatch(ImportRequest::Answer(question.choice, "file".to_owned()).into());
    wait(&mut harness, "the other reading", |bench| {
        let importing = bench.importing.as_ref().unwrap();
        importing.read.as_ref().is_some_and(|read| &*read.labels.rows[0].filename == "/m/0284vy3")
            && !importing.is_working()
    });
    assert!(harness.state().bench.importing.as_ref().unwrap().ready().is_none(), "no recording is called so");
    harness.state_mut().bench.dispatch(ImportRequest::Answer(question.choice, "label".to_owned()).into());
    wait(&mut harness, "the reading", is_ready);
    press(&mut harness, Key::Enter);
    assert_eq!(events(&harness).len(), 1);
    assert_eq!(harness.state().bench.settings.label_answers[0].answer, "label");
}

#[test]
fn selections_of_raven_are_asked_for_their_label_column_and_keep_bands_and_remarks() {
    let folder = tempfile::tempdir().unwrap();
    let text = "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tSpecies\tCommon Name\tNotes\r\n\
                1\tWaveform 1\t1\t1.5\t2.5\t0\t22050\tTurdus merula\tBlackbird\tfar\r\n\
                1\tSpectrogram 1\t1\t1.5\t2.5\t1800\t3500\tTurdus merula\tBlackbird\tfar\r\n\
                2\tSpectrogram 1\t1\t4\t5\t2000\t9000\tParus major\tGreat tit\t\r\n";
    let path = file(folder.path(), "soundscape_000.Table.1.selections.txt", text);
    let mut harness = opened(vec![soundscape(0)]);
    preview(&mut harness, &path);
    let importing = harness.state().bench.importing.as_ref().unwrap();
    let read = importing.read.clone().unwrap();
    assert_eq!((read.format, read.labels.rows.len()), ("raven", 2));
    let question = read.labels.questions.iter().find(|question| question.choice == Choice::LabelColumn).unwrap();
    // By its control, as a person does.
    let combo = harness.get_all_by_label(&question.text).last().unwrap();
    combo.click();
    harness.run_steps(2);
    harness.get_by_label("Common Name").click();
    harness.run_steps(2);
    wait(&mut harness, "the other column", |bench| {
        is_ready(bench) && bench.importing.as_ref().unwrap().read.as_ref().unwrap().has_label("Blackbird")
    });
    press(&mut harness, Key::Escape);
    assert!(harness.state().bench.importing.is_none());
    preview(&mut harness, &path);
    harness.state_mut().bench.dispatch(ImportRequest::Answer(Choice::LabelColumn, "Common Name".to_owned()).into());
    wait(&mut harness, "the other column", |bench| {
        is_ready(bench) && bench.importing.as_ref().unwrap().read.as_ref().unwrap().has_label("Blackbird")
    });
    harness.get_by_label("Import these events").click();
    harness.run_steps(3);
    let added = events(&harness);
    assert_eq!(added.iter().map(|event| &*event.label).collect::<Vec<_>>(), ["Blackbird", "Great tit"]);
    assert_eq!(added[0].band, Some(Band { low_hz: 1800.0, high_hz: 3500.0 }));
    assert_eq!(added[0].comment, "far");
    press_with(&mut harness, Modifiers::COMMAND, Key::Z);
    assert!(events(&harness).is_empty());

    // The next file with these columns is read so at once.
    let other = file(folder.path(), "soundscape_000.selections.txt", text);
    preview(&mut harness, &other);
    assert!(harness.state().bench.importing.as_ref().unwrap().read.as_ref().unwrap().has_label("Great tit"));
}

#[test]
fn several_files_are_one_step_and_files_that_are_opened_are_previewed() {
    let folder = tempfile::tempdir().unwrap();
    for (place, label) in ["Dog", "Cat"].into_iter().enumerate() {
        let text = format!("{HEADER}\nsoundscape_00{place}.flac\t1.0\t2.5\t{label}\n");
        file(folder.path(), &format!("{label}.tsv"), &text);
    }
    file(folder.path(), "read me.txt", "Two files of labels.\n");
    let mut harness = opened(vec![soundscape(0), soundscape(1)]);
    preview(&mut harness, folder.path());
    harness.get_by_label_contains("read me.txt: these are labels of no format that is known");
    press(&mut harness, Key::Enter);
    let document = &harness.state().bench.document;
    assert_eq!(document.total_counts().labels(), 2);
    press_with(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!(harness.state().bench.document.total_counts().all(), 0);

    // Opened or dropped, label files come after the recordings they are given with.
    let labels = folder.path().join("Dog.tsv");
    let mut fresh = window(settings(), vec![labels, soundscape(0)]);
    wait(&mut fresh, "the preview", is_ready);
    wait(&mut fresh, "the recording", |bench| bench.open.is_some());
    press(&mut fresh, Key::Enter);
    assert_eq!(events(&fresh).len(), 1);
}

#[test]
fn what_is_no_label_file_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "notes.txt", "Nothing but words.\n");
    let mut harness = opened(vec![soundscape(0)]);
    press_with(&mut harness, Modifiers::COMMAND, Key::I);
    answer_path(&mut harness, "Path of the labels to import, or of a folder of them", &path);
    wait(&mut harness, "the notice", |bench| !bench.notices.list().is_empty());
    assert!(notices(&harness)[0].contains("notes.txt"), "{:?}", notices(&harness));
    assert!(harness.state().bench.importing.is_none());
}

/// A window with two recordings; the first has an accepted, an uncertain and a rejected event.
fn with_events() -> Harness<'static, App> {
    let folder = tempfile::tempdir().unwrap();
    let rows = "soundscape_000.flac\t1\t2\tDog\t0.9\tfar\nsoundscape_000.flac\t3\t4\tCat\t0.8\t\nsoundscape_000.flac\t5\t6\tOwl\t0.7\t\n";
    let path = file(folder.path(), "scored.tsv", &format!("{HEADER}\tconfidence\tdistance\n{rows}"));
    let mut harness = opened(vec![soundscape(0), soundscape(1)]);
    preview(&mut harness, &path);
    press(&mut harness, Key::Enter);
    assert_eq!(events(&harness).len(), 3);
    for (place, command) in [Command::Accept, Command::Uncertain, Command::Reject].into_iter().enumerate() {
        let target = earmark::app::Target::Event(events(&harness)[place].id);
        let bench = &mut harness.state_mut().bench;
        bench.dispatch(Request::Select(Some(target)));
        bench.dispatch(Request::Do(command));
    }
    harness.run_steps(2);
    let statuses: Vec<Status> = events(&harness).iter().map(|event| event.status).collect();
    assert_eq!(statuses, [Status::Accepted, Status::Uncertain, Status::Rejected]);
    harness
}

fn is_weighed(bench: &Workbench) -> bool {
    bench.exporting.as_ref().is_some_and(|exporting| !exporting.is_working() && exporting.weighed.is_some())
}

#[test]
fn what_is_exported_and_what_is_lost_is_told_before() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = with_events();
    press_with(&mut harness, Modifiers::COMMAND, Key::E);
    wait(&mut harness, "what would be written", is_weighed);
    harness.get_by_label("1 event of 2 recordings will be written");
    harness.get_by_label("DCASE strong labels holds all that is said about them");
    // A list without a header has no columns for more.
    let bench = &mut harness.state_mut().bench;
    let mut export = bench.settings.export.clone();
    export.format = "dcase-list".to_owned();
    export.scores = true;
    bench.dispatch(ExportRequest::Set(export.clone()).into());
    harness.run_steps(2);
    wait(&mut harness, "what would be lost", |bench| {
        is_weighed(bench) && !bench.exporting.as_ref().unwrap().weighed.as_ref().unwrap().losses.is_empty()
    });
    let losses = harness.state().bench.exporting.as_ref().unwrap().weighed.as_ref().unwrap().losses.clone();
    assert!(losses.iter().any(|loss| loss == "1 score"), "{losses:?}");
    assert!(losses.iter().any(|loss| loss == "1 event's fields"), "{losses:?}");
    harness.get_by_label("   1 score");

    // As DCASE labels, with scores, into one file.
    export.format = "dcase".to_owned();
    harness.state_mut().bench.dispatch(ExportRequest::Set(export.clone()).into());
    harness.get_by_label("Export these labels").click();
    let path = folder.path().join("out.tsv");
    answer_path(&mut harness, "Path to export the labels to", &path);
    wait(&mut harness, "the file", |bench| path.exists() && bench.exporting.is_none());
    let text = std::fs::read_to_string(&path).unwrap();
    let expected = format!(
        "{HEADER}\tconfidence\tdistance\nsoundscape_000.flac\t1.000\t2.000\tDog\t0.9\tfar\nsoundscape_001.flac\t\t\t\t\t\n"
    );
    assert_eq!(text, expected);

    // The choice is remembered. A file for each recording, those that are there stay.
    assert_eq!(harness.state().bench.settings.export, export);
    std::fs::write(folder.path().join("soundscape_001.tsv"), "mine").unwrap();
    press_with(&mut harness, Modifiers::COMMAND, Key::E);
    harness.get_by_label("A file for each recording");
    export.per_recording = true;
    harness.state_mut().bench.dispatch(ExportRequest::Set(export).into());
    harness.run_steps(2);
    press(&mut harness, Key::Enter);
    let title = "Path of a folder to export a label file of each recording to";
    answer_path(&mut harness, title, folder.path());
    wait(&mut harness, "the files", |bench| {
        bench.notices.list().iter().any(|notice| notice.text.contains("stays as it was"))
    });
    assert!(folder.path().join("soundscape_000.tsv").exists());
    assert_eq!(std::fs::read_to_string(folder.path().join("soundscape_001.tsv")).unwrap(), "mine");
}

#[test]
fn only_what_is_chosen_is_exported() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = with_events();
    press_with(&mut harness, Modifiers::COMMAND, Key::Enter);
    harness.run_steps(2);
    assert_eq!(harness.state().bench.document.complete_count(), 1);
    press_with(&mut harness, Modifiers::COMMAND, Key::E);
    harness.get_by_label("Done (1)").click();
    harness.run_steps(2);
    wait(&mut harness, "what would be written", |bench| {
        is_weighed(bench) && bench.exporting.as_ref().unwrap().weighed.as_ref().unwrap().labels.files.len() == 1
    });
    assert_eq!(harness.state().bench.settings.export.scope, ExportScope::Done);
    harness.get_by_label("Export these labels").click();
    let path = folder.path().join("done");
    answer_path(&mut harness, "Path to export the labels to", &path);
    let path = folder.path().join("done.tsv");
    wait(&mut harness, "the file", |_| path.exists());
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, format!("{HEADER}\tdistance\nsoundscape_000.flac\t1.000\t2.000\tDog\tfar\n"));
}

#[test]
fn both_pages_fit_the_smallest_window() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "labels.tsv", &format!("{HEADER}\nsoundscape_000.flac\t1.0\t2.5\tDog\n"));
    let mut harness = window_of(vec2(1024.0, 700.0), 1.0, settings(), vec![soundscape(0)]);
    wait(&mut harness, "the recording", |bench| bench.open.is_some());
    preview(&mut harness, &path);
    let inside = |harness: &Harness<'_, App>, name: &str| {
        let rect = harness.get_by_label(name).rect();
        assert!(rect.left() >= 0.0 && rect.right() <= 1024.0 && rect.bottom() <= 700.0, "{name}: {rect:?}");
    };
    inside(&harness, "Import these events");
    press(&mut harness, Key::Escape);
    press_with(&mut harness, Modifiers::COMMAND, Key::E);
    wait(&mut harness, "what would be written", is_weighed);
    inside(&harness, "Export these labels");
}
