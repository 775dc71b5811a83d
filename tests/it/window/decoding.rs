//! The decoding lane: curves, thresholds of single classes by mouse and keys, hysteresis, presets, and what follows from them.

use super::stage::{answer_path, drag, opened, press, press_with, soundscape, wait};
use earmark::app::{App, Request, RuleChange, RuleScope, Scored, Target};
use earmark::decision::{BoxRule, DecisionRule, Prediction, decide_boxes, decide_class};
use eframe::egui::accesskit::{Action, ActionData, ActionRequest, Role};
use eframe::egui::{Event, Key, Modifiers, PointerButton, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

fn detected() -> Harness<'static, App> {
    let mut harness = opened(vec![soundscape(0)]);
    press_with(&mut harness, Modifiers::COMMAND, Key::R);
    wait(&mut harness, "the end of the model's run", |bench| {
        bench.scored_here().is_some() && bench.runs.is_empty() && !bench.is_deciding()
    });
    harness
}

fn scored<'a>(harness: &'a Harness<'_, App>) -> &'a Scored {
    harness.state().bench.scored_here().unwrap()
}

fn rule(harness: &Harness<'_, App>, class: usize) -> DecisionRule {
    scored(harness).rule_of(class)
}

fn label(harness: &Harness<'_, App>, class: usize) -> String {
    scored(harness).scores.classes[class].to_string()
}

/// What the class's rule makes of its scores, decided plainly.
fn expected(harness: &Harness<'_, App>, class: usize) -> Vec<Prediction> {
    let duration_secs = harness.state().bench.recording().unwrap().duration_secs;
    decide_class(&scored(harness).scores, class, &rule(harness, class), duration_secs)
}

fn active_secs(predictions: &[Prediction]) -> f64 {
    predictions.iter().map(|prediction| prediction.span.duration_secs()).sum()
}

/// Brings a shown class into the lane in which two rules find events of different length, the first more.
fn focus_where(
    harness: &mut Harness<'_, App>,
    more: impl Fn(DecisionRule) -> DecisionRule,
    less: impl Fn(DecisionRule) -> DecisionRule,
) -> usize {
    let duration_secs = harness.state().bench.recording().unwrap().duration_secs;
    let scored = scored(harness);
    let active =
        |class: usize, rule: DecisionRule| active_secs(&decide_class(&scored.scores, class, &rule, duration_secs));
    let differs = |class: &usize| {
        let rule = scored.rule_of(*class);
        active(*class, less(rule)) > 0.0 && active(*class, more(rule)) > active(*class, less(rule)) + 0.1
    };
    let class = scored.chosen.iter().copied().find(differs).expect("some class differs");
    change(harness, RuleChange::Focus(class));
    assert_eq!(harness.state().bench.focused_class(), Some(class));
    class
}

/// Gives a class its rule with something otherwise.
fn set(harness: &mut Harness<'_, App>, class: usize, with: impl FnOnce(DecisionRule) -> DecisionRule) {
    let rule = with(rule(harness, class));
    change(harness, RuleChange::Set { class, rule });
}

fn change(harness: &mut Harness<'_, App>, change: RuleChange) {
    harness.state_mut().bench.dispatch(Request::Rule(change));
    harness.run_steps(2);
}

#[test]
fn a_dragged_threshold_is_of_one_class_and_its_predictions_follow() {
    let mut harness = detected();
    let class = focus_where(&mut harness, |rule| rule, |rule| DecisionRule { threshold: 0.55, ..rule });
    let others: Vec<usize> = scored(&harness).chosen.iter().copied().filter(|&other| other != class).collect();
    assert!(others.len() >= 2, "{others:?}");
    let before = rule(&harness, class);
    let of_others: Vec<Vec<Prediction>> = others.iter().map(|&other| expected(&harness, other)).collect();
    let was_active = active_secs(harness.state().bench.predictions_of(class));

    let line = format!("Threshold of {}", label(&harness, class));
    let from = harness.get_by_role_and_label(Role::Slider, &line).rect().center();
    drag(&mut harness, from, from - vec2(0.0, 40.0));
    let after = rule(&harness, class);
    assert!(after.threshold > before.threshold + 0.3, "{} after {}", after.threshold, before.threshold);
    assert_eq!(DecisionRule { threshold: before.threshold, ..after }, before, "nothing else has changed");
    assert_eq!(harness.state().bench.predictions_of(class), expected(&harness, class));
    assert!(active_secs(harness.state().bench.predictions_of(class)) < was_active);
    for (&other, of_other) in others.iter().zip(&of_others) {
        assert_eq!(rule(&harness, other), before, "{}", label(&harness, other));
        assert_eq!(harness.state().bench.predictions_of(other), of_other);
    }
    // The line went with the pointer, and back it goes to the model's own threshold.
    let there = harness.get_by_role_and_label(Role::Slider, &line).rect().center();
    assert!((there.y - from.y + 40.0).abs() < 2.0, "{there} from {from}");
    harness.hover_at(there);
    harness.step();
    for _ in 0..2 {
        // Both within one frame: two clicks that are further apart than two frames of a test are no double-click.
        for pressed in [true, false] {
            let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
            harness.input_mut().events.push(Event::PointerButton { pos: there, button, pressed, modifiers });
        }
        harness.step();
    }
    harness.run_steps(2);
    assert_eq!(rule(&harness, class), before);
    assert!(scored(&harness).rules.of_class.is_empty());
}

#[test]
fn a_threshold_can_be_moved_without_a_mouse() {
    let mut harness = detected();
    let class = harness.state().bench.focused_class().unwrap();
    let line = format!("Threshold of {}", label(&harness, class));
    let before = rule(&harness, class).threshold;
    let slider = harness.get_by_role_and_label(Role::Slider, &line);
    assert!((slider.accesskit_node().numeric_value().unwrap() - f64::from(before)).abs() < 1e-6);
    slider.focus();
    harness.run_steps(2);
    press(&mut harness, Key::ArrowUp);
    press(&mut harness, Key::ArrowUp);
    assert!((rule(&harness, class).threshold - before - 0.02).abs() < 1e-5, "{}", rule(&harness, class).threshold);
    press(&mut harness, Key::ArrowDown);
    assert!((rule(&harness, class).threshold - before - 0.01).abs() < 1e-5);
    let slider = harness.get_by_role_and_label(Role::Slider, &line);
    let (target_node, target_tree) = slider.accesskit_node().locate();
    let data = Some(ActionData::NumericValue(0.6));
    let asked = ActionRequest { action: Action::SetValue, target_tree, target_node, data };
    harness.event(Event::AccessKitActionRequest(asked));
    harness.run_steps(3);
    assert!((rule(&harness, class).threshold - 0.6).abs() < 1e-5);
    // The keys for the threshold are about the class of the lane too.
    press(&mut harness, Key::U);
    assert!((rule(&harness, class).threshold - 0.65).abs() < 1e-5);
    press_with(&mut harness, Modifiers::SHIFT, Key::U);
    assert!((rule(&harness, class).threshold - 0.6).abs() < 1e-5);
    assert!((scored(&harness).rules.common.threshold - before).abs() < 1e-6);
}

#[test]
fn hysteresis_has_a_line_of_its_own() {
    let mut harness = detected();
    let strict = |rule| DecisionRule { threshold: 0.6, ..rule };
    let class = focus_where(&mut harness, |rule| DecisionRule { hysteresis: Some(0.15), ..strict(rule) }, strict);
    let lower_line = format!("Lower threshold of {}", label(&harness, class));
    assert!(harness.query_by_label(&lower_line).is_none());
    set(&mut harness, class, |rule| DecisionRule { threshold: 0.6, ..rule });
    let plain = active_secs(harness.state().bench.predictions_of(class));
    harness.get_by_role_and_label(Role::CheckBox, "Hysteresis").click();
    harness.run_steps(3);
    assert_eq!(rule(&harness, class).hysteresis, Some(0.3));
    let from = harness.get_by_role_and_label(Role::Slider, &lower_line).rect().center();
    drag(&mut harness, from, from + vec2(0.0, 20.0));
    let lower = rule(&harness, class).hysteresis.unwrap();
    assert!(lower < 0.15, "{lower}");
    assert_eq!(harness.state().bench.predictions_of(class), expected(&harness, class));
    assert!(active_secs(harness.state().bench.predictions_of(class)) > plain);
    // It goes no higher than the threshold.
    let from = harness.get_by_role_and_label(Role::Slider, &lower_line).rect().center();
    drag(&mut harness, from, from - vec2(0.0, 85.0));
    assert!(rule(&harness, class).hysteresis.unwrap() <= rule(&harness, class).threshold);
}

#[test]
fn bounding_boxes_are_chosen_in_the_lane_and_thresholds_come_back() {
    let mut harness = detected();
    let boxes = |rule| DecisionRule { boxes: Some(BoxRule::default()), ..rule };
    let class = focus_where(&mut harness, boxes, |rule| rule);
    let before = rule(&harness, class);
    let plain = harness.state().bench.predictions_of(class).to_vec();
    harness.state_mut().bench.dispatch(Request::ShowInspector(earmark::app::Inspector::Events));
    harness.run_steps(2);
    harness.get_by_label("Rule of the class and look of the lane").click();
    harness.run_steps(3);
    harness.get_by_label("Bounding boxes").click();
    harness.run_steps(3);
    assert_eq!(rule(&harness, class), boxes(before));
    wait(&mut harness, "the boxes", |bench| !bench.is_deciding());
    let of_rule = |harness: &Harness<'_, App>| {
        let (rule, secs) = (rule(harness, class), harness.state().bench.recording().unwrap().duration_secs);
        let mut found = decide_boxes(&scored(harness).scores, class, &rule.boxes.unwrap(), rule.threshold, secs);
        found.retain(|found| found.span.duration_secs() >= rule.min_duration_secs - 1e-9);
        found
    };
    let boxed = harness.state().bench.predictions_of(class).to_vec();
    assert_eq!(boxed, of_rule(&harness));
    assert_ne!(boxed, plain);
    // What says nothing of boxes is not offered, and their own parameters are.
    for gone in ["Hysteresis", "Median filter", "Merge gaps"] {
        assert!(harness.query_by_label(gone).is_none(), "{gone}");
    }
    harness.get_by_role_and_label(Role::CheckBox, "Merge difference").click();
    harness.get_by_role_and_label(Role::CheckBox, "Merge ratio").click();
    harness.run_steps(3);
    let unlimited = BoxRule { merge_difference: None, merge_ratio: None, ..BoxRule::default() };
    assert_eq!(rule(&harness, class).boxes, Some(unlimited));
    harness.get_by_role_and_label(Role::Slider, "Step filter").focus();
    harness.run_steps(2);
    press(&mut harness, Key::ArrowRight);
    assert!(rule(&harness, class).boxes.unwrap().filter_secs > 0.5);
    wait(&mut harness, "the longer filter", |bench| !bench.is_deciding());
    assert_eq!(harness.state().bench.predictions_of(class), of_rule(&harness));
    // An event says what it came of.
    press(&mut harness, Key::Escape);
    set(&mut harness, class, boxes);
    let name = label(&harness, class);
    let mark = harness.state().bench.marks.iter().find(|mark| *mark.label == *name).unwrap().target;
    harness.state_mut().bench.dispatch(Request::Select(Some(mark)));
    press(&mut harness, Key::A);
    let event = harness.state().bench.recording().unwrap().events_by_onset()[0].clone();
    let parameters = event.origin.proposal().unwrap().parameters.to_string();
    assert!(
        parameters.contains("bounding boxes, step filter 0.5 s, merge difference 1, merge ratio 2"),
        "{parameters}"
    );
    change(&mut harness, RuleChange::Set { class, rule: before });
    assert_eq!(harness.state().bench.predictions_of(class), plain);
}

#[test]
fn a_change_can_be_for_all_classes_and_one_rule_be_given_to_all() {
    let mut harness = detected();
    let class = harness.state().bench.focused_class().unwrap();
    let other = scored(&harness).chosen.iter().copied().find(|&other| other != class).unwrap();
    let of = |harness: &Harness<'_, App>, class| rule(harness, class);
    set(&mut harness, other, |rule| DecisionRule { threshold: 0.7, ..rule });
    harness.get_by_label("For all classes").click();
    harness.run_steps(3);
    assert_eq!(harness.state().bench.rule_scope, RuleScope::AllClasses);
    let changed = DecisionRule { min_duration_secs: 1.5, ..rule(&harness, class) };
    change(&mut harness, RuleChange::Set { class, rule: changed });
    assert_eq!((of(&harness, other).threshold, of(&harness, other).min_duration_secs), (0.7, 1.5));
    assert!(harness.state().bench.predictions.iter().all(|prediction| prediction.span.duration_secs() >= 1.5 - 1e-6));
    change(&mut harness, RuleChange::Focus(other));
    harness.get_by_label("Apply to all classes").click();
    harness.run_steps(3);
    assert_eq!(of(&harness, class), of(&harness, other));
    assert!(scored(&harness).rules.of_class.is_empty());
}

#[test]
fn what_is_accepted_says_by_which_rule_of_its_class() {
    let mut harness = detected();
    let class = harness.state().bench.focused_class().unwrap();
    set(&mut harness, class, |rule| DecisionRule { threshold: 0.31, ..rule });
    let name = label(&harness, class);
    let mark = harness.state().bench.marks.iter().find(|mark| *mark.label == *name).unwrap().target;
    harness.state_mut().bench.dispatch(Request::Select(Some(mark)));
    press(&mut harness, Key::A);
    let event = harness.state().bench.recording().unwrap().events_by_onset()[0].clone();
    let parameters = event.origin.proposal().unwrap().parameters.to_string();
    assert!(parameters.starts_with("threshold 0.31 "), "{parameters}");
}

#[test]
fn a_selected_prediction_stays_selected_while_its_edges_move() {
    let mut harness = detected();
    let class = harness.state().bench.focused_class().unwrap();
    let name = label(&harness, class);
    let bench = &harness.state().bench;
    let strongest = bench.marks.iter().filter(|mark| *mark.label == *name);
    let mark = strongest.max_by(|a, b| a.score.unwrap().total_cmp(&b.score.unwrap())).unwrap().clone();
    harness.state_mut().bench.dispatch(Request::Select(Some(mark.target)));
    let mut spans = vec![mark.span];
    let mut threshold = rule(&harness, class).threshold;
    while threshold + 0.05 < mark.score.unwrap() {
        threshold += 0.05;
        set(&mut harness, class, |rule| DecisionRule { threshold, ..rule });
        let selected = harness.state().bench.selected_mark().expect("it stays selected").clone();
        assert!(matches!(selected.target, Target::Prediction(_)) && selected.label == mark.label);
        assert!(selected.span.overlap_secs(*spans.last().unwrap()) > 0.0);
        spans.push(selected.span);
    }
    spans.dedup();
    assert!(spans.len() > 1, "its edges never moved");
    assert_eq!(harness.state().bench.focused_class(), Some(class));
}

#[test]
fn presets_come_back_with_the_project() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept.earmark");
    let mut harness = detected();
    let class = harness.state().bench.focused_class().unwrap();
    let own = rule(&harness, class);
    let with = |threshold| DecisionRule { threshold, ..own };
    change(&mut harness, RuleChange::Set { class, rule: with(0.7) });
    harness.get_by_role_and_label(Role::TextInput, "Name of the preset").focus();
    harness.run_steps(2);
    harness.get_by_role_and_label(Role::TextInput, "Name of the preset").type_text("strict");
    harness.run_steps(2);
    harness.get_by_label("Save preset").click();
    harness.run_steps(3);
    change(&mut harness, RuleChange::Set { class, rule: with(0.4) });
    press_with(&mut harness, Modifiers::COMMAND, Key::S);
    answer_path(&mut harness, "Path to save the project to", &path);
    wait(&mut harness, "the saved project", |bench| !bench.is_unsaved());

    let mut again = opened(vec![path]);
    wait(&mut again, "the predictions", |bench| !bench.marks.is_empty());
    assert_eq!(rule(&again, class), with(0.4));
    assert_eq!(again.state().bench.marks, harness.state().bench.marks);
    change(&mut again, RuleChange::Focus(class));
    again.state_mut().bench.dispatch(Request::ShowInspector(earmark::app::Inspector::Model));
    again.run_steps(3);
    again.get_by_label("Reset").click();
    again.run_steps(3);
    assert_eq!(rule(&again, class), with(0.7), "the preset that was saved last");
    again.get_by_role_and_label(Role::ComboBox, "Preset of rules").click();
    again.run_steps(4);
    again.get_by_label("The model's own").click();
    again.run_steps(4);
    assert_eq!(rule(&again, class), own);
    again.get_by_role_and_label(Role::ComboBox, "Preset of rules").click();
    again.run_steps(4);
    again.get_by_label("strict").click();
    again.run_steps(4);
    assert_eq!(rule(&again, class), with(0.7));
    again.get_by_label("Delete preset").click();
    again.run_steps(3);
    assert!(again.state().bench.rule_entry().unwrap().presets.is_empty());
    assert_eq!(rule(&again, class), with(0.7), "the rules that are in force stay");
}

#[test]
fn many_classes_are_decided_beside_the_window() {
    let mut harness = detected();
    let all = 0..scored(&harness).scores.classes.len();
    harness.state_mut().bench.dispatch(Request::ChooseClasses(all.clone().collect()));
    assert!(harness.state().bench.is_deciding(), "so much is not decided within a frame");
    change(&mut harness, RuleChange::Scope(RuleScope::AllClasses));
    for threshold in [0.3, 0.25, 0.1, 0.15] {
        set(&mut harness, 0, |rule| DecisionRule { threshold, ..rule });
    }
    wait(&mut harness, "the decisions", |bench| !bench.is_deciding());
    let plain: Vec<Prediction> = all.flat_map(|class| expected(&harness, class)).collect();
    assert!(plain.len() > 10);
    assert_eq!(harness.state().bench.predictions, plain);
}

#[test]
fn the_lane_can_be_hidden_and_made_higher() {
    let mut harness = detected();
    let height = |harness: &Harness<'_, App>| harness.query_by_label("Decoding lane").map(|lane| lane.rect().height());
    assert_eq!(height(&harness), Some(96.0));
    let above = harness.get_by_label("Spectrogram").rect().bottom();
    assert!(above <= harness.get_by_label("Decoding lane").rect().top());
    let handle = harness.get_by_label("Height of the decoding lane").rect().center();
    drag(&mut harness, handle, handle - vec2(0.0, 50.0));
    assert!((height(&harness).unwrap() - 146.0).abs() < 2.0, "{:?}", height(&harness));
    press(&mut harness, Key::F12);
    assert_eq!(height(&harness), None);
    press(&mut harness, Key::F12);
    assert!(height(&harness).is_some());
}
