//! Which label of a project another spelling, another name or an id of AudioSet's ontology means.
//!
//! Owns [`LabelMatcher`]. It only suggests: labels stay as they are written until a person says otherwise.

use super::LabelClass;
use super::folded_text::{fold, words};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

/// Why a label may be meant by another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// It is the same but for case, spaces, hyphens or accents.
    Spelling,
    /// It is another name for it.
    OtherName,
    /// It is its id in AudioSet's ontology.
    OntologyId,
}

impl Likeness {
    /// The reason in words, as it stands behind a suggestion.
    pub fn text(self) -> &'static str {
        match self {
            Self::Spelling => "other spelling",
            Self::OtherName => "other name",
            Self::OntologyId => "its id in AudioSet's ontology",
        }
    }
}

/// Classes of AudioSet's ontology by id and by the forms of their names.
#[derive(Debug, Default)]
struct Ontology {
    names: Vec<Vec<&'static str>>,
    by_id: HashMap<&'static str, usize>,
    /// None where a name stands for several classes.
    by_form: HashMap<String, Option<usize>>,
}

static ONTOLOGY: LazyLock<Ontology> =
    LazyLock::new(|| Ontology::from_tsv(include_str!("../../assets/labels/audioset.tsv")));

impl Ontology {
    /// From a table with a header and the columns *mid, name, parents, synonyms*.
    fn from_tsv(text: &'static str) -> Self {
        let mut ontology = Self::default();
        for line in text.lines().skip(1) {
            let cells: Vec<&str> = line.split('\t').collect();
            let cell = |place: usize| cells.get(place).copied().unwrap_or_default();
            let place = ontology.names.len();
            let others = cell(3).split(" | ").filter(|name| !name.is_empty());
            let names: Vec<&str> = std::iter::once(cell(1)).chain(others).collect();
            if !cell(0).is_empty() {
                ontology.by_id.insert(cell(0), place);
            }
            for name in &names {
                let known = ontology.by_form.entry(form(name)).or_insert(Some(place));
                if *known != Some(place) {
                    *known = None;
                }
            }
            ontology.names.push(names);
        }
        ontology
    }
}

/// A label as its words alone: lower case, without accents, whatever stands between the words.
fn form(label: &str) -> String {
    words(&fold(label)).collect::<Vec<_>>().join(" ")
}

/// The labels of a project, by all that may mean them.
#[derive(Clone, Debug, Default)]
pub struct LabelMatcher {
    labels: HashSet<Arc<str>>,
    by_form: HashMap<String, Arc<str>>,
    by_other_name: HashMap<String, Arc<str>>,
}

impl LabelMatcher {
    /// The labels of a project: its classes with their other names, and what else is listed.
    pub fn new(classes: &[LabelClass], listed: &[Arc<str>]) -> Self {
        let mut matcher = Self::default();
        for label in classes.iter().map(|class| &class.name).chain(listed) {
            matcher.labels.insert(label.clone());
            matcher.by_form.entry(form(label)).or_insert_with(|| label.clone());
        }
        for class in classes {
            for other in &class.synonyms {
                matcher.by_other_name.entry(form(other)).or_insert_with(|| class.name.clone());
            }
        }
        matcher
    }

    /// The label that is meant, unless it is one of the project's already or nothing is like it. An id of the ontology is its name also
    /// where the project has no such label.
    pub fn suggestion(&self, label: &str) -> Option<(Arc<str>, Likeness)> {
        let own = form(label);
        if self.labels.contains(label) || own.is_empty() {
            return None;
        }
        if let Some(meant) = self.by_form.get(&own) {
            return Some((meant.clone(), Likeness::Spelling));
        }
        if let Some(meant) = self.by_other_name.get(&own) {
            return Some((meant.clone(), Likeness::OtherName));
        }
        let ontology = &*ONTOLOGY;
        let known = |place: usize| {
            let names = ontology.names.get(place)?;
            names.iter().find_map(|name| self.by_form.get(&form(name)).or_else(|| self.by_other_name.get(&form(name))))
        };
        if let Some(&place) = ontology.by_id.get(label.trim()) {
            let name = ontology.names.get(place).and_then(|names| names.first())?;
            return Some((known(place).cloned().unwrap_or_else(|| (*name).into()), Likeness::OntologyId));
        }
        let place = (*ontology.by_form.get(&own)?)?;
        known(place).map(|meant| (meant.clone(), Likeness::OtherName))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_known_again_by_spelling_other_names_and_ids() {
        let mut kiwi = LabelClass::new("Kiwi");
        kiwi.synonyms = vec!["Apteryx".into()];
        let listed: Vec<Arc<str>> = ["Running water", "Speech", "Möwe"].map(Into::into).to_vec();
        let matcher = LabelMatcher::new(&[kiwi], &listed);
        let suggestion = |label: &str| matcher.suggestion(label).map(|(meant, likeness)| (meant.to_string(), likeness));
        let some = |meant: &str, likeness| Some((meant.to_owned(), likeness));
        assert_eq!(suggestion("Running_water"), some("Running water", Likeness::Spelling));
        assert_eq!(suggestion("  RUNNING-WATER "), some("Running water", Likeness::Spelling));
        assert_eq!(suggestion("mowe"), some("Möwe", Likeness::Spelling));
        assert_eq!(suggestion("apteryx"), some("Kiwi", Likeness::OtherName));
        assert_eq!(suggestion("talking"), some("Speech", Likeness::OtherName));
        assert_eq!(suggestion("/m/09x0r"), some("Speech", Likeness::OntologyId));
        assert_eq!(suggestion("/m/0bt9lr"), some("Dog", Likeness::OntologyId));
        for none in ["Running water", "Kiwi", "Dog", "Kiwi 2", "", "??"] {
            assert_eq!(suggestion(none), None, "{none}");
        }
    }
}
