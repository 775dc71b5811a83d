//! What the digit keys do: give a label, add or take away one, or choose the label of new events.
//!
//! A digit says "this is a …": the selected event becomes one of that label, as if it had been found in the palette, and one that has
//! it already but is no label yet (undecided, uncertain or rejected) is accepted. On an event of several labels that has it, a digit takes it away. With Alt, the label comes beside the
//! others, or goes. With Shift, nothing selected is touched.

use super::label_looks::DIGITS;
use super::marks::Target;
use super::workbench::Workbench;
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
        if self.selection().is_some() {
            return self.set_label(target, label);
        }
        let Some(mark) = self.mark(target) else { return };
        let has_it = mark.label == label || mark.more_labels.contains(&label);
        if has_it && !mark.more_labels.is_empty() {
            self.toggle_label(target, &label);
        } else if has_it && !mark.state.is_label() {
            self.use_label(&label);
            self.given_label = Some(label);
            self.accept_selected();
        } else {
            self.set_label(target, label);
        }
    }
}
