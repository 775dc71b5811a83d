//! What the digit keys do: give a label, add or take away one, or choose the label of new events.
//!
//! A digit says "this is a …": the selected event becomes one of that label, as if it had been found in the palette, and an undecided event
//! that has it already is accepted. On an event of several labels that has it, a digit takes it away. With Alt, the label comes beside the
//! others, or goes. With Shift, nothing selected is touched.

use super::deciding::accepted_status;
use super::label_looks::DIGITS;
use super::marks::Target;
use super::workbench::Workbench;
use crate::annotation::{Edit, Event, Status};
use std::sync::Arc;

/// What a digit key is pressed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigitUse {
    /// To say what the selected event is.
    Give,
    /// To add a label to the selected event, or to take it away (Alt).
    Toggle,
    /// To choose the label of new events (Shift).
    Activate,
}

impl Workbench {
    /// Does what a digit key says.
    pub(super) fn press_digit(&mut self, digit: u8, digit_use: DigitUse) {
        if !DIGITS.contains(&digit) {
            return;
        }
        let Some(label) = self.label_of_digit(digit).cloned() else { return };
        match (digit_use, self.selected) {
            (DigitUse::Give, Some(target)) => self.give_label(target, label),
            (DigitUse::Toggle, Some(target)) => self.toggle_label(target, &label),
            _ => self.use_label(&label),
        }
    }

    fn give_label(&mut self, target: Target, label: Arc<str>) {
        let Some(mark) = self.mark(target) else { return };
        let has_it = mark.label == label || mark.more_labels.contains(&label);
        if has_it && !mark.more_labels.is_empty() {
            self.toggle_label(target, &label);
        } else if has_it && mark.state == Status::Predicted {
            self.use_label(&label);
            self.accept_selected();
        } else {
            self.set_label(target, label);
        }
    }

    /// Gives a target a label beside its others, or takes it away; the last one stays.
    pub(super) fn toggle_label(&mut self, target: Target, label: &Arc<str>) {
        let Some(mark) = self.mark(target) else { return };
        let has_it = mark.label == *label || mark.more_labels.contains(label);
        if has_it && mark.more_labels.is_empty() {
            return;
        }
        let Some(recording) = self.open.as_ref().map(|open| open.id) else { return };
        let event = match target {
            Target::Event(id) => self.document.event(recording, id).cloned(),
            Target::Prediction(key) => self.event_of_prediction(key, Status::Corrected),
        };
        let Some(mut event) = event else { return };
        let title = if has_it {
            remove_label(&mut event, label);
            format!("take label {label:?} away")
        } else {
            event.more_labels.push(label.clone());
            format!("add label {label:?} to {:?}", event.label)
        };
        event.status = accepted_status(&event);
        let id = event.id;
        let edit = match target {
            Target::Event(_) => Edit::Replace { recording, event },
            Target::Prediction(_) => Edit::Insert { recording, event },
        };
        if self.perform(title, edit) {
            self.selected = Some(Target::Event(id));
        }
    }
}

/// Takes a label away that is not the only one; the next one takes its place.
fn remove_label(event: &mut Event, label: &Arc<str>) {
    event.more_labels.retain(|other| other != label);
    if event.label == *label && !event.more_labels.is_empty() {
        event.label = event.more_labels.remove(0);
    }
}
