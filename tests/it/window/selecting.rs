//! Several events selected at once, by mouse and keys, and what is done to all of them in one step.

use super::stage::{at_secs, opened, press, press_with, soundscape};
use earmark::annotation::{Document, Status};
use earmark::app::{App, Mark, Request};
use earmark::time::Span;
use eframe::egui::{self, Key, Modifiers, Pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

const CTRL: Modifiers = Modifiers::COMMAND;
const SHIFT: Modifiers = Modifiers::SHIFT;

type Window = Harness<'static, App>;

/// A recording with events of a second, every two seconds, of two labels in turn.
fn with_events(count: usize) -> Window {
    let mut harness = opened(vec![soundscape(0)]);
    let bench = &mut harness.state_mut().bench;
    for place in 0..count {
        let onset = 1.0 + 2.0 * place as f64;
        bench.dispatch(Request::SetActiveLabel(["Dog", "Cat"][place % 2].into()));
        bench.dispatch(Request::Draw(Span::between(onset, onset + 1.0)));
    }
    bench.dispatch(Request::Select(None));
    harness.run_steps(3);
    assert_eq!(harness.state().bench.marks.len(), count);
    harness
}

fn mark(harness: &Window, place: usize) -> Mark {
    harness.state().bench.marks.at(place).unwrap().clone()
}

fn selected(harness: &Window) -> Vec<usize> {
    let bench = &harness.state().bench;
    (0..bench.marks.len()).filter(|&place| bench.is_selected(bench.marks.at(place).unwrap().target)).collect()
}

fn click_at(harness: &mut Window, modifiers: Modifiers, at: Pos2) {
    harness.event(egui::Event::ModifiersChanged(modifiers));
    harness.hover_at(at);
    harness.step();
    harness.drag_at(at);
    harness.step();
    harness.drop_at(at);
    harness.run_steps(2);
    harness.event(egui::Event::ModifiersChanged(Modifiers::NONE));
    // The next click is no double click.
    harness.run_steps(30);
}

fn row(harness: &Window, place: usize) -> Pos2 {
    harness.get_by_label(&format!("{} in the table", mark(harness, place).spoken())).rect().center()
}

fn tag(harness: &Window, place: usize) -> Pos2 {
    harness.get_by_label(&mark(harness, place).spoken()).rect().left_center() + egui::vec2(6.0, 0.0)
}

/// What the rows of the table and the tags say of being selected, by the places of their events.
fn told(harness: &Window) -> [Vec<usize>; 2] {
    let is_told = |name: &str| {
        let node = harness.get_by_label(name);
        node.accesskit_node().is_selected() == Some(true)
            || node.accesskit_node().toggled() == Some(egui::accesskit::Toggled::True)
    };
    let count = harness.state().bench.marks.len();
    let spoken = |place| mark(harness, place).spoken();
    [
        (0..count).filter(|&place| is_told(&format!("{} in the table", spoken(place)))).collect(),
        (0..count).filter(|&place| is_told(&spoken(place))).collect(),
    ]
}

#[test]
fn rows_and_tags_are_selected_with_shift_and_ctrl_and_say_so() {
    let mut harness = with_events(6);
    let at = row(&harness, 1);
    click_at(&mut harness, Modifiers::NONE, at);
    assert_eq!(selected(&harness), [1]);
    let at = row(&harness, 4);
    click_at(&mut harness, SHIFT, at);
    assert_eq!(selected(&harness), [1, 2, 3, 4]);
    assert_eq!(told(&harness), [vec![1, 2, 3, 4], vec![1, 2, 3, 4]]);
    harness.get_by_label_contains("4 events selected");
    harness.get_by_label("4 events are selected; this is one of them:");
    let at = row(&harness, 2);
    click_at(&mut harness, CTRL, at);
    assert_eq!(selected(&harness), [1, 3, 4]);
    // The tag in the picture does the same.
    let at = tag(&harness, 2);
    click_at(&mut harness, CTRL, at);
    assert_eq!(selected(&harness), [1, 2, 3, 4]);
    let at = tag(&harness, 0);
    click_at(&mut harness, Modifiers::NONE, at);
    assert_eq!(selected(&harness), [0]);
    assert!(harness.query_by_label_contains("events selected").is_none());
    // And the inside of an event; beside events, Ctrl+click makes a point.
    let at = at_secs(&harness, 5.5);
    click_at(&mut harness, CTRL, at);
    assert_eq!(selected(&harness), [0, 2]);
    assert_eq!(harness.state().bench.marks.len(), 6);
    let at = at_secs(&harness, 6.5);
    click_at(&mut harness, CTRL, at);
    assert_eq!((harness.state().bench.marks.len(), selected(&harness).len()), (7, 1));
    assert!(harness.state().bench.selected_mark().unwrap().is_point);
}

#[test]
fn keys_act_on_all_that_is_selected_in_one_step_each() {
    let mut harness = with_events(6);
    let start: Document = harness.state().bench.document.clone();
    let states =
        |harness: &Window| -> Vec<Status> { harness.state().bench.marks.iter().map(|mark| mark.state).collect() };
    press_with(&mut harness, CTRL, Key::A);
    assert_eq!(selected(&harness).len(), 6);
    press(&mut harness, Key::W);
    assert_eq!(states(&harness), [Status::Uncertain; 6]);
    press(&mut harness, Key::A);
    assert_eq!(states(&harness), [Status::Accepted; 6]);
    assert_eq!(selected(&harness).len(), 6, "they stay selected");
    // The palette says how many it is for.
    press(&mut harness, Key::Enter);
    harness.get_by_label("Search a label for 6 events").type_text("bicycle bell");
    harness.run_steps(3);
    press(&mut harness, Key::Enter);
    assert!(harness.state().bench.marks.iter().all(|mark| &*mark.label == "Bicycle bell"));
    // A digit key does the same.
    harness.state_mut().bench.dispatch(Request::SetActiveLabel("Dog".into()));
    harness.run_steps(2);
    let digit = harness.state().bench.digit_of_label("Dog").expect("a label of the project has a key");
    let keys =
        [Key::Num0, Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];
    press(&mut harness, keys[usize::from(digit)]);
    assert!(harness.state().bench.marks.iter().all(|mark| &*mark.label == "Dog"));
    press(&mut harness, Key::M);
    assert_eq!(harness.state().bench.marks.len(), 1);
    let titles: Vec<&str> = harness.state().bench.history.undo_steps().iter().map(|step| step.title.as_str()).collect();
    let labelled = ["label \"Bicycle bell\" for 6 events", "label \"Dog\" for 6 events", "merge 6 × \"Dog\""];
    assert_eq!(titles[6..8], ["put aside 6 events", "accept 6 events"]);
    assert_eq!(titles[8..], labelled);
    for _ in 0..5 {
        press_with(&mut harness, CTRL, Key::Z);
    }
    assert_eq!(harness.state().bench.document, start);

    // Escape keeps one, then none.
    press_with(&mut harness, CTRL, Key::A);
    press(&mut harness, Key::Escape);
    assert_eq!(selected(&harness).len(), 1);
    press_with(&mut harness, SHIFT, Key::J);
    assert_eq!(selected(&harness).len(), 2);
    press(&mut harness, Key::Escape);
    press(&mut harness, Key::Escape);
    assert!(selected(&harness).is_empty());
    // In a text field the keys are the field's.
    harness.get_by_label("Filter by label or comment").click();
    harness.run_steps(3);
    press_with(&mut harness, CTRL, Key::A);
    assert!(selected(&harness).is_empty());
}
