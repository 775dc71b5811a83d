//! The controls of the rule from scores to predictions: of one class, or of all; and the presets of a model.

use super::choices::choice;
use super::widgets::{section, weak};
use super::{Panels, icons};
use crate::app::{Command, Request, RuleChange, RuleScope, Workbench};
use crate::decision::{BoxRule, DecisionRule};
use eframe::egui::{Checkbox, Grid, Slider, SliderClamping, TextEdit, Ui};

/// The least score down to which events can be extended.
pub const LEAST_HYSTERESIS: f32 = 0.005;
/// The thresholds that can be set by hand.
pub const THRESHOLDS: std::ops::RangeInclusive<f32> = 0.01..=0.99;
/// Where hysteresis begins when it is switched on: this part of the threshold.
const FIRST_HYSTERESIS: f32 = 0.5;
/// How long the step filter of bounding boxes can be set by hand, in seconds.
const FILTERS_SECS: std::ops::RangeInclusive<f64> = 0.04..=5.0;
/// Where limits of merging begin when they are switched on: sebbs's.
const FIRST_DIFFERENCE: f64 = 0.2;
const FIRST_RATIO: f64 = 2.0;

/// The class that the controls are for, which can be chosen, and the controls.
pub fn controls(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    class_choice(ui, bench, requests);
    class_controls(ui, bench, requests);
}

/// The controls of the focused class, with its name.
pub fn controls_of_focused(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    let class = bench.scored_here().zip(bench.focused_class());
    let name = class.and_then(|(scored, class)| scored.scores.classes.get(class)).map_or("All classes", |name| name);
    section(ui, name);
    class_controls(ui, bench, requests);
}

fn class_controls(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    let Some(scored) = bench.scored_here() else { return };
    let class = bench.focused_class();
    if class.is_some() {
        scope(ui, bench, requests);
    }
    let before = class.map_or(scored.rules.common, |class| scored.rule_of(class));
    let after = sliders(ui, &before, scored.scores.axis.hop_secs);
    if after != before {
        requests.push(match class {
            Some(class) => Request::Rule(RuleChange::Set { class, rule: after }),
            None => Request::SetRule(after),
        });
    }
    let Some(class) = class else { return };
    let is_for_all = bench.rule_scope == RuleScope::AllClasses;
    ui.horizontal_wrapped(|ui| {
        let base = bench.rule_entry().and_then(|entry| entry.applied.as_deref()).unwrap_or("the model's own");
        let whose = if is_for_all { "all classes" } else { "this class" };
        let hover = format!("Back to the preset ({base}) for {whose}");
        if ui.button("Reset").on_hover_text(hover).clicked() {
            requests.push(Request::Rule(RuleChange::Reset(class)));
        }
        let has_own = !scored.rules.of_class.is_empty();
        let button = ui.add_enabled(has_own, eframe::egui::Button::new("Apply to all classes"));
        let hover = "Give every class of the model the rule of this one";
        if button.on_hover_text(hover).on_disabled_hover_text("All classes have one rule already").clicked() {
            requests.push(Request::Rule(RuleChange::ApplyToAll(class)));
        }
    });
}

/// The class whose rule is shown, one of those whose predictions are.
fn class_choice(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    let Some((scored, class)) = bench.scored_here().zip(bench.focused_class()) else { return };
    ui.horizontal(|ui| {
        ui.label(weak("Class"));
        let name = |class: usize| scored.scores.classes.get(class).map(ToString::to_string).unwrap_or_default();
        let mut all: Vec<usize> = scored.chosen.iter().copied().collect();
        if !all.contains(&class) {
            all.push(class);
        }
        let all: Vec<(usize, String)> = all.into_iter().map(|class| (class, name(class))).collect();
        let hover = "The class whose rule this is, and which the decoding lane shows in front. Until one is chosen: that of the selected \
                     event, of the active label, or the strongest in view";
        let chosen = choice(ui, "Class of the rule", hover, &class, &all);
        requests.extend(chosen.map(|class| Request::Rule(RuleChange::Focus(class))));
    });
}

fn scope(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    ui.horizontal(|ui| {
        ui.label(weak("Changes"));
        let scopes = [
            (RuleScope::ThisClass, "For this class", "this class alone"),
            (RuleScope::AllClasses, "For all classes", "all classes of the model"),
        ];
        for (scope, name, whom) in scopes {
            let is_on = bench.rule_scope == scope;
            let hover = format!("What is changed here, in the decoding lane or by keys holds for {whom}");
            if ui.selectable_label(is_on, name).on_hover_text(hover).clicked() && !is_on {
                requests.push(Request::Rule(RuleChange::Scope(scope)));
            }
        }
    });
}

fn sliders(ui: &mut Ui, before: &DecisionRule, hop_secs: f64) -> DecisionRule {
    let mut rule = *before;
    ui.spacing_mut().slider_width = 124.0;
    Grid::new("rule").num_columns(2).spacing([12.0, 4.0]).show(ui, |ui| {
        ways(ui, &mut rule);
        let key =
            format!("{} / {}", Command::ThresholdUp.key_text(ui.ctx()), Command::ThresholdDown.key_text(ui.ctx()));
        let above = match rule.boxes {
            None => "A frame belongs to an event if its filtered score is above this",
            Some(_) => "A box is an event if its confidence, which is its mean score, is above this",
        };
        line(ui, "Threshold", &format!("{above} ({key})"), level(&mut rule.threshold, THRESHOLDS));
        match &mut rule.boxes {
            None => of_thresholds(ui, &mut rule, hop_secs),
            Some(boxes) => of_boxes(ui, boxes),
        }
        let hover = "Shorter events are dropped";
        line(ui, "Minimum", hover, Slider::new(&mut rule.min_duration_secs, 0.0..=2.0).fixed_decimals(2).suffix(" s"));
    });
    rule
}

fn line(ui: &mut Ui, name: &str, hover: &str, slider: Slider<'_>) {
    ui.label(weak(name));
    ui.add(slider.clamping(SliderClamping::Edits)).accessible_name(name).on_hover_text(hover);
    ui.end_row();
}

/// By which of the two ways scores become events.
fn ways(ui: &mut Ui, rule: &mut DecisionRule) {
    ui.label(weak("Events"));
    ui.horizontal(|ui| {
        let hover = "An event is where the score is above a threshold";
        if ui.selectable_label(rule.boxes.is_none(), "Threshold").on_hover_text(hover).clicked() {
            rule.boxes = None;
        }
        let hover = "An event lasts from one change of the score to the next, whatever the threshold, and has one confidence (change-point-based \
                     sound event bounding boxes)";
        if ui.selectable_label(rule.boxes.is_some(), "Bounding boxes").on_hover_text(hover).clicked() {
            rule.boxes.get_or_insert_default();
        }
    });
    ui.end_row();
}

/// What thresholds are applied to, and what becomes of what lies above them.
fn of_thresholds(ui: &mut Ui, rule: &mut DecisionRule, hop_secs: f64) {
    hysteresis(ui, rule);
    let mut frames = rule.median_frames.max(1);
    let words = if frames == 1 { " frame".to_owned() } else { format!(" · {:.2} s", frames as f64 * hop_secs) };
    let hover = format!("Running median over so many frames of {hop_secs} s: removes single outliers. 1 is none");
    line(ui, "Median filter", &hover, Slider::new(&mut frames, 1..=31).step_by(2.0).suffix(words));
    rule.median_frames = if frames == 1 { rule.median_frames.min(1) } else { frames };
    let hover = "Events of a class with no longer a gap between them become one";
    line(ui, "Merge gaps", hover, Slider::new(&mut rule.merge_gap_secs, 0.0..=2.0).fixed_decimals(2).suffix(" s"));
}

/// How bounding boxes are found.
fn of_boxes(ui: &mut Ui, boxes: &mut BoxRule) {
    let hover = "A change is the mean score of half of this after a moment less that of half of it before: longer ones pass over short events \
                 and gaps";
    let filter = Slider::new(&mut boxes.filter_secs, FILTERS_SECS).logarithmic(true).fixed_decimals(2).suffix(" s");
    line(ui, "Step filter", hover, filter);
    let hover =
        "Two boxes become one if the score falls by less than this between them. Without a tick, however much it falls";
    limit(ui, "Merge difference", hover, &mut boxes.merge_difference, 0.0..=1.0, FIRST_DIFFERENCE);
    let hover = "Two boxes become one if their greatest score is less than this many times the least one between them. Without a tick, however \
                 many times it is";
    limit(ui, "Merge ratio", hover, &mut boxes.merge_ratio, 1.0..=8.0, FIRST_RATIO);
}

/// A limit that there may be.
fn limit(
    ui: &mut Ui,
    name: &str,
    hover: &str,
    limit: &mut Option<f64>,
    range: std::ops::RangeInclusive<f64>,
    first: f64,
) {
    let mut is_on = limit.is_some();
    if ui.add(Checkbox::new(&mut is_on, weak(name))).on_hover_text(hover).changed() {
        *limit = is_on.then_some(first);
    }
    ui.add_enabled_ui(is_on, |ui| {
        let mut value = limit.unwrap_or(*range.end());
        let slider = Slider::new(&mut value, range).fixed_decimals(2).clamping(SliderClamping::Edits);
        if ui.add(slider).accessible_name(format!("{name}, most")).on_hover_text(hover).changed() {
            *limit = Some(value);
        }
    });
    ui.end_row();
}

fn hysteresis(ui: &mut Ui, rule: &mut DecisionRule) {
    let mut is_on = rule.hysteresis.is_some();
    let hover = "An event that has reached the threshold lasts as long as the filtered score is above this";
    let check = ui.add(Checkbox::new(&mut is_on, weak("Hysteresis"))).on_hover_text(hover);
    if check.changed() {
        let first = (FIRST_HYSTERESIS * rule.threshold).max(LEAST_HYSTERESIS);
        rule.hysteresis = is_on.then_some(first);
    }
    ui.add_enabled_ui(is_on, |ui| {
        // Down to the threshold itself it extends nothing.
        let mut lower = rule.hysteresis.unwrap_or(rule.threshold).min(rule.threshold);
        let least = LEAST_HYSTERESIS.min(rule.threshold);
        let slider = level(&mut lower, least..=rule.threshold).clamping(SliderClamping::Edits);
        if ui.add(slider).accessible_name("Lower threshold").on_hover_text(hover).changed() {
            rule.hysteresis = Some(lower);
        }
    });
    ui.end_row();
}

/// A slider for scores: logarithmic, since many models have their best threshold far below a half.
fn level(value: &mut f32, range: std::ops::RangeInclusive<f32>) -> Slider<'_> {
    Slider::new(value, range).logarithmic(true).min_decimals(2).max_decimals(3)
}

/// The presets of the model: choose one, save what is in force, delete.
pub fn presets(ui: &mut Ui, bench: &Workbench, panels: &mut Panels, requests: &mut Vec<Request>) {
    let (Some(entry), Some(class)) = (bench.rule_entry(), bench.focused_class()) else { return };
    Grid::new("presets").num_columns(2).spacing([12.0, 4.0]).show(ui, |ui| {
        ui.label(weak("Rules"));
        ui.horizontal(|ui| {
            let own = (None, "The model's own".to_owned());
            let named = entry.presets.iter().map(|preset| (Some(preset.name.clone()), preset.name.clone()));
            let all: Vec<(Option<String>, String)> = std::iter::once(own).chain(named).collect();
            let hover = "Rules that are kept in the project for this model: choosing some takes them over, for this class or for all as \
                         chosen above";
            ui.scope(|ui| {
                ui.set_max_width((ui.available_width() - 36.0).max(60.0));
                let chosen = choice(ui, "Preset of rules", hover, &entry.applied, &all);
                requests.extend(chosen.map(|name| Request::Rule(RuleChange::ApplyPreset { name, class })));
            });
            let delete = eframe::egui::Button::new(icons::TRASH);
            let delete = ui.add_enabled(entry.applied.is_some(), delete).accessible_name("Delete preset");
            let hover = "Take the preset away; the rules that are in force stay";
            if delete.on_hover_text(hover).on_disabled_hover_text("The model's own rules stay").clicked() {
                requests.extend(entry.applied.clone().map(|name| Request::Rule(RuleChange::DeletePreset(name))));
            }
        });
        ui.end_row();
        ui.label(weak("Save as"));
        ui.horizontal(|ui| {
            let width = (ui.available_width() - 60.0).max(60.0);
            let field = TextEdit::singleline(&mut panels.preset_name).hint_text("Name of the preset").desired_width(width);
            let field = ui.add(field).accessible_name("Name of the preset");
            let is_named = !panels.preset_name.trim().is_empty();
            let save = ui.add_enabled(is_named, eframe::egui::Button::new("Save")).accessible_name("Save preset");
            let hover = "Keep the rules of all classes under this name in the project; a preset of the same name is replaced";
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(eframe::egui::Key::Enter));
            if save.on_hover_text(hover).clicked() || (entered && is_named) {
                requests.push(Request::Rule(RuleChange::SavePreset(std::mem::take(&mut panels.preset_name))));
            }
        });
        ui.end_row();
    });
}
