//! The classes of a model: reading `labels.tsv`, finding a class by name, suggesting near names.

use super::ModelError;
use std::path::Path;
use std::sync::Arc;

/// More classes than any model has; a file with more is not a label file.
const CLASS_LIMIT: usize = 20_000;

/// A class of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassLabel {
    /// Its id in the AudioSet ontology (`/m/…`), if it has one.
    pub mid: Option<Arc<str>>,
    /// Its name, as it stands in events.
    pub name: Arc<str>,
}

/// Reads a label file: UTF-8, a header line `mid` TAB `name`, then one class a line in the order of the network's outputs; `mid` may be
/// empty.
pub fn parse_labels(path: &Path, text: &str) -> Result<Vec<ClassLabel>, ModelError> {
    let refuse = |line: usize, found: &str, expected: &str| ModelError::Field {
        path: path.to_path_buf(),
        field: format!("line {line}"),
        found: format!("{found:?}"),
        expected: expected.to_owned(),
    };
    let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim_end_matches('\r')));
    match lines.next() {
        Some((_, "mid\tname")) => {}
        other => return Err(refuse(1, other.map_or("", |(_, line)| line), "the header mid TAB name")),
    }
    let mut labels: Vec<ClassLabel> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for (number, line) in lines {
        let (mid, name) = line.split_once('\t').ok_or_else(|| refuse(number, line, "an id, TAB, and a name"))?;
        if name.trim().is_empty() || name.contains('\t') {
            return Err(refuse(number, line, "an id, TAB, and a name without TAB"));
        }
        if !seen.insert(name.to_lowercase()) {
            return Err(refuse(number, name, "a name that no other class has"));
        }
        if labels.len() == CLASS_LIMIT {
            return Err(refuse(number, "one more class", &format!("at most {CLASS_LIMIT} classes")));
        }
        labels.push(ClassLabel { mid: (!mid.is_empty()).then(|| mid.into()), name: name.into() });
    }
    if labels.is_empty() { Err(refuse(2, "the end of the file", "a class")) } else { Ok(labels) }
}

/// The place of the class called `name`, whatever the case of its letters; the error suggests near names.
pub fn class_index(model: &str, classes: &[Arc<str>], name: &str) -> Result<usize, ModelError> {
    position(classes, name).ok_or_else(|| ModelError::UnknownClass {
        model: model.to_owned(),
        name: name.trim().to_owned(),
        suggestion: suggestion(name.trim(), classes.iter().map(AsRef::as_ref)),
    })
}

/// The places of the classes in a list separated by commas, in the model's order. Names may hold commas themselves: at each place the
/// longest name that fits counts.
pub fn class_indices(model: &str, classes: &[Arc<str>], list: &str) -> Result<Vec<usize>, ModelError> {
    let parts: Vec<&str> = list.split(',').collect();
    let (mut indices, mut at) = (Vec::new(), 0);
    while at < parts.len() {
        let longest = (at + 1..=parts.len())
            .rev()
            .find_map(|after| Some((position(classes, &parts[at..after].join(","))?, after)));
        match longest {
            Some((index, after)) => {
                indices.push(index);
                at = after;
            }
            None => {
                if !parts[at].trim().is_empty() {
                    indices.push(class_index(model, classes, parts[at])?);
                }
                at += 1;
            }
        }
    }
    indices.sort_unstable();
    indices.dedup();
    Ok(indices)
}

fn position(classes: &[Arc<str>], name: &str) -> Option<usize> {
    let wanted = name.trim().to_lowercase();
    classes.iter().position(|class| class.to_lowercase() == wanted)
}

/// `: did you mean A, B or C?` with the names nearest to `wanted`, or nothing if none is near.
pub(super) fn suggestion<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> String {
    let wanted = wanted.to_lowercase();
    let mut near: Vec<(usize, &str)> = names
        .filter_map(|name| {
            let lower = name.to_lowercase();
            let contained = wanted.chars().count() >= 3 && (lower.contains(&wanted) || wanted.contains(&lower));
            let edits = edit_distance(&wanted, &lower);
            let limit = wanted.chars().count() / 3 + 1;
            if edits <= limit {
                Some((edits, name))
            } else {
                contained.then_some((limit + lower.chars().count(), name))
            }
        })
        .collect();
    near.sort();
    let quoted: Vec<String> = near.iter().take(3).map(|(_, name)| format!("\"{name}\"")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((only, [])) => format!(": did you mean {only}?"),
        Some((last, others)) => format!(": did you mean {} or {last}?", others.join(", ")),
    }
}

/// Levenshtein's distance in characters.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<ClassLabel>, String> {
        parse_labels(Path::new("labels.tsv"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn labels_are_read_in_order_and_broken_files_are_refused_with_their_line() {
        let labels = parse("mid\tname\n/m/0bt9lr\tDog\n\tBicycle bell\r\n").unwrap();
        assert_eq!(labels[0].mid.as_deref(), Some("/m/0bt9lr"));
        assert_eq!((labels[1].mid.as_deref(), &*labels[1].name), (None, "Bicycle bell"));
        for (text, line) in [
            ("", "line 1"),
            ("mid\tname\n", "line 2"),
            ("mid\tname\nDog\n", "line 2"),
            ("mid\tname\n\tDog\n\tdog\n", "line 3"),
        ] {
            assert!(parse(text).unwrap_err().contains(line), "{text:?}");
        }
    }

    #[test]
    fn classes_are_found_by_any_case_and_near_names_are_suggested() {
        let classes: Vec<Arc<str>> = ["Speech", "Dog", "Bark", "Speech synthesizer"].map(Into::into).to_vec();
        assert_eq!(class_index("YAMNet", &classes, " speech ").unwrap(), 0);
        let message = class_index("YAMNet", &classes, "Spech").unwrap_err().to_string();
        assert_eq!(message, "YAMNet has no class \"Spech\": did you mean \"Speech\"?");
        let message = class_index("YAMNet", &classes, "synthesizer").unwrap_err().to_string();
        assert!(message.ends_with("did you mean \"Speech synthesizer\"?"), "{message}");
        assert_eq!(edit_distance("kitten", "sitting"), 3);
    }

    #[test]
    fn lists_of_classes_may_hold_names_with_commas() {
        let classes: Vec<Arc<str>> =
            ["Speech", "Child speech, kid speaking", "Walk, footsteps"].map(Into::into).to_vec();
        let indices = |list: &str| class_indices("YAMNet", &classes, list).map_err(|error| error.to_string());
        assert_eq!(indices("walk, footsteps,Speech,"), Ok(vec![0, 2]));
        assert_eq!(indices("child speech, kid speaking"), Ok(vec![1]));
        assert!(indices("Speech,Walk").unwrap_err().contains("did you mean \"Walk, footsteps\"?"));
    }
}
