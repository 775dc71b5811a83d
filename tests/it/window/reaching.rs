//! Every page of the window as a screen reader and a keyboard meet it: each control has a name that can be spoken, and the keys get there.
//!
//! Pages are found by the program's own lists (tabs, menus, commands), so that a new one is looked at without a line here.

use super::stage::{opened, press, press_with, soundscape, wait};
use earmark::annotation::Band;
use earmark::app::{App, Command, Group, Inspector, Mode, Request, ReviewChange, Shape};
use earmark::time::Span;
use eframe::egui::accesskit::{NodeId, Role};
use eframe::egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use std::collections::{BTreeMap, BTreeSet};

type Window = Harness<'static, App>;

/// What a person works with.
const CONTROLS: [Role; 13] = [
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
];

/// Commands that leave the project or run a model for long; none of them opens a page.
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

/// So many steps by Tab are tried.
const MOST_STEPS: usize = 300;

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
    nodes
        .find(|node| node.accesskit_node().is_focused() && node.accesskit_node().role() != Role::Window)
        .map(|node| node.accesskit_node().locate().0)
}

fn canvas(harness: &Window) -> Option<NodeId> {
    harness.query_by_label("Spectrogram").map(|node| node.accesskit_node().locate().0)
}

/// The controls that Tab or Shift+Tab come to from where nothing has the focus.
fn reached(harness: &mut Window, wanted: &BTreeSet<NodeId>) -> (BTreeSet<NodeId>, [Option<NodeId>; 2]) {
    // A text field that a command brings has the focus already.
    let mut reached: BTreeSet<NodeId> = focused(harness).into_iter().collect();
    let mut ends = [None; 2];
    for (way, modifiers) in [Modifiers::SHIFT, Modifiers::NONE].into_iter().enumerate() {
        if let Some(id) = harness.ctx.memory(|memory| memory.focused()) {
            harness.ctx.memory_mut(|memory| memory.surrender_focus(id));
        }
        harness.run_steps(2);
        let mut seen = BTreeSet::new();
        for _ in 0..MOST_STEPS {
            if wanted.is_subset(&reached) {
                break;
            }
            harness.key_press_modifiers(modifiers, Key::Tab);
            harness.run_steps(2);
            let Some(at) = focused(harness) else { continue };
            reached.insert(at);
            ends[way] = Some(at);
            // All the way round, or on the spectrogram, where Tab goes from event to event.
            if !seen.insert(at) || Some(at) == canvas(harness) {
                break;
            }
        }
    }
    (reached, ends)
}

/// The controls of a page that the keyboard does not get to.
fn unreached(harness: &mut Window, page: &str, before: &BTreeSet<NodeId>) -> Vec<String> {
    let usable = enabled(harness);
    let all = controls(harness);
    // Arrows go through the recordings once their list has the keyboard.
    let by_arrows: Vec<String> = [soundscape(0), soundscape(1)].iter().map(|path| file_name(path)).collect();
    let is_meant =
        |id: &NodeId, name: &String| usable.contains(id) && !before.contains(id) && !by_arrows.contains(name);
    let wanted: BTreeSet<NodeId> = all.iter().filter(|(id, (_, name))| is_meant(id, name)).map(|(id, _)| *id).collect();
    let (reached, ends) = reached(harness, &wanted);
    let names = controls(harness);
    let ends = ends.map(|end| end.and_then(|end| names.get(&end).cloned()));
    let left = wanted.iter().filter(|id| !reached.contains(id)).filter_map(|id| all.get(id));
    left.map(|(role, name)| format!("{page}: Tab does not get to the {role} {name:?}; it went as far as {ends:?}"))
        .collect()
}

fn file_name(path: &std::path::Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// Two recordings, with predictions and events in the first, one of them a box and selected.
fn with_work() -> Window {
    let mut harness = opened(vec![soundscape(0), soundscape(1)]);
    press_with(&mut harness, Modifiers::COMMAND, Key::R);
    wait(&mut harness, "the end of the model's run", |bench| bench.scored_here().is_some() && bench.runs.is_empty());
    let bench = &mut harness.state_mut().bench;
    bench.dispatch(Request::SetActiveLabel("Dog".into()));
    bench.dispatch(Request::Draw(Span::between(3.0, 4.0)));
    let band = Band { low_hz: 1_000.0, high_hz: 2_000.0 };
    let shape = Shape { span: Span::between(6.0, 7.0), is_point: false, band: Some(band) };
    bench.dispatch(Request::DrawShape(shape));
    harness.run_steps(3);
    harness
}

/// The page or list that a command opens is closed again, and what it has changed is not looked at.
fn close_all(harness: &mut Window) {
    for _ in 0..3 {
        press(harness, Key::Escape);
    }
}

#[test]
fn every_tab_and_mode_is_named_and_reached_by_keys() {
    let mut harness = with_work();
    let mut wrong = Vec::new();
    for inspector in Inspector::ALL {
        harness.state_mut().bench.dispatch(Request::ShowInspector(inspector));
        harness.run_steps(5);
        let page = format!("the tab {}", inspector.name());
        wrong.extend(nameless(&harness, &page));
        wrong.extend(unreached(&mut harness, &page, &BTreeSet::new()));
    }
    for mode in Mode::ALL {
        harness.state_mut().bench.dispatch(Request::Review(ReviewChange::Mode(mode)));
        harness.run_steps(5);
        wrong.extend(nameless(&harness, mode.name()));
        wrong.extend(unreached(&mut harness, mode.name(), &BTreeSet::new()));
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_menu_is_named() {
    let mut wrong = Vec::new();
    let mut harness = with_work();
    for group in Group::ALL {
        harness.get_all_by_label(group.title()).next().unwrap().click();
        harness.run_steps(4);
        wrong.extend(nameless(&harness, group.title()));
        close_all(&mut harness);
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Whatever a command brings up: a page, a prompt, a panel.
#[test]
fn whatever_a_command_opens_is_named_and_reached_by_keys() {
    let mut wrong = Vec::new();
    let mut opened_something = 0;
    let mut harness = with_work();
    for &command in Command::ALL.iter().filter(|command| !NOT_TRIED.contains(command)) {
        close_all(&mut harness);
        let before: BTreeSet<NodeId> = controls(&harness).into_keys().collect();
        press_with(&mut harness, Modifiers::COMMAND, Key::P);
        harness.get_by_label("Search a command").type_text(command.name());
        harness.run_steps(2);
        press(&mut harness, Key::Enter);
        harness.run_steps(3);
        wrong.extend(nameless(&harness, command.name()));
        if is_page(&harness) {
            opened_something += 1;
            wrong.extend(unreached(&mut harness, command.name(), &before));
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(opened_something >= 8, "only {opened_something} commands opened a page");
}

/// Whether something lies over the window's own panels, or a text field has come.
fn is_page(harness: &Window) -> bool {
    let over = harness.query_all_by_role(Role::Dialog).count() + harness.query_all_by_role(Role::Window).count();
    over > 1 || harness.ctx.text_edit_focused()
}
