//! The panel of the selected event.

use super::{Window, draw, events, selected};
use crate::window::stage::{opened, press, press_with, settings, soundscape, wait, window_of};
use earmark::app::{EventChange, Inspector, Request, Target};
use earmark::time::Span;
use eframe::egui::{Key, Modifiers, vec2};
use egui_kittest::kittest::Queryable;

#[test]
fn an_event_gets_and_loses_labels() {
    let mut harness = opened(vec![soundscape(0)]);
    let drawn = draw(&mut harness, Span::between(5.0, 7.0));
    press_with(&mut harness, Modifiers::SHIFT, Key::Enter);
    harness.get_by_label("Search a label to add to this event").type_text("bark");
    harness.run_steps(2);
    press(&mut harness, Key::Enter);
    let event = selected(&harness);
    assert_eq!((&*event.label, event.more_labels.len(), &*event.more_labels[0]), (&*drawn.label, 1, "Bark"));
    let spoken = harness.state().bench.selected_mark().unwrap().spoken();
    assert!(spoken.starts_with(&format!("{} and Bark, accepted", drawn.label)), "{spoken}");
    harness.get_by_label(&spoken);
    let labels = earmark::format::export(&harness.state().bench.document);
    assert_eq!(labels.rows.len(), 1);
    assert_eq!(labels.rows[0].labels().map(|label| &**label).collect::<Vec<_>>(), [&*drawn.label, "Bark"]);

    let first = format!("Take label {} away", drawn.label);
    harness.get_by_label(&first).click();
    harness.run_steps(3);
    assert_eq!((&*selected(&harness).label, selected(&harness).more_labels.len()), ("Bark", 0));
    assert!(harness.query_by_label("Take label Bark away").is_none(), "the only label stays");
    let change = EventChange::ToggleLabel("Bark".into());
    harness.state_mut().bench.dispatch(Request::ChangeEvent { target: Target::Event(drawn.id), change });
    assert_eq!(&*selected(&harness).label, "Bark");
    assert!(harness.state().bench.notices.list()[0].text.contains("only label"));
}

#[test]
fn a_comment_is_one_step_whether_confirmed_or_left() {
    let mut harness = opened(vec![soundscape(0)]);
    draw(&mut harness, Span::between(5.0, 7.0));
    harness.state_mut().bench.settings.show_inspector = false;
    harness.run_steps(2);
    let steps = harness.state().bench.history.undo_count();
    press_with(&mut harness, Modifiers::COMMAND, Key::M);
    harness.run_steps(2);
    harness.get_by_label("Comment on the selected event").type_text("a dog");
    harness.run_steps(2);
    press_with(&mut harness, Modifiers::SHIFT, Key::Enter);
    harness.get_by_label("Comment on the selected event").type_text("or a fox");
    harness.run_steps(2);
    assert_eq!(selected(&harness).comment, "", "nothing is said before it is done");
    press(&mut harness, Key::Enter);
    harness.run_steps(2);
    assert_eq!(selected(&harness).comment, "a dog\nor a fox");
    assert_eq!(harness.state().bench.history.undo_count(), steps + 1);

    press_with(&mut harness, Modifiers::COMMAND, Key::M);
    harness.run_steps(2);
    harness.get_by_label("Comment on the selected event").type_text("?");
    harness.run_steps(2);
    harness.get_by_label("Spectrogram").click();
    harness.run_steps(3);
    assert_eq!(events(&harness)[0].comment.matches('?').count(), 1, "leaving the field keeps what was typed");
    press_with(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!(events(&harness)[0].comment, "a dog\nor a fox");
}

#[test]
fn fields_come_change_and_go() {
    let mut harness = opened(vec![soundscape(0)]);
    draw(&mut harness, Span::between(5.0, 7.0));
    harness.get_by_label_contains("Add field").click();
    harness.run_steps(3);
    harness.get_by_label("Name of the new field").click();
    harness.run_steps(2);
    harness.get_by_label("Name of the new field").type_text("quality");
    harness.run_steps(2);
    harness.get_by_label("Value of the new field").click();
    harness.run_steps(2);
    harness.get_by_label("Value of the new field").type_text("good");
    harness.run_steps(2);
    press(&mut harness, Key::Enter);
    harness.run_steps(2);
    assert_eq!(selected(&harness).fields.get("quality").map(String::as_str), Some("good"));
    harness.get_by_label("Remove field quality").click();
    harness.run_steps(3);
    assert!(selected(&harness).fields.is_empty());
    press_with(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!(selected(&harness).fields.len(), 1);
}

#[test]
fn frequencies_are_added_and_taken_away() {
    let mut harness = opened(vec![soundscape(0)]);
    let drawn = draw(&mut harness, Span::between(5.0, 7.0));
    harness.get_by_label("Add frequencies to the selected event").click();
    harness.run_steps(3);
    assert!(selected(&harness).band.is_some());
    harness.get_by_label("Take the frequencies away").click();
    harness.run_steps(3);
    assert_eq!((selected(&harness).band, selected(&harness).span), (None, drawn.span));
}

/// A remark about a prediction keeps it undecided; changing its frequencies corrects it, and what was proposed is kept.
#[test]
fn predictions_are_remarked_on_and_corrected() {
    let mut harness = opened(vec![soundscape(0)]);
    press_with(&mut harness, Modifiers::COMMAND, Key::R);
    wait(&mut harness, "the model's run", |bench| bench.scored_here().is_some() && bench.runs.is_empty());
    press(&mut harness, Key::Q);
    harness.state_mut().bench.dispatch(Request::ShowInspector(Inspector::Events));
    harness.run_steps(3);
    let undecided = harness.state().bench.marks.len();
    let (target, span) = harness.state().bench.selected_mark().map(|mark| (mark.target, mark.span)).unwrap();
    assert!(matches!(target, Target::Prediction(_)));
    let change = EventChange::Comment("wind?".into());
    harness.state_mut().bench.dispatch(Request::ChangeEvent { target, change });
    harness.run_steps(2);
    let event = selected(&harness);
    assert_eq!((event.status, event.comment.as_str()), (earmark::annotation::Status::Predicted, "wind?"));
    assert_eq!(harness.state().bench.marks.len(), undecided, "it stands for the prediction");
    harness.get_by_label("Add frequencies to the selected event").click();
    harness.run_steps(3);
    let event = selected(&harness);
    assert_eq!(event.status, earmark::annotation::Status::Corrected);
    assert_eq!((event.span, event.origin.proposal().unwrap().span), (span, span));
}

#[test]
fn nothing_is_cut_off_in_a_narrow_panel() {
    let size = vec2(1024.0, 700.0);
    let mut harness: Window = window_of(size, 1.0, settings(), vec![soundscape(0)]);
    wait(&mut harness, "the recording", |bench| bench.open.is_some());
    harness.state_mut().bench.dispatch(Request::SetActiveLabel("Vehicle horn, car horn, honking, toot".into()));
    let drawn = draw(&mut harness, Span::between(5.0, 7.0));
    let target = Target::Event(drawn.id);
    for label in ["Domestic animals, pets", "Bark"] {
        let change = EventChange::ToggleLabel(label.into());
        harness.state_mut().bench.dispatch(Request::ChangeEvent { target, change });
    }
    harness.run_steps(3);
    harness.get_by_label("Add frequencies to the selected event").click();
    harness.run_steps(4);
    let panel_left = harness.get_by_label("Comment on the selected event").rect().left() - 1.0;
    for label in [
        "Label of the selected event",
        "Take label Vehicle horn, car horn, honking, toot away",
        "Take label Domestic animals, pets away",
        "Take label Bark away",
        "Onset of the selected event",
        "Offset of the selected event",
        "Low of the selected event",
        "High of the selected event",
        "Take the frequencies away",
        "Comment on the selected event",
    ] {
        let found: Vec<_> = harness.query_all_by_label(label).map(|node| node.rect()).collect();
        assert_eq!(found.len(), 1, "{label}");
        let rect = found[0];
        assert!(rect.left() >= panel_left && rect.right() <= size.x, "{label}: {rect}");
    }
}
