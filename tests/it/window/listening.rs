//! Listening: keys, the button in the transport bar and what opens above it.

use super::stage::{opened, press, press_with, settings, soundscape, wait, window_of};
use earmark::app::{Command, Request, Target};
use earmark::playback::ListeningMode;
use earmark::time::Span;
use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers, vec2};
use egui_kittest::kittest::Queryable;

#[test]
fn keys_change_speed_pitch_and_band_and_the_bar_says_so() {
    let mut harness = opened(vec![soundscape(0)]);
    let text = |harness: &egui_kittest::Harness<'_, earmark::app::App>| harness.state().bench.listening_text();
    assert_eq!(text(&harness), "×1");
    press_with(&mut harness, Modifiers::COMMAND, Key::Num3);
    assert_eq!(text(&harness), "×0.25");
    press(&mut harness, Key::V);
    assert_eq!(text(&harness), "×0.25 expanded");
    harness.state_mut().bench.dispatch(Request::ShowFrequencies { low_hz: 2_000.0, high_hz: 6_000.0 });
    press(&mut harness, Key::B);
    assert_eq!(text(&harness), "×0.25 expanded · band");
    let tuning = harness.state().bench.player.tuning();
    assert_eq!((tuning.speed, tuning.mode), (0.25, ListeningMode::Expanded));
    assert_eq!(tuning.band_hz, Some((2_000.0, 6_000.0)));
    // The band follows the view.
    harness.state_mut().bench.dispatch(Request::ShowFrequencies { low_hz: 1_000.0, high_hz: 5_000.0 });
    assert_eq!(harness.state().bench.player.tuning().band_hz, Some((1_000.0, 5_000.0)));
    // A heterodyne begins at real speed, in the middle of what is in view.
    press(&mut harness, Key::V);
    assert_eq!(text(&harness), "het 3 kHz");
    press(&mut harness, Key::V);
    press(&mut harness, Key::B);
    assert_eq!(text(&harness), "×1");
    for (number, speed) in [(Key::Num1, 0.05), (Key::Num2, 0.1), (Key::Num4, 0.5), (Key::Num6, 2.0), (Key::Num5, 1.0)] {
        press_with(&mut harness, Modifiers::COMMAND, number);
        assert_eq!(harness.state().bench.player.tuning().speed, speed);
    }
}

#[test]
fn the_popup_opens_above_the_bar_and_changes_everything() {
    for size in [vec2(1024.0, 700.0), vec2(1440.0, 900.0)] {
        let mut harness = window_of(size, 1.0, settings(), vec![soundscape(0)]);
        wait(&mut harness, "the recording", |bench| bench.open.is_some());
        harness.get_by_label("Listening").click();
        harness.run_steps(4);
        let button = harness.get_by_role_and_label(Role::Button, "Listening").rect();
        for label in ["Time-expanded", "Heterodyne frequency", "Post-roll", Command::SpeedTwo.name()] {
            let rects: Vec<_> = harness.query_all_by_label(label).map(|node| node.rect()).collect();
            assert!(!rects.is_empty(), "{label}");
            for rect in rects {
                assert!(rect.left() >= 0.0 && rect.right() <= size.x && rect.top() >= 0.0, "{size}: {label} {rect}");
                assert!(rect.bottom() <= button.top(), "{size}: {label} {rect} over {button}");
            }
        }
        harness.get_by_label(Command::SpeedTenth.name()).click();
        harness.run_steps(3);
        harness.get_by_label("Time-expanded").click();
        harness.run_steps(3);
        assert_eq!(harness.state().bench.listening_text(), "×0.1 expanded");
        let band = harness.query_all_by_role(Role::CheckBox).find(|node| node.rect().bottom() <= button.top());
        band.unwrap().click();
        harness.run_steps(3);
        assert!(harness.state().bench.listening.is_banded);
        harness.get_by_label("Heterodyne").click();
        harness.run_steps(3);
        let bench = &harness.state().bench;
        assert_eq!(bench.settings.listening.mode(), ListeningMode::Heterodyne);
        assert_eq!(bench.player.tuning().speed, 1.0);
    }
}

#[test]
fn the_longest_words_leave_the_bar_its_order() {
    let size = vec2(1024.0, 700.0);
    let mut harness = window_of(size, 1.0, settings(), vec![soundscape(0)]);
    wait(&mut harness, "the recording", |bench| bench.open.is_some());
    harness.state_mut().bench.dispatch(Request::SetListeningMode(ListeningMode::Expanded));
    harness.state_mut().bench.dispatch(Request::SetSpeed(0.25));
    harness.state_mut().bench.dispatch(Request::Do(Command::ToggleBand));
    harness.run_steps(4);
    let button = harness.get_by_label("Listening").rect();
    let volume = harness.get_by_label("Volume").rect();
    assert!(volume.right() <= button.left() && button.right() < 0.55 * size.x, "{volume} {button}");
    assert!(button.height() < 32.0, "on one line: {button}");
}

#[test]
fn edges_are_heard_and_rolls_are_kept_within_bounds() {
    let mut harness = opened(vec![soundscape(0)]);
    harness.state_mut().bench.dispatch(Request::Draw(Span::between(5.0, 8.0)));
    assert!(matches!(harness.state().bench.selected, Some(Target::Event(_))));
    let rest =
        |harness: &egui_kittest::Harness<'_, earmark::app::App>| harness.state().bench.open.as_ref().unwrap().rest_secs;
    // Where playing begins.
    for (modifiers, key, onset) in [
        (Modifiers::NONE, Key::I, 4.7),
        (Modifiers::NONE, Key::O, 7.7),
        (Modifiers::SHIFT, Key::F5, 4.7),
        (Modifiers::SHIFT, Key::F6, 5.0),
        (Modifiers::SHIFT, Key::F7, 7.7),
        (Modifiers::SHIFT, Key::F8, 8.0),
        (Modifiers::SHIFT, Key::Space, 4.8),
    ] {
        press_with(&mut harness, modifiers, key);
        assert!((rest(&harness) - onset).abs() < 1e-9, "{key:?}: {}", rest(&harness));
    }
    harness.state_mut().bench.dispatch(Request::SetRolls { pre_secs: 1.5, post_secs: 99.0 });
    assert_eq!(harness.state().bench.settings.listening.post_roll_secs, 10.0);
    press_with(&mut harness, Modifiers::SHIFT, Key::Space);
    assert!((rest(&harness) - 3.5).abs() < 1e-9);
}
