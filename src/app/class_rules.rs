//! Changing the rules from scores to predictions: for one class or for all, by keys, by hand and by presets; and which class that is about.

use super::marks::Target;
use super::notices::Gravity;
use super::scored::Scored;
use super::workbench::Workbench;
use crate::decision::{ClassRules, DecisionRule, RuleBook, RuleEntry};
use crate::work::DetectionStart;
use crate::work::evaluation::BestOfClass;
use std::sync::Arc;

/// How far one key press moves the threshold, and below [`FINE_BELOW`], where many models have their best one.
const THRESHOLD_STEP: f32 = 0.05;
const FINE_STEP: f32 = 0.01;
const FINE_BELOW: f32 = 0.1;
/// A preset's name is no longer than this, in characters.
const LONGEST_NAME: usize = 60;

/// For what a change of rules is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RuleScope {
    /// For one class.
    #[default]
    ThisClass,
    /// For all classes of the model.
    AllClasses,
}

/// A wish about rules. Classes are places in the list of the model that scored the open recording.
#[derive(Clone, Debug, PartialEq)]
pub enum RuleChange {
    /// Another rule for a class; what it has otherwise than before is for all, if changes are.
    Set {
        /// Which class.
        class: usize,
        /// Its new rule.
        rule: DecisionRule,
    },
    /// For what changes are from now on.
    Scope(RuleScope),
    /// Show this class in the decoding lane.
    Focus(usize),
    /// Back to the preset's threshold.
    ResetThreshold(usize),
    /// Back to the preset, for the class, or for all if changes are.
    Reset(usize),
    /// Give all classes the rule of this one.
    ApplyToAll(usize),
    /// Save what is in force under a name.
    SavePreset(String),
    /// Take a preset's rules, or the model's own: for the class, or for all if changes are.
    ApplyPreset {
        /// Which preset; none for the model's own rule.
        name: Option<String>,
        /// Which class.
        class: usize,
    },
    /// Take a preset away.
    DeletePreset(String),
}

/// Rules that were in force.
#[derive(Clone, Debug, PartialEq)]
pub struct RulesBefore {
    model: Arc<str>,
    rules: ClassRules,
}

/// A class that was asked for in the decoding lane. It holds until something else is selected or becomes the active label.
#[derive(Clone, Debug, PartialEq)]
pub struct Focus {
    pub(super) class: Arc<str>,
    pub(super) selected: Option<Target>,
    active_label: Option<Arc<str>>,
}

impl Workbench {
    /// What the project keeps about the rules for scores like the open recording's.
    pub fn rule_entry(&self) -> Option<&RuleEntry> {
        let start = &self.scored_here()?.start;
        self.rule_book.entry(&start.model, start.axis.hop_secs, start.rule.preset)
    }

    /// The rules for a run that begins: those of the same model for scores of the same kind in this project, else the model's own.
    pub(super) fn rules_of_run(&mut self, start: &DetectionStart) -> ClassRules {
        let entry = self.rule_book.entry_mut(&start.model, start.axis.hop_secs, &start.rule);
        // Another version of the model may bring another one.
        entry.own = start.rule;
        entry.rules.clone()
    }

    /// Takes the rules over that a project kept beside its scores. An older project has only the rule for all classes.
    pub(super) fn restore_rules(&mut self, view: &serde_json::Value) {
        let kept = &view["rules"];
        self.focus = None;
        self.rule_book = serde_json::from_value(kept.clone()).unwrap_or_else(|error| {
            if !kept.is_null() {
                let text = format!("The thresholds of single classes and the presets cannot be read: {error}");
                self.notices.add(Gravity::Warning, text);
            }
            RuleBook::default()
        });
        self.fit_rules();
    }

    /// Gives scores that came from the project the rules that the project keeps.
    pub(super) fn fit_rules(&mut self) {
        let models = &self.models;
        for scored in self.scored.values_mut() {
            let start = &scored.start;
            let (hop_secs, preset) = (start.axis.hop_secs, start.rule.preset);
            if self.rule_book.entry(&start.model, hop_secs, preset).is_none() {
                let listed = models.iter().find(|listed| *listed.id == *start.model);
                let manifest = listed.and_then(|listed| listed.folder.as_ref().ok()).map(|folder| &folder.manifest);
                let own = manifest.map(|manifest| manifest.rule(hop_secs, preset.unwrap_or_default()));
                let own = own.filter(|own| own.preset == preset).unwrap_or(start.rule);
                self.rule_book.entry_mut(&start.model, hop_secs, &own).rules = start.rule.into();
            }
            let entry = self.rule_book.entry(&start.model, hop_secs, preset);
            scored.rules = entry.map_or_else(|| start.rule.into(), |entry| entry.rules.for_preset(&start.rule));
        }
    }

    /// Decides again with another rule for all classes.
    pub(super) fn set_rule(&mut self, rule: &DecisionRule) {
        self.change_rules(|entry| entry.rules.set_common(rule));
    }

    /// Does what panels ask for about rules.
    pub(super) fn change_rule(&mut self, change: RuleChange) {
        let Some(scored) = self.scored_here() else { return };
        let is_for_all = self.rule_scope == RuleScope::AllClasses;
        let label_of = |class: usize| scored.scores.classes.get(class).cloned();
        match change {
            RuleChange::Scope(scope) => self.rule_scope = scope,
            RuleChange::Focus(class) => self.focus_on(label_of(class)),
            RuleChange::Set { class, rule } => {
                let Some(label) = label_of(class) else { return };
                self.focus_on(Some(label.clone()));
                self.change_rules(|entry| set(&mut entry.rules, &label, &rule, is_for_all));
            }
            RuleChange::ResetThreshold(class) => {
                let Some(label) = label_of(class) else { return };
                self.focus_on(Some(label.clone()));
                self.change_rules(|entry| {
                    let threshold = entry.base().of(&label).threshold;
                    let rule = DecisionRule { threshold, ..entry.rules.of(&label) };
                    set(&mut entry.rules, &label, &rule, is_for_all);
                });
            }
            RuleChange::Reset(class) => {
                let Some(label) = label_of(class) else { return };
                self.change_rules(|entry| {
                    let base = entry.base();
                    take_over(entry, base, (!is_for_all).then_some(&label));
                });
            }
            RuleChange::ApplyToAll(class) => {
                let Some(label) = label_of(class) else { return };
                self.change_rules(|entry| entry.rules.apply_to_all(&label));
            }
            RuleChange::SavePreset(name) => self.save_preset(&name),
            RuleChange::ApplyPreset { name, class } => {
                let Some(label) = label_of(class) else { return };
                self.change_rules(|entry| {
                    entry.applied = name.filter(|name| entry.preset(name).is_some());
                    let base = entry.base();
                    take_over(entry, base, (!is_for_all).then_some(&label));
                });
            }
            RuleChange::DeletePreset(name) => self.change_rules(|entry| entry.delete_preset(&name)),
        }
    }

    fn save_preset(&mut self, name: &str) {
        let name: String = name.trim().chars().take(LONGEST_NAME).collect();
        if name.is_empty() {
            self.notices.add(Gravity::Warning, "A preset needs a name: type one, then save it");
            return;
        }
        self.change_rules(|entry| entry.save_preset(&name));
        self.notices.add(Gravity::Done, format!("Preset {name:?} is kept in the project"));
    }

    /// Changes the rules for scores like the open recording's, in the whole project: recordings are compared with each other.
    fn change_rules(&mut self, change: impl FnOnce(&mut RuleEntry)) {
        let Some(start) = self.scored_here().map(|scored| scored.start.clone()) else { return };
        let entry = self.rule_book.entry_mut(&start.model, start.axis.hop_secs, &start.rule);
        let before = entry.clone();
        change(entry);
        if *entry == before {
            return;
        }
        let rules = entry.rules.for_preset(&start.rule);
        entry.rules = rules.clone();
        let is_alike = |scored: &&mut Scored| {
            scored.start.model == start.model
                && scored.start.axis.hop_secs == start.axis.hop_secs
                && scored.start.rule.preset == start.rule.preset
        };
        self.scored.values_mut().filter(is_alike).for_each(|scored| scored.rules = rules.clone());
        self.revision += 1;
        self.refresh_predictions();
    }

    /// Takes the best rules of classes over, if the open recording was scored by a model that has them; gives what was in force.
    pub(super) fn take_best_rules(&mut self, best: &[BestOfClass]) -> Option<RulesBefore> {
        let start = self.scored_here()?.start.clone();
        if !best.iter().all(|found| start.classes.contains(&found.class)) {
            return None;
        }
        let before = RulesBefore { model: start.model.clone(), rules: self.scored_here()?.rules.clone() };
        self.change_rules(|entry| {
            for found in best {
                entry.rules.set(&found.class, &found.rule(entry.rules.of(&found.class)));
            }
        });
        Some(before)
    }

    /// Puts rules back in force.
    pub(super) fn restore_rules_before(&mut self, before: RulesBefore) {
        if self.scored_here().is_none_or(|scored| scored.start.model != before.model) {
            let text = format!("Open a recording that {} has scored: its rules can be taken back there", before.model);
            self.notices.add(Gravity::Warning, text);
            self.evaluation.rules_before = Some(before);
            return;
        }
        self.change_rules(|entry| entry.rules = before.rules);
    }

    /// Raises the threshold of the focused class (`direction` > 0) or lowers it; for all classes, if changes are for all or there is none.
    pub(super) fn step_threshold(&mut self, direction: f32) {
        let class = self.focused_class();
        let Some(scored) = self.scored_here() else { return };
        let rule = class.map_or(scored.rules.common, |class| scored.rule_of(class));
        let rule = DecisionRule { threshold: stepped(rule.threshold, direction), ..rule };
        match class {
            Some(class) => self.change_rule(RuleChange::Set { class, rule }),
            None => self.set_rule(&rule),
        }
    }

    fn focus_on(&mut self, label: Option<Arc<str>>) {
        self.focus =
            label.map(|class| Focus { class, selected: self.selected, active_label: self.active_label.clone() });
    }

    /// The class that keys and the decoding lane are about: the one that was asked for there, the selected event's, the active label's,
    /// else the one of those that are shown that is strongest in view.
    pub fn focused_class(&self) -> Option<usize> {
        let scores = &self.scored_here()?.scores;
        let asked = self.focus.as_ref().filter(|focus| {
            focus.active_label == self.active_label && (self.selected.is_none() || self.selected == focus.selected)
        });
        let selected = || self.selected_mark().and_then(|mark| scores.class_of(&mark.label));
        let proposed = || scores.class_of(&self.selected_event()?.origin.proposal()?.label);
        let active = || scores.class_of(self.active_label.as_ref()?);
        let asked = asked.and_then(|focus| scores.class_of(&focus.class));
        asked.or_else(selected).or_else(proposed).or_else(active).or_else(|| self.strongest_in_view().first().copied())
    }

    /// The classes whose predictions are shown, by their greatest score in view.
    pub fn strongest_in_view(&self) -> Vec<usize> {
        let (Some(open), Some(scored)) = (&self.open, self.scored_here()) else { return Vec::new() };
        let (scores, view) = (&scored.scores, open.viewport.span());
        let (first, last) = (scores.axis.frame_at(view.onset_secs), scores.axis.frame_at(view.offset_secs));
        let mut classes: Vec<(usize, f32)> =
            scored.chosen.iter().map(|&class| (class, scores.max_between(class, first, last + 1))).collect();
        classes.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        classes.into_iter().map(|(class, _)| class).collect()
    }
}

fn set(rules: &mut ClassRules, label: &str, rule: &DecisionRule, is_for_all: bool) {
    if is_for_all {
        rules.set_for_all(label, rule);
    } else {
        rules.set(label, rule);
    }
}

/// Takes other rules over, for one class only or for all.
fn take_over(entry: &mut RuleEntry, rules: ClassRules, only: Option<&Arc<str>>) {
    match only {
        Some(label) => entry.rules.set(label, &rules.of(label)),
        None => entry.rules = rules,
    }
}

/// A threshold one step on: in steps of 0.05, and below 0.1 of 0.01.
fn stepped(threshold: f32, direction: f32) -> f32 {
    let at_border = (threshold - FINE_BELOW).abs() < 0.5 * FINE_STEP;
    let is_fine = if at_border { direction < 0.0 } else { threshold < FINE_BELOW };
    let step = if is_fine { FINE_STEP } else { THRESHOLD_STEP };
    (((threshold / step).round() + direction) * step).clamp(FINE_STEP, 0.95)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_step_finely_where_they_are_small() {
        let near = |a: f32, b: f32| assert!((a - b).abs() < 1e-6, "{a} {b}");
        near(stepped(0.2, 1.0), 0.25);
        near(stepped(0.1, 1.0), 0.15);
        near(stepped(0.1, -1.0), 0.09);
        near(stepped(0.01, -1.0), 0.01);
        near(stepped(0.95, 1.0), 0.95);
    }
}
