//! Review mode: the queue, decisions, batches, edges, marks of completeness, all by keys.

use super::stage::{opened, press, press_with, settings, soundscape, wait, window};
use earmark::annotation::{EventId, RecordingId, Status};
use earmark::app::{
    App, EventChange, Mark, Mode, QueueOrder, Request, ReviewChange, Scored, Settings, Target, Workbench,
};
use earmark::decision::{ClassRules, DecisionRule, FrameAxis, FrameScores};
use earmark::time::Span;
use earmark::work::DetectionStart;
use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

const SHIFT: Modifiers = Modifiers::SHIFT;
const ALT: Modifiers = Modifiers::ALT;
const CTRL: Modifiers = Modifiers::COMMAND;
/// From one prediction to the next, and from one frame to the next, in the recordings made here.
const PERIOD_SECS: f64 = 0.5;
const HOP_SECS: f64 = 0.05;
const CLASSES: [&str; 3] = ["Dog", "Cat", "Cow"];

/// The score of the `place`-th prediction: 0.3 to 0.9, spread evenly without order.
fn score(place: usize) -> f32 {
    0.3 + 0.6 * (place as f64 * 0.618_034).fract() as f32
}

/// Writes a quiet recording that is long enough for so many predictions.
fn write_recording(folder: &Path, name: &str, predictions: usize) -> PathBuf {
    const RATE: u32 = 4_000;
    let samples = (predictions as f64 * PERIOD_SECS * f64::from(RATE)) as u32;
    let mut bytes = Vec::with_capacity(44 + 2 * samples as usize);
    bytes.extend(b"RIFF");
    bytes.extend((36 + 2 * samples).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16_u32.to_le_bytes());
    bytes.extend([1_u16, 1].map(u16::to_le_bytes).concat());
    bytes.extend([RATE, 2 * RATE].map(u32::to_le_bytes).concat());
    bytes.extend([2_u16, 16].map(u16::to_le_bytes).concat());
    bytes.extend(b"data");
    bytes.extend((2 * samples).to_le_bytes());
    bytes.extend((0..samples).flat_map(|sample| ((sample % 97) as i16 - 48).to_le_bytes()));
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// What a model would have said: every half second one prediction of 0.2 s, of each class in turn.
fn scores(predictions: usize) -> Scored {
    let classes: Arc<[Arc<str>]> = CLASSES.map(Arc::from).to_vec().into();
    let axis = FrameAxis { first_onset_secs: 0.0, hop_secs: HOP_SECS };
    let mut scores = FrameScores::new(axis, classes.clone());
    for place in 0..predictions {
        for frame in 0..10 {
            let mut row = [0.02_f32; CLASSES.len()];
            if (3..7).contains(&frame) {
                row[place % CLASSES.len()] = score(place);
            }
            scores.push(&row);
        }
    }
    let rule = DecisionRule { threshold: 0.2, ..DecisionRule::default() };
    let start = DetectionStart {
        model: "formula".into(),
        version: "1".into(),
        ran_on: "nothing".to_owned(),
        truth: None,
        notes: Vec::new(),
        axis,
        classes,
        rule,
    };
    let chosen = (0..CLASSES.len()).collect();
    let rules = ClassRules { common: rule, ..ClassRules::default() };
    Scored { start, scores: Arc::new(scores), chosen, chosen_by_user: true, rules }
}

/// A window with recordings of so many predictions each, the first one in the picture.
fn with_predictions(settings: Settings, predictions: &[usize]) -> (Harness<'static, App>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let names = ["a.wav", "b.wav", "c.wav", "d.wav"];
    let paths: Vec<PathBuf> = names
        .iter()
        .zip(predictions)
        .map(|(name, &count)| write_recording(folder.path(), name, count.max(8)))
        .collect();
    let mut harness = window(settings, paths);
    wait(&mut harness, "the recordings", |bench| {
        bench.specs.len() == predictions.len() && bench.open.as_ref().is_some_and(|open| open.tiles.progress() >= 1.0)
    });
    let bench = &mut harness.state_mut().bench;
    let ids: Vec<RecordingId> = bench.document.recordings().map(|(id, _)| id).collect();
    for (id, &count) in ids.iter().zip(predictions).filter(|(_, count)| **count > 0) {
        bench.scored.insert(*id, scores(count));
    }
    bench.dispatch(Request::ChooseClasses((0..CLASSES.len()).collect()));
    wait(&mut harness, "the predictions", |bench| bench.marks.len() == predictions[0]);
    (harness, folder)
}

fn bench<'a>(harness: &'a Harness<'_, App>) -> &'a Workbench {
    &harness.state().bench
}

fn selected(harness: &Harness<'_, App>) -> Mark {
    bench(harness).selected_mark().expect("something is selected").clone()
}

fn statuses(harness: &Harness<'_, App>) -> Vec<Status> {
    bench(harness).recording().unwrap().events_by_onset().iter().map(|event| event.status).collect()
}

fn select(harness: &mut Harness<'_, App>, place: usize) -> Mark {
    let mark = bench(harness).marks.at(place).unwrap().clone();
    harness.state_mut().bench.dispatch(Request::SelectAndReveal(mark.target));
    harness.run_steps(2);
    mark
}

fn review(harness: &mut Harness<'_, App>) {
    press_with(harness, SHIFT, Key::Q);
    assert_eq!(bench(harness).review.mode, Mode::Review);
}

/// How much waits for an answer: windows over the others, and a text field that takes the keys.
fn asking(harness: &Harness<'_, App>) -> usize {
    let windows = [Role::Dialog, Role::Window].map(|role| harness.query_all_by_role(role).count());
    windows.iter().sum::<usize>() + usize::from(harness.ctx.text_edit_focused())
}

#[test]
fn the_next_undecided_event_comes_into_the_middle_and_the_mode_is_told() {
    let (mut harness, _folder) = with_predictions(settings(), &[40]);
    // In browse mode the settings hold: here nothing goes on by itself.
    let first = select(&mut harness, 0);
    press(&mut harness, Key::A);
    assert_eq!(selected(&harness).span, first.span);
    assert!(!bench(&harness).advances());

    review(&mut harness);
    let second = selected(&harness);
    assert_eq!((second.state, second.span.onset_secs > first.span.onset_secs), (Status::Predicted, true));
    assert!(bench(&harness).advances() && bench(&harness).plays_by_itself());
    harness.get_by_label("1 of 40");
    harness.get_by_label_contains("A accept   D reject   W uncertain");
    for key in [Key::D, Key::W, Key::Y, Key::Delete] {
        let before = selected(&harness);
        press(&mut harness, key);
        let after = selected(&harness);
        assert!(after.span.onset_secs > before.span.onset_secs && after.state == Status::Predicted, "{key:?}");
        let view = bench(&harness).open.as_ref().unwrap().viewport.span();
        assert!(view.duration_secs() >= 4.0 && view.contains(after.span.onset_secs), "{view:?}");
        let is_centred = (view.centre_secs() - after.span.centre_secs()).abs() < 1e-6;
        assert!(is_centred || view.onset_secs == 0.0, "{view:?} around {:?}", after.span);
    }
    let decided = [Status::Accepted, Status::Rejected, Status::Uncertain, Status::Accepted, Status::Rejected];
    assert_eq!(statuses(&harness), decided);

    // Taking a decision back leaves the event selected; the mode's switch goes back by the pointer.
    press(&mut harness, Key::K);
    assert_eq!(selected(&harness).state, Status::Rejected);
    press(&mut harness, Key::Backspace);
    assert_eq!(selected(&harness).state, Status::Predicted);
    assert_eq!(statuses(&harness).len(), 4);
    harness.get_by_label("Browse/Edit mode").click();
    harness.run_steps(3);
    assert_eq!(bench(&harness).review.mode, Mode::Browse);
    assert!(!bench(&harness).advances());
}

#[test]
fn a_held_key_decides_once() {
    let (mut harness, _folder) = with_predictions(settings(), &[10]);
    review(&mut harness);
    let event = |repeat| eframe::egui::Event::Key {
        key: Key::A,
        physical_key: None,
        pressed: true,
        repeat,
        modifiers: Modifiers::NONE,
    };
    for repeat in [false, true, true, true] {
        harness.input_mut().events.push(event(repeat));
        harness.step();
    }
    assert_eq!(statuses(&harness).len(), 1);
}

/// The scores of what comes, if each is accepted.
fn scores_that_come(harness: &mut Harness<'_, App>, count: usize) -> Vec<f32> {
    (0..count)
        .map(|_| {
            let score = selected(harness).score.unwrap();
            press(harness, Key::A);
            score
        })
        .collect()
}

#[test]
fn each_order_of_the_queue_brings_what_it_says() {
    let (mut harness, _folder) = with_predictions(settings(), &[30]);
    review(&mut harness);
    let mut sorted: Vec<f32> = bench(&harness).marks.iter().filter_map(|mark| mark.score).collect();
    sorted.sort_by(f32::total_cmp);
    press_with(&mut harness, ALT, Key::Q);
    assert_eq!(bench(&harness).review.order, QueueOrder::HighestScore);
    press(&mut harness, Key::Escape);
    press(&mut harness, Key::Q);
    let highest: Vec<f32> = sorted.iter().rev().copied().take(6).collect();
    assert_eq!(scores_that_come(&mut harness, 6), highest);

    // Q passes over without deciding.
    press_with(&mut harness, ALT, Key::Q);
    press(&mut harness, Key::Escape);
    press(&mut harness, Key::Q);
    assert_eq!(selected(&harness).score, Some(sorted[0]));
    press(&mut harness, Key::Q);
    assert_eq!(selected(&harness).score, Some(sorted[1]));
    assert_eq!(statuses(&harness).len(), 6);

    // Only one class, class by class.
    harness.state_mut().bench.dispatch(Request::Review(ReviewChange::Order(QueueOrder::Class)));
    press(&mut harness, Key::Escape);
    press(&mut harness, Key::Q);
    assert_eq!(&*selected(&harness).label, "Cat");
    press_with(&mut harness, ALT, Key::C);
    assert_eq!(bench(&harness).review.class.as_deref(), Some("Cat"));
    for _ in 0..3 {
        press(&mut harness, Key::D);
        assert_eq!(&*selected(&harness).label, "Cat");
    }
    press(&mut harness, Key::J);
    assert_eq!(&*selected(&harness).label, "Cat", "J stays within the queue's class too");
    press_with(&mut harness, ALT, Key::C);
    assert_eq!(bench(&harness).review.class, None);
}

#[test]
fn a_batch_is_shown_first_and_done_at_the_second_press_in_one_step() {
    let (mut harness, _folder) = with_predictions(settings(), &[60]);
    review(&mut harness);
    let here = select(&mut harness, 21);
    assert_eq!(&*here.label, "Dog");
    let score = here.score.unwrap();
    let lower = bench(&harness).marks.iter().filter(|mark| mark.label == here.label && mark.score < here.score).count();
    assert!(lower > 3, "{lower} below {score}");
    let before = bench(&harness).document.clone();

    press_with(&mut harness, SHIFT, Key::Delete);
    assert_eq!(bench(&harness).document, before, "the first press changes nothing");
    assert_eq!(bench(&harness).batch().unwrap().len(), lower);
    harness.get_by_label_contains(&format!("Reject {lower} × Dog below {score:.2} – press Shift+Del"));
    press(&mut harness, Key::Escape);
    assert!(bench(&harness).batch().is_none());
    assert_eq!(bench(&harness).selected, Some(here.target), "Escape leaves the batch, not the event");

    // What is selected or decided in between lets go of it.
    press_with(&mut harness, SHIFT, Key::Delete);
    press(&mut harness, Key::J);
    assert!(bench(&harness).batch().is_none());
    press(&mut harness, Key::K);
    press_with(&mut harness, SHIFT, Key::Delete);
    assert_eq!(bench(&harness).document, before);

    let steps = bench(&harness).history.undo_count();
    press_with(&mut harness, SHIFT, Key::Delete);
    assert_eq!(statuses(&harness), vec![Status::Rejected; lower]);
    assert_eq!(bench(&harness).history.undo_count(), steps + 1);
    let told = bench(&harness)
        .notices
        .list()
        .iter()
        .any(|notice| notice.text.contains(&format!("reject {lower} × \"Dog\" below")));
    assert!(told);
    press_with(&mut harness, CTRL, Key::Z);
    assert_eq!(bench(&harness).document.recordings().next().unwrap().1.events.len(), 0);
    assert!(bench(&harness).selected_mark().is_some_and(|mark| mark.state == Status::Predicted));

    // The same upwards.
    let here = select(&mut harness, 33);
    let higher =
        bench(&harness).marks.iter().filter(|mark| mark.label == here.label && mark.score > here.score).count();
    press_with(&mut harness, SHIFT, Key::Y);
    harness.get_by_label_contains(&format!("Accept {higher} × Dog above"));
    press_with(&mut harness, SHIFT, Key::Y);
    assert_eq!(statuses(&harness), vec![Status::Accepted; higher]);
    assert_eq!(bench(&harness).history.undo_count(), steps + 1);
}

#[test]
fn all_shown_of_a_class_are_decided_in_one_step_and_counted() {
    let (mut harness, _folder) = with_predictions(settings(), &[60]);
    select(&mut harness, 0);
    harness.state_mut().bench.dispatch(Request::ShowSpan(Span::between(0.0, 9.9)));
    press_with(&mut harness, SHIFT, Key::D);
    // Twenty predictions are in view, every third a dog.
    assert_eq!(statuses(&harness), vec![Status::Rejected; 7]);
    assert_eq!(bench(&harness).history.undo_count(), 1);
    assert!(bench(&harness).notices.list().iter().any(|notice| notice.text.contains("reject 7 × \"Dog\"")));
    assert_eq!(selected(&harness).state, Status::Rejected, "where nothing goes on, it stays selected");
    press_with(&mut harness, CTRL, Key::Z);
    assert!(statuses(&harness).is_empty());
}

/// A prediction that is remarked on is one event, however often its remark comes; what is said outlasts the decision and its end, edges
/// moved do not decide, and the label that it has does.
#[test]
fn what_is_said_about_an_event_outlasts_decisions() {
    let (mut harness, _folder) = with_predictions(settings(), &[20]);
    let first = select(&mut harness, 0);
    for _ in 0..2 {
        let change = EventChange::Comment("far".to_owned());
        harness.state_mut().bench.dispatch(Request::ChangeEvent { target: first.target, change });
        harness.run_steps(2);
    }
    assert_eq!(statuses(&harness), [Status::Predicted]);
    press(&mut harness, Key::A);
    let here = select(&mut harness, 0);
    assert_eq!(here.state, Status::Accepted);
    press(&mut harness, Key::Backspace);
    let here = selected(&harness);
    assert_eq!((here.state, here.comment.as_deref()), (Status::Predicted, Some("far")));
    press(&mut harness, Key::W);
    let here = select(&mut harness, 0);
    let span = Span::between(here.span.onset_secs + 0.02, here.span.offset_secs);
    harness.state_mut().bench.dispatch(Request::SetSpan { target: here.target, span });
    harness.run_steps(2);
    assert_eq!((selected(&harness).state, selected(&harness).span), (Status::Uncertain, span));
    review(&mut harness);
    select(&mut harness, 0);
    harness.state_mut().bench.dispatch(Request::SetLabel { target: here.target, label: "Dog".into() });
    harness.run_steps(2);
    assert_eq!(statuses(&harness), [Status::Corrected]);
}

#[test]
fn what_is_complete_is_marked_told_and_taken_back() {
    let (mut harness, _folder) = with_predictions(settings(), &[60]);
    harness.state_mut().bench.dispatch(Request::ShowSpan(Span::between(0.0, 10.0)));
    press(&mut harness, Key::H);
    harness.state_mut().bench.dispatch(Request::ShowSpan(Span::between(10.0, 20.0)));
    press(&mut harness, Key::H);
    let spans = |harness: &Harness<'_, App>| -> Vec<(f64, f64)> {
        let list = bench(harness).complete_spans();
        list.iter().map(|complete| (complete.span.onset_secs, complete.span.offset_secs)).collect()
    };
    assert_eq!(spans(&harness), [(0.0, 20.0)]);
    assert_eq!(bench(&harness).complete_spans()[0].labels.len(), CLASSES.len());
    harness.get_by_label("complete: 0:20 of 0:30");
    harness.get_by_label("Complete in the recording, complete: 0:20 of 0:30");
    // Predictions inside stay undecided.
    assert_eq!(bench(&harness).marks.iter().filter(|mark| mark.state == Status::Predicted).count(), 60);
    harness.state_mut().bench.dispatch(Request::ShowSpan(Span::between(5.0, 12.0)));
    press(&mut harness, Key::H);
    assert_eq!(spans(&harness), [(0.0, 5.0), (12.0, 20.0)]);
    press_with(&mut harness, CTRL, Key::Z);
    assert_eq!(spans(&harness), [(0.0, 20.0)]);
    press_with(&mut harness, SHIFT, Key::H);
    assert_eq!(spans(&harness), [(0.0, 30.0)]);
    harness.get_by_label("complete: all 0:30");
    press_with(&mut harness, SHIFT, Key::H);
    assert!(spans(&harness).is_empty());
}

#[test]
fn edges_are_nudged_by_frames_and_snapped_and_stay_corrected() {
    let (mut harness, _folder) = with_predictions(settings(), &[20]);
    review(&mut harness);
    let before = select(&mut harness, 4);
    press_with(&mut harness, CTRL | ALT, Key::ArrowLeft);
    press_with(&mut harness, CTRL | ALT | SHIFT, Key::ArrowRight);
    let nudged = selected(&harness);
    assert!((nudged.span.onset_secs - before.span.onset_secs + HOP_SECS).abs() < 1e-9, "{:?}", nudged.span);
    assert!((nudged.span.offset_secs - before.span.offset_secs - HOP_SECS).abs() < 1e-9);
    press(&mut harness, Key::C);
    let snapped = selected(&harness);
    // On the line from 0.02 to the score, where it crosses 0.2, around the border of two frames.
    let peak = f64::from(before.score.unwrap());
    let share = (0.2 - 0.02) / (peak - 0.02);
    let onset = before.span.onset_secs + (share - 0.5) * HOP_SECS;
    assert!((snapped.span.onset_secs - onset).abs() < 1e-4, "{} for {onset}", snapped.span.onset_secs);
    let offset = before.span.offset_secs + (0.5 - share) * HOP_SECS;
    assert!((snapped.span.offset_secs - offset).abs() < 1e-4, "{} for {offset}", snapped.span.offset_secs);
    assert_eq!(snapped.state, Status::Corrected);
    press(&mut harness, Key::A);
    assert_eq!(statuses(&harness), [Status::Corrected]);
    assert!(selected(&harness).span.onset_secs > snapped.span.onset_secs);
    // An event by hand in the quiet has nothing to snap to.
    harness.state_mut().bench.dispatch(Request::SetActiveLabel("Horse".into()));
    harness.state_mut().bench.dispatch(Request::Draw(Span::between(9.45, 9.5)));
    press(&mut harness, Key::C);
    assert!(bench(&harness).notices.list().iter().any(|notice| notice.text.contains("no scores for \"Horse\"")));
}

#[test]
fn a_label_in_review_goes_on_and_the_same_again_takes_one_key() {
    let (mut harness, _folder) = with_predictions(settings(), &[20]);
    review(&mut harness);
    let first = selected(&harness);
    let before = asking(&harness);
    press(&mut harness, Key::Slash);
    assert!(asking(&harness) > before, "the palette does ask");
    harness.get_by_label("Search a label for this event").type_text("bicycle bell");
    harness.run_steps(2);
    press(&mut harness, Key::Enter);
    assert_eq!(asking(&harness), before);
    let second = selected(&harness);
    assert!(second.span.onset_secs > first.span.onset_secs);
    press(&mut harness, Key::G);
    assert!(selected(&harness).span.onset_secs > second.span.onset_secs);
    let labels: Vec<String> =
        bench(&harness).recording().unwrap().events.values().map(|event| event.label.to_string()).collect();
    assert_eq!(labels, ["Bicycle bell", "Bicycle bell"]);
    assert_eq!(statuses(&harness), [Status::Corrected; 2]);
}

#[test]
fn tab_goes_from_event_to_event_while_the_canvas_has_the_focus_only() {
    let (mut harness, _folder) = with_predictions(settings(), &[20]);
    let spectrogram = harness.get_by_label("Spectrogram").rect();
    harness.get_by_label("Spectrogram").click();
    harness.run_steps(3);
    press(&mut harness, Key::Home);
    press(&mut harness, Key::Escape);
    assert!(spectrogram.width() > 100.0);
    harness.get_by_label("Spectrogram").focus();
    harness.run_steps(3);
    press(&mut harness, Key::Tab);
    let first = selected(&harness);
    press(&mut harness, Key::Tab);
    let second = selected(&harness);
    assert!(second.span.onset_secs > first.span.onset_secs);
    press_with(&mut harness, SHIFT, Key::Tab);
    assert_eq!(selected(&harness).target, first.target);
    // Escape leaves the canvas: from there on Tab is the focus's.
    press(&mut harness, Key::Escape);
    press(&mut harness, Key::Tab);
    assert_eq!(bench(&harness).selected, None);
}

#[test]
fn review_goes_on_through_the_recordings_and_undo_comes_back() {
    let (mut harness, _folder) = with_predictions(settings(), &[2, 0, 3]);
    let ids: Vec<RecordingId> = bench(&harness).document.recordings().map(|(id, _)| id).collect();
    review(&mut harness);
    let here = |harness: &Harness<'_, App>| bench(harness).open.as_ref().unwrap().id;
    press(&mut harness, Key::A);
    assert_eq!(here(&harness), ids[0]);
    press(&mut harness, Key::D);
    wait(&mut harness, "the next recording", |bench| bench.selected.is_some());
    assert_eq!(here(&harness), ids[2], "the recording without predictions is passed over");
    assert_eq!(selected(&harness).state, Status::Predicted);
    // Undo opens the recording again and shows the prediction.
    press_with(&mut harness, CTRL, Key::Z);
    assert_eq!(here(&harness), ids[0]);
    let back = selected(&harness);
    assert_eq!(back.state, Status::Predicted);
    assert!(bench(&harness).open.as_ref().unwrap().viewport.span().contains(back.span.onset_secs));
    for _ in 0..4 {
        press(&mut harness, Key::A);
    }
    assert_eq!(bench(&harness).progress().left(), 0);
    assert_eq!((bench(&harness).progress().decided, bench(&harness).progress().all), (5, 5));
    assert!(
        bench(&harness).notices.list().iter().any(|notice| notice.text == "Nothing is left to review: 5 of 5 decided")
    );
}

/// Someone who decides by rule and counts every key.
struct Annotator {
    harness: Harness<'static, App>,
    /// Keys pressed, and actions of typing, for the decision under way.
    keys: usize,
    /// What asks from the start on, such as the window itself.
    asking: usize,
    clear: Vec<usize>,
    edges: Vec<usize>,
    relabels: Vec<usize>,
}

impl Annotator {
    fn new(harness: Harness<'static, App>) -> Self {
        let asking = asking(&harness);
        Self { harness, keys: 0, asking, clear: Vec::new(), edges: Vec::new(), relabels: Vec::new() }
    }

    fn press(&mut self, modifiers: Modifiers, key: Key) {
        self.keys += 1;
        self.harness.key_press_modifiers(modifiers, key);
        self.harness.run_steps(1);
    }

    /// Decides about what is selected: every eleventh has a wrong offset, every thirteenth a wrong label, else the score tells.
    fn decide(&mut self, number: usize) {
        self.keys = 0;
        let mark = selected(&self.harness);
        assert_eq!(mark.state, Status::Predicted, "only what is undecided comes");
        if number % 11 == 5 {
            self.press(Modifiers::NONE, Key::C);
            self.press(ALT | SHIFT, Key::ArrowRight);
            self.press(Modifiers::NONE, Key::A);
            self.edges.push(self.keys);
        } else if number % 13 == 7 {
            self.press(Modifiers::NONE, Key::Slash);
            self.harness.run_steps(1);
            self.harness.get_by_label("Search a label for this event").type_text("bicycle bell");
            self.harness.run_steps(1);
            self.press(Modifiers::NONE, Key::Enter);
            self.relabels.push(self.keys);
        } else {
            self.press(Modifiers::NONE, if mark.score.unwrap() > 0.5 { Key::A } else { Key::D });
            self.clear.push(self.keys);
        }
        assert_eq!(asking(&self.harness), self.asking, "something asks after decision {number}");
    }

    #[expect(clippy::print_stdout, reason = "the counts are a result")]
    fn assert_aims(&self, decisions: usize) {
        let most = |list: &[usize]| list.iter().copied().max().unwrap_or_default();
        println!(
            "{decisions} decisions: {} clear with at most {} key, {} edges with at most {}, {} labels with at most {} and typing",
            self.clear.len(),
            most(&self.clear),
            self.edges.len(),
            most(&self.edges),
            self.relabels.len(),
            most(&self.relabels)
        );
        assert_eq!(self.clear.len() + self.edges.len() + self.relabels.len(), decisions);
        assert!(most(&self.clear) == 1 && most(&self.edges) <= 3 && most(&self.relabels) <= 2);
        assert!(!self.clear.is_empty());
    }
}

#[test]
fn a_scripted_annotator_reviews_2000_predictions_with_one_key_each() {
    let (harness, _folder) = with_predictions(settings(), &[2000]);
    let mut annotator = Annotator::new(harness);
    annotator.press(SHIFT, Key::Q);
    for number in 0..2000 {
        annotator.decide(number);
    }
    annotator.assert_aims(2000);
    assert_eq!(bench(&annotator.harness).progress_here().left(), 0);
    let counts = bench(&annotator.harness).document.total_counts();
    assert_eq!(counts.all(), 2000);
    assert_eq!(counts.of(Status::Corrected), annotator.edges.len() + annotator.relabels.len());
    assert!(!annotator.edges.is_empty() && !annotator.relabels.is_empty());
}

#[test]
fn a_scripted_annotator_reviews_the_example_with_the_real_model() {
    let mut harness = opened(vec![soundscape(0), soundscape(1), soundscape(2)]);
    press_with(&mut harness, CTRL | SHIFT, Key::R);
    wait(&mut harness, "the model's runs", |bench| bench.scored.len() == 3 && bench.runs.is_empty());
    let mut annotator = Annotator::new(harness);
    annotator.press(SHIFT, Key::Q);
    let mut decisions = 0;
    let mut visited: Vec<RecordingId> = Vec::new();
    loop {
        wait(&mut annotator.harness, "an event or the end", |bench| {
            bench.selected_mark().is_some_and(|mark| mark.state == Status::Predicted) || bench.progress().left() == 0
        });
        if bench(&annotator.harness).progress().left() == 0 {
            break;
        }
        visited.push(bench(&annotator.harness).open.as_ref().unwrap().id);
        annotator.decide(decisions);
        decisions += 1;
        assert!(decisions < 500);
    }
    visited.dedup();
    assert_eq!(visited.len(), 3, "one recording after the other, each once");
    annotator.assert_aims(decisions);
    let rejected = bench(&annotator.harness).document.total_counts().of(Status::Rejected);
    assert!(rejected > 0, "what was rejected is kept");
}

/// What a decision costs the window itself: from the key to the next picture. Measured, not judged: `cargo test -- --ignored latency`.
#[test]
#[ignore = "a measurement"]
#[expect(clippy::print_stdout, reason = "a measurement")]
fn latency_from_key_to_picture_at_2000_predictions() {
    let (mut harness, _folder) = with_predictions(settings(), &[2000]);
    press_with(&mut harness, SHIFT, Key::Q);
    let mut took_ms: Vec<f64> = Vec::new();
    for number in 0..200 {
        harness.key_press(if number % 3 == 0 { Key::D } else { Key::A });
        let began = Instant::now();
        harness.step();
        took_ms.push(1e3 * began.elapsed().as_secs_f64());
        harness.run_steps(2);
    }
    took_ms.sort_by(f64::total_cmp);
    println!(
        "from key to frame: median {:.1} ms, 95 % under {:.1} ms, worst {:.1} ms",
        took_ms[100], took_ms[190], took_ms[199]
    );
    assert_eq!(statuses(&harness).len(), 200);
}

#[test]
fn rejected_predictions_and_complete_spans_come_back_with_the_project() {
    let (mut harness, folder) = with_predictions(settings(), &[20]);
    review(&mut harness);
    press(&mut harness, Key::D);
    press_with(&mut harness, SHIFT, Key::H);
    let path = folder.path().join("kept.earmark");
    harness.state_mut().bench.dispatch(Request::SaveProjectTo(path.clone()));
    wait(&mut harness, "the saved project", |bench| !bench.is_unsaved());
    let again = opened(vec![path]);
    let (kept, back) = (bench(&harness).recording().unwrap(), bench(&again).recording().unwrap());
    assert_eq!(back.complete_spans, kept.complete_spans);
    let rejected = back.events.values().next().unwrap();
    assert_eq!((rejected.status, rejected.id), (Status::Rejected, EventId(0)));
    assert!(rejected.origin.proposal().is_some_and(|proposal| proposal.score > 0.2));
    assert!(matches!(bench(&again).marks.at(0).unwrap().target, Target::Event(_)));
}
