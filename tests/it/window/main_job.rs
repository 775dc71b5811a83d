//! The main job, from a recording to exported labels.

use super::stage::{answer_path, at_secs, drag, opened, press, press_with, soundscape, wait};
use earmark::annotation::{Event, Origin, Status};
use earmark::app::{App, Target};
use eframe::egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

fn events(harness: &Harness<'_, App>) -> Vec<Event> {
    harness.state().bench.recording().unwrap().events_by_onset().into_iter().cloned().collect()
}

fn detect(harness: &mut Harness<'_, App>) {
    press_with(harness, Modifiers::COMMAND, Key::R);
    wait(harness, "the end of the model's run", |bench| bench.scored_here().is_some() && bench.runs.is_empty());
}

/// Clicks the tag of the `place`-th undecided event and returns its target.
fn select_undecided(harness: &mut Harness<'_, App>, place: usize) -> Target {
    let bench = &harness.state().bench;
    let mark = bench.marks.iter().filter(|mark| mark.state == Status::Predicted).nth(place).unwrap().clone();
    harness.get_by_label(&mark.spoken()).click();
    harness.run_steps(3);
    assert_eq!(harness.state().bench.selected, Some(mark.target));
    mark.target
}

#[test]
fn open_detect_correct_undo_redo_export() {
    let mut harness = opened(vec![soundscape(0)]);
    detect(&mut harness);
    let proposed = harness.state().bench.marks.len();
    assert!(proposed >= 4, "the model finds events: {proposed}");
    assert!(harness.state().bench.scored_here().unwrap().start.ran_on.starts_with("CPU · ONNX Runtime"));

    // Accept one, reject one.
    select_undecided(&mut harness, 0);
    press(&mut harness, Key::A);
    select_undecided(&mut harness, 0);
    press(&mut harness, Key::D);
    let decided: Vec<Status> = events(&harness).iter().map(|event| event.status).collect();
    assert_eq!(decided, [Status::Accepted, Status::Rejected]);

    // Drag the offset of an accepted event half a second on.
    let before = events(&harness)[0].clone();
    let tag = harness.state().bench.mark(Target::Event(before.id)).unwrap().spoken();
    harness.get_by_label(&tag).click();
    harness.run_steps(3);
    let offset = before.span.offset_secs;
    let (from, to) = (at_secs(&harness, offset), at_secs(&harness, offset + 0.5));
    drag(&mut harness, from, to);
    let dragged = events(&harness).into_iter().find(|event| event.id == before.id).unwrap();
    assert_eq!(dragged.status, Status::Corrected);
    assert_eq!(dragged.span.onset_secs, before.span.onset_secs);
    assert!((dragged.span.offset_secs - offset - 0.5).abs() < 0.05, "{:?}", dragged.span);

    // Draw one where nothing is, and give it a label by typing.
    let (from, to) = (at_secs(&harness, 14.8), at_secs(&harness, 15.8));
    drag(&mut harness, from, to);
    press(&mut harness, Key::Enter);
    harness.get_by_label("Search a label for this event").type_text("bicycle bell");
    harness.run_steps(2);
    press(&mut harness, Key::Enter);
    let drawn = events(&harness).into_iter().find(|event| event.origin == Origin::Human).unwrap();
    assert_eq!(&*drawn.label, "Bicycle bell");
    assert!(
        (drawn.span.onset_secs - 14.8).abs() < 0.05 && (drawn.span.offset_secs - 15.8).abs() < 0.05,
        "{:?}",
        drawn.span
    );

    // Move it by its tag.
    let tag = harness.state().bench.selected_mark().unwrap().spoken();
    let at = harness.get_by_label(&tag).rect().left_center() + eframe::egui::vec2(8.0, 0.0);
    let by = at_secs(&harness, 15.3).x - at_secs(&harness, 14.8).x;
    drag(&mut harness, at, at + eframe::egui::vec2(by, 0.0));
    let moved = events(&harness).into_iter().find(|event| event.id == drawn.id).unwrap();
    assert!((moved.span.onset_secs - drawn.span.onset_secs - 0.5).abs() < 0.05, "{:?}", moved.span);
    assert!((moved.span.duration_secs() - drawn.span.duration_secs()).abs() < 1e-9);

    // Undo all, redo all.
    let end = harness.state().bench.document.clone();
    while harness.state().bench.history.undo_title().is_some() {
        press_with(&mut harness, Modifiers::COMMAND, Key::Z);
    }
    assert!(events(&harness).is_empty());
    assert_eq!(harness.state().bench.marks.len(), proposed, "all predictions are undecided again");
    while harness.state().bench.history.redo_title().is_some() {
        press_with(&mut harness, Modifiers::COMMAND, Key::Y);
    }
    assert_eq!(harness.state().bench.document, end);

    // Export, and compare the whole file.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("labels.tsv");
    press_with(&mut harness, Modifiers::COMMAND, Key::E);
    press(&mut harness, Key::Enter);
    answer_path(&mut harness, "Path to export the labels to", &path);
    wait(&mut harness, "the exported file", |_| path.exists());
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("filename\tonset\toffset\tevent_label"));
    let mut labels: Vec<Event> =
        events(&harness).into_iter().filter(|event| event.status != Status::Rejected).collect();
    labels.sort_by(|a, b| a.span.onset_secs.total_cmp(&b.span.onset_secs));
    assert_eq!(labels.len(), 2);
    for event in labels {
        let cells: Vec<&str> = lines.next().unwrap().split('\t').collect();
        assert_eq!((cells[0], cells[3]), ("soundscape_000.flac", &*event.label));
        for (cell, secs) in [(cells[1], event.span.onset_secs), (cells[2], event.span.offset_secs)] {
            assert!((cell.parse::<f64>().unwrap() - secs).abs() < 1e-6, "{cell} for {secs}");
            assert!(cell.split_once('.').unwrap().1.len() >= 3, "{cell} has fewer than three decimals");
        }
    }
    assert_eq!(lines.next(), None);
}

#[test]
fn a_project_comes_back_with_everything_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept.earmark");
    let mut harness = opened(vec![soundscape(0), soundscape(1)]);
    detect(&mut harness);
    select_undecided(&mut harness, 1);
    press(&mut harness, Key::A);
    press(&mut harness, Key::U);
    press_with(&mut harness, Modifiers::COMMAND, Key::S);
    answer_path(&mut harness, "Path to save the project to", &path);
    wait(&mut harness, "the saved project", |bench| !bench.is_unsaved());

    let kept = &harness.state().bench;
    let (document, history, marks, rule) =
        (kept.document.clone(), kept.history.clone(), kept.marks.clone(), kept.rule());
    drop(harness);

    let mut again = opened(vec![path.clone()]);
    wait(&mut again, "the predictions", |bench| bench.scored_here().is_some());
    let back = &again.state().bench;
    assert_eq!(back.document, document);
    assert_eq!(back.history, history);
    assert_eq!(back.marks, marks);
    assert_eq!(back.rule(), rule);
    assert_eq!(back.project_path.as_deref(), Some(path.as_path()));
    press_with(&mut again, Modifiers::COMMAND, Key::Z);
    assert!(events(&again).is_empty(), "what was done before saving can be undone after opening");
}

#[test]
fn the_threshold_decides_again_without_the_model() {
    let mut harness = opened(vec![soundscape(0)]);
    detect(&mut harness);
    // A higher threshold may split an event in two, but never makes more time active.
    let active_secs = |harness: &Harness<'_, App>| -> f64 {
        harness.state().bench.predictions.iter().map(|prediction| prediction.span.duration_secs()).sum()
    };
    let low = active_secs(&harness);
    let for_all = earmark::app::RuleChange::Scope(earmark::app::RuleScope::AllClasses);
    harness.state_mut().bench.dispatch(earmark::app::Request::Rule(for_all));
    for _ in 0..8 {
        press(&mut harness, Key::U);
    }
    assert!(active_secs(&harness) < 0.9 * low, "{low} s active at 0.2, {} s at 0.6", active_secs(&harness));
    assert!(harness.state().bench.runs.is_empty());
    for _ in 0..8 {
        press_with(&mut harness, Modifiers::SHIFT, Key::U);
    }
    assert!((active_secs(&harness) - low).abs() < 1e-9);
}

#[test]
fn a_broken_file_is_told_and_the_others_open() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.flac");
    std::fs::write(&broken, b"no sound in here").unwrap();
    let missing = folder.path().join("missing.wav");
    let mut harness = opened(vec![soundscape(2)]);
    harness.state_mut().bench.dispatch(earmark::app::Request::Open(vec![broken, missing]));
    wait(&mut harness, "both notices", |bench| bench.notices.list().len() == 2);
    let texts: Vec<String> = harness.state().bench.notices.list().iter().map(|notice| notice.text.clone()).collect();
    assert!(texts[0].contains("broken.flac") && texts[1].contains("missing.wav"), "{texts:?}");
    assert_eq!(harness.state().bench.document.recordings().count(), 1);
    harness.get_all_by_label("Dismiss notice").next().unwrap().click();
    harness.run_steps(3);
    assert_eq!(harness.state().bench.notices.list().len(), 1);
}

/// A file that is let go over the window.
#[derive(Debug)]
struct Dropped(std::path::PathBuf);

impl eframe::egui::DroppedFile for Dropped {
    fn path(&self) -> &std::path::Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

#[test]
fn files_can_be_dropped_on_the_window() {
    let mut harness = super::stage::window(super::stage::settings(), Vec::new());
    harness.step();
    harness.input_mut().dropped_files.push(std::sync::Arc::new(Dropped(soundscape(3))));
    harness.step();
    wait(&mut harness, "the dropped recording", |bench| bench.open.is_some());
    assert_eq!(harness.state().bench.recording().unwrap().file_name(), "soundscape_003.flac");
}

#[test]
fn a_broken_file_in_front_does_not_keep_the_others_from_view() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.wav");
    std::fs::write(&broken, b"").unwrap();
    let harness = opened(vec![broken, soundscape(4)]);
    assert_eq!(harness.state().bench.recording().unwrap().file_name(), "soundscape_004.flac");
}

#[test]
fn undo_shows_what_it_changed() {
    let mut harness = opened(vec![soundscape(0)]);
    let (from, to) = (at_secs(&harness, 8.0), at_secs(&harness, 9.0));
    drag(&mut harness, from, to);
    press_with(&mut harness, Modifiers::COMMAND | Modifiers::SHIFT, Key::ArrowRight);
    press(&mut harness, Key::Escape);
    harness.state_mut().bench.dispatch(earmark::app::Request::ShowSpan(earmark::time::Span::between(20.0, 22.0)));
    press_with(&mut harness, Modifiers::COMMAND, Key::Z);
    let bench = &harness.state().bench;
    let mark = bench.selected_mark().expect("the event is selected again");
    assert!((mark.span.onset_secs - 8.0).abs() < 0.05, "{:?}", mark.span);
    assert!(bench.open.as_ref().unwrap().viewport.span().contains(mark.span.onset_secs));
}
