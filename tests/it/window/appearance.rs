//! How the window looks and what it calls its parts.

use super::stage::{opened, press, press_with, settings, soundscape, wait, window, window_of};
use earmark::app::{Command, Settings};
use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers, vec2};
use egui_kittest::kittest::Queryable;

#[test]
fn the_empty_window_teaches_the_first_steps() {
    let mut harness = window(settings(), Vec::new());
    harness.run_steps(3);
    for text in ["Drop recordings here, or", "let the model propose events", "Open example"] {
        assert!(harness.query_all_by_label(text).next().is_some(), "{text}");
    }
}

#[test]
fn every_command_is_in_a_menu_and_in_the_palette() {
    for group in earmark::app::Group::ALL {
        let mut harness = window(settings(), Vec::new());
        harness.run_steps(3);
        harness.get_by_label(group.title()).click();
        harness.run_steps(4);
        for command in Command::ALL.iter().filter(|command| command.group() == group) {
            let found = harness.query_all_by_label_contains(command.name()).next().is_some();
            assert!(found, "{:?} is not in the menu {}", command, group.title());
        }
    }
    let mut harness = opened(vec![soundscape(0)]);
    press_with(&mut harness, Modifiers::COMMAND, Key::P);
    harness.get_by_label("Search a command").type_text("whole recording");
    harness.run_steps(2);
    harness.state_mut().bench.dispatch(earmark::app::Request::ShowSpan(earmark::time::Span::between(3.0, 4.0)));
    press(&mut harness, Key::Enter);
    let view = harness.state().bench.open.as_ref().unwrap().viewport.span();
    assert_eq!(view.onset_secs, 0.0);
    assert!(view.duration_secs() > 20.0);
}

#[test]
fn nothing_overlaps_from_the_smallest_window_to_4k() {
    for (size, pixels_per_point) in
        [(vec2(1024.0, 700.0), 1.0), (vec2(1440.0, 900.0), 2.0), (vec2(3840.0, 2160.0), 1.0)]
    {
        let mut harness = window_of(size, pixels_per_point, settings(), vec![soundscape(0)]);
        wait(&mut harness, "the recording", |bench| bench.open.is_some());
        let rect = |label: &str| harness.get_by_label(label).rect();
        let (overview, ruler, spectrogram) =
            (rect("Overview of the whole recording"), rect("Time ruler"), rect("Spectrogram"));
        assert!(overview.bottom() <= ruler.top() + 0.5 && ruler.bottom() <= spectrogram.top() + 0.5, "{size}");
        assert!(spectrogram.width() > 300.0 && spectrogram.height() > 250.0, "{size}: {spectrogram}");
        let play = rect(Command::PlayPause.name());
        assert!(spectrogram.bottom() <= play.top() && play.bottom() <= size.y, "{size}: {play}");
        let levels = rect("Colour scale");
        let inspector = rect("Events");
        assert!(levels.right() <= inspector.left(), "{size}: {levels} {inspector}");
    }
}

#[test]
fn the_spectrogram_is_drawn_in_both_themes() {
    for dark in [true, false] {
        let mut harness = window(Settings { dark, ..settings() }, vec![soundscape(0)]);
        wait(&mut harness, "the pictures", |bench| {
            bench.open.as_ref().is_some_and(|open| open.tiles.progress() >= 1.0)
        });
        wait(&mut harness, "the tiles", |bench| bench.open.as_ref().is_some_and(|open| open.tiles.is_view_complete()));
        harness.run_steps(8);
        let rect = harness.get_by_label("Spectrogram").rect();
        let picture = harness.render().unwrap();
        let mut colors: Vec<[u8; 4]> = Vec::new();
        for step in 0..400_u32 {
            let x = rect.left() + (step as f32 + 0.5) / 400.0 * rect.width();
            colors.push(picture.get_pixel(x as u32, rect.center().y as u32).0);
        }
        colors.sort_unstable();
        colors.dedup();
        assert!(colors.len() > 40, "a picture has many colours, not {}", colors.len());
        let panel = picture.get_pixel(8, 400).0;
        assert_eq!(panel[0] < 0x80, dark, "{panel:?}");
    }
}

#[test]
fn panels_can_be_hidden_by_key() {
    let mut harness = opened(vec![soundscape(0)]);
    let width =
        |harness: &egui_kittest::Harness<'_, earmark::app::App>| harness.get_by_label("Spectrogram").rect().width();
    let narrow = width(&harness);
    press(&mut harness, Key::F2);
    press(&mut harness, Key::F3);
    assert!(width(&harness) > narrow + 400.0);
    assert!(harness.query_by_label("Model").is_none_or(|node| node.rect().top() < 40.0));
}

#[test]
fn the_tabs_on_the_right_change_what_is_shown() {
    let mut harness = opened(vec![soundscape(0)]);
    // The menu of the same name stands on the left.
    let models = harness.get_all_by_role_and_label(Role::Button, "Model");
    models.max_by(|a, b| a.rect().left().total_cmp(&b.rect().left())).unwrap().click();
    harness.run_steps(3);
    assert!(harness.query_by_label("Detect events").is_some());
    harness.get_by_role_and_label(Role::Button, "Events").click();
    harness.run_steps(3);
    assert!(harness.query_by_label("No events yet").is_some() && harness.query_by_label("Detect events").is_none());
}

#[test]
fn the_palette_shows_many_labels_at_once() {
    let mut harness = opened(vec![soundscape(0)]);
    press(&mut harness, Key::Slash);
    harness.get_by_label("Search a label for new events").type_text("dog");
    harness.run_steps(4);
    let bottom = harness.get_by_label("Dog").rect().bottom();
    let rows = harness
        .query_all_by_role(Role::ListItem)
        .filter(|row| row.rect().top() > 100.0 && row.rect().top() < bottom + 120.0);
    assert!(rows.count() >= 4, "only few rows are in view");
}

#[test]
fn an_open_menu_owns_the_keys() {
    let mut harness = opened(vec![soundscape(0)]);
    harness.get_by_label("View").click();
    harness.run_steps(3);
    let before = harness.state().bench.open.as_ref().unwrap().viewport.span();
    press(&mut harness, Key::Plus);
    assert_eq!(harness.state().bench.open.as_ref().unwrap().viewport.span(), before);
    press(&mut harness, Key::Escape);
    press(&mut harness, Key::Plus);
    assert!(harness.state().bench.open.as_ref().unwrap().viewport.span().duration_secs() < before.duration_secs());
}

#[test]
fn the_colour_scale_opens_the_display_settings_and_they_work() {
    let mut harness = opened(vec![soundscape(0)]);
    harness.get_by_label("Colour scale").click();
    harness.run_steps(4);
    let scale = harness.get_by_label("Colour scale").rect();
    let choice = harness.get_by_label("Logarithmic").rect();
    assert!(choice.left() >= scale.right() - 1.0, "{choice} beside {scale}");
    harness.get_by_label("Logarithmic").click();
    harness.run_steps(3);
    let bench = &harness.state().bench;
    assert_eq!(
        (bench.display.frequency_scale.as_str(), bench.settings.display.frequency_scale.as_str()),
        ("log", "log")
    );
}
