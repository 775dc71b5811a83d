//! Sets of labels that the user brings along: their preview, what is taken of them, and searching them beside the project's labels.

use super::files::counted;
use super::notices::Gravity;
use super::workbench::Workbench;
use crate::annotation::label_search::{Fit, Match};
use crate::annotation::{Edit, LabelClass, LabelSet};
use crate::format::label_set::{Column, Outcome, Reading, Separator, SetLabel, StatedColor, to_csv};
use crate::ui::theme::{LABEL_COLORS, nearest_label_color};
use crate::work::{LabelSetNews, LabelSetTask, RememberedSet, StorageRequest};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is asked for about sets of labels.
#[derive(Clone, Debug, PartialEq)]
pub enum LabelSetRequest {
    /// Show what a file would give.
    Preview(PathBuf),
    /// Another separator.
    Separator(Separator),
    /// Whether the first row names the columns.
    Header(bool),
    /// What a column means.
    Column(usize, Column),
    /// Take the labels.
    Take(SetUse),
    /// Close the preview.
    Drop,
    /// Search this set no more.
    Forget(PathBuf),
    /// Write the project's label classes here.
    ExportTo(PathBuf),
}

/// What a set of labels is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetUse {
    /// Its labels come after the project's classes.
    Add,
    /// They are the project's classes from now on; other labels that events have follow.
    Replace,
    /// They are found in the palette and no more.
    Search,
}

/// A file whose labels may be taken.
#[derive(Clone, Debug)]
pub struct AskedSet {
    /// The file.
    pub path: PathBuf,
    /// How it is read.
    pub reading: Reading,
    /// What that gives.
    pub outcome: Outcome,
}

/// The sets that are known, beside those of the models.
#[derive(Default)]
pub struct LabelSets {
    /// The file that is previewed.
    pub asked: Option<AskedSet>,
    /// The sets that are searched, by their files.
    pub(super) searched: BTreeMap<PathBuf, Arc<LabelSet>>,
    /// The project's labels as they are searched, and of which list they were made.
    project: RefCell<(u64, LabelSet)>,
}

impl Workbench {
    /// Does what is asked for about sets of labels.
    pub(super) fn change_label_sets(&mut self, request: LabelSetRequest) {
        match request {
            LabelSetRequest::Preview(path) => {
                let path = std::path::absolute(&path).unwrap_or(path);
                let remembered = self.settings.label_sets.iter().find(|set| set.path == path).cloned();
                self.ask_about_set(LabelSetTask::Read { path, separator: None, remembered });
            }
            LabelSetRequest::Separator(separator) => {
                if let Some(path) = self.label_sets.asked.as_ref().map(|asked| asked.path.clone()) {
                    self.ask_about_set(LabelSetTask::Read { path, separator: Some(separator), remembered: None });
                }
            }
            LabelSetRequest::Header(has_header) => self.read_otherwise(|reading| reading.has_header = has_header),
            LabelSetRequest::Column(place, column) => {
                self.read_otherwise(|reading| reading.set_column(place, column));
            }
            LabelSetRequest::Take(set_use) => self.take_label_set(set_use),
            LabelSetRequest::Drop => self.label_sets.asked = None,
            LabelSetRequest::Forget(path) => {
                self.settings.label_sets.retain(|set| set.path != path);
                self.label_sets.searched.remove(&path);
            }
            LabelSetRequest::ExportTo(path) => self.export_label_classes(path),
        }
    }

    fn ask_about_set(&mut self, task: LabelSetTask) {
        self.ask_storage(StorageRequest::LabelSet(Box::new(task)));
    }

    /// The rows are judged anew on the storage thread, as they may be many.
    fn read_otherwise(&mut self, change: impl FnOnce(&mut Reading)) {
        let Some(asked) = &mut self.label_sets.asked else { return };
        change(&mut asked.reading);
        let (path, reading) = (asked.path.clone(), Box::new(asked.reading.clone()));
        self.ask_about_set(LabelSetTask::Judge { path, reading });
    }

    /// Has the sets read that were used before.
    pub(super) fn search_remembered_sets(&mut self) {
        for remembered in self.settings.label_sets.clone() {
            self.ask_about_set(LabelSetTask::Search(remembered));
        }
    }

    /// A task about a set is done.
    pub(super) fn label_set_came(&mut self, news: LabelSetNews) {
        match news {
            LabelSetNews::Read { path, result: Ok(read) } => {
                let (reading, outcome) = *read;
                self.label_sets.asked = Some(AskedSet { path, reading, outcome });
            }
            LabelSetNews::Searchable { path, result: Ok(set) } => {
                if self.settings.label_sets.iter().any(|remembered| remembered.path == path) {
                    self.label_sets.searched.insert(path, set);
                    // It may know more about the project's labels.
                    self.label_sets.project.get_mut().0 = u64::MAX;
                }
            }
            LabelSetNews::Written { path, result: Ok(count) } => {
                let classes = counted_classes(count);
                self.notices.add(Gravity::Done, format!("Exported {classes} to {}", path.display()));
            }
            LabelSetNews::Searchable { result: Err(reason), .. } => {
                self.notices.add(Gravity::Warning, format!("{reason}\nIts labels are not searched this time"));
            }
            LabelSetNews::Read { result: Err(reason), .. } | LabelSetNews::Written { result: Err(reason), .. } => {
                self.notices.add(Gravity::Failure, reason);
            }
        }
    }

    fn take_label_set(&mut self, set_use: SetUse) {
        let Some(AskedSet { path, reading, outcome }) = self.label_sets.asked.take() else { return };
        let name = file_name(&path);
        let labels = counted(outcome.labels.len(), "label");
        let remembered = RememberedSet {
            path: path.clone(),
            separator: reading.table.separator,
            has_header: reading.has_header,
            columns: reading.columns,
        };
        self.settings.remember_label_set(remembered.clone());
        let known = |path: &PathBuf| self.settings.label_sets.iter().any(|set| set.path == *path);
        let forgotten: Vec<PathBuf> = self.label_sets.searched.keys().filter(|path| !known(path)).cloned().collect();
        forgotten.iter().for_each(|path| drop(self.label_sets.searched.remove(path)));
        self.ask_about_set(LabelSetTask::Search(remembered));
        let arranged = self.arranged();
        let (title, classes) = match set_use {
            SetUse::Search => {
                self.notices.add(Gravity::Done, format!("{labels} of {name} are found in the palette from now on"));
                return;
            }
            SetUse::Add => (format!("add {labels} of {name}"), added(arranged, &outcome.labels)),
            SetUse::Replace => {
                (format!("replace label classes by {labels} of {name}"), replaced(&arranged, &outcome.labels))
            }
        };
        if self.document.label_classes() == classes {
            self.notices.add(Gravity::Done, format!("All labels of {name} are there already"));
        } else if self.perform(title, Edit::SetLabelClasses { classes }) {
            let rejected = outcome.rejects.len();
            let rest = if rejected > 0 { format!("; {} left out", counted(rejected, "row")) } else { String::new() };
            let verb = if set_use == SetUse::Add { "Added" } else { "The label classes are now" };
            self.notices.add(Gravity::Done, format!("{verb} {labels} of {name}{rest} (one step of undo)"));
        }
    }

    fn export_label_classes(&mut self, mut path: PathBuf) {
        if path.extension().is_none() {
            path.set_extension("csv");
        }
        let classes = self.arranged();
        let (text, count) = (to_csv(&classes), classes.len());
        self.ask_about_set(LabelSetTask::Write { path, text, count });
    }

    /// At most `limit` labels that fit what was typed: the project's before all others, unless another one is just that. If nothing was
    /// typed, the labels that were given last, then the project's in their order.
    pub fn find_labels(&self, query: &str, limit: usize) -> Vec<Match> {
        let recent: Vec<Arc<str>> = self.settings.recent_labels.iter().map(|label| label.as_str().into()).collect();
        self.with_project_set(|project| {
            if query.trim().is_empty() {
                let known = recent.iter().filter(|label| project.contains(label));
                let unknown = recent.iter().filter(|label| !project.contains(label));
                let own = self.listed_labels().iter();
                let mut seen = HashSet::new();
                let all = known.chain(own).chain(unknown).filter(|label| seen.insert(*label));
                let all: Vec<Arc<str>> = all.take(limit).cloned().collect();
                return project.search("", &all, limit);
            }
            let mut found: Vec<(u8, Fit, usize, Match)> = Vec::new();
            let own = project.search(query, &[], limit);
            let own_names: HashSet<Arc<str>> = own.iter().map(|found| found.name.clone()).collect();
            found.extend(own.into_iter().enumerate().map(|(place, own)| {
                let tier = if own.fit == Fit::Whole { 0 } else { u8::from(own.fit > Fit::Synonym) + 1 };
                (tier, own.fit, place, own)
            }));
            let others = std::iter::once(&self.label_set).chain(self.label_sets.searched.values());
            for set in others {
                let more = set.search(query, &recent, limit + own_names.len());
                found.extend(
                    more.into_iter()
                        .enumerate()
                        .filter(|(_, more)| !project.contains(&more.name))
                        .map(|(place, more)| (if more.fit == Fit::Whole { 0 } else { 2 }, more.fit, place, more)),
                );
            }
            found.sort_by_key(|(tier, fit, place, _)| (*tier, *fit, *place));
            let mut seen = HashSet::new();
            let found = found.into_iter().map(|(_, _, _, found)| found).filter(|found| seen.insert(found.name.clone()));
            found.take(limit).collect()
        })
    }

    /// The project's labels with their other names: those of their classes, else those of the set that knows them.
    fn with_project_set<T>(&self, search: impl FnOnce(&LabelSet) -> T) -> T {
        let mut cached = self.label_sets.project.borrow_mut();
        let stamp = self.label_stamp();
        if cached.0 != stamp {
            *cached = (stamp, self.project_set());
        }
        search(&cached.1)
    }

    fn project_set(&self) -> LabelSet {
        let mut set = LabelSet::default();
        for class in self.document.label_classes() {
            if !class.synonyms.is_empty() || !class.parent.is_empty() {
                set.add(&class.name, &class.parent, class.synonyms.iter().map(|synonym| &**synonym));
            }
        }
        for label in self.listed_labels() {
            let known = set.contains(label)
                || std::iter::once(&self.label_set)
                    .chain(self.label_sets.searched.values())
                    .any(|other| set.add_from(other, label));
            if !known {
                set.add(label, "", []);
            }
        }
        set
    }
}

fn counted_classes(count: usize) -> String {
    format!("{count} label class{}", if count == 1 { "" } else { "es" })
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The class of a label of a set; what the set does not say stays as it was.
fn class_of(label: &SetLabel, before: Option<&LabelClass>) -> LabelClass {
    let mut class = before.cloned().unwrap_or_else(|| LabelClass::new(label.name.as_str()));
    match label.color {
        Some(StatedColor::Place(place)) => class.color = Some(place % LABEL_COLORS as u8),
        Some(StatedColor::Rgb(rgb)) => class.color = Some(nearest_label_color(rgb)),
        None => {}
    }
    if !label.synonyms.is_empty() {
        class.synonyms = label.synonyms.iter().map(|synonym| synonym.as_str().into()).collect();
    }
    if !label.parent.is_empty() {
        class.parent = label.parent.as_str().into();
    }
    class.digit = label.key.or(class.digit);
    class
}

/// The classes with the labels of a set after them; those that are there already learn from it what they lack.
fn added(mut classes: Vec<LabelClass>, labels: &[SetLabel]) -> Vec<LabelClass> {
    let places: HashMap<Arc<str>, usize> =
        classes.iter().enumerate().map(|(place, class)| (class.name.clone(), place)).collect();
    for label in labels {
        match places.get(label.name.as_str()) {
            Some(&place) => classes[place] = class_of(label, Some(&classes[place])),
            None => classes.push(class_of(label, None)),
        }
    }
    with_single_digits(classes)
}

/// The labels of a set in their order; those that were there before stay in their colours.
fn replaced(classes: &[LabelClass], labels: &[SetLabel]) -> Vec<LabelClass> {
    let before: HashMap<&str, &LabelClass> = classes.iter().map(|class| (&*class.name, class)).collect();
    with_single_digits(labels.iter().map(|label| class_of(label, before.get(label.name.as_str()).copied())).collect())
}

/// No digit for two: the last one who says it has it.
fn with_single_digits(mut classes: Vec<LabelClass>) -> Vec<LabelClass> {
    let mut taken = HashSet::new();
    for class in classes.iter_mut().rev() {
        if class.digit.is_some_and(|digit| !taken.insert(digit)) {
            class.digit = None;
        }
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(name: &str, key: Option<u8>, color: Option<StatedColor>) -> SetLabel {
        SetLabel { name: name.to_owned(), key, color, ..SetLabel::default() }
    }

    #[test]
    fn labels_are_added_after_the_others_which_keep_what_the_set_does_not_say() {
        let classes = vec![
            LabelClass { color: Some(3), digit: Some(1), ..LabelClass::new("Dog") },
            LabelClass { color: Some(4), is_hidden: true, ..LabelClass::new("Cat") },
        ];
        let set = [label("Cat", Some(1), None), label("Bird", None, Some(StatedColor::Place(12)))];
        let all = added(classes.clone(), &set);
        let expected = [
            LabelClass { color: Some(3), ..LabelClass::new("Dog") },
            LabelClass { color: Some(4), is_hidden: true, digit: Some(1), ..LabelClass::new("Cat") },
            LabelClass { color: Some(2), ..LabelClass::new("Bird") },
        ];
        assert_eq!(all, expected);
        assert_eq!(replaced(&classes, &set), expected[1..]);
    }
}
