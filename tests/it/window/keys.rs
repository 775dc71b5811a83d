//! Keys: reading, changing, sets of keys, files of keys, and contrast.

use super::stage::{answer_path, opened, press, press_with, settings, soundscape, wait, window};
use earmark::app::{App, Command, Keymap};
use eframe::egui::{Key, KeyboardShortcut, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

fn change_keys(harness: &mut Harness<'_, App>) {
    press(harness, Key::F1);
    harness.get_by_label("Change").click();
    harness.run_steps(3);
}

fn search(harness: &mut Harness<'_, App>, text: &str) {
    harness.get_by_label("Search a command or a key").type_text(text);
    harness.run_steps(3);
}

fn keys(harness: &Harness<'_, App>, command: Command) -> Vec<KeyboardShortcut> {
    Keymap::of(&harness.ctx).keys(command).to_vec()
}

#[test]
fn a_command_gets_another_key_and_whoever_had_it_loses_it() {
    let mut harness = opened(vec![soundscape(0)]);
    change_keys(&mut harness);
    search(&mut harness, "whole recording");
    harness.get_by_label("Add a key for Show whole recording").click();
    harness.run_steps(2);
    // The key has a meaning: it is taken, not carried out.
    let lanes = harness.state().bench.settings.show_lanes;
    press(&mut harness, Key::F6);
    assert_eq!(harness.state().bench.settings.show_lanes, lanes);
    let f6 = KeyboardShortcut::new(Modifiers::NONE, Key::F6);
    assert_eq!(keys(&harness, Command::FitAll).last(), Some(&f6));
    assert!(keys(&harness, Command::ToggleLanes).is_empty());
    let notices = harness.state().bench.notices.list();
    assert!(notices.iter().any(|notice| notice.text.contains("\"Label lanes\" has no key any more")));

    // It works where it stands, and can be taken back.
    harness.get_by_label("Reset the keys of Show whole recording").click();
    harness.run_steps(3);
    assert_eq!(keys(&harness, Command::FitAll), Command::FitAll.default_shortcuts());
    harness.get_by_label("Reset all").click();
    harness.run_steps(3);
    assert_eq!(keys(&harness, Command::ToggleLanes), [f6]);
}

#[test]
fn escape_gives_no_key_and_a_cross_takes_one_away() {
    let mut harness = opened(vec![soundscape(0)]);
    change_keys(&mut harness);
    search(&mut harness, "fit");
    search(&mut harness, " whole");
    press(&mut harness, Key::Escape);
    assert!(harness.query_by_label("Search a command or a key").is_none(), "Escape closes the page");
    change_keys(&mut harness);
    search(&mut harness, "same label");
    harness.get_by_label("Change G for Same label as last").click();
    harness.run_steps(2);
    press(&mut harness, Key::Escape);
    assert_eq!(keys(&harness, Command::SameLabel), Command::SameLabel.default_shortcuts());
    harness.get_by_label("Take G away from Same label as last").click();
    harness.run_steps(3);
    assert_eq!(keys(&harness, Command::SameLabel), [KeyboardShortcut::new(Modifiers::NONE, Key::Semicolon)]);
}

#[test]
fn a_set_of_keys_is_chosen_and_its_keys_work() {
    let mut harness = opened(vec![soundscape(0)]);
    change_keys(&mut harness);
    harness.get_by_label("Set of keys").click();
    harness.run_steps(3);
    harness.get_by_label("Audacity-like").click();
    harness.run_steps(3);
    press(&mut harness, Key::Escape);
    press(&mut harness, Key::Escape);
    assert_eq!(harness.state().bench.settings.keys.preset, "Audacity-like");
    let before = harness.state().bench.open.as_ref().unwrap().viewport.span().duration_secs();
    press_with(&mut harness, Modifiers::COMMAND, Key::Equals);
    let after = harness.state().bench.open.as_ref().unwrap().viewport.span().duration_secs();
    assert!((after - before / 2.0).abs() < 1e-9, "{before} s, then {after} s");
}

#[test]
fn keys_travel_as_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.json");
    let mut harness = opened(vec![soundscape(0)]);
    change_keys(&mut harness);
    search(&mut harness, "uncertain");
    harness.get_by_label("Change W for Uncertain").click();
    harness.run_steps(2);
    press_with(&mut harness, Modifiers::ALT, Key::U);
    harness.get_by_label("Export…").click();
    harness.run_steps(2);
    answer_path(&mut harness, "Path to export the keys to", &path);
    wait(&mut harness, "the file of keys", |_| path.exists());

    let mut other = window(settings(), vec![soundscape(0)]);
    wait(&mut other, "the recording", |bench| bench.open.is_some());
    change_keys(&mut other);
    other.get_by_label("Import…").click();
    other.run_steps(2);
    answer_path(&mut other, "Path of the keys to import", &path);
    wait(&mut other, "the keys", |bench| !bench.settings.keys.changed.is_empty());
    assert_eq!(keys(&other, Command::Uncertain), [KeyboardShortcut::new(Modifiers::ALT, Key::U)]);

    // A broken file changes nothing and says why.
    std::fs::write(&path, "{}").unwrap();
    other.get_by_label("Import…").click();
    other.run_steps(2);
    answer_path(&mut other, "Path of the keys to import", &path);
    wait(&mut other, "the reason", |bench| {
        bench.notices.list().iter().any(|notice| notice.text.contains("mine.json: this is no file of keys"))
    });
    assert_eq!(keys(&other, Command::Uncertain), [KeyboardShortcut::new(Modifiers::ALT, Key::U)]);
}

#[test]
fn high_contrast_can_be_switched_in_both_themes() {
    let mut harness = opened(vec![soundscape(0)]);
    let ground = |harness: &Harness<'_, App>| harness.ctx.global_style().visuals.panel_fill;
    let dark = ground(&harness);
    press_with(&mut harness, Modifiers::SHIFT, Key::F9);
    assert_eq!(ground(&harness), eframe::egui::Color32::BLACK);
    press(&mut harness, Key::F9);
    assert_eq!(ground(&harness), eframe::egui::Color32::WHITE);
    press_with(&mut harness, Modifiers::SHIFT, Key::F9);
    press(&mut harness, Key::F9);
    assert_eq!(ground(&harness), dark);
}
