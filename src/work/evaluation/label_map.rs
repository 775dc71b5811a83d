//! Which labels of the reference those of the estimate stand for: a table of two columns, or each for itself.

use super::Stopped;
use super::job::read_text;
use crate::format::label_pairs;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// From labels of the estimate to those of the reference.
#[derive(Debug)]
pub enum LabelMap {
    /// Each label stands for itself.
    Same,
    /// As a file says; what is not in it stands for nothing.
    Table(HashMap<String, Vec<Arc<str>>>),
}

impl LabelMap {
    /// Reads a file: a label of the estimate, TAB, a label of the reference a line; `#` begins a remark.
    pub fn read(path: Option<&Path>) -> Result<Self, Stopped> {
        let Some(path) = path else { return Ok(Self::Same) };
        Self::parse(&read_text(path)?).map_err(|line| {
            let path = path.display();
            Stopped::Failed(format!(
                "{path}: line {line} has no TAB: expected an estimated label, TAB, a reference label"
            ))
        })
    }

    /// The same of a text; else the number of the line that is wrong.
    fn parse(text: &str) -> Result<Self, usize> {
        label_pairs(text).map(Self::Table)
    }

    /// What a label stands for.
    pub fn targets(&self, label: &Arc<str>) -> Vec<Arc<str>> {
        match self {
            Self::Same => vec![label.clone()],
            Self::Table(map) => map.get(&**label).cloned().unwrap_or_default(),
        }
    }

    /// Whether several labels may stand for one.
    pub fn joins(&self) -> bool {
        matches!(self, Self::Table(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_in_the_table_stands_for_nothing() {
        let map = LabelMap::parse("# remark\nBark\tDog\nBark\tAnimal\nMeow\tCat\n").unwrap();
        assert_eq!(map.targets(&"Bark".into()), [Arc::from("Dog"), Arc::from("Animal")]);
        assert!(map.targets(&"Music".into()).is_empty());
        assert_eq!(LabelMap::Same.targets(&"Music".into()), [Arc::from("Music")]);
        assert_eq!(LabelMap::parse("a\tb\nno tab").unwrap_err(), 2);
    }
}
