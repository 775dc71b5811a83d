//! How labels look: their order, colours, digit keys, and whether they are shown.
//!
//! What the user has arranged stands in the document's label classes, which come first. Labels that come up beside them (in events, in
//! predictions, as the active label) follow in the order in which they came up, shown, with a colour of their own and the digit of their place;
//! they are no classes of the document until something is arranged. Must not change the document.

use super::workbench::Workbench;
use crate::annotation::{Document, LabelClass, StatusCounts};
use crate::ui::theme::LABEL_COLORS;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The digit keys in the order in which they stand on the keyboard.
pub const DIGITS: [u8; 10] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0];

/// What follows from the classes of the document and from the labels that have come up beside them.
#[derive(Clone, Debug, Default)]
pub struct LabelLooks {
    /// The classes that all this follows from.
    classes: Vec<LabelClass>,
    /// Every label, in the order in which it came up first.
    came_up: Vec<Arc<str>>,
    known: HashSet<Arc<str>>,
    /// Colours of labels for which none was chosen.
    given: HashMap<Arc<str>, usize>,
    /// Colours that were chosen.
    chosen: HashMap<Arc<str>, usize>,
    hidden: HashSet<Arc<str>>,
    /// Which label each digit gives.
    by_digit: [Option<Arc<str>>; 10],
    /// The labels of the list, in order.
    listed: Vec<Arc<str>>,
    /// Undecided predictions of the open recording, by label.
    predicted: HashMap<Arc<str>, usize>,
    /// Grows with every change of the list.
    pub(super) stamp: u64,
}

impl LabelLooks {
    /// Labels that came up in an earlier session, in their order.
    pub(super) fn remembering(came_up: Vec<Arc<str>>) -> Self {
        let mut looks = Self::default();
        looks.meet(came_up);
        looks
    }

    fn meet(&mut self, labels: impl IntoIterator<Item = Arc<str>>) {
        for label in labels {
            if self.known.insert(label.clone()) {
                self.came_up.push(label);
            }
        }
    }

    /// Takes over the document's classes, if they are others than before; returns whether they are.
    fn take_classes(&mut self, classes: &[LabelClass]) -> bool {
        if self.classes == classes {
            return false;
        }
        self.classes = classes.to_vec();
        let place = |class: &LabelClass| Some((class.name.clone(), usize::from(class.color?) % LABEL_COLORS));
        self.chosen = classes.iter().filter_map(place).collect();
        self.hidden = classes.iter().filter(|class| class.is_hidden).map(|class| class.name.clone()).collect();
        self.meet(classes.iter().map(|class| class.name.clone()));
        true
    }

    /// All labels: the classes, then what came up beside them.
    fn order(&self) -> Vec<Arc<str>> {
        let classes: HashSet<&Arc<str>> = self.classes.iter().map(|class| &class.name).collect();
        let beside = self.came_up.iter().filter(|label| !classes.contains(label));
        self.classes.iter().map(|class| &class.name).chain(beside).cloned().collect()
    }

    /// Gives labels without a colour the one of their name, or the next one that is taken least.
    fn give_colors(&mut self) {
        let mut users = [0_usize; LABEL_COLORS];
        self.chosen.values().for_each(|&color| users[color] += 1);
        let given = self.given.iter().filter(|(label, _)| !self.chosen.contains_key(*label));
        given.for_each(|(_, &color)| users[color] += 1);
        for label in &self.came_up {
            if self.chosen.contains_key(label) || self.given.contains_key(label) {
                continue;
            }
            let first = preferred_color(label);
            let colors = (0..LABEL_COLORS).map(|step| (first + step) % LABEL_COLORS);
            let color = colors.min_by_key(|&color| users[color]).unwrap_or(first);
            users[color] += 1;
            self.given.insert(label.clone(), color);
        }
    }

    /// Keys that were chosen first; the free ones go to the others in the order of the list.
    fn give_digits(&mut self) {
        let mut by_digit: [Option<Arc<str>>; 10] = Default::default();
        let mut served: HashSet<Arc<str>> = HashSet::new();
        for class in &self.classes {
            if let Some(slot) = class.digit.and_then(|digit| by_digit.get_mut(usize::from(digit)))
                && slot.is_none()
            {
                *slot = Some(class.name.clone());
                served.insert(class.name.clone());
            }
        }
        let mut waiting = self.listed.iter().filter(|label| !served.contains(*label));
        for digit in DIGITS {
            let slot = &mut by_digit[usize::from(digit)];
            if slot.is_none() {
                *slot = waiting.next().cloned();
            }
        }
        self.by_digit = by_digit;
    }

    fn is_in_use(&self, document: &Document, label: &Arc<str>) -> bool {
        document.label_counts().contains_key(label) || self.predicted.contains_key(label)
    }
}

impl Workbench {
    /// Takes labels that came up into their order, and gives them colours and keys.
    pub(super) fn learn_labels(&mut self) {
        let predicted = self.predicted_labels();
        let looks = &mut self.label_looks;
        let mut changed = looks.take_classes(self.document.label_classes());
        let known = looks.known.len();
        // Predictions first: they are there before the first event is.
        let mut classes: Vec<&Arc<str>> = predicted.keys().collect();
        classes.sort_unstable();
        looks.meet(classes.into_iter().cloned());
        looks.meet(self.document.label_counts().keys().cloned());
        looks.meet(self.active_label.clone());
        looks.predicted = predicted;
        changed |= looks.known.len() > known || self.label_order.len() != looks.known.len();
        if changed {
            self.label_order = looks.order();
            looks.give_colors();
        }
        let classes = looks.classes.len();
        let is_listed = |(place, label): &(usize, &Arc<str>)| {
            *place < classes || looks.is_in_use(&self.document, label) || self.active_label.as_ref() == Some(label)
        };
        let listed: Vec<Arc<str>> =
            self.label_order.iter().enumerate().filter(is_listed).map(|(_, label)| label.clone()).collect();
        if listed != looks.listed || changed {
            looks.listed = listed;
            looks.stamp += 1;
            looks.give_digits();
        }
    }

    /// How many undecided predictions of each label the open recording has; labels that are looked at come with none.
    fn predicted_labels(&self) -> HashMap<Arc<str>, usize> {
        let Some(scored) = self.scored_here() else { return HashMap::new() };
        let classes = &scored.scores.classes;
        let mut counts: HashMap<Arc<str>, usize> =
            scored.chosen.iter().filter_map(|&class| Some((classes.get(class)?.clone(), 0))).collect();
        for prediction in self.answers.open().filter_map(|place| self.predictions.get(place)) {
            if let Some(label) = classes.get(prediction.class)
                && let Some(count) = counts.get_mut(label)
            {
                *count += 1;
            }
        }
        counts
    }

    /// Takes the labels of a project that was opened; what a session knew of the project before is forgotten.
    pub(super) fn restore_labels(&mut self, view: &serde_json::Value) {
        let came_up = serde_json::from_value(view["label_order"].clone()).unwrap_or_default();
        self.label_looks = LabelLooks::remembering(came_up);
        self.label_order.clear();
    }

    /// Which colour a label has: the one that was chosen; else always the same one for the same name, unless another label of the
    /// project took it first.
    pub fn label_place(&self, label: &str) -> usize {
        let looks = &self.label_looks;
        looks.chosen.get(label).or_else(|| looks.given.get(label)).copied().unwrap_or_else(|| preferred_color(label))
    }

    /// Whether events of this label are shown.
    pub fn is_label_shown(&self, label: &str) -> bool {
        !self.label_looks.hidden.contains(label)
    }

    /// Whether any label is hidden.
    pub fn are_labels_hidden(&self) -> bool {
        !self.label_looks.hidden.is_empty()
    }

    /// The label that a digit key gives, 0 to 9.
    pub fn label_of_digit(&self, digit: u8) -> Option<&Arc<str>> {
        self.label_looks.by_digit.get(usize::from(digit))?.as_ref()
    }

    /// The digit key that gives a label.
    pub fn digit_of_label(&self, label: &str) -> Option<u8> {
        DIGITS.into_iter().find(|&digit| self.label_of_digit(digit).is_some_and(|own| &**own == label))
    }

    /// The labels of the list: the document's classes, then what is in use beside them.
    pub fn listed_labels(&self) -> &[Arc<str>] {
        &self.label_looks.listed
    }

    /// Differs from an earlier value if the list of labels is another one.
    pub fn label_stamp(&self) -> u64 {
        self.label_looks.stamp
    }

    /// How many events count as labels of this name, in all recordings, and how many are undecided: events of all recordings, and
    /// predictions of the open one.
    pub fn label_count(&self, label: &str) -> (usize, usize) {
        let counts = self.document.label_counts().get(label).copied().unwrap_or_default();
        let predicted = self.label_looks.predicted.get(label).copied().unwrap_or_default();
        (counts.labels(), counts.of(crate::annotation::Status::Predicted) + predicted)
    }

    /// How many events of the document have this label, whatever was decided about them.
    pub fn events_with_label(&self, label: &str) -> usize {
        self.document.label_counts().get(label).map_or(0, StatusCounts::all)
    }
}

/// The colour that a name asks for (FNV-1a).
fn preferred_color(label: &str) -> usize {
    let hash = label
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (hash % LABEL_COLORS as u64) as usize
}
