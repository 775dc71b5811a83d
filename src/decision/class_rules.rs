//! A rule for each class: the model's rule, and what of it single classes have otherwise; and the rules that a project keeps.

use super::{BoxRule, DecisionRule, Preset};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What one class has otherwise than the others. What is none is as the common rule says.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct OwnRule {
    /// The threshold, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f32>,
    /// Bounding boxes, or that there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boxes: Option<OwnBoxes>,
    /// The lower threshold, or that there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hysteresis: Option<OwnHysteresis>,
    /// Frames of the median filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median_frames: Option<usize>,
    /// The gap in seconds that is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merge_gap_secs: Option<f64>,
    /// The length in seconds below which events are dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_duration_secs: Option<f64>,
}

/// A lower threshold of one class.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnHysteresis {
    /// None, whatever the common rule has.
    Off,
    /// Events last as long as the filtered score is above this, 0 to 1.
    Above(f32),
}

/// What the events of one class are.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnBoxes {
    /// What lies above thresholds, whatever the common rule has.
    Off,
    /// Bounding boxes that are found like this.
    By(BoxRule),
}

impl OwnRule {
    /// What `rule` has otherwise than `common`.
    fn difference(rule: &DecisionRule, common: &DecisionRule) -> Self {
        let own_hysteresis = rule.hysteresis.map_or(OwnHysteresis::Off, OwnHysteresis::Above);
        let own_boxes = rule.boxes.map_or(OwnBoxes::Off, OwnBoxes::By);
        Self {
            threshold: (rule.threshold != common.threshold).then_some(rule.threshold),
            boxes: (rule.boxes != common.boxes).then_some(own_boxes),
            hysteresis: (rule.hysteresis != common.hysteresis).then_some(own_hysteresis),
            median_frames: (rule.median_frames != common.median_frames).then_some(rule.median_frames),
            merge_gap_secs: (rule.merge_gap_secs != common.merge_gap_secs).then_some(rule.merge_gap_secs),
            min_duration_secs: (rule.min_duration_secs != common.min_duration_secs).then_some(rule.min_duration_secs),
        }
    }

    /// The common rule with what this has otherwise.
    fn over(&self, common: &DecisionRule) -> DecisionRule {
        let hysteresis = match self.hysteresis {
            None => common.hysteresis,
            Some(OwnHysteresis::Off) => None,
            Some(OwnHysteresis::Above(lower)) => Some(lower),
        };
        let boxes = match self.boxes {
            None => common.boxes,
            Some(OwnBoxes::Off) => None,
            Some(OwnBoxes::By(boxes)) => Some(boxes),
        };
        DecisionRule {
            threshold: self.threshold.unwrap_or(common.threshold),
            boxes,
            hysteresis,
            median_frames: self.median_frames.unwrap_or(common.median_frames),
            merge_gap_secs: self.merge_gap_secs.unwrap_or(common.merge_gap_secs),
            min_duration_secs: self.min_duration_secs.unwrap_or(common.min_duration_secs),
            ..*common
        }
    }

    /// Gives up what `changed` has, because all classes have it alike from now on.
    fn give_up(&mut self, changed: &Self) {
        self.threshold = self.threshold.filter(|_| changed.threshold.is_none());
        self.boxes = self.boxes.filter(|_| changed.boxes.is_none());
        self.hysteresis = self.hysteresis.filter(|_| changed.hysteresis.is_none());
        self.median_frames = self.median_frames.filter(|_| changed.median_frames.is_none());
        self.merge_gap_secs = self.merge_gap_secs.filter(|_| changed.merge_gap_secs.is_none());
        self.min_duration_secs = self.min_duration_secs.filter(|_| changed.min_duration_secs.is_none());
    }
}

/// The rules of a model's classes. As JSON it is the common rule with one field more, so that a rule of an earlier version reads as one
/// without classes of their own.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ClassRules {
    /// What holds for every class that has nothing else.
    #[serde(flatten)]
    pub common: DecisionRule,
    /// What single classes have otherwise, by label.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub of_class: BTreeMap<Arc<str>, OwnRule>,
}

impl From<DecisionRule> for ClassRules {
    fn from(common: DecisionRule) -> Self {
        Self { common, of_class: BTreeMap::new() }
    }
}

impl ClassRules {
    /// The rule of a class.
    pub fn of(&self, class: &str) -> DecisionRule {
        self.of_class.get(class).map_or(self.common, |own| own.over(&self.common))
    }

    /// Whether a class has something of its own.
    pub fn has_own(&self, class: &str) -> bool {
        self.of_class.contains_key(class)
    }

    /// Gives one class a rule and leaves the others alone. How the scores came about is no choice of a class: `rule.preset` and
    /// `rule.median_edges` count for nothing.
    pub fn set(&mut self, class: &str, rule: &DecisionRule) {
        let own = OwnRule::difference(rule, &self.common);
        if own == OwnRule::default() {
            self.of_class.remove(class);
        } else {
            self.of_class.insert(class.into(), own);
        }
    }

    /// What `rule` has otherwise than the rule of `class` becomes so for all classes; what they have of their own beside that stays.
    pub fn set_for_all(&mut self, class: &str, rule: &DecisionRule) {
        let changed = OwnRule::difference(rule, &self.of(class));
        self.change_common(&changed);
    }

    /// What `rule` has otherwise than the common rule becomes so for all classes.
    pub fn set_common(&mut self, rule: &DecisionRule) {
        let changed = OwnRule::difference(rule, &self.common);
        self.change_common(&changed);
    }

    fn change_common(&mut self, changed: &OwnRule) {
        self.common = changed.over(&self.common);
        self.of_class.values_mut().for_each(|own| own.give_up(changed));
        self.of_class.retain(|_, own| *own != OwnRule::default());
    }

    /// Gives every class the rule of this one.
    pub fn apply_to_all(&mut self, class: &str) {
        self.common = self.of(class);
        self.of_class.clear();
    }

    /// The same rules for scores that came about as `preset` says.
    pub fn for_preset(&self, rule: &DecisionRule) -> Self {
        let mut rules = self.clone();
        (rules.common.preset, rules.common.median_edges) = (rule.preset, rule.median_edges);
        rules
    }
}

/// Rules with a name.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct NamedRules {
    /// What the user calls them.
    pub name: String,
    /// For every class of the model.
    pub rules: ClassRules,
}

/// The rules of one model in a project, for scores that are alike.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct RuleEntry {
    /// The model folder's name.
    pub model: Arc<str>,
    /// From one of its scores to the next, in seconds.
    pub hop_secs: f64,
    /// The rule that the model brings; its first preset.
    pub own: DecisionRule,
    /// What is in force.
    pub rules: ClassRules,
    /// What was saved under names, in the order of saving.
    #[serde(default)]
    pub presets: Vec<NamedRules>,
    /// Which of them was applied last; none for the model's own.
    #[serde(default)]
    pub applied: Option<String>,
}

impl RuleEntry {
    /// What resetting goes back to: the preset that was applied last, else the model's own rule.
    pub fn base(&self) -> ClassRules {
        let applied = self.applied.as_ref().and_then(|name| self.preset(name));
        applied.map_or_else(|| self.own.into(), |preset| preset.rules.for_preset(&self.own))
    }

    /// The preset of a name.
    pub fn preset(&self, name: &str) -> Option<&NamedRules> {
        self.presets.iter().find(|preset| preset.name == name)
    }

    /// Saves what is in force under a name, in the place of what had it before.
    pub fn save_preset(&mut self, name: &str) {
        let saved = NamedRules { name: name.to_owned(), rules: self.rules.clone() };
        match self.presets.iter_mut().find(|preset| preset.name == name) {
            Some(preset) => *preset = saved,
            None => self.presets.push(saved),
        }
        self.applied = Some(name.to_owned());
    }

    /// Takes a preset away; what is in force stays.
    pub fn delete_preset(&mut self, name: &str) {
        self.presets.retain(|preset| preset.name != name);
        self.applied = self.applied.take().filter(|applied| applied != name);
    }
}

/// The rules of all models that a project has used.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct RuleBook {
    entries: Vec<RuleEntry>,
}

impl RuleBook {
    /// The entry for scores of a model that are `hop_secs` apart and came about as `preset` says.
    pub fn entry(&self, model: &str, hop_secs: f64, preset: Option<Preset>) -> Option<&RuleEntry> {
        self.entries.iter().find(|entry| is_for(entry, model, hop_secs, preset))
    }

    /// The same, made with the model's own rule if there is none yet.
    pub fn entry_mut(&mut self, model: &str, hop_secs: f64, own: &DecisionRule) -> &mut RuleEntry {
        let known = self.entries.iter().position(|entry| is_for(entry, model, hop_secs, own.preset));
        let place = known.unwrap_or_else(|| {
            self.entries.push(RuleEntry {
                model: model.into(),
                hop_secs,
                own: *own,
                rules: (*own).into(),
                presets: Vec::new(),
                applied: None,
            });
            self.entries.len() - 1
        });
        &mut self.entries[place]
    }
}

fn is_for(entry: &RuleEntry, model: &str, hop_secs: f64, preset: Option<Preset>) -> bool {
    *entry.model == *model && entry.hop_secs == hop_secs && entry.own.preset == preset
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rule() -> impl Strategy<Value = DecisionRule> {
        let boxes = prop::option::of((1_u8..9, prop::option::of(0_u8..9), prop::option::of(4_u8..16)).prop_map(
            |(filter, difference, ratio)| BoxRule {
                filter_secs: f64::from(filter) / 4.0,
                merge_difference: difference.map(|most| f64::from(most) / 8.0),
                merge_ratio: ratio.map(|most| f64::from(most) / 4.0),
            },
        ));
        let numbers = (1_u8..20, 0_u8..20, 1_usize..9, 0_u8..4, 0_u8..4);
        (numbers, boxes).prop_map(|((threshold, lower, median, gap, least), boxes)| DecisionRule {
            threshold: f32::from(threshold) / 20.0,
            boxes,
            hysteresis: (lower > 9).then_some(f32::from(lower) / 40.0),
            median_frames: median,
            merge_gap_secs: f64::from(gap) / 4.0,
            min_duration_secs: f64::from(least) / 4.0,
            ..DecisionRule::default()
        })
    }

    proptest! {
        #[test]
        fn a_class_gets_the_rule_that_it_was_given_and_the_others_keep_theirs(common in rule(), a in rule(), b in rule()) {
            let mut rules = ClassRules::from(common);
            rules.set("Dog", &a);
            rules.set("Cat", &b);
            prop_assert_eq!((rules.of("Dog"), rules.of("Cat"), rules.of("Cow")), (a, b, common));
            let json = serde_json::to_string(&rules).unwrap();
            prop_assert_eq!(serde_json::from_str::<ClassRules>(&json).unwrap(), rules.clone());
            rules.apply_to_all("Cat");
            prop_assert_eq!((rules.of("Dog"), rules.of("Cow")), (b, b));
        }

        #[test]
        fn what_is_changed_for_all_is_so_for_all_and_the_rest_stays(common in rule(), own in rule(), threshold in 1_u8..20) {
            let mut rules = ClassRules::from(common);
            rules.set("Dog", &own);
            let threshold = f32::from(threshold) / 20.0 + 0.001;
            rules.set_for_all("Dog", &DecisionRule { threshold, ..rules.of("Dog") });
            prop_assert_eq!(rules.of("Dog"), DecisionRule { threshold, ..own });
            prop_assert_eq!(rules.of("Cow"), DecisionRule { threshold, ..common });
        }
    }

    #[test]
    fn a_rule_of_an_earlier_version_reads_as_one_for_all_classes() {
        let old = r#"{"threshold":0.35,"median_frames":7,"merge_gap_secs":0.1,"min_duration_secs":0.2}"#;
        let rules: ClassRules = serde_json::from_str(old).unwrap();
        let rule: DecisionRule = serde_json::from_str(old).unwrap();
        assert_eq!(rules, rule.into());
        assert_eq!(serde_json::to_string(&rules).unwrap(), serde_json::to_string(&rule).unwrap());
    }

    #[test]
    fn presets_are_saved_applied_and_deleted() {
        let mut book = RuleBook::default();
        let own = DecisionRule::default();
        let entry = book.entry_mut("yamnet", 0.48, &own);
        entry.rules.set("Dog", &DecisionRule { threshold: 0.7, ..own });
        entry.save_preset("strict");
        entry.rules = own.into();
        assert_eq!(entry.base().of("Dog").threshold, 0.7);
        let json = serde_json::to_string(&book).unwrap();
        assert_eq!(serde_json::from_str::<RuleBook>(&json).unwrap(), book);
        assert!(book.entry("yamnet", 0.24, None).is_none() && book.entry("yamnet", 0.48, None).is_some());
        let entry = book.entry_mut("yamnet", 0.48, &own);
        entry.delete_preset("strict");
        assert_eq!((entry.base(), entry.presets.len()), (own.into(), 0));
    }
}
