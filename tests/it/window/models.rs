//! The page of models: importing a file, getting a published model, removing one; and a run of what was imported.

use super::stage::{answer_path, press, settings, wait, window, window_of};
use crate::http_server::{Answer, Server, ranged};
use earmark::app::{App, Command, Gravity, Request, Settings};
use earmark::model::acquire::{Places, Stage};
use earmark::model::registry::MODELS_VARIABLE;
use earmark::work::ModelPlaces;
use eframe::egui::accesskit::Role;
use eframe::egui::{Key, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn zoo(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/zoo").join(name)
}

fn bundled() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models")
}

/// Lets a window keep its models in `data` and get new ones from `mirror`.
fn move_to(harness: &mut Harness<'_, App>, data: &Path, mirror: Option<&str>) {
    assert!(std::env::var_os(MODELS_VARIABLE).is_none_or(|value| value.is_empty()), "{MODELS_VARIABLE} is set");
    let own =
        Places { downloads: data.join("downloads"), models: data.join("models"), mirror: mirror.map(str::to_owned) };
    harness.state_mut().bench.shelf.places =
        ModelPlaces { search: vec![own.models.clone(), bundled()], own: Some(own) };
}

fn window_in(data: &Path, mirror: Option<&str>, files: Vec<PathBuf>) -> Harness<'static, App> {
    let mut harness = window(settings(), files);
    move_to(&mut harness, data, mirror);
    harness.run_steps(3);
    harness
}

fn show_page(harness: &mut Harness<'_, App>) {
    harness.get_by_role_and_label(Role::Button, "Model").click();
    harness.run_steps(3);
    harness.get_by_label(Command::GetModels.name()).click();
    harness.run_steps(4);
}

fn type_into(harness: &mut Harness<'_, App>, field: &str, text: &str) {
    harness.get_by_role_and_label(Role::TextInput, field).focus();
    harness.run_steps(2);
    harness.get_by_role_and_label(Role::TextInput, field).type_text(text);
    harness.run_steps(4);
}

/// Chooses a file in the path prompt and confirms the form.
fn import(harness: &mut Harness<'_, App>, path: &Path) {
    harness.state_mut().bench.dispatch(Request::Do(Command::ImportModel));
    answer_path(harness, "Path of the checkpoint or ONNX file to import", path);
    harness.run_steps(4);
    harness.get_by_label("Import this file").click();
    harness.run_steps(3);
    wait(harness, "the import", |bench| bench.shelf.tasks.is_empty());
}

fn failures(harness: &Harness<'_, App>) -> Vec<String> {
    let notices = harness.state().bench.notices.list().iter();
    notices.filter(|notice| notice.gravity == Gravity::Failure).map(|notice| notice.text.clone()).collect()
}

/// Class, onset and offset of each event of the reference's table that lasts, in milliseconds.
fn reference_events(recording: &str, threshold: &str) -> Vec<(String, u64, u64)> {
    let bytes = std::fs::read(zoo("fmn04_dcase2016task2.events.csv.gz")).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
    let start = format!("{recording},{threshold},");
    let millis = |text: &str| (1000.0 * text.parse::<f64>().unwrap()).round() as u64;
    let rows = text.lines().filter_map(|line| line.strip_prefix(&start));
    let events = rows.map(|row| {
        let cells: Vec<&str> = row.split(',').collect();
        (cells[1].to_owned(), millis(cells[2]), millis(cells[3]))
    });
    let mut events: Vec<_> = events.filter(|(_, onset, offset)| onset < offset).collect();
    events.sort();
    events
}

#[test]
fn an_imported_checkpoint_finds_the_events_of_the_reference() {
    let data = tempfile::tempdir().unwrap();
    let mut harness = window_in(data.path(), None, vec![zoo("clip10.wav")]);
    wait(&mut harness, "the recording", |bench| bench.open.is_some());
    import(&mut harness, &zoo("fmn04_dcase2016task2.ckpt"));
    let bench = &harness.state().bench;
    assert!(failures(&harness).is_empty(), "{:?}", failures(&harness));
    assert_eq!(bench.settings.model, "fmn04_dcase2016task2");
    assert!(data.path().join("models/fmn04_dcase2016task2/model.toml").is_file());
    let told = bench.notices.list().iter().map(|notice| notice.text.as_str()).collect::<Vec<_>>().join("\n");
    for part in ["fmn04_dcase2016task2 is installed and chosen", "Recognised fmn04", "11 classes by frame"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    press(&mut harness, Key::Escape);
    assert!(harness.query_by_label("Filter models").is_none());

    harness.state_mut().bench.dispatch(Request::Do(Command::Detect));
    harness.run_steps(3);
    wait(&mut harness, "the run", |bench| bench.scored_here().is_some() && bench.runs.is_empty());
    let is_shown =
        |harness: &Harness<'_, App>, preset: &str| harness.query_by_label(&format!("Preset: {preset}")).is_some();
    assert!(is_shown(&harness, "overlapping clips"));
    assert!(!harness.state().bench.marks.is_empty(), "low thresholds are the model's own");

    // The other preset, chosen with the mouse.
    harness.get_by_role_and_label(Role::ComboBox, "Preset").click();
    harness.run_steps(4);
    harness.get_by_label("As the reference program").click();
    harness.run_steps(4);
    assert_eq!(harness.state().bench.settings.preset, "reference");
    assert!(harness.query_by_role_and_label(Role::ComboBox, "Short files").is_none());
    harness.state_mut().bench.dispatch(Request::Do(Command::Detect));
    harness.run_steps(3);
    wait(&mut harness, "the run", |bench| {
        bench.runs.is_empty() && bench.rule().preset == Some(earmark::decision::Preset::Reference)
    });
    assert!(is_shown(&harness, "as the reference program"));
    let mut compared = 0;
    for threshold in ["0.1", "0.2", "0.5"] {
        let bench = &mut harness.state_mut().bench;
        bench.dispatch(Request::ChooseClasses((0..11).collect()));
        let rule = bench.rule();
        bench.dispatch(Request::SetRule(earmark::decision::DecisionRule {
            threshold: threshold.parse().unwrap(),
            ..rule
        }));
        harness.run_steps(2);
        let millis = |secs: f64| (1000.0 * secs).round() as u64;
        let marks = harness.state().bench.marks.iter();
        let mut found: Vec<_> = marks
            .map(|mark| (mark.label.to_string(), millis(mark.span.onset_secs), millis(mark.span.offset_secs)))
            .collect();
        found.sort();
        let expected = reference_events("clip10", threshold);
        assert_eq!(found, expected, "threshold {threshold}");
        compared += expected.len();
    }
    assert!(compared > 20, "{compared}");
}

#[test]
fn a_file_that_is_no_model_is_told_and_its_form_comes_back() {
    let data = tempfile::tempdir().unwrap();
    let broken = data.path().join("broken.pt");
    let whole = std::fs::read(zoo("fmn04_dcase2016task2.ckpt")).unwrap();
    std::fs::write(&broken, &whole[..100_000]).unwrap();
    let mut harness = window_in(data.path(), None, vec![]);
    import(&mut harness, &broken);
    let told = failures(&harness);
    assert!(told.len() == 1 && told[0].contains("broken.pt"), "{told:?}");
    assert!(harness.query_by_label("Import broken.pt").is_some());
    let left = std::fs::read_dir(data.path().join("models")).map_or(0, |entries| entries.count());
    assert_eq!(left, 0);
    harness.get_by_label("Do not import").click();
    harness.run_steps(3);
    assert!(harness.query_by_label("Import broken.pt").is_none());
}

#[test]
fn an_onnx_file_is_imported_through_its_form() {
    let data = tempfile::tempdir().unwrap();
    let mut harness = window_in(data.path(), None, vec![]);
    harness.state_mut().bench.dispatch(Request::AskForImport(bundled().join("firered-aed/model.onnx")));
    harness.run_steps(4);
    let names = data.path().join("names.txt");
    std::fs::write(&names, "voice\ntune\nband\n").unwrap();
    type_into(&mut harness, "Name", "own");
    type_into(&mut harness, "Hop (s)", "soon");
    assert!(harness.query_by_label_contains("Hop: seconds").is_some());
    harness.get_by_label("Import this file").click();
    harness.run_steps(3);
    assert!(harness.state().bench.shelf.tasks.is_empty(), "nothing is imported with a wrong field");
    type_into(&mut harness, "Hop (s)", "");
    for _ in 0..4 {
        press(&mut harness, Key::Backspace);
    }
    harness.get_by_label("Choose a file of class names").click();
    harness.run_steps(3);
    answer_path(&mut harness, "Path of a file with the names of the classes, one a line", &names);
    harness.run_steps(3);
    harness.get_by_label("Import this file").click();
    harness.run_steps(3);
    wait(&mut harness, "the import", |bench| bench.shelf.tasks.is_empty());
    assert!(failures(&harness).is_empty(), "{:?}", failures(&harness));
    let bench = &harness.state().bench;
    let model = bench.model().unwrap();
    assert_eq!((model.id.as_str(), &*model.labels[1].name), ("own", "tune"));
    let told = &bench.notices.list().last().unwrap().text;
    assert!(told.contains("(guessed)"), "guesses are told: {told}");
}

#[test]
fn a_published_model_is_got_with_progress_stopped_continued_and_removed() {
    let file = std::fs::read(zoo("fmn04_dcase2016task2.ckpt")).unwrap();
    let length = file.len() as u64;
    let server = Server::start(move |before, request| Answer {
        pause: Some(Duration::from_micros(if before == 0 { 2000 } else { 0 })),
        ..ranged(request, &file, "\"1\"")
    });
    let data = tempfile::tempdir().unwrap();
    let mut harness = window_in(data.path(), Some(&server.address), vec![]);
    show_page(&mut harness);
    type_into(&mut harness, "Filter models", "fmn04_strong");
    harness.get_by_label("Get fmn04_strong").click();
    harness.run_steps(2);
    wait(&mut harness, "some of the file", |bench| {
        bench
            .shelf
            .tasks
            .first()
            .is_some_and(|task| matches!(task.stage, Some(Stage::Fetching(at)) if at.bytes > 200_000))
    });
    assert!(harness.query_by_label_contains("of 2.3 MB").is_some(), "length and rate are shown");
    let part = harness.state().bench.shelf.tasks[0].part().unwrap();
    assert!(part > 0.0 && part < 1.0, "{part}");
    harness.get_by_label("Cancel fmn04_strong").click();
    harness.run_steps(2);
    wait(&mut harness, "the end", |bench| bench.shelf.tasks.is_empty());
    let begun = std::fs::metadata(data.path().join("downloads/fmn04_strong.pt.part")).unwrap().len();
    assert!(begun > 200_000 && begun < length, "{begun}");
    assert!(failures(&harness).is_empty() && !data.path().join("models").exists());

    harness.get_by_label("Get fmn04_strong").click();
    harness.run_steps(2);
    wait(&mut harness, "the model", |bench| bench.shelf.tasks.is_empty());
    assert!(failures(&harness).is_empty(), "{:?}", failures(&harness));
    assert_eq!(server.requests()[1].header("range"), Some(format!("bytes={begun}-").as_str()));
    assert_eq!(harness.state().bench.settings.model, "fmn04_strong");
    let folder = data.path().join("models/fmn04_strong");
    assert!(folder.join("model.toml").is_file() && folder.join("origin.toml").is_file());

    harness.get_by_label("Remove fmn04_strong").click();
    harness.run_steps(3);
    assert!(folder.is_dir(), "one click removes nothing");
    harness.get_by_label("Remove fmn04_strong for good").click();
    harness.run_steps(2);
    wait(&mut harness, "the removal", |bench| bench.shelf.tasks.is_empty());
    assert!(!folder.exists());
    assert_eq!(harness.state().bench.settings.model, "yamnet", "what was removed is not run next");
    assert!(harness.query_by_label("Get fmn04_strong").is_some());
}

#[test]
fn what_a_server_refuses_is_told_with_what_to_do() {
    let server = Server::start(|_, _| Answer::of(404, b""));
    let data = tempfile::tempdir().unwrap();
    let mut harness = window_in(data.path(), Some(&server.address), vec![]);
    harness.state_mut().bench.dispatch(Request::GetModel("fmn06_strong"));
    wait(&mut harness, "the end", |bench| bench.shelf.tasks.is_empty());
    let told = failures(&harness);
    assert!(told.len() == 1 && told[0].contains("fmn06_strong") && told[0].contains("HTTP 404"), "{told:?}");
    assert!(told[0].contains("by hand"), "{told:?}");
}

#[test]
fn the_page_fits_small_windows_in_both_themes_and_is_closed_by_a_key() {
    for dark in [true, false] {
        let data = tempfile::tempdir().unwrap();
        let mut harness = window_of(vec2(1024.0, 700.0), 1.0, Settings { dark, ..settings() }, vec![]);
        move_to(&mut harness, data.path(), None);
        harness.run_steps(3);
        show_page(&mut harness);
        for name in ["Get fmn30+gru-768_strong", "Import model…", "Filter models", "Sort by MACs"] {
            let places: Vec<_> = harness.query_all_by_label(name).map(|node| node.rect()).collect();
            assert!(!places.is_empty(), "{name}");
            for place in places {
                assert!(place.left() > 0.0 && place.right() < 1024.0 && place.bottom() < 700.0, "{name}: {place}");
            }
        }
        // The smallest is at the bottom, until the table is sorted by what it takes.
        assert!(harness.query_by_label("Get fmn04_strong").is_none());
        harness.get_by_label("Sort by Parameters").click();
        harness.run_steps(4);
        assert!(harness.query_by_label("Get fmn04_strong").is_some());
        harness.get_by_label_contains("Installed (").click();
        harness.run_steps(4);
        assert!(harness.query_by_label("Installed: yamnet").is_some());
        harness.get_by_label("Use bicycle-bell").click();
        harness.run_steps(3);
        assert_eq!(harness.state().bench.settings.model, "bicycle-bell");
        press(&mut harness, Key::Escape);
        assert!(harness.query_by_label("Filter models").is_none());
    }
}

#[test]
fn a_variant_is_made_beside_its_model_and_says_what_it_changes() {
    let data = tempfile::tempdir().unwrap();
    let mut harness = window_in(data.path(), None, vec![]);
    show_page(&mut harness);
    harness.get_by_label_contains("Installed (").click();
    harness.run_steps(4);
    let choose = |harness: &mut Harness<'_, App>, entry: &str| {
        harness.get_by_label("Variants of bicycle-bell").click();
        harness.run_steps(4);
        harness.get_by_label(entry).click();
        harness.run_steps(4);
    };
    choose(&mut harness, "int8: a quarter of the size");
    wait(&mut harness, "the comparison", |bench| {
        bench.shelf.tasks.first().is_some_and(|task| matches!(task.stage, Some(Stage::Varying(part)) if part > 0.0))
    });
    harness.get_by_label("Cancel: Making bicycle-bell-int8").click();
    harness.run_steps(2);
    wait(&mut harness, "the end", |bench| bench.shelf.tasks.is_empty());
    let told = |harness: &Harness<'_, App>| {
        let notices = harness.state().bench.notices.list().iter();
        notices.map(|notice| notice.text.clone()).collect::<Vec<_>>().join("\n")
    };
    assert!(told(&harness).contains("nothing was made"), "{}", told(&harness));
    assert!(failures(&harness).is_empty() && !data.path().join("models/bicycle-bell-int8").exists());

    choose(&mut harness, "float16: half the size");
    wait(&mut harness, "the variant", |bench| bench.shelf.tasks.is_empty());
    assert!(failures(&harness).is_empty(), "{:?}", failures(&harness));
    for part in ["bicycle-bell-float16 is installed, but not chosen", "heard: the bundled example, 180 s", "× as fast"]
    {
        assert!(told(&harness).contains(part), "{part}: {}", told(&harness));
    }
    let bench = &harness.state().bench;
    assert_eq!(bench.settings.model, "yamnet");
    assert!(bench.models.iter().any(|model| model.id == "bicycle-bell-float16"));
    assert!(data.path().join("models/bicycle-bell-float16/variant.toml").is_file());
    // Of a variant there are no variants.
    assert!(harness.query_by_label("Installed: bicycle-bell-float16").is_some());
    assert!(harness.query_by_label("Variants of bicycle-bell-float16").is_none());
    assert!(harness.query_by_label("Use bicycle-bell-float16").is_some());
}
