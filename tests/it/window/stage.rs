//! A window without a display, and how to wait for its threads.

use earmark::app::{App, Settings, Workbench};
use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers, Pos2, Vec2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A recording of the bundled example.
pub fn soundscape(number: usize) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("assets/example/soundscape_{number:03}.flac"))
}

/// Settings that never open a dialog of the system, and never ask for a name.
pub fn settings() -> Settings {
    Settings { system_dialogs: false, auto_advance: false, annotator_asked: true, ..Settings::default() }
}

/// A window of 1440 × 900 points.
pub fn window(settings: Settings, files: Vec<PathBuf>) -> Harness<'static, App> {
    window_of(vec2(1440.0, 900.0), 1.0, settings, files)
}

/// A window that keeps projects without a name in a folder.
pub fn window_keeping(data: &Path, files: Vec<PathBuf>) -> Harness<'static, App> {
    window_keeping_with(data, settings(), files)
}

/// The same with other settings.
pub fn window_keeping_with(data: &Path, settings: Settings, files: Vec<PathBuf>) -> Harness<'static, App> {
    let data = data.to_path_buf();
    Harness::builder()
        .with_size(vec2(1440.0, 900.0))
        .wgpu()
        .build_eframe(move |creation| App::with_folder(creation, settings, files, Some(data)))
}

/// A window of any size, at any number of pixels a point.
pub fn window_of(size: Vec2, pixels_per_point: f32, settings: Settings, files: Vec<PathBuf>) -> Harness<'static, App> {
    Harness::builder()
        .with_size(size)
        .with_pixels_per_point(pixels_per_point)
        .wgpu()
        .build_eframe(move |creation| App::with_settings(creation, settings, files))
}

/// Lets the window run until something is so; fails if it is not within a minute.
pub fn wait(harness: &mut Harness<'_, App>, what: &str, done: impl Fn(&Workbench) -> bool) {
    let began = Instant::now();
    while !done(&harness.state().bench) {
        let notices: Vec<&str> =
            harness.state().bench.notices.list().iter().map(|notice| notice.text.as_str()).collect();
        assert!(began.elapsed() < Duration::from_secs(60), "waited in vain for: {what}; notices: {notices:?}");
        harness.step();
        std::thread::sleep(Duration::from_millis(5));
    }
    harness.run_steps(2);
}

/// Opens files and waits until the first is in the picture, the pass over it done.
pub fn opened(files: Vec<PathBuf>) -> Harness<'static, App> {
    let mut harness = window(settings(), files);
    wait(&mut harness, "the recording", |bench| bench.open.as_ref().is_some_and(|open| open.tiles.progress() >= 1.0));
    harness
}

pub fn press(harness: &mut Harness<'_, App>, key: Key) {
    press_with(harness, Modifiers::NONE, key);
}

pub fn press_with(harness: &mut Harness<'_, App>, modifiers: Modifiers, key: Key) {
    harness.key_press_modifiers(modifiers, key);
    harness.run_steps(3);
}

pub fn drag(harness: &mut Harness<'_, App>, from: Pos2, to: Pos2) {
    harness.hover_at(from);
    harness.step();
    harness.drag_at(from);
    harness.step();
    harness.hover_at(from.lerp(to, 0.5));
    harness.step();
    harness.hover_at(to);
    harness.step();
    harness.drop_at(to);
    harness.run_steps(3);
}

/// Types a path into the prompt that is open and confirms it.
pub fn answer_path(harness: &mut Harness<'_, App>, title: &str, path: &Path) {
    harness.run_steps(2);
    harness.get_by_role_and_label(Role::TextInput, title).type_text(&path.display().to_string());
    harness.run_steps(2);
    press(harness, Key::Enter);
}

/// Where a moment lies over the spectrogram, half-way up.
pub fn at_secs(harness: &Harness<'_, App>, secs: f64) -> Pos2 {
    let rect = harness.get_by_label("Spectrogram").rect();
    let view = harness.state().bench.open.as_ref().unwrap().viewport.span();
    let place = (secs - view.onset_secs) / view.duration_secs();
    Pos2::new(rect.left() + place as f32 * rect.width(), rect.center().y)
}
