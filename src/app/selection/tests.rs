//! A selection of several events holds as long as it should, and is what is shown.

use super::*;
use crate::annotation::{Event, Origin, Status};
use crate::app::{Command, MarkFilter, Request, Settings};
use crate::audio::StreamSpec;
use crate::time::Span;
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;

/// A recording of a minute in the picture with events of a second, every two seconds, of two labels in turn.
fn opened(events: usize) -> Workbench {
    let mut bench = Workbench::new(Settings::default(), Arc::new(|| {}));
    let id = bench.document.add_recording(Path::new("a.wav"), 60.0);
    for place in 0..events {
        let (onset, label) = (2.0 * place as f64, ["Dog", "Cat"][place % 2]);
        let event_id = bench.document.new_event_id();
        let event = Event::new(event_id, Span::between(onset, onset + 1.0), label, Status::Predicted, Origin::Import);
        bench.document.apply(Edit::Insert { recording: id, event }).unwrap();
    }
    let format = "WAV".to_owned();
    let spec = StreamSpec { sample_rate: 8_000, channels: 1, frame_count: 480_000, length_is_exact: true, format };
    bench.specs.insert(id, spec);
    bench.show_recording(id);
    bench
}

fn target(bench: &Workbench, place: usize) -> Target {
    bench.marks.at(place).unwrap().target
}

/// The places of all that is selected.
fn places(bench: &Workbench) -> Vec<usize> {
    (0..bench.marks.len()).filter(|&place| bench.is_selected(target(bench, place))).collect()
}

fn click(bench: &mut Workbench, place: usize, choosing: Choosing) {
    let target = target(bench, place);
    bench.dispatch(match choosing {
        Choosing::Only => Request::SelectAndReveal(target),
        _ => Request::SelectMore(target, choosing),
    });
}

#[test]
fn ranges_begin_where_the_last_plain_click_was() {
    let mut bench = opened(10);
    click(&mut bench, 4, Choosing::Only);
    click(&mut bench, 7, Choosing::Extend);
    assert_eq!(places(&bench), [4, 5, 6, 7]);
    click(&mut bench, 2, Choosing::Extend);
    assert_eq!(places(&bench), [2, 3, 4]);
    click(&mut bench, 8, Choosing::Toggle);
    assert_eq!(places(&bench), [2, 3, 4, 8]);
    click(&mut bench, 3, Choosing::Toggle);
    assert_eq!((places(&bench), bench.selected_count()), (vec![2, 4, 8], 3));
    // The plain click on the selected one lets go of the others.
    let selected = bench.selected.unwrap();
    bench.dispatch(Request::Select(Some(selected)));
    assert_eq!(bench.selected_count(), 1);
    assert!(bench.selection().is_none());
}

#[test]
fn keys_select_more_and_less_and_escape_keeps_one_first() {
    let mut bench = opened(10);
    click(&mut bench, 4, Choosing::Only);
    for (command, wanted) in [
        (Command::SelectNextToo, vec![4, 5]),
        (Command::SelectNextToo, vec![4, 5, 6]),
        (Command::SelectPreviousToo, vec![4, 5]),
        (Command::SelectPreviousToo, vec![4]),
        (Command::SelectPreviousToo, vec![3, 4]),
        (Command::SelectAll, (0..10).collect()),
    ] {
        bench.dispatch(Request::Do(command));
        assert_eq!(places(&bench), wanted, "{command:?}");
    }
    bench.dispatch(Request::Do(Command::Deselect));
    assert_eq!(places(&bench), [3]);
    bench.dispatch(Request::Do(Command::Deselect));
    assert!(places(&bench).is_empty());
}

#[test]
fn what_is_not_shown_is_not_selected() {
    let mut bench = opened(10);
    bench.dispatch(Request::Do(Command::SelectAll));
    let hidden = MarkFilter { text: "dog".to_owned(), ..MarkFilter::default() };
    bench.dispatch(Request::SetFilter(hidden));
    assert_eq!(places(&bench), [0, 2, 4, 6, 8]);
    bench.dispatch(Request::SetFilter(MarkFilter::default()));
    assert_eq!(bench.selected_count(), 5, "what comes back is not selected");
    // In review one comes after the other.
    bench.dispatch(Request::Do(Command::ToggleReview));
    assert_eq!(bench.selected_count(), 1);
    click(&mut bench, 7, Choosing::Extend);
    assert_eq!(places(&bench), [7]);
    bench.dispatch(Request::Do(Command::SelectAll));
    assert_eq!(places(&bench), [7]);
}

#[test]
fn one_step_decides_about_all_and_they_stay_selected() {
    let mut bench = opened(10);
    click(&mut bench, 2, Choosing::Only);
    click(&mut bench, 5, Choosing::Extend);
    let start = bench.document.clone();
    let accepted = |bench: &Workbench| bench.marks.iter().filter(|mark| mark.state.is_label()).count();
    bench.dispatch(Request::Do(Command::Accept));
    assert_eq!((accepted(&bench), places(&bench)), (4, vec![2, 3, 4, 5]));
    assert_eq!(bench.history.undo_title(), Some("accept 4 events"));
    // Who is decided already is not counted.
    click(&mut bench, 6, Choosing::Toggle);
    bench.dispatch(Request::Do(Command::Accept));
    assert_eq!(bench.history.undo_title(), Some("accept 1 event"));
    let steps = bench.history.undo_count();
    bench.dispatch(Request::Do(Command::Accept));
    assert_eq!(bench.history.undo_count(), steps, "nothing is left to accept");
    bench.dispatch(Request::Do(Command::Uncertain));
    assert_eq!(bench.history.undo_title(), Some("put aside 5 events"));
    // Events without a proposal of a model are removed.
    bench.dispatch(Request::Do(Command::Reject));
    assert_eq!((bench.marks.len(), bench.selected_count()), (5, 0));
    while bench.history.undo_title().is_some() {
        bench.dispatch(Request::Do(Command::Undo));
    }
    assert_eq!(bench.document, start);
}

#[test]
fn several_get_one_label_and_become_one_event_if_they_have_one() {
    let mut bench = opened(6);
    bench.dispatch(Request::Do(Command::SelectAll));
    bench.dispatch(Request::Do(Command::MergeNext));
    assert!(bench.history.undo_title().is_none(), "of two labels nothing is merged");
    let told = &bench.notices.list().last().unwrap().text;
    assert!(told.contains("2 labels (Cat, Dog)"), "{told}");
    let label: Arc<str> = "Cow".into();
    let first = target(&bench, 0);
    bench.dispatch(Request::SetLabel { target: first, label: label.clone() });
    assert!(bench.marks.iter().all(|mark| mark.label == label && mark.state == Status::Corrected));
    assert_eq!(bench.history.undo_title(), Some("label \"Cow\" for 6 events"));
    let more: Arc<str> = "Farm".into();
    let add = |target, label| Request::Labels(crate::app::LabelRequest::Toggle { target, label });
    bench.dispatch(add(first, more.clone()));
    assert!(bench.marks.iter().all(|mark| mark.has_label(&more)));
    bench.dispatch(add(first, more.clone()));
    assert!(bench.marks.iter().all(|mark| !mark.has_label(&more)));
    bench.dispatch(Request::Do(Command::MergeNext));
    assert_eq!(bench.history.undo_title(), Some("merge 6 × \"Cow\""));
    let whole = bench.selected_mark().unwrap();
    assert_eq!((bench.marks.len(), whole.span), (1, Span::between(0.0, 11.0)));
    bench.dispatch(Request::Do(Command::Undo));
    assert_eq!(bench.marks.len(), 6);
}

proptest! {
    /// After any clicks, keys, decisions and filters, what is selected is there, is shown if there are several, and holds the selected one.
    #[test]
    fn a_selection_is_always_of_what_is_shown(steps in prop::collection::vec((0_usize..11, 0_usize..12), 1..40)) {
        let mut bench = opened(12);
        for (what, place) in steps {
            let place = place.min(bench.marks.len().saturating_sub(1));
            match what {
                _ if bench.marks.is_empty() => bench.dispatch(Request::Do(Command::Undo)),
                0 => click(&mut bench, place, Choosing::Only),
                1 | 2 => click(&mut bench, place, Choosing::Toggle),
                3 => click(&mut bench, place, Choosing::Extend),
                4 => bench.dispatch(Request::Do(Command::SelectNextToo)),
                5 => bench.dispatch(Request::Do(Command::Accept)),
                6 => bench.dispatch(Request::Do(Command::Undo)),
                7 => bench.dispatch(Request::Do(Command::Reject)),
                8 => bench.dispatch(Request::Do(Command::MergeNext)),
                9 => bench.dispatch(Request::Do(Command::SelectAll)),
                _ => {
                    let text = if place % 2 == 0 { "dog".to_owned() } else { String::new() };
                    bench.dispatch(Request::SetFilter(MarkFilter { text, ..MarkFilter::default() }));
                }
            }
            if let Some(selection) = bench.selection() {
                prop_assert!(selection.len() > 1 && selection.contains(bench.selected.unwrap()));
                prop_assert!(selection.targets.iter().all(|&target| bench.marks.shown_place(target).is_some()));
                prop_assert_eq!(selection.in_order(&bench.marks).len(), selection.len());
            }
            prop_assert!(bench.selected.is_none_or(|selected| bench.mark(selected).is_some()));
        }
    }
}
