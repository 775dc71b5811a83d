//! Arranging the project's label classes: order, colours, keys, what is shown. Each change is one step of undo.

use super::label_looks::DIGITS;
use super::marks::Target;
use super::notices::Gravity;
use super::workbench::Workbench;
use crate::annotation::{Edit, LabelClass};
use crate::ui::theme::LABEL_COLORS;
use std::collections::HashSet;
use std::sync::Arc;

/// What is asked for about labels.
#[derive(Clone, Debug, PartialEq)]
pub enum LabelRequest {
    /// A digit key was pressed.
    Digit {
        /// Which, 0 to 9.
        digit: u8,
        /// What for.
        digit_use: super::DigitUse,
    },
    /// Give a target a label beside its others, or take it away if it has it.
    Toggle {
        /// Of what.
        target: Target,
        /// Which label.
        label: Arc<str>,
    },
    /// Show or hide the events of a label.
    Show {
        /// Which label.
        label: Arc<str>,
        /// Whether they are shown.
        is_shown: bool,
    },
    /// Show the events of one label and hide all others.
    ShowOnly(Arc<str>),
    /// Show the events of all labels.
    ShowAll,
    /// Put a label elsewhere in the list.
    Move {
        /// Which label.
        label: Arc<str>,
        /// In front of the one that has this place now; the length of the list for its end.
        to: usize,
    },
    /// Give a label a colour.
    Color {
        /// Which label.
        label: Arc<str>,
        /// Which of the label colours.
        color: u8,
    },
    /// Give a label a digit key; none for the one of its place.
    Key {
        /// Which label.
        label: Arc<str>,
        /// Which key, 0 to 9.
        digit: Option<u8>,
    },
    /// Give all events of a label another one, in all recordings; if that exists, both become one.
    Rename {
        /// The label.
        from: Arc<str>,
        /// What it is called from now on.
        to: Arc<str>,
    },
    /// Take a label that no event has out of the list.
    DeleteUnused(Arc<str>),
}

impl Workbench {
    /// Does what is asked for about labels.
    pub(super) fn change_labels(&mut self, request: LabelRequest) {
        match request {
            LabelRequest::Digit { digit, digit_use } => self.press_digit(digit, digit_use),
            LabelRequest::Toggle { target, label } => self.toggle_label(target, &label),
            LabelRequest::Show { label, is_shown } => self.show_label(&label, is_shown),
            LabelRequest::ShowOnly(label) => {
                self.arrange(format!("show {label:?} only"), |classes| {
                    classes.iter_mut().for_each(|class| class.is_hidden = class.name != label);
                });
            }
            LabelRequest::ShowAll => {
                self.arrange("show all labels", |classes| {
                    classes.iter_mut().for_each(|class| class.is_hidden = false);
                });
            }
            LabelRequest::Move { label, to } => self.move_label(&label, to),
            LabelRequest::Color { label, color } => {
                self.arrange_one(format!("colour of {label:?}"), &label, |class| {
                    class.color = Some(color % LABEL_COLORS as u8);
                });
            }
            LabelRequest::Key { label, digit } => self.assign_digit(&label, digit),
            LabelRequest::Rename { from, to } => self.rename_label(&from, &to),
            LabelRequest::DeleteUnused(label) => self.delete_unused(&label),
        }
    }

    /// The classes as they are listed: those of the document, and what is in use beside them, in the colours that they have now.
    pub(super) fn arranged(&self) -> Vec<LabelClass> {
        let classes = self.document.label_classes();
        let names: HashSet<&Arc<str>> = classes.iter().map(|class| &class.name).collect();
        let beside = self.listed_labels().iter().filter(|label| !names.contains(label));
        let fixed = |class: LabelClass| {
            let place = u8::try_from(self.label_place(&class.name)).ok();
            LabelClass { color: class.color.or(place), ..class }
        };
        classes.iter().cloned().chain(beside.map(|label| LabelClass::new(label.clone()))).map(fixed).collect()
    }

    /// Changes the classes in one step; nothing happens if they stay what they are.
    pub(super) fn arrange(&mut self, title: impl Into<String>, change: impl FnOnce(&mut Vec<LabelClass>)) -> bool {
        let before = self.arranged();
        let mut classes = before.clone();
        change(&mut classes);
        classes != before && self.perform(title, Edit::SetLabelClasses { classes })
    }

    fn arrange_one(&mut self, title: String, label: &str, change: impl FnOnce(&mut LabelClass)) {
        self.arrange(title, |classes| {
            if let Some(class) = classes.iter_mut().find(|class| &*class.name == label) {
                change(class);
            }
        });
    }

    fn show_label(&mut self, label: &str, is_shown: bool) {
        let verb = if is_shown { "show" } else { "hide" };
        self.arrange_one(format!("{verb} {label:?}"), label, |class| class.is_hidden = !is_shown);
    }

    fn move_label(&mut self, label: &str, to: usize) {
        self.arrange(format!("move {label:?} in the list"), |classes| {
            let Some(from) = classes.iter().position(|class| &*class.name == label) else { return };
            let class = classes.remove(from);
            let to = if to > from { to - 1 } else { to };
            classes.insert(to.min(classes.len()), class);
        });
    }

    fn assign_digit(&mut self, label: &str, digit: Option<u8>) {
        let digit = digit.filter(|digit| DIGITS.contains(digit));
        let title = match digit {
            Some(digit) => format!("key {digit} for {label:?}"),
            None => format!("key of its place for {label:?}"),
        };
        self.arrange(title, |classes| {
            for class in classes {
                if &*class.name == label {
                    class.digit = digit;
                } else if class.digit == digit {
                    class.digit = None;
                }
            }
        });
    }

    fn delete_unused(&mut self, label: &str) {
        if self.events_with_label(label) > 0 {
            let text = format!("{label:?} has events: rename it, or merge it into another label");
            self.notices.add(Gravity::Warning, text);
            return;
        }
        if self.active_label.as_deref() == Some(label) {
            self.active_label = None;
        }
        if self.given_label.as_deref() == Some(label) {
            self.given_label = None;
        }
        let is_class = self.document.label_class(label).is_some();
        if !is_class
            || !self.arrange(format!("delete label {label:?}"), |all| all.retain(|class| &*class.name != label))
        {
            self.learn_labels();
        }
    }
}
