//! Every page of the window as a screen reader and a keyboard meet it: each control has a name that can be spoken, and the keys get there.
//!
//! Pages are found by the program's own lists (tabs, menus, commands), so that a new one is looked at without a line here.

use super::stage::{drag, at_secs, opened, press, press_with, soundscape, wait};
use earmark::app::{App, Command, Group, Inspector, Mode, Request, ReviewChange};
use eframe::egui::accesskit::{NodeId, Role};
use eframe::egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use std::collections::{BTreeMap, BTreeSet};

type Window = Harness<'static, App>;

/// What a person works with.
const CONTROLS: [Role; 14] = [
    Role::Button,
    Role::CheckBox,
    Role::RadioButton,
    Role::Slider,
    Role::SpinButton,
    Role::TextInput,
    Role::MultilineTextInput,
    Role::ComboBox,
    Role::Link,
    Role::ListItem,
    Role::MenuItem,
    Role::ColorWell,
    Role::Canvas,
    Role::ScrollBar,
];

/// Commands that leave the project, run a model for long, or change the machine's settings of sound; none of them opens a page.
const NOT_TRIED: [Command; 8] = [
    Command::Quit,
    Command::NewProject,
    Command::OpenExample,
    Command::Detect,
    Command::DetectSelection,
    Command::DetectAll,
    Command::DetectAllAgain,
    Command::CloseRecording,
];

/// The controls that are there: role and name.
fn controls(harness: &Window) -> BTreeMap<NodeId, (String, String)> {
    let nodes = harness.root().children_recursive();
    let controls = nodes.filter(|node| {
        let node = node.accesskit_node();
        CONTROLS.contains(&node.role()) && !node.is_hidden()
    });
    controls
        .map(|node| {
            let node = node.accesskit_node();
            (node.locate().0, (format!("{:?}", node.role()), node.label().unwrap_or_default()))
        })
        .collect()
}

/// Those that can be used now.
fn enabled(harness: &Window) -> BTreeSet<NodeId> {
    let nodes = harness.root().children_recursive();
    let usable = nodes.filter(|node| !node.accesskit_node().is_disabled());
    usable.map(|node| node.accesskit_node().locate().0).collect()
}

/// Whether a screen reader can say it: words, and no sign that only the program's font has.
fn can_be_spoken(name: &str) -> bool {
    let is_sign = |letter: char| ('\u{e000}'..='\u{f8ff}').contains(&letter);
    name.chars().any(char::is_alphanumeric) && !name.chars().any(is_sign)
}

/// The controls without a name.
fn nameless(harness: &Window, page: &str) -> Vec<String> {
    let all = controls(harness);
    assert!(!all.is_empty(), "{page} has no controls at all");
    let without = all.values().filter(|(_, name)| !can_be_spoken(name));
    without.map(|(role, name)| format!("{page}: a {role} is called {name:?}")).collect()
}

fn focused(harness: &Window) -> Option<NodeId> {
    let mut nodes = harness.root().children_recursive();
    nodes.find(|node| node.accesskit_node().is_focused() && node.accesskit_node().role() != Role::Window).map(|node| node.accesskit_node().locate().0)
}

#[test]
fn show_tree() {
    let mut harness = opened(vec![soundscape(0)]);
    let (from, to) = (at_secs(&harness, 3.0), at_secs(&harness, 4.0));
    drag(&mut harness, from, to);
    for inspector in Inspector::ALL {
        harness.state_mut().bench.dispatch(Request::ShowInspector(inspector));
        harness.run_steps(3);
        println!("{:#?}", nameless(&harness, inspector.name()));
        for (id, (role, name)) in controls(&harness) {
            println!("  {id:?} {role} {name:?} {}", enabled(&harness).contains(&id));
        }
    }
    println!("focus {:?}", focused(&harness));
    for _ in 0..60 {
        harness.key_press(Key::Tab);
        harness.run_steps(2);
        let at = focused(&harness);
        println!("{:?}", at.and_then(|at| controls(&harness).get(&at).cloned()));
    }
    let _ = (press, press_with, wait, Group::ALL, Mode::ALL, ReviewChange::Class, Modifiers::NONE);
}
