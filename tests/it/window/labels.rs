//! Labels: their list, keys, palette, renaming, and sets that are imported.

use super::stage::{answer_path, at_secs, drag, opened, press, press_with, soundscape, wait};
use earmark::annotation::{Event, LabelClass};
use earmark::app::{App, Command, LabelRequest, Request};
use eframe::egui::accesskit::Role;
use eframe::egui::{self, Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use std::sync::Arc;

/// Three drawn events with these labels, the last one selected.
fn with_events(labels: [&str; 3]) -> Harness<'static, App> {
    let mut harness = opened(vec![soundscape(0)]);
    for (place, label) in labels.into_iter().enumerate() {
        ask(&mut harness, Request::SetActiveLabel(label.into()));
        let onset = 1.0 + 4.0 * place as f64;
        let (from, to) = (at_secs(&harness, onset), at_secs(&harness, onset + 1.5));
        drag(&mut harness, from, to);
    }
    assert_eq!(labels_of(&harness), labels.map(|label| vec![label.to_owned()]));
    harness
}

fn ask(harness: &mut Harness<'_, App>, request: impl Into<Request>) {
    harness.state_mut().bench.dispatch(request.into());
    harness.run_steps(2);
}

fn events(harness: &Harness<'_, App>) -> Vec<Event> {
    harness.state().bench.recording().unwrap().events_by_onset().into_iter().cloned().collect()
}

fn labels_of(harness: &Harness<'_, App>) -> Vec<Vec<String>> {
    events(harness).iter().map(|event| event.labels().map(ToString::to_string).collect()).collect()
}

fn listed(harness: &Harness<'_, App>) -> Vec<String> {
    harness.state().bench.listed_labels().iter().map(ToString::to_string).collect()
}

fn press_physical(harness: &mut Harness<'_, App>, modifiers: Modifiers, key: Key, physical: Key) {
    for pressed in [true, false] {
        let physical_key = Some(physical);
        harness.event(egui::Event::Key { key, physical_key, pressed, repeat: false, modifiers });
    }
    harness.run_steps(3);
}

fn undo_steps(harness: &Harness<'_, App>) -> usize {
    harness.state().bench.history.undo_count()
}

#[test]
fn digits_give_add_and_take_away_labels() {
    let mut harness = with_events(["Dog", "Cat", "Bird"]);
    assert_eq!(listed(&harness), ["Dog", "Cat", "Bird"]);
    press(&mut harness, Key::Num1);
    assert_eq!(labels_of(&harness)[2], ["Dog"]);
    // A French keyboard: the second key types é, the third with Shift a digit.
    press_physical(&mut harness, Modifiers::NONE, Key::Minus, Key::Num2);
    assert_eq!(labels_of(&harness)[2], ["Cat"]);
    press_with(&mut harness, Modifiers::ALT, Key::Num1);
    assert_eq!(labels_of(&harness)[2], ["Cat", "Dog"]);
    press(&mut harness, Key::Num2);
    assert_eq!(labels_of(&harness)[2], ["Dog"], "the second press takes it away");
    press(&mut harness, Key::Num1);
    assert_eq!(labels_of(&harness)[2], ["Dog"], "the last label stays");
    let before = undo_steps(&harness);
    press_physical(&mut harness, Modifiers::SHIFT, Key::Exclamationmark, Key::Num2);
    assert_eq!(harness.state().bench.active_label.as_deref(), Some("Cat"));
    assert_eq!((labels_of(&harness)[2].clone(), undo_steps(&harness)), (vec!["Dog".to_owned()], before));
}

#[test]
fn hidden_labels_vanish_from_picture_table_and_navigation() {
    let mut harness = with_events(["Dog", "Cat", "Bird"]);
    harness.get_by_role_and_label(Role::CheckBox, "Show events of Cat").click();
    harness.run_steps(3);
    let shown: Vec<String> = harness.state().bench.shown_marks().map(|mark| mark.label.to_string()).collect();
    assert_eq!(shown, ["Dog", "Bird"]);
    assert!(!harness.state().bench.is_label_shown("Cat"));
    let cat = events(&harness)[1].span;
    let spoken = format!("Cat, accepted, {:.3} to {:.3} s", cat.onset_secs, cat.offset_secs);
    assert!(
        harness.query_by_label(&spoken).is_none()
            && harness.query_by_label(&format!("{spoken} in the table")).is_none()
    );
    press(&mut harness, Key::K);
    assert_eq!(&*harness.state().bench.selected_mark().unwrap().label, "Dog");
    harness.get_by_label("Show all labels").click();
    harness.run_steps(3);
    assert_eq!(harness.state().bench.shown_marks().count(), 3);
    ask(&mut harness, LabelRequest::ShowOnly("Bird".into()));
    assert_eq!(harness.state().bench.shown_marks().count(), 1);
    for _ in 0..3 {
        press_with(&mut harness, Modifiers::COMMAND, Key::Z);
    }
    assert_eq!(harness.state().bench.shown_marks().count(), 3);
    assert!(harness.state().bench.document.label_classes().is_empty(), "arranging is undone like all else");
}

#[test]
fn rows_are_reordered_by_keys_and_by_dragging() {
    let mut harness = with_events(["Dog", "Cat", "Bird"]);
    let colors =
        |harness: &Harness<'_, App>| ["Dog", "Cat", "Bird"].map(|label| harness.state().bench.label_place(label));
    let before = colors(&harness);
    harness.get_by_role_and_label(Role::ListItem, "Bird, key 3, 1 label, 0 undecided").focus();
    harness.run_steps(2);
    press_with(&mut harness, Modifiers::ALT, Key::ArrowUp);
    assert_eq!(listed(&harness), ["Dog", "Bird", "Cat"]);
    // The row keeps the focus.
    press_with(&mut harness, Modifiers::ALT, Key::ArrowUp);
    press_with(&mut harness, Modifiers::ALT, Key::ArrowUp);
    assert_eq!(listed(&harness), ["Bird", "Dog", "Cat"]);
    press_with(&mut harness, Modifiers::ALT, Key::ArrowDown);
    assert_eq!(listed(&harness), ["Dog", "Bird", "Cat"]);
    press(&mut harness, Key::ArrowDown);
    press_with(&mut harness, Modifiers::ALT, Key::ArrowUp);
    assert_eq!(listed(&harness), ["Dog", "Cat", "Bird"], "the arrow went to the next row");
    let row = |harness: &Harness<'_, App>, name: &str| harness.get_by_role_and_label(Role::ListItem, name).rect();
    let from = row(&harness, "Dog, key 1, 1 label, 0 undecided").center();
    let to = row(&harness, "Bird, key 3, 1 label, 0 undecided");
    drag(&mut harness, from, to.center_bottom() - egui::vec2(0.0, 3.0));
    assert_eq!(listed(&harness), ["Cat", "Bird", "Dog"]);
    assert_eq!(colors(&harness), before, "colours stay with their labels");
    assert_eq!(harness.state().bench.label_of_digit(1).map(|label| &**label), Some("Cat"), "keys go by place");
    ask(&mut harness, LabelRequest::Key { label: "Dog".into(), digit: Some(7) });
    assert_eq!(harness.state().bench.digit_of_label("Dog"), Some(7));
    ask(&mut harness, LabelRequest::Color { label: "Dog".into(), color: 9 });
    assert_eq!(harness.state().bench.label_place("Dog"), 9);
}

#[test]
fn a_label_is_renamed_and_merged_by_its_menu() {
    let mut harness = with_events(["Dog", "Cat", "Dog"]);
    let target = harness.state().bench.selected.unwrap();
    ask(&mut harness, LabelRequest::Toggle { target, label: "Cat".into() });
    let start = events(&harness);
    harness.get_by_role_and_label(Role::ListItem, "Dog, key 1, 2 labels, 0 undecided").click_secondary();
    harness.run_steps(3);
    harness.get_by_label("Rename…").click();
    harness.run_steps(3);
    for _ in 0.."Dog".len() {
        press(&mut harness, Key::Backspace);
    }
    harness.get_by_label("New name of the label").type_text("Domestic dog");
    harness.run_steps(2);
    harness.get_by_label_contains("2 events, in all recordings");
    press(&mut harness, Key::Enter);
    assert_eq!(labels_of(&harness), [vec!["Domestic dog"], vec!["Cat"], vec!["Domestic dog", "Cat"]]);
    assert_eq!(listed(&harness), ["Domestic dog", "Cat"], "it keeps its place");
    let told = harness
        .state()
        .bench
        .notices
        .list()
        .iter()
        .any(|notice| notice.text.starts_with("Renamed Dog to Domestic dog: 2 events in 1 recording"));
    assert!(told);

    harness.get_by_role_and_label(Role::ListItem, "Domestic dog, key 1, 2 labels, 0 undecided").click_secondary();
    harness.run_steps(3);
    harness.get_by_label("Merge into…").click();
    harness.run_steps(3);
    harness.get_by_label("Label to merge into").type_text("ca");
    harness.run_steps(2);
    harness.get_by_label("Into Cat").click();
    harness.run_steps(3);
    harness.get_by_label("2 events join 2 events of Cat; the labels become one");
    harness.get_by_role_and_label(Role::Button, "Merge").click();
    harness.run_steps(3);
    assert_eq!(labels_of(&harness), [["Cat"], ["Cat"], ["Cat"]]);
    assert_eq!(listed(&harness), ["Cat"]);
    press_with(&mut harness, Modifiers::COMMAND, Key::Z);
    press_with(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!(events(&harness), start);
    assert!(harness.state().bench.document.label_classes().is_empty());
}

#[test]
fn the_palette_finds_project_labels_first_and_adds_with_ctrl() {
    let mut harness = with_events(["Cat", "Doorbell of ours", "Bird"]);
    press(&mut harness, Key::Slash);
    harness.get_by_label("Search a label for this event").type_text("do");
    harness.run_steps(2);
    press_with(&mut harness, Modifiers::COMMAND, Key::Enter);
    assert_eq!(labels_of(&harness)[2], ["Bird", "Doorbell of ours"]);
    press(&mut harness, Key::Slash);
    harness.get_by_label("Search a label for this event").type_text("hoover");
    harness.run_steps(2);
    press(&mut harness, Key::Enter);
    assert_eq!(labels_of(&harness)[2], ["Vacuum cleaner", "Doorbell of ours"]);
}

#[test]
fn a_label_set_is_previewed_added_searched_and_exported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("birds.csv");
    let text = "species,latin,code,key\nBlackbird,Turdus merula,eurbla,5\n,nothing,,\nHerring gull,Larus argentatus,hergul,x\n";
    std::fs::write(&path, text).unwrap();
    let mut harness = with_events(["Dog", "Cat", "Bird"]);
    ask(&mut harness, Command::ImportLabelSet);
    answer_path(&mut harness, "Path of the table of labels to import", &path);
    wait(&mut harness, "the preview", |bench| bench.label_sets.asked.is_some());
    harness.get_by_label("2 labels of 3 rows · 4 other names · 0 with a parent · 1 key · 0 colours");
    harness.get_by_label("1 row left out, 1 remark");
    // The Latin names are not wanted.
    harness.get_by_label("Meaning of column 2").click();
    harness.run_steps(3);
    harness.get_by_label("Not used").click();
    wait(&mut harness, "the other reading", |bench| {
        bench.label_sets.asked.as_ref().is_some_and(|asked| asked.outcome.labels[0].synonyms == ["eurbla"])
    });
    let before = undo_steps(&harness);
    harness.get_by_label("Add to classes").click();
    harness.run_steps(3);
    assert_eq!(listed(&harness), ["Dog", "Cat", "Bird", "Blackbird", "Herring gull"]);
    assert_eq!(undo_steps(&harness), before + 1);
    press(&mut harness, Key::Num5);
    assert_eq!(labels_of(&harness)[2], ["Blackbird"]);
    press(&mut harness, Key::Enter);
    harness.get_by_label("Search a label for this event").type_text("hergul");
    harness.run_steps(2);
    press(&mut harness, Key::Enter);
    assert_eq!(labels_of(&harness)[2], ["Herring gull"]);
    assert_eq!(harness.state().bench.settings.label_sets[0].path, path);

    ask(&mut harness, Command::ExportLabelClasses);
    let out = folder.path().join("classes.csv");
    answer_path(&mut harness, "Path to export the label classes to", &out);
    wait(&mut harness, "the export", |bench| {
        bench.notices.list().iter().any(|notice| notice.text.starts_with("Exported 5"))
    });
    let written = std::fs::read_to_string(&out).unwrap();
    assert!(written.contains("Blackbird,eurbla,,") && written.lines().count() == 6, "{written}");
}

#[test]
fn a_thousand_classes_are_listed_and_searched() {
    let mut harness = with_events(["Dog", "Cat", "Bird"]);
    let classes: Vec<LabelClass> = (0..1000).map(|number| LabelClass::new(format!("Species {number:04}"))).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("species.csv");
    std::fs::write(&path, earmark::format::label_set::to_csv(&classes)).unwrap();
    ask(&mut harness, earmark::app::LabelSetRequest::Preview(path));
    wait(&mut harness, "the preview", |bench| bench.label_sets.asked.is_some());
    harness.get_by_label("Replace classes").click();
    harness.run_steps(3);
    assert_eq!(harness.state().bench.listed_labels().len(), 1003, "labels of events follow");
    let rows = |harness: &Harness<'_, App>| harness.query_all_by_role(Role::ListItem).count();
    assert!(rows(&harness) < 100, "only what is in view is drawn");
    harness.get_by_label("Search labels").click();
    harness.run_steps(2);
    harness.get_by_label("Search labels").type_text("0777");
    harness.run_steps(3);
    harness.get_by_role_and_label(Role::ListItem, "Species 0777, 0 labels, 0 undecided").click();
    harness.run_steps(3);
    assert_eq!(harness.state().bench.active_label, Some(Arc::from("Species 0777")));
}
