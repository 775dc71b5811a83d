//! Saving a picture of what is in view.

use super::stage::{answer_path, opened, press_with, soundscape, wait};
use earmark::app::{App, Command, Gravity, Request};
use earmark::time::Span;
use eframe::egui::{Key, Modifiers};
use egui_kittest::Harness;

#[test]
fn what_is_in_view_is_saved_with_its_events() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = opened(vec![soundscape(0)]);
    let bench = &mut harness.state_mut().bench;
    bench.dispatch(Request::ShowSpan(Span::between(2.0, 6.0)));
    bench.dispatch(Request::SetActiveLabel("Dog & bone".into()));
    bench.dispatch(Request::Draw(Span::between(3.0, 4.5)));
    let path = folder.path().join("view.svg");
    press_with(&mut harness, Modifiers::COMMAND | Modifiers::SHIFT, Key::E);
    answer_path(&mut harness, "Path to save the picture to, ending in .png or .svg", &path);
    wait(&mut harness, "the picture", |bench| {
        bench.notices.list().iter().any(|notice| notice.text.contains("view.svg"))
    });
    let page = std::fs::read_to_string(&path).unwrap();
    for text in [">soundscape_000.flac<", ">Dog &amp; bone<", ">0:02.0<", ">0:06.0<", "Frequency (kHz, mel scale)"] {
        assert!(page.contains(text), "{text} is missing");
    }
    assert!(harness.state().bench.saving_picture.is_none());
}

/// Dispatches, waits until nothing is being drawn, and returns what was told since.
fn told(harness: &mut Harness<'_, App>, requests: Vec<Request>) -> Vec<(Gravity, String)> {
    let bench = &mut harness.state_mut().bench;
    let old: Vec<u64> = bench.notices.list().iter().map(|notice| notice.id).collect();
    requests.into_iter().for_each(|request| bench.dispatch(request));
    wait(harness, "the end", |bench| bench.saving_picture.is_none());
    let notices = harness.state().bench.notices.list().iter().filter(|notice| !old.contains(&notice.id));
    notices.map(|notice| (notice.gravity, notice.text.clone())).collect()
}

#[test]
fn a_picture_that_is_stopped_is_not_written_and_a_bad_folder_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = opened(vec![soundscape(0)]);
    assert!(harness.state().bench.can(Command::SavePicture));
    // On a busy machine the stop may come too late once, but not five times.
    let stopped = (0..5).any(|attempt| {
        let path = folder.path().join(format!("view {attempt}.png"));
        let notices = told(&mut harness, vec![Request::SavePictureTo(path.clone()), Request::StopPicture]);
        let was_stopped = notices.iter().any(|(_, text)| text.contains("was stopped"));
        assert_eq!(was_stopped, !path.exists(), "{notices:?}");
        was_stopped
    });
    assert!(stopped);
    let notices = told(&mut harness, vec![Request::SavePictureTo(folder.path().join("missing/view.png"))]);
    assert!(notices.iter().any(|(gravity, text)| *gravity == Gravity::Failure && text.contains("view.png")));
}

#[test]
fn a_file_that_nobody_asked_about_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("view.png");
    std::fs::write(&old, b"dear").unwrap();
    let mut harness = opened(vec![soundscape(0)]);
    let notices = told(&mut harness, vec![Request::SavePictureTo(folder.path().join("view"))]);
    assert!(matches!(&notices[..], [(Gravity::Warning, text)] if text.contains("is there already")), "{notices:?}");
    assert_eq!(std::fs::read(&old).unwrap(), b"dear");
    told(&mut harness, vec![Request::SavePictureTo(old.clone())]);
    assert!(std::fs::read(&old).unwrap().starts_with(b"\x89PNG"), "this name was asked about");
}

#[test]
fn uncertain_events_look_so_on_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = opened(vec![soundscape(0)]);
    let path = folder.path().join("view.svg");
    let draw = |label: &str, from: f64| {
        [Request::SetActiveLabel(label.into()), Request::Draw(Span::between(from, from + 1.0))]
    };
    let mut requests: Vec<Request> = draw("Sure", 1.0).into();
    requests.extend(draw("Unsure", 3.0));
    requests.push(Request::Do(Command::Uncertain));
    requests.push(Request::SavePictureTo(path.clone()));
    told(&mut harness, requests);
    let statuses: Vec<&str> = harness.state().bench.shown_marks().map(|mark| mark.state.text()).collect();
    assert_eq!(statuses, ["accepted", "uncertain"]);
    let page = std::fs::read_to_string(&path).unwrap();
    assert!(page.contains("<title>Sure, 1 s") && page.contains("<title>Unsure, uncertain, 3 s"), "{page}");
    assert!(page.contains(">dotted: uncertain<"));
}

/// With recordings beside the open one the view goes beyond it; a page does not.
#[test]
fn a_page_ends_where_the_recording_does() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["A_20260501_000000.flac", "B_20260501_001000.flac"] {
        std::fs::copy(soundscape(0), folder.path().join(name)).unwrap();
    }
    let mut harness = opened(vec![folder.path().to_path_buf()]);
    wait(&mut harness, "the timeline", |bench| bench.timeline.blocks().len() == 2);
    let path = folder.path().join("view.svg");
    let view = Request::ShowSpan(Span::between(25.0, 30.0));
    let notices = told(&mut harness, vec![view, Request::Pan(4.0), Request::SavePictureTo(path.clone())]);
    let view = harness.state().bench.open.as_ref().unwrap().viewport.span();
    assert!(view.onset_secs < 30.0 && view.offset_secs > 31.0, "{view:?}");
    assert!(notices.iter().any(|(_, text)| text.contains("shows A_20260501_000000.flac only")), "{notices:?}");
    let page = std::fs::read_to_string(&path).unwrap();
    assert!(page.contains(">0:30") && !page.contains(">0:31"), "{page}");
    let gone = folder.path().join("gone.svg");
    let notices = told(&mut harness, vec![Request::Pan(100.0), Request::SavePictureTo(gone.clone())]);
    assert!(matches!(&notices[..], [(Gravity::Warning, text)] if text.contains("nothing of A_")), "{notices:?}");
    assert!(!gone.exists());
}
