//! What is done to several selected events at once: each of these is one step of undo, with its count in the title.

use super::editing::{changed, put};
use super::marks::{Mark, Target};
use super::notices::Gravity;
use super::selection::{ABOUT_SELECTION, Renamed};
use super::shaping::merged;
use super::workbench::Workbench;
use crate::annotation::{Edit, Event, Status};
use std::collections::BTreeSet;
use std::sync::Arc;

/// So many labels are named where events have different ones.
const NAMED_LABELS: usize = 3;

/// Edits of many events that become one step.
#[derive(Default)]
pub(super) struct ManyEdits {
    edits: Vec<Edit>,
    renamed: Vec<Renamed>,
}

impl ManyEdits {
    /// Of how many events there is something to change.
    pub(super) fn len(&self) -> usize {
        self.edits.len()
    }

    /// Adds the edit of a target, and what stands for that afterwards.
    pub(super) fn add(&mut self, target: Target, edit: Edit, after: Option<Target>) {
        self.renamed.push((target, after));
        self.edits.push(edit);
    }
}

/// The selected events, if they are more than one.
struct Several {
    /// By onset.
    targets: Vec<Target>,
    /// Their label, if they have the same first one.
    label: Option<Arc<str>>,
}

impl Several {
    /// `12 × "Dog"`, or of different labels `12 events`.
    fn text(&self, count: usize) -> String {
        match &self.label {
            Some(label) => format!("{count} × {label:?}"),
            None => super::files::counted(count, "event"),
        }
    }
}

impl Workbench {
    fn several(&self) -> Option<Several> {
        let marks = self.several_selected()?;
        let first = marks.first().map(|mark| mark.label.clone());
        let label = first.filter(|label| marks.iter().all(|mark| mark.label == *label));
        Some(Several { targets: marks.iter().map(|mark| mark.target).collect(), label })
    }

    /// Makes many edits in one step; false if there are none, or nothing was changed.
    pub(super) fn perform_many(&mut self, title: &str, many: ManyEdits) -> bool {
        !many.edits.is_empty() && self.perform_renaming(title, Edit::Many { edits: many.edits }, &many.renamed)
    }

    /// Does the same and says so; `nothing` says why there may be nothing to do.
    fn perform_and_tell(&mut self, title: &str, many: ManyEdits, nothing: &str) {
        if many.edits.is_empty() {
            self.notices.renew(ABOUT_SELECTION, Gravity::Done, format!("Nothing was changed: {nothing}"));
        } else if self.perform_many(title, many) {
            self.review.pace.pause();
            self.notices.renew(ABOUT_SELECTION, Gravity::Done, format!("Done: {title} (one step of undo)"));
        }
    }

    /// The edits that decide so about targets; those that are decided so already are left out.
    pub(super) fn decisions_about(&mut self, targets: &[Target], status: Status) -> ManyEdits {
        let mut many = ManyEdits::default();
        let Some(recording) = self.open.as_ref().map(|open| open.id) else { return many };
        for &target in targets {
            if let Some(edit) = self.decision(recording, target, status) {
                let after = super::deciding::target_after(&edit);
                many.add(target, edit, after);
            }
        }
        many
    }

    /// Decides about all selected events; false if they are not several.
    pub(super) fn decide_selection(&mut self, verb: &str, status: Status) -> bool {
        let Some(several) = self.several() else { return false };
        let many = self.decisions_about(&several.targets, status);
        let title = format!("{verb} {}", several.text(many.len()));
        self.perform_and_tell(&title, many, "all selected events are decided so already");
        true
    }

    /// Takes the decisions about all selected events back; false if they are not several.
    pub(super) fn undecide_selection(&mut self) -> bool {
        let Some(several) = self.several() else { return false };
        let mut many = ManyEdits::default();
        for &target in &several.targets {
            if let Some((edit, after)) = self.undecision(target) {
                many.add(target, edit, after);
            }
        }
        let title = format!("take decisions on {} back", several.text(many.len()));
        self.perform_and_tell(&title, many, "none of the selected events is a decision about a prediction");
        true
    }

    /// Gives all selected events a label; what has it and is no label yet is accepted. False if the target is not one of several.
    pub(super) fn label_selection(&mut self, target: Target, label: &Arc<str>) -> bool {
        let Some(several) = self.several_with(target) else { return false };
        let mut many = ManyEdits::default();
        for &target in &several.targets {
            let Some(mark) = self.mark(target) else { continue };
            if mark.label != *label {
                self.add_change(&mut many, target, |event| event.label = label.clone());
            } else if !mark.state.is_label() {
                let accepted = self.decisions_about(&[target], Status::Accepted);
                many.edits.extend(accepted.edits);
                many.renamed.extend(accepted.renamed);
            }
        }
        let title = format!("label {label:?} for {}", super::files::counted(many.len(), "event"));
        self.perform_and_tell(&title, many, &format!("all selected events have the label {label:?}"));
        self.given_label = Some(label.clone());
        true
    }

    /// Gives a label more to all selected events that lack it; if none does, takes it from all that have others. False if the target is not
    /// one of several.
    pub(super) fn toggle_label_of_selection(&mut self, target: Target, label: &Arc<str>) -> bool {
        let Some(several) = self.several_with(target) else { return false };
        let lacks = |target: &Target| self.mark(*target).is_some_and(|mark| !mark.has_label(label));
        let lacking: Vec<Target> = several.targets.iter().copied().filter(lacks).collect();
        let has_others = |target: &Target| self.mark(*target).is_some_and(|mark| !mark.more_labels.is_empty());
        let having: Vec<Target> = several.targets.iter().copied().filter(has_others).collect();
        let mut many = ManyEdits::default();
        let is_given = !lacking.is_empty();
        for target in if is_given { lacking } else { having } {
            self.add_change(&mut many, target, |event| {
                if is_given {
                    event.add_label(label.clone());
                } else {
                    event.remove_label(label);
                }
            });
        }
        let words = if is_given { "add label" } else { "take label" };
        let side = if is_given { "to" } else { "from" };
        let title = format!("{words} {label:?} {side} {}", super::files::counted(many.len(), "event"));
        if is_given {
            self.settings.remember_label(label);
            self.given_label = Some(label.clone());
        }
        self.perform_and_tell(&title, many, &format!("{label:?} is the only label of all selected events and stays"));
        true
    }

    /// Makes one event of all selected ones, if they have one label; false if they are not several.
    pub(super) fn merge_selection(&mut self) -> bool {
        let Some(several) = self.several() else { return false };
        if let Some(why) = self.why_not_merged(&several) {
            self.notices.renew(ABOUT_SELECTION, Gravity::Warning, format!("Nothing was merged: {why}"));
            return true;
        }
        let mut whole: Option<(Target, Event, bool)> = None;
        let mut many = ManyEdits::default();
        let Some(recording) = self.open.as_ref().map(|open| open.id) else { return true };
        for &target in &several.targets {
            let Some((_, event, is_new)) = self.event_for(target, Status::Corrected) else { continue };
            whole = Some(match whole {
                None => (target, event, is_new),
                Some((first, so_far, first_is_new)) => {
                    // What is said about a prediction that lies in the merged event is said by that.
                    match is_new {
                        true => many.renamed.push((target, None)),
                        false => many.add(target, Edit::Remove { recording, id: event.id }, None),
                    }
                    (first, merged(so_far, &event), first_is_new)
                }
            });
        }
        let Some((first, event, is_new)) = whole else { return true };
        let after = Target::Event(event.id);
        many.add(first, put(recording, event, is_new), Some(after));
        let title = format!("merge {}", several.text(several.targets.len()));
        if self.perform_many(&title, many) {
            self.select_only(Some(after));
            self.notices.renew(ABOUT_SELECTION, Gravity::Done, format!("Done: {title} (one step of undo)"));
        }
        true
    }

    /// Why the selected events cannot become one.
    fn why_not_merged(&self, several: &Several) -> Option<String> {
        let marks = || several.targets.iter().filter_map(|&target| self.mark(target));
        if several.label.is_none() {
            let labels: BTreeSet<&Arc<str>> = marks().map(|mark| &mark.label).collect();
            let named: Vec<&str> = labels.iter().take(NAMED_LABELS).map(|label| &***label).collect();
            let more = if labels.len() > NAMED_LABELS { ", …" } else { "" };
            return Some(format!(
                "the selected events have {} labels ({}{more}): give them one label first",
                labels.len(),
                named.join(", ")
            ));
        }
        let is_rejected = |mark: &Mark| mark.state == Status::Rejected;
        let is_mixed = marks().any(is_rejected) && !marks().all(is_rejected);
        is_mixed.then(|| "some of the selected events are rejected: select only those that belong together".to_owned())
    }

    fn several_with(&self, target: Target) -> Option<Several> {
        self.selection().filter(|selection| selection.contains(target))?;
        self.several()
    }

    fn add_change(&mut self, many: &mut ManyEdits, target: Target, change: impl FnOnce(&mut Event)) {
        if let Some((recording, event, is_new)) = self.event_for(target, Status::Corrected) {
            let event = changed(event, change);
            let after = Target::Event(event.id);
            many.add(target, put(recording, event, is_new), Some(after));
        }
    }
}
