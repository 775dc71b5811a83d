//! Events of JSON files, by the keys under which they stand.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A value with all its keys, also those that stand twice.
enum Tree {
    Object(Vec<(String, Tree)>),
    Array(Vec<Tree>),
    Text(String),
    Number(f64),
    Other,
}

pub(super) fn count(id: &str, text: &str) -> Option<usize> {
    let root: Tree = serde_json::from_str(text).ok()?;
    Some(match id {
        "hear" => root.entries().iter().map(|(_, events)| events.elements().len()).sum(),
        "avianz" => {
            let is_metadata = |first: &Tree| match first {
                Tree::Object(_) => true,
                _ => matches!(first.elements().first(), Some(Tree::Number(number)) if *number == -1.0),
            };
            let events = root.elements();
            events.len() - usize::from(events.first().is_some_and(is_metadata))
        }
        "batdetect2" => {
            let recordings =
                if let Tree::Array(recordings) = &root { &recordings[..] } else { std::slice::from_ref(&root) };
            recordings.iter().map(|recording| recording.array("annotation").len()).sum()
        }
        "aoef" | "aoef-run" => {
            let data = root.get("data")?;
            data.array("sound_event_annotations").len() + data.array("sound_event_predictions").len()
        }
        "jams" => root.array("annotations").iter().map(observations).sum(),
        _ => label_studio(&root),
    })
}

/// Observations of an annotation whose values are labels.
fn observations(annotation: &Tree) -> usize {
    let label = |value: Option<&Tree>| match value {
        Some(Tree::Text(_)) => true,
        Some(value) => matches!(value.get("label"), Some(Tree::Text(_))),
        None => false,
    };
    let (count, labels) = match annotation.get("data") {
        Some(Tree::Array(list)) => (list.len(), list.iter().filter(|one| label(one.get("value"))).count()),
        Some(Tree::Object(columns)) => {
            let count = columns.iter().map(|(_, column)| column.elements().len()).max().unwrap_or(0);
            let values = columns.iter().filter(|(key, _)| key == "value").map(|(_, column)| column.elements());
            let labels = values.flat_map(|values| values.iter()).filter(|value| label(Some(value))).count();
            (count, labels)
        }
        _ => (0, 0),
    };
    if labels == 0 { 0 } else { count }
}

fn label_studio(root: &Tree) -> usize {
    let is_task =
        |node: &Tree| node.entries().iter().any(|(key, data)| key == "data" && matches!(data, Tree::Object(_)));
    if is_task(root) {
        return regions(root);
    }
    if root.elements().iter().any(is_task) {
        return root.elements().iter().filter(|task| is_task(task)).map(regions).sum();
    }
    let short = |task: &Tree| -> usize {
        let lists = task.entries().iter().map(|(_, list)| list.elements());
        let is_short = |list: &&[Tree]| {
            list.first().is_some_and(|region| region.get("start").is_some() && region.get("end").is_some())
        };
        lists.filter(is_short).map(<[Tree]>::len).sum()
    };
    root.elements().iter().map(short).sum()
}

/// Regions of a task, not what is said about them.
fn regions(task: &Tree) -> usize {
    const REMARKS: [&str; 8] =
        ["textarea", "choices", "rating", "number", "taxonomy", "datetime", "pairwise", "relation"];
    let annotations = task.entries().iter().filter(|(key, _)| key == "annotations" || key == "completions");
    let sides = annotations.flat_map(|(_, sides)| sides.elements()).chain(task.array("predictions"));
    let is_region = |result: &&Tree| match result.get("type") {
        Some(Tree::Text(kind)) => !REMARKS.contains(&kind.as_str()),
        _ => true,
    };
    sides.map(|side| side.array("result").iter().filter(is_region).count()).sum()
}

impl Tree {
    fn entries(&self) -> &[(String, Self)] {
        if let Self::Object(entries) = self { entries } else { &[] }
    }

    fn elements(&self) -> &[Self] {
        if let Self::Array(elements) = self { elements } else { &[] }
    }

    /// The last value of a key.
    fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().rev().find(|(found, _)| found == key).map(|(_, value)| value)
    }

    fn array(&self, key: &str) -> &[Self] {
        self.get(key).map_or(&[], Self::elements)
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Tree::Object(entries))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element()? {
            elements.push(element);
        }
        Ok(Tree::Array(elements))
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Text(text.to_owned()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Tree, E> {
        Ok(Tree::Number(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Tree, E> {
        Ok(Tree::Number(number as f64))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Tree, E> {
        Ok(Tree::Number(number as f64))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Tree, E> {
        Ok(Tree::Other)
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Other)
    }
}
