//! Saving a picture of what is in view.

use super::stage::{answer_path, opened, press_with, soundscape, wait};
use earmark::app::{Command, Gravity, Request};
use earmark::time::Span;
use eframe::egui::{Key, Modifiers};

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
    for text in [">soundscape_000.flac<", ">Dog &amp; bone<", ">0:02<", ">0:06<", "Frequency (kHz, mel scale)"] {
        assert!(page.contains(text), "{text} is missing");
    }
    assert!(harness.state().bench.saving_picture.is_none());
}

#[test]
fn a_picture_that_is_stopped_is_not_written_and_a_bad_folder_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = opened(vec![soundscape(0)]);
    let path = folder.path().join("view");
    let bench = &mut harness.state_mut().bench;
    assert!(bench.can(Command::SavePicture));
    bench.dispatch(Request::SavePictureTo(path.clone()));
    bench.dispatch(Request::StopPicture);
    wait(&mut harness, "the end", |bench| bench.saving_picture.is_none());
    let stopped = harness.state().bench.notices.list().iter().any(|notice| notice.text.contains("was stopped"));
    assert_eq!(stopped, !path.with_extension("png").exists());
    harness.state_mut().bench.dispatch(Request::SavePictureTo(folder.path().join("missing/view.png")));
    wait(&mut harness, "the failure", |bench| {
        bench.notices.list().iter().any(|notice| notice.gravity == Gravity::Failure && notice.text.contains("view.png"))
    });
}
